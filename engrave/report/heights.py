"""An impression as a map of heights in colours that colour-blind people can tell apart, with their scale."""

import math

import numpy as np
from numpy.typing import NDArray

from engrave.report.drawing import INK, MIDDLE, Drawing, FloatArray, Picture, Pixels, Shape, Stroke, Words, segments_of
from engrave.report.frame import RULER_BELOW, check_width, step_for, text_share
from engrave.report.pictures import WIDTH_PX, extent_of, picture_view
from engrave.report.png import png_of
from engrave.report.shading import cropped, ratio, resized
from toolpaths.surface import HeightMap, Surface

# Viridis at every eighth of its length, by Stefan van der Walt, Nathaniel Smith and Eric Firing (BIDS/colormap,
# CC0 1.0), dark to light; between them colours are interpolated.
VIRIDIS: tuple[tuple[int, int, int], ...] = (
    (0x44, 0x01, 0x54),
    (0x47, 0x2C, 0x7A),
    (0x3B, 0x51, 0x8B),
    (0x2C, 0x71, 0x8E),
    (0x21, 0x90, 0x8D),
    (0x27, 0xAD, 0x81),
    (0x5C, 0xC8, 0x63),
    (0xAA, 0xDC, 0x32),
    (0xFD, 0xE7, 0x25),
)
_STEPS = 1024
# Where there is no surface: a light grey, which viridis has nowhere.
NO_SURFACE = (214, 214, 214)

# What is broader than this is form (a Gaussian's standard deviation), on a grid of this many micrometres.
_FORM_SIGMA_UM, _FORM_GRID_UM = 80.0, 6.0
# The mark is no part of the form: what lies this far from it counts no more, and this often it is looked at again.
_MARK_UM, _ROUNDS = 10.0, 4
# The plane is fitted to what is no further off than this many times the median.
_NEAR = 3.0
# The metal about the mark is the densest quarter of a circle's heights; so many circles give a running median.
_DENSEST, _CIRCLES = 0.25, 15
# Where all has lost its weight, this much of it stays.
_LEAST_TRUST = 1e-4
# The scale leaves out this share at either end, and goes from one multiple of the step to another.
_LEFT_OUT, _STEP_UM = 0.003, 5.0
# Figures on the scale.
_MOST_FIGURES = 9
# At most so many samples are looked at for the scale.
_LOOKED_AT = 40_000


def _table() -> Pixels:
    anchors = np.array(VIRIDIS, dtype=np.float64)
    places, wanted = np.linspace(0.0, 1.0, len(anchors)), np.linspace(0.0, 1.0, _STEPS + 1)
    channels = [np.interp(wanted, places, channel) for channel in anchors.T]
    return np.asarray(np.round(np.stack(channels, axis=1)), dtype=np.uint8)


_TABLE = _table()


def height_png(surface: HeightMap, *, title: str, form: bool = False, width_px: int = WIDTH_PX) -> bytes:
    """The drawing of ``height_view`` as wide as this; raises as that does."""
    return png_of(height_view(surface, title=title, form=form, width_px=width_px), width_px=width_px)


def height_view(
    surface: HeightMap, *, title: str, form: bool = False, width_px: int = WIDTH_PX, ruled: bool = False
) -> Drawing:
    """The heights of an impression as colours, with the bar of lengths and the scale of heights.

    surface : reading frame, z = 0 the cup before the strike; NaN is shown light grey. form : show the dent as it is;
    without it what is broader than the mark is taken out, and 0 is the metal about the mark.
    Raises ValueError for a map in the pin frame, for one that does not reach the middle of the dent, and where the
    picture would be too narrow for its words.
    """
    if surface.frame != "reading":
        raise ValueError(f"heights: give them in the reading frame, not the {surface.frame} frame")
    check_width(width_px)
    z_um, weight = cropped(surface)
    if not form:
        z_um = z_um - form_um(z_um, weight, pixel_um=surface.pixel_um)
    notes = [
        "as it reads; simulated; 0 is the cup before the strike"
        if form
        else "as it reads; simulated; 0 is the metal about the mark, form taken out",
    ]
    return coloured_view(
        z_um, weight, title=title, notes=notes, pixel_um=surface.pixel_um, width_px=width_px, ruled=ruled
    )


def depth_view(cut: HeightMap, tip: Surface, *, title: str, width_px: int = WIDTH_PX, ruled: bool = False) -> Drawing:
    """How deep a tip is cut, as colours with their scale: along the axis, from the face as it was.

    cut : pin frame. tip : before it was cut. Raises ValueError for a map in another frame.
    """
    if cut.frame != "pin":
        raise ValueError(f"depths: give the tip in the pin frame, not the {cut.frame} frame")
    deep_um = cut.z_um - tip.height_um(*np.meshgrid(cut.x_um(), cut.y_um()))
    there = np.isfinite(deep_um)
    notes = ["as it is cut, seen from in front of the tip (mirrored); simulated", "0 is the face before it was cut"]
    return coloured_view(
        np.where(there, deep_um, 0.0),
        there.astype(np.float64),
        title=title,
        notes=notes,
        pixel_um=cut.pixel_um,
        width_px=width_px,
        ruled=ruled,
    )


