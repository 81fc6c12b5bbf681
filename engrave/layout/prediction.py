"""How likely a mark is to be identified, predicted without cutting or striking it: to rank layouts, not to promise.

A way of striking fixes how far each place of the face goes into the cup and how hard the metal is pressed. From that
follows the depth to which a land prints, from depth and size how likely its symbol is read, and from all symbols how
many bits of the codeword are known. What it takes to be identified is fixed by the code. The figures below are priors;
``benchmarks/proof_layout.py`` holds the prediction against the full simulation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erf, sqrt

import numpy as np
from numpy.typing import NDArray

from engrave.code.profiles import Profile
from engrave.layout.places import LayoutSettings, Places
from engrave.strike import Condition, Primer, blow_of, fill_fraction
from engrave.strike.mechanics import TRAVEL_RELIEFS
from toolpaths.surface import Surface, centred_grid

FloatArray = NDArray[np.float64]

SYMBOL_BITS = 5
# Thirty bits of the id, fourteen for a posterior of .9999: below that a reading is no identification.
BITS_NEEDED = 44.0
# How often a damaged character is read at this height, um: the damage model of docs/face.md (.43 to .96), extended by
# the limit that it tends to.
_HEIGHTS_UM = (75.0, 100.0, 125.0, 150.0, 175.0, 200.0, 250.0)
_READ_SHARES = (0.1, 0.43, 0.70, 0.87, 0.94, 0.96, 0.98)
# Relief that is printed half as well as it can be, and over how many um it fades: contrast halves below 10 um.
_RELIEF_HALF_UM, _RELIEF_FADE_UM = 6.0, 1.5
# A tooth is read along its lines, which begin this far from its ends; each so many um add as much again.
_TOOTH_ENDS_UM, _TOOTH_LENGTH_UM, _TOOTH_BEST = 16.0, 25.0, 0.96
# Floor between teeth narrower than a relief prints late.
_FLOOR_SHARE = 0.5
# A pin that is dragged scrapes the dent's wall away from the form that the rest keeps. So far a reader follows it; what
# lies further off is lost on that side. Of the rest a drag spoils these shares. Found on 51 random layouts of two
# spheres and an ellipse, struck six times each: characters read as well as ever, teeth and shapes less.
_FOLLOWED_UM = 10.0
_SPOILED_CHARACTERS, _SPOILED_TEETH, _SPOILED_SHAPES = 0.05, 0.15, 0.2
# A smeared text must still tell its place. In two rows of four it did so 43 times of 48 where characters were about 160
# um high, and 72 times of 72 above 170 um; 27 of 30 where shapes stand about it, which it may be taken for. As margins:
_PLACED_AT_160_UM, _PLACED_PER_UM, _PLACED_AMID_SHAPES = 1.28, 0.08, -0.4
# Teeth that are smeared over a narrow floor are misread, which speaks against the right pin: where a mark of D was
# found, its floors 35 um wide, it was identified 28 times of 35, of A, 40 um and more, 82 times of 88.
_CLEAR_AT_35_UM, _CLEAR_PER_UM = 0.85, 0.1
# A stroke's own land over a neighbourhood of this sigma, and what joins and neighbours add.
_NEIGHBOURHOOD_UM, _JOINS = 30.0, 1.1
# What goes wrong in one strike goes wrong with many lands: a spread of this share of all bits.
_COMMON = 0.08
_FACE_SAMPLES = 33
# Step over which a slope is looked at, um, and what is as good as level.
_STEP_UM, _LEVEL = 5.0, 1e-9
# So many deviations from the mean a chance is 0 or 1 to rounding.
_FAR = 8.0
# Where in a character's box its print is looked at: the middle and towards the corners, in halves of the box.
_BOX = np.array([(0.0, 0.0), (0.8, 0.8), (-0.8, 0.8), (-0.8, -0.8), (0.8, -0.8)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Ways of striking one tip, (ways,) float each.

    A place of the face at height h reaches (h + slope . place - ends_um) x ``scale`` below the surface of the metal, at
    a mean pressure over flow stress of ``pressure``; the pin is then dragged ``drag_um`` along while it rises by
    ``rise_um``. condition : the number of the condition that each is a way of.
    """

    slope_x: FloatArray
    slope_y: FloatArray
    ends_um: FloatArray
    scale: FloatArray
    pressure: FloatArray
    drag_um: FloatArray
    rise_um: FloatArray
    condition: NDArray[np.int64]

    def reached_um(self, x_um: FloatArray, y_um: FloatArray, height_um: FloatArray) -> FloatArray:
        """How far places of the face, (...,), go in on each way: (ways, ...) float; negative outside the patch."""
        lift = (slice(None), *(np.newaxis,) * x_um.ndim)
        leaning = height_um + self.slope_x[lift] * x_um + self.slope_y[lift] * y_um
        reached: FloatArray = (leaning - self.ends_um[lift]) * self.scale[lift]
        return reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What is predicted of a layout.

    chance : of being identified, the least over the conditions. margin : by how many of its own spreads the bits known
    exceed those needed, or what a smeared text leaves of that, the least over the conditions: it goes on where chances
    have come to 1 or 0. bits : known at that condition. by_condition : each condition's chance.
    """

    chance: float
    margin: float
    bits: float
    by_condition: tuple[float, ...]


def ways_of(tip: Surface, primer: Primer, conditions: Sequence[Sequence[Condition]]) -> Ways:
    """Ways to strike a tip; for each condition those that are to be met. Raises InputError as ``blow_of`` does."""
    x_um, y_um, height_um = _face(tip)
    rows = []
    for number, met in enumerate(conditions):
        for condition in met:
            blow, dent_um = blow_of(tip, primer, condition)
            slope = np.tan(condition.tilt_rad)
            slope_x = slope * np.cos(condition.tilt_towards_rad - condition.turn_rad)
            slope_y = slope * np.sin(condition.tilt_towards_rad - condition.turn_rad)
            leaning = height_um + slope_x * x_um + slope_y * y_um
            share = min(np.pi * blow.contact_um(dent_um) ** 2 / tip.face_area_um2, 1.0)
            ends_um = float(np.quantile(leaning, 1.0 - share))
            beyond_um = dent_um - blow.growing_um(dent_um)
            scale = dent_um / max(float(leaning.max()) - ends_um + beyond_um, np.finfo(np.float64).tiny)
            drag = (0.0, 0.0) if condition.drag is None else (condition.drag.length_um, condition.drag.rise_um)
            rows.append((slope_x, slope_y, ends_um - beyond_um, scale, blow.pressure, *drag, number))
    columns = np.array(rows, dtype=np.float64).T
    return Ways(
        slope_x=columns[0],
        slope_y=columns[1],
        ends_um=columns[2],
        scale=columns[3],
        pressure=columns[4],
        drag_um=columns[5],
        rise_um=columns[6],
        condition=columns[7].astype(np.int64),
    )


def predict(
    places: Places, profile: Profile, tip: Surface, ways: Ways, *, relief_um: float, wall_um: float
) -> Prediction:
    """What is predicted of marks that stand in these places, raised.

    wall_um : from the crest to half relief.
    """
    settings = places.settings
    chances = [np.repeat(_characters(places, tip, ways, relief_um=relief_um, wall_um=wall_um), SYMBOL_BITS, axis=1)]
    if places.shapes:
        shapes = _shapes(places, tip, ways, relief_um=relief_um, wall_um=wall_um)
        chances.append(np.repeat(shapes, SYMBOL_BITS, axis=1))
    known = sum(part.sum(axis=1) for part in chances)
    # The bits of one character or shape are known or lost together.
    spread = sum(SYMBOL_BITS * (part * (1.0 - part)).sum(axis=1) for part in chances)
    if places.teeth:
        data = profile.symbols_per_track * SYMBOL_BITS / profile.sectors
        teeth = _teeth(places, settings, tip, ways, relief_um=relief_um, wall_um=wall_um)
        known = known + data * teeth.sum(axis=1)
        spread = spread + data * (teeth * (1.0 - teeth)).sum(axis=1)
    deviation = np.sqrt(spread + (_COMMON * known) ** 2)
    smeared = min(_placed(settings), _clear(places, settings, wall_um=wall_um))
    limit = np.where(ways.drag_um > 0, smeared, np.inf)
    margin = np.minimum((known - BITS_NEEDED) / np.maximum(deviation, 1.0), limit)
    count = np.bincount(ways.condition)
    by_condition = np.bincount(ways.condition, weights=_normal(margin)) / count
    margins = np.bincount(ways.condition, weights=margin) / count
    worst = int(np.argmin(margins))
    return Prediction(
        chance=float(by_condition.min()),
        margin=float(margins[worst]),
        bits=float(known[ways.condition == worst].mean()),
        by_condition=tuple(by_condition.tolist()),
    )


def _face(tip: Surface) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Places all over the face, and their heights, (n,) each."""
    half_um = tip.edge_radius_um
    axis = centred_grid(half_width_um=half_um, pixel_um=2 * half_um / (_FACE_SAMPLES - 1))
    x_um, y_um = (values.ravel() for values in np.meshgrid(axis, axis))
    height_um = tip.height_um(x_um, y_um)
    there = np.isfinite(height_um)
    return x_um[there], y_um[there], height_um[there]


