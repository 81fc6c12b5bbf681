"""What is fuzzed: a reader, and what it is given."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A reader: what it is given, made from ``seeds`` and ``tokens``, and what reads it.

    ``read`` says in a word how it went: a reader that finds fault without raising answers with another word.
    """

    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...]
    read: Callable[[bytes], str]
