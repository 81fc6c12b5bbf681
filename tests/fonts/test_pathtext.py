"""Glyph texts: what they read as, and that what is written reads back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fonts.pathtext import contour_text, number_text, parse_contour, parse_stroke, stroke_text


@pytest.mark.parametrize(
    ("number", "text"), [(0.0, "0"), (1.0, "1"), (0.78, "0.78"), (1e-9, "0.000000001"), (1 / 3, "0.3333333333333333")]
)
def test_numbers_have_no_exponent(number: float, text: str) -> None:
    assert number_text(number) == text


@given(number=st.floats(0.0, 1e6))
def test_numbers_read_back_the_same(number: float) -> None:
    assert float(number_text(number)) == number


def test_texts_are_written_as_a_designer_writes_them() -> None:
    for text in ("0,1 0,0 0.78,0", "0.55,1 0.55,0~0.27 0,0~0.27 0,0.3"):
        stroke, faults = parse_stroke(text, advance=0.78)
        assert stroke is not None, faults
        assert stroke_text(stroke) == text
    contour, faults = parse_contour("0,0 0.5,0 0.25,1", advance=0.5)
    assert contour == ((0.0, 0.0), (0.5, 0.0), (0.25, 1.0)), faults
    assert contour_text(contour) == "0,0 0.5,0 0.25,1"
