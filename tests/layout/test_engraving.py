"""The mark as it is cut: mirrored once, with the field that is cleared about it."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, affinity

from engrave.layout import Engraving, LandShapes, Layout, Places, engraving_of, lay_out
from engrave.tips import PINS, tip_of
from toolpaths.laser.planning import plan
from toolpaths.laser.recipe import Ablation, Recipe

TRACK = st.text(alphabet="01", min_size=48, max_size=48)


def engraved(layout: Layout, *, edge_um: float = 900.0, patch_um: float = 815.0) -> Engraving:
    return engraving_of(layout, relief_um=25.0, edge_radius_um=edge_um, largest_patch_um=patch_um)


@pytest.fixture(scope="module")
def layout(places: Places, shapes: LandShapes) -> Layout:
    return lay_out(places, shapes, characters="F0H5KB4M".replace("B", "C"), ring=("110" * 16, "100" * 16))


def test_on_the_tip_seen_from_in_front_the_stem_of_f_has_the_greater_x(layout: Layout) -> None:
    """Written by hand, and by nothing else: if this fails, every pin is wrong.

    The first character stands at (-262.5, 105) in the reading frame, where its F has the stem on the left, 0.16 em
    from the left of a cell of 0.78 em, the foot of the stem at the bottom, and a lip at the right end of its upper arm.
    An em is 175 - 14 = 161 um: the stem is at -262.5 + (0.16 - 0.39) x 161 = -299.53, the lip at -262.5 + 0.39 x 161 =
    -199.71. On the tip they stand at +299.53 and +199.71, upright as before.
    """
    f = engraved(layout).lands[0]
    assert f.shows == "F"
    foot = shapely.intersection(f.outline, shapely.box(0.0, 0.0, 600.0, 70.0))
    assert foot.bounds == pytest.approx((299.53 - 7.0, 17.5, 299.53 + 7.0, 70.0), abs=1e-6)
    lip = shapely.intersection(f.outline, shapely.box(0.0, 145.0, 250.0, 165.0))
    assert lip.bounds == pytest.approx((199.71 - 7.0, 145.0, 199.71 + 7.0, 165.0), abs=1e-6)
    assert foot.centroid.x > lip.centroid.x


def test_the_ring_goes_round_the_other_way(layout: Layout) -> None:
    # Sectors 0 and 1 of the inner track are teeth, sector 2 is not; a sector is 7.5 degrees.
    teeth = {land.place: land.outline.centroid for land in engraved(layout).lands[8:]}
    first, second = teeth["ring track 1, sector 0"], teeth["ring track 1, sector 1"]
    assert (first.x, first.y) == pytest.approx((0.0, 472.5), abs=1e-6)
    assert (second.x, second.y) == pytest.approx(
        (-472.5 * math.sin(math.radians(7.5)), 472.5 * math.cos(math.radians(7.5))), abs=1e-6
    )


@settings(max_examples=10)
@given(characters=st.text(alphabet="0F4KMQZ7", min_size=8, max_size=8), ring=st.tuples(TRACK, TRACK))
def test_the_land_is_the_layouts_mirror_image_exactly(
    places: Places, shapes: LandShapes, characters: str, ring: tuple[str, str]
) -> None:
    layout = lay_out(places, shapes, characters=characters, ring=ring)
    engraving = engraved(layout)
    reflected = affinity.scale(shapely.union_all([land.outline for land in layout.lands]), -1.0, 1.0, origin=(0, 0))
    assert shapely.symmetric_difference(engraving.land(), reflected).area == pytest.approx(0.0, abs=1e-6)
    assert [(land.place, land.shows) for land in engraving.lands] == [(land.place, land.shows) for land in layout.lands]
    rings = [part.exterior for land in engraving.lands for part in shapely.get_parts(land.outline)]
    assert all(shapely.is_ccw(rings))


# --- the field --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edge_um", "patch_um", "field_um", "taper_um"),
    [
        # The largest patch and 100 um, then a taper of 100 um.
        (900.0, 560.0, 660.0, 760.0),
        (900.0, 699.9, 799.9, 899.9),
        # No room for the taper: to the edge.
        (900.0, 700.0, 900.0, None),
        (900.0, 900.0, 900.0, None),
        (700.0, 560.0, 700.0, None),
        # A patch that ends inside the mark (600 um): the field goes on to 50 um beyond the mark.
        (900.0, 400.0, 650.0, 750.0),
        (900.0, 549.9, 650.0, 750.0),
        (900.0, 550.1, 650.1, 750.1),
    ],
)
def test_the_field(layout: Layout, edge_um: float, patch_um: float, field_um: float, taper_um: float | None) -> None:
    engraving = engraved(layout, edge_um=edge_um, patch_um=patch_um)
    assert engraving.field_radius_um == pytest.approx(field_um)
    assert engraving.taper_to_radius_um == (None if taper_um is None else pytest.approx(taper_um))
    assert engraving.relief_um == 25.0


@given(edge_um=st.floats(626.0, 2000.0), patch_um=st.floats(0.0, 2000.0))
def test_nothing_that_the_largest_patch_can_touch_stands_above_the_land(
    places: Places, shapes: LandShapes, edge_um: float, patch_um: float
) -> None:
    layout = lay_out(places, shapes, characters="00000000", ring=("0" * 48, "0" * 48))
    engraving = engraved(layout, edge_um=edge_um, patch_um=min(patch_um, edge_um))
    outermost_um = engraving.taper_to_radius_um or engraving.field_radius_um
    assert 600.0 < engraving.field_radius_um <= outermost_um <= edge_um
    if engraving.taper_to_radius_um is None:
        assert engraving.field_radius_um == edge_um
    else:
        assert engraving.field_radius_um >= max(patch_um + 100.0, 650.0)


@pytest.mark.parametrize("patch_um", [200.0, 620.0, 815.0])
def test_the_planner_takes_every_kind_of_field(layout: Layout, patch_um: float) -> None:
    recipe = Recipe(
        name="quick",
        wavelength_um=1.03,
        beam_quality=1.2,
        spot_radius_um=12.0,
        pulse_energy_j=1.4e-6,
        repetition_rate_hz=200e3,
        feed_um_s=200e3,
        hatch_um=20.0,
        angles_rad=(0.0,),
        kerf_um=24.0,
        contour=True,
        chord_tolerance_um=5.0,
        ablation=Ablation(threshold_j_cm2=0.16, incubation=0.81, penetration_um=0.0135),
    )
    engraving = engraved(layout, patch_um=patch_um)
    toolpath = plan(
        land=MultiPolygon(shapely.get_parts(engraving.land()).tolist()),
        field_radius_um=engraving.field_radius_um,
        taper_to_radius_um=engraving.taper_to_radius_um,
        surface=tip_of(PINS.load("sphere-1.0").value),
        relief_um=engraving.relief_um,
        recipe=recipe,
        floor_radius_um=600.0,
    )
    reach_um = max(np.hypot(*operation.paths.points[:, :2].T).max() for _, operation in toolpath.operations())
    end_um = engraving.taper_to_radius_um or engraving.field_radius_um
    assert end_um - 24.0 - 20.0 < reach_um < end_um


def test_a_mark_without_lands_is_an_empty_land() -> None:
    empty = Engraving(lands=(), relief_um=25.0, field_radius_um=900.0, taper_to_radius_um=None)
    assert empty.land().is_empty
