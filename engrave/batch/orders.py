"""SERIALS.csv: every row a pin, every fault with its line and column."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from engrave.base.errors import EngraveError, InputError
from engrave.code.mark import Mark, make_mark
from engrave.code.ranges import RangeTable, normalised_pin
from engrave.job import Job

COLUMNS = ("serial", "maker", "model", "lot")
MOST_CSV_BYTES = 100_000_000
MOST_ROWS = 1_000_000
_MOST_FIELD = 200
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One pin to be made; ``line`` is its line in the file, 0 where there was no file."""

    line: int
    serial: str
    maker: str
    model: str
    lot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Rows that can be made, in the file's order, and the faults of the others by line."""

    good: tuple[tuple[Order, Mark], ...]
    bad: tuple[tuple[int, str], ...]

    def require_all(self) -> None:
        """Raise InputError with the faults of every bad row."""
        if self.bad:
            raise InputError([fault for _, fault in self.bad])


def read_serials(text: str, *, job: Job, ranges: RangeTable, origin: str) -> Orders:
    """Parse the file's text and give every row its mark.

    Raises InputError where the file as a whole cannot be used: no header, no ``serial`` column, no rows.
    """
    delimiter, columns = _header(text, origin=origin)
    missing = _columns_the_job_leaves_open(job, columns)
    if missing:
        raise InputError(
            f"{origin}: line 1: no column {', '.join(map(repr, missing))}; the job's ranges are of several, "
            "so each row must say which"
        )
    rows: list[Order] = []
    bad: list[tuple[int, str]] = []
    for line, cells in _rows(text, delimiter, origin=origin):
        faults = _row_faults(cells, columns, origin=f"{origin}: line {line}")
        if faults:
            bad.append((line, "\n".join(faults)))
        else:
            rows.append(_order(line, dict(zip(columns, cells, strict=True)), job))
    if not rows and not bad:
        raise InputError(f"{origin}: no rows below the header; add a line for each pin")
    good, unmade = ordered_marks(rows, ranges=ranges, origin=origin)
    return Orders(good=good, bad=tuple(sorted([*bad, *unmade])))


def ordered_marks(
    orders: list[Order], *, ranges: RangeTable, origin: str
) -> tuple[tuple[tuple[Order, Mark], ...], tuple[tuple[int, str], ...]]:
    """Orders with their marks, and the lines that cannot be made with the reason: two orders may not name one pin."""
    good: list[tuple[Order, Mark]] = []
    bad: list[tuple[int, str]] = []
    seen: dict[tuple[str, str, str], int] = {}
    for order in orders:
        where = f"{origin}: line {order.line}" if order.line else origin
        try:
            pin = normalised_pin(order.maker, order.model, order.serial)
            if pin in seen:
                bad.append((order.line, f"{where}: serial {pin[2]!r} stands in line {seen[pin]} already; remove one"))
                continue
            seen[pin] = order.line
            good.append((order, make_mark(serial=pin[2], maker=pin[0], model=pin[1], ranges=ranges)))
        except EngraveError as error:
            bad.extend((order.line, f"{where}: {fault}") for fault in error.faults)
    return tuple(good), tuple(bad)


def _header(text: str, *, origin: str) -> tuple[str, tuple[str, ...]]:
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{origin}: line {line}: holds a NUL character; save the file as plain CSV text")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    columns = tuple(cell.strip().strip('"').strip().lower() for cell in first.split(delimiter))
    faults = []
    if "serial" not in columns:
        faults.append(f"{origin}: line 1: no column 'serial'; the first line names the columns: {', '.join(COLUMNS)}")
    faults += [
        f"{origin}: line 1, column {index + 1}: {name!r} is not known; known are {', '.join(COLUMNS)}"
        for index, name in enumerate(columns)
        if name not in COLUMNS
    ]
    faults += [
        f"{origin}: line 1, column {index + 1}: {name!r} stands there twice; remove one"
        for index, name in enumerate(columns)
        if name in columns[:index]
    ]
    if faults:
        raise InputError(faults)
    return delimiter, columns


def _columns_the_job_leaves_open(job: Job, columns: tuple[str, ...]) -> list[str]:
    makers, models = {entry.maker for entry in job.ranges}, {entry.model for entry in job.ranges}
    return [name for name, known in (("maker", makers), ("model", models)) if name not in columns and len(known) > 1]


def _rows(text: str, delimiter: str, *, origin: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every row below the header; blank lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header_seen = False
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header_seen:
                header_seen = True
                continue
            if reader.line_num > MOST_ROWS:
                raise InputError(f"{origin}: more than {MOST_ROWS} lines; split the file")
            yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{origin}: line {reader.line_num}: {error}; mend the quotes") from error


def _row_faults(cells: list[str], columns: tuple[str, ...], *, origin: str) -> list[str]:
    if len(cells) != len(columns):
        return [f"{origin}: {len(cells)} cells and the header names {len(columns)}; mend the separators"]
    return [
        f"{origin}, column {index + 1} ({name}): {len(cell)} characters; {_MOST_FIELD} at most"
        for index, (name, cell) in enumerate(zip(columns, cells, strict=True))
        if len(cell) > _MOST_FIELD
    ] + [
        f"{origin}, column {index + 1} (lot): holds a character that cannot be printed; remove it"
        for index, (name, cell) in enumerate(zip(columns, cells, strict=True))
        if name == "lot" and not cell.isprintable()
    ]


def _order(line: int, row: dict[str, str], job: Job) -> Order:
    first = job.ranges[0]
    return Order(
        line=line,
        serial=row["serial"],
        maker=row.get("maker", first.maker),
        model=row.get("model", first.model),
        lot=row.get("lot", "").strip(),
    )
