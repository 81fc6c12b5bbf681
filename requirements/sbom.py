"""Write the software bill of materials of what a run needs, as CycloneDX 1.6 in JSON.

Usage: python requirements/sbom.py [--lock requirements/run.txt] [--output dist/sbom.json]     (make sbom)

Versions and hashes are those of the lock file; licences, and what needs what, those of the installed distributions,
which must be of these very versions. A hash is of a file that the lock takes: a wheel for some platform, or the
sources. What only builds the distribution has the scope ``excluded``. Same lock, same bytes: no date, host or path.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent.parent
ROOT = "pin-engrave"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s\\;]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})\b")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"\bextra\s*==")
# Classifiers that name one licence of the SPDX list; the others, such as "BSD License", name several.
_SPDX = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
}
_MOST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """One line of a lock file."""

    name: str
    version: str
    sha256: tuple[str, ...]


def locked(text: str) -> dict[str, Pinned]:
    """What a lock file pins, by normalised name. Raises ValueError where a line pins nothing, or has no hash."""
    found: dict[str, Pinned] = {}
    entries = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n?", "", text, flags=re.MULTILINE).strip())
    for entry in entries:
        pin, hashes = _PIN.match(entry), tuple(sorted(set(_HASH.findall(entry))))
        if pin is None or not hashes:
            raise ValueError(f"{entry.partition(chr(10))[0]!r} is no pinned requirement with hashes; run `make lock`")
        found[normalised(pin[1])] = Pinned(name=normalised(pin[1]), version=pin[2], sha256=hashes)
    return found


def normalised(name: str) -> str:
    """A distribution's name as packaging.python.org normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(pins: Iterable[Pinned]) -> dict[str, Distribution]:
    """The distributions that are installed. Raises ValueError with all that are not, or not in that version."""
    found: dict[str, Distribution] = {}
    faults = []
    for pin in pins:
        try:
            found[pin.name] = distribution(pin.name)
        except PackageNotFoundError:
            faults.append(f"{pin.name} {pin.version} is not installed")
            continue
        if found[pin.name].version != pin.version:
            faults.append(f"{pin.name} is installed as {found[pin.name].version}, locked as {pin.version}")
    if faults:
        raise ValueError("\n".join([*faults, "install what is locked, then repeat"]))
    return found


def needed(requirements: Iterable[str], known: Iterable[str]) -> list[str]:
    """Names among the known that are required, extras left aside."""
    names = set()
    for requirement in requirements:
        text, _, marker = requirement.partition(";")
        name = _NAME.match(text.strip())
        if name is not None and not _EXTRA.search(marker):
            names.add(normalised(name[0]))
    return sorted(names & set(known))


def reached(begin: Iterable[str], needs: Mapping[str, Iterable[str]]) -> set[str]:
    """What is needed by these, and by what they need, and so on."""
    found: set[str] = set()
    waiting = list(begin)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needs[name]
    return found


def licences(found: Distribution) -> list[dict[str, Any]]:
    """What a distribution says of its licence, in CycloneDX's form: an SPDX expression, or names."""
    metadata = found.metadata
    if "License-Expression" in metadata:
        return [{"expression": metadata["License-Expression"]}]
    classifiers = [text for text in metadata.get_all("Classifier") or [] if text.startswith("License ::")]
    if classifiers:
        return [{"license": _licence(text)} for text in sorted(classifiers)]
    text = metadata["License"].strip() if "License" in metadata else ""
    return [{"license": {"name": text}}] if text and "\n" not in text and len(text) <= _MOST_NAME else []


def _licence(classifier: str) -> dict[str, str]:
    spdx = _SPDX.get(classifier)
    return {"id": spdx} if spdx else {"name": classifier.rpartition(" :: ")[2]}


def bill(pins: Mapping[str, Pinned], found: Mapping[str, Distribution], project: Mapping[str, Any]) -> dict[str, Any]:
    """The CycloneDX document."""
    needs = {name: needed(each.requires or [], pins) for name, each in found.items()}
    direct = needed(project["dependencies"], pins)
    run = reached(direct, needs)
    references = {name: f"pkg:pypi/{name}@{pin.version}" for name, pin in pins.items()}
    own = f"pkg:pypi/{ROOT}@{project['version']}"
    components = [
        {
            "type": "library",
            "bom-ref": references[name],
            "name": name,
            "version": pin.version,
            "scope": "required" if name in run else "excluded",
            "hashes": [{"alg": "SHA-256", "content": digest} for digest in pin.sha256],
            "licenses": licences(found[name]),
            "purl": references[name],
        }
        for name, pin in sorted(pins.items())
    ]
    graph = [{"ref": own, "dependsOn": [references[name] for name in direct]}]
    graph += [
        {"ref": references[name], "dependsOn": [references[each] for each in needs[name]]} for name in sorted(pins)
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": ROOT,
                "version": project["version"],
                "licenses": [{"expression": project["license"]}],
                "purl": own,
            }
        },
        "components": components,
        "dependencies": graph,
    }


def main() -> int:
    """Write the bill; 0, or 2 with what is wrong."""
    import tomllib  # noqa: PLC0415 - for this alone

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lock", type=Path, default=HOME / "requirements" / "run.txt")
    parser.add_argument("--output", type=Path, default=HOME / "dist" / "sbom.json")
    arguments = parser.parse_args()
    try:
        project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        pins = locked(arguments.lock.read_text(encoding="utf-8"))
        document = bill(pins, installed(pins.values()), project)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    arguments.output.write_text(text, encoding="utf-8")
    print(f"{arguments.output}: {len(pins)} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
