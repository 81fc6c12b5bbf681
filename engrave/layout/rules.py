"""Design rules: what a layout must keep to on its tip, with its process, for its primer; as numbered findings.

The margin for design is kept here and the judgement of a finished file in ``engrave.verify``: they share no figure
but the job's own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from engrave.layout.places import Places
from engrave.layout.polygons import LandShapes
from engrave.strike import Condition, Primer, contact_radius_um, dent_touching_um, pressure_ratio
from engrave.strike.mechanics import PRANDTL, TRAVEL_RELIEFS
from toolpaths.findings import Finding, Severity
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
            yield Finding(
                number="L101",
                severity=Severity.WARNING,
                message="the stroke at half relief is outside the range that prints and wears well",
                place=name,
                value=round(half_um, 3),
                limit=limit,
                unit="um",
                remedy=f"make the crest {limit - 2 * subject.grounds.wall_um:.1f} um wide",
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
    for name, gap_um in _widths_between(subject):
        # Metal comes in from both sides of the short gap between two tracks, so the relief does not bound that one.
        limit_um = cuttable_um if name.startswith("ring tracks") else least_um
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
    inner_um = settings.tracks[0].inner_um
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
    """Least distances between neighbouring lands, by kind; glyphs at their widest."""
    settings = subject.places.settings
    boxes = np.array([outline.bounds for outline in subject.shapes.glyphs.values()])
    width_um = float(boxes[:, 2].max() - boxes[:, 0].min())
    yield "columns of characters", settings.column_pitch_um - width_um
    yield "rows of characters", settings.row_pitch_um - float(boxes[:, 3].max() - boxes[:, 1].min())
    # Teeth are closest at their inner round ends, whose centres lie half a width further out.
    radius_um = settings.tracks[0].inner_um + settings.tooth_um / 2
    yield "teeth of ring track 1", 2 * radius_um * np.sin(np.pi / subject.places.sectors) - settings.tooth_um
    for index, (track, following) in enumerate(zip(settings.tracks, settings.tracks[1:], strict=False)):
        yield f"ring tracks {index + 1} and {index + 2}", following.inner_um - track.outer_um


def _land_fraction(subject: _Subject) -> Iterator[Finding]:
    grounds = subject.grounds
    pressure = pressure_ratio(
        thickness_um=grounds.primer.thickness_um,
        nose_radius_um=grounds.tip.nose_radius_um,
        backing=grounds.primer.backing,
    )
    bearable = pressure / PRANDTL
    for character, outline in sorted(subject.shapes.glyphs.items()):
        fraction = mean_land_fraction(outline.buffer(grounds.wall_um))
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


def mean_land_fraction(outline: shapely.geometry.base.BaseGeometry, *, pixel_um: float = 2.5) -> float:
    """Land fraction about a point of the land, by a Gaussian neighbourhood, averaged over the land.

    outline : the land at half relief, um.
    """
    from scipy.ndimage import gaussian_filter

    left, low, right, high = outline.bounds
    margin_um = 3 * NEIGHBOURHOOD_UM
    x_um, y_um = np.meshgrid(
        np.arange(left - margin_um, right + margin_um, pixel_um), np.arange(low - margin_um, high + margin_um, pixel_um)
    )
    land = shapely.contains_xy(outline, x_um, y_um)
    local = gaussian_filter(land.astype(np.float64), NEIGHBOURHOOD_UM / pixel_um, truncate=3.0)
    return float(local[land].mean()) if land.any() else 0.0


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
    grounds = subject.grounds
    assumed, least = grounds.primer.backing, grounds.primer.backing_least
    for backing, severity, words in (
        (
            least + BACKING_KEPT * (assumed - least),
            Severity.ERROR,
            "under the nominal strike at half the assumed backing",
        ),
        (least, Severity.WARNING, "under the nominal strike at the least backing"),
    ):
        for index, track in enumerate(subject.places.settings.tracks):
            touching = dent_touching_um(
                np.array(track.outer_um), nose_radius_um=grounds.tip.nose_radius_um, backing=backing
            )
            formed_um = float(touching) + TRAVEL_RELIEFS * grounds.relief_um
            if formed_um > grounds.nominal.dent_um:
                patch_um = contact_radius_um(
                    grounds.nominal.dent_um,
                    nose_radius_um=grounds.tip.nose_radius_um,
                    edge_radius_um=grounds.tip.edge_radius_um,
                    backing=backing,
                )
                yield Finding(
                    number="L108",
                    severity=severity,
                    message=f"the track is not fully formed {words}: it needs a dent of {formed_um:.0f} um, "
                    f"and the patch ends at {patch_um:.0f} um",
                    place=f"ring track {index + 1} ({track.inner_um:g} to {track.outer_um:g} um)",
                    value=round(formed_um, 1) if np.isfinite(formed_um) else None,
                    limit=grounds.nominal.dent_um,
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
            value=relief_um,
            limit=USUAL_RELIEF_UM if relief_um >= LEAST_RELIEF_UM else LEAST_RELIEF_UM,
            unit="um",
            remedy="raise engraving.relief to 20 to 25 um",
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
    _land_fraction,
    _edge,
    _patch,
    _relief,
    _kerf,
)
