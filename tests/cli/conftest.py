"""The command line run in this process, one real pin for all tests, and the published schemas."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from jsonschema import Draft202012Validator

import engrave
from benchmarks import proof_rods
from benchmarks.proof_calibration import Planted, example_coupon, measured
from engrave import api
from engrave.base.config import json_bytes
from engrave.base.files import sha256_hex
from engrave.batch import named_by, read_serials, workshop_for
from engrave.batch.trays import make_tray, trays_of
from engrave.cli.main import run
from engrave.code.mark import mark_to_json
from engrave.code.profiles import PROFILE_A
from engrave.job import Job, load_job
from engrave.job.setup import Setup, prepare
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.writers.gcode import write_gcode

PROJECT = Path(__file__).parent.parent.parent
SCHEMAS = PROJECT / "docs" / "schemas"
PIN = ("375-76834", "--maker", "Borealis", "--model", "Compact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON is any of its types
        """The one JSON document on standard output; fails where there is more or less."""
        return json.loads(self.out)


Call = Callable[..., Called]


@pytest.fixture(scope="session", autouse=True)
def _prepared_once() -> Iterator[None]:
    """Let a job that several tests load be made ready once, and the example be loaded once: it takes half a second."""
    known: dict[bytes, Setup] = {}
    example = load_job(None)

    def prepare_once(job: Job) -> Setup:
        key = api.json_bytes(api.job_to_json(job))
        if key not in known:
            known[key] = prepare(job)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engrave.api.given.load_job", lambda path: example if path is None else load_job(path))
        for module in ("given", "library", "looking"):
            patch.setattr(f"engrave.api.{module}.prepare", prepare_once)
        yield


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Run the command line on these arguments in this process."""

    def called(*arguments: str | Path) -> Called:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Called(code=int(code), out=captured.out, err=captured.err)

    return called


