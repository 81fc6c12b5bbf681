"""The output folder under every mishap, with pins that cost nothing to make: what is made matters to no test here."""

import errno
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from engrave.api import load_job
from engrave.base.config import json_bytes
from engrave.base.errors import InputError, OccupiedError, UnfinishedError
from engrave.base.files import TEMPORARY_PREFIX
from engrave.batch import (
    BatchOutcome,
    Orders,
    Workshop,
    making,
    named_by,
    read_serials,
    run_batch,
    silent,
    workshop_for,
)
from engrave.batch.folder import binding_of, claimed
from engrave.batch.workers import Loss
from engrave.code.mark import Mark, mark_to_json
from engrave.code.profiles import PROFILE_A

CSV = "serial,maker,model\nAAA0001,Acme,P9\nAAA0002,Acme,P9\nAAA0003,Acme,P9\n"
FILES = ("job.ngc", "layout.svg", "pin.svg", "impression.png", "views.json")
CHECK: dict[str, object] = {"verdict": "pass", "reading": None, "findings": [], "glyphs": [], "ring_cells": []}


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return workshop_for(replace(load_job(None), formats=("ngc",)))


@pytest.fixture(scope="module")
def orders(workshop: Workshop) -> Orders:
    ranges = workshop.setup.ranges
    return read_serials(CSV, job=workshop.setup.job, ranges=ranges, naming=named_by(ranges, PROFILE_A), origin="s.csv")


class Maker:
    """Makes pins of a few bytes; counts them; fails or is interrupted where a test asks for it."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.fails: dict[int, BaseException] = {}

    def __call__(self, _workshop: Workshop, mark: Mark) -> tuple[dict[str, bytes], None]:
        """Stand in for ``make_pin``."""
        self.made.append(mark.serial)
        if len(self.made) in self.fails:
            raise self.fails[len(self.made)]
        files = {name: f"{name} of {mark.characters}".encode() for name in FILES}
        return {**files, "mark.json": json_bytes(mark_to_json(mark)), "check.json": json_bytes(CHECK)}, None


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> Maker:
    made = Maker()
    monkeypatch.setattr("engrave.batch.making.make_pin", made)
    monkeypatch.setattr(
        "engrave.batch.run.write_index",
        lambda out, _folder, recorded, _setup: out.write(
            f"{len(list(recorded.pins))} pins, {sorted(recorded.files)}".encode()
        ),
    )
    return made


class Batch:
    """The same batch, as often as it is called."""

    def __init__(self, orders: Orders, workshop: Workshop, folder: Path) -> None:
        self.orders, self.workshop, self.folder = orders, workshop, folder
        self.input_sha256 = "0" * 64
        self.workers = 1

    def __call__(self) -> BatchOutcome:
        """Run it."""
        return run_batch(
            self.orders,
            self.workshop,
            self.folder,
            input_sha256=self.input_sha256,
            workers=self.workers,
            progress=silent,
        )

    def pin(self, index: int) -> Path:
        """One pin's folder."""
        return self.folder / "pins" / self.orders.good[index][1].characters

    def state(self) -> dict[str, tuple[bytes, int, int]]:
        """Every entry: bytes, time and inode."""
        return {
            str(path.relative_to(self.folder)): (
                path.read_bytes() if path.is_file() else b"",
                path.stat().st_mtime_ns,
                path.stat().st_ino,
            )
            for path in [self.folder, *sorted(self.folder.rglob("*"))]
        }

    def contents(self) -> dict[str, bytes]:
        """Every entry's bytes."""
        return {name: entry[0] for name, entry in self.state().items()}


@pytest.fixture
def batch(orders: Orders, workshop: Workshop, maker: Maker, tmp_path: Path) -> Batch:
    assert not maker.made
    return Batch(orders, workshop, tmp_path / "out")


def test_a_finished_folder_holds_what_the_manifest_names_and_no_more(batch: Batch) -> None:
    outcome = batch()
    assert (outcome.made, outcome.good) == (3, True)
    manifest = json.loads((batch.folder / "manifest.json").read_bytes())
    named = {f"pins/{pin['characters']}/{name}" for pin in manifest["pins"] for name in pin["files"]}
    on_disk = {str(path.relative_to(batch.folder)) for path in batch.folder.rglob("*") if path.is_file()}
    assert on_disk == named | set(manifest["files"]) | {"manifest.json"}
    assert [pin["serial"] for pin in manifest["pins"]] == ["AAA0001", "AAA0002", "AAA0003"]


def test_again_on_a_finished_folder_touches_nothing(batch: Batch, maker: Maker) -> None:
    first = batch()
    before = batch.state()
    assert batch() == replace(first, made=0)
    assert batch.state() == before
    assert len(maker.made) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="finds a descriptor's path under /proc")
