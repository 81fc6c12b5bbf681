"""Faults planted on tips that are not round and in recessed marks: the cut alone is judged, and each must be found.

Layouts are made up to show each kind of cell, a partial ring among them; what the design rules say is no matter.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, box

from engrave.base.frames import mirrored_xy
from engrave.batch.pin import drawn_pin, plan_pin
from engrave.code.mark import Mark, make_mark
from engrave.job import load_job
from engrave.job.setup import Setup, prepare
from engrave.layout import Engraving, Track
from engrave.tips import PINS
from engrave.verify.cut import check_cut
from toolpaths.findings import Finding
from toolpaths.laser.passes import focus_offset_um
from toolpaths.laser.planning import plan
from toolpaths.laser.recipe import Recipe
from toolpaths.model import Polylines, Toolpath
from toolpaths.readers.gcode import read_gcode
from toolpaths.removal import cut
from toolpaths.safety import check_program
from toolpaths.writers.gcode import write_gcode

FloatArray = NDArray[np.float64]
Keep = Callable[[FloatArray], NDArray[np.bool_]]

pytestmark = pytest.mark.slow

PARTIAL = {
    "height_um": 130.0,
    "column_pitch_um": 140.0,
    "row_pitch_um": 170.0,
    "tracks": (Track(inner_um=330.0, outer_um=405.0), Track(inner_um=420.0, outer_um=495.0)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One pin, planned, and what its cut is judged to be."""

    setup: Setup
    mark: Mark
    engraving: Engraving
    toolpath: Toolpath

    def errors(self, toolpath: Toolpath | None = None) -> list[Finding]:
        """The errors that are found in the cut of its toolpath, or of another."""
        job, tip = self.setup.job, self.setup.tip
        half_um = tip.edge_radius_um
        made = cut(
            toolpath or self.toolpath,
            surface=tip,
            beam_for=job.laser.value.beam_for,
            half_width_um=half_um,
            pixel_um=job.pixel_um,
        )
        findings = check_cut(made, self.engraving, job, tip=tip, places=self.setup.places)
        return [finding for finding in findings if finding.severity == "error"]

    def planned_as(
        self,
        *,
        land: Callable[[MultiPolygon], MultiPolygon] = lambda land: land,
        recipe: Callable[[Recipe], Recipe] = lambda recipe: recipe,
    ) -> Toolpath:
        """Planned from another land or recipe; of a recessed mark, land is the face that stays."""
        setup = self.setup
        return plan(
            land=land(self.engraving.standing()),
            field=self.engraving.field,
            taper_to=self.engraving.taper_to,
            surface=setup.tip,
            relief_um=setup.job.relief_um,
            recipe=recipe(setup.job.laser.value),
            floor_xy_um=mirrored_xy(setup.places.outline_um()),
        )

    def lifted(self, xy_um: list[tuple[float, float]]) -> Polylines:
        """One path in the middle of the relief."""
        x_um, y_um = np.array(xy_um).T
        z_um = self.setup.tip.height_um(x_um, y_um) + focus_offset_um(self.setup.job.relief_um)
        return Polylines(points=np.column_stack([x_um, y_um, z_um]), starts=np.array([0, len(xy_um)]))

    def with_line(self, xy_um: list[tuple[float, float]]) -> Toolpath:
        """The toolpath and one line more in each cycle."""
        block, *rest = self.toolpath.blocks
        line = replace(block.operations[0], name="line", paths=self.lifted(xy_um))
        return Toolpath(blocks=(replace(block, operations=(*block.operations, line)), *rest))


@cache
def case(pin: str, polarity: str) -> Case:
    job = load_job(None)
    changes = {} if pin.startswith("sphere") else PARTIAL
    layout = replace(job.layout, polarity=polarity, **changes)  # type: ignore[arg-type]
    setup = prepare(replace(job, pin=PINS.load(pin), layout=layout))
    mark = make_mark(serial="375-76834", maker="Borealis", model="Compact", ranges=setup.ranges)
    return Case(
        setup=setup,
        mark=mark,
        engraving=drawn_pin(setup, mark)[1],
        toolpath=plan_pin(setup, mark).toolpath,
    )


def numbers(findings: list[Finding]) -> set[str]:
    return {finding.number for finding in findings}


def less_cycle(toolpath: Toolpath) -> Toolpath:
    block, *rest = toolpath.blocks
    return Toolpath(blocks=(replace(block, repeats=block.repeats - 1), *rest))


