"""The strike: from the cut tip to the dent it leaves in a primer.

The cup's own give (how deep, how wide) comes from closed forms fitted to finite elements, where the patch lies and how
the surface springs back from the contact solver, and how far metal follows into the mark from the fill law.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.base.frames import mirrored_map
from engrave.base.units import NEWTONS_A_PA_UM2
from engrave.strike.aftermath import dragged, moved, pressed_again
from engrave.strike.contact import press_coarsely
from engrave.strike.data import Condition, Primer
from engrave.strike.following import followed
from engrave.strike.grids import SingleArray, block_means, interpolated, smoothed
from engrave.strike.mechanics import TRAVEL_RELIEFS, Blow, fill_fraction, patch_over_section
from engrave.strike.placing import Placed, placed, posed
from engrave.strike.texture import texture_um
from engrave.strike.wear import chipped, fouled, worn
from toolpaths.surface import HeightMap, Surface

BoolArray = NDArray[np.bool_]
Generator = np.random.Generator

# The land fraction that decides whether lands sink is the mean over about a glyph's stroke and its two gaps (prior).
_NEIGHBOURHOOD_UM = 30.0
# Beyond the patch the free surface comes back to the level of the cup over about this share of its radius (prior).
_FREE_SURFACE_DECAY = 0.35
# A floor is the depth below the tip's own surface that this share of the patch does not exceed; one sample in so many
# along each axis tells it.
_FLOOR_PERCENTILE = 95.0
_FLOOR_STEP = 4
# Relief shallower than this is texture, not a mark.
_LEAST_RELIEF_UM = 0.1
# Metal does not bend more sharply than this in a strike (prior).
METAL_RADIUS_UM = 5.0
# A tip that touches all over bears no more than its whole area at its hardness; the solver wants a little less.
_MOST_AREA_SHARE = 0.985
# Of a tip that leans, or whose outline cuts its patch off, the section is what of it went below the cup's level. It
# counts where the closed form's is greater by more than this: a lean only moves a sphere's patch.
_LEVEL_SHARE = 1.05
# Where nothing backs a flat, it presses with next to nothing.
_LEAST_HARDNESS_PA = 1e6
# The land fraction is computed on squares at least this many times finer than the mean's width.
_SAMPLES_A_WIDTH = 5.0
# The free surface about the patch is smooth: it is computed on squares of so many samples.
_COARSE = 9
_HALF = 0.5
_EDGE_SQUARES = 2.0
# Simulated heights are rounded, so that the last bits of a machine's arithmetic do not show in files.
_DECIMALS_UM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression:
    """What the strike left.

    surface : the primer in the reading frame; z = 0 is the cup before the strike, negative is into it.
    contact_um : radius of the disc with the area of the patch in which the tip's own surface was reached.
    pressure : mean pressure over flow stress there. dent_um : depth that a blank tip would have reached under load;
    sunk_um : how much deeper the marked tip went, filling its floors. force_n, energy_j : of the blow.
    """

    surface: HeightMap
    contact_um: float
    pressure: float
    dent_um: float
    sunk_um: float
    force_n: float
    energy_j: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blown:
    """A tip at its deepest, pin frame; all (rows, columns) float32, um.

    overlap_um : how far the tip's own surface has gone beyond the elastic surface, NaN beyond its edge.
    elastic_um : how far the metal comes back. sinks : how far the surface sinks with the patch, 1 inside it and falling
    to 0 where the cup keeps its level. dent_um : as in ``Impression``; approach_um : of the solver.
    """

    tip: Placed
    overlap_um: SingleArray
    elastic_um: SingleArray
    sinks: SingleArray
    approach_um: float
    dent_um: float
    pressure: float

    @property
    def patch(self) -> BoolArray:
        """Where the tip's own surface has reached the metal; NaN compares as false."""
        reached: BoolArray = self.overlap_um > 0
        return reached


