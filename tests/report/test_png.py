"""The PNGs, decoded by Pillow and measured in pixels."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from PIL import Image

from engrave.layout import Engraving, Layout
from engrave.report import impression_png, layout_png, thumbnail_png
from engrave.report.png import png_of
from engrave.report.view import pin_view
from toolpaths.surface import HeightMap, centred_grid, disc

EDGE_RADIUS_UM = 900.0
INK = 17
LAND_LIMIT = 128

Grey = NDArray[np.float64]


def _grey(data: bytes) -> Grey:
    with Image.open(BytesIO(data)) as image:
        image.load()
        assert image.format == "PNG"
        assert image.mode == "L"
        assert not image.info
        return np.asarray(image, dtype=np.float64)


def _pin(engraving: Engraving) -> tuple[Grey, Callable[[float, float], tuple[int, int]]]:
    """The picture of a pin at about 2 um a pixel, and the pixel that a place in the pin frame comes to lie on."""
    view = pin_view(engraving, title="x", boundary=disc(EDGE_RADIUS_UM))
    grey = _grey(png_of(view, width_px=round(view.width_um / 2)))
    scale = grey.shape[1] / view.width_um
    return grey, lambda x_um, y_um: (int((view.top_um - y_um) * scale), int((x_um - view.left_um) * scale))


def _bar_px(grey: Grey) -> int:
    """Length of the longest run of ink in the words below the picture, px: letters are narrower than the bar."""
    foot = grey[grey.shape[1] :] == INK
    edges = np.diff(np.pad(foot, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    begins, ends = np.nonzero(edges == 1)[1], np.nonzero(edges == -1)[1]
    return int((ends - begins).max())


def _dent(*, pixel_um: float = 3.0, half_um: float = 750.0) -> HeightMap:
    """A sphere's dent of 1 mm radius with pits of 20 um at (-200, 300), (200, 300) and (200, -300), um."""
    axis = centred_grid(half_width_um=half_um, pixel_um=pixel_um)
    x_um, y_um = np.meshgrid(axis, axis)
    z_um = -np.sqrt(1e6 - np.minimum(x_um**2 + y_um**2, 5e5))
    for pit_x_um, pit_y_um in ((-200.0, 300.0), (200.0, 300.0), (200.0, -300.0)):
        z_um -= 20.0 * (np.hypot(x_um - pit_x_um, y_um - pit_y_um) < 15.0)
    return HeightMap(z_um=z_um, pixel_um=pixel_um, x0_um=axis[0], y0_um=axis[0], frame="reading")


def _centroid(grey: Grey, *, rows: slice, columns: slice) -> tuple[float, float]:
    """Column and row of what is much darker than its surroundings."""
    part = grey[rows, columns]
    dark = np.maximum(np.median(part) - 30.0 - part, 0.0)
    row, column = np.indices(part.shape)
    assert dark.sum() > 0
    return (
        float((dark * column).sum() / dark.sum()) + (columns.start or 0),
        float((dark * row).sum() / dark.sum()) + (rows.start or 0),
    )


@pytest.mark.parametrize("width_px", [220, 640, 701])
def test_land_covers_its_area_at_the_scale_of_the_bar(layout: Layout, width_px: int) -> None:
    grey = _grey(layout_png(layout, title="", width_px=width_px))
    expected_um2 = shapely.union_all([land.outline for land in layout.lands]).area
    picture = grey[:width_px]
    um_px = 2 * 1.06 * 600.0 / width_px
    assert _bar_px(grey) == pytest.approx(200.0 / um_px, abs=0.5)
    found_um2 = ((255.0 - picture) / (255.0 - INK)).sum() * um_px**2
    assert found_um2 == pytest.approx(expected_um2, rel=0.04)


def test_the_pictures_place_land_where_it_is(layout: Layout, engraving: Engraving) -> None:
    reads = _grey(layout_png(layout, title="", width_px=636))  # 2 um a pixel
    cut, place = _pin(engraving)
    for x_um, y_um, land in (
        (-290.0, 60.0, True),  # stem of F
        (-210.0, 185.0, True),  # end of its bar
        (-210.0, 60.0, False),
        (110.0, -100.0, True),  # side of O
        (140.0, -100.0, False),  # its counter
        (170.0, -100.0, True),  # the island in it
        (0.0, 470.0, True),  # tooth at twelve o'clock
    ):
        row, column = int(318 - y_um / 2), int(318 + x_um / 2)
        assert (reads[row, column] < LAND_LIMIT) == land, (x_um, y_um)
        assert (cut[place(-x_um, y_um)] < LAND_LIMIT) == land, (x_um, y_um)


def test_a_counter_shows_the_field_below_it(engraving: Engraving) -> None:
    cut, place = _pin(engraving)
    counter, field, outside = cut[place(-140.0, -100.0)], cut[place(0.0, 0.0)], cut[place(-940.0, 940.0)]
    assert counter == field
    assert field < outside == 255.0


def test_the_bar_of_the_pin_is_200_um(engraving: Engraving) -> None:
    grey, place = _pin(engraving)
    first, last = place(0.0, 0.0)[1], place(800.0, 0.0)[1]
    assert _bar_px(grey) == pytest.approx((last - first) / 4, abs=1)