@pytest.fixture(scope="session")
def start() -> Callable[..., "subprocess.CompletedProcess[bytes]"]:
    """Run the command line, or other Python code, in a process of its own, with further environment variables."""
    home = str(Path(str(engrave.__file__)).parent.parent)

    def started(
        *arguments: str | Path,
        code: str = "from engrave.cli import main; main()",
        path: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> "subprocess.CompletedProcess[bytes]":
        search = f"{path}{os.pathsep}{home}" if path else home
        return subprocess.run(
            [sys.executable, "-P", "-c", code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": search, **(environment or {})},
            capture_output=True,
            check=False,
        )

    return started


@pytest.fixture(scope="session")
def job_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example job with one condition, which saves the time of the other's strike."""
    text = api.example_job_text().replace('conditions = ["nominal", "weak"]', 'conditions = ["nominal"]')
    assert text != api.example_job_text()
    path = tmp_path_factory.mktemp("job") / "job.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="session")
def fitting(tmp_path_factory: pytest.TempPathFactory, job_file: Path) -> Path:
    """A job whose sizes are to be found, among two profiles and for one condition, which saves the time of others."""
    before, rest = job_file.read_text().split("\n[layout]\n")
    after = rest[rest.index("[limits]") :]
    path = tmp_path_factory.mktemp("fitting") / "job.toml"
    path.write_text(f'{before}\n[fit]\nprofiles = ["A", "G"]\n\n{after}')
    return path


@pytest.fixture(scope="session")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A font of the whole alphabet, made here."""
    return _staves(tmp_path_factory.mktemp("fonts") / "staves.ttf", "012345679ABCDEFHJKLMNPQRSTUVWXYZ")


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A font that lacks most of the alphabet."""
    return _staves(tmp_path_factory.mktemp("fonts") / "few.ttf", "AB")


def _staves(path: Path, characters: str) -> Path:
    """A font in which each character is a staff with a bar at a height of its own."""
    builder = FontBuilder(1000, isTTF=True)
    names = {character: f"u{ord(character):04X}" for character in characters}
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(character): name for character, name in names.items()})
    glyphs = {".notdef": TTGlyphPen(None).glyph()}
    for number, name in enumerate(names.values()):
        pen = TTGlyphPen(None)
        bar = 20 * number
        corners = [(50, 0), (50, 700), (130, 700), (130, bar + 80), (450, bar + 80), (450, bar), (130, bar), (130, 0)]
        pen.moveTo(corners[0])
        for corner in corners[1:]:
            pen.lineTo(corner)
        pen.closePath()
        glyphs[name] = pen.glyph()
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (500, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Staves", "styleName": "Regular", "licenseDescription": "CC0-1.0"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


@pytest.fixture(scope="session")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ball of 0.8 mm on a shank, by another library, in millimetres."""
    path = tmp_path_factory.mktemp("scans") / "capsule.stl"
    trimesh.creation.capsule(height=4.0, radius=0.8, count=[32, 24]).export(path)
    return path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, job_file: Path) -> Path:
    """A finished folder of one pin, 375-76834."""
    folder = tmp_path_factory.mktemp("made") / "out"
    assert api.make("375-76834", maker="Borealis", model="Compact", out=folder, job=job_file).good
    return folder


@pytest.fixture(scope="session")
def pin_folder(made: Path) -> Path:
    """The folder of that pin."""
    (folder,) = (made / "pins").iterdir()
    return folder


@pytest.fixture(scope="session")
def validators() -> dict[str, Draft202012Validator]:
    """The published schemas by their ``$id``."""
    documents = [json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.schema.json"))]
    return {document["$id"]: Draft202012Validator(document) for document in documents}


@pytest.fixture(scope="session")
def tray(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tray's program in a folder with three pins of a few lines each."""
    folder = tmp_path_factory.mktemp("tray")
    text = api.example_job_text().replace('machine = "stage"', 'machine = "tray-stage"')
    (folder / "job.toml").write_text(f'fixture = "tray-10x10"\n{text}')
    workshop = workshop_for(replace(load_job(folder / "job.toml"), formats=("ngc",)))
    job, ranges = workshop.setup.job, workshop.setup.ranges
    rows = "serial,maker,model\nAAA0001,Acme,P9\nAAA0002,Acme,P9\nAAA0003,Acme,P9\n"
    orders = read_serials(rows, job=job, ranges=ranges, naming=named_by(ranges, PROFILE_A), origin="s.csv")
    process = Process(pulse_energy_j=0.7e-6, repetition_rate_hz=200e3, feed_um_s=20_000.0)
    pins = []
    for _, mark in orders.good:
        points = np.rint(np.random.default_rng(mark.id).uniform(-500_000, 0, (6, 3))) / 1000
        paths = Polylines(points=points, starts=np.array([0, 2, 6]))
        block = Block(repeats=3, operations=(Operation(name="H", process=process, paths=paths),))
        program = write_gcode(Toolpath(blocks=(block,)), job.machine.value, header=[])
        place = folder / "pins" / mark.characters
        place.mkdir(parents=True)
        (place / "job.ngc").write_bytes(program)
        (place / "mark.json").write_bytes(json_bytes(mark_to_json(mark)))
        pins.append((mark, {"job.ngc": sha256_hex(program)}))
    assert job.fixture is not None
    (folder / "job.json").write_bytes(workshop.job_document)
    (made,) = trays_of(job.fixture.value, pins)
    make_tray(workshop, made, folder)
    return folder / "tray-001.ngc"


@pytest.fixture(scope="session")
def coupon_form(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled-in form."""
    truth = Planted(spot_um=6.2, threshold_j_cm2=0.17, incubation=0.83, penetration_um=0.012)
    craters, _ = measured(example_coupon(), truth, np.random.default_rng(1), noise=0.02)
    lines = [
        f"{name},{energy * 1e6:.6g},{pulses:.0f},{diameter:.4f},{depth if depth > 0 else ''}\n"
        for name, energy, pulses, diameter, depth in zip(
            craters.names, craters.pulse_energy_j, craters.pulses, craters.diameter_um, craters.depth_um, strict=True
        )
    ]
    path = tmp_path_factory.mktemp("forms") / "form.csv"
    path.write_text("cell,energy_uJ,pulses,diameter_um,depth_um\n" + "".join(lines))
    return path


@pytest.fixture(scope="session")
def rod_form(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled-in form of a rod's coupon."""
    truth = proof_rods.Rod(diameter_um=20.0, gap_side_um=6.5, gap_front_um=8.1, wear_ratio=0.034)
    slots = proof_rods.measured(proof_rods.example_coupon(), truth, np.random.default_rng(2), noise=0.02)
    lines = [
        f"{name},{slots.rod_um:g},{sent:g},{length:g},{width:.4f},{start:.4f},{end:.4f}\n"
        for name, sent, length, width, start, end in zip(
            slots.names,
            slots.sent_um,
            slots.length_um,
            slots.width_um,
            slots.start_depth_um,
            slots.end_depth_um,
            strict=True,
        )
    ]
    path = tmp_path_factory.mktemp("rods") / "form.csv"
    path.write_text("slot,rod_um,sent_um,length_um,width_um,start_depth_um,end_depth_um\n" + "".join(lines))
    return path


@pytest.fixture(scope="session")
def gauge_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gauge study with an interaction that is pooled."""
    rng = np.random.default_rng(3)
    lines = [
        f"{part};{who};{(10 * part + rng.normal()):.3f}\n".replace(".", ",")
        for part in range(1, 11)
        for who in "ABC"
        for _ in range(3)
    ]
    path = tmp_path_factory.mktemp("studies") / "study.csv"
    path.write_text("part;operator;value_um\n" + "".join(lines))
    return path
