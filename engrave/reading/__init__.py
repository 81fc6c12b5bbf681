"""What can be read in a primer: a height map and a profile's nominal geometry in, symbols and their evidence out."""

from engrave.reading.depth import LandDepth, measure, measure_lands
from engrave.reading.reader import Reader, read_impression, reader_for
from engrave.reading.values import LOST, CharacterReading, Reading, ShapeReading

__all__ = [
    "LOST",
    "CharacterReading",
    "LandDepth",
    "Reader",
    "Reading",
    "ShapeReading",
    "measure",
    "measure_lands",
    "read_impression",
    "reader_for",
]
