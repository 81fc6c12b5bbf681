"""Drawings as one page that needs nothing beside it: no script, no network, vectors as vectors.

Every text is escaped as it is put in; the page's policy lets it load nothing but pictures that stand in it.
"""

from collections.abc import Mapping
from importlib.resources import files

from engrave.report.drawing import Drawing
from engrave.report.markup import Markup, element, empty, joined
from engrave.report.svg import svg_element

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page_of(drawings: Mapping[str, Drawing], *, title: str) -> bytes:
    """The page, UTF-8, a section a drawing, each by the name of its view; the same input gives the same bytes."""
    head = element(
        "head",
        None,
        empty("meta", {"charset": "utf-8"}),
        empty("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        empty("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", None, title),
        Markup(f"<style>\n{_style()}</style>"),
    )
    links = [element("li", None, element("a", {"href": f"#{name}"}, _heading(name))) for name in drawings]
    contents = element("nav", {"aria-label": "Views"}, element("ul", None, *links))
    sections = [_section(name, drawing) for name, drawing in drawings.items()]
    main = element("main", None, joined((Markup(""), element("h1", None, title), contents, *sections, Markup(""))))
    page = element("html", {"lang": "en"}, Markup("\n"), head, Markup("\n"), element("body", None, main), Markup("\n"))
    return f"<!DOCTYPE html>\n{page.text}\n".encode()


def _style() -> str:
    return files("engrave.report").joinpath("preview.css").read_text(encoding="utf-8")


def _section(name: str, drawing: Drawing) -> Markup:
    figure = element("figure", None, svg_element(drawing, prefix=f"{name}-"))
    return element("section", {"id": name}, element("h2", None, _heading(name)), figure)


def _heading(name: str) -> str:
    return name.capitalize()
