"""Whether a mark can be sunk, told before anything is made: ribs, walls, grooves, corners, time, wear, blank."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from toolpaths.edm.electrode import Electrode
from toolpaths.edm.electrode_region import DRAWN_UM, cut_of, electrode_region, is_recessed, opened, polygons
from toolpaths.edm.sinking import burns, seconds
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.findings import Finding, Severity
from toolpaths.surface import Surface

# Parts narrower than this come from drawing round with straight lines.
_SLIVER_UM = 0.15
_SIMPLIFY_UM = 0.02
# What a disc leaves in a corner of 22 degrees or more is smaller than a square about it: the corners that rule L112
# lets a laser leave, too.
_CORNER_SHARE = 1.0
# And smaller than this share of that square there is nothing to be told of: a right angle leaves 0.05.
_CRUMB_SHARE = 0.06
# A width is found to this.
_WIDTH_UM = 0.02
_MOST_NAMED = 8
_MM3_PER_UM3 = 1e-9


def sinking_findings(
    *,
    land: MultiPolygon,
    field: Polygon,
    surface: Surface,
    relief_um: float,
    sinking: Sinking,
    electrodes: Sequence[Electrode] = (),
) -> tuple[Finding, ...]:
    """What stands against sinking a mark, and what it takes; errors mean that it cannot be done as it is.

    electrodes : of every stage, where they are made: what they burn, how they wear and how long they take is told too.
    They may have been made for another mark, and are then judged against this one.
    """
    cut = cut_of(land=land, field=field)
    found = [
        *_ribs(cut, recessed=is_recessed(land=land, field=field), sinking=sinking),
        *_grooves(cut, field=field, sinking=sinking),
        *_slender(cut, surface=surface, relief_um=relief_um, sinking=sinking),
        _corner(sinking),
        *_blank(field, surface=surface, relief_um=relief_um, sinking=sinking),
        *_uncalibrated(sinking),
    ]
    if electrodes:
        found += [
            *(finding for electrode in electrodes for finding in _burnt(electrode, cut)),
            *(finding for electrode in electrodes for finding in _extraction(electrode)),
            *(finding for electrode in electrodes for finding in _facets(electrode, sinking)),
            _time(electrodes, surface=surface, sinking=sinking),
            *_wear(electrodes, surface=surface, sinking=sinking),
        ]
    return tuple(found)


def narrow(region: shapely.Geometry, width_um: float) -> tuple[Polygon, ...]:
    """Parts of a region that a disc as wide as this does not reach, but for corners; the largest first, 8 at most.

    A corner is met by what is reached on one side, and is smaller than what an angle of 22 degrees leaves.
    """
    # What round corners are drawn with costs time, and tells nothing of a width.
    region = shapely.simplify(region, _SIMPLIFY_UM)
    # Outlines are drawn with straight sides: what is as wide as asked for may be drawn so much narrower.
    reached = shapely.buffer(opened(region, (width_um - DRAWN_UM) / 2), _SLIVER_UM)
    parts = np.array(polygons(shapely.difference(region, reached)).geoms, dtype=np.object_)
    area_um2 = shapely.area(parts)
    large = area_um2 >= _CORNER_SHARE * width_um**2
    # A smaller one may be a neck, which what is reached meets at two ends, or lie by itself.
    open_ = ~large & (area_um2 >= _CRUMB_SHARE * width_um**2)
    meets = shapely.intersection(shapely.buffer(parts[open_], 2 * _SLIVER_UM), reached)
    large[open_] = shapely.is_empty(meets) | (shapely.get_num_geometries(meets) > 1)
    chosen: list[Polygon] = parts[large].tolist()
    return tuple(sorted(chosen, key=lambda part: -part.area)[:_MOST_NAMED])


def width_of(region: shapely.Geometry, part: Polygon, *, most_um: float) -> float:
    """Width of a narrow part: of the widest disc, up to ``most_um``, that still reaches half of it; by halving."""
    near = shapely.intersection(region, shapely.buffer(part, 2 * most_um))
    low, high = 0.0, most_um
    while high - low > _WIDTH_UM:
        middle = (low + high) / 2
        left = shapely.difference(part, shapely.buffer(opened(near, middle / 2), _SLIVER_UM))
        low, high = (middle, high) if shapely.area(left) < part.area / 2 else (low, middle)
    return (low + high) / 2


def _place(part: Polygon) -> str:
    middle = part.representative_point()
    return f"({round(middle.x)}, {round(middle.y)}) um"


def _ribs(cut: MultiPolygon, *, recessed: bool, sinking: Sinking) -> Iterator[Finding]:
    """Strokes too narrow for a rib of the roughest electrode, or spaces too narrow for one of its walls."""
    what, part_name = ("stroke", "rib") if recessed else ("space", "wall")
    least_um = sinking.least_rib_um if recessed else sinking.least_wall_um
    wanted_um = sinking.opening_um if recessed else sinking.space_um
    for part in narrow(cut, wanted_um):
        width_um = width_of(cut, part, most_um=wanted_um)
        left_um = width_um - 2 * sinking.undersize_um
        side_um = math.floor((width_um - least_um) / 2 * 100) / 100
        instead = f", or a process with gap and orbit of {side_um:g} um a side at most" if side_um > 0 else ""
        yield Finding(
            number="E551" if recessed else "E552",
            severity=Severity.ERROR,
            message=(
                f"a {what} of {width_um:.1f} um leaves the electrode a {part_name} of {max(left_um, 0.0):.1f} um, "
                f"{sinking.undersize_um:g} um of gap and orbit off to either side"
            ),
            place=_place(part),
            value=round(left_um, 2),
            limit=least_um,
            unit="um",
            remedy=f"make the {what} {wanted_um:g} um wide{instead}",
        )


def _grooves(cut: MultiPolygon, *, field: Polygon, sinking: Sinking) -> Iterator[Finding]:
    """Lands whose groove in an electrode its cutter does not go into; the electrode with the least undersize."""
    stage = min(sinking.stages, key=lambda stage: stage.undersize_um)
    around = shapely.buffer(field, sinking.cutter_um)
    grooves = shapely.difference(around, electrode_region(cut, stage))
    for part in narrow(grooves, sinking.cutter_um):
        width_um = width_of(grooves, part, most_um=sinking.cutter_um)
        yield Finding(
            number="E553",
            severity=Severity.ERROR,
            message=f"a groove of the electrode, over a land, is {width_um:.1f} um wide: its cutter does not go in",
            place=_place(part),
            value=round(width_um, 2),
            limit=sinking.cutter_um,
            unit="um",
            remedy=f"make the land {sinking.ridge_um:g} um wide, or mill the electrode with {width_um:.0f} um or less",
        )


def _height_um(places: shapely.Geometry, *, surface: Surface, relief_um: float, sinking: Sinking) -> float:
    """How far ribs stand out of the base: to the lowest place of the surface."""
    heights_um = surface.height_um(*shapely.get_coordinates(places).T)
    return math.ceil(relief_um + sinking.clearance_um + sinking.budget_um) - float(np.nanmin(heights_um, initial=0.0))


def _slender(cut: MultiPolygon, *, surface: Surface, relief_um: float, sinking: Sinking) -> Iterator[Finding]:
    height_um = _height_um(cut, surface=surface, relief_um=relief_um, sinking=sinking)
    wanted_um = height_um / sinking.slenderness + 2 * sinking.undersize_um
    for part in narrow(cut, wanted_um)[:1]:
        width_um = width_of(cut, part, most_um=wanted_um) - 2 * sinking.undersize_um
        # What is no rib at all is told by the rules of ribs and walls.
        if width_um > 0:
            yield Finding(
                number="E554",
                severity=Severity.WARNING,
                message=f"a part of the electrode {width_um:.1f} um wide stands {height_um:.0f} um out of its base",
                place=_place(part),
                value=round(height_um / width_um, 1),
                limit=sinking.slenderness,
                remedy=f"make strokes and spaces {wanted_um:.0f} um wide, or the field of a curved tip smaller",
            )


def _corner(sinking: Sinking) -> Finding:
    return Finding(
        number="E555",
        severity=Severity.INFO,
        message="inner corners come out round",
        value=sinking.finest.corner_radius_um,
        unit="um",
        remedy="sparks that reach less far, or a square orbit where corners lie along its sides",
    )


def _blank(field: Polygon, *, surface: Surface, relief_um: float, sinking: Sinking) -> Iterator[Finding]:
    low_x, low_y, high_x, high_y = field.bounds
    height_um = _height_um(field, surface=surface, relief_um=relief_um, sinking=sinking)
    needs = (
        ("x", 2 * (max(-low_x, high_x) + sinking.base_margin_um), sinking.blank_x_um),
        ("y", 2 * (max(-low_y, high_y) + sinking.base_margin_um), sinking.blank_y_um),
        ("z", height_um + sinking.base_height_um, sinking.blank_z_um),
    )
    for axis, wanted_um, given_um in needs:
        if wanted_um > given_um:
            yield Finding(
                number="E560",
                severity=Severity.ERROR,
                message=f"the blank is too small along {axis}",
                value=round(given_um, 1),
                limit=round(wanted_um, 1),
                unit="um",
                remedy="take a larger blank, a narrower margin of the base, or a smaller field",
            )


def _uncalibrated(sinking: Sinking) -> Iterator[Finding]:
    if not sinking.calibrated:
        yield Finding(
            number="E561",
            severity=Severity.WARNING,
            message="not calibrated: gaps and wear ratio were not measured on this machine",
            place=sinking.name,
            remedy="burn a trial with each stage, measure widths and depths, and enter what they say",
        )


def _burnt(electrode: Electrode, cut: MultiPolygon) -> Iterator[Finding]:
    """Places that must stay and that the electrode would burn."""
    beyond = polygons(opened(shapely.difference(electrode.burnt, shapely.buffer(cut, DRAWN_UM)), DRAWN_UM / 2))
    if beyond.is_empty:
        return
    worst = max(beyond.geoms, key=lambda part: part.area)
    yield Finding(
        number="E556",
        severity=Severity.ERROR,
        message="the electrode burns land that must stay",
        place=f"electrode {electrode.name}, {_place(worst)}",
        value=round(float(beyond.area), 2),
        limit=0.0,
        unit="um2",
        remedy="take the electrode that was made for this mark, or make it anew",
    )


def _extraction(electrode: Electrode) -> Iterator[Finding]:
    """Facets below the base that face up: there it could not be drawn out."""
    corners = electrode.body.vertices_um[electrode.body.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    caught = (normals[:, 2] > 0) & (corners[:, :, 2].max(axis=1) <= electrode.base_z_um)
    if np.any(caught):
        yield Finding(
            number="E557",
            severity=Severity.ERROR,
            message="the electrode is undercut: it could not be drawn out of what it burnt",
            place=f"electrode {electrode.name}",
            value=round(float(normals[caught, 2].sum() / 2), 2),
            limit=0.0,
            unit="um2",
            remedy="make it anew: ribs must go straight up to the base",
        )


def _facets(electrode: Electrode, sinking: Sinking) -> Iterator[Finding]:
    off_um = electrode.cover.off_um
    if off_um > sinking.chord_tolerance_um:
        yield Finding(
            number="E562",
            severity=Severity.WARNING,
            message="the end face is too rough or too sharply bent for its facets to follow it",
            place=f"electrode {electrode.name}",
            value=round(off_um, 3),
            limit=sinking.chord_tolerance_um,
            unit="um",
            remedy="smooth the measured tip, or allow a greater chord tolerance",
        )


def _time(electrodes: Sequence[Electrode], *, surface: Surface, sinking: Sinking) -> Finding:
    return Finding(
        number="E558",
        severity=Severity.INFO,
        message="machine time a pin at the generator's removal rate, without jumps, touches and changes",
        value=round(seconds(electrodes, surface=surface, sinking=sinking) / 60, 1),
        unit="min",
        remedy="a smaller field, a shallower relief, or a generator setting that removes more",
    )


def _wear(electrodes: Sequence[Electrode], *, surface: Surface, sinking: Sinking) -> Iterator[Finding]:
    for burn in burns(electrodes, surface=surface):
        worn_um = float(burn.worn_um(np.array(burn.removed_um3), sinking))
        fits = math.floor(sinking.budget_um / worn_um) if worn_um > 0 else None
        many = "any number of pins" if fits is None else f"{fits} pin{'' if fits == 1 else 's'}"
        spent = fits == 0
        yield Finding(
            number="E559",
            severity=Severity.WARNING if spent else Severity.INFO,
            message=(
                f"{worn_um:.2f} um wear off while it takes {burn.removed_um3 * _MM3_PER_UM3:.4f} mm3; "
                f"an electrode serves for {'less than one pin' if spent else many}"
            ),
            place=f"electrode {burn.electrode.name}",
            value=round(worn_um, 3),
            limit=sinking.budget_um,
            unit="um",
            remedy="a stage before it that takes more, or a shallower relief" if spent else "",
        )
