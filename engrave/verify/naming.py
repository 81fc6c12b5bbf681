"""Whose id a reading names."""

from engrave.code.mark import Mark
from engrave.job.setup import Setup


def pin_of(identifier: int, mark: Mark, setup: Setup) -> tuple[str, str, str] | None:
    """Maker, model and serial of an id, by the job's ranges; None where they do not hold it.

    Where a registry gave the codes, an id of its pools is in no range. It is then taken for that of the mark in hand,
    if it is the mark's own: only the registry can tell whether the serial beside it is right.
    """
    located = setup.ranges.locate(identifier)
    if located is None and setup.job.registry is not None and identifier == mark.id:
        return mark.maker, mark.model, mark.serial
    return located
