"""A LightBurn project as it stands: layers, shapes in their groups, preferences; nothing is understood yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from toolpaths.readers.safe_xml import End, Start, events

# A pin's plan has ten thousand paths of four elements each; ten times that is read.
MOST_BYTES = 32_000_000
MOST_ELEMENTS = 400_000
MOST_DEPTH = 64  # each group takes two

ROOT = "LightBurnProject"
_SETTING, _SUB_LAYER, _SHAPE, _PREFERENCES = "CutSetting", "SubLayer", "Shape", "UIPrefs"
_OLD_VERTEX, _OLD_PIECE = "V", "P"
# What a shape's own children say as text.
_TEXTS = ("XForm", "VertList", "PrimList")


@dataclass(slots=True, kw_only=True)
class Setting:
    """A layer: its kind, its values by name, whether it has layers within it, and its line."""

    kind: str
    line: int
    values: dict[str, str] = field(default_factory=dict)
    has_sub_layer: bool = False


@dataclass(slots=True, kw_only=True)
class Shape:
    """A shape, or a group: its attributes, the texts of its children, its line, and the group that it stands in.

    ``parent`` is the place of the group among the shapes, -1 outside of all; a group stands before what is in it.
    ``torn`` where one of its texts stands twice or is broken by an element.
    """

    attributes: Mapping[str, str]
    line: int
    parent: int
    texts: dict[str, str] = field(default_factory=dict)
    torn: bool = False

    @property
    def kind(self) -> str:
        """Path, Rect, Group and so on."""
        return self.attributes.get("Type", "")


@dataclass(slots=True, kw_only=True)
class Document:
    """What stands in the file, in its order; ``root`` is the name of its first element, ``old`` the form of lbrn."""

    root: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    settings: list[Setting] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    preferences: dict[str, str] = field(default_factory=dict)
    old: bool = False


def document(data: bytes) -> Document:
    """Everything that the reader looks at, or the root alone where it is another. Raises XmlRefusedError.

    Memory is some twenty times the size of the file at most.
    """
    found = Document()
    names: list[str] = []
    open_shapes: list[int] = []
    for event in events(data, most_depth=MOST_DEPTH, most_elements=MOST_ELEMENTS):
        if isinstance(event, Start):
            _started(found, event, names, open_shapes)
            names.append(event.name)
            if found.root != ROOT:
                break
        elif isinstance(event, End):
            names.pop()
            if event.name == _SHAPE:
                open_shapes.pop()
        elif names[-1] in _TEXTS and names[-2:-1] == [_SHAPE]:
            shape = found.shapes[open_shapes[-1]]
            shape.torn |= names[-1] in shape.texts
            shape.texts[names[-1]] = event.text
    return found


def _started(found: Document, event: Start, names: list[str], open_shapes: list[int]) -> None:
    parent = names[-1] if names else ""
    if not names:
        found.root, found.attributes = event.name, event.attributes
    elif event.name == _SHAPE:
        group = open_shapes[-1] if open_shapes else -1
        open_shapes.append(len(found.shapes))
        found.shapes.append(Shape(attributes=event.attributes, line=event.line, parent=group))
    elif event.name == _SETTING and names == [ROOT]:
        found.settings.append(Setting(kind=event.attributes.get("type", ""), line=event.line))
    elif names == [ROOT, _SETTING]:
        if event.name == _SUB_LAYER:
            found.settings[-1].has_sub_layer = True
        else:
            found.settings[-1].values[event.name] = event.attributes.get("Value", "")
    elif parent == _PREFERENCES:
        found.preferences[event.name] = event.attributes.get("Value", "")
    elif parent == _SHAPE and event.name in (_OLD_VERTEX, _OLD_PIECE):
        found.old = True
