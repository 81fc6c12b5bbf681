"""What a job's tip, process and primer leave for a layout, and the layout that suits them best."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import Polygon

from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.frames import mirrored_xy
from engrave.base.shelf import Sourced
from engrave.code.profiles import PROFILES
from engrave.job.faces import typeface_of
from engrave.job.model import AXIAL, Job
from engrave.layout import Places
from engrave.layout.fitting import Fit, Found, fitted
from engrave.layout.places import RAISED, RECESSED
from engrave.layout.prediction import ways_of
from engrave.layout.room import Bench, bench_for
from engrave.layout.rules import edge_margin_um
from engrave.strike import Condition, Primer
from engrave.strike.varied import varied
from engrave.tips import Pin, tip_of
from fonts.typeface import Typeface
from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.laser.ablation import crater_radius_um, log_fluence
from toolpaths.laser.recipe import NONE, Recipe
from toolpaths.surface import Surface

# From the crest to half relief, as a share of the crater's radius: 3.07 um of 6.05, measured on the simulated cut of a
# straight wall (docs/laser.md, benchmarks/wall.py). For the design rules alone; the checker measures the cut itself.
WALL_SHARE = 0.51
# The same where passes are not followed by a contour: 6.04 um of 6.05.
WALL_SHARE_WITHOUT_CONTOUR = 1.0
# In how many ways each condition is met while layouts are compared, and the seed that draws them. Choices.
WAYS, SEED = 12, 0
_RELIEF_DECIMALS = 3
# A face is round where it fills its circle to this share.
_ROUND_SHARE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """What a process cuts: the planner's kerf, the width that the process gives, and from the crest to half relief.

    ridge_um : the least land that may stand between two cuts; 0 for any. level_um : width of a cut whose floor is
    level, whatever the slope; 0 where it follows the tip. finer : what would cut finer, in words.
    """

    kerf_um: float
    crater_um: float
    wall_um: float
    finer: str
    ridge_um: float = 0.0
    level_um: float = 0.0


def widths_of(process: Recipe | Milling | Sinking, *, polarity: str = RAISED) -> Widths:
    """The widths of a cut: of a laser's step that cuts widest, its walls as the rough step leaves them.

    Of sparks the cut is the least opening that the finest rod can go into, or of an electrode a rib, between the lands
    of a raised mark a wall. Walls stand upright: a rod's end stays flat as it wears, and the side gap is the same all
    the way down (prior).
    """
    if isinstance(process, Recipe):
        return _laser_widths(process)
    if isinstance(process, Milling):
        width_um = process.opening_um
        return Widths(kerf_um=width_um, crater_um=width_um, wall_um=0.0, finer="a thinner rod", level_um=width_um)
    width_um = process.opening_um if polarity == RECESSED else process.space_um
    return Widths(
        kerf_um=width_um, crater_um=width_um, wall_um=0.0, finer="a finer electrode", ridge_um=process.ridge_um
    )


def _laser_widths(recipe: Recipe) -> Widths:
    levels = [
        (recipe.beam_of(step), float(log_fluence(recipe.process_of(step), recipe.beam_of(step))))
        for step in recipe.steps
    ]
    crater_um = max(float(crater_radius_um(spot_um=beam.spot_radius_um, log_fluence=level)) for beam, level in levels)
    share = WALL_SHARE_WITHOUT_CONTOUR if recipe.rough.contour == NONE else WALL_SHARE
    return Widths(kerf_um=recipe.kerf_um, crater_um=2 * crater_um, wall_um=share * crater_um, finer="a finer spot")


def usable_face(tip: Surface, pin: Pin, widths: Widths) -> Polygon:
    """The part of the face that may carry lands: an edge margin inside its boundary, pin frame."""
    margin_um = edge_margin_um(runout_um=pin.runout_um, kerf_um=widths.kerf_um)
    # A narrow waist may part a face: what is left is the larger of the parts.
    parts = shapely.get_parts(shapely.buffer(tip.boundary, -margin_um))
    return max(parts.tolist(), key=lambda part: part.area, default=Polygon())


def is_round(tip: Surface) -> bool:
    """Whether the face is a disc about the axis: the ring on it is whole, or does not fit."""
    return bool(tip.face_area_um2 > (1 - _ROUND_SHARE) * np.pi * tip.edge_radius_um**2)


def fit_layout(
    fit: Fit,
    *,
    pin: Pin,
    recipe: Recipe | Milling | Sinking,
    primer: Primer,
    conditions: tuple[Sourced[Condition], ...],
    nominal: Condition,
    relief_um: float,
    relief_along: str,
    typeface: Typeface,
) -> tuple[Found, ...]:
    """The best layout of every profile that fits the pin, the best first. Raises InputError where none does.

    A profile of shapes is passed over where the face has none. A relief along the normal is first taken along the axis,
    and then as deep along it as the layout found so asks for.
    """
    wanted = tuple(name for name in fit.profiles if typeface.shapes or not PROFILES[name].shapes)
    bench = bench_of(
        pin=pin,
        recipe=recipe,
        primer=primer,
        conditions=conditions,
        nominal=nominal,
        relief_um=relief_um,
        typeface=typeface,
        polarity=fit.polarity,
    )
    found = fitted(replace(fit, profiles=wanted), bench)
    if relief_along == AXIAL:
        return found
    deeper = replace(bench, relief_um=axial_relief_um(relief_um, bench.tip, found[0].places))
    return fitted(replace(fit, profiles=wanted), deeper)


def fit_job(job: Job, fit: Fit) -> tuple[Found, ...]:
    """The same for a job, whose own layout is left aside."""
    return fit_layout(
        fit,
        pin=job.pin.value,
        recipe=job.process.value,
        primer=job.primer.value,
        conditions=job.conditions,
        nominal=job.nominal,
        relief_um=job.relief_um,
        relief_along=job.relief_along,
        typeface=typeface_of(fit.face, job.face_text),
    )


def axial_relief_um(relief_um: float, tip: Surface, places: Places) -> float:
    """The relief along the axis, whole nanometres, of one along the face's normal where the mark is steepest."""
    # A point on the boundary itself is drawn in by a billionth, so that it has a slope.
    cosines = tip.normal_cosine(*mirrored_xy(places.outline_um() * (1 - 1e-9)).T)
    return round(relief_um / float(np.min(cosines[np.isfinite(cosines)], initial=1.0)), _RELIEF_DECIMALS)


