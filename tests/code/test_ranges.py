"""The table of ranges: every fault at once, and serials to ids and back."""

import pickle
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.base.errors import InputError
from engrave.code.ranges import OutsideRangesError, Range, RangeTable
from engrave.code.serials import normalise_serial

PISTOL = Range(maker="Acme", model="P-1", template="999-99999", first="300-00000", last="399-99999", base=30_000_000)
LETTERS = Range(maker="Acme", model="P-2", template="AAA9999", first="AAA0000", last="ABZ9999", base=0)
OTHER = Range(maker="Bolt Works", model="P-1", template="AAAA999", first="AAAA000", last="AAAB999", base=1_000_000)
TABLE = RangeTable((PISTOL, LETTERS, OTHER))


def faults_of(*ranges: Range) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        RangeTable(ranges)
    return caught.value.faults


def test_hand_counted_ids() -> None:
    assert TABLE.identify("Acme", "P-1", "375-76834") == 37_576_834
    assert TABLE.identify("Acme", "P-2", "AAB0012") == 10_012
    assert TABLE.identify(" Bolt Works ", "P-1", " aaab999\n") == 1_001_999


def test_ids_are_located() -> None:
    assert TABLE.locate(37_576_834) == ("Acme", "P-1", "375-76834")
    assert TABLE.locate(0) == ("Acme", "P-2", "AAA0000")
    assert TABLE.locate(519_999) == ("Acme", "P-2", "ABZ9999")
    assert TABLE.locate(520_000) is None
    assert TABLE.locate(-1) is None
    assert TABLE.locate(40_000_000) is None


@settings(deadline=None, max_examples=100)
@given(identifier=st.integers(30_000_000, 39_999_999) | st.integers(0, 519_999))
def test_identify_undoes_locate(identifier: int) -> None:
    found = TABLE.locate(identifier)
    assert found is not None
    assert TABLE.identify(*found) == identifier


@pytest.mark.parametrize(
    ("maker", "model", "serial", "message"),
    [
        ("Acme", "P-1", "299-99999", "the ranges of this maker and model are 300-00000 to 399-99999"),
        ("Acme", "P-1", "400-00000", "the ranges of this maker and model are 300-00000 to 399-99999"),
        ("Acme", "P-1", "AAA0000", "300-00000 to 399-99999"),
        ("Acme", "P-3", "AAA0000", r"there are ranges for \(Acme, P-1\), \(Acme, P-2\)$"),
        ("acme", "P-1", "375-76834", r"\(Acme, P-1\), \(Acme, P-2\), \(Bolt Works, P-1\)"),
    ],
)
def test_a_serial_outside_says_what_there_is(maker: str, model: str, serial: str, message: str) -> None:
    with pytest.raises(OutsideRangesError, match=message):
        TABLE.identify(maker, model, serial)


def test_an_empty_table_knows_nobody() -> None:
    with pytest.raises(OutsideRangesError, match="there are ranges for nobody"):
        RangeTable(()).identify("Acme", "P-1", "1")


def test_all_three_names_are_checked_at_once() -> None:
    with pytest.raises(InputError) as caught:
        TABLE.identify("", "x" * 41, "../1")
    assert [sentence.split()[0] for sentence in caught.value.faults] == ["maker", "model", "serial", "serial", "serial"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"template": r"\9\9-"}, "has nothing variable"),
        ({"template": "99-999999"}, "first '300-00000' does not match the template '99-999999'"),
        ({"template": "999_99999"}, "'_' is not allowed"),
        ({"first": "30000000"}, "first '30000000' does not match the template '999-99999'"),
        ({"last": "3A9-99999"}, "last '3A9-99999' does not match"),
        ({"first": "400-00000"}, "first '400-00000' comes after last '399-99999'"),
        ({"last": "3=9"}, "last: serial '3=9': '=' at position 2"),
        ({"base": -1}, "base -1 is negative"),
        ({"base": 2**30 - 10_000_000 + 1}, f"choose a base of {2**30 - 10_000_000} at most"),
        ({"maker": " "}, "maker '' has 0 characters"),
        ({"model": "P\t1"}, r"model 'P\t1': '\t' at position 2"),
        ({"template": "AAAAAA9", "first": "AAAAAA0", "last": "ZZZZZZ9", "base": 0}, "narrow the range"),
    ],
)
def test_faults_of_one_range(change: dict[str, str | int], message: str) -> None:
    faults = faults_of(replace(PISTOL, **change))  # type: ignore[arg-type] # the table names each field's type
    assert any(message in fault for fault in faults)
    assert all(fault.startswith("ranges[0] (") for fault in faults)


