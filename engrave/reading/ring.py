"""The ring's cells: how deep the middle of each lies below its flanks, and what that makes of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.layout import Places
from engrave.reading.field import Field
from engrave.reading.pose import Pose
from engrave.reading.templates import TEMPLATE_UM, WALL_UM, inset_um
from engrave.reading.values import LOST

FloatArray = NDArray[np.float64]
Cells = NDArray[np.int8]
BoolArray = NDArray[np.bool_]

# Ends of teeth are round and their walls slope: lines are taken this far from either end, or a quarter of the track's
# depth where that is less.
_END_UM = 8.0
# Flanks begin where a tooth's walls have ended.
_FLANK_GAP_UM = WALL_UM + 6.0
# Shares of the teeth's own depth and of the cell's lines, as a tooth and as a gap must have them; between lies doubt.
_TOOTH_DEPTH, _TOOTH_LINES = 0.55, 0.70
_GAP_DEPTH, _GAP_LINES = 0.38, 0.30
_LEAST_SEEN_SHARE = 0.70
# Cells deeper than this share of the characters' relief say how deep a track's teeth are, if there are enough of them.
_TOOTHLIKE = 0.4
_LEAST_TEETH = 3
_LONG_RUN = 4
# A track of which this share can be seen, and so many cells, would show teeth: of 16 random cells fewer than three are
# teeth once in 500 times.
_VISIBLE_SHARE, _LEAST_VISIBLE = 0.5, 16
# Teeth that stand out less than this from the scatter of the gaps are no evidence.
_LEAST_CONTRAST_TO_SCATTER = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """Every cell's radial lines: depth of the middle below the flanks, (tracks, sectors, lines), NaN where not seen.

    present : (tracks, sectors), the cells that have a place on the tip; nothing is seen of others.
    """

    lines_um: FloatArray
    present: BoolArray

    def seen(self) -> BoolArray:
        """Cells of which enough can be seen, (tracks, sectors)."""
        seen: BoolArray = self.present & (np.isfinite(self.lines_um).mean(axis=2) >= _LEAST_SEEN_SHARE)
        return seen

    def contrast_um(self) -> FloatArray:
        """Median over each cell's lines, (tracks, sectors); NaN where too little is seen."""
        contrast = np.full(self.lines_um.shape[:2], np.nan)
        seen = self.seen()
        if seen.any():
            contrast[seen] = np.nanmedian(self.lines_um[seen], axis=1)
        return contrast


def view_cells(field: Field, geometry: Places, pose: Pose, *, tone: int) -> CellView:
    """Look at every cell where the pose says it lies; a profile without a ring has none."""
    tracks = [_track_lines(field, geometry, pose, track) for track in range(len(geometry.settings.tracks))]
    lines = max((track.shape[1] for track in tracks), default=1)
    padded = np.full((len(tracks), geometry.sectors, lines), np.nan)
    for track, own in enumerate(tracks):
        padded[track] = own[:, np.linspace(0, own.shape[1] - 1, lines).round().astype(np.intp)]
    return CellView(lines_um=tone * padded, present=geometry.present())


def _track_lines(field: Field, geometry: Places, pose: Pose, track: int) -> FloatArray:
    """One track's lines, (sectors, lines), NaN outside the patch and where a cell is absent."""
    settings = geometry.settings
    inner_um, outer_um = settings.tracks[track].inner_um, settings.tracks[track].outer_um
    end_um = min(_END_UM, (outer_um - inner_um) / 4)
    radius_um = np.arange(inner_um + end_um, outer_um - end_um + 1e-6, TEMPLATE_UM)
    half_pitch_um = np.pi * inner_um / geometry.sectors
    across_um = (
        np.arange(-np.floor(half_pitch_um / TEMPLATE_UM), np.floor(half_pitch_um / TEMPLATE_UM) + 1) * TEMPLATE_UM
    )
    own = [place for place in geometry.teeth if place.track == track]
    angle = np.array([place.angle_rad for place in own])[:, None, None]
    x_um = np.cos(angle) * radius_um[:, None] - np.sin(angle) * across_um
    y_um = np.sin(angle) * radius_um[:, None] + np.cos(angle) * across_um
    depth_um, inside_um = field.look(*pose.to_picture(x_um, y_um))
    depth_um = np.where(inside_um > 0, depth_um, np.nan)
    crest_um = (settings.tooth_um or 0.0) - 2.0 * inset_um(geometry)
    middle = np.abs(across_um) <= max((crest_um + WALL_UM) / 2, TEMPLATE_UM / 2)
    flank = np.abs(across_um) >= min(crest_um / 2 + _FLANK_GAP_UM, half_pitch_um - 2 * TEMPLATE_UM)
    lines = np.full((geometry.sectors, radius_um.size), np.nan)
    lines[[place.sector for place in own]] = _mean_of_seen(depth_um[..., middle]) - _mean_of_seen(depth_um[..., flank])
    return lines


