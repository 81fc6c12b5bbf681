"""Proud edges: what stands out beside the mark could carry the strike, or pierce the primer."""

from collections.abc import Iterator
from math import acos, degrees

import numpy as np
import shapely

from engrave.layout.rules.subject import Grounds, Subject
from toolpaths.findings import Finding, Severity
from toolpaths.surface import disc

# The field may rise to the uncut face by this for each um outwards, about 18 degrees (prior).
MOST_TAPER = 1 / 3
# An edge of the tip with a smaller radius than this is sharp for a cup half a millimetre thick (prior).
LEAST_EDGE_ROUND_UM = 50.0
# The face may turn by this much at its edge, where the patch reaches it: towards the shank it has 90 degrees to turn in
# all, less its slope (prior).
MOST_EDGE_TURN_DEG = 60.0
# Slivers between outlines that are drawn with straight sides.
_SLIVER_UM = 0.5
_JUST_INSIDE = 1 - 1e-7
_ROUNDING_DEG = 0.01


def _rim(subject: Subject) -> Iterator[Finding]:
    """Nothing beside a raised mark may stand as high as its land inside the largest patch, and be a wall."""
    if subject.recessed:
        return
    grounds = subject.grounds
    patch = shapely.intersection(disc(grounds.largest_patch_um), grounds.tip.boundary)
    cleared = shapely.buffer(grounds.field if grounds.taper_to is None else grounds.taper_to, _SLIVER_UM)
    proud = shapely.difference(patch, cleared)
    if not proud.is_empty:
        yield Finding(
            number="L117",
            severity=Severity.ERROR,
            message="the face stands uncleared beside the mark inside the largest patch: its rim would carry the "
            "strike, and could pierce the primer",
            place="rim of the field",
            value=round(float(shapely.distance(proud, shapely.Point(0.0, 0.0))), 1),
            limit=round(grounds.largest_patch_um, 1),
            unit="um",
            remedy="clear the field to the tip's edge, or beyond the patch and with a taper",
        )


def _taper(subject: Subject) -> Iterator[Finding]:
    length_um = _taper_um(subject.grounds)
    if subject.recessed or length_um is None:
        return
    relief_um = subject.axial_relief_um
    if relief_um > MOST_TAPER * length_um:
        yield Finding(
            number="L118",
            severity=Severity.WARNING,
            message=f"the field rises steeply to the uncut face (relief {subject.along} over the taper's length): a "
            "proud edge",
            place="taper of the field",
            value=round(relief_um / length_um, 3),
            limit=round(MOST_TAPER, 3),
            remedy="lower relief, or use a tip whose edge the field reaches",
        )


def _taper_um(grounds: Grounds) -> float | None:
    """Length of the taper where it is shortest, um; None where there is none.

    Sides that field and taper share with the tip's own boundary are no taper.
    """
    if grounds.taper_to is None:
        return None
    shared = shapely.buffer(grounds.tip.boundary.exterior, _SLIVER_UM)
    inner = shapely.difference(grounds.field.exterior, shared)
    outer = shapely.difference(grounds.taper_to.exterior, shared)
    return None if inner.is_empty or outer.is_empty else float(shapely.distance(inner, outer))


def _sharp(subject: Subject) -> Iterator[Finding]:
    """The tip's own edges, which no rule of the mark takes away."""
    grounds = subject.grounds
    nose_um = grounds.tip.nose_radius_um
    remedy = "round the tip's edge, and measure it"
    if nose_um < LEAST_EDGE_ROUND_UM:
        yield Finding(
            number="L119",
            severity=Severity.WARNING,
            message="the tip has an edge so sharp that it could pierce the primer",
            place="tip",
            value=round(nose_um, 1),
            limit=LEAST_EDGE_ROUND_UM,
            unit="um",
            remedy=remedy,
        )
    turn_deg = _edge_turn_deg(grounds)
    if turn_deg is not None and turn_deg > MOST_EDGE_TURN_DEG + _ROUNDING_DEG:
        yield Finding(
            number="L119",
            severity=Severity.WARNING,
            message="the largest patch reaches the edge of the face, which turns by this much there, by no stated "
            "radius: it could pierce the primer",
            place="edge of the tip",
            value=round(turn_deg, 1),
            limit=MOST_EDGE_TURN_DEG,
            unit="deg",
            remedy=remedy,
        )


def _edge_turn_deg(grounds: Grounds) -> float | None:
    """By how much the face has yet to turn to the shank, at its sharpest within the largest patch; None if beyond it.

    A patch that is as large as the face has reached its edge; boundaries are drawn within a sliver.
    """
    ring = shapely.segmentize(grounds.tip.boundary.exterior, grounds.tip.edge_radius_um / 50)
    edge_um = shapely.get_coordinates(ring)
    edge_um = edge_um[np.hypot(*edge_um.T) <= grounds.largest_patch_um + _SLIVER_UM] * _JUST_INSIDE
    cosines = grounds.tip.normal_cosine(edge_um[:, 0], edge_um[:, 1])
    cosines = cosines[np.isfinite(cosines)]
    return 90.0 - degrees(acos(min(float(np.max(cosines)), 1.0))) if len(cosines) else None


RULES = (_rim, _taper, _sharp)
