"""The surface as a toolpath would really cut it, from fluence and threshold alone.

Nothing here knows what was meant: not the planner's kerf, not the land, not the relief. The pulses of every lit
segment are spread over a grid, sorted by the crater they make there; each sort is convolved with its crater.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.laser.ablation import crater_depth_um, crater_radius_um, crater_volume_um3, log_fluence, spot_radius_um
from toolpaths.laser.recipe import Beam
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.surface import HeightMap, Surface, centred_grid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_Run = tuple[int, Operation]

MOST_SAMPLES = 40_000_000
# Each height of the focus costs the transforms of a whole grid; a floor is followed down in steps of micrometres.
MOST_STAGES = 200
# Craters are interpolated between these steps of ln(F0 / Fth): a volume is right to (step / 2)^2 / ln^2, 0.1 %.
_LOG_FLUENCE_STEP = 0.125
# Spots are sorted into steps of this ratio; half a step moves a crater's rim by 0.09 um, its volume not at all.
_SPOT_RATIO = 1.03
# Heights of the focus that differ by less than this are one: it changes no spot by a thousandth.
_FOCUS_UM = 0.5
# Samples at once: so few that what is worked out of them stays in a processor's cache.
_CHUNK = 50_000
# Numbers that fit into 16 bits are put in order much faster.
_FEW_SORTS = 2**16
_SUBSAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """Lit segments within the grid, in pieces no longer than a pixel: ``count`` pieces of ``pulses`` pulses each."""

    process: Process
    beam: Beam
    begin_um: FloatArray
    end_um: FloatArray
    count: IntArray
    pulses: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """The square grid of a height map with a margin for craters that reach into it, ``size`` samples a side."""

    size: int
    pixel_um: float

    @property
    def half_width_um(self) -> float:
        return self.pixel_um * (self.size - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deposit:
    """Pulses of one beam a pixel, sorted: key (step of spot, step of log fluence), value (size * size,) float."""

    grid: _Grid
    beam: Beam
    sorts: dict[tuple[int, int], FloatArray]

    def add(self, key: tuple[int, int], pixels: IntArray, pulses: FloatArray) -> None:
        if key not in self.sorts:
            self.sorts[key] = np.zeros(self.grid.size**2)
        np.add.at(self.sorts[key], pixels, pulses)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Floor:
    """How deep the blocks before have cut: depth_um (size, size)."""

    grid: _Grid
    depth_um: FloatArray

    def at(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """At the nearest pixel; 0 where a place is no number."""
        last = self.grid.size - 1
        column, row = (
            np.clip(np.nan_to_num(np.rint(value / self.grid.pixel_um + last / 2)), 0, last).astype(np.int64)
            for value in (x_um, y_um)
        )
        found: FloatArray = self.depth_um[row, column]
        return found


def cut(
    toolpath: Toolpath,
    *,
    surface: Surface,
    beam_for: Callable[[Process], Beam],
    half_width_um: float,
    pixel_um: float = 1.5,
) -> HeightMap:
    """Cut a tip: the height map, in the pin frame, of what a toolpath leaves of a surface; NaN outside its boundary.

    The model is that of ``toolpaths.laser.ablation``: every pulse lowers the surface, along the axis, by the depth of
    its crater. Its fluence is that of the spot at the path's height over the uncut surface, times the cosine of the
    slope. Pulses follow each other at equal distances along the path in space. How many overlap a point, and so the
    threshold, follows from each operation's process and from the ``line_spacing_um`` of the beam that ``beam_for``
    gives for it, which is the hatch pitch of its step: the one thing taken from the recipe's laying of paths.
    Pulses outside the tip's boundary are left out.

    Blocks whose focus lies elsewhere than that of the blocks before them, as far as the floor would notice, follow
    it down: their height is counted from the floor that the blocks before have left.

    Depths are averages over a pixel; volume and second moment of a crater are exact, so that walls are not widened.
    Raises ToolpathError for a process or a path that is not finite, and for work above ``MOST_SAMPLES`` samples.
    """
    _check_sizes(half_width_um, pixel_um)
    for _, operation in toolpath.operations():
        _check_operation(operation)
    axis_um = centred_grid(half_width_um=half_width_um, pixel_um=pixel_um)
    margin = _margin(toolpath, beam_for=beam_for, pixel_um=pixel_um)
    grid = _Grid(size=axis_um.size + 2 * margin, pixel_um=pixel_um)
    stages = [
        [_lines(operation, beam_for(operation.process), repeats=repeats, grid=grid) for repeats, operation in stage]
        for stage in _stages(toolpath, surface)
    ]
    samples = sum(int(part.count.sum()) for lines in stages for part in lines)
    if samples > MOST_SAMPLES:
        raise ToolpathError(
            f"removal: {samples} samples of the paths, more than {MOST_SAMPLES}; use pixels wider than {pixel_um:g} um"
        )
    depth_um = np.zeros((grid.size, grid.size))
    for lines in stages:
        depth_um = depth_um + _taken_um(lines, surface=surface, floor=_Floor(grid=grid, depth_um=depth_um))
    depth_um = depth_um[margin : margin + axis_um.size, margin : margin + axis_um.size]
    x_um, y_um = np.meshgrid(axis_um, axis_um)
    return HeightMap(
        z_um=surface.height_um(x_um, y_um) - depth_um,
        pixel_um=pixel_um,
        x0_um=float(axis_um[0]),
        y0_um=float(axis_um[0]),
        frame="pin",
        provenance=(f"cut by logarithmic ablation, pixels of {pixel_um:g} um",),
    )


def _stages(toolpath: Toolpath, surface: Surface) -> list[list[_Run]]:
    """Operations with their repeats in order, those after one another in one list whose focus is at one height.

    Heights are over the uncut surface. A block that is repeated has one, the median of its points; paths that are run
    once are told apart one by one, since a file need not say where a block ended. Raises ToolpathError for more than
    ``MOST_STAGES``.
    """
    stages: list[list[_Run]] = []
    height_um = np.nan
    for run, over_um in chain.from_iterable(_runs(block, surface) for block in toolpath.blocks):
        if not stages or abs(over_um - height_um) > _FOCUS_UM:
            stages.append([])
            height_um = over_um
        # Paths beyond the boundary have no height, cut nothing, and stay with those before them.
        height_um = over_um if np.isnan(height_um) else height_um
        stages[-1].extend(run)
        if len(stages) > MOST_STAGES:
            raise ToolpathError(
                f"removal: the focus changes its height over the tip more than {MOST_STAGES} times; run all paths of "
                "one height after one another"
            )
    return stages


def _runs(block: Block, surface: Surface) -> Iterator[tuple[list[_Run], float]]:
    """Parts of a block with one height of the focus each, and that height."""
    if block.repeats > 1:
        points = np.concatenate([operation.paths.points for operation in block.operations] or [np.empty((0, 3))])
        yield [(block.repeats, operation) for operation in block.operations], _height_um(points, surface)
        return
    for operation in block.operations:
        paths = operation.paths
        if not len(paths):
            continue
        mean_um = _mean_heights_um(paths, surface)
        ends = np.append(np.flatnonzero(np.abs(np.diff(mean_um)) > _FOCUS_UM) + 1, len(paths))
        begin = 0
        for end in ends.tolist():
            starts = paths.starts[begin : end + 1]
            part = Polylines(points=paths.points[starts[0] : starts[-1]], starts=starts - starts[0])
            yield [(1, replace(operation, paths=part))], float(mean_um[begin])
            begin = end


def _mean_heights_um(paths: Polylines, surface: Surface) -> FloatArray:
    """Of every path over the uncut surface, that of the path before where it has none; NaN where there is none."""
    over_um = paths.points[:, 2] - surface.height_um(paths.points[:, 0], paths.points[:, 1])
    known = np.add.reduceat(np.isfinite(over_um).astype(np.float64), paths.starts[:-1])
    mean_um = np.add.reduceat(np.nan_to_num(over_um, nan=0.0), paths.starts[:-1]) / np.maximum(known, 1)
    last = np.maximum.accumulate(np.where(known > 0, np.arange(known.size), -1))
    filled: FloatArray = np.where(last >= 0, mean_um[last], np.nan)
    return filled


def _height_um(points: FloatArray, surface: Surface) -> float:
    over_um = points[:, 2] - surface.height_um(points[:, 0], points[:, 1])
    over_um = over_um[np.isfinite(over_um)]
    return float(np.median(over_um)) if over_um.size else np.nan


def _taken_um(lines: list[_Lines], *, surface: Surface, floor: _Floor) -> FloatArray:
    """What lit segments take off a floor, (size, size), um."""
    beams = list(dict.fromkeys(part.beam for part in lines))
    deposits = []
    for beam in beams:
        deposit = _Deposit(grid=floor.grid, beam=beam, sorts={})
        own = [part for part in lines if part.beam == beam]
        for samples in chain.from_iterable(_pulses(part, surface=surface, floor=floor) for part in own):
            _deposit(samples, deposit)
        deposits.append(deposit)
    return _depth_um(deposits, floor.grid)


def _check_sizes(half_width_um: float, pixel_um: float) -> None:
    if not (np.isfinite(half_width_um) and half_width_um > 0 and np.isfinite(pixel_um) and pixel_um > 0):
        raise ToolpathError(f"removal: half width {half_width_um!r} and pixel {pixel_um!r} um must be above 0")
    if half_width_um / pixel_um > MOST_SAMPLES**0.5 / 2:
        raise ToolpathError(
            f"removal: {half_width_um:g} um in pixels of {pixel_um:g} um is more than {MOST_SAMPLES} pixels; "
            "use wider pixels"
        )


def _check_operation(operation: Operation) -> None:
    process = operation.process
    numbers = (process.pulse_energy_j, process.repetition_rate_hz, process.feed_um_s)
    if not (np.all(np.isfinite(numbers)) and min(numbers) > 0):
        raise ToolpathError(f"removal: {operation.name}: energy, rate and feed {numbers} must all be above 0")
    if not np.all(np.isfinite(operation.paths.points)):
        raise ToolpathError(f"removal: {operation.name}: a path has a coordinate that is no number")


def _margin(toolpath: Toolpath, *, beam_for: Callable[[Process], Beam], pixel_um: float) -> int:
    """Pixels from its middle to the end of the widest crater that any operation can make, in or out of focus.

    A crater's radius squared is w^2 (L - ln(w^2 / w0^2)) / 2 with L the log fluence in focus: at most
    w0^2 exp(L - 1) / 2, out of focus, and w0^2 L / 2, in focus, where L is below 1.
    """
    reach_um = 0.0
    for _, operation in toolpath.operations():
        beam = beam_for(operation.process)
        level = float(log_fluence(operation.process, beam))
        widest = max(level, 0) if level < 1 else np.exp(level - 1)
        reach_um = max(reach_um, float(beam.spot_radius_um * widest**0.5 / 2**0.5))
    return int(np.ceil(reach_um / pixel_um)) + 2


def _lines(operation: Operation, beam: Beam, *, repeats: int, grid: _Grid) -> _Lines:
    """The part of an operation's paths over the grid, and how finely it is sampled."""
    process = operation.process
    begin_um, end_um = _clipped(*operation.paths.segments(), half_width_um=grid.half_width_um)
    length_um = np.linalg.norm(end_um - begin_um, axis=1)
    count = np.maximum(1, np.ceil(length_um / grid.pixel_um)).astype(np.int64)
    pulses = repeats * length_um * process.repetition_rate_hz / process.feed_um_s
    return _Lines(process=process, beam=beam, begin_um=begin_um, end_um=end_um, count=count, pulses=pulses / count)


