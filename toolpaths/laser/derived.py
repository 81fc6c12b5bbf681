"""What follows from a recipe's figures, step by step, and where they leave the model: findings M401 to M408.

M401 below the threshold; M402 rate at which steel begins to accumulate heat; M403 pulses too far apart for a line;
M404 more overlapping pulses than incubation was measured for; M405 the spot grows as it leaves the focus; M406 depth
that falls to half, and then to nothing, on slopes that tips have; M407 a crater wider than the kerf; M408 far from the
most efficient fluence.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from toolpaths.findings import Finding, Severity
from toolpaths.laser.ablation import (
    crater_depth_um,
    crater_radius_um,
    crater_volume_um3,
    incubated_threshold_j_cm2,
    log_fluence,
    overlapping_pulses,
    pass_depth_um,
    peak_fluence_j_cm2,
    spot_radius_um,
)
from toolpaths.laser.recipe import CLEAN, Recipe, Step

# Steel begins to accumulate heat between 50 kHz and 1 MHz, by spot and energy (Opt. Express 22:12200, 2014).
HEAT_RATE_HZ = 50e3
# Studies of incubation go to about a thousand pulses; beyond, N^(S - 1) is a guess (prior).
MOST_PULSES = 1000.0
# Pulses further apart than this share of the crater's diameter leave a line of scallops: at half of it the line is
# narrower between two pulses by an eighth (geometry of two circles).
MOST_SPACING = 0.5
MOST_SPOT_GROWTH = 0.05
# A tip of 1.0 mm radius leans by 40.5 degrees at r = 650 um, the end of the largest ring.
STEEPEST_RAD = math.radians(40.5)
# Volume a joule falls to three quarters of the most at 0.41 and at 3.6 times e^2 thresholds (the closed form).
LEAST_EFFICIENCY, MOST_EFFICIENCY = 0.41, 3.6
# Craters wider than the kerf by this much move a wall by half of it.
_KERF_TOLERANCE_UM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What follows from one step, on a level surface and in focus.

    pulses_along, pulses_across : how many spots, 1/e^2 diameters, overlap along a line and across lines.
    threshold_j_cm2 : under so many pulses. pulse_depth_um : in the middle of one crater. pass_depth_um :
    of the open floor, or in the middle of an outline's line. efficiency : peak fluence over e^2 thresholds,
    1 at the most volume a joule. volume_um3_s : with the beam on. half_slope_rad, end_slope_rad : slopes at which a
    pass cuts half its depth, and nothing. focus_um : distance from the focus at which the spot has grown by 5 %.
    """

    kind: str
    fluence_j_cm2: float
    pulses_along: float
    pulses_across: float
    threshold_j_cm2: float
    crater_um: float
    pulse_depth_um: float
    pulse_volume_um3: float
    pass_depth_um: float
    efficiency: float
    volume_um3_s: float
    half_slope_rad: float
    end_slope_rad: float
    focus_um: float


def derived(recipe: Recipe) -> tuple[Derived, ...]:
    """The figures of every step. Formulas are those of ``toolpaths.laser.ablation``."""
    return tuple(_of_step(recipe, step) for step in recipe.steps)


def _of_step(recipe: Recipe, step: Step) -> Derived:
    process, beam = recipe.process_of(step), recipe.beam_of(step)
    fluence = float(peak_fluence_j_cm2(step.pulse_energy_j, beam.spot_radius_um))
    threshold = incubated_threshold_j_cm2(beam.ablation, overlapping_pulses(process, beam))
    level = float(log_fluence(process, beam))
    crater = {
        "spot_um": beam.spot_radius_um,
        "log_fluence": level,
        "penetration_um": beam.ablation.penetration_um,
    }
    volume_um3 = float(crater_volume_um3(**crater))
    rayleigh_um = math.pi * beam.spot_radius_um**2 / (beam.beam_quality * beam.wavelength_um)
    return Derived(
        kind=step.kind,
        fluence_j_cm2=fluence,
        pulses_along=2 * beam.spot_radius_um * step.repetition_rate_hz / step.feed_um_s,
        pulses_across=2 * beam.spot_radius_um / step.hatch_um,
        threshold_j_cm2=threshold,
        crater_um=2 * float(crater_radius_um(spot_um=beam.spot_radius_um, log_fluence=level)),
        pulse_depth_um=float(crater_depth_um(0.0, **crater)),
        pulse_volume_um3=volume_um3,
        pass_depth_um=float(pass_depth_um(process, beam)) if step.angles_rad else _line_depth_um(recipe, step, level),
        efficiency=fluence / (math.e**2 * threshold),
        volume_um3_s=volume_um3 * step.repetition_rate_hz,
        half_slope_rad=_slope_rad(level * (1 - math.sqrt(0.5))),
        end_slope_rad=_slope_rad(level),
        focus_um=rayleigh_um * math.sqrt((1 + MOST_SPOT_GROWTH) ** 2 - 1),
    )


def _line_depth_um(recipe: Recipe, step: Step, level: float) -> float:
    """Depth in the middle of one line: (8 d w / (3 s)) (ln(F0 / Fth) / 2)^(3/2), s between pulses.

    A crater is the paraboloid d (L - 2 r^2 / w^2); its section along the line, over the distance of pulses.
    """
    spot_um, spacing_um = recipe.beam_of(step).spot_radius_um, step.feed_um_s / step.repetition_rate_hz
    return float(8 * recipe.ablation.penetration_um * spot_um / (3 * spacing_um) * (max(level, 0.0) / 2) ** 1.5)