def without(toolpath: Toolpath, step: str) -> Toolpath:
    block, *rest = toolpath.blocks
    operations = tuple(operation for operation in block.operations if operation.name != step)
    assert len(operations) == len(block.operations) - 1
    return Toolpath(blocks=(replace(block, operations=operations), *rest))


def only(toolpath: Toolpath, keep: Keep, *, step: str = "") -> Toolpath:
    """Only those straight pieces whose middles are kept, in the steps whose names begin so."""
    block, *rest = toolpath.blocks
    operations = []
    for operation in block.operations:
        begin, end = operation.paths.segments()
        kept = keep((begin + end) / 2) | np.full(len(begin), not operation.name.startswith(step))
        points = np.stack([begin[kept], end[kept]], axis=1).reshape(-1, 3)
        operations.append(replace(operation, paths=Polylines(points=points, starts=np.arange(0, len(points) + 1, 2))))
    return Toolpath(blocks=(replace(block, operations=tuple(operations)), *rest))


def shifted(land: MultiPolygon) -> MultiPolygon:
    return MultiPolygon(shapely.get_parts(translate(land, 6.0, 0.0)).tolist())


# --- raised, on faces that are not round ------------------------------------------------------------------------------

TIPS = pytest.mark.parametrize("pin", ["ellipse-1.6x0.9", "chisel-1.8x0.7"])


@TIPS
def test_a_sound_cut_with_a_partial_ring_has_no_fault(pin: str) -> None:
    sound = case(pin, "raised")
    assert 20 < len(sound.setup.places.teeth) < 96
    assert sound.errors() == []


@TIPS
def test_a_missing_cycle(pin: str) -> None:
    assert "C301" in numbers(case(pin, "raised").errors(less_cycle(case(pin, "raised").toolpath)))


@TIPS
def test_a_missing_contour(pin: str) -> None:
    assert "C308" in numbers(case(pin, "raised").errors(without(case(pin, "raised").toolpath, "contour-015")))


@TIPS
def test_a_side_of_the_face_that_was_not_cleared(pin: str) -> None:
    uncut = only(case(pin, "raised").toolpath, lambda points: points[:, 1] < 300)
    assert "C304" in numbers(case(pin, "raised").errors(uncut))


@TIPS
def test_a_lit_line_over_a_glyph(pin: str) -> None:
    """Character 3 is the third from the left in the reading frame, so left of the axis on the tip: x = -70."""
    across = case(pin, "raised").with_line([(-150.0, 85.0), (10.0, 85.0)])
    found = [finding for finding in case(pin, "raised").errors(across) if finding.number == "C305"]
    assert "character 3 (row 1, column 3)" in {finding.place for finding in found}


@TIPS
def test_a_mark_out_of_its_place(pin: str) -> None:
    assert "C306" in numbers(case(pin, "raised").errors(case(pin, "raised").planned_as(land=shifted)))


@TIPS
def test_land_that_the_mark_does_not_have(pin: str) -> None:
    bar = box(600.0, -7.0, 680.0, 7.0)
    added = case(pin, "raised").planned_as(land=lambda land: MultiPolygon([*land.geoms, bar]))
    assert "C304" in numbers(case(pin, "raised").errors(added))


@TIPS
def test_light_beside_the_face_and_a_plan_for_another_tip(pin: str) -> None:
    """The chisel's sides lie at y = 350, the ellipse's at 450: within the circle about either face."""
    sound = case(pin, "raised")
    job = sound.setup.job

    def found(toolpath: Toolpath) -> set[str]:
        program = read_gcode(write_gcode(toolpath, job.machine.value, header=()), job.machine.value)
        checked = check_program(
            program,
            job.machine.value,
            surface=sound.setup.tip,
            focus_offset_um=focus_offset_um(job.relief_um),
            focus_tolerance_um=job.limits.focus_um,
        )
        return numbers([finding for finding in checked if finding.severity == "error"])

    assert found(sound.toolpath) == set()
    block = sound.toolpath.blocks[0]
    beside = Polylines(points=np.array([(0.0, 440.0, -60.0), (0.0, 460.0, -60.0)]), starts=np.array([0, 2]))
    spoilt = replace(block, operations=(*block.operations, replace(block.operations[0], name="beside", paths=beside)))
    assert "M208" in found(Toolpath(blocks=(spoilt,)))
    assert "M214" in found(case("sphere-1.0", "raised").toolpath)


# --- recessed ---------------------------------------------------------------------------------------------------------


