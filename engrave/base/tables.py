"""Tables of measurements in CSV: units in the header or in the cells, either decimal mark, every fault at once."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engrave.base.errors import raise_faults
from engrave.base.units import Dimension, dimension_of, parse_quantity

MOST_TABLE_BYTES = 10_000_000
MOST_TABLE_ROWS = 20_000
_MOST_CELL = 200
_DELIMITERS = ",;\t"
# The unit behind a column's name: diameter_um, diameter (um), diameter [um], diameter/um; spaces are underscores here.
_UNIT = re.compile(r"(?:_*[_/(\[]_*([a-z0-9/]+?)_*[)\]]?)?")
_COMMA = re.compile(r"([+-]?[0-9]*),([0-9]+)(\D.*)?")
_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"[0-9]{1,9}(?:\.0*)?")
_MICRO = str.maketrans("µμ", "uu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: what its cells are, and whether the table must have it, and each row a value in it.

    ``field`` tells what: a name with a unit's suffix (``diameter_um``) is a quantity, its column is called by what
    stands before the suffix, and its values come in the suffix's unit. ``whole`` numbers count from 1; a ``number`` is
    any, and what unit its header may name is kept as a word; other columns hold text.
    """

    field: str
    required: bool = False
    filled: bool = False
    whole: bool = False
    number: bool = False

    @property
    def dimension(self) -> Dimension | None:
        """What kind of quantity; None for text and plain numbers."""
        return None if self.whole or self.number else dimension_of(self.field)

    @property
    def name(self) -> str:
        """How the header calls it."""
        return self.field.removesuffix(self.dimension.suffix) if self.dimension else self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row: where it stands, its texts and its numbers by field; what is empty is in neither."""

    line: int
    texts: dict[str, str]
    numbers: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows, and what units the header names for plain numbers, by field."""

    rows: tuple[Row, ...]
    units: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What a column of this table holds: its definition, its place, and the unit that the header gives it."""

    column: Column
    place: int
    unit: str


def read_table(text: str, columns: Sequence[Column], *, origin: str) -> Table:
    """The rows of a CSV text with a header, separated by commas, semicolons or tabs.

    A quantity's unit stands in the header or in each cell. A decimal comma is read where no number of the table has a
    decimal point. Columns that are not known are passed over: a lab's own notes. Raises InputError with every fault.
    """
    faults: list[str] = []
    records = _records(text, _delimiter(text, columns), faults, origin=origin)
    if not records and not faults:
        faults.append(f"{origin}: is empty; its first line names the columns: {', '.join(_called(columns))}")
    heads: list[_Head] = []
    if records:
        line, cells = records[0]
        heads = _heads(cells, columns, faults, origin=f"{origin}: line {line}")
    if records and len(records) == 1 and not faults:
        faults.append(f"{origin}: no rows below the header")
    faults += _marks(records[1:], heads, origin=origin)
    rows = [row for record in records[1:] for row in _row(record, heads, faults, len(records[0][1]), origin=origin)]
    raise_faults(faults)
    return Table(rows=tuple(rows), units={head.column.field: head.unit for head in heads if head.column.number})


def _called(columns: Sequence[Column]) -> list[str]:
    return [column.field for column in columns]


def _delimiter(text: str, columns: Sequence[Column]) -> str:
    """The separator by which the first line names the most columns that are known."""
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    names = {column.name for column in columns}

    def named(delimiter: str) -> tuple[int, int]:
        parted = [_split(cell, names)[0] for cell in first.split(delimiter)]
        return sum(name in names for name in parted), first.count(delimiter)

    return max(_DELIMITERS, key=named)


def _split(cell: str, names: Iterable[str]) -> tuple[str, str]:
    """Which of the names a header begins with, and its unit, in lower case; all of it where there is none."""
    whole = cell.strip().strip('"').strip().lower().translate(_MICRO).replace(" ", "_")
    for name in sorted(names, key=len, reverse=True):
        match = _UNIT.fullmatch(whole.removeprefix(name)) if whole.startswith(name) else None
        if match:
            return name, match[1] or ""
    return whole, ""


def _records(text: str, delimiter: str, faults: list[str], *, origin: str) -> list[tuple[int, list[str]]]:
    """Line and cells of all rows that are not blank, the header first, up to a fault that no reader gets past."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        faults.append(f"{origin}: line {line}: holds a NUL character; save the file as plain CSV text")
        return []
    records: list[tuple[int, list[str]]] = []
    end = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((end + 1, [cell.strip() for cell in cells]))
            end = reader.line_num
            if end > MOST_TABLE_ROWS:
                faults.append(
                    f"{origin}: more than {MOST_TABLE_ROWS} lines, which no table of measurements should have"
                )
                break
    except csv.Error as error:
        faults.append(f"{origin}: line {end + 1}: {error}; look for a quote that is not closed, and mend it")
    return records


