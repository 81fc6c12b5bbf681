"""The shelf of fixtures, each with the probe table that stands beside it as a CSV file."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engrave.base.errors import InputError, raise_faults
from engrave.base.files import read_text
from engrave.base.shelf import Shelf, Sourced
from engrave.base.units import Dimension, dimension_of, parse_quantity
from toolpaths.errors import ToolpathError
from toolpaths.fixture import READY, Fixture, Nest

_FIGURES = ("dx_um", "dy_um", "dz_um", "tilt_x_rad", "tilt_y_rad", "clocking_rad")
_HEADER = "nest,dx [um],dy [um],dz [um],tilt_x [deg],tilt_y [deg],clocking [deg]"
_MOST_BYTES = 1_000_000
_MOST_FAULTS = 50
_DELIMITERS = ",;\t"


class _FixtureShelf(Shelf[Fixture]):
    """Fixtures with their probe tables; a user may put a table alone beside a fixture that is shipped."""

    def load(self, name: str, library: Path | None = None) -> Sourced[Fixture]:
        """See Shelf.load. Raises InputError for every fault of the table, too."""
        try:
            plate = Shelf.load(self, name, library)
        except InputError as error:
            # A fixture tells its faults one a line, the first behind the name of the file.
            origin = f"{self.kind}/{name}.toml: "
            lines = [line for fault in error.faults for line in fault.split("\n")]
            raise InputError([line if line.startswith(origin) else origin + line for line in lines]) from error
        table = library / self.kind / f"{name}.csv" if library else None
        if table is None or not table.is_file():
            return plate
        return replace(plate, value=with_probe_table(plate.value, table))


FIXTURES: Shelf[Fixture] = _FixtureShelf(kind="fixtures", package="toolpaths", folder="fixtures", cls=Fixture)


def with_probe_table(fixture: Fixture, path: Path) -> Fixture:
    """The fixture with the nests of a table, in place of those it had.

    Raises InputError with every fault: of a cell, with line and column; of the table, a nest that is missing, doubled
    or beyond the fixture's limits.
    """
    nests = read_probe_table(read_text(path, most=_MOST_BYTES), origin=path.name)
    try:
        return replace(fixture, nests=nests)
    except ToolpathError as error:
        raise InputError([f"{path.name}: {fault}" for fault in str(error).split("\n")]) from error


def read_probe_table(text: str, *, origin: str) -> tuple[Nest, ...]:
    """The nests of a table, each number in the unit that its column names in brackets.

    A last column ``state`` is optional; in a row that is not ready the figures may be left empty. Raises InputError.
    """
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError(f"{origin}: {error}; look for a quote that is not closed") from error
    if not rows:
        raise InputError(f"{origin}: is empty; its first line is {_HEADER}")
    columns = _columns(rows[0][1], origin=origin)
    faults: list[str] = []
    nests = [_nest(row, columns, faults, where=f"{origin}: line {line}") for line, row in rows[1:]]
    more = len(faults) - _MOST_FAULTS
    raise_faults([*faults[:_MOST_FAULTS], *([f"{origin}: {more} further faults"] if more > 0 else [])])
    return tuple(nest for nest in nests if nest is not None)


def _delimiter(text: str) -> str:
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    return max(_DELIMITERS, key=first.count)


def _columns(header: Sequence[str], *, origin: str) -> list[tuple[str, str]]:
    """Field and unit of each column. Raises InputError with every fault of the header."""
    known = {name.rpartition("_")[0]: name for name in _FIGURES} | {"nest": "nest", "state": "state"}
    faults: list[str] = []
    columns: list[tuple[str, str]] = []
    for index, cell in enumerate(header, start=1):
        key, bracket, unit = cell.strip().partition("[")
        name, unit = known.get(key.strip().lower(), ""), unit.strip().removesuffix("]").strip()
        dimension = dimension_of(name)
        if not name:
            faults.append(f"{origin}: column {index}: {cell.strip()!r} is not known; the first line is {_HEADER}")
        elif dimension is not None and unit not in dimension.factors:
            units = ", ".join(dimension.factors)
            faults.append(f"{origin}: column {index}: {key.strip()} needs its unit in brackets, one of {units}")
        elif dimension is None and bracket:
            faults.append(f"{origin}: column {index}: {key.strip()} has no unit; remove {cell.strip()[len(key) :]!r}")
        columns.append((name, unit))
    names = [name for name, _ in columns if name]
    faults += [
        f"{origin}: column {name!r} stands there twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    faults += [
        f"{origin}: no column {name!r}; the first line is {_HEADER}"
        for key, name in known.items()
        if name not in names and key != "state"
    ]
    raise_faults(faults)
    return columns


def _nest(row: Sequence[str], columns: Sequence[tuple[str, str]], faults: list[str], *, where: str) -> Nest | None:
    """One row; None where it has a fault, which goes on the list."""
    if len(row) != len(columns):
        faults.append(f"{where}: {len(row)} cells and the header names {len(columns)}; mend the separators")
        return None
    before = len(faults)
    cells = {name: cell.strip() for (name, _), cell in zip(columns, row, strict=True)}
    state = cells.get("state", "").lower() or READY
    nest = int(cells["nest"]) if cells["nest"].isascii() and cells["nest"].isdecimal() else 0
    if nest < 1:
        faults.append(f"{where}: nest {cells['nest']!r} is no number of a nest; write 1, 2 and so on")
    figures: dict[str, float] = {}
    for index, (name, unit) in enumerate(columns, start=1):
        dimension = dimension_of(name)
        if dimension is None or (state != READY and not cells[name]):
            continue
        try:
            figures[name] = _figure(cells[name], unit, dimension)
        except ValueError as error:
            faults.append(f"{where}, column {index} ({name.rpartition('_')[0]}): {error}")
    return Nest(nest=nest, state=state, **figures) if len(faults) == before else None


def _figure(cell: str, unit: str, dimension: Dimension) -> float:
    """A cell's number in the program's unit. Raises ValueError."""
    if not cell:
        raise ValueError("is empty; write a number, or 'empty' or 'blocked' under state")
    if cell[-1].isalpha():
        raise ValueError(f"{cell!r}: the unit stands in the header; write the number alone")
    return parse_quantity(f"{cell}{unit}", dimension)
