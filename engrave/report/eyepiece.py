"""An impression in the round field of a stereo microscope, with the primer and the case head about it."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from engrave.report.drawing import Drawing
from engrave.report.microscope import (
    RING_ELEVATION_DEG,
    SIDE_AZIMUTH_DEG,
    SIDE_ELEVATION_DEG,
    Grey,
    optics_blurred,
    resampled,
    ring_brightness,
    ring_light,
    side_brightness,
    side_light,
    with_ambient,
)
from engrave.report.pictures import picture_view
from engrave.report.png import png_of
from toolpaths.surface import HeightMap

# The field of view is the eyepieces' field number over what the objective magnifies; 22 and 10 are usual (prior).
FIELD_NUMBER_MM, EYEPIECE = 22.0, 10.0
LEAST_MAGNIFICATION, MOST_MAGNIFICATION = 10.0, 100.0
# The aperture grows with the magnification, as with an exit pupil of 0.83 mm: .1 at 60x, .042 at 25x (prior).
_MAGNIFICATION_OF_ONE = 600.0
_WAVELENGTH_UM = 0.55
# Standard deviation of the Gaussian nearest to an Airy pattern, in wavelengths over the aperture: Zhang, Zerubia and
# Olivo-Marin, Gaussian approximations of fluorescence microscope point-spread function models, Applied Optics 46, 2007.
_AIRY_SIGMA = 0.21

# Small and large primers, nominal: .175 and .210 in.
PRIMER_DIAMETERS_UM = (4445.0, 5334.0)
# The cup's rounded edge and the case's round at the pocket's mouth (priors).
_CUP_EDGE_UM, _POCKET_EDGE_UM = 250.0, 80.0
# The map goes over into the plain cup within a disc of its own width, over this share of its radius.
_BLEND_SHARE = 0.18

FIELD_PX, _MARGIN_PX = 960, 20
_FIELD_STOP = 12
# Edges that are drawn, not sampled, are smoothed by so many pixels.
_SMOOTH_PX = 0.7
# As steep as an edge is drawn: the sine of its tilt.
_STEEPEST = 0.995
# Defocus is mixed from pictures blurred by these, px; what is further from the focus keeps the last.
_DEFOCUS_PX = (0.0, 1.0, 2.0, 4.0, 8.0)

_LIGHTS = {
    "ring": f"ring light, {RING_ELEVATION_DEG:g} degrees above the level",
    "side": f"light from the upper left, {SIDE_ELEVATION_DEG:g} degrees above the level",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The round field: its diameter on the primer, the aperture, and a pixel's size, um."""

    diameter_um: float
    aperture: float
    pixel_um: float

    @property
    def blur_um(self) -> float:
        """Standard deviation of the optics' blur."""
        return _AIRY_SIGMA * _WAVELENGTH_UM / self.aperture


def field_of(magnification: float) -> Field:
    """The field at a magnification. Raises ValueError for one that no stereo microscope has."""
    if not LEAST_MAGNIFICATION <= magnification <= MOST_MAGNIFICATION:
        raise ValueError(
            f"magnification: {magnification:g} is not that of a stereo microscope;"
            f" give {LEAST_MAGNIFICATION:g} to {MOST_MAGNIFICATION:g}"
        )
    diameter_um = 1000.0 * FIELD_NUMBER_MM / (magnification / EYEPIECE)
    return Field(
        diameter_um=diameter_um, aperture=magnification / _MAGNIFICATION_OF_ONE, pixel_um=diameter_um / FIELD_PX
    )


def microscope_png(
    surface: HeightMap,
    *,
    title: str,
    magnification: float = 60.0,
    light: str = "ring",
    primer_diameter_um: float = PRIMER_DIAMETERS_UM[0],
    focus_um: float | None = None,
) -> bytes:
    """The drawing of ``microscope_view`` on its own pixels; raises as that does."""
    view = microscope_view(
        surface,
        title=title,
        magnification=magnification,
        light=light,
        primer_diameter_um=primer_diameter_um,
        focus_um=focus_um,
    )
    return png_of(view, width_px=FIELD_PX + 2 * _MARGIN_PX)


