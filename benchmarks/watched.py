"""A command in a session of its own, and what all its processes together take: memory, processor, dead or alive."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = "from engrave.cli import main; main()"
_TICKS_S = 1 / os.sysconf("SC_CLK_TCK")
_SECOND_UTIME, _SECOND_STIME, _SESSION, _STATE = 11, 12, 3, 0


def begun(arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    """``pin-engrave`` with these arguments, by the code that this process has."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-P", "-c", PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def session(leader: int) -> Iterator[tuple[int, float]]:
    """Each process of a session that is not dead, with the CPU seconds that it has had."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[_SESSION]) == leader and fields[_STATE] not in "ZX":
            ticks = int(fields[_SECOND_UTIME]) + int(fields[_SECOND_STIME])
            yield int(entry.name), ticks * _TICKS_S


def memory_mb(process: int) -> float:
    """What a process has in memory, shared pages by their share (PSS); 0 where it is gone."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A moment of a run: seconds since it began, how far it was, and megabytes of the run and of all its processes."""

    at_s: float
    done: int
    own_mb: float
    all_mb: float
    cpu_s: float


@dataclass(slots=True, kw_only=True)
class Watched:
    """A run that has ended, and its samples."""

    code: int
    seconds: float
    samples: list[Sample] = field(default_factory=list)


def watched(arguments: Sequence[str], *, done: Callable[[], int], every_s: float) -> Watched:
    """Run the command to its end and look at it every so often; ``done`` says how far it is."""
    process, begin = begun(arguments), time.perf_counter()
    had: dict[int, float] = {}
    samples = []
    while process.poll() is None:
        had |= dict(session(process.pid))
        memory = {each: memory_mb(each) for each in had}
        samples.append(
            Sample(
                at_s=time.perf_counter() - begin,
                done=done(),
                own_mb=memory.get(process.pid, 0.0),
                all_mb=sum(memory.values()),
                cpu_s=sum(had.values()),
            )
        )
        time.sleep(every_s)
    return Watched(code=process.returncode, seconds=time.perf_counter() - begin, samples=samples)
