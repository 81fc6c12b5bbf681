"""Open Vector Format: a job in protocol buffers, its planes and blocks found by look-up tables; the same bytes always.

Field numbers after open_vector_format.proto and ovf_lut.proto of the format's owners, the chair Digital Additive
Production of RWTH Aachen: https://github.com/Digital-Production-Aachen/OpenVectorFormat. Framing after its README:
``LVF!``, position of the job's table; each plane as position of its table, blocks, shell, table; job's shell and table;
positions are eight bytes, little end first, and every message stands behind its length.

Coordinates are 32-bit floats of millimetres: within 16 mm of the apex they still tell whole nanometres apart, and even
at a metre they are rounded by 0.03 um at most.
"""

import dataclasses
import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.model import Delays, Process, Toolpath
from toolpaths.writers.nanometres import NmBlock, NmPolylines, blocks_in_nanometres, millimetres
from toolpaths.writers.ovf_wire import LARGEST, delimited, field, float32, float64, integer, packed_integers, text

FloatArray: TypeAlias = NDArray[np.float32]

_MAGIC = b"LVF!"

_MOST_REPEATS = 2**32 - 1  # the field of a plane has 32 bits
_FIRST_KEY = 1  # a block that lost its key asks for 0, which is no key of ours
_LINE_SEQUENCE, _HATCHES, _LINE_SEQUENCE_3D, _HATCHES_3D = 1, 2, 6, 7
_CONTOUR = 1
_SKY_WRITING = range(4)
_NO_CONTOUR = -1
_FRAME = "Pin frame: millimetres, origin at the tip's apex, z and focus shift positive towards the scanner."
_SPOT_RADIUS, _WAVELENGTH = "spot_radius_in_um", "wavelength_in_um"


def write_ovf(toolpath: Toolpath, *, name: str) -> bytes:
    """A job of that name: a work plane for each block of the toolpath, marking parameters for each operation.

    A plane is repeated as often as its block is run. An operation of one height is written in two dimensions with its
    height as focus shift, any other in three. Neighbouring two-point paths make one block of hatches, every longer path
    is a line sequence. Power is pulse energy times repetition rate; the rate is rounded to whole hertz and the power
    reckoned from that, so that the energy stays. Spot radius and wavelength, for which the format has no field, stand
    as additional parameters with the part. Raises ToolpathError with every fault.
    """
    blocks = blocks_in_nanometres(toolpath)
    _raise_faults(blocks)
    keys = _Keys()
    planes = [_plane(block, number, keys) for number, block in enumerate(blocks)]
    pieces: list[bytes] = []
    positions: list[int] = []
    at = len(_MAGIC) + 8
    for plane in planes:
        positions.append(at)
        pieces.append(_placed(plane, at))
        at += len(pieces[-1])
    shell = delimited(_job_shell(planes, keys, name))
    table = delimited(integer(1, at) + packed_integers(2, positions))
    return b"".join([_MAGIC, struct.pack("<q", at + len(shell)), *pieces, shell, table])


def import_note(toolpath: Toolpath) -> str:
    """For the operator: how to load the file, what to set by hand, how to see that it came in right.

    Raises ToolpathError as ``write_ovf`` does.
    """
    blocks = blocks_in_nanometres(toolpath)
    _raise_faults(blocks)
    points = np.concatenate([paths.points for block in blocks for _, paths in block.operations])
    (x_low, y_low, _), (x_high, y_high, _) = millimetres(points.min(axis=0)), millimetres(points.max(axis=0))
    processes = [operation.process for block in blocks for operation, _ in block.operations]
    lines = [
        "Open Vector Format (.ovf), version 3 of protocol buffers; one job, one pin.",
        "",
        "Load: open the file in the machine's software or in a program built on OpenVectorFormatTools. Coordinates are",
        "millimetres about the apex of the tip: seen from the scanner x runs to the right, y upwards, z towards it. A",
        "preview that is mirrored or turned means that the field's axes are set otherwise. Bring the scanner's origin",
        "onto the apex and its focus onto the surface there.",
        f"Size: everything lies within x {x_low:.6f} to {x_high:.6f} mm and y {y_low:.6f} to {y_high:.6f} mm, as the",
        "job's bounds say. If the viewer shows anything else, stop: the unit was taken for another.",
        "Every vector in the file is to be marked; there is no calibration square.",
        "",
        "Work planes, in order:",
        *_plane_lines(blocks),
        "A plane that runs n times carries repeats = n - 1: it is run once and then repeated. Mark a trial plane and",
        "count, since some programs leave repeats aside; all axes stay where they are from plane to plane.",
        "",
        "Set by hand:",
        *_by_hand(processes, flat=[_is_flat(paths) for block in blocks for _, paths in block.operations]),
    ]
    return "\n".join(lines) + "\n"