@dataclass(frozen=True, slots=True, kw_only=True)
class _Followed:
    """How the metal has followed the tip: heights over the tip's own surface, um, and what they rest on.

    raised_um : (rows, columns), 0 on lands and beyond the patch. land : land fraction on squares of ``factor`` samples.
    sunk_um : how far patch and rim sink for them.
    """

    raised_um: SingleArray
    land: SingleArray
    factor: int
    sunk_um: float


def strike(pin: HeightMap, *, form: Surface, primer: Primer, condition: Condition) -> Impression:
    """Strike a primer with a cut tip.

    pin : the tip as cut, pin frame. form : the tip's own surface before it was cut. Volume is conserved where metal
    follows the mark: all of the patch, and the rim about it, sinks below a blank tip's dent by as much as has risen.
    Raises ValueError where ``pin`` is not in the pin frame, InputError where the energy is more than a dent takes.
    """
    if pin.frame != "pin":
        raise ValueError(f"strike: the tip must be given in the pin frame, not the {pin.frame} frame")
    blow, dent_um = blow_of(form, primer, condition)
    used = _used(placed(pin, form), condition, pressure_pa=blow.mean_pressure_pa(dent_um))
    met = posed(used, form, condition)
    blown = _blown(met, blow, primer, dent_um=dent_um, late_um=_late_um(used, met, condition))
    metal = _followed(blown, condition)
    again = blown.tip if condition.second is None else _second(used, form, condition)
    z_um = _after(_at_rest(blown, metal, condition), blown, metal, again, condition, flow_pa=_flow_pa(blow, dent_um))
    tip, heights_um = blown.tip, np.asarray(z_um, dtype=np.float64)
    surface = HeightMap(
        z_um=np.round(heights_um, _DECIMALS_UM),
        pixel_um=tip.pixel_um,
        x0_um=tip.x0_um,
        y0_um=tip.y0_um,
        frame="pin",
        provenance=(*pin.provenance, f"struck: {condition.description.lower()}, dent {dent_um:g} um"),
    )
    return Impression(
        surface=mirrored_map(surface),
        contact_um=float(np.sqrt(np.count_nonzero(blown.patch) / np.pi)) * tip.pixel_um,
        pressure=blow.pressure,
        dent_um=dent_um,
        sunk_um=metal.sunk_um,
        force_n=blow.force_n(dent_um),
        energy_j=blow.energy_j(dent_um),
    )


def blow_of(form: Surface, primer: Primer, condition: Condition) -> tuple[Blow, float]:
    """The blow and the depth of dent that it makes, um: the same energy in a harder cup makes less of one.

    A dent stated for a cup as it usually is ends at the cup's height where the actual one gives more. Raises InputError
    where a dent that was stated, or an energy, is more than this tip can make in a cup.
    """
    backing = primer.backing if condition.backing is None else condition.backing
    usual = _blow(form, primer, backing=primer.backing, hardness=1.0)
    actual = _blow(form, primer, backing=backing, hardness=condition.cup_hardness)
    if condition.energy_j is not None:
        return actual, actual.dent_of_energy_um(condition.energy_j)
    dent_um = condition.dent_um or 0.0
    if dent_um > usual.most_um:
        raise InputError(
            f"strike: a dent of {dent_um:g} um is more than the {usual.most_um:g} um that this tip can make in a cup; "
            "give a shallower one"
        )
    if actual == usual or 0 in (actual.pressure, usual.pressure):
        return actual, dent_um
    energy_j = usual.energy_j(dent_um)
    return actual, actual.dent_of_energy_um(min(energy_j, actual.energy_j(actual.most_um)))


def _blow(form: Surface, primer: Primer, *, backing: float, hardness: float) -> Blow:
    return Blow(
        face=form,
        thickness_um=primer.thickness_um,
        yield_stress_pa=primer.yield_stress_pa * hardness,
        hardening_pa=primer.hardening_pa * hardness,
        backing=backing,
    )


