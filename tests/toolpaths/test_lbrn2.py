"""LightBurn projects: what the writer refuses and says, what the reader makes of them, and files that are no good."""

import math
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolpaths.errors import ToolpathError
from toolpaths.findings import Severity
from toolpaths.model import Block, Delays, Operation, Polylines, Process, Toolpath
from toolpaths.readers.drawn import Drawn
from toolpaths.readers.lbrn2 import MOST_FINDINGS, MOST_POINTS, read_lbrn2
from toolpaths.readers.lbrn2_document import MOST_BYTES
from toolpaths.readers.lbrn2_layers import MOST_REPEATS
from toolpaths.writers.lbrn2 import MOST_LAYERS, import_note, write_lbrn2

MOST_J = 20e-6
ALL_SAID = {"repeats", "pulse_energy", "repetition_rate", "feed", "pulse_width", "order"}


def process(energy_j: float = 1e-6, *, width_s: float | None = None, delays: Delays | None = None) -> Process:
    return Process(pulse_energy_j=energy_j, repetition_rate_hz=2e5, feed_um_s=2e4, pulse_width_s=width_s, delays=delays)


def operation(name: str, of: Process, *lines: list[tuple[float, float, float]]) -> Operation:
    points = np.array([point for line in lines for point in line], dtype=np.float64).reshape(-1, 3)
    starts = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
    return Operation(name=name, process=of, paths=Polylines(points=points, starts=starts))


LINE = [(0.0, 0.0, -1.0), (100.0, 0.0, -2.0)]
OTHER = [(0.0, 4.0, -3.0), (100.0, 4.0, -4.0)]


def one_block(*operations: Operation, repeats: int = 1) -> Toolpath:
    return Toolpath(blocks=(Block(repeats=repeats, operations=operations),))


def written(toolpath: Toolpath) -> bytes:
    return write_lbrn2(toolpath, title="T", most_pulse_energy_j=MOST_J)


def read(data: bytes) -> Drawn:
    return read_lbrn2(data, most_pulse_energy_j=MOST_J)


def numbers(drawn: Drawn) -> list[str]:
    return [finding.number for finding in drawn.findings]


# The writer.


def test_neighbours_of_one_process_share_a_layer() -> None:
    """A, A, B, A in one block are three layers; the same process in the next block is a fourth."""
    a, b = process(1e-6), process(2e-6)
    first = Block(
        repeats=9,
        operations=(
            operation("hatch-000", a, LINE),
            operation("hatch-090", a, OTHER),
            operation("contour", b, LINE),
            operation("hatch-045", a, LINE),
        ),
    )
    second = Block(repeats=2, operations=(operation("hatch-045", a, OTHER),))
    root = ET.fromstring(written(Toolpath(blocks=(first, second))))  # noqa: S314 - our own file
    layers = [
        tuple(setting.find(name).get("Value") for name in ("name", "numPasses", "priority"))  # type: ignore[union-attr]
        for setting in root.iter("CutSetting")
    ]
    assert layers == [
        ("hatch-000 + hatch-090", "9", "0"),
        ("contour", "9", "1"),
        ("hatch-045", "9", "2"),
        ("hatch-045", "2", "3"),
    ]
    assert [shape.get("CutIndex") for shape in root.iter("Shape")] == ["0", "0", "1", "2", "3"]


@pytest.mark.parametrize("count", [MOST_LAYERS, MOST_LAYERS + 1])
def test_thirty_layers_and_no_more(count: int) -> None:
    plan = one_block(*(operation(f"{place}", process((place + 1) * 1e-8), LINE) for place in range(count)))
    if count == MOST_LAYERS:
        assert written(plan).count(b"<CutSetting ") == MOST_LAYERS
    else:
        with pytest.raises(ToolpathError, match="31 layers, LightBurn has 30"):
            written(plan)


def test_every_fault_at_once() -> None:
    plan = one_block(
        operation("strong", process(21e-6), LINE),
        operation("odd", process(width_s=math.nan), LINE),
        operation("none", process(width_s=0.0), LINE),
    )
    with pytest.raises(ToolpathError) as refused:
        written(plan)
    assert str(refused.value).split("\n") == [
        "strong: a pulse energy of 21 uJ is above the machine's greatest, 20 uJ",
        "odd: the pulse width must be positive, not nan",
        "none: the pulse width must be positive, not 0.0",
    ]