def _printed_um(
    tip: Surface, ways: Ways, x_um: FloatArray, y_um: FloatArray, *, land: float, relief_um: float
) -> FloatArray:
    """Relief that prints at places in the reading frame on each way, (ways, ...); land : fraction about a land."""
    height_um = np.nan_to_num(tip.height_um(-x_um, y_um), nan=-np.inf)
    reached_um = ways.reached_um(-x_um, y_um, height_um)
    travel = np.clip(reached_um / (TRAVEL_RELIEFS * relief_um), 0.0, 1.0)
    filled = fill_fraction(np.full_like(ways.pressure, land), pressure=ways.pressure)
    printed: FloatArray = relief_um * travel * filled[(slice(None), *(np.newaxis,) * x_um.ndim)]
    return printed


def _legible(printed_um: FloatArray) -> FloatArray:
    """Share of its chance that a land of this printed relief keeps."""
    kept: FloatArray = 1.0 / (1.0 + np.exp((_RELIEF_HALF_UM - printed_um) / _RELIEF_FADE_UM))
    return kept


def _stroke_land(stroke_um: float) -> float:
    """Land fraction on the axis of a long stroke, with what joins add."""
    return _JOINS * erf(stroke_um / (2.0 * sqrt(2.0) * _NEIGHBOURHOOD_UM))


