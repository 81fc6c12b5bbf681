"""How a mark may look in a picture: what is dark in a stroke depends on how high the lamps stand.

A land printed by a beam has walls some 7 um wide, and the walls of a hollow hide its bottom from low lamps. Under low
lamps the land is darkest, under usual ones land and walls are alike, under high ones the walls alone are dark. Widths
are those of the pictures that ``engrave.report.microscope`` makes of simulated impressions: priors.
"""

from dataclasses import dataclass, replace

from engrave.layout import Places
from engrave.reading.templates import Look, Templates, templates_of
from fonts.typeface import Typeface

LOOKS = {
    "land and walls": Look(spread_um=13.0),
    "mostly walls": Look(spread_um=14.0, hollow=0.5),
    "walls": Look(spread_um=14.0, hollow=1.0),
    "land": Look(spread_um=5.0),
}
"""Every look that is tried, by name, the usual one first."""

SEARCHED = ("land and walls", "walls", "land")
"""The looks that a mark is looked for by, in this order: one between two others is found by either."""

# A tooth and its walls together.
_TOOTH_SPREAD_UM = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Images of a nominal mark by look.

    ring : the geometry with teeth as wide as they look. ring_shares : by look, how dark a tooth is over that width, of
    what its darkest parts are; 1 where there is no ring.
    """

    geometry: Places
    ring: Places
    templates: dict[str, Templates]
    ring_shares: dict[str, float]


def looks_of(geometry: Places, typeface: Typeface) -> Looks:
    """The images of a profile's nominal geometry. Raises FontError where the face lacks a character of the alphabet."""
    templates = {name: templates_of(geometry, typeface, look) for name, look in LOOKS.items()}
    settings = geometry.settings
    if settings.tooth_um is None:
        return Looks(geometry=geometry, ring=geometry, templates=templates, ring_shares=dict.fromkeys(LOOKS, 1.0))
    wide_um = settings.tooth_um + 2.0 * _TOOTH_SPREAD_UM
    return Looks(
        geometry=geometry,
        ring=replace(geometry, settings=replace(settings, tooth_um=wide_um)),
        templates=templates,
        ring_shares={name: 1.0 - look.hollow * settings.tooth_um / wide_um for name, look in LOOKS.items()},
    )