def coloured_view(
    z_um: FloatArray,
    weight: FloatArray,
    *,
    title: str,
    notes: list[str],
    pixel_um: float,
    width_px: int = WIDTH_PX,
    ruled: bool = False,
) -> Drawing:
    """Heights about the origin as colours, with their scale under them.

    z_um, weight : (rows, columns), row 0 has the least y; heights, 0 where there are none, and 1 where there are.
    """
    size = (width_px, max(1, round(width_px * z_um.shape[0] / z_um.shape[1])))
    covered = resized(weight, size)[::-1]
    shown_um = np.where(covered > 0.5, ratio(resized(z_um * weight, size)[::-1], covered), np.nan)  # noqa: PLR2004 - half
    low_um, high_um = scale_ends(shown_um)
    told = [*notes, "heights beyond the scale have the colour of its end"]
    if not np.isfinite(shown_um).all():
        told.append("light grey: no surface")
    pixels = colours_of(shown_um, low_um, high_um)
    shown_pixel_um = z_um.shape[1] * pixel_um / width_px
    scale, scale_um = _scale(pixels, shown_pixel_um, low_um, high_um, ruled=ruled)
    return picture_view(
        pixels, title=title, notes=told, pixel_um=shown_pixel_um, below=scale, below_um=scale_um, ruled=ruled
    )


def colours_of(z_um: FloatArray, low_um: float, high_um: float) -> Pixels:
    """Heights (rows, columns) as colours (rows, columns, 3), ``low_um`` darkest; grey where they are NaN."""
    share = np.clip((z_um - low_um) / (high_um - low_um), 0.0, 1.0)
    known = np.isfinite(share)
    index = np.round(np.where(known, share, 0.0) * _STEPS).astype(np.intp)
    return np.where(known[..., None], _TABLE[index], np.array(NO_SURFACE, dtype=np.uint8))