def microscope_view(
    surface: HeightMap,
    *,
    title: str,
    magnification: float = 60.0,
    light: str = "ring",
    primer_diameter_um: float = PRIMER_DIAMETERS_UM[0],
    focus_um: float | None = None,
) -> Drawing:
    """An impression as it looks through a stereo microscope, its origin in the middle of the field.

    surface : reading frame, z = 0 the cup before the strike; black where it is NaN. light : ``ring`` or ``side``.
    focus_um : the height in focus; None shows each height in its own focus, as who turns the knob sees one after
    another. Beyond the map stand a plain cup of ``primer_diameter_um`` and the case head. Raises ValueError.
    """
    field = field_of(magnification)
    _check(surface, light=light, primer_diameter_um=primer_diameter_um, focus_um=focus_um)
    count = FIELD_PX + 2 * _MARGIN_PX
    axis_um = ((np.arange(count) - (count - 1) / 2) * field.pixel_um).astype(np.float32)
    radius_um = np.hypot(axis_um[None, :], axis_um[:, None])
    picture = _around(axis_um, radius_um, light=light, primer_radius_um=primer_diameter_um / 2)
    picture = optics_blurred(picture, max(field.blur_um / field.pixel_um, _SMOOTH_PX))
    heights_um = _cup_height(radius_um, primer_diameter_um / 2)
    _put_map(picture, heights_um, surface, field, light=light)
    if focus_um is not None:
        picture = _defocused(picture, np.abs(heights_um - focus_um) * (field.aperture / 2 / field.pixel_um))
    covered = np.clip((field.diameter_um / 2 - radius_um) / field.pixel_um + 0.5, 0.0, 1.0)
    grey = _FIELD_STOP + (255.0 * picture - _FIELD_STOP) * covered
    notes = (
        f"as it reads; simulated; {magnification:g}x",
        f"field {field.diameter_um / 1000:.2f} mm, aperture {field.aperture:.3f}",
        _LIGHTS[light] + ("" if focus_um is None else f"; in focus at {focus_um:g} um"),
        f"the cup ({primer_diameter_um / 1000:.2f} mm) beyond the dent and the case head are only drawn",
    )
    return picture_view(
        np.round(grey).astype(np.uint8),
        title=title,
        notes=notes,
        pixel_um=field.pixel_um,
        bar_um=_bar(field),
    )


def _bar(field: Field) -> float:
    """The longest of 100, 200, 500, 1000 and so on that is at most a seventh of the field, um."""
    most_um = field.diameter_um / 7
    decade = 10.0 ** math.floor(math.log10(most_um))
    return max(step * decade for step in (1.0, 2.0, 5.0) if step * decade <= most_um)


def _check(surface: HeightMap, *, light: str, primer_diameter_um: float, focus_um: float | None) -> None:
    faults = []
    if surface.frame != "reading":
        faults.append(f"impression: give it in the reading frame, not the {surface.frame} frame")
    if light not in _LIGHTS:
        faults.append(f"light: {light!r} is not among {', '.join(_LIGHTS)}")
    if not (math.isfinite(primer_diameter_um) and primer_diameter_um > 2 * _CUP_EDGE_UM):
        faults.append(f"primer: a diameter of {primer_diameter_um} um is none; primers measure 4445 or 5334 um")
    if focus_um is not None and not math.isfinite(focus_um):
        faults.append(f"focus: {focus_um} is no height; give um above the cup before the strike, or None")
    if faults:
        raise ValueError("\n".join(faults))


def _around(axis_um: Grey, radius_um: Grey, *, light: str, primer_radius_um: float) -> Grey:
    """The plain cup and the case head under the light, (n, n), row 0 at the top."""
    slope = _outward_slope(radius_um, primer_radius_um)
    if light == "ring":
        return with_ambient(ring_brightness(np.arctan(np.abs(slope)), elevation_deg=RING_ELEVATION_DEG))
    share = slope / np.maximum(radius_um, 1.0)
    return with_ambient(
        side_brightness(
            share * axis_um[None, :],
            -share * axis_um[:, None],
            azimuth_deg=SIDE_AZIMUTH_DEG,
            elevation_deg=SIDE_ELEVATION_DEG,
        )
    )


