"""SERIALS.csv: every row a pin, every fault with its line and column."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.code.mark import Mark, make_mark
from engrave.code.profiles import Profile
from engrave.code.ranges import RangeTable
from engrave.code.serials import normalise_name, normalise_serial
from engrave.job import Job

COLUMNS = ("serial", "maker", "model", "pin", "lot")
MOST_CSV_BYTES = 100_000_000
MOST_ROWS = 1_000_000
_MOST_FIELD = 200
_DELIMITERS = ",;\t"
_NAMES = ("maker", "model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One pin to be made; ``line`` is its line in the file, 0 where there was no file."""

    line: int
    serial: str
    maker: str
    model: str
    lot: str


Naming = Callable[[Sequence[Order]], Sequence[Mark | tuple[str, ...]]]
"""For each of some orders its mark, or what speaks against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Rows that can be made, in the file's order, and the faults of the others, each with its line."""

    good: tuple[tuple[Order, Mark], ...]
    bad: tuple[tuple[int, str], ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """Every fault of every bad row, in the file's order."""
        return tuple(fault for _, fault in self.bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """The cells of one row; ``line`` is where it begins, since a quoted cell may hold line ends."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What a row says, as far as it says it: maker and model are empty where nothing tells them."""

    order: Order
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What is known of the job: its pin, and for maker and model all that its ranges know. Nothing, where it is bad."""

    pin: str | None
    known: dict[str, tuple[str, ...]]

    def sole(self, name: str) -> str:
        """The maker or model that goes without saying."""
        return self.known[name][0] if len(self.known[name]) == 1 else ""

    def left_open(self, name: str) -> bool:
        """Whether each row must say it."""
        return len(self.known[name]) > 1


def named_by(ranges: RangeTable, profile: Profile) -> Naming:
    """Marks of the job's profile by its own ranges."""

    def name(order: Order) -> Mark | tuple[str, ...]:
        try:
            return make_mark(serial=order.serial, maker=order.maker, model=order.model, ranges=ranges, profile=profile)
        except InputError as error:
            return error.faults

    return lambda orders: [name(order) for order in orders]


def read_serials(
    text: str, *, job: Job | None, ranges: RangeTable | None, naming: Naming | None, origin: str
) -> Orders:
    """Parse the file's text and give every row its mark.

    ``job``, ``ranges`` and ``naming`` are None where the job itself is at fault: what can be told of the file without
    them is told, and no row is good. Raises InputError where the file as a whole cannot be used (no header, no
    ``serial`` column, an open quote, no rows); the faults of its rows are then listed, too.
    """
    terms = _Terms(
        pin=job.pin.name if job else None,
        known={name: _sorted_names(ranges, name) for name in _NAMES},
    )
    faults: list[str] = []
    records = _records(text, faults, origin=origin)
    if not records and not faults:
        faults.append(f"{origin}: is empty; its first line names the columns: {', '.join(COLUMNS)}")
    columns = tuple(cell.strip().lower() for cell in records[0].cells) if records else ()
    if records:
        faults += _header_faults(columns, terms, origin=f"{origin}: line {records[0].line}")
    bad: list[tuple[int, str]] = []
    rows = list(_rows(records[1:], columns, terms, bad, origin=origin)) if "serial" in columns else []
    if len(records) <= 1 and not faults:
        faults.append(f"{origin}: no rows below the header; add a line for each pin")
    distinct = _distinct(rows, bad)
    good = _allocated(distinct, naming, bad) if naming is not None else ()
    orders = Orders(good=good, bad=tuple(sorted(bad, key=lambda entry: entry[0])))
    raise_faults([*faults, *(orders.faults if faults else ())])
    return orders


def _sorted_names(ranges: RangeTable | None, name: str) -> tuple[str, ...]:
    return tuple(sorted({getattr(entry, name).strip() for entry in ranges.ranges})) if ranges else ()


def _records(text: str, faults: list[str], *, origin: str) -> list[_Record]:
    """All rows that are not blank, the header first, up to the first fault that no reader gets past."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        faults.append(f"{origin}: line {line}: holds a NUL character; save the file as plain CSV text")
        return []
    records: list[_Record] = []
    end = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append(_Record(line=end + 1, cells=tuple(cells)))
            end = reader.line_num
            if end > MOST_ROWS:
                faults.append(f"{origin}: more than {MOST_ROWS} lines; split the file")
                break
    except csv.Error as error:
        faults.append(f"{origin}: line {end + 1}: {error}; look for a quote that is not closed, and mend it")
    return records


def _delimiter(text: str) -> str:
    """The separator by which the first line names the most columns that are known."""
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")

    def named(delimiter: str) -> tuple[int, int]:
        names = [cell.strip().strip('"').strip().lower() for cell in first.split(delimiter)]
        return sum(name in COLUMNS for name in names), first.count(delimiter)

    return max(_DELIMITERS, key=named)


def _header_faults(columns: Sequence[str], terms: _Terms, *, origin: str) -> Iterator[str]:
    if "serial" not in columns:
        yield f"{origin}: no column 'serial'; the first line names the columns: {', '.join(COLUMNS)}"
    for index, name in enumerate(columns):
        if name not in COLUMNS:
            yield f"{origin}, column {index + 1}: {_cut(name)!r} is not known; known are {', '.join(COLUMNS)}"
        elif name in columns[:index]:
            yield f"{origin}, column {index + 1}: {name!r} stands there twice; remove one"
    for name in _NAMES:
        if name not in columns and terms.left_open(name):
            yield f"{origin}: no column {name!r}; {_SEVERAL}: {', '.join(terms.known[name])}"


_SEVERAL = "the job's ranges are of several, so each row must say which"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_FIELD else f"{text[:_MOST_FIELD]}..."


def _rows(
    records: Sequence[_Record], columns: Sequence[str], terms: _Terms, bad: list[tuple[int, str]], *, origin: str
) -> Iterator[_Row]:
    """What each row orders; the faults of the others go on the list."""
    for record in records:
        where = f"{origin}: line {record.line}"
        faults: list[str] = []
        if len(record.cells) != len(columns):
            faults.append(
                f"{where}: {len(record.cells)} cells and the header names {len(columns)}; mend the separators"
            )
        else:
            places = {name: f"{where}, column {index + 1}" for index, name in enumerate(columns)}
            values = _values(dict(zip(columns, record.cells, strict=True)), places, terms, faults)
        if faults:
            bad.extend((record.line, fault) for fault in faults)
        else:
            yield _Row(order=Order(line=record.line, **values), where=places["serial"])


def _values(cells: dict[str, str], places: dict[str, str], terms: _Terms, faults: list[str]) -> dict[str, str]:
    """Serial, maker, model and lot as they are compared and kept; faults, each with its column, go on the list."""
    long = {name for name, cell in cells.items() if len(cell) > _MOST_FIELD}
    faults.extend(
        f"{places[name]} ({_cut(name)}): {len(cells[name])} characters; {_MOST_FIELD} at most" for name in sorted(long)
    )
    values = {"serial": "", "maker": "", "model": "", "lot": cells.get("lot", "").strip()}
    if "serial" not in long:
        with Collecting(faults, prefix=f"{places['serial']}: "):
            values["serial"] = normalise_serial(cells["serial"])
    for name in _NAMES:
        if name in cells and name not in long:
            with Collecting(faults, prefix=f"{places[name]}: "):
                values[name] = _name(cells[name], name, terms, faults, place=places[name])
        elif name not in cells:
            values[name] = terms.sole(name)
    if not values["lot"].isprintable() and "lot" not in long:
        faults.append(f"{places['lot']} (lot): holds a character that cannot be printed; remove it")
    pin = cells.get("pin", "").strip()
    if pin and "pin" not in long and terms.pin not in (None, pin):
        faults.append(f"{places['pin']} (pin): {pin!r} is not the job's, {terms.pin!r}; make one batch for each pin")
    return values


def _name(cell: str, name: str, terms: _Terms, faults: list[str], *, place: str) -> str:
    """A maker or model; an empty cell means the only one that the job knows."""
    if cell.strip():
        return normalise_name(cell, kind=name)
    if terms.left_open(name):
        faults.append(f"{place}: {name} is empty; {_SEVERAL}: {', '.join(terms.known[name])}")
    return terms.sole(name)


def _distinct(rows: Sequence[_Row], bad: list[tuple[int, str]]) -> list[_Row]:
    """The rows that name a pin; one that stands there before goes on the list, one that lacks a name was told."""
    seen: dict[tuple[str, str, str], int] = {}
    distinct = []
    for row in rows:
        order = row.order
        pin = (order.maker, order.model, order.serial)
        if pin in seen:
            fault = f"{row.where}: serial {order.serial!r} stands in line {seen[pin]} already; remove one"
            bad.append((order.line, fault))
        elif order.maker and order.model:
            distinct.append(row)
        seen.setdefault(pin, order.line)
    return distinct


def _allocated(rows: Sequence[_Row], naming: Naming, bad: list[tuple[int, str]]) -> tuple[tuple[Order, Mark], ...]:
    """Orders with their marks; what speaks against the others goes on the list."""
    good = []
    for row, named in zip(rows, naming([row.order for row in rows]), strict=True):
        if isinstance(named, Mark):
            good.append((row.order, named))
        else:
            bad.extend((row.order.line, f"{row.where}: {fault}") for fault in named)
    return tuple(good)