def test_small_figures_are_carried_without_an_exponent() -> None:
    """30 fJ of 20 uJ are 1.5e-9 of it, 1.5e-7 percent; 30 as are 3e-8 ns."""
    data = written(one_block(operation("A", process(3e-14, width_s=3e-17), LINE)))
    assert b'<maxPower Value="0.00000015"/>' in data
    assert b'<QPulseWidth Value="0.00000003"/>' in data


def test_the_greatest_energy_itself_is_a_hundred_percent() -> None:
    assert b'<maxPower Value="100"/>' in written(one_block(operation("A", process(MOST_J), LINE)))


@pytest.mark.parametrize("most_j", [0.0, -1.0, math.nan, math.inf])
def test_the_greatest_energy_must_be_one(most_j: float) -> None:
    plan = one_block(operation("A", process(), LINE))
    with pytest.raises(ToolpathError, match="greatest pulse energy"):
        write_lbrn2(plan, title="", most_pulse_energy_j=most_j)
    with pytest.raises(ToolpathError, match="greatest pulse energy"):
        read_lbrn2(written(plan), most_pulse_energy_j=most_j)


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (Toolpath(blocks=()), "nothing would be marked"),
        (one_block(operation("A", process(), [(0, 0, math.nan), (1, 0, 0)])), "not finite"),
        (one_block(operation("A", process(), [(0, 0, 0), (2e6, 0, 0)])), "further than 1 m"),
        # Seen from above it is a point: a line down along z.
        (one_block(operation("A", process(), [(5, 5, 0), (5, 5, -9)])), "shorter than a nanometre"),
        (one_block(operation("A", process(), LINE), repeats=0), "0 repeats"),
    ],
)
def test_paths_that_no_file_can_carry(plan: Toolpath, says: str) -> None:
    for answer in (written, import_note):
        with pytest.raises(ToolpathError, match=says):
            answer(plan)


def test_nothing_else_is_drawn_and_the_program_keeps_the_order() -> None:
    root = ET.fromstring(written(one_block(operation("A", process(), LINE))))  # noqa: S314 - our own file
    assert [child.tag for child in root] == ["UIPrefs", "CutSetting", "Shape", "Notes"]
    preferences = {child.tag: child.get("Value") for child in root.iter() if child.tag.startswith("Optimize_")}
    assert preferences.pop("Optimize_ByLayer") == "0"
    assert set(preferences.values()) == {"0", "-1"}


def test_names_and_titles_hold_nothing_that_breaks_the_file() -> None:
    plan = one_block(
        operation('a<b>&"\n\x00\ud800' + "n" * 99, process(), LINE), operation("\x01", process(2e-6), LINE)
    )
    root = ET.fromstring(write_lbrn2(plan, title="<&\"'\x02>", most_pulse_energy_j=MOST_J))  # noqa: S314 - our own file
    names = [element.get("Value", "") for element in root.iter("name")]
    assert names[0].startswith('a<b>&" nnn')
    assert len(names[0]) == 60
    assert names[1] == "C01"
    assert root.find("Notes").get("Notes", "").startswith("<&\"'>\n\n")  # type: ignore[union-attr]


def test_the_note_says_what_the_file_does_not() -> None:
    delays = Delays(
        laser_on_s=-1e-5, laser_off_s=2e-5, jump_s=3e-4, mark_s=4e-4, polygon_s=5e-5, jump_um_s=2e6, sky_writing=1
    )
    plan = Toolpath(
        blocks=(
            Block(
                repeats=27,
                operations=(
                    operation("hatch", process(width_s=3e-13, delays=delays), LINE, OTHER),
                    operation("contour", process(2e-6), [(-50.0, 0.0, -20.0), (0.0, 30.0, -8.5)]),
                ),
            ),
            Block(repeats=3, operations=(operation("finish", process(), LINE),)),
        )
    )
    note = import_note(plan)
    for text in (
        "must be 0.150 mm wide and 0.030 mm high, its lower left corner at X -0.050 mm,\nY 0.000 mm",
        "C00 hatch: passes 27, 20 mm/s, 200 kHz, 1 uJ a pulse\n    heights -4.0 um to -1.0 um",
        "    pulses of 0.0003 ns; below 1 ns",
        "laser on -10, laser off 20, jump 300, mark 400, polygon 50; jumps at 2000 mm/s; sky-writing mode 1",
        "C01 contour: passes 27, 20 mm/s, 200 kHz, 2 uJ a pulse\n    heights -20.0 um to -8.5 um",
        "Not as planned: C00, C01 were to be run in turn, 27 times over.",
        "File > Open, not Import",
    ):
        assert text in note
    assert note.count("Not as planned") == 1
    assert "Not as planned" not in import_note(Toolpath(blocks=plan.blocks[1:]))


