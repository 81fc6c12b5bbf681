"""What the runners share: medians of CPU time, the facts of a machine, and the commit that figures belong to."""

import hashlib
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import engrave

Answer = TypeVar("Answer")

_TOPS = ("engrave", "fonts", "toolpaths")
_SOURCES = {".py", ".toml", ".css", ".html", ".js"}
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """CPU seconds of every run, in the order they were made."""

    seconds: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """The middle run: a shared machine disturbs single runs, rarely half of them."""
        return statistics.median(self.seconds)

    def document(self) -> dict[str, Any]:
        """The JSON object of it."""
        return {"median_s": round(self.median_s, 6), "raw_s": [round(second, 6) for second in self.seconds]}


def timed(run: Callable[[], Answer], *, repeats: int) -> tuple[Timing, Answer]:
    """CPU seconds of this process, all its threads counted, over some runs after a first one that is not counted."""
    answer = run()
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        answer = run()
        seconds.append(time.process_time() - begin)
    return Timing(seconds=tuple(seconds)), answer


def compared(timings: dict[str, Timing], *, ours: str) -> dict[str, Any]:
    """The JSON object of several ways to do one thing; ``ratio`` is how many times as long as ours each took."""
    return {
        name: {**timing.document(), "ratio": round(timing.median_s / timings[ours].median_s, 2)}
        for name, timing in timings.items()
    }


def print_compared(title: str, results: dict[str, Any]) -> None:
    """One line for each way, with its ratio to ours."""
    print(title)
    for name, result in results.items():
        print(f"  {name:44} {result['median_s'] * 1e3:10.2f} ms CPU  x{result['ratio']:g}")


def child_cpu_s(arguments: Sequence[str], *, cwd: Path) -> float:
    """CPU seconds of a child process, user and system. Raises CalledProcessError where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(arguments, cwd=cwd, check=True, capture_output=True)  # noqa: S603 - our own arguments
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def commit() -> dict[str, Any]:
    """What was run: the commit, whether tracked files differ from it, and a hash of the three packages as they were.

    The hash is what counts where something was changed: it says whether a later commit holds the same sources.
    """
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return {"commit": "unknown", "changed": None, "sources_sha256": sources_sha256()}
    head = _output([git, "rev-parse", "HEAD"])
    changed = bool(_output([git, "status", "--porcelain", "--untracked-files=no"]))
    return {"commit": head, "changed": changed, "sources_sha256": sources_sha256()}


def sources_sha256() -> str:
    """SHA-256 over names and contents of the modules and data of the three packages, where they are imported from."""
    home = Path(engrave.__file__ or "").parent.parent
    digest = hashlib.sha256()
    for path in sorted(path for top in _TOPS for path in (home / top).rglob("*") if path.suffix in _SOURCES):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(home).as_posix()} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def _output(arguments: Sequence[str]) -> str:
    done = subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - git, above
    return done.stdout.strip()


def machine(libraries: Sequence[str]) -> dict[str, Any]:
    """What the figures depend on: processors, Python, versions of libraries; nothing that names the machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cores": cores,
        "system": platform.system(),
        "processor": platform.machine(),
        "python": sys.version.split()[0],
        "libraries": {name: _version(name) for name in libraries},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def write_json(path: Path, document: dict[str, Any]) -> None:
    """The document on disk, keys in the order given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
