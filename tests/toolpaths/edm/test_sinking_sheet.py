"""Setup sheets: every field of them, as JSON and as a page."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from xml.etree import ElementTree as ET

import pytest
import shapely
from shapely import box

from engrave.base.config import json_bytes
from engrave.base.shelf import Shelf
from engrave.report.setup_sheet import setup_sheets_html
from toolpaths.edm.electrode import Electrode, electrodes_for
from toolpaths.edm.electrode_region import polygons
from toolpaths.edm.setup_sheet import SetupSheet, setup_sheets
from toolpaths.edm.sinking import plan_sinking
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.errors import ToolpathError
from toolpaths.surface import Surface

FINE: Sinking = Shelf(kind="sinkings", package="toolpaths.edm", folder="sinkings", cls=Sinking).load("fine-cuw").value
FIELD = box(-200, -150, 200, 150)
GROOVE = polygons(FIELD.difference(box(-100, -20, 100, 20)))
LOCATIONS = ((0.0, 0.0), (5000.0, 0.0), (10000.0, 0.0))
NAME = 'job <b>"1"</b>'

Made = tuple[tuple[SetupSheet, ...], tuple[Electrode, ...]]


@pytest.fixture(scope="module")
def made(ball: Callable[..., Surface]) -> Made:
    surface = ball(radius_um=1e9)
    electrodes = electrodes_for(land=GROOVE, field=FIELD, surface=surface, relief_um=40.0, sinking=FINE)
    erosion = plan_sinking(electrodes, surface=surface, relief_um=40.0, sinking=FINE, locations=LOCATIONS)
    sheets = setup_sheets(
        electrodes,
        erosion,
        surface=surface,
        sinking=FINE,
        job=NAME,
        code="ABCD 2345",
        job_sha256="0f" * 32,
        workpiece="flat pin, tool steel",
        locations=LOCATIONS,
    )
    return sheets, electrodes


def test_a_sheet_holds_what_the_shop_must_know(made: Made) -> None:
    """By hand: 38 and 40 um deep, 5 um short of it, lower by the wear; a groove of 200 x 40 um."""
    (rough, finish), _ = made
    assert (rough.electrode, rough.tool, finish.electrode, finish.tool) == ("fine-cuw-rough", 0, "fine-cuw-finish", 1)
    assert (rough.depth_um, finish.depth_um) == (38.0, 40.0)
    assert rough.start_um == (0.0, 0.0, 5.0)
    assert rough.end_um[2] == pytest.approx(5 - 38 - rough.wear_um, abs=1e-3)
    assert finish.end_um[2] == pytest.approx(5 - 40 - finish.wear_um, abs=1e-3)
    assert finish.frontal_area_um2 == pytest.approx(188 * 28, abs=1)
    assert finish.burn_area_um2 == pytest.approx(200 * 40, rel=0.005)
    assert (finish.gap_side_um, finish.gap_front_um, finish.orbit, finish.orbit_um) == (5.0, 5.0, "circle", 1.0)
    assert finish.jump_um == pytest.approx(100, abs=1e-3)
    assert finish.flip_axis == "y"
    assert finish.touch_um != rough.touch_um == (0.0, 0.0, 0.0)
    # Of the rough ones 3.04 um wear off a pin: a budget of 10 um is three pins.
    assert (rough.quantity, finish.quantity) == (1, 1)


def test_quantity_follows_from_wear_and_locations(ball: Callable[..., Surface]) -> None:
    surface = ball(radius_um=1e9)
    sinking = replace(FINE, budget_um=4.0)
    electrodes = electrodes_for(land=GROOVE, field=FIELD, surface=surface, relief_um=40.0, sinking=sinking)
    erosion = plan_sinking(electrodes, surface=surface, relief_um=40.0, sinking=sinking, locations=LOCATIONS)
    told = {"job": "j", "code": "c", "job_sha256": "0" * 64, "workpiece": "w", "locations": LOCATIONS}
    rough, finish = setup_sheets(electrodes, erosion, surface=surface, sinking=sinking, **told)  # type: ignore[arg-type] # as typed
    assert 2 < rough.wear_um < 4
    assert rough.quantity == 3
    assert finish.quantity == 1
    with pytest.raises(ToolpathError, match="the program does not use electrode fine-cuw-rough"):
        setup_sheets(electrodes, replace(erosion, events=()), surface=surface, sinking=sinking, **told)  # type: ignore[arg-type] # as typed


def test_check_points_lie_on_the_floor_within_the_mark(made: Made) -> None:
    (_, finish), electrodes = made
    assert [point.name for point in finish.check_points] == ["floor +x +y", "floor -x +y", "floor -x -y", "floor +x -y"]
    for point in finish.check_points:
        assert point.z_um == -40.0
        assert shapely.contains_xy(electrodes[1].burnt.buffer(-5), point.x_um, point.y_um)


def test_json_holds_every_field(made: Made) -> None:
    (rough, _), _ = made
    document = json.loads(json_bytes(rough))
    assert set(document) == {field.name for field in fields(SetupSheet)}
    assert document["job"] == NAME
    assert document["locations_um"] == [[0.0, 0.0], [5000.0, 0.0], [10000.0, 0.0]]
    assert document["generator"][0] == {"name": "open voltage", "output": 0, "value": 80.0, "unit": "V"}
    wanted = (
        "job code job_sha256 workpiece electrode blank_um holder datum gap_side_um gap_front_um undersize_um orbit "
        "frontal_area_um2 burn_area_um2 finish_ra_um start_um end_um depth_um flush jump_um polarity quantity "
        "check_points flip_axis witness"
    )
    assert set(wanted.split()) <= set(document)


def test_the_page_tells_all_of_it_escaped_and_without_a_script(made: Made) -> None:
    sheets, electrodes = made
    page = setup_sheets_html(sheets, electrodes)
    assert page == setup_sheets_html(sheets, electrodes)
    root = ET.fromstring(page.decode().partition("\n")[2])  # noqa: S314 - our own page
    text = " ".join(" ".join(root.itertext()).split())
    for sheet in sheets:
        for part in (
            *(sheet.job, sheet.code, sheet.job_sha256, sheet.workpiece, sheet.electrode, sheet.material, sheet.holder),
            *(
                sheet.datum,
                sheet.witness,
                sheet.flush,
                sheet.polarity,
                f"Ra {sheet.finish_ra_um:g} um",
                "5 x 5 x 10 mm",
            ),
            *(f"{sheet.undersize_um:g} um a side", f"side {sheet.gap_side_um:g} um, front {sheet.gap_front_um:g} um"),
            *(f"{sheet.end_um[2]:.3f}", f"{sheet.start_um[2]:.3f}", "about y; never mirror", "10000.000"),
            *(f"{point.x_um:.1f}" for point in sheet.check_points),
            *(setting.name for setting in sheet.generator),
        ):
            assert " ".join(part.split()) in text, part
    assert b"<script" not in page
    assert b"http" not in page.replace(b"http-equiv", b"")
    assert text.count("Not calibrated.") == 2
    calm = setup_sheets_html([replace(sheet, calibrated=True) for sheet in sheets], electrodes)
    assert b"Not calibrated." not in calm


def test_the_drawing_of_the_milled_face_is_mirrored_and_the_other_is_not(made: Made) -> None:
    """By the base's cut corner: at upper left as it is milled, at upper right as it burns."""
    sheets, electrodes = made
    root = ET.fromstring(setup_sheets_html(sheets[:1], electrodes[:1]).decode().partition("\n")[2])  # noqa: S314 - ours
    bases = [svg[0].attrib["d"] for svg in root.iter("svg")]
    assert len(bases) == 2
    corners = [
        {tuple(float(part) for part in place.split()) for place in base.strip("MZ").split("L")} for base in bases
    ]
    assert (-200.0, -350.0) in corners[0]
    assert (-400.0, -350.0) not in corners[0]
    assert (200.0, -350.0) in corners[1]
    assert (400.0, -350.0) not in corners[1]
