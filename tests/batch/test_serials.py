"""SERIALS.csv: how it may be written, and that whatever it holds is answered with faults and never with a crash."""

import csv
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.base.errors import EngraveError, InputError
from engrave.base.files import read_text
from engrave.batch import Orders, named_by, read_serials
from engrave.code.profiles import PROFILE_A
from engrave.code.ranges import RangeTable
from engrave.job import load_job

JOB = load_job(None)
RANGES = RangeTable(JOB.ranges)
SOLE = RangeTable(JOB.ranges[:1])
PINS = [
    ("AAA0001", "Acme", "P9", ""),
    ("375-76834", "Borealis", "Compact", "7"),
    ("0001A", "Cooper & Sons", "Mk II", ""),
]


def _read(text: str, ranges: RangeTable = RANGES) -> Orders:
    return read_serials(text, job=JOB, ranges=ranges, naming=named_by(ranges, PROFILE_A), origin="s.csv")


def _faults(text: str, ranges: RangeTable = RANGES) -> tuple[str, ...]:
    try:
        return _read(text, ranges).faults
    except InputError as error:
        return error.faults


def _rows(orders: Orders) -> list[tuple[str, str, str, str]]:
    return [(order.serial, order.maker, order.model, order.lot) for order, _ in orders.good]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
