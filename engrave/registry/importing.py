"""Making a registry, and taking in what is on record or in use elsewhere: terms, sheets of marks, whole exports."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engrave.base.errors import raise_faults
from engrave.base.files import whole_file
from engrave.registry.chain import Head, Stamp, head_of
from engrave.registry.connection import Registry, connected, reading, registry_url, writing
from engrave.registry.documents import Document
from engrave.registry.incoming import check_all, take_in
from engrave.registry.sheets import read_sheet
from engrave.registry.staging import CHUNK, Arrival, Staging, staging
from engrave.registry.store import begin_registry, count_anew
from engrave.registry.terms import Terms, settle


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import added, how many marks were on record already, and the head of the log after it."""

    issuers: int
    keys: int
    blocks: int
    ranges: int
    marks: int
    passed_over: int
    head: Head


def found(given: str, *, identity: str, terms: Sequence[Terms], stamp: Stamp) -> None:
    """Make a registry with its first issuers; a file is there whole or not at all, a database has all of it or nothing.

    ``identity`` names it for good, and no two alike. Raises InputError with every fault, OccupiedError where the file
    is there.
    """
    url = registry_url(given)
    if url.get_backend_name() != "sqlite":
        _found(given, identity=identity, terms=terms, stamp=stamp)
        return
    with whole_file(Path(url.database or "")) as temporary:
        _found(str(temporary), identity=identity, terms=terms, stamp=stamp)


def _found(given: str, *, identity: str, terms: Sequence[Terms], stamp: Stamp) -> None:
    with connected(given, create=True) as registry, writing(registry) as connection:
        begin_registry(connection, registry.name, identity=identity, stamp=stamp)
        faults: list[str] = []
        settle(connection, terms, {}, stamp, faults)
        raise_faults(faults)


def import_terms(registry: Registry, terms: Sequence[Terms], told: dict[str, Any], stamp: Stamp) -> Imported:
    """Put issuers, blocks and ranges on record that are not there yet. Raises InputError with every fault."""
    faults: list[str] = []
    with writing(registry) as connection:
        counts = settle(connection, terms, told, stamp, faults)
        raise_faults(faults)
        return _imported(counts, passed_over=0, head=head_of(connection))


def import_sheet(registry: Registry, path: Path, stamp: Stamp, *, at_once: int = CHUNK) -> Imported:
    """Put the marks of a CSV file on record, ``at_once`` a transaction; those that are there already are passed over.

    Everything is held against the record before anything is written. Interrupted, it is repeated. Raises InputError
    with every fault.
    """
    faults: list[str] = []
    with staging(path.name, unit="line") as staged:
        count = _Counted(staged)
        digest = read_sheet(path, count, faults)
        staged.index()
        with reading(registry) as connection:
            faults += check_all(connection, staged)
        raise_faults(_cut(faults))
        new = 0
        for chunk in staged.chunks(at_once):
            with writing(registry) as connection:
                added, faults = take_in(connection, chunk, staged, {"file": digest}, stamp)
                raise_faults(_cut(faults))
                count_anew(connection)
            new += added
    with reading(registry) as connection:
        return _imported(Counter(marks=new), passed_over=count.total - new, head=head_of(connection))


def import_document(registry: Registry, path: Path, stamp: Stamp) -> Imported:
    """Merge an export of another registry into this one, in one transaction: any conflict stops it, nothing is added.

    Raises InputError with every fault.
    """
    faults: list[str] = []
    document = Document(path.name, faults)
    with staging(path.name, unit="mark") as staged:
        count = _Counted(staged)
        document.read(path, count)
        staged.index()
        raise_faults(_cut([*faults, *staged.faults()]))
        with writing(registry) as connection:
            counts = settle(connection, document.terms, document.source, stamp, faults)
            for chunk in staged.chunks():
                added, found_here = take_in(connection, chunk, staged, document.source, stamp)
                count_anew(connection)
                counts["marks"] += added
                faults += found_here
            raise_faults(_cut(faults))
            return _imported(counts, passed_over=count.total - counts["marks"], head=head_of(connection))


class _Counted:
    """Takes arrivals into a staging, and counts them."""

    def __init__(self, staged: Staging) -> None:
        self.total = 0
        self._staged = staged

    def __call__(self, arrivals: Iterator[Arrival]) -> int:
        self.total += self._staged.add(arrivals)
        return self.total


_MOST_FAULTS = 1000


def _cut(faults: Sequence[str]) -> Sequence[str]:
    """The faults, as many as anyone will read."""
    more = len(faults) - _MOST_FAULTS
    return [*faults[:_MOST_FAULTS], f"and {more} more faults"] if more > 0 else faults


def _imported(counts: Counter[str], *, passed_over: int, head: Head) -> Imported:
    return Imported(
        issuers=counts["issuers"],
        keys=counts["keys"],
        blocks=counts["blocks"],
        ranges=counts["ranges"],
        marks=counts["marks"],
        passed_over=passed_over,
        head=head,
    )
