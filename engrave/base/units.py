"""Quantities with their units: what a person writes (``0.15mm``) to what the program computes with (150.0 um)."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s*(\S*)\s*")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?[0-9]+,[0-9]+\s*[^\s,.0-9]\S*\s*")
# Both characters that stand for micro are read as the letter u.
_MICRO = str.maketrans("µμ", "uu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """A kind of quantity: the suffix its names carry, a usual unit, and for every unit its factor as exact text."""

    name: str
    suffix: str
    example: str
    factors: Mapping[str, str]


NEWTONS_A_PA_UM2 = 1e-12
"""A pressure in pascals on an area in square micrometres, in newtons."""
JOULES_A_N_UM = 1e-6
"""A force in newtons along a way in micrometres, in joules."""

_ANGLE_DEGREE = "0.017453292519943295769236907684886"
_MM3_A_MINUTE = "16666666.666666666666666666666667"

DIMENSIONS: tuple[Dimension, ...] = (
    Dimension(
        name="fluence",
        suffix="_j_cm2",
        example="J/cm2",
        factors={"J/cm2": "1", "mJ/cm2": "1e-3"},
    ),
    Dimension(
        name="acceleration",
        suffix="_um_s2",
        example="m/s2",
        factors={"m/s2": "1e6", "mm/s2": "1e3"},
    ),
    Dimension(
        name="speed",
        suffix="_um_s",
        example="mm/s",
        factors={"um/s": "1", "mm/s": "1e3", "m/s": "1e6"},
    ),
    Dimension(
        name="removal rate",
        suffix="_um3_s",
        example="mm3/min",
        factors={"um3/s": "1", "mm3/s": "1e9", "mm3/min": _MM3_A_MINUTE},
    ),
    Dimension(
        name="length",
        suffix="_um",
        example="um",
        factors={"nm": "1e-3", "um": "1", "mm": "1e3", "m": "1e6", "mil": "25.4", "in": "25400"},
    ),
    Dimension(
        name="time",
        suffix="_s",
        example="us",
        factors={"fs": "1e-15", "ps": "1e-12", "ns": "1e-9", "us": "1e-6", "ms": "1e-3", "s": "1"},
    ),
    Dimension(
        name="energy",
        suffix="_j",
        example="uJ",
        factors={"nJ": "1e-9", "uJ": "1e-6", "mJ": "1e-3", "J": "1"},
    ),
    Dimension(
        name="frequency",
        suffix="_hz",
        example="kHz",
        factors={"Hz": "1", "kHz": "1e3", "MHz": "1e6"},
    ),
    Dimension(
        name="pressure",
        suffix="_pa",
        example="MPa",
        factors={"Pa": "1", "kPa": "1e3", "MPa": "1e6", "GPa": "1e9"},
    ),
    Dimension(name="angle", suffix="_rad", example="deg", factors={"deg": _ANGLE_DEGREE, "rad": "1"}),
)


def dimension_of(name: str) -> Dimension | None:
    """The dimension that a name such as ``pitch_um`` announces, or None for a plain number."""
    return next((dimension for dimension in DIMENSIONS if name.endswith(dimension.suffix)), None)


def parse_quantity(text: object, dimension: Dimension) -> float:
    """The value in the program's unit. Raises ValueError with a sentence that says what to write instead."""
    if isinstance(text, (int, float)) and not isinstance(text, bool) and math.isfinite(text):
        raise ValueError(f"{text!r} has no unit; write '{text}{dimension.example}'")
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no {dimension.name}; write it as text, such as '1{dimension.example}'")  # noqa: TRY004
    if _DECIMAL_COMMA.fullmatch(text):
        raise ValueError(f"{text!r}: a decimal comma is not read; write '{text.strip().replace(',', '.')}'")
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no {dimension.name}; write a number and a unit, such as '1{dimension.example}'")
    number, written_unit = match.groups()
    unit = written_unit.translate(_MICRO)
    if not unit:
        raise ValueError(f"{text!r} has no unit; write '{number}{dimension.example}'")
    if unit not in dimension.factors:
        raise ValueError(
            f"{text!r}: {written_unit!r} is no unit of {dimension.name}; use one of {', '.join(dimension.factors)}"
        )
    value = float(Decimal(number) * Decimal(dimension.factors[unit]))
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is beyond every {dimension.name} that can be computed with")
    return value
