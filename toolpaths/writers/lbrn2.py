"""LightBurn project (lbrn2): millimetres, y up, a layer a process, a shape a path; the same bytes from the same input.

LightBurn publishes no description of its format. What is written here is what its own files hold (format version 1),
and no more than its users have seen it read back: frequency in hertz, QPulseWidth in nanoseconds, a vertex list and a
list of straight pieces between its numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from xml.sax.saxutils import quoteattr

import numpy as np

from toolpaths.errors import ToolpathError
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.writers.nanometres import IntArray, NmPolylines, blocks_in_nanometres, millimetres

MOST_LAYERS = 30  # C00 to C29; those above are tool layers, which are not marked

# A version of the program whose files have this form, the number of the form, and an origin at no far corner.
_ATTRIBUTES = 'AppVersion="1.5.06" FormatVersion="1" MaterialHeight="0" MirrorX="False" MirrorY="False"'
_LONGEST_NAME = 60
_NS = 1e-9
_CLOSED_FROM = 3  # points: there and back again

# The layers in their order, and nothing that turns, merges or reorders the paths of a layer (-1: not at all).
_PREFERENCES = {
    "Optimize_ByLayer": 0,
    "Optimize_ByGroup": -1,
    "Optimize_ByPriority": -1,
    "Optimize_WhichDirection": 0,
    "Optimize_InnerToOuter": 0,
    "Optimize_ByDirection": 0,
    "Optimize_ReduceTravel": 0,
    "Optimize_HideBacklash": 0,
    "Optimize_ReduceDirChanges": 0,
    "Optimize_ChooseCorners": 0,
    "Optimize_AllowReverse": 0,
    "Optimize_RemoveOverlaps": 0,
    "Optimize_OptimalEntryPoint": 0,
}


def write_lbrn2(toolpath: Toolpath, *, title: str, most_pulse_energy_j: float) -> bytes:
    """Each path of the toolpath once, seen along z, in layers that say energy, rate, feed, pulse width and passes.

    Neighbours of one process in a block share a layer, in their order, and the layer's number of passes is the block's
    repeats: so a block of one process keeps its order where the program runs a layer through as often as it has passes.
    In a block of several processes each is a layer, and all passes of one come before those of the next: the runs of
    the block no longer interleave its operations (`import_note` says so). Heights, spot, wavelength and delays have no
    place in the file. Power is a percentage, here of ``most_pulse_energy_j``, and taken as proportional to the energy
    of a pulse; minimum and maximum are equal. Raises ToolpathError with every fault, among them more than
    ``MOST_LAYERS`` layers and energy above the greatest.
    """
    layers = _layers(toolpath)
    faults = _faults(layers, most_pulse_energy_j)
    if faults:
        raise ToolpathError("\n".join(faults))
    notes = quoteattr(_printable(f"{title}\n\n{_note(layers)}"))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<LightBurnProject {_ATTRIBUTES}>",
        "<UIPrefs>",
        *(_value(name, str(value)) for name, value in _PREFERENCES.items()),
        "</UIPrefs>",
    ]
    for index, layer in enumerate(layers):
        lines += _setting(index, layer, most_pulse_energy_j)
    shapes = [shape for index, layer in enumerate(layers) for paths in layer.paths for shape in _shapes(index, paths)]
    return (
        "\n".join([*lines, *shapes, f'<Notes ShowOnLoad="1" Notes={notes}/>', "</LightBurnProject>"]) + "\n"
    ).encode()


def import_note(toolpath: Toolpath) -> str:
    """How to load the file, what to set by hand, what to look out for: plain text for the operator.

    Raises ToolpathError as the writer does for paths, processes and repeats that no file can carry.
    """
    return _note(_layers(toolpath))


def _note(layers: "Sequence[_Layer]") -> str:
    points = np.concatenate([paths.points for layer in layers for paths in layer.paths])
    low, high = millimetres(points.min(axis=0)), millimetres(points.max(axis=0))
    (width, height), (left, bottom) = (high - low)[:2].tolist(), low[:2].tolist()
    settings = "\n".join([_layer_note(index, layer) for index, layer in enumerate(layers)])
    return f"""\
LightBurn: open with File > Open, not Import, which drops the settings of the layers.
Use a device whose origin is the middle of the field: X0 Y0 is the apex of the pin's tip.
Size: the whole drawing must be {width:.3f} mm wide and {height:.3f} mm high, its lower left corner at X {left:.3f} mm,
Y {bottom:.3f} mm, as the toolbar says of what is selected. There is no calibration square in the file.
Mirror: the drawing is the tip seen from in front, so its characters read backwards. If they can be read, the import
has turned them over: do not mark.
Everything in the file is to be marked, as lines. Do not set a layer to Fill.
Order: turn Optimize Cut Path off, or leave its settings as the file has them. Layers run from the top.

