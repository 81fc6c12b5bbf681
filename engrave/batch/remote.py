"""Pins made by workers that share no folder with us: they are told the job once and a mark a pin, and return files."""

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from engrave.base.config import parse_json
from engrave.base.errors import InputError
from engrave.base.version import DISTRIBUTION, tool_version
from engrave.batch.pin import Workshop, make_pin, workshop_for
from engrave.code.mark import Mark
from engrave.job import job_from_json
from engrave.job.resolve import JOB_SCHEMA

# A worker may have several threads; they would compute no faster, and each would want memory of its own.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTask:
    """A pin; ``job`` names the document that was handed out, ``version`` is that of whoever asks."""

    job: str
    version: str
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePin:
    """A pin's files by name."""

    mark: Mark
    files: dict[str, bytes]


def make_remotely(task: RemoteTask) -> RemotePin:
    """Make a pin of the job that this worker was handed. Raises InputError where the worker is of another version."""
    with _ONE_AT_A_TIME:
        files, _ = make_pin(_workshop(task.job, task.version), task.mark)
    return RemotePin(mark=task.mark, files=files)


# A cluster may serve several batches in turns.
@lru_cache(maxsize=4)
def _workshop(job: str, version: str) -> Workshop:
    from engrave.batch.workers.held import held  # noqa: PLC0415 - an extra

    if version != tool_version():
        raise InputError(f"a worker has {DISTRIBUTION} {tool_version()}, and this is {version}; install the same there")
    document = parse_json(held(job).decode(), origin="job.json", schema=JOB_SCHEMA)
    return workshop_for(job_from_json(document, origin="job.json"))
