"""The DXF reader: what others wrote, what we wrote, and every way in which a file can be no good."""

import time
import tracemalloc
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import ezdxf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Polygon, to_wkb

from toolpaths.findings import Severity
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers.drawn import Drawn
from toolpaths.readers.dxf import MOST_REPEATS, read_dxf
from toolpaths.readers.dxf_tags import MOST_BYTES, MOST_LINES
from toolpaths.writers.dxf import Version, write_job_dxf, write_outline_dxf

Need = Callable[[str], ModuleType]
NANOMETRE_UM = 1e-3
PROCESS = Process(pulse_energy_j=1e-6, repetition_rate_hz=1e5, feed_um_s=1e4)

HEADER = "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1015\n9\n$INSUNITS\n70\n4\n0\nENDSEC\n"
LINE = "0\nLINE\n8\nCUT\n10\n0.1\n20\n0.2\n30\n0.3\n11\n1.1\n21\n1.2\n31\n1.3\n"
VERTICES = "0\nVERTEX\n8\nCUT\n10\n1\n20\n2\n0\nVERTEX\n8\nCUT\n10\n3\n20\n4\n"


def drawing(entities: str, *, header: str = HEADER) -> bytes:
    return f"{header}0\nSECTION\n2\nENTITIES\n{entities}0\nENDSEC\n0\nEOF\n".encode()


def numbers(drawn: Drawn) -> list[str]:
    return [finding.number for finding in drawn.findings]


def refused(data: bytes) -> list[str]:
    """Numbers of the findings of a file that must be refused whole."""
    drawn = read_dxf(data)
    assert not drawn.readable
    assert drawn.toolpath.blocks == ()
    assert drawn.says == frozenset()
    assert all(finding.message for finding in drawn.findings)
    return numbers(drawn)


def lines_of(drawn: Drawn) -> dict[str, list[list[list[float]]]]:
    """Points in um by operation, to be compared with literals."""
    return {
        operation.name: [np.round(path, 6).tolist() for path in operation.paths]
        for _, operation in drawn.toolpath.operations()
    }


def test_every_kind_of_line_by_hand() -> None:
    polyline = f"0\nPOLYLINE\n8\nRING\n66\n1\n30\n0.5\n70\n1\n{VERTICES}0\nSEQEND\n8\nRING\n"
    light = "0\nLWPOLYLINE\n8\nLIGHT\n90\n2\n70\n0\n38\n-2\n10\n0\n20\n1\n10\n2\n20\n3\n"
    drawn = read_dxf(drawing(LINE + polyline + light))
    assert drawn.findings == ()
    assert lines_of(drawn) == {
        "CUT": [[[100, 200, 300], [1100, 1200, 1300]]],
        "RING": [[[1000, 2000, 500], [3000, 4000, 500], [1000, 2000, 500]]],
        "LIGHT": [[[0, 1000, -2000], [2000, 3000, -2000]]],
    }
    assert drawn.says == {"z"}
    assert [block.repeats for block in drawn.toolpath.blocks] == [1]


def test_windows_line_ends_comments_and_indented_codes() -> None:
    data = drawing(f"999\na comment\n{LINE}").replace(b"\n10\n", b"\n 10\n").replace(b"\n", b"\r\n")
    assert lines_of(read_dxf(data)) == {"CUT": [[[100, 200, 300], [1100, 1200, 1300]]]}


def test_a_flat_drawing_says_no_heights() -> None:
    assert read_dxf(drawing(LINE.replace("0.3", "0").replace("1.3", "0"))).says == frozenset()


