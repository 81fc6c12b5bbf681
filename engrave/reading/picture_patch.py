"""Which part of a picture to believe: only what lies near something that has printed.

Light tells nothing of heights, and so not where the dent's form ends. A land that was not in contact and a place
without a land look alike; but no mark leaves much metal empty. Far from every stroke, what looks like a gap is nothing.
"""

import numpy as np

from engrave.reading.field import COARSE_UM, Field
from engrave.reading.picture_field import bounded

REACH_UM = 160.0
"""How far from a stroke gaps are believed: two sectors of the outer track to either side. Of random cells about one in
a thousand lies further from every tooth."""

_STROKE_SHARE = 0.4
"""What is this much as dark as the characters' strokes, on the coarse grid, is a stroke."""


def near_print(field: Field, *, tone: int, relief_um: float) -> Field:
    """The field where only what lies near a stroke is inside; relief_um : how dark the characters are."""
    from scipy.ndimage import distance_transform_edt

    is_stroke = tone * field.coarse.depth_um > _STROKE_SHARE * relief_um
    if not is_stroke.any():
        return bounded(field, np.zeros_like(field.coarse.depth_um))
    return bounded(field, REACH_UM - COARSE_UM * distance_transform_edt(~is_stroke))
