"""The floor that the flat end of a rod leaves: of all places where it has been, the lowest within reach of each sample.

Every sample of the grid keeps the lowest place of the rod's axis that falls on it. The least of these within a disc is
found by rank, so that it is known which place it was. From there the exact one is found along the path: as far down as
it still reaches the sample.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.edm.removal_walk import Walk
from toolpaths.edm.removal_windows import disc_runs, lowest_within

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Singles = NDArray[np.float32]

# Places of the axis lie no further apart than so many pixels.
_STEP_PIXELS = 1.0
# What of a disc is missed or added where places are moved to the nearest sample: half of a pixel's diagonal.
_ROUNDING_PIXELS = 0.75
# How far along its path a place stands for others.
_ROOM_PIXELS = 2.0
_NOBODY = np.iinfo(np.int32).max


# What is kept of a place: where it is, the height of the rod's reach there, the heading, how the height grows along the
# path, and how far the path goes on in this direction, back and on.
_X, _Y, _Z, _UX, _UY, _CLIMB, _BACK, _ON = range(8)


def places_of(walk: Walk, worn_um: FloatArray, *, gap_front_um: float, pixel_um: float) -> Singles:
    """Every place of the rod's axis on a walk, a pixel apart at most, the rod worn as given at the nodes: (n, 8)."""
    count = np.maximum(1, np.ceil(walk.length_um / (_STEP_PIXELS * pixel_um))).astype(np.int64)
    piece = np.repeat(np.arange(len(count)), count)
    share = (np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count) + 1) / count[piece]
    ways, node_ways = walk.way_um, walk.node_ways_um()
    own_way = ways[piece] + share * np.diff(ways)[piece]
    steps = walk.end_um - walk.begin_um
    divisor = np.where(walk.length_um > 0, walk.length_um, np.inf)
    wears = np.diff(np.interp(ways, node_ways, worn_um))
    pieces = np.column_stack(
        [
            walk.begin_um,
            steps[:, :2] / divisor[:, None],
            (steps[:, 2] + wears) / divisor,
            -walk.bounds_um[:, 0],
            walk.bounds_um[:, 1],
        ]
    )
    places = pieces[piece]
    places[:, : _Z + 1] += share[:, None] * steps[piece]
    places[:, _Z] += np.interp(own_way, node_ways, worn_um) - gap_front_um
    places[:, _BACK] += own_way
    places[:, _ON] -= own_way
    return places.astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The lowest place of one rod on each sample of a grid that is ``margin`` samples wider on every side.

    kept : (size * size, 8) the places as ``places_of`` has them, of height inf where it has not been.
    """

    size: int
    margin: int
    pixel_um: float
    reach_um: float
    kept: Singles

    @classmethod
    def over(cls, samples: int, *, pixel_um: float, reach_um: float) -> "Trace":
        """Of no place yet, for a grid of so many samples a side."""
        margin = int(np.ceil(reach_um / pixel_um)) + 2
        size = samples + 2 * margin
        kept = np.full((size * size, 8), np.inf, dtype=np.float32)
        return cls(size=size, margin=margin, pixel_um=pixel_um, reach_um=reach_um, kept=kept)

    def add(self, places: Singles) -> None:
        """Keep those that are the lowest on their samples."""
        half = (self.size - 1) / 2
        column, row = (np.rint(places[:, axis] / self.pixel_um + half).astype(np.int64) for axis in (_X, _Y))
        inside = (column >= 0) & (column < self.size) & (row >= 0) & (row < self.size)
        sample = row * self.size + column
        chosen = np.flatnonzero(inside)
        chosen = chosen[places[chosen, _Z] < self.kept[sample[chosen], _Z]]
        # Of several on one sample the lowest is written last.
        chosen = chosen[np.argsort(-places[chosen, _Z], kind="stable")]
        self.kept[sample[chosen]] = places[chosen]

    def cut(self, floor_um: FloatArray) -> FloatArray:
        """The floor, (samples, samples), that the rod leaves of one; averages over a pixel at the edge of its reach."""
        occupied = np.flatnonzero(np.isfinite(self.kept[:, _Z]))
        if not occupied.size:
            return floor_um
        order = occupied[np.argsort(self.kept[occupied, _Z], kind="stable")]
        ranks = np.full(self.size * self.size, _NOBODY, dtype=np.int32)
        ranks[order] = np.arange(len(order), dtype=np.int32)
        image = ranks.reshape(self.size, self.size)
        reach = self.reach_um / self.pixel_um
        wide = self._lowest(image, reach + _ROUNDING_PIXELS)
        reached = np.flatnonzero((wide < _NOBODY) & np.isfinite(floor_um.ravel()))
        z_um, share = self._exact(order[wide[reached]], reached)
        # Where the lowest place covers a part of the pixel, what covers it whole is asked for the rest.
        part = np.flatnonzero(share < 1)
        narrow = self._lowest(image, max(reach - _ROUNDING_PIXELS, 0.0))[reached[part]]
        flat = floor_um.ravel().copy()
        rest_um = flat[reached[part]]
        whole = np.flatnonzero(narrow < _NOBODY)
        inner_um, _ = self._exact(order[narrow[whole]], reached[part[whole]])
        rest_um[whole] = np.minimum(rest_um[whole], inner_um)
        z_um = np.minimum(z_um, flat[reached])
        z_um[part] = share[part] * np.minimum(z_um[part], rest_um) + (1 - share[part]) * rest_um
        flat[reached] = z_um
        return flat.reshape(floor_um.shape)

    def _lowest(self, image: NDArray[np.int32], radius: float) -> NDArray[np.int32]:
        inner = slice(self.margin, self.size - self.margin)
        found: NDArray[np.int32] = lowest_within(image, disc_runs(radius), beyond=_NOBODY)[inner, inner].ravel()
        return found

    def _exact(self, place: IntArray, sample: IntArray) -> tuple[FloatArray, FloatArray]:
        """Height that the path near a place leaves at samples, and how much of their pixels is in its reach."""
        size = self.size - 2 * self.margin
        half_um = self.pixel_um * (size - 1) / 2
        x_um, y_um, z_um, ux, uy, climb, back_um, on_um = self.kept[place].T
        dx = ((sample % size) * self.pixel_um - half_um).astype(np.float32) - x_um
        dy = ((sample // size) * self.pixel_um - half_um).astype(np.float32) - y_um
        straight = (ux != 0) | (uy != 0)
        along = dx * ux + dy * uy
        across = np.where(straight, dy * ux - dx * uy, np.hypot(dx, dy))
        foot = np.clip(along, -back_um, on_um)
        square = across * across
        away_um = np.sqrt(square + (along - foot) ** 2 * straight)
        share = np.clip((self.reach_um - away_um) / self.pixel_um + 0.5, 0.0, 1.0)
        half = np.sqrt(np.maximum(self.reach_um**2 - square, 0.0))
        room_um = np.float32(_ROOM_PIXELS * self.pixel_um)
        least, most = np.maximum(-back_um, -room_um), np.minimum(on_um, room_um)
        moved = np.clip(np.where(climb > 0, along - half, along + half), least, most)
        return (z_um + climb * moved).astype(np.float64), share.astype(np.float64)
