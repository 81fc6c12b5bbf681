"""The DXF writers: version, units, layers and colours; what they refuse; the same bytes everywhere."""

import hashlib
import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import ezdxf
import numpy as np
import pytest
from shapely import Polygon

from toolpaths.errors import ToolpathError
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.writers.dxf import (
    CALIBRATION_LAYER,
    LAND_LAYER,
    Version,
    import_note,
    write_job_dxf,
    write_outline_dxf,
)

LETTER = Polygon([(0, 0), (100, 0), (100, 150), (0, 150)], [[(20, 20), (80, 20), (80, 60), (20, 60)]])


def tags(data: bytes) -> list[tuple[int, str]]:
    lines = data.decode("ascii").split("\n")
    return [(int(code), value) for code, value in zip(lines[0:-1:2], lines[1::2], strict=True)]


def entity_kinds(data: bytes) -> dict[str, int]:
    found = tags(data)
    first = found.index((2, "ENTITIES"))
    last = found.index((0, "ENDSEC"), first)
    kinds: dict[str, int] = {}
    for code, value in found[first:last]:
        if code == 0:
            kinds[value] = kinds.get(value, 0) + 1
    return kinds


def steps(count: int, *, name: str = "A", repeats: int = 1) -> Toolpath:
    paths = Polylines(points=np.array([(0, 0, 0), (1, 0, 0)]), starts=np.array([0, 2]))
    return Toolpath(
        blocks=tuple(
            Block(
                repeats=repeats,
                operations=(
                    Operation(
                        name=name,
                        process=Process(pulse_energy_j=1e-6 * (index + 1), repetition_rate_hz=1e5, feed_um_s=1e4),
                        paths=paths,
                    ),
                ),
            )
            for index in range(count)
        )
    )


def test_version_units_and_kinds_of_entities(toolpath: Toolpath) -> None:
    for data in (write_job_dxf(toolpath), write_outline_dxf([LETTER])):
        found = tags(data)
        for name, value in (("$ACADVER", (1, "AC1015")), ("$INSUNITS", (70, "4")), ("$MEASUREMENT", (70, "1"))):
            assert found[found.index((9, name)) + 1] == value
    # Two hatch lines and one line of two points; a closed contour of five points and a bent line of three.
    assert entity_kinds(write_job_dxf(toolpath)) == {
        "LWPOLYLINE": 1, "LINE": 3, "POLYLINE": 2, "VERTEX": 8, "SEQEND": 2
    }  # fmt: skip
    assert entity_kinds(write_outline_dxf([LETTER])) == {"LWPOLYLINE": 2}


def test_layers_name_order_operation_and_repeats(toolpath: Toolpath) -> None:
    doc = ezdxf.read(StringIO(write_job_dxf(toolpath).decode()))  # type: ignore[attr-defined] # not re-exported
    wanted = {"OP01_HATCH-000_X27": 1, "OP02_CONTOUR_X27": 2, "OP03_LAST-once_X1": 3, CALIBRATION_LAYER: 7}
    colours = {layer.dxf.name: layer.color for layer in doc.layers if layer.dxf.name not in ("0", "Defpoints")}
    assert colours == wanted
    assert doc.layers.get(CALIBRATION_LAYER).dxf.plot == 0
    assert {entity.dxf.layer for entity in doc.modelspace()} == set(wanted)


def test_r12_states_its_version_and_no_unit(toolpath: Toolpath, caplog: pytest.LogCaptureFixture) -> None:
    for data in (write_job_dxf(toolpath, version="R12"), write_outline_dxf([LETTER], version="R12")):
        found = tags(data)
        assert found[found.index((9, "$ACADVER")) + 1] == (1, "AC1009")
        assert (9, "$INSUNITS") not in found
        # Neither owners nor subclasses were known to R12.
        assert not {100, 330, 290} & {code for code, _ in found}
    assert caplog.records == []
    # The square and the two paths of more than two points.
    assert entity_kinds(write_job_dxf(toolpath, version="R12")) == {"LINE": 3, "POLYLINE": 3, "VERTEX": 12, "SEQEND": 3}
    assert entity_kinds(write_outline_dxf([LETTER], version="R12")) == {"POLYLINE": 2, "VERTEX": 8, "SEQEND": 2}


