"""Folders of finished pins: what is there, and what is missing from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engrave.base.config import parse_json
from engrave.base.errors import Collecting, InputError
from engrave.base.files import TEMPORARY_PREFIX, read_bytes, read_text
from engrave.code.mark import MARK_SCHEMA, Mark, mark_from_json
from engrave.job import Job, job_from_json
from engrave.job.resolve import JOB_SCHEMA

MOST_PROGRAM_BYTES = 500_000_000
_MOST_MARK_BYTES = 1_000_000
_MOST_JOB_BYTES = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PinFolder:
    """One pin to be looked at: its folder, the file that it is looked at by, its mark, and where its job is."""

    folder: Path
    file: Path
    mark: Mark
    job: Path

    def program(self) -> bytes:
        """The machine file."""
        return read_bytes(self.file, most=MOST_PROGRAM_BYTES)

    def files(self, names: Sequence[str]) -> dict[str, bytes]:
        """Those of the files that lie beside it."""
        there = {name: self.file.parent / name for name in names}
        return {name: read_bytes(path, most=MOST_PROGRAM_BYTES) for name, path in there.items() if path.is_file()}


def pins_in(path: Path, jobs: set[Path], faults: list[str]) -> Iterator[PinFolder]:
    """The pins that can be checked; every job that is asked for and every fault is put where it belongs.

    A path that is a file is the one pin's that lies there; else a pin's file is the one that it is judged by.
    """
    from engrave.verify.formats import kind_of  # noqa: PLC0415 - start-up

    if path.is_file():
        with Collecting(faults):
            kind_of(path.name)
    for folder in [path.parent] if path.is_file() else _folders(path, faults):
        found: list[str] = []
        mark: Mark | None = None
        job: Path | None = None
        with Collecting(found):
            mark = load_mark(folder / "mark.json")
        with Collecting(found):
            job = job_path(folder)
            jobs.add(job)
        file = path if path.is_file() else machine_file(folder)
        if not file.is_file():
            found.append(f"{folder}: no job.ngc, nor a scanner's job.ovf or job.lbrn2; put the machine file there")
        faults.extend(found)
        if mark is not None and job is not None and not found:
            yield PinFolder(folder=folder, file=file, mark=mark, job=job)


def _folders(path: Path, faults: list[str]) -> list[Path]:
    """The pin itself, or every pin of a batch, by name."""
    from engrave.batch import recorded_files  # noqa: PLC0415 - start-up

    if machine_file(path).is_file() or (path / "mark.json").is_file():
        return [path]
    found: set[str] = set()
    if (path / "pins").is_dir():
        found = {entry.name for entry in (path / "pins").iterdir() if entry.is_dir()}
    named: set[str] = set()
    with Collecting(faults):
        named = set(recorded_files(path))
    faults += [f"{path / 'pins' / name}: is not there, and manifest.json names it" for name in sorted(named - found)]
    if not found and not faults:
        what = (
            "holds neither machine file and mark.json of a pin nor pins/ of a batch"
            if path.is_dir()
            else "is no folder"
        )
        faults.append(f"{path}: {what}; name the folder of a pin or of a batch, or a pin's file")
    return [path / "pins" / name for name in sorted(found) if not name.startswith(TEMPORARY_PREFIX)]


def machine_file(folder: Path) -> Path:
    """The file that a pin is judged by: a stage's where there is one, else the scanner's that says most."""
    names = ("job.ngc", "job.ovf", "job.lbrn2")
    return next((folder / name for name in names if (folder / name).is_file()), folder / names[0])


def load_mark(path: Path) -> Mark:
    """The mark of a ``mark.json``. Raises InputError where it disagrees with itself."""
    document = parse_json(read_text(path, most=_MOST_MARK_BYTES), origin=str(path), schema=MARK_SCHEMA)
    return mark_from_json(document, origin=str(path))


def job_path(folder: Path) -> Path:
    """Where the job of a pin's folder is. Raises InputError where there is none."""
    for candidate in (folder / "job.json", folder.resolve().parent.parent / "job.json"):
        if candidate.is_file():
            return candidate
    raise InputError(f"{folder}: no job.json beside the machine file or two folders up; put the batch's there")


def job_at(path: Path) -> Job:
    """The job of a ``job.json``. Raises InputError with every fault."""
    document = parse_json(read_text(path, most=_MOST_JOB_BYTES), origin=str(path), schema=JOB_SCHEMA)
    return job_from_json(document, origin=str(path))
