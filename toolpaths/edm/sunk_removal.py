"""The tip as electrodes really sink it: from their end faces, their paths, their gaps and their wear alone.

An electrode takes off everything above its end face less the front gap, and beside its walls as far as the side gap of
its stage, wherever its datum is sent. Walls are where its end face ceases; a slope of the end face is none, so that a
tip's own surface leaves the same surface, lower by the front gap. It wears evenly off its end: wear_ratio times the
volume that it takes off, over the area of its end face. So its true end is above the commanded one by what has worn
since it was put in or touched off. Going straight down, what a step takes off is found with the electrode as worn as it
is at the step's end; moving sideways, with the mean of what it is before and after.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from toolpaths.edm.model import Erode, Erosion
from toolpaths.edm.removal_windows import lowest_within, mask_runs
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.errors import ToolpathError
from toolpaths.surface import HeightMap, Surface, centred_grid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MOST_SAMPLES = 40_000_000
"""Samples of the grid above which the work is refused."""
# Along a path the electrode is looked at so many times a pixel.
_STEPS_A_PIXEL = 2.0
# Heights on one way sideways that differ by less are taken as one; of more than this many, neighbours are.
_LEVEL_UM, _MOST_LEVELS = 0.05, 8
# A way sideways is cut in so many parts, one after the other, each with the wear that is reached by then.
_PARTS = 4
_SAME_UM = 1e-6
# Places of a path and cells about it that are compared together.
_AT_ONCE = 2_000_000
_ROUNDS = 40


def sunk(
    erosion: Erosion,
    *,
    faces: Sequence[HeightMap],
    sinking: Sinking,
    surface: Surface,
    half_width_um: float,
    pixel_um: float = 1.5,
) -> HeightMap:
    """Sink a tip: the height map, pin frame, of what the electrodes leave of a surface; NaN outside its boundary.

    faces : the end face of each electrode as it meets the pin, z from its datum, the datum at the origin, NaN where
    there is no electrode. Outlines are right to half a pixel of the grid and of the faces, and slopes to half a pixel
    times their steepness. What is taken off beyond the grid wears nothing.
    Raises ToolpathError with every fault: sizes that are none, an electrode without face or stage, a path that is not
    finite, and a grid of more than ``MOST_SAMPLES``.
    """
    _check(erosion, faces, sinking, half_width_um=half_width_um, pixel_um=pixel_um)
    axis_um = centred_grid(half_width_um=half_width_um, pixel_um=pixel_um)
    floor_um = surface.height_um(*np.meshgrid(axis_um, axis_um))
    worn_um = 0.0
    for event in erosion.events:
        if not isinstance(event, Erode):
            worn_um = 0.0
            continue
        face = faces[event.tool]
        work = _Work(
            face=face,
            axis_um=axis_um,
            pixel_um=pixel_um,
            gap_side_um=sinking.stages[event.tool].gap_um,
            gap_front_um=sinking.gap_front_um,
            wear_per_um2=sinking.wear_ratio
            * (pixel_um / face.pixel_um) ** 2
            / np.count_nonzero(np.isfinite(face.z_um)),
        )
        for move in _moves(event, pixel_um=pixel_um):
            floor_um, worn_um = work.cut(move, floor_um, worn_um)
    return HeightMap(
        z_um=floor_um,
        pixel_um=pixel_um,
        x0_um=float(axis_um[0]),
        y0_um=float(axis_um[0]),
        frame="pin",
        provenance=(f"sunk by electrodes that wear, pixels of {pixel_um:g} um",),
    )


def _check(
    erosion: Erosion, faces: Sequence[HeightMap], sinking: Sinking, *, half_width_um: float, pixel_um: float
) -> None:
    """Raise ToolpathError with every fault."""
    if not (np.isfinite(half_width_um) and half_width_um > 0 and np.isfinite(pixel_um) and pixel_um > 0):
        raise ToolpathError(f"removal: half width {half_width_um!r} and pixel {pixel_um!r} um must be above 0")
    faults = []
    if (2 * half_width_um / pixel_um + 1) ** 2 > MOST_SAMPLES:
        faults.append(
            f"{half_width_um:g} um in pixels of {pixel_um:g} um is more than {MOST_SAMPLES} of them; use wider pixels"
        )
    for number, face in enumerate(faces):
        if not np.any(np.isfinite(face.z_um)):
            faults.append(f"the face of electrode {number} has no height anywhere; give the heights of its end")
    for event in erosion.eroding():
        if not 0 <= event.tool < min(len(faces), len(sinking.stages)):
            faults.append(
                f"{event.name}: electrode {event.tool} is not among the {len(faces)} faces and the "
                f"{len(sinking.stages)} stages of {sinking.name!r}; give one of each for every electrode"
            )
        if not np.all(np.isfinite(event.paths.points)):
            faults.append(f"{event.name}: a path has a coordinate that is no number")
    if faults:
        raise ToolpathError("removal: " + "; ".join(faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """Places of the datum, (n, 3), no further apart than a sample wants: all above one another, or sideways."""

    places_um: FloatArray
    straight_down: bool


def _moves(event: Erode, *, pixel_um: float) -> Iterator[_Move]:
    """The paths of an event in parts: ways up and down at one place taken together, and short ways sideways."""
    down: list[FloatArray] = []
    for corners, still in _ways(event):
        # A way down after others at the same place goes on with them.
        if down and not (still and np.hypot(*(down[-1][-1] - corners[0])[:2]) < _SAME_UM):
            yield _Move(places_um=np.concatenate(down), straight_down=True)
            down = []
        if still:
            down.append(corners)
        else:
            yield from (_Move(places_um=part, straight_down=False) for part in _parts(corners, pixel_um=pixel_um))
    if down:
        yield _Move(places_um=np.concatenate(down), straight_down=True)


def _ways(event: Erode) -> Iterator[tuple[FloatArray, bool]]:
    """The paths, cut where they begin or cease to go straight down, and whether each part does."""
    for path in event.paths:
        still = np.hypot(*np.diff(path[:, :2], axis=0).T) < _SAME_UM
        cuts = [0, *(np.flatnonzero(np.diff(still)) + 1).tolist(), len(still)]
        for begin, end in pairwise(cuts):
            yield path[begin : end + 1], bool(still[begin])


def _parts(corners_um: FloatArray, *, pixel_um: float) -> Iterator[FloatArray]:
    """A way sideways in short steps, in a few parts; each begins where the one before ends."""
    length = np.hypot(*np.diff(corners_um[:, :2], axis=0).T)
    count = np.maximum(1, np.ceil(length * _STEPS_A_PIXEL / pixel_um)).astype(np.int64)
    owner = np.repeat(np.arange(len(count)), count)
    share = (np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + 1) / count[owner]
    steps = corners_um[owner + 1] - corners_um[owner]
    places_um = np.vstack([corners_um[:1], corners_um[owner] + share[:, None] * steps])
    cuts = np.unique(np.linspace(0, len(places_um) - 1, _PARTS + 1).astype(np.int64))
    for begin, end in pairwise(cuts.tolist()):
        yield places_um[begin : end + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One electrode over the grid. wear_per_um2 : length lost for a micrometre taken off one pixel."""

    face: HeightMap
    axis_um: FloatArray
    pixel_um: float
    gap_side_um: float
    gap_front_um: float
    wear_per_um2: float

    def cut(self, move: _Move, floor_um: FloatArray, worn_um: float) -> tuple[FloatArray, float]:
        """The floor, and what has worn off the electrode, after a move."""
        reach_um = self._reach_um(move)
        if reach_um is None:
            return floor_um, worn_um
        share = 1.0 if move.straight_down else 0.5
        over_um = (floor_um - reach_um).ravel()
        more_um = _wear_um(over_um[over_um > worn_um] - worn_um, share=share, each=self.wear_per_um2)
        # Outside the boundary the floor is no number, and stays so.
        return np.minimum(floor_um, reach_um + worn_um + share * more_um), worn_um + more_um

    def _reach_um(self, move: _Move) -> FloatArray | None:
        """Height above which an unworn electrode takes everything off; inf beside it, None where it never comes."""
        place_um = np.rint(move.places_um[0, :2] / self.pixel_um) * self.pixel_um
        if move.straight_down:
            place_um = move.places_um[0, :2]
        end_um = _resampled(self.face, self.axis_um - place_um[0], self.axis_um - place_um[1]).astype(np.float32)
        if not np.any(np.isfinite(end_um)):
            return None
        reach = np.full(end_um.shape, np.inf)
        for height_um, places_um in _levels(move):
            under, beside = (
                self._lowest(end_um, places_um - place_um, gap_um=gap_um) for gap_um in (0.0, self.gap_side_um)
            )
            lowest = np.where(np.isfinite(under), under, beside) + (height_um - self.gap_front_um)
            reach = np.minimum(reach, lowest)
        return reach

    def _lowest(self, end_um: NDArray[np.float32], offsets_um: FloatArray, *, gap_um: float) -> FloatArray:
        """The lowest of an end face that is sent to offsets, over every sample and as far beside it as the gap."""
        cells = _cells(offsets_um, gap_um=gap_um, pixel_um=self.pixel_um)
        # The face that lies over a sample came there from the other side.
        return lowest_within(end_um, mask_runs(cells[::-1, ::-1]), beyond=np.inf).astype(np.float64)


