"""What the reader decided as likelihoods, and the pins that soft decoding makes of them.

The reader decides hard and measures contrasts and correlations that nobody has held against real primers. The
likelihoods therefore rest on its decisions alone and on the priors of ``engrave.code.priors``; a contrast that is three
times the least makes nothing more certain. The posteriors are worth as much as these priors, and no verdict asks them.
"""

import numpy as np

from engrave.code.alphabet import symbol_of
from engrave.code.channel import cell_log_likelihoods
from engrave.code.evidence import Logarithms, SoftReading, soft_reading
from engrave.code.field import SIZE
from engrave.code.priors import P_FALSE_TOOTH, P_MISSED_TOOTH, P_WRONG_CHARACTER
from engrave.code.profiles import PROFILE_A
from engrave.code.soft import SoftCandidate, SoftDecoding, decode_soft
from engrave.reading import Reading

# Of the chance that a decided character is another, the glyph that fits second best has this share. A prior.
_RUNNER_UP_SHARE = 0.5


def weighed(reading: Reading) -> SoftDecoding:
    """The pins that a reading may be of, all symbols weighed together."""
    return decode_soft(likelihoods_of(reading))


def likelihoods_of(reading: Reading) -> SoftReading:
    """The likelihoods of what was decided; what was not is lost, and so is everything where no mark was found."""
    return soft_reading(
        PROFILE_A,
        characters=np.array([_character(read.character, read.runner_up) for read in reading.characters]),
        cells=cell_log_likelihoods(reading.cells, P_FALSE_TOOTH, P_MISSED_TOOTH),
    )


def _character(decided: str | None, runner_up: str) -> Logarithms:
    """The log-likelihoods of one place, (32,)."""
    symbol, second = (symbol_of(character or "") for character in (decided, runner_up))
    if symbol is None or second is None:
        return np.zeros(SIZE)
    likelihoods = np.full(SIZE, P_WRONG_CHARACTER * (1 - _RUNNER_UP_SHARE) / (SIZE - 2))
    likelihoods[second] = P_WRONG_CHARACTER * _RUNNER_UP_SHARE
    likelihoods[symbol] = 1 - P_WRONG_CHARACTER
    logarithms: Logarithms = np.log(likelihoods)
    return logarithms


def posterior_of(decoding: SoftDecoding, identifier: int) -> float:
    """The posterior of one pin; 0 where it is not among the candidates."""
    return next((candidate.posterior for candidate in decoding.candidates if candidate.id == identifier), 0.0)


def likeliest_other(decoding: SoftDecoding, identifier: int | None) -> SoftCandidate | None:
    """The likeliest candidate that is not this pin; of all, where no pin is given."""
    return next((candidate for candidate in decoding.candidates if candidate.id != identifier), None)
