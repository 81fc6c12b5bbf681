"""A coupon to calibrate a laser on: a matrix of craters and a few cleared squares, as a toolpath on a flat.

Columns of craters rise in pulse energy, rows in the number of pulses. No controller is asked to fire N pulses: the beam
is let through along a path so short that it is a point. A stage runs it once, at a feed that takes N pulse periods; a
scanner, whose cards know a least speed, runs it N times at a feed that takes one. A path needs to be a few steps of the
machine long to be moved at all, and must be a small part of the spot not to draw the crater out: a fiftieth of the
spot's radius, or two steps where that is more. The rate is low, so that a gate some microseconds late neither loses nor
adds a pulse and no heat builds up.

Energies are laid about the threshold that is believed in beforehand; every one of these choices is a prior.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.laser.ablation import incubated_threshold_j_cm2, peak_fluence_j_cm2
from toolpaths.laser.recipe import Ablation
from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath

FloatArray = NDArray[np.float64]

PULSES = (1, 2, 5, 10, 50, 100, 500)
ENERGIES = 12
LEAST_ENERGY, MOST_ENERGY = 0.4, 10.0
"""Of the energy at which one pulse is believed to remove anything. Below, no crater even after 500 pulses; above, steel
leaves the law of one penetration (P. Mannion et al., Appl. Surf. Sci. 233 (2004) 275, find a second regime)."""
PASSES = (5, 10, 20, 40)
RATE_HZ = 1000.0
MOST_PATH_TO_SPOT = 0.05
"""A path longer than this part of the spot's radius draws a crater out visibly: by more than a thousandth."""

MOST_STRAY_PULSES = 0.1
"""A gate may be as uncertain as this part of a pulse: then one crater in ten of a single pulse has none, or two."""

