"""A rigid tip on an elastic half-space that yields at its hardness, by boundary elements: ``engrave.strike.saturated``.

The window of ``press`` and ``press_to`` is the tip's own grid, unpadded: a patch that does not fit half of it is
refused. ``press_coarsely`` surrounds the tip itself. Volume is not conserved: what yields vanishes. A rigid tip and E*
stand for two elastic bodies.
"""

from dataclasses import dataclass, replace
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError, raise_faults
from engrave.base.units import JOULES_A_N_UM, NEWTONS_A_PA_UM2
from engrave.strike.saturated import TOLERANCE, BoolArray, Load, SingleArray, Solution, convolved, fast_shape, solve
from engrave.strike.squares import (
    Squares,
    box_about,
    filled_lines,
    interpolated,
    on_whole_squares,
    samples_of,
    squares_over,
    summed,
)
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]

# Samples along the longer side of the coarse field's window, a few more where its squares do not begin with the tip.
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

    field : the coarse contact, on squares of ``field.pixel_um``, the first beginning with the tip's first sample.
    displacement_um : (rows, columns) float32, touching : (rows, columns) bool, on all samples of the tip's grid.
    approach_um : as in ``Contact``.
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
    metal = _Metal(force_n=force_n, reduced_modulus_pa=reduced_modulus_pa, hardness_pa=hardness_pa)
    return _settled(metal.load(body), pixel_um=tip.pixel_um, reduced_modulus_pa=reduced_modulus_pa)


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
    """The contact under a force, solved on means over squares of samples, then read at full resolution.

    tip : pin frame, of any extent: empty squares surround those that hold heights, in a window of about
    ``COARSE_SAMPLES``, twice as large as they, so that any patch fits. The elastic surface is smooth beside the relief:
    it is solved coarsely and interpolated. The first field presses the means of the heights; it says which samples of
    each square touch, and the second presses those. The tip touches, at full resolution, where it reaches below the
    second surface, at the level that gives the coarse contact's area; that is the approach where most of the patch
    yields. Heights in half as many samples as the window are solved as they are.
    Raises ValueError and InputError as ``press`` does, but for the window.
    """
    _require(tip, force=force_n, reduced_modulus=reduced_modulus_pa, hardness=hardness_pa)
    metal = _Metal(force_n=force_n, reduced_modulus_pa=reduced_modulus_pa, hardness_pa=hardness_pa)
    squares = squares_over(np.isfinite(tip.z_um), window=COARSE_SAMPLES)
    z_um = on_whole_squares(tip.z_um, squares)[squares.fine]
    body = _block_means(z_um, np.isfinite(z_um), pixel_um=tip.pixel_um, factor=squares.factor)
    field = _surrounded(metal.load(body), metal, pixel_um=body.pixel_um)
    if squares.factor > 1:
        nearer = _touching_means(body, z_um, field, squares.factor)
        # Close to what all of the tip bears, those that touch may be a few too few: then the means are as good.
        if force_n < metal.most_n(nearer):
            body, field = nearer, _surrounded(metal.load(nearer), metal, pixel_um=body.pixel_um)
    return _read(field, body, z_um, squares, metal=metal, tip=tip)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metal:
    """The force, and what it presses against."""

    force_n: float
    reduced_modulus_pa: float
    hardness_pa: float

    def most_n(self, body: _Body) -> float:
        """What all of a body bears at the hardness."""
        return self.hardness_pa * body.area_um2 * NEWTONS_A_PA_UM2

    def load(self, body: _Body) -> Load:
        """A body under the force. Raises InputError where all of the body, at the hardness, bears no more than it."""
        most_n = self.most_n(body)
        if self.force_n >= most_n:
            raise InputError(
                f"force: {self.force_n:g} N is too much for the tip's {body.area_um2 * 1e-6:.4g} mm2, which bear "
                f"{most_n:.4g} N at a hardness of {self.hardness_pa / 1e6:g} MPa; lower the force, or give more of the "
                "tip"
            )
        return Load(
            heights=body.heights(),
            cap=body.cap(self.hardness_pa / self.reduced_modulus_pa),
            total=self.force_n / (self.reduced_modulus_pa * body.pixel_um**2 * NEWTONS_A_PA_UM2),
        )


def _settled(load: Load, *, pixel_um: float, reduced_modulus_pa: float) -> Contact:
    """Solve on the window as it is, check that it was large enough, and give the units back."""
    solution = solve(load)
    patch = solution.pressure > 0
    _require_half(patch, pixel_um)
    rows, columns = patch.shape
    sunk = convolved(solution.pressure, fast_shape((2 * rows - 1, 2 * columns - 1)))
    overlap = (load.heights + np.float32(solution.level) - sunk)[_far(patch) & (load.cap > 0)]
    if overlap.max(initial=0.0) > TOLERANCE * float(sunk.max()):
        raise InputError(_too_large("the tip touches farther out than half the window", pixel_um, patch.shape))
    return _contact(solution, sunk, pixel_um=pixel_um, reduced_modulus_pa=reduced_modulus_pa)


def _surrounded(load: Load, metal: _Metal, *, pixel_um: float) -> Contact:
    """Solve in a window of twice the load's length and width: large enough whatever touches."""
    rows, columns = load.heights.shape
    solution = solve(load, window=fast_shape((2 * rows, 2 * columns)))
    return _contact(solution, solution.sunk, pixel_um=pixel_um, reduced_modulus_pa=metal.reduced_modulus_pa)