def bench_of(
    *,
    pin: Pin,
    recipe: Recipe | Milling | Sinking,
    primer: Primer,
    conditions: tuple[Sourced[Condition], ...],
    nominal: Condition,
    relief_um: float,
    typeface: Typeface,
    polarity: str = RAISED,
) -> Bench:
    """What layouts are compared on. Raises InputError where a condition asks more of the tip than it can do."""
    tip, widths = tip_of(pin), widths_of(recipe, polarity=polarity)
    usable = usable_face(tip, pin, widths)
    if usable.is_empty:
        raise InputError("pin: the face is narrower than its edge margins; nothing of it can be engraved")
    faults: list[str] = []
    for entry in conditions:
        with Collecting(faults, prefix=f"conditions: {entry.name!r}: "):
            ways_of(tip, primer, [[entry.value]])
    raise_faults(faults)
    return bench_for(
        tip=tip,
        usable=usable,
        ways=ways_of(tip, primer, [varied(entry.value, primer, count=WAYS, seed=SEED) for entry in conditions]),
        typeface=typeface,
        primer=primer,
        nominal=nominal,
        relief_um=relief_um,
        kerf_um=widths.kerf_um,
        wall_um=widths.wall_um,
        least_stroke_um=widths.kerf_um if polarity == RECESSED else max(widths.kerf_um / 2, widths.ridge_um),
    )