def _characters(places: Places, tip: Surface, ways: Ways, *, relief_um: float, wall_um: float) -> FloatArray:
    """Chance that each character is read, (ways, characters)."""
    settings = places.settings
    centres = np.array([(place.x_um, place.y_um) for place in places.characters])
    box = centres[:, np.newaxis] + _BOX * settings.height_um / 2
    land = _stroke_land(settings.stroke_um + 2 * wall_um)
    printed_um = _printed_um(tip, ways, box[..., 0], box[..., 1], land=land, relief_um=relief_um)
    spared = _spared(tip, ways, box[..., 0], box[..., 1], spoiled=_SPOILED_CHARACTERS)
    legible: FloatArray = (_legible(printed_um) * spared).mean(axis=2)
    return _read(settings.height_um) * legible


def _shapes(places: Places, tip: Surface, ways: Ways, *, relief_um: float, wall_um: float) -> FloatArray:
    """Chance that each shape is read, (ways, shapes): as a character of its height."""
    settings = places.settings
    circle = settings.shapes
    if circle is None:
        return np.zeros((len(ways.scale), 0))
    angle = np.array([place.angle_rad for place in places.shapes])
    out = np.column_stack([np.cos(angle), np.sin(angle)])
    box = circle.radius_um * out[:, np.newaxis] + _BOX * circle.height_um / 2
    land = _stroke_land(settings.stroke_um + 2 * wall_um)
    printed_um = _printed_um(tip, ways, box[..., 0], box[..., 1], land=land, relief_um=relief_um)
    spared = _spared(tip, ways, box[..., 0], box[..., 1], spoiled=_SPOILED_SHAPES)
    legible: FloatArray = (_legible(printed_um) * spared).mean(axis=2)
    return _read(circle.height_um) * legible


