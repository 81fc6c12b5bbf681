"""TOML and JSON into frozen dataclasses: unknown keys refused, every fault reported at once with its path.

One convention serves all: a field ``pitch_um`` is the TOML key ``pitch``, its value text with a unit (``"57um"``).
JSON documents hold the fields under their full names, as plain numbers.
"""

import json
import math
import tomllib
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from engrave.base.errors import InputError
from engrave.base.units import dimension_of, parse_quantity

T = TypeVar("T")

MOST_CONFIG_BYTES = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a number comes from, and whether it is a prior: not measured on the real thing."""

    text: str
    prior: bool = False


def key_of(field_name: str) -> str:
    """The TOML key of a field: its name without the unit."""
    dimension = dimension_of(field_name)
    return field_name.removesuffix(dimension.suffix) if dimension else field_name


def parse_toml(text: str, *, origin: str) -> dict[str, Any]:
    """The document's table. Raises InputError with line and column where it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{origin}: not TOML: {error}") from error


def build(cls: type[T], table: Mapping[str, Any], *, origin: str) -> T:
    """A dataclass from a TOML table. Raises InputError with every fault, each with the path to its field."""
    faults: list[str] = []
    values = _converted(cls, table, path="", faults=faults)
    value = _validated(cls, values, faults=faults)
    if faults:
        raise InputError([f"{origin}: {fault}" for fault in faults])
    return value


def split_sources(table: Mapping[str, Any], *, origin: str) -> tuple[dict[str, Any], dict[str, Source]]:
    """The table without its ``[sources]``, and those, by dotted key. Raises InputError."""
    rest = {key: value for key, value in table.items() if key != "sources"}
    raw = table.get("sources", {})
    if not isinstance(raw, dict):
        raise InputError(f"{origin}: sources: must be a table of key = {{ text = '...', prior = true }}")
    sources: dict[str, Source] = {}
    faults: list[str] = []
    for key, entry in raw.items():
        try:
            sources[key] = build(Source, entry if isinstance(entry, dict) else {"text": entry}, origin=f"sources.{key}")
        except InputError as error:
            faults.extend(f"{origin}: {fault}" for fault in error.faults)
    if faults:
        raise InputError(faults)
    return rest, sources


def numeric_keys(value: object, *, path: str = "") -> list[str]:
    """Dotted TOML keys of every number in a dataclass, tuples counted as their field."""
    found: list[str] = []
    for field in fields(value):  # type: ignore[arg-type] # any dataclass instance
        member = getattr(value, field.name)
        key = f"{path}{key_of(field.name)}"
        first = member[0] if isinstance(member, tuple) and member else member
        if is_dataclass(first) and not isinstance(first, type):
            found.extend(numeric_keys(first, path=f"{key}."))
        elif isinstance(first, (int, float)) and not isinstance(first, bool):
            found.append(key)
    return found


def to_jsonable(value: object) -> Any:  # noqa: ANN401 - JSON is any of its types
    """Dataclasses, tuples and mappings as what ``json.dumps`` takes, fields under their full names."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_jsonable(item) for item in value]
    return value


def json_bytes(document: object) -> bytes:
    """Canonical bytes of a JSON document: UTF-8, keys in the order given, two spaces, a final newline."""
    text = json.dumps(to_jsonable(document), ensure_ascii=False, indent=2, allow_nan=False)
    return (text + "\n").encode()


def parse_json(text: str, *, origin: str, schema: str) -> dict[str, Any]:
    """A JSON document that carries ``schema`` (``pin-engrave/NAME/1``). Raises InputError; a newer one is refused."""
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{origin}: not JSON: {error}") from error
    if not isinstance(document, dict) or "schema" not in document:
        raise InputError(f"{origin}: has no 'schema'; expected {schema!r}")
    if document["schema"] != schema:
        raise InputError(
            f"{origin}: schema is {document['schema']!r} and this version reads {schema!r}; "
            "use the version of pin-engrave that wrote it"
        )
    return document


def from_jsonable(cls: type[T], document: Mapping[str, Any], *, origin: str) -> T:
    """A dataclass from a JSON object whose keys are the full field names. Raises InputError with every fault."""
    faults: list[str] = []
    value = _validated(cls, document, faults=faults, keys=False)
    if faults:
        raise InputError([f"{origin}: {fault}" for fault in faults])
    return value


def load_toml_table(path: Path) -> dict[str, Any]:
    """The table of a TOML file. Raises InputError."""
    from engrave.base.files import read_text  # noqa: PLC0415 - keeps this module free of file access otherwise

    return parse_toml(read_text(path, most=MOST_CONFIG_BYTES), origin=path.name)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _item_type(annotation: object) -> object:
    """X of ``tuple[X, ...]`` and of ``X | None``; the annotation itself otherwise."""
    arguments = [argument for argument in get_args(annotation) if argument not in (type(None), Ellipsis)]
    if get_origin(annotation) in (tuple, types.UnionType) and len(arguments) == 1:
        return _item_type(arguments[0])
    return annotation


def _converted(cls: type, table: Mapping[str, Any], *, path: str, faults: list[str]) -> dict[str, Any]:
    """Field names for keys and numbers for quantities, faults appended; shapes are left to the validator."""
    hints = get_type_hints(cls)
    names = {key_of(field.name): field.name for field in fields(cls)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{path}{key}"
        if key not in names:
            faults.append(f"{where}: unknown key; known here: {', '.join(sorted(names))}")
            continue
        name = names[key]
        values[name] = _converted_value(name, _item_type(hints[name]), value, where=where, faults=faults)
    return values


def _converted_value(name: str, annotation: object, value: object, *, where: str, faults: list[str]) -> object:
    if isinstance(value, list):
        return [
            _converted_value(name, annotation, item, where=f"{where}[{index}]", faults=faults)
            for index, item in enumerate(value)
        ]
    if isinstance(annotation, type) and is_dataclass(annotation) and isinstance(value, dict):
        return _converted(annotation, value, path=f"{where}.", faults=faults)
    dimension = dimension_of(name)
    if dimension is not None:
        try:
            return parse_quantity(value, dimension)
        except ValueError as error:
            faults.append(f"{where}: {error}")
            return 1.0  # any number: the fault is already on the list
    if isinstance(value, float) and not math.isfinite(value):
        faults.append(f"{where}: {value} is not a finite number")
        return 1.0
    return value


def _validated(cls: type[T], values: Mapping[str, Any], *, faults: list[str], keys: bool = True) -> T:
    from pydantic import TypeAdapter, ValidationError

    try:
        encoded = json.dumps(values, default=str)
        return TypeAdapter(cls).validate_json(encoded, strict=True, extra="forbid")
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=True):
            path = _dotted(item["loc"], keys=keys)
            faults.append(f"{path}: {_sentence(item)}" if path else _sentence(item))
        return None  # type: ignore[return-value] # the caller raises, since there are faults


def _sentence(item: Mapping[str, Any]) -> str:
    if item["type"] == "missing":
        return "missing"
    message = str(item["msg"]).removeprefix("Value error, ")
    return message if item["type"] == "value_error" else f"{message}, not {item['input']!r}"


def _dotted(location: tuple[int | str, ...], *, keys: bool) -> str:
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            name = key_of(step) if keys else step
            path += f".{name}" if path else name
    return path