@pytest.mark.parametrize("version", ["R12", "R2000", "R2010"])
def test_what_ezdxf_draws(version: str) -> None:
    doc: Any = ezdxf.new(version, units=4)  # type: ignore[attr-defined] # not re-exported
    space = doc.modelspace()
    space.add_line((0, 0, 1), (1, 2, 3), dxfattribs={"layer": "A"})
    space.add_polyline3d([(0, 0, 0), (1, 0, 0.5), (1, 1, 1)], close=True, dxfattribs={"layer": "B"})
    space.add_polyline2d([(5, 5), (6, 5), (6, 6)], dxfattribs={"layer": "B"})
    stream = StringIO()
    doc.write(stream)
    drawn = read_dxf(stream.getvalue().encode())
    assert lines_of(drawn) == {
        "A": [[[0, 0, 1000], [1000, 2000, 3000]]],
        "B": [
            [[0, 0, 0], [1000, 0, 500], [1000, 1000, 1000], [0, 0, 0]],
            [[5000, 5000, 0], [6000, 5000, 0], [6000, 6000, 0]],
        ],
    }
    assert numbers(drawn) == (["M308"] if version == "R12" else [])


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_what_gdal_draws(require_module: Need, tmp_path: Path) -> None:
    """GDAL's template is in inches, which must be refused; told to be in millimetres, the lines are all there."""
    pyogrio = require_module("pyogrio")
    path = tmp_path / "drawing.dxf"
    shapes = [LineString([(0, 0, 1), (1, 0, 2), (1, 1, 3)]), LineString([(0, 0), (0.123456, 2)])]
    pyogrio.raw.write(
        path,
        np.array([to_wkb(shape, output_dimension=3) for shape in shapes], dtype=object),
        field_data=[np.array(["A", "B"], dtype=object)],
        fields=["Layer"],
        geometry_type="Unknown",
        driver="DXF",
    )
    data = path.read_bytes()
    assert refused(data) == ["M307"]
    inches = b"$INSUNITS\n 70\n     1"
    assert data.count(inches) == 1
    drawn = read_dxf(data.replace(inches, b"$INSUNITS\n 70\n     4"))
    assert lines_of(drawn) == {
        "A": [[[0, 0, 1000], [1000, 0, 2000], [1000, 1000, 3000]]],
        "B": [[[0, 0, 0], [123.456, 2000, 0]]],
    }


def test_what_klayout_draws(require_module: Need, tmp_path: Path) -> None:
    """Its DXF is R10, without a unit: taken for millimetres, with a warning."""
    database = require_module("klayout.db")
    layout = database.Layout()
    layout.dbu = 1e-4
    corners = [database.DPoint(0, 0), database.DPoint(100, 0), database.DPoint(50, 75.1234)]
    layout.create_cell("TOP").shapes(layout.layer(database.LayerInfo("CUT"))).insert(database.DPolygon(corners))
    options = database.SaveLayoutOptions()
    options.format = "DXF"
    layout.write(str(tmp_path / "drawing.dxf"), options)
    drawn = read_dxf((tmp_path / "drawing.dxf").read_bytes())
    assert numbers(drawn) == ["M308"]
    assert drawn.readable
    assert lines_of(drawn) == {"CUT": [[[0, 0, 0], [50_000, 75_123.4, 0], [100_000, 0, 0], [0, 0, 0]]]}


coordinate = st.integers(-1_000_000, 1_000_000)
path_points = st.builds(
    lambda points, closed: [*points, points[0]] if closed else points,
    st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=2, max_size=5, unique=True),
    st.booleans(),
)


@st.composite
def toolpaths(draw: st.DrawFn) -> Toolpath:
    """A few blocks of a few operations, in whole nanometres; neighbouring blocks are often run as often."""
    blocks = []
    for _ in range(draw(st.integers(1, 3))):
        operations = []
        for _ in range(draw(st.integers(1, 3))):
            paths = draw(st.lists(path_points, min_size=1, max_size=4))
            starts = np.cumsum([0, *map(len, paths)])
            points = np.array([point for path in paths for point in path]) / 1000.0
            name = draw(st.text(max_size=8))
            operations.append(Operation(name=name, process=PROCESS, paths=Polylines(points=points, starts=starts)))
        blocks.append(Block(repeats=draw(st.sampled_from([1, 2, 2, 27])), operations=tuple(operations)))
    return Toolpath(blocks=tuple(blocks))


def joined(toolpath: Toolpath) -> list[tuple[int, int]]:
    """Runs and number of operations of each block; neighbours that are run once are one block as well as two."""
    found: list[tuple[int, int]] = []
    for block in toolpath.blocks:
        count = len(block.operations)
        if found and found[-1][0] == block.repeats == 1:
            found[-1] = (1, found[-1][1] + count)
        else:
            found.append((block.repeats, count))
    return found


@given(toolpaths(), st.sampled_from(["R2000", "R12"]))
def test_what_is_written_is_read(toolpath: Toolpath, version: Version) -> None:
    drawn = read_dxf(write_job_dxf(toolpath, version=version))
    assert drawn.readable
    assert drawn.says == {"z", "order", "repeats"}
    assert joined(drawn.toolpath) == joined(toolpath)
    for (_, found), (_, wanted) in zip(drawn.toolpath.operations(), toolpath.operations(), strict=True):
        np.testing.assert_array_equal(found.paths.starts, wanted.paths.starts)
        np.testing.assert_allclose(found.paths.points, wanted.paths.points, rtol=0, atol=NANOMETRE_UM / 1000)
        assert np.isnan(found.process.feed_um_s)


