"""Lines and polylines of a DXF's entities as paths, and what is wrong with those that are none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding
from toolpaths.readers import dxf_tags
from toolpaths.readers.drawn import error, note
from toolpaths.readers.dxf_tags import Entities

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_MOST_MM = 1_000.0  # a metre from the apex is no pin
_STRAIGHT = ("LINE", "POLYLINE", "VERTEX", "SEQEND", "LWPOLYLINE")
_CLOSED, _THREE_D, _PATTERN = 1, 8, 128  # POLYLINE's flags that leave it straight
_THREE_D_VERTEX = 32
_COORDINATES = (
    dxf_tags.X,
    dxf_tags.Y,
    dxf_tags.Z,
    dxf_tags.X_END,
    dxf_tags.Y_END,
    dxf_tags.Z_END,
    dxf_tags.ELEVATION,
)


def _is(entities: Entities, *names: str) -> BoolArray:
    """(e,) bool: the entity is of one of the kinds."""
    known: BoolArray = np.array([name in names for name in entities.kind_names], dtype=bool)
    return known[entities.kind]


def kind_faults(entities: Entities) -> list[Finding]:
    """One for each kind that is not read, at the first of it."""
    faults = []
    foreign = np.flatnonzero(~_is(entities, *_STRAIGHT))
    kinds, first, counts = np.unique(entities.kind[foreign], return_index=True, return_counts=True)
    for kind, place, count in list(zip(kinds.tolist(), first.tolist(), counts.tolist(), strict=True))[:20]:
        message = f"{count} of kind {entities.kind_names[kind][:30]!r}: only lines and polylines are read"
        line = int(entities.line[foreign[place]])
        faults.append(error("M309", message, place=f"line {line}", remedy="explode or convert to polylines"))
    return faults


def shape_faults(entities: Entities) -> list[Finding]:
    """What is wrong with lines and polylines, the first of each fault."""
    bad = {
        ("M310", "a coordinate is missing or there twice"): _incomplete(entities),
        ("M310", "a polyline has other vertices than it claims"): _miscounted(entities),
        ("M310", "a VERTEX or SEQEND without its POLYLINE, or a POLYLINE without its SEQEND"): _stray(entities),
        ("M311", "a curve, a mesh or a bulge: only straight pieces are read"): _curved(entities),
        ("M311", "an entity turned out of the drawing's plane (extrusion)"): _turned(entities),
        ("M306", f"a coordinate is not finite or further than {_MOST_MM:.0f} mm from the origin"): _far(entities),
    }
    faults = []
    for (number, message), mask in bad.items():
        if mask.any():
            place = f"line {int(entities.line[np.argmax(mask)])}"
            remedy = "export the DXF anew, as polylines of straight pieces"
            faults.append(error(number, f"{message} ({int(mask.sum())} in all)", place=place, remedy=remedy))
    return faults


def _incomplete(entities: Entities) -> BoolArray:
    line, vertex, light = (_is(entities, kind) for kind in ("LINE", "VERTEX", "LWPOLYLINE"))
    bad: BoolArray = (entities.count(dxf_tags.FLAGS) > 1) | (entities.count(dxf_tags.ELEVATION) > 1)
    for codes, needed in (((dxf_tags.X, dxf_tags.Y), line | vertex), ((dxf_tags.X_END, dxf_tags.Y_END), line)):
        for code in codes:
            bad |= (entities.count(code) == 0) & needed
    for code in _COORDINATES:
        bad |= (entities.count(code) > 1) & ~light
    return bad


def _miscounted(entities: Entities) -> BoolArray:
    """Light polylines whose x and y do not come in turn, or are not as many as the file says."""
    light = _is(entities, "LWPOLYLINE")
    claimed, counted = entities.column(dxf_tags.COUNT), entities.count(dxf_tags.X)
    bad: BoolArray = light & (counted != entities.count(dxf_tags.Y))
    bad |= light & np.isfinite(claimed) & (claimed != counted)
    rows = np.flatnonzero(light[entities.owner] & np.isin(entities.code, (dxf_tags.X, dxf_tags.Y)))
    in_turn = entities.code[rows] == np.where(np.arange(len(rows)) % 2 == 0, dxf_tags.X, dxf_tags.Y)
    if not bad.any():
        bad[entities.owner[rows[~in_turn]]] = True
    return bad


def _stray(entities: Entities) -> BoolArray:
    head, vertex, end = (_is(entities, kind) for kind in ("POLYLINE", "VERTEX", "SEQEND"))
    part = vertex | end
    opened = head | vertex
    before, after = np.zeros(len(entities), dtype=bool), np.zeros(len(entities), dtype=bool)
    before[1:], after[:-1] = opened[:-1], part[1:]
    bad: BoolArray = (part & ~before) | (opened & ~after)
    return bad


def _curved(entities: Entities) -> BoolArray:
    flags = np.nan_to_num(entities.column(dxf_tags.FLAGS), posinf=-1.0)
    whole = np.where((flags == np.rint(flags)) & (flags >= 0) & (flags < 2**31), flags, 2.0).astype(np.int64)
    head, vertex, light = (_is(entities, kind) for kind in ("POLYLINE", "VERTEX", "LWPOLYLINE"))
    bad: BoolArray = head & ((whole & ~(_CLOSED | _THREE_D | _PATTERN)) != 0)
    bad |= vertex & ((whole & ~_THREE_D_VERTEX) != 0)
    bad |= light & ((whole & ~(_CLOSED | _PATTERN)) != 0)
    rows = (entities.code == dxf_tags.BULGE) & (entities.number != 0) & (vertex | light)[entities.owner]
    bad[entities.owner[rows]] = True
    return bad


def _turned(entities: Entities) -> BoolArray:
    """Another direction of extrusion than z mirrors or tilts the coordinates of flat entities."""
    bad = np.zeros(len(entities), dtype=bool)
    for code, upright in zip(dxf_tags.EXTRUSION, (0.0, 0.0, 1.0), strict=True):
        rows = (entities.code == code) & (entities.number != upright)
        bad[entities.owner[rows]] = True
    return bad


def _far(entities: Entities) -> BoolArray:
    bad = np.zeros(len(entities), dtype=bool)
    rows = np.isin(entities.code, _COORDINATES) & ~(np.abs(entities.number) <= _MOST_MM)
    bad[entities.owner[rows]] = True
    return bad


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """All k polylines of a file.

    points : (n, 3) float, mm. starts : (k + 1,) int. layer, line : (k,) int. solid : (k,) bool, whether the
    entity states a height of its own for every point.
    """

    points: FloatArray
    starts: IntArray
    layer: IntArray
    line: IntArray
    solid: BoolArray

    def chosen(self, order: IntArray) -> "Paths":
        """Some of the paths, in another order."""
        sizes = np.diff(self.starts)[order]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        rows = np.repeat(self.starts[:-1][order] - starts[:-1], sizes) + np.arange(starts[-1])
        return Paths(
            points=self.points[rows],
            starts=starts,
            layer=self.layer[order],
            line=self.line[order],
            solid=self.solid[order],
        )


def paths_of(entities: Entities) -> Paths:
    """Points gathered by the entity that owns them, in the file's order, closed ones with their first point again."""
    line, head, vertex, light = (_is(entities, kind) for kind in ("LINE", "POLYLINE", "VERTEX", "LWPOLYLINE"))
    columns = {code: entities.column(code) for code in _COORDINATES}
    flags = np.nan_to_num(entities.column(dxf_tags.FLAGS)).astype(np.int64)
    index = np.arange(len(entities))
    polyline = np.maximum.accumulate(np.where(head, index, 0)) if len(entities) else index
    three_d = (flags & _THREE_D) != 0
    elevation = np.where(light, columns[dxf_tags.ELEVATION], columns[dxf_tags.Z])
    z_of_vertex = np.where(three_d[polyline], columns[dxf_tags.Z], elevation[polyline])

    ends = [np.stack([columns[code] for code in codes], axis=1)[line] for codes in _LINE_ENDS]
    x_rows, y_rows = (
        np.flatnonzero((entities.code == code) & light[entities.owner]) for code in (dxf_tags.X, dxf_tags.Y)
    )
    light_owner = entities.owner[x_rows]
    light_points = [entities.number[x_rows], entities.number[y_rows], elevation[light_owner]]
    vertices = np.stack([columns[dxf_tags.X], columns[dxf_tags.Y], z_of_vertex], axis=1)[vertex]
    points = np.concatenate([*ends, vertices, np.stack(light_points, axis=1)])
    owner = np.concatenate([index[line], index[line], polyline[vertex], light_owner])
    within = np.concatenate([np.zeros(line.sum(), np.int64), np.ones(line.sum(), np.int64), index[vertex], x_rows])
    order = np.lexsort((within, owner))
    stated = np.isfinite(points[:, 2])
    solid = np.ones(len(entities), dtype=bool)
    solid[owner[~stated]] = False
    solid[light | (head & ~three_d)] = False
    return _closed(
        entities, np.nan_to_num(points[order]), owner[order], closes=(flags & _CLOSED != 0) & ~line, solid=solid
    )