def test_the_bar_of_an_impression_measures_what_it_shows() -> None:
    grey = _grey(impression_png(_dent(), title="", width_px=640))
    left, right, low = (
        _centroid(grey, rows=rows, columns=columns)
        for rows, columns in (
            (slice(150, 235), slice(190, 280)),
            (slice(150, 235), slice(360, 450)),
            (slice(405, 490), slice(360, 450)),
        )
    )
    # 400 um lie between the pits at the sides, 600 um between upper and lower; and up is up.
    assert (right[0] - left[0]) / 2 == pytest.approx(_bar_px(grey), abs=1.0)
    assert (low[1] - right[1]) / 3 == pytest.approx(_bar_px(grey), abs=1.0)
    # No pit at the lower left.
    assert np.ptp(grey[405:490, 190:280]) < np.ptp(grey[405:490, 360:450]) / 4


@pytest.mark.parametrize(("half_um", "shown_um"), [(400.0, 801.0), (749.0, 1499.0), (1000.0, 1501.0)])
def test_an_impression_is_cropped_to_the_dent(half_um: float, shown_um: float) -> None:
    axis = np.arange(-half_um, half_um + 1.0)
    z_um = np.zeros((len(axis), len(axis)))
    flat = HeightMap(z_um=z_um, pixel_um=1.0, x0_um=-half_um, y0_um=-half_um, frame="reading")
    grey = _grey(impression_png(flat, title="", width_px=600))
    assert _bar_px(grey) == pytest.approx(600 * 200.0 / shown_um, abs=0.5)


def test_what_is_sunk_is_dark_on_the_side_of_the_light() -> None:
    """Light from the upper left leaves the upper left wall of a pit in shadow."""
    axis = centred_grid(half_width_um=300.0, pixel_um=2.0)
    x_um, y_um = np.meshgrid(axis, axis)
    z_um = -20.0 * np.clip((100.0 - np.hypot(x_um, y_um)) / 30.0, 0.0, 1.0)
    pit = HeightMap(z_um=z_um, pixel_um=2.0, x0_um=axis[0], y0_um=axis[0], frame="reading")
    grey = _grey(impression_png(pit, title="", width_px=602))
    offset = int(85.0 / np.sqrt(2.0))
    upper_left, lower_right = grey[301 - offset, 301 - offset], grey[301 + offset, 301 + offset]
    assert upper_left + 60.0 < lower_right


def test_missing_samples_are_white_and_do_not_spread() -> None:
    dent = _dent()
    z_um = dent.z_um.copy()
    z_um[-100:, :100] = np.nan  # greatest y, least x: upper left
    holed = HeightMap(z_um=z_um, pixel_um=dent.pixel_um, x0_um=dent.x0_um, y0_um=dent.y0_um, frame="reading")
    grey = _grey(impression_png(holed, title="", width_px=501))
    whole = _grey(impression_png(dent, title="", width_px=501))
    assert np.all(grey[2:98, 2:98] == 255.0)
    assert np.all(grey[104:400, 104:480] < 255.0)
    assert np.abs(grey[250:501] - whole[250:501]).max() <= 2.0


def test_a_map_of_nothing_is_a_white_picture() -> None:
    nothing = HeightMap(z_um=np.full((50, 50), np.nan), pixel_um=10.0, x0_um=-245.0, y0_um=-245.0, frame="reading")
    assert np.all(_grey(impression_png(nothing, title="", width_px=200))[:200] == 255.0)


def test_an_impression_in_the_pin_frame_is_refused() -> None:
    tip = HeightMap(z_um=np.zeros((9, 9)), pixel_um=10.0, x0_um=-40.0, y0_um=-40.0, frame="pin")
    with pytest.raises(ValueError, match="reading frame"):
        impression_png(tip, title="")


def test_a_map_beside_the_dent_is_refused() -> None:
    beside = HeightMap(z_um=np.zeros((9, 9)), pixel_um=10.0, x0_um=800.0, y0_um=0.0, frame="reading")
    with pytest.raises(ValueError, match="does not reach"):
        impression_png(beside, title="")


@pytest.mark.parametrize(
    "title", ["<img src=x onerror=alert(1)>", "W" * 3000, "\x00\n\u202e\ud800", "9mm \u2116 \u00b5"]
)
def test_any_title_can_be_drawn(layout: Layout, title: str) -> None:
    assert _grey(layout_png(layout, title=title, width_px=200)).shape[1] == 200


def test_a_long_title_ends_inside_the_picture(layout: Layout) -> None:
    grey = _grey(layout_png(layout, title="M" * 300, width_px=640))
    heading = grey[: grey.shape[0] - 640 - 60]
    assert np.all(heading[:25, -4:] == 255.0)
    assert heading[:25, 320:600].min() < LAND_LIMIT


def test_too_narrow_a_picture_is_refused(layout: Layout) -> None:
    assert layout_png(layout, title="x", width_px=64)
    with pytest.raises(ValueError, match="63 pixels"):
        layout_png(layout, title="x", width_px=63)


def test_a_thumbnail_is_the_same_picture_made_smaller(layout: Layout) -> None:
    large = layout_png(layout, title="", width_px=660)
    small = _grey(thumbnail_png(large, width_px=220))
    assert small.shape[1] == 220
    blocks = _grey(large)[:660].reshape(220, 3, 220, 3).mean(axis=(1, 3))
    assert np.abs(small[:220] - blocks).mean() < 6.0
    assert thumbnail_png(large, width_px=660) == large
