"""Strikes drawn at random over the ranges in which their conditions are believed to lie.

A draw depends on the seed and its own index alone, so that any part of an ensemble can be made on any worker. Every
fifth draw is held out, and so is one kind of damage: pieces broken out of the face. Neither is used to tune a reader.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import Enum
from math import isfinite, log, pi

import numpy as np

from engrave.base.config import key_of
from engrave.base.errors import raise_faults
from engrave.base.shelf import Shelf
from engrave.strike.data import Chips, Condition, Drag, Fouling, Gas, Primer, Second, Texture, Wear

Generator = np.random.Generator
Range = tuple[float, ...]
"""The least and the most of a figure."""

HELD_OUT_EVERY = 5
_RANGE_ENDS = 2
_SEEDS = 2**31


class Part(Enum):
    """Which draws: those that a reader may be tuned on, those that it is judged by, or all as they come."""

    TUNING = "tuning"
    HELD_OUT = "held-out"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """Ranges of strikes. Draws are even over a range, but for ``wear_coefficient``, which is even over its logarithm.

    The primer's backing is drawn from a triangle over its own range, with its peak at the primer's usual one; the pin
    is turned anyhow. ``offset_um`` and the shifts are discs of that radius. A chance is that of the damage being there.
    """

    description: str
    dent_um: Range
    cup_hardness: Range
    tilt_rad: Range
    offset_um: float
    gas_pressure_pa: Range
    gas_shift_um: float
    drag_chance: float
    drag_length_um: Range
    drag_rise_um: Range
    second_chance: float
    second_shift_um: float
    second_turn_rad: Range
    second_depth_share: Range
    rounds: Range
    wear_coefficient: Range
    wear_hardness_pa: float
    wear_slip_um: float
    wear_drag_um: float
    wear_rounding: float
    fouling_chance: float
    fouling_depth_um: Range
    fouling_correlation_um: float
    chips_chance: float
    chips_count: Range
    chips_radius_um: Range
    chips_within_um: float
    texture_rms_um: Range
    texture_correlation_um: Range
    texture_ironed: float
    grain_scatter: Range
    grain_um: float

    def __post_init__(self) -> None:
        """Check ranges and chances. Raises InputError with every fault."""
        faults = []
        for item in fields(self):
            value = getattr(self, item.name)
            name = key_of(item.name)
            if isinstance(value, tuple) and not (
                len(value) == _RANGE_ENDS and all(map(isfinite, value)) and value[0] <= value[1]
            ):
                faults.append(f"{name}: {list(value)} must be the least and the most, two figures")
            if item.name.endswith("_chance") and not 0 <= value <= 1:
                faults.append(f"{name}: {value:g} must be from 0 to 1")
        if not faults and self.wear_coefficient[0] <= 0:
            faults.append(f"wear_coefficient: {self.wear_coefficient[0]:g} must be positive")
        raise_faults(faults)

    def draw(self, index: int, *, seed: int, primer: Primer) -> Condition:
        """The condition of this index."""
        rng = np.random.default_rng([seed, index])
        offset_x_um, offset_y_um = _in_disc(rng, self.offset_um)
        # Every figure is drawn whether it is used or not, so that one chance does not move the others.
        drag, second, gas = self._drag(rng), self._second(rng), self._gas(rng)
        wear, fouling, chips, texture = self._wear(rng), self._fouling(rng), self._chips(rng), self._texture(rng)
        there = rng.random(4) < (self.drag_chance, self.second_chance, self.fouling_chance, self.chips_chance)
        return Condition(
            description=f"draw {index} of seed {seed}",
            dent_um=_even(rng, self.dent_um),
            cup_hardness=_even(rng, self.cup_hardness),
            backing=_triangular(rng, primer),
            tilt_rad=_even(rng, self.tilt_rad),
            tilt_towards_rad=_even(rng, (-pi, pi)),
            turn_rad=_even(rng, (-pi, pi)),
            offset_x_um=offset_x_um,
            offset_y_um=offset_y_um,
            drag=drag if there[0] else None,
            second=second if there[1] else None,
            gas=gas,
            wear=wear,
            fouling=fouling if there[2] else None,
            chips=chips if there[3] else None,
            texture=texture,
            seed=int(rng.integers(_SEEDS)),
        )

    def _drag(self, rng: Generator) -> Drag:
        return Drag(
            length_um=_even(rng, self.drag_length_um),
            towards_rad=_even(rng, (-pi, pi)),
            rise_um=_even(rng, self.drag_rise_um),
        )

    def _second(self, rng: Generator) -> Second:
        x_um, y_um = _in_disc(rng, self.second_shift_um)
        return Second(
            x_um=x_um,
            y_um=y_um,
            turn_rad=_even(rng, self.second_turn_rad),
            depth_share=_even(rng, self.second_depth_share),
        )

    def _gas(self, rng: Generator) -> Gas:
        x_um, y_um = _in_disc(rng, self.gas_shift_um)
        return Gas(pressure_pa=_even(rng, self.gas_pressure_pa), x_um=x_um, y_um=y_um)

    def _wear(self, rng: Generator) -> Wear:
        least, most = (log(end) for end in self.wear_coefficient)
        return Wear(
            rounds=round(_even(rng, self.rounds)),
            coefficient=float(np.exp(_even(rng, (least, most)))),
            hardness_pa=self.wear_hardness_pa,
            slip_um=self.wear_slip_um,
            drag_um=self.wear_drag_um,
            rounding=self.wear_rounding,
        )

    def _fouling(self, rng: Generator) -> Fouling:
        return Fouling(depth_um=_even(rng, self.fouling_depth_um), correlation_um=self.fouling_correlation_um)

    def _chips(self, rng: Generator) -> Chips:
        return Chips(
            count=round(_even(rng, self.chips_count)),
            radius_um=_even(rng, self.chips_radius_um),
            within_um=self.chips_within_um,
        )

    def _texture(self, rng: Generator) -> Texture:
        return Texture(
            rms_um=_even(rng, self.texture_rms_um),
            correlation_um=_even(rng, self.texture_correlation_um),
            ironed=self.texture_ironed,
            grain_scatter=_even(rng, self.grain_scatter),
            grain_um=self.grain_um,
        )


def drawn(
    ensemble: Ensemble, *, primer: Primer, samples: int, seed: int, part: Part = Part.ALL
) -> Iterator[tuple[int, Condition]]:
    """So many conditions of a part, each with its index; the tuning part without the damage that is held out."""
    for index in _indices(samples, part):
        condition = ensemble.draw(index, seed=seed, primer=primer)
        yield index, replace(condition, chips=None) if part is Part.TUNING else condition


def _indices(samples: int, part: Part) -> Iterator[int]:
    last = HELD_OUT_EVERY - 1
    if part is Part.HELD_OUT:
        yield from (HELD_OUT_EVERY * number + last for number in range(samples))
    elif part is Part.TUNING:
        yield from (HELD_OUT_EVERY * (number // last) + number % last for number in range(samples))
    else:
        yield from range(samples)


def _even(rng: Generator, ends: Range) -> float:
    return float(rng.uniform(ends[0], ends[1]))


def _in_disc(rng: Generator, radius_um: float) -> tuple[float, float]:
    reach_um, angle = radius_um * np.sqrt(rng.random()), 2.0 * pi * rng.random()
    return float(reach_um * np.cos(angle)), float(reach_um * np.sin(angle))


def _triangular(rng: Generator, primer: Primer) -> float:
    if primer.backing_least == primer.backing_most:
        return primer.backing
    return float(rng.triangular(primer.backing_least, primer.backing, primer.backing_most))


ENSEMBLES: Shelf[Ensemble] = Shelf(kind="ensembles", package="engrave.strike", folder="ensembles", cls=Ensemble)
