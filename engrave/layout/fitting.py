"""The layout that a tip, a process and a primer carry best: sizes found by search, one solution for a whole batch.

What is tried keeps to the gaps that the process can cut and to the part of the face that the strike forms; of that the
mark is taken that is most likely to be identified under the worst of the job's conditions, as
``engrave.layout.prediction`` has it. The search has no randomness.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import product

import numpy as np

from engrave.base.errors import InputError, raise_faults
from engrave.code.profiles import PROFILES, Profile
from engrave.layout.places import (
    POLARITIES,
    RAISED,
    RECESSED,
    LayoutSettings,
    Places,
    ShapeCircle,
    Track,
    plan_places,
)
from engrave.layout.prediction import Prediction, predict
from engrave.layout.room import STEP_UM, Bench, block_um, conflicts, least_circle_um
from engrave.layout.rules.sizes import LEAST_HEIGHT_UM

# Higher characters than this are read hardly better (prior).
MOST_HEIGHT_UM = 260.0
_HEIGHTS_UM = (150.0, 165.0, 180.0, 200.0, 225.0, 260.0)
_DEPTHS_UM = (40.0, 55.0, 70.0, 90.0, 120.0)
_SHAPES_UM = (150.0, 165.0, 180.0, 200.0)
_ROWS = ((4, 4), (3, 3, 2), (2, 2, 2, 2), (8,))
# Steps of the local search, each way, halved until they are a micrometre or so.
_STEPS_UM = (16.0, 8.0, 4.0, 2.0, 1.0)
_MOST_DEPTH_UM = 200.0
# Another order of rows than two of four must be worth this much of a margin: a reader expects it.
_UNUSUAL_ROWS = 0.25
# What a layout at random has beyond the least gaps, and the heights of its shapes.
_MOST_LOOSE_UM = 60.0
_RANDOM_SHAPES_UM = (150.0, 200.0)
# How many orders of rows are followed to their best, and what a step must gain.
_CLIMBS, _LEAST_GAIN = 2, 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a job asks of the search: a face, and what may be chosen from."""

    face: str = "anvil"
    profiles: tuple[str, ...] = ("A", "D", "S", "G")
    polarity: str = RAISED
    least_height_um: float = LEAST_HEIGHT_UM

    def __post_init__(self) -> None:
        """Check what can be checked without a tip. Raises InputError with every fault."""
        unknown = [name for name in self.profiles if name not in PROFILES]
        faults = [f"profiles: {name!r} is not known; use {', '.join(PROFILES)}" for name in unknown]
        twice = sorted({name for name in self.profiles if self.profiles.count(name) > 1})
        if twice:
            faults.append(f"profiles: {', '.join(map(repr, twice))}: named more than once")
        if not self.profiles:
            faults.append(f"profiles: name at least one of {', '.join(PROFILES)}")
        if self.polarity not in POLARITIES:
            faults.append(f"polarity: {self.polarity!r} is not known; use one of {', '.join(POLARITIES)}")
        if not 0 < self.least_height_um <= MOST_HEIGHT_UM:
            faults.append(f"least_height: {self.least_height_um:g} um is not above 0 and at most {MOST_HEIGHT_UM:g} um")
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A layout that fits, and what is predicted of it."""

    settings: LayoutSettings
    places: Places
    prediction: Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sizes:
    """What the search moves, um: gaps lie between neighbours' crests."""

    stroke_um: float
    height_um: float
    column_gap_um: float
    row_gap_um: float
    clearance_um: float
    depth_um: float
    track_gap_um: float


def fitted(fit: Fit, bench: Bench) -> tuple[Found, ...]:
    """The best layout of each profile that fits, the best first. Raises InputError, with reasons, where none fits."""
    found: dict[str, Found] = {}
    reasons: dict[str, list[str]] = {}
    for name in fit.profiles:
        best = _best(PROFILES[name], fit, bench, reasons.setdefault(name, []))
        if best is not None:
            found[name] = best
    if not found:
        remedy = "take a larger tip, a finer process, less relief, or a lower least_height in [fit]"
        told = _worded(reasons)
        raise InputError([f"no layout fits this pin: profile {name}: {why}; {remedy}" for name, why in told])
    return tuple(sorted(found.values(), key=lambda one: -one.prediction.margin))


