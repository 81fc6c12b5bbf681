"""Strikes of one pin as the document ``pin-engrave/strike/1``: what each leaves, and how often that is enough."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engrave.base.shelf import Sourced
from engrave.code.mark import Mark
from engrave.code.profiles import PROFILES
from engrave.job import prior_notes
from engrave.layout import lay_out
from engrave.strike import Condition, Ensemble
from engrave.verify.check import Checker, Struck, measured_under, struck_under
from engrave.verify.compare import Measured, check_depths
from engrave.verify.document import condition_to_json, finding_to_json, lands_to_json
from engrave.verify.trials import Carried, Rate, Rates, Trial, by_rounds, carried, carriers_of, rates
from engrave.verify.weighed import CALIBRATED
from toolpaths.findings import Finding
from toolpaths.surface import HeightMap

STRIKE_SCHEMA = "pin-engrave/strike/1"

_UM_DECIMALS = 1
_N_DECIMALS = 1
_J_DECIMALS = 4
_SHARE_DECIMALS = 4
_CHANCES = f"{CALIBRATED} What ring, shapes and all carriers jointly identify rests on it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A pin under one condition: what was read and measured, and what is wrong with it by the job's limits."""

    struck: Struck
    measured: tuple[Measured, ...]
    findings: tuple[Finding, ...]
    carriers: tuple[Carried, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A pin under draws of an ensemble."""

    ensemble: Sourced[Ensemble]
    seed: int
    trials: tuple[Trial, ...]


def outcome_under(tip: HeightMap, mark: Mark, checker: Checker, condition: Sourced[Condition]) -> Outcome:
    """Strike a cut tip under one condition and hold it against the mark and the job's limits."""
    setup = checker.setup
    struck = struck_under(tip, checker, name=condition.name, condition=condition.value)
    layout = lay_out(setup.places, setup.shapes, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
    measured = measured_under(struck, layout, setup.job)
    return Outcome(
        struck=struck,
        measured=measured,
        findings=tuple(check_depths(measured, setup.job)),
        carriers=carried(struck.reading, mark, polarity=setup.job.layout.polarity),
    )


def strike_to_json(
    outcomes: Sequence[Outcome],
    sampled: Sampled | None,
    mark: Mark,
    checker: Checker,
    *,
    conditions: Sequence[Sourced[Condition]],
) -> dict[str, Any]:
    """The JSON object of the strikes of one pin; figures of the simulation are rounded."""
    # The job's own conditions may be among those that were struck: each is told once.
    priors = dict.fromkeys((*prior_notes(checker.setup.job), *_notes(conditions), ("reading.posterior", _CHANCES)))
    return {
        "schema": STRIKE_SCHEMA,
        "intended": {"characters": mark.characters, "id": mark.id, "serial": mark.serial},
        "conditions": {entry.struck.name: _outcome(entry, mark, checker) for entry in outcomes},
        "ensemble": None if sampled is None else _sampled(sampled, mark),
        "priors": [{"of": name, "source": source} for name, source in priors],
    }


def _notes(conditions: Iterable[Sourced[Condition]]) -> Iterable[tuple[str, str]]:
    for entry in conditions:
        yield from ((f"{entry.name}: {key}", source.text) for key, source in entry.sources.items() if source.prior)


def _outcome(entry: Outcome, mark: Mark, checker: Checker) -> dict[str, Any]:
    impression = entry.struck.impression
    return {
        "description": entry.struck.condition.description,
        **condition_to_json(entry.struck, mark, checker.setup),
        "sunk_um": round(impression.sunk_um, _UM_DECIMALS),
        "force_n": round(impression.force_n, _N_DECIMALS),
        "energy_j": round(impression.energy_j, _J_DECIMALS),
        "carriers": {
            carrier: {"right": said.right, **_whom(said, mark)}
            for carrier, said in zip(carriers_of(PROFILES[mark.profile]), entry.carriers, strict=True)
        },
        "findings": [finding_to_json(finding) for finding in entry.findings],
        **lands_to_json(entry.measured),
    }


def _sampled(sampled: Sampled, mark: Mark) -> dict[str, Any]:
    return {
        "name": sampled.ensemble.name,
        "description": sampled.ensemble.value.description,
        "samples": len(sampled.trials),
        "seed": sampled.seed,
        "carriers": _rates(rates(sampled.trials, mark)),
        "by_rounds": [
            {
                "least_rounds": aged.least_rounds,
                "most_rounds": aged.most_rounds,
                "carriers": _rates(aged.rates),
            }
            for aged in by_rounds(sampled.trials, mark)
        ],
        "draws": [_draw(entry, mark) for entry in sampled.trials],
        "priors": [
            {"of": key, "source": source.text} for key, source in sampled.ensemble.sources.items() if source.prior
        ],
    }


def _rates(found: Sequence[Rates]) -> dict[str, Any]:
    return {
        entry.carrier: {
            "right": _rate(entry.right),
            "identified": _rate(entry.identified),
            "wrong": _rate(entry.wrong),
        }
        for entry in found
    }


def _rate(rate: Rate) -> dict[str, Any]:
    return {
        "count": rate.count,
        "of": rate.trials,
        "wilson_95": [round(rate.least, _SHARE_DECIMALS), round(rate.most, _SHARE_DECIMALS)],
    }


def _draw(entry: Trial, mark: Mark) -> dict[str, Any]:
    condition = entry.condition
    return {
        "index": entry.index,
        "dent_um": round(entry.dent_um, _UM_DECIMALS),
        "contact_um": round(entry.contact_um, _UM_DECIMALS),
        "rounds": condition.wear.rounds if condition.wear else 0,
        "damage": [name for name in ("drag", "second", "fouling", "chips") if getattr(condition, name) is not None],
        "characters": entry.characters,
        "wrong_cells": entry.wrong_cells,
        "lost_cells": entry.lost_cells,
        "wrong_shapes": entry.wrong_shapes,
        "lost_shapes": entry.lost_shapes,
        "right": [
            carrier
            for carrier, said in zip(carriers_of(PROFILES[mark.profile]), entry.carriers, strict=True)
            if said.right
        ],
        **_whom(entry.carriers[-1], mark),
    }


def _whom(said: Carried, mark: Mark) -> dict[str, bool]:
    """Whether this pin is identified, and whether another is."""
    return {"identified": said.identified == mark.id, "wrong": said.identified not in (None, mark.id)}
