"""A typed reading: the text as it was typed, what it says exactly, and what it is worth as likelihoods."""

from dataclasses import dataclass

import numpy as np

from engrave.code.channel import cell_log_likelihoods, choice_log_likelihoods
from engrave.code.decode import Options
from engrave.code.evidence import Logarithms, Orientation, SoftReading, soft_reading
from engrave.code.field import SIZE
from engrave.code.priors import P_FALSE_TOOTH, P_MISSED_TOOTH, P_WRONG_CHARACTER, P_WRONG_SHAPE
from engrave.code.profiles import PROFILE_A, Profile
from engrave.code.reading_text import Choices, ParsedReading, exact_options, parse_typed
from engrave.code.ring import LOST


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TypedReading:
    """What somebody typed of a mark.

    ``characters``, ``ring`` and ``shapes`` : the texts, exactly as typed. ``parsed`` : what they name. ``soft`` : the
    likelihoods, which rest on the priors of ``engrave.code.priors``.
    """

    profile: Profile
    characters: str
    ring: str
    shapes: str
    parsed: ParsedReading
    soft: SoftReading

    @property
    def options(self) -> Options:
        """The choices for each symbol, for exact decoding, the mark lying as it was typed."""
        return exact_options(self.parsed, self.profile)

    @property
    def every_choice(self) -> Options:
        """The same with every choice that was typed, however much it leaves to other symbols."""
        return exact_options(self.parsed, self.profile, most_left=1.0)

    def options_if(self, way: Orientation) -> Options:
        """The choices for each symbol, if the mark lies that way."""
        return exact_options(_laid(self.parsed, way), self.profile)


def typed_reading(characters: str, ring: str = "", shapes: str = "", profile: Profile = PROFILE_A) -> TypedReading:
    """Read what was typed; ``docs/code-spec.md``, clause 9, has the syntax. Raises InputError with every fault."""
    parsed = parse_typed(characters, ring, shapes, profile)
    return TypedReading(
        profile=profile,
        characters=characters,
        ring=ring,
        shapes=shapes,
        parsed=parsed,
        soft=soft_reading(
            profile,
            characters=np.array([_character(choices) for choices in parsed.characters]),
            cells=cell_log_likelihoods(parsed.cells, P_FALSE_TOOTH, P_MISSED_TOOTH),
            shapes=choice_log_likelihoods(parsed.shapes, P_WRONG_SHAPE),
        ),
    )


def _character(choices: Choices) -> Logarithms:
    """The log-likelihoods of one position: (32,).

    Probabilities are likelihoods: before the position was looked at every symbol was as probable as any other. What
    they leave, or the prior where that is more, all other symbols share.
    """
    others = SIZE - len(choices.symbols)
    if choices.probabilities is None or not others:
        even: Logarithms = choice_log_likelihoods([choices.symbols], P_WRONG_CHARACTER)[0]
        if choices.probabilities is not None:
            even[list(choices.symbols)] = np.log([float(share) for share in choices.probabilities])
        return even
    left = max(float(choices.left), P_WRONG_CHARACTER)
    given = np.array([float(share) for share in choices.probabilities])
    likelihoods = np.full(SIZE, left / others)
    likelihoods[list(choices.symbols)] = given * (1 - left) / given.sum()
    logarithms: Logarithms = np.log(likelihoods)
    return logarithms


def _laid(parsed: ParsedReading, way: Orientation) -> ParsedReading:
    """Cells and shapes where they would have been engraved, as ``evidence`` lays their likelihoods."""
    cells, shapes = parsed.cells, parsed.shapes
    sectors = cells.shape[1]
    if sectors:
        cells = cells[:, ((-1 if way.mirrored else 1) * np.arange(sectors) + way.turn) % sectors]
        if way.negative:
            cells = np.where(cells == LOST, LOST, 1 - cells).astype(np.int8)
    if shapes:
        shapes = tuple(shapes[(place + way.turn) % len(shapes)] for place in range(len(shapes)))
    return ParsedReading(characters=parsed.characters, cells=cells, shapes=shapes)