_PATH_TO_SPOT = 0.02
_LEAST_STEPS = 2
# Parts of its field a second, the least speed that a scanner's card takes: 1.6 steps of 2^20 a millisecond (manual of
# SCANLAB's RTC 5, set_mark_speed; with the RTC 4's 16 bits 0.1, the same).
_LEAST_FIELDS_S = 1600 / 2**20
# Room from middle to middle, in diameters of the widest crater expected: the spot may be twice what is believed.
_ROOM = 3.0
# Squares: pulses and lines apart as shares of the spot's radius, and lines to a side.
_PITCH_TO_SPOT, _HATCH_TO_SPOT, _LINES = 1 / 6, 2 / 3, 25
# The most efficient fluence is e^2 thresholds; half of it tells whether the depth follows the same law.
_SQUARE_SHARES = (1.0, 0.5)
_MARK_REPEATS = 20
_MARK = "MARK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One place of the coupon: a crater of ``pulses`` on one spot, or a square of ``side_um`` cleared ``passes`` times.

    ``x_um``, ``y_um`` is its middle. A crater has no passes, pitch, hatch and side, a square no pulses. ``path_um`` is
    how far the beam moves while a crater is made.
    """

    name: str
    x_um: float
    y_um: float
    pulse_energy_j: float
    pulses: int | None = None
    path_um: float | None = None
    passes: int | None = None
    pitch_um: float | None = None
    hatch_um: float | None = None
    side_um: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """Every cell, the paths that make them, and the two strokes of the corner mark: (2, 2, 2) float, um."""

    rate_hz: float
    crater_pitch_um: float
    widest_um: float
    cells: tuple[Cell, ...]
    mark_um: FloatArray
    toolpath: Toolpath

    @property
    def lit_s(self) -> float:
        """How long the beam is let through in all."""
        return sum(
            repeats * float(np.sum(np.linalg.norm(np.subtract(*operation.paths.segments()), axis=1)))
            / operation.process.feed_um_s
            for repeats, operation in self.toolpath.operations()
        )  # fmt: skip


def coupon_for(*, spot_radius_um: float, ablation: Ablation, machine: Machine, rate_hz: float = RATE_HZ) -> Coupon:
    """The coupon for a laser of about this spot and a material of about these figures, on this machine.

    Raises ToolpathError with every fault where the machine cannot make it.
    """
    if not 0 < rate_hz < math.inf:
        raise ToolpathError(f"rate: {rate_hz:g} Hz must be positive")
    energies_j = _energies_j(spot_radius_um, ablation)
    widest_um = _widest_um(spot_radius_um, ablation)
    pitch_um = 10.0 * math.ceil(_ROOM * widest_um / 10.0)
    path_um = _path_um(spot_radius_um, machine, rate_hz=rate_hz)
    cells = _placed(
        _craters(energies_j, path_um, pitch_um=pitch_um)
        + _squares(spot_radius_um, ablation, pitch_um=pitch_um, below_um=-len(PULSES) * pitch_um)
    )
    mark_um = _mark_um(cells, pitch_um)
    coupon = Coupon(
        rate_hz=rate_hz,
        crater_pitch_um=pitch_um,
        widest_um=widest_um,
        cells=cells,
        mark_um=mark_um,
        toolpath=_toolpath(
            cells, mark_um, rate_hz=rate_hz, energy_j=energies_j[-1], spot_um=spot_radius_um, scans=machine.is_galvo
        ),
    )
    _check(coupon, machine, spot_radius_um)
    return coupon


def _threshold_j(spot_um: float, ablation: Ablation, pulses: float) -> float:
    """Pulse energy at the threshold: E = Fth(N) pi w0^2 / 2."""
    return incubated_threshold_j_cm2(ablation, pulses) / float(peak_fluence_j_cm2(1.0, spot_um))


def _energies_j(spot_um: float, ablation: Ablation) -> list[float]:
    """Rising in equal ratios, three digits each, so that form and machine file say the same."""
    single_j = _threshold_j(spot_um, ablation, 1)
    series: list[float] = np.geomspace(LEAST_ENERGY * single_j, MOST_ENERGY * single_j, ENERGIES).tolist()
    return [_rounded(value) for value in series]


def _rounded(value_j: float) -> float:
    """Three digits."""
    return float(f"{value_j:.3g}")


def _widest_um(spot_um: float, ablation: Ablation) -> float:
    """Diameter of the crater of the most pulses of the highest energy."""
    log = math.log(MOST_ENERGY) + (1 - ablation.incubation) * math.log(PULSES[-1])
    return spot_um * math.sqrt(2 * log)


def _path_um(spot_um: float, machine: Machine, *, rate_hz: float) -> float:
    """Whole nanometres, so that a file holds it exactly; of a scanner as near to whole steps as that lets it be."""
    wanted_um = max(_PATH_TO_SPOT * spot_um, _LEAST_STEPS * machine.step_um)
    if not machine.is_galvo:
        return math.ceil(1000 * wanted_um - 1e-6) / 1000
    # Run in one period, and not more slowly than the card takes.
    wanted_um = max(wanted_um, _LEAST_FIELDS_S * machine.scanner.field_um / rate_hz)
    return _whole_nm(math.ceil(wanted_um / machine.step_um - 1e-6) * machine.step_um)


def _craters(energies_j: list[float], path_um: float, *, pitch_um: float) -> list[Cell]:
    return [
        Cell(
            name=f"{chr(ord('A') + row)}{column + 1}",
            x_um=column * pitch_um,
            y_um=-row * pitch_um,
            pulse_energy_j=energy_j,
            pulses=pulses,
            path_um=path_um,
        )
        for row, pulses in enumerate(PULSES)
        for column, energy_j in enumerate(energies_j)
    ]


def _squares(spot_um: float, ablation: Ablation, *, pitch_um: float, below_um: float) -> list[Cell]:
    """A row for each energy, a column for each number of passes, below the craters."""
    along_um = _whole_nm(_PITCH_TO_SPOT * spot_um)
    hatch_um = _whole_nm(_HATCH_TO_SPOT * spot_um)
    side_um = (_LINES - 1) * hatch_um
    overlapping = (2 * spot_um) ** 2 / (along_um * hatch_um)
    best_j = math.e**2 * _threshold_j(spot_um, ablation, overlapping)
    apart_um = side_um + pitch_um
    return [
        Cell(
            name=f"Q{row * len(PASSES) + column + 1}",
            x_um=column * apart_um + side_um / 2,
            y_um=below_um - row * apart_um - side_um / 2,
            pulse_energy_j=_rounded(best_j * share),
            passes=passes,
            pitch_um=along_um,
            hatch_um=hatch_um,
            side_um=side_um,
        )
        for row, share in enumerate(_SQUARE_SHARES)
        for column, passes in enumerate(PASSES)
    ]


def _whole_nm(value_um: float) -> float:
    return round(value_um, 3)


def _placed(cells: list[Cell]) -> tuple[Cell, ...]:
    """The cells moved so that the coupon's middle is the origin."""
    half_um = np.array([(cell.side_um or 0.0) / 2 for cell in cells])
    x_um, y_um = np.array([cell.x_um for cell in cells]), np.array([cell.y_um for cell in cells])
    middle_x_um = _whole_nm(float((x_um - half_um).min() + (x_um + half_um).max()) / 2)
    middle_y_um = _whole_nm(float((y_um - half_um).min() + (y_um + half_um).max()) / 2)
    return tuple(
        replace(cell, x_um=_whole_nm(cell.x_um - middle_x_um), y_um=_whole_nm(cell.y_um - middle_y_um))
        for cell in cells
    )


