"""Damaged and random input for everything that reads: it may be refused or found fault with, never break the reader.

Every case has a generator of its own, seeded with the seed, the target and the case's number, so that one that breaks
can be made again alone: ``case_bytes(target, seed=..., number=...)``.
"""

import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.fuzz_drawings import drawing_targets
from benchmarks.fuzz_folder import folder_targets
from benchmarks.fuzz_target import Flat, Target
from engrave import api
from engrave.api import record
from engrave.base.config import json_bytes, parse_json
from engrave.base.errors import EngraveError
from engrave.base.files import read_text
from engrave.base.x3p import Topography, read_x3p, write_x3p
from engrave.batch.orders import MOST_CSV_BYTES, named_by, read_serials
from engrave.code.combined import decode_typed
from engrave.code.mark import mark_from_json, mark_to_json
from engrave.code.profiles import PROFILE_A, PROFILES
from engrave.code.ranges import RangeTable
from engrave.code.typed import typed_reading
from engrave.job import job_from_json, job_to_json, load_job
from engrave.job.resolve import JOB_SCHEMA
from engrave.registry.index import built_index, load_index, save_index
from fonts.errors import FontError
from toolpaths.errors import ToolpathError
from toolpaths.machine import Machine
from toolpaths.readers.gcode import read_gcode
from toolpaths.safety import check_program

ALLOWED = (EngraveError, ToolpathError, FontError)
MOST_REPORTED = 20
_MOST_CHANGES = 3
_MOST_SLICE = 40
_RANDOM_SHARE = 0.1
_MOST_RANDOM_BYTES = 400

Generator = np.random.Generator
FloatArray = NDArray[np.float64]


_NUMBERS = (
    b"nan",
    b"inf",
    b"-0",
    b"1e400",
    b"99999999999999999999",
    b"0.1",
    b"-1",
    b"\xff",
    b"\0",
    b"\n",
    b"\r\n",
    b"\xef\xbb\xbf",
)


def targets(folder: Path) -> Mapping[str, Target]:
    """The readers by name; ``folder`` takes the file that a reader of files is given."""
    job = api.load_job(None)
    return {
        "gcode": _gcode(job.machine.value),
        "csv": _csv(folder / "serials.csv", job),
        "job_toml": _job_toml(folder / "job.toml"),
        "job_json": _job_json(job),
        "mark_json": _mark_json(job),
        "reading": _reading(),
        "registry_csv": _registry(folder, "marks.csv", _MARKS),
        "registry_json": _registry(folder, "export.json", _exported(folder)),
        "registry_toml": _registry(folder, "terms.toml", _TERMS),
        "registry_index": _index(folder / "codes.index"),
        "x3p": _x3p(),
        **drawing_targets(),
        **folder_targets(folder),
    }


def fuzz(name: str, *, cases: int, seed: int) -> dict[str, Any]:
    """Read that many cases of one target; what was refused, what was taken, and every other exception."""
    outcomes: Counter[str] = Counter()
    broken: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # A number that overflows unseen is a fault too.
        warnings.simplefilter("error")
        target = targets(Path(folder))[name]
        for number in range(cases):
            outcome = _tried(target, _made(target, name, seed=seed, number=number))
            outcomes[outcome] += 1
            if outcome.startswith("broken") and len(broken) < MOST_REPORTED:
                broken.append({"number": number, "what": outcome})
    count = sum(times for outcome, times in outcomes.items() if outcome.startswith("broken"))
    return {
        "cases": cases,
        "outcomes": dict(sorted(outcomes.items())),
        "broken": broken,
        "holds": count == 0,
    }


def case_bytes(name: str, *, seed: int, number: int) -> bytes:
    """One case again."""
    with tempfile.TemporaryDirectory() as folder:
        return _made(targets(Path(folder))[name], name, seed=seed, number=number)


def _tried(target: Target, data: bytes) -> str:
    try:
        return target.read(data)
    except ALLOWED as error:
        return f"refused: {type(error).__name__}"
    except Exception as error:  # noqa: BLE001 - what else comes is what is looked for
        return f"broken: {type(error).__name__}: {str(error)[:200]}"


