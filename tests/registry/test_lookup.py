"""The index of marks kept beside a registry: always what is on record, whatever happens to its file."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from engrave.registry.becoming import advance, void
from engrave.registry.chain import Stamp, head_of
from engrave.registry.connection import Registry, reading
from engrave.registry.index import built_index, load_index, save_index
from engrave.registry.issuing import issue
from engrave.registry.lookup import (
    cache_place,
    codes_as_of,
    codes_on_record,
    index_on_record,
    marks_on_record,
    steps_on_record,
)
from engrave.registry.schema import marks
from engrave.registry.store import opened


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own for caches."""
    folder = tmp_path / "caches"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def _codes(registry: Registry) -> list[int]:
    with reading(registry) as connection:
        codes: list[int] = codes_on_record(registry, connection).tolist()
    return codes


def _truth(registry: Registry) -> list[int]:
    with reading(registry) as connection:
        return sorted(connection.execute(select(marks.c.code)).scalars())


def _place(registry: Registry) -> Path:
    with reading(registry) as connection:
        place = cache_place(registry, connection)
    assert place is not None
    return place


def _add(registry: Registry, stamp: Stamp, *serials: str) -> None:
    issue(registry, [("Acme", "P-1", serial) for serial in serials], stamp)


def test_it_is_what_is_on_record_and_keeps_up(registry: Registry, stamp: Stamp) -> None:
    assert len(_truth(registry)) == 6
    assert _codes(registry) == _truth(registry)
    place = _place(registry)
    assert place.is_file()
    _add(registry, stamp, "AB0100", "AB0101")
    # The file is older than the record now, and is not asked for what is newer.
    assert _codes(registry) == _truth(registry)
    assert len(_codes(registry)) == 8
    place.unlink()
    assert _codes(registry) == _truth(registry)


def test_it_stands_beside_a_file_and_otherwise_in_the_users_caches(registry: Registry, caches: Path) -> None:
    _codes(registry)
    place = _place(registry)
    assert place.is_file()
    if registry.is_file:
        assert place == Path(f"{registry.name}.index")
        assert not caches.exists()
    else:
        assert place.parent == caches / "pin-engrave"
        assert place.stem.isalnum()
        assert len(place.stem) == 64
        assert place.parent.stat().st_mode & 0o077 == 0


