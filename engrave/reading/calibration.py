"""From evidence to likelihoods: a map with few parameters, which are data and were fitted to simulated impressions.

No symbol is ever impossible: with a small probability, the lapse, whatever was seen says nothing. What goes wrong on a
primer goes wrong with several symbols at once, while a decoder takes each by itself: the tempering draws the
likelihoods of all towards each other by as much as their errors scatter more than independent ones would (quasi-
likelihood; Wedderburn, Biometrika 61(3), 1974).
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engrave.base.config import key_of
from engrave.base.errors import raise_faults
from engrave.base.shelf import Shelf
from engrave.reading.evidence import CELL_QUALITIES, CHARACTER_QUALITIES, CellEvidence, CharacterEvidence

FloatArray = NDArray[np.float64]

LEAST_CHARACTER_LAPSE = 0.002
"""A character is thought to be any other with this probability at least, however well it fits: a floor by choice."""
LEAST_CELL_LAPSE = 0.002
"""A cell is thought to show nothing with this probability at least: a floor by choice."""

_MOST_LOG_SCALE = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Parameters of the map.

    character_scale : the logarithm of how many independent samples a place is worth, and what each of the
    CHARACTER_QUALITIES adds to it. character_lapse : log-odds that a place says nothing, and what its misfit adds.
    shape_tempering : what a shape's samples are worth beside a character's; all else of shapes is as of characters.
    cell_level : log-odds of a tooth at the middle between tooth and gap, and what level and share add, each from its
    own middle. tooth_scale, gap_scale : the logarithm of a factor on that, where it speaks for a tooth and for a gap, 0
    and what each of the CELL_QUALITIES adds. cell_lapse : log-odds that a cell says nothing. The temperings are from
    above 0 to 1.
    """

    description: str
    character_scale: tuple[float, ...]
    character_lapse: tuple[float, ...]
    character_tempering: float
    shape_tempering: float
    cell_level: tuple[float, ...]
    tooth_scale: tuple[float, ...]
    gap_scale: tuple[float, ...]
    cell_lapse: float
    cell_tempering: float

    def __post_init__(self) -> None:
        """Check how many parameters there are. Raises InputError with every fault."""
        counts = {
            "character_scale": 1 + len(CHARACTER_QUALITIES),
            "character_lapse": 2,
            "cell_level": 3,
            "tooth_scale": len(CELL_QUALITIES),
            "gap_scale": len(CELL_QUALITIES),
        }
        faults = [
            f"{key_of(name)}: {len(getattr(self, name))} figures; it needs {count}"
            for name, count in counts.items()
            if len(getattr(self, name)) != count
        ]
        faults += [
            f"{key_of(field.name)}: {getattr(self, field.name):g} must be above 0 and at most 1"
            for field in fields(self)
            if field.name.endswith("_tempering") and not 0 < getattr(self, field.name) <= 1
        ]
        raise_faults(faults)

    def characters(self, evidence: CharacterEvidence) -> FloatArray:
        """Log-likelihoods of the 32 symbols, (places, 32), their mean likelihood 1; 0 where nothing is seen."""
        return self._symbols(evidence, tempering=self.character_tempering)

    def shapes(self, evidence: CharacterEvidence) -> FloatArray:
        """The same of the 32 values of shapes."""
        return self._symbols(evidence, tempering=self.character_tempering * self.shape_tempering)

    def _symbols(self, evidence: CharacterEvidence, *, tempering: float) -> FloatArray:
        count = evidence.misfit.shape[1]
        scale = np.exp(np.minimum(_affine(self.character_scale, evidence.quality), _MOST_LOG_SCALE))
        scores = -0.5 * tempering * scale[:, None] * evidence.misfit
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        lapse = np.maximum(_logistic(_affine(self.character_lapse, evidence.quality[:, :1])), LEAST_CHARACTER_LAPSE)
        share = lapse[:, None] + (1.0 - lapse[:, None]) * count * odds / odds.sum(axis=1, keepdims=True)
        return np.where(evidence.seen[:, None], np.log(share), 0.0)

    def cells(self, evidence: CellEvidence) -> FloatArray:
        """Log-likelihood ratios of a tooth against a gap, (tracks, sectors); 0 where nothing is seen."""
        middle = np.stack([evidence.level - 0.5, evidence.share - 0.5], axis=-1)
        ratio = _affine(self.cell_level, middle)
        scales = (_affine((0.0, *scale), evidence.quality) for scale in (self.tooth_scale, self.gap_scale))
        tooth, gap = (np.exp(np.minimum(scale, _MOST_LOG_SCALE)) for scale in scales)
        probability = _logistic(self.cell_tempering * ratio * np.where(ratio > 0, tooth, gap))
        lapse = max(float(_logistic(np.array(self.cell_lapse))), LEAST_CELL_LAPSE)
        doubtful = lapse / 2 + (1.0 - lapse) * probability
        return np.where(evidence.seen, np.log(doubtful) - np.log1p(-doubtful), 0.0)


def _affine(parameters: tuple[float, ...], values: FloatArray) -> FloatArray:
    """The first parameter and the others times the values along the last axis."""
    total: FloatArray = parameters[0] + values @ np.array(parameters[1:])
    return total


def _logistic(values: FloatArray) -> FloatArray:
    probability: FloatArray = 0.5 + 0.5 * np.tanh(values / 2)
    return probability


CALIBRATIONS: Shelf[Calibration] = Shelf(
    kind="calibrations", package="engrave.reading", folder="calibrations", cls=Calibration
)
SHIPPED = "height-maps"
"""The calibration for height maps."""
