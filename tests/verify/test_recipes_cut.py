"""What the shipped recipes cut on a flat, a sphere and a chisel, against the drawing and hand calculation."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from shapely import MultiPolygon, box

from engrave.batch.pin import plan_pin
from engrave.code.mark import make_mark
from engrave.job import load_job
from engrave.job.setup import prepare
from engrave.job.shelves import PROCESSES
from engrave.tips import PINS, tip_of
from engrave.verify.check import checker_for, engraved
from engrave.verify.cut import check_cut
from toolpaths.findings import Finding, Severity
from toolpaths.laser.planning import plan
from toolpaths.laser.recipe import Recipe
from toolpaths.model import Block, Toolpath
from toolpaths.removal import cut
from toolpaths.surface import Surface
from toolpaths.writers.gcode import write_gcode

FloatArray = NDArray[np.float64]

PINS_CUT = ["flat-1.8", "sphere-1.0", "chisel-1.8x0.7"]
RECIPES = ["fs-steel", "fs-steel-fine"]
RELIEF_UM = 20.0
# By hand (docs/laser.md): ln(F0 / Fth) and the depth of a rough pass on a level.
LEVEL, PASS_UM = 2.0337, 0.39467


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of land, 100 x 60 um, about the middle of a field of 300 x 240 um, as it was cut."""

    tip: Surface
    recipe: Recipe
    toolpath: Toolpath
    axis_um: FloatArray
    depth_um: FloatArray


@pytest.fixture(scope="module", params=[(pin, recipe) for pin in PINS_CUT for recipe in RECIPES], ids="-".join)
def bar(request: pytest.FixtureRequest) -> Bar:
    pin, name = request.param
    tip, recipe = tip_of(PINS.load(pin).value), PROCESSES.load(name).value
    toolpath = plan(
        land=MultiPolygon([box(-50, -30, 50, 30)]),
        field=box(-150, -120, 150, 120),
        taper_to=None,
        surface=tip,
        relief_um=RELIEF_UM,
        recipe=recipe,
        floor_xy_um=np.array([(x, y) for x in (-150.0, 150.0) for y in (-120.0, 120.0)]),
    )
    made = cut(toolpath, surface=tip, beam_for=recipe.beam_for, half_width_um=150.0, pixel_um=0.75)
    x_um, y_um = np.meshgrid(made.x_um(), made.y_um())
    return Bar(
        tip=tip,
        recipe=recipe,
        toolpath=toolpath,
        axis_um=made.x_um(),
        depth_um=tip.height_um(x_um, y_um) - made.z_um,
    )


def test_the_floor_has_its_depth(bar: Bar) -> None:
    """Places of 20 um square, clear of the bar and of the field's end.

    With zones every place is as deep as the relief, to a pass; without them as deep as the rounds that the steepest
    corner takes: (1 + ln c / L)^2 of the depth on a level, c the cosine, and 1 + tan^2 / 4 for a feed kept in space.
    """
    x_um, y_um = np.meshgrid(bar.axis_um, bar.axis_um)
    for left in range(-130, 130, 20):
        for low in range(-100, 100, 20):
            if abs(left + 10) < 80 and abs(low + 10) < 60:
                continue
            here = (x_um >= left) & (x_um < left + 20) & (y_um >= low) & (y_um < low + 20)
            found_um = float(bar.depth_um[here].mean())
            if bar.recipe.zones > 1:
                assert 0.97 * RELIEF_UM <= found_um <= 1.05 * RELIEF_UM + PASS_UM
                continue
            cosine = float(bar.tip.normal_cosine(np.array(left + 10.0), np.array(low + 10.0)))
            lingering = 1 + (1 / cosine**2 - 1) / 4
            passes = 3 * bar.toolpath.blocks[0].repeats
            wanted_um = passes * PASS_UM * (1 + math.log(cosine) / LEVEL) ** 2 * lingering
            assert found_um == pytest.approx(wanted_um, rel=0.05)
            assert found_um >= 0.98 * RELIEF_UM


