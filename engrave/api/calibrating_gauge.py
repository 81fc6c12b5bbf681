"""How good a gauge is: repeated measurements to repeatability, reproducibility and what they leave to tell."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engrave.api.calibrating_table import digits, measured_text
from engrave.base.errors import InputError, raise_faults
from engrave.base.gauge import Gauge, gauge_study
from engrave.base.tables import Column, Table, read_table

GAUGE_SCHEMA = "pin-engrave/gauge/1"

MOST_GRR_SHARE = 0.30
LEAST_CATEGORIES = 5
"""A gauge is of no use where it takes more than 30 % of the variation, or tells fewer than five categories (AIAG)."""
FINE_GRR_SHARE = 0.10
"""Below it a gauge is good for anything (AIAG)."""

_FloatArray = NDArray[np.float64]

_GAUGE_COLUMNS = (
    Column(field="part", required=True, filled=True),
    Column(field="operator", required=True, filled=True),
    Column(field="repeat"),
    Column(field="value", required=True, filled=True, number=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeFit:
    """The outcome: whether the gauge is of use by the AIAG's limits, and ``pin-engrave/gauge/1``."""

    good: bool
    document: dict[str, Any]


def judge_gauge(path: Path) -> GaugeFit:
    """Repeatability and reproducibility from repeated measurements: columns part, operator, value, and maybe repeat.

    Raises InputError with every fault of the file, and where the study is not balanced.
    """
    text, digest = measured_text(path)
    table = read_table(text, _GAUGE_COLUMNS, origin=path.name)
    parts, operators, values = _study(table, origin=path.name)
    try:
        study = gauge_study(values)
    except InputError as error:
        raise InputError([f"{path.name}: {fault}" for fault in error.faults]) from error
    faults = _gauge_faults(study)
    document = {
        "schema": GAUGE_SCHEMA,
        "measurements": {"name": path.name, "sha256": digest},
        "unit": table.units["value"],
        "parts": list(parts),
        "operators": list(operators),
        "repeats": study.repeats,
        "mean": digits(study.mean),
        "good": not faults,
        "faults": faults,
        "sources": [
            {
                "name": source.name,
                "sum_of_squares": digits(source.sum_of_squares),
                "degrees_of_freedom": source.degrees_of_freedom,
                "mean_square": digits(source.mean_square),
                "f": None if source.f is None else digits(source.f),
                "p": None if source.p is None else digits(source.p),
            }
            for source in study.sources
        ],
        "interaction_pooled": study.pooled,
        "components": [
            {
                "name": component.name,
                "variance": digits(component.variance),
                "sigma": digits(component.sigma[0]),
                "sigma_low": digits(component.sigma[1]),
                "sigma_high": digits(component.sigma[2]),
                "contribution": digits(component.contribution),
                "study_share": digits(component.study_share),
            }
            for component in study.components
        ],
        "grr_share": _ranged(study.grr_share, study.grr_share_within),
        "ndc": study.distinct,
        "categories": _ranged(study.categories, study.categories_within),
        "limits": {
            "fine_grr_share": FINE_GRR_SHARE,
            "most_grr_share": MOST_GRR_SHARE,
            "least_categories": LEAST_CATEGORIES,
        },
    }
    return GaugeFit(good=not faults, document=document)


def _ranged(value: float, within: tuple[float, float]) -> dict[str, float]:
    return {"value": digits(value), "low": digits(within[0]), "high": digits(within[1])}


def _study(table: Table, *, origin: str) -> tuple[tuple[str, ...], tuple[str, ...], _FloatArray]:
    """Parts, operators and (parts, operators, repeats) values. Raises InputError where a cell lacks some."""
    parts = tuple(dict.fromkeys(row.texts["part"] for row in table.rows))
    operators = tuple(dict.fromkeys(row.texts["operator"] for row in table.rows))
    cells: dict[tuple[str, str], list[float]] = {(part, operator): [] for part in parts for operator in operators}
    named: dict[tuple[str, str, str], int] = {}
    faults = []
    for row in table.rows:
        part, operator, repeat = row.texts["part"], row.texts["operator"], row.texts.get("repeat", "")
        cells[part, operator].append(row.numbers["value"])
        if repeat and (part, operator, repeat) in named:
            before = named[part, operator, repeat]
            faults.append(f"{origin}: line {row.line}: repeat {repeat!r} of this part and operator is in line {before}")
        named[part, operator, repeat] = row.line
    most = max(len(values) for values in cells.values())
    faults += [
        f"{origin}: part {part!r}, operator {operator!r}: {len(values)} values and others have {most}; every operator "
        "must measure every part as often"
        for (part, operator), values in cells.items()
        if len(values) != most
    ]
    raise_faults(faults)
    return parts, operators, np.array([[cells[part, operator] for operator in operators] for part in parts])


def _gauge_faults(study: Gauge) -> list[str]:
    faults = []
    if study.grr_share > MOST_GRR_SHARE:
        faults.append(f"the gauge takes {study.grr_share:.1%} of the variation; {MOST_GRR_SHARE:.0%} is the limit")
    if study.distinct < LEAST_CATEGORIES:
        faults.append(f"the gauge tells {study.distinct} categories of parts; {LEAST_CATEGORIES} is the least")
    return faults