SCRIPT = """
import hashlib
import numpy as np
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.writers.lbrn2 import write_lbrn2
paths = Polylines(points=np.array([(0, 0, 0), (1, 0, 0), (2, 1, 0), (5, 5, 5)]), starts=np.array([0, 2, 4]))
process = Process(pulse_energy_j=1e-6, repetition_rate_hz=1e5, feed_um_s=1e4, pulse_width_s=3e-13)
operation = Operation(name="A", process=process, paths=paths)
toolpath = Toolpath(blocks=(Block(repeats=2, operations=(operation,)),))
print(hashlib.sha256(write_lbrn2(toolpath, title="t", most_pulse_energy_j=2e-5)).hexdigest())
"""


def test_same_bytes_whatever_the_hash_seed_and_locale() -> None:
    root = Path(__file__).parents[2]
    digests = set()
    for seed, locale in (("0", "C"), ("424242", "de_DE.UTF-8")):
        environment = os.environ | {"PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", SCRIPT]
        done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
        digests.add(done.stdout)
    assert len(digests) == 1


# There and back.

COORDINATES = st.integers(-900_000, 900_000)
POINTS = st.lists(st.tuples(COORDINATES, COORDINATES, COORDINATES), min_size=2, max_size=6)


@st.composite
def operations(draw: st.DrawFn, place: int, *, width_fs: int | None) -> Operation:
    """Paths in whole nanometres, no point twice running in x and y, some of them closed."""
    paths = []
    for points in draw(st.lists(POINTS, min_size=1, max_size=3)):
        line = [points[0], *(b for a, b in pairwise(points) if a[:2] != b[:2])]
        if len(line) < 2:
            line = [points[0], (points[0][0] + 1, points[0][1], 0)]
        if draw(st.booleans()) and line[0][:2] != line[-1][:2]:
            line.append(line[0])
        paths.append([(x / 1000.0, y / 1000.0, z / 1000.0) for x, y, z in line])
    of = Process(
        pulse_energy_j=draw(st.integers(1, 20_000)) * 1e-9,
        repetition_rate_hz=float(draw(st.integers(1, 10**8))),
        feed_um_s=float(draw(st.integers(1, 10**7))),
        pulse_width_s=None if width_fs is None else width_fs * 1e-15,
    )
    return operation(f"op {place}", of, *paths)


@st.composite
def toolpaths(draw: st.DrawFn) -> Toolpath:
    """Blocks of an operation each, all of which say their pulse width, or none of which does."""
    width_fs = draw(st.one_of(st.none(), st.integers(1, 10**9)))
    blocks = tuple(
        Block(repeats=draw(st.integers(1, MOST_REPEATS)), operations=(draw(operations(place, width_fs=width_fs)),))
        for place in range(draw(st.integers(1, 4)))
    )
    return Toolpath(blocks=blocks)


