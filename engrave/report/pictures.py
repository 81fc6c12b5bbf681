"""Pictures of struck metal as drawings: the impression under a light, and what any picture has about it."""

from collections.abc import Sequence

import numpy as np

from engrave.report.drawing import Drawing, Picture, Pixels, Shape
from engrave.report.frame import SCALE_BAR_UM, Extent, check_width, framed, text_share
from engrave.report.shading import shaded
from toolpaths.surface import HeightMap

WIDTH_PX = 640


def impression_view(surface: HeightMap, *, title: str, width_px: int = WIDTH_PX, ruled: bool = False) -> Drawing:
    """An impression under a light from the upper left, the dent's form mostly taken out, so that the mark is seen.

    surface : reading frame; NaN is shown white. Raises ValueError for a map in the pin frame, for one that does not
    reach the middle of the dent, and where the picture would be too narrow for its words.
    """
    if surface.frame != "reading":
        raise ValueError(f"impression: give it in the reading frame, not the {surface.frame} frame")
    picture, scale_px_um = shaded(surface, width_px=width_px)
    notes = ["as it reads; simulated, light from the upper left"]
    if not np.isfinite(surface.z_um).all():
        notes.append("white: no surface")
    return picture_view(np.asarray(picture), title=title, notes=notes, pixel_um=1.0 / scale_px_um, ruled=ruled)


def picture_view(
    pixels: Pixels,
    *,
    title: str,
    notes: Sequence[str],
    pixel_um: float,
    bar_um: float = SCALE_BAR_UM,
    below: Sequence[Shape] = (),
    below_um: float = 0.0,
    ruled: bool = False,
) -> Drawing:
    """A picture about the origin with what is said of it; ``below`` are shapes under it and its rulers, so high.

    Raises ValueError where the picture would be too narrow for its words.
    """
    rows, columns = pixels.shape[:2]
    check_width(columns)
    extent = extent_of(pixels, pixel_um)
    picture = Picture(
        name="picture",
        pixels=pixels,
        left_um=extent.left_um,
        low_um=extent.low_um,
        width_um=columns * pixel_um,
        height_um=rows * pixel_um,
    )
    return framed(
        (picture, *below),
        extent,
        title=title,
        notes=notes,
        text_share=text_share(columns),
        bar_um=bar_um,
        below_um=below_um,
        ruled=ruled,
    )


def own_width_px(drawing: Drawing) -> int | None:
    """As wide as a drawing has to be for its picture's pixels to be kept; None where it has no picture."""
    for shape in drawing.shapes:
        if isinstance(shape, Picture):
            return round(len(shape.pixels[0]) * drawing.width_um / shape.width_um)
    return None


def extent_of(pixels: Pixels, pixel_um: float) -> Extent:
    """The rectangle about the origin that pixels of this size take."""
    rows, columns = pixels.shape[:2]
    return Extent(
        left_um=-columns * pixel_um / 2,
        low_um=-rows * pixel_um / 2,
        width_um=columns * pixel_um,
        height_um=rows * pixel_um,
    )
