"""What electrodes leave: held against closed forms of pockets, orbits and wear."""

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from toolpaths.edm.model import Change, Dress, Erode, Erosion, Event, TouchOff
from toolpaths.edm.removal import sunk
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.errors import ToolpathError
from toolpaths.model import Polylines
from toolpaths.surface import HeightMap, Surface

Floats = NDArray[np.float64]

SIDE_UM, FRONT_UM = 6.0, 4.0
# Half width of the square electrode: its samples stand for so much more on every side.
HALF_UM, PIXEL_UM = 29.5, 1.0
WIDTH_UM = 2 * HALF_UM + PIXEL_UM


def surface_of(*, radius_um: float = math.inf, half_um: float = 1000.0) -> Surface:
    """The heights of a flat or a sphere; square. Nothing else of a surface is asked for."""

    def height_um(x_um: Floats, y_um: Floats) -> Floats:
        z_um = np.zeros(x_um.shape)
        if math.isfinite(radius_um):
            z_um = np.sqrt(radius_um**2 - x_um**2 - y_um**2) - radius_um
        inside = (np.abs(x_um) <= half_um) & (np.abs(y_um) <= half_um)
        found: Floats = np.where(inside, z_um, np.nan)
        return found

    return cast("Surface", SimpleNamespace(height_um=height_um))


def sinking(*gaps_um: float, wear_ratio: float = 0.0) -> Sinking:
    """Gaps and wear of stages; nothing else of a process is asked for."""
    stages = tuple(SimpleNamespace(gap_um=gap_um) for gap_um in gaps_um or (SIDE_UM,))
    found: Any = SimpleNamespace(name="try", stages=stages, gap_front_um=FRONT_UM, wear_ratio=wear_ratio)
    return cast("Sinking", found)


def block(*, half_um: float = HALF_UM, radius_um: float = math.inf, pixel_um: float = PIXEL_UM) -> HeightMap:
    """A square end face, flat or as the sphere; samples in the middles of pixels, none on the axis."""
    count = round(2 * half_um / pixel_um) + 1
    axis_um = -half_um + pixel_um * np.arange(count)
    x_um, y_um = np.meshgrid(axis_um, axis_um)
    z_um = np.zeros((count, count))
    if math.isfinite(radius_um):
        z_um = np.sqrt(radius_um**2 - x_um**2 - y_um**2) - radius_um
    return HeightMap(z_um=z_um, pixel_um=pixel_um, x0_um=-half_um, y0_um=-half_um, frame="pin")


def run(*paths: Sequence[tuple[float, float, float]], tool: int = 0) -> Erode:
    """Paths of points."""
    points = np.array([point for path in paths for point in path], dtype=np.float64).reshape(-1, 3)
    starts = np.cumsum([0, *[len(path) for path in paths]])
    return Erode(name="run", tool=tool, feed_um_s=1.0, generator=(), paths=Polylines(points=points, starts=starts))


def left(
    *events: Event, wear_ratio: float = 0.0, face: HeightMap | None = None, pixel_um: float = PIXEL_UM
) -> HeightMap:
    """What one electrode leaves of a flat."""
    return sunk(
        Erosion(events=events, safe_z_um=100.0),
        faces=[face or block()],
        sinking=sinking(wear_ratio=wear_ratio),
        surface=surface_of(),
        half_width_um=60.0,
        pixel_um=pixel_um,
    )


def widths_um(heights: HeightMap, *, below_um: float) -> tuple[float, float]:
    """Along the middle row and column, what lies lower."""
    middle = heights.z_um.shape[0] // 2
    rows, columns = heights.z_um[middle], heights.z_um[:, middle]
    return tuple(heights.pixel_um * float(np.count_nonzero(line < -below_um)) for line in (rows, columns))  # type: ignore[return-value]


def plunge(depth_um: float, *, x_um: float = 0.0, y_um: float = 0.0) -> list[tuple[float, float, float]]:
    """Straight down to where the front gap is at a depth."""
    return [(x_um, y_um, 10.0), (x_um, y_um, FRONT_UM - depth_um)]


def around(radius_um: float, *, depth_um: float, sides: int) -> list[tuple[float, float, float]]:
    """Out to a regular polygon, of which every corner is at the radius, once round, and back."""
    turn = 2 * math.pi * np.arange(sides + 1) / sides + math.pi / 4
    ring = [(radius_um * math.cos(a), radius_um * math.sin(a), FRONT_UM - depth_um) for a in turn.tolist()]
    return [(0.0, 0.0, FRONT_UM - depth_um), *ring, (0.0, 0.0, FRONT_UM - depth_um)]


