"""The layout as it is cut: mirrored once, on the tip, with its relief and the field that is cleared around it."""

from dataclasses import dataclass

import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from engrave.base.frames import mirrored_xy
from engrave.layout.polygons import Land, Layout

# How far the field goes beyond the largest patch, which is known roughly, ...
FIELD_MARGIN_UM = 100.0
# ... and beyond the mark: its land must stay a kerf inside a field that ends in a taper.
MARK_MARGIN_UM = 50.0
# The taper falls over this length: a slope of about one in four at the default relief.
TAPER_LENGTH_UM = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Engraving:
    """Lands in the pin frame, and the disc that is cleared around them.

    The field reaches the tip's edge; or it reaches a margin beyond the largest contact patch and the mark, and a taper
    follows. Either way nothing outside the mark stands above its land. ``taper_to_radius_um`` is None where the field
    reaches the edge.
    """

    lands: tuple[Land, ...]
    relief_um: float
    field_radius_um: float
    taper_to_radius_um: float | None

    def land(self) -> BaseGeometry:
        """All lands as one geometry."""
        return shapely.union_all([land.outline for land in self.lands]) if self.lands else MultiPolygon()


def engraving_of(layout: Layout, *, relief_um: float, edge_radius_um: float, largest_patch_um: float) -> Engraving:
    """The layout mirrored into the pin frame, with its field.

    largest_patch_um : contact radius of the hardest strike the job foresees, at the most backing.
    """
    lands = tuple(Land(place=land.place, shows=land.shows, outline=_mirrored(land.outline)) for land in layout.lands)
    wanted_um = max(largest_patch_um + FIELD_MARGIN_UM, layout.places.outer_radius_um + MARK_MARGIN_UM)
    reaches_edge = wanted_um + TAPER_LENGTH_UM >= edge_radius_um
    return Engraving(
        lands=lands,
        relief_um=relief_um,
        field_radius_um=edge_radius_um if reaches_edge else wanted_um,
        taper_to_radius_um=None if reaches_edge else wanted_um + TAPER_LENGTH_UM,
    )


def _mirrored(outline: BaseGeometry) -> BaseGeometry:
    """The outline in the other frame, outer rings anticlockwise."""
    return shapely.orient_polygons(shapely.transform(outline, mirrored_xy))
