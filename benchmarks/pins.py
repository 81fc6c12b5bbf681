"""Where one pin's time goes, how many pins a second a batch makes, and what starting the program costs."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from shapely.geometry import Polygon

from benchmarks.common import ROOT, Timing, child_cpu_s
from engrave import api
from engrave.base.config import json_bytes
from engrave.base.files import write_folder_atomic
from engrave.base.frames import mirrored_xy
from engrave.batch.pin import Workshop, make_pin, plan_pin, workshop_for
from engrave.code.mark import Mark, mark_to_json
from engrave.job.setup import Setup
from engrave.layout import Engraving, Layout, engraving_of, lay_out
from engrave.reading import measure_lands
from engrave.report import impression_png, layout_svg, pin_svg
from engrave.strike import Impression, strike
from engrave.verify import check_to_json
from engrave.verify.cut import check_cut
from toolpaths.laser.passes import focus_offset_um
from toolpaths.laser.planning import plan
from toolpaths.model import Toolpath
from toolpaths.readers.gcode import read_gcode
from toolpaths.removal import cut
from toolpaths.safety import check_program
from toolpaths.surface import HeightMap
from toolpaths.writers.dxf import write_job_dxf, write_outline_dxf
from toolpaths.writers.gcode import write_gcode
from toolpaths.writers.svg import write_toolpath_svg

JOB = ROOT / "examples" / "job.toml"
SERIALS = ROOT / "examples" / "serials.csv"


def example_marks() -> tuple[Workshop, tuple[Mark, ...]]:
    """The workshop of the example job and the marks of its serials."""
    job = api.load_job(JOB)
    return workshop_for(job), tuple(mark for _, mark in api.plan(SERIALS, job).good)


def example_toolpath() -> tuple[Workshop, Toolpath]:
    """The workshop, and the toolpath of the serial 375-76834."""
    workshop, marks = example_marks()
    mark = next(mark for mark in marks if mark.serial == "375-76834")
    return workshop, plan_pin(workshop.setup, mark).toolpath


@dataclass(slots=True)
class _Stopwatch:
    """CPU seconds by stage, one entry a pin."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begin = time.process_time()
        yield
        self.seconds.setdefault(name, []).append(time.process_time() - begin)

    def medians(self) -> dict[str, float]:
        """Median of each stage, the first pin left out."""
        return {name: median(seconds[1:]) for name, seconds in self.seconds.items()}


def stages(*, pins: int) -> dict[str, Any]:
    """Median CPU seconds of each stage of one pin, over some pins after a first one that is not counted.

    The stages are those of ``engrave.batch.pin.make_pin`` taken one by one; ``make_pin_s`` times that function itself,
    so that a stage forgotten here would show.
    """
    workshop, marks = example_marks()
    watch, whole = _Stopwatch(), _Stopwatch()
    for mark in marks[: 1 + pins]:
        _one_pin(workshop, mark, watch, whole)
    medians = watch.medians()
    total_s = sum(medians.values())
    return {
        "pins": pins,
        "sum_of_medians_s": round(total_s, 4),
        "make_pin_s": round(whole.medians()["make_pin"], 4),
        "stages": {
            name: {**Timing(seconds=tuple(watch.seconds[name][1:])).document(), "share": round(middle / total_s, 4)}
            for name, middle in medians.items()
        },
    }


def _one_pin(workshop: Workshop, mark: Mark, watch: _Stopwatch, whole: _Stopwatch) -> None:
    setup = workshop.setup
    layout, engraving, toolpath = _drawn(setup, mark, watch)
    files = _written(setup, engraving, toolpath, watch)
    tip = _cut(setup, files["job.ngc"], watch)
    impression = _struck_and_read(workshop, tip, layout, watch)
    with watch.stage("judge the cut"):
        check_cut(tip, engraving, setup.job, tip=setup.tip, places=setup.places)
    with watch.stage("pictures"):
        files["layout.svg"] = layout_svg(layout, title="")
        files["pin.svg"] = pin_svg(engraving, title="", boundary=setup.tip.boundary)
        files["impression.png"] = impression_png(impression.surface, title="")
    with whole.stage("make_pin"):
        _, checked = make_pin(workshop, mark)
    with watch.stage("JSON"):
        files["mark.json"] = json_bytes(mark_to_json(mark))
        files["check.json"] = json_bytes(check_to_json(checked, setup))
    with tempfile.TemporaryDirectory() as folder, watch.stage("files to disk, synced"):
        write_folder_atomic(Path(folder) / "pin", files)


