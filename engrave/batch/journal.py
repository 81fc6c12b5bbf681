"""What a run has made so far: a hash a pin, so that one that is altered before the manifest tells of it is made again.

Lines of characters and ``hash_of`` the pin's files, in ``.run.pins``; it goes with ``.run.json``. A pin that was whole
when a run was killed, but not noted yet, is taken as it stands.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engrave.base.files import read_bytes, writing
from engrave.batch.folder import JOURNAL, write_if_changed

_LINE = re.compile(rb"^([0-9A-Z]+) ([0-9a-f]{64})\n", re.MULTILINE)
_MOST_BYTES = 1_000_000_000

Note = Callable[[str, str], None]


def noted(folder: Path) -> dict[str, str]:
    """One hash over the files of each pin that was noted, by characters; the last of each, and no line that is torn.

    Raises InputError where the journal cannot be read.
    """
    if not (folder / JOURNAL).is_file():
        return {}
    data = read_bytes(folder / JOURNAL, most=_MOST_BYTES)
    return {match[1].decode(): match[2].decode() for match in _LINE.finditer(data)}


@contextmanager
def journal(folder: Path) -> Iterator[Note]:
    """What notes a pin by its characters and hash. Raises UnfinishedError where it cannot be written."""
    path = folder / JOURNAL
    # A line that was torn would spoil the next one.
    write_if_changed(path, b"".join(_line(*entry) for entry in noted(folder).items()))
    with writing(path):
        file = path.open("ab", buffering=0)
    with file:

        def note(characters: str, sha256: str) -> None:
            # Not synchronised: what is lost with the power is a note, and the pin stands for itself.
            with writing(path):
                file.write(_line(characters, sha256))

        yield note


def _line(characters: str, sha256: str) -> bytes:
    return f"{characters} {sha256}\n".encode()
