"""``trace`` and ``case`` on the command line: exit codes, what is printed, what is recorded."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engrave.code.mark import Mark, make_mark
from engrave.code.ranges import Range, RangeTable
from engrave.registry.chain import Stamp
from engrave.registry.issuing import issue
from engrave.registry.store import Block, create_registry, opened
from engrave.registry.terms import add_issuer, add_ranges

Call = Callable[..., Any]
Validators = dict[str, Draft202012Validator]
STAMP = Stamp(actor="clerk", time="2026-11-22T08:00:00Z", tool="pin-engrave 0.1.0")
RANGE = Range(maker="Acme", model="P9", template="AAA9999", first="AAA0000", last="AAA9999", base=0)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="session")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of 50 marks."""
    path = tmp_path_factory.mktemp("registry") / "registry.db"
    create_registry(str(path), identity="0123456789abcdef", stamp=STAMP)
    with opened(str(path)) as registry:
        add_issuer(registry, "Acme", [Block(first_id=0, last_id=99_999)], STAMP)
        add_ranges(registry, "Acme", [RANGE], [], STAMP)
        issue(registry, [("Acme", "P9", f"AAA{number:04}") for number in range(50)], STAMP)
    return path


@pytest.fixture
def registry(issued: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(issued, tmp_path / "registry.db"))


@pytest.fixture(scope="session")
def mark() -> Mark:
    """One of its marks."""
    return make_mark(serial="AAA0007", maker="Acme", model="P9", ranges=RangeTable([RANGE]))


def _typed(registry: Path) -> list[str]:
    with closing(sqlite3.connect(registry)) as connection:
        return [text for (text,) in connection.execute("SELECT characters FROM readings ORDER BY id")]


def test_a_pin_is_identified_or_not(call: Call, registry: Path, mark: Mark, validators: Validators) -> None:
    told = call("trace", mark.characters, "--registry", registry, "--actor", "anna")
    assert told.code == 0
    first = told.out.splitlines()
    assert first[0].startswith("reading 1: case unfiled, reader anna; recorded as event 5")
    characters = f"{mark.characters[:4]} {mark.characters[4:]}"
    assert first[1].startswith(f"identified: {characters}  id 7  AAA0007 (Acme, P9)  posterior 0.99999")
    assert "  allocated" in first
    assert "  used: characters 1-8" in first
    # log2 of 2^30 over 50
    assert "50 marks on record, which adds 24.4 bits" in first
    lost = call("trace", f"{mark.characters[:3]}?????", "--registry", registry)
    assert lost.code == 3
    assert f"candidate: {characters}" in lost.out
    assert "not identified: " in lost.err
    document = call("trace", f"[{mark.characters[0]}]{mark.characters[1:]}", "--registry", registry, "--json")
    validators["pin-engrave/tracing/1"].validate(document.document)
    assert (document.code, document.document["candidates"][0]["serial"]) == (0, "AAA0007")
    assert len(_typed(registry)) == 3


def test_wrong_input_is_refused_and_not_recorded(call: Call, registry: Path, tmp_path: Path) -> None:
    address = ("--registry", registry, "--json")
    for arguments in (
        ("trace", "0H?KB4M", *address),
        ("trace", "0H?KB4M3", "--ring", "2", *address),
        ("trace", "0H?KB4M3", "--profile", "Q", *address),
        ("trace", "0H?KB4M3", "--shapes", "a0", *address),
        ("trace", "0H?KB4M3", "--case", "", *address),
        ("trace", "0H?KB4M3", "--reader", "\x1b[2J", *address),
        ("trace", "0H?KB4M3", "--registry", tmp_path / "absent.db", "--json"),
        ("trace", "0H?KB4M3", "--registry", "mysql://x/y", "--json"),
        ("trace", "0H?KB4M3", "--json"),
        ("trace", *address),
    ):
        refused = call(*arguments)
        assert (refused.code, refused.document["exit_code"]) == (2, 2), arguments
    assert _typed(registry) == []


def test_the_registry_may_stand_in_the_environment(
    call: Call, registry: Path, mark: Mark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIN_ENGRAVE_REGISTRY", str(registry))
    assert call("trace", mark.characters).code == 0


def test_two_readers_of_a_case(call: Call, registry: Path, mark: Mark, tmp_path: Path, validators: Validators) -> None:
    address = ("--registry", registry, "--case", "26-114")
    first = call("trace", mark.characters, *address, "--reader", HOSTILE)
    assert "beside" not in first.out
    other = "K" if mark.characters[2] != "K" else "N"
    second = call("trace", f"{mark.characters[:2]}{other}{mark.characters[3:6]}??", *address, "--reader", "bert")
    lines = second.out.splitlines()
    start = lines.index(f"beside reading 1 of {HOSTILE}, characters:")
    assert lines[start + 1 : start + 4] == [
        f"  character 3: {other} here, {mark.characters[2]} there  contradiction",
        f"  character 7: ? here, {mark.characters[6]} there",
        f"  character 8: ? here, {mark.characters[7]} there",
    ]
    again = call("trace", mark.characters, *address, "--reader", "bert")
    assert "  both identify the same mark" in again.out.splitlines()
    assert "  not independent: this reader has read the mark before" in again.out.splitlines()
    page = tmp_path / "case.html"
    assert call("case", "26-114", "--registry", registry, "--output", page).code == 0
    assert b"<img" not in page.read_bytes()
    document = tmp_path / "case.json"
    assert call("case", "26-114", "--registry", registry, "-o", document, "--quiet").err == ""
    validators["pin-engrave/case/1"].validate(json.loads(document.read_bytes()))


@pytest.mark.parametrize(
    "given", [("nobody's", "out.html"), ("26-114", "out.pdf"), ("26-114", "out"), ("", "out.html")]
)
def test_a_case_file_that_cannot_be_written(
    call: Call, registry: Path, mark: Mark, tmp_path: Path, given: tuple[str, str]
) -> None:
    name, output = given
    call("trace", mark.characters, "--registry", registry, "--case", "26-114")
    assert call("case", name, "--registry", registry, "-o", tmp_path / output).code == 2
    assert not (tmp_path / output).exists()
    if output == "out.html":
        absent = tmp_path / "absent" / output
        assert call("case", "26-114", "--registry", registry, "-o", absent).code == 1


def test_a_cold_trace_imports_neither_solid_geometry_nor_pydantic(
    start: Callable[..., Any], registry: Path, mark: Mark
) -> None:
    code = """
import sys
from engrave.cli.main import run
run(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
"""
    ended = start("trace", mark.characters, "--registry", registry, code=code)
    modules = {name.partition(".")[0] for name in ended.stderr.decode().split()}
    assert "sqlalchemy" in modules
    assert not {"pydantic", "shapely", "scipy", "ezdxf", "PIL", "rich", "trimesh", "fonts", "toolpaths"} & modules
