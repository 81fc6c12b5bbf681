"""A grey picture of a primer, as a camera gives it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import raise_faults

Grey = NDArray[np.floating[Any]]

LEAST_UM_PER_PX, MOST_UM_PER_PX = 0.8, 4.0
"""What a pixel is looked for between, where nobody says what it is: from a 60x stereo microscope to a whole primer."""

MOST_SIDE_UM = 30_000.0
"""The longest side of a picture on the primer: a case's head and as much again about it."""

_PLANE = 2
MOST_PIXELS = 64_000_000
_LEAST_SIDE_PX = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture, whatever the light.

    grey : (rows, columns) float in 0..1, row 0 at the top. um_per_px : a pixel on the primer, None where that is not
    known; it is then looked for from ``least_um_per_px`` to ``most_um_per_px``.
    """

    grey: Grey
    um_per_px: float | None = None
    least_um_per_px: float = LEAST_UM_PER_PX
    most_um_per_px: float = MOST_UM_PER_PX

    def __post_init__(self) -> None:
        """Check what is given and take a private, read-only copy. Raises InputError with every fault."""
        raise_faults([*self._faults_of_grey(), *self._faults_of_size()])
        grey = np.array(self.grey, dtype=np.float32)
        grey.setflags(write=False)
        object.__setattr__(self, "grey", grey)

    def _faults_of_grey(self) -> list[str]:
        shape = self.grey.shape
        if self.grey.ndim != _PLANE:
            return [f"picture: {len(shape)} dimensions; give rows and columns of grey"]
        if min(shape) < _LEAST_SIDE_PX or self.grey.size > MOST_PIXELS:
            bounds = f"at least {_LEAST_SIDE_PX} each way and at most {MOST_PIXELS // 1_000_000} million"
            return [f"picture: {shape[1]} x {shape[0]} pixels; give {bounds}"]
        if not bool(np.isfinite(self.grey).all()) or float(self.grey.min()) < 0 or float(self.grey.max()) > 1:
            return ["picture: a grey value is not in 0..1; divide by what white is"]
        return []

    def _faults_of_size(self) -> list[str]:
        sizes = {
            "um_per_px": self.um_per_px,
            "least_um_per_px": self.least_um_per_px,
            "most_um_per_px": self.most_um_per_px,
        }
        faults = [
            f"{name}: {size} is no size; give the pixel on the primer, more than 0 um"
            for name, size in sizes.items()
            if size is not None and not (math.isfinite(size) and size > 0)
        ]
        if not faults and self.least_um_per_px > self.most_um_per_px:
            faults.append(f"least_um_per_px: {self.least_um_per_px:g} is more than the most, {self.most_um_per_px:g}")
        if self.um_per_px is not None and not faults and max(self.grey.shape) * self.um_per_px > MOST_SIDE_UM:
            faults.append(
                f"um_per_px: at {self.um_per_px:g} um a pixel the picture is over {MOST_SIDE_UM / 1000:g} mm wide, "
                "wider than a case's head; give the size of a pixel on the primer"
            )
        return faults