@pytest.mark.parametrize("version", ["R2000", "R12"])
def test_outlines_are_read_as_rings(version: Version) -> None:
    land = Polygon([(0, 0), (100.125, 0), (100, 150)], [[(20, 10), (80, 20), (80, 60)]])
    drawn = read_dxf(write_outline_dxf([land], version=version))
    (found,) = lines_of(drawn).values()
    assert [[point[:2] for point in ring] for ring in found] == [
        [list(point) for point in ring.coords] for ring in (land.exterior, land.interiors[0])
    ]


@pytest.mark.parametrize(("factor", "number"), [(1.0, None), (25.4, "M312"), (1 / 25.4, "M312"), (1.0006, "M312")])
def test_the_square_tells_the_scale(factor: float, number: str | None) -> None:
    square = "".join(f"10\n{x * factor / 2}\n20\n{y * factor / 2}\n" for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)))
    drawn = read_dxf(drawing(f"0\nLWPOLYLINE\n8\nCALIBRATION\n90\n4\n70\n1\n{square}{LINE}"))
    assert numbers(drawn) == ([number] if number else [])
    if number is None:
        assert list(lines_of(drawn)) == ["CUT"]
    else:
        assert drawn.toolpath.blocks == ()
        assert drawn.findings[0].value == pytest.approx(factor)
        assert drawn.findings[0].limit == 1.0


def test_a_file_without_a_unit_is_measured_by_its_square(toolpath: Toolpath) -> None:
    drawn = read_dxf(write_job_dxf(toolpath, version="R12"))
    assert [(finding.number, finding.severity) for finding in drawn.findings] == [("M308", Severity.INFO)]
    drawn = read_dxf(drawing(LINE, header=""))
    assert [(finding.number, finding.severity) for finding in drawn.findings] == [("M308", Severity.WARNING)]


def job(*layers: str) -> bytes:
    return drawing("".join(LINE.replace("CUT", layer) for layer in layers))


def test_layers_of_a_job() -> None:
    drawn = read_dxf(job("OP02_B_X3", "OP01_A_X_X3", "OP03_C_X3_NEXT", "op04_d_x1"))
    assert [(b.repeats, [o.name for o in b.operations]) for b in drawn.toolpath.blocks] == [
        (3, ["OP01_A_X_X3", "OP02_B_X3"]), (3, ["OP03_C_X3_NEXT"]), (1, ["op04_d_x1"])
    ]  # fmt: skip
    assert numbers(drawn) == ["M313"]
    assert refused(job("OP01_A_X1", "OP03_B_X1")) == ["M314"]
    assert refused(job("OP01_A_X1", "OP01_B_X1")) == ["M314"]
    assert refused(job("OP01_A_X1", "FRAME")) == ["M315"]
    assert refused(job("OP01_A_X0")) == ["M316"]
    assert read_dxf(job(f"OP01_A_X{MOST_REPEATS}")).toolpath.blocks[0].repeats == MOST_REPEATS
    assert refused(job(f"OP01_A_X{MOST_REPEATS + 1}")) == ["M316"]
    assert refused(job("OP01_A_X999999999")) == ["M316"]


@pytest.mark.parametrize("unit", ["0", "1", "2", "5", "6", "13", "99", "x"])
def test_other_units_are_not_scaled(unit: str) -> None:
    assert refused(drawing(LINE, header=HEADER.replace("70\n4", f"70\n{unit}"))) == ["M307"]


def test_r2000_must_state_its_unit() -> None:
    assert refused(drawing(LINE, header=HEADER.replace("9\n$INSUNITS\n70\n4\n", ""))) == ["M307"]
    assert refused(drawing(LINE, header=HEADER.replace("AC1015", "AC9999"))) == ["M319"]


@pytest.mark.parametrize("kind", ["ARC", "CIRCLE", "SPLINE", "TEXT", "MTEXT", "HATCH", "INSERT", "POINT", "3DFACE"])
def test_what_is_no_line_is_refused(kind: str) -> None:
    entity = f"0\n{kind}\n8\nCUT\n10\n0\n20\n0\n40\n1\n"
    assert refused(drawing(LINE + entity)) == ["M309"]
    found = read_dxf(drawing(LINE + entity * 3)).findings[0]
    assert kind in found.message
    assert found.message.startswith("3 ")


