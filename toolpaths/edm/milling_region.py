"""What milling is given, checked, and where the face stays uncut for a rod to touch."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from toolpaths.edm.milling_recipe import Milling, Rod
from toolpaths.edm.milling_tracks import uphill_um
from toolpaths.surface import Surface

# Outlines of fields and faces have straight sides that lie within 0.05 um of them: two may lie this far apart.
DRAWN_UM = 0.1
# So far from what is cut a touch stays, beyond the reach of the sparks.
_TOUCH_MARGIN_UM = 5.0
# Layers of a rod: more would bore through any firing pin, and a typing error would fill a disk.
_MOST_LAYERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """An uncut place of the face, pin frame, um, and the height at which a flat end meets it."""

    x_um: float
    y_um: float
    z_um: float


def faults_of(
    *,
    land: MultiPolygon,
    field: Polygon,
    taper_to: Polygon | None,
    surface: Surface,
    relief_um: float,
    milling: Milling,
) -> Iterator[str]:
    """Every fault of what a plan is made from."""
    if not 0 < relief_um < math.inf:
        yield f"the relief, {relief_um!r} um, must be a finite number above 0"
    elif relief_um > _MOST_LAYERS * (least_um := min(rod.layer_um for rod in milling.rods)):
        yield f"a relief of {relief_um:g} um in layers of {least_um:g} um takes more than {_MOST_LAYERS} of them"
    outlines = [("field", field)] if taper_to is None else [("field", field), ("taper", taper_to)]
    broken = [name for name, outline in outlines if outline.is_empty or not outline.is_valid]
    yield from (f"the {name} is no valid polygon" for name in broken)
    if broken:
        return
    for name, outline in outlines:
        if not shapely.covers(shapely.buffer(surface.boundary, DRAWN_UM), outline):
            yield f"the {name} reaches beyond the tip's boundary"
    if taper_to is not None and not shapely.contains(shapely.buffer(taper_to, DRAWN_UM), field):
        yield "the taper ends within the field; it must go on beyond it"
    if not shapely.is_valid(land):
        yield f"the land is no valid set of polygons: {shapely.is_valid_reason(land)}"
    elif not land.is_empty and not shapely.covers(shapely.buffer(field, DRAWN_UM), land):
        yield "the land reaches beyond the field"


def is_recessed(*, land: MultiPolygon, field: Polygon) -> bool:
    """Whether grooves are cut into the face: the land then covers the field's own border."""
    return bool(shapely.covers(shapely.buffer(land, DRAWN_UM), field.exterior))


def touch_spot(
    *, land: MultiPolygon, field: Polygon, taper_to: Polygon | None, surface: Surface, milling: Milling, rod: Rod
) -> Spot | None:
    """An uncut place that a rod's end fits on: on the rim outside the field, or between grooves; None if there is none.

    The crest of a raised land is not touched: it is what prints. Of all places on the rim the one nearest to the apex
    is taken, where a tip is flattest. A flat end meets a slope at its upper edge: the height is that of the highest
    place under the rod.
    """
    cut = field if taper_to is None else taper_to
    away_um = rod.diameter_um / 2 + milling.gap_side_um + _TOUCH_MARGIN_UM
    inside = shapely.buffer(surface.boundary, -away_um)
    rim = shapely.difference(inside, shapely.buffer(cut, away_um))
    if rim.is_empty and is_recessed(land=land, field=field):
        rim = shapely.difference(inside, shapely.buffer(shapely.difference(field, land), away_um))
    if rim.is_empty:
        return None
    corners = shapely.get_coordinates(rim)
    x_um, y_um = np.round(corners[np.lexsort((*corners.T, np.round(np.hypot(*corners.T), 1)))[0]], 3)
    place = np.array([[x_um, y_um]])
    z_um = float(uphill_um(place, surface=surface, reach_um=rod.diameter_um / 2)[0])
    return Spot(x_um=float(x_um), y_um=float(y_um), z_um=round(z_um, 3) + 0.0)
