"""Trays of a batch: their files, again and with workers, placed anew, gone on with, and faults planted in them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engrave.api import trays as api
from engrave.base.config import json_bytes
from engrave.base.errors import InputError, OccupiedError
from engrave.batch import BatchOutcome, Orders, Workshop, named_by, read_serials, run_batch, silent, workshop_for
from engrave.code.mark import Mark, mark_to_json
from engrave.code.profiles import PROFILE_A
from engrave.job import example_job_text, load_job
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers.gcode import read_gcode
from toolpaths.writers.gcode import write_gcode

HEADER = "nest,dx [um],dy [um],dz [um],tilt_x [deg],tilt_y [deg],clocking [deg],state"
TABLE = f"{HEADER}\n1,12,-7,30,0.2,-0.1,90,\n2,0,0,0,0,0,0,blocked\n3,0,0,5,0,0,-30,\n4,-3,2,1,0.3,0,177,\n"
PLATE = """
name = "quartet"
rows = 2
columns = 2
column_pitch = "10mm"
row_pitch = "12mm"
first_x = "10mm"
first_y = "10mm"
tip_height = "3mm"
safe_height = "8mm"
max_offset = "0.3mm"
max_tilt = "0.5deg"
max_clocking = "180deg"
fiducials = [{ name = "A", x = "0mm", y = "0mm" }, { name = "B", x = "30mm", y = "0mm" }]

[sources]
"""
NUMBERS = (
    *("rows", "columns", "column_pitch", "row_pitch", "first_x", "first_y", "tip_height", "safe_height"),
    *("max_offset", "max_tilt", "max_clocking", '"fiducials.x"', '"fiducials.y"'),
)
ROWS = "".join(f"AAA000{index},Acme,P9\n" for index in range(1, 6))
# Nests 1, 3 and 4 are ready; row 2 is run backwards.
WAY = (1, 4, 3)
CHECK: dict[str, object] = {"verdict": "pass", "reading": None, "findings": [], "glyphs": [], "ring_cells": []}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = tmp_path_factory.mktemp("job")
    fixtures = folder / "library" / "fixtures"
    fixtures.mkdir(parents=True)
    (fixtures / "quartet.toml").write_text(PLATE + "".join(f'{key} = "drawing"\n' for key in NUMBERS))
    (fixtures / "quartet.csv").write_text(TABLE)
    text = example_job_text().replace('machine = "stage"', 'machine = "tray-stage"')
    (folder / "job.toml").write_text(f'library = "library"\nfixture = "quartet"\n{text}')
    return workshop_for(replace(load_job(folder / "job.toml"), formats=("ngc",)))


def toolpath_of(mark: Mark) -> Toolpath:
    """Some lines of the mark's own, run twice."""
    points = np.rint(np.random.default_rng(mark.id).uniform(-600_000, 600_000, (12, 3))) / 1000
    points[:, 2] = -np.abs(points[:, 2]) / 10
    process = Process(pulse_energy_j=0.7e-6, repetition_rate_hz=200e3, feed_um_s=20_000.0)
    paths = Polylines(points=points, starts=np.array([0, 4, 6, 12]))
    return Toolpath(blocks=(Block(repeats=2, operations=(Operation(name="H", process=process, paths=paths),)),))


