"""Gaps: between neighbours, between ring and characters, within glyphs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise

import numpy as np
import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from engrave.layout.rules.subject import LEAST_FLOOR_UM, Carrier, Subject
from toolpaths.findings import Finding, Severity
from toolpaths.laser.region import lit_region, uncut_gaps
from toolpaths.surface import disc

# A ridge between two grooves keeps the width that a land needs against wear.
LEAST_RIDGE_UM = 15.0
# What borders on the cut by less than this does not.
_BORDER_UM2 = 1.0
# Outlines of one job come again with every rule and set-up.
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The narrowest gap of a kind.

    open_ended : metal comes in from the sides, too, so that the relief is no bound. clearance : it parts ring and
    characters.
    """

    name: str
    width_um: float
    open_ended: bool = False
    clearance: bool = False


def gaps_of(subject: Subject) -> Iterator[Gap]:
    """The narrowest gap of every kind that the mark has, whatever it shows."""
    yield from _between_characters(subject)
    yield from _between_teeth(subject)
    if subject.circle is not None:
        hulls = np.asarray(subject.circle.hulls, dtype=object)
        yield Gap(name="shapes of the ring", width_um=float(shapely.distance(hulls, np.roll(hulls, 1)).min()))
    surrounding = (*subject.tracks.values(), *((subject.circle,) if subject.circle is not None else ()))
    for carrier in surrounding[:1]:
        yield Gap(name=carrier.name, width_um=_clearance_um(subject.characters, carrier), clearance=True)


def _between_characters(subject: Subject) -> Iterator[Gap]:
    """Glyphs at their widest and highest: boxes that are as far apart as the one of two sides that parts them more."""
    boxes = np.array([outline.bounds for outline in subject.shapes.glyphs.values()])
    width_um = float(boxes[:, 2].max() - boxes[:, 0].min())
    height_um = float(boxes[:, 3].max() - boxes[:, 1].min())
    beside: list[float] = []
    above: list[float] = []
    for one, other in combinations(subject.places.characters, 2):
        across_um, up_um = abs(one.x_um - other.x_um) - width_um, abs(one.y_um - other.y_um) - height_um
        (beside if one.y_um == other.y_um else above).append(max(across_um, up_um))
    if beside:
        yield Gap(name="columns of characters", width_um=min(beside))
    if above:
        yield Gap(name="rows of characters", width_um=min(above))


def _between_teeth(subject: Subject) -> Iterator[Gap]:
    tracks, tooth_um = subject.places.settings.tracks, subject.places.settings.tooth_um or 0.0
    for index, carrier in subject.tracks.items():
        step_rad = _least_step_rad([place.angle_rad for place in subject.places.teeth if place.track == index])
        # Teeth are closest at their inner round ends, whose centres lie half a width further out.
        chord_um = 2 * (tracks[index].inner_um + tooth_um / 2) * np.sin(step_rad / 2)
        if len(carrier.hulls) > 1:
            yield Gap(name=f"teeth of {carrier.name}", width_um=float(chord_um) - tooth_um)
    for inner, outer in pairwise(subject.tracks):
        width_um = tracks[outer].inner_um - tracks[inner].outer_um
        yield Gap(name=f"ring tracks {inner + 1} and {outer + 1}", width_um=width_um, open_ended=True)


def _least_step_rad(angles_rad: list[float]) -> float:
    """Least angle between two neighbours, all the way round."""
    angles = np.sort(np.mod(angles_rad, 2 * np.pi))
    return float(np.min(np.diff(angles, append=angles[0] + 2 * np.pi)))


def _clearance_um(characters: Carrier, around: Carrier) -> float:
    tree = shapely.STRtree(around.hulls)
    _, distances = tree.query_nearest(np.asarray(characters.hulls, dtype=object), return_distance=True)
    return float(np.min(distances))


def _gaps(subject: Subject) -> Iterator[Finding]:
    for gap in gaps_of(subject):
        limit_um = least_gap_um(subject, gap)
        if gap.width_um >= limit_um:
            continue
        missing_um = limit_um - gap.width_um
        yield Finding(
            number="L105" if gap.clearance else "L104",
            severity=Severity.ERROR,
            message="the ring is too close to the characters" if gap.clearance else _too_narrow(subject),
            place=gap.name,
            value=round(gap.width_um, 3),
            limit=round(limit_um, 3),
            unit="um",
            remedy=f"move {gap.name} outwards by {missing_um:.1f} um or more, or shrink the characters"
            if gap.clearance
            else f"widen the pitch, thin the strokes, or use {subject.grounds.finer}",
        )


