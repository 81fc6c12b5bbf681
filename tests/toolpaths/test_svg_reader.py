"""The SVG reader: our own files in full, others as geometry judged by svgelements, and all that is no good."""

import math
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers.drawn import Drawn
from toolpaths.readers.svg import MOST_REPEATS, read_svg
from toolpaths.readers.svg_document import MOST_BYTES, MOST_DEPTH, MOST_ELEMENTS
from toolpaths.writers.svg import write_toolpath_svg

Need = Callable[[str], ModuleType]
FloatArray = NDArray[np.float64]
PICOMETRE_UM = 1e-6
PAGE = 'width="10mm" height="10mm" viewBox="0 0 10 10"'
LINE = '<path d="M1 2 L3 4"/>'


def svg(content: str, *, page: str = PAGE) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {page}>{content}</svg>'.encode()


def numbers(drawn: Drawn) -> list[str]:
    return [finding.number for finding in drawn.findings]


def refused(data: bytes) -> list[str]:
    """Numbers of the findings of a file that must be refused whole."""
    drawn = read_svg(data)
    assert not drawn.readable
    assert drawn.toolpath.blocks == ()
    assert drawn.says == frozenset()
    return numbers(drawn)


def lines_of(drawn: Drawn) -> list[list[list[float]]]:
    """Points in um, y up, of all operations, to be compared with literals."""
    return [np.round(path[:, :2], 6).tolist() for _, step in drawn.toolpath.operations() for path in step.paths]


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("M1 2 L3 4", [[(1, 2), (3, 4)]]),
        ("M1,2L3,4 5,6", [[(1, 2), (3, 4), (5, 6)]]),
        ("M1 2 3 4", [[(1, 2), (3, 4)]]),
        ("m1 2 3 4", [[(1, 2), (4, 6)]]),
        ("M1-2L.5.25", [[(1, -2), (0.5, 0.25)]]),
        ("M1e1,2E-1l1 1", [[(10, 0.2), (11, 1.2)]]),
        ("M0 0 H1 2 V3 4", [[(0, 0), (1, 0), (2, 0), (2, 3), (2, 4)]]),
        ("M1 1 h1 2 v3 4", [[(1, 1), (2, 1), (4, 1), (4, 4), (4, 8)]]),
        ("M0 0 L1 0 1 1 Z", [[(0, 0), (1, 0), (1, 1), (0, 0)]]),
        ("M0 0 L1 0 1 1 0 0 z", [[(0, 0), (1, 0), (1, 1), (0, 0)]]),
        ("M1 1 l1 0 0 1 z l5 5", [[(1, 1), (2, 1), (2, 2), (1, 1)], [(1, 1), (6, 6)]]),
        ("M1 1 l1 0 0 1 z m5 5 l1 0", [[(1, 1), (2, 1), (2, 2), (1, 1)], [(6, 6), (7, 6)]]),
        ("M9 9 M1 2 L3 4 M7 7", [[(1, 2), (3, 4)]]),
    ],
)
def test_path_data(require_module: Need, data: str, lines: list[list[tuple[float, float]]]) -> None:
    """By hand after SVG 1.1, chapter 8.3, and as svgelements reads them."""
    drawn = read_svg(svg(f'<path d="{data}"/>'))
    assert drawn.findings == ()
    assert lines_of(drawn) == [[[x * 1000, -y * 1000] for x, y in line] for line in lines]
    np.testing.assert_allclose(
        np.concatenate(seen_by_svgelements(require_module, svg(f'<path d="{data}"/>'))),
        np.concatenate([np.array(path[:, :2]) for _, step in drawn.toolpath.operations() for path in step.paths]),
        atol=PICOMETRE_UM,
    )


def seen_by_svgelements(need: Need, data: bytes) -> list[FloatArray]:
    """Lines in um, y up, the page's corner at 0 0, from the pixels of 1/96 inch that svgelements gives."""
    elements = need("svgelements")
    found: list[list[tuple[float, float]]] = []
    for shape in elements.SVG.parse(BytesIO(data), reify=True).elements(lambda one: isinstance(one, elements.Shape)):
        for piece in elements.Path(shape):
            if isinstance(piece, elements.Move):
                found.append([(piece.end.x, piece.end.y)])
                continue
            if isinstance(piece, elements.Close) and found[-1][0] == found[-1][-1]:
                continue
            # A line after a Z begins anew, where the closed one ended.
            if len(found[-1]) > 2 and found[-1][0] == found[-1][-1]:
                found.append([(piece.start.x, piece.start.y)])
            found[-1].append((piece.end.x, piece.end.y))
    um_per_pixel = 25_400 / 96
    if b'mm"' in data or b'cm"' in data:
        um_per_pixel *= (1 / 25.4) / ROUNDED_INCH_PER_MM
    return [np.array(line) * [um_per_pixel, -um_per_pixel] for line in found if len(line) > 1]


