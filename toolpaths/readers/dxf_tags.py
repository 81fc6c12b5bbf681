"""A DXF file as tags (group code and value, a line each) and its entities as columns of numbers.

Group codes after Autodesk's DXF reference: 0 begins an entity, 8 names its layer, 67 puts it on paper space, 10 to 39
are coordinates, 42 a bulge, 70 flags, 90 a count, 210 to 230 the direction of extrusion.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding
from toolpaths.readers.drawn import UnreadableError, error

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# The job of the example pin by fs-steel-fine has 261,000 points: 42 MB and 6.1 million lines as R2000, 26 MB and 3.9
# million as R12. A third more lines are read; that job takes 0.5 GB of memory, the worst file that was tried 0.92 GB.
MOST_BYTES = 64_000_000
MOST_LINES = 8_000_000
# Names of layers and kinds of entities: a drawing has tens.
_MOST_NAMES = 2_000
# The reference knows no more codes than 1,100, in at most four digits.
_GROUP_CODE = re.compile(rb"[ \t]*-?[0-9]{1,4}[ \t]*")
_MOST_SECTIONS = 100
# Texts made numbers in one go: a list of all of them would take more memory than the numbers.
_AT_ONCE = 100_000

X, Y, Z, X_END, Y_END, Z_END, ELEVATION, BULGE = 10, 20, 30, 11, 21, 31, 38, 42
FLAGS, COUNT = 70, 90
EXTRUSION = (210, 220, 230)
_PAPER, _LAYER, _COMMENT = 67, 8, 999
_NUMBERS = (X, Y, Z, X_END, Y_END, Z_END, ELEVATION, BULGE, FLAGS, COUNT, _PAPER, *EXTRUSION)
_LONGEST_NAME = 255  # R2000's longest name of a layer
_IN_A_NUMBER = b"0123456789+-.eE \t\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """The n tags of a file: ``codes`` (n,) int, and as many values; tag i stands on lines 2 i + 1 and 2 i + 2."""

    codes: IntArray
    values: Sequence[bytes]


def tags_of(data: bytes) -> Tags:
    """Every tag up to the end of the file, which must be the tag EOF. Raises UnreadableError."""
    _check_kind(data)
    lines = data.replace(b"\r\n", b"\n").rstrip(b" \t\r\n\x1a").split(b"\n")
    if lines[-1].strip() != b"EOF" or len(lines) % 2:
        message = "the file does not end with its end mark (0, EOF): it is cut off, or no DXF"
        raise UnreadableError(error("M303", message, place=f"line {len(lines)}", remedy="get the whole file"))
    known = {text: int(text) if _GROUP_CODE.fullmatch(text) else None for text in set(lines[0::2])}
    if None in known.values():
        line = 1 + 2 * next(place for place, text in enumerate(lines[0::2]) if known[text] is None)
        message = f"a group code should stand here, not {_quoted(lines[line - 1])}"
        raise UnreadableError(error("M304", message, place=f"line {line}", remedy="export the DXF anew"))
    codes = np.fromiter(map(known.__getitem__, lines[0::2]), dtype=np.int64, count=len(lines) // 2)
    return Tags(codes=codes, values=lines[1::2])


def _check_kind(data: bytes) -> None:
    if len(data) > MOST_BYTES or data.count(b"\n") > MOST_LINES:
        message = f"{len(data)} bytes are more than a pin needs; {MOST_BYTES} bytes and {MOST_LINES} lines are read"
        raise UnreadableError(error("M301", message, remedy="one pin a file"))
    kinds = (
        (b"AutoCAD Binary DXF", "a binary DXF"),
        (b"AC10", "a DWG"),
        (b"\xff\xfe", "UTF-16"),
        (b"\xfe\xff", "UTF-16"),
    )
    for begin, kind in kinds:
        if data.startswith(begin):
            raise UnreadableError(error("M302", f"the file is {kind}", remedy="save as DXF, ASCII, R2000 or R12"))
    if b"\0" in data:
        raise UnreadableError(error("M302", "the file holds zero bytes: it is no text", remedy="save as DXF, ASCII"))


def sections(tags: Tags) -> dict[str, tuple[int, int]]:
    """Where each section's tags begin and end, by its name.

    Raises UnreadableError where sections do not follow each other, or something stands between them.
    """
    found: dict[str, tuple[int, int]] = {}
    opened: tuple[str, int] | None = None
    heads = np.flatnonzero(tags.codes == 0).tolist()
    for tag in (tag for tag in heads if tags.values[tag].strip() in {b"SECTION", b"ENDSEC", b"EOF"}):
        begins = tags.values[tag].strip() == b"SECTION"
        last = tag + 1 == len(tags.codes)
        named = begins and not last and tags.codes[tag + 1] == 2  # noqa: PLR2004 - the group code of a name
        ends = opened is not None and tags.values[tag].strip() == b"ENDSEC"
        if not (last or (named and opened is None) or ends) or (last and opened is not None):
            raise UnreadableError(_structure_error(tag))
        if named:
            opened = (tags.values[tag + 1].strip().decode("ascii", "replace"), tag + 2)
        elif opened is not None:
            if opened[0] in found or len(found) >= _MOST_SECTIONS:
                raise UnreadableError(_structure_error(tag))
            found[opened[0]] = (opened[1], tag)
            opened = None
    inside = sum(int(np.count_nonzero(tags.codes[begin:end] == 0)) for begin, end in found.values())
    if len(heads) != inside + 2 * len(found) + 1:
        raise UnreadableError(_structure_error(0))
    return found


def _structure_error(tag: int) -> Finding:
    message = "sections must follow one another, each named, ended and there once, up to the end mark"
    return error("M303", message, place=f"line {2 * tag + 1}", remedy="get the whole file, or export it anew")


def variables(tags: Tags, names: Sequence[str], place: tuple[int, int]) -> dict[str, str]:
    """Values of header variables by name, the first of each; those that the header does not hold are left out."""
    begin, end = place
    wanted = {name.encode(): name for name in names}
    found: dict[str, str] = {}
    for tag in (np.flatnonzero(tags.codes[begin:end] == 9) + begin).tolist():  # noqa: PLR2004 - names a variable
        name = wanted.get(tags.values[tag].strip())
        if name is not None and tag + 1 < end:
            found.setdefault(name, tags.values[tag + 1].strip()[:40].decode("ascii", "replace"))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    """The e entities of the section ENTITIES that stand in model space, in the file's order.

    kind, layer : (e,) int, indices into ``kind_names`` and ``layer_names``. line : (e,) int, where each begins.
    owner, code, number : (t,) the numbers of all of them as they follow each other: index of the entity, group code,
    value. on_paper : kinds of what stood in paper space and is left out.
    """

    kind: IntArray
    kind_names: tuple[str, ...]
    layer: IntArray
    layer_names: tuple[str, ...]
    line: IntArray
    owner: IntArray
    code: IntArray
    number: FloatArray
    on_paper: frozenset[str]

    def __len__(self) -> int:
        return len(self.line)

    def column(self, code: int) -> FloatArray:
        """(e,) float: the first number under a group code, NaN for entities without."""
        rows = np.flatnonzero(self.code == code)[::-1]
        values = np.full(len(self), np.nan)
        values[self.owner[rows]] = self.number[rows]
        return values

    def count(self, code: int) -> IntArray:
        """(e,) int: how often an entity has a group code."""
        return np.bincount(self.owner[self.code == code], minlength=len(self))


def entities_of(tags: Tags, place: tuple[int, int]) -> Entities:
    """The entities between two tags. Raises UnreadableError where they do not begin with one, or a number is none."""
    begin, end = place
    codes = tags.codes[begin:end]
    heads = np.flatnonzero(codes == 0)
    if np.any(codes[: heads[0] if heads.size else None] != _COMMENT):
        raise UnreadableError(_structure_error(begin))
    owner = np.cumsum(codes == 0) - 1
    rows = np.flatnonzero(np.isin(codes, _NUMBERS))
    number = _numbers(tags, rows + begin)
    paper = np.zeros(len(heads), dtype=bool)
    paper[owner[rows[(codes[rows] == _PAPER) & (number != 0)]]] = True
    kind, kind_names = _texts(tags, heads + begin)
    layer, layer_names = _texts(tags, np.flatnonzero(codes == _LAYER) + begin)
    kept = ~paper
    renumbered = np.cumsum(kept) - 1
    in_model = kept[owner[rows]]
    return Entities(
        kind=kind[kept],
        kind_names=kind_names,
        # Layer 0 where an entity names none, as the reference has it.
        layer=_spread(layer, owner[codes == _LAYER], size=len(heads), otherwise=len(layer_names))[kept],
        layer_names=(*layer_names, "0"),
        line=2 * (heads[kept] + begin) + 1,
        owner=renumbered[owner[rows]][in_model],
        code=codes[rows][in_model],
        number=number[in_model],
        on_paper=frozenset(kind_names[index] for index in set(kind[paper].tolist())),
    )


def _spread(values: IntArray, owner: IntArray, *, size: int, otherwise: int) -> IntArray:
    """(size,) int: each owner's value, and another for those that own none."""
    spread = np.full(size, otherwise)
    spread[owner] = values
    return spread