def _mark_um(cells: tuple[Cell, ...], pitch_um: float) -> FloatArray:
    """An L off the lower left corner, by which the coupon is turned right way up under a microscope."""
    left_um = min(cell.x_um - (cell.side_um or 0.0) / 2 for cell in cells) - pitch_um
    low_um = min(cell.y_um - (cell.side_um or 0.0) / 2 for cell in cells) - pitch_um
    arm_um = 2 * pitch_um
    return np.array(
        [[(left_um, low_um), (left_um, low_um + 2 * arm_um)], [(left_um, low_um), (left_um + arm_um, low_um)]]
    )


def _toolpath(
    cells: tuple[Cell, ...], mark_um: FloatArray, *, rate_hz: float, energy_j: float, spot_um: float, scans: bool
) -> Toolpath:
    """The mark first, then craters row by row, then squares."""
    mark = Process(
        pulse_energy_j=energy_j, repetition_rate_hz=rate_hz, feed_um_s=rate_hz * _whole_nm(_PITCH_TO_SPOT * spot_um)
    )
    craters = [(cell.pulses, cell) for cell in cells if cell.pulses is not None]
    blocks = [Block(repeats=_MARK_REPEATS, operations=(Operation(name=_MARK, process=mark, paths=_lines(mark_um)),))]
    if scans:
        blocks += [Block(repeats=pulses, operations=(_crater(cell, rate_hz, pulses=1),)) for pulses, cell in craters]
    else:
        once = tuple(_crater(cell, rate_hz, pulses=pulses) for pulses, cell in craters)
        blocks += [Block(repeats=1, operations=once)]
    blocks += [
        Block(repeats=cell.passes, operations=(_square(cell, rate_hz),)) for cell in cells if cell.passes is not None
    ]
    return Toolpath(blocks=tuple(blocks))


def _lines(ends_um: FloatArray) -> Polylines:
    """(k, 2, 2) ends in the plane to k lines at z = 0."""
    points = np.zeros((2 * len(ends_um), 3))
    points[:, :2] = ends_um.reshape(-1, 2)
    return Polylines(points=points, starts=np.arange(0, len(points) + 1, 2))


def _crater(cell: Cell, rate_hz: float, *, pulses: int) -> Operation:
    """A run of so many pulses over a crater's place."""
    path_um = cell.path_um or 0.0
    # The path begins on a whole nanometre and is a whole number of them long: a file keeps its length.
    begin_um = _whole_nm(cell.x_um - path_um / 2)
    ends_um = np.array([[(begin_um, cell.y_um), (begin_um + path_um, cell.y_um)]])
    process = Process(
        pulse_energy_j=cell.pulse_energy_j, repetition_rate_hz=rate_hz, feed_um_s=path_um * rate_hz / pulses
    )
    return Operation(name=cell.name, process=process, paths=_lines(ends_um))


