"""A machine's limits on a toolpath, each tried on both sides."""

from dataclasses import replace

import numpy as np
import pytest

from toolpaths.findings import Finding, Severity
from toolpaths.limits import check_limits
from toolpaths.machine import Machine
from toolpaths.model import Block, Delays, Operation, Polylines, Process, Toolpath

DELAYS = Delays(laser_on_s=0.0, laser_off_s=0.0, jump_s=2e-4, mark_s=1e-4, polygon_s=5e-5, jump_um_s=1e6)
PROCESS = Process(pulse_energy_j=20e-6, repetition_rate_hz=200e3, feed_um_s=2e6, delays=DELAYS)


def checked(process: Process, machine: Machine, *, x_um: float = 5000.0) -> dict[str, Finding]:
    paths = Polylines(points=np.array([(0.0, 0.0, 0.0), (x_um, 0.0, 0.0)]), starts=np.array([0, 2]))
    operation = Operation(name="rough", process=process, paths=paths)
    found = check_limits(Toolpath(blocks=(Block(repeats=3, operations=(operation,)),)), machine)
    assert all(finding.place == "rough" for finding in found)
    return {finding.number: finding for finding in found}


def test_everything_on_its_limit_is_allowed(galvo: Machine) -> None:
    assert checked(replace(PROCESS, delays=replace(DELAYS, jump_um_s=8e6)), galvo, x_um=5000.001) == {}


@pytest.mark.parametrize(
    ("process", "x_um", "number", "value"),
    [
        (PROCESS, 5000.5, "M425", 0.5),
        (replace(PROCESS, feed_um_s=2.001e6), 0.0, "M426", 2.001e6),
        (replace(PROCESS, pulse_energy_j=20.1e-6), 0.0, "M427", 20.1e-6),
        (replace(PROCESS, delays=replace(DELAYS, jump_um_s=8.1e6)), 0.0, "M428", 8.1e6),
        (replace(PROCESS, delays=replace(DELAYS, mark_s=1.04e-4)), 0.0, "M429", 4e-6),
    ],
)
def test_what_goes_beyond_is_found(galvo: Machine, process: Process, x_um: float, number: str, value: float) -> None:
    (found,) = checked(process, galvo, x_um=x_um or 1.0).values()
    assert found.number == number
    assert found.value == pytest.approx(value, rel=1e-6)
    assert found.severity is (Severity.WARNING if number == "M429" else Severity.ERROR)


def test_figures_that_a_file_does_not_say_are_passed_over(galvo: Machine, machine: Machine) -> None:
    silent = Process(pulse_energy_j=float("nan"), repetition_rate_hz=float("nan"), feed_um_s=float("nan"))
    assert checked(silent, galvo) == {}
    # A stage has no use for delays.
    assert checked(replace(PROCESS, feed_um_s=1e5, delays=replace(DELAYS, mark_s=1.04e-4)), machine) == {}
