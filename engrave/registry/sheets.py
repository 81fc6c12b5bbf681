"""Marks as CSV: written so that no spreadsheet takes a cell for a formula, and read line by line."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from engrave.base.errors import Collecting, InputError
from engrave.code.permutation import ID_COUNT
from engrave.code.profiles import PROFILE_A, PROFILES
from engrave.code.serials import normalise_name, normalise_serial
from engrave.registry.schema import STATES
from engrave.registry.staging import Arrival
from engrave.registry.viewing import Kept

COLUMNS = ("serial", "maker", "model", "id", "issue", "replaces", "state", "lot", "profile", "binding")
"""Those that are read; an export has the characters beside them."""

CHARACTERS = "characters"
_NEEDED = ("serial", "maker", "model")
_MOST_FIELD = 200
_MOST_LINE_BYTES = 100_000
_MOST_FAULTS = 1000
_DELIMITERS = ",;\t"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_BINDING = re.compile("[0-9a-f]{64}")
_ENGRAVED, _VOID = STATES.index("rendered"), STATES.index("void")


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (CWE-1236): with an apostrophe before it where it might be one."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def unguarded(cell: str) -> str:
    """The cell as it was before ``guarded``."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def write_sheet(marks: Iterable[Kept], path: Path) -> int:
    """Write marks as CSV in UTF-8, a header first; how many there were."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*COLUMNS, CHARACTERS))
        for mark in marks:
            writer.writerow([guarded(cell) for cell in _cells(mark)])
            count += 1
    return count


def _cells(mark: Kept) -> tuple[str, ...]:
    binding, profile, lot = mark.engraving or ("", "", "")
    replaces = "" if mark.replaces is None else str(mark.replaces)
    state = STATES[mark.states[-1]]
    named = (mark.serial, mark.maker, mark.model, str(mark.id), str(mark.issue), replaces)
    return (*named, state, lot, profile, binding, mark.characters)


def read_sheet(path: Path, take: Callable[[Iterator[Arrival]], int], faults: list[str]) -> str:
    """Hand every row that is sound to ``take``, and put the faults of the others on the list; the file's SHA-256.

    Raises InputError where the file cannot be read on, with the faults found until then. After a thousand faults it
    is not read on either.
    """
    digest = sha256()
    try:
        with path.open("rb") as file:
            lines = _lines(file, path.name, digest.update, faults)
            rows = _rows(lines, path.name, faults)
            if take(rows) == 0 and not faults:
                faults.append(f"{path.name}: no rows below the header; add a line for each mark")
    except OSError as error:
        raise InputError(f"{path}: cannot read: {(error.strerror or str(error)).lower()}") from error
    return digest.hexdigest()


def _lines(file: BinaryIO, origin: str, seen: Callable[[bytes], None], faults: list[str]) -> Iterator[str]:
    """The lines as text; bytes that are none are faults, and stand as U+FFFD."""
    number = 0
    while data := file.readline(_MOST_LINE_BYTES + 1):
        number += 1
        seen(data)
        where = f"{origin}: line {number}"
        if len(data) > _MOST_LINE_BYTES:
            raise _ended(faults, f"{where}: longer than {_MOST_LINE_BYTES} bytes; look for a quote that is not closed")
        if b"\0" in data:
            raise _ended(faults, f"{where}: holds a NUL character; save the file as plain CSV text")
        codec = "utf-8-sig" if number == 1 else "utf-8"
        try:
            yield data.decode(codec)
        except UnicodeDecodeError as error:
            faults.append(f"{where}, byte {error.start + 1}: is not UTF-8; save the file as UTF-8")
            yield data.decode(codec, errors="replace")


def _ended(faults: Sequence[str], fault: str) -> InputError:
    """The error of a file that cannot be read on."""
    return InputError([*faults, fault])


def _rows(lines: Iterator[str], origin: str, faults: list[str]) -> Iterator[Arrival]:
    """The rows below the header, which is the first line that is not blank."""
    first, header = next(((number, line) for number, line in enumerate(lines, start=1) if line.strip()), (1, ""))
    if not header:
        raise _ended(faults, f"{origin}: is empty; its first line names the columns: {', '.join(COLUMNS)}")
    delimiter = _delimiter(header)
    columns = tuple(cell.strip().strip('"').strip().lower() for cell in header.split(delimiter))
    wrong = list(_header_faults(columns, f"{origin}: line {first}"))
    if wrong:
        raise InputError([*faults, *wrong])
    line = first + 1
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if len(faults) >= _MOST_FAULTS:
                raise _ended(faults, f"{origin}: from line {line} on it was not read; mend these first")
            if any(cell.strip() for cell in cells):
                arrival = _arrival(cells, columns, line, f"{origin}: line {line}", faults)
                if arrival is not None:
                    yield arrival
            line = reader.line_num + first + 1
    except csv.Error as error:
        told = f"{origin}: line {line}: {error}; look for a quote that is not closed, and mend it"
        raise _ended(faults, told) from error


def _delimiter(header: str) -> str:
    """The separator by which the first line names the most columns that are known."""

    def named(delimiter: str) -> tuple[int, int]:
        names = [cell.strip().strip('"').strip().lower() for cell in header.split(delimiter)]
        return sum(name in COLUMNS for name in names), header.count(delimiter)

    return max(_DELIMITERS, key=named)


def _header_faults(columns: Sequence[str], where: str) -> Iterator[str]:
    for name in _NEEDED:
        if name not in columns:
            yield f"{where}: no column {name!r}; the first line names the columns: {', '.join(COLUMNS)}"
    for index, name in enumerate(columns):
        if name not in (*COLUMNS, CHARACTERS):
            yield f"{where}, column {index + 1}: {name[:_MOST_FIELD]!r} is not known; known are {', '.join(COLUMNS)}"
        elif name in columns[:index]:
            yield f"{where}, column {index + 1}: {name!r} stands there twice; remove one"


def _arrival(cells: Sequence[str], columns: Sequence[str], line: int, where: str, faults: list[str]) -> Arrival | None:
    """The mark of a row; None where it has faults."""
    if len(cells) != len(columns):
        faults.append(f"{where}: {len(cells)} cells and the header names {len(columns)}; mend the separators")
        return None
    found: list[str] = []
    for index, (name, cell) in enumerate(zip(columns, cells, strict=True)):
        if len(cell) > _MOST_FIELD:
            found.append(f"{where}, column {index + 1} ({name}): {len(cell)} characters; {_MOST_FIELD} at most")
    if not found:
        places = {name: f"{where}, column {index + 1}" for index, name in enumerate(columns)}
        values = {name: unguarded(cell).strip() for name, cell in zip(columns, cells, strict=True)}
        arrival = _Row(values=values, places=places, faults=found).arrival(line)
    faults.extend(found)
    return None if found else arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """The cells of a row by column; faults go on its list, each with its column."""

    values: dict[str, str]
    places: dict[str, str]
    faults: list[str]

    def arrival(self, line: int) -> Arrival:
        """The mark it tells of, as far as it is sound."""
        state = self._state()
        lot, binding = self._lot(), self._binding()
        issue, replaces = self._number("issue"), self._number("replaces")
        if (issue or 0) > 0 and replaces is None:
            self._fault("issue", f"{issue} replaces an earlier mark; give its id in column 'replaces'")
        elif (issue or 0) == 0 and replaces is not None:
            self._fault("replaces", "a mark that replaces one is issue 1 or more; say which in column 'issue'")
        number = self._number("id")
        if number is None and replaces is not None:
            self._fault("replaces", "a mark that replaces one needs its own id; give it in column 'id'")
        return Arrival(
            place=line,
            maker=self._name("maker"),
            model=self._name("model"),
            serial=self._serial(),
            id=number,
            issue=issue or 0,
            replaces=replaces,
            states=str(state),
            engraved=bool(lot or binding) or _ENGRAVED <= state < _VOID,
            binding=binding,
            profile=self._profile(),
            lot=lot,
            characters=self.values.get(CHARACTERS, "").replace(" ", "").upper(),
        )

    def _fault(self, name: str, told: str) -> None:
        self.faults.append(f"{self.places[name]} ({name}): {told}")

    def _name(self, kind: str) -> str:
        with Collecting(self.faults, prefix=f"{self.places[kind]}: "):
            return normalise_name(self.values[kind], kind=kind)
        return ""

    def _serial(self) -> str:
        with Collecting(self.faults, prefix=f"{self.places['serial']}: "):
            return normalise_serial(self.values["serial"])
        return ""

    def _number(self, name: str) -> int | None:
        text = self.values.get(name, "")
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and int(text) < ID_COUNT):
            self._fault(name, f"{text!r} is no whole number from 0 to {ID_COUNT - 1}")
            return None
        return int(text)

    def _state(self) -> int:
        text = self.values.get("state", "") or "allocated"
        if text in STATES:
            return STATES.index(text)
        self._fault("state", f"{text!r} is not known; known are {', '.join(STATES)}")
        return 0

    def _lot(self) -> str:
        lot = self.values.get("lot", "")
        if not lot.isprintable():
            self._fault("lot", "holds a character that cannot be printed; remove it")
        return lot

    def _binding(self) -> str:
        text = self.values.get("binding", "")
        if text and not _BINDING.fullmatch(text):
            self._fault("binding", f"{text!r} is no SHA-256; it has 64 digits from 0 to f")
        return text

    def _profile(self) -> str:
        text = self.values.get("profile", "") or PROFILE_A.name
        if text not in PROFILES:
            self._fault("profile", f"{text!r} is not known; known are {', '.join(PROFILES)}")
        return text
