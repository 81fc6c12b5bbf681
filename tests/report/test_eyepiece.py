"""The round field of the microscope, measured in pixels."""

import math
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engrave.report import microscope_png
from toolpaths.surface import HeightMap, centred_grid

INK, STOP = 17.0, 12.0
FIELD_PX, PICTURE_PX = 960, 1000
# Radius of a small primer, .175 in, and of a large one, .210 in.
SMALL_UM, LARGE_UM = 0.175 * 25_400 / 2, 0.210 * 25_400 / 2

Grey = NDArray[np.float64]


def _grey(data: bytes) -> Grey:
    with Image.open(BytesIO(data)) as image:
        image.load()
        assert image.mode == "L"
        assert not image.info
        return np.asarray(image, dtype=np.float64)


def _pits(*, half_um: float = 600.0, frame: str = "reading", off_um: float = 0.0) -> HeightMap:
    """Flat metal with pits of 20 um at (-200, 300), (200, 300) and (200, -300), um."""
    axis = centred_grid(half_width_um=half_um, pixel_um=3.0)
    x_um, y_um = np.meshgrid(axis + off_um, axis)
    z_um = np.zeros_like(x_um)
    for pit_x_um, pit_y_um in ((-200.0, 300.0), (200.0, 300.0), (200.0, -300.0)):
        z_um -= 20.0 * np.clip((30.0 - np.hypot(x_um - pit_x_um, y_um - pit_y_um)) / 10.0, 0.0, 1.0)
    return HeightMap(z_um=z_um, pixel_um=3.0, x0_um=axis[0] + off_um, y0_um=axis[0], frame=frame)


@pytest.fixture(scope="module")
def at_60() -> Grey:
    return _grey(microscope_png(_pits(), title=""))


@pytest.fixture(scope="module")
def at_25() -> Grey:
    return _grey(microscope_png(_pits(), title="", magnification=25.0, light="ring"))


