"""Tip surfaces and the library of pins."""

from engrave.tips.chisel import ChiselTip
from engrave.tips.conical import ConicalTip
from engrave.tips.elliptical import EllipticalTip
from engrave.tips.gridded import GriddedTip
from engrave.tips.library import PINS, Pin
from engrave.tips.revolved import RevolvedTip
from engrave.tips.surfaces import FlatTip, SphericalTip, Tip, tip_of

__all__ = [
    "PINS",
    "ChiselTip",
    "ConicalTip",
    "EllipticalTip",
    "FlatTip",
    "GriddedTip",
    "Pin",
    "RevolvedTip",
    "SphericalTip",
    "Tip",
    "tip_of",
]
