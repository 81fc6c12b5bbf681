"""Standing: where the mark stands on the tip, and whether the nominal strike forms all of it, upright and leaning."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from math import atan, degrees

import numpy as np
import shapely
from numpy.typing import NDArray

from engrave.layout.rules.subject import Carrier, Subject, depths_um, edge_margin_um
from engrave.strike import dent_touching_um
from engrave.strike.mechanics import TRAVEL_RELIEFS, patch_over_section
from toolpaths.findings import Finding, Severity
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

# Share of the backing between the least and the assumed one that a design may count on (prior).
BACKING_KEPT = 0.5
# A pin may lean so far in its bolt and still print all of its mark (prior).
LEAST_TILT_DEG = 1.5
# Beyond this a tilt allowance is of no interest.
_MOST_SLOPE = 0.5
# Boundaries are drawn with straight sides this near to the true line.
_DRAWN_UM = 0.05
_DIRECTIONS, _SAMPLES, _HALVINGS = 24, 81, 12
_JUST = 1e-7


def _edge(subject: Subject) -> Iterator[Finding]:
    grounds = subject.grounds
    margin_um = edge_margin_um(runout_um=grounds.runout_um, kerf_um=grounds.kerf_um)
    for carrier in subject.carriers:
        least_um = _least_margin_um(carrier, grounds.tip)
        if least_um + _DRAWN_UM < margin_um:
            beyond = least_um + _DRAWN_UM < 0
            verb = "reach" if carrier is subject.characters else "reaches"
            close = "are" if carrier is subject.characters else "is"
            name = carrier.name if carrier is subject.characters else "the ring"
            yield Finding(
                number="L107",
                severity=Severity.ERROR,
                message=f"{name} {verb} beyond the tip" if beyond else f"{name} {close} too close to the tip's edge",
                place=carrier.name,
                value=round(least_um, 1),
                limit=margin_um,
                unit="um",
                remedy="use a pin with a larger tip, or a smaller mark",
            )


def _least_margin_um(carrier: Carrier, tip: Surface) -> float:
    """How far inside the tip's boundary the outermost point lies, um; negative beyond it."""
    # Of a convex face's outline the outermost points of a hull come nearest to it; a measured face may be hollow.
    boundary = tip.boundary
    round_about = boundary.convex_hull.area <= boundary.area * (1 + _JUST)
    hull = shapely.convex_hull(shapely.multipoints(carrier.points_um))
    points = shapely.points(shapely.get_coordinates(hull) if round_about else carrier.points_um)
    shapely.prepare(boundary)
    outside = ~shapely.covers(boundary, points)
    distances = shapely.distance(points, boundary.exterior)
    return float(np.min(np.where(outside, -distances, distances)))


def _patch(subject: Subject) -> Iterator[Finding]:
    """Each carrier must be formed by the nominal strike with backing to spare, the main unknown of a strike."""
    primer = subject.grounds.primer
    assumed, least = primer.backing, primer.backing_least
    cases = (
        (least + BACKING_KEPT * (assumed - least), Severity.ERROR, "half the assumed backing"),
        (least, Severity.WARNING, "the least backing"),
    )
    tracks = subject.places.settings.tracks
    spans = {
        carrier: f" ({tracks[i].inner_um:g} to {tracks[i].outer_um:g} um)" for i, carrier in subject.tracks.items()
    }
    for carrier in subject.carriers:
        depth_um = float(np.max(depths_um(subject.grounds.tip, carrier.points_um), initial=0.0))
        place = carrier.name + spans.get(carrier, "")
        found = (_unformed(subject, depth_um, case, place=place) for case in cases)
        # An error says all that the warning would.
        yield from islice((finding for finding in found if finding is not None), 1)


def _unformed(subject: Subject, depth_um: float, case: tuple[float, Severity, str], *, place: str) -> Finding | None:
    """The finding about a carrier that the nominal strike does not fully form, if it does not.

    depth_um : of its farthest point below the apex. case : the backing, how much it weighs, and the backing in words.
    """
    backing, severity, words = case
    blow, dent_um = subject.blow
    touching = dent_touching_um(np.array(depth_um), face=subject.grounds.tip, backing=backing)
    formed_um = float(touching) + TRAVEL_RELIEFS * subject.axial_relief_um
    if formed_um <= dent_um:
        return None
    reachable = bool(np.isfinite(formed_um))
    patch_um = replace(blow, backing=backing).contact_um(dent_um)
    return Finding(
        number="L108",
        severity=severity,
        message=f"the nominal strike does not fully form {'the track' if 'track' in place else 'them'} at {words} of "
        "the cup: "
        + (f"that needs a dent of {formed_um:.0f} um" if reachable else "no dent does")
        + f", and the patch ends at {patch_um:.0f} um",
        place=place,
        value=round(formed_um, 1) if reachable else None,
        limit=dent_um,
        unit="um",
        remedy="use a blunter or larger tip, or smaller tracks",
    )


