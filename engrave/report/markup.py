"""Elements of HTML and XML in which text cannot become markup: whatever is not ``Markup`` is escaped."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Markup:
    """Text that is markup already."""

    text: str


def legible(text: str) -> str:
    """The text on one line, with a visible mark for every character that XML forbids or that no reader would see.

    White space becomes a space; controls, direction overrides, surrogates and unassigned characters are marked.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if character.isspace() else _REPLACEMENT if unicodedata.category(character) in _UNSEEN else character
        for character in text
    )


def element(name: str, attributes: Mapping[str, str] | None = None, *children: str | Markup) -> Markup:
    """An element with a begin and an end tag, its attribute values and text children escaped."""
    inner = "".join(_escaped(child) for child in children)
    return Markup(f"<{name}{_attributes(attributes)}>{inner}</{name}>")


def empty(name: str, attributes: Mapping[str, str] | None = None) -> Markup:
    """An element without content, in the form that HTML and XML both take."""
    return Markup(f"<{name}{_attributes(attributes)}/>")


def joined(parts: Iterable[Markup], separator: str = "\n") -> Markup:
    """The parts one after the other."""
    return Markup(separator.join(part.text for part in parts))


def table(columns: Sequence[str], body: Sequence[Markup], *, caption: str) -> Markup:
    """A table with a caption and a row of column heads."""
    heads = element("tr", None, *(element("th", {"scope": "col"}, column) for column in columns))
    return element(
        "table",
        None,
        element("caption", None, caption),
        element("thead", None, heads),
        element("tbody", None, joined((Markup(""), *body, Markup("")))),
    )


def row(*cells: Markup) -> Markup:
    """A row of a table."""
    return element("tr", None, *cells)


def _escaped(child: str | Markup) -> str:
    return child.text if isinstance(child, Markup) else escape(legible(child))


def _attributes(attributes: Mapping[str, str] | None) -> str:
    return "".join(f' {name}="{escape(legible(value))}"' for name, value in (attributes or {}).items())
