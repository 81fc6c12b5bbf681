"""Files and folders that are whole or absent, whatever goes wrong in between."""

import errno
import os
from pathlib import Path

import pytest

from engrave.base.errors import Exit, InputError, OccupiedError, UnfinishedError
from engrave.base.files import (
    TEMPORARY_PREFIX,
    read_bytes,
    read_text,
    remove_leftovers,
    sha256_hex,
    whole_file,
    write_atomic,
    write_folder_atomic,
)


class PowerCut(BaseException):
    """Something that no handler catches."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def fail_with(error: BaseException) -> object:
    def raising(*_args: object, **_more: object) -> None:
        raise error

    return raising


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "job.ngc"
    write_atomic(path, b"one")
    assert path.read_bytes() == b"one"
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert names(tmp_path) == ["job.ngc"]


@pytest.mark.parametrize("owner", [Path, os], ids=["replace", "fsync"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), PowerCut()], ids=["full", "cut"])
def test_a_crash_in_the_middle_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type[Path], error: BaseException
) -> None:
    path = tmp_path / "job.ngc"
    write_atomic(path, b"old")
    monkeypatch.setattr(owner, "replace" if owner is Path else "fsync", fail_with(error))
    with pytest.raises((UnfinishedError, PowerCut)):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["job.ngc"]


def test_a_full_disk_is_named_and_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", fail_with(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(UnfinishedError, match="the disk is full; free some space and repeat the command") as caught:
        write_atomic(tmp_path / "a", b"x")
    assert caught.value.exit_code is Exit.UNFINISHED
    with pytest.raises(UnfinishedError, match="the disk is full; free some space and repeat the command"):
        write_folder_atomic(tmp_path / "b", {"c": b"x"})
    assert names(tmp_path) == []


def test_a_missing_folder_and_a_file_in_its_place_are_told(tmp_path: Path) -> None:
    with pytest.raises(UnfinishedError, match="no such file or directory; mend that and repeat"):
        write_atomic(tmp_path / "none" / "a", b"x")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnfinishedError, match="not a directory"):
        write_atomic(tmp_path / "file" / "a", b"x")
    with pytest.raises(UnfinishedError, match="cannot write"):
        write_folder_atomic(tmp_path / "file" / "a", {"b": b"x"})
    assert names(tmp_path) == ["file"]


def test_a_folder_appears_whole_and_replaces_an_older_one(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "0H5KB4M3"
    write_folder_atomic(folder, {"a": b"1", "b": b"2"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a": b"1", "b": b"2"}
    write_folder_atomic(folder, {"c": b"3"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"c": b"3"}
    assert names(tmp_path) == ["0H5KB4M3", "c", "deep"]


@pytest.mark.parametrize("calls_before", [0, 1], ids=["setting the old one aside", "putting the new one in place"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), PowerCut()], ids=["io", "cut"])
def test_a_crash_while_a_folder_is_replaced_leaves_the_old_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls_before: int, error: BaseException
) -> None:
    folder = tmp_path / "pin"
    write_folder_atomic(folder, {"a": b"1", "b": b"2"})
    rename, calls = Path.rename, []

    def failing(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == calls_before + 1:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises((UnfinishedError, PowerCut)):
        write_folder_atomic(folder, {"c": b"3"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a": b"1", "b": b"2"}
    assert names(tmp_path) == ["a", "b", "pin"]


def test_leftovers_go_and_nothing_else(tmp_path: Path) -> None:
    kept = tmp_path / "pins" / "0H5KB4M3"
    kept.mkdir(parents=True)
    (kept / "job.ngc").write_bytes(b"x")
    (kept / f"{TEMPORARY_PREFIX}12ab").write_bytes(b"half")
    half = tmp_path / "pins" / f"{TEMPORARY_PREFIX}34cd"
    half.mkdir()
    (half / "job.ngc").write_bytes(b"half")
    (half / f"{TEMPORARY_PREFIX}56ef").write_bytes(b"half")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a").write_bytes(b"mine")
    (tmp_path / "pins" / f"{TEMPORARY_PREFIX}link").symlink_to(outside)
    remove_leftovers(tmp_path / "pins")
    assert names(tmp_path / "pins") == ["0H5KB4M3", "job.ngc"]
    assert names(outside) == ["a"]


@pytest.mark.parametrize("folder", [True, False])
def test_a_leftover_that_cannot_be_removed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, folder: bool
) -> None:
    """Another user's, of a run that was killed: a folder that is finished must not hold it."""
    left = tmp_path / f"{TEMPORARY_PREFIX}12ab"
    if folder:
        left.mkdir()
        (left / "job.ngc").write_bytes(b"half")
    else:
        left.write_bytes(b"half")
    monkeypatch.setattr(os, "unlink", fail_with(PermissionError(errno.EACCES, "Permission denied")))
    with pytest.raises(UnfinishedError, match=f"{left.name}: cannot remove: permission denied; mend that and repeat"):
        remove_leftovers(tmp_path)


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes("\ufeffµ".encode())
    assert read_text(path, most=5) == "µ"
    assert read_bytes(path, most=5) == b"\xef\xbb\xbf\xc2\xb5"
    with pytest.raises(InputError, match="larger than 4 bytes"):
        read_bytes(path, most=4)
    path.write_bytes(b"ab\xff")
    with pytest.raises(InputError, match=r"line 1, column 3: byte 2 is not UTF-8; save the file as UTF-8"):
        read_text(path, most=9)
    with pytest.raises(InputError, match="cannot read: no such file"):
        read_bytes(tmp_path / "none", most=9)
    with pytest.raises(InputError, match="cannot read: is a directory"):
        read_bytes(tmp_path, most=9)


