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
from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.files import read_text
from engrave.job.shelves import PROCESSES

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""(\s*(?:"(?P<quoted>[^"\\]+)"|'(?P<literal>[^']+)'|(?P<bare>[A-Za-z0-9_-]+))\s*=\s*)\S.*""")
_SOURCES = "sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure as the file is to have it: TOML text of its value, and where it comes from."""

    value: str
    source: str


def process_text(name: str, library: Path | None) -> str:
    """The file of a process on the shelf. Raises UnknownNameError, or InputError where it is no process."""
    PROCESSES.load(name, library)
    own = library / PROCESSES.kind / f"{name}.toml" if library else None
    if own is not None and own.is_file():
        return read_text(own, most=MOST_CONFIG_BYTES)
    return files(PROCESSES.package).joinpath(PROCESSES.folder, f"{name}.toml").read_text(encoding="utf-8")


def with_figures(text: str, figures: Mapping[str, Figure], *, name: str, origin: str) -> str:
    """The file with these figures by dotted key, each with its source and no prior, and with this name.

    Comments and all other lines stay. Raises InputError where the file is no process, or is written in a way in which
    the lines cannot be told.
    """
    before = parse_toml(text, origin=origin)
    lines = {("", "name"): json.dumps(name, ensure_ascii=False)}
    for key, figure in figures.items():
        table, _, bare = key.rpartition(".")
        lines[table, bare] = figure.value
        source = json.dumps(figure.source, ensure_ascii=False)
        lines[_SOURCES, key] = f"{{ text = {source}, prior = false }}"
    changed, done = _replaced(text, lines)
    missing = [".".join(part for part in key if part) for key in lines if key not in done]
    raise_faults([f"{origin}: has no line of its own for {key}; write one, to be replaced" for key in missing])
    if not _says(changed, _expected(before, lines)):
        raise InputError(
            f"{origin}: is laid out in a way that cannot be changed here: write a key and its value a line"
        )
    _require_process(changed, origin=origin)
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


def _require_process(text: str, *, origin: str) -> None:
    table = tomllib.loads(text)
    faults: list[str] = []
    stated = table.pop(_SOURCES, {})
    with Collecting(faults):
        build(PROCESSES.cls, table, origin=origin)
    with Collecting(faults):
        sources_of(stated, origin=origin)
    raise_faults(faults)


def own_spots(text: str) -> Iterator[str]:
    """Steps that state a spot of their own, which goes before the one that was measured."""
    for index, step in enumerate(tomllib.loads(text).get("steps", [])):
        if isinstance(step, dict) and "spot_radius" in step:
            yield f"steps[{index}]"
