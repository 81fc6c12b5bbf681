"""Electrodes: closed bodies of the right size, the right way round, that burn what is meant."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest
import shapely
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, box
from shapely.affinity import scale, translate

from engrave.base.shelf import Shelf
from toolpaths.edm.electrode import Electrode, electrode_for, electrodes_for, end_face, posed
from toolpaths.edm.electrode_mesh import Mesh
from toolpaths.edm.electrode_region import burnt_region, electrode_region, inside_grid, opened, polygons
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.errors import ToolpathError
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]
Ball = Callable[..., Surface]

FINE: Sinking = Shelf(kind="sinkings", package="toolpaths.edm", folder="sinkings", cls=Sinking).load("fine-cuw").value
RELIEF_UM = 40.0


def letter_f(x_um: float = 0.0, y_um: float = 0.0) -> Polygon:
    """An F of 90 x 140 um in strokes of 30 um, as one reads it, its lower left corner at (x, y)."""
    arms = [box(0, 0, 30, 140), box(0, 110, 90, 140), box(0, 50, 70, 80)]
    shape = translate(shapely.union_all(arms), x_um, y_um)
    assert isinstance(shape, Polygon)
    return shape


FIELD = box(-250, -150, 250, 150)
MARK = MultiPolygon([letter_f(x, -70) for x in (-170, -20, 130)])
GROOVES = polygons(FIELD.difference(MARK))
LANDS = {"raised": MARK, "recessed": GROOVES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cylinder:
    """A tip round about the y axis alone, as a chisel's is."""

    radius_um: float
    edge_radius_um: float = 600.0

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return box(-500, -400, 500, 400)

    @property
    def face_area_um2(self) -> float:
        """See toolpaths.surface.Surface."""
        return self.boundary.area

    @property
    def nose_radius_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return self.radius_um

    @property
    def mean_curvature_per_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return 1 / (2 * self.radius_um)

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        raise NotImplementedError

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        raise NotImplementedError

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        inside = (np.abs(x_um) <= 500) & (np.abs(y_um) <= 400)
        return np.where(
            inside, np.sqrt(self.radius_um**2 - np.minimum(np.abs(x_um), 500) ** 2) - self.radius_um, np.nan
        )

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return np.sqrt(self.radius_um**2 - x_um**2) / self.radius_um + 0.0 * y_um


def surfaces(ball: Ball) -> dict[str, Surface]:
    return {
        "flat": ball(radius_um=1e9),
        "sphere": ball(radius_um=800.0, edge_radius_um=600.0),
        "chisel": Cylinder(radius_um=700.0),
    }


def with_orbit(orbit: str) -> Sinking:
    """The process with a finish of that orbit; without one the undersize is the gap."""
    finish = FINE.stages[1]
    undersize_um = finish.gap_um if orbit == "none" else finish.undersize_um
    return replace(FINE, stages=(FINE.stages[0], replace(finish, orbit=orbit, undersize_um=undersize_um)))


def finish_of(surface: Surface, *, land: MultiPolygon, field: Polygon = FIELD, sinking: Sinking = FINE) -> Electrode:
    return electrode_for(
        land=land, field=field, surface=surface, relief_um=RELIEF_UM, sinking=sinking, stage=sinking.finest
    )


def as_trimesh(mesh: Mesh) -> trimesh.Trimesh:
    """Nothing merged, nothing repaired."""
    return trimesh.Trimesh(mesh.vertices_um, mesh.triangles, process=False, validate=False)


