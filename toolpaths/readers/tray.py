"""A tray's program taken apart into its sections, as a stream: no more than one nest is in memory."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from toolpaths.errors import ToolpathError
from toolpaths.readers.gcode_lines import MOST_BYTES

_BEGIN = re.compile(rb"\(nest ([0-9]{1,3}): [ -~]*\)\n")
_END = re.compile(rb"\(end of nest ([0-9]{1,3})\)\n")
_SECTION_IN_SECTION = re.compile(rb"^\(nest [0-9]{1,3}: ", re.MULTILINE)
_CLOSING = b"M2\n"
_NOT_WHOLE = "the program was cut off or changed, or is no tray program"
# Longer than any line that a controller reads.
_LONGEST_LINE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of the file: the lines before the first nest (``nest`` 0), or one nest's section."""

    nest: int
    data: bytes


def tray_parts(source: BinaryIO) -> Iterator[Part]:
    """The opening, then the sections as they stand in the file.

    Raises ToolpathError where it is no whole tray program: no nest, text between nests, one that does not end, a nest
    twice, no end, text after the end, a section larger than a reader takes.
    """
    lines = enumerate(iter(lambda: source.readline(_LONGEST_LINE), b""), start=1)
    opening, last = _gathered(lines, _BEGIN, "no nest begins")
    yield Part(nest=0, data=opening[: -len(last)])
    seen: set[int] = set()
    while last != _CLOSING:
        nest = _number(last)
        if nest == 0 or nest in seen:
            raise ToolpathError(f"nest {nest} stands there twice, or is none")
        seen.add(nest)
        data, end = _gathered(lines, _END, f"nest {nest} does not end")
        if _number(end) != nest or _SECTION_IN_SECTION.search(data):
            raise ToolpathError(f"nest {nest}: another nest begins or ends inside it")
        yield Part(nest=nest, data=last + data)
        number, last = next(lines, (0, b""))
        if last != _CLOSING and not _BEGIN.fullmatch(last):
            what = f"line {number}: neither a nest nor the end follows" if last else "nothing follows"
            raise ToolpathError(f"{what} after nest {nest}; {_NOT_WHOLE}")
    if next(lines, None) is not None:
        raise ToolpathError(f"there is text after M2; {_NOT_WHOLE}")


def _gathered(lines: Iterator[tuple[int, bytes]], until: re.Pattern[bytes], missing: str) -> tuple[bytes, bytes]:
    """The lines up to one of this form and with it, as one piece; and that line."""
    found: list[bytes] = []
    size = 0
    for number, line in lines:
        found.append(line)
        size += len(line)
        if size > MOST_BYTES:
            raise ToolpathError(f"line {number}: {missing} within {MOST_BYTES} bytes; {_NOT_WHOLE}")
        if until.fullmatch(line):
            return b"".join(found), line
    raise ToolpathError(f"{missing}; {_NOT_WHOLE}")


def _number(marker: bytes) -> int:
    return int(re.findall(rb"[0-9]+", marker)[0])


def nest_program(opening: Part, section: Part) -> bytes:
    """The program of one nest alone: what a controller does that begins there."""
    return opening.data + section.data + _CLOSING


def write_restart(source: BinaryIO, out: BinaryIO, *, nest: int, skip: Collection[int] = ()) -> tuple[int, ...]:
    """Write the program that goes on at a nest: the same sections from there on, those of ``skip`` left out.

    Gives the nests it will mark, in order. Raises ToolpathError as ``tray_parts``, and where the program has no such
    nest, or none is left.
    """
    known: list[int] = []
    marked: list[int] = []
    for part in tray_parts(source):
        if part.nest == 0:
            out.write(f"(restart at nest {nest})\n".encode() + part.data)
            continue
        known.append(part.nest)
        if nest in known and part.nest not in skip:
            out.write(part.data)
            marked.append(part.nest)
    strange = sorted({nest, *skip} - set(known))
    if strange:
        there = ", ".join(map(str, known))
        raise ToolpathError(f"nest {', '.join(map(str, strange))}: not in this program, which marks {there}")
    if not marked:
        raise ToolpathError(f"nest {nest}: all from there on are to be skipped; nothing would be marked")
    out.write(_CLOSING)
    return tuple(marked)
