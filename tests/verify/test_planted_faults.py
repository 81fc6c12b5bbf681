"""Faults planted in a program, or in what it was planned from: each must be found, numbered, and fail the pin.

A fault is planted as it would arise: in the text of the machine file, or by planning from something else than the mark.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely.affinity import rotate, scale, translate
from shapely.geometry import MultiPolygon, Point, box

from engrave.base.frames import mirrored_xy
from engrave.batch import Workshop, plan_pin, workshop_for
from engrave.batch.pin import Planned
from engrave.code.mark import Mark, make_mark
from engrave.job import Job, load_job
from engrave.job.setup import prepare
from engrave.layout import engraving_of, lay_out
from engrave.tips import SphericalTip
from engrave.verify import Checked, check_pin
from toolpaths.laser.passes import focus_offset_um
from toolpaths.laser.planning import plan
from toolpaths.laser.recipe import Recipe
from toolpaths.model import Block, Polylines, Toolpath
from toolpaths.writers.gcode import write_gcode

FloatArray = NDArray[np.float64]

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One pin of the example job, planned, and its sound program."""

    workshop: Workshop
    mark: Mark
    planned: Planned
    program: bytes

    def check(self, program: bytes) -> Checked:
        """The verdict on a program for this pin."""
        return check_pin(program, self.mark, self.workshop.checker)

    def written(self, toolpath: Toolpath) -> bytes:
        """The machine file of a toolpath."""
        return write_gcode(toolpath, self.workshop.setup.job.machine.value, header=())

    def planned_as(
        self,
        *,
        characters: str | None = None,
        ring: tuple[str, ...] | None = None,
        land: Callable[[MultiPolygon], MultiPolygon] = lambda land: land,
        recipe: Callable[[Recipe], Recipe] = lambda recipe: recipe,
        tip: SphericalTip | None = None,
    ) -> bytes:
        """A program planned from something else than the mark, the job's recipe or its tip."""
        setup = self.workshop.setup
        layout = lay_out(
            setup.places, setup.shapes, characters=characters or self.mark.characters, ring=ring or self.mark.ring
        )
        engraving = engraving_of(
            layout,
            relief_um=setup.job.relief_um,
            tip=setup.tip,
            largest_patch_um=setup.largest_patch_um,
        )
        toolpath = plan(
            land=land(engraving.standing()),
            field=engraving.field,
            taper_to=engraving.taper_to,
            surface=tip or setup.tip,
            relief_um=setup.job.relief_um,
            recipe=recipe(setup.job.laser.value),
            floor_xy_um=mirrored_xy(setup.places.outline_um()),
        )
        return self.written(toolpath)


@pytest.fixture(scope="module")
def case() -> Case:
    job = load_job(None)
    workshop = workshop_for(job)
    mark = make_mark(serial="375-76834", maker="Borealis", model="Compact", ranges=workshop.setup.ranges)
    planned = plan_pin(workshop.setup, mark)
    program = write_gcode(planned.toolpath, job.machine.value, header=())
    return Case(workshop=workshop, mark=mark, planned=planned, program=program)


def _numbers(checked: Checked) -> set[str]:
    return {finding.number for finding in checked.findings if finding.severity == "error"}


def _edited(program: bytes, pattern: str, replacement: str, *, count: int = 0) -> bytes:
    text, changed = re.subn(pattern, replacement, program.decode(), count=count, flags=re.MULTILINE)
    assert changed, pattern
    return text.encode()


def _negated(program: bytes, axis: str) -> bytes:
    """The program with one coordinate's sign turned."""
    turned = re.sub(rf"{axis}(-?)([0-9.]+)", lambda m: f"{axis}{'' if m[1] else '-'}{m[2]}", program.decode())
    return turned.encode()


def test_the_sound_program_passes(case: Case) -> None:
    checked = case.check(case.program)
    assert _numbers(checked) == set()
    assert checked.passed
    assert checked.nominal is not None
    assert checked.nominal.identified is not None
    assert checked.nominal.identified.id == case.mark.id


def test_mirrored_file(case: Case) -> None:
    checked = case.check(_negated(case.program, "X"))
    assert not checked.passed
    assert "R402" in _numbers(checked)


def test_swapped_glyph(case: Case) -> None:
    characters = case.mark.characters
    swapped = characters[1] + characters[0] + characters[2:]
    assert swapped != characters
    checked = case.check(case.planned_as(characters=swapped))
    wrong = [finding for finding in checked.findings if finding.number == "R406"]
    assert [finding.place[:11] for finding in wrong] == ["character 1", "character 2"]


