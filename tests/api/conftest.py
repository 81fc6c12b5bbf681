"""Jobs made ready once."""

from collections.abc import Iterator

import pytest

from engrave import api
from engrave.job import Job, load_job
from engrave.job.setup import Setup, prepare


@pytest.fixture(scope="session", autouse=True)
def _prepared_once() -> Iterator[None]:
    """Let a job that several tests load be made ready once, and the example be loaded once: it takes half a second."""
    known: dict[bytes, Setup] = {}
    example = load_job(None)

    def prepare_once(job: Job) -> Setup:
        key = api.json_bytes(api.job_to_json(job))
        if key not in known:
            known[key] = prepare(job)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engrave.api.given.load_job", lambda path: example if path is None else load_job(path))
        patch.setattr("engrave.api.given.prepare", prepare_once)
        yield
