"""The map of heights: colours against the published table, form, scale, holes."""

import math
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engrave.report import height_png
from engrave.report.heights import VIRIDIS, colours_of, form_um, scale_ends
from toolpaths.surface import HeightMap, centred_grid

Colours = NDArray[np.uint8]

# Viridis as published, 256 colours: its first, middle (between 127 and 128) and last.
FIRST, MIDDLE, LAST = (68, 1, 84), (33, 144, 141), (253, 231, 37)
NO_SURFACE = (214, 214, 214)


def _rgb(data: bytes) -> Colours:
    with Image.open(BytesIO(data)) as image:
        image.load()
        assert image.mode == "RGB"
        assert not image.info
        return np.asarray(image)


def _map(z_um: NDArray[np.float64], *, frame: str = "reading") -> HeightMap:
    x0_um, y0_um = (-(count - 1) / 2 * 3.0 for count in z_um.shape[::-1])
    return HeightMap(z_um=z_um, pixel_um=3.0, x0_um=x0_um, y0_um=y0_um, frame=frame)


def _steps() -> HeightMap:
    """-30 on the left, -15 in the middle, 0 on the right."""
    columns = np.repeat([-30.0, -15.0, 0.0], 101)
    return _map(np.tile(columns, (303, 1)))


def _dome_with_pits() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Heights over 1.5 mm, and what of them is form: a tilted paraboloid of 1 mm radius; pits are 20 um deep."""
    axis = centred_grid(half_width_um=750.0, pixel_um=3.0)
    x_um, y_um = np.meshgrid(axis, axis)
    form = (x_um**2 + y_um**2) / 2000.0 - 300.0 + 0.02 * x_um
    pits = np.zeros_like(form)
    for angle in np.arange(0.0, 2 * math.pi, math.pi / 8):
        pits = np.minimum(pits, -20.0 * (np.hypot(x_um - 450 * math.cos(angle), y_um - 450 * math.sin(angle)) < 25.0))
    return form + pits, form


def test_known_heights_have_the_colours_of_the_table() -> None:
    rgb = _rgb(height_png(_steps(), title="", form=True, width_px=303))
    for column, colour in ((50, FIRST), (151, MIDDLE), (252, LAST)):
        assert np.abs(rgb[150, column].astype(int) - colour).max() <= 1


def test_the_colours_grow_lighter_all_the_way() -> None:
    """Luminance (ITU-R BT.709 on linear light) alone tells two heights apart, whatever the eye's cones."""
    heights_um = np.linspace(-40.0, 10.0, 101)
    encoded = colours_of(heights_um[None, :], -40.0, 10.0)[0] / 255.0
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    assert np.all(np.diff(linear @ [0.2126, 0.7152, 0.0722]) > 0)


def test_every_anchor_is_met_and_what_lies_beyond_keeps_the_end() -> None:
    found = colours_of(np.linspace(0.0, 80.0, 9)[None, :], 0.0, 80.0)[0]
    assert [tuple(colour) for colour in found.tolist()] == list(VIRIDIS)
    beyond = colours_of(np.array([[-100.0, 1000.0, math.nan]]), 0.0, 80.0)[0].tolist()
    assert [tuple(colour) for colour in beyond] == [VIRIDIS[0], VIRIDIS[-1], NO_SURFACE]


def test_the_form_is_taken_out_and_the_mark_stays() -> None:
    z_um, form = _dome_with_pits()
    found = form_um(z_um, np.ones_like(z_um), pixel_um=3.0)
    inside = slice(60, -60)
    assert np.abs(found - form)[inside, inside].max() < 0.6
    assert math.sqrt(np.square(found - form)[inside, inside].mean()) < 0.15


def test_a_mark_that_takes_more_than_half_of_a_circle_is_still_no_form() -> None:
    """Between 90 and 170 um from the middle a fifth of each circle is sunk by 25 um, two fifths are walls."""
    axis = centred_grid(half_width_um=750.0, pixel_um=3.0)
    x_um, y_um = np.meshgrid(axis, axis)
    radius_um, turns = np.hypot(x_um, y_um), np.arctan2(y_um, x_um) / (2 * math.pi) % 0.2
    form = radius_um**2 / 2000.0 - 300.0
    sunk = (np.abs(radius_um - 130.0) < 40.0) * np.clip((0.06 - np.abs(turns - 0.1)) / 0.04, 0.0, 1.0)
    found = form_um(form - 25.0 * sunk, np.ones_like(form), pixel_um=3.0)
    assert np.abs(found - form)[radius_um < 600.0].max() < 2.0


