"""Tip surfaces and the library of pins."""

from engrave.tips.library import PINS, Pin
from engrave.tips.surfaces import FlatTip, SphericalTip, Tip, tip_of

__all__ = ["PINS", "FlatTip", "Pin", "SphericalTip", "Tip", "tip_of"]