def _made(target: Target, name: str, *, seed: int, number: int) -> bytes:
    generator = np.random.default_rng([seed, *name.encode(), number])
    if generator.random() < _RANDOM_SHARE:
        return generator.bytes(int(generator.integers(0, _MOST_RANDOM_BYTES)))
    data = target.seeds[int(generator.integers(len(target.seeds)))]
    for _ in range(int(generator.integers(1, _MOST_CHANGES + 1))):
        data = _CHANGES[int(generator.integers(len(_CHANGES)))](data, target, generator)
    return data


def _slice(data: bytes, generator: Generator) -> tuple[int, int]:
    begin = int(generator.integers(len(data) + 1))
    return begin, begin + int(generator.integers(_MOST_SLICE))


def _byte_changed(data: bytes, _target: Target, generator: Generator) -> bytes:
    place = int(generator.integers(len(data) + 1))
    return data[:place] + generator.bytes(1) + data[place + 1 :]


def _digit_changed(data: bytes, _target: Target, generator: Generator) -> bytes:
    """Most faults of a file that still looks right are in its figures."""
    places = np.flatnonzero(
        np.isin(np.frombuffer(data, dtype=np.uint8), np.frombuffer(b"0123456789.-", dtype=np.uint8))
    )
    if not places.size:
        return data
    place = int(generator.choice(places))
    return data[:place] + bytes([b"0123456789.-eE+"[int(generator.integers(15))]]) + data[place + 1 :]


def _cut_out(data: bytes, _target: Target, generator: Generator) -> bytes:
    begin, end = _slice(data, generator)
    return data[:begin] + data[end:]


def _doubled(data: bytes, _target: Target, generator: Generator) -> bytes:
    begin, end = _slice(data, generator)
    return data[:end] + data[begin:]


def _token_put_in(data: bytes, target: Target, generator: Generator) -> bytes:
    tokens = target.tokens + _NUMBERS
    begin, end = _slice(data, generator)
    kept = begin if generator.random() < 0.5 else end  # noqa: PLR2004 - inserted or put in place, as often
    return data[:begin] + tokens[int(generator.integers(len(tokens)))] + data[kept:]


def _lines_exchanged(data: bytes, _target: Target, generator: Generator) -> bytes:
    lines = data.split(b"\n")
    one, other = (int(generator.integers(len(lines))) for _ in range(2))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _ended_early(data: bytes, _target: Target, generator: Generator) -> bytes:
    return data[: int(generator.integers(len(data) + 1))]


def _spliced(data: bytes, target: Target, generator: Generator) -> bytes:
    other = target.seeds[int(generator.integers(len(target.seeds)))]
    return data[: int(generator.integers(len(data) + 1))] + other[int(generator.integers(len(other) + 1)) :]


_CHANGES = (
    _byte_changed,
    _digit_changed,
    _digit_changed,
    _cut_out,
    _doubled,
    _token_put_in,
    _lines_exchanged,
    _ended_early,
    _spliced,
)


_PROGRAM = b"""(a short program)
G21 G90 G17 G94 G40 G49 G54 G61
M65 P0
o1 repeat [3]
F900
M67 E0 Q0.35
M67 E1 Q15
G0 X-0.015 Y-0.015 Z-0.0125
M62 P0
G1 X0.2 Y-0.015 Z-0.0125
X0.25 Y0.1 Z-0.0125
M63 P0
G0 X0 Y0.3 Z-0.0125
M62 P0
G1 X0.1
M63 P0
o1 endrepeat
G0 Z0.5
M65 P0
M2
"""


def _gcode(machine: Machine) -> Target:
    surface = Flat()

    def read(data: bytes) -> str:
        program = read_gcode(data, machine)
        findings = check_program(
            program,
            machine,
            surface=surface,
            focus_offset_um=-12.5,
            focus_tolerance_um=10.0,
        )
        if not program.executable:
            return "found fault: not to be run"
        program.toolpath()
        return "found fault: unsafe" if findings else "taken"

    words = (
        b"G0 G1 G2 G20 G21 G91 G92 M2 M3 M62P0 M63P0 M64P0 M65P0 M67E0Q5 F0 F1e9 X1 Y-9999999 Z.5 #1=2 N5 "
        b"o1repeat[2] o2endrepeat ( ) ; % [ ]"
    )
    return Target(seeds=(_PROGRAM,), tokens=tuple(words.split()), read=read)


