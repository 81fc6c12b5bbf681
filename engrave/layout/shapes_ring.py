"""Profile G's ring of shapes as polygons in the reading frame: clockwise from twelve o'clock, foot to the centre."""

from collections.abc import Sequence

import numpy as np
from shapely.affinity import rotate, translate

from engrave.base.errors import raise_faults
from engrave.code.profiles import PROFILE_G
from engrave.code.shapes import SHAPE_NAMES
from engrave.layout.polygons import Land
from fonts.errors import FontError
from fonts.typeface import Typeface


def shapes_ring(
    names: Sequence[str], typeface: Typeface, *, radius_um: float, height_um: float, stroke_um: float
) -> tuple[Land, ...]:
    """The shapes of one mark (``docs/code-spec.md``, clause 8), um, each about a point of a circle round the origin.

    names : as ``ring_shapes`` gives them, such as ``c2``: shape c of the face, half a turn from its foot to the centre.
    height_um : of each shape as it stands in the face; its cell is as wide as high, so that every turn finds room.

    Raises InputError with every fault: another number of shapes, names that are none, a face without such a shape, a
    stroke as wide as the shape is high, a circle on which neighbouring cells come nearer than a stroke.
    """
    faults = _name_faults(names, typeface)
    if not 0.0 < stroke_um < height_um < np.inf:
        faults.append(f"stroke {stroke_um:g} um, height {height_um:g} um: it takes 0 < stroke < height")
    elif not radius_um >= (least_um := least_radius_um(height_um=height_um, stroke_um=stroke_um)):
        faults.append(f"radius {radius_um:g} um: shapes {height_um:g} um high need {np.ceil(least_um):g} um or more")
    raise_faults(faults)
    lands = []
    for place, name in enumerate(names):
        outline = typeface.shape(name[0]).outline(height_um=height_um, stroke_um=stroke_um)
        upright = rotate(outline, -90 * int(name[1]), origin=(0.0, 0.0))
        outwards = translate(upright, yoff=radius_um)
        clockwise_deg = -360 / PROFILE_G.shapes * place
        lands.append(
            Land(place=f"shape {place}", shows=name, outline=rotate(outwards, clockwise_deg, origin=(0.0, 0.0)))
        )
    return tuple(lands)


def least_radius_um(*, height_um: float, stroke_um: float) -> float:
    """The least radius of the circle on which square cells of this height stay a stroke apart.

    Neighbours are nearest at their inner corners, (h / 2, r - h / 2) seen from the cell's own direction; each must stay
    half a stroke from the line between the two cells, which lies half a step from that direction.
    """
    half_step_rad = np.pi / PROFILE_G.shapes
    beside_um = stroke_um / 2 + height_um / 2 * np.cos(half_step_rad)
    return float(height_um / 2 + beside_um / np.sin(half_step_rad))


def _name_faults(names: Sequence[str], typeface: Typeface) -> list[str]:
    faults = []
    if len(names) != PROFILE_G.shapes:
        faults.append(f"{len(names)} shapes; profile {PROFILE_G.name} has {PROFILE_G.shapes}")
    for place, name in enumerate(names):
        if name not in SHAPE_NAMES:
            faults.append(f"shape {place}: {name!r} is none; write a letter from a to h and a digit from 0 to 3")
            continue
        try:
            typeface.shape(name[0])
        except FontError as error:
            faults.append(f"shape {place}: {error}")
    return faults
