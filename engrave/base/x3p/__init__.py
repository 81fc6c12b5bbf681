"""X3P, the exchange format of surface topographies (ISO 25178-72): a strict writer and a lenient reader."""

from engrave.base.x3p.model import Instrument, Probing, Topography, from_height_map, to_height_map
from engrave.base.x3p.reader import load_x3p, read_x3p
from engrave.base.x3p.writer import write_x3p

__all__ = [
    "Instrument",
    "Probing",
    "Topography",
    "from_height_map",
    "load_x3p",
    "read_x3p",
    "to_height_map",
    "write_x3p",
]
