"""Profiles of every shape: what is missing, what does not belong, what no tip can have; and what comes of the sound."""

import math
from pathlib import Path
from typing import Any

import pytest
from shapely import Polygon

from engrave.base.errors import InputError
from engrave.tips import PINS, ChiselTip, ConicalTip, EllipticalTip, GriddedTip, Pin, RevolvedTip, Tip, tip_of

ROWS = tuple(tuple(-float((x - 2) ** 2 + (y - 2) ** 2) for x in range(5)) for y in range(5))
SOUND: dict[str, dict[str, Any]] = {
    "ellipse": {"radius_x_um": 1600.0, "radius_y_um": 900.0, "edge_x_um": 800.0, "edge_y_um": 450.0},
    "cone": {"nose_radius_um": 800.0, "half_angle_rad": math.pi / 3, "edge_radius_um": 800.0},
    "chisel": {"length_x_um": 1800.0, "width_y_um": 700.0, "edge_round_um": 50.0},
    "revolved": {"profile_r_um": (0.0, 100.0, 200.0), "profile_z_um": (0.0, -5.0, -20.0)},
    "measured": {
        "step_um": 100.0,
        "heights_um": ROWS,
        "outline_x_um": (-200.0, 200.0, 200.0, -200.0),
        "outline_y_um": (-150.0, -150.0, 150.0, 150.0),
    },
}
TIPS: dict[str, Tip] = {
    "ellipse": EllipticalTip(**SOUND["ellipse"]),
    "cone": ConicalTip(**SOUND["cone"]),
    "chisel": ChiselTip(**SOUND["chisel"]),
    "revolved": RevolvedTip(**SOUND["revolved"]),
    "measured": GriddedTip(
        step_um=100.0,
        heights_um=ROWS,
        boundary=Polygon([(-200.0, -150.0), (200.0, -150.0), (200.0, 150.0), (-200.0, 150.0)]),
    ),
}


def faults_of(shape: str, **changes: object) -> list[str]:
    figures: dict[str, Any] = {**SOUND.get(shape, {}), **changes}
    with pytest.raises(InputError) as caught:
        Pin(description="x", shape=shape, **figures)
    return list(caught.value.faults)


@pytest.mark.parametrize("shape", SOUND)
def test_a_sound_profile_becomes_its_tip(shape: str) -> None:
    assert tip_of(Pin(description="x", shape=shape, **SOUND[shape])) == TIPS[shape]


@pytest.mark.parametrize("shape", SOUND)
def test_each_figure_of_a_shape_is_asked_for(shape: str) -> None:
    nothing = dict.fromkeys(SOUND[shape])
    found = faults_of(shape, **nothing)
    assert len(found) == len(nothing)
    assert all(": missing; a" in fault for fault in found)


def test_a_front_may_be_flat_or_round() -> None:
    front = Pin(description="x", shape="chisel", front_radius_um=351.0, **SOUND["chisel"])
    assert tip_of(front) == ChiselTip(front_radius_um=351.0, **SOUND["chisel"])
    assert faults_of("chisel", front_radius_um=350.0) == [
        "front_radius: 350 um must be more than half of width_y, 350 um"
    ]


def test_figures_of_other_shapes_are_refused_with_the_shape_they_belong_to() -> None:
    assert faults_of("cone", radius_um=5.0, step_um=25.0) == [
        "radius: a conical tip has none; remove it or write shape = 'sphere'",
        "step: a conical tip has none; remove it or write shape = 'measured'",
    ]
    assert faults_of("chisel", edge_radius_um=5.0) == [
        "edge_radius: a chisel tip has none; remove it or write shape = 'sphere', 'flat' or 'cone'"
    ]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"edge_x_um": 1600.0}, "edge_x: 1600 um must be less than radius_x, 1600 um"),
        ({"edge_y_um": 901.0}, "edge_y: 901 um must be less than radius_y, 900 um"),
        ({"edge_y_um": 0.0}, "edge_y: 0 um must be positive"),
    ],
)
def test_an_ellipse_lies_within_its_radii(changes: dict[str, float], fault: str) -> None:
    assert faults_of("ellipse", **changes) == [fault]
    Pin(description="x", shape="ellipse", **{**SOUND["ellipse"], "edge_x_um": 1599.9, "edge_y_um": 899.9})


@pytest.mark.parametrize("half_angle_rad", [0.0, -0.1, math.pi / 2, 2.0])
def test_a_half_angle_lies_between_axis_and_face(half_angle_rad: float) -> None:
    told = f"half_angle: {math.degrees(half_angle_rad):g} deg must be more than 0 and less than 90 deg, axis to flank"
    assert faults_of("cone", half_angle_rad=half_angle_rad) == [told]


def test_an_edge_on_the_nose_leaves_no_cone() -> None:
    # 800 cos 60 = 400.
    (fault,) = faults_of("cone", edge_radius_um=399.99)
    assert fault.startswith("edge_radius: 399.99 um lies on the nose, which ends 400 um from the axis; make it larger")
    Pin(description="x", shape="cone", **{**SOUND["cone"], "edge_radius_um": 400.01})