class Batch:
    """The same batch, as often as it is called; pins whose serial is in ``bad`` fail."""

    def __init__(self, workshop: Workshop, folder: Path) -> None:
        ranges = workshop.setup.ranges
        naming = named_by(ranges, PROFILE_A)
        text = f"serial,maker,model\n{ROWS}"
        self.orders: Orders = read_serials(text, job=workshop.setup.job, ranges=ranges, naming=naming, origin="s.csv")
        self.workshop, self.folder = workshop, folder
        self.bad: set[str] = set()

    def make_pin(self, workshop: Workshop, mark: Mark) -> tuple[dict[str, bytes], None]:
        """Stand in for ``engrave.batch.pin.make_pin``."""
        program = write_gcode(toolpath_of(mark), workshop.setup.job.machine.value, header=[mark.characters])
        check = {**CHECK, "verdict": "fail" if mark.serial in self.bad else "pass"}
        files = {name: name.encode() for name in ("layout.svg", "pin.svg", "impression.png", "views.json")}
        files |= {"job.ngc": program, "mark.json": json_bytes(mark_to_json(mark)), "check.json": json_bytes(check)}
        return files, None

    def __call__(self, workers: int = 1) -> BatchOutcome:
        """Run it; pins are made here, since workers would make real ones."""
        return run_batch(
            self.orders,
            self.workshop,
            self.folder,
            input_sha256="0" * 64,
            workers=workers,
            progress=silent,
        )

    def contents(self) -> dict[str, bytes]:
        """Every file's bytes."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


def patched(batch: Batch, patch: pytest.MonkeyPatch) -> Batch:
    patch.setattr("engrave.batch.making.make_pin", batch.make_pin)
    patch.setattr(
        "engrave.batch.run.write_index",
        lambda out, _folder, recorded, _setup: out.write(" ".join(recorded.files).encode()),
    )
    return batch


@pytest.fixture(scope="module")
def finished(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The batch's folder, made once."""
    folder = tmp_path_factory.mktemp("batch") / "out"
    with pytest.MonkeyPatch.context() as patch:
        assert patched(Batch(workshop, folder), patch)().made == 5
    return folder


