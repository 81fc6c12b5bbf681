"""A registry on a read-only medium: whoever only reads is served, whoever must write is told so."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engrave.api import record
from engrave.api.casefile import case_file
from engrave.api.tracing import trace
from engrave.base.errors import Exit, UnfinishedError

_NOBODY = 65534


@contextmanager
def _unprivileged() -> Iterator[None]:
    """The superuser may write to what is read-only, and so takes another account meanwhile."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody can come to, which a test's own is not."""
    path = Path(tempfile.mkdtemp(prefix="read-only-"))
    yield path
    path.chmod(0o700)
    shutil.rmtree(path)


def test_a_read_only_registry_is_read_and_not_traced(folder: Path, tmp_path: Path) -> None:
    address = str(folder / "registry.db")
    record.init(address, issuer="Acme", ids=[(0, 999)], actor="anna")
    terms = tmp_path / "terms.toml"
    terms.write_text('issuer = "Acme"\n[[ranges]]\nmaker = "Acme"\nmodel = "P"\ntemplate = "A9"\nbase = 0\n')
    record.import_file(terms, address, actor="anna")
    (tmp_path / "marks.csv").write_text("serial,maker,model\nA1,Acme,P\n")
    record.import_file(tmp_path / "marks.csv", address, actor="anna")
    trace("????????", registry=address, case="C 1", actor="anna")
    outside = folder / "outside"
    outside.mkdir()
    outside.chmod(0o777)
    readers: tuple[Callable[[str], object], ...] = (
        lambda _name: record.status(address)["head"],
        lambda _name: record.verify(address),
        lambda _name: record.history(address, "A1", maker="Acme", model="P"),
        lambda name: record.export(address, outside / f"{name}.json"),
        lambda name: record.export(address, outside / f"{name}.csv"),
        lambda name: record.backup(address, outside / f"{name}.db"),
        lambda _name: case_file("C 1", registry=address),
    )
    before = [read("before") for read in readers]
    (folder / "registry.db.index").unlink()
    (folder / "registry.db").chmod(0o444)
    folder.chmod(0o555)
    with _unprivileged():
        assert [read("after") for read in readers] == before
        with pytest.raises(UnfinishedError, match="readonly") as caught:
            trace("????????", registry=address, actor="anna")
        assert caught.value.exit_code == Exit.UNFINISHED
        with pytest.raises(UnfinishedError, match="readonly"):
            record.void(address, ["A1"], maker="Acme", model="P", reason="lost", actor="anna")
    assert sorted(path.name for path in folder.iterdir()) == ["outside", "registry.db"]
