"""TOML and JSON into frozen dataclasses: unknown keys refused, every fault reported at once with its path.

One convention serves all: a field ``pitch_um`` is the TOML key ``pitch``, its value text with a unit (``"57um"``).
JSON documents hold the fields under their full names, as plain numbers. What a dataclass checks of its fields against
one another is reported once each of them is sound by itself.
"""

import json
import math
import reprlib
import tomllib
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.units import dimension_of, parse_quantity

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, TypeAdapter
    from pydantic_core import CoreSchema

T = TypeVar("T")

MOST_CONFIG_BYTES = 8_000_000

# What a field of the wrong type should have been, by pydantic's name of the fault.
_WANTED = {
    "string_type": "text",
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dataclass_type": "a table",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a number comes from, and whether it is a prior: not measured on the real thing."""

    text: str
    prior: bool = False

    def __post_init__(self) -> None:
        """Check that something is said. Raises InputError."""
        raise_faults([] if self.text.strip() else ["text: is empty; say where the number comes from"])


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """Beside a union of dataclasses, in ``Annotated``: which of them a document holds, told by a field that it has.

    ``told_by`` : such a field, and its class, for all but one; a document with none of them is of class ``else_``.
    """

    told_by: tuple[tuple[str, type], ...]
    else_: type

    def __get_pydantic_core_schema__(self, source: object, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        """The validator, as pydantic asks for it: of the one class that is meant, so that no other tells faults."""
        from pydantic import Discriminator, Tag

        classes = [cls for _, cls in self.told_by] + [self.else_]
        tagged = [Annotated[cls, Tag(_tag(cls))] for cls in classes]
        return handler.generate_schema(Annotated[reduce(or_, tagged), Discriminator(self._told)])

    def _told(self, value: object) -> str:
        names = value.keys() if isinstance(value, dict) else ()
        return _tag(next((cls for name, cls in self.told_by if name in names), self.else_))


# The validator puts a union's tags into the path of a fault, where they are told from keys by this.
_TAGGED = "("


def _tag(cls: type) -> str:
    return f"{_TAGGED}{cls.__name__})"


def key_of(field_name: str) -> str:
    """The TOML key of a field: its name without the unit."""
    dimension = dimension_of(field_name)
    return field_name.removesuffix(dimension.suffix) if dimension else field_name


def keys_of(cls: type) -> dict[str, str]:
    """The TOML key of every field, and the field that it stands for.

    Fields that differ in their unit alone have their dimension added: ``jump_s`` is ``jump_time``, ``jump_um_s`` is
    ``jump_speed``.
    """
    names = [field.name for field in fields(cls)]
    short = [key_of(name) for name in names]
    keys = {}
    for key, name in zip(short, names, strict=True):
        dimension = dimension_of(name)
        keys[f"{key}_{dimension.name}" if dimension and short.count(key) > 1 else key] = name
    return keys


def parse_toml(text: str, *, origin: str) -> dict[str, Any]:
    """The document's table. Raises InputError with line and column where it is not TOML."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Numbers of thousands of digits and lists nested as deep are no TOMLDecodeError.
        raise InputError(f"{origin}: not TOML: {error}") from error


def build(cls: type[T], table: Mapping[str, Any], *, origin: str) -> T:
    """A dataclass from a TOML table. Raises InputError with every fault, each with the path to its field."""
    faults: dict[str, str] = {}
    values = _converted(cls, table, path="", faults=faults)
    return _validated(cls, values, faults=faults, origin=origin, keys=True)


def sources_of(table: object, *, origin: str) -> dict[str, Source]:
    """The sources of a ``[sources]`` table, by dotted key. Raises InputError with every fault."""
    if not isinstance(table, dict):
        raise InputError(f"{origin}: sources: must be a table of key = {{ text = '...', prior = true }}")
    sources: dict[str, Source] = {}
    faults: list[str] = []
    for key, entry in table.items():
        with Collecting(faults, prefix=f"{origin}: "):
            sources[key] = build(Source, entry if isinstance(entry, dict) else {"text": entry}, origin=f"sources.{key}")
    raise_faults(faults)
    return sources


def numeric_keys(cls: type, table: Mapping[str, Any], *, path: str = "") -> set[str]:
    """Dotted keys of every number that a TOML table gives for a dataclass; a list counts as its field."""
    hints = get_type_hints(cls)
    names = keys_of(cls)
    found: set[str] = set()
    for key in table.keys() & names.keys():
        item = _item_type(hints[names[key]])
        if isinstance(item, type) and is_dataclass(item):
            values = table[key] if isinstance(table[key], list) else [table[key]]
            found.update(
                *(numeric_keys(item, value, path=f"{path}{key}.") for value in values if isinstance(value, dict))
            )
        elif item in (int, float):
            found.add(f"{path}{key}")
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


def json_pieces(document: Mapping[str, object], key: str, items: Iterable[object]) -> Iterator[bytes]:
    """The bytes that ``json_bytes`` gives where ``items`` stand under ``key``, piece by piece: they may be many.

    The document has an empty list there.
    """
    # A line end never stands within a JSON string, so that the key is found where it is one, and on top.
    before, hole, after = json_bytes(document).partition(f'\n  "{key}": ['.encode())
    yield before + hole
    end = b""
    for item in items:
        yield (b"," if end else b"") + b"\n    " + json_bytes(item)[:-1].replace(b"\n", b"\n    ")
        end = b"\n  "
    yield end + after


def parse_json(text: str, *, origin: str, schema: str) -> dict[str, Any]:
    """A JSON document that carries ``schema`` (``pin-engrave/NAME/1``). Raises InputError; a newer one is refused."""
    try:
        document: dict[str, Any] = json.loads(text, parse_constant=_refuse_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{origin}: not JSON: {error}") from error
    require_schema(document, origin=origin, schema=schema)
    return document


def require_schema(document: object, *, origin: str, schema: str) -> None:
    """Raise InputError unless the document is an object that carries ``schema``."""
    if not isinstance(document, dict) or "schema" not in document:
        raise InputError(f"{origin}: has no 'schema'; expected {schema!r}")
    found = document["schema"]
    if found != schema:
        remedy = "update pin-engrave" if _is_newer(found, schema) else f"expected {schema!r}; name the right file"
        kind = f"newer than {schema!r}, the newest this version reads" if _is_newer(found, schema) else "another kind"
        raise InputError(f"{origin}: schema {found!r} is {kind}; {remedy}")


def from_jsonable(cls: type[T], document: Mapping[str, Any], *, origin: str) -> T:
    """A dataclass from a JSON object whose keys are the full field names. Raises InputError with every fault."""
    return _validated(cls, document, faults={}, origin=origin, keys=False)


def _refuse_number(text: str) -> float:
    raise ValueError(f"{text} is not a finite number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse_number(text)


def _is_newer(found: object, schema: str) -> bool:
    """Whether ``found`` is a later version of the same kind of document."""
    name, _, number = schema.rpartition("/")
    found_name, _, found_number = str(found).rpartition("/")
    return found_name == name and found_number.isdecimal() and int(found_number) > int(number)


def _item_type(annotation: object) -> object:
    """X of ``tuple[X, ...]`` and of ``X | None``; the annotation itself otherwise."""
    arguments = [argument for argument in get_args(annotation) if argument not in (type(None), Ellipsis)]
    if get_origin(annotation) in (tuple, types.UnionType) and len(arguments) == 1:
        return _item_type(arguments[0])
    return annotation


def _converted(cls: type, table: Mapping[str, Any], *, path: str, faults: dict[str, str]) -> dict[str, Any]:
    """Field names for keys and numbers for quantities, faults added by path; shapes are left to the validator."""
    hints = get_type_hints(cls)
    names = keys_of(cls)
    values: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{path}{key}"
        if key in names:
            name = names[key]
            values[name] = _converted_value(name, hints[name], value, where=where, faults=faults)
        else:
            faults[where] = f"unknown key; known here: {', '.join(sorted(names))}"
    return values


def _converted_value(name: str, annotation: object, value: object, *, where: str, faults: dict[str, str]) -> object:
    """The value as the validator wants it. A faulty one comes back as text, which it refuses for any number."""
    item = _item_type(annotation)
    if isinstance(value, list):
        return [
            _converted_value(name, item, entry, where=f"{where}[{index}]", faults=faults)
            for index, entry in enumerate(value)
        ]
    if get_origin(annotation) is tuple:
        return value
    if isinstance(item, type) and is_dataclass(item):
        return _converted(item, value, path=f"{where}.", faults=faults) if isinstance(value, dict) else value
    try:
        return _plain(name, value)
    except ValueError as error:
        faults[where] = str(error)
        return str(value)


def _plain(name: str, value: object) -> object:
    """A quantity in the program's unit; anything else as it stands. Raises ValueError."""
    dimension = dimension_of(name)
    if dimension is not None:
        return parse_quantity(value, dimension)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    return value


@cache
def _adapter(cls: type) -> "TypeAdapter[Any]":
    """The validator of a dataclass: it costs more to make than to use."""
    from pydantic import TypeAdapter

    return TypeAdapter(cls)


def _validated(cls: type[T], values: Mapping[str, Any], *, faults: dict[str, str], origin: str, keys: bool) -> T:
    """The dataclass. Raises InputError with the faults given, by path, and those of the values."""
    from pydantic import ValidationError

    sentences = [f"{path}: {fault}" for path, fault in faults.items()]
    try:
        # A class is hashable, which mypy does not see of a type variable.
        value: T = _adapter(cls).validate_json(json.dumps(values, default=str), strict=True, extra="forbid")  # type: ignore[arg-type]
    except ValidationError as error:
        for item in error.errors(include_url=False):
            path = _dotted(item["loc"], keys=keys)
            if path not in faults:
                sentences.extend(_sentences(path, item))
        raise InputError([f"{origin}: {sentence}" for sentence in sentences]) from None
    raise_faults([f"{origin}: {sentence}" for sentence in sentences])
    return value


def _sentences(path: str, item: Mapping[str, Any]) -> Iterator[str]:
    """What the validator found at a path. Faults that a dataclass raised each begin with the key they are about."""
    at = f"{path}: " if path else ""
    raised = item.get("ctx", {}).get("error")
    if isinstance(raised, InputError):
        yield from (f"{path}.{fault}" if path else fault for fault in raised.faults)
    elif item["type"] == "value_error":
        yield f"{at}{raised}"
    elif item["type"] == "missing":
        yield f"{at}missing"
    elif item["type"] == "unexpected_keyword_argument":
        yield f"{at}unknown key"
    elif item["type"] in _WANTED:
        yield f"{at}must be {_WANTED[item['type']]}, not {reprlib.repr(item['input'])}"
    else:
        yield f"{at}{item['msg']}, not {reprlib.repr(item['input'])}"


def _dotted(location: tuple[int | str, ...], *, keys: bool) -> str:
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not step.startswith(_TAGGED):
            name = key_of(step) if keys else step
            path += f".{name}" if path else name
    return path