def _flow_pa(blow: Blow, dent_um: float) -> float:
    return blow.mean_pressure_pa(dent_um) / blow.pressure if blow.pressure else blow.yield_stress_pa


def _stream(condition: Condition, kind: int) -> Generator:
    """Random numbers of one kind: what is drawn for one does not move the others."""
    return np.random.default_rng([condition.seed, kind])


def _used(tip: Placed, condition: Condition, *, pressure_pa: float) -> Placed:
    """The tip as use has left it: chipped, worn, fouled."""
    depth_um = tip.depth_um
    if condition.chips is not None:
        depth_um = chipped(depth_um, condition.chips, x_um=tip.x_um(), y_um=tip.y_um(), rng=_stream(condition, 0))
    if condition.wear is not None:
        relief_um = _relief_um(depth_um, np.isfinite(tip.form_um))
        depth_um = worn(depth_um, condition.wear, pressure_pa=pressure_pa, relief_um=relief_um, pixel_um=tip.pixel_um)
    if condition.fouling is not None:
        depth_um = fouled(depth_um, condition.fouling, pixel_um=tip.pixel_um, rng=_stream(condition, 1))
    return replace(tip, depth_um=depth_um)


def _relief_um(depth_um: SingleArray, where: BoolArray) -> float:
    """Depth of the floors; 0 where there is nothing."""
    step = slice(None, None, _FLOOR_STEP)
    seen = depth_um[step, step][where[step, step]]
    return float(np.percentile(seen, _FLOOR_PERCENTILE)) if seen.size else 0.0


def _late_um(upright: Placed, met: Placed, condition: Condition) -> float:
    """How much deeper a dent must be before all of a tip has gone in that leans on its rim.

    A dome that leans rolls: another place of it meets the cup first, and the rest follows as before.
    """
    if condition.tilt_rad == 0 or _inner(np.isfinite(met.form_um)).flat[np.nanargmax(met.form_um)]:
        return 0.0
    upright_um, leaning_um = (float(np.nanmax(tip.form_um) - np.nanmin(tip.form_um)) for tip in (upright, met))
    return max(leaning_um - upright_um, 0.0)


def _blown(tip: Placed, blow: Blow, primer: Primer, *, dent_um: float, late_um: float) -> _Blown:
    """Press the tip's own surface until it bears the blow's force at the hardness that the cup shows to it.

    late_um : how much deeper a dent must be before all of the tip has gone in, since it leans on its rim.
    What was cut into it is left to the fill law: metal that follows the mark bears as much as a blank tip's, and metal
    that does not follow leaves the lands at the cup's surface. So a blank and a marked tip have one patch.
    """
    hardness_pa = max(blow.mean_pressure_pa(dent_um), _LEAST_HARDNESS_PA)
    contact = press_coarsely(
        tip.form_map(),
        force_n=hardness_pa * _patch_um2(tip, blow, dent_um) * NEWTONS_A_PA_UM2,
        reduced_modulus_pa=primer.reduced_modulus_pa,
        hardness_pa=hardness_pa,
    )
    # Once all of the tip touches, the rest of the dent takes it down as it is.
    beyond_um = max(dent_um - blow.growing_um(dent_um) - late_um, 0.0)
    overlap_um = tip.form_um + np.float32(contact.approach_um + beyond_um) - contact.displacement_um
    return _Blown(
        tip=tip,
        overlap_um=overlap_um,
        elastic_um=contact.displacement_um,
        sinks=_sinks(overlap_um > 0, pixel_um=tip.pixel_um),
        approach_um=contact.approach_um,
        dent_um=dent_um,
        pressure=blow.pressure,
    )


