"""What a tip, a process and a primer leave room for, and what speaks against a layout there.

As the design rules would say, but quickly enough for a search.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon

from engrave.base.frames import mirrored_xy
from engrave.code.profiles import Profile
from engrave.layout.places import Places
from engrave.layout.prediction import Ways
from engrave.layout.rules.gaps import uncut_um2
from engrave.layout.rules.sizes import MOST_STROKE_SHARE
from engrave.layout.rules.standing import BACKING_KEPT
from engrave.layout.rules.subject import LEAST_FLOOR_UM
from engrave.strike import Condition, Primer, blow_of
from engrave.strike.mechanics import TRAVEL_RELIEFS, contact_area_um2
from fonts.typeface import Typeface
from toolpaths.surface import Surface

# Widths of a stroke at half relief: thin ones sink where the cup is badly backed, wide ones wear better; see rule L101.
THIN_UM, USUAL_UM = 16.0, 20.0
# Beside a ring of which less than this many cells have room it is not worth looking for.
LEAST_CELLS = 10
# Sizes are whole micrometres.
STEP_UM = 1.0
_ROUNDING_UM = 1e-9
# The height at which glyphs are measured.
_DRAWN_UM = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a layout is fitted to.

    usable : the part of the face that may carry lands, reading frame. kerf_um, wall_um : what the process cuts, and
    from the crest to half relief. least_stroke_um : that can be cut, at the crest; see rule L111. widest : width over
    height of the face's widest glyph, stroke aside. formed_um : depth below the apex to which the nominal strike forms
    a land with backing to spare. typeface : whose glyphs the cut must go into.
    """

    tip: Surface
    usable: Polygon
    ways: Ways
    relief_um: float
    kerf_um: float
    wall_um: float
    least_stroke_um: float
    widest: float
    formed_um: float
    typeface: Typeface

    @property
    def gap_um(self) -> float:
        """Least distance of two lands at the crest: the relief, the cut, both walls and a floor between them."""
        return max(self.cuttable_um, self.relief_um)

    @property
    def tooth_gap_um(self) -> float:
        """The same for teeth, which stand side by side all the way round: more floor, or walls drown them.

        On the shipped process and a sphere of 1 mm the faintest tooth stands 3 times above the noise of its
        surroundings at 25 um from the next, 5 times at 29 um, 10 times at 33 um, 20 times at 41 um (simulated); slopes
        take half of that, and the check asks for 5.
        """
        return max(self.gap_um, self.relief_um + 2 * LEAST_FLOOR_UM)

    @property
    def cuttable_um(self) -> float:
        """The same for a short gap, which metal reaches from its ends."""
        return max(self.kerf_um, 2 * self.wall_um + LEAST_FLOOR_UM)

    def goes_into_glyphs(self, *, height_um: float, stroke_um: float) -> bool:
        """Whether the cut goes into every counter and gap within the glyphs, as rule L112 has it."""
        outlines = (
            self.typeface.outline(character, height_um=height_um, stroke_um=stroke_um)
            for character in self.typeface.glyphs
        )
        return all(uncut_um2(outline, self.kerf_um) == 0 for outline in outlines)

    @property
    def strokes_um(self) -> tuple[float, float]:
        """Widths of a stroke at the crest, the thinnest and the usual one, whole steps."""
        least_um = np.ceil(self.least_stroke_um / STEP_UM) * STEP_UM
        thin_um, usual_um = (
            max(float(np.round((width_um - 2 * self.wall_um) / STEP_UM) * STEP_UM), least_um)
            for width_um in (THIN_UM, USUAL_UM)
        )
        return thin_um, usual_um


def bench_for(
    *,
    tip: Surface,
    usable: Polygon,
    ways: Ways,
    typeface: Typeface,
    primer: Primer,
    nominal: Condition,
    relief_um: float,
    kerf_um: float,
    wall_um: float,
    least_stroke_um: float,
) -> Bench:
    """The bench of a job. ``usable`` : pin frame."""
    return Bench(
        tip=tip,
        usable=shapely.transform(usable, mirrored_xy),
        ways=ways,
        relief_um=relief_um,
        kerf_um=kerf_um,
        wall_um=wall_um,
        least_stroke_um=least_stroke_um,
        widest=_widest(typeface),
        formed_um=_formed_um(tip, primer, nominal, relief_um=relief_um),
        typeface=typeface,
    )


def _widest(typeface: Typeface) -> float:
    """Width of the widest glyph over its height, stroke aside: as drawn, since ink may stand beyond its cell."""
    thin = {"height_um": _DRAWN_UM + 1.0, "stroke_um": 1.0}
    boxes = [typeface.outline(character, **thin).bounds for character in typeface.glyphs]
    return max((right - left - 1.0) / _DRAWN_UM for left, _, right, _ in boxes)


