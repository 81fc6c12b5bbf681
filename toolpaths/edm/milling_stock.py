"""What each piece of a path takes off, reckoned ahead on samples of the face.

A rod at a place takes everything above its end away, as far as its reach. A sample's floor is thus the lowest end
that has passed over it, and a piece takes from it what it lies below the lowest one before.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.edm.milling_tracks import Track
from toolpaths.errors import ToolpathError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Samples within a reach. The choice decides how well volumes are known: about 80 samples lie under a rod.
_SAMPLES_A_REACH = 5.0
# Pairs of a piece and a sample that are looked at together: some tens of megabytes.
_PAIRS_AT_ONCE = 1_000_000
# More samples than this are a typing error, not a pin.
_MOST_SAMPLES = 20_000_000
# Samples lie at ever other places in their cells: on a plain grid a straight edge would lie off by up to half a cell
# all along. Multiples of these, less whole numbers, fill a square evenly, in any row or column of cells too: powers of
# the root of x^3 = x + 1.
_EVEN = (0.7548776662466927, 0.5698402909980532)
# Pieces of like length, in reaches, are looked at together, with a stamp as large as the longest of them wants.
_LENGTHS = ((0.0, 0.25), (0.25, 1.0), (1.0, np.inf))


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Places of the face, one in each cell of a square grid, row after row from the least y.

    x_um, y_um : (rows * columns,) float, um.
    """

    x0_um: float
    y0_um: float
    pixel_um: float
    columns: int
    x_um: FloatArray
    y_um: FloatArray

    @classmethod
    def over(cls, bounds_um: FloatArray, *, reach_um: float, margin_um: float) -> "Samples":
        """Samples of a box (least x and y, greatest x and y) and a margin about it, as close as a reach wants them."""
        pixel_um = reach_um / _SAMPLES_A_REACH
        x0_um, y0_um = (bounds_um[:2] - margin_um).tolist()
        columns, rows = np.ceil((bounds_um[2:] - bounds_um[:2] + 2 * margin_um) / pixel_um).astype(int).tolist()
        if columns * rows > _MOST_SAMPLES:
            raise ToolpathError(
                f"plan: a field of {columns * pixel_um:.0f} by {rows * pixel_um:.0f} um is too large for a rod that "
                f"reaches {reach_um:g} um; clear it with a coarser rod"
            )
        row, column = np.arange(rows)[:, None], np.arange(columns)
        right, up = ((one * row + other * column) % 1.0 for one, other in (_EVEN, _EVEN[::-1]))
        return cls(
            x0_um=x0_um,
            y0_um=y0_um,
            pixel_um=pixel_um,
            columns=columns,
            x_um=(x0_um + pixel_um * (column + right)).ravel(),
            y_um=(y0_um + pixel_um * (row + up)).ravel(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Pieces of a track and the samples they pass over, with the lowest end of the rod while it does; (k,) each.

    piece : the point that the piece ends at, or, from ``track.count`` on, one of its paths: a rod that goes down at the
    end of it. All as if the track were run at the face itself, no depth below it.
    """

    track: Track
    cell_um2: float
    sample: IntArray
    piece: IntArray
    low_um: FloatArray

    @classmethod
    def of(cls, track: Track, *, reach_um: float, samples: Samples, deepest_um: FloatArray) -> "Passes":
        """What a track, run either way, passes over.

        deepest_um : (samples,) float, um; passes no lower than this over a sample are left out, for they cut nothing
        even at the last depth.
        """
        found = list(_pairs(track, reach_um=reach_um, samples=samples, deepest_um=deepest_um))
        sample, piece, low_um = (np.concatenate(column) for column in zip(*found, strict=True))
        return cls(track=track, cell_um2=samples.pixel_um**2, sample=sample, piece=piece, low_um=low_um)

    def alone(self, floor_um: FloatArray, *, depth_um: float, backwards: bool) -> FloatArray:
        """Volume that each piece would take off a floor, (samples,) um, at a depth if no other did: (count,) um3."""
        piece = self._pieces(backwards=backwards)
        kept = piece >= 0
        taken_um = np.maximum(floor_um[self.sample] - (self.low_um - depth_um), 0.0)[kept]
        volume_um3: FloatArray = np.zeros(self.track.count)
        volume_um3 += np.bincount(piece[kept], weights=taken_um * self.cell_um2, minlength=self.track.count)
        return volume_um3

    def sweep(self, *, backwards: bool) -> "Sweep":
        """The track run forwards, or as ``Track.reversed`` has it."""
        piece = self._pieces(backwards=backwards)
        kept = piece >= 0
        sample, piece, low_um = self.sample[kept], piece[kept], self.low_um[kept]
        count = self.track.count
        order = np.argsort(sample * np.int64(count) + piece)
        return Sweep.of(sample[order], piece[order], low_um[order], count=count, cell_um2=self.cell_um2)

    def _pieces(self, *, backwards: bool) -> IntArray:
        """The number of each pass's piece when the track is run so, (k,); -1 for going down where no path begins."""
        count, begins = self.track.count, self.track.begins
        if backwards:
            # The piece that ended at point p began at p - 1, which is point n - p of the paths run the other way.
            ends = np.flatnonzero(np.roll(begins, -1))
            new = np.concatenate([np.where(begins, -1, count - np.arange(count)), count - 1 - ends])
        else:
            new = np.concatenate([np.arange(count), np.full(np.count_nonzero(begins), -1)])
        numbers: IntArray = new[self.piece]
        return numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A track run one way over samples: who passes over which sample lower than all before, and how low.

    sample, piece : (k,) int; ``low_um`` (k,) the end's height there, ``before_um`` (k,) the lowest before it, ``inf``
    for the first. passed, ``least_um`` : (m,) each sample once, and the lowest of all passes.
    """

    count: int
    cell_um2: float
    sample: IntArray
    piece: IntArray
    low_um: FloatArray
    before_um: FloatArray
    passed: IntArray
    least_um: FloatArray

    @classmethod
    def of(cls, sample: IntArray, piece: IntArray, low_um: FloatArray, *, count: int, cell_um2: float) -> "Sweep":
        """From passes sorted by sample, and by piece within each."""
        before_um = _lowest_before(sample, low_um)
        lower = low_um < before_um
        sample, piece, low_um, before_um = sample[lower], piece[lower], low_um[lower], before_um[lower]
        last = np.flatnonzero(np.diff(sample, append=-1) != 0)
        return cls(
            count=count,
            cell_um2=cell_um2,
            sample=sample,
            piece=piece,
            low_um=low_um,
            before_um=before_um,
            passed=sample[last],
            least_um=low_um[last],
        )

    def cut(self, floor_um: FloatArray, *, depth_um: float) -> tuple[FloatArray, FloatArray]:
        """Volume that each piece takes off, (count,) um3, at a depth below the face, and the floor it leaves.

        floor_um : (samples,) float, um, the heights before.
        """
        top_um = np.minimum(floor_um[self.sample], self.before_um - depth_um)
        taken_um = np.maximum(top_um - (self.low_um - depth_um), 0.0)
        volume_um3: FloatArray = np.zeros(self.count)
        volume_um3 += np.bincount(self.piece, weights=taken_um * self.cell_um2, minlength=self.count)
        left_um = floor_um.copy()
        left_um[self.passed] = np.minimum(left_um[self.passed], self.least_um - depth_um)
        return volume_um3, left_um


def _lowest_before(sample: IntArray, low_um: FloatArray) -> FloatArray:
    """The lowest of the entries before each one of the same sample, ``inf`` for its first; samples are sorted."""
    if sample.size == 0:
        return low_um
    first = np.diff(sample, prepend=-1) != 0
    # Each sample's entries are moved below all of those before, so that a running minimum begins anew with each.
    drop_um = np.cumsum(first) * (np.ptp(low_um) + 1.0)
    running_um = np.minimum.accumulate(low_um - drop_um) + drop_um
    before_um = np.roll(running_um, 1)
    before_um[first] = np.inf
    return before_um


_Pairs = tuple[IntArray, IntArray, FloatArray]
"""Sample, piece, and the lowest end of the rod there, (k,) each."""


def _pairs(track: Track, *, reach_um: float, samples: Samples, deepest_um: FloatArray) -> Iterator[_Pairs]:
    """All pieces with all samples within reach, in parts."""
    ends = np.flatnonzero(np.roll(track.begins, -1))
    begin, end = np.concatenate([track.before, ends]), np.concatenate([np.arange(track.count), ends])
    length_um = np.hypot(*(track.xy_um[end] - track.xy_um[begin]).T)
    for low, high in _LENGTHS:
        chosen = np.flatnonzero((length_um >= low * reach_um) & (length_um < high * reach_um))
        if chosen.size == 0:
            continue
        stamp = _stamp(reach_um + length_um[chosen].max() / 2, pixel_um=samples.pixel_um, columns=samples.columns)
        for part in np.array_split(chosen, -(-chosen.size * stamp.size // _PAIRS_AT_ONCE)):
            sample, local, low_um = _near(
                (track.xy_um[begin[part]], track.xy_um[end[part]]),
                (track.z_um[begin[part]], track.z_um[end[part]]),
                stamp,
                reach_um=reach_um,
                samples=samples,
                deepest_um=deepest_um,
            )
            yield sample, part[local], low_um


def _stamp(radius_um: float, *, pixel_um: float, columns: int) -> IntArray:
    """How far, in row-major cells, every cell lies from the middle one that a disc about any place there may meet."""
    # A place and a sample each lie up to half a diagonal from the middles of their cells.
    cells = radius_um / pixel_um + np.sqrt(2)
    reach = np.arange(-int(cells), int(cells) + 1)
    row, column = np.meshgrid(reach, reach, indexing="ij")
    inside = row**2 + column**2 <= cells**2
    offsets: IntArray = row[inside] * columns + column[inside]
    return offsets


def _near(
    places_um: tuple[FloatArray, FloatArray],
    heights_um: tuple[FloatArray, FloatArray],
    stamp: IntArray,
    *,
    reach_um: float,
    samples: Samples,
    deepest_um: FloatArray,
) -> _Pairs:
    """Straight pieces, by where they begin and end, with the samples within reach of them."""
    (begin, end), (z_begin, z_end) = places_um, heights_um
    cell = np.floor(((begin + end) / 2 - (samples.x0_um, samples.y0_um)) / samples.pixel_um).astype(np.int64)
    around = (cell[:, 1] * samples.columns + cell[:, 0])[:, None] + stamp
    # Most drop out here, before anything is reckoned of them.
    chosen = np.flatnonzero(np.take(deepest_um, around) > np.minimum(z_begin, z_end)[:, None])
    sample, local = np.take(around, chosen), chosen // stamp.size
    length = np.hypot(*(end - begin).T)
    divisor = np.where(length > 0, length, 1.0)
    ux, uy = ((end - begin) / divisor[:, None]).T
    dx, dy = samples.x_um[sample] - begin[local, 0], samples.y_um[sample] - begin[local, 1]
    along = dx * ux[local] + dy * uy[local]
    # The rod is over a sample while its axis is within the reach: half a chord to either side of the foot.
    square = reach_um**2 - (dx * dx + dy * dy - along * along)
    half = np.sqrt(np.maximum(square, 0.0))
    enter, leave = np.maximum(along - half, 0.0), np.minimum(along + half, length[local])
    climb = ((z_end - z_begin) / divisor)[local]
    low = z_begin[local] + np.where(climb > 0, enter, leave) * climb
    kept = (square > 0) & (enter <= leave) & (low < deepest_um[sample])
    return sample[kept], local[kept], low[kept]
