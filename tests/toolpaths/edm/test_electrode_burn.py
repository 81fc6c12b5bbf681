"""What an electrode burns with its gap and along its program, as solids: swept by a library nobody here wrote."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import MultiLineString, MultiPolygon, box
from shapely.affinity import translate

from engrave.base.shelf import Shelf
from toolpaths.edm.electrode import electrode_for
from toolpaths.edm.electrode_region import polygons
from toolpaths.edm.sinking import plan_sinking
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.surface import Surface

FINE: Sinking = Shelf(kind="sinkings", package="toolpaths.edm", folder="sinkings", cls=Sinking).load("fine-cuw").value
RELIEF_UM, NOSE_UM = 40.0, 800.0
# Off the axis, where the sphere falls by up to 0.37.
FIELD = box(100, -90, 260, 100)
F = translate(shapely.union_all([box(0, 0, 30, 140), box(0, 110, 90, 140), box(0, 50, 70, 80)]), 135, -65)
LANDS = {"raised": polygons(F), "recessed": polygons(FIELD.difference(F))}


def below(level_um: float) -> shapely.Geometry:
    """Where the sphere lies at a level or below it, within the field."""
    inner = np.sqrt(max(NOSE_UM**2 - (NOSE_UM + min(level_um, 0.0)) ** 2, 0.0))
    return FIELD if inner == 0 else shapely.difference(FIELD, shapely.Point(0, 0).buffer(inner, quad_segs=500))


def burnt_solid(library: Any, sinking: Sinking, land: MultiPolygon, surface: Surface) -> Any:  # noqa: ANN401 - untyped
    """The ribs grown by a ball as wide as the gap, at every point of the program."""
    electrode = electrode_for(
        land=land, field=FIELD, surface=surface, relief_um=RELIEF_UM, sinking=sinking, stage=sinking.finest
    )
    erosion = plan_sinking([electrode], surface=surface, relief_um=RELIEF_UM, sinking=sinking)
    ribs = electrode.ribs
    mesh = library.Mesh64(vert_properties=ribs.vertices_um.copy(), tri_verts=ribs.triangles.astype(np.uint64))
    ball = library.Manifold.sphere(sinking.gap_front_um, 20)
    grown = library.Manifold(mesh).minkowski_sum(ball)
    assert not grown.is_empty()
    (erode,) = erosion.eroding()
    return library.Manifold.batch_boolean(
        [grown.translate(point) for point in erode.paths.points.tolist()], library.OpType.Add
    )


def section(solid: Any, z_um: float) -> shapely.Geometry:  # noqa: ANN401 - untyped
    rings = [np.vstack([ring, ring[:1]]) for ring in solid.slice(z_um).to_polygons()]
    return shapely.build_area(MultiLineString(rings))


@pytest.mark.slow
@pytest.mark.parametrize("orbit", ["circle", "square"])
@pytest.mark.parametrize("polarity", ["raised", "recessed"])
def test_it_leaves_the_designed_tip(
    polarity: str, orbit: str, ball: Callable[..., Surface], require_module: Callable[[str], Any]
) -> None:
    """Within 1 um along the axis and 1 um across, but for inner corners and the fillet between floor and wall."""
    finish = replace(FINE.finest, orbit=orbit)
    sinking = replace(FINE, stages=(finish,), wear_ratio=0.0, chord_tolerance_um=0.3, flush_step_um=20.0)
    surface = ball(radius_um=NOSE_UM, edge_radius_um=600.0)
    cut = shapely.difference(FIELD, LANDS[polarity])
    solid = burnt_solid(require_module("manifold3d"), sinking, LANDS[polarity], surface)
    reached = cut.buffer(-6.1).buffer(6.1)  # all but inner corners, which are stated to be round
    levels = (-50.0, -60.0, -70.0, -80.0) if polarity == "raised" else (-56.0, -60.0, -66.0)
    for floor_um in levels:
        found = section(solid, floor_um)
        most = shapely.intersection(cut, below(floor_um + RELIEF_UM + 1)).buffer(1.0)
        assert shapely.difference(found, most).area == 0
        floor = shapely.intersection(cut.buffer(-finish.undersize_um - 0.2), below(floor_um + RELIEF_UM - 1))
        assert floor.area > 50
        assert shapely.difference(floor, found).area < 1e-3
        # Above the fillet the walls stand where they were drawn.
        wall = shapely.intersection(reached.buffer(-0.3), below(floor_um + RELIEF_UM - 7))
        assert shapely.difference(wall, found).area < 1e-3
    above = section(solid, -8.0)
    assert shapely.difference(above, cut.buffer(0.1)).area == 0
    assert shapely.difference(reached.buffer(-0.3), above).area < 1e-3