def test_the_folders_own_name_outlives_a_power_cut(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is whole in it, and on record as made, would be lost with it."""
    synced: set[Path] = set()
    real = os.fsync

    def watched(descriptor: int) -> None:
        synced.add(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    top = batch.folder
    batch.folder = top / "2026" / "night"
    monkeypatch.setattr(os, "fsync", watched)
    batch()
    assert {top.parent, top, top / "2026", batch.folder, batch.folder / "pins"} <= synced


def test_a_finished_folder_may_be_read_only(batch: Batch) -> None:
    """Permission bits do not bind the superuser, so that nothing is opened for writing is what is looked at."""
    batch()
    opened: list[str] = []
    real = os.open

    def watched(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            opened.append(path)
        return real(path, flags, mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", watched)
        batch()
    assert opened == []


@pytest.mark.parametrize("name", [*FILES, "mark.json", "check.json"])
def test_a_pin_with_one_altered_byte_is_redone_and_no_other(batch: Batch, maker: Maker, name: str) -> None:
    batch()
    before = batch.contents()
    path = batch.pin(1) / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    assert batch().made == 1
    assert maker.made[3:] == ["AAA0002"]
    assert batch.contents() == before


@pytest.mark.parametrize("gone", ["job.ngc", "check.json", "", "index.html", "job.json"])
def test_what_is_gone_is_made_again(batch: Batch, maker: Maker, gone: str) -> None:
    batch()
    before = batch.contents()
    if gone in {"index.html", "job.json"}:
        (batch.folder / gone).unlink()
    elif gone:
        (batch.pin(2) / gone).unlink()
    else:
        shutil.rmtree(batch.pin(2))
    batch()
    assert batch.contents() == before
    assert len(maker.made) == (3 if gone in {"index.html", "job.json"} else 4)


def test_a_strangers_file_in_a_pins_folder_is_neither_named_nor_harmed(batch: Batch, maker: Maker) -> None:
    batch()
    (batch.pin(0) / ".DS_Store").write_bytes(b"x")
    before = batch.state()
    batch()
    assert batch.state() == before
    assert len(maker.made) == 3


@pytest.mark.parametrize("kind", [KeyboardInterrupt(), UnfinishedError("disk"), MemoryError()])
def test_an_interrupted_run_is_resumed_to_the_same_bytes(
    batch: Batch, maker: Maker, tmp_path: Path, kind: BaseException
) -> None:
    undisturbed = Batch(batch.orders, batch.workshop, tmp_path / "undisturbed")
    undisturbed()
    maker.made.clear()
    maker.fails = {2: kind}
    with pytest.raises(type(kind)):
        batch()
    assert sorted(path.name for path in batch.folder.iterdir()) == [".run.json", ".run.pins", "job.json", "pins"]
    run = json.loads((batch.folder / ".run.json").read_bytes())
    assert (run["schema"], run["input_sha256"]) == ("pin-engrave/run/1", "0" * 64)
    assert batch().made == 2
    assert maker.made == ["AAA0001", "AAA0002", "AAA0002", "AAA0003"]
    assert batch.contents() == undisturbed.contents()


def test_a_pin_that_an_interrupted_run_left_incomplete_is_made_again(batch: Batch, maker: Maker) -> None:
    maker.fails = {3: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        batch()
    (batch.pin(0) / "job.ngc").unlink()
    (batch.pin(1) / "mark.json").write_bytes(b"{}")
    assert batch().made == 3


@pytest.mark.parametrize("name", [*FILES, "mark.json", "check.json"])
def test_a_pin_that_is_altered_before_the_manifest_tells_of_it_is_made_again(
    batch: Batch, maker: Maker, tmp_path: Path, name: str
) -> None:
    undisturbed = Batch(batch.orders, batch.workshop, tmp_path / "undisturbed")
    undisturbed()
    maker.made.clear()
    maker.fails = {3: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        batch()
    data = bytearray((batch.pin(0) / name).read_bytes())
    data[len(data) // 2] ^= 1
    (batch.pin(0) / name).write_bytes(bytes(data))
    assert batch().made == 2
    assert maker.made[3:] == ["AAA0001", "AAA0003"]
    assert batch.contents() == undisturbed.contents()


def test_a_pin_that_is_altered_while_others_are_made_ends_the_run(
    batch: Batch, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def altering(shop: Workshop, mark: Mark) -> tuple[dict[str, bytes], None]:
        if mark.serial == "AAA0003":
            (batch.pin(0) / "job.ngc").write_bytes(b"G0 X9999")
        return maker(shop, mark)

    with monkeypatch.context() as patch:
        patch.setattr(making, "make_pin", altering)
        with pytest.raises(UnfinishedError, match="has been changed while the batch was made; repeat the command"):
            batch()
    assert not (batch.folder / "manifest.json").exists()
    assert (batch().made, maker.made[3:]) == (1, ["AAA0001"])


@pytest.mark.parametrize("left", [b"", b"\x00" * 99, b"0H5KB4M3 12ab"])
def test_a_torn_note_costs_nothing(batch: Batch, maker: Maker, left: bytes) -> None:
    maker.fails = {3: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        batch()
    path = batch.folder / ".run.pins"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:-9] + left)
    maker.fails = {4: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        batch()
    assert path.read_bytes() == first
    assert batch().made == 1
    assert not list(batch.folder.rglob(".*"))


class Threads:
    """A crew that has no processes: a worker's death is an error here."""

    def __init__(self, *, workers: int) -> None:
        self.workers = workers

    def room(self) -> int:
        """As many as there are workers."""
        return self.workers

    def begin(self) -> Executor:
        """As many threads."""
        return ThreadPoolExecutor(self.workers)

    def end(self, executor: Executor, *, at_once: bool) -> None:
        """Wait for them."""
        executor.shutdown(cancel_futures=at_once)

    def loss(self, error: BaseException) -> Loss | None:
        """One worker."""
        return Loss(reason="was killed") if isinstance(error, BrokenExecutor) else None

    def watch(self) -> None:
        """They cannot go away."""


def test_a_pin_that_kills_its_workers_is_named_and_the_others_are_made(
    batch: Batch, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(shop: Workshop, mark: Mark) -> tuple[dict[str, bytes], None]:
        if mark.serial == "AAA0002":
            (batch.folder / "pins" / f"{TEMPORARY_PREFIX}half").mkdir()
            raise BrokenExecutor
        return maker(shop, mark)

    batch.workers = 2
    monkeypatch.setattr(making, "LocalCrew", Threads)
    monkeypatch.setattr(making, "_workshop", lambda _folder, _sha256: batch.workshop)
    with monkeypatch.context() as poisoned:
        poisoned.setattr(making, "make_pin", killed)
        with pytest.raises(UnfinishedError) as raised:
            batch()
    poison = batch.orders.good[1][1]
    why = "set aside, since 2 workers died while they made it and nothing else; the last one was killed"
    assert raised.value.faults == (
        f"pin {poison.characters}, serial AAA0002 (Acme, P9): {why}",
        "everything else is made; repeat the command to try them again",
    )
    # No trace of the one that was set aside, and nothing that says the folder were finished.
    assert not (batch.folder / "manifest.json").exists()
    names = {batch.pin(0).name, batch.pin(2).name}
    assert {path.name for path in (batch.folder / "pins").iterdir()} == names
    assert batch().made == 1
    assert (batch.folder / "manifest.json").is_file()


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_interrupt_says_how_far_the_batch_came(batch: Batch, maker: Maker, at: int) -> None:
    maker.fails[at] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt, match=f"^stopped after {at - 1} of 3 pins; the same command goes on"):
        batch()
    maker.fails.clear()
    assert batch().made == 4 - at


def test_leftovers_of_a_killed_run_are_removed(batch: Batch) -> None:
    batch.folder.mkdir()
    (batch.folder / f"{TEMPORARY_PREFIX}0").write_bytes(b"half of .run.json")
    (batch.folder / ".run.lock").touch()
    assert batch().made == 3
    (batch.folder / "pins" / f"{TEMPORARY_PREFIX}1").mkdir()
    (batch.folder / ".run.lock").touch()
    batch()
    assert not list(batch.folder.rglob(".*"))


@pytest.mark.parametrize("document", ["manifest.json", ".run.json"])
@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"schema": "pin-engrave/error/1"}',
        b'{"schema": "pin-engrave/DOCUMENT/2"}',
        b'{"schema": "pin-engrave/DOCUMENT/1"}',
        b'{"schema": "pin-engrave/DOCUMENT/1", "input_sha256": 3, "job_sha256": 4}',
    ],
)
def test_a_damaged_document_is_refused_and_nothing_touched(
    batch: Batch, maker: Maker, document: str, damage: bytes
) -> None:
    batch()
    if document == ".run.json":
        (batch.folder / "manifest.json").unlink()
    name = document.strip(".").removesuffix(".json").encode()
    (batch.folder / document).write_bytes(damage.replace(b"DOCUMENT", name))
    before = batch.state()
    with pytest.raises(InputError, match=rf"{document}: .*name another folder"):
        batch()
    assert batch.state() == before
    assert len(maker.made) == 3


