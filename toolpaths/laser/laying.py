"""Plane paths: contours and hatches of a step over a region, and the curves of a taper."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.errors import ToolpathError
from toolpaths.fill import Hatch, hatch
from toolpaths.laser.lifting import Paths
from toolpaths.laser.recipe import AFTER, NONE, ROWS, SERPENTINE, Recipe, Step
from toolpaths.laser.region import DRAWN_UM, LEAST_LENGTH_UM, beyond_um
from toolpaths.laser.slopes import steep_hatch, steep_paths
from toolpaths.order import chained, serpentine, shortest
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

Laid = tuple[str, Paths]
"""The name of an operation, and its paths."""

_NEAR_DUPLICATE_UM = 0.05
_MOST_TAPER_STEPS = 8


def labels(recipe: Recipe) -> tuple[str, ...]:
    """What the operations of each step have before their name: nothing for the rough step that takes the rest.

    The kind of the others, numbered where there is more than one of it.
    """
    kinds = [step.kind for step in recipe.fixed]
    seen: list[str] = []
    found = []
    for step in recipe.steps:
        if step.passes == 0:
            found.append("")
            continue
        seen.append(step.kind)
        number = f"-{seen.count(step.kind)}" if kinds.count(step.kind) > 1 else ""
        found.append(f"{step.kind}{number}-")
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of a step: the contour, and a hatch for each of its angles."""

    step: Step
    label: str
    contour: Paths
    hatches: tuple[Hatch, ...]

    @classmethod
    def of(cls, region: MultiPolygon, *, contour: Paths, step: Step, label: str) -> "Round":
        """A round over a region whose boundary is the contour."""
        return cls(
            step=step,
            label=label,
            contour=() if step.contour == NONE else contour,
            hatches=tuple(_centred(region, step.hatch_um, angle) for angle in step.angles_rad),
        )

    def where_steep(self, *, surface: Surface, cosine: float, least_um: float) -> "Round":
        """What of it lies where the cosine of the face's slope is below a limit."""
        return replace(
            self,
            contour=steep_paths(self.contour, surface=surface, cosine=cosine, least_um=least_um),
            hatches=tuple(
                steep_hatch(lines, surface=surface, cosine=cosine, least_um=least_um) for lines in self.hatches
            ),
        )

    def all(self) -> list[Laid]:
        """The operations of the round."""
        if not self.hatches:
            return [(f"{self.label}contour", self.contour)]
        return self.of_angles(range(len(self.hatches)))

    def of_angles(self, chosen: Sequence[int]) -> list[Laid]:
        """The operations of some of its angles, in their order."""
        laid: list[Laid] = []
        for index in chosen:
            degrees = f"{round(math.degrees(self.step.angles_rad[index])):03d}"
            both = [
                (f"{self.label}contour-{degrees}", self.contour),
                (f"{self.label}hatch-{degrees}", tuple(_ordered(self.hatches[index], self.step.order))),
            ]
            laid += reversed(both) if self.step.contour == AFTER else both
        return [entry for entry in laid if entry[1]]


def _centred(region: MultiPolygon, pitch_um: float, angle_rad: float) -> Hatch:
    """A hatch with a line through the middle of the region's extent across it, so that both sides end alike."""
    points = shapely.get_coordinates(region)
    across_um = points @ np.array([-math.sin(angle_rad), math.cos(angle_rad)])
    # As exactly as outlines are drawn: a round field, drawn with straight sides, has its middle in its middle.
    middle_um = round(float(across_um.min() + across_um.max()) / 2 / DRAWN_UM) * DRAWN_UM
    return hatch(region, pitch_um=pitch_um, angle_rad=angle_rad, phase_um=middle_um, least_length_um=LEAST_LENGTH_UM)


def _ordered(lines: Hatch, order: str) -> FloatArray:
    if order == ROWS:
        return lines.segments_um
    return serpentine(lines) if order == SERPENTINE else shortest(serpentine(lines))


def contour_of(region: MultiPolygon) -> tuple[FloatArray, ...]:
    """Boundary of the region as closed rings, near-duplicate points and the shortest rings left out, in order."""
    rings = []
    for ring in shapely.get_rings(shapely.get_parts(region)):
        points = shapely.get_coordinates(ring)
        steps = np.hypot(*np.diff(points, axis=0).T)
        corners = points[:-1][steps > _NEAR_DUPLICATE_UM]
        if len(corners) > 2 and steps.sum() > LEAST_LENGTH_UM:  # noqa: PLR2004 - a ring has three corners
            rings.append(np.concatenate([corners, corners[:1]]))
    return chained(rings)


def taper(*, field: Polygon, taper_to: Polygon, passes: int, recipe: Recipe) -> list[tuple[int, list[Laid]]]:
    """Passes and curves of each step of a taper, the innermost first.

    Curves go on from the field's boundary at the hatch pitch, to half a kerf inside the taper's end, and leave out what
    lies outside it. A step is at least a kerf wide and falls by at least a pass.
    """
    width_um, hatch_um = beyond_um(taper_to, field), recipe.rough.hatch_um
    end_um = width_um - recipe.kerf_um / 2
    outwards_um = np.arange(-recipe.kerf_um / 2, end_um + hatch_um * 1e-6, hatch_um)[1:]
    # A curve that runs along the end, drawn with other sides, is not to be cut into pieces by it.
    within = shapely.buffer(taper_to, DRAWN_UM - recipe.kerf_um / 2)
    around = [_clipped(shapely.buffer(field, out_um, join_style="mitre"), within) for out_um in outwards_um]
    curves = [paths for paths in around if paths]
    most = min(_MOST_TAPER_STEPS, int(width_um / recipe.kerf_um), passes - 1, len(curves))
    if most < 1:
        raise ToolpathError(
            f"plan: a taper of {width_um:.3g} um leaves no room for a step of the kerf, {recipe.kerf_um:g} um; end it "
            "further out, or let the field reach the tip's edge"
        )
    ends = np.cumsum([len(part) for part in np.array_split(np.arange(len(curves)), most)])
    steps = [curves[begin:end] for begin, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)]
    return [
        (
            round(passes * (1 - index / (most + 1))),
            [(f"taper-{index}", tuple(path for paths in step for path in paths))],
        )
        for index, step in enumerate(steps, start=1)
    ]


def _clipped(area: Polygon, within: Polygon) -> Paths:
    """The outline of an area, or what of it lies within another, in pieces above ``LEAST_LENGTH_UM``."""
    if shapely.covers(within, area):
        return (shapely.get_coordinates(area.exterior),)
    lines = shapely.get_parts(shapely.line_merge(shapely.intersection(area.exterior, within)))
    return tuple(shapely.get_coordinates(line) for line in lines if line.length > LEAST_LENGTH_UM)
