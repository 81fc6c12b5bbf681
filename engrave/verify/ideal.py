"""The grooves that a job's process should cut, whatever the program says: contours and an even hatch, simulated.

In a groove little wider than the beam the contours of both walls and what hatch there is between them overlap, and no
closed form gives its depth for every outline. So the job's process is run, in the model of ``toolpaths.removal``, over
what was drawn: contours one crater's radius inside each groove, and a hatch so fine that it has no ripple, which takes
off as much as the job's. Nothing of it comes from the program, and from the planner only how short a line of a hatch is
not run at all.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from engrave.verify.design import Design
from toolpaths.fill import hatch
from toolpaths.laser.planning import LEAST_LENGTH_UM
from toolpaths.model import Block, Operation, Polylines, Toolpath
from toolpaths.removal import cut
from toolpaths.surface import FloatArray, HeightMap

# So many lines of the even hatch stand for one of the job's.
_FINER = 8
# Paths follow the tip in pieces no longer than this.
_PIECE_UM = 10.0


def groove_depth_um(like: HeightMap, design: Design) -> NDArray[np.float64]:
    """Depth that the process should reach, um, on the samples of a cut, (rows, columns); NaN outside the tip."""
    recipe = design.job.process.value
    beam = replace(recipe.beam, line_spacing_um=recipe.hatch_um / _FINER)
    made = cut(
        _toolpath(design),
        surface=design.tip,
        beam=beam,
        half_width_um=like.pixel_um * (like.z_um.shape[0] - 2) / 2,
        pixel_um=like.pixel_um,
    )
    x_um, y_um = np.meshgrid(made.x_um(), made.y_um())
    return design.tip.height_um(x_um, y_um) - made.z_um


def _toolpath(design: Design) -> Toolpath:
    """Every pass over the grooves; the feed is so much faster that as many pulses overlap as in the job."""
    recipe = design.job.process.value
    process = replace(recipe.process, feed_um_s=recipe.feed_um_s * _FINER)
    region = shapely.buffer(design.engraving.land(), -design.crater_um)
    parts = MultiPolygon([part for part in shapely.get_parts(region) if isinstance(part, Polygon)])
    fine = [
        hatch(parts, pitch_um=recipe.hatch_um / _FINER, angle_rad=angle, least_length_um=LEAST_LENGTH_UM)
        for angle in recipe.angles_rad
    ]
    lines = [segment for lines in fine for segment in lines.segments_um]
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(parts))]
    passes = design.cycles * len(recipe.angles_rad)
    steps = [(design.cycles, lines)] + ([(passes * _FINER, rings)] if recipe.contour else [])
    return Toolpath(
        blocks=tuple(
            Block(
                repeats=repeats,
                operations=(Operation(name="ideal", process=process, paths=_lifted(paths, design)),),
            )
            for repeats, paths in steps
            if paths
        )
    )


def _lifted(paths: Sequence[FloatArray], design: Design) -> Polylines:
    """Paths in the middle of the relief, in short pieces."""
    fine = shapely.segmentize(shapely.linestrings(np.concatenate(paths), indices=_owners(paths)), _PIECE_UM)
    xy_um, owner = shapely.get_coordinates(fine, return_index=True)
    z_um = design.tip.height_um(xy_um[:, 0], xy_um[:, 1]) - design.job.relief_um / 2
    starts = np.append(np.flatnonzero(np.diff(owner, prepend=-1)), len(owner))
    return Polylines(points=np.column_stack([xy_um, z_um]), starts=starts)


def _owners(paths: Sequence[FloatArray]) -> NDArray[np.intp]:
    return np.repeat(np.arange(len(paths)), [len(path) for path in paths])
