"""A machine's steps: where points come to lie, by hand, and what that does to a hatch."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from toolpaths.findings import Severity
from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.quantise import quantise

FloatArray = NDArray[np.float64]
PROCESS = Process(pulse_energy_j=0.35e-6, repetition_rate_hz=200e3, feed_um_s=200e3)
# 110,000 um / 65,536 and 110,000 um / 1,048,576.
STEP_16_UM, STEP_20_UM = 1.678466796875, 0.1049041748046875


@pytest.fixture(name="sixteen", scope="session")
def fixture_sixteen(galvo: Machine) -> Machine:
    return replace(galvo, bits=16)


@pytest.fixture(name="unit", scope="session")
def fixture_unit(galvo: Machine) -> Machine:
    """Steps of 1 um."""
    return replace(galvo, bits=16, field_um=65_536.0)


def path_of(*lines: FloatArray, name: str = "hatch-0", repeats: int = 1) -> Toolpath:
    paths = Polylines(points=np.concatenate(lines), starts=np.cumsum([0, *(len(line) for line in lines)]))
    return Toolpath(blocks=(Block(repeats=repeats, operations=(Operation(name=name, process=PROCESS, paths=paths),)),))


def line(*points: tuple[float, float, float]) -> FloatArray:
    return np.array(points, dtype=np.float64)


def hatch_at(angle_rad: float, *, rows: int, pitch_um: float = 4.0, half_um: float = 300.0) -> Toolpath:
    """Lines a pitch apart from the apex on, each in three pieces, rounded to whole nanometres as plans are."""
    direction = np.array([math.cos(angle_rad), math.sin(angle_rad), 0.0])
    left = np.array([-direction[1], direction[0], 0.0])
    places = np.linspace(-half_um, half_um, 4)[:, np.newaxis] * direction
    return path_of(*(np.round(places + pitch_um * row * left, 3) for row in range(rows)))


def test_a_hatch_of_four_micrometres_on_sixteen_bits_comes_out_two_and_three_steps_apart(sixteen: Machine) -> None:
    """4 k / 1.678467 for k = 0 to 10 rounds to 0 2 5 7 10 12 14 17 19 21 24: gaps 2 3 2 3 2 2 3 2 2 3."""
    done = quantise(hatch_at(0.0, rows=11), sixteen)
    (pitch,) = done.pitches
    assert pitch.steps == ((2, 6), (3, 4))
    assert pitch.planned_um == 4.0
    assert pitch.least_um == pytest.approx(2 * STEP_16_UM)
    assert pitch.greatest_um == pytest.approx(3 * STEP_16_UM)
    # 3 x 1.678467 / 4 - 1 = 0.258850, and 1 - 2 x 1.678467 / 4 = 0.160767.
    assert pitch.worst_share == pytest.approx(0.258850, abs=1e-6)
    assert {finding.number for finding in done.findings} == {"M422", "M423"}
    assert all(finding.severity is Severity.WARNING for finding in done.findings)


def test_on_twenty_bits_it_comes_out_as_good_as_planned(galvo: Machine) -> None:
    """4 / 0.104904 = 38.13 steps: 38, and 39 once in about eight."""
    done = quantise(hatch_at(math.pi / 2, rows=9), galvo)
    (pitch,) = done.pitches
    assert {steps for steps, _ in pitch.steps} == {38, 39}
    assert sum(times for _, times in pitch.steps) == 8
    assert done.worst_um <= STEP_20_UM / math.sqrt(2) + 1e-12
    assert done.findings == ()


def test_a_slanted_hatch_has_no_whole_number_of_steps_between_its_rows(sixteen: Machine) -> None:
    (pitch,) = quantise(hatch_at(math.radians(15), rows=60), sixteen).pitches
    assert pitch.steps == ()
    assert pitch.planned_um == pytest.approx(4.0, abs=2e-3)
    assert 4 - 2 * STEP_16_UM < pitch.least_um < 3.9
    assert 4.1 < pitch.greatest_um < 4 + 2 * STEP_16_UM


def test_a_hole_in_a_hatch_is_no_pitch_and_pieces_of_a_row_are_one_row(sixteen: Machine) -> None:
    rows = [0.0, 4.0, 40.0, 44.0]
    lines = [line((x, y, 0), (x + 50, y, 0)) for y in rows for x in (-100.0, 20.0)]
    (pitch,) = quantise(path_of(*lines), sixteen).pitches
    # 4 -> 2 steps; 40 / 1.678467 = 23.83 -> 24 and 44 / 1.678467 = 26.21 -> 26.
    assert pitch.steps == ((2, 2),)


def test_contours_and_single_lines_have_no_pitch(sixteen: Machine) -> None:
    ring = line((0, 0, 0), (50, 0, 0), (50, 50, 0), (0, 0, 0))
    assert quantise(path_of(ring, ring + 100.0), sixteen).pitches == ()
    assert quantise(path_of(line((0, 0, 0), (50, 0, 0))), sixteen).pitches == ()
    assert quantise(path_of(line((0, 0, 0), (50, 0, 0)), line((60, 0, 0), (70, 0, 0))), sixteen).pitches == ()


def test_displacement_by_hand(unit: Machine) -> None:
    """On steps of 1 um: (0.4, 0.3) moves 0.5 um, (7, 8) not at all, (9.2, 8) by 0.2; the focus is not a mirror's."""
    done = quantise(path_of(line((0.4, 0.3, 5.5), (7, 8, 5.5), (9.2, 8, 5.5))), unit)
    assert done.step_um == 1.0
    assert done.worst_um == pytest.approx(0.5)
    assert done.rms_um == pytest.approx(math.sqrt((0.25 + 0.04) / 3))
    (_, operation), *_ = done.toolpath.operations()
    assert operation.paths.points.tolist() == [[0, 0, 5.5], [7, 8, 5.5], [9, 8, 5.5]]