def _bar_px(grey: Grey) -> int:
    foot = grey[PICTURE_PX:] == INK
    edges = np.diff(np.pad(foot, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    return int((np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]).max())


def _pit_at(grey: Grey, x_um: float, y_um: float, um_px: float) -> tuple[float, float]:
    """Where the pit is that ought to be there: the middle of what is dark within 60 um, um."""
    middle = PICTURE_PX / 2
    near = round(60.0 / um_px)
    row, column = round(middle - y_um / um_px), round(middle + x_um / um_px)
    part = grey[row - near : row + near, column - near : column + near]
    dark = np.maximum(np.median(grey[450:550, 450:550]) - 20.0 - part, 0.0)
    rows, columns = np.indices(part.shape) + 0.5
    x_px = (dark * columns).sum() / dark.sum() + column - near - middle
    y_px = middle - ((dark * rows).sum() / dark.sum() + row - near)
    return float(x_px * um_px), float(y_px * um_px)


@pytest.mark.parametrize(("magnification", "field_um", "bar_um"), [(60.0, 22_000 / 6, 500.0), (25.0, 8800.0, 1000.0)])
def test_field_bar_and_pits_are_at_one_scale(magnification: float, field_um: float, bar_um: float) -> None:
    grey = _grey(microscope_png(_pits(), title="", magnification=magnification))
    um_px = field_um / FIELD_PX
    inside = grey[:PICTURE_PX] > 2 * STOP
    assert np.count_nonzero(inside[PICTURE_PX // 2]) == pytest.approx(FIELD_PX, abs=2)
    assert np.count_nonzero(inside[:, PICTURE_PX // 2]) == pytest.approx(FIELD_PX, abs=2)
    rows, columns = np.indices(inside.shape) - (PICTURE_PX - 1) / 2
    assert np.all(grey[:PICTURE_PX][np.hypot(rows, columns) > FIELD_PX / 2 + 1] == STOP)
    assert _bar_px(grey) == pytest.approx(bar_um / um_px, abs=0.5)
    for place in ((-200.0, 300.0), (200.0, 300.0), (200.0, -300.0)):
        assert _pit_at(grey, *place, um_px) == pytest.approx(place, abs=3.0)
    # No pit at the lower left.
    level = grey[PICTURE_PX // 2, PICTURE_PX // 2]
    row, column = round(500 + 300 / um_px), round(500 - 200 / um_px)
    assert grey[row, column] == pytest.approx(level, abs=1.0)


@pytest.mark.parametrize("radius_um", [SMALL_UM, LARGE_UM])
def test_the_gap_about_the_primer_lies_at_its_radius(radius_um: float) -> None:
    grey = _grey(microscope_png(_pits(), title="", magnification=25.0, primer_diameter_um=2 * radius_um))
    outwards = grey[500, 500:975]
    darkest_um = (float(outwards.argmin()) + 0.5) * 8800.0 / FIELD_PX
    # The cup's edge is round: all of it that is steep lies within a tenth of a millimetre.
    assert darkest_um == pytest.approx(radius_um, abs=100.0)
    level = grey[500, 500]
    assert outwards.min() < 0.4 * level
    assert abs(outwards[440] - level) < 2.0


def test_nothing_of_the_case_is_seen_at_60x(at_60: Grey) -> None:
    """The field has a radius of 1.83 mm, the flat of the cup one of 1.97 mm."""
    outside_map = np.concatenate([at_60[500, 30:300], at_60[500, 700:970], at_60[30:300, 500]])
    assert np.ptp(outside_map) <= 1.0


def test_the_picture_of_a_flat_map_has_no_border(at_25: Grey) -> None:
    around = at_25[500, 500 + round(450 * FIELD_PX / 8800) : 500 + round(1500 * FIELD_PX / 8800)]
    assert np.ptp(around) <= 1.0


def test_a_map_beside_the_axis_is_placed_by_its_coordinates() -> None:
    grey = _grey(microscope_png(_pits(off_um=101.0, half_um=700.0), title=""))
    assert _pit_at(grey, 200.0, 300.0, 22_000 / 6 / FIELD_PX) == pytest.approx((200.0, 300.0), abs=3.0)


def test_the_side_light_darkens_the_upper_left_wall() -> None:
    grey = _grey(microscope_png(_pits(), title="", light="side"))
    um_px = 22_000 / 6 / FIELD_PX
    column, row, wall = 500 + 200.0 / um_px, 500 - 300.0 / um_px, 25.0 / math.sqrt(2.0) / um_px
    upper_left = grey[round(row - wall), round(column - wall)]
    lower_right = grey[round(row + wall), round(column + wall)]
    assert upper_left + 30.0 < lower_right


def test_the_round_edge_of_the_cup_is_bright_towards_the_lamp_alone() -> None:
    grey = _grey(microscope_png(_pits(), title="", magnification=25.0, light="side"))
    rows, columns = np.indices((PICTURE_PX, PICTURE_PX)) - (PICTURE_PX - 1) / 2
    edge = np.abs(np.hypot(rows, columns) * 8800.0 / FIELD_PX - (SMALL_UM - 150.0)) < 60.0
    quarters = [
        grey[:PICTURE_PX][edge & (rows * down > 0) & (columns * right > 0)].mean()
        for down, right in ((-1, -1), (-1, 1), (1, -1), (1, 1))
    ]
    upper_left, upper_right, lower_left, lower_right = quarters
    assert upper_left > max(upper_right, lower_left) + 20.0
    assert min(upper_right, lower_left) > lower_right + 20.0
    assert upper_right == pytest.approx(lower_left, abs=2.0)


def test_what_is_out_of_focus_loses_contrast(at_60: Grey) -> None:
    def contrast(grey: Grey) -> float:
        return float(np.ptp(grey[380:460, 520:600]))

    near, far = (_grey(microscope_png(_pits(), title="", focus_um=focus_um))[:PICTURE_PX] for focus_um in (-5.0, 400.0))
    assert contrast(near) == pytest.approx(contrast(at_60), rel=0.05)
    assert contrast(far) < 0.6 * contrast(at_60)


def test_no_surface_is_black() -> None:
    whole = _pits()
    z_um = whole.z_um.copy()
    z_um[150:250, 150:250] = np.nan
    holed = HeightMap(z_um=z_um, pixel_um=3.0, x0_um=whole.x0_um, y0_um=whole.y0_um, frame="reading")
    grey = _grey(microscope_png(holed, title=""))
    assert np.all(grey[480:520, 480:520] == 0.0)


def test_a_picture_is_the_same_every_time(at_60: Grey) -> None:
    assert np.array_equal(_grey(microscope_png(_pits(), title="")), at_60)


@pytest.mark.parametrize("magnification", [9.9, 100.1, 0.0, -60.0, math.nan, math.inf])
def test_a_magnification_that_no_stereo_microscope_has_is_refused(magnification: float) -> None:
    with pytest.raises(ValueError, match="magnification"):
        microscope_png(_pits(), title="", magnification=magnification)


@pytest.mark.parametrize("magnification", [10.0, 100.0])
def test_the_least_and_the_greatest_magnification_are_drawn(magnification: float) -> None:
    grey = _grey(microscope_png(_pits(), title="x", magnification=magnification))
    assert grey.shape[1] == PICTURE_PX


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"(?s)reading frame.*light: 'moon'.*primer.*focus"):
        microscope_png(_pits(frame="pin"), title="", light="moon", primer_diameter_um=0.0, focus_um=math.nan)


def test_a_map_outside_the_field_is_refused() -> None:
    with pytest.raises(ValueError, match="field of view"):
        microscope_png(_pits(off_um=5000.0), title="")