def _plane_lines(blocks: tuple[NmBlock, ...]) -> Iterator[str]:
    for number, block in enumerate(blocks):
        yield f"  plane {number}, runs {block.repeats} times:"
        for operation, paths in block.operations:
            process = operation.process
            power_w, rate_hz = _power_w(process), _rate_hz(process)
            kind = f"focus shift {paths.points[0, 2] / 1e6:.6f} mm" if _is_flat(paths) else "three-dimensional"
            yield (
                f"    {_printable(operation.name)}: {len(paths.starts) - 1} paths, {power_w:.6g} W average at "
                f"{rate_hz} Hz ({process.pulse_energy_j * 1e6:.6g} uJ a pulse), {process.feed_um_s / 1e3:.6g} mm/s, "
                f"{kind}"
            )


def _by_hand(processes: list[Process], *, flat: list[bool]) -> Iterator[str]:
    """What the format has no field for, or what this job leaves open."""
    spots = sorted({process.spot_radius_um for process in processes if process.spot_radius_um is not None})
    waves = sorted({process.wavelength_um for process in processes if process.wavelength_um is not None})
    if spots:
        yield f"  spot radius (1/e2, in focus) {_listed(spots)} um: told with the part, not set"
    if waves:
        yield f"  wavelength {_listed(waves)} um: told with the part, not set"
    if not spots or not waves:
        yield "  spot and wavelength of the recipe where they are not named here: the job does not say them"
    if any(process.pulse_width_s is None for process in processes):
        yield "  pulse length where the parameters say 0: the job does not say it"
    delays = [process.delays for process in processes]
    if None in delays:
        yield "  jump speed, delays and sky-writing where the parameters say 0: the job does not say them"
    if any(delay is not None and delay.sky_writing for delay in delays):
        yield "  sky-writing's time lag, laser-on shift, run-in, run-out and limit: the job names the mode only"
    if any(flat):
        yield "  the sign of the focus shift: the format leaves it open; here it is positive towards the scanner"
    if not all(flat):
        yield "  nothing for the height, but the scanner must mark Hatches3D and LineSequence3D with z by vector"


def _listed(figures: list[float]) -> str:
    return ", ".join(f"{figure:g}" for figure in figures)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marking:
    """What one key of the marking parameters stands for."""

    name: str
    process: Process
    focus_shift_nm: int


_Source: TypeAlias = tuple[float | None, float | None]  # spot radius and wavelength, um


