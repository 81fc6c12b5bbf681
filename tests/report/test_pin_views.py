"""``views.json``: heights unpacked by the inverse steps written here from the format's description, and the picture."""

import json
import zlib
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from engrave.report import views_json
from engrave.report.pin_views import grid_of
from toolpaths.surface import FloatArray, HeightMap

PIXEL_UM = 2.5
SCHEMA = Path(__file__).parent.parent.parent / "docs" / "schemas" / "views.schema.json"


def _map(frame: str, *, count: int = 601, hole: bool = False) -> HeightMap:
    """A bowl of 1 mm radius with a step of 25 um on its right upper side."""
    axis = PIXEL_UM * (np.arange(count) - (count - 1) / 2)
    x_um, y_um = np.meshgrid(axis, axis)
    z_um = -np.square(np.hypot(x_um, y_um)) / 2000.0 - 25.0 * ((x_um > 100) & (y_um > 200))
    if hole:
        z_um = np.where(np.hypot(x_um + 300, y_um) < 100, np.nan, z_um)
    return HeightMap(z_um=z_um, pixel_um=PIXEL_UM, x0_um=axis[0], y0_um=axis[0], frame=frame)


def _unpacked(grid: dict[str, Any]) -> FloatArray:
    """Heights of a grid, first row on top."""
    count = grid["rows"] * grid["columns"]
    data = zlib.decompress(b64decode(grid["data"]))
    assert len(data) == 2 * count
    folded = [data[at] + 256 * data[count + at] for at in range(count)]
    changes = np.array([value // 2 if value % 2 == 0 else -(value // 2) - 1 for value in folded])
    steps = changes.reshape(grid["rows"], grid["columns"]).cumsum(axis=0).cumsum(axis=1)
    heights_um = grid["least_um"] + (steps - 1) * grid["step_um"]
    return np.where(steps == 0, np.nan, heights_um)


@pytest.mark.parametrize("frame", ["pin", "reading"])
def test_heights_are_kept_to_half_a_step_the_right_way_up(frame: str) -> None:
    grid = grid_of(_map(frame))
    z_um = _unpacked(grid)
    assert (grid["frame"], grid["rows"], grid["columns"]) == (frame, 168, 168)
    # 1.5 mm of samples about the origin.
    assert grid["pitch_um"] == pytest.approx(1502.5 / 168, abs=1e-6)
    axis = grid["pitch_um"] * (np.arange(168) - 83.5)
    x_um, y_um = np.meshgrid(axis, -axis)
    bowl_um = -np.square(np.hypot(x_um, y_um)) / 2000.0
    raised = (x_um > 120) & (y_um > 220)
    plain = (x_um < 80) | (y_um < 180)
    assert raised.any()
    # Half a step, and what a mean over neighbours makes of the bowl; on the edge they stand on one side.
    inner = np.pad(np.ones((166, 166), dtype=bool), 1)
    assert np.abs(z_um - bowl_um)[plain & inner].max() < 0.25 + 0.1
    assert np.abs(z_um - bowl_um + 25.0)[raised & inner].max() < 0.25 + 0.1


def test_a_hole_stays_a_hole_and_a_map_without_heights_is_all_hole() -> None:
    z_um = _unpacked(grid_of(_map("reading", hole=True)))
    share = np.pi * 100**2 / 1502.5**2
    assert np.isnan(z_um).mean() == pytest.approx(share, rel=0.05)
    assert np.isnan(z_um[84, 50])
    nothing = HeightMap(z_um=np.full((9, 9), np.nan), pixel_um=5.0, x0_um=-20.0, y0_um=-20.0, frame="pin")
    grid = grid_of(nothing)
    assert (grid["rows"], grid["columns"], grid["least_um"]) == (9, 9, 0.0)
    assert np.isnan(_unpacked(grid)).all()


def test_steep_walls_and_great_depths_come_back() -> None:
    rng = np.random.default_rng(3)
    rough = HeightMap(z_um=rng.uniform(-3000.0, 0.0, (60, 60)), pixel_um=10.0, x0_um=-295.0, y0_um=-295.0, frame="pin")
    grid = grid_of(rough)
    assert np.abs(_unpacked(grid) - rough.z_um[::-1]).max() <= 0.2501


def test_the_document_holds_both_surfaces_and_a_picture_that_others_open() -> None:
    data = views_json(_map("pin"), _map("reading"))
    document = json.loads(data)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    assert document["schema"] == "pin-engrave/views/1"
    assert (document["tip"]["frame"], document["primer"]["frame"]) == ("pin", "reading")
    picture = Image.open(BytesIO(b64decode(document["picture"]["data"])))
    assert (picture.format, *picture.size) == ("WEBP", 360, 360)
    assert (document["picture"]["width_px"], document["picture"]["height_px"]) == (360, 360)
    assert data == views_json(_map("pin"), _map("reading"))


@pytest.mark.parametrize(("tip", "primer"), [("reading", "reading"), ("pin", "pin")])
def test_surfaces_in_the_wrong_frame_are_refused(tip: str, primer: str) -> None:
    with pytest.raises(ValueError, match="frame"):
        views_json(_map(tip), _map(primer))