def _heads(cells: Sequence[str], columns: Sequence[Column], faults: list[str], *, origin: str) -> list[_Head]:
    """The columns that are known; faults go on the list."""
    known = {column.name: column for column in columns}
    heads: list[_Head] = []
    unread: set[str] = set()
    for place, cell in enumerate(cells, start=1):
        name, unit = _split(cell, known)
        if name not in known:
            continue
        column = known[name]
        units = {key.lower(): key for key in column.dimension.factors} if column.dimension else {}
        if unit and not units and not column.number:
            continue  # part_no is not part
        if any(head.column is column for head in heads):
            faults.append(f"{origin}, column {place}: {name!r} stands there twice; remove one")
        if unit and units and unit not in units:
            named = ", ".join(units.values())
            faults.append(f"{origin}, column {place}: {unit!r} is no unit of {name}; use one of {named}")
            unread.add(name)
            continue
        heads.append(_Head(column=column, place=place, unit=units.get(unit, unit)))
    there = unread | {head.column.name for head in heads}
    missing = [column.field for column in columns if column.required and column.name not in there]
    if missing:
        faults.append(f"{origin}: no column {', '.join(map(repr, missing))}; known are {', '.join(_called(columns))}")
    return heads


def _marks(records: Sequence[tuple[int, list[str]]], heads: Sequence[_Head], *, origin: str) -> Iterator[str]:
    """A fault where some numbers have a decimal point and some a decimal comma: one of them may part thousands."""
    places = [head.place - 1 for head in heads if head.column.dimension or head.column.number or head.column.whole]
    cells = [(line, row[place]) for line, row in records for place in places if place < len(row)]
    comma = next(((line, cell) for line, cell in cells if _COMMA.fullmatch(cell)), None)
    point = next(((line, cell) for line, cell in cells if "." in cell), None)
    if comma and point:
        yield (
            f"{origin}: line {comma[0]} has {comma[1]!r} and line {point[0]} has {point[1]!r}: write all numbers with "
            "a decimal point, or all with a decimal comma, and no mark between thousands"
        )


def _row(
    record: tuple[int, list[str]], heads: Sequence[_Head], faults: list[str], width: int, *, origin: str
) -> Iterator[Row]:
    """The row, unless it has faults, which go on the list."""
    line, cells = record
    where = f"{origin}: line {line}"
    if len(cells) != width:
        faults.append(f"{where}: {len(cells)} cells and the header names {width}; mend the separators")
        return
    texts: dict[str, str] = {}
    numbers: dict[str, float] = {}
    found: list[str] = []
    for head in heads:
        cell, field = cells[head.place - 1], head.column.field
        place = f"{where}, column {head.place} ({head.column.name})"
        try:
            if not cell and head.column.filled:
                found.append(f"{place}: is empty")
            elif cell and (head.column.dimension or head.column.number or head.column.whole):
                numbers[field] = _number(cell, head)
            elif cell:
                texts[field] = _text(cell)
        except ValueError as error:
            found.append(f"{place}: {error}")
    faults.extend(found)
    if not found:
        yield Row(line=line, texts=texts, numbers=numbers)


def _text(cell: str) -> str:
    if len(cell) > _MOST_CELL or not cell.isprintable():
        raise ValueError(f"must be at most {_MOST_CELL} printable characters")
    return cell


def _number(cell: str, head: _Head) -> float:
    """The number in the program's unit. Raises ValueError with a sentence that says what to write instead."""
    short = cell if len(cell) <= _MOST_CELL else f"{cell[:_MOST_CELL]}..."
    match = _COMMA.fullmatch(cell)
    plain = f"{match[1] or '0'}.{match[2]}{match[3] or ''}" if match else cell
    if head.column.whole:
        if not _WHOLE.fullmatch(plain) or float(plain) < 1:
            raise ValueError(f"{short!r} is no whole number from 1 up")
        return float(plain)
    if head.column.dimension is None:
        if not _PLAIN.fullmatch(plain):
            raise ValueError(f"{short!r} is no number")
        return _finite(float(plain), short)
    return parse_quantity(f"{plain}{head.unit}" if _PLAIN.fullmatch(plain) else plain, head.column.dimension)


def _finite(value: float, short: str) -> float:
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{short!r} is beyond every number that can be computed with")
    return value