@pytest.mark.parametrize("dropped", ["hatch-075", "one cycle"])
def test_missing_pass(case: Case, dropped: str) -> None:
    (block,) = case.planned.toolpath.blocks
    if dropped == "one cycle":
        missing = replace(block, repeats=block.repeats - 1)
    else:
        missing = Block(
            repeats=block.repeats, operations=tuple(step for step in block.operations if step.name != dropped)
        )
        assert len(missing.operations) == len(block.operations) - 1
    checked = case.check(case.written(Toolpath(blocks=(missing,))))
    assert "C301" in _numbers(checked)


def test_one_pass_of_one_angle_missing(case: Case) -> None:
    """The finest that can go missing from a repeated cycle without its removal from every cycle."""
    (block,) = case.planned.toolpath.blocks
    last = Block(repeats=1, operations=tuple(step for step in block.operations if step.name != "hatch-075"))
    whole = replace(block, repeats=block.repeats - 2)
    checked = case.check(case.written(Toolpath(blocks=(whole, last, last))))
    assert "C301" in _numbers(checked)


def test_beam_on_in_travel(case: Case) -> None:
    checked = case.check(_edited(case.program, r"^M63 P0\n", "", count=1))
    assert "M203" in _numbers(checked)


def test_move_outside_the_envelope(case: Case) -> None:
    checked = case.check(_edited(case.program, r"^M65 P0\n(?=M2|M67|.*\nM2)", "G0 X50.000000\nM65 P0\n", count=1))
    assert "M207" in _numbers(checked)


def test_ring_turned_by_one_sector(case: Case) -> None:
    turned = tuple(track[-1:] + track[:-1] for track in case.mark.ring)
    checked = case.check(case.planned_as(ring=turned))
    assert {"R408"} <= _numbers(checked)
    assert not {"R404", "R406"} & _numbers(checked)


def test_half_the_pulse_energy(case: Case) -> None:
    checked = case.check(_edited(case.program, r"Q0\.35\d*", "Q0.175"))
    assert "C301" in _numbers(checked)


@pytest.mark.parametrize("off_um", [-3.0, 3.0])
def test_kerf_off_by_three_micrometres(case: Case, off_um: float) -> None:
    checked = case.check(case.planned_as(recipe=lambda recipe: replace(recipe, kerf_um=recipe.kerf_um + off_um)))
    crests = [finding for finding in checked.findings if finding.number == "C302"]
    assert crests
    assert all((finding.value or 0.0) * off_um > 0 for finding in crests)


def test_inverted_polarity(case: Case) -> None:
    disc = Point(0, 0).buffer(640, quad_segs=64)
    inverted = case.planned_as(land=lambda land: MultiPolygon(shapely.get_parts(disc.difference(land)).tolist()))
    checked = case.check(inverted)
    assert not checked.passed
    assert "C305" in _numbers(checked)
    assert {"R401", "R403"} & _numbers(checked)


@pytest.mark.parametrize("track", [0, 1])
def test_one_ring_track_lost(case: Case, track: int) -> None:
    ring = tuple("0" * 48 if index == track else cells for index, cells in enumerate(case.mark.ring))
    checked = case.check(case.planned_as(ring=ring))
    places = {finding.place for finding in checked.findings if finding.number in {"R407", "R408"}}
    assert places == {f"ring track {track + 1}"}


def test_inch_for_millimetre(case: Case) -> None:
    checked = case.check(_edited(case.program, r"\bG21\b", "G20"))
    assert "M108" in _numbers(checked)


def test_wrong_sign_of_z(case: Case) -> None:
    checked = case.check(_negated(case.program, "Z"))
    assert "M214" in _numbers(checked)


@pytest.mark.parametrize("radius_um", [950.0, 1100.0])
def test_wrong_tip_radius(case: Case, radius_um: float) -> None:
    edge_um = case.workshop.setup.tip.edge_radius_um
    checked = case.check(case.planned_as(tip=SphericalTip(radius_um=radius_um, edge_radius_um=edge_um)))
    assert "M214" in _numbers(checked)


def test_another_pins_program_fails_and_reads_that_pin(case: Case) -> None:
    setup = case.workshop.setup
    other = make_mark(serial="AAA0001", maker="Acme", model="P9", ranges=setup.ranges)
    checked = case.check(case.written(plan_pin(setup, other).toolpath))
    assert "R409" in _numbers(checked)
    assert checked.nominal is not None
    assert checked.nominal.identified is not None
    assert checked.nominal.identified.id == other.id


