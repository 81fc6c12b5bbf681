"""Draws a typeface's specimen sheet and prints the figures of docs/face.md: width, land, and the closest pairs.

Run from the top of the project: ``python benchmarks/specimen.py docs/images/face-specimen.png``.
"""

import argparse
from pathlib import Path

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from fonts.separation import land_fraction, rasterise, separation
from fonts.typeface import Typeface, shipped_typeface

HEIGHT_UM = 175.0
STROKE_UM = 20.0
BLUR_UM = 15.0
# (stroke, blur), um, one row each
ROWS = ((20.0, 0.0), (14.0, 0.0), (28.0, 0.0), (20.0, BLUR_UM))
COLUMNS = 16
CELL_UM = (180.0, 225.0)
MARGIN_UM = 150.0
PIXEL_UM = 1.25
OVERSAMPLING = 4
SIGMA_UM = 30.0


def main() -> None:
    """Write the sheet and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("png", type=Path)
    parser.add_argument("--face", default="anvil")
    options = parser.parse_args()
    face = shipped_typeface(options.face)
    sheet(face).quantize(32).save(options.png, optimize=True)
    print_glyphs(face)
    print_pairs(face)


def sheet(face: Typeface) -> Image.Image:
    """Every glyph in every row of ROWS, black on white, with the row's stroke beside it and a scale bar."""
    bands = [row(face, characters, *style) for characters in _lines(face) for style in ROWS]
    bar = Image.new("L", (bands[0].width, _pixels(70.0)), 255)
    draw = ImageDraw.Draw(bar)
    left, top = _pixels(MARGIN_UM), _pixels(20.0)
    draw.rectangle((left, top, left + _pixels(100.0), top + _pixels(8.0)), fill=0)
    draw.text((left + _pixels(115.0), top - _pixels(8.0)), "100 um", fill=0, font=ImageFont.load_default(20))
    whole = Image.new("L", (bar.width, sum(band.height for band in bands) + bar.height), 255)
    offset = 0
    for band in (*bands, bar):
        whole.paste(band, (0, offset))
        offset += band.height
    return whole


def row(face: Typeface, characters: tuple[str, ...], stroke_um: float, blur_um: float) -> Image.Image:
    """One line of glyphs; a blurred one is stretched back to black, as a camera's gain would."""
    fine = PIXEL_UM / OVERSAMPLING
    width_um = MARGIN_UM + COLUMNS * CELL_UM[0]
    image = Image.new("L", (round(width_um / fine), round(CELL_UM[1] / fine)), 255)
    draw = ImageDraw.Draw(image)
    for column, character in enumerate(characters):
        centre = np.array([MARGIN_UM + (column + 0.5) * CELL_UM[0], CELL_UM[1] / 2])
        outline = face.outline(character, height_um=HEIGHT_UM, stroke_um=stroke_um)
        for polygon in outline.geoms:
            corners = (centre + shapely.get_coordinates(polygon.exterior) * (1.0, -1.0)) / fine
            draw.polygon([(float(x), float(y)) for x, y in corners], fill=0)
    image = image.resize((_pixels(width_um), _pixels(CELL_UM[1])), Image.Resampling.BOX)
    if blur_um:
        image = image.filter(ImageFilter.GaussianBlur(blur_um / PIXEL_UM))
        darkness = 255.0 - np.asarray(image, dtype=np.float64)
        image = Image.fromarray((255.0 - darkness * (255.0 / darkness.max())).astype(np.uint8))
    text = f"{stroke_um:.0f} um" + (f"\nblur {blur_um:.0f}" if blur_um else "")
    ImageDraw.Draw(image).text((10, image.height // 2 - 20), text, fill=0, font=ImageFont.load_default(20))
    return image


def print_glyphs(face: Typeface) -> None:
    """Width over height, and the mean and greatest local land fraction of each glyph."""
    print(f"{HEIGHT_UM:g} um high, {STROKE_UM:g} um stroke, window of sigma {SIGMA_UM:g} um")
    print("glyph  width/height  land mean  land most")
    for character in face.glyphs:
        outline = face.outline(character, height_um=HEIGHT_UM, stroke_um=STROKE_UM)
        west, _, east, _ = outline.bounds
        mask = rasterise(outline, half_width_um=180.0, half_height_um=180.0)
        land = land_fraction(mask, sigma_um=SIGMA_UM)
        print(f"{character:5}  {(east - west) / HEIGHT_UM:12.3f}  {land[mask].mean():9.3f}  {land.max():9.3f}")


def print_pairs(face: Typeface, *, count: int = 20) -> None:
    """The pairs of which most of one, thinned to 0.6, hides under the other, swollen to 1.5."""
    apart = separation(face, tuple(face.glyphs), height_um=HEIGHT_UM, stroke_um=STROKE_UM)
    print("closest pairs: part of the first, thinned, that no shift hides under the second, swollen")
    for first, second, outside in apart.closest(count):
        print(f"{first} in {second}: {100 * outside:.1f} %")
    row, column = np.unravel_index(apart.equal.argmin(), apart.equal.shape)
    print(
        f"closest at equal strokes: {apart.characters[row]} in {apart.characters[column]},"
        f" {100 * apart.equal.min():.1f} %; subsets: {len(apart.subsets)}"
    )


def _lines(face: Typeface) -> list[tuple[str, ...]]:
    characters = tuple(face.glyphs)
    return [characters[start : start + COLUMNS] for start in range(0, len(characters), COLUMNS)]


def _pixels(length_um: float) -> int:
    return round(length_um / PIXEL_UM)


if __name__ == "__main__":
    main()
