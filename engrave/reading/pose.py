"""Where a mark lies in a picture: from the nominal places' frame to the picture's.

Beside place, turn and hand a picture may have a stretch: a scale, and an ellipse where a circle was, from a map whose
pixels are not what they are said to be, a tilted view, or metal that was dragged along.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_SINGULAR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A mirrored mark has its x turned over first; then it is turned counter-clockwise, then stretched, then moved.

    scale : geometric mean of the two stretches. aspect : the larger over the smaller, 1 or more. aspect_axis_rad : the
    direction in the picture of the larger, counter-clockwise from x, from 0 to below pi; 0 where the aspect is 1.
    """

    x_um: float
    y_um: float
    rotation_rad: float
    mirrored: bool
    scale: float = 1.0
    aspect: float = 1.0
    aspect_axis_rad: float = 0.0

    @classmethod
    def of_matrix(cls, matrix: FloatArray, *, x_um: float, y_um: float) -> "Pose":
        """The pose with this ``matrix()``, (2, 2) float: its polar decomposition, stretch times rotation and mirror.

        Raises ValueError where the matrix is singular.
        """
        left, stretch, right = np.linalg.svd(matrix)
        if stretch[1] <= _SINGULAR * stretch[0]:
            raise ValueError(f"pose: the matrix {matrix.tolist()} is singular; it shows no picture")
        turn = left @ right
        mirrored = bool(np.linalg.det(turn) < 0)
        return cls(
            x_um=x_um,
            y_um=y_um,
            rotation_rad=float(np.arctan2(-turn[0, 1], turn[1, 1])),
            mirrored=mirrored,
            scale=float(np.sqrt(stretch[0] * stretch[1])),
            aspect=float(stretch[0] / stretch[1]),
            aspect_axis_rad=float(np.arctan2(left[1, 0], left[0, 0]) % np.pi) if stretch[0] > stretch[1] else 0.0,
        )

    def matrix(self) -> FloatArray:
        """What takes steps in the mark's own frame to steps in the picture, without the move: (2, 2) float."""
        cosine, sine = np.cos(self.rotation_rad), np.sin(self.rotation_rad)
        flip = -1.0 if self.mirrored else 1.0
        matrix: FloatArray = self._stretch() @ np.array([[flip * cosine, -sine], [flip * sine, cosine]])
        return matrix

    def _stretch(self) -> FloatArray:
        """The symmetric stretch in the picture, (2, 2)."""
        axis = np.array([np.cos(self.aspect_axis_rad), np.sin(self.aspect_axis_rad)])
        along, across = self.scale * np.sqrt(self.aspect), self.scale / np.sqrt(self.aspect)
        stretch: FloatArray = across * np.eye(2) + (along - across) * np.outer(axis, axis)
        return stretch

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

    def stretched(self, *, scale: float, along: float, slant: float) -> "Pose":
        """The pose after a small stretch [[scale + along, slant], [slant, scale - along]] in the mark's own frame."""
        stretch = np.array([[scale + along, slant], [slant, scale - along]])
        return Pose.of_matrix(self.matrix() @ stretch, x_um=self.x_um, y_um=self.y_um)

    def own_stretch(self) -> tuple[float, float, float]:
        """Scale, along and slant, as ``stretched`` takes them, that give this pose from the one without a stretch."""
        unstretched = replace(self, scale=1.0, aspect=1.0, aspect_axis_rad=0.0).matrix()
        (a, b), (_, d) = unstretched.T @ self.matrix()
        return float((a + d) / 2), float((a - d) / 2), float(b)

    def is_stretched_by(self, *, scale: float, aspect: float) -> bool:
        """Whether the scale is from 1 by this factor or more, either way, or the aspect is so large."""
        return not (1.0 / scale < self.scale < scale and self.aspect < aspect)

    def bounded(self, *, most_scale: float, most_aspect: float) -> "Pose":
        """The pose with its scale no further from 1 than this factor either way, and its aspect no larger."""
        return replace(
            self,
            scale=float(np.clip(self.scale, 1.0 / most_scale, most_scale)),
            aspect=min(self.aspect, most_aspect),
        )


def wrapped(angle_rad: float) -> float:
    """The same angle within half a turn of zero."""
    return float(np.remainder(angle_rad + np.pi, 2.0 * np.pi) - np.pi)
