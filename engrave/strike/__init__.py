"""What a strike leaves in a primer: a height map of the tip in, one of the impression out. It knows no marks."""

from engrave.strike.data import CONDITIONS, PRIMERS, Condition, Primer
from engrave.strike.impression import Impression, strike
from engrave.strike.mechanics import contact_radius_um, dent_touching_um, fill_fraction, pressure_ratio

__all__ = [
    "CONDITIONS",
    "PRIMERS",
    "Condition",
    "Impression",
    "Primer",
    "contact_radius_um",
    "dent_touching_um",
    "fill_fraction",
    "pressure_ratio",
    "strike",
]
