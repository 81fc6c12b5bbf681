"""How long something takes, and how people say it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

_MINUTE_S, _HOUR_S = 60, 3600
_TENTHS_BELOW_S = 9.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """Seconds, or a bound that it takes ``at_least`` so long."""

    seconds: float
    at_least: bool = False

    @classmethod
    def of_all(cls, durations: Iterable[Self | None]) -> Self | None:
        """One after the other; None where there is none at all, or one is not known."""
        known = [None if each is None else (each.seconds, each.at_least) for each in durations]
        found = [each for each in known if each is not None]
        if not found or len(found) < len(known):
            return None
        return cls(seconds=math.fsum(seconds for seconds, _ in found), at_least=any(bound for _, bound in found))

    def told(self) -> str:
        """In words: ``8.4 s``, ``41 min 12 s``, ``at least 1 h 22 min``."""
        return f"at least {self._words()}" if self.at_least else self._words()

    def _words(self) -> str:
        whole, minutes = round(self.seconds), round(self.seconds / _MINUTE_S)
        if self.seconds < _TENTHS_BELOW_S:
            return f"{self.seconds:.1f} s"
        if whole < _MINUTE_S:
            return f"{whole} s"
        if whole < _HOUR_S:
            return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
        return f"{minutes // _MINUTE_S} h {minutes % _MINUTE_S} min"
