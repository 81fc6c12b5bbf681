"""Shipped data and the user's own: pins, machines, processes, primers, conditions, each one TOML file by name."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Generic, TypeVar

from engrave.base.config import Source, build, numeric_keys, parse_toml, sources_of
from engrave.base.errors import Collecting, InputError, UnknownNameError
from engrave.base.files import read_text

T = TypeVar("T")
# What is sourced is only read: a sourced pin is a sourced anything that a pin is.
T_co = TypeVar("T_co", covariant=True)

_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced(Generic[T_co]):
    """A value from a data file with the source of each of its numbers, by dotted key."""

    name: str
    value: T_co
    sources: dict[str, Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf(Generic[T]):
    """A kind of data: where the shipped files lie, and what each becomes."""

    kind: str
    package: str
    folder: str
    cls: type[T]

    def names(self, library: Path | None = None) -> tuple[str, ...]:
        """Names that can be asked for, shipped and the user's, sorted."""
        shipped = {entry.name for entry in files(self.package).joinpath(self.folder).iterdir()}
        own = {path.name for path in (library / self.kind).glob("*.toml") if path.is_file()} if library else set()
        return tuple(sorted(name.removesuffix(".toml") for name in shipped | own if name.endswith(".toml")))

    def load(self, name: str, library: Path | None = None) -> Sourced[T]:
        """The entry of that name; the user's file goes before the shipped one.

        Raises UnknownNameError, or InputError with every fault of the file.
        """
        if name not in self.names(library):
            known = ", ".join(self.names(library))
            raise UnknownNameError(f"{name!r} is not among the {self.kind}; known: {known}")
        own = library / self.kind / f"{name}.toml" if library else None
        if own is not None and own.is_file():
            return self._parse(read_text(own, most=_MOST_BYTES), name=name, origin=f"{self.kind}/{own.name}")
        text = files(self.package).joinpath(self.folder, f"{name}.toml").read_text(encoding="utf-8")
        return self._parse(text, name=name, origin=f"{self.kind}/{name}.toml")

    def _parse(self, text: str, *, name: str, origin: str) -> Sourced[T]:
        table = parse_toml(text, origin=origin)
        stated = table.pop("sources", {})
        faults: list[str] = []
        value: T | None = None
        sources: dict[str, Source] = {}
        with Collecting(faults):
            value = build(self.cls, table, origin=origin)
        with Collecting(faults):
            sources = sources_of(stated, origin=origin)
        numbers = numeric_keys(self.cls, table)
        named = set(stated) if isinstance(stated, dict) else set()
        faults += [f"{origin}: {key}: no source; add it under [sources]" for key in sorted(numbers - named)]
        faults += [f"{origin}: sources.{key}: names no number of this file" for key in sorted(named - numbers)]
        if value is None or faults:
            raise InputError(faults)
        return Sourced(name=name, value=value, sources=sources)