@pytest.fixture
def batch(workshop: Workshop, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batch:
    shutil.copytree(finished, tmp_path / "out")
    return patched(Batch(workshop, tmp_path / "out"), monkeypatch)


def map_at(path: Path) -> dict[str, object]:
    document = json.loads(path.read_bytes())
    assert isinstance(document, dict)
    return document


def test_trays_are_filled_in_the_files_order_and_the_last_is_part_full(batch: Batch) -> None:
    assert batch().good
    first, second = (api.tray_map(batch.folder / f"tray-00{number}.ngc") for number in (1, 2))
    assert [(pin.nest, pin.serial) for pin in first.pins] == list(
        zip(WAY, ("AAA0001", "AAA0002", "AAA0003"), strict=True)
    )
    assert [(pin.nest, pin.serial) for pin in second.pins] == [(1, "AAA0004"), (4, "AAA0005")]
    assert (first.free, second.free, first.blocked, second.trays) == ((), (3,), (2,), 2)
    manifest = map_at(batch.folder / "manifest.json")
    row = list(manifest["pins"])[1]  # type: ignore[call-overload]
    assert first.pins[1].files["job.ngc"] == row["files"]["job.ngc"]
    names = {f"tray-00{number}{end}" for number in (1, 2) for end in (".ngc", ".json", ".html", "-first-article.html")}
    assert set(dict(manifest["files"])) == {"index.html", "job.json"} | names  # type: ignore[call-overload]
    # What the report is asked to link, besides the job.
    assert set((batch.folder / "index.html").read_text().split()) == {"job.json"} | names


def test_a_pin_that_failed_is_in_no_tray(batch: Batch) -> None:
    shutil.rmtree(batch.folder)
    batch.bad = {"AAA0002"}
    assert not batch().good
    first, second = (api.tray_map(batch.folder / f"tray-00{number}.ngc") for number in (1, 2))
    assert [pin.serial for pin in (*first.pins, *second.pins)] == ["AAA0001", "AAA0003", "AAA0004", "AAA0005"]


@pytest.mark.parametrize("gone", ["tray-001.ngc", "tray-002.json", "tray-001.html", "tray-002-first-article.html"])
def test_what_is_gone_or_altered_is_made_again_and_no_more(batch: Batch, gone: str) -> None:
    batch()
    before = batch.contents()
    times = {path: path.stat().st_mtime_ns for path in batch.folder.glob("tray-*")}
    path = batch.folder / gone
    for damage in (None, b"x"):
        path.unlink()
        if damage:
            path.write_bytes(damage)
        assert batch().made == 0
        assert batch.contents() == before
    # Without its map it cannot be told that a program is the one that was made.
    again = {path, path.with_suffix(".ngc")} if path.suffix == ".json" else {path}
    kept = {name: time for name, time in times.items() if name not in again}
    assert {name: name.stat().st_mtime_ns for name in kept} == kept
    assert batch().made == 0


@pytest.mark.slow
def test_the_same_bytes_with_two_workers_and_again(batch: Batch) -> None:
    batch()
    before = batch.contents()
    for path in batch.folder.glob("tray-*"):
        path.unlink()
    batch(workers=2)
    assert batch.contents() == before
    text = b"".join(data for name, data in before.items() if name.startswith("tray-"))
    assert str(batch.folder).encode() not in text


def test_a_tray_program_is_read_without_a_fault_and_checked_against_its_pins(batch: Batch) -> None:
    batch()
    program = batch.folder / "tray-001.ngc"
    machine = batch.workshop.setup.job.machine.value
    assert read_gcode(program.read_bytes(), machine).findings == ()
    assert program.read_bytes().count(b"(operation H)\n") == 3
    checked = api.tray_check(program)
    assert (checked.passed, checked.nests, checked.findings) == (True, WAY, ())
    assert 0 < checked.worst_um < 0.8661e-3


def swap(data: bytes) -> bytes:
    """Nests 1 and 4 in each other's place."""
    one, four = data.index(b"(nest 1: "), data.index(b"(nest 4: ")
    three = data.index(b"(nest 3: ")
    return data[:one] + data[four:three] + data[one:four] + data[three:]


def nudged(data: bytes) -> bytes:
    """The first lit end 2 nm further."""
    place = data.index(b"G1 X") + 4
    end = place + data[place:].index(b" ")
    return data[:place] + f"{float(data[place:end]) + 2e-6:.6f}".encode() + data[end:]


@pytest.mark.parametrize(
    ("damage", "number"),
    [
        (lambda data: data[:-3], "M501"),
        (swap, "M502"),
        (nudged, "M508"),
        (lambda data: data.replace(b"repeat [2]", b"repeat [3]", 1), "M508"),
        (lambda data: data.replace(b"F1200", b"F1300", 1), "M508"),
        (lambda data: data.replace(b"G1 X", b"G2 X", 1), "M504"),
        (lambda data: data.replace(b"M63 P0\nG0 X", b"G0 X", 1), "M505"),
        (lambda data: data.replace(b"Z8.000000", b"Z7.900000", 1), "M506"),
        (lambda data: data.replace(b"G0 Z8.000000", b"G0 Z12.100000", 1), "M507"),
    ],
)
def test_planted_faults_are_found(batch: Batch, damage: Callable[[bytes], bytes], number: str) -> None:
    batch()
    program = batch.folder / "tray-001.ngc"
    data = program.read_bytes()
    program.write_bytes(damage(data))
    assert damage(data) != data
    checked = api.tray_check(program)
    assert not checked.passed
    assert {number, "M503"} <= {finding.number for finding in checked.findings}


def test_another_pin_in_the_folder_is_found(batch: Batch) -> None:
    batch()
    one, other = (batch.folder / "pins" / pin.mark.characters for pin in batch().pins[:2])
    shutil.copy(other / "job.ngc", one / "job.ngc")
    shutil.copy(other / "mark.json", one / "mark.json")
    numbers = [finding.number for finding in api.tray_check(batch.folder / "tray-001.ngc").findings]
    assert numbers == ["M509", "M509", "M508"]


def test_gone_on_with_at_a_nest(batch: Batch, tmp_path: Path) -> None:
    batch()
    program, out = batch.folder / "tray-001.ngc", tmp_path / "rest.ngc"
    written = api.tray_restart(program, nest=4, out=out)
    assert [pin.nest for pin in written.map.pins] == [4, 3]
    assert (written.map.left_out, written.map.free) == ((1,), ())
    assert out.read_bytes().split(b"(nest 4: ")[1] == program.read_bytes().split(b"(nest 4: ")[1]
    assert api.tray_map(out) == written.map
    assert api.tray_check(out, batch=batch.folder).passed
    skipped = api.tray_restart(program, nest=1, out=tmp_path / "other.ngc", skip=(4,))
    assert [pin.nest for pin in skipped.map.pins] == [1, 3]
    assert api.tray_check(tmp_path / "other.ngc", batch=batch.folder).passed


def test_what_a_restart_refuses(batch: Batch, tmp_path: Path) -> None:
    batch()
    program, out = batch.folder / "tray-001.ngc", tmp_path / "rest.ngc"
    with pytest.raises(InputError, match="nest 2: not in this program, which marks 1, 4, 3"):
        api.tray_restart(program, nest=2, out=out)
    with pytest.raises(InputError, match=r"is named \.ngc"):
        api.tray_restart(program, nest=4, out=tmp_path / "rest.txt")
    with pytest.raises(OccupiedError, match="is there already"):
        api.tray_restart(program, nest=4, out=batch.folder / "tray-002.ngc")
    program.write_bytes(program.read_bytes() + b"\n")
    with pytest.raises(InputError, match="has been changed since its map was written"):
        api.tray_restart(program, nest=4, out=out)
    assert list(tmp_path.glob("rest*")) == []


def test_placed_anew_by_a_probe_table(batch: Batch, tmp_path: Path) -> None:
    batch()
    table, out = tmp_path / "probe.csv", tmp_path / "placed.ngc"
    table.write_text(f"{HEADER}\n1,0,0,0,0,0,0,\n2,,,,,,,blocked\n3,1,1,1,0.1,0,5,\n4,,,,,,,empty\n")
    written = api.tray_place(batch.folder / "tray-001.ngc", probe=table, out=out)
    assert [(pin.nest, pin.serial) for pin in written.map.pins] == [(1, "AAA0001"), (3, "AAA0003")]
    assert (written.map.left_out, written.map.empty, written.map.pins[1].dz_um) == ((4,), (), 1.0)
    assert written.map.job_sha256 == batch.workshop.job_sha256
    assert api.tray_check(out, batch=batch.folder).passed
    # Nest 1 is now where the plate has it: the pin's own points, shifted by 10, 10 and 3 mm.
    lines = out.read_bytes().split(b"(nest 3: ")[0]
    own = toolpath_of(batch.orders.good[0][1]).blocks[0].operations[0].paths.points[0] / 1000 + (10, 10, 3)
    assert f"G0 X{own[0]:.6f} Y{own[1]:.6f} Z{own[2]:.6f}".encode() in lines or b"Z" + f"{own[2]:.6f}".encode() in lines
    for text, message in (
        (f"{HEADER}\n1,0,0,0,0,0,0,\n", "nest 2, 3, 4: missing"),
        (f"{HEADER}\n1,,,,,,,empty\n2,0,0,0,0,0,0,\n3,,,,,,,empty\n4,,,,,,,empty\n", "no nest of this tray is ready"),
    ):
        table.write_text(text)
        with pytest.raises(InputError, match=message):
            api.tray_place(batch.folder / "tray-001.ngc", probe=table, out=tmp_path / "no.ngc")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pins": []}, "pins: there is none"),
        ({"tray": "1"}, "tray: "),
        ({"stranger": 1}, "stranger"),
        ({"schema": "pin-engrave/tray-map/2"}, "newer"),
    ],
)
def test_a_damaged_map_is_refused(batch: Batch, change: dict[str, object], message: str) -> None:
    batch()
    path = batch.folder / "tray-001.json"
    path.write_bytes(json_bytes({**map_at(path), **change}))
    with pytest.raises(InputError, match=message):
        api.tray_check(batch.folder / "tray-001.ngc")


def test_the_sheets_open_offline_and_hold_the_pins(batch: Batch) -> None:
    batch()
    page = (batch.folder / "tray-001.html").read_text()
    sheet = (batch.folder / "tray-001-first-article.html").read_text()
    for text in (page, sheet):
        assert "http" not in text.replace("http-equiv", "")
        assert "<script" not in text
    for pin in batch().pins[:3]:
        assert f"{pin.mark.characters[:4]}</text>" in page
        assert pin.mark.serial in page
    assert batch().pins[0].mark.serial in sheet
    assert "blocked</text>" in page
    assert page.count("<rect") == 4