def conflicts(places: Places, profile: Profile, bench: Bench) -> Iterator[str]:
    """Why these places cannot be used on this bench: as the design rules would say, but quickly."""
    settings, tip = places.settings, bench.tip
    stroke_um = settings.stroke_um + 2 * bench.wall_um
    if stroke_um > MOST_STROKE_SHARE * settings.height_um:
        yield f"characters {settings.height_um:.0f} um high are too low for strokes of {stroke_um:.0f} um"
    yield from _crowded(places, bench)
    outline_um = places.outline_um()
    if not shapely.contains_xy(bench.usable, *outline_um.T).all():
        yield "the mark reaches beyond the part of the face that may be engraved"
        return
    least_um = float(tip.height_um(-outline_um[:, 0], outline_um[:, 1]).min())
    if least_um < -bench.formed_um:
        yield (
            f"the mark reaches {-least_um:.0f} um below the apex, and the nominal strike forms lands down to "
            f"{bench.formed_um:.0f} um only"
        )
    if profile.tracks and len(places.teeth) < LEAST_CELLS:
        yield f"only {len(places.teeth)} cells of the ring have room on the face"


def _crowded(places: Places, bench: Bench) -> Iterator[str]:
    """Neighbours that stand too close."""
    settings = places.settings
    width_um = bench.widest * (settings.height_um - settings.stroke_um) + settings.stroke_um
    pairs = []
    if max(settings.rows) > 1:
        pairs.append(("columns of characters", settings.column_pitch_um - width_um, bench.gap_um))
    if len(settings.rows) > 1:
        pairs.append(("rows of characters", settings.row_pitch_um - settings.height_um, bench.gap_um))
    corner_um = block_um(
        settings.rows,
        column_pitch_um=settings.column_pitch_um,
        row_pitch_um=settings.row_pitch_um,
        box_um=(width_um, settings.height_um),
    )
    if settings.tracks and settings.tooth_um is not None:
        inner_um = settings.tracks[0].inner_um
        nearest_um = 2 * (inner_um + settings.tooth_um / 2) * np.sin(np.pi / places.sectors) - settings.tooth_um
        pairs += [
            ("teeth of ring track 1", float(nearest_um), bench.tooth_gap_um),
            ("the ring and the characters", inner_um - corner_um, bench.gap_um),
        ]
    if len(settings.tracks) > 1:
        pairs.append(("tracks", settings.tracks[1].inner_um - settings.tracks[0].outer_um, bench.cuttable_um))
    if settings.shapes is not None:
        circle = settings.shapes
        least_um = least_circle_um(circle.height_um, bench.gap_um, len(places.shapes))
        pairs += [
            ("shapes", circle.radius_um - least_um, 0.0),
            ("the shapes and the characters", circle.radius_um - circle.height_um / 2 - corner_um, bench.gap_um),
        ]
    for name, gap_um, least_um in pairs:
        if gap_um < least_um - _ROUNDING_UM:
            yield f"{name}: {gap_um:.1f} um apart, {least_um:.1f} um are needed"


def _formed_um(tip: Surface, primer: Primer, nominal: Condition, *, relief_um: float) -> float:
    """Depth below the apex to which lands are formed at half the assumed backing, as rule L108 has it."""
    backing = primer.backing_least + BACKING_KEPT * (primer.backing - primer.backing_least)
    _, dent_um = blow_of(tip, primer, nominal)
    going_on_um = max(dent_um - TRAVEL_RELIEFS * relief_um, 0.0)
    area_um2 = contact_area_um2(np.array(going_on_um), face=tip, backing=backing)
    return np.inf if area_um2 >= tip.face_area_um2 else float(tip.section_depth_um(area_um2))


def block_um(
    rows: tuple[int, ...], *, column_pitch_um: float, row_pitch_um: float, box_um: tuple[float, float]
) -> float:
    """Distance of the characters' outermost corner from the centre; box_um : width and height of a character."""
    counts = np.array(rows)
    x_um = (counts - 1) / 2 * column_pitch_um + box_um[0] / 2
    y_um = np.abs((len(rows) - 1) / 2 - np.arange(len(rows))) * row_pitch_um + box_um[1] / 2
    return float(np.hypot(x_um, y_um).max())


def least_circle_um(height_um: float, gap_um: float, count: int) -> float:
    """Least radius of the circle on which square cells of this height stay a gap apart.

    Neighbours are nearest at their inner corners, (h / 2, r - h / 2) seen from the cell's own direction; each must stay
    half a gap from the line between the two cells, which lies half a step from that direction.
    """
    half_step_rad = np.pi / count
    beside_um = gap_um / 2 + height_um / 2 * np.cos(half_step_rad)
    return float(height_um / 2 + beside_um / np.sin(half_step_rad))
