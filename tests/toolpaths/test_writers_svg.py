"""The SVG writer: valid XML whatever the names, millimetres, one group an operation."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolpaths.errors import ToolpathError
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.writers.svg import import_note, write_toolpath_svg

SVG = "{http://www.w3.org/2000/svg}"


def named(name: str) -> Toolpath:
    process = Process(pulse_energy_j=0.7e-6, repetition_rate_hz=2e5, feed_um_s=2e4)
    paths = Polylines(points=np.array([(0, 0, -1), (100, 50, -2)]), starts=np.array([0, 2]))
    return Toolpath(blocks=(Block(repeats=27, operations=(Operation(name=name, process=process, paths=paths),)),))


def test_page_groups_and_lines() -> None:
    root = ET.fromstring(write_toolpath_svg(named("HATCH"), title="pin"))  # noqa: S314 - our own file
    # From the apex to (100, 50) um with 50 um about it, y down.
    assert root.get("viewBox") == "-0.050000 -0.100000 0.200000 0.150000"
    assert (root.get("width"), root.get("height")) == ("0.200000mm", "0.150000mm")
    assert root.findtext(f"{SVG}title") == "pin"
    (group,) = root.findall(f"{SVG}g")
    assert group.findtext(f"{SVG}title") == "HATCH"
    assert group.get("data-repeats") == "27"
    assert group.get("data-block") == "1"
    assert group.get("data-pulse-energy-uj") == "0.7"
    assert group.get("data-pulse-width-ps") is None
    (path,) = group.findall(f"{SVG}path")
    assert path.get("d") == "M0.000000 0.000000 L0.100000 -0.050000"


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_gives_valid_xml(name: str, title: str) -> None:
    ET.fromstring(write_toolpath_svg(named(name), title=title))  # noqa: S314 - our own file


def test_refuses_to_draw_nothing() -> None:
    with pytest.raises(ToolpathError, match="nothing would be marked"):
        write_toolpath_svg(Toolpath(blocks=()), title="")


def test_what_is_known_of_the_process_is_in_the_file() -> None:
    process = Process(
        pulse_energy_j=1e-15,
        repetition_rate_hz=2e5,
        feed_um_s=2e4,
        pulse_width_s=0.25e-12,
        spot_radius_um=6.0,
        wavelength_um=1.03,
    )
    paths = Polylines(points=np.array([(0, 0, -1), (100, 50, -2)]), starts=np.array([0, 2]))
    step = Operation(name="A", process=process, paths=paths)
    data = write_toolpath_svg(Toolpath(blocks=(Block(repeats=1, operations=(step,)),)), title="")
    for attribute in ('energy-uj="1e-09"', 'pulse-width-ps="0.25"', 'spot-radius-um="6"', 'wavelength-um="1.03"'):
        assert f"-{attribute}".encode() in data


def test_the_note_names_every_group_and_the_size(toolpath: Toolpath) -> None:
    note = import_note(toolpath)
    assert "runs 27, 0.25 uJ a pulse at the work, 100 kHz, 12.345 mm/s, z -20.2 to -20.2 um" in note
    assert [f"group operation-{place}\n" in note for place in (1, 2, 3, 4)] == [True, True, True, False]
    assert "The job's 5 lines reach from x -0.200 to 0.220 mm and from y -0.200 to 0.200 mm." in " ".join(note.split())
    assert max(map(len, note.split("\n"))) <= 100
    with pytest.raises(ToolpathError, match="nothing would be marked"):
        import_note(Toolpath(blocks=()))


def test_same_bytes_twice(toolpath: Toolpath) -> None:
    assert write_toolpath_svg(toolpath, title="t") == write_toolpath_svg(toolpath, title="t")
