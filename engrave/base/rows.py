"""Rows on disk and not in memory: ten thousand take no more of it than ten."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile, gettempdir
from typing import IO, Any

from engrave.base.files import writing

_FEW_BYTES = 1_000_000


class Rows:
    """JSON objects or lists that can be read as often as one likes, in their order.

    They lie in ``file``, which is theirs alone. Raises UnfinishedError where it cannot be written.
    """

    def __init__(self, file: IO[bytes], rows: Iterable[object]) -> None:
        self._file = file
        for row in rows:
            line = json.dumps(row, allow_nan=False).encode()
            with _keeping():
                file.write(line + b"\n")
        with _keeping():
            file.flush()

    def __iter__(self) -> Iterator[Any]:
        at = 0
        while True:
            self._file.seek(at)
            line = self._file.readline()
            if not line:
                return
            at = self._file.tell()
            yield json.loads(line)


@contextmanager
def _keeping() -> Iterator[None]:
    """What the block cannot keep is an UnfinishedError that names the place for temporary files."""
    try:
        yield
    except OSError as error:
        with writing(_place()):
            raise error from None


def _place() -> Path:
    """Where temporary files lie. It is asked where something went wrong alone: the first answer is found by writing."""
    try:
        return Path(gettempdir())
    except OSError:
        return Path("TMPDIR")


def rows_file() -> IO[bytes]:
    """Where rows may lie: in memory while they are few, then in a file without a name, gone with the process.

    A folder that is finished is looked at without a write anywhere.
    """
    return SpooledTemporaryFile(max_size=_FEW_BYTES)
