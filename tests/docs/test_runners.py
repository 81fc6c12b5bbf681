"""The benchmarks and the long proofs run, and the proofs can fail."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks import guided_fuzz, proof_code, proof_fuzz
from benchmarks.fuzz_target import Target
from benchmarks.prove import PROOFS
from engrave.base.shares import wilson
from engrave.code.reedsolomon import Filled, fill


def _run(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=project, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PROOFS))
def test_the_long_proofs_hold_at_a_thousandth(project: Path, tmp_path: Path, name: str) -> None:
    printed = _run(project, "benchmarks/prove.py", "--scale", "0.001", "--evidence", str(tmp_path), "--only", name)
    assert "FAILS" not in printed
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.json"]
    evidence = json.loads((tmp_path / f"{name}.json").read_text())
    assert (evidence["holds"], evidence["scale"], evidence["proof"]) == (True, 0.001, name)
    results = evidence["results"]
    if name == "code":
        assert results["erasures"]["right"] == 1000
    if name == "input":
        assert sum(result["cases"] for kind, result in results.items() if "guided" not in kind) == 1000
        assert sum(result["runs"] for kind, result in results.items() if "guided" in kind) >= 200
    if name == "batch":
        assert all(result["kills"] > 0 for result in results.values())
    if name == "cluster":
        assert results["killed worker"]["kills_in_mid_run"] == results["killed worker"]["trials"] > 0


@pytest.mark.slow
def test_the_benchmarks_run(project: Path, tmp_path: Path) -> None:
    printed = _run(project, "benchmarks/run.py", "--quick", "--json", str(tmp_path / "b.json"))
    document = json.loads((tmp_path / "b.json").read_text())
    assert document["quick"] is True
    assert {"start_up", "hatch", "codec", "dxf_writing", "gcode_reading", "stages"} <= set(document["results"])
    assert "x1" in printed


def test_the_interval_is_wilsons() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3: 81 of 263, and 0 of 20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_the_expected_share_is_that_of_all_errors_counted() -> None:
    # Of seven known symbols with two wrong: the check is one symbol, and one in 31 pairs of errors cancels in it.
    assert proof_code.expected_share(7, 2) == pytest.approx(1 / 31)
    # Eight known, two checks, three wrong: two linear conditions on three errors leave one of 31^2.
    assert proof_code.expected_share(8, 3) == pytest.approx(1 / 31**2)
    assert proof_code.expected_share(8, 2) == 0
    # Far above the distance the checks are met by chance.
    assert math.isclose(proof_code.expected_share(8, 8), 32**-2, rel_tol=1e-6)


def test_a_decoder_that_lets_errors_through_fails_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(symbols: proof_code.Words, known: proof_code.Known) -> Filled:
        return Filled(codewords=fill(symbols, known).codewords, consistent=np.ones(len(symbols), dtype=np.bool_))

    monkeypatch.setattr("benchmarks.proof_code.fill", blind)
    assert not proof_code.misreadings(words=100, seed=1)["holds"]


def test_a_reader_that_breaks_is_reported_with_the_case_that_breaks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(data: bytes) -> str:
        if data.count(b"\xff"):
            raise KeyError("planted")
        return "taken"

    planted = {"planted": Target(seeds=(b"serial\n",), tokens=(), read=read)}
    monkeypatch.setattr(proof_fuzz, "targets", lambda _folder: planted)
    found = proof_fuzz.fuzz("planted", cases=200, seed=1)
    assert not found["holds"]
    number = found["broken"][0]["number"]
    assert b"\xff" in proof_fuzz.case_bytes("planted", seed=1, number=number)


def test_every_reader_takes_what_it_is_fuzzed_from(tmp_path: Path) -> None:
    words = {"candidates", "identified", "something new", "with findings"}
    assert set(_taken(tmp_path)) == {"taken", *(f"taken: {word}" for word in words)}


def _taken(folder: Path) -> Iterator[str]:
    for target in proof_fuzz.targets(folder).values():
        for seed in target.seeds:
            yield target.read(seed)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is made for Linux only")
def test_a_guided_fuzzer_finds_what_a_planted_fault_hides_behind(project: Path) -> None:
    planted = """
import sys
import benchmarks.proof_fuzz as proof
def read(data):
    if b"boom" in data:
        raise KeyError("planted")
    return "taken"
proof.targets = lambda folder: {"planted": proof.Target(seeds=(b"ab",), tokens=(b"boom",), read=read)}
import benchmarks.guided_fuzz as guided
sys.argv = ["guided_fuzz", "planted", "--runs", "50000", "--seed", "1"]
guided.main()
"""
    ended = subprocess.run([sys.executable, "-c", planted], cwd=project, capture_output=True, check=False, timeout=300)
    assert ended.returncode != 0
    assert b"KeyError" in ended.stderr + ended.stdout
    assert not guided_fuzz.guided("no such target", runs=1, seed=1)["holds"]
    sound = guided_fuzz.guided("mark_json", runs=200, seed=1)
    assert sound["holds"]
    assert sound["runs"] >= 200
    assert sound["branches_last"] >= sound["branches_first"] > 0
