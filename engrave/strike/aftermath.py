"""What happens to a dent after the blow: pressed again beside its first place, or scraped as the pin is drawn out.

Metal that is in the way goes: it is pressed or scraped down to the tip's skin, and what it becomes elsewhere is not
followed. Moves are by whole samples.
"""

from math import cos, hypot, sin

import numpy as np

from engrave.strike.data import Drag
from engrave.strike.grids import SingleArray


def moved(heights_um: SingleArray, *, rows: int, columns: int) -> SingleArray:
    """The same heights so many samples up and to the right; NaN where nothing came."""
    there = np.full_like(heights_um, np.nan)
    to_rows, from_rows = _overlap(rows, heights_um.shape[0])
    to_columns, from_columns = _overlap(columns, heights_um.shape[1])
    there[to_rows, to_columns] = heights_um[from_rows, from_columns]
    return there


def _overlap(step: int, length: int) -> tuple[slice, slice]:
    """Where a line of samples goes, and where from, when it moves by a step."""
    kept = max(length - abs(step), 0)
    first, second = slice(max(step, 0), max(step, 0) + kept), slice(max(-step, 0), max(-step, 0) + kept)
    return first, second


def pressed_again(metal_um: SingleArray, skin_um: SingleArray, share: SingleArray) -> SingleArray:
    """Metal above the tip's skin, pressed down by a share of what it stands above it; skin_um : NaN where no tip is."""
    above_um = np.fmax(metal_um - skin_um, np.float32(0.0))
    np.nan_to_num(above_um, copy=False)
    left_um: SingleArray = metal_um - share * above_um
    return left_um


def dragged(metal_um: SingleArray, skin_um: SingleArray, drag: Drag, *, pixel_um: float) -> SingleArray:
    """Metal scraped by the tip's skin on its way: nothing stands above where the skin has passed."""
    steps = max(1, round(drag.length_um / pixel_um))
    scraped = metal_um.copy()
    done: set[tuple[int, int]] = set()
    for step in range(1, steps + 1):
        way_um = step * pixel_um
        rows, columns = (round(way_um * part / pixel_um) for part in (sin(drag.towards_rad), cos(drag.towards_rad)))
        if (rows, columns) in done:
            continue
        done.add((rows, columns))
        rise_um = drag.rise_um * min(hypot(rows, columns) * pixel_um / drag.length_um, 1.0)
        to_rows, from_rows = _overlap(rows, metal_um.shape[0])
        to_columns, from_columns = _overlap(columns, metal_um.shape[1])
        there = scraped[to_rows, to_columns]
        # NaN, where no tip is, scrapes nothing.
        np.fmin(there, skin_um[from_rows, from_columns] + np.float32(rise_um), out=there)
    return scraped