Layers, to check and to complete by hand:
{settings}

Power is in percent of the machine's greatest pulse energy as its profile states it, on the assumption that energy
follows power in proportion. Measure it at these settings.
Passes: look in the preview whether a layer is run through as a whole and then again. Where each line is repeated by
itself, set passes to 1 and the global passes of a galvo to the number of passes.
{"".join(_interleaving_notes(layers))}\
Not in the file, to be set by hand: focus (the paths are flat, their heights stand above), spot, wavelength, delays of
laser and mirrors, speed of jumps, sky-writing.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """Neighbouring operations of one process in one block, as a layer of the program.

    low_um, high_um : least and greatest height of its paths.
    """

    name: str
    process: Process
    repeats: int
    block: int
    paths: tuple[NmPolylines, ...]
    low_um: float
    high_um: float


def _layers(toolpath: Toolpath) -> tuple[_Layer, ...]:
    """Layers in the order of their first run. Raises ToolpathError with every fault of paths and processes."""
    heights = toolpath.blocks
    flat = Toolpath(blocks=tuple(_flat(block) for block in heights))
    numbers = [number for number, block in enumerate(flat.blocks) if any(len(o.paths) for o in block.operations)]
    layers = []
    for number, block in zip(numbers, blocks_in_nanometres(flat), strict=True):
        whole = [operation for operation in heights[number].operations if len(operation.paths)]
        pairs = list(zip(whole, block.operations, strict=True))
        for process, members in groupby(pairs, key=lambda pair: pair[0].process):
            run = list(members)
            z_um = np.concatenate([operation.paths.points[:, 2] for operation, _ in run])
            layers.append(
                _Layer(
                    name=_name([operation.name for operation, _ in run]),
                    process=process,
                    repeats=block.repeats,
                    block=number + 1,
                    paths=tuple(paths for _, (_, paths) in run),
                    low_um=float(z_um.min()),
                    high_um=float(z_um.max()),
                )
            )
    return tuple(layers)


def _flat(block: Block) -> Block:
    """The block seen along z; a height that is not finite stays so, for the check that all formats share."""
    return replace(block, operations=tuple(_flat_operation(operation) for operation in block.operations))


def _flat_operation(operation: Operation) -> Operation:
    points = operation.paths.points.copy()
    points[np.isfinite(points[:, 2]), 2] = 0.0
    return replace(operation, paths=Polylines(points=points, starts=operation.paths.starts))


def _name(names: Sequence[str]) -> str:
    joined = _printable(" + ".join(dict.fromkeys(names))).replace("\n", " ")
    return joined if len(joined) <= _LONGEST_NAME else joined[: _LONGEST_NAME - 3] + "..."


def _faults(layers: Sequence[_Layer], most_pulse_energy_j: float) -> list[str]:
    if not 0.0 < most_pulse_energy_j < float("inf"):
        return [f"the machine's greatest pulse energy must be positive, not {most_pulse_energy_j}"]
    faults = []
    if len(layers) > MOST_LAYERS:
        faults.append(
            f"the plan needs {len(layers)} layers, LightBurn has {MOST_LAYERS}: give fewer zones or steps a process of "
            "their own, or write another format"
        )
    for layer in layers:
        if layer.process.pulse_energy_j > most_pulse_energy_j:
            faults.append(
                f"{layer.name}: a pulse energy of {layer.process.pulse_energy_j * 1e6:g} uJ is above the machine's "
                f"greatest, {most_pulse_energy_j * 1e6:g} uJ"
            )
        width_s = layer.process.pulse_width_s
        if width_s is not None and not 0.0 < width_s < float("inf"):
            faults.append(f"{layer.name}: the pulse width must be positive, not {width_s}")
    return faults


def _figures(process: Process, most_pulse_energy_j: float) -> dict[str, str]:
    """The process as the layer's elements have it: %, mm/s, Hz, and ns where the process says a pulse width."""
    percent = _decimal(process.pulse_energy_j / most_pulse_energy_j * 100.0)
    figures = {
        "minPower": percent,
        "maxPower": percent,
        "speed": _decimal(process.feed_um_s / 1e3),
        "frequency": _decimal(process.repetition_rate_hz),
    }
    if process.pulse_width_s is not None:
        figures["QPulseWidth"] = _decimal(process.pulse_width_s / _NS)
    return figures


def _decimal(value: float) -> str:
    """Twelve digits, however small the figure, without an exponent: 300 fs are 0.0003 ns."""
    return f"{Decimal(f'{value:.12g}'):f}"