def _slope_rad(lost: float) -> float:
    """Slope on which the logarithm of the fluence is less by so much: cosine exp(-lost)."""
    return math.acos(math.exp(-max(lost, 0.0)))


def warnings_of(recipe: Recipe) -> tuple[Finding, ...]:
    """Where the steps leave the model or what is known of the material."""
    return tuple(
        finding
        for number, (step, figures) in enumerate(zip(recipe.steps, derived(recipe), strict=True), start=1)
        for finding in _findings(recipe, step, figures, place=f"steps.{number} ({step.kind})")
    )


def _findings(recipe: Recipe, step: Step, figures: Derived, *, place: str) -> Iterator[Finding]:
    if figures.fluence_j_cm2 <= figures.threshold_j_cm2:
        yield Finding(
            number="M401",
            severity=Severity.WARNING,
            message="the peak fluence is not above the threshold: nothing is removed",
            place=place,
            value=round(figures.fluence_j_cm2, 4),
            limit=round(figures.threshold_j_cm2, 4),
            unit="J/cm2",
            remedy="raise the pulse energy, or take a finer spot",
        )
        return
    yield from _rate_and_overlap(step, figures, place)
    yield from _focus_and_slope(recipe, step, figures, place)
    if figures.crater_um > recipe.kerf_um + _KERF_TOLERANCE_UM:
        yield Finding(
            number="M407",
            severity=Severity.WARNING,
            message="the crater is wider than the kerf that paths keep from the land: walls are cut into",
            place=place,
            value=round(figures.crater_um, 3),
            limit=round(recipe.kerf_um, 3),
            unit="um",
            remedy="lower the pulse energy, or widen the kerf",
        )
    if step.kind != CLEAN and not LEAST_EFFICIENCY <= figures.efficiency <= MOST_EFFICIENCY:
        low = figures.efficiency < LEAST_EFFICIENCY
        yield Finding(
            number="M408",
            severity=Severity.INFO,
            message="the fluence is far from e^2 thresholds, where a joule removes most",
            place=place,
            value=round(figures.efficiency, 3),
            limit=LEAST_EFFICIENCY if low else MOST_EFFICIENCY,
            remedy="raise the pulse energy" if low else "lower the pulse energy, and raise the rate and the feed",
        )


def _rate_and_overlap(step: Step, figures: Derived, place: str) -> Iterator[Finding]:
    if step.repetition_rate_hz > HEAT_RATE_HZ:
        yield Finding(
            number="M402",
            severity=Severity.WARNING,
            message="pulses follow each other so fast that steel begins to accumulate heat, which no figure here knows",
            place=place,
            value=round(step.repetition_rate_hz / 1e3, 3),
            limit=HEAT_RATE_HZ / 1e3,
            unit="kHz",
            remedy="lower the rate, or cut a coupon at this rate and look for melt",
        )
    spacing_um = step.feed_um_s / step.repetition_rate_hz
    if spacing_um > MOST_SPACING * figures.crater_um:
        yield Finding(
            number="M403",
            severity=Severity.WARNING,
            message="pulses lie so far apart that a line is a row of scallops",
            place=place,
            value=round(spacing_um, 3),
            limit=round(MOST_SPACING * figures.crater_um, 3),
            unit="um",
            remedy="lower the feed, or raise the rate",
        )
    pulses = figures.pulses_along * figures.pulses_across
    if pulses > MOST_PULSES:
        yield Finding(
            number="M404",
            severity=Severity.WARNING,
            message="more pulses overlap than incubation was measured for: the threshold is a guess",
            place=place,
            value=round(pulses, 1),
            limit=MOST_PULSES,
            remedy="raise the feed, or widen the hatch",
        )


def _focus_and_slope(recipe: Recipe, step: Step, figures: Derived, place: str) -> Iterator[Finding]:
    """What is known without a relief: the chords of paths, and half a step of a focus that follows the floor."""
    beam = recipe.beam_of(step)
    off_um = recipe.chord_tolerance_um + step.focus_step_um / 2
    growth = float(spot_radius_um(beam, off_um)) / beam.spot_radius_um - 1
    if growth > MOST_SPOT_GROWTH:
        yield Finding(
            number="M405",
            severity=Severity.WARNING,
            message="the chord tolerance and the focus step let the spot leave the focus: it grows by this share",
            place=place,
            value=round(growth, 4),
            limit=MOST_SPOT_GROWTH,
            remedy=f"keep the tolerance and half the focus step within {figures.focus_um:.1f} um together",
        )
    if figures.half_slope_rad < STEEPEST_RAD:
        yield Finding(
            number="M406",
            severity=Severity.INFO,
            message="a pass cuts less than half its depth on slopes that tips have, and nothing beyond "
            f"{math.degrees(figures.end_slope_rad):.1f} deg",
            place=place,
            value=round(math.degrees(figures.half_slope_rad), 1),
            limit=round(math.degrees(STEEPEST_RAD), 1),
            unit="deg",
            remedy="raise the pulse energy, or keep to blunter tips",
        )
