"""Design rules: what a layout must keep to on its tip, with its process, for its primer; as numbered findings.

The margin for design is kept here and the judgement of a finished file in ``engrave.verify``: they share no figure
but the job's own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from engrave.layout.places import Places, Track
from engrave.layout.polygons import LandShapes
from engrave.strike import Condition, Primer, blow_of, contact_radius_um, dent_touching_um, pressure_ratio
from engrave.strike.mechanics import PRANDTL, TRAVEL_RELIEFS
from fonts.separation import land_fraction, rasterise
from toolpaths.findings import Finding, Severity
from toolpaths.laser.planning import lit_region, uncut_gaps
from toolpaths.surface import Surface

# Characters below this height were told apart too rarely under the damage model (.87 at 150 um, .70 at 125 um).
LEAST_HEIGHT_UM = 150.0
# Width of a stroke at half relief: thinner does not survive wear, thicker does not let the primer fill.
LEAST_STROKE_UM, MOST_STROKE_UM = 15.0, 25.0
# A stroke is at most this share of the height, else counters close.
MOST_STROKE_SHARE = 1.0 / 6.0
# A floor narrower than this after both walls' taper does not fill.
LEAST_FLOOR_UM = 8.0
# Mean land fraction over a neighbourhood of this sigma up to which thin lands sink at once (fill law).
LAND_FRACTION, NEIGHBOURHOOD_UM = 0.30, 30.0
# Sampling of the land for that fraction; at 2.5 um it is off by up to .015, as edges fall on samples or beside them.
_PIXEL_UM = 1.0
# Relief with enough contrast under stress (15), and the usual one (20).
LEAST_RELIEF_UM, USUAL_RELIEF_UM = 15.0, 20.0
# Land to the edge of the tip: runout of a pin in its fixture (prior).
EDGE_MARGIN_UM = 25.0
# Share of the backing between the least and the assumed one that a design may count on (prior).
BACKING_KEPT = 0.5
# The planner's kerf may depart from the crater that the process gives by this much.
KERF_TOLERANCE_UM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a layout is judged against.

    kerf_um : what the planner cuts; crater_um : what the process gives; wall_um : from the crest to half relief.
    """

    tip: Surface
    relief_um: float
    kerf_um: float
    crater_um: float
    wall_um: float
    primer: Primer
    nominal: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    places: Places
    shapes: LandShapes
    grounds: Grounds


def check_layout(places: Places, shapes: LandShapes, grounds: Grounds) -> tuple[Finding, ...]:
    """Every design rule that the cells and outlines break, for any mark they could carry."""
    subject = _Subject(places=places, shapes=shapes, grounds=grounds)
    return tuple(finding for rule in _RULES for finding in rule(subject))


def _stroke(subject: _Subject) -> Iterator[Finding]:
    settings = subject.places.settings
    for name, crest_um in (("characters", settings.stroke_um), ("teeth", settings.tooth_um)):
        half_um = crest_um + 2 * subject.grounds.wall_um
        if not LEAST_STROKE_UM <= half_um <= MOST_STROKE_UM:
            limit = LEAST_STROKE_UM if half_um < LEAST_STROKE_UM else MOST_STROKE_UM
            crest_wanted_um = limit - 2 * subject.grounds.wall_um
            yield Finding(
                number="L101",
                severity=Severity.WARNING,
                message="the stroke at half relief is outside the range that prints and wears well",
                place=name,
                value=round(half_um, 3),
                limit=limit,
                unit="um",
                remedy=f"make the crest {crest_wanted_um:.1f} um wide" if crest_wanted_um > 0 else "use a finer spot",
            )


def _height(subject: _Subject) -> Iterator[Finding]:
    settings = subject.places.settings
    if settings.height_um < LEAST_HEIGHT_UM:
        yield Finding(
            number="L102",
            severity=Severity.ERROR,
            message="characters are too low to be told apart when damaged",
            place="characters",
            value=settings.height_um,
            limit=LEAST_HEIGHT_UM,
            unit="um",
            remedy="raise layout.height, and the pitches with it",
        )
    half_um = settings.stroke_um + 2 * subject.grounds.wall_um
    if half_um > MOST_STROKE_SHARE * settings.height_um:
        yield Finding(
            number="L103",
            severity=Severity.ERROR,
            message="the stroke at half relief is too wide for the height: counters close",
            place="characters",
            value=round(half_um, 3),
            limit=round(MOST_STROKE_SHARE * settings.height_um, 3),
            unit="um",
            remedy="thin layout.stroke or raise layout.height",
        )


def _gaps(subject: _Subject) -> Iterator[Finding]:
    settings, grounds = subject.places.settings, subject.grounds
    cuttable_um = max(grounds.kerf_um, 2 * grounds.wall_um + LEAST_FLOOR_UM)
    least_um = max(cuttable_um, grounds.relief_um)
    widths = [(name, gap_um, least_um) for name, gap_um in _widths_between(subject)]
    # Metal comes in from both sides of the short gap between two tracks, so the relief does not bound that one.
    widths += [(name, gap_um, cuttable_um) for name, gap_um in _widths_between_tracks(settings.tracks)]
    for name, gap_um, limit_um in widths:
        if gap_um < limit_um:
            yield Finding(
                number="L104",
                severity=Severity.ERROR,
                message="the gap is narrower than the cut, the relief, or the walls and their floor",
                place=name,
                value=round(gap_um, 3),
                limit=round(limit_um, 3),
                unit="um",
                remedy="widen the pitch, thin the lands, or use a finer spot",
            )


