"""What the QA page knows of a batch and of each pin, as the JSON that its script reads.

A land's outline is told once a batch, however many pins have it; a pin names it by its number. Every text is made
legible here, so that the table on the page and the one written as CSV hold the same cells.
"""

import json
import math
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from engrave.layout.polygons import Land, Layout
from engrave.report.markup import legible
from toolpaths.findings import Finding, Severity

PAGE_SCHEMA = "pin-engrave/page/1"

COLUMNS = (
    "line", "serial", "maker", "model", "lot", "characters", "id", "tip", "profile", "verdict", "reads", "names",
    "errors", "warnings", "findings", "shallowest", "shallowest_um", "limit_um", "time_s",
)  # fmt: skip
"""Of the table of pins: on the page, and in its CSV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How one land has printed: the least depth found in it, None where nothing was printed, and how sharp it is.

    contrast : over the noise beside it; share : of the land that is printed; edge_um : width of its walls. None each
    where it was not measured.
    """

    place: str
    shows: str
    depth_um: float | None
    limit_um: float
    contrast: float | None = None
    share: float | None = None
    edge_um: float | None = None

    @property
    def low(self) -> bool:
        """Whether the land misses its limit."""
        return self.depth_um is None or not self.depth_um >= self.limit_um  # NaN misses it, too

    @property
    def margin_um(self) -> float:
        """How far it is over its limit; minus infinity where nothing was printed."""
        if self.depth_um is None or math.isnan(self.depth_um):
            return float("-inf")
        return self.depth_um - self.limit_um


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeRow:
    """What one condition gave: how it struck, what was read, and whom that names.

    ring_wrong : cells of the ring that were read otherwise or not at all; None where no mark was found. names : the pin
    that is named, in words; empty for none. posterior : its chance, in words; runner_up : the likeliest other pin.
    """

    condition: str
    dent_um: float
    contact_um: float
    pressure: float
    characters: str
    ring_wrong: int | None
    names: str
    posterior: str
    runner_up: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRow:
    """What the page says of one pin.

    line : in the file of serials. verdict : ``pass`` or ``fail``; any other word is shown as it is and counted as
    neither. reading : the characters read back, ``?`` for a lost one; reading_serial : the serial they name, or empty.
    files : name and SHA-256 of each file in ``pins/<characters>/``. views : the document ``views.json``, None for a pin
    that could not be simulated. time_s : how long the pin takes, and ``time`` the same in words; None and empty for not
    known.
    """

    line: int
    serial: str
    maker: str
    model: str
    lot: str
    characters: str
    ring: tuple[str, ...]
    id: int
    tip: str
    profile: str
    verdict: str
    reading: str
    reading_serial: str
    findings: tuple[Finding, ...]
    depths: tuple[Depth, ...]
    strikes: tuple[StrikeRow, ...]
    layout: Layout
    views: dict[str, Any] | None
    files: tuple[tuple[str, str], ...]
    time_s: float | None = None
    time: str = ""


@dataclass(slots=True)
class Outlines:
    """Every land that any pin of the batch has, numbered as they are met; it grows while the page is written."""

    entries: list[tuple[str, str, str]] = field(default_factory=list)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def number(self, place: str, shows: str, land: Land | None = None) -> int:
        """The number of this land; its outline is told with the first pin that draws it."""
        key = (place, shows)
        if key not in self._numbers:
            self._numbers[key] = len(self.entries)
            self.entries.append((place, shows, ""))
        number = self._numbers[key]
        if land is not None and not self.entries[number][2]:
            self.entries[number] = (place, shows, _path(land))
        return number


def _path(land: Land) -> str:
    """An outline as the data of an SVG path, um to a tenth, y down as SVG counts it; to be filled even-odd."""
    rings = shapely.get_rings(shapely.get_parts(land.outline))
    return "".join(f"M{'L'.join(_corners(ring))}Z" for ring in rings)


def _corners(ring: shapely.LinearRing) -> Iterable[str]:
    points = np.round(shapely.get_coordinates(ring)[:-1] * [1.0, -1.0], 1) + 0.0
    return (f"{x:g} {y:g}" for x, y in points.tolist())


def cells_of(row: PinRow) -> tuple[str, ...]:
    """One row of the table, as ``COLUMNS`` names its cells."""
    counts = [sum(finding.severity is kind for finding in row.findings) for kind in (Severity.ERROR, Severity.WARNING)]
    shallowest = min(row.depths, key=lambda depth: depth.margin_um, default=None)
    cells = (
        f"{row.line}",
        row.serial,
        row.maker,
        row.model,
        row.lot,
        row.characters,
        f"{row.id}",
        row.tip,
        row.profile,
        row.verdict,
        row.reading,
        row.reading_serial,
        *(f"{count}" for count in counts),
        " ".join(sorted({finding.number for finding in row.findings})),
        "" if shallowest is None else f"{shallowest.place}: {shallowest.shows}",
        "" if shallowest is None or shallowest.depth_um is None else f"{shallowest.depth_um:.3f}",
        "" if shallowest is None else f"{shallowest.limit_um:.3f}",
        "" if row.time_s is None else f"{row.time_s:.3f}",
    )
    return tuple(legible(cell) for cell in cells)


def pin_data(row: PinRow, outlines: Outlines) -> dict[str, Any]:
    """The JSON object of one pin: what its card and its sheet show beyond the table."""
    return {
        "ring": list(row.ring),
        "lands": [outlines.number(land.place, land.shows, land) for land in row.layout.lands],
        "depths": [_depth(depth, outlines) for depth in row.depths],
        "findings": [_finding(finding) for finding in row.findings],
        "strikes": [
            [
                entry.condition,
                entry.dent_um,
                entry.contact_um,
                entry.pressure,
                entry.characters,
                entry.ring_wrong,
                entry.names,
                entry.posterior,
                entry.runner_up,
            ]
            for entry in row.strikes
        ],
        "files": [list(file) for file in row.files],
        "time": row.time,
        "code": pin_code((row.maker, row.model, row.serial, row.characters)),
        "views": row.views,
    }


def _depth(depth: Depth, outlines: Outlines) -> list[object]:
    figures = (depth.depth_um, depth.limit_um, depth.contrast, depth.share, depth.edge_um)
    known = [value if value is not None and np.isfinite(value) else None for value in figures]
    return [outlines.number(depth.place, depth.shows), *known, depth.low]


def _finding(finding: Finding) -> list[object]:
    return [
        finding.number,
        finding.severity.value,
        finding.message,
        finding.place,
        finding.value,
        finding.limit,
        finding.unit,
        finding.remedy,
    ]


def pin_code(parts: Sequence[str]) -> dict[str, Any]:
    """A QR code (ISO/IEC 18004, level M) of the parts with bars between them: its modules a side, and they as bits.

    Bits go row by row, first in the greatest place of each byte, 1 for dark, in base64; the quiet zone is left out.
    """
    from segno import make_qr

    symbol = make_qr(legible("|".join(parts)), error="m")
    modules = np.array([list(row) for row in symbol.matrix], dtype=np.uint8)
    return {"size": len(modules), "bits": b64encode(np.packbits(modules).tobytes()).decode("ascii")}


def script_json(document: object) -> bytes:
    """JSON that stands in a page as the text of a script element: no ``<`` is left that could end it.

    Every text is made legible first. Raises ValueError where a number is not finite.
    """
    text = json.dumps(_legible(document), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").encode("ascii")


def _legible(value: object) -> object:
    if isinstance(value, str):
        return legible(value)
    if isinstance(value, dict):
        return {key: _legible(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_legible(entry) for entry in value]
    return value
