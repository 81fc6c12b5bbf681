"""Quantities with units: exact values, refusals, and what the refusals suggest."""

import math
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrave.base.units import DIMENSIONS, Dimension, dimension_of, parse_quantity

BY_NAME = {dimension.name: dimension for dimension in DIMENSIONS}

# Every unit with its value in the program's unit, from the definitions of SI and of the inch (25.4 mm).
UNITS = {
    "length": {"nm": "1/1000", "um": "1", "mm": "1000", "m": "1000000", "mil": "254/10", "in": "25400"},
    "time": {
        "fs": "1/1000000000000000",
        "ps": "1/1000000000000",
        "ns": "1/1000000000",
        "us": "1/1000000",
        "ms": "1/1000",
        "s": "1",
    },
    "speed": {"um/s": "1", "mm/s": "1000", "m/s": "1000000"},
    "acceleration": {"m/s2": "1000000", "mm/s2": "1000"},
    "energy": {"nJ": "1/1000000000", "uJ": "1/1000000", "mJ": "1/1000", "J": "1"},
    "frequency": {"Hz": "1", "kHz": "1000", "MHz": "1000000"},
    "pressure": {"Pa": "1", "kPa": "1000", "MPa": "1000000", "GPa": "1000000000"},
    "fluence": {"J/cm2": "1", "mJ/cm2": "1/1000"},
    "removal rate": {"um3/s": "1", "mm3/s": "1000000000", "mm3/min": "1000000000/60"},
}
EXACT = [(name, unit, Fraction(factor)) for name, units in UNITS.items() for unit, factor in units.items()]


def length(text: object) -> float:
    return parse_quantity(text, BY_NAME["length"])


def test_every_unit_is_tried_here() -> None:
    known = {(dimension.name, unit) for dimension in DIMENSIONS for unit in dimension.factors}
    assert known == {(name, unit) for name, unit, _ in EXACT} | {("angle", "deg"), ("angle", "rad")}


@pytest.mark.parametrize(("name", "unit", "factor"), EXACT)
@given(number=st.decimals(min_value="-100000", max_value="100000", allow_nan=False, places=4))
def test_the_value_is_the_nearest_to_the_exact_product(name: str, unit: str, factor: Fraction, number: object) -> None:
    text = f"{number}{unit}"
    assert parse_quantity(text, BY_NAME[name]) == float(Fraction(str(number)) * factor)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.15mm", 150.0),
        ("150um", 150.0),
        ("150 um", 150.0),
        ("  6mil ", 152.4),
        ("150µm", 150.0),
        ("150\u03bcm", 150.0),
        ("150\u00a0µm", 150.0),
        ("13.5nm", 0.0135),
        ("+1.5e2um", 150.0),
        (".15mm", 150.0),
        ("-5mm", -5000.0),
        ("0.1in", 2540.0),
    ],
)
def test_lengths(text: str, value: float) -> None:
    assert length(text) == value


def test_angles_agree_with_the_standard_library() -> None:
    for degrees in (0.0, 15.0, 75.0, 135.0, -180.0):
        assert parse_quantity(f"{degrees}deg", BY_NAME["angle"]) == pytest.approx(math.radians(degrees), rel=1e-15)
    assert parse_quantity("1.25rad", BY_NAME["angle"]) == 1.25


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_printed_with_the_programs_unit_is_read_back(value: float) -> None:
    assert length(f"{value!r}um") == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (25, "25 has no unit; write '25um'"),
        (0.7, "0.7 has no unit; write '0.7um'"),
        ("0.7", "'0.7' has no unit; write '0.7um'"),
        ("1e3", "'1e3' has no unit; write '1e3um'"),
        ("0,15mm", "a decimal comma is not read; write '0.15mm'"),
        ("3furlong", "'furlong' is no unit of length; use one of nm, um, mm, m, mil, in"),
        ("3uJ", "'uJ' is no unit of length"),
        ("3MM", "'MM' is no unit of length"),
        ("mm", "write a number and a unit, such as '1um'"),
        ("", "write a number and a unit"),
        ("1 2mm", "'2mm' is no unit of length"),
        ("1 mm wide", "write a number and a unit"),
        ("nanmm", "write a number and a unit"),
        ("infmm", "write a number and a unit"),
        ("1e999mm", "beyond every length"),
        (True, "True is no length; write it as text"),
        (None, "None is no length"),
        (math.nan, "nan is no length"),
        ([1], "[1] is no length"),
    ],
)
def test_a_refusal_says_what_to_write(text: object, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        length(text)


def test_the_suggestion_uses_the_fields_own_unit() -> None:
    with pytest.raises(ValueError, match=r"write '0\.7uJ'"):
        parse_quantity("0.7", BY_NAME["energy"])


@pytest.mark.parametrize(
    ("name", "dimension"),
    [
        ("pitch_um", "length"),
        ("feed_um_s", "speed"),
        ("acceleration_um_s2", "acceleration"),
        ("gate_jitter_s", "time"),
        ("threshold_j_cm2", "fluence"),
        ("pulse_energy_j", "energy"),
        ("repetition_rate_hz", "frequency"),
        ("yield_stress_pa", "pressure"),
        ("angles_rad", "angle"),
    ],
)
def test_a_name_announces_its_dimension(name: str, dimension: str) -> None:
    found = dimension_of(name)
    assert isinstance(found, Dimension)
    assert found.name == dimension


@pytest.mark.parametrize("name", ["backing", "sectors", "tracks", "um", "contrast"])
def test_a_plain_name_announces_none(name: str) -> None:
    assert dimension_of(name) is None
