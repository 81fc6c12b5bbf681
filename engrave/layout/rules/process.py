"""Process: the cut and the machine against what is to be cut, and what the slope of the tip does to the cut."""

from collections.abc import Iterator

from engrave.layout.rules.subject import Subject
from toolpaths.findings import Finding, Severity
from toolpaths.laser.ablation import pass_depth_um, spot_radius_um
from toolpaths.laser.recipe import Recipe

# The planner's kerf may depart from the crater that the process gives by this much.
KERF_TOLERANCE_UM = 1.0
# Steps of the machine to a stroke: edges then lie within a twentieth of it. A 16-bit galvo over 110 mm steps by
# 1.68 um, and draws a 4 um hatch two and three steps apart in turn (prior).
LEAST_STEPS = 10.0
# A pass on the steepest part of the mark cuts at least this share of its depth at the apex; the planner adds passes for
# the steepest part, so that the middle comes out deeper by the inverse of it (prior).
LEAST_DEPTH_SHARE = 0.6
# Of the relief so much may stay on the floor where a level rod meets a land from uphill: the least depth share again.
MOST_LEFT_SHARE = 1 - LEAST_DEPTH_SHARE
# The spot may grow by this much over the relief.
MOST_SPOT_GROWTH = 0.05


def _kerf(subject: Subject) -> Iterator[Finding]:
    grounds = subject.grounds
    difference_um = grounds.kerf_um - grounds.crater_um
    if abs(difference_um) > KERF_TOLERANCE_UM:
        yield Finding(
            number="L110",
            severity=Severity.WARNING,
            message="the planner's kerf is not the width that the process cuts",
            place="process.kerf",
            value=round(grounds.kerf_um, 3),
            limit=round(grounds.crater_um, 3),
            unit="um",
            remedy="measure the cut, and write what it is into the process",
        )
    finest_um = min(width_um for _, width_um in subject.widths_um)
    # A beam's cut rounds a land's corners from both sides; a groove must take the cut itself.
    most_um = finest_um if subject.recessed else 2 * finest_um
    if grounds.kerf_um > most_um and (subject.recessed or grounds.recipe is not None):
        yield Finding(
            number="L111",
            severity=Severity.ERROR,
            message="the cut is wider than the finest groove"
            if subject.recessed
            else "the cut is more than twice as wide as the finest land: corners and ends will not stand",
            place="process.kerf",
            value=round(grounds.kerf_um, 3),
            limit=round(most_um, 3),
            unit="um",
            remedy=f"use {grounds.finer} or wider {'grooves' if subject.recessed else 'lands'}",
        )
    if not subject.recessed and grounds.ridge_um > finest_um:
        yield Finding(
            number="L111",
            severity=Severity.ERROR,
            message="the finest land is narrower than the least that the electrode can have a groove for",
            place="process.cutter",
            value=round(finest_um, 3),
            limit=round(grounds.ridge_um, 3),
            unit="um",
            remedy=f"use {grounds.finer}, a thinner cutter or wider lands",
        )


def _step(subject: Subject) -> Iterator[Finding]:
    step_um = subject.grounds.step_um
    name, finest_um = min(subject.widths_um, key=lambda entry: entry[1])
    if step_um is not None and finest_um < LEAST_STEPS * step_um:
        yield Finding(
            number="L116",
            severity=Severity.WARNING,
            message="the finest stroke is so few steps of the machine wide that its edges come out uneven",
            place=name,
            value=round(finest_um / step_um, 2),
            limit=LEAST_STEPS,
            remedy=f"use a machine with steps of {finest_um / LEAST_STEPS:.2f} um or finer",
        )


def _slope(subject: Subject) -> Iterator[Finding]:
    recipe = subject.grounds.recipe
    if recipe is None:
        return
    share = depth_share(recipe, subject.steepest_cosine)
    if share < LEAST_DEPTH_SHARE:
        yield Finding(
            number="L120",
            severity=Severity.WARNING if share > 0 else Severity.ERROR,
            message="the pulse spreads so much on the steepest part of the mark that a pass cuts only this share of "
            "its depth at the apex: floors come out uneven"
            if share > 0
            else "on the steepest part of the mark the beam does not cut at all",
            place="mark",
            value=round(share, 3),
            limit=LEAST_DEPTH_SHARE,
            remedy="use a blunter tip or a smaller mark, or raise the pulse energy",
        )
    if share <= 0:
        return
    growth = spot_growth(recipe, relief_um=subject.axial_relief_um, share=share)
    if growth > MOST_SPOT_GROWTH:
        yield Finding(
            number="L122",
            severity=Severity.WARNING,
            message=f"the floor, by the relief {subject.along} and the slope, leaves the focus: the spot grows",
            place="process.spot_radius",
            value=round(growth, 4),
            limit=MOST_SPOT_GROWTH,
            remedy="lower relief, use a wider spot, or a blunter tip",
        )


def _level(subject: Subject) -> Iterator[Finding]:
    """A rod's end is level: uphill of a land the floor is no lower than the face a rod's width further up allows."""
    grounds, cosine = subject.grounds, subject.steepest_cosine
    high_um = grounds.level_um * float((1 / cosine**2 - 1) ** 0.5)
    if high_um > MOST_LEFT_SHARE * subject.axial_relief_um:
        yield Finding(
            number="L128",
            severity=Severity.WARNING,
            message="the rod's end is level: on the steepest part of the mark so much stays on floor uphill of a land",
            place="mark",
            value=round(high_um, 3),
            limit=round(MOST_LEFT_SHARE * subject.axial_relief_um, 3),
            unit="um",
            remedy=f"use {grounds.finer}, a blunter tip or a smaller mark",
        )


def depth_share(recipe: Recipe, cosine: float) -> float:
    """Depth of a rough pass on a slope over its depth where the beam falls square, 0 to 1."""
    process, beam = recipe.process_of(recipe.rough), recipe.beam_of(recipe.rough)
    flat_um = float(pass_depth_um(process, beam))
    return float(pass_depth_um(process, beam, cosine=cosine)) / flat_um if flat_um > 0 else 0.0


def spot_growth(recipe: Recipe, *, relief_um: float, share: float) -> float:
    """By which share the spot is larger on the deepest floor: where the slope is level, deeper by 1 / share.

    With zones no floor is deeper. The focus follows the face half a relief below it, or the floor in steps.
    """
    rough = recipe.rough
    deeper_um = 0.0 if recipe.zones > 1 else relief_um / share - relief_um
    reach_um = rough.focus_step_um / 2 if rough.focus_step_um > 0 else relief_um / 2
    beam = recipe.beam_of(rough)
    return float(spot_radius_um(beam, deeper_um + reach_um)) / beam.spot_radius_um - 1.0


RULES = (_kerf, _step, _slope, _level)
