"""How work that takes long tells where it is, and what is said of it where it is interrupted."""

from collections.abc import Callable

Progress = Callable[[int, int, str, bool | None], None]
"""Called with how many are done, how many there are, the name of the one just done, and whether it passed: None where
that is not known."""


def silent(_done: int, _total: int, _name: str, _passed: bool | None) -> None:  # noqa: FBT001 - called by place
    """Progress that nobody watches."""


def stopped(done: int, total: int) -> KeyboardInterrupt:
    """The interruption of a batch that goes on from where it is when it is called again."""
    return KeyboardInterrupt(f"stopped after {done} of {total} pins; the same command goes on from there")