@pytest.mark.parametrize("tip", ["flat", "sphere", "chisel"])
@pytest.mark.parametrize("orbit", ["none", "circle", "square"])
@pytest.mark.parametrize("polarity", ["raised", "recessed"])
def test_it_is_one_closed_body_of_the_right_volume(tip: str, orbit: str, polarity: str, ball: Ball) -> None:
    electrode = finish_of(surfaces(ball)[tip], land=LANDS[polarity], sinking=with_orbit(orbit))
    body, ribs = as_trimesh(electrode.body), as_trimesh(electrode.ribs)
    assert body.is_volume
    assert body.body_count == 1
    assert (body.area_faces > 0).all()
    assert ribs.is_volume
    assert ribs.body_count == (1 if polarity == "raised" else 3)
    assert ribs.volume == pytest.approx(electrode.region.area * electrode.rib_depth_um, rel=1e-6)
    assert electrode.rib_volume_um3 == pytest.approx(ribs.volume, rel=1e-6)
    # The base is a plate; below it the ribs go on from the end face to its underside.
    assert body.bounds[1, 2] == electrode.base_top_um
    below = electrode.region.area * electrode.base_z_um - float(
        (ribs.triangles[_face_down(ribs)][:, :, 2].mean(axis=1) * _areas(ribs)).sum()
    )
    plate = electrode.base.area * (electrode.base_top_um - electrode.base_z_um)
    assert body.volume == pytest.approx(below + plate, rel=1e-9)


def _face_down(mesh: trimesh.Trimesh) -> NDArray[np.bool_]:
    down: NDArray[np.bool_] = mesh.face_normals[:, 2] < -1e-3
    return down


def _areas(mesh: trimesh.Trimesh) -> FloatArray:
    down = _face_down(mesh)
    areas: FloatArray = mesh.area_faces[down] * -mesh.face_normals[down, 2]
    return areas


def test_the_volume_of_a_bar_by_hand(ball: Ball) -> None:
    """A groove of 30 x 100 um on a flat: a bar of 18 x 88 um, 80 um high, on a plate of 300 um."""
    land = polygons(FIELD.difference(box(-15, -50, 15, 50)))
    electrode = finish_of(ball(radius_um=1e9), land=land)
    assert electrode.frontal_area_um2 == pytest.approx(18 * 88, abs=0.5)
    assert electrode.base_z_um == 40 + 30 + 10
    corner_um2 = 200 * 100 / 2
    plate_um3 = (900 * 700 - corner_um2) * 300
    assert list(electrode.base.bounds) == [-450, -350, 450, 350]
    assert as_trimesh(electrode.body).volume == pytest.approx(18 * 88 * 80 + plate_um3, abs=40)


@pytest.mark.parametrize(
    ("orbit", "land_um2"),
    [
        # A square of 50 um grown by a disc of 5, by a disc of 5 + 1, by a disc of 5 and a square of 2 (Steiner).
        ("none", 50**2 + 4 * 50 * 5 + math.pi * 25),
        ("circle", 50**2 + 4 * 50 * 6 + math.pi * 36),
        ("square", 52**2 + 4 * 52 * 5 + math.pi * 25),
    ],
)
def test_gap_and_orbit_come_off_every_side(orbit: str, land_um2: float) -> None:
    stage = with_orbit(orbit).finest
    cut = polygons(box(-100, -100, 100, 100).difference(box(-25, -25, 25, 25)))
    side_um = 200 - 2 * stage.undersize_um
    assert electrode_region(cut, stage).area == pytest.approx(side_um**2 - land_um2, abs=1.5)


@pytest.mark.parametrize("orbit", ["none", "circle", "square"])
@pytest.mark.parametrize("polarity", ["raised", "recessed"])
def test_what_it_burns_is_the_cut_but_for_round_corners(orbit: str, polarity: str) -> None:
    stage = with_orbit(orbit).finest
    cut = polygons(FIELD.difference(LANDS[polarity])) if polarity == "raised" else MARK
    burnt = burnt_region(electrode_region(cut, stage), stage)
    assert burnt.difference(cut.buffer(0.1)).is_empty
    # Of each right angle a disc leaves (1 - pi / 4) r^2. An F has seven corners outward, three inward; the electrode's
    # own corners are rounded by 0.1 um.
    corners = 4 + 3 * 3 if polarity == "raised" else 3 * 7
    left = (1 - math.pi / 4) * (stage.corner_radius_um + 0.1) ** 2
    assert cut.area - burnt.area == pytest.approx(corners * left, rel=0.02)


