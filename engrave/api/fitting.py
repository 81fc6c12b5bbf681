"""The layout that suits a job's pin best, and the job written anew with it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engrave.base.config import MOST_CONFIG_BYTES, to_jsonable
from engrave.base.files import read_text
from engrave.job import Job, example_job_text, load_job
from engrave.job.bench import fit_job
from engrave.job.setup import prepare
from engrave.job.written import with_layout
from engrave.layout.fitting import Fit, Found
from engrave.verify.document import finding_to_json
from toolpaths.findings import Finding, has_errors

FIT_SCHEMA = "pin-engrave/fit/1"
_DECIMALS = 4
_GROUNDS = (
    "Predicted, to rank layouts: how a strike reaches and fills each land is that of the strike's closed forms, how"
    " often a land of that depth and size is read is a prior. benchmarks/proof_layout.py holds it against the full"
    " simulation."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOutcome:
    """The best layout of each profile that fits, the best first; findings on the first of them.

    job_text : the job file with the first one in place of its layout.
    """

    job: Job
    found: tuple[Found, ...]
    findings: tuple[Finding, ...]
    job_text: str

    @property
    def sound(self) -> bool:
        """Whether no design rule forbids the best one."""
        return not has_errors(self.findings)


def fit(job: Path | None) -> FitOutcome:
    """Search for the layout of a job file, or of the shipped example; a layout that it has is left aside.

    Raises InputError with every fault of the job, and with the reasons where no layout fits its pin.
    """
    given = load_job(job)
    wanted = given.fit or Fit(face=given.layout.face, polarity=given.layout.polarity)
    found = fit_job(given, wanted)
    fitted = replace(given, layout=found[0].settings, fit=wanted)
    text = example_job_text() if job is None else read_text(job, most=MOST_CONFIG_BYTES)
    return FitOutcome(
        job=fitted, found=found, findings=prepare(fitted).rules, job_text=with_layout(text, found[0].settings)
    )


def fit_to_json(outcome: FitOutcome) -> dict[str, Any]:
    """The JSON object ``pin-engrave/fit/1``."""
    return {
        "schema": FIT_SCHEMA,
        "job": outcome.job.name,
        "pin": outcome.job.pin.name,
        "verdict": "pass" if outcome.sound else "fail",
        "grounds": _GROUNDS,
        "layouts": [_found(entry, outcome.job) for entry in outcome.found],
        "findings": [finding_to_json(finding) for finding in outcome.findings],
    }


def _found(entry: Found, job: Job) -> dict[str, Any]:
    predicted = entry.prediction
    return {
        "layout": to_jsonable(entry.settings),
        "cells": len(entry.places.teeth),
        "chance": round(predicted.chance, _DECIMALS),
        "margin": round(predicted.margin, _DECIMALS),
        "bits": round(predicted.bits, 1),
        "conditions": {
            condition.name: round(chance, _DECIMALS)
            for condition, chance in zip(job.conditions, predicted.by_condition, strict=True)
        },
    }
