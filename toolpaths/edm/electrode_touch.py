"""Where an electrode can touch a tip to find its height: the first in its place, a later one on what is still uncut.

An end face is a translate of the tip's surface S. On a whole tip it touches all over, in its place, its datum at the
apex. Where earlier stages have cut, it is moved aside by d until it lies over uncut face, and touches first where
S(p + d) - S(p) is greatest over its own places p: so high its datum is then.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon

from toolpaths.edm.electrode import Electrode
from toolpaths.edm.electrode_region import inside_grid, polygons
from toolpaths.errors import ToolpathError
from toolpaths.surface import Surface, centred_grid

FloatArray = NDArray[np.float64]
Place = tuple[float, float, float]

# A contact is at least so large, seen along the axis, and so far inside the uncut face: an electrode put in anew is
# some micrometres off.
_LEAST_UM2 = 400.0
_MARGIN_UM = 6.0
_PIXEL_UM = 3.0


def touch_place(electrode: Electrode, *, before: MultiPolygon, before_um: float, surface: Surface) -> Place:
    """Where the datum is when the electrode touches uncut face, relative to the apex; the nearest such place.

    before, before_um : what earlier stages have cut, and how deep; empty for none.
    Raises ToolpathError where no place is found.
    """
    if before.is_empty:
        return 0.0, 0.0, 0.0
    uncut = polygons(shapely.difference(surface.boundary, before))
    aside_um = _aside_um(electrode.region, polygons(shapely.buffer(uncut, -_MARGIN_UM)))
    if aside_um is not None:
        over = shapely.intersection(electrode.region, _moved(uncut, -aside_um))
        height_um = _height_um(over, aside_um, surface)
        floor_um = _height_um(electrode.region, aside_um, surface) - before_um
        if height_um > floor_um:
            return float(aside_um[0]), float(aside_um[1]), round(height_um, 3) + 0.0
    raise ToolpathError(
        f"electrode {electrode.name!r}: finds no uncut face to touch; end the field further in, or take one stage only"
    )


def _aside_um(region: MultiPolygon, uncut: MultiPolygon) -> FloatArray | None:
    """The shortest way aside on which enough of a region comes to lie over what is uncut, (2,); None without one."""
    half_um = float(np.abs(region.bounds).max())
    axis_um = centred_grid(half_width_um=half_um, pixel_um=_PIXEL_UM)
    start, size = float(axis_um[0]), len(axis_um)
    one, other = (
        inside_grid(part, x0_um=start, y0_um=start, pixel_um=_PIXEL_UM, size=size).astype(np.float64)
        for part in (region, uncut)
    )
    # Of all ways at once: their correlation, by Fourier transforms of twice the size, so that nothing wraps around.
    shape = (2 * size, 2 * size)
    overlap = np.fft.irfft2(np.conj(np.fft.rfft2(one, shape)) * np.fft.rfft2(other, shape), shape)
    enough = overlap * _PIXEL_UM**2 >= _LEAST_UM2
    steps = np.fft.fftfreq(2 * size, 1 / (2 * size))
    square = np.where(enough, steps[None, :] ** 2 + steps[:, None] ** 2, np.inf)
    row, column = np.unravel_index(int(square.argmin()), square.shape)
    return _PIXEL_UM * np.array([steps[column], steps[row]]) if enough[row, column] else None


def _moved(region: MultiPolygon, way_um: FloatArray) -> MultiPolygon:
    return polygons(shapely.transform(region, lambda points: points + way_um))


def _height_um(places: shapely.Geometry, aside_um: FloatArray, surface: Surface) -> float:
    """How high the datum is at most where corners of a region, moved aside, meet the uncut surface."""
    x_um, y_um = shapely.get_coordinates(shapely.segmentize(places, 10.0)).T
    rise_um = surface.height_um(x_um + aside_um[0], y_um + aside_um[1]) - surface.height_um(x_um, y_um)
    return float(np.nanmax(rise_um, initial=-np.inf))
