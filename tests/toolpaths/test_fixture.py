"""Fixtures: how nests are numbered and travelled, and every fault of a plate and of its probe table."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from toolpaths.errors import ToolpathError
from toolpaths.fixture import BLOCKED, EMPTY, READY, Fiducial, Fixture, Nest

Plate = Callable[..., Fixture]


@pytest.fixture
def plate() -> Plate:
    def make(**changes: object) -> Fixture:
        values: dict[str, object] = {
            "name": "six",
            "rows": 2,
            "columns": 3,
            "column_pitch_um": 10_000.0,
            "row_pitch_um": 12_000.0,
            "first_x_um": 1000.0,
            "first_y_um": 2000.0,
            "tip_height_um": 3000.0,
            "safe_height_um": 8000.0,
            "max_offset_um": 300.0,
            "max_tilt_rad": math.radians(1.0),
            "max_clocking_rad": math.radians(10.0),
            "fiducials": (Fiducial(name="A", x_um=0.0, y_um=0.0), Fiducial(name="B", x_um=30_000.0, y_um=0.0)),
        }
        return Fixture(**{**values, **changes})  # type: ignore[arg-type]

    return make


def faults_of(make: Callable[[], Fixture]) -> list[str]:
    with pytest.raises(ToolpathError) as raised:
        make()
    return str(raised.value).split("\n")


def test_nests_count_by_rows_and_are_travelled_to_and_fro(plate: Plate) -> None:
    assert plate().travel() == (1, 2, 3, 6, 5, 4)
    assert plate(order="rows").travel() == (1, 2, 3, 4, 5, 6)
    assert plate().row_and_column(5) == (2, 2)
    assert plate().nominal_um(1) == (1000.0, 2000.0, 3000.0)
    assert plate().nominal_um(6) == (21_000.0, 14_000.0, 3000.0)


def test_blocked_and_empty_nests_are_not_filled(plate: Plate) -> None:
    table = (*(Nest(nest=nest) for nest in (1, 4, 5, 6)), Nest(nest=2, state="empty", dx_um=math.nan))
    fixture = plate(blocked=(3,), nests=table)
    assert fixture.in_state(READY) == (1, 6, 5, 4)
    assert (fixture.in_state(EMPTY), fixture.in_state(BLOCKED)) == ((2,), (3,))
    assert fixture.probed
    assert not plate().probed
    assert plate().found(4) == Nest(nest=4)


def test_every_fault_of_a_probe_table_is_told_at_once(plate: Plate) -> None:
    table = (
        Nest(nest=1, dx_um=300.0, dy_um=-300.0, tilt_x_rad=math.radians(1.0), clocking_rad=math.radians(-10.0)),
        Nest(nest=2, dx_um=300.1, dz_um=-301.0),
        Nest(nest=2),
        Nest(nest=4, tilt_x_rad=math.radians(0.8), tilt_y_rad=math.radians(0.8)),
        Nest(nest=5, clocking_rad=math.nan),
        Nest(nest=7),
        Nest(nest=6, state="gone"),
    )
    told = faults_of(lambda: plate(nests=table))
    assert [fault.partition(":")[0] for fault in told] == [
        *("nest 7", "nest 2", "nest 3", "nest 2", "nest 2", "nest 4", "nest 5", "nest 6")
    ]
    assert all(word in fault for word, fault in zip(("none of", "more than once", "missing"), told, strict=False))
    assert "dx 300.1 um is beyond" in told[3]
    assert "dz -301 um is beyond" in told[4]
    # Two tilts a are together acos(cos^2 a), about sqrt(2) a (1 - a^2 / 12): of 0.8 deg 0.0197458 rad.
    assert "0.0197458 rad is beyond max_tilt" in told[5]


def test_every_fault_of_a_plate_is_told_at_once(plate: Plate) -> None:
    told = faults_of(
        lambda: plate(
            rows=0,
            column_pitch_um=-1.0,
            max_tilt_rad=math.inf,
            safe_height_um=3300.0,
            order="spiral",
            fiducials=(Fiducial(name="A", x_um=0.0, y_um=0.0),) * 2,
        )
    )
    keys = ("rows", "column_pitch", "max_tilt", "order", "safe_height", "fiducials", "fiducials", "nests")
    assert [fault.partition(":")[0] for fault in told] == list(keys)


def test_the_most_nests(plate: Plate) -> None:
    assert len(plate(rows=27, columns=37).travel()) == 999
    assert faults_of(lambda: plate(rows=20, columns=50)) == [
        "rows: 20 by 50 columns are more than 999 nests; make two fixtures"
    ]


def test_the_safe_height_clears_the_highest_tip(plate: Plate) -> None:
    assert plate(safe_height_um=3300.1).safe_height_um == 3300.1
    assert "safe_height" in faults_of(lambda: plate(safe_height_um=3300.0))[0]


def test_a_plate_without_a_ready_nest_is_none(plate: Plate) -> None:
    assert faults_of(lambda: plate(blocked=(1, 2, 3, 4, 5, 6))) == ["nests: none is ready; a tray needs one"]
    assert replace(plate(), blocked=(1, 2, 3, 4, 5)).in_state(READY) == (6,)