def test_shallow_relief_fails_with_its_glyphs_named() -> None:
    job: Job = replace(load_job(None), relief_um=3.0)
    workshop = workshop_for(job)
    mark = make_mark(serial="375-76834", maker="Borealis", model="Compact", ranges=workshop.setup.ranges)
    toolpath = plan_pin(workshop.setup, mark).toolpath
    checked = check_pin(write_gcode(toolpath, job.machine.value, header=()), mark, workshop.checker)
    named = {finding.place for finding in checked.findings if finding.number == "S501"}
    assert {place.name for place in workshop.setup.places.characters} <= named


def test_a_tip_too_small_is_refused_for_its_outer_track() -> None:
    job = load_job(None)
    small = replace(job, pin=replace(job.pin, value=replace(job.pin.value, radius_um=800.0, edge_radius_um=700.0)))
    numbers = {finding.number: finding.place for finding in prepare(small).rules if finding.severity == "error"}
    assert numbers["L108"].startswith("ring track 2")


def _only(toolpath: Toolpath, keep: Callable[[FloatArray], NDArray[np.bool_]], *, step: str = "") -> Toolpath:
    """The toolpath with only those straight pieces whose middles are kept, in the steps whose names begin so."""
    (block,) = toolpath.blocks
    operations = []
    for operation in block.operations:
        begin, end = operation.paths.segments()
        kept = keep((begin + end) / 2) | np.full(len(begin), not operation.name.startswith(step))
        points = np.stack([begin[kept], end[kept]], axis=1).reshape(-1, 3)
        paths = Polylines(points=points, starts=np.arange(0, len(points) + 1, 2))
        operations.append(replace(operation, paths=paths))
    return Toolpath(blocks=(replace(block, operations=tuple(operations)),))


def _radius(points: FloatArray) -> FloatArray:
    radius: FloatArray = np.hypot(points[:, 0], points[:, 1])
    return radius


def test_a_serial_that_the_code_does_not_name(case: Case) -> None:
    """The characters are right and the pin is not: mark.json was given another serial."""
    checked = check_pin(case.program, replace(case.mark, serial="375-76835"), case.workshop.checker)
    assert "R409" in _numbers(checked)


def test_a_pass_missing_beyond_a_radius(case: Case) -> None:
    missing = _only(case.planned.toolpath, lambda points: _radius(points) < 400, step="hatch-075")
    assert "C304" in _numbers(case.check(case.written(missing)))


def test_a_rim_that_was_not_cleared(case: Case) -> None:
    uncut = _only(case.planned.toolpath, lambda points: _radius(points) < 700)
    assert "C304" in _numbers(case.check(case.written(uncut)))


def test_a_contour_of_one_angle_missing(case: Case) -> None:
    (block,) = case.planned.toolpath.blocks
    rest = tuple(step for step in block.operations if step.name != "contour-015")
    assert len(rest) == len(block.operations) - 1
    checked = case.check(case.written(Toolpath(blocks=(replace(block, operations=rest),))))
    assert "C308" in _numbers(checked)


def test_a_lit_line_over_a_glyph(case: Case) -> None:
    (block,) = case.planned.toolpath.blocks
    tip = case.workshop.setup.tip
    x_um = np.array([150.0, 350.0])
    y_um = np.array([105.0, 105.0])
    z_um = tip.height_um(x_um, y_um) + focus_offset_um(case.workshop.setup.job.relief_um)
    across = Polylines(points=np.column_stack([x_um, y_um, z_um]), starts=np.array([0, 2]))
    groove = replace(block.operations[0], name="groove", paths=across)
    spoilt = Toolpath(blocks=(replace(block, operations=(*block.operations, groove)),))
    assert "C305" in _numbers(case.check(case.written(spoilt)))


@pytest.mark.parametrize(
    ("moved", "numbers"),
    [
        (lambda land: translate(land, 6.0, 0.0), {"C306", "R410"}),
        (lambda land: scale(land, 1.02, 1.02, origin=(0, 0)), {"C306"}),
        (lambda land: rotate(land, 1.0, origin=(0, 0)), {"C306"}),
    ],
    ids=["shifted", "scaled", "turned"],
)
def test_a_mark_out_of_its_place(case: Case, moved: Callable[[MultiPolygon], MultiPolygon], numbers: set[str]) -> None:
    assert numbers <= _numbers(case.check(case.planned_as(land=moved)))


def test_land_that_the_mark_does_not_have(case: Case) -> None:
    bar = box(660.0, -7.0, 740.0, 7.0)
    added = case.planned_as(land=lambda land: MultiPolygon([*land.geoms, bar]))
    assert "C304" in _numbers(case.check(added))


def test_a_program_that_sets_no_energy_is_judged_and_not_simulated(case: Case) -> None:
    checked = case.check(_edited(case.program, r"^M67 E0 Q0\.35\n", ""))
    assert "M211" in _numbers(checked)
    assert checked.struck == ()
