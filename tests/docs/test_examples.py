"""The examples are run as their users would, on small jobs."""

import importlib.util
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

_MOST_S = 300.0
_ROWS = "serial,maker,model\nAAA0001,Acme,P9\n"


@pytest.fixture
def job(project: Path, tmp_path: Path) -> Path:
    """The example job with one condition, which saves the time of the other's strike."""
    text = (project / "examples" / "job.toml").read_text()
    path = tmp_path / "job.toml"
    path.write_text(text.replace('conditions = ["nominal", "weak"]', 'conditions = ["nominal"]'))
    assert path.read_text() != text
    return path


@pytest.fixture
def started(project: Path, shell_environment: Mapping[str, str]) -> Callable[..., "subprocess.Popen[str]"]:
    """Start an example with these arguments."""

    def start(name: str, *arguments: str | Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-P", str(project / "examples" / name), *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=dict(shell_environment), stdout=pipe, stderr=pipe, text=True)

    return start


def _ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=_MOST_S)
    return process.returncode, out, err


def _wait_for(there: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + _MOST_S
    while not there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def _made(outbox: Path) -> list[Path]:
    """The pins that are whole; one under way has a folder whose name begins with a full stop."""
    return list(outbox.glob("night-*/pins/[!.]*/check.json"))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_a_watched_folder_goes_on_where_it_was_killed(
    job: Path, tmp_path: Path, started: Callable[..., "subprocess.Popen[str]"]
) -> None:
    inbox, outbox = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    (inbox / "night.csv").write_text(_ROWS + "AAA0002,Acme,P9\n")
    options = (inbox, outbox, "--job", job, "--every", "0.1")
    watching = started("watch_folder.py", *options)
    _wait_for(lambda: len(_made(outbox)) == 1, watching)
    watching.kill()
    _ended(watching)
    assert [path.name for path in inbox.iterdir()] == ["night.csv"]  # nothing was moved
    (first,) = _made(outbox)
    made_at = first.stat().st_mtime_ns

    again = started("watch_folder.py", *options)
    _wait_for((inbox / "done").is_dir, again)
    _wait_for(lambda: not (inbox / "night.csv").exists(), again)
    (inbox / "bad.csv").write_text(_ROWS + "X,Acme,P9\n")
    _wait_for(lambda: (inbox / "refused").is_dir() and not (inbox / "bad.csv").exists(), again)
    again.send_signal(signal.SIGINT)
    code, out, err = _ended(again)
    assert (code, err) == (130, "")
    assert "night.csv: 2 of 2 pins pass" in out
    assert first.stat().st_mtime_ns == made_at  # what was whole was not made again
    (folder,) = outbox.iterdir()
    assert [path.name for path in (inbox / "done").iterdir()] == [f"{folder.name}.csv"]
    assert {pin["verdict"] for pin in json.loads((folder / "manifest.json").read_bytes())["pins"]} == {"pass"}
    (told,) = (inbox / "refused").glob("bad-*.txt")
    assert "line 3" in told.read_text()
    assert told.with_suffix(".csv").read_text() == _ROWS + "X,Acme,P9\n"


@pytest.mark.slow
def test_a_watched_folder_is_taken_once(
    job: Path, tmp_path: Path, started: Callable[..., "subprocess.Popen[str]"]
) -> None:
    inbox, outbox = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    once = (inbox, outbox, "--job", job, "--once", "--workers", "2")
    assert _ended(started("watch_folder.py", *once)) == (0, "", "")
    job.write_text(job.read_text().replace('relief = "25um"', 'relief = "3um"'))
    (inbox / "shallow.csv").write_text(_ROWS)
    (inbox / ".hidden.csv").write_text(_ROWS)
    (inbox / "notes.txt").write_text("none of this program's")
    code, out, err = _ended(started("watch_folder.py", *once))
    assert (code, err) == (3, "")
    assert "shallow.csv: 0 of 1 pins pass" in out
    assert len(list((inbox / "failed").iterdir())) == 1
    assert {path.name for path in inbox.iterdir()} == {".hidden.csv", "notes.txt", "failed"}
    # Where the outbox has another job's folder in the batch's place, the file waits.
    shutil.copy(next((inbox / "failed").iterdir()), inbox / "shallow.csv")
    job.write_text(job.read_text().replace('relief = "3um"', 'relief = "4um"'))
    code, out, _ = _ended(started("watch_folder.py", *once))
    assert (code, (inbox / "shallow.csv").is_file()) == (1, True), out
    # A broken job ends the watch, and refuses no file.
    job.write_text("name = ")
    code, out, err = _ended(started("watch_folder.py", *once))
    assert (code, out, (inbox / "shallow.csv").is_file()) == (2, "", True)
    assert "job.toml" in err


@pytest.fixture
def watch(project: Path) -> Iterator[ModuleType]:
    """The example as a module, whose batches cost nothing."""
    spec = importlib.util.spec_from_file_location("watch_folder", project / "examples" / "watch_folder.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "watch_folder", module)
        spec.loader.exec_module(module)
        yield module


def test_a_file_that_was_replaced_while_its_batch_was_made_waits(
    watch: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one is another order: put away with the old one it would never be engraved."""
    made: list[str] = []

    def batch(path: Path, out: Path, *_: object, **__: object) -> SimpleNamespace:
        made.append(path.read_text())
        if len(made) == 1:
            path.write_text("the next order")
        return SimpleNamespace(passed=1, pins=[1], folder=out, good=True)

    monkeypatch.setattr(watch.api, "batch", batch)
    desk = watch.Desk(inbox=tmp_path, outbox=tmp_path / "out", job=None, registry=None, workers=1)
    path = tmp_path / "night.csv"
    path.write_text("the first order")
    watch.engraved(path, desk)
    assert path.read_text() == "the next order"
    watch.engraved(path, desk)
    assert made == ["the first order", "the next order"]
    assert [kept.read_text() for kept in (tmp_path / "done").iterdir()] == ["the next order"]
    # One that somebody else has taken, or that cannot be read, is no reason to stop.
    assert watch.engraved(path, desk) == 1
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "nowhere.csv").symlink_to(tmp_path / "absent")
    assert watch.waiting(tmp_path) == []


@pytest.mark.parametrize(
    ("inbox", "workers", "told"), [("absent", "1", "absent: is no folder"), (".", "0", "invalid choice: 0")]
)
def test_a_watch_that_could_do_nothing_is_not_begun(
    tmp_path: Path, started: Callable[..., "subprocess.Popen[str]"], inbox: str, workers: str, told: str
) -> None:
    line = (tmp_path / inbox, tmp_path / "out", "--once", "--workers", workers)
    code, out, err = _ended(started("watch_folder.py", *line))
    assert (code, out) == (2, "")
    assert told in err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_call_from_production(job: Path, tmp_path: Path, started: Callable[..., "subprocess.Popen[str]"]) -> None:
    (tmp_path / "serials.csv").write_text(_ROWS)
    arguments = (tmp_path / "serials.csv", tmp_path / "out", "--job", job)
    code, out, err = _ended(started("call_from_production.py", *arguments))
    (pin,) = json.loads((tmp_path / "out" / "manifest.json").read_bytes())["pins"]
    assert (code, out) == (0, f"AAA0001,{pin['characters']},pass\n")
    events = [json.loads(line) for line in err.splitlines()]
    assert [events[0]["event"], events[-1]["event"], events[-1]["exit_code"]] == ["started", "ended", 0]
    assert [(line["done"], line["total"]) for line in events if line["event"] == "progress"][-1] == (1, 1)
    before = _files(tmp_path / "out")
    assert _ended(started("call_from_production.py", *arguments))[:2] == (0, out)
    assert _files(tmp_path / "out") == before


def test_a_call_from_production_is_told_what_is_wrong(
    tmp_path: Path, started: Callable[..., "subprocess.Popen[str]"]
) -> None:
    (tmp_path / "serials.csv").write_text(_ROWS + "X,Acme,P9\nY,Acme,P9\n")
    code, out, err = _ended(started("call_from_production.py", tmp_path / "serials.csv", tmp_path / "out"))
    assert (code, out) == (2, "")
    assert len([line for line in err.splitlines() if line.startswith("input: ")]) == 2


@pytest.mark.parametrize(
    ("line", "told"), [(None, "No such file or directory"), ("kill -9 $$", "ended with -9 and no document")]
)
def test_a_call_from_production_without_an_answer_is_unfinished(
    tmp_path: Path, started: Callable[..., "subprocess.Popen[str]"], line: str | None, told: str
) -> None:
    program = tmp_path / "program"
    if line is not None:
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
    options = ("--program", program, "--tries", "1")
    code, out, err = _ended(started("call_from_production.py", tmp_path / "s.csv", tmp_path / "out", *options))
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert told in err


def test_a_call_from_production_tries_again_where_that_is_safe(
    tmp_path: Path, started: Callable[..., "subprocess.Popen[str]"]
) -> None:
    program = tmp_path / "program"
    program.write_text(
        '#!/bin/sh\necho x >> "$0.calls"\n'
        'echo \'{"schema": "pin-engrave/error/1", "slug": "unfinished", "exit_code": 1, "faults": ["full"]}\'\n'
        "exit 1\n"
    )
    program.chmod(0o755)
    options = ("--program", program, "--tries", "2")
    code, _, err = _ended(started("call_from_production.py", tmp_path / "s.csv", tmp_path / "out", *options))
    assert (code, err) == (1, "unfinished: full\n")
    assert Path(f"{program}.calls").read_text() == "x\nx\n"
