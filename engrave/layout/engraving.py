"""The layout as it is cut: mirrored once, on the tip, with its relief and the field that is cleared around it."""

from dataclasses import dataclass

import shapely
from shapely import Polygon
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from engrave.base.frames import mirrored_xy
from engrave.layout.places import RECESSED, Places
from engrave.layout.polygons import Land, Layout
from toolpaths.surface import Surface, disc

# How far the field goes beyond the largest patch, which is known roughly, ...
FIELD_MARGIN_UM = 100.0
# ... and beyond the mark: its land must stay a kerf inside a field that ends in a taper.
MARK_MARGIN_UM = 50.0
# The taper falls over this length: a slope of about one in four at the default relief.
TAPER_LENGTH_UM = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Engraving:
    """Lands in the pin frame, and the field that is cleared around them; or that they are cut into, where recessed.

    The field reaches the face's boundary; or it reaches a margin beyond the largest contact patch and the mark, and a
    taper follows. Either way nothing outside a raised mark stands above its land. ``taper_to`` is None where the field
    reaches the boundary, and for a recessed mark, round which nothing is cleared.
    """

    lands: tuple[Land, ...]
    relief_um: float
    polarity: str
    field: Polygon
    taper_to: Polygon | None

    def land(self) -> BaseGeometry:
        """All lands as one geometry."""
        return shapely.union_all([land.outline for land in self.lands]) if self.lands else MultiPolygon()

    def standing(self) -> MultiPolygon:
        """What of the field is not cut: the lands, or all but the lands."""
        left = shapely.difference(self.field, self.land()) if self.polarity == RECESSED else self.land()
        return MultiPolygon([part for part in shapely.get_parts(left) if isinstance(part, Polygon)])


def engraving_of(layout: Layout, *, relief_um: float, tip: Surface, largest_patch_um: float) -> Engraving:
    """The layout mirrored into the pin frame, with its field.

    largest_patch_um : how far from the axis the patch of the hardest strike that the job foresees reaches, at the most
    backing.
    """
    lands = tuple(Land(place=land.place, shows=land.shows, outline=_mirrored(land.outline)) for land in layout.lands)
    field, taper_to = field_of(layout.places, tip=tip, largest_patch_um=largest_patch_um)
    return Engraving(
        lands=lands,
        relief_um=relief_um,
        polarity=layout.places.settings.polarity,
        field=field,
        taper_to=taper_to,
    )


def field_of(places: Places, *, tip: Surface, largest_patch_um: float) -> tuple[Polygon, Polygon | None]:
    """The field about the mark, and where its taper ends: both as in ``Engraving``."""
    recessed = places.settings.polarity == RECESSED
    marked_um = places.outer_radius_um + MARK_MARGIN_UM
    wanted_um = marked_um if recessed else max(largest_patch_um + FIELD_MARGIN_UM, marked_um)
    if wanted_um + TAPER_LENGTH_UM >= tip.edge_radius_um:
        return tip.boundary, None
    return _within(tip, wanted_um), None if recessed else _within(tip, wanted_um + TAPER_LENGTH_UM)


def _within(tip: Surface, radius_um: float) -> Polygon:
    """What of the face lies so near to the axis."""
    part = shapely.intersection(tip.boundary, disc(radius_um))
    return part if isinstance(part, Polygon) else max(shapely.get_parts(part), key=lambda piece: piece.area)


def _mirrored(outline: BaseGeometry) -> BaseGeometry:
    """The outline in the other frame, outer rings anticlockwise."""
    return shapely.orient_polygons(shapely.transform(outline, mirrored_xy))
