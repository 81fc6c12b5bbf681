"""How a rod wears as it removes, and how far it must be sent down to make up for that.

Everything follows from one balance: for each volume V of the work the rod loses ``wear_ratio`` V, all of it from its
flat end of area S_e = pi D^2 / 4, so that it is ``wear_ratio`` V / S_e shorter.
"""

import math

import numpy as np
from numpy.typing import NDArray

from toolpaths.edm.milling_recipe import COMBINED, LINEAR, NONE, UNIFORM
from toolpaths.errors import ToolpathError

FloatArray = NDArray[np.float64]


def end_area_um2(diameter_um: float) -> float:
    """Area of a round rod's flat end, S_e = pi D^2 / 4."""
    return math.pi * diameter_um**2 / 4


def worn_um(volume_um3: FloatArray, *, wear_ratio: float, diameter_um: float) -> FloatArray:
    """Length that wears off a rod while it removes a volume: the balance itself."""
    return wear_ratio * volume_um3 / end_area_um2(diameter_um)


def slope(*, wear_ratio: float, width_um: float, layer_um: float, diameter_um: float) -> float:
    """How far a rod must be sent down for each micrometre of its path, dimensionless.

    A path of width w takes w t of the work for each unit of its length from a layer of thickness t, so the rod gets
    shorter by wear_ratio w t / S_e.
    """
    return wear_ratio * width_um * layer_um / end_area_um2(diameter_um)


def layer_feed_um(*, wear_ratio: float, swept_um2: float, layer_um: float, diameter_um: float) -> float:
    """How far a rod is sent down from one layer to the next where the whole layer's wear is made up at once.

    The layer is t thick and takes S_w t of the work, for a swept area S_w: t + wear_ratio S_w t / S_e.
    """
    return layer_um * (1 + wear_ratio * swept_um2 / end_area_um2(diameter_um))


def decay_length_um(*, wear_ratio: float, width_um: float, diameter_um: float) -> float:
    """The path over which a rod that nothing makes up for falls to 1 / e of the depth it began with.

    At depth h(s) the rod gets shorter by wear_ratio w h ds / S_e, and h falls by as much: h' = -h / lambda with
    lambda = S_e / (wear_ratio w). ``inf`` without wear.
    """
    if wear_ratio == 0:
        return math.inf
    return end_area_um2(diameter_um) / (wear_ratio * width_um)


def uncompensated_depth_um(
    path_um: FloatArray, *, wear_ratio: float, layer_um: float, width_um: float, diameter_um: float
) -> FloatArray:
    """Depth of a fresh groove at a length of its path, cut by one layer without compensation: t exp(-s / lambda)."""
    decay_um = decay_length_um(wear_ratio=wear_ratio, width_um=width_um, diameter_um=diameter_um)
    return layer_um * np.exp(-path_um / decay_um)


def uncompensated_removal_um3(
    path_um: float, *, wear_ratio: float, layer_um: float, width_um: float, diameter_um: float
) -> float:
    """Volume of that groove: the integral of w t exp(-s / lambda), w t lambda (1 - exp(-s / lambda))."""
    decay_um = decay_length_um(wear_ratio=wear_ratio, width_um=width_um, diameter_um=diameter_um)
    if math.isinf(decay_um):
        return width_um * layer_um * path_um
    return -width_um * layer_um * decay_um * math.expm1(-path_um / decay_um)


def uniform(lost_um: FloatArray) -> FloatArray:
    """How much lower each point of a layer is sent: all by what the whole layer wears off.

    lost_um : (n,) float, um, what wears off on the way to each point. With paths whose direction and start alternate,
    what one layer leaves high the next one takes off, and the floor stays even on the whole.
    """
    return np.full(len(lost_um), lost_um.sum())


def linear(lost_um: FloatArray) -> FloatArray:
    """How much lower each point is sent: by what has worn off when the rod gets there, so that its end stays level.

    lost_um : (n,) float, um, what wears off on the way to each point. Over a straight piece of even width this is the
    slope of ``slope``.
    """
    return np.cumsum(lost_um)


def combined(lost_um: FloatArray) -> FloatArray:
    """The slope of ``linear``; the feed of ``uniform`` is not added, for both make up the same loss.

    What it has of ``uniform`` is the rule that direction and start of the paths alternate: see ``alternates``.
    """
    return linear(lost_um)


def alternates(compensation: str) -> bool:
    """Whether direction and start of the paths change from layer to layer."""
    return compensation in {UNIFORM, COMBINED}


def lowered_um(lost_um: FloatArray, compensation: str) -> FloatArray:
    """How much lower each point is sent under a compensation by name. Raises ToolpathError for an unknown one."""
    if compensation == NONE:
        return np.zeros(len(lost_um))
    ways = {UNIFORM: uniform, LINEAR: linear, COMBINED: combined}
    if compensation not in ways:
        raise ToolpathError(f"compensation {compensation!r} is not known; use one of {', '.join(ways)}, {NONE}")
    return ways[compensation](lost_um)