def _clipped(begin_um: FloatArray, end_um: FloatArray, *, half_width_um: float) -> tuple[FloatArray, FloatArray]:
    """Segments, (n, 3), cut to the square about the axis; those outside it left out (Liang and Barsky 1984)."""
    start, step = begin_um[:, :2], (end_um - begin_um)[:, :2]
    level = step == 0
    divisor = np.where(level, 1.0, step)
    one, other = (-half_width_um - start) / divisor, (half_width_um - start) / divisor
    outside = np.where(np.abs(start) <= half_width_um, -np.inf, np.inf)
    enters = np.where(level, outside, np.minimum(one, other)).max(axis=1, initial=0)
    leaves = np.where(level, np.inf, np.maximum(one, other)).min(axis=1, initial=1)
    kept = enters < leaves
    begin, along = begin_um[kept], (end_um - begin_um)[kept]
    return begin + enters[kept, None] * along, begin + leaves[kept, None] * along


def _samples(lines: _Lines) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Points, (3, n), in the middle of every piece and their pulses (n,), a chunk at a time."""
    total = np.cumsum(lines.count)
    cuts = np.flatnonzero(np.diff(total // _CHUNK)) + 1
    for segments in np.split(np.arange(lines.count.size), cuts):
        count = lines.count[segments]
        along_um = (lines.end_um[segments] - lines.begin_um[segments]) / count[:, None]
        place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - 0.5, count)
        x_y_z = [
            np.repeat(lines.begin_um[segments, axis], count) + place * np.repeat(along_um[:, axis], count)
            for axis in range(3)
        ]
        yield np.stack(x_y_z), np.repeat(lines.pulses[segments], count)


def _pulses(lines: _Lines, *, surface: Surface, floor: _Floor) -> Iterator[FloatArray]:
    """Samples that cut: rows x, y (um), pulses, ln(F0 / Fth) and spot over w0, (5, n), a chunk at a time."""
    beam = lines.beam
    for points_um, pulses in _samples(lines):
        x_um, y_um, z_um = points_um
        defocus_um = z_um - surface.height_um(x_um, y_um) + floor.at(x_um, y_um)
        cosine = surface.normal_cosine(x_um, y_um)
        level = log_fluence(lines.process, beam, cosine=cosine, defocus_um=defocus_um)
        growth = spot_radius_um(beam, defocus_um) / beam.spot_radius_um
        # Never true of the NaN outside the boundary.
        cuts = level > 0
        yield np.stack([row[cuts] for row in (x_um, y_um, pulses, level, growth)])


def _deposit(samples: FloatArray, deposit: _Deposit) -> None:
    """Spread pulses over the pixels, sorted by the crater they make."""
    if not samples.size:
        return
    x_um, y_um, pulses, fluence, growth = samples
    level = fluence / _LOG_FLUENCE_STEP
    lower = np.floor(level).astype(np.int64)
    widths = np.rint(np.log(growth) / np.log(_SPOT_RATIO)).astype(np.int64)
    # Craters of a sort share one radius; their volume is kept, and goes with the square of the spot.
    weights = pulses * (growth / _SPOT_RATIO**widths) ** 2
    narrowest, steps = int(widths.min()), int(lower.max()) + 1
    sort = (widths - narrowest) * steps + lower
    order = np.argsort(sort.astype(np.uint16) if sort.max() < _FEW_SORTS else sort, kind="stable")
    sort = sort[order]
    pixels, shares = _bilinear(x_um[order], y_um[order], deposit.grid)
    shares *= weights[order, None]
    upper = shares * (level - lower)[order, None]
    shares -= upper
    begins = np.flatnonzero(np.diff(sort, prepend=-1))
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), sort.size], strict=True):
        width, step = divmod(int(sort[begin]), steps)
        own = pixels[begin:end].ravel()
        deposit.add((narrowest + width, step), own, shares[begin:end].ravel())
        deposit.add((narrowest + width, step + 1), own, upper[begin:end].ravel())


def _bilinear(x_um: FloatArray, y_um: FloatArray, grid: _Grid) -> tuple[IntArray, FloatArray]:
    """The four pixels about each point, (n, 4), and the shares that fall to them, (n, 4)."""
    column, row = (value / grid.pixel_um + (grid.size - 1) / 2 for value in (x_um, y_um))
    left, low = (np.clip(np.floor(value), 0, grid.size - 2) for value in (column, row))
    right_part, upper_part = column - left, row - low
    shares = np.stack(
        [
            (1 - upper_part) * (1 - right_part),
            (1 - upper_part) * right_part,
            upper_part * (1 - right_part),
            upper_part * right_part,
        ],
        axis=1,
    )
    corner = (low * grid.size + left).astype(np.int64)
    return corner[:, None] + np.array([0, 1, grid.size, grid.size + 1]), shares


def _depth_um(deposits: list[_Deposit], grid: _Grid) -> FloatArray:
    """Depth a pixel, (size, size), um: every sort of pulses convolved with its crater."""
    from scipy import fft

    size = grid.size
    padded = int(fft.next_fast_len(size, real=True))  # what comes round the edge ends in the margin
    spectrum = np.zeros((padded, padded // 2 + 1), dtype=np.complex64)
    pulses = np.zeros((padded, padded), dtype=np.float32)
    for deposit in deposits:
        for key in sorted(key for key in deposit.sorts if key[1] > 0):
            pulses[:size, :size] = deposit.sorts[key].reshape(size, size)
            crater = _crater(key, beam=deposit.beam, pixel_um=grid.pixel_um)
            waves = fft.rfft2(pulses)
            waves *= _transform(crater, padded)
            spectrum += waves
    depth = fft.irfft2(spectrum, s=(padded, padded))[:size, :size]
    return np.maximum(depth, 0).astype(np.float64)


def _crater(key: tuple[int, int], *, beam: Beam, pixel_um: float) -> FloatArray:
    """Depth of one sort's crater at pixels 0 .. n - 1 from its middle along x and y: (n, n), um.

    Spreading pulses over four pixels adds pixel^2 / 6 to the variance of a crater in x and y, averaging its depth
    over a pixel adds pixel^2 / 12, and a paraboloid has radius^2 / 6: a crater narrower by that much ends up right.
    """
    spot_um = beam.spot_radius_um * _SPOT_RATIO ** key[0]
    level = key[1] * _LOG_FLUENCE_STEP
    radius_um = float(crater_radius_um(spot_um=spot_um, log_fluence=level))
    narrowed_um = max(radius_um**2 - 1.5 * pixel_um**2, (pixel_um / 4) ** 2) ** 0.5
    size = int(np.ceil(narrowed_um / pixel_um + 0.5)) + 1
    fine = (np.arange(size * _SUBSAMPLES) - (_SUBSAMPLES - 1) / 2) * pixel_um / _SUBSAMPLES
    depth = crater_depth_um(
        np.hypot(fine[:, None], fine) * (radius_um / narrowed_um),
        spot_um=spot_um,
        log_fluence=level,
        penetration_um=beam.ablation.penetration_um,
    )
    quarter: FloatArray = depth.reshape(size, _SUBSAMPLES, size, _SUBSAMPLES).mean(axis=(1, 3))
    twice = np.where(np.arange(size) == 0, 1, 2)
    volume_um3 = crater_volume_um3(spot_um=spot_um, log_fluence=level, penetration_um=beam.ablation.penetration_um)
    quarter *= volume_um3 / (pixel_um**2 * (twice @ quarter @ twice))
    return quarter


def _transform(kernel: FloatArray, padded: int) -> NDArray[np.float32]:
    """Fourier transform of a crater, mirrored to all four sides: (padded, padded // 2 + 1), real."""
    place = np.arange(len(kernel))
    waves = np.cos(2 * np.pi / padded * np.arange(padded)[:, None] * place) * np.where(place == 0, 1, 2)
    fine = waves.astype(np.float32)
    transform: NDArray[np.float32] = np.linalg.multi_dot([fine, kernel.astype(np.float32), fine[: padded // 2 + 1].T])
    return transform
