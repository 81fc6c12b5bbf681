"""Profiles: which symbols of the codeword a mark carries, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engrave.base.errors import UnknownNameError


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a mark carries its codeword.

    The first ``characters`` symbols are characters; the next ``symbols_per_track`` are on track 0, the innermost, and
    so on outwards. Each track has ``sectors`` cells: first its ``mark_cells``, alike in every mark, then its symbols.
    """

    name: str
    characters: int
    sectors: int
    tracks: int
    symbols_per_track: int
    mark_cells: tuple[tuple[int, ...], ...]

    @property
    def carriers(self) -> Mapping[str, range]:
        """The codeword positions on each carrier: the characters, then the tracks from the inside."""
        starts = [self.characters + track * self.symbols_per_track for track in range(self.tracks)]
        names = ("inner track", "outer track")
        tracks = {name: range(start, start + self.symbols_per_track) for name, start in zip(names, starts, strict=True)}
        return {"characters": range(self.characters), **tracks}


PROFILE_A = Profile(
    name="A",
    characters=8,
    sectors=48,
    tracks=2,
    symbols_per_track=9,
    mark_cells=((1, 1, 1), (1, 1, 0)),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({PROFILE_A.name: PROFILE_A})


def profile_by_name(name: str) -> Profile:
    """The profile of that name. Raises UnknownNameError with the names that exist."""
    if name not in PROFILES:
        raise UnknownNameError(f"there is no profile {name!r}; choose one of {', '.join(PROFILES)}")
    return PROFILES[name]