def _contact(solution: Solution, sunk: SingleArray, *, pixel_um: float, reduced_modulus_pa: float) -> Contact:
    return Contact(
        pressure_pa=solution.pressure.astype(np.float64) * reduced_modulus_pa,
        displacement_um=sunk.astype(np.float64) * pixel_um,
        touching=solution.pressure > 0,
        approach_um=solution.level * pixel_um,
        pixel_um=pixel_um,
        iterations=solution.iterations,
    )


def _require_half(patch: BoolArray, pixel_um: float) -> None:
    """Raise InputError where the farthest samples of the patch are more than half the window apart."""
    for places, window, name in zip(filled_lines(patch), patch.shape, ("rows", "columns"), strict=True):
        if places.size and 2 * int(places[-1] - places[0]) > window:
            spanned = f"the patch spans {places[-1] - places[0] + 1} of the window's {window} {name}"
            raise InputError(_too_large(spanned, pixel_um, patch.shape))


def _far(patch: BoolArray) -> BoolArray:
    """Samples more than half a window from some of the patch: what the solver took to be nearer than it is."""
    far = []
    for places, window in zip(filled_lines(patch), patch.shape, strict=True):
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


def _read(
    field: Contact, body: _Body, z_um: SingleArray, squares: Squares, *, metal: _Metal, tip: HeightMap
) -> CoarseContact:
    """The coarse contact of the samples in the box, read on all of the tip's."""
    field = _on_all_squares(field, squares, metal)
    factor = squares.factor
    fine_um = interpolated(field.displacement_um.astype(np.float32), factor)
    margin_um = fine_um[squares.fine] - z_um
    pressing = field.touching[squares.box]
    samples = round(float(body.share[pressing].sum(dtype=np.float64)) * factor**2)
    level_um = _level_of(margin_um, samples, near_um=field.approach_um)
    touching = field.touching.copy() if factor == 1 else np.zeros(fine_um.shape, dtype=np.bool_)
    if factor > 1:
        # NaN compares as false: what is not there does not touch.
        np.less_equal(margin_um, np.float32(level_um), out=touching[squares.fine])
    bearing_pa = field.pressure_pa[squares.box][pressing]
    yields = bearing_pa >= metal.hardness_pa * body.share[pressing] * _AT_THE_CAP
    # Where half of the patch lies on the tip, the samples that do tell the approach better than the area.
    mostly_elastic = 2 * int(np.count_nonzero(yields)) <= yields.size
    rows, columns = tip.z_um.shape
    return CoarseContact(
        field=field,
        displacement_um=fine_um[:rows, :columns],
        touching=touching[:rows, :columns],
        approach_um=field.approach_um if mostly_elastic else level_um,
        pixel_um=tip.pixel_um,
    )


def _on_all_squares(field: Contact, squares: Squares, metal: _Metal) -> Contact:
    """A field of the squares in the box, on all squares of the grid."""
    if field.touching.shape == (squares.rows, squares.columns):
        return field
    pressure_pa = np.zeros((squares.rows, squares.columns))
    pressure_pa[squares.box] = field.pressure_pa
    # Twice the farthest that a square may be from one in the box.
    down, across = (
        2 * max(side.stop, length - side.start) for side, length in zip(squares.box, pressure_pa.shape, strict=True)
    )
    sunk = convolved((pressure_pa / metal.reduced_modulus_pa).astype(np.float32), fast_shape((down, across)))
    return replace(
        field,
        pressure_pa=pressure_pa,
        displacement_um=sunk.astype(np.float64) * field.pixel_um,
        touching=pressure_pa > 0,
    )


def _block_means(z_um: SingleArray, chosen: BoolArray, *, pixel_um: float, factor: int) -> _Body:
    """Means of the chosen samples over squares of samples, and the share of each square that was chosen."""
    counts = summed(chosen.view(np.uint8), factor, dtype=np.uint16).astype(np.float32)
    sums = summed(np.where(chosen, z_um, np.float32(0)), factor, dtype=np.float32)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.float32(np.nan))
    return _Body(z_um=means, share=counts / np.float32(factor**2), pixel_um=pixel_um * factor)


def _touching_means(body: _Body, z_um: SingleArray, field: Contact, factor: int) -> _Body:
    """The body with each square of the patch at the height, and with the share, of its samples that touch."""
    coarse = box_about(field.touching)
    fine = samples_of(coarse, factor)
    margin_um = interpolated(field.displacement_um[coarse].astype(np.float32), factor)
    margin_um -= z_um[fine]
    nearly = margin_um <= np.float32(field.approach_um + _NEARLY_UM)
    patch = _block_means(z_um[fine], nearly, pixel_um=body.pixel_um / factor, factor=factor)
    heights_um, share = body.z_um.copy(), body.share.copy()
    # A square of which nothing touches stays as it was: the patch may yet grow.
    touched = patch.share > 0
    heights_um[coarse][touched] = patch.z_um[touched]
    share[coarse][touched] = patch.share[touched]
    return _Body(z_um=heights_um, share=share, pixel_um=body.pixel_um)


def _level_of(margin_um: SingleArray, samples: int, *, near_um: float) -> float:
    """The approach at which so many samples touch, if it is within a band about ``near_um``; else that."""
    low, high = np.float32(near_um - _BAND_UM), np.float32(near_um + _BAND_UM)
    wanted = samples - int(np.count_nonzero(margin_um < low))
    band = margin_um[(margin_um >= low) & (margin_um <= high)]
    return float(np.partition(band, wanted - 1)[wanted - 1]) if 0 < wanted <= band.size else near_um
