"""A rigid tip on an elastic half-space that yields at its hardness, by boundary elements: ``engrave.strike.saturated``.

The window is the tip's own grid. It is not padded: a patch that does not fit half of it is refused. Volume is not
conserved: what yields vanishes. A rigid tip and E* stand for two elastic bodies.
"""

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError, raise_faults
from engrave.strike.reference import JOULES_A_N_UM, NEWTONS_A_PA_UM2
from engrave.strike.saturated import TOLERANCE, BoolArray, Load, SingleArray, convolved, fast_shape, solve
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
Box = tuple[slice, slice]

# Samples along the longer side of the coarse field.
COARSE_SAMPLES = 256
# On the second coarse field a square's height and cap are those of its samples that touch, or nearly do, on the first.
_NEARLY_UM = 0.3
# In single precision a pressure of this share of the cap is the cap.
_AT_THE_CAP = 1.0 - 1e-6
# The first guess of the approach at full resolution, the coarse field's, is off by less than this.
_BAND_UM = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A tip under load, on the tip's samples and in its frame.

    pressure_pa : (rows, columns) float. displacement_um : (rows, columns) float, how far the surface has sunk
    elastically. touching : (rows, columns) bool. approach_um : depth of the tip's plane z = 0 below the undeformed
    primer. iterations : how many the solver took.
    """

    pressure_pa: FloatArray
    displacement_um: FloatArray
    touching: BoolArray
    approach_um: float
    pixel_um: float
    iterations: int

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.pressure_pa, self.displacement_um, self.touching):
            array.setflags(write=False)

    @property
    def force_n(self) -> float:
        """The sum of all pressures."""
        return float(self.pressure_pa.sum()) * self.pixel_um**2 * NEWTONS_A_PA_UM2

    @property
    def area_um2(self) -> float:
        """Area in contact."""
        return float(np.count_nonzero(self.touching)) * self.pixel_um**2

    @property
    def elastic_energy_j(self) -> float:
        """What the half-space gives back: half the sum of pressure times displacement."""
        product = float(np.vdot(self.pressure_pa, self.displacement_um))
        return 0.5 * product * self.pixel_um**2 * NEWTONS_A_PA_UM2 * JOULES_A_N_UM


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseContact:
    """Contact solved on a coarse field, and where the tip touches at its own resolution.

    field : the coarse contact, whose samples are ``field.pixel_um`` apart. displacement_um, touching : (rows, columns)
    on the tip's samples. approach_um : as in ``Contact``.
    """

    field: Contact
    displacement_um: SingleArray
    touching: BoolArray
    approach_um: float
    pixel_um: float

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.displacement_um, self.touching):
            array.setflags(write=False)

    @property
    def area_um2(self) -> float:
        """Area in contact, at the tip's resolution."""
        return float(np.count_nonzero(self.touching)) * self.pixel_um**2


def press(tip: HeightMap, *, force_n: float, reduced_modulus_pa: float, hardness_pa: float = inf) -> Contact:
    """The contact under a force, at the tip's own resolution.

    tip : pin frame; NaN never touches. Raises ValueError in another frame, and InputError where a figure is not
    positive, where the tip cannot bear the force at that hardness, or where the patch does not fit half the window.
    """
    _require(tip, force=force_n, reduced_modulus=reduced_modulus_pa, hardness=hardness_pa)
    body = _Body(z_um=tip.z_um, share=np.isfinite(tip.z_um).astype(np.float32), pixel_um=tip.pixel_um)
    return _under_force(body, force_n=force_n, reduced_modulus_pa=reduced_modulus_pa, hardness_pa=hardness_pa)


def press_to(tip: HeightMap, *, approach_um: float, reduced_modulus_pa: float, hardness_pa: float = inf) -> Contact:
    """The contact at an approach; without force where the tip does not reach the primer.

    Raises ValueError and InputError as ``press`` does, but for the force, which is the answer here.
    """
    _require(tip, reduced_modulus=reduced_modulus_pa, hardness=hardness_pa)
    if not isfinite(approach_um):
        raise InputError(f"approach: {approach_um:g} um must be finite")
    body = _Body(z_um=tip.z_um, share=np.isfinite(tip.z_um).astype(np.float32), pixel_um=tip.pixel_um)
    load = Load(
        heights=body.heights(),
        cap=body.cap(hardness_pa / reduced_modulus_pa),
        level=approach_um / tip.pixel_um,
    )
    return _settled(load, pixel_um=tip.pixel_um, reduced_modulus_pa=reduced_modulus_pa)


