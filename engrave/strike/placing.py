"""The tip as it meets the cup: turned about its axis, leaning, and beside the middle."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engrave.strike.data import Condition
from engrave.strike.grids import SingleArray
from toolpaths.surface import HeightMap, Surface

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A tip as it strikes, pin frame, on one grid: its own surface, NaN beyond the edge, and the depth cut below it.

    form_um, depth_um : (rows, columns) float32; depth is 0 beyond the edge.
    """

    form_um: SingleArray
    depth_um: SingleArray
    pixel_um: float
    x0_um: float
    y0_um: float

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.form_um, self.depth_um):
            array.setflags(write=False)

    def x_um(self) -> FloatArray:
        """Coordinates of the columns."""
        return self.x0_um + self.pixel_um * np.arange(self.depth_um.shape[1], dtype=np.float64)

    def y_um(self) -> FloatArray:
        """Coordinates of the rows."""
        return self.y0_um + self.pixel_um * np.arange(self.depth_um.shape[0], dtype=np.float64)

    def form_map(self) -> HeightMap:
        """The tip's own surface as a height map, as if nothing had been cut."""
        return HeightMap(
            z_um=self.form_um.astype(np.float64),
            pixel_um=self.pixel_um,
            x0_um=self.x0_um,
            y0_um=self.y0_um,
            frame="pin",
        )


def placed(pin: HeightMap, form: Surface) -> Placed:
    """The tip as it was cut, upright in the middle; what stands above its own surface is taken for that surface."""
    form_um = form.height_um(*np.meshgrid(pin.x_um(), pin.y_um()))
    depth_um = np.nan_to_num(np.maximum(form_um - pin.z_um, 0.0))
    return Placed(
        form_um=form_um.astype(np.float32),
        depth_um=depth_um.astype(np.float32),
        pixel_um=pin.pixel_um,
        x0_um=pin.x0_um,
        y0_um=pin.y0_um,
    )


def posed(tip: Placed, form: Surface, condition: Condition) -> Placed:
    """The tip turned, leaning and moved as the condition says. A lean is a plane added: exact to its cosine."""
    turned = tip if condition.turn_rad == 0 else turned_about(tip, form, condition.turn_rad)
    leaning = turned if condition.tilt_rad == 0 else _leaning(turned, condition)
    return replace(leaning, x0_um=leaning.x0_um + condition.offset_x_um, y0_um=leaning.y0_um + condition.offset_y_um)


def turned_about(tip: Placed, form: Surface, turn_rad: float) -> Placed:
    """The tip turned counter-clockwise about the pin's axis, sampled on the same grid.

    The tip's own surface is computed anew and only what was cut is interpolated, linearly.
    """
    from scipy.ndimage import affine_transform

    x_um, y_um = tip.x_um(), tip.y_um()
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    # Where each sample came from: the same turn backwards.
    at_x = cosine * x_um + sine * y_um[:, np.newaxis]
    at_y = cosine * y_um[:, np.newaxis] - sine * x_um
    origin = np.array([-tip.y0_um, -tip.x0_um]) / tip.pixel_um
    matrix = np.array([[cosine, -sine], [sine, cosine]])
    depth_um = affine_transform(
        tip.depth_um, matrix, offset=origin - matrix @ origin, order=1, mode="nearest", prefilter=False
    )
    form_um = form.height_um(at_x, at_y).astype(np.float32)
    return replace(tip, form_um=form_um, depth_um=np.where(np.isfinite(form_um), depth_um, np.float32(0.0)))


def _leaning(tip: Placed, condition: Condition) -> Placed:
    slope = np.tan(condition.tilt_rad)
    plane_um = slope * (
        np.cos(condition.tilt_towards_rad) * tip.x_um() + np.sin(condition.tilt_towards_rad) * tip.y_um()[:, np.newaxis]
    )
    return replace(tip, form_um=tip.form_um + plane_um.astype(np.float32))