def _csv(path: Path, job: api.Job) -> Target:
    ranges = RangeTable(job.ranges)

    def read(data: bytes) -> str:
        path.write_bytes(data)
        text = read_text(path, most=MOST_CSV_BYTES)
        orders = read_serials(text, job=job, ranges=ranges, naming=named_by(ranges, PROFILE_A), origin=path.name)
        return "found fault: rows skipped" if orders.bad else "taken"

    comma = b'serial,maker,model,lot\nAAA0001,Acme,P9,7\n375-76834,Borealis,Compact,\n"0001A","Cooper & Sons",Mk II,x\n'
    tokens = (
        b'"',
        b'""',
        b",",
        b";",
        b"\t",
        b"serial",
        b"../",
        b"=cmd",
        b"\xe2\x80\x8b",
        "İ".encode(),
        b",,,,,",
        b"\r",
    )
    return Target(seeds=(comma, comma.replace(b",", b";")), tokens=tokens, read=read)


def _job_toml(path: Path) -> Target:
    def read(data: bytes) -> str:
        path.write_bytes(data)
        load_job(path)
        return "taken"

    words = (
        b'"25um" 25 "1e999um" true [] {} [layout] [[ranges]] [a.b.c] "../x" 2026-01-01 "12mil" = # '
        b"''' \"\"\" [[layout.tracks]]"
    )
    return Target(seeds=(api.example_job_text().encode(),), tokens=(*words.split(), b'library = ".."\n'), read=read)


def _json_tokens() -> tuple[bytes, ...]:
    return (
        b"null",
        b"true",
        b"[]",
        b"{}",
        b'""',
        b"1e999",
        b"NaN",
        b'"schema"',
        b"[" * 300,
        b'"\\ud800"',
        b"-1",
        b"1.5",
    )


def _job_json(job: api.Job) -> Target:
    def read(data: bytes) -> str:
        text = data.decode("utf-8", errors="replace")
        job_from_json(parse_json(text, origin="job.json", schema=JOB_SCHEMA), origin="job.json")
        return "taken"

    return Target(seeds=(json_bytes(job_to_json(job)),), tokens=_json_tokens(), read=read)


def _mark_json(job: api.Job) -> Target:
    def read(data: bytes) -> str:
        text = data.decode("utf-8", errors="replace")
        mark_from_json(parse_json(text, origin="mark.json", schema="pin-engrave/mark/1"), origin="mark.json")
        return "taken"

    mark = api.encode("375-76834", maker="Borealis", model="Compact", job=job)
    return Target(seeds=(json_bytes(mark_to_json(mark)),), tokens=_json_tokens(), read=read)


def _reading() -> Target:
    def read(data: bytes) -> str:
        lines = data.decode("utf-8", errors="replace").split("\n")
        profile, characters, ring, shapes = (*lines, "", "", "", "")[:4]
        reading = typed_reading(characters, ring, shapes, PROFILES.get(profile, PROFILES["A"]))
        # Every way of lying takes its time: it is tried where the characters say so little that nothing else is.
        found = decode_typed(reading, any_rotation=characters.startswith("????????"))
        if found.named is not None:
            return "taken: identified"
        return "taken: candidates" if found.soft.candidates else "taken: nothing"

    ring = b"111010101011110011000110100110111101100000011110/110000001010100101000111111010100011111100001101"
    seeds = (
        b"A\n499B NM4L\n",
        b"A\n4?9B N[MN]4L\n" + ring,
        b"A\n????????\n" + ring,
        b"A\n[4:.7 Z:.25]99B[NH]M4L\n" + ring,
        b"G\nQSP9FRDN\n\na1 d3 ? c? d0 f3 g0 h1 a0 d3 b3 g1",
        b"S\nQSP9FRDN\n11011100010010100010000010101000",
    )
    tokens = (b"?", b"[", b"]", b"[NH]", b"[0123456789]", b"/", b" ", b"i", b"\xc4\xb1", b"g", b":0.5", b"[N:.7 H:.3]")
    return Target(seeds=seeds, tokens=(*tokens, b":.", b":1e-9", b":00.50", b"a1", b"h?"), read=read)