# What svgelements takes for 1 / 25.4: half a nanometre too much in a millimetre, which we take back.
ROUNDED_INCH_PER_MM = 0.0393701

FOREIGN = (
    '<g transform="translate(1 2)"><g transform="scale(2,3)"><path d="M0 0L1 1"/></g></g>',
    '<g transform="rotate(30)"><polyline points="0,0 1,0 1,1"/></g>',
    '<g transform="rotate(90 5 5)"><polygon points="1 1 2 1 2 2"/></g>',
    '<line x1="1" y1="2" x2="3" y2="4.5" transform="matrix(1 .5 -.5 2 3 4)"/>',
    '<g transform="translate(3),scale(2) rotate(-45)"><path d="m1 1 2 0 0 2z" transform="translate(-1)"/></g>',
    '<path d="M1 1H4V5"/><g><line y2="3"/></g>',
)
PAGES = (
    PAGE,
    'width="1in" height="2in" viewBox="0 0 100 200"',
    'width="96" height="96px" viewBox="0 0 48 48"',
    'width="2.54cm" height="2.54cm" viewBox="0 0 10 10"',
    'width="3pc" height="36pt" viewBox="0 0 10 10"',
    'width="20mm" height="10mm" viewBox="0 0 10 10" preserveAspectRatio="none"',
)


@pytest.mark.parametrize("content", FOREIGN)
@pytest.mark.parametrize("page", PAGES)
def test_drawings_of_others(require_module: Need, content: str, page: str) -> None:
    drawn = read_svg(svg(content, page=page))
    found = [path[:, :2] for _, step in drawn.toolpath.operations() for path in step.paths]
    wanted = seen_by_svgelements(require_module, svg(content, page=page))
    assert len(found) == len(wanted) > 0
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=NANOMETRE_UM, rtol=0)
    assert drawn.says == frozenset()
    assert drawn.readable


NANOMETRE_UM = 1e-3


@pytest.mark.parametrize(
    ("page", "um", "findings"),
    [
        (PAGE, 1000.0, []),
        ('width="1in" height="1in" viewBox="0 0 10 10"', 2540.0, ["M327"]),
        ('width="96" height="96" viewBox="0 0 10 10"', 2540.0, ["M327"]),
        ("", 25_400 / 96, ["M327"]),
        ('width="10mm" height="20mm" viewBox="0 0 10 10"', 1000.0, ["M340"]),
    ],
)
def test_units_of_the_page(page: str, um: float, findings: list[str]) -> None:
    drawn = read_svg(svg(LINE, page=page))
    assert numbers(drawn) == findings
    np.testing.assert_allclose(lines_of(drawn), [[[um, -2 * um], [3 * um, -4 * um]]], atol=1e-5)


@pytest.mark.parametrize(
    "page",
    [
        'width="10em" height="10em" viewBox="0 0 10 10"',
        'width="100%" height="100%" viewBox="0 0 10 10"',
        'width="10furlong" height="10mm" viewBox="0 0 10 10"',
        'viewBox="0 0 10 10"',
        'width="10mm" viewBox="0 0 10 10"',
        'width="0mm" height="0mm" viewBox="0 0 10 10"',
        'width="10mm" height="10mm" viewBox="0 0 0 10"',
        'width="10mm" height="10mm" viewBox="0 0 10"',
        'width="1e999mm" height="10mm" viewBox="0 0 10 10"',
        'width="1e6mm" height="1e6mm" viewBox="0 0 1e-6 1e-6"',
        'width="10mm" height="10mm" viewBox="0 0 10 10" preserveAspectRatio="xMidYMid slice"',
    ],
)
def test_pages_of_no_known_size(page: str) -> None:
    assert refused(svg(LINE, page=page)) == ["M326"]


