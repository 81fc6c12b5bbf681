"""The long proof of the registry at a hundredth, and that it can fail; a server that goes away in the middle."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from benchmarks import proof_registry
from benchmarks.proof_registry import FIRST_ID, MODEL, Plan, acknowledged, judged, planned, prepare, serials_of, work
from benchmarks.raw_registry import Raw, raw_registry
from engrave.base.errors import UnfinishedError
from engrave.registry.audit import audit
from engrave.registry.chain import Stamp
from engrave.registry.connection import Registry, writing
from engrave.registry.issuing import issue
from engrave.registry.store import opened

SMALL = Plan(codes=100, kills=0, crashes=0, at_once=7)


def worked(given: str, folder: Path) -> None:
    """What the proof's workers do, here one after the other."""
    prepare(given, SMALL)
    for worker in range(proof_registry.WORKERS):
        task = {"worker": worker, "start": worker, "given": given, "codes": 100, "kills": 0, "crashes": 0, "at_once": 7}
        work(task, folder / f"{worker}.acknowledged")


def test_the_full_proof_is_of_the_size_that_is_claimed() -> None:
    plan = planned(1)
    assert (plan.codes, plan.kills, plan.at_once, proof_registry.WORKERS) == (100_000, 96, 500, 8)
    every = [serials_of(worker, plan) for worker in range(8)]
    assert len(set().union(*every)) == 100_000
    # Serials that all of them want.
    assert len(set(every[0]).intersection(*every[1:])) == plan.common == 2_000


@pytest.mark.slow
def test_nothing_is_lost_or_double_amid_kills(
    postgresql: Callable[[], AbstractContextManager[str]],  # noqa: ARG001 - the proof starts a server of its own
) -> None:
    results = proof_registry.prove_registry(0.01)
    assert {name: result["holds"] for name, result in results.items()} == {"sqlite": True, "postgresql": True}, results
    assert all(result["codes"] == 1000 and result["kills"] >= 7 for result in results.values())
    assert results["postgresql"]["server_crashes"] == 1


def test_the_proof_fails_where_something_is_lost(given: str, tmp_path: Path, raw: Raw) -> None:
    worked(given, tmp_path)
    sound = judged(given, SMALL, tmp_path)
    assert sound["holds"]
    assert (sound["codes"], sound["ids_skipped"]) == (100, 0)
    path = tmp_path / "3.acknowledged"
    lines = path.read_text().splitlines(keepends=True)
    serial, identifier, code, start = lines[0].split()
    path.write_text(f"{serial} {identifier} {int(code) ^ 1} {start}\n" + "".join(lines[1:]))
    assert judged(given, SMALL, tmp_path)["acknowledged_but_lost_or_other"] == 1
    path.write_text("".join(lines[1:]))
    assert not judged(given, SMALL, tmp_path)["holds"]
    path.write_text("".join(lines))
    with raw.unguarded():
        raw.run(f"DELETE FROM steps WHERE mark = {FIRST_ID + 5}")  # noqa: S608 - a number of ours
        raw.run(f"DELETE FROM marks WHERE id = {FIRST_ID + 5}")  # noqa: S608 - as above
    lost = judged(given, SMALL, tmp_path)
    assert not lost["holds"]
    assert lost["ids_skipped"] == 1
    assert lost["acknowledged_but_lost_or_other"] >= 1
    assert lost["audit_faults"] >= 1


def test_a_line_that_was_cut_off_acknowledges_nothing(tmp_path: Path) -> None:
    path = tmp_path / "0.acknowledged"
    assert acknowledged(path) == []
    path.write_text("W0-1 7000 12 0\nW0-2 7001 1")
    assert acknowledged(path) == [("W0-1", 7000, 12, 0)]


def test_a_restarted_worker_goes_on_where_its_file_ends(given: str, tmp_path: Path, raw: Raw) -> None:
    prepare(given, SMALL)
    task = {"worker": 0, "start": 1, "given": given, "codes": 100, "kills": 0, "crashes": 0, "at_once": 7}
    path = tmp_path / "0.acknowledged"
    work(task, path)
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == len(serials_of(0, SMALL)) == raw.one("SELECT count(*) FROM marks")
    path.write_text("".join(lines[:5]) + lines[5][:4])
    work({**task, "start": 2}, path)
    # The same codes, acknowledged by the second start.
    assert [line.rsplit(" ", 1)[0] for line in path.read_text().splitlines()] == [
        line.rsplit(" ", 1)[0] for line in lines
    ]
    assert raw.one("SELECT count(*) FROM marks") == len(lines)
    assert judged(given, SMALL, tmp_path)["committed_and_killed_before_acknowledging"] > 0


def _write_while_the_server_ends_it(registry: Registry, given: str) -> None:
    with writing(registry) as connection:
        connection.exec_driver_sql("INSERT INTO models VALUES (9, 'Bolt', 'P-9', 6)")
        with raw_registry(given) as other:
            other.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'"
            )
        connection.exec_driver_sql("INSERT INTO models VALUES (10, 'Bolt', 'P-10', 6)")


def test_a_server_that_goes_away_is_told_and_nothing_is_added(filled: str, raw: Raw, stamp: Stamp) -> None:
    if raw.is_file:
        return
    before = raw.dump()
    with opened(filled) as registry:
        with pytest.raises(UnfinishedError, match="mend that and repeat the command"):
            _write_while_the_server_ends_it(registry, filled)
        assert raw.dump() == before
        assert issue(registry, [(*MODEL, "AB0900")], stamp)[0].id == 1900
        assert audit(registry).sound


def test_without_a_server_the_proof_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_registry, "programs", lambda: None)
    monkeypatch.setattr(proof_registry, "prove", lambda *_, **__: {"holds": True})
    missing = {"holds": False, "reason": "PostgreSQL is not installed"}
    assert proof_registry.prove_registry(0.01) == {"sqlite": {"holds": True}, "postgresql": missing}