def corner_reach_um(heights: HeightMap, *, below_um: float) -> float:
    """How far the pocket goes along the diagonal."""
    diagonal = np.diagonal(heights.z_um)
    return math.sqrt(2) * heights.pixel_um * float(np.count_nonzero(diagonal < -below_um)) / 2


def test_a_flat_block_sinks_a_pocket_of_its_size_and_the_gaps() -> None:
    """A corner is a quarter of a circle as wide as the gap."""
    found = left(run(plunge(12.0)))
    assert widths_um(found, below_um=6.0) == pytest.approx((WIDTH_UM + 2 * SIDE_UM,) * 2, abs=1.0)
    assert float(found.z_um.min()) == pytest.approx(-12.0, abs=1e-9)
    assert set(np.round(np.unique(found.z_um), 9).tolist()) == {-12.0, 0.0}
    area_um2 = WIDTH_UM**2 + 4 * WIDTH_UM * SIDE_UM + math.pi * SIDE_UM**2
    assert -float(found.z_um.sum()) == pytest.approx(12.0 * area_um2, rel=0.03)
    assert corner_reach_um(found, below_um=6.0) == pytest.approx(math.sqrt(2) * WIDTH_UM / 2 + SIDE_UM, abs=1.5)


@pytest.mark.parametrize(("sides", "radius_um"), [(4, 8.0 * math.sqrt(2)), (96, 8.0)])
def test_an_orbit_widens_the_pocket_by_its_own_radius(sides: int, radius_um: float) -> None:
    """A square orbit leaves corners with the gap's radius; a circular one with its own and the gap's."""
    found = left(run(plunge(12.0), around(radius_um, depth_um=12.0, sides=sides)))
    wide_um = WIDTH_UM + 2 * (SIDE_UM + 8.0)
    assert widths_um(found, below_um=6.0) == pytest.approx((wide_um, wide_um), abs=1.5)
    assert float(found.z_um.min()) == pytest.approx(-12.0, abs=1e-6)
    expected_um = math.sqrt(2) * WIDTH_UM / 2 + SIDE_UM + radius_um
    assert corner_reach_um(found, below_um=6.0) == pytest.approx(expected_um, abs=1.5)


@pytest.mark.parametrize("pixel_um", [0.8, 1.0, 2.0])
def test_a_curved_face_leaves_the_tip_moved_down(pixel_um: float) -> None:
    """By the depth, exactly where the face is sampled, and on other grids but for what lies between samples."""
    radius_um = 200.0
    surface = surface_of(radius_um=radius_um)
    found = sunk(
        Erosion(events=(run(plunge(12.0)),), safe_z_um=100.0),
        faces=[block(half_um=45.0, radius_um=radius_um)],
        sinking=sinking(),
        surface=surface,
        half_width_um=60.0,
        pixel_um=pixel_um,
    )
    x_um, y_um = np.meshgrid(found.x_um(), found.y_um())
    depth = surface.height_um(x_um, y_um) - found.z_um
    # Between samples a sphere sinks below its chords, by no more than pixel^2 / 4 R.
    under = np.maximum(np.abs(x_um), np.abs(y_um)) < 44.0
    assert np.abs(depth[under] - 12.0).max() < (1e-6 if pixel_um == 1.0 else 0.005)
    beyond = np.maximum(np.abs(x_um), np.abs(y_um)) > 45.5 + SIDE_UM + pixel_um
    assert np.abs(depth[beyond]).max() < 1e-9


@pytest.mark.parametrize("wear_ratio", [0.0, 0.05, 0.6])
def test_an_electrode_wears_by_the_volume_over_its_end(wear_ratio: float) -> None:
    """The depth is what is sent, less nu A d / S_e; in any number of steps, with jumps between them."""
    steps = [[(0.0, 0.0, FRONT_UM + 2.0 - low), (0.0, 0.0, FRONT_UM - low)] for low in (3.0, 7.0, 12.0)]
    for paths in ([plunge(12.0)], steps):
        found = left(run(*paths), wear_ratio=wear_ratio)
        depth_um = -float(found.z_um.min())
        share = float(np.count_nonzero(found.z_um < 0)) / WIDTH_UM**2
        assert depth_um * (1 + wear_ratio * share) == pytest.approx(12.0, abs=1e-6)


