"""What a mark looks like before one is seen: glyph images and kernels, from nominal sizes and the face alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from engrave.code.alphabet import ALPHABET
from engrave.code.shapes import SHAPE_NAMES
from engrave.layout import Places, land_shapes
from engrave.layout.places import RECESSED, ShapeCircle
from engrave.reading.field import BACKGROUND_SIGMA_UM, COARSE_UM
from fonts.separation import rasterise
from fonts.typeface import Typeface

Image32 = NDArray[np.float32]
FloatArray = NDArray[np.float64]

TEMPLATE_UM = 2.5
"""Pixel of the glyph images."""
WALL_UM = 3.4
"""How much wider than its crest a land prints on each side at half its relief: half of a 10-90 % wall of 6.8 um, which
a beam of 6 um radius leaves (simulated; a prior for other processes)."""

# The walls' own slope and what sampling adds to it.
_BLUR_UM = 3.5
# A window shows a character and this much around it, but not the ink of the next character.
_MARGIN_UM = 20.0
_GRID_UM = 10.0
# The coarse search takes both ways up for one, so that half a circle of turns is enough. A glyph hides smaller turns
# than a whole text does.
_COARSE_BLUR_UM = 8.0
_KERNEL_TURNS = 30
_EXAMPLES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a land shows: wider than its crest by ``spread_um`` on each side, the crest itself less by ``hollow``.

    Of a recessed land that is the floor of the groove instead, which is narrower than its outline by both walls.
    """

    spread_um: float = WALL_UM
    hollow: float = 0.0


DEPTH = Look()
"""In a height map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Images of all that may stand in one kind of cell, about its centre.

    names : what each shows. pixels : (names, rows, columns), 0 for floor, 1 for land, less the background that reading
    takes off, too; ``half_width_um`` and ``half_height_um`` say how far they reach from the centre.
    """

    names: tuple[str, ...]
    pixels: Image32
    half_width_um: float
    half_height_um: float

    def __post_init__(self) -> None:
        """Make the pixels read-only."""
        self.pixels.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """Images of the nominal mark.

    glyphs : in the order of the alphabet. shapes : in the order of their values, foot down; None in a profile without
    shapes. kernels : (turns, examples, n, n), a few unlike glyphs on the coarse grid, at each of ``turns_rad``.
    """

    glyphs: Images
    shapes: Images | None
    kernels: Image32
    turns_rad: FloatArray

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.kernels, self.turns_rad):
            array.setflags(write=False)


def templates_of(geometry: Places, typeface: Typeface, look: Look = DEPTH) -> Templates:
    """The images of a profile's nominal geometry.

    Raises FontError where the face lacks a character of the alphabet, or a shape that the profile has.
    """
    settings = geometry.settings
    sizes = {"height_um": settings.height_um, "stroke_um": settings.stroke_um}
    half_width_um = _on_grid(min(settings.column_pitch_um / 2, settings.height_um / 2 + _MARGIN_UM))
    half_height_um = _on_grid(min(settings.row_pitch_um / 2, settings.height_um / 2 + _MARGIN_UM))
    glyphs = _details(
        [typeface.outline(character, **sizes) for character in ALPHABET],
        look,
        inset_um=inset_um(geometry),
        half_width_um=half_width_um,
        half_height_um=half_height_um,
    )
    turns_rad = np.arange(_KERNEL_TURNS) * np.pi / _KERNEL_TURNS
    return Templates(
        glyphs=Images(
            names=tuple(ALPHABET),
            pixels=glyphs.astype(np.float32),
            half_width_um=half_width_um,
            half_height_um=half_height_um,
        ),
        shapes=None if settings.shapes is None else _shapes(geometry, typeface, settings.shapes, look),
        kernels=_kernels(_examples(glyphs), turns_rad),
        turns_rad=turns_rad,
    )


def inset_um(geometry: Places) -> float:
    """How far inside its outline a land has its full depth: a recessed one's walls lie inside, and print as such."""
    return 2.0 * WALL_UM if geometry.settings.polarity == RECESSED else 0.0


