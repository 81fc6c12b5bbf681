"""Electrodes for sinking: of each stage its outline, its end face, its base and blank, as one body to be milled.

Pin frame: x right, y up, z towards the primer, the tip seen from in front. An electrode is drawn as it burns, its end
face down towards the tip. Its datum is the middle of its base across, and along the axis where its end face, a
translate of the tip's surface, has the apex: with the datum at z the end face is the surface moved by z. To be milled
it is turned by 180 degrees about the y axis, and its end face, up then, reads as the mark in a primer does.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from toolpaths.edm.electrode_mesh import Cover, Mesh, body_of, cover_of, ribs_of
from toolpaths.edm.electrode_region import DRAWN_UM, burnt_region, cut_of, electrode_region, inside_grid
from toolpaths.edm.sinking_recipe import Sinking, Stage
from toolpaths.errors import ToolpathError
from toolpaths.surface import HeightMap, Surface, centred_grid

FLIP_AXIS = "y"
"""The axis about which an electrode is turned by 180 degrees between milling and burning."""
BURNING, MILLING = POSES = ("burning", "milling")

OVERLAP_UM = 1.0
"""How far the ribs go on into the base, where they are looked at by themselves."""
# The cut corner is as long as the margin along x and half as long along y, so that no turn and no mirror keeps it.
_WITNESS_RATIO = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Electrode:
    """One electrode, in the pin frame, z from its datum.

    region : its end face seen along the axis. burnt : what that takes away with gap and orbit. cut : what is meant to
    be taken away. base : outline of its base, one corner cut off as the witness of its orientation; base_z_um,
    base_top_um : the underside and the top of the base. lowest_um : least height of the end face. rib_depth_um : from
    the end face to where the ribs end, in the base. cover : the end face in triangles. body : all of it.
    """

    name: str
    number: int
    stage: Stage
    relief_um: float
    surface: Surface
    cut: MultiPolygon
    region: MultiPolygon
    burnt: MultiPolygon
    base: Polygon
    base_z_um: float
    base_top_um: float
    lowest_um: float
    rib_depth_um: float
    cover: Cover
    body: Mesh

    @property
    def ribs(self) -> Mesh:
        """The ribs by themselves, from the end face to a translate of it inside the base."""
        return ribs_of(self.cover, depth_um=self.rib_depth_um)

    @property
    def frontal_area_um2(self) -> float:
        """Area of the end face, seen along the axis."""
        return float(self.region.area)

    @property
    def burn_area_um2(self) -> float:
        """Area of what it takes away, seen along the axis."""
        return float(self.burnt.area)

    @property
    def rib_volume_um3(self) -> float:
        """Volume of the ribs: both their ends are one surface, so it is area times depth on any tip."""
        return self.frontal_area_um2 * self.rib_depth_um

    @property
    def rib_height_um(self) -> float:
        """How far the ribs stand out of the base at most."""
        return self.base_z_um - self.lowest_um

    @property
    def depth_um(self) -> float:
        """How deep it cuts along the axis: the relief, less what its stage leaves."""
        return self.relief_um - self.stage.allowance_um

    @property
    def witness(self) -> str:
        """Where the cut corner is, in words."""
        return (
            "corner of the base cut off, twice as long along x as along y: at +x +y as it burns, seen from above; "
            "at -x +y as it is milled, end face up"
        )


def electrode_for(
    *, land: MultiPolygon, field: Polygon, surface: Surface, relief_um: float, sinking: Sinking, stage: Stage
) -> Electrode:
    """The electrode of a stage: it cuts the field, but for the land, to a relief below the surface.

    land : pin frame, um; its outline is the edge of what stays. Land that covers the field's own border has grooves in
    it, which are all that is cut.
    Raises ToolpathError with every fault of the input, and where the cut is nowhere wide enough for any electrode.
    """
    faults = list(_faults(land=land, field=field, surface=surface, relief_um=relief_um, sinking=sinking, stage=stage))
    if faults:
        raise ToolpathError("electrode: " + "; ".join(faults))
    cut = cut_of(land=land, field=field)
    region = electrode_region(cut, stage)
    if region.is_empty:
        raise ToolpathError(
            f"electrode {stage.name!r}: nothing is left of it, since the cut is nowhere wider than twice its "
            f"undersize, {stage.undersize_um:g} um; widen the strokes or take a finer process"
        )
    cover = cover_of(region, surface=surface, tolerance_um=sinking.chord_tolerance_um)
    region = cover.region
    base = _base(field, sinking.base_margin_um)
    base_z_um = math.ceil(relief_um + sinking.clearance_um + sinking.budget_um)
    lowest_um = float(cover.heights_nm.min()) / 1000
    rib_depth_um = base_z_um - lowest_um + OVERLAP_UM
    top_um = base_z_um + sinking.base_height_um
    return Electrode(
        name=f"{sinking.name}-{stage.name}",
        number=sinking.stages.index(stage),
        stage=stage,
        relief_um=relief_um,
        surface=surface,
        cut=cut,
        region=region,
        burnt=burnt_region(region, stage),
        base=base,
        base_z_um=base_z_um,
        base_top_um=top_um,
        lowest_um=lowest_um,
        rib_depth_um=rib_depth_um,
        cover=cover,
        body=body_of(cover, base=base, base_z_um=base_z_um, base_top_um=top_um),
    )


def electrodes_for(
    *, land: MultiPolygon, field: Polygon, surface: Surface, relief_um: float, sinking: Sinking
) -> tuple[Electrode, ...]:
    """The electrodes of every stage, the roughest first; parameters and errors as ``electrode_for``."""
    return tuple(
        electrode_for(land=land, field=field, surface=surface, relief_um=relief_um, sinking=sinking, stage=stage)
        for stage in sinking.stages
    )


def end_face(electrode: Electrode, pixel_um: float) -> HeightMap:
    """The end face as it meets the pin: z from the datum, which lies at the origin; NaN where there is no electrode.

    Raises ToolpathError for a pixel that is not a finite number above 0.
    """
    if not (math.isfinite(pixel_um) and pixel_um > 0):
        raise ToolpathError(f"end face: the pixel, {pixel_um!r} um, must be a finite number above 0")
    axis_um = centred_grid(half_width_um=float(np.abs(electrode.region.bounds).max()), pixel_um=pixel_um)
    inside = inside_grid(
        electrode.region, x0_um=float(axis_um[0]), y0_um=float(axis_um[0]), pixel_um=pixel_um, size=len(axis_um)
    )
    rows, columns = np.nonzero(inside)
    z_um = np.full(inside.shape, np.nan)
    z_um[rows, columns] = electrode.surface.height_um(axis_um[columns], axis_um[rows])
    return HeightMap(
        z_um=z_um,
        pixel_um=pixel_um,
        x0_um=float(axis_um[0]),
        y0_um=float(axis_um[0]),
        frame="pin",
        provenance=(f"end face of electrode {electrode.name}",),
    )


def posed(electrode: Electrode, pose: str) -> Mesh:
    """The body as it burns, end face down, or as it is milled, end face up: turned, never mirrored.

    Raises ToolpathError for a pose that is not in ``POSES``.
    """
    if pose not in POSES:
        raise ToolpathError(f"electrode: pose {pose!r} is not known; use one of {', '.join(POSES)}")
    return electrode.body if pose == BURNING else electrode.body.turned()


def _faults(
    *, land: MultiPolygon, field: Polygon, surface: Surface, relief_um: float, sinking: Sinking, stage: Stage
) -> Iterator[str]:
    if stage not in sinking.stages:
        yield f"stage {stage.name!r} is none of sinking {sinking.name!r}"
    if not 0 < relief_um < math.inf:
        yield f"the relief, {relief_um!r} um, must be a finite number above 0"
    elif relief_um <= stage.allowance_um:
        yield f"the relief, {relief_um:g} um, is no more than what the stage leaves, {stage.allowance_um:g} um"
    if field.is_empty or not field.is_valid:
        yield "the field is no valid polygon"
    elif not shapely.covers(shapely.buffer(surface.boundary, DRAWN_UM), field):
        yield "the field reaches beyond the tip's boundary"
    if not land.is_valid:
        yield f"the land is no valid set of polygons: {shapely.is_valid_reason(land)}"
    elif field.is_valid and not shapely.covers(shapely.buffer(field, DRAWN_UM), land):
        yield "the land reaches beyond the field"


def _base(field: Polygon, margin_um: float) -> Polygon:
    """A rectangle about the origin, whole micrometres, its corner at +x +y cut off with unequal legs."""
    low_x, low_y, high_x, high_y = field.bounds
    x_um = math.ceil(max(-low_x, high_x) + margin_um)
    y_um = math.ceil(max(-low_y, high_y) + margin_um)
    cut_um = round(margin_um, 3)
    corner = [(x_um, y_um - round(cut_um * _WITNESS_RATIO, 3)), (x_um - cut_um, y_um)]
    return Polygon([(-x_um, -y_um), (x_um, -y_um), *corner, (-x_um, y_um)])