def _drawn(setup: Setup, mark: Mark, watch: _Stopwatch) -> tuple[Layout, Engraving, Toolpath]:
    with watch.stage("layout and mirror"):
        layout = lay_out(setup.places, setup.shapes, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
        engraving = engraving_of(
            layout,
            relief_um=setup.job.relief_um,
            tip=setup.tip,
            largest_patch_um=setup.largest_patch_um,
        )
    with watch.stage("plan contours and hatches"):
        toolpath = plan(
            land=engraving.standing(),
            field=engraving.field,
            taper_to=engraving.taper_to,
            surface=setup.tip,
            relief_um=setup.job.relief_um,
            recipe=setup.job.laser.value,
            floor_xy_um=mirrored_xy(setup.places.outline_um()),
        )
    return layout, engraving, toolpath


def _parts(outline: Any) -> list[Polygon]:  # noqa: ANN401 - any of shapely's areas
    return list(getattr(outline, "geoms", [outline]))


def _written(setup: Setup, engraving: Engraving, toolpath: Toolpath, watch: _Stopwatch) -> dict[str, bytes]:
    files = {}
    with watch.stage("write job.ngc"):
        files["job.ngc"] = write_gcode(toolpath, setup.job.machine.value, header=())
    with watch.stage("write job.dxf"):
        files["job.dxf"] = write_job_dxf(toolpath)
    with watch.stage("write outline.dxf"):
        files["outline.dxf"] = write_outline_dxf([part for land in engraving.lands for part in _parts(land.outline)])
    with watch.stage("write job.svg"):
        files["job.svg"] = write_toolpath_svg(toolpath, title="")
    return files


def _cut(setup: Setup, program_bytes: bytes, watch: _Stopwatch) -> HeightMap:
    with watch.stage("read job.ngc back"):
        program = read_gcode(program_bytes, setup.job.machine.value)
        toolpath = program.toolpath()
    with watch.stage("safety invariants"):
        check_program(
            program,
            setup.job.machine.value,
            surface=setup.tip,
            focus_offset_um=focus_offset_um(setup.job.relief_um),
            focus_tolerance_um=setup.job.limits.focus_um,
        )
    with watch.stage("cut the tip"):
        return cut(
            toolpath,
            surface=setup.tip,
            beam_for=setup.job.laser.value.beam_for,
            half_width_um=setup.tip.edge_radius_um,
            pixel_um=setup.job.pixel_um,
        )


def _struck_and_read(workshop: Workshop, tip: HeightMap, layout: Layout, watch: _Stopwatch) -> Impression:
    setup = workshop.setup
    with watch.stage("strike, every condition"):
        struck = {
            entry.name: strike(tip, form=setup.tip, primer=setup.job.primer.value, condition=entry.value)
            for entry in setup.job.conditions
        }
    with watch.stage("read, every condition"):
        for impression in struck.values():
            workshop.checker.reader.read(impression.surface)
    nominal = struck["nominal"]
    with watch.stage("measure depths"):
        lands = [(land.place, land.outline) for land in layout.lands]
        measure_lands(nominal.surface, lands, relief_um=setup.job.relief_um)
    return nominal


def batches(*, workers: Sequence[int]) -> dict[str, Any]:
    """Pins a second, by the clock, of the demo's 24 serials, for each number of workers.

    The load average says how many other processes wanted the processors just before; ``cpu_s`` is the time of this
    process, which is all of it where there is one worker.
    """
    job = api.load_job(JOB)
    results = {}
    for count in workers:
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory() as folder:
            begin, cpu_begin = time.perf_counter(), time.process_time()
            outcome = api.batch(SERIALS, Path(folder) / "out", job, workers=count)
            seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu_begin
        results[str(count)] = {
            "pins": len(outcome.pins),
            "passed": outcome.passed,
            "load_average_before": round(load, 2),
            "clock_s": round(seconds, 3),
            "cpu_s": round(cpu, 3) if count == 1 else None,
            "pins_a_second": round(len(outcome.pins) / seconds, 3),
        }
    return results


def start_up(*, runs: int) -> dict[str, Any]:
    """CPU seconds of ``--help`` and ``--version``, and of an interpreter that does nothing."""
    entry = "from engrave.cli import main; main()"
    commands: dict[str, list[str]] = {
        "pin-engrave --help": [sys.executable, "-c", entry, "--help"],
        "pin-engrave --version": [sys.executable, "-c", entry, "--version"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    return {name: _children(arguments, runs=runs).document() for name, arguments in commands.items()}


def _children(arguments: list[str], *, runs: int) -> Timing:
    seconds = [child_cpu_s(arguments, cwd=ROOT) for _ in range(1 + runs)]
    return Timing(seconds=tuple(seconds[1:]))
