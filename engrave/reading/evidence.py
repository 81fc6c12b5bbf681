"""What speaks for each symbol, as numbers that a calibration turns into likelihoods; nothing is decided here."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.reading.characters import best_glyphs, relief_um
from engrave.reading.match import Match
from engrave.reading.ring import CellView, tooth_depth_um

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

CHARACTER_QUALITIES = ("misfit", "faintness", "outside", "misfit of the others")
CELL_QUALITIES = ("doubt nearby", "doubt on the track", "bareness nearby", "hidden", "misfit of the characters")

# A fit is never taken for perfect: templates are not.
_MOST_FIT = 0.995
_LEAST_DEPTH_SHARE, _MOST_DEPTH_SHARE = 0.1, 2.0
_LEAST_LEVEL, _MOST_LEVEL = -0.5, 1.5
# A misfit that is next to none, on which the characters' own is measured.
_NO_MISFIT = -4.0
# Sectors to either side that tell whether a cell's neighbourhood has printed.
_NEARBY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterEvidence:
    """How well each glyph fits each place of a character, or each shape each place of a shape.

    misfit : (places, glyphs), the logarithm of the share of the place's variance that the glyph leaves unexplained, 0
    where it fits not at all. quality : (places, 4), what the fits are worth by, in the order of CHARACTER_QUALITIES:
    the least misfit; the logarithm of the usual depth over this one's; the share of the place outside the patch; the
    mean least misfit of the other places. seen : (places,) whether enough of the place lies inside the patch.
    """

    misfit: FloatArray
    quality: FloatArray
    seen: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEvidence:
    """How each cell of the ring compares with the teeth of its track: all (tracks, sectors), qualities by 5.

    level : depth of its middle in depths of a tooth. share : part of its lines deeper than half a tooth. quality : in
    the order of CELL_QUALITIES, each from 0 to 1: how far the levels near it, and on its track, are from both tooth and
    gap; how far the tallest near it but one is from a tooth; the part of its lines that is not seen; how badly the
    characters fit, which is alike for the whole ring. seen : whether enough of it is, on a track that shows teeth.
    """

    level: FloatArray
    share: FloatArray
    quality: FloatArray
    seen: BoolArray


def character_evidence(found: Match, tone: int) -> CharacterEvidence:
    """What the match of the characters says of every place."""
    return match_evidence(found, tone, usual_um=relief_um(found, tone))


def match_evidence(found: Match, tone: int, *, usual_um: float) -> CharacterEvidence:
    """What a match says of every place; ``usual_um`` : how deep the mark's characters are."""
    fit, depth_um = best_glyphs(found, tone)
    misfit = np.log1p(-np.square(np.clip(fit, 0.0, _MOST_FIT)))
    least = misfit.min(axis=1)
    deep_um = np.take_along_axis(depth_um, fit.argmax(axis=1)[:, None], axis=1)[:, 0]
    depth_share = deep_um / usual_um if usual_um > 0 else np.ones_like(deep_um)
    quality = np.stack(
        [
            least,
            -np.log(np.clip(depth_share, _LEAST_DEPTH_SHARE, _MOST_DEPTH_SHARE)),
            1.0 - found.share,
            _mean_of_others(least, found.inside),
        ],
        axis=1,
    )
    return CharacterEvidence(misfit=misfit, quality=quality, seen=found.inside)


def _mean_of_others(values: FloatArray, seen: BoolArray) -> FloatArray:
    """For each place the mean over the other places that are seen; 0 where there is none."""
    known = np.where(seen, values, 0.0)
    others = known.sum() - known
    count = seen.sum() - seen
    return np.where(count > 0, others / np.maximum(count, 1), 0.0)


def cell_evidence(view: CellView, characters: CharacterEvidence, *, relief_um: float) -> CellEvidence:
    """What the lines across the ring say of every cell. relief_um : depth of the characters."""
    contrast_um, seen = view.contrast_um(), view.seen()
    level = np.zeros(contrast_um.shape)
    share = np.zeros(contrast_um.shape)
    hidden = 1.0 - np.isfinite(view.lines_um).mean(axis=2)
    for track, own_um in enumerate(contrast_um):
        tooth_um = tooth_depth_um(own_um[seen[track]], relief_um)
        if tooth_um is None:
            seen[track] = False
            continue
        with np.errstate(invalid="ignore"):
            deep = (view.lines_um[track] > tooth_um / 2).sum(axis=1)
        share[track] = deep / np.maximum(np.isfinite(view.lines_um[track]).sum(axis=1), 1)
        level[track] = np.clip(np.nan_to_num(own_um) / tooth_um, _LEAST_LEVEL, _MOST_LEVEL)
    doubt = np.where(seen, np.clip(4.0 * level * (1.0 - level), 0.0, 1.0), 0.0)
    near_doubt, near_count = (_nearby(part).sum(axis=0) for part in (doubt, seen.astype(np.float64)))
    tracks_doubt = doubt.sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    quality = np.stack(
        [
            np.broadcast_to(near_doubt / np.maximum(near_count, 1.0), level.shape),
            np.broadcast_to(tracks_doubt, level.shape),
            np.broadcast_to(_bareness(np.where(seen, level, 0.0)), level.shape),
            hidden,
            np.full(level.shape, _strangeness(characters)),
        ],
        axis=2,
    )
    return CellEvidence(level=level, share=share, quality=quality, seen=seen)


def _strangeness(characters: CharacterEvidence) -> float:
    """How badly the characters that are seen fit: from 0, perfectly, to 1, not at all, or where none is seen."""
    least = characters.quality[characters.seen, 0]
    return float(np.clip(1.0 - least.mean() / _NO_MISFIT, 0.0, 1.0)) if least.size else 1.0


def _nearby(values: FloatArray) -> FloatArray:
    """The cells of all tracks about each sector, (cells, sectors); values : (tracks, sectors)."""
    return np.concatenate([np.roll(values, step, axis=1) for step in range(-_NEARBY, _NEARBY + 1)])


def _bareness(level: FloatArray) -> FloatArray:
    """1 less the second largest level about each sector, from 0 to 1: one cell alone may be dirt. (sectors,)."""
    if not level.size:
        return np.zeros(level.shape[1])
    second: FloatArray = np.sort(_nearby(level), axis=0)[-2]
    return np.clip(1.0 - second, 0.0, 1.0)
