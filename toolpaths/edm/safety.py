"""What a program that erodes must keep to: an electrode breaks on metal, and a spark burns whatever is near.

Findings, errors but for M459: M451 the program was not understood; M452 spark in a rapid; M453 a rapid goes down to
the face or below; M454 a move across below the safe height; M455 a path below the deepest that the process may ask for;
M456 spark at rest; M457 outside the envelope; M458 feed above the machine's; M459 an electrode that has not touched the
face since it was put in or dressed; M460 spark on at the end; M461 an electrode that the process does not have; M462 a
path beyond the face.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from toolpaths.findings import Finding, Severity
from toolpaths.machine import Machine
from toolpaths.readers.edm_gcode import ErosionRead, Moves
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Files hold whole nanometres: a point on a limit may lie one of them beyond it.
_ROUNDING_UM = 1.5e-3
_ROUNDING = 1e-9


def check_erosion(
    read: ErosionRead,
    machine: Machine,
    *,
    surface: Surface,
    deepest_um: Sequence[float],
    reach_um: Sequence[float],
) -> tuple[Finding, ...]:
    """Every invariant that the program breaks, one finding a kind: first line, number of moves, worst value, limit.

    deepest_um : for each electrode how far below the face its end may be sent, with all that makes up for wear.
    reach_um : how far from its axis it removes material; its axis may go so far beyond the face's boundary.
    The reader's own findings are not repeated. Raises ToolpathError where the machine does not erode.
    """
    if not read.readable:
        message = "the program was not understood as a whole; its moves are no account of what it would do"
        return (_told("M451", message, remedy="mend the findings M47x"),)
    moves = read.moves
    return (
        *_spark(read),
        *_rapids(moves, read.erosion.safe_z_um, surface),
        *_machine(moves, machine),
        *_electrodes(read, electrodes=len(deepest_um)),
        *_paths(moves, surface, deepest_um=deepest_um, reach_um=reach_um),
    )


def _told(
    number: str,
    message: str,
    *,
    remedy: str,
    place: str = "",
    severity: Severity = Severity.ERROR,
    value: float | None = None,
    limit: float | None = None,
    unit: str = "",
) -> Finding:
    return Finding(
        number=number,
        severity=severity,
        message=message,
        place=place,
        remedy=remedy,
        value=value,
        limit=limit,
        unit=unit,
    )


def _where(
    bad: BoolArray,
    moves: Moves,
    number: str,
    message: str,
    *,
    remedy: str,
    worst: FloatArray | None = None,
    limit: float | None = None,
    unit: str = "",
) -> Iterator[Finding]:
    """One finding where any move is bad; ``worst`` holds the figure of each move, the greatest is told."""
    at = np.flatnonzero(bad)
    if at.size:
        plural = "s" if at.size > 1 else ""
        yield _told(
            number,
            f"{message} ({at.size} move{plural})",
            remedy=remedy,
            place=f"line {moves.line[at].min()}",
            value=None if worst is None else float(np.max(worst[at])),
            limit=limit,
            unit=unit,
        )


def _spark(read: ErosionRead) -> Iterator[Finding]:
    moves = read.moves
    yield from _where(
        moves.spark & moves.rapid, moves, "M452", "the spark is on in a rapid", remedy="switch it off before G0"
    )
    if read.spark_at_rest:
        yield _told(
            "M456",
            f"the spark is on while nothing moves ({len(read.spark_at_rest)} times)",
            place=f"line {read.spark_at_rest[0]}",
            remedy="let a feed move follow M64",
        )
    if read.spark_at_end:
        yield _told("M460", "the spark is on when the program ends", remedy="end with M65 and M2")
    if not moves.spark.any():
        yield _told("M456", "the spark is never on: the program cuts nothing", remedy="switch it on with M64")


def _rapids(moves: Moves, safe_um: float, surface: Surface) -> Iterator[Finding]:
    """Down only to above the face; across only at the safe height."""
    begin, end = moves.begin_um, moves.end_um
    known = np.isfinite(begin).all(axis=1)
    falls = moves.rapid & known & (end[:, 2] < begin[:, 2])
    below_um = _face_um(surface, end) - end[:, 2]
    yield from _where(
        falls & (below_um > -_ROUNDING_UM),
        moves,
        "M453",
        "a rapid goes down to the face or below it; the value is how far",
        remedy="end the rapid above the face and feed the rest",
        worst=below_um,
        limit=0.0,
        unit="um",
    )
    aside = np.any(np.abs(end[:, :2] - begin[:, :2]) > 0, axis=1) | ~np.isfinite(begin[:, :2]).all(axis=1)
    lowest_um = np.fmin(begin[:, 2], end[:, 2])
    low = ~moves.spark & aside & ~(lowest_um >= max(safe_um, 0.0) - _ROUNDING_UM)
    yield from _where(
        low,
        moves,
        "M454",
        "a move across without spark below the safe height",
        remedy="go up to the safe height first",
        worst=np.nan_to_num(max(safe_um, 0.0) - lowest_um),
        limit=0.0,
        unit="um",
    )


def _face_um(surface: Surface, places_um: FloatArray) -> FloatArray:
    """Height of the face at places, (n,); beyond its boundary that of the apex, which is the highest."""
    heights = surface.height_um(places_um[:, 0], places_um[:, 1])
    return np.where(np.isfinite(heights), heights, 0.0)


def _machine(moves: Moves, machine: Machine) -> Iterator[Finding]:
    low, high = (np.array(corner) for corner in machine.envelope_um())
    beyond = np.nan_to_num(np.max(np.maximum(low - moves.end_um, moves.end_um - high), axis=1, initial=0.0))
    yield from _where(
        beyond > _ROUNDING_UM,
        moves,
        "M457",
        f"a move ends outside the envelope of machine {machine.name}; the value is how far",
        remedy="check units, work offset and machine profile",
        worst=beyond,
        limit=0.0,
        unit="um",
    )
    feed = np.where(moves.spark, np.nan_to_num(moves.feed_um_s), 0.0)
    yield from _where(
        feed > machine.max_feed_um_s * (1 + _ROUNDING),
        moves,
        "M458",
        f"the feed is above what machine {machine.name} allows",
        remedy="lower the feed in the process, or correct the machine profile",
        worst=feed,
        limit=machine.max_feed_um_s,
        unit="um/s",
    )


def _electrodes(read: ErosionRead, *, electrodes: int) -> Iterator[Finding]:
    moves = read.moves
    yield from _where(
        moves.spark & ((moves.tool < 0) | (moves.tool >= electrodes)),
        moves,
        "M461",
        f"an electrode that the process does not have; it has {electrodes}",
        remedy="make the program again from the job",
    )
    if read.untouched:
        yield _told(
            "M459",
            f"an electrode has not touched the face since it was put in or dressed ({len(read.untouched)} times)",
            severity=Severity.WARNING,
            place=f"line {read.untouched[0]}",
            remedy="set its end with a tool setter at the stop before this line",
        )


def _paths(
    moves: Moves, surface: Surface, *, deepest_um: Sequence[float], reach_um: Sequence[float]
) -> Iterator[Finding]:
    at = np.flatnonzero(moves.spark & (moves.tool >= 0) & (moves.tool < len(deepest_um)))
    if not at.size:
        return
    end_um, tool = moves.end_um[at], moves.tool[at]
    heights = surface.height_um(end_um[:, 0], end_um[:, 1])
    below_um = heights - end_um[:, 2]
    over = np.zeros(len(moves))
    # Beyond the boundary the face has no height of its own.
    over[at] = np.nan_to_num(below_um - np.asarray(deepest_um)[tool], nan=0.0)
    yield from _where(
        over > _ROUNDING_UM,
        moves,
        "M455",
        "a path goes deeper than the process may ask for, wear made up; the value is how much",
        remedy="look at the relief, the wear and the rod's budget, and make the program again",
        worst=over,
        limit=0.0,
        unit="um",
    )
    outside = at[~np.isfinite(heights)]
    away = np.zeros(len(moves))
    places = shapely.points(moves.end_um[outside, :2])
    away[outside] = shapely.distance(surface.boundary, places) - np.asarray(reach_um)[moves.tool[outside]]
    yield from _where(
        away > _ROUNDING_UM,
        moves,
        "M462",
        "a path goes further beyond the face than its electrode reaches; the value is how far",
        remedy="check units, work offset and the tip's outline",
        worst=away,
        limit=0.0,
        unit="um",
    )
