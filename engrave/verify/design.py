"""What a simulated tip is held against: the engraving as drawn, and both of them sampled on one grid."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry import Point

from engrave.base.frames import mirrored_xy
from engrave.job import Job
from engrave.layout import Engraving, Places
from engrave.verify.physics import (
    Rounds,
    crater_radius_at,
    cycle_depth_um,
    expected_cycles,
    fixed_depth_um,
    rise_um,
    rounds_at,
    steepest,
)
from engrave.verify.window import covered_by
from toolpaths.fill import hatch
from toolpaths.surface import HeightMap, Surface

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What is to be cut into a tip.

    cycles : rounds of the rough step where the mark is steepest, without zones. cosine : of the slope there. outline :
    convex hull of the mark, pin frame. crater_um : radius of one pulse's crater of the rough step on a level.
    """

    engraving: Engraving
    job: Job
    tip: Surface
    cycles: int
    cosine: float
    outline: Polygon
    crater_um: float

    def rise_um(self, place: Point) -> float:
        """How far outside the edge of the cut the surface still counts as crest."""
        cosine = float(self.tip.normal_cosine(np.array(place.x), np.array(place.y)))
        return rise_um(self.job, cycles=self.cycles, cosine=cosine)


def design_of(engraving: Engraving, job: Job, *, tip: Surface, places: Places) -> Design:
    """The design of one pin. Raises InputError as ``expected_cycles`` does."""
    hull = shapely.convex_hull(shapely.multipoints(mirrored_xy(places.outline_um())))
    outline = Polygon(shapely.get_coordinates(hull))
    return Design(
        engraving=engraving,
        job=job,
        tip=tip,
        cycles=expected_cycles(job, tip=tip, places=places),
        cosine=steepest(job, tip=tip, places=places)[0],
        outline=outline,
        crater_um=crater_radius_at(job, cosine=1.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """Cut and design on the samples of the cut, (rows, columns) each.

    depth_um : how far the cut lies below the tip as it was. owner : index of the land that a sample belongs to, -1 for
    none. outside_um, inside_um : distance from the nearest sample of a land, of no land.
    """

    cut: HeightMap
    depth_um: FloatArray
    owner: NDArray[np.int16]
    outside_um: FloatArray
    inside_um: FloatArray

    @property
    def pixel_um(self) -> float:
        """Distance between samples."""
        return self.cut.pixel_um

    def xy_um(self) -> tuple[FloatArray, FloatArray]:
        """Where the samples lie."""
        x_um, y_um = np.meshgrid(self.cut.x_um(), self.cut.y_um())
        return x_um, y_um


def sampled(cut: HeightMap, engraving: Engraving, *, tip: Surface) -> Sampled:
    """The cut beside what was drawn."""
    from scipy.ndimage import distance_transform_edt

    x_um, y_um = np.meshgrid(cut.x_um(), cut.y_um())
    owner = np.full(cut.z_um.shape, -1, dtype=np.int16)
    for index, land in enumerate(engraving.lands):
        rows, columns, inside = covered_by(cut, land.outline)
        owner[rows, columns][inside] = index
    land_mask = owner >= 0
    return Sampled(
        cut=cut,
        depth_um=tip.height_um(x_um, y_um) - cut.z_um,
        owner=owner,
        outside_um=distance_transform_edt(~land_mask) * cut.pixel_um,
        inside_um=distance_transform_edt(land_mask) * cut.pixel_um,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The open floor that the job's process should give, on samples, (rows, columns).

    depth_um : in the middle of what is allowed. give_um : how much the zones of the face allow either way. cycle_um :
    of one round of the rough step. rounds : how many of it.
    """

    depth_um: FloatArray
    give_um: FloatArray
    cycle_um: FloatArray
    rounds: Rounds


def rounds_of(like: HeightMap, design: Design) -> Rounds:
    """Rounds of the rough step on the samples of a map."""
    cosine = design.tip.normal_cosine(*np.meshgrid(like.x_um(), like.y_um()))
    return rounds_at(design.job, cosine=cosine, steepest=design.cosine, cycles=design.cycles, pixel_um=like.pixel_um)


def floor_of(compared: Sampled, design: Design) -> Floor:
    """The floor on the samples of a cut."""
    cosine = design.tip.normal_cosine(*compared.xy_um())
    rounds = rounds_of(compared.cut, design)
    cycle_um = cycle_depth_um(design.job, cosine)
    return Floor(
        depth_um=fixed_depth_um(design.job, cosine) + rounds.middle * cycle_um,
        give_um=rounds.give * cycle_um,
        cycle_um=cycle_um,
        rounds=rounds,
    )


def samples_within(height_map: HeightMap, area: Polygon | MultiPolygon) -> BoolArray:
    """Which samples lie within an area, (rows, columns): row by row, however many sides it has."""
    if area.is_empty:
        return np.zeros(height_map.z_um.shape, dtype=np.bool_)
    lines = hatch(area, pitch_um=height_map.pixel_um, angle_rad=0.0, phase_um=height_map.y0_um)
    rows, columns = height_map.z_um.shape
    here = (lines.rows >= 0) & (lines.rows < rows)
    along = (lines.segments_um[here, :, 0] - height_map.x0_um) / height_map.pixel_um
    first = np.clip(np.ceil(along[:, 0]), 0, columns).astype(np.int64)
    behind = np.clip(np.floor(along[:, 1]) + 1, 0, columns).astype(np.int64)
    steps = np.zeros((rows, columns + 1), dtype=np.int32)
    np.add.at(steps, (lines.rows[here], first), 1)
    np.add.at(steps, (lines.rows[here], np.maximum(behind, first)), -1)
    within: BoolArray = np.cumsum(steps[:, :-1], axis=1) > 0
    return within