def _patch_um2(tip: Placed, blow: Blow, dent_um: float) -> float:
    """Area of the patch: the closed form's, but not more than there is, nor than has come below the cup's level.

    The closed form takes the tip as upright, and as if its surface went on beyond the outline. So the level counts
    where it meets the outline while some of the face is above it: on a round tip that stands upright, never.
    """
    there = np.isfinite(tip.form_um)
    most_um2 = min(blow.contact_area_um2(dent_um), _MOST_AREA_SHARE * np.count_nonzero(there) * tip.pixel_um**2)
    # NaN, beyond the face, compares as false.
    below = tip.form_um > np.float32(float(np.nanmax(tip.form_um)) - dent_um)
    samples = np.count_nonzero(below)
    if samples == np.count_nonzero(there) or not np.any(below & ~_inner(there)):
        return most_um2
    return min(most_um2, _LEVEL_SHARE * patch_over_section(blow.backing) * samples * tip.pixel_um**2)


def _inner(there: BoolArray) -> BoolArray:
    """Samples beside which, on all four sides, there are others."""
    inner = np.zeros_like(there)
    inner[1:-1, 1:-1] = there[1:-1, 1:-1] & there[:-2, 1:-1] & there[2:, 1:-1] & there[1:-1, :-2] & there[1:-1, 2:]
    return inner


def _sinks(patch: BoolArray, *, pixel_um: float) -> SingleArray:
    """How far the surface sinks with the patch, 0 to 1: all of the way inside it, less and less beside it."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    covered = block_means(patch, _COARSE)
    side_um = _COARSE * pixel_um
    outside = covered <= _HALF * covered.max()
    # From the edge of the patch and not from the middle of its last square; negative inside, so that the edge stays
    # where it is when its steps are smoothed away.
    beside_um, within_um = (
        distance_transform_edt(side, sampling=side_um) - side_um / 2.0 for side in (outside, ~outside)
    )
    distance_um = gaussian_filter(np.where(outside, beside_um, -within_um), _EDGE_SQUARES)
    radius_um = float(np.sqrt(covered.sum(dtype=np.float64) / np.pi)) * side_um
    decay_um = max(_FREE_SURFACE_DECAY * radius_um, side_um)
    falling = np.exp(-np.maximum(distance_um, 0.0) / decay_um).astype(np.float32)
    rows, columns = patch.shape
    return np.maximum(interpolated(falling, _COARSE, (rows, columns)), patch)


def _followed(blown: _Blown, condition: Condition) -> _Followed:
    """How far the metal rises into the floors: by the fill law, by how far the tip has travelled, and not sharply."""
    tip, patch = blown.tip, blown.patch
    relief_um = _relief_um(tip.depth_um, patch)
    if relief_um < _LEAST_RELIEF_UM:
        nothing = np.zeros_like(tip.depth_um)
        return _Followed(raised_um=nothing, land=nothing, factor=1, sunk_um=0.0)
    land = (tip.depth_um < np.float32(relief_um / 2.0)) & np.isfinite(tip.form_um)
    factor = _odd(_NEIGHBOURHOOD_UM / (_SAMPLES_A_WIDTH * tip.pixel_um))
    fraction = smoothed(land, factor=factor, sigma_um=_NEIGHBOURHOOD_UM, pixel_um=tip.pixel_um)
    raised_um = _share(fraction, blown.pressure, condition, factor=factor, tip=tip)
    raised_um *= tip.depth_um
    # The deepest point of the solver's overlap stands for the dent: the cup gives way as a whole besides.
    deepest_um = float(np.nanmax(blown.overlap_um))
    travel = blown.overlap_um * np.float32(blown.dent_um / (deepest_um * TRAVEL_RELIEFS * relief_um))
    raised_um *= np.minimum(travel, np.float32(1.0), out=travel)
    raised_um[~patch] = np.nan
    raised_um = followed(raised_um, radius_um=METAL_RADIUS_UM, pixel_um=tip.pixel_um, most_um=relief_um)
    raised_um[~patch] = 0.0
    # What has risen came from below the lands, the floors and the rim about the patch, which all sink with the tip.
    sunk_um = float(raised_um.sum(dtype=np.float64) / blown.sinks.sum(dtype=np.float64))
    return _Followed(raised_um=raised_um, land=fraction, factor=factor, sunk_um=sunk_um)


def _odd(most: float) -> int:
    """The greatest odd number that is no more than this; 1 at least."""
    return 2 * max(int((most - 1.0) / 2.0), 0) + 1


def _share(fraction: SingleArray, pressure: float, condition: Condition, *, factor: int, tip: Placed) -> SingleArray:
    """Share of the relief that the metal fills under a pressure, scattered by its grains; on the tip's samples."""
    share = fill_fraction(fraction, pressure=pressure).astype(np.float32)
    texture = condition.texture
    if texture is not None and texture.grain_scatter > 0:
        grains = texture_um(
            share.shape,
            pixel_um=tip.pixel_um * factor,
            rms_um=texture.grain_scatter,
            correlation_um=texture.grain_um,
            rng=_stream(condition, 2),
        )
        share = np.clip(share * (1.0 + grains), 0.0, 1.0).astype(np.float32)
    return interpolated(share, factor, tip.depth_um.shape)