_LINE_ENDS = (
    (dxf_tags.X, dxf_tags.Y, dxf_tags.Z),
    (dxf_tags.X_END, dxf_tags.Y_END, dxf_tags.Z_END),
)


def _closed(entities: Entities, points: FloatArray, owner: IntArray, *, closes: BoolArray, solid: BoolArray) -> Paths:
    """Paths from points that stand owner by owner."""
    owners, first = np.unique(owner, return_index=True)
    last = np.append(first[1:], len(points))[: len(owners)]
    shut = closes[owners] & np.any(points[last - 1] != points[first], axis=1)
    points = np.insert(points, last[shut], points[first[shut]], axis=0)
    starts = np.concatenate([[0], np.cumsum(last - first + shut)])
    return Paths(
        points=points,
        starts=starts,
        layer=entities.layer[owners],
        line=entities.line[owners],
        solid=solid[owners],
    )


def without_length_zero(paths: Paths) -> tuple[Paths, list[Finding]]:
    """Paths that go somewhere, and a warning where others were left out."""
    if not len(paths.layer):
        return paths, []
    sizes = np.diff(paths.starts)
    away = np.any(paths.points != np.repeat(paths.points[paths.starts[:-1]], sizes, axis=0), axis=1)
    goes = np.logical_or.reduceat(away, paths.starts[:-1])
    if goes.all():
        return paths, []
    message = f"{int((~goes).sum())} lines or polylines of no length are left out"
    return paths.chosen(np.flatnonzero(goes)), [note("M318", message, place=f"line {int(paths.line[np.argmin(goes)])}")]
