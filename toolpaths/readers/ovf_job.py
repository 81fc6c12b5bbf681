"""An Open Vector Format file as it stands: parameters, parts, work planes and their vector blocks, not yet understood.

Nothing here comes from the writer. Field numbers after open_vector_format.proto and ovf_lut.proto, framing after the
README of https://github.com/Digital-Production-Aachen/OpenVectorFormat. Tables are trusted only as far as the bytes
they point to go; see ovf_wire.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolpaths.readers.ovf_wire import Kind, Message, Span, Wire, broken

FloatArray: TypeAlias = NDArray[np.float32]

_MAGIC = b"LVF!"
_HEAD_BYTES = 12
# A pin is marked in some ten blocks, run some hundred times: room for files that write every run out.
MOST_PLANES = 10_000
# A thousand glyphs at a hatch of 4 um are 67,000 lines, were each of them a block of its own.
MOST_VECTOR_BLOCKS = 100_000
MOST_NAME = 200

_INT, _FLOAT, _DOUBLE, _BYTES = Kind.INTEGER, Kind.FLOAT, Kind.DOUBLE, Kind.BYTES
_TABLE = {1: _INT, 2: Kind.INTEGERS}
_JOB = {3: _BYTES, 4: _BYTES, 6: _INT}
_ENTRY = {1: _INT, 2: _BYTES}
_PART = {4: _BYTES}
_STRATEGY = {100: _BYTES}
_EXTRA = {1: _BYTES, 2: _DOUBLE}
_PLANE = {**dict.fromkeys(range(2, 8), _FLOAT), 8: _INT, 9: _INT, 10: _INT, 12: Kind.FLOATS, 13: _BYTES}
_PLANE_META = {3: _BYTES}
_PATCH = {2: _FLOAT, 3: _FLOAT}
_POINTS = {1: Kind.FLOATS}
_BLOCK_META = {3: _INT}

MARKING_FIGURES = {
    1: "laser_power_in_w",
    2: "laser_speed_in_mm_per_s",
    3: "laser_focus_shift_in_mm",
    5: "jump_speed_in_mm_s",
    7: "repetition_rate_in_hz",
    8: "laser_pulses_per_burst",
    9: "pulse_duration_in_fs",
    10: "marking_mode",
    11: "jump_delay_in_us",
    12: "laser_off_delay_in_us",
    13: "laser_on_delay_in_us",
    14: "mark_delay_in_us",
    15: "polygon_delay_in_us",
    21: "wobble_frequency_in_hz",
    22: "wobble_length_in_mm",
    23: "wobble_width_in_mm",
    24: "wobble_mode",
}
_WHOLE_FIGURES = (7, 8, 9, 10, 24)
_GRADIENT, _NAME = 25, 26
_MARKING = {
    **{number: _INT if number in _WHOLE_FIGURES else _FLOAT for number in MARKING_FIGURES},
    _GRADIENT: _BYTES,
    _NAME: _BYTES,
}
_GRADIENT_FIGURES = {1: _FLOAT, 2: _FLOAT}

# Kind of vector data, by field: coordinates of a point, whether every two points are a line of their own.
_FOLLOWED = {1: (2, False), 2: (2, True), 6: (3, False), 7: (3, True)}
_NOT_FOLLOWED = {
    3: "points",
    4: "arcs",
    5: "ellipses",
    8: "points",
    9: "arcs",
    11: "a line sequence with changing parameters",
    12: "hatches with changing parameters",
}
PAUSE = "a pause"
_PAUSE = 10
_KEY, _REPEATS, _META = 50, 54, 100
_BLOCK = {**dict.fromkeys(range(1, 13), _BYTES), _KEY: _INT, _REPEATS: _INT, _META: _BYTES}
_NO_FLOATS: FloatArray = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """Marking parameters: ``figures`` that the file states, by the names of ``MARKING_FIGURES``, zeros among them."""

    name: str
    figures: Mapping[str, float]
    has_power_gradient: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorBlock:
    """``points`` (n, 2) or (n, 3) in mm, alone or, for hatches, two by two; ``other`` names what is not followed."""

    points: FloatArray
    is_hatch: bool
    other: str
    marking_key: int
    part_key: int
    repeats: int
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPlane:
    """``position`` of its origin in mm with None for what is not said; ``moved`` names what else places it."""

    blocks: tuple[VectorBlock, ...]
    repeats: int
    position: tuple[float | None, float | None, float | None]
    moved: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``parts`` hold their additional parameters by name."""

    markings: Mapping[int, Marking]
    parts: Mapping[int, Mapping[str, float]]
    planes: tuple[WorkPlane, ...]


