"""What a strike leaves in a primer: a height map of the tip in, one of the impression out. It knows no marks."""

from engrave.strike.data import (
    CONDITIONS,
    PRIMERS,
    Chips,
    Condition,
    Drag,
    Fouling,
    Gas,
    Primer,
    Second,
    Texture,
    Wear,
)
from engrave.strike.ensemble import ENSEMBLES, Ensemble, Part, drawn
from engrave.strike.impression import Impression, blow_of, strike
from engrave.strike.mechanics import (
    Blow,
    contact_area_um2,
    contact_radius_um,
    dent_touching_um,
    fill_fraction,
    patch_reach_um,
    pressure_ratio,
)

__all__ = [
    "CONDITIONS",
    "ENSEMBLES",
    "PRIMERS",
    "Blow",
    "Chips",
    "Condition",
    "Drag",
    "Ensemble",
    "Fouling",
    "Gas",
    "Impression",
    "Part",
    "Primer",
    "Second",
    "Texture",
    "Wear",
    "blow_of",
    "contact_area_um2",
    "contact_radius_um",
    "dent_touching_um",
    "drawn",
    "fill_fraction",
    "patch_reach_um",
    "pressure_ratio",
    "strike",
]