@settings(max_examples=60)
@given(toolpaths())
def test_what_was_written_is_read(toolpath: Toolpath) -> None:
    drawn = read(written(toolpath))
    assert drawn.findings == ()
    has_width = next(iter(toolpath.operations()))[1].process.pulse_width_s is not None
    assert drawn.says == (ALL_SAID if has_width else ALL_SAID - {"pulse_width"})
    assert len(drawn.toolpath.blocks) == len(toolpath.blocks)
    for (times, found), (wanted_times, wanted) in zip(drawn.toolpath.operations(), toolpath.operations(), strict=True):
        assert (times, found.name) == (wanted_times, wanted.name)
        assert found.paths.starts.tolist() == wanted.paths.starts.tolist()
        flat = wanted.paths.points * (1, 1, 0)
        np.testing.assert_allclose(found.paths.points, flat, atol=1e-9, rtol=0)
        one, other = found.process, wanted.process
        assert one.pulse_energy_j == pytest.approx(other.pulse_energy_j, rel=1e-11)
        assert one.repetition_rate_hz == other.repetition_rate_hz
        assert one.feed_um_s == pytest.approx(other.feed_um_s, rel=1e-11)
        assert one.pulse_width_s == (
            None if other.pulse_width_s is None else pytest.approx(other.pulse_width_s, rel=1e-11)
        )
        assert (one.spot_radius_um, one.wavelength_um, one.delays) == (None, None, None)


def test_a_block_of_two_processes_comes_back_as_the_program_runs_it(toolpath: Toolpath) -> None:
    drawn = read(written(toolpath))
    found = [(block.repeats, [one.name for one in block.operations]) for block in drawn.toolpath.blocks]
    assert found == [(27, ["HATCH-000"]), (27, ["CONTOUR"]), (1, ["LAST (once)"])]


# Files of others.

LAYER = '<CutSetting type="Cut"><index Value="0"/><name Value="C00"/></CutSetting>'


def project(*parts: str, version: str = "1", more: str = "") -> bytes:
    return f'<LightBurnProject FormatVersion="{version}"{more}>{"".join(parts)}</LightBurnProject>'.encode()


def path(vertices: str = "V0 0V1 0", pieces: str = "L0 1", transform: str = "1 0 0 1 0 0", more: str = "") -> str:
    return (
        f'<Shape Type="Path" CutIndex="0"{more}><XForm>{transform}</XForm><VertList>{vertices}</VertList>'
        f"<PrimList>{pieces}</PrimList></Shape>"
    )


PATH = path()


def layer(**values: str) -> str:
    figures = "".join([f'<{name} Value="{value}"/>' for name, value in values.items()])
    return f'<CutSetting type="Cut"><index Value="0"/>{figures}</CutSetting>'


def xy_um(drawn: Drawn) -> list[list[list[float]]]:
    return [line[:, :2].tolist() for _, one in drawn.toolpath.operations() for line in one.paths]


def test_what_a_file_does_not_say_is_unsaid() -> None:
    drawn = read(project(LAYER, PATH))
    ((times, one),) = drawn.toolpath.operations()
    assert (times, one.name) == (1, "C00")
    assert drawn.says == {"repeats"}
    figures = (one.process.pulse_energy_j, one.process.repetition_rate_hz, one.process.feed_um_s)
    assert all(math.isnan(figure) for figure in figures)
    assert one.process.pulse_width_s is None
    assert numbers(drawn) == ["M355"]
    assert drawn.readable


def test_said_is_what_every_layer_says() -> None:
    other = '<CutSetting type="Cut"><index Value="1"/><speed Value="5"/><priority Value="0"/></CutSetting>'
    first = layer(speed="4", frequency="20000", priority="7")
    drawn = read(project(first, other, PATH, PATH.replace('CutIndex="0"', 'CutIndex="1"')))
    assert drawn.says == {"repeats", "feed"}
    # The least priority comes first.
    assert [one.process.feed_um_s for _, one in drawn.toolpath.operations()] == [5000.0, 4000.0]


def test_passes_and_global_passes_multiply() -> None:
    drawn = read(project(layer(numPasses="3", globalRepeat="50"), PATH))
    assert [block.repeats for block in drawn.toolpath.blocks] == [150]


def test_a_rectangle_is_drawn_about_its_middle() -> None:
    """2 mm by 1 mm about (5, 7), turned by a quarter: from 4.5 to 5.5 in x, from 6 to 8 in y."""
    drawn = read(
        project(LAYER, '<Shape Type="Rect" CutIndex="0" W="2" H="1" Cr="0"><XForm>0 1 -1 0 5 7</XForm></Shape>')
    )
    (ring,) = xy_um(drawn)
    assert ring == [[5500, 6000], [5500, 8000], [4500, 8000], [4500, 6000], [5500, 6000]]