def test_a_stage_has_steps_in_height_too(machine: Machine) -> None:
    done = quantise(path_of(line((0.02, 0.03, -0.04), (1, 1, 1))), machine)
    (_, operation), *_ = done.toolpath.operations()
    assert operation.paths.points[0] == pytest.approx([0.0, 0.05, -0.05])


def test_pieces_shorter_than_a_step_collapse(unit: Machine) -> None:
    gone = line((5.1, 5.1, 0), (5.4, 5.4, 0))
    bent = line((0, 0, 0), (0.3, 0, 0), (4, 0, 0), (4.4, 0, 0))
    done = quantise(path_of(gone, bent), unit)
    assert (done.vectors, done.collapsed) == (4, 3)
    (_, operation), *_ = done.toolpath.operations()
    assert [path.tolist() for path in operation.paths] == [[[0, 0, 0], [4, 0, 0]]]
    assert [finding.value for finding in done.findings if finding.number == "M424"] == [3.0]
    assert quantise(path_of(gone), unit).toolpath == Toolpath(blocks=())


def test_an_empty_toolpath_has_no_distortion(sixteen: Machine) -> None:
    done = quantise(Toolpath(blocks=()), sixteen)
    assert (done.worst_um, done.rms_um, done.vectors, done.findings) == (0.0, 0.0, 0, ())


@pytest.mark.parametrize(
    ("x_um", "beyond"), [(54_998.0, False), (55_000.0, True), (-55_000.0, False), (-55_002.0, True)]
)
def test_the_field_ends_half_of_it_from_the_apex(sixteen: Machine, x_um: float, *, beyond: bool) -> None:
    """Of 16 bits the last step to the right is 32,767: 54,998.3 um."""
    done = quantise(path_of(line((0, 0, 0), (x_um, 0, 0))), sixteen)
    assert ("M421" in {finding.number for finding in done.findings}) is beyond
    assert (done.beyond_um > 0) is beyond


@given(points=st.lists(st.tuples(*[st.floats(-900, 900)] * 3), min_size=2, max_size=12))
def test_what_lies_on_steps_stays_and_nothing_moves_further_than_half_a_step(
    sixteen: Machine,
    points: list[tuple[float, float, float]],
) -> None:
    once = quantise(path_of(line(*points)), sixteen)
    assert once.worst_um <= STEP_16_UM / math.sqrt(2) * (1 + 1e-9)
    assert once.rms_um <= once.worst_um * (1 + 1e-9)
    twice = quantise(once.toolpath, sixteen)
    assert twice.worst_um < 1e-9
    assert twice.collapsed == 0