coordinate = st.integers(-1_000_000, 1_000_000)
path_points = st.builds(
    lambda points, closed: [*points, points[0]] if closed else points,
    st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=5, unique=True),
    st.booleans(),
)
figure = st.floats(1e-9, 1e6)
printable = st.text(st.characters(categories=("L", "N", "P", "S")), max_size=10)


@st.composite
def toolpaths(draw: st.DrawFn) -> Toolpath:
    """A few blocks of a few operations, in whole nanometres, their processes with and without all figures."""
    blocks = []
    full = draw(st.booleans())
    for _ in range(draw(st.integers(1, 3))):
        operations = []
        for _ in range(draw(st.integers(1, 3))):
            paths = draw(st.lists(path_points, min_size=1, max_size=4))
            points = np.array([(*point, 0) for path in paths for point in path]) / 1000.0
            process = Process(
                pulse_energy_j=draw(figure),
                repetition_rate_hz=draw(figure),
                feed_um_s=draw(figure),
                pulse_width_s=draw(figure) if full else None,
                spot_radius_um=draw(figure) if full else None,
                wavelength_um=draw(figure) if full else None,
            )
            lines = Polylines(points=points, starts=np.cumsum([0, *map(len, paths)]))
            operations.append(Operation(name=draw(printable), process=process, paths=lines))
        blocks.append(Block(repeats=draw(st.sampled_from([1, 1, 27])), operations=tuple(operations)))
    return Toolpath(blocks=tuple(blocks))


GEOMETRY_SAYS = {"repeats", "order", "pulse_energy", "repetition_rate", "feed"}


@given(toolpaths())
def test_what_is_written_is_read(toolpath: Toolpath) -> None:
    drawn = read_svg(write_toolpath_svg(toolpath, title="A & <B>"))
    assert drawn.findings == ()
    full = next(toolpath.operations())[1].process.pulse_width_s is not None
    assert drawn.says == GEOMETRY_SAYS | ({"pulse_width", "spot_radius", "wavelength"} if full else set())
    assert [(b.repeats, len(b.operations)) for b in drawn.toolpath.blocks] == [
        (b.repeats, len(b.operations)) for b in toolpath.blocks
    ]
    for (_, found), (_, wanted) in zip(drawn.toolpath.operations(), toolpath.operations(), strict=True):
        assert found.name == wanted.name
        np.testing.assert_array_equal(found.paths.starts, wanted.paths.starts)
        np.testing.assert_allclose(found.paths.points, wanted.paths.points, rtol=0, atol=PICOMETRE_UM)
        assert figures(found.process) == pytest.approx(figures(wanted.process), rel=1e-11)


def figures(process: Process) -> list[float]:
    values = (
        process.pulse_energy_j,
        process.repetition_rate_hz,
        process.feed_um_s,
        process.pulse_width_s,
        process.spot_radius_um,
        process.wavelength_um,
    )
    return [value for value in values if value is not None]


def group(**attributes: str) -> str:
    words = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f"<g {words}>{LINE}</g>"


def test_groups_of_a_job() -> None:
    one = group(id="operation-1", data_repeats="3", data_block="1", data_feed_mm_s="20")
    two = group(id="operation-2", data_repeats="3", data_block="1")
    three = group(id="operation-3", data_repeats="3", data_block="2")
    drawn = read_svg(svg(one + two + three))
    assert [(block.repeats, len(block.operations)) for block in drawn.toolpath.blocks] == [(3, 2), (3, 1)]
    assert drawn.says == {"repeats", "order"}
    process = drawn.toolpath.blocks[0].operations[0].process
    assert process.feed_um_s == 20_000.0
    assert math.isnan(process.pulse_energy_j)
    assert refused(svg(two + one)) == ["M334"]
    assert refused(svg(one + three)) == ["M334"]
    assert refused(svg(one + LINE)) == ["M335"]
    renamed = read_svg(svg(group(id="layer1", data_repeats="2")))
    assert numbers(renamed) == ["M334"]
    assert renamed.says == {"repeats"}


@pytest.mark.parametrize("repeats", ["0", "-1", "1.5", "nan", "", str(MOST_REPEATS + 1), "999999999", "9" * 5000])
def test_runs_that_no_pin_needs(repeats: str) -> None:
    assert "M333" in refused(svg(group(id="operation-1", data_repeats=repeats)))