@pytest.mark.parametrize(
    ("vertices", "pieces", "wanted"),
    [
        ("V0 0V1 0V1 1", "LineClosed", [[[0, 0], [1000, 0], [1000, 1000], [0, 0]]]),
        ("V0 0V1 0V1 1", "LineOpen", [[[0, 0], [1000, 0], [1000, 1000]]]),
        ("V0 0V1 0V1 1", "L0 1L1 2L2 0", [[[0, 0], [1000, 0], [1000, 1000], [0, 0]]]),
        ("V0 0V1 0V1 1V2 2", "L1 0L3 2", [[[1000, 0], [0, 0]], [[2000, 2000], [1000, 1000]]]),
        (" V+0 -0.0c0x1c1x1SV1e-1 .5S1\n", "\n L0 1 ", [[[0, 0], [100, 500]]]),
        ("V0 0c0x2c0y3c1x-1c1y.5V1 0", "L0 1", [[[0, 0], [1000, 0]]]),
    ],
)
def test_lists_of_vertices_and_pieces(vertices: str, pieces: str, wanted: list[list[list[float]]]) -> None:
    assert xy_um(read(project(LAYER, path(vertices, pieces)))) == wanted


def test_lists_shared_by_number() -> None:
    again = '<Shape Type="Path" CutIndex="0" VertID="4" PrimID="2"><XForm>1 0 0 1 0 3</XForm></Shape>'
    drawn = read(project(LAYER, path(more=' VertID="4" PrimID="2"'), again))
    assert xy_um(drawn) == [[[0, 0], [1000, 0]], [[0, 3000], [1000, 3000]]]


def test_what_is_not_output_is_left_out() -> None:
    tool = '<CutSetting type="Tool"><index Value="30"/></CutSetting>'
    off = '<CutSetting type="Scan"><index Value="1"/><doOutput Value="0"/></CutSetting>'
    text = '<Shape Type="Text" CutIndex="30"><BackupPath Type="Path"><VertList>V</VertList></BackupPath></Shape>'
    drawn = read(project(LAYER, tool, off, PATH, PATH.replace('"0"', '"1"', 1), text))
    assert len(xy_um(drawn)) == 1
    left_out = [finding for finding in drawn.findings if finding.number == "M352"]
    assert left_out[0].severity is Severity.INFO
    assert left_out[0].message.startswith("2 shapes")


def test_a_mirrored_origin_is_told() -> None:
    assert "M353" in numbers(read(project(LAYER, PATH, more=' MirrorX="False" MirrorY="True"')))


# Files that are no good.