def _tilt(subject: Subject) -> Iterator[Finding]:
    allowed_deg = tilt_allowance_deg(subject)
    if allowed_deg is not None and allowed_deg < LEAST_TILT_DEG:
        yield Finding(
            number="L114",
            severity=Severity.WARNING,
            message="a pin that leans further than this does not form all of the mark under the nominal strike",
            place="mark",
            value=round(allowed_deg, 2),
            limit=LEAST_TILT_DEG,
            unit="deg",
            remedy="use a blunter tip or a smaller mark, or guide the pin better",
        )


def tilt_allowance_deg(subject: Subject) -> float | None:
    """The greatest lean, in any direction, at which the strike still forms all of the mark at the assumed backing.

    At most 26.6 degrees; None where it does not form all of it upright. The patch is taken to be as large as upright,
    and to be what of the leaning face comes first.
    """
    tip, (share, most_um) = subject.grounds.tip, _formed(subject)
    mark_um, mark_z = _on_tip(tip, _hull_um(subject))
    face_um, face_z = _on_tip(tip, _face_um(tip))
    edge_um, edge_z = _on_tip(tip, shapely.get_coordinates(tip.boundary.exterior) * (1 - _JUST))
    turn = 2 * np.pi / _DIRECTIONS * np.arange(_DIRECTIONS)
    towards = np.stack([np.cos(turn), np.sin(turn)])
    last = int(share * len(face_z)) - 1

    def forms(slope: float) -> bool:
        mark, face, edge = (
            # Heights shrink by the cosine when the tip is turned, not sheared.
            (z[:, None] + slope * (xy @ towards)) / np.hypot(1.0, slope)
            for xy, z in ((mark_um, mark_z), (face_um, face_z), (edge_um, edge_z))
        )
        apex = np.maximum(face.max(axis=0), edge.max(axis=0))
        deepest = np.max(apex - mark, axis=0)
        reached = apex - np.partition(face, -last - 1, axis=0)[-last - 1] if last + 1 < len(face_z) else np.inf
        return bool(np.all(deepest <= np.minimum(reached, most_um)))

    if not len(mark_z) or last < 0 or not forms(0.0):
        return None
    low, high = 0.0, _MOST_SLOPE
    if forms(high):
        return degrees(atan(high))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if forms(middle) else (low, middle)
    return degrees(atan(low))


def _formed(subject: Subject) -> tuple[float, float]:
    """What the nominal strike forms at the assumed backing: a share of the face, and how far below the apex at most."""
    tip, cup = subject.grounds.tip, patch_over_section(subject.grounds.primer.backing)
    left_um = max(0.0, subject.blow[1] - TRAVEL_RELIEFS * subject.axial_relief_um)
    share = cup * float(tip.section_um2(np.array(left_um))) / tip.face_area_um2 if left_um > 0 else 0.0
    # Where metal piles up it comes up higher than the dent is deep.
    return min(share, 1.0), left_um * max(cup, 1.0)


def _hull_um(subject: Subject) -> FloatArray:
    """Corners of the hull about all of the mark, pin frame: on a tip that bulges the deepest is among them."""
    points = np.concatenate([carrier.points_um for carrier in subject.carriers])
    return shapely.get_coordinates(shapely.convex_hull(shapely.multipoints(points)))


def _face_um(tip: Surface) -> FloatArray:
    """Points evenly all over the square about the face, (n, 2)."""
    axis = tip.edge_radius_um * np.linspace(-1.0, 1.0, _SAMPLES)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def _on_tip(tip: Surface, points_um: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The points that lie on the tip, and their heights."""
    heights = tip.height_um(points_um[:, 0], points_um[:, 1])
    there = np.isfinite(heights)
    return points_um[there], heights[there]


RULES = (_edge, _patch, _tilt)