def test_a_rectangle_must_hold_its_roundings() -> None:
    # Two rims of 500 sin 45.
    assert faults_of("chisel", edge_round_um=500.0) == [
        "width_y: 700 um must be more than 707.107 um, which two edges rounded by 500 um take"
    ]
    assert faults_of("chisel", length_x_um=600.0) == [
        "length_x: 600 um must be at least width_y, 700 um: x is the long way"
    ]
    Pin(description="x", shape="chisel", **{**SOUND["chisel"], "edge_round_um": 490.0, "length_x_um": 700.0})


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"profile_r_um": (0.0, 100.0)}, ["profile_z: has 3 heights for the 2 radii", "profile_r: has 2 points"]),
        ({"profile_r_um": (1.0, 100.0, 200.0)}, ["profile_r[0]: 1 um must be 0 um, the apex"]),
        ({"profile_z_um": (-1.0, -5.0, -20.0)}, ["profile_z[0]: -1 um must be 0 um, the apex"]),
        (
            {"profile_r_um": (0.0, 100.0, 100.0)},
            ["profile_r[2]: 100 um must be more than the radius before it, 100 um"],
        ),
        ({"profile_z_um": (0.0, 1.0, 2.0)}, ["profile_z[1]: 1 um must not be higher", "profile_z[2]: 2 um must not"]),
        ({"profile_z_um": (0.0, 0.0, 0.0)}, ["profile_z: nowhere falls; write shape = 'flat'"]),
    ],
)
def test_a_profile_runs_outwards_and_down(changes: dict[str, Any], faults: list[str]) -> None:
    found = faults_of("revolved", **changes)
    assert len(found) == len(faults)
    assert all(fault.startswith(start) for fault, start in zip(found, faults, strict=True))


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"heights_um": (*ROWS[:3], ROWS[3][:4], ROWS[4])}, ["heights[3]: has 4 samples, the first row 5"]),
        ({"heights_um": (*ROWS, ROWS[0])}, ["heights: has 6 rows; give an odd number, at least 5"]),
        (
            {"heights_um": tuple(row[:3] for row in ROWS)},
            ["heights: has 3 samples a row", "outline_x: reaches 200 um from the axis, the samples 100 um"],
        ),
        ({"heights_um": ()}, ["heights: has 0 rows", "heights: has 0 samples", "outline_x: reaches", "outline_y: rea"]),
        ({"outline_x_um": (1.0, 2.0)}, ["outline_y: has 4 points for the 2 of outline_x"]),
        ({"outline_x_um": (1.0, 2.0), "outline_y_um": (1.0, 2.0)}, ["outline_x: has 2 points; give at least 3"]),
        (
            {"outline_x_um": (50.0, 200.0, 200.0, 50.0)},
            ["outline_x: the outline does not go round the axis, (0, 0)"],
        ),
        ({"outline_x_um": (-200.0, 200.0, -200.0, 200.0)}, ["outline_x: the outline is no simple polygon: Self-inter"]),
        (
            {"outline_y_um": (-201.0, -150.0, 150.0, 150.0)},
            ["outline_y: reaches 201 um from the axis, the samples 200"],
        ),
        ({"step_um": 0.0}, ["step: 0 um must be positive", "outline_x: reaches 200 um", "outline_y: reaches 150 um"]),
    ],
)
def test_a_measured_tip_is_a_grid_about_the_axis(changes: dict[str, Any], faults: list[str]) -> None:
    found = faults_of("measured", **changes)
    assert len(found) == len(faults), found
    assert all(fault.startswith(start) for fault, start in zip(found, faults, strict=True)), found


@pytest.mark.parametrize("shape", SOUND)
def test_every_shape_has_runout_and_clocking(shape: str) -> None:
    seat: dict[str, Any] = {"runout_um": 0.0, "clocking_datum": "the flat of the shank", "clocking_tolerance_rad": 0.02}
    pin = Pin(description="x", shape=shape, **SOUND[shape], **seat)
    assert (pin.runout_um, pin.clocking_datum, pin.clocking_tolerance_rad) == (0.0, "the flat of the shank", 0.02)
    assert tip_of(pin) == TIPS[shape]


def test_a_seat_that_cannot_be_is_refused_with_all_its_faults() -> None:
    assert faults_of("cone", runout_um=-0.5, clocking_datum=" ", clocking_tolerance_rad=-0.1) == [
        "runout: -0.5 um must not be negative",
        "clocking_datum: is empty; name the feature that the pin is turned by, or remove it",
        "clocking_tolerance: -5.72958 deg must be from 0 to 180 deg",
    ]
    assert faults_of("cone", clocking_tolerance_rad=0.1) == [
        "clocking_tolerance: says nothing without clocking_datum; name the datum, or remove it"
    ]


def test_lists_are_read_with_their_units_and_one_source_each(tmp_path: Path) -> None:
    (tmp_path / "pins").mkdir()
    heights = ",\n  ".join("[" + ", ".join(f'"{value:g}um"' for value in row) + "]" for row in ROWS)
    (tmp_path / "pins" / "scan-7.toml").write_text(
        'description = "scanned"\nshape = "measured"\nstep = "0.1mm"\n'
        f"heights = [\n  {heights}\n]\n"
        'outline_x = ["-0.2mm", "0.2mm", "200um", "-200um"]\noutline_y = ["-150um", "-150um", "150um", "150um"]\n'
        'runout = "5um"\n[sources]\n'
        'step = "scan 7"\nheights = "scan 7"\noutline_x = "scan 7"\noutline_y = "scan 7"\nrunout = "dial gauge"\n'
    )
    pin = PINS.load("scan-7", tmp_path).value
    assert tip_of(pin) == TIPS["measured"]
    assert pin.runout_um == 5.0
