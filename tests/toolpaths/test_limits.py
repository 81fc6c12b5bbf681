"""A scanner's limits on jumps and delays, each tried on both sides."""

from dataclasses import replace

import numpy as np
import pytest

from toolpaths.errors import ToolpathError
from toolpaths.findings import Finding, Severity
from toolpaths.limits import check_delays
from toolpaths.machine import Machine
from toolpaths.model import Block, Delays, Operation, Polylines, Process, Toolpath

DELAYS = Delays(laser_on_s=0.0, laser_off_s=0.0, jump_s=2e-4, mark_s=1e-4, polygon_s=5e-5, jump_um_s=1e6)
PROCESS = Process(pulse_energy_j=20e-6, repetition_rate_hz=200e3, feed_um_s=2e6, delays=DELAYS)


def checked(process: Process, machine: Machine) -> dict[str, Finding]:
    paths = Polylines(points=np.array([(0.0, 0.0, 0.0), (9.0, 0.0, 0.0)]), starts=np.array([0, 2]))
    operation = Operation(name="rough", process=process, paths=paths)
    found = check_delays(Toolpath(blocks=(Block(repeats=3, operations=(operation,)),)), machine)
    assert all(finding.place == "rough" for finding in found)
    return {finding.number: finding for finding in found}


def test_everything_on_its_limit_is_allowed(galvo: Machine) -> None:
    assert checked(replace(PROCESS, delays=replace(DELAYS, jump_um_s=8e6)), galvo) == {}


@pytest.mark.parametrize(
    ("delays", "number", "value"),
    [
        (replace(DELAYS, jump_um_s=8.1e6), "M428", 8.1e6),
        (replace(DELAYS, mark_s=1.04e-4), "M429", 4e-6),
    ],
)
def test_what_goes_beyond_is_found(galvo: Machine, delays: Delays, number: str, value: float) -> None:
    (found,) = checked(replace(PROCESS, delays=delays), galvo).values()
    assert found.number == number
    assert found.value == pytest.approx(value, rel=1e-6)
    assert found.severity is (Severity.WARNING if number == "M429" else Severity.ERROR)


def test_delays_that_a_file_does_not_say_are_passed_over_and_a_stage_has_none(galvo: Machine, machine: Machine) -> None:
    assert checked(replace(PROCESS, delays=None), galvo) == {}
    with pytest.raises(ToolpathError, match="this is for a galvo scanner"):
        checked(PROCESS, machine)
