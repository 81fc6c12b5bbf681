"""Rule packs: what the law of a jurisdiction asks of a mark, clause by clause, held against figures that were measured.

A pack is data. The clauses name no number where the law names none: thresholds are the user's to fill in, in a file of
their own of the same name. Nothing here is a legal opinion; an outcome says which figure stands against which number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from types import MappingProxyType

from engrave.base.errors import InputError, raise_faults
from engrave.base.shares import wilson
from engrave.base.shelf import Shelf
from engrave.layout.places import Places

AT_LEAST, AT_MOST = "at least", "at most"

FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "alphanumeric_characters": "alphanumeric characters of the mark, in clear beside its ring or shapes",
        "character_height_um": "height of a character on the pin, um",
        "printed_character_height_um": "height of a character in the simulated primer, um",
        "distinct_marks": "marks on record over pins on record, 1 where no two pins share one",
        "cases": "cases that were struck and read, simulated or fired as the user's evidence says",
        "legible_cases": "of those, cases on which every character was read right",
        "legible_case_rate": "legible cases over cases, 0 to 1",
        "legible_case_rate_least": "lower end of its 95 % interval (Wilson), 0 to 1",
        "rounds": "rounds after which the last of the cases was struck",
        "worn_legible_case_rate_least": "as legible_case_rate_least, of cases struck after those rounds",
        "magnification": "magnification at which they were read",
    }
)
"""Figures that a clause may ask for, and what each is."""


class Status(StrEnum):
    """What came of a clause: a figure against a threshold, and no more than that."""

    NOT_EVALUATED = "not evaluated"
    MET = "met"
    NOT_MET = "not met"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One thing that is asked.

    asks : in one plain sentence. evidence : what this program or its user can show for it. figure : the figure that
    answers it, if one does; sense : ``at least`` or ``at most`` the threshold. threshold : None is blank.
    """

    number: str
    jurisdiction: str
    citation: str
    asks: str
    evidence: str
    figure: str | None = None
    sense: str = AT_LEAST
    threshold: float | None = None

    def __post_init__(self) -> None:
        """Check the words. Raises InputError with every fault."""
        faults = [
            f"{key}: is empty"
            for key in ("number", "jurisdiction", "citation", "asks", "evidence")
            if not getattr(self, key).strip()
        ]
        if self.figure is not None and self.figure not in FIGURES:
            faults.append(f"figure: {self.figure!r} is not known; use one of {', '.join(FIGURES)}")
        if self.sense not in (AT_LEAST, AT_MOST):
            faults.append(f"sense: {self.sense!r} is not known; use {AT_LEAST!r} or {AT_MOST!r}")
        if self.threshold is not None and self.figure is None:
            faults.append("threshold: there is no figure to hold it against; name one")
        if self.threshold is not None and not isfinite(self.threshold):
            faults.append(f"threshold: {self.threshold!r} must be a finite number")
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What a jurisdiction asks. ``stand`` says of what the text is known, and what is left open."""

    description: str
    stand: str
    clauses: tuple[Clause, ...]

    def __post_init__(self) -> None:
        """Check the numbers. Raises InputError with every fault."""
        numbers = [clause.number for clause in self.clauses]
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        faults = [f"clauses: {number}: there are two of this number" for number in twice]
        raise_faults(faults if numbers else ["clauses: there is none; add a [[clauses]] table"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseOutcome:
    """A clause, what came of it, and the figure that decided, None where none was given."""

    clause: Clause
    status: Status
    value: float | None
    words: str


PACKS: Shelf[Pack] = Shelf(kind="rules", package="engrave.layout", folder="packs", cls=Pack)
"""The packs that are shipped, and the user's own: ``rules/NAME.toml`` in a library goes before the shipped one."""


def design_figures(places: Places) -> dict[str, float]:
    """The figures that a layout has by itself."""
    return {
        "alphanumeric_characters": float(len(places.characters)),
        "character_height_um": places.settings.height_um,
    }


def case_figures(*, right: int, cases: int) -> dict[str, float]:
    """The figures of a run of cases, of which so many were read right in every character.

    Raises InputError unless there are cases and no more of them right than there are.
    """
    if not 0 <= right <= cases or cases == 0:
        raise InputError(
            f"cases: {right} right of {cases}; there must be one case or more, and no more right than cases"
        )
    return {
        "cases": float(cases),
        "legible_cases": float(right),
        "legible_case_rate": right / cases,
        "legible_case_rate_least": wilson(right, cases)[0],
    }


def evaluate_pack(pack: Pack, figures: Mapping[str, float]) -> tuple[ClauseOutcome, ...]:
    """Each clause of a pack against the figures, by name, in the pack's order.

    A clause without a threshold or without its figure is not evaluated, and says which is missing. Raises InputError
    with every figure of a name that is not known or that is no number.
    """
    faults = [f"figures: {name!r} is not known; known: {', '.join(FIGURES)}" for name in figures if name not in FIGURES]
    faults += [
        f"figures: {name}: {value!r} is no finite number" for name, value in figures.items() if not isfinite(value)
    ]
    raise_faults(faults)
    return tuple(_outcome(clause, figures) for clause in pack.clauses)


def _outcome(clause: Clause, figures: Mapping[str, float]) -> ClauseOutcome:
    value = None if clause.figure is None else figures.get(clause.figure)
    shown = "" if value is None else f"; {clause.figure} is {value:g}"
    if clause.figure is None:
        return _open(clause, None, "no figure answers this clause")
    if clause.threshold is None:
        return _open(clause, value, f"the threshold is blank{shown}")
    if value is None:
        return _open(clause, None, f"{clause.figure} was not measured")
    met = value >= clause.threshold if clause.sense == AT_LEAST else value <= clause.threshold
    status = Status.MET if met else Status.NOT_MET
    words = f"{status}: {clause.figure} is {value:g}, the threshold filled in is {clause.sense} {clause.threshold:g}"
    return ClauseOutcome(clause=clause, status=status, value=value, words=words)


def _open(clause: Clause, value: float | None, why: str) -> ClauseOutcome:
    status = Status.NOT_EVALUATED
    return ClauseOutcome(clause=clause, status=status, value=value, words=f"{status}: {why}")
