"""What a check says where something could not be measured, and of a floor that cannot be judged."""

import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Point, Polygon, box

from engrave.base.errors import InputError
from engrave.batch import drawn_pin
from engrave.code.mark import make_mark
from engrave.job import Job, load_job
from engrave.job.setup import Setup, prepare
from engrave.layout import CharacterPlace
from engrave.tips import PINS, tip_of
from engrave.verify.cut import check_cut
from engrave.verify.design import samples_within
from engrave.verify.document import finding_to_json
from engrave.verify.physics import expected_cycles
from toolpaths.findings import Finding, Severity
from toolpaths.laser.recipe import Recipe
from toolpaths.surface import HeightMap


@pytest.fixture(scope="module")
def setup() -> Setup:
    return prepare(load_job(None))


@pytest.mark.parametrize(("value", "told"), [(None, None), (math.nan, None), (math.inf, None), (1.23456, 1.235)])
def test_a_figure_that_could_not_be_measured_is_null(value: float | None, told: float | None) -> None:
    finding = Finding(number="S501", severity=Severity.ERROR, message="m", value=value, limit=-0.0001, unit="um")
    document = finding_to_json(finding)
    assert document["value"] == told
    assert str(document["limit"]) == "0.0"


def _untouched(setup: Setup) -> HeightMap:
    """The tip before anything is cut."""
    count, pixel_um = 401, 4.0
    axis_um = (np.arange(count) - count // 2) * pixel_um
    x_um, y_um = np.meshgrid(axis_um, axis_um)
    return HeightMap(
        z_um=setup.tip.height_um(x_um, y_um),
        pixel_um=pixel_um,
        x0_um=float(axis_um[0]),
        y0_um=float(axis_um[0]),
        frame="pin",
        provenance=("untouched",),
    )


def _with(job: Job, recipe: Recipe) -> Job:
    return replace(job, process=replace(job.process, value=recipe))


def _stepped(recipe: Recipe, *, pulse_energy_j: float) -> Recipe:
    return replace(recipe, steps=(replace(recipe.rough, pulse_energy_j=pulse_energy_j),))


def test_an_untouched_tip_has_too_shallow_a_floor(setup: Setup) -> None:
    mark = make_mark(serial="AAA0001", maker="Acme", model="P9", ranges=setup.ranges)
    _, engraving = drawn_pin(setup, mark)
    findings = check_cut(_untouched(setup), engraving, setup.job, tip=setup.tip, places=setup.places)
    (floor,) = [finding for finding in findings if finding.number == "C301"]
    assert "shallower" in floor.message
    assert floor.value == pytest.approx(0, abs=0.001)


def test_a_floor_with_no_clear_place_is_said_to_be_unjudged(setup: Setup) -> None:
    """Craters of some hundred micrometres leave no floor between characters 175 um apart."""
    mark = make_mark(serial="AAA0001", maker="Acme", model="P9", ranges=setup.ranges)
    _, engraving = drawn_pin(setup, mark)
    recipe = _stepped(setup.job.laser.value, pulse_energy_j=1e-3)
    recipe = replace(recipe, spot_radius_um=200.0, kerf_um=600.0)
    wide = _with(setup.job, recipe)
    findings = check_cut(_untouched(setup), engraving, wide, tip=setup.tip, places=setup.places)
    assert [finding.severity for finding in findings if finding.number == "C303"] == [Severity.WARNING]
    assert "C301" not in {finding.number for finding in findings}


def test_a_beam_below_the_threshold_is_refused(setup: Setup) -> None:
    """By hand, from the example's figures, at the outermost radius of 600 um on a sphere of 1 mm.

    N = (12 um / 1 um)(12 um / 4 um) = 36, Fth = 0.16 36^(0.81 - 1) = 0.08099 J/cm2; half the relief out of focus
    w^2 = 36 um2 (1 + (12.5 / 91.5)^2) = 36.67 um2; cosine 0.8: E = Fth pi w^2 / (2 x 0.8) = 58.3 nJ.
    """
    below, above = (
        _with(setup.job, _stepped(setup.job.laser.value, pulse_energy_j=energy_j)) for energy_j in (58.0e-9, 58.7e-9)
    )
    with pytest.raises(InputError, match="removes nothing 600 um from the axis"):
        expected_cycles(below, tip=setup.tip, places=setup.places)
    assert expected_cycles(above, tip=setup.tip, places=setup.places) > 0


def test_cycles_are_counted_where_the_marks_outline_is_steepest(setup: Setup) -> None:
    """By hand, on an ellipse of Rx = 1.6 mm, Ry = 0.9 mm: the ends of both axes lean by 30 degrees.

    A character's corner at (-70, 430) leans by y / Ry over sqrt(1 - (y / Ry)^2), almost: its cosine is
    sqrt(1 - (430 / 900)^2) = 0.8785 but for 0.2 %. On the long axis, where the tip is as steep only at 800 um, the
    outermost tooth at 600 um has a cosine of 0.93. The steeper of the two counts, in whichever order they come.
    """
    pin = PINS.load("ellipse-1.6x0.9").value
    far = CharacterPlace(name="far", x_um=-70.0 + 87.5, y_um=430.0 - 87.5)
    characters = (far, *setup.places.characters[1:])
    places = replace(setup.places, characters=characters, teeth=setup.places.teeth[10:15])
    recipe = setup.job.laser.value
    pass_um = 0.39467 * (1 + math.log(math.sqrt(1 - (430 / 900) ** 2)) / 2.0337) ** 2
    wanted = setup.job.relief_um / (pass_um * len(recipe.rough.angles_rad))
    assert wanted % 1 == pytest.approx(0.5, abs=0.45)
    assert expected_cycles(setup.job, tip=tip_of(pin), places=places) == math.ceil(wanted)


def test_a_mark_beyond_the_tip_is_refused(setup: Setup) -> None:
    chisel = tip_of(PINS.load("chisel-1.8x0.7").value)
    with pytest.raises(InputError, match=r"beyond the tip's boundary at \(.*\) um"):
        expected_cycles(setup.job, tip=chisel, places=setup.places)


def test_samples_within_an_area_are_those_that_lie_in_it() -> None:
    """Against shapely, point by point: an area with a hole and a second part, and one that reaches beyond the map."""
    z_um = np.zeros((41, 61))
    grid = HeightMap(z_um=z_um, pixel_um=1.5, x0_um=-45.2, y0_um=-30.1, frame="pin")
    x_um, y_um = np.meshgrid(grid.x_um(), grid.y_um())
    ring = Point(-5.0, 3.0).buffer(22.3).difference(Point(-2.0, 1.0).buffer(9.1))
    assert isinstance(ring, Polygon)
    for area in (MultiPolygon([ring, box(25.0, -21.3, 90.0, 12.2)]), Point(40.0, 25.0).buffer(33.3), Polygon()):
        assert np.array_equal(samples_within(grid, area), shapely.contains_xy(area, x_um, y_um))
