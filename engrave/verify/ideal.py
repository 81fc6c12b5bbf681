"""The grooves that a job's process should cut, whatever the program says: contours and an even hatch, simulated.

In a groove little wider than the beam the contours of both walls and what hatch there is between them overlap, and no
closed form gives its depth for every outline. So the job's process is run, in the model of ``toolpaths.removal``, over
what was drawn: contours one crater's radius inside each groove, and a hatch so fine that it has no ripple, which takes
off as much as the job's. Nothing of it comes from the program, and from the planner only how short a line of a hatch is
not run at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from engrave.verify.design import Design, rounds_of
from toolpaths.fill import hatch
from toolpaths.laser.recipe import NONE, Step
from toolpaths.laser.region import LEAST_LENGTH_UM
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.removal import cut
from toolpaths.surface import FloatArray, HeightMap

# So many lines of the even hatch stand for one of the job's.
_FINER = 8
# Paths follow the tip in pieces no longer than this.
_PIECE_UM = 10.0


def groove_depth_um(like: HeightMap, design: Design) -> NDArray[np.float64]:
    """Depth that the process should reach, um, on the samples of a cut, (rows, columns); NaN outside the tip."""
    recipe = design.job.laser.value
    region = shapely.buffer(design.engraving.land(), -design.crater_um)
    parts = MultiPolygon([part for part in shapely.get_parts(region) if isinstance(part, Polygon)])
    depth_um = rounds_of(like, design).middle * _depth_um([(1, recipe.rough)], parts, like, design)
    if recipe.fixed:
        depth_um = depth_um + _depth_um([(step.passes, step) for step in recipe.fixed], parts, like, design)
    return depth_um


def _depth_um(
    rounds: Sequence[tuple[int, Step]], parts: MultiPolygon, like: HeightMap, design: Design
) -> NDArray[np.float64]:
    """What rounds of steps take off."""
    recipe = design.job.laser.value
    beams = {
        _even(recipe.process_of(step)): replace(recipe.beam_of(step), line_spacing_um=step.hatch_um / _FINER)
        for _, step in rounds
    }
    made = cut(
        Toolpath(blocks=tuple(block for times, step in rounds for block in _blocks(times, step, parts, design))),
        surface=design.tip,
        beam_for=beams.__getitem__,
        half_width_um=like.pixel_um * (like.z_um.shape[0] - 2) / 2,
        pixel_um=like.pixel_um,
    )
    x_um, y_um = np.meshgrid(made.x_um(), made.y_um())
    return design.tip.height_um(x_um, y_um) - made.z_um


def _even(process: Process) -> Process:
    """The feed is so much faster that as many pulses overlap as in the job."""
    return replace(process, feed_um_s=process.feed_um_s * _FINER)


def _blocks(times: int, step: Step, parts: MultiPolygon, design: Design) -> Iterator[Block]:
    """Rounds of one step over the grooves: an even hatch, and the contours."""
    fine = [
        hatch(parts, pitch_um=step.hatch_um / _FINER, angle_rad=angle, least_length_um=LEAST_LENGTH_UM)
        for angle in step.angles_rad
    ]
    lines = [segment for lines in fine for segment in lines.segments_um]
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(parts))]
    passes = 0 if step.contour == NONE else times * step.rounds * _FINER
    process = _even(design.job.laser.value.process_of(step))
    for repeats, paths in ((times, lines), (passes, rings)):
        if repeats and paths:
            operation = Operation(name="ideal", process=process, paths=_lifted(paths, step, design))
            yield Block(repeats=repeats, operations=(operation,))


def _lifted(paths: Sequence[FloatArray], step: Step, design: Design) -> Polylines:
    """Paths in the middle of the relief, or of a step of a focus that follows the floor, in short pieces."""
    offset_um = (step.focus_step_um or design.job.relief_um) / 2
    fine = shapely.segmentize(shapely.linestrings(np.concatenate(paths), indices=_owners(paths)), _PIECE_UM)
    xy_um, owner = shapely.get_coordinates(fine, return_index=True)
    z_um = design.tip.height_um(xy_um[:, 0], xy_um[:, 1]) - offset_um
    starts = np.append(np.flatnonzero(np.diff(owner, prepend=-1)), len(owner))
    return Polylines(points=np.column_stack([xy_um, z_um]), starts=starts)


def _owners(paths: Sequence[FloatArray]) -> NDArray[np.intp]:
    return np.repeat(np.arange(len(paths)), [len(path) for path in paths])
