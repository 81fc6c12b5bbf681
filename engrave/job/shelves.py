"""The kinds of data that a job names, each on its shelf."""

from typing import Any

from engrave.base.shelf import Shelf
from engrave.job.fixtures import FIXTURES
from engrave.layout.packs import PACKS
from engrave.strike import CONDITIONS, ENSEMBLES, PRIMERS
from engrave.tips import PINS
from toolpaths.laser.recipe import Recipe
from toolpaths.machine import Machine

MACHINES: Shelf[Machine] = Shelf(kind="machines", package="toolpaths", folder="machines", cls=Machine)
PROCESSES: Shelf[Recipe] = Shelf(kind="processes", package="toolpaths.laser", folder="recipes", cls=Recipe)

SHELVES: dict[str, Shelf[Any]] = {
    shelf.kind: shelf for shelf in (PINS, MACHINES, PROCESSES, PRIMERS, CONDITIONS, ENSEMBLES, PACKS, FIXTURES)
}
