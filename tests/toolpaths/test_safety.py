"""Safety invariants: each planted fault is one numbered finding; limits are tried on both sides."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from toolpaths.findings import Finding, Severity
from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers.gcode import read_gcode
from toolpaths.safety import check_program
from toolpaths.writers.gcode import write_gcode

FloatArray = NDArray[np.float64]

# A line 200 um long across the top of a ball of 1 mm: its ends lie 5.0126 um below the apex (R - sqrt(R^2 - 100^2)).
GOOD = """\
G21 G90 G17 G94 G40 G49 G54 G61
M65 P0
F600
M67 E0 Q0.7
M67 E1 Q200
G0 X-0.1 Y0 Z-0.005
M62 P0
G1 X0.1
M63 P0
M67 E0 Q0
G0 X0 Y0 Z0
M65 P0
M2
"""


@pytest.fixture(name="check")
def fixture_check(machine: Machine, ball: Callable[..., Any]) -> Callable[..., dict[str, Finding]]:
    def check(
        text: str | bytes,
        *,
        profile: Machine = machine,
        edge_um: float = 700.0,
        offset_um: float = 0.0,
        tolerance_um: float = 6.0,
        radius_um: float = 1000.0,
    ) -> dict[str, Finding]:
        data = text.encode() if isinstance(text, str) else text
        findings = check_program(
            read_gcode(data, profile),
            profile,
            surface=ball(radius_um=radius_um, edge_radius_um=edge_um),
            focus_offset_um=offset_um,
            focus_tolerance_um=tolerance_um,
        )
        assert len({finding.number for finding in findings}) == len(findings)
        return {finding.number: finding for finding in findings}

    return check


Check = Callable[..., dict[str, Finding]]


def test_a_good_program_has_no_finding(check: Check) -> None:
    assert check(GOOD) == {}


@pytest.mark.parametrize(
    ("old", "new", "number", "place"),
    [
        ("G1 X0.1\n", "G1 X1E-1\n", "M201", ""),
        ("G21 ", "G20 ", "M201", ""),
        ("M2\n", "", "M201", ""),
        ("M62 P0\n", "\n", "M202", ""),
        ("M63 P0\n", "\n", "M203", "line 11"),
        ("G0 X-0.1 Y0 Z-0.005\nM62 P0\n", "G0 X-0.2 Y0 Z-0.005\nM62 P0\nG0 X-0.1\n", "M203", "line 8"),
        ("F600\n", "\n", "M204", "line 8"),
        ("M63 P0\nM67 E0 Q0\nG0 X0 Y0 Z0\nM65 P0\n", "", "M205", ""),
        ("M63 P0\nM67 E0 Q0\nG0 X0 Y0 Z0\nM65 P0\n", "M63 P0\n", "M205", ""),
        ("M63 P0\nM67 E0 Q0\nG0 X0 Y0 Z0\n", "M63 P0\n", "M206", "line 10"),
        ("M62 P0\n", "M64 P0\n", "M206", "line 7"),
        ("G1 X0.1\n", "G1 X0.1\nX0.1\n", "M206", "line 9"),
        ("G0 X0 Y0 Z0\n", "G0 X6 Y0 Z0\n", "M207", "line 11"),
        ("G0 X0 Y0 Z0\n", "G0 X0 Y0 Z-3\n", "M207", "line 11"),
        ("G1 X0.1\n", "G1 X0.8 Z-0.4\n", "M208", "line 8"),
        ("F600\n", "F12001\n", "M210", "line 8"),
        ("M67 E0 Q0.7\n", "\n", "M211", "line 8"),
        ("M67 E0 Q0.7\n", "M67 E0 Q0\n", "M211", "line 8"),
        ("M67 E0 Q0.7\n", "M67 E0 Q-1\n", "M211", "line 8"),
        ("M67 E0 Q0.7\n", "M67 E0 Q700\n", "M212", "line 6"),
        ("M67 E1 Q200\n", "\n", "M213", "line 8"),
        ("M67 E1 Q200\n", "M67 E1 Q0\n", "M213", "line 8"),
        ("Z-0.005", "Z0.005", "M214", "line 8"),
    ],
)
def test_planted_faults_are_errors_with_their_place(
    check: Check, machine: Machine, *, old: str, new: str, number: str, place: str
) -> None:
    assert old in GOOD
    # F12001 is 200.017 mm/s; the limit is 200 mm/s.
    found = check(GOOD.replace(old, new), profile=replace(machine, gate_jitter_s=0.0, max_feed_um_s=200e3))
    assert found[number].severity is Severity.ERROR
    assert found[number].place == place
    assert found[number].remedy


def test_inch_for_millimetre_leaves_keep_in_and_envelope(check: Check) -> None:
    found = check(GOOD.replace("G21", "G20").replace("X0.1", "X0.3"))
    # 0.3 in is 7620 um: 2620 um beyond the envelope of 5 mm.
    assert found["M207"].value == pytest.approx(2620.0)
    assert found["M208"].value == pytest.approx(7620.0 - 700.0, rel=1e-3)
    assert found["M208"].limit == 0.0


@pytest.mark.parametrize(("x_mm", "beyond"), [("5", False), ("5.000001", False), ("5.00001", True)])
def test_envelope_to_the_nanometre(check: Check, x_mm: str, *, beyond: bool) -> None:
    assert ("M207" in check(GOOD.replace("G0 X0 Y0 Z0", f"G0 X{x_mm} Y0 Z0"))) is beyond


@pytest.mark.parametrize(("edge_um", "beyond"), [(100.0, False), (99.9995, False), (99.9, True)])
def test_keep_in_to_the_nanometre(check: Check, edge_um: float, *, beyond: bool) -> None:
    assert ("M208" in check(GOOD, edge_um=edge_um)) is beyond


BAR = shapely.box(-200.0, -50.0, 200.0, 50.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A level rectangle, 400 um by 100 um, or any other outline."""

    boundary: Polygon = BAR
    edge_radius_um: float = 206.2
    face_area_um2: float = 40_000.0
    nose_radius_um: float = float("inf")
    mean_curvature_per_um: float = 0.0

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return np.where(depth_um < 0, 0.0, np.inf)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return np.zeros_like(area_um2)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return np.where(shapely.intersects_xy(self.boundary.buffer(1e-3), x_um, y_um), 0.0, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return self.height_um(x_um, y_um) + 1.0


def checked_on(
    surface: Bar, machine: Machine, *, begin_um: tuple[float, float], end_um: tuple[float, float]
) -> dict[str, Finding]:
    (x, y), (to_x, to_y) = begin_um, end_um
    text = GOOD.replace("X-0.1 Y0 Z-0.005", f"X{x / 1000:.6f} Y{y / 1000:.6f} Z0")
    text = text.replace("G1 X0.1", f"G1 X{to_x / 1000:.6f} Y{to_y / 1000:.6f}")
    findings = check_program(
        read_gcode(text.encode(), machine), machine, surface=surface, focus_offset_um=0.0, focus_tolerance_um=6.0
    )
    return {finding.number: finding for finding in findings}


@pytest.mark.parametrize(
    ("begin_um", "end_um", "beyond_um"),
    [
        ((-200.0, -50.0), (200.0, 50.0), None),
        ((-150.0, 50.0), (150.0, 50.0), None),
        ((-150.0, 50.001), (150.0, 50.0), None),
        ((-150.0, 50.003), (150.0, 50.0), 0.003),
        # Within the circle about the face, and beside the face.
        ((0.0, 0.0), (0.0, 120.0), 70.0),
        ((0.0, -60.0), (100.0, 0.0), 10.0),
        ((203.0, 54.0), (100.0, 0.0), 5.0),
    ],
)
def test_the_keep_in_zone_is_the_face_and_not_the_circle_about_it(
    machine: Machine, begin_um: tuple[float, float], end_um: tuple[float, float], beyond_um: float | None
) -> None:
    found = checked_on(Bar(), machine, begin_um=begin_um, end_um=end_um)
    assert ("M208" in found) is (beyond_um is not None)
    if beyond_um is not None:
        assert found["M208"].value == pytest.approx(beyond_um, abs=1e-6)
        assert found["M208"].limit == 0.0
    assert "M214" not in found


def test_a_move_over_a_notch_in_the_face_is_found_by_its_middle(machine: Machine) -> None:
    notched = BAR.difference(shapely.box(-20.0, 0.0, 20.0, 60.0))
    assert isinstance(notched, Polygon)
    across = checked_on(Bar(boundary=notched), machine, begin_um=(-100.0, 10.0), end_um=(100.0, 10.0))
    assert across["M208"].value == pytest.approx(10.0)
    assert not checked_on(Bar(boundary=notched), machine, begin_um=(-100.0, -10.0), end_um=(100.0, -10.0))


@pytest.mark.parametrize(("feed", "above"), [("12000", False), ("12000.001", True)])
def test_feed_limit_on_both_sides(check: Check, feed: str, *, above: bool) -> None:
    assert ("M210" in check(GOOD.replace("F600", f"F{feed}"))) is above


@pytest.mark.parametrize(("energy", "above"), [("20", False), ("20.001", True)])
def test_energy_limit_on_both_sides(check: Check, energy: str, *, above: bool) -> None:
    assert ("M212" in check(GOOD.replace("Q0.7", f"Q{energy}"))) is above


def test_focus_is_sampled_between_the_ends(check: Check) -> None:
    # Both ends are in focus; in its middle the chord runs 5.0126 um below the apex.
    chord = GOOD.replace("Z-0.005", "Z-0.0050126")
    assert check(chord, tolerance_um=5.1) == {}
    finding = check(chord, tolerance_um=4.9)["M214"]
    assert finding.value == pytest.approx(5.0126, abs=1e-3)
    assert finding.limit == 4.9


def test_focus_offset_shifts_the_wanted_height(check: Check) -> None:
    raised = GOOD.replace("Z-0.005\n", "Z0.095\n")
    assert "M214" in check(raised)
    assert check(raised, offset_um=100.0) == {}
    assert check(raised, offset_um=-100.0)["M214"].value == pytest.approx(200.01, abs=0.02)


def test_wrong_sign_of_z_and_wrong_tip_radius(check: Check) -> None:
    # 500 um beside the axis a ball of 1 mm stands at -133.975 um; one of 0.8 mm at -175.500, 5 um further at -175.520.
    there = GOOD.replace("G0 X-0.1 Y0 Z-0.005", "G0 X0.5 Y0 Z-0.133975").replace("G1 X0.1", "G1 Y0.005")
    assert check(there, tolerance_um=1.0) == {}
    assert check(there, tolerance_um=1.0, radius_um=800.0)["M214"].value == pytest.approx(41.545, abs=0.002)
    flipped = there.replace("Z-0.133975", "Z0.133975")
    assert check(flipped, tolerance_um=1.0)["M214"].value == pytest.approx(267.964, abs=0.002)


@pytest.mark.parametrize(
    ("jitter_s", "latency_s", "numbers"), [(99e-6, 99e-6, set()), (101e-6, 101e-6, {"M215", "M216"})]
)
def test_gate_times_feed_above_a_micrometre_is_a_warning(
    check: Check, machine: Machine, jitter_s: float, latency_s: float, numbers: set[str]
) -> None:
    # 10 mm/s for 100 us is 1 um.
    found = check(GOOD, profile=replace(machine, gate_jitter_s=jitter_s, gate_latency_s=latency_s))
    assert set(found) == numbers
    assert all(finding.severity is Severity.WARNING for finding in found.values())
    assert all(finding.value == pytest.approx(1.01) for finding in found.values())


def test_a_servo_gate_of_a_millisecond_at_full_feed(check: Check, machine: Machine) -> None:
    found = check(GOOD.replace("F600", "F12000"), profile=replace(machine, gate_jitter_s=1e-3))
    assert found["M215"].value == pytest.approx(200.0)


def test_feed_that_the_stage_does_not_reach(check: Check, machine: Machine) -> None:
    # v = 10 mm/s: at 5 m/s2 10 um of the 200 um are run-up and 10 um run-out: 0.02 mm of 0.2 mm, the limit.
    assert check(GOOD, profile=replace(machine, acceleration_um_s2=5.01e6)) == {}
    found = check(GOOD, profile=replace(machine, acceleration_um_s2=2.5e6))
    assert found["M217"].value == pytest.approx(0.2)
    # In 20 pieces of one direction the line is still one run; turned at each, it is 20.
    straight = "".join(f"X{-0.1 + 0.01 * step:.3f}\n" for step in range(1, 21))
    jagged = "".join(f"X{-0.1 + 0.01 * step:.3f} Y{step % 2 / 100}\n" for step in range(1, 21))
    profile = replace(machine, acceleration_um_s2=5.01e6)
    assert check(GOOD.replace("G1 X0.1\n", f"G1 {straight}"), profile=profile) == {}
    assert check(GOOD.replace("G1 X0.1\n", f"G1 {jagged}"), profile=profile)["M217"].value == pytest.approx(1.0)


def test_a_coarse_step_is_a_warning(check: Check, machine: Machine) -> None:
    # -100, 100 and -5 um on steps of 1.68 um: 100 um is 59.52 steps, 0.8 um off; -5 um is 2.976, 0.04 um off.
    found = check(GOOD, profile=replace(machine, resolution_um=1.68))
    assert found["M218"].value == pytest.approx(0.8, abs=1e-6)
    assert found["M218"].severity is Severity.WARNING


def test_not_finite(check: Check, machine: Machine, ball: Callable[..., Any]) -> None:
    assert check(GOOD) == {}
    program = read_gcode(GOOD.encode(), machine)
    ends = program.end_um.copy()
    ends[1, 2] = np.nan
    found = check_program(
        replace(program, end_um=ends),
        machine,
        surface=ball(),
        focus_offset_um=0.0,
        focus_tolerance_um=6.0,
    )
    assert "M209" in {finding.number for finding in found}


@pytest.mark.parametrize("text", ["", "M2\n", "G0 X1\n", "\x00\xff" * 50])
def test_next_to_nothing_is_an_error(check: Check, text: str) -> None:
    assert check(text)["M202"].severity is Severity.ERROR


def test_one_finding_a_kind_with_its_count(check: Check) -> None:
    lines = "".join(f"Y{step / 1000} X{0.75 if step % 2 else -0.75}\n" for step in range(1, 31))
    found = check(GOOD.replace("G1 X0.1\n", f"G1 {lines}"), tolerance_um=500.0)
    assert "(30 moves)" in found["M208"].message
    assert found["M208"].place == "line 8"
    assert found["M208"].value == pytest.approx(np.hypot(750, 30) - 700, abs=0.01)


def test_what_the_writer_writes_on_a_ball_is_safe(check: Check, machine: Machine, ball: Callable[..., Any]) -> None:
    angle = np.linspace(0, 2 * np.pi, 200)
    x_um, y_um = 600 * np.cos(angle), 600 * np.sin(angle)
    points = np.stack([x_um, y_um, ball().height_um(x_um, y_um)], axis=1)
    process = Process(pulse_energy_j=1e-6, repetition_rate_hz=1e5, feed_um_s=20e3)
    ring = Operation(name="RING", process=process, paths=Polylines(points=points, starts=np.array([0, 200])))
    data = write_gcode(Toolpath(blocks=(Block(repeats=9, operations=(ring,)),)), machine, header=[])
    # A chord of 18.9 um on the circle of 600 um dips 0.07 um inwards and so lies 0.06 um from the ball.
    assert check(data, tolerance_um=0.1) == {}
    assert set(check(data, tolerance_um=0.01)) == {"M214"}
