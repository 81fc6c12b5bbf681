"""The QA report of a finished batch, made again from its folder alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engrave.api.folders import job_at
from engrave.base.errors import InputError, OccupiedError, raise_faults
from engrave.base.files import whole_file, write_atomic
from engrave.batch.folder import INDEX, JOB, MANIFEST, file_sha256, read_manifest
from engrave.batch.index import Recorded, table_csv, write_index
from engrave.job.setup import Setup, prepare


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMade:
    """What was written, and of how many pins; None for what was not asked for."""

    pins: int
    passed: int
    page: Path | None
    table: Path | None


def report(folder: Path, *, page: Path | None = None, table: Path | None = None) -> ReportMade:
    """Write the QA page of a finished batch, its table as CSV, or both, from ``manifest.json``, ``job.json`` and pins.

    Where neither is named, the page is put back into the folder, and only as the very bytes that the manifest records.
    An older file at ``page`` or ``table`` is replaced. Raises InputError where a document is missing or damaged,
    OccupiedError where the page would not be the one on record, UnfinishedError where a pin's document was changed
    since, or a file cannot be written.
    """
    named = (("--output", page), ("--csv", table))
    raise_faults(
        [
            f"{option}: there is no folder {path.parent}; make it, or name another file"
            for option, path in named
            if path is not None and not path.parent.is_dir()
        ]
    )
    manifest = _manifest(folder)
    recorded = _recorded(folder, manifest)
    setup = _setup(folder, manifest)
    if table is not None:
        write_atomic(table, table_csv(folder, recorded, setup))
    where = folder / INDEX if page is None and table is None else page
    if where is not None:
        _write_page(where, folder, recorded, setup, on_record=_on_record(where, folder, manifest))
    verdicts = [pin["verdict"] == "pass" for pin in recorded.pins]
    return ReportMade(pins=len(verdicts), passed=sum(verdicts), page=where, table=table)


def _manifest(folder: Path) -> dict[str, Any]:
    if not (folder / MANIFEST).is_file():
        raise InputError(f"{folder}: has no {MANIFEST}; name the folder of a batch that is finished")
    pins: list[Mapping[str, Any]] = []
    return {**read_manifest(folder, pins.append), "pins": pins}


def _recorded(folder: Path, manifest: Mapping[str, Any]) -> Recorded:
    """What the manifest records, without the page itself."""
    try:
        files = {str(name): str(digest) for name, digest in manifest["files"].items() if name != INDEX}
        pins = [{**pin, "files": dict(pin["files"])} for pin in manifest["pins"]]
        skipped = [{"line": int(row["line"]), "reason": str(row["reason"])} for row in manifest["skipped"]]
        needed = {"line", "lot", "characters", "verdict"}
        lacking = [sorted(needed - set(pin)) for pin in pins if needed - set(pin)]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{folder / MANIFEST}: {_DAMAGED}") from error
    if lacking:
        raise InputError(f"{folder / MANIFEST}: a pin lacks {', '.join(lacking[0])}; {_DAMAGED}")
    return Recorded(pins=pins, files=files, skipped=skipped)


_DAMAGED = "is not as this version writes it; put the document back as it was made"


def _setup(folder: Path, manifest: Mapping[str, Any]) -> Setup:
    """The job of the folder, made ready. Raises InputError where it is not the one that the manifest names."""
    path = folder / JOB
    if file_sha256(path) != manifest.get("job_sha256"):
        raise InputError(f"{path}: is not the job that {MANIFEST} records; put it back as it was made")
    return prepare(job_at(path))


def _on_record(where: Path, folder: Path, manifest: Mapping[str, Any]) -> str | None:
    """The hash that a page written there must have; None where it may be any."""
    if where.resolve() != (folder / INDEX).resolve():
        return None
    digest = manifest["files"].get(INDEX)
    return None if digest is None else str(digest)


def _write_page(where: Path, folder: Path, recorded: Recorded, setup: Setup, *, on_record: str | None) -> None:
    with whole_file(where, replace=True) as path:
        with path.open("wb") as file:
            write_index(file, folder, recorded, setup)
        if on_record is not None and file_sha256(path) != on_record:
            raise OccupiedError(
                f"{where}: {MANIFEST} records another page than this version writes; name a file of your own with -o"
            )