def _ring_clearance(subject: _Subject) -> Iterator[Finding]:
    grounds, inner_um = subject.grounds, subject.places.settings.tracks[0].inner_um
    least_um = max(grounds.kerf_um, 2 * grounds.wall_um + LEAST_FLOOR_UM, grounds.relief_um)
    block_um = max(
        float(np.max(np.hypot(*(shapely.get_coordinates(outline).T + np.array([[place.x_um], [place.y_um]])))))
        for place in subject.places.characters
        for outline in subject.shapes.glyphs.values()
    )
    if inner_um - block_um < least_um:
        yield Finding(
            number="L105",
            severity=Severity.ERROR,
            message="the ring is too close to the characters",
            place="ring track 1",
            value=round(inner_um - block_um, 3),
            limit=round(least_um, 3),
            unit="um",
            remedy=f"begin the inner track at {block_um + least_um:.0f} um or beyond, or shrink the characters",
        )


def _widths_between(subject: _Subject) -> Iterator[tuple[str, float]]:
    """Least distances between neighbours of one kind; glyphs at their widest."""
    settings = subject.places.settings
    boxes = np.array([outline.bounds for outline in subject.shapes.glyphs.values()])
    width_um = float(boxes[:, 2].max() - boxes[:, 0].min())
    yield "columns of characters", settings.column_pitch_um - width_um
    yield "rows of characters", settings.row_pitch_um - float(boxes[:, 3].max() - boxes[:, 1].min())
    # Teeth are closest at their inner round ends, whose centres lie half a width further out.
    radius_um = settings.tracks[0].inner_um + settings.tooth_um / 2
    yield "teeth of ring track 1", 2 * radius_um * np.sin(np.pi / subject.places.sectors) - settings.tooth_um


def _widths_between_tracks(tracks: tuple[Track, ...]) -> Iterator[tuple[str, float]]:
    for number, (track, following) in enumerate(pairwise(tracks), start=1):
        yield f"ring tracks {number} and {number + 1}", following.inner_um - track.outer_um


def _inner_gaps(subject: _Subject) -> Iterator[Finding]:
    kerf_um = subject.grounds.kerf_um
    for character, outline in sorted(subject.shapes.glyphs.items()):
        land = MultiPolygon(shapely.get_parts(outline).tolist())
        reach_um = float(np.max(np.hypot(*shapely.get_coordinates(land).T)))
        left_um2 = _uncut_um2(land, field_radius_um=reach_um + 2 * kerf_um, kerf_um=kerf_um)
        if left_um2 > 0:
            yield Finding(
                number="L112",
                severity=Severity.ERROR,
                message=f"the cut does not fit into the glyph's own gaps: {left_um2:.0f} um2 would stay standing",
                place=f"glyph {character}",
                remedy="use a finer spot, thin layout.stroke or raise layout.height",
            )


def _uncut_um2(land: MultiPolygon, *, field_radius_um: float, kerf_um: float) -> float:
    """Area of the gaps that stay, but for what a round tool leaves in a corner of 22 degrees or more.

    A corner's rest borders on the cut and is smaller than a square of the kerf; a closed gap counts however small.
    """
    gaps = uncut_gaps(land=land, field_radius_um=field_radius_um, kerf_um=kerf_um)
    cut = shapely.buffer(lit_region(land=land, field_radius_um=field_radius_um, kerf_um=kerf_um), kerf_um / 2 + 1.0)
    return sum(part.area for part in gaps.geoms if part.area >= kerf_um**2 or not part.intersects(cut))


def _land_fraction(subject: _Subject) -> Iterator[Finding]:
    grounds = subject.grounds
    pressure = pressure_ratio(
        thickness_um=grounds.primer.thickness_um,
        nose_radius_um=grounds.tip.nose_radius_um,
        backing=grounds.primer.backing,
    )
    bearable = pressure / PRANDTL
    for character, outline in sorted(subject.shapes.glyphs.items()):
        fraction = _mean_land_fraction(outline.buffer(grounds.wall_um))
        if fraction > min(bearable, LAND_FRACTION):
            bears = fraction <= bearable
            yield Finding(
                number="L106",
                severity=Severity.WARNING if bears else Severity.ERROR,
                message="so much land stands together that the primer fills late"
                if bears
                else "so much land stands together that the nominal strike cannot sink it",
                place=f"glyph {character}",
                value=round(fraction, 3),
                limit=round(min(bearable, LAND_FRACTION), 3),
                remedy="thin the stroke or open the glyph",
            )