def press_coarsely(
    tip: HeightMap, *, force_n: float, reduced_modulus_pa: float, hardness_pa: float = inf
) -> CoarseContact:
    """The contact under a force, solved on at most ``COARSE_SAMPLES`` squared means, then read at full resolution.

    The elastic surface is smooth beside the relief: it is solved coarsely and interpolated. The first field presses the
    means of the heights; it says which samples of each square touch, and the second presses those. The tip touches, at
    full resolution, where it reaches below the second surface, at the level that gives the coarse contact's area; that
    is the approach where most of the patch yields. A tip no larger than the coarse field is solved as it is.
    Raises ValueError and InputError as ``press`` does.
    """
    factor = -(-max(tip.z_um.shape) // COARSE_SAMPLES)
    if factor == 1:
        return _as_coarse(press(tip, force_n=force_n, reduced_modulus_pa=reduced_modulus_pa, hardness_pa=hardness_pa))
    _require(tip, force=force_n, reduced_modulus=reduced_modulus_pa, hardness=hardness_pa)
    z_um = _padded(tip.z_um.astype(np.float32), factor)
    body = _block_means(z_um, np.isfinite(z_um), pixel_um=tip.pixel_um, factor=factor)
    field = _under_force(body, force_n=force_n, reduced_modulus_pa=reduced_modulus_pa, hardness_pa=hardness_pa)
    body = _touching_means(body, z_um, field, factor=factor)
    field = _under_force(body, force_n=force_n, reduced_modulus_pa=reduced_modulus_pa, hardness_pa=hardness_pa)
    fine_um = _interpolated(field.displacement_um.astype(np.float32), factor)
    margin_um = fine_um - z_um
    samples = round(float(body.share[field.touching].sum(dtype=np.float64)) * factor**2)
    level_um = _level_of(margin_um, samples, near_um=field.approach_um)
    rows, columns = tip.z_um.shape
    return CoarseContact(
        field=field,
        displacement_um=fine_um[:rows, :columns],
        # NaN compares as false: what is not there does not touch.
        touching=(margin_um <= np.float32(level_um))[:rows, :columns],
        approach_um=field.approach_um if _is_mostly_elastic(field, body, hardness_pa=hardness_pa) else level_um,
        pixel_um=tip.pixel_um,
    )


def _require(tip: HeightMap, **values: float) -> None:
    """Raise ValueError for a wrong frame, InputError with every figure that is not positive; hardness may be inf."""
    if tip.frame != "pin":
        raise ValueError(f"contact: the tip must be given in the pin frame, not the {tip.frame} frame")
    faults = [
        f"{name}: {value:g} must be positive" + ("" if name == "hardness" else " and finite")
        for name, value in values.items()
        if not value > 0.0 or (value == inf and name != "hardness")
    ]
    if not np.isfinite(tip.z_um).any():
        faults.append("tip: has no sample with a height; give the surface that is to be pressed")
    raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """Heights on square samples, NaN where there is none, and the share of each sample that can press."""

    z_um: NDArray[np.floating]
    share: SingleArray
    pixel_um: float

    @property
    def area_um2(self) -> float:
        """Area that can press."""
        return float(self.share.sum(dtype=np.float64)) * self.pixel_um**2

    def heights(self) -> SingleArray:
        """Heights in samples; the least of them where there is none."""
        there = np.isfinite(self.z_um)
        filled = np.where(there, self.z_um, self.z_um[there].min())
        return (filled / self.pixel_um).astype(np.float32)

    def cap(self, hardness: float) -> SingleArray:
        """The most that each sample bears, in E*; hardness in E*."""
        cap = np.zeros_like(self.share)
        cap[self.share > 0] = self.share[self.share > 0] * np.float32(hardness)
        return cap


def _under_force(body: _Body, *, force_n: float, reduced_modulus_pa: float, hardness_pa: float) -> Contact:
    """The contact under a force. Raises InputError where all of the body, at the hardness, bears no more than it."""
    most_n = hardness_pa * body.area_um2 * NEWTONS_A_PA_UM2
    if force_n >= most_n:
        raise InputError(
            f"force: {force_n:g} N is too much for the tip's {body.area_um2 * 1e-6:.4g} mm2, which bear {most_n:.4g} N "
            f"at a hardness of {hardness_pa / 1e6:g} MPa; lower the force, or give more of the tip"
        )
    load = Load(
        heights=body.heights(),
        cap=body.cap(hardness_pa / reduced_modulus_pa),
        total=force_n / (reduced_modulus_pa * body.pixel_um**2 * NEWTONS_A_PA_UM2),
    )
    return _settled(load, pixel_um=body.pixel_um, reduced_modulus_pa=reduced_modulus_pa)


def _settled(load: Load, *, pixel_um: float, reduced_modulus_pa: float) -> Contact:
    """Solve, check that the window was large enough, and give the units back."""
    solution = solve(load)
    patch = solution.pressure > 0
    _require_half(patch, pixel_um)
    rows, columns = patch.shape
    sunk = convolved(solution.pressure, fast_shape((2 * rows - 1, 2 * columns - 1)))
    overlap = (load.heights + np.float32(solution.level) - sunk)[_far(patch) & (load.cap > 0)]
    if overlap.max(initial=0.0) > TOLERANCE * float(sunk.max()):
        raise InputError(_too_large("the tip touches farther out than half the window", pixel_um, patch.shape))
    return Contact(
        pressure_pa=solution.pressure.astype(np.float64) * reduced_modulus_pa,
        displacement_um=sunk.astype(np.float64) * pixel_um,
        touching=patch,
        approach_um=solution.level * pixel_um,
        pixel_um=pixel_um,
        iterations=solution.iterations,
    )


def _require_half(patch: BoolArray, pixel_um: float) -> None:
    """Raise InputError where the farthest samples of the patch are more than half the window apart."""
    for axis, name in enumerate(("rows", "columns")):
        places = np.flatnonzero(patch.any(axis=1 - axis))
        window = patch.shape[axis]
        if places.size and 2 * int(places[-1] - places[0]) > window:
            spanned = f"the patch spans {places[-1] - places[0] + 1} of the window's {window} {name}"
            raise InputError(_too_large(spanned, pixel_um, patch.shape))


def _far(patch: BoolArray) -> BoolArray:
    """Samples more than half a window from some of the patch: what the solver took to be nearer than it is."""
    far = []
    for axis, window in enumerate(patch.shape):
        places = np.flatnonzero(patch.any(axis=1 - axis))
        at = np.arange(window)
        reach = np.maximum(np.abs(at - places[0]), np.abs(at - places[-1])) if places.size else np.zeros(window)
        far.append(2 * reach > window)
    beyond: BoolArray = far[0][:, np.newaxis] | far[1][np.newaxis, :]
    return beyond


def _too_large(what: str, pixel_um: float, shape: tuple[int, ...]) -> str:
    rows, columns = shape
    return (
        f"window: {what}; a window of {columns * pixel_um:g} um by {rows * pixel_um:g} um holds a patch of half that: "
        "surround the tip with more empty samples (NaN), or press less"
    )


def _as_coarse(contact: Contact) -> CoarseContact:
    """What was solved at the tip's own resolution, by the name of a coarse field."""
    return CoarseContact(
        field=contact,
        displacement_um=contact.displacement_um.astype(np.float32),
        touching=contact.touching.copy(),
        approach_um=contact.approach_um,
        pixel_um=contact.pixel_um,
    )


def _is_mostly_elastic(field: Contact, body: _Body, *, hardness_pa: float) -> bool:
    """Whether half of the patch lies on the tip: then the samples that do tell the approach better than the area."""
    bearing_pa = field.pressure_pa[field.touching]
    yields = bearing_pa >= hardness_pa * body.share[field.touching] * _AT_THE_CAP
    return 2 * int(np.count_nonzero(yields)) <= yields.size


def _padded(z_um: SingleArray, factor: int) -> SingleArray:
    """Heights on whole squares of samples: NaN below the last row and behind the last column."""
    rows, columns = (-length % factor for length in z_um.shape)
    return np.pad(z_um, ((0, rows), (0, columns)), constant_values=np.nan) if rows or columns else z_um


def _block_means(z_um: SingleArray, chosen: BoolArray, *, pixel_um: float, factor: int) -> _Body:
    """Means of the chosen samples over squares of samples, and the share of each square that was chosen."""
    counts = _block_sums(chosen.astype(np.float32), factor)
    sums = _block_sums(np.where(chosen, z_um, np.float32(0)), factor)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.float32(np.nan))
    return _Body(z_um=means, share=counts / np.float32(factor**2), pixel_um=pixel_um * factor)