@pytest.mark.parametrize("polarity", ["raised", "recessed"])
def test_ribs_and_walls_are_as_wide_as_the_rule_says(polarity: str, ball: Ball) -> None:
    """Strokes of 30 um; spaces of 30 um between the arms: less 6 um a side, 18 um are left, and no less."""
    electrode = finish_of(ball(radius_um=1e9), land=LANDS[polarity])
    near = 0.05
    kept = polygons(opened(electrode.region, 9 - near))
    assert electrode.region.area - kept.area < 3 * 12 * (1 - math.pi / 4) * 81 + 1
    lost = electrode.region.area - polygons(opened(electrode.region, 9 + near)).area
    assert lost > 3 * 18 * 20


def test_the_end_face_reads_normally_as_it_is_milled(ball: Ball) -> None:
    """The tip carries the mirrored mark; the electrode's end face, turned up, shows it as one reads it."""
    on_tip = scale(letter_f(-45, -70), -1, 1, origin=(0, 0))
    electrode = finish_of(ball(radius_um=1e9), land=polygons(FIELD.difference(on_tip)))
    mesh = as_trimesh(posed(electrode, "milling"))
    assert mesh.volume > 0
    up = (mesh.face_normals[:, 2] > 0.99) & (mesh.triangles[:, :, 2].max(axis=1) > -1)
    face = shapely.union_all([Polygon(corners[:, :2]) for corners in mesh.triangles[up]], grid_size=1e-3)
    read = letter_f(-45, -70).buffer(-6)
    assert face.symmetric_difference(read).area < 0.01 * read.area
    assert face.symmetric_difference(scale(read, -1, 1, origin=(0, 0))).area > 0.5 * read.area