def _mean_of_seen(values: FloatArray) -> FloatArray:
    """Mean along the last axis of what is no NaN; NaN where that is less than half."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    mean = np.where(known, values, 0.0).sum(axis=-1) / np.maximum(count, 1)
    return np.where(count >= values.shape[-1] / 2, mean, np.nan)


def decided_cells(view: CellView, *, relief_um: float) -> Cells:
    """1 a tooth, 0 a gap, -1 lost: (tracks, sectors) int8.

    relief_um : depth of the characters. A track on which no tooth is seen is lost: every mark has teeth on each.
    """
    contrast_um, seen = view.contrast_um(), view.seen()
    cells = np.full(contrast_um.shape, LOST, dtype=np.int8)
    for track, own_um in enumerate(contrast_um):
        known_um = own_um[seen[track]]
        tooth_um = tooth_depth_um(known_um, relief_um)
        if tooth_um is None:
            continue
        with np.errstate(invalid="ignore"):
            lines = view.lines_um[track]
            share = (lines > tooth_um / 2).sum(axis=1) / np.maximum(np.isfinite(lines).sum(axis=1), 1)
            tooth = seen[track] & (own_um > _TOOTH_DEPTH * tooth_um) & (share >= _TOOTH_LINES)
            gap = seen[track] & (np.abs(own_um) < _GAP_DEPTH * tooth_um) & (share <= _GAP_LINES)
        cells[track, tooth] = 1
        cells[track, gap] = 0
        cells[track, _doubtful(cells[track], view.present[track])] = LOST
    return cells


def is_bare(view: CellView, *, relief_um: float) -> bool:
    """Whether at least one track can be seen, and none that can shows teeth: text alone is no mark of this kind."""
    count = view.seen().sum(axis=1)
    visible = (count >= _LEAST_VISIBLE) & (count >= _VISIBLE_SHARE * view.present.sum(axis=1))
    teeth = standing_teeth(view, relief_um=relief_um)
    return bool(visible.any()) and bool((teeth[visible] < _LEAST_TEETH).all())


def standing_teeth(view: CellView, *, relief_um: float) -> NDArray[np.int64]:
    """How many cells of each track stand out as a tooth does, (tracks,)."""
    contrast_um = np.where(view.seen(), view.contrast_um(), 0.0)
    teeth: NDArray[np.int64] = np.count_nonzero(contrast_um > _TOOTHLIKE * relief_um, axis=1)
    return teeth


def _doubtful(cells: Cells, present: BoolArray) -> BoolArray:
    """Gaps in a long run without teeth in which a cell is lost: the run is where printing ends. (sectors,) bool.

    A long run of plain gaps is left alone: random cells hold one often enough. Where cells have no place a run ends,
    too: that nothing is there says nothing of how far it has printed.
    """
    ends = (cells == 1) | ~present
    first = int(np.argmax(ends))
    turned, empty = np.roll(cells, -first), np.roll(~ends, -first)
    run = np.cumsum(~empty)
    length = np.bincount(run, weights=empty)[run]
    lost = np.bincount(run, weights=empty & (turned == LOST))[run]
    doubtful: BoolArray = np.roll(empty & (length >= _LONG_RUN) & (lost > 0), first)
    return doubtful


def tooth_depth_um(contrast_um: FloatArray, relief_um: float) -> float | None:
    """Depth of one track's teeth; None where too few stand out."""
    toothlike = contrast_um > _TOOTHLIKE * relief_um
    if np.count_nonzero(toothlike) < _LEAST_TEETH:
        return None
    tooth_um = float(np.median(contrast_um[toothlike]))
    rest_um = contrast_um[~toothlike]
    scatter_um = 1.4826 * float(np.median(np.abs(rest_um))) if rest_um.size else 0.0
    return tooth_um if tooth_um > _LEAST_CONTRAST_TO_SCATTER * scatter_um else None
