"""Where a mark may lie in a picture, how it is turned and what a pixel may be: by where there is detail at all.

Under whatever light, text block and ring are full of detail and the metal between them is not. A plan of that, turn by
turn and size by size, is held against how much detail a coarse picture shows (normalised cross-correlation). Characters
and cells have no say in it; what this finds is only where to look closer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.layout import Places
from engrave.reading.field import BACKGROUND_SIGMA_UM, COARSE_UM
from engrave.reading.picture import Picture
from engrave.reading.picture_field import log_light
from engrave.reading.pose import Pose

FloatArray = NDArray[np.float64]

# Detail is averaged over squares of so many coarse pixels.
_BLOCK = 3
_PLAN_UM = _BLOCK * COARSE_UM
_OVERSAMPLED = 3
# Printed strokes reach so far beyond crests; glyphs fill their cell's height and this share of it across.
_WALLS_UM, _GLYPH_WIDTH_SHARE = 8.0, 0.72
# A ring is fuller or emptier than a text block; half of its cells are teeth.
_RING_SHARE = 0.6
_MARGIN_UM = 30.0
_TURNS = 36
# One mark in so many pixels: sizes between two tried ones are near enough to either.
_SIZE_RATIO = 1.08
# A bright scratch must not outshout a mark: detail is cut at this many times its mean.
_MOST_DETAIL = 4.0
# So much of the plan has to lie in the picture, and so much variance of the most there is, to be compared.
_LEAST_SHARE, _LEAST_VARIANCE_SHARE = 0.75, 0.02
_PLACES_A_SIZE, _SAME_BLOCKS = 2, 3
_ONE_SIZE_PLACES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a mark may lie. pose : of a mark of nominal size in um of this pixel, turned within half a circle."""

    um_per_px: float
    pose: Pose
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where a mark has detail.

    plans : (turns, n, n) at each of ``turns_rad``, of no mean and unit energy. disc : (n, n), how much of a pixel the
    plans cover.
    """

    plans: FloatArray
    disc: FloatArray
    turns_rad: FloatArray


def plan_of(geometry: Places) -> Plan:
    """The plan of a nominal geometry."""
    turns_rad = np.arange(_TURNS) * np.pi / _TURNS
    reach_um = geometry.outer_radius_um + _MARGIN_UM
    half = int(np.ceil(reach_um / _PLAN_UM))
    fine_um = _PLAN_UM / _OVERSAMPLED
    line = fine_um * (np.arange((2 * half + 1) * _OVERSAMPLED) - ((2 * half + 1) * _OVERSAMPLED - 1) / 2)
    x_um, y_um = np.meshgrid(line, line)
    disc = _averaged((np.hypot(x_um, y_um) < reach_um).astype(np.float64), _OVERSAMPLED)
    plans = np.stack([_averaged(_full_of_detail(geometry, x_um, y_um, turn), _OVERSAMPLED) for turn in turns_rad])
    plans -= disc * (plans.sum(axis=(1, 2)) / disc.sum())[:, None, None]
    plans /= np.sqrt(np.square(plans).sum(axis=(1, 2)))[:, None, None]
    return Plan(plans=plans, disc=disc, turns_rad=turns_rad)


def _full_of_detail(geometry: Places, x_um: FloatArray, y_um: FloatArray, turn_rad: float) -> FloatArray:
    """1 in the text block of a mark turned so, less in its tracks, 0 elsewhere."""
    settings = geometry.settings
    along = np.abs(x_um * np.cos(turn_rad) + y_um * np.sin(turn_rad))
    across = np.abs(y_um * np.cos(turn_rad) - x_um * np.sin(turn_rad))
    widest_um = max(abs(place.x_um) for place in geometry.characters) + _GLYPH_WIDTH_SHARE * settings.height_um / 2
    highest_um = max(abs(place.y_um) for place in geometry.characters) + settings.height_um / 2
    block = (along < widest_um + _WALLS_UM) & (across < highest_um + _WALLS_UM)
    around = _about_the_text(geometry, np.hypot(x_um, y_um), np.arctan2(y_um, x_um) - turn_rad)
    return np.where(block, 1.0, np.where(around, _RING_SHARE, 0.0))


def _about_the_text(geometry: Places, radius_um: FloatArray, angle_rad: FloatArray) -> NDArray[np.bool_]:
    """Where a mark that is not turned has a ring, as far as it stands on the tip, or shapes."""
    settings = geometry.settings
    circle = settings.shapes
    if circle is not None:
        return np.abs(radius_um - circle.radius_um) < circle.height_um / 2 + _WALLS_UM
    if not geometry.teeth:
        return np.zeros(radius_um.shape, dtype=np.bool_)
    ring = (radius_um > settings.tracks[0].inner_um - _WALLS_UM) & (
        radius_um < settings.tracks[-1].outer_um + _WALLS_UM
    )
    sector = np.round((np.pi / 2 - angle_rad) / (2 * np.pi) * geometry.sectors).astype(np.intp) % geometry.sectors
    stands: NDArray[np.bool_] = np.any(geometry.present(), axis=0)
    return ring & stands[sector]


def starts(picture: Picture, plan: Plan, *, most: int) -> list[Start]:
    """The likeliest places, turns and sizes, the best first."""
    sizes = sizes_of(picture)
    places = _PLACES_A_SIZE if len(sizes) > 1 else _ONE_SIZE_PLACES
    found = [start for um_per_px in sizes for start in _at_size(picture, plan, um_per_px, most=places)]
    return sorted(found, key=lambda start: -start.score)[:most]


def sizes_of(picture: Picture) -> tuple[float, ...]:
    """The pixels to try, um, as near to each other as a search asks for."""
    if picture.um_per_px is not None:
        return (picture.um_per_px,)
    least, most = picture.least_um_per_px, picture.most_um_per_px
    count = 1 + int(np.ceil(np.log(most / least) / np.log(_SIZE_RATIO)))
    return tuple(np.geomspace(least, most, count).tolist())


def _at_size(picture: Picture, plan: Plan, um_per_px: float, *, most: int) -> list[Start]:
    detail = _detail(picture, um_per_px)
    if min(detail.shape) < plan.disc.shape[0] / 2:
        return []
    score = _compared(detail, plan)
    found = []
    for _ in range(most):
        turn, row, column = (int(index) for index in np.unravel_index(int(np.argmax(score)), score.shape))
        own = score[:, row, column]
        near = np.roll(own, 1 - turn)[:3]
        step_rad = np.pi / len(plan.turns_rad)
        x_um, y_um = (
            _PLAN_UM * (index - (length - 1) / 2)
            for index, length in ((column, detail.shape[1]), (row, detail.shape[0]))
        )
        pose = Pose(x_um=x_um, y_um=y_um, rotation_rad=turn * step_rad + _vertex(near) * step_rad, mirrored=False)
        found.append(Start(um_per_px=um_per_px, pose=pose, score=float(own[turn])))
        rows = slice(max(row - _SAME_BLOCKS, 0), row + _SAME_BLOCKS + 1)
        score[:, rows, max(column - _SAME_BLOCKS, 0) : column + _SAME_BLOCKS + 1] = -1.0
    return found


def _vertex(near: FloatArray) -> float:
    """Where the parabola through three values has its top, in steps from the middle one."""
    curve = near[0] - 2.0 * near[1] + near[2]
    return float(np.clip((near[0] - near[2]) / (2.0 * curve), -0.5, 0.5)) if curve < 0 else 0.0


def _detail(picture: Picture, um_per_px: float) -> FloatArray:
    """How much detail there is about each place, (rows, columns) in pixels of the plan, row 0 the lowest."""
    from scipy.ndimage import gaussian_filter

    light = log_light(picture, um_per_px, pixel_um=COARSE_UM, block=_BLOCK)
    if light.size == 0:
        return light
    detail = np.abs(light - gaussian_filter(light, BACKGROUND_SIGMA_UM / COARSE_UM, mode="nearest"))
    mean = _averaged(detail, _BLOCK)
    cut: FloatArray = np.minimum(mean, _MOST_DETAIL * mean.mean())
    return cut


def _averaged(values: FloatArray, step: int) -> FloatArray:
    """Means over squares."""
    rows, columns = (length // step for length in values.shape)
    mean: FloatArray = values.reshape(rows, step, columns, step).mean(axis=(1, 3))
    return mean


def _compared(detail: FloatArray, plan: Plan) -> FloatArray:
    """Normalised correlation with the plan at every turn and place, (turns, rows, columns); -1 too near the border."""
    from scipy.fft import irfft2, next_fast_len, rfft2

    size = plan.disc.shape[0]
    shape = tuple(next_fast_len(length + size, real=True) for length in detail.shape)

    def correlated(image: FloatArray, plans: FloatArray) -> FloatArray:
        wide: FloatArray = irfft2(rfft2(image, shape) * np.conj(rfft2(plans, shape)), shape)
        turned: FloatArray = np.roll(wide, (size // 2, size // 2), axis=(-2, -1))
        return turned[..., : detail.shape[0], : detail.shape[1]]

    covered = correlated(np.ones_like(detail), plan.disc)
    count = np.maximum(covered, 1.0)
    variance = correlated(np.square(detail), plan.disc) - np.square(correlated(detail, plan.disc)) / count
    least = max(_LEAST_VARIANCE_SHARE * float(variance.max()), 1e-9)
    score = correlated(detail - detail.mean(), plan.plans) / np.sqrt(np.maximum(variance, least))
    return np.where(covered >= _LEAST_SHARE * plan.disc.sum(), score, -1.0)
