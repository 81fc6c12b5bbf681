"""The characters, decided hard: the best glyph where it fits and no other comes near, otherwise nothing."""

import numpy as np
from numpy.typing import NDArray

from engrave.layout import Places
from engrave.reading.match import Match
from engrave.reading.templates import Templates
from engrave.reading.values import CharacterReading

FloatArray = NDArray[np.float64]

LEAST_FIT = 0.70
"""A character is erased where its glyph fits worse than this ..."""
LEAST_MARGIN = 0.08
"""... or where another glyph fits within this of it ..."""
LEAST_CONTRAST_SHARE = 0.4
"""... or where it stands out less than this share of what the mark's characters do in the middle."""


def relief_um(found: Match, tone: int) -> float:
    """Depth of the characters that fit, um: the median over places; of all that can be seen where none fits."""
    fit, depth_um = best_glyphs(found, tone)
    steady = found.inside & (fit.max(axis=1) >= LEAST_FIT)
    chosen = steady if steady.any() else found.inside
    return float(np.median(depth_um[chosen, fit.argmax(axis=1)[chosen]])) if chosen.any() else 0.0


def decided_characters(found: Match, geometry: Places, templates: Templates, tone: int) -> tuple[CharacterReading, ...]:
    """What stands at each place, in reading order."""
    fit, depth_um = best_glyphs(found, tone)
    usual_um = relief_um(found, tone)
    readings = []
    for place, own_fit, own_depth_um, inside in zip(geometry.characters, fit, depth_um, found.inside, strict=True):
        runner_up, best = (int(glyph) for glyph in np.argsort(own_fit)[-2:])
        decided = (
            inside
            and own_fit[best] >= LEAST_FIT
            and own_fit[best] - own_fit[runner_up] >= LEAST_MARGIN
            and own_depth_um[best] >= LEAST_CONTRAST_SHARE * usual_um
        )
        readings.append(
            CharacterReading(
                place=place.name,
                character=templates.characters[best] if decided else None,
                score=float(own_fit[best]),
                runner_up=templates.characters[runner_up],
                runner_up_score=float(own_fit[runner_up]),
                contrast_um=tone * float(own_depth_um[best]),
            )
        )
    return tuple(readings)


def erased_characters(geometry: Places) -> tuple[CharacterReading, ...]:
    """What stands at each place of a mark that is not there."""
    return tuple(
        CharacterReading(
            place=place.name, character=None, score=0.0, runner_up="", runner_up_score=0.0, contrast_um=0.0
        )
        for place in geometry.characters
    )


def best_glyphs(found: Match, tone: int) -> tuple[FloatArray, FloatArray]:
    """Fit and depth of every glyph at every place, at the shift where that glyph fits best: both (places, glyphs)."""
    signed = tone * found.fit
    at = signed.argmax(axis=2)[:, :, None]
    fit = np.take_along_axis(signed, at, axis=2)[:, :, 0]
    return fit, np.take_along_axis(tone * found.gain_um, at, axis=2)[:, :, 0]