@dataclass(frozen=True, slots=True)
class _Keys:
    """Keys of marking parameters and parts, given out in the order of first use."""

    markings: dict[_Marking, int] = dataclasses.field(default_factory=dict)
    parts: dict[_Source, int] = dataclasses.field(default_factory=dict)

    def marking(self, marking: _Marking) -> int:
        return self.markings.setdefault(marking, _FIRST_KEY + len(self.markings))

    def part(self, process: Process) -> int:
        source = (process.spot_radius_um, process.wavelength_um)
        return self.parts.setdefault(source, _FIRST_KEY + len(self.parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plane:
    """Messages of a plane, not yet placed in a file; ``bounds`` are x and y from, x and y to, mm."""

    blocks: list[bytes]
    shell: bytes
    bounds: FloatArray


def _plane(block: NmBlock, number: int, keys: _Keys) -> _Plane:
    messages: list[bytes] = []
    boxes = []
    for operation, paths in block.operations:
        flat = _is_flat(paths)
        shift_nm = int(paths.points[0, 2]) if flat else 0
        name = _printable(operation.name)
        key = keys.marking(_Marking(name=name, process=operation.process, focus_shift_nm=shift_nm))
        points = millimetres(paths.points[:, : 2 if flat else 3]).astype("<f4")
        messages += _vector_blocks(points, paths.starts, key=key, part=keys.part(operation.process))
        boxes.append(np.concatenate([points[:, :2].min(axis=0), points[:, :2].max(axis=0)]))
    bounds = _joined(boxes)
    shell = b"".join(
        [
            integer(8, len(messages)),
            integer(9, block.repeats - 1),
            integer(10, number),
            field(13, field(7, _box(bounds))),
        ]
    )
    return _Plane(blocks=[delimited(message) for message in messages], shell=delimited(shell), bounds=bounds)


def _vector_blocks(points: FloatArray, starts: NDArray[np.int64], *, key: int, part: int) -> Iterator[bytes]:
    """Hatches for every run of two-point paths, a line sequence for each longer one, in order."""
    dimensions = points.shape[1]
    sequence, hatches = (_LINE_SEQUENCE, _HATCHES) if dimensions == 2 else (_LINE_SEQUENCE_3D, _HATCHES_3D)  # noqa: PLR2004 - x and y
    is_line = np.diff(starts) == 2  # noqa: PLR2004 - a line has two ends
    first = np.flatnonzero(np.concatenate([[True], ~(is_line[1:] & is_line[:-1])]))
    ends = starts[np.append(first[1:], len(is_line))]
    begins = starts[first]
    closed = ~is_line[first] & np.all(points[begins] == points[ends - 1], axis=1)
    open_tail, closed_tail = (_tail(key=key, part=part, area=area) for area in (0, _CONTOUR))
    raw = points.tobytes()
    size = 4 * dimensions
    columns = (is_line[first], begins * size, ends * size, closed)
    for line, begin, end, ring in zip(*(column.tolist() for column in columns), strict=True):
        vectors = field(hatches if line else sequence, field(1, raw[begin:end]))
        yield vectors + (closed_tail if ring else open_tail)


def _tail(*, key: int, part: int, area: int) -> bytes:
    """What a block says besides its vectors: parameters, part, no contour's index, and that it is micro-structuring."""
    meta = integer(3, part) + integer(5, _NO_CONTOUR)
    return integer(50, key) + field(100, meta) + field(102, integer(1, area) if area else b"")


def _placed(plane: _Plane, at: int) -> bytes:
    """The part of the file that holds a plane and begins at byte ``at``."""
    sizes = [len(block) for block in plane.blocks]
    first = at + 8
    positions = (first + np.cumsum([0, *sizes])).tolist()
    shell_at = positions.pop()
    table = delimited(integer(1, shell_at) + packed_integers(2, positions))
    return b"".join([struct.pack("<q", shell_at + len(plane.shell)), *plane.blocks, plane.shell, table])


def _job_shell(planes: list[_Plane], keys: _Keys, name: str) -> bytes:
    title = _printable(name)
    meta = [text(3, title), text(4, "pin-engrave"), text(5, _FRAME)]
    meta.append(field(6, _box(_joined([plane.bounds for plane in planes]))))
    markings = [_entry(3, key, _marking_parameters(marking)) for marking, key in keys.markings.items()]
    parts = [_entry(4, key, _part(source, title)) for source, key in keys.parts.items()]
    return b"".join([field(2, b"".join(meta)), *markings, *parts, integer(6, len(planes))])


def _entry(number: int, key: int, value: bytes) -> bytes:
    """An entry of a map field."""
    return field(number, integer(1, key) + field(2, value))


def _marking_parameters(marking: _Marking) -> bytes:
    """Figures that are zero are written too: what is not there was not said."""
    process = marking.process
    pieces = [
        float32(1, _power_w(process)),
        float32(2, process.feed_um_s / 1e3),
        float32(3, marking.focus_shift_nm / 1e6),
    ]
    if process.delays is not None:
        pieces.append(float32(5, process.delays.jump_um_s / 1e3))
    pieces.append(integer(7, _rate_hz(process)))
    if process.pulse_width_s is not None:
        pieces.append(integer(9, _pulse_fs(process.pulse_width_s)))
    if process.delays is not None:
        delays = process.delays
        waits_s = (delays.jump_s, delays.laser_off_s, delays.laser_on_s, delays.mark_s, delays.polygon_s)
        pieces.append(integer(10, delays.sky_writing))
        pieces += [float32(number, wait_s * 1e6) for number, wait_s in enumerate(waits_s, start=11)]
    pieces.append(text(26, marking.name))
    return b"".join(pieces)


def _part(source: _Source, title: str) -> bytes:
    named = zip((_SPOT_RADIUS, _WAVELENGTH), source, strict=True)
    extra = [field(100, text(1, name) + float64(2, figure)) for name, figure in named if figure is not None]
    return text(1, title) + (field(4, b"".join(extra)) if extra else b"")


def _raise_faults(blocks: Iterable[NmBlock]) -> None:
    """Raise ToolpathError with every figure that the format cannot hold."""
    faults = []
    for block in blocks:
        if block.repeats - 1 > _MOST_REPEATS:
            faults.append(f"a block has {block.repeats} repeats; a work plane holds at most {_MOST_REPEATS + 1}")
        for operation, paths in block.operations:
            faults += [f"{operation.name}: {fault}" for fault in _process_faults(operation.process)]
            if _falls_together(paths):
                faults.append(f"{operation.name}: a path is too short for 32-bit millimetres; bring it nearer")
    if faults:
        raise ToolpathError("\n".join(faults))


def _process_faults(process: Process) -> Iterator[str]:
    if not 1 <= process.repetition_rate_hz <= LARGEST:
        yield f"the repetition rate, {process.repetition_rate_hz:g} Hz, must be 1 Hz or more; 0 would mean continuous"
    else:
        yield from _float_faults("the average power in W", _power_w(process), positive=True)
    yield from _float_faults("the feed in mm/s", process.feed_um_s / 1e3, positive=True)
    width_s = process.pulse_width_s
    if width_s is not None and not (0 < width_s < 1 and _pulse_fs(width_s) > 0):
        yield f"the pulse length, {width_s:g} s, must be 1 fs or more and below 1 s"
    for name, figure in (("spot radius", process.spot_radius_um), ("wavelength", process.wavelength_um)):
        if figure is not None and not 0 < figure < math.inf:
            yield f"the {name}, {figure:g} um, must be finite and above 0"
    if process.delays is not None:
        yield from _delay_faults(process.delays)


def _delay_faults(delays: Delays) -> Iterator[str]:
    yield from _float_faults("the jump speed in mm/s", delays.jump_um_s / 1e3, positive=True)
    for name in ("laser_on_s", "laser_off_s", "jump_s", "mark_s", "polygon_s"):
        wait_s: float = getattr(delays, name)
        yield from _float_faults(f"delays.{name} in us", wait_s * 1e6)
        if wait_s < 0 and not name.startswith("laser"):
            yield f"delays.{name}, {wait_s:g} s, must not be negative"
    if delays.sky_writing not in _SKY_WRITING:
        yield f"the sky-writing mode, {delays.sky_writing}, must be 0, 1, 2 or 3"


def _float_faults(what: str, figure: float, *, positive: bool = False) -> Iterator[str]:
    """Whether a figure is one as a 32-bit float."""
    limits = np.finfo(np.float32)
    if not abs(figure) <= float(limits.max) or (positive and not figure >= float(limits.tiny)):
        yield f"{what} is {figure:g}, which is no {'positive ' if positive else ''}figure that the format can hold"


def _falls_together(paths: NmPolylines) -> bool:
    """Whether a path's rounding to 32-bit millimetres leaves a point on the one before it."""
    points = millimetres(paths.points).astype(np.float32)
    return bool(np.any(np.all(points[1:] == points[:-1], axis=1) & ~paths.first()[1:]))


def _rate_hz(process: Process) -> int:
    return round(process.repetition_rate_hz)


def _power_w(process: Process) -> float:
    return process.pulse_energy_j * _rate_hz(process)


def _pulse_fs(width_s: float) -> int:
    return round(width_s * 1e15)


def _is_flat(paths: NmPolylines) -> bool:
    heights = paths.points[:, 2]
    return bool(np.all(heights == heights[0]))


def _joined(boxes: list[FloatArray]) -> FloatArray:
    """The box about boxes, x and y from and to."""
    corners = np.array(boxes)
    return np.concatenate([corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)])


def _box(bounds: FloatArray) -> bytes:
    return b"".join(float32(number, value) for number, value in enumerate(bounds.tolist(), start=1))


def _printable(text: str) -> str:
    """Without characters that a line of text cannot hold, so that it is one line and valid UTF-8."""
    return "".join(character for character in text if character.isprintable())
