"""Where a mark lies in a picture: from the nominal places' frame to the picture's."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A mirrored mark has its x turned over first; then it is turned counter-clockwise, then moved."""

    x_um: float
    y_um: float
    rotation_rad: float
    mirrored: bool

    def matrix(self) -> FloatArray:
        """Rotation, after the mirror if there is one: (2, 2) float."""
        cosine, sine = np.cos(self.rotation_rad), np.sin(self.rotation_rad)
        flip = -1.0 if self.mirrored else 1.0
        return np.array([[flip * cosine, -sine], [flip * sine, cosine]])

    def to_picture(self, x_um: FloatArray, y_um: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points of the mark's own frame in the picture, um, in the shape they came."""
        (a, b), (c, d) = self.matrix()
        return self.x_um + a * x_um + b * y_um, self.y_um + c * x_um + d * y_um

    def points_to_picture(self, xy_um: FloatArray) -> FloatArray:
        """Points of the mark's own frame in the picture, (n, 2) float, um."""
        return np.column_stack(self.to_picture(xy_um[:, 0], xy_um[:, 1]))

    def moved(self, *, x_um: float, y_um: float, turn_rad: float) -> "Pose":
        """The pose after a small step given in the mark's own frame."""
        step_x, step_y = self.matrix() @ np.array([x_um, y_um])
        turn = -turn_rad if self.mirrored else turn_rad
        return replace(
            self,
            x_um=self.x_um + float(step_x),
            y_um=self.y_um + float(step_y),
            rotation_rad=wrapped(self.rotation_rad + turn),
        )


def wrapped(angle_rad: float) -> float:
    """The same angle within half a turn of zero."""
    return float(np.remainder(angle_rad + np.pi, 2.0 * np.pi) - np.pi)