def _at_rest(blown: _Blown, metal: _Followed, condition: Condition) -> SingleArray:
    """Heights of the metal when the tip has gone: sprung back, and on the way to the cup's level beyond the patch."""
    tip, patch = blown.tip, blown.patch
    reached_um = _skin_um(blown, metal, tip) - tip.depth_um + metal.raised_um
    rim_um = blown.approach_um + float(np.nanmax(tip.form_um)) - blown.dent_um - metal.sunk_um
    z_um = np.where(patch, reached_um, np.float32(rim_um) * blown.sinks)
    texture = condition.texture
    if texture is None or texture.rms_um == 0:
        return z_um
    rough_um = texture_um(
        z_um.shape,
        pixel_um=tip.pixel_um,
        rms_um=texture.rms_um,
        correlation_um=texture.correlation_um,
        rng=_stream(condition, 3),
    )
    return z_um + rough_um * np.where(patch, np.float32(texture.ironed), np.float32(1.0))


def _skin_um(blown: _Blown, metal: _Followed, tip: Placed, *, depth_share: float = 1.0) -> SingleArray:
    """Heights of a tip's skin, lands and floors, at its deepest, as they would be when the metal has sprung back."""
    lowest_um = np.float32(float(np.nanmax(tip.form_um)) - blown.dent_um * depth_share - metal.sunk_um)
    return tip.depth_um - tip.form_um + lowest_um + blown.elastic_um


def _second(used: Placed, form: Surface, condition: Condition) -> Placed:
    """The tip as it strikes the second time, turned a little further."""
    turn_rad = condition.second.turn_rad if condition.second else 0.0
    return posed(used, form, replace(condition, turn_rad=condition.turn_rad + turn_rad))


def _after(
    z_um: SingleArray, blown: _Blown, metal: _Followed, again: Placed, condition: Condition, *, flow_pa: float
) -> SingleArray:
    """What a second strike, the gas and the pin's way out make of it, in that order."""
    tip = blown.tip
    second = condition.second
    if second is not None:
        skin_um = _skin_um(blown, metal, again, depth_share=second.depth_share)
        share = _share(metal.land, blown.pressure, condition, factor=metal.factor, tip=tip)
        z_um = pressed_again(z_um, _beside(skin_um, second.x_um, second.y_um, tip), share)
    if condition.gas is not None:
        share = _share(metal.land, condition.gas.pressure_pa / flow_pa, condition, factor=metal.factor, tip=tip)
        skin_um = _skin_um(blown, metal, tip)
        z_um = pressed_again(z_um, _beside(skin_um, condition.gas.x_um, condition.gas.y_um, tip), share)
    if condition.drag is not None:
        z_um = dragged(z_um, _skin_um(blown, metal, tip), condition.drag, pixel_um=tip.pixel_um)
    return z_um


def _beside(skin_um: SingleArray, x_um: float, y_um: float, tip: Placed) -> SingleArray:
    return moved(skin_um, rows=round(y_um / tip.pixel_um), columns=round(x_um / tip.pixel_um))
