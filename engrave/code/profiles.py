"""Profiles: which symbols of the codeword a mark carries, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engrave.base.errors import UnknownNameError

_TRACK_NAMES = {0: (), 1: ("ring",), 2: ("inner track", "outer track")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a mark carries its codeword.

    The first ``characters`` symbols are characters; the next ``symbols_per_track`` are on track 0, the innermost, and
    so on outwards; the last ``shapes`` are geometric shapes on a circle. Each track has ``sectors`` cells: first its
    ``mark_cells``, alike in every mark, then its symbols.
    """

    name: str
    characters: int
    sectors: int
    tracks: int
    symbols_per_track: int
    mark_cells: tuple[tuple[int, ...], ...]
    shapes: int = 0

    @property
    def carried(self) -> int:
        """How many symbols of the codeword the mark carries: the positions 0 to ``carried`` - 1."""
        return self.characters + self.tracks * self.symbols_per_track + self.shapes

    @property
    def turns(self) -> int:
        """In how many directions the mark may lie: its sectors, or its shapes."""
        return self.sectors or self.shapes

    @property
    def carriers(self) -> Mapping[str, range]:
        """The codeword positions on each carrier: the characters, the tracks from the inside, the shapes."""
        starts = [self.characters + track * self.symbols_per_track for track in range(self.tracks)]
        tracks = {
            name: range(start, start + self.symbols_per_track)
            for name, start in zip(_TRACK_NAMES[self.tracks], starts, strict=True)
        }
        shapes = {"shapes": range(self.carried - self.shapes, self.carried)} if self.shapes else {}
        return {"characters": range(self.characters), **tracks, **shapes}


PROFILE_A = Profile(
    name="A",
    characters=8,
    sectors=48,
    tracks=2,
    symbols_per_track=9,
    mark_cells=((1, 1, 1), (1, 1, 0)),
)
PROFILE_D = Profile(
    name="D",
    characters=8,
    sectors=64,
    tracks=2,
    symbols_per_track=12,
    mark_cells=((1, 1, 1, 1), (1, 1, 0, 0)),
)
PROFILE_S = Profile(
    name="S",
    characters=8,
    sectors=32,
    tracks=1,
    symbols_per_track=6,
    mark_cells=((1, 1),),
)
PROFILE_G = Profile(
    name="G",
    characters=8,
    sectors=0,
    tracks=0,
    symbols_per_track=0,
    mark_cells=(),
    shapes=12,
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.name: profile for profile in (PROFILE_A, PROFILE_D, PROFILE_S, PROFILE_G)}
)
"""The profiles of ``docs/code-spec.md``, by name: all that pins are made with, encoded and decoded."""


def profile_by_name(name: str) -> Profile:
    """The profile of that name. Raises UnknownNameError with the names that exist."""
    if name not in PROFILES:
        raise UnknownNameError(f"there is no profile {name!r}; choose one of {', '.join(PROFILES)}")
    return PROFILES[name]
