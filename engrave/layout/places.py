"""Places: where characters, teeth and shapes may stand. One solution serves a batch; what they show changes.

Everything here is in the reading frame: x right, y up, um, origin at the mark's centre.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from engrave.base.config import key_of
from engrave.base.errors import raise_faults
from engrave.code.profiles import Profile

FloatArray = NDArray[np.float64]

# What a reader looks at on either side of a tooth.
FLANK_UM = 20.0
# No mark is larger than a primer, whose cup is 4.5 to 5.3 mm wide, and none finer than a beam.
_LEAST_UM, _MOST_UM = 1.0, 2500.0
_MOST_HEIGHT_UM = 600.0
RAISED, RECESSED = "raised", "recessed"
POLARITIES = (RAISED, RECESSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One ring of cells between two radii."""

    inner_um: float
    outer_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeCircle:
    """The circle on which profile G's shapes stand: radius of their centres, height of each."""

    height_um: float
    radius_um: float

    def __post_init__(self) -> None:
        """Check the signs. Raises InputError with every fault."""
        raise_faults(_size_faults(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutSettings:
    """The sizes a job asks for. ``stroke_um`` and ``tooth_um`` are widths at the crest, the surface left untouched.

    polarity : ``raised``, lands stand in a cleared field, or ``recessed``, lands are cut into the face; what is said of
    crests holds for the face's own surface in both. rows : how many characters stand in each row, the topmost first.
    """

    profile: str
    face: str
    height_um: float
    stroke_um: float
    column_pitch_um: float
    row_pitch_um: float
    tooth_um: float | None = None
    tracks: tuple[Track, ...] = ()
    shapes: ShapeCircle | None = None
    rows: tuple[int, ...] = (4, 4)
    polarity: str = RAISED

    def __post_init__(self) -> None:
        """Check the sizes against one another. Raises InputError with every fault."""
        faults = _size_faults(self)
        if self.stroke_um >= self.height_um:
            faults.append(f"stroke: {self.stroke_um:g} um is no less than the height, {self.height_um:g} um")
        edges = [edge for track in self.tracks for edge in (track.inner_um, track.outer_um)]
        if edges and (edges[0] <= 0 or any(b <= a for a, b in pairwise(edges))):
            faults.append("tracks: each needs 0 < inner < outer, innermost first, none overlapping the next")
        if self.tracks and self.tooth_um is None:
            faults.append("tooth: missing; teeth on tracks need their width")
        if self.tooth_um is not None and not self.tracks:
            faults.append("tracks: missing; teeth need tracks to stand on")
        if edges and edges[-1] > _MOST_UM:
            faults.append(f"tracks: end at {edges[-1]:g} um; {_MOST_UM:g} um at most")
        if self.height_um > _MOST_HEIGHT_UM:
            faults.append(f"height: {self.height_um:g} um; {_MOST_HEIGHT_UM:g} um at most")
        faults += [
            f"tracks[{index}]: {track.outer_um - track.inner_um:g} um deep; a tooth of {self.tooth_um:g} um needs more"
            for index, track in enumerate(self.tracks)
            if self.tooth_um is not None and 0 < track.outer_um - track.inner_um <= self.tooth_um
        ]
        if not self.rows or min(self.rows) < 1:
            faults.append(f"rows: {list(self.rows)} must name one row or more, each of one character or more")
        if self.polarity not in POLARITIES:
            faults.append(f"polarity: {self.polarity!r} is not known; use one of {', '.join(POLARITIES)}")
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterPlace:
    """The cell of one character: its centre, and what to call it."""

    name: str
    x_um: float
    y_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ToothPlace:
    """The cell of one tooth: track and sector, and the direction of its middle, counter-clockwise from x."""

    name: str
    track: int
    sector: int
    angle_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapePlace:
    """The cell of one shape: its number, clockwise from twelve o'clock, and the direction of its centre, as a tooth's.

    A shape stands with its foot towards the centre.
    """

    name: str
    number: int
    angle_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """All cells of a mark and the sizes that go with them.

    teeth : those that stand on the face; where it is narrower than the ring, some are absent. sectors : of a ring that
    is whole.
    """

    settings: LayoutSettings
    characters: tuple[CharacterPlace, ...]
    teeth: tuple[ToothPlace, ...]
    sectors: int
    shapes: tuple[ShapePlace, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError where there is no cell at all."""
        if not self.characters:
            raise ValueError("places: a mark needs characters")

    @property
    def outer_radius_um(self) -> float:
        """The outermost radius of the mark."""
        ring = max((self.settings.tracks[place.track].outer_um for place in self.teeth), default=0.0)
        return float(max(ring, *np.hypot(*self._corners_um().T)))

    def outline_um(self) -> FloatArray:
        """The outermost points of every cell, (n, 2) float, um: corners of characters and shapes, ends of teeth."""
        angle = np.array([place.angle_rad for place in self.teeth])
        outer_um = np.array([self.settings.tracks[place.track].outer_um for place in self.teeth])
        ends = np.column_stack([outer_um * np.cos(angle), outer_um * np.sin(angle)])
        return np.concatenate([self._corners_um(), ends])

    def present(self) -> NDArray[np.bool_]:
        """Which cells of the ring stand on the face, (tracks, sectors) bool."""
        there = np.zeros((len(self.settings.tracks), self.sectors), dtype=np.bool_)
        for place in self.teeth:
            there[place.track, place.sector] = True
        return there

    def _corners_um(self) -> FloatArray:
        """Corners of the boxes about characters and shapes, (n, 2)."""
        half_um = self.settings.height_um / 2
        box = half_um * np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
        corners = [np.array([place.x_um, place.y_um]) + box for place in self.characters]
        circle = self.settings.shapes
        if circle is not None:
            square = circle.height_um / 2 * np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
            for place in self.shapes:
                out = np.array([np.cos(place.angle_rad), np.sin(place.angle_rad)])
                across = np.array([-out[1], out[0]])
                corners.append(circle.radius_um * out + square @ np.array([out, across]))
        return np.concatenate(corners)


def plan_places(profile: Profile, settings: LayoutSettings, *, within: Polygon | None = None) -> Places:
    """Rows of characters about the centre; sector 0 at twelve o'clock and on clockwise, as a reader goes.

    within : what of the face, in the reading frame, may carry teeth; a tooth that does not lie in it with both flanks
    has no place. Characters and shapes always have theirs: a rule tells where one does not fit.
    Raises InputError where the settings do not carry the profile.
    """
    raise_faults(list(profile_faults(profile, settings)))
    teeth = _whole_ring(profile.tracks, profile.sectors)
    return Places(
        settings=settings,
        characters=tuple(_rows(settings)),
        teeth=teeth if within is None else _standing(teeth, settings, within),
        sectors=profile.sectors,
        shapes=tuple(
            ShapePlace(name=f"shape {number}", number=number, angle_rad=np.pi / 2 - 2 * np.pi * number / profile.shapes)
            for number in range(profile.shapes)
        ),
    )


@cache
def _whole_ring(tracks: int, sectors: int) -> tuple[ToothPlace, ...]:
    """Every cell of a ring, by track and sector."""
    return tuple(
        ToothPlace(
            name=f"ring track {track + 1}, sector {sector}",
            track=track,
            sector=sector,
            angle_rad=np.pi / 2 - 2 * np.pi * sector / sectors,
        )
        for track in range(tracks)
        for sector in range(sectors)
    )


def profile_faults(profile: Profile, settings: LayoutSettings) -> Iterator[str]:
    """Every respect in which the settings do not carry the profile."""
    if sum(settings.rows) != profile.characters:
        yield (
            f"layout.rows: {list(settings.rows)} are {sum(settings.rows)} characters; profile {profile.name} has "
            f"{profile.characters}"
        )
    if len(settings.tracks) != profile.tracks:
        yield f"layout.tracks: profile {profile.name} has {profile.tracks} tracks, not {len(settings.tracks)}"
    if profile.shapes and settings.shapes is None:
        yield f"layout.shapes: missing; profile {profile.name} has {profile.shapes} shapes: say their height and radius"
    if settings.shapes is not None and not profile.shapes:
        yield f"layout.shapes: profile {profile.name} has no shapes; remove the table"


def _rows(settings: LayoutSettings) -> Iterator[CharacterPlace]:
    number = 0
    for row, columns in enumerate(settings.rows):
        for column in range(columns):
            number += 1
            yield CharacterPlace(
                name=f"character {number} (row {row + 1}, column {column + 1})",
                x_um=(column - (columns - 1) / 2) * settings.column_pitch_um,
                y_um=((len(settings.rows) - 1) / 2 - row) * settings.row_pitch_um,
            )


def _standing(teeth: tuple[ToothPlace, ...], settings: LayoutSettings, within: Polygon) -> tuple[ToothPlace, ...]:
    """The teeth that lie within the face with a flank on either side, which tells a reader that there is a tooth."""
    if not teeth:
        return ()
    half_um = (settings.tooth_um or 0.0) / 2 + FLANK_UM
    angle = np.array([place.angle_rad for place in teeth])[:, None]
    spans = np.array([(settings.tracks[p.track].inner_um, settings.tracks[p.track].outer_um) for p in teeth])
    along, across = spans[:, [0, 1, 1, 0]], half_um * np.array([-1.0, -1.0, 1.0, 1.0])
    corners = np.stack(
        [
            along * np.cos(angle) - across * np.sin(angle),
            along * np.sin(angle) + across * np.cos(angle),
        ],
        axis=-1,
    )
    shapely.prepare(within)
    inside = np.atleast_1d(shapely.contains(within, shapely.polygons(corners)))
    return tuple(place for place, stands in zip(teeth, inside.tolist(), strict=True) if stands)


def _size_faults(sizes: LayoutSettings | ShapeCircle) -> list[str]:
    """A fault for each size that no mark can have."""
    named = {
        key_of(field.name): value
        for field in fields(sizes)
        if field.name.endswith("_um") and (value := getattr(sizes, field.name)) is not None
    }
    return [f"{key}: {value:g} um must be positive" for key, value in named.items() if value <= 0] + [
        f"{key}: {value:g} um must be from {_LEAST_UM:g} to {_MOST_UM:g} um"
        for key, value in named.items()
        if value > 0 and not _LEAST_UM <= value <= _MOST_UM
    ]