def test_delimiters_line_ends_and_quotes(delimiter: str, line_end: str, quoting: int) -> None:
    """Written by the standard library's writer, which nobody here wrote."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([("Serial", " maker ", "MODEL", "lot"), *PINS])
    orders = _read(file.getvalue())
    assert _rows(orders) == PINS
    assert [order.line for order, _ in orders.good] == [2, 3, 4]
    assert orders.bad == ()


def test_blank_lines_are_passed_over_and_lines_still_count() -> None:
    orders = _read("\n\nserial,maker,model\n\n,,\nAAA0001,Acme,P9\n  \nAAA0002,Acme,P9")
    assert [(order.line, order.serial) for order, _ in orders.good] == [(6, "AAA0001"), (8, "AAA0002")]


def test_a_row_over_several_lines_is_named_by_its_first() -> None:
    faults = _faults('serial,maker,model\n"AAA\n0001",Acme,P9\nX,Acme,P9\n')
    assert faults[0].startswith("s.csv: line 2, column 1: serial 'AAA\\n0001'")
    assert faults[1].startswith("s.csv: line 4, column 1: serial 'X'")


def test_columns_that_go_without_saying() -> None:
    assert _rows(_read("serial\nAAA0001\n", SOLE)) == [PINS[0]]
    assert _rows(_read("serial,maker,pin\nAAA0001,,sphere-1.0\nAAA0002,,\n", SOLE))[0] == PINS[0]
    assert _faults("serial\nAAA0001\n")[0].startswith(
        "s.csv: line 1: no column 'maker'; the job's ranges are of several"
    )
    assert "line 2, column 2: maker is empty" in _faults("serial,maker,model\nAAA0001,,P9\n")[0]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ["is empty; its first line names the columns"]),
        ("serial,maker,model\n", ["no rows below the header"]),
        ("serial,maker,model\n\n\n", ["no rows below the header"]),
        ("number,maker,model\n1,Acme,P9\n", ["no column 'serial'", "line 1, column 1: 'number' is not known"]),
        ("serial,serial,maker,model\nAAA0001,AAA0001,Acme,P9\n", ["line 1, column 2: 'serial' stands there twice"]),
        (
            "serial,maker,model,colour\n=x,Acme,P9,\n",
            ["column 4: 'colour' is not known", "line 2, column 1: serial '=x'"],
        ),
        ("serial,maker\n=x,Acme\n", ["no column 'model'", "line 2, column 1: serial '=x'"]),
        ("serial,maker,model\nAAA0001,Acme\n", ["line 2: 2 cells and the header names 3"]),
        ('serial,maker,model\nX,Acme,P9\n"AAA,', ["line 3: unexpected end of data", "line 2, column 1: serial 'X'"]),
        ('serial,maker,model\n"AAA0001"x,Acme,P9\n', ["line 2: ',' expected after '\"'"]),
        ("serial,maker,model\nAAA\0,Acme,P9\n", ["line 2: holds a NUL character"]),
        (f"serial,maker,model\n{'A' * 201},Acme,P9\n", ["line 2, column 1 (serial): 201 characters; 200 at most"]),
        (f"serial,maker,model\n{'A' * 200_000},Acme,P9\n", ["line 2: field larger than field limit"]),
        ("serial,maker,model,lot\nAAA0001,Acme,P9,a\x07b\n", ["line 2, column 4 (lot): holds a character"]),
        ("serial,maker,model,pin\nAAA0001,Acme,P9,flat-1.8\n", ["line 2, column 4 (pin): 'flat-1.8' is not the job's"]),
        ("serial,maker,model\nAAA0001,A\u00e9,P\u00e9\n", ["column 2: maker 'A\u00e9'", "column 3: model 'P\u00e9'"]),
    ],
)  # fmt: skip
def test_faults_say_where(text: str, wanted: list[str]) -> None:
    faults = _faults(text)
    for part in wanted:
        assert any(part in fault for fault in faults), (part, faults)
    assert len(faults) == len(wanted), faults
    assert all(fault.startswith("s.csv: ") and "\n" not in fault for fault in faults)


def test_the_length_of_a_cell_at_its_bound() -> None:
    ends = {length: _faults(f"serial,maker,model,lot\nAAA0001,Acme,P9,{'x' * length}\n") for length in (200, 201)}
    assert ends[200] == ()
    assert len(ends[201]) == 1


def test_encodings(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    text = "serial,maker,model\nAAA0001,Acme,P9\n"
    path.write_bytes(text.encode("utf-8-sig"))
    assert _rows(_read(read_text(path, most=1000))) == [PINS[0]]
    for encoding in ("utf-16", "utf-16-le"):
        path.write_bytes(text.encode(encoding))
        with pytest.raises(InputError, match=r"not UTF-8|NUL"):
            _read(read_text(path, most=1000))


CELLS = st.text(max_size=12) | st.sampled_from(
    ["AAA0001", "aaa0001 ", "Acme", "P9", "serial", "maker", "model", "lot", "pin", "../x", "=cmd", '"', '""', "\0", ""]
)
LINES = st.lists(st.lists(CELLS, max_size=5), max_size=6)


@given(lines=LINES, delimiter=st.sampled_from(",;\t|"), end=st.sampled_from(["\n", "\r\n", "\r", "\x0b", "\u2028"]))
@settings(max_examples=150)
def test_any_text_gives_marks_or_faults(lines: list[list[str]], delimiter: str, end: str) -> None:
    text = "serial,maker,model\n" + end.join(delimiter.join(cells) for cells in lines)
    for ranges in (RANGES, None):
        with suppress(EngraveError):
            orders = read_serials(
                text,
                job=JOB if ranges else None,
                ranges=ranges,
                naming=named_by(ranges, PROFILE_A) if ranges else None,
                origin="s.csv",
            )
            assert orders.good or orders.bad or ranges is None
            assert len({mark.characters for _, mark in orders.good}) == len(orders.good)


@given(data=st.binary(max_size=200), head=st.sampled_from([b"", b"serial,maker,model\n", b"\xef\xbb\xbfserial\n"]))
@settings(max_examples=100)
def test_any_bytes_give_marks_or_faults(tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(head + data)
    with suppress(EngraveError):
        orders = _read(read_text(path, most=10_000))
        assert orders.good or orders.bad


ROW = st.tuples(
    st.integers(1, 9999).map(lambda number: f"AAA{number:04d}"),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20).map(str.strip),
)


@given(rows=st.lists(ROW, min_size=1, max_size=8, unique_by=lambda row: row[0]), delimiter=st.sampled_from(",;\t"))
@settings(max_examples=60)
def test_what_the_standard_writer_writes_is_read_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerows([("serial", "maker", "model", "lot"), *((serial, "Acme", "P9", lot) for serial, lot in rows)])
    assert _rows(_read(file.getvalue())) == [(serial, "Acme", "P9", lot) for serial, lot in rows]