DEEP = '<Shape Type="Group"><Children>' * 200 + PATH + "</Children></Shape>" * 200
SMALLEST_GROUP = '<Shape Type="Group"><XForm>{}</XForm><Children>{}</Children></Shape>'


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (b"", "M342"),
        (b"garbage", "M342"),
        (project(LAYER, PATH)[:-30], "M342"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + project(LAYER, PATH), "M342"),
        (project(LAYER, DEEP), "M342"),
        (b"<svg/>", "M343"),
        (project(LAYER, PATH, version="0"), "M343"),
        (project(LAYER, PATH, version="2"), "M343"),
        (b"<LightBurnProject/>", "M343"),
        (b"<Shape><XForm>1 0 0 1 0 0</XForm></Shape>", "M343"),
        (b'<Library><CutSetting type="Cut"><index Value="0"/></CutSetting></Library>', "M343"),
        (project(LAYER, '<Shape Type="Path" CutIndex="0"><V vx="1" vy="2"/><P T="L" p0="0" p1="1"/></Shape>'), "M343"),
        (project(LAYER, path("V0 0c0x1c0y1V1 0c1x1c1y1", "B0 1")), "M344"),
        (project(LAYER, '<Shape Type="Rect" CutIndex="0" W="2" H="1" Cr="0.1"/>'), "M344"),
        (project(LAYER, '<Shape Type="Ellipse" CutIndex="0" Rx="1" Ry="1"/>'), "M344"),
        (project(LAYER, '<Shape Type="Text" CutIndex="0" Str="A"/>'), "M344"),
        (project(LAYER, PATH, '<Shape Type="Bitmap" CutIndex="9" Data="AAAA"/>'), "M344"),
        (project(LAYER, '<Shape CutIndex="0"/>'), "M344"),
        (project(LAYER, PATH.replace("</Shape>", f"{PATH}</Shape>")), "M344"),
        (project(LAYER, path("V0 nanV1 0")), "M345"),
        (project(LAYER, path("V0 infV1 0")), "M345"),
        (project(LAYER, path("V0 1e12V1 0")), "M345"),
        (project(LAYER, path("V0V1 0")), "M345"),
        (project(LAYER, path("")), "M345"),
        (project(LAYER, path("V0 0", "LineOpen")), "M345"),
        (project(LAYER, path("V0 0", "L0 0")), "M345"),
        (project(LAYER, path(pieces="L0 2")), "M345"),
        (project(LAYER, path(pieces="L0 999999999")), "M345"),
        (project(LAYER, path(pieces="L0 1000000000")), "M345"),
        (project(LAYER, path(pieces="L0 -1")), "M345"),
        (project(LAYER, path(pieces="L0 1X")), "M345"),
        (project(LAYER, PATH.replace("<PrimList>", "<PrimList>L0 1</PrimList><PrimList>")), "M345"),
        (project(LAYER, PATH.replace("V1 0", "<b/>V1 0")), "M345"),
        (project(LAYER, '<Shape Type="Path" CutIndex="0" VertID="4" PrimID="2"/>'), "M345"),
        (project(LAYER, path(transform="1 0 0 1 0")), "M346"),
        (project(LAYER, path(transform="1 0 0 1 0 0 0")), "M346"),
        (project(LAYER, path(transform="nan 0 0 1 0 0")), "M346"),
        (project(LAYER, path(transform="0 0 0 0 0 0")), "M346"),
        (project(LAYER, path(transform="1 2 2 4 0 0")), "M346"),
        (project(LAYER, path(transform="1 0 0 1e99 0 0")), "M346"),
        (project(LAYER, SMALLEST_GROUP.format("1 0 0 0 0 0", PATH)), "M346"),
        (project(PATH), "M347"),
        (project(LAYER, LAYER, PATH), "M347"),
        (project(LAYER, PATH.replace('CutIndex="0"', "")), "M347"),
        (project(LAYER.replace('"0"', '"32"'), PATH.replace('CutIndex="0"', 'CutIndex="32"')), "M347"),
        (project(LAYER.replace('"0"', '"-1"'), PATH.replace('CutIndex="0"', 'CutIndex="-1"')), "M347"),
        (project(layer(maxPower="nan"), PATH), "M348"),
        (project(layer(maxPower="0"), PATH), "M348"),
        (project(layer(maxPower="100.1"), PATH), "M348"),
        (project(layer(speed="-5"), PATH), "M348"),
        (project(layer(frequency="1e10"), PATH), "M348"),
        (project(layer(QPulseWidth=""), PATH), "M348"),
        (project(layer(numPasses="0"), PATH), "M348"),
        (project(layer(numPasses=str(MOST_REPEATS + 1)), PATH), "M348"),
        (project(layer(numPasses="9" * 5000), PATH), "M348"),
        (project(layer(numPasses="101", globalRepeat="100"), PATH), "M348"),
        (project(layer(priority="\u0663"), PATH), "M348"),
        (project(LAYER.replace('type="Cut"', 'type="Scan"'), PATH), "M349"),
        (
            project(LAYER.replace("</C", '<SubLayer type="Cut" index="1"><speed Value="3"/></SubLayer></C'), PATH),
            "M349",
        ),
        (project(layer(kerf="0.06"), PATH), "M349"),
        (project(layer(perforate="1"), PATH), "M349"),
        (project(LAYER, PATH.replace('CutIndex="0"', 'CutIndex="0" PowerScale="50"')), "M349"),
        (project(LAYER, path("V0 0V1001 0")), "M350"),
        (project(LAYER, path(transform="25400 0 0 25400 0 0")), "M350"),
        (project(LAYER), "M354"),
        (project(LAYER.replace("</C", '<doOutput Value="0"/></C'), PATH), "M354"),
    ],
)
def test_refused(data: bytes, number: str) -> None:
    drawn = read(data)
    assert numbers(drawn) == [number]
    assert not drawn.readable
    assert drawn.toolpath.blocks == ()
    assert drawn.findings[0].message
    assert drawn.findings[0].remedy


