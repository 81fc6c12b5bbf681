"""Draws the specimen of a face's shapes and prints the figures of docs/face.md: land, the closest pairs, confusion.

Run from the top of the project: ``python benchmarks/specimen_shapes.py docs/images/shapes-specimen.png``.
"""

import argparse
from pathlib import Path

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from shapely.affinity import rotate, translate
from shapely.geometry.base import BaseGeometry

from engrave.code.profiles import PROFILES
from engrave.layout import LayoutSettings, land_shapes, lay_out, plan_places
from engrave.layout.places import ShapeCircle
from engrave.layout.room import least_circle_um
from fonts.damage import confusion
from fonts.separation import MaskArray, Skeleton, land_fraction, rasterise, turned, uncovered
from fonts.strokes import ink
from fonts.typeface import Typeface, shipped_typeface

HEIGHT_UM = 150.0
STROKE_UM = 20.0
BLUR_UM = 15.0
CELL_UM = 190.0
LABEL_UM = 45.0
GAP_UM = 60.0
PIXEL_UM = 1.25
OVERSAMPLING = 4
MOST_SHIFT_PX = 6
SIGMA_UM = 30.0
TURNS = range(4)
TRIALS = 40

# The worked example of docs/code-spec.md.
RING = "a1 d3 c1 c2 d0 f3 g0 h1 a0 d3 b3 g1"
CHARACTERS = ("QSP9", "FRDN")
RING_RADIUS_UM = 510.0
CHARACTER_UM = 175.0
PITCH_UM = (175.0, 210.0)


