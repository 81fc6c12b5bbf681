"""Primers and strike conditions as data."""

from dataclasses import dataclass
from math import pi

from engrave.base.config import key_of
from engrave.base.errors import raise_faults
from engrave.base.shelf import Shelf

_MOST_TILT_RAD = pi / 18
_MOST_CHIPS = 1000
MOST_DRAG_UM = 1000.0
# No cup is dented deeper: primers are about a millimetre high.
MOST_DENT_UM = 1000.0
# Beyond this a pin strikes beside the cup, whose radius is 2.2 to 2.7 mm.
MOST_OFFSET_UM = 2500.0
# Roughness, residue and grains are finer than a mark.
MOST_CORRELATION_UM = 500.0


def _positive(value: object, *names: str) -> list[str]:
    """A fault for each of these figures that is not positive."""
    return [
        f"{key_of(name)}: {getattr(value, name):g} must be positive" for name in names if not getattr(value, name) > 0
    ]


def _not_negative(value: object, *names: str) -> list[str]:
    """A fault for each of these figures that is negative."""
    return [
        f"{key_of(name)}: {getattr(value, name):g} must not be negative"
        for name in names
        if not getattr(value, name) >= 0
    ]


def _within(value: object, limit_um: float, *names: str) -> list[str]:
    """A fault for each of these lengths that is greater than a limit either way, or no number."""
    return [
        f"{key_of(name)}: {getattr(value, name):g} um must be at most {limit_um:g} um"
        for name in names
        if not abs(getattr(value, name)) <= limit_um
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Primer:
    """The cup that the pin strikes.

    Its yield stress grows by ``hardening_pa`` for each unit of strain. ``backing`` says how far anvil and compound
    support the cup: 0 held at its ring only, 1 fully backed. It is the main unknown of a strike; ``backing_least`` and
    ``backing_most`` bound what is believed possible.
    """

    description: str
    thickness_um: float
    yield_stress_pa: float
    reduced_modulus_pa: float
    backing: float
    backing_least: float
    backing_most: float
    hardening_pa: float = 0.0

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        faults = _positive(self, "thickness_um", "yield_stress_pa", "reduced_modulus_pa")
        faults += _not_negative(self, "hardening_pa")
        if not 0 <= self.backing_least <= self.backing <= self.backing_most <= 1:
            faults.append(
                f"backing: {self.backing:g}, from {self.backing_least:g} to {self.backing_most:g}: "
                "needs 0 <= backing_least <= backing <= backing_most <= 1"
            )
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drag:
    """The pin scrapes along the cup as barrel and case drop.

    How far, which way the pin moves over the cup in the pin frame, and how far it rises from the dent meanwhile.
    """

    length_um: float
    towards_rad: float
    rise_um: float

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        faults = _positive(self, "length_um") + _not_negative(self, "rise_um")
        if self.length_um > MOST_DRAG_UM:
            faults.append(f"length: {self.length_um:g} um is longer than {MOST_DRAG_UM:g} um, the width of a mark")
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """The pin strikes twice: where, how turned, and to which share of the first dent's depth."""

    x_um: float
    y_um: float
    turn_rad: float
    depth_share: float

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        faults = _positive(self, "depth_share") + _within(self, MOST_DRAG_UM, "x_um", "y_um")
        if self.depth_share > 1:
            faults.append(f"depth_share: {self.depth_share:g} must be at most 1: a second strike goes no deeper")
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gas:
    """The cartridge's gas presses the cup onto the pin once more, a little beside its first place."""

    pressure_pa: float
    x_um: float
    y_um: float

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        raise_faults(_positive(self, "pressure_pa") + _within(self, MOST_DRAG_UM, "x_um", "y_um"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wear:
    """What so many rounds have taken from the tip, by Archard's law.

    ``coefficient`` is his K; ``hardness_pa`` the tip's; ``slip_um`` how far metal slides along a land in one strike and
    ``drag_um`` as the pin is drawn out. Edges round first: over a width of ``rounding`` times the depth worn.
    """

    rounds: int
    coefficient: float
    hardness_pa: float
    slip_um: float
    drag_um: float
    rounding: float

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        names = ("rounds", "coefficient", "slip_um", "drag_um", "rounding")
        raise_faults(_positive(self, "hardness_pa") + _not_negative(self, *names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fouling:
    """Residue in the floors of the mark: its mean depth, and how far apart thick and thin places lie."""

    depth_um: float
    correlation_um: float

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        faults = _positive(self, "depth_um", "correlation_um")
        raise_faults(faults + _within(self, MOST_CORRELATION_UM, "correlation_um"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chips:
    """Lands broken out to the floor in round pieces, anywhere within ``within_um`` of the axis."""

    count: int
    radius_um: float
    within_um: float

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        faults = _positive(self, "count", "radius_um", "within_um")
        if self.count > _MOST_CHIPS:
            faults.append(f"count: {self.count} is more than {_MOST_CHIPS}")
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """The cup's own surface, and its grains.

    ``rms_um`` and ``correlation_um`` are the roughness before the strike; ``ironed`` is the share of it that is left
    where the tip has pressed. Grains make the metal follow more here and less there: the share that fills is scattered
    by ``grain_scatter`` (standard deviation over mean) over ``grain_um``.
    """

    rms_um: float
    correlation_um: float
    ironed: float
    grain_scatter: float
    grain_um: float

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        faults = _not_negative(self, "rms_um", "ironed", "grain_scatter") + _positive(
            self, "correlation_um", "grain_um"
        )
        if self.ironed > 1:
            faults.append(f"ironed: {self.ironed:g} must be at most 1")
        raise_faults(faults + _within(self, MOST_CORRELATION_UM, "correlation_um", "grain_um"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How the pin strikes, and what has become of pin and cup.

    ``dent_um`` is the depth under load that a blank tip would reach in the job's primer as it is, or ``energy_j`` the
    work that is spent on it: one of the two is given. ``cup_hardness`` multiplies the cup's yield stress, with the same
    energy spent. ``backing`` takes the place of the primer's. The pin leans by ``tilt_rad`` so that its side at
    ``tilt_towards_rad`` is deeper, is turned by ``turn_rad`` and stands ``offset_x_um``, ``offset_y_um`` beside the
    middle of the cup; all in the pin frame. ``seed`` draws what is random: roughness, grains, residue, chips.
    """

    description: str
    dent_um: float | None = None
    energy_j: float | None = None
    cup_hardness: float = 1.0
    backing: float | None = None
    tilt_rad: float = 0.0
    tilt_towards_rad: float = 0.0
    turn_rad: float = 0.0
    offset_x_um: float = 0.0
    offset_y_um: float = 0.0
    drag: Drag | None = None
    second: Second | None = None
    gas: Gas | None = None
    wear: Wear | None = None
    fouling: Fouling | None = None
    chips: Chips | None = None
    texture: Texture | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        given = [name for name in ("dent_um", "energy_j") if getattr(self, name) is not None]
        faults = _positive(self, *given, "cup_hardness")
        if len(given) != 1:
            faults.append("dent: give either the dent's depth or the strike's energy, one of the two")
        if self.backing is not None and not 0 <= self.backing <= 1:
            faults.append(f"backing: {self.backing:g} must be from 0 to 1")
        if not 0 <= self.tilt_rad <= _MOST_TILT_RAD:
            faults.append(f"tilt: {self.tilt_rad:g} rad must be from 0 to {_MOST_TILT_RAD:.3g} rad, 10 degrees")
        if self.dent_um is not None:
            faults += _within(self, MOST_DENT_UM, "dent_um")
        faults += _not_negative(self, "seed") + _within(self, MOST_OFFSET_UM, "offset_x_um", "offset_y_um")
        raise_faults(faults)


PRIMERS: Shelf[Primer] = Shelf(kind="primers", package="engrave.strike", folder="primers", cls=Primer)
CONDITIONS: Shelf[Condition] = Shelf(kind="conditions", package="engrave.strike", folder="conditions", cls=Condition)
