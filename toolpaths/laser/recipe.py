"""Recipes: what the beam is, what it does to the material, and how its paths are laid."""

import math
from dataclasses import dataclass
from itertools import pairwise

from toolpaths.errors import ToolpathError
from toolpaths.model import Process


def _not_positive(owner: object, *names: str) -> list[str]:
    """A sentence for each of these attributes that is not a finite number above zero."""
    return [
        f"{name}: {value!r} must be a finite number above 0"
        for name, value in ((name, getattr(owner, name)) for name in names)
        if not (math.isfinite(value) and value > 0)
    ]


def _raise_all(owner: str, faults: list[str]) -> None:
    if faults:
        raise ToolpathError(f"{owner}: " + "; ".join(faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """How a material answers ultrashort pulses.

    ``threshold_j_cm2`` is the fluence above which one pulse removes anything, ``incubation`` the exponent S by which
    the threshold falls under N overlapping pulses, N^(S - 1) (Jee, Becker and Walser 1988), and ``penetration_um``
    the depth removed for each e-fold of fluence over the threshold.
    """

    threshold_j_cm2: float
    incubation: float
    penetration_um: float

    def __post_init__(self) -> None:
        """Raise ToolpathError with every fault."""
        faults = _not_positive(self, "threshold_j_cm2", "incubation", "penetration_um")
        if self.incubation > 1:
            faults.append(f"incubation: {self.incubation!r} must not be above 1, which means no incubation")
        _raise_all("ablation", faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beam:
    """What decides the shape of a crater: all that a simulation may know of a recipe.

    ``line_spacing_um`` is how far neighbouring lines of one pass lie apart; with the spot and the feed it says how
    many pulses overlap, and so how far incubation has lowered the threshold.
    """

    spot_radius_um: float
    wavelength_um: float
    beam_quality: float
    line_spacing_um: float
    ablation: Ablation

    def __post_init__(self) -> None:
        """Raise ToolpathError with every fault."""
        _raise_all("beam", _beam_faults(self) + _not_positive(self, "line_spacing_um"))


def _beam_faults(owner: "Beam | Recipe") -> list[str]:
    faults = _not_positive(owner, "spot_radius_um", "wavelength_um", "beam_quality")
    if owner.beam_quality < 1:
        faults.append(f"beam_quality: {owner.beam_quality!r} must be at least 1, the value of an ideal beam")
    return faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to clear a floor.

    ``spot_radius_um`` is the radius at which the fluence has fallen to 1/e^2, ``hatch_um`` the distance of
    neighbouring hatch lines, ``angles_rad`` the directions of the hatch, one pass each, in the order of a cycle.
    ``kerf_um`` is the full width that one line cuts at the surface: paths keep half of it from what must stay.
    With ``contour`` each pass begins by following the boundary. ``chord_tolerance_um`` is how far a straight move may
    lie from the curved surface it follows.
    """

    name: str
    wavelength_um: float
    beam_quality: float
    spot_radius_um: float
    pulse_energy_j: float
    repetition_rate_hz: float
    feed_um_s: float
    hatch_um: float
    angles_rad: tuple[float, ...]
    kerf_um: float
    contour: bool
    chord_tolerance_um: float
    ablation: Ablation

    def __post_init__(self) -> None:
        """Raise ToolpathError with every fault."""
        faults = _beam_faults(self) + _not_positive(
            self, "pulse_energy_j", "repetition_rate_hz", "feed_um_s", "hatch_um", "kerf_um", "chord_tolerance_um"
        )
        if self.hatch_um > self.kerf_um:
            faults.append(f"hatch_um: {self.hatch_um:g} is more than the kerf, {self.kerf_um:g}: ridges would stay")
        _raise_all(f"recipe {self.name!r}", faults + _angle_faults(self.angles_rad))

    @property
    def process(self) -> Process:
        """What the beam does along every path of this recipe."""
        return Process(
            pulse_energy_j=self.pulse_energy_j,
            repetition_rate_hz=self.repetition_rate_hz,
            feed_um_s=self.feed_um_s,
        )

    @property
    def beam(self) -> Beam:
        """The part of the recipe that decides a crater; the kerf is not in it."""
        return Beam(
            spot_radius_um=self.spot_radius_um,
            wavelength_um=self.wavelength_um,
            beam_quality=self.beam_quality,
            line_spacing_um=self.hatch_um,
            ablation=self.ablation,
        )


def _angle_faults(angles_rad: tuple[float, ...]) -> list[str]:
    if not angles_rad:
        return ["angles_rad: there must be at least one hatch angle"]
    if not all(0 <= angle < math.pi for angle in angles_rad):
        return ["angles_rad: every hatch angle must be at least 0 and less than 180 degrees"]
    degrees = sorted(round(math.degrees(angle)) for angle in angles_rad)
    if any(low == high for low, high in pairwise(degrees)):
        return ["angles_rad: hatch angles must differ by more than a degree, since passes are named by them"]
    return []
