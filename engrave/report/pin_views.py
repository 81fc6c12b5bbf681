"""What the QA page shows of one pin beyond figures: its tip and its primer as grids of heights, and a small picture.

They stand as ``views.json`` in the pin's folder, so that the page of a finished batch needs no simulation. Heights are
whole steps above the least, 0 where there is no surface; of those steps the mixed second difference is kept (along the
row, then along the column), folded to whole numbers from 0 on: 0, -1, 1, -2 become 0, 1, 2, 3. All low bytes come
first, then all high bytes, deflated (zlib) and in base64: smooth metal costs next to nothing so.
"""

import json
import zlib
from base64 import b64encode
from io import BytesIO
from typing import Any

import numpy as np

from engrave.report.shading import cropped, ratio, resized, shaded
from toolpaths.surface import FloatArray, HeightMap

VIEWS_SCHEMA = "pin-engrave/views/1"

# 1.5 mm in so many columns: a stroke of 14 um is wider than a sample, and a turn is drawn while the hand moves.
COLUMNS = 168
STEP_UM = 0.5
PICTURE_PX = 360
# Lossy, for people; chosen by eye so that grain of the metal is still seen.
_QUALITY = 60
_LEVEL = 9
_BYTE = 256


def views_json(tip: HeightMap, primer: HeightMap) -> bytes:
    """The document ``pin-engrave/views/1``, UTF-8, on one line.

    tip : pin frame; primer : reading frame. Raises ValueError where the frames are other ones, and where a map does not
    reach the origin.
    """
    for surface, frame in ((tip, "pin"), (primer, "reading")):
        if surface.frame != frame:
            raise ValueError(f"views: give the heights in the {frame} frame, not the {surface.frame} frame")
    document = {
        "schema": VIEWS_SCHEMA,
        "tip": grid_of(tip),
        "primer": grid_of(primer),
        "picture": _picture(primer),
    }
    return (json.dumps(document, separators=(",", ":"), allow_nan=False) + "\n").encode()


def grid_of(surface: HeightMap) -> dict[str, Any]:
    """Heights about the origin as a JSON object: the first row has the greatest y, as in a picture."""
    z_um, weight = cropped(surface)
    columns = min(COLUMNS, z_um.shape[1])
    size = (columns, max(1, round(columns * z_um.shape[0] / z_um.shape[1])))
    covered = resized(weight, size)
    sampled_um = np.where(covered > 0.5, ratio(resized(z_um * weight, size), covered), np.nan)[::-1]  # noqa: PLR2004 - half
    known_um = sampled_um[np.isfinite(sampled_um)]
    least_um = STEP_UM * float(np.floor(known_um.min() / STEP_UM)) if known_um.size else 0.0
    return {
        "frame": surface.frame,
        "rows": size[1],
        "columns": size[0],
        "pitch_um": round(z_um.shape[1] * surface.pixel_um / size[0], 6),
        "step_um": STEP_UM,
        "least_um": least_um,
        "data": b64encode(zlib.compress(_packed(sampled_um - least_um), _LEVEL)).decode("ascii"),
    }


def _packed(above_um: FloatArray) -> bytes:
    """Bytes of heights above the least, (rows, columns) float, um, NaN where there is none."""
    steps = np.where(np.isfinite(above_um), np.round(np.nan_to_num(above_um) / STEP_UM) + 1, 0).astype(np.int64)
    changes = np.diff(np.diff(steps, axis=1, prepend=0), axis=0, prepend=0)
    folded = np.where(changes < 0, -2 * changes - 1, 2 * changes)
    low, high = (half.astype(np.uint8).tobytes() for half in (folded % _BYTE, folded // _BYTE))
    return low + high


def _picture(primer: HeightMap) -> dict[str, Any]:
    """The primer under a light, as ``impression.png`` has it, without words."""
    picture, _ = shaded(primer, width_px=PICTURE_PX)
    out = BytesIO()
    picture.save(out, format="WEBP", quality=_QUALITY)
    return {
        "type": "image/webp",
        "width_px": picture.width,
        "height_px": picture.height,
        "data": b64encode(out.getvalue()).decode("ascii"),
    }
