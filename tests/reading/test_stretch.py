"""Stretched pictures: known affine maps of impressions come back, and few or strange characters stretch nothing."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from engrave.layout import Places
from engrave.reading import Reader
from engrave.reading.match import Match
from engrave.reading.pose import Pose
from engrave.reading.refine import MOST_ASPECT, MOST_SCALE, refined
from toolpaths.surface import HeightMap

Cells = NDArray[np.int8]
FloatArray = NDArray[np.float64]
Impression = Callable[..., tuple[str, Cells, HeightMap]]
Roughen = Callable[[HeightMap, np.random.Generator, float], HeightMap]

_AXES = st.floats(0.0, 3.1)
lengths = st.floats(-300.0, 300.0)
stretched_poses = st.builds(
    Pose,
    x_um=lengths,
    y_um=lengths,
    rotation_rad=st.floats(-3.1, 3.1),
    mirrored=st.booleans(),
    scale=st.floats(0.9, 1.1),
    aspect=st.floats(1.001, 1.1),
    aspect_axis_rad=_AXES,
)


def angle_between_axes(one_rad: float, other_rad: float) -> float:
    """Axes are the same after half a turn."""
    return float(abs(np.angle(np.exp(2j * (one_rad - other_rad)))) / 2)


def resampled(surface: HeightMap, matrix: FloatArray, x_um: float, y_um: float) -> HeightMap:
    """The picture in which what was at p is at matrix p + (x, y)."""
    at_x, at_y = np.meshgrid(surface.x_um() - x_um, surface.y_um() - y_um)
    from_x, from_y = np.tensordot(np.linalg.inv(matrix), np.stack([at_x, at_y]), axes=1)
    at = np.stack([(from_y - surface.y0_um) / surface.pixel_um, (from_x - surface.x0_um) / surface.pixel_um])
    return replace(surface, z_um=map_coordinates(surface.z_um, at, order=3, cval=np.nan))


@given(scale=st.floats(0.9, 1.1), aspect=st.floats(1.0, 1.1), axis_rad=_AXES)
def test_a_stretch_by_hand(scale: float, aspect: float, axis_rad: float) -> None:
    """A step along the axis grows by scale times the root of the aspect, one across it by scale over that."""
    pose = Pose(
        x_um=0.0, y_um=0.0, rotation_rad=0.0, mirrored=False, scale=scale, aspect=aspect, aspect_axis_rad=axis_rad
    )
    along = np.array([np.cos(axis_rad), np.sin(axis_rad)])
    across = np.array([-along[1], along[0]])
    np.testing.assert_allclose(pose.matrix() @ along, scale * np.sqrt(aspect) * along, atol=1e-12)
    np.testing.assert_allclose(pose.matrix() @ across, scale / np.sqrt(aspect) * across, atol=1e-12)


@given(pose=stretched_poses)
def test_a_pose_from_its_matrix(pose: Pose) -> None:
    again = Pose.of_matrix(pose.matrix(), x_um=pose.x_um, y_um=pose.y_um)
    assert again.mirrored == pose.mirrored
    assert (again.scale, again.aspect) == pytest.approx((pose.scale, pose.aspect))
    assert abs(np.exp(1j * again.rotation_rad) - np.exp(1j * pose.rotation_rad)) < 1e-9
    assert angle_between_axes(again.aspect_axis_rad, pose.aspect_axis_rad) < 1e-9
    assert np.linalg.det(pose.matrix()) == pytest.approx((-1.0 if pose.mirrored else 1.0) * pose.scale**2)


@given(pose=stretched_poses)
def test_a_stretch_in_the_marks_frame_and_back(pose: Pose) -> None:
    plain = replace(pose, scale=1.0, aspect=1.0, aspect_axis_rad=0.0)
    assume(plain.own_stretch() == pytest.approx((1.0, 0.0, 0.0), abs=1e-12))
    scale, along, slant = pose.own_stretch()
    again = plain.stretched(scale=scale, along=along, slant=slant)
    np.testing.assert_allclose(again.matrix(), pose.matrix(), atol=1e-12)


def test_a_singular_matrix_is_no_pose() -> None:
    with pytest.raises(ValueError, match="singular"):
        Pose.of_matrix(np.array([[1.0, 2.0], [2.0, 4.0]]), x_um=0.0, y_um=0.0)


def stretch_of(scale: float, aspect: float, axis_rad: float) -> Pose:
    """Turned and off the middle as well."""
    return Pose(
        x_um=20.0,
        y_um=-35.0,
        rotation_rad=-1.9,
        mirrored=False,
        scale=scale,
        aspect=aspect,
        aspect_axis_rad=axis_rad,
    )


STRETCHES = [
    stretch_of(0.95, 1.0, 0.0),
    replace(stretch_of(1.05, 1.0, 0.0), mirrored=True),
    stretch_of(1.0, 1.045, 0.6),
    replace(stretch_of(0.95, 1.045, 1.4), mirrored=True),
    stretch_of(1.05, 1.03, 2.8),
    stretch_of(1.02, 1.02, 0.2),
]


@pytest.mark.parametrize("pose", STRETCHES)
def test_a_stretched_picture_is_read_and_its_stretch_told(
    pose: Pose, reader: Reader, random_impression: Impression
) -> None:
    characters, cells, surface = random_impression(np.random.default_rng(401))
    reading = reader.read(resampled(surface, pose.matrix(), pose.x_um, pose.y_um))
    assert "".join(character.character or "." for character in reading.characters) == characters
    np.testing.assert_array_equal(reading.cells, cells)
    assert reading.mirrored == pose.mirrored
    assert reading.scale == pytest.approx(pose.scale, rel=0.002)
    assert reading.aspect == pytest.approx(pose.aspect, rel=0.003)
    if pose.aspect > 1.0:
        assert angle_between_axes(reading.aspect_axis_rad, pose.aspect_axis_rad) < np.radians(4.0)
    assert (reading.x_um, reading.y_um) == pytest.approx((pose.x_um, pose.y_um), abs=0.5)
    assert reading.rotation_rad == pytest.approx(pose.rotation_rad, abs=np.radians(0.1))


@pytest.mark.slow
@pytest.mark.parametrize(("scale", "aspect"), [(0.85, 1.0), (1.15, 1.0), (1.0, 1.15)])
def test_a_mark_of_another_size_is_not_stretched_into_ours(
    scale: float, aspect: float, reader: Reader, random_impression: Impression
) -> None:
    _, _, surface = random_impression(np.random.default_rng(402))
    pose = Pose(x_um=0.0, y_um=0.0, rotation_rad=0.3, mirrored=False, scale=scale, aspect=aspect)
    assert not reader.read(resampled(surface, pose.matrix(), 0.0, 0.0)).found


@pytest.mark.slow
def test_a_rough_stretched_picture(reader: Reader, random_impression: Impression, roughened: Roughen) -> None:
    rng = np.random.default_rng(403)
    for pose in STRETCHES:
        characters, cells, surface = random_impression(rng)
        reading = reader.read(roughened(resampled(surface, pose.matrix(), pose.x_um, pose.y_um), rng, 2.5))
        assert "".join(character.character or "." for character in reading.characters) == characters
        np.testing.assert_array_equal(reading.cells, cells)
        assert reading.scale == pytest.approx(pose.scale, rel=0.003)
        assert reading.aspect == pytest.approx(pose.aspect, rel=0.008)


def matched(places: Places, stretch: FloatArray, inside: NDArray[np.bool_]) -> Match:
    """One glyph that fits best where the stretch takes each place, as a smooth peak over shifts of 2.5 um."""
    line = np.arange(-8, 9) * 2.5
    shifts_um = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    centres = np.array([(place.x_um, place.y_um) for place in places.characters])
    off = np.hypot(*(shifts_um[None] - (centres @ (stretch - np.eye(2)).T)[:, None]).transpose(2, 0, 1))
    fit = np.where(inside[:, None], 0.95 - np.square(off / 60.0), 0.0)[:, None, :]
    return Match(
        pose=Pose(x_um=5.0, y_um=-3.0, rotation_rad=0.0, mirrored=False),
        fit=fit,
        gain_um=np.ones_like(fit),
        shifts_um=shifts_um,
        share=inside.astype(np.float64),
        inside=inside,
    )


ELLIPSE = np.array([[1.03, 0.01], [0.01, 1.0]])


def seen(count: int) -> NDArray[np.bool_]:
    """Places in the order of a full block's corners first."""
    inside = np.zeros(8, dtype=np.bool_)
    inside[[0, 7, 3, 4, 1, 6, 2, 5][:count]] = True
    return inside


