"""The reader's parts against what is known: spheres and planes, hand-made cells, poses, slabs of known depth."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from engrave.layout import Places
from engrave.reading import LOST, Reader, measure, measure_lands
from engrave.reading.field import field_of
from engrave.reading.locate import candidates
from engrave.reading.pose import Pose
from engrave.reading.ring import CellView, decided_cells, is_bare, view_cells
from engrave.strike import Condition
from fonts.typeface import Typeface
from toolpaths.surface import HeightMap, centred_grid

Cells = NDArray[np.int8]
FloatArray = NDArray[np.float64]

lengths = st.floats(-300.0, 300.0)
poses = st.builds(Pose, x_um=lengths, y_um=lengths, rotation_rad=st.floats(-np.pi, np.pi), mirrored=st.booleans())


def bowl(*, radius_um: float, patch_um: float, tilt: float = 0.0) -> HeightMap:
    """A sphere's print that ends at ``patch_um``, in a plane that falls away by one in ten outside."""
    grid = centred_grid(half_width_um=800.0, pixel_um=2.5)
    x_um, y_um = np.meshgrid(grid, grid)
    reach_um = np.hypot(x_um, y_um)
    cap_um = radius_um - np.sqrt(radius_um**2 - np.minimum(reach_um, patch_um) ** 2)
    outside_um = 0.1 * np.maximum(reach_um - patch_um, 0.0)
    return HeightMap(
        z_um=cap_um + outside_um + tilt * x_um - 300.0, pixel_um=2.5, x0_um=-800.0, y0_um=-800.0, frame="reading"
    )


@pytest.mark.parametrize("radius_um", [900.0, 1200.0])
@pytest.mark.parametrize("tilt", [0.0, 0.05])
def test_the_form_of_a_sphere_is_found_and_so_is_where_it_ends(radius_um: float, tilt: float) -> None:
    field = field_of(bowl(radius_um=radius_um, patch_um=500.0, tilt=tilt))
    assert field is not None
    assert field.contact_um == pytest.approx(500.0, abs=15.0)
    x_um, y_um = np.meshgrid(np.linspace(-320.0, 320.0, 41), np.linspace(-320.0, 320.0, 41))
    depth_um, inside_um = field.look(x_um, y_um)
    assert np.abs(depth_um).max() < 1.0
    assert (inside_um > 0).all()
    assert (field.look(np.array([[530.0, 0.0]]), np.array([[0.0, -530.0]]))[1] <= 0).all()


def test_a_plane_is_a_form_too() -> None:
    flat = bowl(radius_um=1000.0, patch_um=600.0)
    tilted = 0.02 * flat.x_um() - 0.03 * flat.y_um()[:, None]
    field = field_of(replace(flat, z_um=tilted))
    assert field is not None
    assert np.abs(field.residual_um(np.linspace(-700, 700, 50), np.linspace(-700, 700, 50))).max() < 1e-3


@given(pose=poses, x_um=lengths, y_um=lengths)
def test_a_pose_keeps_lengths_and_handedness(pose: Pose, x_um: float, y_um: float) -> None:
    assert np.linalg.det(pose.matrix()) == pytest.approx(-1.0 if pose.mirrored else 1.0)
    at_x, at_y = pose.to_picture(np.array(x_um), np.array(y_um))
    assert np.hypot(at_x - pose.x_um, at_y - pose.y_um) == pytest.approx(np.hypot(x_um, y_um), abs=1e-9)


@given(pose=poses, x_um=lengths, y_um=lengths, turn_rad=st.floats(-0.05, 0.05))
def test_a_step_in_the_marks_frame_is_the_same_step_in_the_picture(
    pose: Pose, x_um: float, y_um: float, turn_rad: float
) -> None:
    points = np.array([[100.0, 0.0], [-250.0, 110.0], [0.0, -60.0]])
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    stepped = points @ np.array([[cosine, sine], [-sine, cosine]]) + np.array([x_um, y_um])
    moved = pose.moved(x_um=x_um, y_um=y_um, turn_rad=turn_rad)
    np.testing.assert_allclose(moved.points_to_picture(points), pose.points_to_picture(stepped), atol=1e-9)


def cells_as_seen(contrast_um: FloatArray, *, lines: int = 20) -> CellView:
    return view_of(np.repeat(contrast_um[:, :, None], lines, axis=2))


def view_of(lines_um: FloatArray) -> CellView:
    """A ring that is whole."""
    return CellView(lines_um=lines_um, present=np.ones(lines_um.shape[:2], dtype=np.bool_))


@given(
    cells=arrays(np.int8, (2, 48), elements=st.integers(0, 1)).filter(
        lambda cells: bool((cells.sum(axis=1) >= 3).all())
    )
)
def test_a_ring_that_is_fully_seen_loses_nothing(cells: Cells) -> None:
    np.testing.assert_array_equal(decided_cells(cells_as_seen(cells * np.float64(25.0)), relief_um=25.0), cells)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(1.0, 1), (0.57, 1), (0.53, LOST), (0.40, LOST), (0.36, 0), (0.0, 0), (-0.36, 0), (-0.5, LOST)],
)
def test_a_doubtful_depth_is_lost(share: float, expected: int) -> None:
    contrast_um = np.tile([20.0, 0.0], (1, 24))
    contrast_um[0, 11] = 20.0 * share
    assert decided_cells(cells_as_seen(contrast_um), relief_um=20.0)[0, 11] == expected


