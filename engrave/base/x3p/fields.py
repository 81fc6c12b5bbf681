"""Single values of main.xml, each with its note or its fault where it is not as it should be."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engrave.base.units import DIMENSIONS
from engrave.base.x3p.archive import quoted
from engrave.base.x3p.document import Document

_LENGTH = next(dimension for dimension in DIMENSIONS if dimension.name == "length")
_MICRO = str.maketrans("µμ", "uu")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_COUNT = re.compile(r"[0-9]{1,19}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?")
# No number of a header needs more; what is longer is not looked at.
_LONGEST = 64
# What XML calls space; other spaces, such as the one that does not break, belong to the text.
_SPACE = " \t\r\n"


def collapsed(text: str) -> str:
    """The text in one line with single spaces, as XML Schema reads a token."""
    return re.sub(f"[{_SPACE}]+", " ", text.strip(_SPACE))


def number_of(text: str) -> float | None:
    """The finite number that the text is, by the schema's own pattern; None where it is none."""
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    value = float(text)
    return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """A document, and the lists that its notes and faults go on."""

    document: Document
    where: str
    notes: list[str]
    faults: list[str] = field(default_factory=list)

    def note(self, path: str, what: str) -> None:
        """What is odd and was read all the same."""
        self.notes.append(f"main.xml, {path}: {what}")

    def fault(self, path: str, what: str) -> None:
        """What cannot be read: its fault, and what to do."""
        self.faults.append(f"{self.where}, {path}: {what}")

    def has(self, path: str) -> bool:
        """Whether there is such an element."""
        return path in self.document.texts

    def text(self, path: str) -> str:
        """The element's text without space around it; empty where it is absent."""
        return self.document.texts.get(path, "").strip(_SPACE)

    def line(self, path: str, *, absent: str) -> str:
        """One line of text with single spaces; ``absent``, with a note, where there is none."""
        line = collapsed(self.text(path))
        if not line:
            self.note(path, f"missing; taken as {absent!r}")
        return line or absent

    def count(self, path: str, *, absent: int | None = None) -> int:
        """A whole number from 1; 0, with a fault, where it is none."""
        text = self.text(path)
        if not text and absent is not None:
            self.note(path, f"missing; taken as {absent}")
            return absent
        if _COUNT.fullmatch(text) is None or int(text) == 0:
            self.fault(path, f"{quoted(text)} is no number of samples; write a whole number from 1")
            return 0
        return int(text)

    def length_um(
        self, path: str, *, absent_m: str | None, allowed: Callable[[float], bool], what: str
    ) -> float | None:
        """Micrometres from metres, or from the unit that an attribute states; None, with a fault, where not allowed.

        ``absent_m`` stands for an element that is missing or empty; with None that is a fault as well.
        """
        text = self.text(path)
        factor = self._um_factor(path)
        if not text and absent_m is not None:
            if self.has(path):
                self.note(path, f"empty; taken as {absent_m}")
            text = absent_m
        value = number_of(text)
        if value is None or not allowed(value * float(factor)):
            self.fault(path, f"{quoted(text)} is no {what}")
            return None
        # By way of the decimal text: micrometres that were written as metres come back as the same number.
        return float(Decimal(text) * factor)

    def _um_factor(self, path: str) -> Decimal:
        unit = self.document.units.get(path)
        if unit is None:
            return Decimal("1e6")
        factor = _LENGTH.factors.get(unit.strip().translate(_MICRO))
        if factor is None:
            self.fault(path, f"the unit {quoted(unit)} is not known; use one of {', '.join(_LENGTH.factors)}")
        elif Decimal(factor) != Decimal("1e6"):
            self.note(path, f"in {quoted(unit)}, where the format has metres; converted")
        return Decimal(factor or "1e6")

    def date(self, path: str) -> datetime | None:
        """A date with its time; None, with a note, where there is none."""
        text = self.text(path)
        if _DATE.fullmatch(text):
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                pass
        self.note(path, f"{quoted(text)} is no date and time of XML Schema; left out" if text else "missing")
        return None