def _teeth(
    places: Places, settings: LayoutSettings, tip: Surface, ways: Ways, *, relief_um: float, wall_um: float
) -> FloatArray:
    """Chance that each cell of the ring is read, (ways, teeth)."""
    angle = np.array([place.angle_rad for place in places.teeth])
    spans = np.array([(settings.tracks[p.track].inner_um, settings.tracks[p.track].outer_um) for p in places.teeth])
    radii = np.column_stack([spans[:, 0], spans.mean(axis=1), spans[:, 1]])
    width_um = (settings.tooth_um or 0.0) + 2 * wall_um
    land = _stroke_land(width_um)
    x_um, y_um = radii * np.cos(angle)[:, None], radii * np.sin(angle)[:, None]
    printed_um = _printed_um(tip, ways, x_um, y_um, land=land, relief_um=relief_um)
    spared = _spared(tip, ways, x_um, y_um, spoiled=_SPOILED_TEETH)
    seen_um = np.maximum(np.diff(spans, axis=1)[:, 0] - _TOOTH_ENDS_UM, 0.0)
    length = 1.0 - np.exp(-seen_um / _TOOTH_LENGTH_UM)
    floor_um = 2 * spans[:, 0] * np.sin(np.pi / places.sectors) - width_um
    room = np.clip(floor_um / relief_um, _FLOOR_SHARE, 1.0)
    legible: FloatArray = (_legible(printed_um) * spared).mean(axis=2)
    chance: FloatArray = _TOOTH_BEST * legible * length * room
    return chance


def _read(height_um: float) -> float:
    """Chance that a character of this height is read where it has printed."""
    return float(np.interp(height_um, _HEIGHTS_UM, _READ_SHARES))


def _placed(settings: LayoutSettings) -> float:
    """The margin with which a reader finds where a smeared text lies."""
    margin = _PLACED_AT_160_UM + _PLACED_PER_UM * (settings.height_um - 160.0)
    return margin + (_PLACED_AMID_SHAPES if settings.shapes is not None else 0.0)


def _clear(places: Places, settings: LayoutSettings, *, wall_um: float) -> float:
    """The margin that the floor between smeared teeth leaves; no limit without teeth."""
    if not settings.tracks:
        return float("inf")
    pitch_um = 2 * min(track.inner_um for track in settings.tracks) * float(np.sin(np.pi / places.sectors))
    floor_um = pitch_um - (settings.tooth_um or 0.0) - 2 * wall_um
    return _CLEAR_AT_35_UM + _CLEAR_PER_UM * (floor_um - 35.0)


def _spared(tip: Surface, ways: Ways, x_um: FloatArray, y_um: FloatArray, *, spoiled: float) -> FloatArray:
    """Share that a drag leaves of what stands at places in the reading frame, over all directions: (ways, ...).

    Where the face falls by a slope, a drag towards its edge takes the metal down by length x slope, less the rise.
    """
    lift = (slice(None), *(np.newaxis,) * x_um.ndim)
    away = np.maximum(np.hypot(x_um, y_um), _STEP_UM)
    out_x_um, out_y_um = (x_um * (1.0 + _STEP_UM / away), y_um * (1.0 + _STEP_UM / away))
    here_um, out_um = tip.height_um(-x_um, y_um), tip.height_um(-out_x_um, out_y_um)
    fall = np.nan_to_num((here_um - out_um) / _STEP_UM, nan=0.0)
    taken_um = ways.drag_um[lift] * np.maximum(fall, _LEVEL)
    lost = np.arccos(np.minimum((ways.rise_um[lift] + _FOLLOWED_UM) / np.maximum(taken_um, _LEVEL), 1.0)) / np.pi
    spared: FloatArray = np.where(ways.drag_um[lift] > 0, (1.0 - lost) * (1.0 - spoiled), np.float64(1.0))
    return spared


def _normal(deviations: FloatArray) -> FloatArray:
    """The normal distribution, by the logistic approximation of Bowling et al. (2009), right to .0002."""
    near = np.clip(deviations, -_FAR, _FAR)
    return 1.0 / (1.0 + np.exp(-(0.07056 * near**3 + 1.5976 * near)))