def main() -> None:
    """Write the sheet and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("png", type=Path)
    parser.add_argument("--face", default="anvil")
    options = parser.parse_args()
    face = shipped_typeface(options.face)
    sheet(face).quantize(32).save(options.png, optimize=True)
    print_shapes(face)
    print_pairs(face)
    print_confusion(face)


def sheet(face: Typeface) -> Image.Image:
    """Every shape in its four turns, then blurred, each with its name; beside them one mark with its ring."""
    letters = tuple(face.shapes)
    pitch_um = CELL_UM + LABEL_UM
    size_um = (len(letters) * CELL_UM, (len(TURNS) + 1) * pitch_um)
    inks = [
        translate(_outline(face, letter, turns), (column + 0.5) * CELL_UM, size_um[1] - (row + 0.5) * pitch_um)
        for column, letter in enumerate(letters)
        for row, turns in enumerate((*TURNS, 0))
    ]
    table = _drawn(inks, size_um)
    sharp_px = _pixels(len(TURNS) * pitch_um)
    table.paste(_blurred(table.crop((0, sharp_px, *table.size))), (0, sharp_px))
    draw = ImageDraw.Draw(table)
    for column, letter in enumerate(letters):
        for turns in TURNS:
            place = (_pixels((column + 0.5) * CELL_UM), _pixels((turns + 1) * pitch_um - LABEL_UM / 2))
            draw.text(place, f"{letter}{turns}", fill=0, font=ImageFont.load_default(20), anchor="mm")
    mark = _mark(face, size_um[1])
    left_px = table.width + _pixels(GAP_UM)
    whole = Image.new("L", (left_px + mark.width + _pixels(GAP_UM), table.height), 255)
    whole.paste(table, (0, 0))
    whole.paste(mark, (left_px, 0))
    return whole


def print_shapes(face: Typeface) -> None:
    """Width over height, and the mean and greatest local land fraction of each shape."""
    print(f"{HEIGHT_UM:g} um high, {STROKE_UM:g} um stroke, window of sigma {SIGMA_UM:g} um")
    print("shape  width/height  land mean  land most")
    for letter in face.shapes:
        outline = _outline(face, letter, 0)
        west, _, east, _ = outline.bounds
        mask = rasterise(outline, half_width_um=180.0, half_height_um=180.0)
        land = land_fraction(mask, sigma_um=SIGMA_UM)
        print(f"{letter:5}  {(east - west) / HEIGHT_UM:12.3f}  {land[mask].mean():9.3f}  {land.max():9.3f}")
    least_um = least_circle_um(HEIGHT_UM, STROKE_UM, PROFILES["G"].shapes)
    print(f"twelve fit on a circle of {least_um:.1f} um or more")


def print_pairs(face: Typeface, *, count: int = 12) -> None:
    """The shapes of which most hides under an image of a shape; m is mirrored, a digit the quarter turns after that."""
    letters = tuple(face.shapes)
    images = [(letter, turns, mirrored) for letter in letters for mirrored in (False, True) for turns in TURNS]
    for text, thin, swollen in (("the first thinned to 0.6, the second swollen to 1.5", 0.6, 1.5), ("both", 1.0, 1.0)):
        outside = uncovered(
            [_mask(_skeleton(face, letter, 0), thin * STROKE_UM) for letter in letters],
            [_mask(_skeleton(face, letter, turns, mirrored=m), swollen * STROKE_UM) for letter, turns, m in images],
            most_shift_px=MOST_SHIFT_PX,
        )
        outside[np.arange(len(letters)), 2 * len(TURNS) * np.arange(len(letters))] = np.inf
        print(f"closest pairs, {text}: part of the first that no shift hides under the second")
        for index in np.argsort(outside, axis=None)[:count]:
            first, second = np.unravel_index(index, outside.shape)
            letter, turns, mirrored = images[second]
            print(f"{letters[first]} in {letter}{'m' if mirrored else ''}{turns}: {100 * outside[first, second]:.1f} %")


def print_confusion(face: Typeface) -> None:
    """How many worn shapes are read right, of the classes that 32 symbols need, and the same for the characters."""
    names = [f"{letter}{turns}" for letter in face.shapes for turns in TURNS]
    shapes = [_skeleton(face, name[0], int(name[1])) for name in names]
    characters = [face.skeleton(character, height_um=HEIGHT_UM, stroke_um=STROKE_UM) for character in face.glyphs]
    for what, skeletons, called in (("shapes", shapes, names), ("characters", characters, list(face.glyphs))):
        counts = confusion(skeletons, height_um=HEIGHT_UM, stroke_um=STROKE_UM, trials=TRIALS, seed=0)
        print(
            f"{what}: {np.trace(counts)} of {counts.sum()} worn ones read right, {np.trace(counts) / counts.sum():.4f}"
        )
        np.fill_diagonal(counts, 0)
        worst = [divmod(int(index), len(called)) for index in np.argsort(-counts, axis=None)[:6]]
        print(", ".join(f"{called[i]} as {called[j]} {counts[i, j]}" for i, j in worst))


def _skeleton(face: Typeface, letter: str, turns: int, *, mirrored: bool = False) -> Skeleton:
    return turned(face.shape(letter).skeleton(height_um=HEIGHT_UM, stroke_um=STROKE_UM), turns, mirrored=mirrored)


def _mask(skeleton: Skeleton, stroke_um: float) -> MaskArray:
    return rasterise(ink(skeleton, stroke_um=stroke_um), half_width_um=100.0, half_height_um=100.0)


def _outline(face: Typeface, letter: str, turns: int) -> BaseGeometry:
    outline = face.shape(letter).outline(height_um=HEIGHT_UM, stroke_um=STROKE_UM)
    return rotate(outline, -90 * turns, origin=(0.0, 0.0))


def _mark(face: Typeface, side_um: float) -> Image.Image:
    """A mark of profile G: eight characters, twelve shapes round them."""
    settings = LayoutSettings(
        profile="G",
        face=face.name,
        height_um=CHARACTER_UM,
        stroke_um=STROKE_UM,
        column_pitch_um=PITCH_UM[0],
        row_pitch_um=PITCH_UM[1],
        shapes=ShapeCircle(height_um=HEIGHT_UM, radius_um=RING_RADIUS_UM),
    )
    places = plan_places(PROFILES["G"], settings)
    outlines = land_shapes(places, face)
    lands = lay_out(places, outlines, characters="".join(CHARACTERS), ring=(), shapes=RING.split()).lands
    inks = [translate(one, side_um / 2, side_um / 2) for one in (land.outline for land in lands)]
    image = _drawn(inks, (side_um, side_um))
    draw = ImageDraw.Draw(image)
    for place, name in enumerate(RING.split()):
        angle_rad = 2 * np.pi * place / PROFILES["G"].shapes
        from_centre_um = RING_RADIUS_UM - HEIGHT_UM / 2 - LABEL_UM / 2
        x_px = _pixels(side_um / 2 + from_centre_um * np.sin(angle_rad))
        y_px = _pixels(side_um / 2 - from_centre_um * np.cos(angle_rad))
        draw.text((x_px, y_px), name, fill=110, font=ImageFont.load_default(16), anchor="mm")
    draw.line((_pixels(40.0), image.height - 20, _pixels(140.0), image.height - 20), fill=0, width=_pixels(8.0))
    draw.text((_pixels(155.0), image.height - 20), "100 um", fill=0, font=ImageFont.load_default(20), anchor="lm")
    return image


def _drawn(inks: list[BaseGeometry], size_um: tuple[float, float]) -> Image.Image:
    """Black on white, y up, the origin at the lower left."""
    fine = PIXEL_UM / OVERSAMPLING
    image = Image.new("L", (round(size_um[0] / fine), round(size_um[1] / fine)), 255)
    draw = ImageDraw.Draw(image)
    for polygon in shapely.get_parts(np.array(inks)):
        corners = (shapely.get_coordinates(polygon.exterior) * (1.0, -1.0) + (0.0, size_um[1])) / fine
        draw.polygon([(float(x), float(y)) for x, y in corners], fill=0)
    return image.resize((_pixels(size_um[0]), _pixels(size_um[1])), Image.Resampling.BOX)


def _blurred(image: Image.Image) -> Image.Image:
    """Stretched back to black, as a camera's gain would."""
    soft = image.filter(ImageFilter.GaussianBlur(BLUR_UM / PIXEL_UM))
    darkness = 255.0 - np.asarray(soft, dtype=np.float64)
    return Image.fromarray((255.0 - darkness * (255.0 / darkness.max())).astype(np.uint8))


def _pixels(length_um: float) -> int:
    return round(length_um / PIXEL_UM)


if __name__ == "__main__":
    main()
