"""From a primer's height map to the mark's relief: the dent's form taken off, and where the patch of contact ends.

Nothing here knows a mark. The form is a sphere or a plane, tilted as it may be, or bent unlike along two axes, as by an
elliptical tip or a chisel; what it leaves over is taken off by a normalised convolution (Knutsson and Westin, CVPR
1993), which does not smear the patch's edge or holes into the field.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

COARSE_UM = 10.0
"""Pixel of the coarse grid, on which form, patch and the mark's rough place are found."""
BACKGROUND_SIGMA_UM = 50.0
"""The background is a Gaussian mean this wide: over twice a stroke, under a third of a character."""

# A map finer than half of this is brought to about this pixel first; strokes of 20 um ask for no finer one.
_FINE_UM = 2.5
# The form is first fitted to a disc about the dent's middle, smaller than any patch that shows a whole text block ...
_SEED_RADIUS_UM = 250.0
# ... and then to all that stays within a band of it, which grows with each round.
_ROUNDS = 10
_BAND_SMOOTHING_UM = 20.0
_LEAST_BAND_UM, _MOST_BAND_UM = 8.0, 16.0
_BAND_SPREADS = 5.0
_MOST_OVERSHOOT_UM = 80.0
_LEAST_SAMPLES = 200
# A form that is not round is asked for where it would depart from a round one by more than this, root mean square, in
# the patch, and taken where the patch grows by this factor. On an ellipse and a chisel it grew by 1.7 and more, on
# spheres and flats by 1.2 at most, however badly they were struck. A form that bends less towards its edge, as a
# cone does, is not offered: it would follow the shoulder of a weak strike's dent, which is no patch.
_LEAST_DEPARTURE_UM, _LEAST_GAIN = 1.5, 1.5
# Teeth and shapes that a drag has smeared run into one another: their mean leaves the band, and the patch ends at them
# although floors stand between. So it is grown once more with depressions bridged that are narrower than this, a
# smeared stroke and more, and that is taken where it grows by this factor.
_BRIDGED_UM, _BRIDGED_GAIN = 100.0, 1.2
# Less than a character's height shows nothing.
_LEAST_EXTENT_UM = 100.0
_MM = 1e-3
_NEXT_TO_NOTHING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A sphere or plane z = bend (x^2 + y^2 + z^2) + slope_x x + slope_y y + level, in mm, z from ``base_um`` up.

    Where it is not round, unlike (x^2 - y^2) + slant x y is added.
    """

    bend: float
    slope_x: float
    slope_y: float
    level: float
    base_um: float
    unlike: float = 0.0
    slant: float = 0.0

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Height at the places, um; NaN beyond the sphere's equator."""
        x_mm, y_mm = x_um * _MM, y_um * _MM
        drive = self.bend * (x_mm * x_mm + y_mm * y_mm) + self.slope_x * x_mm + self.slope_y * y_mm + self.level
        if self.unlike or self.slant:
            drive += self.unlike * (x_mm * x_mm - y_mm * y_mm) + self.slant * x_mm * y_mm
        # The root of bend z^2 - z + drive = 0 that stays finite as the sphere becomes a plane.
        root = 1.0 - 4.0 * self.bend * drive
        with np.errstate(invalid="ignore"):
            return self.base_um + 2.0 * drive / (1.0 + np.sqrt(root)) / _MM


@dataclass(frozen=True, slots=True, kw_only=True)
class Coarse:
    """The coarse grid, (rows, columns) each: depth, 0 outside the patch, background, and distance inside the edge."""

    x0_um: float
    y0_um: float
    depth_um: FloatArray
    background_um: FloatArray
    inside_um: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A primer ready to be looked at: samples, the dent's form, and the coarse grid.

    contact_um : radius of the disc with the patch's area.
    """

    surface: HeightMap
    form: Form
    coarse: Coarse
    contact_um: float

    def look(self, x_um: FloatArray, y_um: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Depth of the print below its surroundings and distance inside the patch's edge, um, each of the shape asked.

        Depth is positive where a land has pressed; NaN outside the picture and next to a hole.
        """
        residual_um = self.residual_um(x_um, y_um)
        at = np.stack([(y_um - self.coarse.y0_um) / COARSE_UM, (x_um - self.coarse.x0_um) / COARSE_UM])
        background_um = _interpolated(self.coarse.background_um, at, outside=0.0)
        return background_um - residual_um, _interpolated(self.coarse.inside_um, at, outside=0.0)

    def middle_um(self) -> tuple[float, float]:
        """The mean place of the patch, x and y, um; that of the whole map where there is no patch."""
        inside = self.coarse.inside_um > 0
        rows, columns = np.nonzero(inside if inside.any() else ~inside)
        x_um, y_um = self.coarse.x0_um + COARSE_UM * columns.mean(), self.coarse.y0_um + COARSE_UM * rows.mean()
        return float(x_um), float(y_um)

    def residual_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Height over the dent's form, um; NaN outside the picture and next to a hole."""
        surface = self.surface
        at = np.stack([(y_um - surface.y0_um) / surface.pixel_um, (x_um - surface.x0_um) / surface.pixel_um])
        return _interpolated(surface.z_um, at, outside=np.nan) - self.form.height_um(x_um, y_um)


