"""What a finished pin should measure: how deep it is cut at every place, from the job and the mark alone.

No machine file has a say in it. A laser's floor is the closed form of what the job's steps take off, and its walls are
what contours and the ends of hatches leave along a straight edge; grooves are the job's process run over what was
drawn; of sparks it is what the finest electrode can make.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.code.mark import Mark
from engrave.job.setup import Setup
from engrave.layout import Engraving, engraving_of, lay_out
from engrave.layout.places import RECESSED
from engrave.verify.design import Design, Sampled, design_of, floor_of, sampled, samples_within
from engrave.verify.eroded import cutting_of, ideal_of
from engrave.verify.ideal import groove_depth_um
from engrave.verify.physics import contours_um
from toolpaths.surface import HeightMap, centred_grid

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

GRID_UM = 1.0
"""Between samples of the design."""
# So far beyond the mark its floor is compared, too.
_BEYOND_UM = 25.0
# Crest is judged so far inside its outline, and the floor of a cut with upright walls so far from them.
_CORE_UM = 3.0
_UPRIGHT_CLEAR_UM = 6.0
# A groove's floor is what is cut to more than this share of the relief: it ends in walls of its own.
_GROOVE_SHARE = 0.75
# A laser's floor begins so many crater radii from a land: no contour has passed there (as the check has it).
_CLEAR_RADII = 2.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """The design on a grid of the pin frame, (rows, columns) each.

    depth_um : below the tip's own face, walls included; NaN where there is no face. owner : index of the land that a
    sample is nearest to. drawn : samples of lands. crest, floor : samples off the walls, which are judged; elsewhere is
    wall, taper, or nothing that the mark is held against. apart_um : distance from the nearest land, or inside it
    (negative). recessed : the lands are the floor.
    """

    engraving: Engraving
    grid: HeightMap
    depth_um: FloatArray
    owner: IntArray
    drawn: BoolArray
    apart_um: FloatArray
    crest: BoolArray
    floor: BoolArray
    radius_um: float
    recessed: bool


def blueprint_of(mark: Mark, setup: Setup) -> Blueprint:
    """The design of a mark under a job. Raises InputError as ``engrave.verify.design.design_of`` does."""
    layout = lay_out(setup.places, setup.shapes, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
    engraving = engraving_of(
        layout, relief_um=setup.job.relief_um, tip=setup.tip, largest_patch_um=setup.largest_patch_um
    )
    radius_um = setup.places.outer_radius_um + _BEYOND_UM
    blank = _blank(setup, radius_um + _BEYOND_UM)
    compared = sampled(blank, engraving, tip=setup.tip)
    recessed = engraving.polarity == RECESSED
    depth_um, clear_um = _depth(compared, engraving, setup)
    # Distances are from the middle of one sample to that of another: the outline lies half a sample nearer.
    apart_um = compared.outside_um - compared.inside_um + np.where(compared.owner < 0, -0.5, 0.5) * GRID_UM
    x_um, y_um = compared.xy_um()
    within = (np.hypot(x_um, y_um) <= radius_um) & np.isfinite(depth_um)
    within &= samples_within(blank, engraving.field.buffer(-clear_um))
    crest, floor = apart_um <= -_CORE_UM, apart_um >= clear_um
    if recessed:
        crest, floor = apart_um >= _CORE_UM, (apart_um <= -_CORE_UM) & (depth_um > _GROOVE_SHARE * engraving.relief_um)
    return Blueprint(
        engraving=engraving,
        grid=blank,
        depth_um=depth_um,
        owner=_nearest(compared),
        drawn=compared.owner >= 0,
        apart_um=apart_um,
        crest=crest & within,
        floor=floor & within,
        radius_um=radius_um,
        recessed=recessed,
    )


def _blank(setup: Setup, half_um: float) -> HeightMap:
    """The tip as it was, about the mark."""
    axis_um = centred_grid(half_width_um=half_um, pixel_um=GRID_UM)
    z_um = setup.tip.height_um(*np.meshgrid(axis_um, axis_um))
    first_um = float(axis_um[0])
    return HeightMap(z_um=z_um, pixel_um=GRID_UM, x0_um=first_um, y0_um=first_um, frame="pin")


def _depth(compared: Sampled, engraving: Engraving, setup: Setup) -> tuple[FloatArray, float]:
    """Depth with its walls, NaN outside the tip, and how far from a land the open floor begins."""
    job, tip = setup.job, setup.tip
    there = np.isfinite(compared.cut.z_um)
    if job.is_erosion:
        ideal = ideal_of(compared, engraving, tip=tip, cutting=cutting_of(job))
        return np.where(there, ideal.depth_um, np.nan), _UPRIGHT_CLEAR_UM
    design = design_of(engraving, job, tip=tip, places=setup.places)
    if engraving.polarity == RECESSED:
        return np.where(there, groove_depth_um(compared.cut, design), np.nan), _CORE_UM
    return np.where(there, _field_depth(compared, design), np.nan), _CLEAR_RADII * design.crater_um


def _field_depth(compared: Sampled, design: Design) -> FloatArray:
    """The field that a laser clears about raised lands, as deep along a straight outline as everywhere."""
    floor = floor_of(compared, design)
    # From the line of the contours, one crater's radius before the outline, in radii.
    across = np.clip((compared.outside_um - GRID_UM / 2) / design.crater_um - 1, -1.0, 1.0)
    around_um = contours_um(design.job, cycles=float(np.nanmedian(floor.rounds.middle)))
    depth_um = _ended(across) * floor.depth_um + around_um * (1 - across**2) ** 1.5
    return np.where(compared.owner >= 0, 0.0, depth_um)


def _ended(across: FloatArray) -> FloatArray:
    """Share of the floor's depth beside the line on which hatches end: craters are paraboloids, evenly spread.

    The integral of (1 - t^2)^(3/2) from -1 on, over all of it.
    """
    root = np.sqrt(np.maximum(1 - across**2, 0.0))
    share: FloatArray = 0.5 + (across * root * (5 - 2 * across**2) + 3 * np.arcsin(across)) / (3 * np.pi)
    return share


def _nearest(compared: Sampled) -> IntArray:
    """The land that every sample is nearest to; -1 everywhere where there is none."""
    from scipy.ndimage import distance_transform_edt

    if not (compared.owner >= 0).any():
        return np.full(compared.owner.shape, -1, dtype=np.int64)
    place = distance_transform_edt(compared.owner < 0, return_distances=False, return_indices=True)
    nearest: IntArray = compared.owner[tuple(place)].astype(np.int64)
    return nearest