def _levels(move: _Move) -> Iterator[tuple[float, FloatArray]]:
    """Heights of a move, and places (n, 2) where the datum is at each."""
    places = move.places_um
    if move.straight_down:
        yield float(places[:, 2].min()), places[:1, :2]
        return
    lowest_um = float(places[:, 2].min())
    step_um = max(_LEVEL_UM, float(np.ptp(places[:, 2])) / _MOST_LEVELS)
    level = np.floor((places[:, 2] - lowest_um) / step_um)
    for number in np.unique(level).tolist():
        chosen = places[level == number]
        yield float(chosen[:, 2].mean()), chosen[:, :2]


def _wear_um(over_um: FloatArray, *, share: float, each: float) -> float:
    """Length w that wears off where w = each * sum(max(0, over - share * w)); Newton's rule, from below."""
    worn_um = 0.0
    for _ in range(_ROUNDS):
        left = over_um[over_um > share * worn_um]
        # What is left is a straight line in w as long as the samples are the same, and lies above that line beyond.
        found = each * float(left.sum()) / (1 + each * share * len(left))
        if abs(found - worn_um) <= _SAME_UM:
            return found
        worn_um = found
    return worn_um


def _resampled(face: HeightMap, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
    """The face at columns x and rows y, (rows, columns): between four samples where there are, else the nearest."""
    across, left, right = _between(x_um, face.x0_um, face)
    along, below, above = _between(y_um, face.y0_um, face)
    z_um = np.pad(face.z_um, 1, constant_values=np.nan)
    rows, columns = face.z_um.shape
    left, right, below, above = (
        np.clip(value + 1, 0, most)
        for value, most in ((left, columns + 1), (right, columns + 1), (below, rows + 1), (above, rows + 1))
    )
    nearest = z_um[np.ix_(np.where(2 * along < 1, below, above), np.where(2 * across < 1, left, right))]
    if not (np.any(across) or np.any(along)):
        return np.where(np.isnan(nearest), np.inf, nearest)
    upper, lower = along[:, None], 1 - along[:, None]
    smooth = lower * ((1 - across) * z_um[np.ix_(below, left)] + across * z_um[np.ix_(below, right)]) + upper * (
        (1 - across) * z_um[np.ix_(above, left)] + across * z_um[np.ix_(above, right)]
    )
    return np.where(np.isnan(nearest), np.inf, np.where(np.isnan(smooth), nearest, smooth))


def _between(places_um: FloatArray, begin_um: float, face: HeightMap) -> tuple[FloatArray, IntArray, IntArray]:
    """The part of the way between two samples, and both of them; whole where a place lies on a sample."""
    place = (places_um - begin_um) / face.pixel_um
    place = np.where(np.abs(place - np.rint(place)) < _SAME_UM, np.rint(place), place)
    before = np.floor(place)
    return place - before, before.astype(np.int64), np.ceil(place).astype(np.int64)


def _cells(offsets_um: FloatArray, *, gap_um: float, pixel_um: float) -> BoolArray:
    """Samples about the middle of a mask that lie within a gap of some of the offsets, or are the nearest to one."""
    half = int(np.ceil((np.abs(offsets_um).max() + gap_um) / pixel_um)) + 1
    axis = pixel_um * np.arange(-half, half + 1)
    mask = np.zeros((2 * half + 1, 2 * half + 1), dtype=bool)
    column, row = (np.rint(value / pixel_um).astype(np.int64) + half for value in offsets_um.T)
    mask[row, column] = True
    for part in np.array_split(offsets_um, -(-len(offsets_um) * mask.size // _AT_ONCE)):
        away = (axis[None, None, :] - part[:, 0, None, None]) ** 2 + (axis[None, :, None] - part[:, 1, None, None]) ** 2
        mask |= np.any(away <= gap_um**2 * (1 + _SAME_UM), axis=0)
    return mask