def field_of(surface: HeightMap) -> Field | None:
    """The primer's field; None where the map holds next to nothing."""
    return next(fields_of(surface), None)


def fields_of(surface: HeightMap) -> Iterator[Field]:
    """The primer's field, and what it is by the other kind of form; none where the map holds next to nothing."""
    if min(surface.z_um.shape) * surface.pixel_um < _LEAST_EXTENT_UM:
        return
    fine = _binned_to_working(surface)
    x_um, y_um, z_um, filled = _coarse_means(fine)
    if filled.sum() < _LEAST_SAMPLES:
        return
    for found in _forms_and_patches(x_um, y_um, z_um, filled):
        yield _field(fine, found, z_um=z_um, places_um=(x_um, y_um), filled=filled)


def _field(
    fine: HeightMap,
    found: tuple[Form, BoolArray, float],
    *,
    z_um: FloatArray,
    places_um: tuple[FloatArray, FloatArray],
    filled: BoolArray,
) -> Field:
    """The field by one form; z_um, places_um and filled : of the coarse grid."""
    form, patch, overshoot_um = found
    x_um, y_um = places_um
    residual_um = np.where(filled & patch, z_um - form.height_um(x_um, y_um), 0.0)
    inside_um = _distance_inside_um(patch) - overshoot_um
    weight = (filled & (inside_um > 0)).astype(np.float64)
    background_um = _local_mean(residual_um, weight, sigma_um=BACKGROUND_SIGMA_UM)
    coarse = Coarse(
        x0_um=fine.x0_um - fine.pixel_um / 2 + COARSE_UM / 2,
        y0_um=fine.y0_um - fine.pixel_um / 2 + COARSE_UM / 2,
        depth_um=(background_um - residual_um) * weight,
        background_um=background_um,
        inside_um=inside_um,
    )
    return Field(surface=fine, form=form, coarse=coarse, contact_um=_radius_um(inside_um > 0))


def _interpolated(grid: FloatArray, at: FloatArray, *, outside: float) -> FloatArray:
    from scipy.ndimage import map_coordinates

    values: FloatArray = map_coordinates(grid, at, order=1, mode="constant", cval=outside, prefilter=False)
    return values