def test_the_hash_is_the_published_one() -> None:
    # FIPS 180-2, appendix B.1.
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_large_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.db"
    with whole_file(path) as temporary:
        temporary.write_bytes(b"whole")
        temporary.with_name(f"{temporary.name}-journal").write_bytes(b"beside it")
        assert temporary.parent == tmp_path
        assert not path.exists()
    assert names(tmp_path) == ["out.db"]
    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "error", [PowerCut(), InputError("wrong"), UnfinishedError("full"), OSError(errno.ENOSPC, "No space")]
)
def test_a_large_file_that_is_not_finished_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "old.db").write_bytes(b"old")
    for name, replace in (("new.db", False), ("old.db", True)):
        kind = UnfinishedError if isinstance(error, OSError) else type(error)
        with pytest.raises(kind):
            _write_half(tmp_path / name, error, replace=replace)
        assert names(tmp_path) == ["old.db"]
    assert (tmp_path / "old.db").read_bytes() == b"old"


def _write_overtaken(path: Path) -> None:
    with whole_file(path) as temporary:
        temporary.write_bytes(b"ours")
        path.write_bytes(b"theirs")


def _write_half(path: Path, error: BaseException, *, replace: bool) -> None:
    with whole_file(path, replace=replace) as temporary:
        temporary.write_bytes(b"half")
        raise error


def test_a_large_file_takes_nobodys_place(tmp_path: Path) -> None:
    (tmp_path / "old.db").write_bytes(b"old")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "folder").mkdir()
    for name in ("old.db", "nowhere", "folder"):
        with pytest.raises(OccupiedError), whole_file(tmp_path / name):
            pytest.fail("the block must not be entered")
    with pytest.raises(InputError, match="there is no folder"), whole_file(tmp_path / "absent" / "x.db"):
        pytest.fail("the block must not be entered")
    # Somebody else was faster.
    with pytest.raises(OccupiedError):
        _write_overtaken(tmp_path / "new.db")
    assert (tmp_path / "new.db").read_bytes() == b"theirs"
    with whole_file(tmp_path / "old.db", replace=True) as temporary:
        temporary.write_bytes(b"new")
    assert names(tmp_path) == ["folder", "new.db", "nowhere", "old.db"]
    assert (tmp_path / "old.db").read_bytes() == b"new"


@pytest.mark.parametrize("links", [True, False])
def test_a_large_file_takes_nobodys_place_at_the_last_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", fail_with(OSError(errno.EPERM, "Operation not permitted")))
    with whole_file(tmp_path / "first.db") as temporary:
        temporary.write_bytes(b"whole")
    assert names(tmp_path) == ["first.db"]
    if links:
        # Somebody else puts his file there between the last look and the renaming.
        monkeypatch.setattr("engrave.base.files._require_vacant", lambda _path, **_named: None)
    with pytest.raises(OccupiedError), whole_file(tmp_path / "first.db") as temporary:
        temporary.write_bytes(b"ours")
    assert (tmp_path / "first.db").read_bytes() == b"whole"
    assert names(tmp_path) == ["first.db"]