def least_gap_um(subject: Subject, gap: Gap) -> float:
    """How wide a gap must be: for the cut, for walls and floor, and as wide as the relief where metal comes from above.

    Between two grooves it is the ridge that must stand.
    """
    relief_um = subject.axial_relief_um
    if subject.recessed:
        ridge_um = max(LEAST_RIDGE_UM, subject.grounds.ridge_um)
        return ridge_um if gap.open_ended else max(ridge_um, relief_um)
    return subject.cuttable_um if gap.open_ended else max(subject.cuttable_um, relief_um)


def _too_narrow(subject: Subject) -> str:
    if subject.recessed:
        return f"the ridge is narrower than wear allows, or than the relief {subject.along}"
    return f"the gap is narrower than the cut, the relief {subject.along}, or the walls and their floor"


def _within_glyphs(subject: Subject) -> Iterator[Finding]:
    """The cut must fit into a glyph's own gaps and counters, and leave a floor there."""
    if subject.recessed:
        return  # Grooves are as wide as the stroke all along; L111 holds that against the cut.
    grounds = subject.grounds
    for place, outline in _drawn(subject):
        left_um2 = uncut_um2(outline, grounds.kerf_um)
        if left_um2 > 0:
            yield Finding(
                number="L112",
                severity=Severity.ERROR,
                message=f"the cut does not fit into its own gaps: {left_um2:.0f} um2 would stay standing",
                place=place,
                remedy=f"use {subject.grounds.finer}, thin layout.stroke or raise layout.height",
            )
            continue
        floor_um = 2 * grounds.wall_um + LEAST_FLOOR_UM
        if uncut_um2(outline, floor_um) > 0:
            yield Finding(
                number="L113",
                severity=Severity.WARNING,
                message="a counter or gap of its own is narrower than two walls and a floor: the primer fills it late",
                place=place,
                value=round(_narrowest_um(outline, grounds.kerf_um, floor_um), 1),
                limit=round(floor_um, 3),
                unit="um",
                remedy=f"use {subject.grounds.finer}, thin layout.stroke or raise layout.height",
            )


def _drawn(subject: Subject) -> Iterator[tuple[str, BaseGeometry]]:
    """Every glyph, and every shape as it stands at the first place in its first turn."""
    yield from ((f"glyph {name}", outline) for name, outline in sorted(subject.shapes.glyphs.items()))
    for turns in subject.shapes.shapes[:1]:
        yield from ((f"shape {name[0]}", outline) for name, outline in sorted(turns.items()) if name[1] == "0")


def drawn(subject: Subject) -> tuple[tuple[str, BaseGeometry], ...]:
    """Every glyph and every shape, by name, each about the middle of its own box."""
    return tuple((name, _centred(outline)) for name, outline in _drawn(subject))


def _centred(outline: BaseGeometry) -> BaseGeometry:
    left, low, right, high = outline.bounds
    return shapely.transform(outline, lambda xy: xy - np.array([left + right, low + high]) / 2)


def _narrowest_um(outline: BaseGeometry, fits_um: float, stuck_um: float) -> float:
    """The width of the narrowest gap, between a cut that fits and one that does not, to 0.1 um."""
    while stuck_um - fits_um > 0.1:  # noqa: PLR2004 - as the docstring says
        middle_um = (fits_um + stuck_um) / 2
        fits_um, stuck_um = (fits_um, middle_um) if uncut_um2(outline, middle_um) > 0 else (middle_um, stuck_um)
    return fits_um


@lru_cache(maxsize=_REMEMBERED)
def uncut_um2(outline: BaseGeometry, kerf_um: float) -> float:
    """Area of a glyph's gaps that stays, but for what a round tool leaves in a corner of 22 degrees or more.

    A corner's rest borders on the cut in one place and is smaller than a square of the kerf; a closed gap, and a neck
    with cut at both of its ends, count down to an eighth of one.
    """
    land = MultiPolygon(shapely.get_parts(_centred(outline)).tolist())
    reach_um = float(np.max(np.hypot(*shapely.get_coordinates(land).T)))
    field = disc(reach_um + 2 * kerf_um)
    gaps = uncut_gaps(land=land, field=field, kerf_um=kerf_um, least_um2=kerf_um**2 / 8)
    cut = shapely.buffer(lit_region(land=land, field=field, kerf_um=kerf_um), kerf_um / 2 + 1.0)
    return sum(part.area for part in gaps.geoms if part.area >= kerf_um**2 or _borders(part, cut) != 1)


def _borders(part: BaseGeometry, cut: BaseGeometry) -> int:
    """In how many places a part of the floor borders on what is cut."""
    places = shapely.get_parts(shapely.intersection(part, cut))
    return int(np.count_nonzero(shapely.area(places) >= _BORDER_UM2))


RULES = (_gaps, _within_glyphs)
