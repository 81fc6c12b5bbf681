"""Findings: what a rule or a check has to say, as numbered data rather than as text."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs: an ``ERROR`` fails the pin, a ``WARNING`` wants a look, ``INFO`` is for the record."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One numbered finding.

    ``number`` is a stable identifier: a family letter and three digits (``L`` layout rules, ``M`` machine file,
    ``C`` cut, ``S`` strike, ``R`` reading). ``place`` names the glyph, ring cell, line or region it is about.
    ``value`` and ``limit`` carry ``unit``; both are None where the finding is not a comparison of numbers.
    """

    number: str
    severity: Severity
    message: str
    place: str = ""
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    remedy: str = ""


def has_errors(findings: tuple[Finding, ...]) -> bool:
    """Whether any finding is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)