@pytest.mark.parametrize("count", [5, 8])
def test_five_characters_show_an_ellipse(count: int, places: Places) -> None:
    pose = refined(matched(places, ELLIPSE, seen(count)), places, 1)
    np.testing.assert_allclose(pose.matrix(), ELLIPSE, atol=5e-4)


@pytest.mark.parametrize("count", [3, 4])
def test_four_characters_show_a_scale_at_most(count: int, places: Places) -> None:
    pose = refined(matched(places, np.eye(2) * 1.03, seen(count)), places, 1)
    assert pose.scale == pytest.approx(1.03, abs=5e-4)
    assert refined(matched(places, ELLIPSE, seen(count)), places, 1).aspect == pytest.approx(1.0)


@pytest.mark.parametrize("count", [1, 2])
def test_two_characters_show_a_place_alone(count: int, places: Places) -> None:
    pose = refined(matched(places, ELLIPSE, seen(count)), places, 1)
    assert (pose.scale, pose.aspect, pose.rotation_rad) == (1.0, 1.0, 0.0)


def test_no_characters_show_nothing(places: Places) -> None:
    found = matched(places, ELLIPSE, seen(0))
    assert refined(found, places, 1) == found.pose


def test_one_character_far_off_the_others_is_not_heard(places: Places) -> None:
    found = matched(places, ELLIPSE, seen(8))
    fit = found.fit.copy()
    fit[0, 0] = 0.95 - np.square(np.hypot(*(found.shifts_um - np.array([-20.0, 15.0])).T) / 60.0)
    np.testing.assert_allclose(refined(replace(found, fit=fit), places, 1).matrix(), ELLIPSE, atol=2e-3)


def test_a_stretch_has_bounds(places: Places) -> None:
    pose = refined(matched(places, np.diag([1.12, 1.0]), seen(8)), places, 1)
    assert pose.aspect <= MOST_ASPECT
    assert pose.scale <= MOST_SCALE