def _mean_land_fraction(outline: BaseGeometry) -> float:
    """Land fraction about a point of the land, under a Gaussian window, averaged over the land.

    outline : the land at half relief, um.
    """
    left, low, right, high = outline.bounds
    mask = rasterise(outline, half_width_um=max(-left, right), half_height_um=max(-low, high), pixel_um=_PIXEL_UM)
    return float(land_fraction(mask, sigma_um=NEIGHBOURHOOD_UM, pixel_um=_PIXEL_UM)[mask].mean())


def _edge(subject: _Subject) -> Iterator[Finding]:
    outer_um, edge_um = subject.places.outer_radius_um, subject.grounds.tip.edge_radius_um
    if outer_um + EDGE_MARGIN_UM > edge_um:
        beyond = outer_um > edge_um
        yield Finding(
            number="L107",
            severity=Severity.ERROR,
            message="the ring reaches beyond the tip" if beyond else "the ring is too close to the edge of the tip",
            place=f"ring track {len(subject.places.settings.tracks)}",
            value=outer_um,
            limit=edge_um - EDGE_MARGIN_UM,
            unit="um",
            remedy="use a pin with a larger tip, or smaller tracks",
        )


def _patch(subject: _Subject) -> Iterator[Finding]:
    """Each track must be formed by the nominal strike with backing to spare, the main unknown of a strike."""
    assumed, least = subject.grounds.primer.backing, subject.grounds.primer.backing_least
    cases = (
        (least + BACKING_KEPT * (assumed - least), Severity.ERROR, "half the assumed backing"),
        (least, Severity.WARNING, "the least backing"),
    )
    for index, track in enumerate(subject.places.settings.tracks):
        place = f"ring track {index + 1} ({track.inner_um:g} to {track.outer_um:g} um)"
        found = (_unformed(subject.grounds, track, case, place=place) for case in cases)
        # An error says all that the warning would.
        yield from islice((finding for finding in found if finding is not None), 1)


def _unformed(grounds: Grounds, track: Track, case: tuple[float, Severity, str], *, place: str) -> Finding | None:
    """The finding about a track that the nominal strike does not fully form, if it does not.

    case : the backing, how much it weighs, and the backing in words.
    """
    backing, severity, words = case
    tip = grounds.tip
    _, dent_um = blow_of(tip, grounds.primer, grounds.nominal)
    touching = dent_touching_um(np.array(track.outer_um), nose_radius_um=tip.nose_radius_um, backing=backing)
    formed_um = float(touching) + TRAVEL_RELIEFS * grounds.relief_um
    if formed_um <= dent_um:
        return None
    reachable = bool(np.isfinite(formed_um))
    patch_um = contact_radius_um(
        dent_um, nose_radius_um=tip.nose_radius_um, edge_radius_um=tip.edge_radius_um, backing=backing
    )
    return Finding(
        number="L108",
        severity=severity,
        message=f"the nominal strike does not fully form the track at {words} of the cup: "
        + (f"that needs a dent of {formed_um:.0f} um" if reachable else "no dent does")
        + f", and the patch ends at {patch_um:.0f} um",
        place=place,
        value=round(formed_um, 1) if reachable else None,
        limit=dent_um,
        unit="um",
        remedy="use a blunter or larger tip, or smaller tracks",
    )


def _relief(subject: _Subject) -> Iterator[Finding]:
    relief_um = subject.grounds.relief_um
    if relief_um < USUAL_RELIEF_UM:
        yield Finding(
            number="L109",
            severity=Severity.WARNING,
            message="the relief is shallow: contrast is lost under stress and wear"
            if relief_um >= LEAST_RELIEF_UM
            else "the relief is below the least that prints under stress",
            place="relief",
            value=relief_um,
            limit=USUAL_RELIEF_UM if relief_um >= LEAST_RELIEF_UM else LEAST_RELIEF_UM,
            unit="um",
            remedy="raise relief to 20um or more",
        )


def _kerf(subject: _Subject) -> Iterator[Finding]:
    grounds = subject.grounds
    difference_um = grounds.kerf_um - grounds.crater_um
    if abs(difference_um) > KERF_TOLERANCE_UM:
        yield Finding(
            number="L110",
            severity=Severity.WARNING,
            message="the planner's kerf is not the width that the process cuts",
            place="process.kerf",
            value=round(grounds.kerf_um, 3),
            limit=round(grounds.crater_um, 3),
            unit="um",
            remedy="measure the cut and write it as kerf, or correct spot, energy and threshold",
        )
    least_um = min(subject.places.settings.stroke_um, subject.places.settings.tooth_um)
    if grounds.kerf_um > 2 * least_um:
        yield Finding(
            number="L111",
            severity=Severity.ERROR,
            message="the cut is more than twice as wide as the finest land: corners and ends will not stand",
            place="process.kerf",
            value=round(grounds.kerf_um, 3),
            limit=round(2 * least_um, 3),
            unit="um",
            remedy="use a finer spot or wider lands",
        )


_RULES: tuple[Callable[[_Subject], Iterator[Finding]], ...] = (
    _stroke,
    _height,
    _gaps,
    _ring_clearance,
    _inner_gaps,
    _land_fraction,
    _edge,
    _patch,
    _relief,
    _kerf,
)
