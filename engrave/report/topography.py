"""A simulated impression as a file that topography programs open."""

from datetime import UTC, datetime

from engrave.base.version import DISTRIBUTION, tool_version
from engrave.base.x3p import Instrument, from_height_map, write_x3p
from toolpaths.surface import HeightMap

SIMULATED_ON = datetime(2000, 1, 1, tzinfo=UTC)
"""The format asks for a day of measurement, and a simulated surface has none: one day for all, so that the same input
gives the same bytes."""


def impression_x3p(surface: HeightMap) -> bytes:
    """An impression as X3P, heights as single floats; the instrument's name says that nothing was measured.

    surface : reading frame. Raises ValueError in another.
    """
    if surface.frame != "reading":
        raise ValueError(f"impression: give it in the reading frame, not the {surface.frame} frame")
    topography = from_height_map(
        surface,
        date=SIMULATED_ON,
        calibration_date=SIMULATED_ON,
        instrument=Instrument(
            manufacturer=DISTRIBUTION, model="simulated impression", serial="none", version=tool_version()
        ),
        creator=f"{DISTRIBUTION} {tool_version()}",
    )
    return write_x3p(topography, data_type="F")