@pytest.mark.parametrize(
    ("data", "repeats"),
    [
        (project(layer(numPasses=str(MOST_REPEATS)), PATH), MOST_REPEATS),
        (project(layer(maxPower="100"), path("V0 0V1000 0")), 1),
        (project(LAYER.replace('"0"', '"31"'), PATH.replace('CutIndex="0"', 'CutIndex="31"')), 1),
        (project(layer(kerf="0", perforate="0"), PATH), 1),
        (project(LAYER, SMALLEST_GROUP.format("0.001 0 0 0.001 0 0", PATH)), 1),
    ],
)
def test_just_taken(data: bytes, repeats: int) -> None:
    drawn = read(data)
    assert drawn.readable
    assert [block.repeats for block in drawn.toolpath.blocks] == [repeats]


def test_findings_say_where_and_end() -> None:
    drawn = read(project(LAYER, *["\n" + path(pieces="L0 7")] * 1000))
    assert len(drawn.findings) == MOST_FINDINGS + 1
    assert drawn.findings[1].place == "line 3"
    assert drawn.findings[-1].number == "M360"


def shared(count: int, uses: int) -> bytes:
    """A list of ``count`` vertices that ``uses`` shapes name by number."""
    again = '<Shape Type="Path" CutIndex="0" VertID="1" PrimID="1"/>'
    vertices = "".join([f"V{place % 7} {place % 5}" for place in range(count)])
    return project(LAYER, path(vertices, "LineOpen", more=' VertID="1" PrimID="1"'), again * (uses - 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "number"),
    [
        (b" " * (MOST_BYTES + 1), "M341"),
        (project("<a/>" * 400_000), "M342"),
        (project(f'<CutSetting type="{"x" * 10_000_000}"/>'), "M354"),
        # 10^4 vertices used 10^4 times over are 10^8 points in half a megabyte.
        (shared(10_000, 10_000), "M351"),
        (project(LAYER, path("V0 0" * (MOST_POINTS + 1))), "M351"),
        (project(LAYER, path(pieces="L0 1" * (MOST_POINTS + 1))), "M351"),
        (project(LAYER, path("V" + "1" * 5_000_000 + "x 0")), "M345"),
        (project(LAYER, path("V0 0" + "c0x1" * 2_000_000 + "!")), "M345"),
        (project(LAYER, path(transform="1 " * 3_000_000)), "M346"),
        (project(LAYER, PATH.replace("V0 0V1 0", "V0 0<a/>" * 200_000)), "M345"),
    ],
    ids=["bytes", "elements", "attribute", "shared", "vertices", "pieces", "digits", "handles", "transform", "torn"],
)
def test_great_claims_end_soon(data: bytes, number: str) -> None:
    begin = time.process_time()
    drawn = read(data)
    assert numbers(drawn) == [number]
    assert time.process_time() - begin < 8.0


def test_as_many_points_as_are_read() -> None:
    drawn = read(shared(MOST_POINTS // 100, 100))
    assert sum(len(one.paths.points) for _, one in drawn.toolpath.operations()) == MOST_POINTS
    assert numbers(read(shared(MOST_POINTS // 100, 101))) == ["M351"]


@settings(max_examples=150)
@given(st.data())
def test_damage_is_found_or_read_but_never_breaks(data: st.DataObject) -> None:
    good = bytearray(read_from := written(one_block(operation("A", process(width_s=3e-13), LINE, OTHER), repeats=3)))
    place = data.draw(st.integers(0, len(read_from) - 1))
    length = data.draw(st.integers(0, 30))
    good[place : place + length] = data.draw(
        st.one_of(st.binary(max_size=8), st.sampled_from([b"nan", b"-", b"9" * 30, b"<", b"/>", b'"', b"L0 9"]))
    )
    drawn = read(bytes(good))
    assert drawn.readable == bool(drawn.toolpath.blocks)