def test_the_milling_pose_is_a_turn_and_no_mirror(ball: Ball) -> None:
    electrode = finish_of(ball(radius_um=800.0), land=MARK)
    burning, milling = posed(electrode, "burning"), posed(electrode, "milling")
    np.testing.assert_array_equal(burning.triangles, milling.triangles)
    turn, *_ = np.linalg.lstsq(burning.vertices_um, milling.vertices_um, rcond=None)
    assert np.linalg.det(turn) == pytest.approx(1.0)
    np.testing.assert_allclose(turn @ turn, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(np.array([0, 1, 0]) @ turn, [0, 1, 0], atol=1e-9)
    with pytest.raises(ToolpathError, match="pose 'upside' is not known; use one of burning, milling"):
        posed(electrode, "upside")


def test_the_witness_breaks_every_symmetry(ball: Ball) -> None:
    """On a square field, where the base would else look the same eight ways."""
    field = box(-100, -100, 100, 100)
    base = finish_of(ball(), land=MultiPolygon([box(-20, -20, 20, 20)]), field=field).base
    for mirror, quarters in product((1, -1), range(4)):
        turned = shapely.affinity.rotate(scale(base, mirror, 1, origin=(0, 0)), 90 * quarters, origin=(0, 0))
        same = turned.symmetric_difference(base).area < 1
        assert same == (mirror == 1 and quarters == 0)


def test_facets_follow_the_surface(ball: Ball) -> None:
    """Random places on the end face lie within the chord tolerance, and half a nanometre, of the sphere."""
    electrode = finish_of(ball(radius_um=800.0), land=MARK)
    facets = electrode.cover.places_nm[electrode.cover.triangles] / 1000
    heights = electrode.cover.heights_nm[electrode.cover.triangles] / 1000
    share = np.random.default_rng(1).dirichlet([1, 1, 1], size=len(facets))
    x_um, y_um = np.einsum("ij,ijk->ki", share, facets)
    z_um = np.einsum("ij,ij->i", share, heights)
    sphere = np.sqrt(800.0**2 - x_um**2 - y_um**2) - 800.0
    assert np.abs(z_um - sphere).max() < FINE.chord_tolerance_um + 1e-3
    assert np.abs(heights).max() > 20


@pytest.mark.parametrize("polarity", ["raised", "recessed"])
def test_the_end_face_as_heights(polarity: str, ball: Ball) -> None:
    electrode = finish_of(ball(radius_um=800.0), land=LANDS[polarity])
    face = end_face(electrode, 0.5)
    x_um, y_um = np.meshgrid(face.x_um(), face.y_um())
    known = np.isfinite(face.z_um)
    assert known.sum() * 0.25 == pytest.approx(electrode.region.area, rel=5e-3)
    np.testing.assert_allclose(face.z_um[known], (np.sqrt(800.0**2 - x_um**2 - y_um**2) - 800.0)[known], atol=1e-9)
    few = (slice(None, None, 7),) * 2
    clear = shapely.distance(shapely.boundary(electrode.region), shapely.points(x_um[few], y_um[few])) > 1e-6
    inside = shapely.contains_xy(electrode.region, x_um[few], y_um[few])
    np.testing.assert_array_equal(known[few][clear], inside[clear])
    assert face.frame == "pin"
    for wrong in (0.0, -1.0, math.nan):
        with pytest.raises(ToolpathError, match="must be a finite number above 0"):
            end_face(electrode, wrong)


@settings(deadline=None, max_examples=60)
@given(
    corners=st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=3, max_size=8),
    pixel_um=st.floats(0.3, 2.0),
)
def test_a_grid_knows_what_is_inside(corners: list[tuple[float, float]], pixel_um: float) -> None:
    region = shapely.get_parts(shapely.MultiPoint(corners).convex_hull.buffer(0.5).difference(box(-1, -1, 1.03, 1.07)))
    shape = MultiPolygon([part for part in region if isinstance(part, Polygon)])
    inside = inside_grid(shape, x0_um=-9.01, y0_um=-9.02, pixel_um=pixel_um, size=23)
    x_um, y_um = np.meshgrid(-9.01 + pixel_um * np.arange(23), -9.02 + pixel_um * np.arange(23))
    clear = shapely.distance(shape.boundary, shapely.points(x_um, y_um)) > 1e-9
    np.testing.assert_array_equal(inside & clear, np.asarray(shapely.contains_xy(shape, x_um, y_um)) & clear)


def test_electrodes_of_all_stages_are_one_shape_with_their_undersizes(ball: Ball) -> None:
    rough, finish = electrodes_for(land=MARK, field=FIELD, surface=ball(), relief_um=RELIEF_UM, sinking=FINE)
    assert (rough.number, finish.number) == (0, 1)
    assert (rough.depth_um, finish.depth_um) == (38.0, 40.0)
    assert rough.region.buffer(2.0).symmetric_difference(finish.region).area < 0.002 * finish.region.area
    assert finish.base.equals(rough.base)


def test_every_fault_at_once(ball: Ball) -> None:
    other = replace(FINE.finest, name="other")
    with pytest.raises(ToolpathError) as caught:
        electrode_for(
            land=MultiPolygon([box(-900, 0, -800, 10)]),
            field=FIELD,
            surface=ball(edge_radius_um=200.0),
            relief_um=0.0,
            sinking=FINE,
            stage=other,
        )
    for part in ("stage 'other' is none of", "the relief, 0.0 um", "beyond the tip's boundary", "beyond the field"):
        assert part in str(caught.value)
    with pytest.raises(ToolpathError, match="is no more than what the stage leaves, 2 um"):
        electrode_for(land=MARK, field=FIELD, surface=ball(), relief_um=2.0, sinking=FINE, stage=FINE.stages[0])
    narrow = polygons(FIELD.difference(box(-5.9, -50, 5.9, 50)))
    with pytest.raises(ToolpathError, match="nowhere wider than twice its undersize, 6 um"):
        finish_of(ball(), land=narrow)