@pytest.mark.parametrize(("printed", "expected"), [(20, 1), (15, 1), (13, LOST), (8, LOST), (5, 0), (0, 0)])
def test_a_tooth_printed_over_part_of_its_length_is_lost(printed: int, expected: int) -> None:
    view = cells_as_seen(np.tile([20.0, 0.0], (1, 24)))
    lines_um = view.lines_um.copy()
    lines_um[0, 11, :printed] = 20.0
    assert decided_cells(view_of(lines_um), relief_um=20.0)[0, 11] == expected


@pytest.mark.parametrize(("run", "lost_at", "expected"), [(4, 12, LOST), (3, 12, 0), (4, None, 0), (9, None, 0)])
def test_a_long_run_of_gaps_is_lost_only_where_a_cell_of_it_is(run: int, lost_at: int | None, expected: int) -> None:
    contrast_um = np.full((1, 48), 20.0)
    contrast_um[0, 10 : 10 + run] = 0.0
    if lost_at is not None:
        contrast_um[0, lost_at] = np.nan
    assert decided_cells(cells_as_seen(contrast_um), relief_um=20.0)[0, 10] == expected


def test_a_run_goes_on_past_twelve_o_clock() -> None:
    contrast_um = np.full((1, 48), 20.0)
    contrast_um[0, [46, 47, 0, 1]] = (np.nan, 0.0, 0.0, 0.0)
    cells = decided_cells(cells_as_seen(contrast_um), relief_um=20.0)
    assert (cells[0, [46, 47, 0, 1]] == LOST).all()
    assert (cells[0, 2:46] == 1).all()


def test_cells_without_a_place_end_a_run_and_are_lost_themselves() -> None:
    """Four gaps, one of them lost, are the end of printing; two beside two absent cells are not."""
    contrast_um = np.full((1, 48), 20.0)
    contrast_um[0, [10, 11, 12, 13]] = (0.0, np.nan, 0.0, 0.0)
    present = np.ones((1, 48), dtype=np.bool_)
    lines_um = np.repeat(contrast_um[:, :, None], 20, axis=2)
    assert (decided_cells(CellView(lines_um=lines_um, present=present), relief_um=20.0)[0, 10:14] == LOST).all()
    present[0, [13, 14, 15]] = False
    cells = decided_cells(CellView(lines_um=lines_um, present=present), relief_um=20.0)
    assert cells[0, 10:16].tolist() == [0, LOST, 0, LOST, LOST, LOST]
    # So they do over twelve o'clock.
    turned = CellView(lines_um=np.roll(lines_um, -12, axis=1), present=np.roll(present, -12, axis=1))
    assert np.roll(decided_cells(turned, relief_um=20.0), 12)[0, 10:16].tolist() == cells[0, 10:16].tolist()


def test_a_track_with_few_cells_on_the_tip_may_be_without_teeth() -> None:
    """Eight random cells have fewer than three teeth once in seven times: no sign that there is no ring."""
    for count, bare in ((15, False), (16, True)):
        present = np.zeros((1, 48), dtype=np.bool_)
        present[0, :count] = True
        view = CellView(lines_um=np.zeros((1, 48, 20)), present=present)
        assert is_bare(view, relief_um=20.0) == bare


def test_text_alone_is_bare_unless_the_ring_cannot_be_seen() -> None:
    empty, unseen = np.zeros((2, 48)), np.full((2, 48), np.nan)
    some = empty.copy()
    some[1, :3] = 20.0
    assert is_bare(cells_as_seen(empty), relief_um=20.0)
    assert not is_bare(cells_as_seen(unseen), relief_um=20.0)
    assert not is_bare(cells_as_seen(some), relief_um=20.0)


def test_cells_beyond_the_patch_are_not_seen(
    places: Places, random_impression: Callable[..., tuple[str, Cells, HeightMap]]
) -> None:
    # A dent of 0.2 mm touches out to 577 um: all of the inner track, and two thirds of the outer one.
    condition = Condition(description="shallow", dent_um=200.0)
    _, _, surface = random_impression(np.random.default_rng(303), condition=condition)
    field = field_of(surface)
    assert field is not None
    view = view_cells(field, places, Pose(x_um=0.0, y_um=0.0, rotation_rad=0.0, mirrored=False), tone=1)
    assert view.seen().tolist() == [[True] * 48, [False] * 48]


