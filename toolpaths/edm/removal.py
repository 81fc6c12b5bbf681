"""The surface as an Erosion really cuts it, from electrodes, gaps and wear alone: milled by rods, sunk by electrodes.

Neither knows of land, field or relief, nor of how the paths were laid or made up for wear.
"""

from toolpaths.edm.milled_removal import milled
from toolpaths.edm.sunk_removal import sunk

__all__ = ["milled", "sunk"]
