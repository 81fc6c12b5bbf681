"""What becomes of a tip in use: worn, fouled, chipped. A tip is its own surface and the depth cut below it."""

import numpy as np
from numpy.typing import NDArray

from engrave.strike.data import Chips, Fouling, Wear
from engrave.strike.grids import SingleArray
from engrave.strike.texture import texture_um

Generator = np.random.Generator

# Residue lies as thick as its mean where the floor is this many times deeper, and thins out towards the lands.
_FILLED_DEPTHS = 2.0
# Its thickness scatters by this share of its mean (prior).
_RESIDUE_SCATTER = 0.5


def worn_depth_um(wear: Wear, *, pressure_pa: float) -> float:
    """Depth that a land loses, um: N K p L / 3 H, the slip of the strike and the drag of extraction together.

    J. F. Archard, J. Appl. Phys. 24 (1953) 981, with force over area for the load.
    """
    path_um = wear.slip_um + wear.drag_um
    return wear.rounds * wear.coefficient * pressure_pa * path_um / (3.0 * wear.hardness_pa)


def worn(depth_um: SingleArray, wear: Wear, *, pressure_pa: float, relief_um: float, pixel_um: float) -> SingleArray:
    """The tip after so many rounds: lands lowered, most at their edges; depth below the tip's own surface, um.

    Lands wear down to their floors and no further: from there on both wear alike, and there is no relief to print.
    """
    from scipy.ndimage import gaussian_filter

    lost_um = worn_depth_um(wear, pressure_pa=pressure_pa)
    if lost_um <= 0 or relief_um <= 0:
        return depth_um
    lowered = depth_um + np.float32(min(lost_um, relief_um)) * np.clip(1.0 - depth_um / np.float32(relief_um), 0.0, 1.0)
    sigma = wear.rounding * min(lost_um, relief_um) / pixel_um
    # Only convex edges lose metal: there the mean lies deeper than the edge itself.
    rounded = gaussian_filter(lowered, sigma, mode="nearest", truncate=3.0)
    lost: SingleArray = np.maximum(lowered, rounded).astype(np.float32, copy=False)
    return lost


def fouled(depth_um: SingleArray, fouling: Fouling, *, pixel_um: float, rng: Generator) -> SingleArray:
    """The tip with residue on its floors, never above its own surface; depth, um."""
    uneven = texture_um(
        depth_um.shape,
        pixel_um=pixel_um,
        rms_um=_RESIDUE_SCATTER * fouling.depth_um,
        correlation_um=fouling.correlation_um,
        rng=rng,
    )
    share = np.clip(depth_um / np.float32(_FILLED_DEPTHS * fouling.depth_um), 0.0, 1.0)
    residue_um = share * np.maximum(uneven + np.float32(fouling.depth_um), 0.0)
    left_um: SingleArray = np.maximum(depth_um - residue_um, 0.0).astype(np.float32, copy=False)
    return left_um


def chipped(
    depth_um: SingleArray, chips: Chips, *, x_um: NDArray[np.floating], y_um: NDArray[np.floating], rng: Generator
) -> SingleArray:
    """The tip with round pieces broken out of its lands, down to the floor; x_um (columns,), y_um (rows,)."""
    radius_um = chips.within_um * np.sqrt(rng.random(chips.count))
    angle = rng.random(chips.count) * 2.0 * np.pi
    # Between half and one and a half of the mean radius.
    sizes_um = chips.radius_um * (0.5 + rng.random(chips.count))
    broken = depth_um.copy()
    floor_um = np.float32(np.nanmax(depth_um, initial=0.0))
    for x, y, size in zip(radius_um * np.cos(angle), radius_um * np.sin(angle), sizes_um, strict=True):
        rows = slice(*np.searchsorted(y_um, (y - size, y + size)))
        columns = slice(*np.searchsorted(x_um, (x - size, x + size)))
        inside = np.hypot(x_um[columns] - x, y_um[rows, np.newaxis] - y) <= size
        broken[rows, columns] = np.where(inside, floor_um, broken[rows, columns])
    return broken