def _best(profile: Profile, fit: Fit, bench: Bench, reasons: list[str]) -> Found | None:
    """The best layout of a profile into whose glyphs the cut goes, or None.

    Outlines of a whole face take too long to draw for every layout tried: where the best one's glyphs turn out to be
    too narrow, the search is made again among heights that are enough for its stroke.
    """
    best = _Search(profile=profile, fit=fit, bench=bench).best(reasons)
    if best is None or fit.polarity == RECESSED or _goes_into(best, bench):
        return best
    stroke_um = best.settings.stroke_um
    heights_um = np.arange(np.floor(best.settings.height_um) + STEP_UM, MOST_HEIGHT_UM + STEP_UM / 2, STEP_UM)
    fits = bisect_left(
        heights_um, 1, key=lambda height_um: int(bench.goes_into_glyphs(height_um=height_um, stroke_um=stroke_um))
    )
    if fits == len(heights_um):
        reasons.append(f"gaps within characters of {MOST_HEIGHT_UM:g} um are too narrow for the cut")
        return None
    return _best(profile, replace(fit, least_height_um=float(heights_um[fits])), bench, reasons)


def _goes_into(found: Found, bench: Bench) -> bool:
    return bench.goes_into_glyphs(height_um=found.settings.height_um, stroke_um=found.settings.stroke_um)