@pytest.mark.parametrize("event", [Change(tool=0), Dress(tool=0), TouchOff(tool=0, x_um=0.0, y_um=0.0, z_um=0.0), None])
def test_a_new_electrode_is_unworn(event: Event | None) -> None:
    """A second, deeper run goes on with the wear of the first, or without."""
    runs = [run(plunge(10.0)), run(plunge(14.0))]
    events = [runs[0], runs[1]] if event is None else [runs[0], event, runs[1]]
    found = left(*events, wear_ratio=0.1)
    factor = 0.1 * float(np.count_nonzero(found.z_um < 0)) / WIDTH_UM**2
    first_um = 10.0 / (1 + factor)
    expected_um = 14.0 / (1 + factor) if event is None else (14.0 + factor * first_um) / (1 + factor)
    assert -float(found.z_um.min()) == pytest.approx(expected_um, abs=1e-6)


def test_wear_on_an_orbit_balances_the_volume() -> None:
    """The orbit of a worn electrode: a hole at its end, put beside it, is shallower by nu V / S_e."""
    face = block(half_um=9.5)
    depth_um = 8.0
    aside = [(35.0, 35.0, 20.0), (35.0, 35.0, FRONT_UM - 20.0)]
    found = left(run(plunge(depth_um), around(6.0, depth_um=depth_um, sides=64), aside), wear_ratio=0.1, face=face)
    removed_um3 = -float(found.z_um.sum())
    assert 20.0 + float(found.z_um.min()) == pytest.approx(0.1 * removed_um3 / 400.0, rel=0.03)


def test_stages_have_gaps_and_faces_of_their_own() -> None:
    """A rough one with a wide gap, a fine one that goes deeper and narrower."""
    found = sunk(
        Erosion(events=(run(plunge(8.0)), Change(tool=1), run(plunge(12.0), tool=1)), safe_z_um=100.0),
        faces=[block(), block(half_um=19.5)],
        sinking=sinking(10.0, 2.0),
        surface=surface_of(),
        half_width_um=60.0,
        pixel_um=PIXEL_UM,
    )
    assert widths_um(found, below_um=4.0) == pytest.approx((80.0, 80.0), abs=1.0)
    assert widths_um(found, below_um=10.0) == pytest.approx((44.0, 44.0), abs=1.0)


def test_the_end_takes_off_what_stands_above_its_gap_and_nothing_else() -> None:
    """On both sides of touching; over the boundary there stays nothing; beyond the grid nothing happens."""
    for sent_um, depth_um in ((-0.01, 0.0), (0.0, 0.0), (0.2, 0.2)):
        assert float(left(run(plunge(sent_um))).z_um.min()) == pytest.approx(-depth_um, abs=1e-6)
    assert not left(run(plunge(5.0, x_um=5000.0))).z_um.any()
    found = sunk(
        Erosion(events=(run(plunge(5.0)),), safe_z_um=100.0),
        faces=[block()],
        sinking=sinking(),
        surface=surface_of(half_um=20.0),
        half_width_um=30.0,
        pixel_um=PIXEL_UM,
    )
    assert np.isnan(found.z_um[0]).all()
    assert np.array_equal(found.z_um[10:51, 10:51], np.full((41, 41), -5.0))


def test_a_program_without_paths_leaves_the_face() -> None:
    """No event, one that cuts nothing, and one with no path."""
    for events in ((), (Change(tool=0),), (run(),)):
        assert not left(*events).z_um.any()


def test_a_face_moved_by_a_part_of_a_pixel_is_moved_by_it() -> None:
    """The volume's middle follows the datum."""
    found = left(run(plunge(5.0, x_um=7.0, y_um=-3.0)))
    x_um, y_um = np.meshgrid(found.x_um(), found.y_um())
    total = found.z_um.sum()
    middle = float((x_um * found.z_um).sum() / total), float((y_um * found.z_um).sum() / total)
    assert middle == pytest.approx((7.0, -3.0), abs=0.51)


def test_what_cannot_be_cut_is_refused_with_all_faults() -> None:
    """Sizes, electrodes, numbers."""
    for half_width_um, pixel_um in ((0.0, 1.0), (10.0, 0.0), (math.nan, 1.0), (10.0, math.inf)):
        with pytest.raises(ToolpathError, match="must be above 0"):
            sunk(
                Erosion(events=(), safe_z_um=1.0),
                faces=[block()],
                sinking=sinking(),
                surface=surface_of(),
                half_width_um=half_width_um,
                pixel_um=pixel_um,
            )
    wrong = run([(0.0, 0.0, math.nan), (1.0, 0.0, 0.0)], tool=1)
    with pytest.raises(ToolpathError, match=r"electrode 1 is not among.*no number"):
        left(wrong)
    nothing = HeightMap(z_um=np.full((3, 3), np.nan), pixel_um=1.0, x0_um=0.0, y0_um=0.0, frame="pin")
    with pytest.raises(ToolpathError, match="no height anywhere"):
        left(face=nothing)
    with pytest.raises(ToolpathError, match="use wider pixels"):
        left(pixel_um=0.01)