def test_without_form_a_pit_has_the_colour_of_its_depth() -> None:
    """Of pits of 20 um in a dome the scale goes from -25 or -20 um to 0 or 5 um, and the metal about them is 0."""
    z_um, _ = _dome_with_pits()
    rgb = _rgb(height_png(_map(z_um), title="", width_px=501)).astype(int)
    pit, field = rgb[250, 250 + 150], rgb[250, 250]
    off = []
    for low_um in (-25.0, -20.0):
        for high_um in (0.0, 5.0):
            expected = colours_of(np.array([[-20.0, 0.0]]), low_um, high_um)[0].astype(int)
            off.append(np.abs(expected - np.stack([pit, field])).max())
    # Half a micrometre of 25 changes a colour by at most 10.
    assert min(off) <= 12


@pytest.mark.parametrize(
    ("heights_um", "ends_um"),
    [
        ([-33.0, -1.0], (-35.0, 0.0)),
        ([-30.0, 0.0], (-30.0, 0.0)),
        ([-30.1, 4.0], (-35.0, 5.0)),
        ([7.0, 12.0], (0.0, 15.0)),
        ([0.0, 0.0], (0.0, 5.0)),
        ([math.nan, math.nan], (0.0, 5.0)),
    ],
)
def test_the_scale_ends_on_multiples_of_5_and_holds_0(heights_um: list[float], ends_um: tuple[float, float]) -> None:
    assert scale_ends(np.repeat(heights_um, 50)[None, :]) == ends_um


def test_the_bar_is_200_um() -> None:
    rgb = _rgb(height_png(_steps(), title="", width_px=606))
    foot = np.all(rgb[606 + 80 :] == 17, axis=2)
    edges = np.diff(np.pad(foot, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    longest = int((np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]).max())
    assert longest == pytest.approx(200.0 * 606 / (303 * 3.0), abs=0.5)


def test_up_is_up_and_right_is_right() -> None:
    z_um = np.zeros((101, 101))
    z_um[80:, 80:] = -30.0  # greatest y, greatest x: upper right
    rgb = _rgb(height_png(_map(z_um), title="", form=True, width_px=202))
    assert tuple(rgb[10, 190].tolist()) == FIRST
    assert tuple(rgb[190, 190].tolist()) == tuple(rgb[10, 10].tolist()) == LAST


@pytest.mark.parametrize("form", [False, True])
def test_holes_are_grey_and_told(form: bool) -> None:  # noqa: FBT001 - a parameter of the test
    z_um, _ = _dome_with_pits()
    whole = _rgb(height_png(_map(z_um), title="", form=form, width_px=501))
    z_um[:100, 200:300] = np.nan
    rgb = _rgb(height_png(_map(z_um), title="", form=form, width_px=501))
    assert np.all(rgb[403:501, 202:298] == NO_SURFACE)
    assert not np.any(np.all(rgb[:398, :501] == NO_SURFACE, axis=2))
    assert len(rgb) > len(whole)
    nothing = _rgb(height_png(_map(np.full((50, 50), np.nan)), title="", form=form, width_px=200))
    assert np.all(nothing[:200] == NO_SURFACE)


def test_a_picture_is_the_same_every_time() -> None:
    assert height_png(_steps(), title="a") == height_png(_steps(), title="a")


def test_what_cannot_be_shown_is_refused() -> None:
    with pytest.raises(ValueError, match="reading frame"):
        height_png(_map(np.zeros((9, 9)), frame="pin"), title="")
    with pytest.raises(ValueError, match="63 pixels"):
        height_png(_steps(), title="", width_px=63)
    beside = HeightMap(z_um=np.zeros((9, 9)), pixel_um=10.0, x0_um=800.0, y0_um=0.0, frame="reading")
    with pytest.raises(ValueError, match="does not reach"):
        height_png(beside, title="")
