"""How deep each land has printed: by the outlines that a caller gives, or by those of the symbols that were read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from engrave.layout import Places, land_shapes
from engrave.layout.places import RAISED, RECESSED
from engrave.reading.field import Field, field_of
from engrave.reading.templates import WALL_UM
from engrave.reading.values import Reading
from fonts.typeface import Typeface
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
Labels = NDArray[np.intp]

# The field beside a land begins where its wall has ended and reaches about to the next land.
_FIELD_FROM_UM, _FIELD_TO_UM = WALL_UM + 4.0, 25.0
# The wall of a land, outside its crest, is looked for as far as its field begins, and within these shares of its depth.
_WALL_TO_UM = WALL_UM + 8.0
_WALL_FROM, _WALL_TO = 0.1, 0.9
# No primer is smoother than this; it keeps a simulated one from an infinite contrast (prior).
_LEAST_NOISE_UM = 0.1
_LEAST_SEEN_SHARE = 0.5
_NORMAL_SPREAD = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandDepth:
    """How one land has printed.

    depth_um : median over the land below the median of the field beside it, or above it where the tip's land is
    recessed; negative where it is the other way round, NaN where less than half of either can be seen. contrast : depth
    over the field's robust noise. printed_share : part of the land's area that lies deeper than half the relief asked
    about, 0..1; what cannot be seen has not printed. edge_width_um : how far, on average along its outline, a tenth and
    nine tenths of the depth lie apart; NaN where there is no depth.
    """

    name: str
    depth_um: float
    contrast: float
    printed_share: float
    edge_width_um: float


def measure(surface: HeightMap, geometry: Places, typeface: Typeface, reading: Reading) -> tuple[LandDepth, ...]:
    """Depths of the characters, teeth and shapes that were read, by their places, against the relief that was read.

    Erased symbols and gaps have no land, and a primer without a mark has none at all.
    """
    if not reading.found or not any(read.character for read in reading.characters):
        return ()
    outlines = land_shapes(geometry, typeface)
    glyphs = [
        (place.name, shapely.affinity.translate(outlines.glyphs[read.character], place.x_um, place.y_um))
        for place, read in zip(geometry.characters, reading.characters, strict=True)
        if read.character is not None
    ]
    teeth = [
        (place.name, outline)
        for place, outline in zip(geometry.teeth, outlines.teeth, strict=True)
        if reading.cells[place.track, place.sector] == 1
    ]
    shapes = [
        (place.name, images[read.shape])
        for place, images, read in zip(geometry.shapes, outlines.shapes, reading.shapes, strict=True)
        if read.shape is not None
    ]
    return measure_lands(
        surface,
        [
            (name, shapely.transform(outline, reading.pose.points_to_picture))
            for name, outline in glyphs + teeth + shapes
        ],
        relief_um=reading.relief_um,
        polarity=geometry.settings.polarity,
    )


def measure_lands(
    surface: HeightMap, outlines: Sequence[tuple[str, BaseGeometry]], *, relief_um: float, polarity: str = RAISED
) -> tuple[LandDepth, ...]:
    """Depth of every land in a primer, in the order given.

    outlines : names and outlines at the crest, um, in the reading frame, none overlapping another. relief_um : the
    depth of which half counts as printed. polarity : of the tip; a recessed land prints as a heap, whose height is then
    its depth, and whose walls lie inside its outline. Raises ValueError where the relief is not positive.
    """
    if relief_um <= 0:
        raise ValueError(f"relief: {relief_um:g} um must be positive; give the depth that full printing would have")
    field = field_of(surface)
    if field is None or not outlines:
        return tuple(
            LandDepth(name=name, depth_um=np.nan, contrast=np.nan, printed_share=0.0, edge_width_um=np.nan)
            for name, _ in outlines
        )
    crests = [outline for _, outline in outlines]
    if polarity == RECESSED:
        # What lies above half the height of a wall on each side.
        crests = [crest.buffer(-WALL_UM) for crest in crests]
    land, residual_um = _rasterised(field, crests)
    if polarity == RECESSED:
        residual_um = -residual_um
    near = _nearest(land, field.surface.pixel_um)
    beside = near.within(_FIELD_FROM_UM, _FIELD_TO_UM)
    count = len(outlines)
    level_um = _medians(residual_um, beside, count)
    spread_um = _medians(np.abs(residual_um - np.append(np.nan, level_um)[beside]), beside, count)
    depth_um = level_um - _medians(residual_um, land, count)
    contrast = depth_um / np.maximum(_NORMAL_SPREAD * spread_um, _LEAST_NOISE_UM)
    printed = residual_um < np.append(np.nan, level_um)[land] - relief_um / 2.0
    area = np.bincount(land.ravel(), minlength=count + 1)[1:]
    share = np.bincount(land[printed], minlength=count + 1)[1:] / np.maximum(area, 1)
    walls = _walls(residual_um, near.within(0.0, _WALL_TO_UM), level_um, depth_um)
    length_um = shapely.length(np.array(crests, dtype=object))
    with np.errstate(invalid="ignore", divide="ignore"):
        width_um = np.where(depth_um > 0, walls * field.surface.pixel_um**2 / length_um, np.nan)
    return tuple(
        LandDepth(
            name=name,
            depth_um=float(depth),
            contrast=float(ratio),
            printed_share=float(part),
            edge_width_um=float(width),
        )
        for (name, _), depth, ratio, part, width in zip(outlines, depth_um, contrast, share, width_um, strict=True)
    )


def _walls(residual_um: FloatArray, near: Labels, level_um: FloatArray, depth_um: FloatArray) -> FloatArray:
    """How many pixels on or near each land lie between a tenth and nine tenths of its depth, (lands,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        part = (np.append(np.nan, level_um)[near] - residual_um) / np.append(np.nan, depth_um)[near]
    wall = (part > _WALL_FROM) & (part < _WALL_TO)
    return np.bincount(near[wall], minlength=depth_um.size + 1)[1:].astype(np.float64)


def _rasterised(field: Field, outlines: Sequence[BaseGeometry]) -> tuple[Labels, FloatArray]:
    """Which outline covers each pixel, counted from 1, 0 for none; heights over the dent's form, NaN off the picture.

    The pixels are the picture's own, as far around the outlines as their fields reach.
    """
    surface = field.surface
    origin = np.array([surface.x0_um, surface.y0_um])
    boxes = (shapely.bounds(np.array(outlines, dtype=object)).reshape(-1, 2, 2) - origin) / surface.pixel_um
    margin = int(np.ceil(_FIELD_TO_UM / surface.pixel_um)) + 1
    first = np.floor(boxes[:, 0]).astype(np.intp)
    last = np.ceil(boxes[:, 1]).astype(np.intp)
    corner = first.min(axis=0) - margin
    width, height = last.max(axis=0) + margin + 1 - corner
    columns, rows = (corner[axis] + np.arange(length) for axis, length in enumerate((width, height)))
    spans = [
        np.mgrid[low[1] : high[1] + 1, low[0] : high[0] + 1].reshape(2, -1)
        for low, high in zip(first, last, strict=True)
    ]
    row, column = np.concatenate(spans, axis=1)
    owner = np.repeat(np.arange(len(outlines)), [span.shape[1] for span in spans])
    shapes = np.array(outlines, dtype=object)
    shapely.prepare(shapes)
    covered = shapely.contains_xy(
        shapes[owner], surface.x0_um + column * surface.pixel_um, surface.y0_um + row * surface.pixel_um
    )
    land = np.zeros((height, width), dtype=np.intp)
    land[row[covered] - corner[1], column[covered] - corner[0]] = owner[covered] + 1
    return land, _residual_um(field, rows, columns)


def _residual_um(field: Field, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> FloatArray:
    """Heights over the form at these rows and columns of the picture, NaN where it has none of that number."""
    surface = field.surface
    residual_um = np.full((rows.size, columns.size), np.nan)
    inside = np.ix_(
        *((line >= 0) & (line < size) for line, size in zip((rows, columns), surface.z_um.shape, strict=True))
    )
    at = np.ix_(
        *(line[(line >= 0) & (line < size)] for line, size in zip((rows, columns), surface.z_um.shape, strict=True))
    )
    x_um, y_um = surface.x0_um + surface.pixel_um * at[1], surface.y0_um + surface.pixel_um * at[0]
    residual_um[inside] = surface.z_um[at] - field.form.height_um(x_um, y_um)
    return residual_um


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nearest:
    """For every pixel the land that it belongs to or lies next to, and its distance from that land, um."""

    land: Labels
    distance_um: FloatArray

    def within(self, from_um: float, to_um: float) -> Labels:
        """The nearest land of every pixel so far from it, 0 elsewhere."""
        chosen: Labels = np.where((self.distance_um >= from_um) & (self.distance_um <= to_um), self.land, 0)
        return chosen


def _nearest(land: Labels, pixel_um: float) -> _Nearest:
    from scipy.ndimage import distance_transform_edt

    distance, nearest = distance_transform_edt(land == 0, sampling=pixel_um, return_indices=True)
    return _Nearest(land=land[tuple(nearest)], distance_um=distance)


def _medians(values: FloatArray, labels: Labels, count: int) -> FloatArray:
    """Median of the known values under each label 1..count, (count,); NaN where less than half of them are known."""
    chosen = labels > 0
    own, value = labels[chosen], values[chosen]
    known = np.isfinite(value)
    every = np.bincount(own, minlength=count + 1)[1:]
    own, value = own[known], value[known]
    order = np.lexsort((value, own))
    sizes = np.bincount(own, minlength=count + 1)[1:]
    starts = np.cumsum(sizes) - sizes
    medians = np.full(count, np.nan)
    seen = (sizes > 0) & (sizes >= _LEAST_SEEN_SHARE * every)
    low = starts[seen] + (sizes[seen] - 1) // 2
    high = starts[seen] + sizes[seen] // 2
    medians[seen] = (value[order[low]] + value[order[high]]) / 2.0
    return medians
