"""A user's own process of several steps: read with its delays and sources, and all its faults at once."""

from importlib.resources import files
from pathlib import Path

import pytest

from engrave.base.errors import InputError
from engrave.job.shelves import PROCESSES
from toolpaths.model import Delays

FINE = files("toolpaths.laser").joinpath("recipes/fs-steel-fine.toml").read_text("utf-8")
DELAYS = """[steps.delays]
laser_on = "-20us"
laser_off = "30us"
jump_time = "100us"
mark = "50us"
polygon = "10us"
jump_speed = "1m/s"
sky_writing = 1
"""
KEYS = ("laser_on", "laser_off", "jump_time", "mark", "polygon", "jump_speed", "sky_writing")
SOURCES = "".join(f'"steps.delays.{key}" = "the scanner\'s data sheet"\n' for key in KEYS)


def library(folder: Path, text: str) -> Path:
    (folder / "processes").mkdir()
    (folder / "processes" / "own.toml").write_text(text)
    return folder


def test_a_step_may_have_a_scanners_delays(tmp_path: Path) -> None:
    """The sky-writing, delays and speed of jumps belong to the step they stand under."""
    text = FINE.replace("# Half the depth a pass", DELAYS + "\n# Half the depth a pass") + SOURCES
    entry = PROCESSES.load("own", library(tmp_path, text))
    delays = Delays(
        laser_on_s=-20e-6, laser_off_s=30e-6, jump_s=1e-4, mark_s=5e-5, polygon_s=1e-5, jump_um_s=1e6, sky_writing=1
    )
    rough, finish, *_ = entry.value.steps
    assert rough.delays == delays
    assert finish.delays is None
    assert entry.value.process_of(rough).delays == delays
    assert entry.sources["steps.delays.jump_speed"].text == "the scanner's data sheet"


def test_all_faults_of_a_process_of_steps_are_told_at_once(tmp_path: Path) -> None:
    text = FINE.replace('kind = "finish"', 'kind = "polish"').replace('hatch = "4um"', 'hatch = "4"', 1)
    text = text.replace("# Half the depth a pass", DELAYS + "\n# Half the depth a pass").replace(
        "zones = 8", "zone = 8"
    )
    with pytest.raises(InputError) as caught:
        PROCESSES.load("own", library(tmp_path, text))
    told = "\n".join(caught.value.faults)
    for fault in (
        "steps[0].hatch: ",
        "zone: unknown key",
        "steps[1]: step 'polish': kind: 'polish' is not known",
        "steps.delays.jump_time: no source",
        "sources.zones: names no number of this file",
    ):
        assert fault in told, told
