"""Templates against hand-counted numbers and brute force."""

import math
import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.base.errors import InputError
from engrave.code.templates import first_common, parse_template

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"


@pytest.mark.parametrize(
    ("template", "capacity", "bits"),
    [("AAAA999", 26**4 * 1000, 28.8), ("AAA9999", 26**3 * 10_000, 27.4), ("999-99999", 10**8, 26.6)],
)
def test_capacities(template: str, capacity: int, bits: float) -> None:
    assert parse_template(template).capacity == capacity
    assert round(math.log2(capacity), 1) == bits


@pytest.mark.parametrize(
    ("template", "serial", "index"),
    [
        ("999-99999", "375-76834", 37_576_834),
        ("AAAA999", "AAAA000", 0),
        ("AAAA999", "AAAB012", 1012),
        ("AAA9999", "ZZZ9999", 175_759_999),
        (r"\A\99", "A97", 7),
        ("9A9", "1C4", 1 * 260 + 2 * 10 + 4),
    ],
)
def test_serials_are_numbered_in_mixed_radix(template: str, serial: str, index: int) -> None:
    parsed = parse_template(template)
    assert parsed.matches(serial)
    assert parsed.index(serial) == index
    assert parsed.serial(index) == serial


@pytest.mark.parametrize("serial", ["375-7683", "375-768340", "37576834", "A75-76834", "375-7683A", ""])
def test_what_does_not_match(serial: str) -> None:
    assert not parse_template("999-99999").matches(serial)


@pytest.mark.parametrize(
    ("template", "faults"),
    [
        ("", ["nothing variable"]),
        (r"\A\9B-", ["nothing variable"]),
        ("a99", ["'a' is not allowed"]),
        ("9_9 ", ["'_' is not allowed", "' ' is not allowed"]),
        ("99\\", ["ends in a backslash"]),
        (r"9\\", [r"'\\' is not allowed"]),
        ("9" * 21, ["21 places"]),
        ("b\\", ["ends in a backslash", "'b' is not allowed", "nothing variable"]),
    ],
)
def test_every_fault_of_a_template_is_named(template: str, faults: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse_template(template)
    assert len(caught.value.faults) == len(faults)
    assert all(any(fault in sentence for sentence in caught.value.faults) for fault in faults)


def test_twenty_places_are_allowed() -> None:
    assert parse_template("9" * 20).capacity == 10**20


PLACES = ["A", "9", r"\A", r"\9", "M", "5", "-"]
TEMPLATES = st.lists(st.sampled_from(PLACES), min_size=2, max_size=2).map("".join)


def brute(template: str) -> list[str]:
    """The serials of two places that match, in order, by a regular expression made place by place."""
    classes = {"A": "[A-Z]", "9": "[0-9]"}
    tokens = re.findall(r"\\?.", template)
    pattern = re.compile("".join(classes.get(token, re.escape(token.removeprefix("\\"))) for token in tokens))
    return sorted(text for pair in product(CHARACTERS, repeat=2) if pattern.fullmatch(text := "".join(pair)))


@settings(deadline=None, max_examples=60)
@given(one=TEMPLATES, other=TEMPLATES, data=st.data())
def test_the_first_common_serial_is_what_brute_force_finds(one: str, other: str, data: st.DataObject) -> None:
    for template in (one, other):
        if len(brute(template)) == 1:
            return
    first = data.draw(st.sampled_from(brute(one)))
    last = data.draw(st.sampled_from(brute(other)))
    common = [text for text in brute(one) if text in set(brute(other)) and first <= text <= last]
    found = first_common(parse_template(one), parse_template(other), first=first, last=last)
    assert found == (common[0] if common else None)


@settings(deadline=None, max_examples=40)
@given(template=TEMPLATES)
def test_indexes_count_the_sorted_serials(template: str) -> None:
    serials = brute(template)
    if len(serials) > 1:
        parsed = parse_template(template)
        assert [parsed.index(serial) for serial in serials] == list(range(parsed.capacity))
        assert [parsed.serial(index) for index in range(parsed.capacity)] == serials


def test_templates_of_other_lengths_share_nothing() -> None:
    assert first_common(parse_template("99"), parse_template("999"), first="00", last="99") is None
