"""Places: where characters and teeth may stand. One solution serves a batch; characters change, places do not.

Everything here is in the reading frame: x right, y up, um, origin at the mark's centre.
"""

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from engrave.base.config import key_of
from engrave.base.errors import InputError, raise_faults
from engrave.code.profiles import Profile

COLUMNS = 4
ROWS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One ring of cells between two radii."""

    inner_um: float
    outer_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutSettings:
    """The sizes a job asks for. ``stroke_um`` and ``tooth_um`` are widths at the crest, the surface left untouched."""

    profile: str
    face: str
    height_um: float
    stroke_um: float
    column_pitch_um: float
    row_pitch_um: float
    tooth_um: float
    tracks: tuple[Track, ...]

    def __post_init__(self) -> None:
        """Check the sizes against one another. Raises InputError with every fault."""
        faults = [
            f"{key_of(field.name)}: {getattr(self, field.name):g} um must be positive"
            for field in fields(self)
            if field.name.endswith("_um") and getattr(self, field.name) <= 0
        ]
        if self.stroke_um >= self.height_um:
            faults.append(f"stroke: {self.stroke_um:g} um is no less than the height, {self.height_um:g} um")
        edges = [edge for track in self.tracks for edge in (track.inner_um, track.outer_um)]
        if not edges or edges[0] <= 0 or any(b <= a for a, b in pairwise(edges)):
            faults.append("tracks: each needs 0 < inner < outer, innermost first, none overlapping the next")
        faults += [
            f"tracks[{index}]: {track.outer_um - track.inner_um:g} um deep; a tooth of {self.tooth_um:g} um needs more"
            for index, track in enumerate(self.tracks)
            if 0 < track.outer_um - track.inner_um <= self.tooth_um
        ]
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
class Places:
    """All cells of a mark and the sizes that go with them."""

    settings: LayoutSettings
    characters: tuple[CharacterPlace, ...]
    teeth: tuple[ToothPlace, ...]
    sectors: int

    @property
    def outer_radius_um(self) -> float:
        """The outermost radius of the mark."""
        return self.settings.tracks[-1].outer_um


def plan_places(profile: Profile, settings: LayoutSettings) -> Places:
    """Two rows of four characters about the centre, sector 0 at twelve o'clock and on clockwise, as a reader goes.

    Raises InputError where the settings do not carry the profile.
    """
    if len(settings.tracks) != profile.tracks:
        raise InputError(
            f"layout.tracks: profile {profile.name} has {profile.tracks} tracks, not {len(settings.tracks)}"
        )
    characters = tuple(
        CharacterPlace(
            name=f"character {row * COLUMNS + column + 1} (row {row + 1}, column {column + 1})",
            x_um=(column - (COLUMNS - 1) / 2) * settings.column_pitch_um,
            y_um=((ROWS - 1) / 2 - row) * settings.row_pitch_um,
        )
        for row in range(ROWS)
        for column in range(COLUMNS)
    )
    teeth = tuple(
        ToothPlace(
            name=f"ring track {track + 1}, sector {sector}",
            track=track,
            sector=sector,
            angle_rad=np.pi / 2 - 2 * np.pi * sector / profile.sectors,
        )
        for track in range(profile.tracks)
        for sector in range(profile.sectors)
    )
    return Places(settings=settings, characters=characters, teeth=teeth, sectors=profile.sectors)