def _texts(tags: Tags, rows: IntArray) -> tuple[IntArray, tuple[str, ...]]:
    """Values as indices into a tuple of texts, each distinct one decoded once. Raises UnreadableError for too many."""
    raw = [tags.values[row] for row in rows.tolist()]
    distinct = set(raw)
    if len(distinct) > _MOST_NAMES:
        message = f"{len(distinct)} names of layers or kinds of entities; at most {_MOST_NAMES} are read"
        raise UnreadableError(error("M301", message, remedy="one pin a file, a layer a step"))
    known = {text: text.strip().decode("utf-8", "replace")[:_LONGEST_NAME] for text in distinct}
    names = sorted(set(known.values()))
    index = {name: place for place, name in enumerate(names)}
    places = {text: index[name] for text, name in known.items()}
    return np.fromiter(map(places.__getitem__, raw), dtype=np.int64, count=len(raw)), tuple(names)


def _numbers(tags: Tags, rows: IntArray) -> FloatArray:
    """Values as numbers: plain decimals, with or without an exponent; what is too large for a float is infinite."""
    found = np.empty(len(rows))
    for begin in range(0, len(rows), _AT_ONCE):
        part = rows[begin : begin + _AT_ONCE]
        found[begin : begin + len(part)] = _some_numbers([tags.values[row] for row in part.tolist()], part)
    return found


def _some_numbers(raw: list[bytes], rows: IntArray) -> FloatArray:
    try:
        if not b"\n".join(raw).translate(None, _IN_A_NUMBER):
            return np.fromiter(map(float, raw), dtype=np.float64, count=len(raw))
    except ValueError:
        pass
    bad = next(place for place, text in enumerate(raw) if not _is_number(text))
    message = f"a number should stand here, not {_quoted(raw[bad])}"
    raise UnreadableError(error("M305", message, place=f"line {2 * int(rows[bad]) + 2}", remedy="export the DXF anew"))


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not text.translate(None, _IN_A_NUMBER)


def _quoted(text: bytes) -> str:
    return repr(text[:30].decode("ascii", "replace"))