def test_without_a_home_it_works_without_a_file(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    assert _codes(registry) == _truth(registry)


def _damages(data: bytes) -> Iterator[bytes]:
    yield b""
    yield b"x"
    yield data[:-1]
    yield data + b"\0"
    yield b"\xff" * len(data)
    for place in (0, 9, 13, 17, 25, 31, 33, 40, len(data) - 1):
        yield data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_a_damaged_file_is_made_again(registry: Registry) -> None:
    expected = _codes(registry)
    place = _place(registry)
    data = place.read_bytes()
    for damaged in _damages(data):
        place.write_bytes(damaged)
        assert _codes(registry) == expected
        assert place.read_bytes() == data


def test_a_file_of_another_registry_is_not_used(registry: Registry) -> None:
    _codes(registry)
    place = _place(registry)
    ours = place.read_bytes()
    # The other one's events have the same numbers and other hashes.
    save_index(built_index([[1, 2, 3]], "ab" * 32, 6), place)
    assert _codes(registry) == _truth(registry)
    assert place.read_bytes() == ours


def test_a_registry_that_was_restored_from_a_backup_does_not_use_the_file_of_its_other_future(
    tmp_path: Path, filled: str, stamp: Stamp
) -> None:
    if "://" in filled:
        pytest.skip("a backup of PostgreSQL is the server's affair")
    backup = tmp_path / "backup.db"
    shutil.copy(filled, backup)
    with opened(filled) as registry:
        _add(registry, stamp, "AB0200", "AB0201")
        assert len(_codes(registry)) == 8
    shutil.copy(backup, filled)
    with opened(filled) as registry:
        # Fewer events than the file takes in.
        assert _codes(registry) == _truth(registry)
    shutil.copy(filled + ".index", tmp_path / "kept")
    with opened(filled) as registry:
        _add(registry, stamp, "AB0300")
        _add(registry, stamp, "AB0301")
        _codes(registry)
    shutil.copy(backup, filled)
    with opened(filled) as registry:
        _add(registry, stamp, "AB0400")
        _add(registry, stamp, "AB0401")
        _add(registry, stamp, "AB0402")
        # More events, of which one has the number that the file names.
        assert _codes(registry) == _truth(registry)


def test_where_it_cannot_be_written_it_works_without(registry: Registry, stamp: Stamp) -> None:
    place = _place(registry)
    (place / "in the way").mkdir(parents=True)
    assert _codes(registry) == _truth(registry)
    _add(registry, stamp, "AB0100")
    assert _codes(registry) == _truth(registry)
    assert [entry.name for entry in place.parent.iterdir() if entry.name.startswith(".unfinished")] == []


def test_where_the_folder_cannot_be_made_it_works_without(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert _codes(registry) == _truth(registry)


def test_several_at_once_and_a_file_that_vanishes(filled: str, stamp: Stamp) -> None:
    def look(number: int) -> bool:
        with opened(filled) as registry:
            place = _place(registry)
            found = []
            for _ in range(4):
                with reading(registry) as connection:
                    codes = codes_on_record(registry, connection).tolist()
                    found.append(codes == sorted(connection.execute(select(marks.c.code)).scalars()))
                if number == 0:
                    place.unlink(missing_ok=True)
                if number == 1:
                    _add(registry, stamp, f"AB06{len(found):02}")
            return all(found)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(look, range(4))) == [True] * 4


def test_few_new_marks_are_not_worth_writing_a_large_file_again(
    registry: Registry, stamp: Stamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engrave.registry.lookup._WORTH_WRITING", 3)
    _codes(registry)
    place = _place(registry)
    before = place.read_bytes()
    _add(registry, stamp, "AB0100", "AB0101")
    assert _codes(registry) == _truth(registry)
    assert place.read_bytes() == before
    _add(registry, stamp, "AB0102")
    assert _codes(registry) == _truth(registry)
    with reading(registry) as connection:
        index = load_index(place, head_of(connection).hash)
    assert index is not None
    assert index.codes.tolist() == _truth(registry)


def test_afresh_is_from_the_record_whatever_the_file_says(registry: Registry) -> None:
    with reading(registry) as connection:
        head = head_of(connection)
        place = _place(registry)
        place.parent.mkdir(parents=True, exist_ok=True)
        save_index(built_index([[1, 2, 3]], head.hash, head.seq), place)
        assert codes_on_record(registry, connection).tolist() == [1, 2, 3]
        assert index_on_record(registry, connection, afresh=True).codes.tolist() == _truth(registry)
        assert codes_on_record(registry, connection).tolist() == _truth(registry)


def test_as_of_an_event(registry: Registry, stamp: Stamp) -> None:
    with reading(registry) as connection:
        head, then = head_of(connection), _truth(registry)
    _add(registry, stamp, "AB0100", "AB0101")
    with reading(registry) as connection:
        now = codes_on_record(registry, connection)
        past = codes_as_of(now, connection, head.seq)
        assert past.dtype == np.uint32
        assert (past.tolist(), len(now)) == (then, 8)
        assert codes_as_of(now, connection, head.seq + 1).tolist() == now.tolist()
        assert codes_as_of(now, connection, 1).tolist() == []


def test_what_is_told_of_marks(registry: Registry, stamp: Stamp) -> None:
    # By conftest: AB0003 was replaced by id 5001 of the pool (X-1 has 5000), AB0001 and others were engraved.
    void(registry, [("Acme", "P-1", "AB0002")], "lost", stamp)
    advance(registry, [1001], "rendered", {}, stamp)
    with reading(registry) as connection:
        told = marks_on_record(connection, [1003, 1001, 1002, 5001, 1500, 77])
        steps = steps_on_record(connection, [1001, 1003])
    assert set(told) == {1003, 1001, 1002, 5001, 1500}
    old, new = told[1003], told[5001]
    assert (old.serial, old.maker, old.model, old.state, old.issue) == ("AB0003", "Acme", "P-1", "void", 0)
    assert (new.serial, new.state, new.issue) == ("AB0003", "allocated", 1)
    assert old.replaced_by is not None
    assert (old.replaced_by.id, old.replaced_by.characters) == (5001, new.characters)
    assert new.replaces is not None
    assert (new.replaces.id, new.replaces.characters) == (1003, old.characters)
    assert (old.replaces, new.replaced_by) == (None, None)
    assert (told[1001].state, told[1002].state, told[1500].state) == ("rendered", "void", "allocated")
    assert (told[1001].profile, told[1500].profile, told[1001].lot) == ("A", None, None)
    assert [step.state for step in steps[1001]] == ["allocated", "rendered"]
    assert [step.state for step in steps[1003]] == ["allocated", "void"]
    assert all(step.time == stamp.time for step in steps[1001])
