"""Fixtures: plates of nests that hold many pins for one program, and where a probe found each pin in its nest."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from toolpaths.errors import ToolpathError

ROWS, SERPENTINE = "rows", "serpentine"
ORDERS = (ROWS, SERPENTINE)
READY, EMPTY, BLOCKED = "ready", "empty", "blocked"
STATES = (READY, EMPTY, BLOCKED)
# A loop's label names nest and block by three digits each, and readers take six.
MOST_NESTS = 999
# As many faults of one kind are told one by one.
_MOST_TOLD = 20
# An angle on its limit may come out of the arithmetic beyond it.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Fiducial:
    """A point of the fixture that the operator finds again, in the tray frame."""

    name: str
    x_um: float
    y_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Nest:
    """Where the apex of the pin in a nest was found, from its nominal place, and how the pin stands.

    ``clocking_rad`` turns the pin about its axis, anticlockwise seen from the primer. Then ``tilt_x_rad`` and
    ``tilt_y_rad`` turn it about the tray's x and y, right-handed, x first: a positive ``tilt_x_rad`` lifts the side
    towards +y, a positive ``tilt_y_rad`` lowers the side towards +x. ``state``: ``ready``; ``empty``, no pin in it;
    ``blocked``, not to be used.
    """

    nest: int
    dx_um: float = 0.0
    dy_um: float = 0.0
    dz_um: float = 0.0
    tilt_x_rad: float = 0.0
    tilt_y_rad: float = 0.0
    clocking_rad: float = 0.0
    state: str = READY

    @property
    def tilt_rad(self) -> float:
        """The angle between the pin's axis and the beam."""
        return math.acos(min(1.0, math.cos(self.tilt_x_rad) * math.cos(self.tilt_y_rad)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """A plate of nests, in the tray frame: origin where the operator sets work offset G54, z towards the primer.

    Nests are numbered from 1, row by row, whatever the order of travel; nest 1 stands at ``first_x_um``,
    ``first_y_um``, columns follow along +x and rows along +y. ``tip_height_um`` is the nominal z of the apexes,
    ``safe_height_um`` the z of every travel from nest to nest. ``order`` is that of travel and of filling: ``rows``, or
    ``serpentine``, every second row backwards. ``blocked`` nests are never used. ``nests``, where given, is the probe
    table: every nest that is not blocked, within ``max_offset_um`` along each axis, ``max_tilt_rad`` and
    ``max_clocking_rad``.
    """

    name: str
    rows: int
    columns: int
    column_pitch_um: float
    row_pitch_um: float
    first_x_um: float
    first_y_um: float
    tip_height_um: float
    safe_height_um: float
    max_offset_um: float
    max_tilt_rad: float
    max_clocking_rad: float
    fiducials: tuple[Fiducial, ...]
    order: str = SERPENTINE
    blocked: tuple[int, ...] = ()
    nests: tuple[Nest, ...] = ()

    def __post_init__(self) -> None:
        """Check the figures against one another. Raises ToolpathError with every fault, one a line."""
        faults = [*_plate_faults(self), *_place_faults(self), *_fiducial_faults(self), *_nest_faults(self)]
        if faults:
            raise ToolpathError("\n".join(faults))

    @property
    def probed(self) -> bool:
        """Whether a probe table says where the nests are; else they are taken to be where the plate has them."""
        return bool(self.nests)

    def travel(self) -> tuple[int, ...]:
        """Every nest in the order of travel."""
        lines = [list(range(row * self.columns + 1, (row + 1) * self.columns + 1)) for row in range(self.rows)]
        back = self.order == SERPENTINE
        return tuple(nest for row, line in enumerate(lines) for nest in (line[::-1] if back and row % 2 else line))

    def in_state(self, state: str) -> tuple[int, ...]:
        """The nests of a state, in the order of travel."""
        known = {entry.nest: entry.state for entry in self.nests} | dict.fromkeys(self.blocked, BLOCKED)
        return tuple(nest for nest in self.travel() if known.get(nest, READY) == state)

    def found(self, nest: int) -> Nest:
        """What the probe found of a nest; without a table, nothing out of place."""
        return next((entry for entry in self.nests if entry.nest == nest), Nest(nest=nest))

    def row_and_column(self, nest: int) -> tuple[int, int]:
        """Both counted from 1."""
        return (nest - 1) // self.columns + 1, (nest - 1) % self.columns + 1

    def nominal_um(self, nest: int) -> tuple[float, float, float]:
        """Where the apex should be, tray frame."""
        row, column = self.row_and_column(nest)
        return (
            self.first_x_um + (column - 1) * self.column_pitch_um,
            self.first_y_um + (row - 1) * self.row_pitch_um,
            self.tip_height_um,
        )


def _plate_faults(fixture: Fixture) -> Iterator[str]:
    for key in ("rows", "columns"):
        if not 1 <= getattr(fixture, key) <= MOST_NESTS:
            yield f"{key}: {getattr(fixture, key)} must be 1 to {MOST_NESTS}"
    if fixture.rows * fixture.columns > MOST_NESTS:
        yield f"rows: {fixture.rows} by {fixture.columns} columns are more than {MOST_NESTS} nests; make two fixtures"
    for key in ("column_pitch", "row_pitch", "max_offset"):
        if not 0 < getattr(fixture, f"{key}_um") < math.inf:
            yield f"{key}: {getattr(fixture, f'{key}_um'):g} um must be positive"
    for key in ("max_tilt", "max_clocking"):
        if not 0 < getattr(fixture, f"{key}_rad") <= math.pi:
            yield f"{key}: {getattr(fixture, f'{key}_rad'):g} rad must be positive and at most half a turn"
    if fixture.order not in ORDERS:
        yield f"order: {fixture.order!r} is not known; use one of {', '.join(ORDERS)}"


def _place_faults(fixture: Fixture) -> Iterator[str]:
    places = (fixture.first_x_um, fixture.first_y_um, fixture.tip_height_um, fixture.safe_height_um)
    if not all(math.isfinite(place) for place in places):
        yield "first_x, first_y, tip_height, safe_height: must be finite"
    elif fixture.safe_height_um <= fixture.tip_height_um + fixture.max_offset_um:
        yield (
            f"safe_height: {fixture.safe_height_um:g} um is not above the highest tip, tip_height and max_offset "
            f"together ({fixture.tip_height_um + fixture.max_offset_um:g} um)"
        )


def _fiducial_faults(fixture: Fixture) -> Iterator[str]:
    names = Counter(mark.name for mark in fixture.fiducials)
    if len(names) < 2:  # noqa: PLR2004 - one point leaves the turn of the plate open
        yield "fiducials: two or more are needed, of different names, to find the plate's place and turn"
    yield from (f"fiducials: {name!r} stands there {count} times" for name, count in names.items() if count > 1)
    if any(not mark.name.strip() or not mark.name.isprintable() for mark in fixture.fiducials):
        yield "fiducials: a name is empty or cannot be printed"
    if not all(math.isfinite(mark.x_um) and math.isfinite(mark.y_um) for mark in fixture.fiducials):
        yield "fiducials: a place is not finite"


def _nest_faults(fixture: Fixture) -> Iterator[str]:
    last = fixture.rows * fixture.columns
    named = Counter(entry.nest for entry in fixture.nests)
    strange = sorted({nest for nest in (*named, *fixture.blocked) if not 1 <= nest <= last})
    if strange:
        yield f"nest {_listed(strange)}: is none of this fixture's, 1 to {last}"
    doubled = sorted(nest for nest, count in named.items() if count > 1)
    if doubled:
        yield f"nest {_listed(doubled)}: stands in the probe table more than once"
    if fixture.nests and 0 < last <= MOST_NESTS:
        missing = sorted(set(range(1, last + 1)) - set(named) - set(fixture.blocked))
        if missing:
            yield f"nest {_listed(missing)}: missing from the probe table; probe it, or say 'empty' or 'blocked'"
    beyond = [fault for entry in fixture.nests for fault in _limit_faults(entry, fixture)]
    yield from beyond[:_MOST_TOLD]
    if len(beyond) > _MOST_TOLD:
        yield f"nests: {len(beyond) - _MOST_TOLD} further faults of the probe table; mend those told first"
    if not strange and not fixture.in_state(READY):
        yield "nests: none is ready; a tray needs one"


def _listed(nests: list[int]) -> str:
    more = f" and {len(nests) - _MOST_TOLD} more" if len(nests) > _MOST_TOLD else ""
    return ", ".join(map(str, nests[:_MOST_TOLD])) + more


def _limit_faults(entry: Nest, fixture: Fixture) -> Iterator[str]:
    """What is wrong with a nest that is to be used."""
    if entry.state not in STATES:
        yield f"nest {entry.nest}: state {entry.state!r} is not known; use one of {', '.join(STATES)}"
    if entry.state != READY:
        return
    for key in ("dx", "dy", "dz"):
        value_um = getattr(entry, f"{key}_um")
        if not abs(value_um) <= fixture.max_offset_um:
            yield f"nest {entry.nest}: {key} {value_um:g} um is beyond max_offset, {fixture.max_offset_um:g} um"
    finite = math.isfinite(entry.tilt_x_rad) and math.isfinite(entry.tilt_y_rad)
    if not finite or entry.tilt_rad > fixture.max_tilt_rad * (1 + _ROUNDING):
        tilt_rad = entry.tilt_rad if finite else math.nan
        yield f"nest {entry.nest}: a tilt of {tilt_rad:.6g} rad is beyond max_tilt, {fixture.max_tilt_rad:g} rad"
    if not abs(entry.clocking_rad) <= fixture.max_clocking_rad:
        yield (
            f"nest {entry.nest}: a clocking of {entry.clocking_rad:g} rad is beyond max_clocking, "
            f"{fixture.max_clocking_rad:g} rad"
        )
