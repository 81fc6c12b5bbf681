"""What the rules judge: the outlines of a mark that any serial may need, where they stand on the tip, and by what."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from engrave.base.frames import mirrored_xy
from engrave.layout.places import RECESSED, Places
from engrave.layout.polygons import LandShapes
from engrave.strike import Condition, Primer, blow_of
from engrave.strike.mechanics import Blow
from toolpaths.laser.recipe import Recipe
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

# A floor narrower than this after both walls' taper does not fill.
LEAST_FLOOR_UM = 8.0
# Lands keep so far from the edge of the tip where the pin does not state its runout in the fixture (prior).
EDGE_MARGIN_UM = 25.0
AXIS, NORMAL = "axis", "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a layout is judged against.

    relief_along : what the relief is measured along, ``axis`` or ``normal``, the surface's own. kerf_um : what the
    planner cuts; crater_um : what the process gives; wall_um : from the crest to half relief. field, taper_to : as in
    ``Engraving``. largest_patch_um : radius of the patch of the hardest strike the job foresees, at the most backing.
    recipe : the laser's, None where sparks cut. finer : what would cut finer, in words. ridge_um : the least land that
    may stand between two cuts; 0 for any. level_um : width of a cut whose floor is level, whatever the slope; 0 where
    it follows the tip. step_um : the machine's, None where it is not known. runout_um, clocking_datum,
    clocking_tolerance_rad : the pin's, as far as its profile states them. tip_priors : keys of the tip's figures that
    were not measured.
    """

    tip: Surface
    relief_um: float
    kerf_um: float
    crater_um: float
    wall_um: float
    primer: Primer
    nominal: Condition
    field: Polygon
    taper_to: Polygon | None
    largest_patch_um: float
    relief_along: str = AXIS
    recipe: Recipe | None = None
    finer: str = "a finer spot"
    ridge_um: float = 0.0
    level_um: float = 0.0
    step_um: float | None = None
    runout_um: float | None = None
    clocking_datum: str | None = None
    clocking_tolerance_rad: float | None = None
    tip_priors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Carrier:
    """The characters, a track of the ring, or the circle of shapes: its name, and every cell's outermost points.

    hulls : reading frame, um; each holds whatever the cell may show.
    """

    name: str
    hulls: tuple[BaseGeometry, ...]

    @cached_property
    def points_um(self) -> FloatArray:
        """Corners of the hulls on the tip, (n, 2) float, pin frame."""
        return mirrored_xy(shapely.get_coordinates(np.asarray(self.hulls, dtype=object)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """A layout and its grounds, with what several rules ask of them."""

    places: Places
    shapes: LandShapes
    grounds: Grounds

    @property
    def recessed(self) -> bool:
        """Whether the mark is cut into the face."""
        return self.places.settings.polarity == RECESSED

    @property
    def cuttable_um(self) -> float:
        """The narrowest gap with a floor: as wide as the cut, and as both walls with some floor between them."""
        return max(self.grounds.kerf_um, 2 * self.grounds.wall_um + LEAST_FLOOR_UM)

    def at_half_relief_um(self, crest_um: float) -> float:
        """Width half way down of what is this wide at the face: lands widen downwards, grooves narrow."""
        return crest_um + (-2 if self.recessed else 2) * self.grounds.wall_um

    @property
    def widths_um(self) -> tuple[tuple[str, float], ...]:
        """What the mark is drawn with and how wide that is at the face."""
        settings = self.places.settings
        teeth = (("teeth", settings.tooth_um),) if settings.tooth_um is not None and self.places.teeth else ()
        return (("characters", settings.stroke_um), *teeth)

    @cached_property
    def characters(self) -> Carrier:
        """Every place of a character."""
        hull = hull_of(list(self.shapes.glyphs.values()))
        cells = tuple(translate(hull, place.x_um, place.y_um) for place in self.places.characters)
        return Carrier(name="characters", hulls=cells)

    @cached_property
    def tracks(self) -> dict[int, Carrier]:
        """The tracks on which teeth stand, by index."""
        carriers = {}
        for index in range(len(self.places.settings.tracks)):
            pairs = zip(self.places.teeth, self.shapes.teeth, strict=True)
            teeth = tuple(outline for place, outline in pairs if place.track == index)
            if teeth:
                carriers[index] = Carrier(name=f"ring track {index + 1}", hulls=teeth)
        return carriers

    @cached_property
    def circle(self) -> Carrier | None:
        """The shapes, if the profile has them."""
        hulls = tuple(hull_of(list(turns.values())) for turns in self.shapes.shapes)
        return Carrier(name="ring of shapes", hulls=hulls) if hulls else None

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """The characters, the tracks from the inside, the shapes."""
        return (
            self.characters,
            *self.tracks.values(),
            *(() if self.circle is None else (self.circle,)),
        )

    @cached_property
    def steepest_cosine(self) -> float:
        """Least cosine of the slope anywhere under the mark, as far as it lies on the tip; 1 where none of it does."""
        points = np.concatenate([carrier.points_um for carrier in self.carriers])
        cosines = self.grounds.tip.normal_cosine(points[:, 0], points[:, 1])
        return float(np.min(cosines[np.isfinite(cosines)], initial=1.0))

    @cached_property
    def axial_relief_um(self) -> float:
        """The greatest relief along the axis."""
        grounds = self.grounds
        return grounds.relief_um / (self.steepest_cosine if grounds.relief_along == NORMAL else 1.0)

    @property
    def along(self) -> str:
        """What the relief is measured along, in words."""
        return "along the axis" if self.grounds.relief_along == AXIS else "along the normal"

    @cached_property
    def blow(self) -> tuple[Blow, float]:
        """The nominal blow, and its dent, um."""
        return blow_of(self.grounds.tip, self.grounds.primer, self.grounds.nominal)

    def pressure(self, backing: float) -> float:
        """Mean pressure over flow stress at a backing."""
        return replace(self.blow[0], backing=backing).pressure


def hull_of(outlines: Sequence[BaseGeometry]) -> BaseGeometry:
    """The convex hull of all of them."""
    return shapely.GeometryCollection(list(outlines)).convex_hull


def depths_um(tip: Surface, points_um: FloatArray) -> FloatArray:
    """How far the tip lies below its apex at points (n, 2), pin frame, without those beside the tip."""
    heights = tip.height_um(points_um[:, 0], points_um[:, 1])
    return -heights[np.isfinite(heights)]


def edge_margin_um(*, runout_um: float | None, kerf_um: float) -> float:
    """How far lands keep from the edge of the tip: by the pin's runout, and by a cut all round them."""
    return max(EDGE_MARGIN_UM if runout_um is None else runout_um, kerf_um)
