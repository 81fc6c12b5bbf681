"""Shipped data and the user's own: by name, with a source for every number."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from engrave.base.config import Source
from engrave.base.errors import InputError, UnknownNameError
from engrave.base.shelf import Shelf
from engrave.tips import PINS

# Every figure that a tip of some shape has.
KNOWN = (
    "clocking_datum, clocking_tolerance, description, edge_radius, edge_round, edge_x, edge_y, front_radius, "
    "half_angle, heights, length_x, nose_radius, outline_x, outline_y, profile_r, profile_z, radius, radius_x, "
    "radius_y, runout, shape, step, width_y"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A kind of data that nobody ships."""

    width_um: float
    label: str


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "pins").mkdir()
    return tmp_path


def pin(library: Path, name: str, *, edge: str = '"0.5mm"', sources: str | None = None) -> None:
    text = f'description = "mine"\nshape = "flat"\nedge_radius = {edge}\n'
    text += '[sources]\nedge_radius = "my drawing"\n' if sources is None else sources
    (library / "pins" / f"{name}.toml").write_text(text)


def test_the_users_file_goes_before_the_shipped_one_of_its_name(library: Path) -> None:
    pin(library, "sphere-1.0")
    pin(library, "own")
    (library / "pins" / "folder.toml").mkdir()
    (library / "pins" / "notes.txt").write_text("no pin")
    assert PINS.load("sphere-1.0", library).value.shape == "flat"
    assert PINS.load("sphere-1.0").value.shape == "sphere"
    assert PINS.load("own", library).sources == {"edge_radius": Source(text="my drawing")}
    assert PINS.load("flat-1.8", library) == PINS.load("flat-1.8")
    assert PINS.names(library) == tuple(sorted((*PINS.names(), "own")))
    assert PINS.names(library / "none") == PINS.names()
    assert {"flat-1.8", "sphere-1.0"} < set(PINS.names())


@pytest.mark.parametrize("name", ["sphere", "../pins/sphere-1.0", "", "sphere-1.0.toml"])
def test_another_name_is_refused_with_those_that_exist(name: str) -> None:
    with pytest.raises(UnknownNameError, match=r"not among the pins; known: .*flat-1\.8, sphere-0\.8, sphere-1\.0"):
        PINS.load(name)


def test_a_number_without_a_source_is_refused(library: Path) -> None:
    pin(library, "own", sources="")
    with pytest.raises(InputError, match=r"^pins/own\.toml: edge_radius: no source; add it under \[sources\]$"):
        PINS.load("own", library)


def test_all_faults_of_a_file_come_at_once(library: Path) -> None:
    pin(library, "own", edge="0.5", sources='colour = "red"\n[sources]\nradius = ""\n')
    with pytest.raises(InputError) as caught:
        PINS.load("own", library)
    assert caught.value.faults == (
        "pins/own.toml: edge_radius: 0.5 has no unit; write '0.5um'",
        f"pins/own.toml: colour: unknown key; known here: {KNOWN}",
        "pins/own.toml: sources.radius: text: is empty; say where the number comes from",
        "pins/own.toml: edge_radius: no source; add it under [sources]",
        "pins/own.toml: sources.radius: names no number of this file",
    )


def test_sources_that_are_no_table_are_told_with_the_rest(library: Path) -> None:
    pin(library, "own", edge="0.5", sources="sources = 5\n")
    with pytest.raises(InputError) as caught:
        PINS.load("own", library)
    assert len(caught.value.faults) == 3


def test_a_shelf_says_its_kind_in_every_message(tmp_path: Path) -> None:
    shelf: Shelf[Thing] = Shelf(kind="things", package="engrave.tips", folder="pins", cls=Thing)
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "a.toml").write_text("width = ")
    with pytest.raises(InputError, match=r"^things/a\.toml: not TOML"):
        shelf.load("a", tmp_path)
    (tmp_path / "things" / "a.toml").write_bytes(b"\xff")
    with pytest.raises(InputError, match="is not UTF-8"):
        shelf.load("a", tmp_path)