def _square(cell: Cell, rate_hz: float) -> Operation:
    """Lines to and fro: on a stage the way back would otherwise take as long."""
    half_um, pitch_um = (cell.side_um or 0.0) / 2, cell.pitch_um or 0.0
    y_um = cell.y_um - half_um + (cell.hatch_um or 0.0) * np.arange(_LINES)
    toward = np.where(np.arange(_LINES) % 2 == 0, 1.0, -1.0)
    x_um = cell.x_um + half_um * toward[:, np.newaxis] * np.array([-1.0, 1.0])
    ends_um = np.stack([x_um, np.repeat(y_um[:, np.newaxis], 2, axis=1)], axis=2)
    process = Process(pulse_energy_j=cell.pulse_energy_j, repetition_rate_hz=rate_hz, feed_um_s=pitch_um * rate_hz)
    return Operation(name=cell.name, process=process, paths=_lines(ends_um))


def _check(coupon: Coupon, machine: Machine, spot_um: float) -> None:
    """Raise ToolpathError with everything that the machine cannot do."""
    faults = []
    faults += _drawn_out(coupon, machine, spot_um)
    energy_j = max(cell.pulse_energy_j for cell in coupon.cells)
    if energy_j > machine.max_pulse_energy_j:
        faults.append(
            f"the coupon goes to {energy_j * 1e6:g} uJ, machine {machine.name!r} only to "
            f"{machine.max_pulse_energy_j * 1e6:g} uJ"
        )
    feed_um_s = max(operation.process.feed_um_s for _, operation in coupon.toolpath.operations())
    if feed_um_s > machine.max_feed_um_s:
        faults.append(
            f"squares at {coupon.rate_hz:g} Hz need {feed_um_s:g} um/s, machine {machine.name!r} goes up to "
            f"{machine.max_feed_um_s:g}; lower the rate"
        )
    faults += _gate_faults(coupon, machine)
    low, high = (np.array(corner) for corner in machine.envelope_um())
    points = np.vstack([operation.paths.points for _, operation in coupon.toolpath.operations()])
    if np.any(points < low) or np.any(points > high):
        size = np.ptp(points, axis=0)
        faults.append(f"the coupon is {size[0]:.0f} x {size[1]:.0f} um, more than the envelope of {machine.name!r}")
    if faults:
        raise ToolpathError("\n".join(faults))


def _drawn_out(coupon: Coupon, machine: Machine, spot_um: float) -> list[str]:
    """Whether craters are drawn out by the machine's steps, or by a scanner's least speed."""
    path_um = max(cell.path_um or 0.0 for cell in coupon.cells)
    if path_um <= MOST_PATH_TO_SPOT * spot_um:
        return []
    told = f"would draw craters of a spot of {spot_um:g} um out by more than {MOST_PATH_TO_SPOT:.0%} of it"
    if _LEAST_STEPS * machine.step_um > MOST_PATH_TO_SPOT * spot_um:
        return [f"machine {machine.name!r} moves in steps of {machine.step_um:g} um: a path of {_LEAST_STEPS} {told}"]
    least_um_s = _LEAST_FIELDS_S * machine.scanner.field_um
    longest_um = math.floor(MOST_PATH_TO_SPOT * spot_um / machine.step_um) * machine.step_um
    enough_hz = math.ceil(least_um_s / longest_um / 10) * 10
    slowest = f"machine {machine.name!r} runs at {least_um_s:.0f} um/s or faster"
    return [f"{slowest}: in a pulse's period that {told}; raise the rate to {enough_hz:g} Hz or more"]


def _gate_faults(coupon: Coupon, machine: Machine) -> list[str]:
    """Whether a crater gets its pulses: the gate's jitter and the time to come up to speed against a pulse's period."""
    if machine.is_galvo:
        return []
    stage = machine.stage
    fastest_um_s = max(
        (cell.path_um or 0.0) * coupon.rate_hz / cell.pulses for cell in coupon.cells if cell.pulses is not None
    )
    stray = coupon.rate_hz * (stage.gate_jitter_s + fastest_um_s / stage.acceleration_um_s2)
    if stray <= MOST_STRAY_PULSES:
        return []
    told = f"the gate of machine {machine.name!r} is uncertain by {stray:.2g} pulses at {coupon.rate_hz:g} Hz"
    return [f"{told}; {MOST_STRAY_PULSES:g} is the limit: lower the rate"]