def test_layer_names_of_r12_are_short_and_capital() -> None:
    data = write_job_dxf(steps(2, name="contour-" + "n" * 300, repeats=27), version="R12")
    names = [value for code, value in tags(data) if code == 8 and value.startswith("OP")]
    assert [re.fullmatch(r"OP0[12]_CONTOUR-N+_X27(_NEXT)?", name) is not None for name in names] == [True, True]
    assert [len(name) for name in names] == [31, 31]
    assert len(write_job_dxf(steps(1, name="n" * 300), version="R12")) > 0


def test_blocks_run_as_often_are_kept_apart() -> None:
    def layers(repeats: int) -> list[str]:
        data = write_job_dxf(steps(3, repeats=repeats))
        return [value for code, value in tags(data) if code == 8 and value.startswith("OP")]

    assert layers(27) == ["OP01_A_X27", "OP02_A_X27_NEXT", "OP03_A_X27_NEXT"]
    assert layers(1) == ["OP01_A_X1", "OP02_A_X1", "OP03_A_X1"]


@pytest.mark.parametrize("version", ["R2000", "R12"])
def test_extents_hold_what_is_drawn(toolpath: Toolpath, version: Version) -> None:
    """The job reaches to y -0.2001234 and 0.22 in x, the square to 0.5 on all sides; heights -24.5 to -6.3 um."""
    found = tags(write_job_dxf(toolpath, version=version))
    low, high = (found.index((9, name)) for name in ("$EXTMIN", "$EXTMAX"))
    assert [float(value) for _, value in found[low + 1 : low + 4]] == [-0.5, -0.5, -0.0245]
    assert [float(value) for _, value in found[high + 1 : high + 4]] == [0.5, 0.5, -0.0063]
    found = tags(write_outline_dxf([LETTER], version=version))
    high = found.index((9, "$EXTMAX"))
    assert [float(value) for _, value in found[high + 1 : high + 4]] == [0.1, 0.15, 0.0]


@pytest.mark.parametrize("version", ["R2000", "R12"])
def test_the_note_names_unit_layers_square_and_size(toolpath: Toolpath, version: Version) -> None:
    note = import_note(toolpath, version=version)
    plain = " ".join(note.split())
    unit = "one drawing unit is one MILLIMETRE" if version == "R12" else "The unit is the millimetre"
    layers = ("OP01_HATCH-000_X27 red", "OP02_CONTOUR_X27 yellow", "OP03_LAST-once_X1 green")
    for text in (
        unit,
        "Turn OFF whatever joins",
        "within 25 um",
        "load the outline file",
        f"Layer {CALIBRATION_LAYER} must not be marked",
        "1.000 mm wide and high",
        "The job's 5 lines reach from x -0.200 to 0.220 mm and from y -0.200 to 0.200 mm.",
        *(layer.replace("LAST-once", "LAST-ONCE") if version == "R12" else layer for layer in layers),
        "runs 27, 0.7 uJ a pulse at the work, 200 kHz, 20 mm/s, z -6.5 to -6.3 um",
    ):
        assert text in plain
    assert "ATTENTION" not in note
    assert max(map(len, note.split("\n"))) <= 100
    assert note.isascii()
    with pytest.raises(ToolpathError, match="nothing would be marked"):
        import_note(Toolpath(blocks=()))


@pytest.mark.parametrize("count", [6, 7])
def test_the_note_warns_where_two_kinds_share_a_colour(count: int) -> None:
    note = " ".join(import_note(steps(count)).split())
    assert ("ATTENTION" in note) == (count == 7)
    assert ("(red: OP01_A_X1, OP07_A_X1)" in note) == (count == 7)


