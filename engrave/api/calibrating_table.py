"""What the readers of measurements share: a table's text with its hash, and how figures are told."""

from pathlib import Path
from typing import Any

from engrave.base.errors import raise_faults
from engrave.base.files import read_bytes, read_text_on, sha256_hex
from engrave.base.tables import MOST_TABLE_BYTES
from toolpaths.laser.calibration import Estimate

DIGITS = 6
"""Digits of a figure in a document: more than any measurement knows."""


def measured_text(path: Path) -> tuple[str, str]:
    """The file's text and its SHA-256. Raises InputError where it cannot be read."""
    faults: list[str] = []
    text = read_text_on(path, most=MOST_TABLE_BYTES, faults=faults)
    raise_faults(faults)
    return text, sha256_hex(read_bytes(path, most=MOST_TABLE_BYTES))


def digits(value: float) -> float:
    """The value to as many digits as are told."""
    return float(f"{value:.{DIGITS}g}")


def figure_document(name: str, estimate: Estimate, unit: str) -> dict[str, Any]:
    """A figure with its interval, as documents tell it."""
    return {
        "name": name,
        "value": digits(estimate.value),
        "low": digits(estimate.low),
        "high": digits(estimate.high),
        "half_width": round(estimate.half_width, DIGITS),
        "unit": unit,
    }