_MARKS = (
    b"serial,maker,model,state,lot\n375-76834,Borealis,Compact,marked,7\nAAA0001,Acme,P9,,\n",
    b"serial;maker;model;id;issue;replaces;state;lot;profile;binding;characters\nBD000123;Borealis;Duty;;;;void;;;;\n",
)
_TERMS = (
    b"""issuer = "All"
[[blocks]]
first_id = 10000000
last_id = 10009999
[[ranges]]
maker = "Acme"
model = "P9"
template = "ZZ9999"
first = "ZZ0001"
last = "ZZ0999"
base = 10000000
""",
    b"""issuer = "All"
[[pools]]
maker = "Acme"
model = "P9"
first_id = 9000000
last_id = 9000999
""",
)
_REGISTRY_TOKENS = (
    b'"',
    b",",
    b"=cmd",
    b"'=",
    b"void",
    b"marked",
    b"../",
    b"\xe2\x80\x8b",
    b"1073741824",
    b"[[keys]]",
    b"A",
)


def _registry(folder: Path, name: str, seeds: tuple[bytes, ...]) -> Target:
    """What a registry takes in from a file: one registry for all cases, so that it grows by what is taken."""
    path, address = folder / name, str(folder / f"{name}.db")
    _found(address)

    def read(data: bytes) -> str:
        path.write_bytes(data)
        told = record.import_file(path, address, issuer="All" if path.suffix == ".toml" else None, actor="fuzz")
        return "taken: something new" if told["passed_over"] == 0 else "taken: nothing new"

    return Target(seeds=seeds, tokens=(*_REGISTRY_TOKENS, *_json_tokens()), read=read)


def _found(address: str) -> None:
    """A registry with the example job's ranges."""
    terms = Path(address).with_suffix(".job.toml")
    terms.write_text(api.example_job_text())
    record.init(address, issuer="All", ids=[(0, 9_999_999)], actor="fuzz")
    record.import_file(terms, address, issuer="All", actor="fuzz")


def _exported(folder: Path) -> tuple[bytes, ...]:
    """The export of a small registry."""
    address, marks, exported = str(folder / "other.db"), folder / "other.csv", folder / "other.json"
    _found(address)
    marks.write_bytes(_MARKS[0])
    record.import_file(marks, address, actor="fuzz")
    record.export(address, exported)
    return (exported.read_bytes(),)


def _index(path: Path) -> Target:
    """The cache of codes: whatever is in it, it is an index or none, never a wrong one."""
    codes = np.arange(0, 300, 3, dtype=np.uint32)

    def read(data: bytes) -> str:
        path.write_bytes(data)
        found = load_index(path, "a registry")
        if found is None:
            return "found fault: no index"
        if not np.array_equal(found.codes, codes):
            raise ValueError("another index was taken for a whole one")
        return "taken"

    save_index(built_index([codes], registry="a registry", last_event=3), path)
    return Target(seeds=(path.read_bytes(),), tokens=(b"\0" * 4, b"\xff" * 4), read=read)


def _x3p() -> Target:
    """A topography of a few samples, with a hole, as 64 and as 32 bits."""

    def read(data: bytes) -> str:
        _, notes = read_x3p(data, name="scan.x3p")
        return "taken: with notes" if notes else "taken"

    heights_um = np.arange(12.0).reshape(3, 4)
    heights_um[1, 2] = np.nan
    small = Topography(
        heights_um=heights_um,
        pixel_x_um=1.5,
        pixel_y_um=2.0,
        date=datetime(2026, 1, 31, tzinfo=UTC),
        calibration_date=datetime(2026, 1, 31, tzinfo=UTC),
    )
    seeds = (write_x3p(small), write_x3p(small, data_type="F"))
    return Target(seeds=seeds, tokens=(b"<!DOCTYPE", b"PK\x01\x02", b"Increment", b"9999999999", b"1e400"), read=read)