def test_a_range_without_ends_holds_every_serial_of_its_template() -> None:
    whole = Range(maker="M", model="X", template=r"\A9A", base=100)
    table = RangeTable((whole,))
    # A stands for itself: 10 digits and 26 letters are 260 serials, A0A to A9Z.
    assert table.identify("M", "X", "A0A") == 100
    assert table.identify("M", "X", "A3C") == 100 + 3 * 26 + 2
    assert table.locate(359) == ("M", "X", "A9Z")
    assert table.locate(360) is None
    with pytest.raises(OutsideRangesError, match="the ranges of this maker and model are A0A to A9Z"):
        table.identify("M", "X", "B0A")


@pytest.mark.parametrize(
    ("ends", "first_id", "last"),
    [
        ({"first": "700-00000"}, ("700-00000", 5), "999-99999"),
        ({"last": "000-00009"}, ("000-00000", 5), "000-00009"),
    ],
)
def test_an_open_end_is_the_template_s(ends: dict[str, str], first_id: tuple[str, int], last: str) -> None:
    entry = Range(maker="M", model="X", template="999-99999", base=5, **ends)
    table = RangeTable((entry,))
    assert table.identify("M", "X", first_id[0]) == first_id[1]
    assert table.identify("M", "X", last) - first_id[1] == int(last.replace("-", "")) - int(
        first_id[0].replace("-", "")
    )
    filled = entry.with_ends()
    assert (filled.first, filled.last) == (first_id[0], last)
    assert filled.with_ends() == filled
    assert (filled.maker, filled.model, filled.template, filled.base) == ("M", "X", "999-99999", 5)


def test_ends_that_are_given_stay_as_they_are() -> None:
    typed = replace(LETTERS, first=" aaa0000", last=None)
    assert typed.with_ends() == replace(typed, last="ZZZ9999")
    assert LETTERS.with_ends() is LETTERS


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            Range(maker="M", model="X", template="AAAAAAA", base=0),
            "narrow the range: give its first and its last serial",
        ),
        (Range(maker="M", model="X", template="99", base=2**30 - 99), f"choose a base of {2**30 - 100} at most"),
        (Range(maker="M", model="X", template="9_", base=0), "template '9_': '_' is not allowed"),
        (Range(maker="M", model="X", template="99", first="A0", base=0), "first 'A0' does not match the template '99'"),
        (Range(maker="M", model="X", template="99", last="", base=0), "last: serial '' is empty"),
    ],
)
def test_faults_of_a_range_with_open_ends(entry: Range, message: str) -> None:
    (fault,) = faults_of(entry)
    assert fault.startswith("ranges[0] (M, X): ")
    assert message in fault


def test_a_whole_template_overlaps_what_lies_within_it() -> None:
    whole = Range(maker="M", model="X", template="99A", base=0)
    within = Range(maker="M", model="X", template="99A", first="50A", last="50A", base=2600)
    assert faults_of(whole, within) == (
        "ranges[1] (M, X): serial '50A' is also in ranges[0] (M, X); part the two ranges",
    )
    assert "ids 2599 to 5198 overlap" in faults_of(whole, replace(whole, model="Y", base=2599))[0]
    RangeTable((whole, replace(whole, model="Y", base=2600)))


def test_the_last_id_can_be_used() -> None:
    table = RangeTable((replace(PISTOL, base=2**30 - 10_000_000),))
    assert table.identify("Acme", "P-1", "399-99999") == 2**30 - 1


def test_all_faults_come_at_once() -> None:
    faults = faults_of(
        replace(PISTOL, base=-1),
        LETTERS,
        replace(LETTERS, first="ABZ9999", last="ACA0000", base=2_000_000),
        replace(OTHER, base=519_999),
        replace(OTHER, maker="New", template="a9"),
    )
    text = "\n".join(faults)
    assert "ranges[0] (Acme, P-1): base -1 is negative" in text
    assert "ranges[2] (Acme, P-2): serial 'ABZ9999' is also in ranges[1] (Acme, P-2)" in text
    assert (
        "ranges[3] (Bolt Works, P-1): ids 519999 to 521998 overlap those of ranges[1] (Acme, P-2), 0 to 519999" in text
    )
    assert "ranges[4] (New, P-1): template 'a9': 'a' is not allowed" in text
    assert len([fault for fault in faults if not fault.startswith("ranges[4]")]) == 3