def test_the_most_runs_are_read() -> None:
    drawn = read_svg(svg(group(id="operation-1", data_repeats=str(MOST_REPEATS))))
    assert drawn.toolpath.blocks[0].repeats == MOST_REPEATS


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e999", "", "1_0", "٣"])
def test_figures_must_be_positive_numbers(value: str) -> None:
    assert "M333" in refused(svg(group(id="operation-1", data_repeats="1", data_pulse_energy_uj=value)))


def test_groups_of_others_are_operations() -> None:
    drawn = read_svg(svg(f'{LINE}<g id="a">{LINE}<g>{LINE}{LINE}</g></g><g id="empty"/>'))
    (block,) = drawn.toolpath.blocks
    assert [(step.name, len(step.paths)) for step in block.operations] == [("drawing", 1), ("a", 1), ("drawing", 2)]


@pytest.mark.parametrize(
    ("content", "number"),
    [
        ('<path d="M0 0 C1 1 2 2 3 3"/>', "M329"),
        ('<path d="M0 0 a1 1 0 0 0 3 3"/>', "M329"),
        ('<path d="M0 0 q1 1 2 2"/>', "M329"),
        ('<path d="L0 0 1 1"/>', "M330"),
        ('<path d="1 1 M0 0"/>', "M330"),
        ('<path d="M0 0 L1"/>', "M330"),
        ('<path d="M0 0 L"/>', "M330"),
        ('<path d="M0 0 L1 1 Z 5"/>', "M330"),
        ('<path d="M0 0 X1 1"/>', "M330"),
        ('<path d="M0 0 L1.2.3.4"/>', "M330"),
        ('<path d="M0 0 L1 --1"/>', "M330"),
        ('<path d="M0 0 Lnan 1"/>', "M329"),
        ('<path d="M0 0 L1_0 1"/>', "M330"),
        ('<path d="M0 0 L1e400 1"/>', "M332"),
        ('<path d="M0 0 l1e308 0 1e308 0 -1e308 0"/>', "M332"),
        ('<path d="M0 0 L1001 0"/>', "M332"),
        ('<polyline points="0 0 inf 1"/>', "M330"),
        ('<polyline points="0 0 1"/>', "M330"),
        ('<line x2="5mm"/>', "M330"),
        ('<g transform="skewX(3)">L</g>', "M331"),
        ('<g transform="scale(1,2,3)"/>', "M331"),
        ('<g transform="rotate(nan)"/>', "M330"),
        ('<g transform="rotate(1e999)"/>', "M331"),
        ('<g transform="scale(1e300) scale(1e300)"/>', "M332"),
        ('<g transform="scale(2"/>', "M331"),
        (f'<g transform="{"scale(1) " * 101}"/>', "M331"),
        (f'<g style="fill:none; transform: scale(2)">{LINE}</g>', "M331"),
        (f'<g clip-path="url(#a)">{LINE}</g>', "M331"),
        ("<text>A</text>", "M328"),
        ('<circle r="1"/>', "M328"),
        ('<use href="#a"/>', "M328"),
        (f"<svg>{LINE}</svg>", "M328"),
        ('<image href="file:///etc/passwd"/>', "M328"),
        ("", "M336"),
        ('<path d="M1 1"/>', "M336"),
        ('<path d="M1 1 L1 1"/>', "M336"),
        (f"<defs>{LINE}</defs>", "M336"),
    ],
)
def test_what_is_no_straight_line_is_refused(content: str, number: str) -> None:
    assert number in refused(svg(content))


@pytest.mark.parametrize(
    "hidden", ['display="none"', 'style="display:none"', 'visibility="hidden"', 'style="a:b;visibility: hidden"']
)
def test_hidden_parts_are_left_out_with_a_word(hidden: str) -> None:
    drawn = read_svg(svg(f"<g {hidden}><g>{LINE}</g></g>{LINE}"))
    assert numbers(drawn) == ["M337"]
    assert len(lines_of(drawn)) == 1


def test_what_editors_add_is_passed_over() -> None:
    extra = '<metadata><path d="M0 0L9 9"/></metadata><e:view xmlns:e="urn:e"><path d="M0 0L9 9"/></e:view>'
    drawn = read_svg(svg(f"<title>t</title>{extra}{LINE}"))
    assert drawn.findings == ()
    assert len(lines_of(drawn)) == 1
    assert numbers(read_svg(svg(f"<style>path {{}}</style>{LINE}"))) == ["M339"]