def _shapes(geometry: Places, typeface: Typeface, circle: ShapeCircle, look: Look) -> Images:
    """The shapes as they stand at twelve o'clock, about their own centre."""
    twelve = replace(geometry, teeth=(), shapes=geometry.shapes[:1])
    outlines = land_shapes(twelve, typeface).shapes[0]
    half_um = _on_grid(min(circle.height_um / 2 + _MARGIN_UM, circle.radius_um * np.sin(np.pi / len(geometry.shapes))))
    details = _details(
        [translate(outlines[name], yoff=-circle.radius_um) for name in SHAPE_NAMES],
        look,
        inset_um=inset_um(geometry),
        half_width_um=half_um,
        half_height_um=half_um,
    )
    return Images(names=SHAPE_NAMES, pixels=details.astype(np.float32), half_width_um=half_um, half_height_um=half_um)


def _details(
    outlines: Sequence[BaseGeometry], look: Look, *, inset_um: float, half_width_um: float, half_height_um: float
) -> FloatArray:
    """What lands look like, their full depth beginning so far inside their outlines: (outlines, rows, columns)."""
    pad_um = 3.0 * BACKGROUND_SIGMA_UM
    reach = {"half_width_um": half_width_um + pad_um, "half_height_um": half_height_um + pad_um}
    wide = _sampled([outline.buffer(look.spread_um - inset_um) for outline in outlines], **reach)
    if look.hollow:
        crests = [outline.buffer(-inset_um) for outline in outlines] if inset_um else outlines
        wide -= look.hollow * _sampled(crests, **reach)
    detail = _blurred(wide, _BLUR_UM) - _blurred(wide, BACKGROUND_SIGMA_UM)
    cut = round(pad_um / TEMPLATE_UM)
    within: FloatArray = detail[:, cut:-cut, cut:-cut]
    return within


def _sampled(outlines: Sequence[BaseGeometry], *, half_width_um: float, half_height_um: float) -> FloatArray:
    """1 where a sample lies in the outline, (outlines, rows, columns)."""
    images = [
        rasterise(outline, half_width_um=half_width_um, half_height_um=half_height_um, pixel_um=TEMPLATE_UM)
        for outline in outlines
    ]
    return np.stack(images).astype(np.float64)


def _on_grid(length_um: float) -> float:
    return float(np.floor(length_um / _GRID_UM) * _GRID_UM)


def _blurred(images: FloatArray, sigma_um: float) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    sigma = sigma_um / TEMPLATE_UM
    blurred: FloatArray = gaussian_filter(images, (0.0, sigma, sigma), mode="constant", truncate=3.0)
    return blurred


def _examples(glyphs: FloatArray) -> FloatArray:
    """A few unlike images, (examples, rows, columns): whatever stands in a cell is like one of them.

    From the glyphs as they are, upside down and mirrored, so that half a circle of turns covers all ways to see them.
    First the glyph nearest to all, then always the one least like those already taken.
    """
    seen = np.concatenate([glyphs, glyphs[:, ::-1, ::-1], glyphs[:, :, ::-1], glyphs[:, ::-1]])
    flat = _blurred(seen, _COARSE_BLUR_UM).reshape(len(seen), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.sqrt(np.square(flat).sum(axis=1, keepdims=True))
    alike = flat @ flat.T
    taken = [int(np.argmax(alike.sum(axis=1)))]
    while len(taken) < _EXAMPLES:
        taken.append(int(np.argmin(alike[:, taken].max(axis=1))))
    return seen[taken]


def _kernels(examples: FloatArray, turns_rad: FloatArray) -> Image32:
    """The examples at every turn on the coarse grid, (turns, examples, n, n), each of zero mean and unit energy."""
    from scipy.ndimage import map_coordinates

    rows, columns = examples.shape[1:]
    soft = _blurred(examples - examples.mean(axis=(1, 2), keepdims=True), _COARSE_BLUR_UM)
    half = int(np.ceil(np.hypot(rows, columns) / 2 * TEMPLATE_UM / COARSE_UM))
    line = np.arange(-half, half + 1) * COARSE_UM / TEMPLATE_UM
    x, y = np.meshgrid(line, line)
    cosine, sine = np.cos(turns_rad)[:, None, None], np.sin(turns_rad)[:, None, None]
    at = np.stack([(rows - 1) / 2 - sine * x + cosine * y, (columns - 1) / 2 + cosine * x + sine * y])
    kernels = np.stack(
        [map_coordinates(image, at, order=1, mode="constant", prefilter=False) for image in soft], axis=1
    )
    kernels -= kernels.mean(axis=(2, 3), keepdims=True)
    kernels /= np.sqrt(np.square(kernels).sum(axis=(2, 3), keepdims=True))
    single: Image32 = kernels.astype(np.float32)
    return single