def test_the_wall_is_within_half_a_spot_of_where_it_is_drawn(bar: Bar) -> None:
    """Half a spot is 6 um. The crest ends at the outline to 1.5 um, half the depth is reached 2 to 4 um outside it."""
    middle = np.abs(bar.axis_um) < 20
    for profile, drawn_um in ((bar.depth_um[middle].mean(axis=0), 50.0), (bar.depth_um[:, middle].mean(axis=1), 30.0)):
        for side in (1, -1):
            outside_um = side * bar.axis_um - drawn_um
            wall = np.flatnonzero((outside_um > -10) & (outside_um < 9))
            wall = wall if side > 0 else wall[::-1]
            crest_um, half_um = np.interp([1.0, RELIEF_UM / 2], profile[wall], outside_um[wall])
            assert 0 <= crest_um < 1.5
            assert 2.0 < half_um < 4.0


def checked(
    pin: str, polarity: str, fault: Callable[[tuple[Block, ...]], tuple[Block, ...]] = lambda blocks: blocks
) -> tuple[Finding, ...]:
    """The mark of the example on another pin by the fine recipe, planned, spoilt and held against its design."""
    job = load_job(None)
    job = replace(
        job,
        pin=PINS.load(pin),
        process=PROCESSES.load("fs-steel-fine"),
        layout=replace(job.layout, polarity=polarity),
    )
    setup = prepare(job)
    planned = plan_pin(setup, make_mark(serial="AAA0001", maker="Acme", model="P9", ranges=setup.ranges))
    made = cut(
        Toolpath(blocks=fault(planned.toolpath.blocks)),
        surface=setup.tip,
        beam_for=job.laser.value.beam_for,
        half_width_um=setup.tip.edge_radius_um,
        pixel_um=job.pixel_um,
    )
    return check_cut(made, planned.engraving, setup.job, tip=setup.tip, places=setup.places)


@pytest.mark.slow
@pytest.mark.parametrize("polarity", ["raised", "recessed"])
@pytest.mark.parametrize("pin", [*PINS_CUT, "sphere-0.8", "ellipse-1.6x0.9"])
def test_the_check_finds_nothing_wrong_with_the_fine_recipe(pin: str, polarity: str) -> None:
    assert checked(pin, polarity) == ()


def without(kind: str) -> Callable[[tuple[Block, ...]], tuple[Block, ...]]:
    return lambda blocks: tuple(block for block in blocks if not block.operations[0].name.startswith(kind))


def more_rounds(count: int) -> Callable[[tuple[Block, ...]], tuple[Block, ...]]:
    return lambda blocks: (replace(blocks[0], repeats=blocks[0].repeats + count), *blocks[1:])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "number"),
    [
        (without("finish"), "C301"),
        (more_rounds(-2), "C301"),
        (more_rounds(3), "C301"),
        (lambda blocks: tuple(block for block in blocks if block.repeats != 1), "C304"),
    ],
    ids=["no finish", "two rounds too few", "three rounds too many", "no zones"],
)
def test_the_check_finds_what_is_wrong_with_zones_and_steps(
    fault: Callable[[tuple[Block, ...]], tuple[Block, ...]], number: str
) -> None:
    assert number in {finding.number for finding in checked("sphere-0.8", "raised", fault)}


@pytest.mark.slow
def test_a_program_of_many_steps_is_read_back_with_the_beam_of_each() -> None:
    """The tip that the program cuts is the tip that the plan cuts, and the focus may follow the floor."""
    job = replace(load_job(None), process=PROCESSES.load("fs-steel-fine"))
    setup = prepare(job)
    planned = plan_pin(setup, make_mark(serial="AAA0001", maker="Acme", model="P9", ranges=setup.ranges))
    program = write_gcode(planned.toolpath, job.machine.value, header=())
    made = engraved(program, checker_for(setup))
    assert [finding for finding in made.findings if finding.severity is Severity.ERROR] == []
    assert made.tip is not None
    straight = cut(
        planned.toolpath,
        surface=setup.tip,
        beam_for=job.laser.value.beam_for,
        half_width_um=setup.tip.edge_radius_um,
        pixel_um=job.pixel_um,
    )
    assert np.nanmax(np.abs(made.tip.z_um - straight.z_um)) < 0.05
