"""What the readers of meshes share: the triangles of a file, its limits, and how a reader gives up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding, Severity

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_BYTES = 130_000_000
"""A tip of 1024 by 1024 samples with as many facets below as above is 105 MB of STL."""
MOST_TRIANGLES = 2_500_000
"""The same tip has 2.1 million."""
MOST_VERTICES = 3 * MOST_TRIANGLES

DAMAGED, TRUNCATED, TOO_LARGE, ELSEWHERE, EMPTY = "M381", "M382", "M383", "M384", "M385"
NO_NUMBER, NO_VERTEX, UNIT, SOUP, OPEN = "M386", "M387", "M388", "M389", "M390"
TURNED, BODIES, TANGLED, UNDERCUT, FRAME = "M391", "M392", "M393", "M394", "M395"
UNIT_ASSUMED = "M396"


@dataclass(frozen=True, slots=True, kw_only=True)
class Triangles:
    """The triangles of one file. vertices_um : (n, 3) float, um, pin frame. corners : (m, 3) int, indices of them."""

    vertices_um: FloatArray
    corners: IntArray


class NotReadError(Exception):
    """A reader gives up; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def fault(
    number: str,
    message: str,
    *,
    place: str = "file",
    remedy: str = "export the tip again, whole and as one closed body",
    value: float | None = None,
    limit: float | None = None,
    unit: str = "",
) -> NotReadError:
    """The exception with which a reader gives up."""
    return NotReadError(
        Finding(
            number=number,
            severity=Severity.ERROR,
            message=message,
            place=place,
            remedy=remedy,
            value=value,
            limit=limit,
            unit=unit,
        )
    )


def require_count(count: int, *, most: int, what: str) -> None:
    """Raise NotReadError where there are none of them, or more than ``most``."""
    if count == 0:
        raise fault(EMPTY, f"holds no {what}")
    if count > most:
        raise fault(
            TOO_LARGE,
            f"says that it has more {what} than are read",
            value=float(count) if count < 1e15 else None,  # noqa: PLR2004 - beyond, the figure tells nothing
            limit=float(most),
            remedy="decimate the mesh; a pin's tip needs no more",
        )


def quoted(text: str) -> str:
    """Text from a file, safe and short enough for a message."""
    return ascii(text if len(text) <= 60 else f"{text[:57]}...")  # noqa: PLR2004 - half a line


def scaled(values: FloatArray, factor: float) -> FloatArray:
    """Coordinates times a unit; what overflows is found later, as no number."""
    with np.errstate(all="ignore"):
        return values * factor


def moved(vertices: FloatArray, matrix: FloatArray) -> FloatArray:
    """Vertices (n, 3) under a matrix (4, 4) that acts on columns."""
    with np.errstate(all="ignore"):
        turned: FloatArray = vertices @ matrix[:3, :3].T + matrix[:3, 3]
    return turned