@pytest.mark.parametrize("version", ["R2000", "R12"])
def test_the_document_is_sound(toolpath: Toolpath, version: Version) -> None:
    data = write_job_dxf(toolpath, version=version)
    doc = ezdxf.read(StringIO(data.decode()))  # type: ignore[attr-defined] # not re-exported
    auditor = doc.audit()
    assert (auditor.errors, auditor.fixes) == ([], [])
    found = tags(data)
    # The first is the seed itself; R12's dimension styles have an empty text under the same code.
    handles = [int(value, 16) for code, value in found if code == 5 and value][1:]
    assert len(set(handles)) == len(handles)
    assert int(found[found.index((9, "$HANDSEED")) + 1][1], 16) > max(handles)


@pytest.mark.parametrize("count", [6, 7])
def test_one_colour_a_process_until_they_run_out(count: int) -> None:
    doc = ezdxf.read(StringIO(write_job_dxf(steps(count)).decode()))  # type: ignore[attr-defined] # not re-exported
    colours = [layer.color for layer in doc.layers if layer.dxf.name.startswith("OP")]
    assert colours == [1, 2, 3, 4, 5, 6, 1][:count]


def test_layer_names_hold_nothing_odd() -> None:
    data = write_job_dxf(steps(1, name="a\nb/<>*?|=`'\"ü" + "n" * 300))
    names = [value for code, value in tags(data) if code == 8 and value.startswith("OP")]
    assert re.fullmatch(r"OP01_a-b-n{1,60}_X1", names[0])
    assert all(
        name == "OP01_OPERATION_X1" for code, name in tags(write_job_dxf(steps(1, name="ü"))) if name[:2] == "OP"
    )


def test_refuses_what_is_no_outline() -> None:
    with pytest.raises(ToolpathError, match="no polygon"):
        write_outline_dxf([])
    with pytest.raises(ToolpathError, match="no polygon"):
        write_outline_dxf([Polygon()])
    with pytest.raises(ToolpathError, match="not finite"):
        write_outline_dxf([Polygon([(0, 0), (np.inf, 0), (1, 1)])])
    with pytest.raises(ToolpathError, match="nothing would be marked"):
        write_job_dxf(Toolpath(blocks=()))


def test_the_land_layer_is_alone_in_the_outline() -> None:
    data = write_outline_dxf([LETTER])
    assert [value for code, value in tags(data) if (code, value) == (8, LAND_LAYER)] == [LAND_LAYER] * 2
    assert CALIBRATION_LAYER.encode() not in data


def test_the_library_switch_is_put_back() -> None:
    options = ezdxf.options  # type: ignore[attr-defined] # not re-exported
    before = options.write_fixed_meta_data_for_testing
    write_outline_dxf([LETTER])
    assert options.write_fixed_meta_data_for_testing == before


SCRIPT = """
import hashlib, sys
import numpy as np
from shapely import Polygon
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.writers.dxf import write_job_dxf, write_outline_dxf
paths = Polylines(points=np.array([(0, 0, 0), (1, 0, 0), (2, 1, 0), (5, 5, 5)]), starts=np.array([0, 2, 4]))
process = Process(pulse_energy_j=1e-6, repetition_rate_hz=1e5, feed_um_s=1e4)
operation = Operation(name="A", process=process, paths=paths)
job = write_job_dxf(Toolpath(blocks=(Block(repeats=2, operations=(operation,)),)))
print(hashlib.sha256(job + write_outline_dxf([Polygon([(0, 0), (1, 0), (0, 1)])])).hexdigest())
"""


def test_same_bytes_whatever_the_hash_seed_time_zone_and_locale() -> None:
    root = Path(__file__).parents[2]
    digests = set()
    for seed, zone in (("0", "UTC"), ("1", "Asia/Tokyo"), ("424242", "America/Denver")):
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C", "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, check=True, timeout=60
        )
        digests.add(done.stdout)
    assert len(digests) == 1
    assert len(next(iter(digests)).strip()) == hashlib.sha256().digest_size * 2