def test_a_sound_cut_and_an_uncleared_pass_on_a_steep_flank() -> None:
    """R = 0.8 mm: the cosine is 0.66 at the outer track, where the closed form is some hundredths too deep."""
    steep = case("sphere-0.8", "raised")
    assert steep.errors() == []
    missing = only(steep.toolpath, lambda points: np.hypot(points[:, 0], points[:, 1]) < 500, step="hatch-075")
    assert "C304" in numbers(steep.errors(missing))


GROOVED = pytest.mark.parametrize("pin", ["sphere-1.0", "ellipse-1.6x0.9"])


@GROOVED
def test_sound_grooves_have_no_fault(pin: str) -> None:
    assert case(pin, "recessed").errors() == []


def test_grooves_a_cycle_too_shallow_or_too_deep() -> None:
    sound = case("sphere-1.0", "recessed")
    (block,) = sound.toolpath.blocks
    for repeats, message in ((block.repeats - 1, "shallower"), (block.repeats + 1, "deeper")):
        (finding,) = (
            finding
            for finding in sound.errors(Toolpath(blocks=(replace(block, repeats=repeats),)))
            if finding.number == "C301"
        )
        assert message in finding.message
        assert finding.value is not None
        assert finding.limit is not None
        assert (finding.value > finding.limit) is (message == "deeper")


@GROOVED
@pytest.mark.parametrize("step", ["contour-015", "hatch-075"])
def test_a_step_missing_from_all_grooves(pin: str, step: str) -> None:
    """A contour is a quarter of a groove's depth; one hatch of three a twentieth or so, two cycles."""
    found = numbers(case(pin, "recessed").errors(without(case(pin, "recessed").toolpath, step)))
    assert ("C308" if step.startswith("contour") else "C301") in found


def about(land: int, sound: Case) -> Keep:
    """All but one groove."""
    groove = sound.engraving.lands[land].outline.buffer(1.0)
    return lambda points: ~np.asarray(shapely.contains_xy(groove, points[:, 0], points[:, 1]))


@pytest.mark.parametrize("land", [0, 30])
def test_one_groove_that_lacks_a_contour_is_named(land: int) -> None:
    sound = case("sphere-1.0", "recessed")
    lacking = only(sound.toolpath, about(land, sound), step="contour-015")
    found = sound.errors(lacking)
    assert {finding.place for finding in found if finding.number == "C308"} == {sound.engraving.lands[land].place}


def test_a_groove_that_was_not_cut_is_named() -> None:
    sound = case("sphere-1.0", "recessed")
    found = sound.errors(only(sound.toolpath, about(3, sound)))
    assert "C304" in numbers(found)
    named = {finding.place for finding in found if finding.number in {"C302", "C306", "C308"}}
    assert named == {sound.engraving.lands[3].place}


def test_one_groove_run_twice_over() -> None:
    sound = case("sphere-1.0", "recessed")
    keep = about(5, sound)
    again = only(sound.toolpath, lambda points: ~keep(points))
    found = sound.errors(Toolpath(blocks=(*sound.toolpath.blocks, *again.blocks)))
    assert "C307" in numbers(found)


@GROOVED
def test_a_groove_where_none_is_drawn(pin: str) -> None:
    sound = case(pin, "recessed")
    found = [
        finding for finding in sound.errors(sound.with_line([(-60.0, 0.0), (60.0, 0.0)])) if finding.number[0] == "C"
    ]
    assert "C305" in numbers(found)


@GROOVED
def test_grooves_out_of_their_place(pin: str) -> None:
    sound = case(pin, "recessed")
    moved = MultiPolygon(shapely.get_parts(translate(sound.engraving.land(), 6.0, 0.0)).tolist())

    def elsewhere(_: MultiPolygon) -> MultiPolygon:
        return MultiPolygon(shapely.get_parts(sound.engraving.field.difference(moved)).tolist())

    found = numbers(sound.errors(sound.planned_as(land=elsewhere)))
    assert {"C304", "C305", "C306"} <= found


def test_grooves_by_a_kerf_that_is_too_narrow() -> None:
    """The beam comes nearer to both walls by half of 3 um."""
    sound = case("sphere-1.0", "recessed")
    other = sound.planned_as(recipe=lambda recipe: replace(recipe, kerf_um=recipe.kerf_um - 3.0))
    wide_um = [finding.value or 0.0 for finding in sound.errors(other) if finding.number == "C302"]
    assert len(wide_um) == len(sound.engraving.lands)
    assert np.mean(wide_um) == pytest.approx(1.5, abs=0.3)


def test_a_raised_program_for_a_recessed_mark() -> None:
    raised = case("sphere-1.0", "raised").toolpath
    assert {"C302", "C304", "C305"} <= numbers(case("sphere-1.0", "recessed").errors(raised))
