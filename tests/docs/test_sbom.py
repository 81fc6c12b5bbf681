"""The bill of materials: what is locked, all of it, in a form that CycloneDX's own library takes."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import Any

import pytest

from requirements import sbom

_ONE, _TWO = "1" * 64, "2" * 64


def _run(project: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    script = project / "requirements" / "sbom.py"
    return subprocess.run(
        [sys.executable, "-P", str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def written(project: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bill of what is locked, made here."""
    path = tmp_path_factory.mktemp("bill") / "new" / "sbom.json"
    done = _run(project, "--output", path)
    if "install what is locked" in done.stderr:
        pytest.skip(f"other versions are installed than are locked: {done.stderr.splitlines()[0]}")
    assert (done.returncode, done.stderr) == (0, "")
    return path.read_bytes()


@pytest.fixture(scope="module")
def document(written: bytes) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(written)


def test_cyclonedx_takes_it(written: bytes, document: Any, require_module: Callable[[str], Any]) -> None:  # noqa: ANN401 - any JSON
    schema = require_module("cyclonedx.schema").SchemaVersion.V1_6
    judge = require_module("cyclonedx.validation.json").JsonStrictValidator(schema)
    assert judge.validate_str(written.decode()) is None
    assert judge.validate_str(written.decode().replace('"library"', '"shelf"', 1)) is not None
    read = require_module("cyclonedx.model.bom").Bom.from_json(document)
    assert read.validate()  # every reference of the graph is to a component
    assert len(read.components) == len(document["components"])


def test_it_holds_every_locked_requirement_with_all_hashes(project: Path, document: Any) -> None:  # noqa: ANN401 - any JSON
    text = (project / "requirements" / "run.txt").read_text()
    pinned = dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))
    assert {entry["name"]: entry["version"] for entry in document["components"]} == pinned
    told = [digest["content"] for entry in document["components"] for digest in entry["hashes"]]
    assert sorted(told) == sorted(re.findall(r"sha256:([0-9a-f]{64})", text))
    assert all(entry["purl"] == f"pkg:pypi/{entry['name']}@{entry['version']}" for entry in document["components"])


def test_every_component_has_a_licence_and_a_scope(document: Any) -> None:  # noqa: ANN401 - any JSON
    assert [entry["name"] for entry in document["components"] if not entry["licenses"]] == []
    scopes = {entry["name"]: entry["scope"] for entry in document["components"]}
    assert {scopes[name] for name in ("numpy", "click", "pydantic-core", "mdurl", "fonttools")} == {"required"}
    assert {scopes[name] for name in ("hatchling", "editables", "trove-classifiers")} == {"excluded"}


def test_it_says_what_needs_what(document: Any) -> None:  # noqa: ANN401 - any JSON
    graph = {
        entry["ref"].partition("@")[0].rpartition("/")[2]: {
            ref.partition("@")[0].rpartition("/")[2] for ref in entry["dependsOn"]
        }
        for entry in document["dependencies"]
    }
    assert graph["rich"] == {"markdown-it-py", "pygments"}
    assert graph["segno"] == set()
    assert {"numpy", "ezdxf", "sqlalchemy"} < graph["pin-engrave"]
    assert "mdurl" not in graph["pin-engrave"]


def test_it_names_no_date_host_or_path_and_is_the_same_again(project: Path, written: bytes, tmp_path: Path) -> None:
    text = written.decode()
    assert set(re.findall(r"https?://[^\s\"]+", text)) == {"http://cyclonedx.org/schema/bom-1.6.schema.json"}
    assert re.findall(r"timestamp|serialNumber|file:|/home|/tmp|/usr|\b20[0-9]{2}-[0-9]{2}-[0-9]{2}", text) == []
    assert str(project) not in text
    lines = (project / "requirements" / "run.txt").read_text()
    entries = re.split(r"\n(?=\S)", lines.strip())
    turned = tmp_path / "turned.txt"
    turned.write_text("# in another order\n" + "\n".join(reversed(entries)) + "\n")
    assert _run(project, "--lock", turned, "--output", tmp_path / "again.json").returncode == 0
    assert (tmp_path / "again.json").read_bytes() == written


@pytest.mark.parametrize(
    ("lock", "told"),
    [
        (f"click==0.0.1 \\\n    --hash=sha256:{_ONE}\n", "locked as 0.0.1"),
        (f"no-such-thing==1 \\\n    --hash=sha256:{_ONE}\n", "no-such-thing 1 is not installed"),
        ("click==8.5.1\n", "'click==8.5.1' is no pinned requirement with hashes"),
        (f"click>=8 \\\n    --hash=sha256:{_ONE}\n", "is no pinned requirement"),
        ("", "is no pinned requirement"),
    ],
)
def test_what_is_not_as_locked_is_refused(project: Path, tmp_path: Path, lock: str, told: str) -> None:
    (tmp_path / "lock.txt").write_text(lock)
    done = _run(project, "--lock", tmp_path / "lock.txt", "--output", tmp_path / "sbom.json")
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "sbom.json").exists()


def test_a_lock_file_is_read() -> None:
    text = (
        f"# made by hand\nA_b.C==1.0 \\\n    --hash=sha256:{_TWO} \\\n    --hash=sha256:{_ONE}\n"
        f"d[e]==2 ; python_version >= '3.11' \\\n    --hash=sha256:{_ONE}\n"
    )
    assert sbom.locked(text) == {
        "a-b-c": sbom.Pinned(name="a-b-c", version="1.0", sha256=(_ONE, _TWO)),
        "d": sbom.Pinned(name="d", version="2", sha256=(_ONE,)),
    }


def _distribution(folder: Path, *lines: str) -> Distribution:
    place = folder / "x-1.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text("\n".join(["Metadata-Version: 2.4", "Name: x", "Version: 1", *lines, "", ""]))
    return PathDistribution(place)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["License-Expression: MIT OR Apache-2.0", "License: MIT"], [{"expression": "MIT OR Apache-2.0"}]),
        (["Classifier: License :: OSI Approved :: MIT License"], [{"license": {"id": "MIT"}}]),
        (["Classifier: License :: OSI Approved :: BSD License"], [{"license": {"name": "BSD License"}}]),
        (["License: HPND"], [{"license": {"name": "HPND"}}]),
        (["License: The text of it", "        over lines"], []),
        ([], []),
    ],
)
def test_licences_as_distributions_state_them(tmp_path: Path, lines: list[str], told: list[dict[str, Any]]) -> None:
    assert sbom.licences(_distribution(tmp_path, *lines)) == told


def test_what_is_needed_leaves_extras_and_strangers_aside() -> None:
    requirements = ["A_b>=1", "c ; python_version < '3.0'", "d ; extra == 'all'", "e[x]~=2.0", "stranger"]
    assert sbom.needed(requirements, ["a-b", "c", "d", "e"]) == ["a-b", "c", "e"]
    assert sbom.reached(["a"], {"a": ["b"], "b": ["a", "c"], "c": [], "d": ["a"]}) == {"a", "b", "c"}
