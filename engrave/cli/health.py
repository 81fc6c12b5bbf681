"""What is installed. This stands apart from the rest, since it must answer where the rest cannot be imported."""

import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engrave.base.version import tool_version

PACKAGES = ("engrave", "fonts", "toolpaths")
LIBRARIES = (
    "click",
    "ezdxf",
    "numpy",
    "pillow",
    "pydantic",
    "rich",
    "scipy",
    "segno",
    "shapely",
    "sqlalchemy",
    "trimesh",
)


def examined() -> dict[str, Any]:
    """The state of this installation as the JSON object ``pin-engrave/doctor/1``.

    Two unrelated projects install packages named ``engrave`` and ``fonts``: ours are those that lie side by side with
    this file's. Nothing is imported to find out.
    """
    home = Path(__file__).resolve().parent.parent.parent
    packages = [_package(name, home) for name in PACKAGES]
    libraries = [{"name": name, "version": _version(name)} for name in LIBRARIES]
    sound = all(package["ours"] for package in packages) and all(library["version"] for library in libraries)
    return {
        "schema": "pin-engrave/doctor/1",
        "version": tool_version(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "sound": sound,
        "packages": packages,
        "libraries": libraries,
    }


def _package(name: str, home: Path) -> dict[str, Any]:
    spec = find_spec(name)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    place = folders[0] if folders else (spec.origin if spec else None)
    found_at = str(Path(place).resolve()) if place else None
    return {"name": name, "ours": found_at == str(home / name), "found_at": found_at}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