def _block_sums(values: SingleArray, factor: int) -> SingleArray:
    """Sums over squares of samples; rows first, which lie together in memory."""
    rows, columns = values.shape
    by_row = values.reshape(rows // factor, factor, columns).sum(axis=1)
    sums: SingleArray = by_row.reshape(rows // factor, columns // factor, factor).sum(axis=2)
    return sums


def _touching_means(body: _Body, z_um: SingleArray, field: Contact, *, factor: int) -> _Body:
    """The body with each square of the patch at the height, and with the share, of its samples that touch."""
    coarse, fine = _patch_boxes(field.touching, factor)
    margin_um = _interpolated(field.displacement_um[coarse].astype(np.float32), factor) - z_um[fine]
    nearly = margin_um <= np.float32(field.approach_um + _NEARLY_UM)
    patch = _block_means(z_um[fine], nearly, pixel_um=body.pixel_um / factor, factor=factor)
    heights_um, share = body.z_um.copy(), body.share.copy()
    # A square of which nothing touches stays as it was: the patch may yet grow.
    touched = patch.share > 0
    heights_um[coarse][touched] = patch.z_um[touched]
    share[coarse][touched] = patch.share[touched]
    return _Body(z_um=heights_um, share=share, pixel_um=body.pixel_um)


def _patch_boxes(touching: BoolArray, factor: int) -> tuple[Box, Box]:
    """The patch with two samples about it, as slices of the coarse field and of the tip."""
    ends = []
    for axis, size in enumerate(touching.shape):
        places = np.flatnonzero(touching.any(axis=1 - axis))
        ends.append((max(int(places[0]) - 2, 0), min(int(places[-1]) + 3, size)))
    (top, bottom), (left, right) = ends
    coarse = (slice(top, bottom), slice(left, right))
    return coarse, (slice(top * factor, bottom * factor), slice(left * factor, right * factor))


def _level_of(margin_um: SingleArray, samples: int, *, near_um: float) -> float:
    """The approach at which so many samples touch, if it is within a band about ``near_um``; else that."""
    low, high = np.float32(near_um - _BAND_UM), np.float32(near_um + _BAND_UM)
    wanted = samples - int(np.count_nonzero(margin_um < low))
    band = margin_um[(margin_um >= low) & (margin_um <= high)]
    return float(np.partition(band, wanted - 1)[wanted - 1]) if 0 < wanted <= band.size else near_um


def _interpolated(coarse: SingleArray, factor: int) -> SingleArray:
    """Means over squares of samples as samples again, linear between the squares' middles."""
    for axis in (1, 0):
        length = coarse.shape[axis]
        place = np.clip((np.arange(length * factor) + 0.5) / factor - 0.5, 0.0, length - 1.0)
        before = np.minimum(place.astype(np.intp), max(length - 2, 0))
        after = np.minimum(before + 1, length - 1)
        share = (place - before).astype(np.float32)
        share = share[:, np.newaxis] if axis == 0 else share
        first = coarse.take(before, axis=axis)
        step = coarse.take(after, axis=axis)
        step -= first
        step *= share
        step += first
        coarse = step
    return coarse