def test_touching_ranges_do_not_overlap() -> None:
    following = replace(LETTERS, first="ACA0000", last="ACA0000", base=520_000)
    assert RangeTable((following, LETTERS)).identify("Acme", "P-2", "ACA0000") == 520_000
    assert "ids 519999 to 519999 overlap" in faults_of(replace(following, base=519_999), LETTERS)[0]


def test_a_wide_block_is_seen_behind_a_narrow_one() -> None:
    narrow = replace(OTHER, last="AAAA000", base=10)
    behind = replace(OTHER, maker="Third", last="AAAA000", base=20)
    faults = faults_of(LETTERS, narrow, behind)
    assert [fault.split(":")[0] for fault in faults] == ["ranges[1] (Bolt Works, P-1)", "ranges[2] (Third, P-1)"]


def test_other_templates_of_one_model_may_share_a_serial() -> None:
    any_letter = Range(maker="M", model="X", template="A99", first="A00", last="Z99", base=0)
    only_k = Range(maker="M", model="X", template="K99", first="K50", last="K60", base=5000)
    digits = Range(maker="M", model="X", template="999", first="000", last="999", base=6000)
    faults = faults_of(any_letter, only_k, digits)
    assert faults == ("ranges[1] (M, X): serial 'K50' is also in ranges[0] (M, X); part the two ranges",)
    apart = RangeTable((replace(any_letter, last="J99"), only_k, digits))
    assert apart.identify("M", "X", "K55") == 5005
    assert apart.identify("M", "X", "J99") == 999
    with pytest.raises(OutsideRangesError):
        apart.identify("M", "X", "K49")


def test_interleaved_templates_are_told_apart() -> None:
    """``9A`` and ``99`` alternate in the order of the text: 0A-0Z lie between 09 and 10."""
    letters = Range(maker="M", model="X", template="9A", first="0A", last="9Z", base=0)
    digits = Range(maker="M", model="X", template="99", first="00", last="99", base=260)
    table = RangeTable((letters, digits))
    for identifier in range(360):
        found = table.locate(identifier)
        assert found is not None
        assert table.identify(*found) == identifier


def test_a_wide_range_is_found_behind_narrow_ones() -> None:
    wide = Range(maker="M", model="X", template="9A", first="0A", last="9Z", base=0)
    narrow = [
        Range(maker="M", model="X", template="99", first=f"{ten}0", last=f"{ten}3", base=1000 * ten) for ten in (1, 2)
    ]
    assert RangeTable([*narrow, wide]).identify("M", "X", "5C") == 5 * 26 + 2


def test_one_model_of_two_makers_may_use_the_same_serials() -> None:
    again = replace(PISTOL, maker="Bolt Works", base=0)
    assert RangeTable((PISTOL, again)).identify("Bolt Works", "P-1", "300-00001") == 1


def test_thousands_of_ranges() -> None:
    ranges = [
        Range(maker="M", model="X", template="9999-999", first=f"{row:04d}-000", last=f"{row:04d}-999", base=1000 * row)
        for row in range(0, 6000, 2)
    ]
    table = RangeTable(ranges)
    for row in range(0, 6000, 200):
        assert table.identify("M", "X", f"{row:04d}-123") == 1000 * row + 123
        assert table.locate(1000 * row + 123) == ("M", "X", f"{row:04d}-123")
        with pytest.raises(OutsideRangesError, match="and 2994 more"):
            table.identify("M", "X", f"{row + 1:04d}-123")


def test_a_table_crosses_to_a_worker_whole() -> None:
    copy = pickle.loads(pickle.dumps(TABLE))  # noqa: S301 - our own bytes
    assert copy == TABLE
    assert copy.identify("Acme", "P-1", "375-76834") == 37_576_834


@pytest.mark.parametrize(("text", "serial"), [(" ab-12\t", "AB-12"), ("0", "0"), ("Z" * 20, "Z" * 20)])
def test_serials_are_normalised(text: str, serial: str) -> None:
    assert normalise_serial(text) == serial


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" \t", "is empty"),
        ("A" * 21, "has 21 characters; it may have 20 at most"),
        ("AB 12", "' ' at position 3"),
        ("../x", "'.' at position 1"),
        ("=cmd", "'=' at position 1"),
        ("A\u0131", "at position 2"),
        ("stra\u00dfe", "at position 5"),
        ("1\u0662", "at position 2"),
        ("1\n2", "at position 2"),
    ],
)
def test_malformed_serials_are_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        normalise_serial(text)
