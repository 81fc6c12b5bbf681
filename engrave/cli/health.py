"""What is installed. This stands apart from the rest, since it must answer where the rest cannot be imported."""

import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from engrave.base.version import tool_version

PACKAGES = ("engrave", "fonts", "toolpaths")
LIBRARIES = (
    "click",
    "cryptography",
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


class Part(NamedTuple):
    """A part that is brought by an extra of the distribution: the extra, its library, and what it gives."""

    extra: str
    library: str
    gives: str


OPTIONAL = (
    Part(
        "cluster",
        "distributed",
        "`batch --scheduler ADDRESS`: the pins of a batch made by a Dask cluster",
    ),
    Part("keyring", "keyring", "`keyring:NAME` for a signing key: kept by the operating system's key store"),
    Part("opentype", "fonttools", "`face import`: a typeface made of a TTF or OTF file"),
    Part("pdf", "reportlab", "`preview -o FILE.pdf`: pages of pictures to print"),
    Part("postgres", "psycopg", "`--registry postgresql://...`: one registry for several sites and machines"),
)


def examined() -> dict[str, Any]:
    """The state of this installation as the JSON object ``pin-engrave/doctor/1``.

    Two unrelated projects install packages named ``engrave`` and ``fonts``: ours are those that lie side by side with
    this file's. Nothing is imported to find out. What is optional may be missing from a sound installation.
    """
    home = Path(__file__).resolve().parent.parent.parent
    packages = [_package(name, home) for name in PACKAGES]
    libraries = [{"name": name, "version": _version(name)} for name in LIBRARIES]
    optional = [_part(part) for part in OPTIONAL]
    sound = all(package["ours"] for package in packages) and all(library["version"] for library in libraries)
    return {
        "schema": "pin-engrave/doctor/1",
        "version": tool_version(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "sound": sound,
        "packages": packages,
        "libraries": libraries,
        "optional": optional,
    }


def _package(name: str, home: Path) -> dict[str, Any]:
    spec = find_spec(name)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    place = folders[0] if folders else (spec.origin if spec else None)
    found_at = str(Path(place).resolve()) if place else None
    return {"name": name, "ours": found_at == str(home / name), "found_at": found_at}


def _part(part: Part) -> dict[str, Any]:
    found = _version(part.library)
    install = None if found else f"pip install 'pin-engrave[{part.extra}]'"
    return {**part._asdict(), "version": found, "install": install}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
