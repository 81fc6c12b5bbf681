"""What is fuzzed: a reader, and what it is given."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.surface import disc

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A reader: what it is given, made from ``seeds`` and ``tokens``, and what reads it.

    ``read`` says in a word how it went: a reader that finds fault without raising answers with another word.
    """

    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...]
    read: Callable[[bytes], str]


class Flat:
    """A flat that has a height everywhere, so that every place of a program is judged."""

    edge_radius_um = 900.0
    boundary = disc(edge_radius_um)
    face_area_um2 = boundary.area
    nose_radius_um = float("inf")
    mean_curvature_per_um = 0.0

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """All or nothing."""
        return np.where(depth_um < 0, 0.0, np.inf)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """None."""
        return np.zeros_like(area_um2)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Zero."""
        return np.zeros(np.broadcast_shapes(x_um.shape, y_um.shape))

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """One."""
        return np.ones(np.broadcast_shapes(x_um.shape, y_um.shape))
