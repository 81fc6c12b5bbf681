"""The kinds of data that a job names, each on its shelf."""

from pathlib import Path
from typing import Any

from engrave.base.errors import InputError, UnknownNameError
from engrave.base.shelf import Shelf, Sourced
from engrave.job.fixtures import FIXTURES
from engrave.layout.packs import PACKS
from engrave.strike import CONDITIONS, ENSEMBLES, PRIMERS
from engrave.tips import PINS
from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.laser.recipe import Recipe
from toolpaths.machine import Machine

MACHINES: Shelf[Machine] = Shelf(kind="machines", package="toolpaths", folder="machines", cls=Machine)
PROCESSES: Shelf[Recipe] = Shelf(kind="processes", package="toolpaths.laser", folder="recipes", cls=Recipe)
MILLINGS: Shelf[Milling] = Shelf(kind="millings", package="toolpaths.edm", folder="millings", cls=Milling)
SINKINGS: Shelf[Sinking] = Shelf(kind="sinkings", package="toolpaths.edm", folder="sinkings", cls=Sinking)
# A job's process stands on one of these.
PROCESS_SHELVES: tuple[Shelf[Any], ...] = (PROCESSES, MILLINGS, SINKINGS)

_ALL: tuple[Shelf[Any], ...] = (PINS, MACHINES, *PROCESS_SHELVES, PRIMERS, CONDITIONS, ENSEMBLES, PACKS, FIXTURES)
SHELVES: dict[str, Shelf[Any]] = {shelf.kind: shelf for shelf in _ALL}


def load_process(name: str, library: Path | None = None) -> Sourced[Recipe | Milling | Sinking]:
    """The process of that name, whichever shelf it stands on.

    Raises UnknownNameError with every name that there is, and InputError where two shelves have it.
    """
    having = [shelf for shelf in PROCESS_SHELVES if name in shelf.names(library)]
    if len(having) > 1:
        kinds = " and ".join(shelf.kind for shelf in having)
        raise InputError(f"{name!r} stands among the {kinds}; rename the file in your library")
    if not having:
        known = "; ".join(f"{shelf.kind}: {', '.join(shelf.names(library))}" for shelf in PROCESS_SHELVES)
        raise UnknownNameError(f"{name!r} is not among the processes; known: {known}")
    found: Sourced[Recipe | Milling | Sinking] = having[0].load(name, library)
    return found
