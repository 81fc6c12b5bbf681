"""Make a batch of every CSV file that is put into a folder.

Usage: python examples/watch_folder.py INBOX OUTBOX [--job JOB.toml] [--registry URL] [--workers N] [--every S] [--once]

NAME.csv becomes the folder OUTBOX/NAME-HASH, by the hash of what the file holds. A file is touched only when its batch
has ended: then it goes to INBOX/done, to INBOX/failed (pins that did not pass, and the folder says why), or to
INBOX/refused with the faults beside it (nothing was made). Kill this at any moment and start it again: a batch that was
under way is resumed, and nothing whole is made twice. What cannot be finished now, since a disk is full, a registry
away, or the folder another job's, stays in INBOX and is tried again. The job is read once, at the start.

Whoever writes a file should write it under another ending and rename it; one that still grows is waited for.
"""

import argparse
import hashlib
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engrave import api
from engrave.base.errors import EngraveError, Exit, OccupiedError

_HASH_LETTERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where files come from, where folders go, and what they are made by."""

    inbox: Path
    outbox: Path
    job: api.Job
    registry: api.RegistryGiven | None
    workers: int


def waiting(inbox: Path) -> list[Path]:
    """CSV files to work on, the oldest first."""
    found = {path: stamp(path) for path in inbox.glob("*.csv") if not path.name.startswith(".")}
    there = [(state[1], path.name, path) for path, state in found.items() if state is not None]
    return [path for _, _, path in sorted(there)]


def stamp(path: Path) -> tuple[int, int] | None:
    """What changes while a file is written; None where there is no file: somebody else may have taken it."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return (state.st_size, state.st_mtime_ns) if stat.S_ISREG(state.st_mode) else None


def name_of(path: Path) -> str:
    """The name of a file's batch, by what the file holds now."""
    return f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:_HASH_LETTERS]}"


def engraved(path: Path, desk: Desk) -> Exit:
    """Make the batch of one file, and put the file where it belongs. A file that stays is answered with UNFINISHED."""
    try:
        return _engraved(path, name_of(path), desk)
    except OSError as error:  # the file cannot be read, or not be put away: the others are waiting
        print(f"{path.name}: {error}", flush=True)
        return Exit.UNFINISHED


def _engraved(path: Path, name: str, desk: Desk) -> Exit:
    try:
        outcome = api.batch(path, desk.outbox / name, desk.job, workers=desk.workers, registry=desk.registry)
    except EngraveError as error:
        print(f"{path.name}: {error}", flush=True)
        if error.exit_code is not Exit.WRONG_INPUT or isinstance(error, OccupiedError):
            return Exit.UNFINISHED  # mend what it says: the next round tries again
        put(path, desk.inbox / "refused" / f"{name}.csv", faults=error.faults)
        return Exit.WRONG_INPUT
    passed = outcome.passed
    print(f"{path.name}: {passed} of {len(outcome.pins)} pins pass: {outcome.folder / 'index.html'}", flush=True)
    put(path, desk.inbox / ("done" if outcome.good else "failed") / f"{name}.csv")
    return Exit.DONE if outcome.good else Exit.NO


def put(path: Path, place: Path, *, faults: tuple[str, ...] = ()) -> None:
    """Move a file, the faults before it, so that no refused file ever lies there without its reasons.

    One that was replaced while its batch was made is another order, and waits for the next round.
    """
    if f"{name_of(path)}.csv" != place.name:
        print(f"{path.name}: was replaced meanwhile, and stays for the next round", flush=True)
        return
    place.parent.mkdir(exist_ok=True)
    if faults:
        place.with_suffix(".txt").write_text("\n".join(faults) + "\n", encoding="utf-8")
    path.replace(place)


def rounds(desk: Desk, *, every_s: float) -> Iterator[Exit]:
    """Work on files that did not change since the last look, for ever."""
    seen: dict[Path, tuple[int, int] | None] = {}
    while True:
        now = {path: stamp(path) for path in waiting(desk.inbox)}
        for path in [path for path in now if seen.get(path) == now[path]]:
            yield engraved(path, desk)
        seen = now
        time.sleep(every_s)


def main() -> int:
    """Watch until interrupted, or take what is there once: the exit code of the worst batch then."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inbox", type=Path)
    parser.add_argument("outbox", type=Path)
    parser.add_argument("--job", type=Path)
    parser.add_argument("--registry", help="the registry's address; the password stands elsewhere")
    parser.add_argument("--workers", type=int, default=1, choices=range(1, 257), metavar="N")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two looks")
    parser.add_argument("--once", action="store_true", help="take what is there, and end")
    given = parser.parse_args()
    if not given.inbox.is_dir():
        parser.error(f"{given.inbox}: is no folder; make it first")  # nothing would ever come out of it
    registry = api.RegistryGiven(address=given.registry) if given.registry else None
    try:
        job = api.load_job(given.job)  # once: a fault of the job is no reason to refuse every file
    except EngraveError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    desk = Desk(inbox=given.inbox, outbox=given.outbox, job=job, registry=registry, workers=given.workers)
    desk.outbox.mkdir(parents=True, exist_ok=True)
    try:
        if given.once:
            # 0 where all is well, else 1 before 2 before 3: what can be repeated is told first.
            codes = [int(engraved(path, desk)) for path in waiting(desk.inbox)]
            return min((code for code in codes if code), default=int(Exit.DONE))
        for _ in rounds(desk, every_s=given.every):
            pass
    except KeyboardInterrupt:
        print("interrupted; start again to go on", flush=True)
    return int(Exit.INTERRUPTED)


if __name__ == "__main__":  # workers import this file
    sys.exit(main())
