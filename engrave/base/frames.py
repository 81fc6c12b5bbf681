"""The mirror between the reading frame and the pin frame: here, and nowhere else.

Reading frame: what an examiner sees in the primer, x right, y up. Pin frame: the tip seen from in front of it, its
mirror image. The anchor: on the tip seen from in front, the stem of an F has the greater x.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]


def mirrored_xy(xy_um: FloatArray) -> FloatArray:
    """Points in the other frame: (..., 2) float, um. Its own inverse."""
    mirrored: FloatArray = xy_um * np.array([-1.0, 1.0])
    return mirrored


def mirrored_map(height_map: HeightMap) -> HeightMap:
    """The same surface in the other frame. Its own inverse; heights keep their sign."""
    columns = height_map.z_um.shape[1]
    last_x_um = height_map.x0_um + height_map.pixel_um * (columns - 1)
    return replace(
        height_map,
        z_um=height_map.z_um[:, ::-1],
        x0_um=-last_x_um,
        frame={"pin": "reading", "reading": "pin"}[height_map.frame],
        provenance=(*height_map.provenance, "mirrored"),
    )
