"""The mark as it is cut: mirrored once, with the field that is cleared about it."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, affinity

from engrave.code.profiles import profile_by_name
from engrave.layout import (
    Engraving,
    LandShapes,
    Layout,
    LayoutSettings,
    Places,
    Track,
    engraving_of,
    land_shapes,
    lay_out,
    plan_places,
)
from engrave.tips import PINS, ChiselTip, FlatTip, tip_of
from fonts.typeface import shipped_typeface
from toolpaths.laser.planning import plan
from toolpaths.laser.recipe import Ablation, Recipe, Step

TRACK = st.text(alphabet="01", min_size=48, max_size=48)


def engraved(layout: Layout, *, edge_um: float = 900.0, patch_um: float = 815.0) -> Engraving:
    return engraving_of(layout, relief_um=25.0, tip=FlatTip(edge_radius_um=edge_um), largest_patch_um=patch_um)


def radius_um(outline: Polygon) -> float:
    """Of an outline all of whose corners lie on one circle."""
    radii = np.hypot(*shapely.get_coordinates(outline).T)
    assert np.ptp(radii) < 0.1
    return float(radii.max())


@pytest.fixture(scope="module")
def layout(places: Places, shapes: LandShapes) -> Layout:
    return lay_out(places, shapes, characters="F0H5KB4M".replace("B", "C"), ring=("110" * 16, "100" * 16))


def test_on_the_tip_seen_from_in_front_the_stem_of_f_has_the_greater_x(layout: Layout) -> None:
    """Written by hand, and by nothing else: if this fails, every pin is wrong.

    The first character stands at (-262.5, 105) in the reading frame, where its F has the stem on the left, 0.19 em
    from the left of a cell of 0.78 em, the foot of the stem at the bottom, and a lip at the right end of its upper arm,
    which ends 0.08 em below it. An em is 175 - 14 = 161 um: the stem is at -262.5 + (0.19 - 0.39) x 161 = -294.70, the
    lip at -262.5 + 0.39 x 161 = -199.71. On the tip they stand at +294.70 and +199.71, upright as before. The arm's
    lower edge lies at 105 + 175 / 2 - 14 = 178.5, the middle of the lip's round end at 192.5 - 7 - 0.08 x 161 = 172.6.
    """
    f = engraved(layout).lands[0]
    assert f.shows == "F"
    foot = shapely.intersection(f.outline, shapely.box(0.0, 0.0, 600.0, 70.0))
    assert foot.bounds == pytest.approx((294.70 - 7.0, 17.5, 294.70 + 7.0, 70.0), abs=1e-6)
    lip = shapely.intersection(f.outline, shapely.box(0.0, 173.0, 250.0, 178.0))
    assert lip.bounds == pytest.approx((199.71 - 7.0, 173.0, 199.71 + 7.0, 178.0), abs=1e-6)
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
    assert radius_um(engraving.field) == pytest.approx(field_um, abs=0.1)
    assert (engraving.taper_to is None) is (taper_um is None)
    if engraving.taper_to is not None:
        assert radius_um(engraving.taper_to) == pytest.approx(taper_um, abs=0.1)
    assert engraving.relief_um == 25.0


@given(edge_um=st.floats(626.0, 2000.0), patch_um=st.floats(0.0, 2000.0))
def test_nothing_that_the_largest_patch_can_touch_stands_above_the_land(
    places: Places, shapes: LandShapes, edge_um: float, patch_um: float
) -> None:
    layout = lay_out(places, shapes, characters="00000000", ring=("0" * 48, "0" * 48))
    engraving = engraved(layout, edge_um=edge_um, patch_um=min(patch_um, edge_um))
    field_um, outermost_um = radius_um(engraving.field), radius_um(engraving.taper_to or engraving.field)
    assert 600.0 < field_um <= outermost_um <= edge_um + 1e-6
    if engraving.taper_to is None:
        assert field_um == pytest.approx(edge_um, abs=0.1)
    else:
        assert field_um >= max(min(patch_um, edge_um) + 100.0, 650.0) - 0.1


@pytest.mark.parametrize("patch_um", [200.0, 620.0, 815.0])
def test_the_planner_takes_every_kind_of_field(layout: Layout, patch_um: float) -> None:
    recipe = Recipe(
        name="quick",
        wavelength_um=1.03,
        beam_quality=1.2,
        spot_radius_um=12.0,
        kerf_um=24.0,
        chord_tolerance_um=5.0,
        ablation=Ablation(threshold_j_cm2=0.16, incubation=0.81, penetration_um=0.0135),
        steps=(
            Step(
                kind="rough",
                pulse_energy_j=1.4e-6,
                repetition_rate_hz=200e3,
                feed_um_s=200e3,
                hatch_um=20.0,
                angles_rad=(0.0,),
                contour="before",
                passes=0,
            ),
        ),
    )
    engraving = engraved(layout, patch_um=patch_um)
    toolpath = plan(
        land=engraving.standing(),
        field=engraving.field,
        taper_to=engraving.taper_to,
        surface=tip_of(PINS.load("sphere-1.0").value),
        relief_um=engraving.relief_um,
        recipe=recipe,
        floor_xy_um=np.array([(600.0, 0.0)]),
    )
    reach_um = max(np.hypot(*operation.paths.points[:, :2].T).max() for _, operation in toolpath.operations())
    end_um = radius_um(engraving.taper_to or engraving.field)
    assert end_um - 24.0 - 20.0 < reach_um < end_um


def test_a_mark_without_lands_is_an_empty_land() -> None:
    field = Point(0, 0).buffer(900.0)
    empty = Engraving(lands=(), relief_um=25.0, polarity="raised", field=field, taper_to=None)
    assert empty.land().is_empty
    assert empty.standing().is_empty
    assert replace(empty, polarity="recessed").standing().equals(MultiPolygon([field]))


# --- faces that are not round, grooves --------------------------------------------------------------------------------

CHISEL = ChiselTip(length_x_um=1800.0, width_y_um=700.0, edge_round_um=50.0)


@pytest.fixture(scope="module")
def small(settings_with: Callable[..., LayoutSettings]) -> Layout:
    """Two rows of four that fit a chisel, between the two ends of a ring that its sides cut off."""
    tracks = (Track(inner_um=330.0, outer_um=405.0), Track(inner_um=420.0, outer_um=495.0))
    settings = settings_with(tracks=tracks, height_um=120.0, column_pitch_um=130.0, row_pitch_um=150.0)
    places = plan_places(profile_by_name("A"), settings, within=CHISEL.boundary)
    assert 0 < len(places.teeth) < 96
    outlines = land_shapes(places, shipped_typeface("anvil"))
    return lay_out(places, outlines, characters="F0H5KC4M", ring=("110" * 16, "100" * 16))


def test_on_a_face_that_is_not_round_field_and_taper_end_where_the_face_does(small: Layout) -> None:
    engraving = engraving_of(small, relief_um=25.0, tip=CHISEL, largest_patch_um=500.0)
    # The patch and 100 um, a taper of 100 um; the sides of the face lie at y = 350.
    assert engraving.field.bounds == pytest.approx((-600.0, -350.0, 600.0, 350.0), abs=0.1)
    assert engraving.taper_to is not None
    assert engraving.taper_to.bounds == pytest.approx((-700.0, -350.0, 700.0, 350.0), abs=0.1)
    # A disc of 600 um less the two caps beyond the sides: 2 (y sqrt(r^2 - y^2) + r^2 asin(y / r)).
    area_um2 = 2 * (350 * math.sqrt(600**2 - 350**2) + 600**2 * math.asin(350 / 600))
    assert engraving.field.area == pytest.approx(area_um2, rel=1e-3)
    everything = engraving_of(small, relief_um=25.0, tip=CHISEL, largest_patch_um=900.0)
    assert everything.field.equals(CHISEL.boundary)
    assert everything.taper_to is None


@pytest.mark.parametrize("patch_um", [200.0, 400.0, 900.0])
def test_of_a_recessed_mark_all_but_the_lands_stands(small: Layout, patch_um: float) -> None:
    settings = replace(small.places.settings, polarity="recessed")
    recessed = replace(small, places=replace(small.places, settings=settings))
    engraving = engraving_of(recessed, relief_um=25.0, tip=CHISEL, largest_patch_um=patch_um)
    raised = engraving_of(small, relief_um=25.0, tip=CHISEL, largest_patch_um=patch_um)
    assert engraving.taper_to is None
    # Mirrored as a raised mark is, and nothing that lies between the lands is cut.
    assert shapely.symmetric_difference(engraving.land(), raised.land()).area == 0.0
    assert engraving.standing().area == pytest.approx(engraving.field.area - raised.land().area)
    assert shapely.intersection(engraving.standing(), engraving.land()).area == pytest.approx(0.0, abs=1e-6)
    # The field is the mark's and not the patch's: 50 um beyond the outer track.
    assert engraving.field.bounds[2] == pytest.approx(545.0, abs=0.1)