def _outward_slope(radius_um: Grey, primer_radius_um: float) -> Grey:
    """Rise over run away from the axis: 0 on the cup and the case head, round falls from both into the gap."""
    into_cup = np.clip((radius_um - primer_radius_um + _CUP_EDGE_UM) / _CUP_EDGE_UM, 0.0, _STEEPEST)
    into_case = np.clip((primer_radius_um + _POCKET_EDGE_UM - radius_um) / _POCKET_EDGE_UM, 0.0, _STEEPEST)
    falls = -into_cup / np.sqrt(1.0 - np.square(into_cup))
    rises = into_case / np.sqrt(1.0 - np.square(into_case))
    return np.asarray(np.where(radius_um < primer_radius_um, falls, rises), dtype=np.float32)


def _cup_height(radius_um: Grey, primer_radius_um: float) -> Grey:
    """Heights of the cup's top and edge; the case head is taken to stand as high as the cup."""
    into = np.clip((radius_um - primer_radius_um + _CUP_EDGE_UM) / _CUP_EDGE_UM, 0.0, 1.0)
    edge_um = _CUP_EDGE_UM * (np.sqrt(1.0 - np.square(into)) - 1.0)
    return np.where(radius_um < primer_radius_um, edge_um, 0.0).astype(np.float32)


def _put_map(picture: Grey, heights_um: Grey, surface: HeightMap, field: Field, *, light: str) -> None:
    """Put the map's light into the picture and its heights among the heights, its border blended into the cup."""
    if light == "ring":
        seen = ring_light(surface, elevation_deg=RING_ELEVATION_DEG)
    else:
        seen = side_light(surface, azimuth_deg=SIDE_AZIMUTH_DEG, elevation_deg=SIDE_ELEVATION_DEG)
    seen = optics_blurred(seen, field.blur_um / surface.pixel_um)
    columns, left, right = _window(surface.x0_um, surface.z_um.shape[1], surface.pixel_um, field, len(picture))
    # The picture's rows run down, the map's up.
    last_y_um = surface.y0_um + (surface.z_um.shape[0] - 1) * surface.pixel_um
    rows, top, bottom = _window(-last_y_um, surface.z_um.shape[0], surface.pixel_um, field, len(picture))
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    if min(shape) <= 0:
        raise ValueError("impression: the height map does not reach into the field of view; nothing to show")
    weight = _disc(shape)
    box, size = (left, top, right, bottom), (shape[1], shape[0])
    here = picture[rows, columns]
    here += weight * (resampled(seen, box, size) - here)
    z_um = np.nan_to_num(surface.z_um[::-1]).astype(np.float32)
    heights_um[rows, columns] += weight * (resampled(z_um, box, size) - heights_um[rows, columns])


def _window(first_um: float, count: int, step_um: float, field: Field, picture_px: int) -> tuple[slice, float, float]:
    """The picture's pixels that lie wholly on the map along one axis, and the map's pixels where they begin and end."""
    begin_um, middle_px = first_um - step_um / 2, picture_px / 2
    begin_px = max(0, math.ceil(begin_um / field.pixel_um + middle_px))
    end_px = min(picture_px, math.floor((begin_um + count * step_um) / field.pixel_um + middle_px))
    edges = [
        min(max(((px - middle_px) * field.pixel_um - begin_um) / step_um, 0.0), count) for px in (begin_px, end_px)
    ]
    return slice(begin_px, max(begin_px, end_px)), edges[0], edges[1]


def _disc(shape: tuple[int, int]) -> Grey:
    """1 about the middle, 0 outside the largest disc, smooth between."""
    radius_px = min(shape) / 2
    rows, columns = (np.arange(count) - (count - 1) / 2 for count in shape)
    inwards = (1.0 - np.hypot(rows[:, None], columns) / radius_px) / _BLEND_SHARE
    share = np.clip(inwards, 0.0, 1.0).astype(np.float32)
    return np.asarray(share * share * (3.0 - 2.0 * share), dtype=np.float32)


def _defocused(picture: Grey, sigma_px: Grey) -> Grey:
    """The picture blurred at each place by its own standard deviation, mixed from the two next ones."""
    from scipy.ndimage import gaussian_filter

    out = picture
    for less, more in pairwise(_DEFOCUS_PX):
        share = np.clip((sigma_px - less) / (more - less), 0.0, 1.0)
        out = out + share * (gaussian_filter(picture, more, truncate=2.5, mode="nearest") - out)
    return out