def drawn(fit: Fit, bench: Bench, rng: np.random.Generator, *, tries: int) -> Found | None:
    """A layout at random among those that fit, all sizes even over their ranges; None where no try has found one."""
    gaps_um = rng.uniform(0.0, _MOST_LOOSE_UM, size=(tries, 4)) * rng.random((tries, 1))
    for number in range(tries):
        search = _Search(profile=PROFILES[fit.profiles[rng.integers(len(fit.profiles))]], fit=fit, bench=bench)
        sizes = _Sizes(
            stroke_um=float(rng.choice(np.arange(bench.strokes_um[0], bench.strokes_um[1] + STEP_UM / 2, STEP_UM))),
            height_um=rng.uniform(fit.least_height_um, MOST_HEIGHT_UM),
            column_gap_um=bench.gap_um + gaps_um[number, 0],
            row_gap_um=bench.gap_um + gaps_um[number, 1],
            clearance_um=bench.gap_um + gaps_um[number, 2],
            depth_um=rng.uniform(*((_DEPTHS_UM[0], _MOST_DEPTH_UM) if search.profile.tracks else _RANDOM_SHAPES_UM)),
            track_gap_um=bench.cuttable_um + gaps_um[number, 3],
        )
        start = search.tried(sizes, _ROWS[rng.integers(len(_ROWS))], [])
        if start is not None:
            return start.found
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """Where a climb begins, and how far it has come."""

    rows: tuple[int, ...]
    sizes: _Sizes
    found: Found

    @property
    def worth(self) -> float:
        """The margin, less what unusual rows cost."""
        return self.found.prediction.margin - (0.0 if self.rows == _ROWS[0] else _UNUSUAL_ROWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """The search for the layout of one profile."""

    profile: Profile
    fit: Fit
    bench: Bench

    def best(self, reasons: list[str]) -> Found | None:
        """The best layout over all orders of rows, or None; what speaks against those tried is noted."""
        leading: dict[tuple[int, ...], _Start] = {}
        for rows, sizes in product(_ROWS, self._coarse()):
            start = self.tried(sizes, rows, reasons)
            if start is not None and (rows not in leading or start.worth > leading[rows].worth):
                leading[rows] = start
        chosen = sorted(leading.values(), key=lambda start: -start.worth)[:_CLIMBS]
        best = max((self._climbed(start) for start in chosen), key=lambda start: start.worth, default=None)
        return None if best is None else best.found

    def _coarse(self) -> list[_Sizes]:
        """Sizes to begin with, all gaps at their least."""
        bench = self.bench
        depths_um = _DEPTHS_UM if self.profile.tracks else _SHAPES_UM
        return [
            _Sizes(
                stroke_um=stroke_um,
                height_um=height_um,
                column_gap_um=bench.gap_um,
                row_gap_um=bench.gap_um,
                clearance_um=bench.gap_um,
                depth_um=depth_um,
                track_gap_um=bench.cuttable_um,
            )
            for stroke_um, height_um, depth_um in product(bench.strokes_um, _HEIGHTS_UM, depths_um)
        ]

    def _climbed(self, start: _Start) -> _Start:
        """Each size in turn moved as long as that is better, by smaller and smaller steps."""
        best = start
        names = [field.name for field in fields(_Sizes)]
        for step_um in _STEPS_UM:
            improved = True
            while improved:
                improved = False
                for name, way in product(names, (step_um, -step_um)):
                    moved = replace(best.sizes, **{name: getattr(best.sizes, name) + way})
                    tried = self.tried(moved, best.rows, [])
                    if tried is not None and tried.worth > best.worth + _LEAST_GAIN:
                        best, improved = tried, True
        return best

    def tried(self, sizes: _Sizes, rows: tuple[int, ...], reasons: list[str]) -> _Start | None:
        """The layout of these sizes with its prediction, or None where it cannot be."""
        bench = self.bench
        thin_um, usual_um = bench.strokes_um
        if not self.fit.least_height_um <= sizes.height_um <= MOST_HEIGHT_UM or sizes.depth_um > _MOST_DEPTH_UM:
            return None
        if not thin_um <= sizes.stroke_um <= usual_um:
            return None
        try:
            settings = self._settings(sizes, rows)
        except InputError:
            return None
        places = plan_places(self.profile, settings, within=bench.usable)
        against = list(conflicts(places, self.profile, bench))
        if against:
            reasons += against
            return None
        prediction = predict(
            places, self.profile, bench.tip, bench.ways, relief_um=bench.relief_um, wall_um=bench.wall_um
        )
        return _Start(rows=rows, sizes=sizes, found=Found(settings=settings, places=places, prediction=prediction))

    def _settings(self, sizes: _Sizes, rows: tuple[int, ...]) -> LayoutSettings:
        """Sizes as a job states them, in whole micrometres, rounded away from their neighbours."""
        bench, profile = self.bench, self.profile
        stroke_um = sizes.stroke_um
        width_um = bench.widest * (sizes.height_um - stroke_um) + stroke_um
        column_pitch_um = _up(width_um + sizes.column_gap_um)
        row_pitch_um = _up(sizes.height_um + sizes.row_gap_um)
        corner_um = block_um(
            rows, column_pitch_um=column_pitch_um, row_pitch_um=row_pitch_um, box_um=(width_um, sizes.height_um)
        )
        inner_um = _up(corner_um + sizes.clearance_um)
        shapes: ShapeCircle | None = None
        if profile.shapes:
            least_um = least_circle_um(sizes.depth_um, bench.gap_um, profile.shapes)
            radius_um = _up(max(inner_um + sizes.depth_um / 2, least_um))
            shapes = ShapeCircle(height_um=sizes.depth_um, radius_um=radius_um)
        tracks = self._tracks(sizes, inner_um) if profile.tracks else ()
        return LayoutSettings(
            profile=profile.name,
            face=self.fit.face,
            polarity=self.fit.polarity,
            rows=rows,
            height_um=sizes.height_um,
            stroke_um=stroke_um,
            column_pitch_um=column_pitch_um,
            row_pitch_um=row_pitch_um,
            tooth_um=stroke_um if tracks else None,
            tracks=tracks,
            shapes=shapes,
        )

    def _tracks(self, sizes: _Sizes, inner_um: float) -> tuple[Track, ...]:
        """Tracks from a radius on, or from where teeth stand a gap apart.

        Teeth are closest at their inner round ends, whose centres lie half a width further out.
        """
        bench = self.bench
        step = 2 * np.sin(np.pi / self.profile.sectors)
        apart_um = (sizes.stroke_um + bench.tooth_gap_um) / step - sizes.stroke_um / 2
        tracks: list[Track] = []
        from_um = max(inner_um, _up(apart_um))
        for _ in range(self.profile.tracks):
            tracks.append(Track(inner_um=from_um, outer_um=from_um + sizes.depth_um))
            from_um = _up(from_um + sizes.depth_um + sizes.track_gap_um)
        return tuple(tracks)


def _up(size_um: float) -> float:
    return float(np.ceil(size_um / STEP_UM - 1e-9) * STEP_UM)


def _worded(reasons: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """For each profile up to three kinds of reason that spoke against what was tried, the last met first."""
    for name, told in reasons.items():
        kinds = {why.split(":")[0].split(" um")[0]: why for why in reversed(told)}
        yield name, "; ".join(list(kinds.values())[:3]) or "nothing of the least height fits"
