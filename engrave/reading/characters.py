"""What stands at each place, decided hard: the best image where it fits and no other comes near, otherwise nothing.

Characters and shapes are judged alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.layout import Places
from engrave.reading.match import Match
from engrave.reading.templates import Images
from engrave.reading.values import CharacterReading

FloatArray = NDArray[np.float64]

LEAST_FIT = 0.70
"""A character is erased where its glyph fits worse than this ..."""
LEAST_MARGIN = 0.08
"""... or where another glyph fits within this of it ..."""
LEAST_CONTRAST_SHARE = 0.4
"""... or where it stands out less than this share of what the mark's characters do in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One place: the name of what stands there, None where that is not sure; best and next best fit; its depth."""

    name: str | None
    score: float
    runner_up: str
    runner_up_score: float
    contrast_um: float


def relief_um(found: Match, tone: int) -> float:
    """Depth of the characters that fit, um: the median over places; of all that can be seen where none fits."""
    fit, depth_um = best_glyphs(found, tone)
    steady = found.inside & (fit.max(axis=1) >= LEAST_FIT)
    chosen = steady if steady.any() else found.inside
    return float(np.median(depth_um[chosen, fit.argmax(axis=1)[chosen]])) if chosen.any() else 0.0


def decided(found: Match, images: Images, tone: int, *, usual_um: float) -> Iterator[Decided]:
    """What stands at each place; ``usual_um`` : how deep the mark's characters are."""
    fit, depth_um = best_glyphs(found, tone)
    for own_fit, own_depth_um, inside in zip(fit, depth_um, found.inside, strict=True):
        runner_up, best = (int(glyph) for glyph in np.argsort(own_fit)[-2:])
        is_sure = (
            inside
            and own_fit[best] >= LEAST_FIT
            and own_fit[best] - own_fit[runner_up] >= LEAST_MARGIN
            and own_depth_um[best] >= LEAST_CONTRAST_SHARE * usual_um
        )
        yield Decided(
            name=images.names[best] if is_sure else None,
            score=float(own_fit[best]),
            runner_up=images.names[runner_up],
            runner_up_score=float(own_fit[runner_up]),
            contrast_um=tone * float(own_depth_um[best]),
        )


def decided_characters(found: Match, geometry: Places, images: Images, tone: int) -> tuple[CharacterReading, ...]:
    """What stands at each place of a character, in reading order."""
    return tuple(
        CharacterReading(
            place=place.name,
            character=own.name,
            score=own.score,
            runner_up=own.runner_up,
            runner_up_score=own.runner_up_score,
            contrast_um=own.contrast_um,
        )
        for place, own in zip(
            geometry.characters, decided(found, images, tone, usual_um=relief_um(found, tone)), strict=True
        )
    )


def erased_characters(geometry: Places) -> tuple[CharacterReading, ...]:
    """What stands at each place of a mark that is not there."""
    return tuple(
        CharacterReading(
            place=place.name, character=None, score=0.0, runner_up="", runner_up_score=0.0, contrast_um=0.0
        )
        for place in geometry.characters
    )


def best_glyphs(found: Match, tone: int) -> tuple[FloatArray, FloatArray]:
    """Fit and depth of every image at every place, at the shift where it fits best: both (places, images)."""
    signed = tone * found.fit
    at = signed.argmax(axis=2)[:, :, None]
    fit = np.take_along_axis(signed, at, axis=2)[:, :, 0]
    return fit, np.take_along_axis(tone * found.gain_um, at, axis=2)[:, :, 0]
