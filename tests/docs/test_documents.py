"""What the documents name exists, and what exists is named."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from engrave.cli.data import job
from engrave.cli.main import COMMANDS

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"pin-engrave ([a-z]+)\b")
_PATH = re.compile(r"`((?:engrave|fonts|toolpaths|tests|benchmarks|docs|examples|requirements)/[A-Za-z0-9_./-]*)`")
_MODULE = re.compile(r"`((?:engrave|fonts|toolpaths)(?:\.[a-z0-9_]+)+)")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
_MAKE = re.compile(r"(?:^    |`)make ([a-z-]+)\b", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# Words that claim more than evidence; the tests and this list are the only places where they stand.
_CLAIMS = re.compile(r"\b(certified|certifies|compliant|complies|court-proof|guaranteed)\b", re.IGNORECASE)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _pyproject(project: Path) -> dict[str, Any]:
    return tomllib.loads(_text(project / "pyproject.toml"))


def _layers(project: Path) -> list[set[str]]:
    contracts = _pyproject(project)["tool"]["importlinter"]["contracts"]
    return [{name.strip() for name in line.split("|")} for line in contracts[0]["layers"]]


def _packages(folder: Path) -> set[str]:
    modules = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    return modules | {path.parent.name for path in folder.glob("*/__init__.py")}


def test_relative_links_and_anchors_resolve(documents: tuple[Path, ...]) -> None:
    broken = []
    for document in documents:
        for link in _LINK.findall(_text(document)):
            place, _, anchor = link.partition("#")
            if place.startswith("https://"):
                continue
            target = document.parent / place if place else document
            if not target.exists() or (anchor and anchor not in _anchors(target)):
                broken.append(f"{document.name}: {link}")
    assert broken == []


def _anchors(document: Path) -> set[str]:
    return {_slug(heading) for heading in _HEADING.findall(_text(document))}


def _slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def test_every_command_is_named_in_the_readme_and_every_command_named_there_exists(project: Path) -> None:
    text = _text(project / "README.md")
    assert set(_COMMAND.findall(text)) == set(COMMANDS)
    assert {f"job {name}" for name in job.commands} == set(re.findall(r"\bjob (?:init|fit|check)\b", text))


def test_every_make_target_that_a_document_names_exists(project: Path, documents: tuple[Path, ...]) -> None:
    targets = set(_TARGET.findall(_text(project / "Makefile")))
    assert {"demo", "test"} <= set(_MAKE.findall(_text(project / "README.md")))
    named = {(document.name, name) for document in documents for name in _MAKE.findall(_text(document))}
    assert {(document, name) for document, name in named if name not in targets} == set()


def test_paths_and_modules_that_documents_name_exist(project: Path, documents: tuple[Path, ...]) -> None:
    made_by_commands = {"docs/evidence/", "docs/benchmarks.json"}
    missing = []
    for document in documents:
        text = _text(document)
        missing += [
            f"{document.name}: {path}"
            for path in _PATH.findall(text)
            if path not in made_by_commands and not (project / path).exists()
        ]
        missing += [f"{document.name}: {name}" for name in _MODULE.findall(text) if not _is_there(project, name)]
    assert missing == []


def _is_there(project: Path, name: str) -> bool:
    """A package or module, or something that one defines at its top."""
    place = project.joinpath(*name.split("."))
    if place.is_dir() or place.with_suffix(".py").is_file():
        return True
    *parents, last = name.split(".")
    module = project.joinpath(*parents).with_suffix(".py")
    if not module.is_file():
        module = project.joinpath(*parents, "__init__.py")
    return module.is_file() and last in _defined(module)


def _defined(module: Path) -> set[str]:
    names = set()
    for node in ast.parse(_text(module)).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def test_no_document_claims_more_than_evidence(documents: tuple[Path, ...]) -> None:
    assert [(document.name, claim) for document in documents for claim in _CLAIMS.findall(_text(document))] == []


def test_the_lock_files_name_no_host_and_hash_every_requirement(project: Path) -> None:
    for name in ("run.txt", "test.txt"):
        text = _text(project / "requirements" / name)
        assert re.findall(r"https?://|--index-url|--extra-index|--find-links|file:/", text) == []
        pinned = re.findall(r"^([A-Za-z0-9._-]+)==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        hashed = re.findall(r"^([A-Za-z0-9._-]+)==\S+ \\\n +--hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
        assert len(pinned) > 0
        assert hashed == pinned


def test_the_changelog_has_the_version_that_is_built(project: Path) -> None:
    version = _pyproject(project)["project"]["version"]
    assert re.search(rf"^## \[{re.escape(version)}\]", _text(project / "CHANGELOG.md"), re.MULTILINE)


def test_the_architecture_names_every_layer_on_the_line_that_the_contract_gives_it(project: Path) -> None:
    text = _text(project / "docs" / "architecture.md")
    table = text.split("| layer | what it does |", 1)[1].split("\n\n", 1)[0]
    rows = [set(re.findall(r"`([a-z]+)`", line.split("|")[1])) for line in table.splitlines()[2:]]
    assert rows == _layers(project)


def test_the_layers_are_what_the_tree_holds(project: Path) -> None:
    assert set().union(*_layers(project)) == _packages(project / "engrave")


@pytest.mark.parametrize("top", ["fonts", "toolpaths"])
def test_the_architecture_names_every_module_of_the_lower_packages(project: Path, top: str) -> None:
    text = _text(project / "docs" / "architecture.md")
    room = text.split(f"    {top}/\n", 1)[1].split("\n    engrave/" if top == "toolpaths" else "\n    toolpaths/", 1)[0]
    named = {name.removesuffix(".py").rstrip("/") for name in re.findall(r"\b[a-z_]+(?:\.py|/)", room)}
    data = {path.name for path in (project / top).iterdir() if path.is_dir()} - _packages(project / top)
    assert _packages(project / top) - {"errors"} <= named
    assert named <= _packages(project / top) | data | {
        "recipes",
        "machines",
        "faces",
        "fixtures",
        "millings",
        "sinkings",
    }