def _setting(index: int, layer: _Layer, most_pulse_energy_j: float) -> Iterator[str]:
    """The layer's settings; priority is its place in the order, since the least comes first."""
    figures = {
        "index": str(index),
        "name": layer.name or f"C{index:02d}",
        **_figures(layer.process, most_pulse_energy_j),
        "overrideFrequency": "1",
        "numPasses": str(layer.repeats),
        "priority": str(index),
        "doOutput": "1",
    }
    yield '<CutSetting type="Cut">'
    yield from (_value(name, value) for name, value in figures.items())
    yield "</CutSetting>"


def _value(name: str, value: str) -> str:
    return f"<{name} Value={quoteattr(value)}/>"


def _shapes(index: int, paths: NmPolylines) -> Iterator[str]:
    """A shape for each path; one that ends where it began is closed by its last piece."""
    xy_nm: IntArray = paths.points[:, :2]
    first, last = paths.starts[:-1], paths.starts[1:] - 1
    count = last - first + 1
    closed = np.all(xy_nm[first] == xy_nm[last], axis=1) & (count >= _CLOSED_FROM)
    vertices = _vertices(xy_nm)
    head = f'<Shape Type="Path" CutIndex="{index}"><XForm>1 0 0 1 0 0</XForm><VertList>'
    pieces: dict[tuple[int, bool], str] = {}
    for start, size, is_closed in zip(first.tolist(), count.tolist(), closed.tolist(), strict=True):
        own = size - 1 if is_closed else size
        if (own, is_closed) not in pieces:
            pieces[own, is_closed] = _pieces(own, is_closed=is_closed)
        text = "".join(vertices[start : start + own])
        yield f"{head}{text}</VertList><PrimList>{pieces[own, is_closed]}</PrimList></Shape>"


def _vertices(xy_nm: IntArray) -> list[str]:
    """Each point as a vertex without handles, formatted in one go."""
    template = "\n".join(["V%.6f %.6fc0x1c1x1"] * len(xy_nm))
    return (template % tuple(millimetres(xy_nm).ravel().tolist())).split("\n")


def _pieces(count: int, *, is_closed: bool) -> str:
    """Straight pieces from each of so many vertices to the next, and back to the first where the path is closed."""
    text = "".join([f"L{place} {place + 1}" for place in range(count - 1)])
    return f"{text}L{count - 1} 0" if is_closed else text


def _printable(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return "".join(character for character in text if character.isprintable() or character in " \n")


def _layer_note(index: int, layer: _Layer) -> str:
    """What the file says of the layer, and what it does not."""
    process, delays = layer.process, layer.process.delays
    speed = f"{process.feed_um_s / 1e3:g} mm/s, {process.repetition_rate_hz / 1e3:g} kHz"
    lines = [
        f"C{index:02d} {layer.name}: passes {layer.repeats}, {speed}, {process.pulse_energy_j * 1e6:g} uJ a pulse",
        f"    heights {layer.low_um:.1f} um to {layer.high_um:.1f} um from the apex",
    ]
    if process.pulse_width_s is not None:
        hint = "; below 1 ns, which the dialog may round: set it at the laser" if process.pulse_width_s < _NS else ""
        lines.append(f"    pulses of {process.pulse_width_s / _NS:g} ns{hint}")
    if process.spot_radius_um is not None:
        lines.append(f"    spot radius {process.spot_radius_um:g} um")
    if process.wavelength_um is not None:
        lines.append(f"    wavelength {process.wavelength_um:g} um")
    if delays is not None:
        lines.append(
            f"    delays in us: laser on {delays.laser_on_s * 1e6:g}, laser off {delays.laser_off_s * 1e6:g}, "
            f"jump {delays.jump_s * 1e6:g}, mark {delays.mark_s * 1e6:g}, polygon {delays.polygon_s * 1e6:g}; "
            f"jumps at {delays.jump_um_s / 1e3:g} mm/s; sky-writing mode {delays.sky_writing}"
        )
    return "\n".join(lines)


def _interleaving_notes(layers: Sequence[_Layer]) -> Iterator[str]:
    """What the file does to the order of each block whose runs alternate between layers."""
    numbered = [(index, layer) for index, layer in enumerate(layers) if layer.repeats > 1]
    for _, group in groupby(numbered, key=lambda pair: pair[1].block):
        members = list(group)
        if len(members) > 1:
            names = ", ".join(f"C{index:02d}" for index, _ in members)
            yield (
                f"Not as planned: {names} were to be run in turn, {members[0][1].repeats} times over.\n"
                "The file runs all passes of one before those of the next: the same energy on each line, in another "
                "order.\n"
            )
