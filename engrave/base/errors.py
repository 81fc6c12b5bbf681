"""Errors, named by what the user can do next, and the exit codes they lead to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """What the process tells its caller."""

    DONE = 0
    UNFINISHED = 1
    WRONG_INPUT = 2
    NO = 3
    INTERRUPTED = 130


class EngraveError(Exception):
    """The root of everything this package raises on purpose.

    ``faults`` are all the faults found, each a full sentence with its place; ``slug`` names the kind for programs.
    """

    slug = "error"
    exit_code = Exit.UNFINISHED

    def __init__(self, faults: str | Sequence[str]) -> None:
        self.faults: tuple[str, ...] = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))

    def __reduce__(self) -> tuple[type["EngraveError"], tuple[tuple[str, ...]]]:
        """Errors cross process boundaries whole."""
        return type(self), (self.faults,)


class InputError(EngraveError, ValueError):
    """Correct what was given, then call again."""

    slug = "input"
    exit_code = Exit.WRONG_INPUT


class UnknownNameError(EngraveError, LookupError):
    """Choose one of the names that exist; the message lists them."""

    slug = "unknown-name"
    exit_code = Exit.WRONG_INPUT


class OccupiedError(EngraveError, ValueError):
    """Name another output folder, or repeat the command this one was begun with."""

    slug = "occupied"
    exit_code = Exit.WRONG_INPUT


class UnfinishedError(EngraveError, OSError):
    """Mend the circumstance (disk, permission, interruption) and repeat the same command: nothing is half-written."""

    slug = "unfinished"
    exit_code = Exit.UNFINISHED


def raise_faults(faults: Sequence[str]) -> None:
    """Raise InputError with all of them; nothing where there are none."""
    if faults:
        raise InputError(faults)


@dataclass(frozen=True, slots=True)
class Collecting:
    """A block whose EngraveError is not raised: its faults go on the list, and what stands behind the block goes on."""

    faults: list[str]
    prefix: str = ""

    def __enter__(self) -> None:
        """Nothing is needed beforehand."""

    def __exit__(self, _kind: object, error: object, _trace: object) -> bool:
        if not isinstance(error, EngraveError):
            return False
        self.faults.extend(f"{self.prefix}{fault}" for fault in error.faults)
        return True
