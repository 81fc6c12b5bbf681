"""Pictures of simulated impressions, and what is done to them before a program reads them.

A part of ``benchmarks/ocr.py``, which runs it.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import affine_transform, gaussian_filter, grey_closing

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.impressions import cut_pin, example_setup, random_mark, samples
from engrave.layout import Places
from engrave.report import photographed, ring_lit, side_lit
from engrave.report.heights import form_um
from engrave.report.shading import cropped
from engrave.strike import CONDITIONS, Condition, Part, strike
from toolpaths.surface import HeightMap

Grey = NDArray[np.uint8]
Rendering = Callable[[HeightMap], NDArray[np.float32]]

SEED = 4
PIXEL_UM = 1.5
# Depths that the picture of heights shows, black to white, um; level metal is 0.
HEIGHTS_UM = (-25.0, 5.0)
# Of the example job: rows of four.
COLUMNS = 4
# A line's picture reaches half a pitch beyond the text's cells, less its neighbours in the ring.
_LINE_MORE_UM = 5.0
# The paper: brighter than everything within 60 um, smoothed. Of the text's window so much is ink or paper for certain.
_PAPER_UM, _PAPER_SIGMA_UM = 60.0, 30.0
_INK, _PAPER = 0.03, 0.7
_BLACKEST = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What is done to a picture before a program gets it.

    levelled : divided by the paper's brightness. blur_um : standard deviation. cap_px : height of a character.
    margin : paper all round, in heights of a character. inverted : light text on dark.
    """

    levelled: bool = True
    blur_um: float = 0.0
    cap_px: int = 40
    margin: float = 0.15
    inverted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One impression: as it was struck, turned upright, and what it says."""

    surface: HeightMap
    upright: HeightMap
    characters: str


def by_height(surface: HeightMap) -> NDArray[np.float32]:
    """Depth below the metal about the mark as grey values, deep is dark; row 0 at the top."""
    z_um, weight = cropped(surface)
    low, high = HEIGHTS_UM
    off_um = np.where(weight > 0, z_um - form_um(z_um, weight, pixel_um=surface.pixel_um), high)
    return np.clip((off_um[::-1] - low) / (high - low), 0.0, 1.0).astype(np.float32)


def by_ring(elevation_deg: float) -> Rendering:
    """The ring light at an elevation."""
    return lambda surface: ring_lit(surface, pixel_um=PIXEL_UM, elevation_deg=elevation_deg)


RENDERINGS: dict[str, Rendering] = {
    "ring light": lambda surface: ring_lit(surface, pixel_um=PIXEL_UM),
    "side light": lambda surface: side_lit(surface, pixel_um=PIXEL_UM),
    "heights": by_height,
}


def turned_upright(surface: HeightMap, condition: Condition) -> HeightMap:
    """The primer with its mark upright about the middle.

    The pin frame is turned by ``turn_rad`` and then moved; in the reading frame, its mirror image, the mark is turned
    the other way and its offset in x changes sign.
    """
    if condition.turn_rad == condition.offset_x_um == condition.offset_y_um == 0:
        return surface
    cosine, sine = np.cos(condition.turn_rad), -np.sin(condition.turn_rad)
    # Rows are y and columns x: where in the old map each sample of the new one lies.
    matrix = np.array([[cosine, sine], [-sine, cosine]])
    origin_um = np.array([surface.y0_um, surface.x0_um])
    moved_um = np.array([condition.offset_y_um, -condition.offset_x_um])
    half = np.array(surface.z_um.shape) // 2
    offset = (moved_um - origin_um) / surface.pixel_um - matrix @ half
    z_um = affine_transform(surface.z_um, matrix, offset=offset, order=1, cval=np.nan)
    y0_um, x0_um = -half * surface.pixel_um
    return replace(surface, z_um=z_um, x0_um=float(x0_um), y0_um=float(y0_um))


def nominal(part: Part, pins: int) -> Iterator[Shot]:
    """So many pins of a part, struck as usual."""
    setup, condition = example_setup(), CONDITIONS.load("nominal").value
    for number in range(pins):
        mark = random_mark(part, number, seed=SEED)
        struck = strike(cut_pin(setup, mark), form=setup.tip, primer=setup.job.primer.value, condition=condition)
        upright = turned_upright(struck.surface, condition)
        yield Shot(surface=struck.surface, upright=upright, characters=mark.characters)


def field(part: Part, pins: int, draws: int) -> Iterator[Shot]:
    """Strikes of a part of the ensemble."""
    for sample in samples(part, pins=pins, draws=draws, seed=SEED, setup=example_setup()):
        upright = turned_upright(sample.surface, sample.condition)
        yield Shot(surface=sample.surface, upright=upright, characters=sample.mark.characters)


def photograph(rendering: Rendering, shot: Shot) -> Grey:
    """What a camera makes of it; all cameras have the same noise."""
    return photographed(rendering(shot.upright), np.random.default_rng(SEED))


def prepared(picture: Grey, places: Places, preparation: Preparation) -> tuple[list[Grey], list[Grey]]:
    """Eight cells and two lines out of the picture of an upright mark, in reading order."""
    grey = picture.astype(np.float32)
    if preparation.levelled:
        size = round(_PAPER_UM / PIXEL_UM)
        paper = gaussian_filter(grey_closing(grey, size=(size, size)), _PAPER_SIGMA_UM / PIXEL_UM)
        grey /= np.maximum(paper, _BLACKEST)
    grey = gaussian_filter(grey, preparation.blur_um / PIXEL_UM) if preparation.blur_um else grey
    settings = places.settings
    x_um, y_um = settings.column_pitch_um / 2, settings.row_pitch_um / 2
    ends = COLUMNS * x_um + _LINE_MORE_UM
    ink, white = np.quantile(_window(grey, (-ends, ends, -2 * y_um, 2 * y_um)), (_INK, _PAPER))
    grey = np.clip((grey - ink) / max(white - ink, np.finfo(np.float32).tiny), 0.0, 1.0)
    scale = preparation.cap_px * PIXEL_UM / settings.height_um
    cells = [
        (place.x_um - x_um, place.x_um + x_um, place.y_um - y_um, place.y_um + y_um) for place in places.characters
    ]
    lines = [(-ends, ends, box[2], box[3]) for box in cells[::COLUMNS]]
    made = [
        [_framed(_window(grey, box), scale=scale, preparation=preparation) for box in boxes] for boxes in (cells, lines)
    ]
    return made[0], made[1]


def _window(grey: NDArray[np.float32], box_um: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """The part of a picture between two x and two y about its middle."""
    row, column = (np.array(grey.shape) - 1) / 2
    left, right = (round(column + x_um / PIXEL_UM) for x_um in box_um[:2])
    top, bottom = (round(row - y_um / PIXEL_UM) for y_um in (box_um[3], box_um[2]))
    return grey[top : bottom + 1, left : right + 1]


def _framed(grey: NDArray[np.float32], *, scale: float, preparation: Preparation) -> Grey:
    size = (round(grey.shape[1] * scale), round(grey.shape[0] * scale))
    picture = Image.fromarray(np.round(255.0 * grey).astype(np.uint8)).resize(size, Image.Resampling.LANCZOS)
    margin = round(preparation.margin * preparation.cap_px)
    framed = np.pad(np.asarray(picture), margin, constant_values=255)
    return 255 - framed if preparation.inverted else framed