def parse_job(data: bytes) -> Job:
    """Take a file apart. Raises BrokenError at the first thing that cannot be followed."""
    if len(data) < _HEAD_BYTES or not data.startswith(_MAGIC):
        remedy = "give a file whose first four bytes are LVF!"
        broken("M362", "this is no Open Vector Format file", place="byte 0", remedy=remedy)
    wire = Wire(data)
    table_at = wire.position(len(_MAGIC), place="byte 4")
    if table_at == 0:
        broken("M362", "the file was never finished: it names no table of its job", place="byte 4")
    shell_at, plane_ats = _table(wire, table_at, most=MOST_PLANES, place="the job's table")
    shell = wire.message([wire.delimited(shell_at, place="the job's shell")], _JOB, place="the job's shell")
    _require_count(shell.signed(6), len(plane_ats), of="work planes", place="the job's shell")
    markings = {
        key: _marking(wire, spans, place=f"marking parameters {key}")
        for key, spans in _entries(wire, shell.spans.get(3, []), place="the job's marking parameters")
    }
    parts = {
        key: _part(wire, spans, place=f"part {key}")
        for key, spans in _entries(wire, shell.spans.get(4, []), place="the job's parts")
    }
    planes: list[WorkPlane] = []
    room, blocks = MOST_VECTOR_BLOCKS, _Blocks(wire)
    for index, at in enumerate(plane_ats):
        planes.append(_plane(wire, blocks, at, index=index, room=room))
        room -= len(planes[-1].blocks)
    return Job(markings=markings, parts=parts, planes=tuple(planes))


def _table(wire: Wire, at: int, *, most: int, place: str) -> tuple[int, list[int]]:
    """A look-up table: position of the shell, positions of what it lists."""
    table = wire.message([wire.delimited(at, place=place)], _TABLE, place=place)
    return table.integers.get(1, 0), wire.integers(table.spans.get(2, []), most=most, place=place)


def _require_count(said: int, found: int, *, of: str, place: str) -> None:
    if said != found:
        broken("M367", f"{said} {of} are announced and {found} listed", place=place)


def _entries(wire: Wire, spans: list[Span], *, place: str) -> list[tuple[int, list[Span]]]:
    """Keys and values of a map field; of two entries of one key the last counts."""
    found = (wire.message([span], _ENTRY, place=place) for span in spans)
    return list({entry.signed(1): entry.spans.get(2, []) for entry in found}.items())


def _marking(wire: Wire, spans: list[Span], *, place: str) -> Marking:
    message = wire.message(spans, _MARKING, place=place)
    gradient = wire.message(message.spans.get(_GRADIENT, []), _GRADIENT_FIGURES, place=place)
    figures = {number: float(value) for number, value in message.integers.items()}
    # The shortest decimal of a 32-bit float is what was meant: 0.14, not 0.14000000059604645.
    figures |= {number: float(str(np.float32(value))) for number, value in message.reals.items()}
    return Marking(
        name=wire.text(message.spans.get(_NAME, []))[:MOST_NAME],
        figures={MARKING_FIGURES[number]: figure for number, figure in figures.items()},
        has_power_gradient=any(gradient.reals.values()),
    )


def _part(wire: Wire, spans: list[Span], *, place: str) -> dict[str, float]:
    strategies = wire.message(spans, _PART, place=place).spans.get(4, [])
    extras = wire.message(strategies, _STRATEGY, place=place).spans.get(100, [])
    found = (wire.message([span], _EXTRA, place=place) for span in extras)
    return {wire.text(extra.spans.get(1, [])): extra.reals.get(2, 0.0) for extra in found}


