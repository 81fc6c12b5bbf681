"""A measured or simulated topography with what is known about how it came to be."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError, raise_faults
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
ProbingType = Literal["Contacting", "NonContacting", "Software"]

NOT_AVAILABLE = "not available"
# From a picometre to a metre: outside it a unit was mistaken, or the number is garbage.
PIXEL_LIMITS_UM = (1e-6, 1e6)
LENGTH_LIMIT_UM = 1e6
# Pixels whose sides differ by less than this drift by under a hundredth of a pixel over 10,000 of them.
_SQUARE_TOLERANCE = 1e-6
_FRAMES = {
    "pin": "The tip of a pin seen from in front: x right, y up, heights towards the viewer.",
    "reading": "A primer as an examiner sees it: x right, y up, heights towards the viewer.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What measured or computed the heights; each field one line of text."""

    manufacturer: str = NOT_AVAILABLE
    model: str = NOT_AVAILABLE
    serial: str = NOT_AVAILABLE
    version: str = NOT_AVAILABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """How the surface was probed: by touch, without, or by software alone; and with which tip or lens."""

    type: ProbingType = "Software"
    identification: str = NOT_AVAILABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Topography:
    """Heights on a regular grid. Row 0 lies at y = y0_um and x runs fastest: right-handed, heights towards the viewer.

    heights_um : (rows, columns) float, um; NaN for holes.
    pixel_x_um, pixel_y_um : the distance between neighbouring samples in x and in y.
    x0_um, y0_um : coordinates of the sample heights_um[0, 0].
    date, calibration_date : when it was measured and the instrument calibrated; None where a file does not say.
    creator, comment : empty where there is none.

    Raises InputError, with all faults, where the heights are not such a grid or a number is beyond every surface.
    """

    heights_um: FloatArray
    pixel_x_um: float
    pixel_y_um: float
    x0_um: float = 0.0
    y0_um: float = 0.0
    date: datetime | None = None
    calibration_date: datetime | None = None
    instrument: Instrument = field(default_factory=Instrument)
    probing: Probing = field(default_factory=Probing)
    creator: str = ""
    comment: str = ""

    def __post_init__(self) -> None:
        """Take a private, read-only copy of the heights."""
        heights_um = np.array(self.heights_um, dtype=np.float64, order="C")
        # One NaN for all holes, whatever bits they came with: equal topographies are written as equal bytes.
        heights_um[np.isnan(heights_um)] = np.nan
        heights_um.setflags(write=False)
        object.__setattr__(self, "heights_um", heights_um)
        raise_faults([*_grid_faults(heights_um), *_number_faults(self)])


def _grid_faults(heights_um: FloatArray) -> list[str]:
    if heights_um.ndim != 2 or heights_um.size == 0:  # noqa: PLR2004 - rows and columns
        return [f"heights_um: its shape is {heights_um.shape}; give rows and columns, at least one of each"]
    beyond = int(np.count_nonzero(np.abs(heights_um) > LENGTH_LIMIT_UM))
    if beyond:
        limit = f"infinite or beyond {LENGTH_LIMIT_UM:g} um"
        return [f"heights_um: {beyond} are {limit}; give micrometres, and NaN where nothing was measured"]
    return []


def _number_faults(topography: Topography) -> list[str]:
    least, most = PIXEL_LIMITS_UM
    faults = [
        f"{name}: {value!r} is no distance between samples; give micrometres, {least:g} to {most:g}"
        for name, value in (("pixel_x_um", topography.pixel_x_um), ("pixel_y_um", topography.pixel_y_um))
        if not least <= value <= most
    ]
    faults += [
        f"{name}: {value!r} is no place; give micrometres, {LENGTH_LIMIT_UM:g} at most either way"
        for name, value in (("x0_um", topography.x0_um), ("y0_um", topography.y0_um))
        if not abs(value) <= LENGTH_LIMIT_UM
    ]
    return faults


def from_height_map(
    height_map: HeightMap,
    *,
    date: datetime,
    calibration_date: datetime,
    instrument: Instrument,
    probing: Probing | None = None,
    creator: str = "",
) -> Topography:
    """The same samples in the same order: a height map has row 0 at the least y, too, so nothing is turned or mirrored.

    The comment says which frame it is and carries the provenance, one step a line. Raises InputError as
    Topography does, and where the frame is neither of the two.
    """
    if height_map.frame not in _FRAMES:
        raise InputError(f"frame: {height_map.frame!r}; use one of {', '.join(_FRAMES)}")
    return Topography(
        heights_um=height_map.z_um,
        pixel_x_um=height_map.pixel_um,
        pixel_y_um=height_map.pixel_um,
        x0_um=height_map.x0_um,
        y0_um=height_map.y0_um,
        date=date,
        calibration_date=calibration_date,
        instrument=instrument,
        probing=Probing() if probing is None else probing,
        creator=creator,
        comment="\n".join((_FRAMES[height_map.frame], *height_map.provenance)),
    )


def to_height_map(topography: Topography, *, frame: Literal["pin", "reading"], name: str = "topography") -> HeightMap:
    """The topography as a height map in a frame that the caller knows, since the format has no word for it.

    ``name`` is what the provenance and the messages call it. Raises InputError where the pixels are not square.
    """
    pixel_um, other_um = topography.pixel_x_um, topography.pixel_y_um
    if abs(pixel_um - other_um) > _SQUARE_TOLERANCE * pixel_um:
        raise InputError(f"{name}: pixels of {pixel_um:g} by {other_um:g} um; resample it to square pixels first")
    return HeightMap(
        z_um=topography.heights_um,
        pixel_um=pixel_um,
        x0_um=topography.x0_um,
        y0_um=topography.y0_um,
        frame=frame,
        provenance=(f"{name}: X3P", *topography.comment.splitlines()),
    )