def _binned_to_working(surface: HeightMap) -> HeightMap:
    """The map itself, or means over squares of its pixels where it is much finer than needed."""
    step = int(_FINE_UM / surface.pixel_um)
    if step <= 1:
        return surface
    rows, columns = (length // step for length in surface.z_um.shape)
    blocks = surface.z_um[: rows * step, : columns * step].reshape(rows, step, columns, step)
    shift_um = surface.pixel_um * (step - 1) / 2
    return HeightMap(
        z_um=blocks.mean(axis=(1, 3)),
        pixel_um=surface.pixel_um * step,
        x0_um=surface.x0_um + shift_um,
        y0_um=surface.y0_um + shift_um,
        frame=surface.frame,
        provenance=surface.provenance,
    )


def _coarse_means(surface: HeightMap) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """Means of x, y and z over coarse pixels, um, and which of them are at least half filled."""
    known = np.isfinite(surface.z_um)
    starts = [_bin_starts(length, surface.pixel_um) for length in surface.z_um.shape]
    samples = np.outer(*(np.diff([*start, length]) for start, length in zip(starts, surface.z_um.shape, strict=True)))
    count = _block_sums(known.astype(np.float64), starts)
    z_um = _block_sums(np.where(known, surface.z_um, 0.0), starts) / np.maximum(count, 1.0)
    x_line, y_line = (
        np.add.reduceat(line, start) / np.diff([*start, line.size])
        for line, start in ((surface.x_um(), starts[1]), (surface.y_um(), starts[0]))
    )
    x_um, y_um = np.meshgrid(x_line, y_line)
    return x_um, y_um, z_um, count >= samples / 2


def _bin_starts(length: int, pixel_um: float) -> NDArray[np.intp]:
    """First sample of every coarse pixel along an axis; pixels are finer than half a coarse one, so none is empty."""
    bins = max(int(length * pixel_um / COARSE_UM), 1)
    starts: NDArray[np.intp] = np.ceil(np.arange(bins) * COARSE_UM / pixel_um - 0.5).astype(np.intp)
    return starts


def _block_sums(values: FloatArray, starts: list[NDArray[np.intp]]) -> FloatArray:
    return np.add.reduceat(np.add.reduceat(values, starts[1], axis=1), starts[0], axis=0)


def _forms_and_patches(
    x_um: FloatArray, y_um: FloatArray, z_um: FloatArray, filled: BoolArray
) -> Iterator[tuple[Form, BoolArray, float]]:
    """The dent's form, the patch that follows it, grown from the dent's middle, and by how much that is too large.

    A form that is not round comes first where one is called for and much more follows it, else second.
    """
    found = _followed(x_um, y_um, z_um, filled, is_round=True)
    form, patch, _ = found
    own = patch & filled
    free = _fitted(x_um, y_um, z_um, own, is_round=False)
    departure_um = free.height_um(x_um[own], y_um[own]) - form.height_um(x_um[own], y_um[own])
    if np.sqrt(np.nanmean(np.square(departure_um))) > _LEAST_DEPARTURE_UM:
        again = _followed(x_um, y_um, z_um, filled, is_round=False)
        if again[1].sum() > _LEAST_GAIN * patch.sum():
            yield again
            yield found
            return
    yield found
    yield _followed(x_um, y_um, z_um, filled, is_round=False)


def _followed(
    x_um: FloatArray, y_um: FloatArray, z_um: FloatArray, filled: BoolArray, *, is_round: bool
) -> tuple[Form, BoolArray, float]:
    """The same by a sphere or plane, or by a form that need not be round; over what is smeared if that is much."""
    seed = _seed(x_um, y_um, z_um, filled)
    plain, bridged = (
        _followed_from(x_um, y_um, z_um, filled, seed, is_round=is_round, is_bridged=is_bridged)
        for is_bridged in (False, True)
    )
    return bridged if bridged[1].sum() > _BRIDGED_GAIN * plain[1].sum() else plain


def _followed_from(
    x_um: FloatArray,
    y_um: FloatArray,
    z_um: FloatArray,
    filled: BoolArray,
    seed: BoolArray,
    *,
    is_round: bool,
    is_bridged: bool,
) -> tuple[Form, BoolArray, float]:
    """The same from a seed on; bridged, by floors alone, over depressions that are narrow."""

    def beside_um(form: Form) -> FloatArray:
        difference_um = z_um - form.height_um(x_um, y_um)
        return _bridged(difference_um, filled) if is_bridged else difference_um

    patch = seed
    form = _fitted(x_um, y_um, z_um, seed, is_round=is_round)
    band_um = _band_um(_smoothed(beside_um(form), filled)[seed])
    for _ in range(_ROUNDS):
        left_um = beside_um(form)
        smooth_um = _smoothed(left_um, filled)
        before, patch = patch, _grown(np.abs(smooth_um) < band_um, seed)
        if (before == patch).all():
            break
        followed_um = form.height_um(x_um, y_um) + left_um if is_bridged else z_um
        form = _fitted(x_um, y_um, followed_um, patch & filled & np.isfinite(followed_um), is_round=is_round)
    return form, patch, _overshoot_um(smooth_um, patch, band_um)


def _bridged(difference_um: FloatArray, filled: BoolArray) -> FloatArray:
    """Differences from the form with narrow depressions filled: a grey closing by a square; NaN where nothing is."""
    from scipy.ndimage import grey_closing

    usable = filled & np.isfinite(difference_um)
    if not usable.any():
        return difference_um
    lowest_um = float(difference_um[usable].min())
    side = 2 * round(_BRIDGED_UM / COARSE_UM / 2) + 1
    closed_um = grey_closing(np.where(usable, difference_um, lowest_um), size=(side, side))
    return np.where(usable, closed_um, np.nan)


def _seed(x_um: FloatArray, y_um: FloatArray, z_um: FloatArray, filled: BoolArray) -> BoolArray:
    """A disc about the middle of the deeper half of the dent."""
    least, most = np.percentile(z_um[filled], (1, 99))
    deep = filled & (z_um <= (least + most) / 2)
    reach_um = np.hypot(x_um - x_um[deep].mean(), y_um - y_um[deep].mean())
    seed: BoolArray = filled & (reach_um < _SEED_RADIUS_UM)
    return seed if seed.sum() >= _LEAST_SAMPLES else filled


def _fitted(x_um: FloatArray, y_um: FloatArray, z_um: FloatArray, chosen: BoolArray, *, is_round: bool) -> Form:
    """Least squares for the form through the chosen samples; linear, since z stands on both sides."""
    x_mm, y_mm = x_um[chosen] * _MM, y_um[chosen] * _MM
    base_um = float(z_um[chosen].min())
    z_mm = (z_um[chosen] - base_um) * _MM
    columns = [x_mm * x_mm + y_mm * y_mm + z_mm * z_mm, x_mm, y_mm, np.ones_like(x_mm)]
    if not is_round:
        columns += [x_mm * x_mm - y_mm * y_mm, x_mm * y_mm]
    found = np.linalg.lstsq(np.column_stack(columns), z_mm)[0].tolist()
    names = ("bend", "slope_x", "slope_y", "level", "unlike", "slant")
    return Form(base_um=base_um, **dict(zip(names, found, strict=False)))


def _smoothed(difference_um: FloatArray, filled: BoolArray) -> FloatArray:
    """Differences from the form with the mark's own texture smoothed away, NaN where there is nothing to smooth."""
    usable = filled & np.isfinite(difference_um)
    mean = _local_mean(np.where(usable, difference_um, 0.0), usable.astype(np.float64), sigma_um=_BAND_SMOOTHING_UM)
    return np.where(usable, mean, np.nan)


def _band_um(smooth_um: FloatArray) -> float:
    """How far the patch may stray from its form: several times what its middle does."""
    spread_um = 1.4826 * float(np.nanmedian(np.abs(smooth_um - np.nanmedian(smooth_um))))
    return float(np.clip(_BAND_SPREADS * spread_um, _LEAST_BAND_UM, _MOST_BAND_UM))


def _grown(close: BoolArray, seed: BoolArray) -> BoolArray:
    """All that is close to the form and hangs together with the seed; enclosed holes belong to it."""
    from scipy.ndimage import binary_fill_holes, binary_opening, label

    parts, _ = label(binary_opening(close, iterations=2))
    sizes = np.bincount(parts[seed], minlength=2)
    if not sizes[1:].any():
        return seed
    whole: BoolArray = binary_fill_holes(parts == 1 + int(np.argmax(sizes[1:])))
    return whole


def _overshoot_um(smooth_um: FloatArray, patch: BoolArray, band_um: float) -> float:
    """How far beyond the true edge the surface strays by a band: the band over its slope against the form there."""
    from scipy.ndimage import binary_dilation

    near = binary_dilation(patch, iterations=1)
    rim = binary_dilation(near, iterations=2) & ~near
    slope = np.hypot(*np.gradient(smooth_um, COARSE_UM))[rim]
    known = slope[np.isfinite(slope)]
    if known.size == 0:
        return 0.0
    return float(min(band_um / max(float(np.median(known)), 1e-9), _MOST_OVERSHOOT_UM))


def _local_mean(values: FloatArray, weight: FloatArray, *, sigma_um: float) -> FloatArray:
    """Gaussian mean of the values that have weight, 0 where none is near."""
    from scipy.ndimage import gaussian_filter

    sigma = sigma_um / COARSE_UM
    total = gaussian_filter(weight, sigma, mode="constant")
    mean = gaussian_filter(values * weight, sigma, mode="constant") / np.maximum(total, _NEXT_TO_NOTHING)
    return np.where(total > _NEXT_TO_NOTHING, mean, 0.0)


def _radius_um(patch: BoolArray) -> float:
    return float(np.sqrt(patch.sum() / np.pi) * COARSE_UM)


def _distance_inside_um(patch: BoolArray) -> FloatArray:
    """Distance to the nearest place outside the patch, um; the picture's own border counts as outside."""
    from scipy.ndimage import distance_transform_edt

    distance: FloatArray = distance_transform_edt(np.pad(patch, 1))[1:-1, 1:-1] * COARSE_UM
    return distance