@pytest.mark.parametrize("pins", [None, 3, [3], [{}], [{"characters": "x", "files": 3}]])
def test_a_manifest_with_damaged_rows_is_refused(batch: Batch, pins: object) -> None:
    batch()
    path = batch.folder / "manifest.json"
    whole = path.read_bytes()
    path.write_text(json.dumps({**json.loads(whole), "pins": pins}))
    before = batch.state()
    with pytest.raises(InputError, match=r"manifest.json: .*put the document back as it was made"):
        batch()
    assert batch.state() == before


def test_other_serials_another_job_another_version(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    batch()
    before = batch.state()
    batch.input_sha256 = "1" * 64
    with pytest.raises(OccupiedError, match="belongs to other serials"):
        batch()
    batch.input_sha256 = "0" * 64
    other = Batch(batch.orders, replace(batch.workshop, job_document=b"{}"), batch.folder)
    with pytest.raises(OccupiedError, match="belongs to other job"):
        other()
    monkeypatch.setattr("engrave.batch.folder.tool_version", lambda: "99")
    with pytest.raises(OccupiedError, match="was made by"):
        batch()
    assert batch.state() == before


def test_a_folder_of_somebody_elses(batch: Batch, tmp_path: Path) -> None:
    batch.folder.mkdir()
    (batch.folder / "thesis.txt").write_text("irreplaceable")
    with pytest.raises(OccupiedError, match=r"'thesis\.txt'"):
        batch()
    assert [path.name for path in batch.folder.iterdir()] == ["thesis.txt"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(OccupiedError, match="is a file; name a folder"):
        Batch(batch.orders, batch.workshop, tmp_path / "file")()
    with pytest.raises(UnfinishedError, match="cannot write: not a directory"):
        Batch(batch.orders, batch.workshop, tmp_path / "file" / "below")()
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("workers", [0, -1])
def test_without_workers_nothing_is_begun(batch: Batch, workers: int) -> None:
    batch.workers = workers
    with pytest.raises(InputError, match=rf"workers: {workers} can make nothing; give 1 or more"):
        batch()
    assert not batch.folder.exists()


def test_a_second_run_is_refused_while_one_is_at_work(batch: Batch) -> None:
    batch.folder.mkdir()
    with (batch.folder / ".run.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UnfinishedError, match="another run is at work in it; wait"):
            batch()
        assert [path.name for path in batch.folder.iterdir()] == [".run.lock"]
    assert batch().made == 3


@pytest.mark.parametrize("gone", ["out", "out/pins"])
def test_a_folder_that_vanishes_ends_the_run_and_is_begun_again(
    batch: Batch, maker: Maker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gone: str
) -> None:
    def vanishing(shop: Workshop, mark: Mark) -> tuple[dict[str, bytes], None]:
        if mark.serial == "AAA0002":
            shutil.rmtree(tmp_path / gone)
        return maker(shop, mark)

    with monkeypatch.context() as patch:
        patch.setattr(making, "make_pin", vanishing)
        with pytest.raises(UnfinishedError, match=r"out/pins/.*: cannot write: no such file"):
            batch()
    assert maker.made == ["AAA0001", "AAA0002"]
    assert not (tmp_path / gone).exists(), "nothing is written where a disk was mounted"
    outcome = batch()
    assert (outcome.made, outcome.good) == (3, True)


def test_a_run_whose_folder_was_taken_leaves_the_next_runs_lock(batch: Batch) -> None:
    binding = binding_of(input_sha256=batch.input_sha256, job_sha256=batch.workshop.job_sha256)
    second = claimed(batch.folder, binding)

    def taken() -> None:
        with claimed(batch.folder, binding):
            shutil.rmtree(batch.folder)
            second.__enter__()

    with pytest.raises(UnfinishedError, match="was removed or replaced while the batch was made; repeat the command"):
        taken()
    with pytest.raises(UnfinishedError, match="another run is at work in it; wait"):
        batch()
    assert (batch.folder / ".run.json").is_file()
    second.__exit__(None, None, None)


def _failing(call: str, after: int) -> Iterator[pytest.MonkeyPatch]:
    real = getattr(os, call)
    calls = iter(range(10**6))

    def fails(*arguments: object) -> object:
        if next(calls) >= after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, fails)
        yield patch


@pytest.mark.parametrize("after", range(0, 24, 3))
def test_a_full_disk_leaves_only_what_is_whole(batch: Batch, maker: Maker, tmp_path: Path, after: int) -> None:
    """A full disk shows in fsync at the latest; that fails from its n-th call on, then there is room again."""
    undisturbed = Batch(batch.orders, batch.workshop, tmp_path / "undisturbed")
    undisturbed()
    maker.made.clear()
    for _ in _failing("fsync", after):
        with pytest.raises(UnfinishedError, match="the disk is full; free some space and repeat the command"):
            batch()
    left = batch.contents()
    assert "manifest.json" not in left
    assert not [name for name in left if TEMPORARY_PREFIX in name or name.endswith(".lock")]
    for name, data in left.items():
        if name not in {".run.json", ".run.pins"}:
            assert data == undisturbed.contents()[name], name
    batch()
    assert batch.contents() == undisturbed.contents()
