"""One pin under many strikes: what is read each time, carrier by carrier, and in which share of them it is enough."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engrave.base.shares import wilson
from engrave.code.alphabet import symbol_of
from engrave.code.decode import decode_symbols
from engrave.code.mark import Mark
from engrave.code.profiles import PROFILES, Profile
from engrave.code.reedsolomon import DIMENSION
from engrave.code.soft import decode_soft
from engrave.layout import Places
from engrave.reading import LOST, Reading
from engrave.strike import Condition, Impression, strike
from engrave.verify.check import Checker
from engrave.verify.compare import is_recessed
from engrave.verify.weighed import likelihoods_of
from toolpaths.surface import HeightMap

JOINTLY = "jointly"
_ROUNDS_BINS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What one carrier says of the pin: whether its likeliest one is right, and which pin it identifies, if any."""

    right: bool
    identified: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One strike of one pin. carriers : in the order of ``carriers_of``. characters : as read, ``?`` where none was.

    wrong_cells, lost_cells : of the ring, as far as it stands on the tip. wrong_shapes, lost_shapes : of the circle.
    """

    index: int
    condition: Condition
    dent_um: float
    contact_um: float
    characters: str
    wrong_cells: int
    lost_cells: int
    carriers: tuple[Carried, ...]
    wrong_shapes: int = 0
    lost_shapes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many of so many trials, with Wilson's interval of 95 %."""

    count: int
    trials: int
    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """One carrier over many trials: where it was right, where it identified the pin, and where it named another."""

    carrier: str
    right: Rate
    identified: Rate
    wrong: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Aged:
    """The rates of trials whose pins had fired so many rounds."""

    least_rounds: int
    most_rounds: int
    rates: tuple[Rates, ...]


def carriers_of(profile: Profile) -> tuple[str, ...]:
    """What a pin of this profile may be told by, in the order of reports: each alone, then everything together."""
    ring = ("ring",) if profile.tracks else ()
    shapes = ("shapes",) if profile.shapes else ()
    return ("all characters", "characters, filled", *ring, *shapes, JOINTLY)


def trial(tip: HeightMap, mark: Mark, checker: Checker, *, index: int, condition: Condition) -> Trial:
    """Strike a cut tip once and read what it leaves. Raises InputError where the strike is beyond the primer."""
    setup = checker.setup
    impression = strike(tip, form=setup.tip, primer=setup.job.primer.value, condition=condition)
    reading = checker.reader.read(impression.surface)
    return told(impression, reading, mark, setup.places, index=index, condition=condition)


def told(
    impression: Impression, reading: Reading, mark: Mark, places: Places, *, index: int, condition: Condition
) -> Trial:
    """What a reading is worth for this mark."""
    intended = np.array([[cell == "1" for cell in track] for track in mark.ring], dtype=np.int8)
    lost = reading.cells == LOST
    shapes = [read.shape for read in reading.shapes]
    return Trial(
        index=index,
        condition=condition,
        dent_um=impression.dent_um,
        contact_um=impression.contact_um,
        characters="".join(read.character or "?" for read in reading.characters),
        wrong_cells=int(np.count_nonzero(~lost & (reading.cells != intended.reshape(lost.shape)))),
        lost_cells=int(np.count_nonzero(lost & places.present())),
        wrong_shapes=sum(read not in (None, own) for read, own in zip(shapes, mark.shapes, strict=True)),
        lost_shapes=shapes.count(None),
        carriers=carried(reading, mark, polarity=places.settings.polarity),
    )


def carried(reading: Reading, mark: Mark, *, polarity: str) -> tuple[Carried, ...]:
    """What each carrier says, in the order of ``carriers_of``; one that is mirrored or in the wrong tone says nothing.

    A ring turned against its text is read where it stands, not turned back.
    """
    profile = PROFILES[mark.profile]
    if not reading.found or reading.mirrored or reading.inverted != is_recessed(polarity):
        return (Carried(right=False, identified=None),) * len(carriers_of(profile))
    text = "".join(read.character or "?" for read in reading.characters)
    soft = likelihoods_of(reading, profile)
    about = decode_soft(replace(soft, characters=np.zeros_like(soft.characters)))
    joint = decode_soft(soft)
    return (
        Carried(right=text == mark.characters, identified=None),
        Carried(right=_filled(text, profile) == mark.id, identified=None),
        *(
            Carried(
                right=bool(decoded.candidates) and decoded.candidates[0].id == mark.id,
                identified=decoded.identified.id if decoded.identified else None,
            )
            for decoded in (about, joint)
        ),
    )


def _filled(text: str, profile: Profile) -> int | None:
    """The pin that the characters alone name, two of them filled at most; None where they name none."""
    known = tuple(None if character == "?" else symbol_of(character) for character in text)
    if sum(symbol is not None for symbol in known) < DIMENSION:
        return None
    lost = (None,) * (profile.carried - len(known))
    candidates = decode_symbols((*known, *lost), profile).candidates
    return candidates[0].id if len(candidates) == 1 and not candidates[0].overruled else None


def rates(trials: Sequence[Trial], mark: Mark) -> tuple[Rates, ...]:
    """Each carrier's rates over at least one trial."""
    return tuple(
        Rates(
            carrier=carrier,
            right=_rate([entry.carriers[place].right for entry in trials]),
            identified=_rate([entry.carriers[place].identified == mark.id for entry in trials]),
            wrong=_rate([entry.carriers[place].identified not in (None, mark.id) for entry in trials]),
        )
        for place, carrier in enumerate(carriers_of(PROFILES[mark.profile]))
    )


def by_rounds(trials: Sequence[Trial], mark: Mark) -> tuple[Aged, ...]:
    """The rates against rounds fired, in five classes as wide as each other; none where no pin was worn."""
    fired = np.array([entry.condition.wear.rounds if entry.condition.wear else 0 for entry in trials])
    if fired.size == 0 or fired.max() == fired.min():
        return ()
    ends = np.linspace(fired.min(), fired.max() + 1, _ROUNDS_BINS + 1).round().astype(int)
    classes = np.searchsorted(ends, fired, side="right") - 1
    return tuple(
        Aged(
            least_rounds=int(ends[number]),
            most_rounds=int(ends[number + 1]) - 1,
            rates=rates([entry for entry, own in zip(trials, classes, strict=True) if own == number], mark),
        )
        for number in range(_ROUNDS_BINS)
        if (classes == number).any()
    )


def _rate(outcomes: Sequence[bool]) -> Rate:
    least, most = wilson(sum(outcomes), len(outcomes))
    return Rate(count=sum(outcomes), trials=len(outcomes), least=least, most=most)
