"""Machine profiles: what each kind must state, what it must not, and the files that are shipped."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from engrave.base.errors import InputError
from engrave.job.shelves import MACHINES
from toolpaths.errors import ToolpathError
from toolpaths.machine import Machine

# What a machine file of a stage held before there were scanners: users have such files.
STAGE_FILE = """
name = "own"
controller = "linuxcnc"
formats = ["ngc"]
envelope_x_min = "-5mm"
envelope_x_max = "5mm"
envelope_y_min = "-5mm"
envelope_y_max = "5mm"
envelope_z_min = "-2mm"
envelope_z_max = "2mm"
resolution = "0.1um"
max_feed = "100mm/s"
acceleration = "5m/s2"
gate_output = 3
energy_output = 1
rate_output = 2
gate_latency = "1us"
gate_jitter = "2us"
max_pulse_energy = "20uJ"
"""
OF_STAGES = ("resolution", "acceleration", "gate_latency", "gate_jitter", "gate_output", "energy_output", "rate_output")
OF_SCANNERS = ("field", "bits", "focal_length", "delay_step", "max_jump", "tracking_lag")


def library(tmp_path: Path, text: str) -> Path:
    (tmp_path / "machines").mkdir()
    numbers = [line.split(" = ")[0] for line in text.splitlines() if " = " in line][3:]
    sources = "\n".join(f'{key} = "data sheet"' for key in numbers)
    (tmp_path / "machines" / "own.toml").write_text(f"{text}\n[sources]\n{sources}\n")
    return tmp_path


@pytest.fixture(name="galvo")
def fixture_galvo() -> Machine:
    return MACHINES.load("galvo-16").value


def test_a_users_stage_loads_as_it_did(tmp_path: Path) -> None:
    machine = MACHINES.load("own", library(tmp_path, STAGE_FILE)).value
    assert not machine.is_galvo
    assert (machine.step_um, machine.stage.acceleration_um_s2, machine.stage.gate_output) == (0.1, 5e6, 3)


# 110 mm in 65,536 and in 1,048,576 steps, by hand.
@pytest.mark.parametrize(("name", "bits", "step_um"), [("galvo-16", 16, 1.678467), ("galvo-20", 20, 0.104904)])
def test_the_shipped_scanners_step(name: str, bits: int, step_um: float) -> None:
    machine = MACHINES.load(name).value
    assert machine.is_galvo
    assert machine.scanner.bits == bits
    assert machine.step_um == pytest.approx(step_um, abs=1e-6)
    assert machine.scanner.delay_step_s == 1e-5


def test_a_scanner_is_no_stage_and_a_stage_no_scanner(galvo: Machine) -> None:
    with pytest.raises(ToolpathError, match="'galvo-16' is a galvo scanner; this is for a stage under LinuxCNC"):
        _ = galvo.stage
    with pytest.raises(ToolpathError, match="'stage' is a stage under LinuxCNC; this is for a galvo scanner"):
        _ = MACHINES.load("stage").value.scanner


def test_a_stage_called_galvo_is_told_all_it_lacks_and_all_that_is_too_much(tmp_path: Path) -> None:
    text = STAGE_FILE.replace('"linuxcnc"', '"galvo"')
    with pytest.raises(InputError) as caught:
        MACHINES.load("own", library(tmp_path, text))
    (told,) = caught.value.faults
    assert "formats: ngc: a galvo scanner runs no G-code" in told
    assert [key for key in OF_SCANNERS if f"{key}: missing; controller galvo needs it" in told] == list(OF_SCANNERS)
    assert [key for key in OF_STAGES if f"{key}: belongs to controller linuxcnc" in told] == list(OF_STAGES)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"bits": 7}, "bits: 7 must be 8 to 24"),
        ({"bits": 25}, "bits: 25 must be 8 to 24"),
        ({"field_um": 0.0}, "field: 0 must be positive"),
        ({"max_jump_um_s": float("nan")}, "max_jump: nan must be positive"),
        ({"delay_step_s": -1e-5}, "delay_step: -1e-05 must be positive"),
        ({"tracking_lag_s": -1e-9}, "tracking_lag: -1e-09 must not be negative"),
        ({"focal_length_um": None}, "focal_length: missing; controller galvo needs it"),
        ({"field_um": 9_999.0}, "envelope_x_min: -5000 to 5000 um leaves the field of 9999 um"),
        ({"gate_output": 0}, "gate_output: belongs to controller linuxcnc, not to galvo; remove it"),
    ],
)
def test_a_scanners_faults(galvo: Machine, change: dict[str, Any], fault: str) -> None:
    with pytest.raises(ToolpathError) as caught:
        replace(galvo, **change)
    assert fault in str(caught.value)


def test_bounds_of_a_scanner_are_allowed(galvo: Machine) -> None:
    for bits in (8, 24):
        assert replace(galvo, bits=bits).step_um == 110_000 / 2**bits
    assert replace(galvo, field_um=10_000.0, tracking_lag_s=0.0).scanner.field_um == 10_000.0


def test_no_number_of_a_shipped_machine_is_without_a_source() -> None:
    for name in MACHINES.names():
        entry = MACHINES.load(name)
        numbers = {key for key, value in asdict(entry.value).items() if isinstance(value, int | float)}
        assert len(entry.sources) == len(numbers)
        assert all(len(source.text) > 10 for source in entry.sources.values())