def scale_ends(z_um: FloatArray) -> tuple[float, float]:
    """Least and greatest height of the scale, multiples of 5 um with 0 on the scale; 0 and 5 where there are none."""
    known = z_um[np.isfinite(z_um)]
    if known.size == 0:
        return 0.0, _STEP_UM
    low, high = np.quantile(known[:: -(-known.size // _LOOKED_AT)], (_LEFT_OUT, 1.0 - _LEFT_OUT))
    low_um = min(0.0, math.floor(low / _STEP_UM) * _STEP_UM)
    return low_um, max(low_um + _STEP_UM, 0.0, math.ceil(high / _STEP_UM) * _STEP_UM)


def form_um(z_um: FloatArray, weight: FloatArray, *, pixel_um: float) -> FloatArray:
    """The heights of :func:`cropped` without the mark and what else is fine, in the same shape.

    First a plane and what is the same all round (the median over each circle), then a robust Gaussian filter, as in
    ISO 16610-31: what lies off the fit loses its weight (Tukey's), and the fit is made again.
    """
    size = (z_um.shape[1], z_um.shape[0])
    columns, rows = (max(1, round(count * pixel_um / _FORM_GRID_UM)) for count in size)
    covered = resized(weight, (columns, rows))
    heights_um = ratio(resized(z_um * weight, (columns, rows)), covered)
    round_um = _tilted_round_form(heights_um, covered)
    left_um = heights_um - round_um
    fitted_um, trusted = left_um, covered
    for _ in range(_ROUNDS):
        fitted_um = _twice_smoothed(left_um, trusted, _FORM_SIGMA_UM / _FORM_GRID_UM)
        off = np.minimum(np.abs(left_um - fitted_um) / _MARK_UM, 1.0)
        trusted = covered * (np.square(1.0 - np.square(off)) + _LEAST_TRUST)
    return resized(round_um + fitted_um, size)


def _tilted_round_form(z_um: FloatArray, weight: FloatArray) -> FloatArray:
    """A plane and what is the same all round, each fitted in turn to what is left."""
    known = weight > 0.5  # noqa: PLR2004 - more than half
    if not known.any():
        return np.zeros_like(z_um)
    axes = np.meshgrid(*(np.linspace(-1.0, 1.0, count) for count in z_um.shape[::-1]))
    basis = np.stack([axes[0], axes[1], np.ones_like(z_um)], axis=-1)
    plane_um = np.zeros_like(z_um)
    for _ in range(_ROUNDS):
        round_um = _round_form(z_um - plane_um, known)
        off_um = np.abs(z_um - plane_um - round_um)
        near = known & (off_um <= _NEAR * np.median(off_um[known]))
        plane_um = basis @ np.linalg.lstsq(basis[near], (z_um - round_um)[near], rcond=None)[0]
    return np.asarray(plane_um + _round_form(z_um - plane_um, known), dtype=np.float64)


def _round_form(z_um: FloatArray, known: NDArray[np.bool_]) -> FloatArray:
    """The height of the circle about the middle through each sample, whatever stands on it.

    First the median; then, of what that leaves, the middle of the least interval that holds a share of the circle's
    samples; last a running median over the circles, which keeps a slope as it is and drops those that are mostly mark.
    """
    from scipy.ndimage import median_filter

    rows, columns = (np.arange(count) - (count - 1) / 2 for count in z_um.shape)
    radius = np.hypot(rows[:, None], columns)
    every = np.arange(math.ceil(radius.max()) + 1)
    line_um = np.zeros(len(every))
    for share in (1.0, _DENSEST):
        left_um = (z_um - np.interp(radius, every, line_um))[known]
        line_um += np.interp(every, *_densest(np.round(radius[known]).astype(np.intp), left_um, share=share))
    smooth_um = median_filter(line_um, size=min(_CIRCLES, 2 * (len(line_um) // 2) - 1), mode="mirror")
    return np.asarray(np.interp(radius, every, smooth_um), dtype=np.float64)


def _densest(circle: NDArray[np.intp], z_um: FloatArray, *, share: float) -> tuple[NDArray[np.intp], FloatArray]:
    """The circles there are, and of each the median of the share of its samples that lie closest together."""
    order = np.lexsort((z_um, circle))
    circle, z_um = circle[order], z_um[order]
    circles, first, count = np.unique(circle, return_index=True, return_counts=True)
    held = np.ceil(share * count).astype(np.intp)
    end = np.arange(len(circle)) + np.repeat(held, count) - 1
    inside = end < np.repeat(first + count, count)
    width_um = np.where(inside, z_um[np.where(inside, end, 0)] - z_um, np.inf)
    begin = np.lexsort((width_um, circle))[first]
    return circles, z_um[begin + held // 2]


def _twice_smoothed(z_um: FloatArray, weight: FloatArray, sigma: float) -> FloatArray:
    """A weighted Gaussian mean and that of what it leaves: together they keep a paraboloid as it is."""
    first = _smoothed(z_um, weight, sigma)
    return first + _smoothed(z_um - first, weight, sigma)


def _smoothed(z_um: FloatArray, weight: FloatArray, sigma: float) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    sums, weights = (gaussian_filter(values, sigma, truncate=3.0, mode="nearest") for values in (z_um * weight, weight))
    return ratio(sums, weights)


def _scale(pixels: Pixels, pixel_um: float, low_um: float, high_um: float, *, ruled: bool) -> tuple[list[Shape], float]:
    """The scale of heights under the picture and its ruler, and how high it is: the colours, ticks with figures."""
    extent = extent_of(pixels, pixel_um)
    columns = pixels.shape[1]
    text_um = extent.width_um * text_share(columns)
    left_um, width_um = extent.left_um + 2 * text_um, extent.width_um - 4 * text_um
    ramp = colours_of(np.linspace(low_um, high_um, max(2, round(width_um / pixel_um)))[None, :], low_um, high_um)
    step_um = step_for(high_um - low_um, most=_MOST_FIGURES)
    figures_um = np.arange(math.ceil(low_um / step_um), math.floor(high_um / step_um) + 1) * step_um
    at_um = left_um + (figures_um - low_um) / (high_um - low_um) * width_um
    top_um = extent.low_um - (RULER_BELOW * text_um if ruled else 0.0)
    ticks = segments_of(
        np.stack([at_um, np.full_like(at_um, top_um - 0.5 * text_um)], axis=1),
        np.stack([at_um, np.full_like(at_um, top_um - 1.9 * text_um)], axis=1),
        name="scale-ticks",
        stroke=Stroke(colour=INK, width_um=text_um / 18),
    )
    colours = Picture(
        name="scale",
        pixels=ramp,
        left_um=left_um,
        low_um=top_um - 1.6 * text_um,
        width_um=width_um,
        height_um=text_um,
    )
    texts = [f"{figure:g}" for figure in figures_um.tolist()]
    texts[-1] += " um"
    words = [
        Words(text=text, x_um=x_um, y_um=top_um - 2.95 * text_um, size_um=text_um, room_um=8 * text_um, anchor=MIDDLE)
        for x_um, text in zip(at_um.tolist(), texts, strict=True)
    ]
    return [colours, ticks, *words], 3.4 * text_um
