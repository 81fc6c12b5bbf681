"""What the reader makes of each symbol, and the pins that soft decoding makes of them.

The likelihoods are the reader's own, by its calibration, which was fitted to simulated strikes. The posteriors are
worth as much as these, and no verdict asks them.
"""

from engrave.code.evidence import SoftReading, soft_reading
from engrave.code.profiles import Profile
from engrave.code.soft import SoftCandidate, SoftDecoding, decode_soft
from engrave.reading import Reading

CALIBRATED = (
    "The reader's likelihoods come from a calibration that was fitted to simulated strikes of profile A (ensemble"
    " field, the part for tuning). No struck primer was read."
)
"""What every posterior of a reading rests on."""


def weighed(reading: Reading, profile: Profile) -> SoftDecoding:
    """The pins that a reading of a mark of this profile may be of, all symbols weighed together."""
    return decode_soft(likelihoods_of(reading, profile))


def likelihoods_of(reading: Reading, profile: Profile) -> SoftReading:
    """The likelihoods of what was seen; all is lost where no mark was found."""
    return soft_reading(
        profile,
        characters=reading.character_log_likelihoods,
        cells=reading.cell_log_ratios,
        shapes=reading.shape_log_likelihoods,
    )


def posterior_of(decoding: SoftDecoding, identifier: int) -> float:
    """The posterior of one pin; 0 where it is not among the candidates."""
    return next((candidate.posterior for candidate in decoding.candidates if candidate.id == identifier), 0.0)


def likeliest_other(decoding: SoftDecoding, identifier: int | None) -> SoftCandidate | None:
    """The likeliest candidate that is not this pin; of all, where no pin is given."""
    return next((candidate for candidate in decoding.candidates if candidate.id != identifier), None)