def test_the_coarse_search_finds_the_turn_of_a_rough_print(
    reader: Reader,
    places: Places,
    random_impression: Callable[..., tuple[str, Cells, HeightMap]],
    roughened: Callable[[HeightMap, np.random.Generator, float], HeightMap],
) -> None:
    rng = np.random.default_rng(304)
    for turn_rad in rng.uniform(-np.pi, np.pi, 8):
        _, _, surface = random_impression(rng, turn_rad=turn_rad)
        field = field_of(roughened(surface, rng, 0.25 * 25.0))
        assert field is not None
        (best,) = candidates(field.coarse, places, reader.templates, most=1)
        # Half a circle of turns, three degrees apart.
        assert abs(np.angle(np.exp(2j * (best.rotation_rad - turn_rad)))) / 2 < np.radians(3.0)


def slabs(depths_um: Sequence[float]) -> tuple[HeightMap, list[tuple[str, BaseGeometry]]]:
    """Square pits with upright walls, 60 um wide and 120 um apart, in a plane."""
    grid = centred_grid(half_width_um=500.0, pixel_um=2.0)
    x_um, y_um = np.meshgrid(grid, grid)
    z_um = np.zeros_like(x_um)
    outlines: list[tuple[str, BaseGeometry]] = []
    for number, depth_um in enumerate(depths_um):
        left = -299.0 + 120.0 * number
        z_um[(x_um > left) & (x_um < left + 60.0) & (np.abs(y_um) < 29.0)] = -depth_um
        outlines.append((f"slab {number}", box(left, -29.0, left + 60.0, 29.0)))
    return HeightMap(z_um=z_um, pixel_um=2.0, x0_um=-500.0, y0_um=-500.0, frame="reading"), outlines


def test_slabs_have_the_depths_they_were_given() -> None:
    depths_um = [20.0, 10.5, 9.5, 0.0, -5.0]
    surface, outlines = slabs(depths_um)
    lands = measure_lands(surface, outlines, relief_um=20.0)
    assert [land.name for land in lands] == [name for name, _ in outlines]
    assert [land.depth_um for land in lands] == pytest.approx(depths_um, abs=0.3)
    # Half of 20 um counts as printed: 10.5 does, 9.5 does not.
    assert [land.printed_share for land in lands] == [1.0, 1.0, 0.0, 0.0, 0.0]


def test_a_slab_printed_over_a_quarter_of_its_width() -> None:
    surface, outlines = slabs([20.0])
    z_um = surface.z_um.copy()
    z_um[:, surface.x_um() > -284.0] = 0.0
    (land,) = measure_lands(replace(surface, z_um=z_um), outlines, relief_um=20.0)
    assert land.printed_share == pytest.approx(0.25, abs=0.02)
    assert land.depth_um == pytest.approx(0.0, abs=0.3)


def test_contrast_is_depth_over_the_standard_deviation_of_the_field() -> None:
    surface, outlines = slabs([20.0])
    rough = replace(surface, z_um=surface.z_um + np.random.default_rng(301).normal(0.0, 2.0, surface.z_um.shape))
    (land,) = measure_lands(rough, outlines, relief_um=20.0)
    assert land.contrast == pytest.approx(20.0 / 2.0, rel=0.1)


def test_what_cannot_be_seen_has_not_printed() -> None:
    surface, outlines = slabs([20.0, 20.0])
    hidden = np.where(surface.x_um() > -200.0, np.nan, surface.z_um)
    seen, unseen, beyond = measure_lands(
        replace(surface, z_um=hidden), [*outlines, ("beyond", box(600.0, 0.0, 650.0, 50.0))], relief_um=20.0
    )
    assert seen.printed_share == 1.0
    for land in (unseen, beyond):
        assert land.printed_share == 0.0
        assert np.isnan(land.depth_um)


def test_measuring_nothing_or_against_nothing() -> None:
    surface, outlines = slabs([20.0])
    assert measure_lands(surface, [], relief_um=20.0) == ()
    (land,) = measure_lands(replace(surface, z_um=np.full_like(surface.z_um, np.nan)), outlines, relief_um=20.0)
    assert np.isnan(land.depth_um)
    with pytest.raises(ValueError, match="relief: 0 um must be positive"):
        measure_lands(surface, outlines, relief_um=0.0)


@pytest.mark.parametrize("relief_um", [25.0, 3.0])
def test_the_depths_of_what_was_read(
    relief_um: float,
    reader: Reader,
    places: Places,
    face: Typeface,
    random_impression: Callable[..., tuple[str, Cells, HeightMap]],
) -> None:
    _, cells, surface = random_impression(
        np.random.default_rng(302), relief_um=relief_um, shift_um=(20.0, 10.0), turn_rad=-2.0
    )
    lands = measure(surface, places, face, reader.read(surface))
    teeth = [place.name for place in places.teeth if cells[place.track, place.sector]]
    assert [land.name for land in lands] == [place.name for place in places.characters] + teeth
    assert [land.depth_um for land in lands] == pytest.approx([relief_um] * len(lands), rel=0.05)
    assert all(land.printed_share > 0.99 for land in lands)


def test_nothing_is_measured_where_nothing_was_read(
    reader: Reader, places: Places, face: Typeface, impress: Callable[..., HeightMap]
) -> None:
    blank = impress([])
    assert measure(blank, places, face, reader.read(blank)) == ()
