"""A process file with figures that were measured: only their lines and those of their sources change."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from engrave.base.config import MOST_CONFIG_BYTES, build, parse_toml, sources_of
from engrave.base.errors import Collecting, InputError, OccupiedError, raise_faults
from engrave.base.files import read_text, whole_file
from engrave.base.shelf import Shelf
from toolpaths.laser.calibration import Estimate

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""(\s*(?:"(?P<quoted>[^"\\]+)"|'(?P<literal>[^']+)'|(?P<bare>[A-Za-z0-9_-]+))\s*=\s*)\S.*""")
_SOURCES = "sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What the file is to say: TOML text of a value, and where it comes from; no source for what is no number."""

    value: str
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedProcess:
    """What file is to be made: ``out``, NAME.toml, or None for none, and what it is called and begins with.

    ``name`` is the file's own without one. ``process`` is what a new file begins with, by its name on the shelf or in
    the ``library``, and ``default`` without one; a file that is there begins with itself.
    """

    out: Path | None
    name: str | None
    process: str | None
    library: Path | None
    default: str

    def __post_init__(self) -> None:
        """Before anything is computed. Raises InputError, OccupiedError."""
        if self.out is None:
            stray = [
                f"--{word}: goes with --out"
                for word, given in (("name", self.name), ("process", self.process))
                if given
            ]
            raise_faults(stray)
        else:
            _check_out(self.out, self.process)


def _check_out(out: Path, process: str | None) -> None:
    if out.suffix != ".toml" or not out.stem:
        raise InputError(f"--out: {out}: a process is a file NAME.toml; give it that ending")
    if out.is_dir():
        raise OccupiedError(f"{out}: is a folder; name a file")
    if not out.parent.is_dir():
        raise InputError(f"{out}: there is no folder {out.parent}; make it first")
    if process and out.exists():
        raise InputError(
            f"--process: {out} is there and is brought up to date; leave --process out, or name a new file"
        )


def write_process(wanted: WantedProcess, figures: Mapping[str, Figure], shelf: Shelf[Any]) -> str | None:
    """The text of the process file with these figures, which is written; None where none is asked for.

    Raises InputError where the file is not, or cannot become, a process of that shelf; UnknownNameError.
    """
    out = wanted.out
    if out is None:
        return None
    began = (
        read_text(out, most=MOST_CONFIG_BYTES)
        if out.exists()
        else process_text(wanted.process or wanted.default, wanted.library, shelf)
    )
    made = with_figures(began, figures, name=wanted.name or out.stem, origin=out.name, cls=shelf.cls)
    with whole_file(out, replace=True) as temporary:
        temporary.write_text(made, encoding="utf-8")
    return made


def measured_figure(estimate: Estimate, unit: str, basis: str) -> Figure:
    """A figure with four digits, its source what it was fitted to and its interval."""
    value = f"{estimate.value:.4g}"
    within = f"{estimate.low:.4g} to {estimate.high:.4g} {unit}".rstrip()
    number = value if any(mark in value for mark in ".e") else f"{value}.0"
    return Figure(value=f'"{value}{unit}"' if unit else number, source=f"{basis}; 95 % interval {within}")


def process_text(name: str, library: Path | None, shelf: Shelf[Any]) -> str:
    """The file of a process on the shelf. Raises UnknownNameError, or InputError where it is no process."""
    shelf.load(name, library)
    own = library / shelf.kind / f"{name}.toml" if library else None
    if own is not None and own.is_file():
        return read_text(own, most=MOST_CONFIG_BYTES)
    return files(shelf.package).joinpath(shelf.folder, f"{name}.toml").read_text(encoding="utf-8")


def with_figures(text: str, figures: Mapping[str, Figure], *, name: str, origin: str, cls: type) -> str:
    """The file with these figures by dotted key, each with its source and no prior, and with this name.

    Comments and all other lines stay. Raises InputError where the file is no process of class ``cls``, or is written in
    a way in which the lines cannot be told.
    """
    before = parse_toml(text, origin=origin)
    lines = {("", "name"): json.dumps(name, ensure_ascii=False)}
    for key, figure in figures.items():
        table, _, bare = key.rpartition(".")
        lines[table, bare] = figure.value
        if figure.source is not None:
            source = json.dumps(figure.source, ensure_ascii=False)
            lines[_SOURCES, key] = f"{{ text = {source}, prior = false }}"
    changed, done = _replaced(text, lines)
    missing = [".".join(part for part in key if part) for key in lines if key not in done]
    raise_faults([f"{origin}: has no line of its own for {key}; write one, to be replaced" for key in missing])
    if not _says(changed, _expected(before, lines)):
        raise InputError(
            f"{origin}: is laid out in a way that cannot be changed here: write a key and its value a line"
        )
    _require_process(changed, cls, origin=origin)
    return changed


def _replaced(text: str, lines: Mapping[tuple[str, str], str]) -> tuple[str, set[tuple[str, str]]]:
    """The text with these values, by table and key, and which of them had a line."""
    table, done, out = "", set(), []
    for line in text.splitlines():
        header = _HEADER.fullmatch(line)
        if header:
            # A table of a list is none that can be meant.
            table = header[2] if header[1] == "[" else "[]"
        match = None if header else _KEY.fullmatch(line)
        key = (table, match["quoted"] or match["literal"] or match["bare"]) if match else ("", "")
        if match and key in lines:
            done.add(key)
            out.append(f"{match[1]}{lines[key]}")
        else:
            out.append(line)
    return "\n".join(out) + "\n", done


def _expected(before: Mapping[str, Any], lines: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """What the changed file must say."""
    after = json.loads(json.dumps(before, default=str))
    for (table, key), value in lines.items():
        place = after.setdefault(table, {}) if table else after
        place[key] = tomllib.loads(f"value = {value}")["value"]
    return dict(after)


def _says(text: str, wanted: Mapping[str, Any]) -> bool:
    """Whether the changed file is TOML, and says that; a value over several lines would have been cut in two."""
    try:
        return bool(json.loads(json.dumps(tomllib.loads(text), default=str)) == wanted)
    except tomllib.TOMLDecodeError:
        return False


def _require_process(text: str, cls: type, *, origin: str) -> None:
    table = tomllib.loads(text)
    faults: list[str] = []
    stated = table.pop(_SOURCES, {})
    with Collecting(faults):
        build(cls, table, origin=origin)
    with Collecting(faults):
        sources_of(stated, origin=origin)
    raise_faults(faults)


def own_spots(text: str) -> Iterator[str]:
    """Steps that state a spot of their own, which goes before the one that was measured."""
    for index, step in enumerate(tomllib.loads(text).get("steps", [])):
        if isinstance(step, dict) and "spot_radius" in step:
            yield f"steps[{index}]"