BOMB = "".join(f'<!ENTITY e{place} "{f"&e{place - 1};" * 10 if place else "lol"}">' for place in range(10))
WRONG_FILES = {
    "bomb": ("M323", f"<!DOCTYPE svg [{BOMB}]>".encode() + svg("<title>&e9;</title>")),
    "external": ("M323", b'<!DOCTYPE svg SYSTEM "file:///etc/passwd">' + svg(LINE)),
    "plain type": ("M323", b"<!DOCTYPE svg>" + svg(LINE)),
    "undeclared": ("M322", svg(f"<title>&who;</title>{LINE}")),
    "utf-16": ("M322", svg(LINE).decode().encode("utf-16")),
    "utf-16 without mark": ("M322", svg(LINE).decode().encode("utf-16-le")),
    "utf-7": ("M322", b'<?xml version="1.0" encoding="utf-7"?>' + svg(LINE)),
    "empty": ("M322", b""),
    "text": ("M322", b"0\nSECTION\n"),
    "html": ("M325", b"<html><body/></html>"),
    "other namespace": ("M325", b'<svg xmlns="urn:x"><path d="M0 0L1 1"/></svg>'),
    "unbound prefix": ("M322", svg("<a:b/>")),
    "deep": ("M324", svg("<g>" * 100_000)),
    "elements": ("M324", svg("<g/>" * MOST_ELEMENTS)),
    "large": ("M321", b" " * (MOST_BYTES + 1)),
    "commands": ("M321", svg(f'<path d="M0 0{"h1" * 600_000}"/>')),
    "numbers": ("M321", svg(f'<path d="M{"1 " * 1_000_001}"/>')),
    "numbers without space": ("M321", svg(f'<polyline points="{".1" * 1_000_001}"/>')),
    "operations": ("M321", svg(f"<g>{LINE}</g>" * 1001)),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_what_is_no_svg_is_refused(name: str) -> None:
    number, data = WRONG_FILES[name]
    begin = time.process_time()
    assert refused(data) == [number]
    assert time.process_time() - begin < 2.0


def test_the_deepest_that_is_read() -> None:
    depth = MOST_DEPTH - 2  # the page and the line itself
    assert read_svg(svg("<g>" * depth + LINE + "</g>" * depth)).readable
    assert refused(svg("<g>" * (depth + 1) + LINE + "</g>" * (depth + 1))) == ["M324"]


def test_a_file_cut_off_anywhere_is_refused(toolpath: Toolpath) -> None:
    data = write_toolpath_svg(toolpath, title="pin")
    assert data.endswith(b"</svg>\n")
    for place in range(0, len(data) - 2, 7):
        assert refused(data[:place]) == ["M322"], place


@given(
    st.binary(max_size=100),
    st.integers(0, 2_000),
    st.sampled_from([b"<g>", b'"', b"1e400", b"&", b"Z", b"data-", b"-"]),
)
def test_never_raises(noise: bytes, place: int, extra: bytes) -> None:
    data = svg(group(id="operation-1", data_repeats="3", transform="scale(2)") + FOREIGN[4])
    place %= len(data)
    for bad in (noise, data[:place] + noise + data[place:], data[:place] + extra + data[place:]):
        drawn = read_svg(bad)
        assert drawn.readable == bool(drawn.toolpath.blocks)


def test_our_file_is_read_as_svgelements_reads_it(require_module: Need, toolpath: Toolpath, tmp_path: Path) -> None:
    """The view box begins elsewhere than at 0 0: svgelements moves by its corner, we keep the drawing's own origin."""
    data = write_toolpath_svg(toolpath, title="pin")
    (tmp_path / "job.svg").write_bytes(data)
    seen = seen_by_svgelements(require_module, data)
    found = [path[:, :2] for _, step in read_svg(data).toolpath.operations() for path in step.paths]
    assert len(found) == len(seen) == 5
    corner = seen[0][0] - found[0][0]
    for one, other in zip(found, seen, strict=True):
        np.testing.assert_allclose(one + corner, other, atol=NANOMETRE_UM, rtol=0)


def test_a_large_file_is_read_at_once() -> None:
    """Forty thousand points, as a pin has: CPU seconds, generous for a busy machine; 0.15 s measured."""
    data = svg(f'<path d="M0 0 {"L1.234567 2.345678 L5.000001 6.000002 " * 20_000}"/>')
    begin = time.process_time()
    assert len(lines_of(read_svg(data))[0]) == 40_001
    assert time.process_time() - begin < 2.0
