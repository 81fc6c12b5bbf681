"""Filling: whether the metal of the primer comes up between lands, or into grooves, by the fill law of the strike."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from engrave.layout.rules.gaps import drawn
from engrave.layout.rules.subject import Subject
from engrave.strike import fill_fraction
from engrave.strike.mechanics import PRANDTL
from fonts.separation import land_fraction, rasterise
from toolpaths.findings import Finding, Severity

FloatArray = NDArray[np.float64]

# Mean land fraction over a neighbourhood of this sigma up to which thin lands sink at once (fill law).
LAND_FRACTION, NEIGHBOURHOOD_UM = 0.30, 30.0
# A groove that fills less than this prints less than half the relief.
LEAST_FILL = 0.5
# Sampling of the land for that fraction; at 2.5 um it is off by up to .015, as edges fall on samples or beside them.
_PIXEL_UM = 1.0
# The neighbourhood ends at so many sigmas.
_REACH_SIGMAS = 4.0
_REMEMBERED = 1024
# Gauss nodes along and across a tooth.
_ALONG, _ACROSS = 12, 4


def _land_fraction(subject: Subject) -> Iterator[Finding]:
    if subject.recessed:
        return  # The face is all land: what that means is told by L125.
    bearable = subject.pressure(subject.grounds.primer.backing) / PRANDTL
    for place, fraction in _fractions(subject):
        if fraction > min(bearable, LAND_FRACTION):
            bears = fraction <= bearable
            yield Finding(
                number="L106",
                severity=Severity.WARNING if bears else Severity.ERROR,
                message="so much land stands together that the primer fills late"
                if bears
                else "so much land stands together that the nominal strike cannot sink it",
                place=place,
                value=round(fraction, 3),
                limit=round(min(bearable, LAND_FRACTION), 3),
                remedy="make the teeth thinner or the ring wider" if "track" in place else "thin the stroke or open it",
            )


def _fractions(subject: Subject) -> Iterator[tuple[str, float]]:
    """Land fraction about the land of every glyph, shape and track: for a raised mark of land, else of ridges."""
    wall_um = -subject.grounds.wall_um if subject.recessed else subject.grounds.wall_um
    for place, outline in drawn(subject):
        yield place, mean_land_fraction(outline, wall_um)
    for index, carrier in subject.tracks.items():
        yield carrier.name, _ring_land_fraction(subject, index)


@lru_cache(maxsize=_REMEMBERED)
def mean_land_fraction(outline: BaseGeometry, wall_um: float) -> float:
    """Land fraction about a point of the land, under a Gaussian window, averaged over the land.

    outline : the land at the crest, um; it is widened by ``wall_um``, or narrowed. 0 where that leaves nothing.
    """
    half_way = shapely.buffer(outline, wall_um)
    if half_way.is_empty:
        return 0.0
    left, low, right, high = half_way.bounds
    mask = rasterise(half_way, half_width_um=max(-left, right), half_height_um=max(-low, high), pixel_um=_PIXEL_UM)
    if not mask.any():
        return 0.0
    return float(land_fraction(mask, sigma_um=NEIGHBOURHOOD_UM, pixel_um=_PIXEL_UM)[mask].mean())


def _ring_land_fraction(subject: Subject, track: int) -> float:
    """The same about a tooth, teeth taken as rectangles, under the window in closed form.

    Of the track's teeth the one with most neighbours counts, all of them being there; a groove has most land about it
    where it is alone.
    """
    settings, places = subject.places.settings, subject.places.teeth
    spans_um = np.array([(settings.tracks[p.track].inner_um, settings.tracks[p.track].outer_um) for p in places])
    angles_rad = np.array([place.angle_rad for place in places])
    crest_um = settings.tooth_um or 0.0
    width_um = subject.at_half_relief_um(crest_um)
    if width_um <= 0:
        return 0.0
    # Ends move with the sides; round ones hold as much as rectangles that are shorter by this.
    shorter_um = (1 - np.pi / 4) * width_um / 2 - (width_um - crest_um) / 2
    spans_um = spans_um + shorter_um * np.array([1.0, -1.0])
    middles_um = spans_um.mean(axis=1)[:, None] * _direction(angles_rad)
    mine = np.flatnonzero([place.track == track for place in places])
    apart_um = np.linalg.norm(middles_um[mine, None] - middles_um[None], axis=-1)
    one = mine[np.argmax(np.count_nonzero(apart_um < _REACH_SIGMAS * NEIGHBOURHOOD_UM, axis=1))]
    points_um, weights = _over_tooth(spans_um[one], float(angles_rad[one]), width_um)
    there = [one] if subject.recessed else slice(None)
    return float(_share(points_um, spans_um[there], angles_rad[there], width_um).sum(axis=0) @ weights)


def _direction(angles_rad: FloatArray) -> FloatArray:
    return np.stack([np.cos(angles_rad), np.sin(angles_rad)], axis=-1)


def _over_tooth(span_um: FloatArray, angle_rad: float, width_um: float) -> tuple[FloatArray, FloatArray]:
    """Points (n, 2) and weights (n,) of a mean over a tooth."""
    along, along_weight = np.polynomial.legendre.leggauss(_ALONG)
    across, across_weight = np.polynomial.legendre.leggauss(_ACROSS)
    u_um = span_um.mean() + along[:, None] * np.ptp(span_um) / 2
    v_um = across[None, :] * width_um / 2
    out = _direction(np.asarray(angle_rad))
    points_um = u_um[..., None] * out + v_um[..., None] * np.array([-out[1], out[0]])
    return points_um.reshape(-1, 2), np.outer(along_weight, across_weight).ravel() / 4


def _share(points_um: FloatArray, spans_um: FloatArray, angles_rad: FloatArray, width_um: float) -> FloatArray:
    """What of the window about each point falls on each tooth: (teeth, points)."""
    from scipy.special import ndtr

    out = _direction(angles_rad)
    u_um = out @ points_um.T
    v_um = np.stack([-out[:, 1], out[:, 0]], axis=-1) @ points_um.T
    along = ndtr((spans_um[:, 1:] - u_um) / NEIGHBOURHOOD_UM) - ndtr((spans_um[:, :1] - u_um) / NEIGHBOURHOOD_UM)
    half_um = width_um / 2
    across = ndtr((half_um - v_um) / NEIGHBOURHOOD_UM) - ndtr((-half_um - v_um) / NEIGHBOURHOOD_UM)
    shares: FloatArray = along * across
    return shares


def _recessed(subject: Subject) -> Iterator[Finding]:
    """What the nominal strike makes of a recessed mark: how far its grooves fill, by the land about them."""
    if not subject.recessed:
        return
    primer = subject.grounds.primer
    backings = (primer.backing_least, primer.backing, primer.backing_most)
    worst: dict[str, tuple[float, str]] = {}
    for place, groove in _fractions(subject):
        # A track is a carrier of its own; glyphs stand for the characters, shapes for the shapes.
        kind = place if "track" in place else {"glyph": "characters", "shape": "shapes"}[place.split()[0]]
        worst[kind] = max(worst.get(kind, (0.0, "")), (1.0 - groove, place))
    for kind, (land, place) in worst.items():
        least, assumed, most = (
            float(fill_fraction(np.array(land), pressure=subject.pressure(backing))) for backing in backings
        )
        yield Finding(
            number="L125",
            severity=_weight(least, assumed),
            message=f"recessed {kind}, {_prints(least, assumed)}: at the nominal strike metal fills {least:.2f} of the "
            f"groove at the least backing, {assumed:.2f} at the assumed, {most:.2f} at the most; worst is {place}, "
            f"where {land:.2f} of the face about the groove is land",
            place=kind,
            value=round(assumed, 3),
            limit=LEAST_FILL,
            remedy="" if least >= LEAST_FILL else "raise the mark (polarity = 'raised'), or widen the grooves",
        )


def _weight(least: float, assumed: float) -> Severity:
    if assumed < LEAST_FILL:
        return Severity.ERROR
    return Severity.WARNING if least < LEAST_FILL else Severity.INFO


def _prints(least: float, assumed: float) -> str:
    if assumed < LEAST_FILL:
        return "will not print"
    return "print only where the cup is backed" if least < LEAST_FILL else "print"


RULES = (_land_fraction, _recessed)