LIGHT = "0\nLWPOLYLINE\n8\nCUT\n"
BROKEN = {
    "no end": ("M310", LINE.replace("21\n1.2\n", "")),
    "x twice": ("M310", LINE.replace("20\n0.2", "10\n0.2\n20\n0.2")),
    "a billion claimed": ("M310", f"{LIGHT}90\n1000000000\n10\n0\n20\n0\n10\n1\n20\n1\n"),
    "y lost": ("M310", f"{LIGHT}90\n2\n10\n0\n20\n0\n10\n1\n"),
    "y first": ("M310", f"{LIGHT}90\n2\n20\n0\n10\n0\n10\n1\n20\n1\n"),
    "no polyline": ("M310", VERTICES),
    "no seqend": ("M310", f"0\nPOLYLINE\n8\nCUT\n70\n8\n{VERTICES}"),
    "line in polyline": ("M310", f"0\nPOLYLINE\n8\nCUT\n{VERTICES}{LINE}0\nSEQEND\n"),
    "bulge": ("M311", f"{LIGHT}90\n2\n10\n0\n20\n0\n42\n0.5\n10\n1\n20\n1\n"),
    "spline fit": ("M311", f"0\nPOLYLINE\n8\nCUT\n70\n4\n{VERTICES}0\nSEQEND\n"),
    "mesh": ("M311", f"0\nPOLYLINE\n8\nCUT\n70\n16\n{VERTICES}0\nSEQEND\n"),
    "control point": ("M311", f"0\nPOLYLINE\n8\nCUT\n70\n8\n{VERTICES}70\n16\n0\nSEQEND\n"),
    "odd flags": ("M311", f"{LIGHT}70\n1e300\n90\n2\n10\n0\n20\n0\n10\n1\n20\n1\n"),
    "mirrored": ("M311", f"{LIGHT}90\n2\n10\n0\n20\n0\n10\n1\n20\n1\n210\n0\n220\n0\n230\n-1\n"),
    "nan": ("M305", LINE.replace("0.2", "nan")),
    "inf": ("M305", LINE.replace("0.2", "-inf")),
    "hexadecimal": ("M305", LINE.replace("0.2", "0x1p3")),
    "underscore": ("M305", LINE.replace("0.2", "1_000")),
    "two points": ("M305", LINE.replace("0.2", "1.2.3")),
    "empty": ("M305", LINE.replace("0.2", "")),
    "too large for a float": ("M306", LINE.replace("0.2", "1e400")),
    "far": ("M306", LINE.replace("0.2", "1000.000001")),
    "far height": ("M306", f"{LIGHT}38\n1e9\n90\n2\n10\n0\n20\n0\n10\n1\n20\n1\n"),
    "no length": ("M317", LINE.replace("1.1", "0.1").replace("1.2", "0.2").replace("1.3", "0.3")),
    "nothing": ("M317", ""),
    "no entity": ("M303", "8\nCUT\n"),
    "no code": ("M304", "LINE\n0\n"),
    "long code": ("M304", "00000000000000\nLINE\n"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_entity_is_refused(name: str) -> None:
    number, entities = BROKEN[name]
    assert number in refused(drawing(entities))


def test_a_metre_is_still_read() -> None:
    assert read_dxf(drawing(LINE.replace("0.2", "1000.0"))).readable


def test_lines_of_no_length_are_left_out_with_a_word() -> None:
    dot = LINE.replace("1.1", "0.1").replace("1.2", "0.2").replace("1.3", "0.3")
    drawn = read_dxf(drawing(dot + LINE + f"{LIGHT}90\n1\n10\n0\n20\n0\n"))
    assert numbers(drawn) == ["M318"]
    assert len(lines_of(drawn)["CUT"]) == 1


def test_paper_space_is_left_out() -> None:
    paper = LINE.replace("8\nCUT\n", "67\n1\n8\nFRAME\n")
    drawn = read_dxf(drawing(f"0\nVIEWPORT\n67\n1\n8\n0\n{LINE}{paper}"))
    assert numbers(drawn) == ["M320"]
    assert list(lines_of(drawn)) == ["CUT"]


WRONG_FILES = {
    "binary": ("M302", b"AutoCAD Binary DXF\r\n\x1a\x00\x00SECTION\x00"),
    "dwg": ("M302", b"AC1015\x00\x00\x00"),
    "utf-16": ("M302", drawing(LINE).decode().encode("utf-16")),
    "utf-16 without mark": ("M302", drawing(LINE).decode().encode("utf-16-le")),
    "empty": ("M303", b""),
    "end alone": ("M317", b"0\nEOF\n"),
    "pdf": ("M303", b"%PDF-1.4\n1 0 obj\n"),
    "section in section": ("M303", b"0\nSECTION\n2\nHEADER\n0\nSECTION\n2\nENTITIES\n0\nENDSEC\n0\nEOF\n"),
    "section without name": ("M303", b"0\nSECTION\n0\nENDSEC\n0\nEOF\n"),
    "entities twice": ("M303", drawing(LINE).replace(b"0\nEOF", b"0\nSECTION\n2\nENTITIES\n0\nENDSEC\n0\nEOF")),
    "between sections": ("M303", drawing(LINE, header=f"{HEADER}{LINE}")),
    "sections without end": ("M303", b"0\nSECTION\n2\nA\n" * 1000 + b"0\nEOF\n"),
    "line feeds": ("M301", b"\n" * (MOST_LINES + 1)),
    "kinds": ("M301", drawing("".join(f"0\nK{place}\n" for place in range(300_000)))),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_what_is_no_dxf_is_refused(name: str) -> None:
    number, data = WRONG_FILES[name]
    begin = time.process_time()
    assert refused(data) == [number]
    assert time.process_time() - begin < 2.0


def test_a_file_too_large_is_refused_unread() -> None:
    assert refused(b"0" * (MOST_BYTES + 1)) == ["M301"]


@pytest.mark.parametrize(
    ("limit", "size"), [("MOST_LINES", drawing(LINE).count(b"\n")), ("MOST_BYTES", len(drawing(LINE)))]
)
def test_how_much_is_read(monkeypatch: pytest.MonkeyPatch, limit: str, size: int) -> None:
    monkeypatch.setattr(f"toolpaths.readers.dxf_tags.{limit}", size)
    assert read_dxf(drawing(LINE)).readable
    monkeypatch.setattr(f"toolpaths.readers.dxf_tags.{limit}", size - 1)
    assert refused(drawing(LINE)) == ["M301"]


def test_too_many_layers() -> None:
    assert refused(job(*(f"L{place}" for place in range(1001)))) == ["M301"]
    assert read_dxf(job(*(f"L{place}" for place in range(1000)))).readable


def test_a_file_cut_off_anywhere_is_refused(toolpath: Toolpath) -> None:
    """Of the last end mark nothing may be missing but the end of its line."""
    for version in ("R2000", "R12"):
        data = write_job_dxf(toolpath, version="R12" if version == "R12" else "R2000")
        assert data.endswith(b"EOF\n")
        for place in [*range(0, len(data) - 2, len(data) // 150), *range(len(data) - 40, len(data) - 1)]:
            assert refused(data[:place]), place


tokens = st.sampled_from(
    [b"0\n", b"LINE\n", b"nan\n", b"-1\n", b"10\n", b"SEQEND\n", b"90\n", b"1e9\n", b"\xff", b"67\n"]
)


@given(st.binary(max_size=200), st.integers(0, 2_000), st.lists(tokens, max_size=3))
def test_never_raises(noise: bytes, place: int, extra: list[bytes]) -> None:
    data = drawing(LINE + VERTICES.join(["0\nPOLYLINE\n8\nA\n70\n8\n", "0\nSEQEND\n"]) + f"{LIGHT}10\n0\n20\n0\n")
    place %= len(data)
    for bad in (noise, data[:place] + noise + data[place:], data[:place] + b"".join(extra) + data[place:]):
        drawn = read_dxf(bad)
        assert drawn.readable == bool(drawn.toolpath.blocks)


def test_a_large_file_is_read_at_once() -> None:
    """Thirty thousand lines (a pin has ten): CPU seconds, generous for a busy machine; 0.15 s measured."""
    data = drawing(LINE * 30_000)
    begin = time.process_time()
    drawn = read_dxf(data)
    assert time.process_time() - begin < 2.0
    assert sum(len(operation.paths) for _, operation in drawn.toolpath.operations()) == 30_000


@pytest.mark.slow
def test_as_many_lines_as_are_read_end_in_bounded_memory() -> None:
    """A light polyline of numbers that all differ, 52 MB: of all that was tried it takes the most memory."""
    count = MOST_LINES // 4 - 20
    points = "".join(f"10\n{place % 1000 / 7:.6f}\n20\n{place % 997 / 7:.6f}\n" for place in range(count))
    data = drawing(f"{LIGHT}90\n{count}\n{points}")
    del points
    tracemalloc.start()
    begin = time.process_time()
    drawn = read_dxf(data)
    taken_s = time.process_time() - begin
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert drawn.readable
    assert taken_s < 60.0
    assert most_bytes < 1.5e9