def _plane(wire: Wire, blocks_of: "_Blocks", at: int, *, index: int, room: int) -> WorkPlane:
    place = f"work plane {index}"
    shell_at, block_ats = _table(wire, wire.position(at, place=place), most=room, place=place)
    shell = wire.message([wire.delimited(shell_at, place=place)], _PLANE, place=place)
    blocks = tuple(blocks_of.block(at, place=f"{place}, block {number}") for number, at in enumerate(block_ats))
    if any(block.points.size or block.other for block in blocks):
        _require_count(shell.signed(8), len(blocks), of="vector blocks", place=place)
    if shell.signed(10) not in (0, index):
        broken("M367", f"the plane calls itself number {shell.signed(10)}", place=place)
    return WorkPlane(
        blocks=blocks,
        repeats=shell.integers.get(9, 0),
        position=(shell.reals.get(2), shell.reals.get(3), shell.reals.get(4)),
        moved=_moved(wire, shell, place=place),
        place=place,
    )


def _moved(wire: Wire, shell: Message, *, place: str) -> str:
    """What places a plane otherwise than by a shift of its origin; empty for nothing."""
    if any(shell.reals.get(number, 0.0) for number in (5, 6, 7)):
        return "is turned"
    if np.any(wire.floats(shell.spans.get(12, []), place=place)):
        return "is placed by axes of the machine"
    patches = wire.message(shell.spans.get(13, []), _PLANE_META, place=place).spans.get(3, [])
    for _, spans in _entries(wire, patches, place=place):
        if any(wire.message(spans, _PATCH, place=place).reals.values()):
            return "has patches with places of their own"
    return ""


class _Blocks:
    """Takes vector blocks apart; what follows the vectors is the same in most of them, and taken apart once."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._tails: dict[bytes, tuple[Message, int]] = {}

    def block(self, at: int, *, place: str) -> VectorBlock:
        """The block that stands behind its length at ``at``."""
        wire = self._wire
        begin, end = wire.delimited(at, place=place)
        stop = wire.end_of_field(begin, end, place=place)
        head = wire.message([(begin, stop)], _BLOCK, place=place)
        if not head.spans or _META in head.spans:
            # Not the vectors come first: everything is tail.
            stop, head = begin, Message()
        tail, part_key = self._tail(stop, end, place)
        data, points = self._vectors(head, tail, place)
        dimensions, is_hatch = _FOLLOWED.get(data, (2, False))
        if points.size % (dimensions * (1 + is_hatch)) or (not is_hatch and points.size == dimensions):
            broken("M371", f"{points.size} coordinates make no whole number of points or lines", place=place)
        return VectorBlock(
            points=points.reshape(-1, dimensions),
            is_hatch=is_hatch,
            other=PAUSE if data == _PAUSE else _NOT_FOLLOWED.get(data, ""),
            marking_key=tail.signed(_KEY),
            part_key=part_key,
            repeats=tail.integers.get(_REPEATS, 0),
            place=place,
        )

    def _tail(self, begin: int, end: int, place: str) -> tuple[Message, int]:
        """Fields after the vectors, and the part's key."""
        raw = self._wire.data[begin:end]
        known = self._tails.get(raw)
        if known is None:
            tail = self._wire.message([(begin, end)], _BLOCK, place=place)
            meta = self._wire.message(tail.spans.get(_META, []), _BLOCK_META, place=place)
            known = self._tails[raw] = tail, meta.signed(3)
        return known

    def _vectors(self, head: Message, tail: Message, place: str) -> tuple[int, FloatArray]:
        """Kind of the data, 0 for none, and its coordinates, none where the kind is not followed."""
        kinds = sorted((head.spans.keys() | tail.spans.keys()) - {_META})
        if len(kinds) > 1:
            broken("M366", "a vector block holds data of two kinds", place=place)
        if not kinds or kinds[0] not in _FOLLOWED:
            return (kinds[0] if kinds else 0), _NO_FLOATS
        spans = head.spans.get(kinds[0], []) + tail.spans.get(kinds[0], [])
        lists = self._wire.message(spans, _POINTS, place=place).spans.get(1, [])
        return kinds[0], self._wire.floats(lists, place=place)
