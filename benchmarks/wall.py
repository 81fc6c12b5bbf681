"""What the shipped laser recipe cuts in simulation: a wall beside a straight edge, grooves, the crater, a pass's depth.

Usage: python benchmarks/wall.py [--relief 20] [--pixel 0.5] [--json FILE]

Prints the tables of docs/laser.md. Everything is measured on the simulated cut of the planned toolpath, but for the
closed forms, which are named so.
"""

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from engrave.job.shelves import PROCESSES
from engrave.tips import FlatTip, SphericalTip, Tip
from toolpaths.laser.ablation import crater_radius_um, log_fluence, pass_depth_um
from toolpaths.laser.planning import plan
from toolpaths.laser.recipe import Recipe
from toolpaths.model import Toolpath
from toolpaths.removal import cut
from toolpaths.surface import HeightMap, disc

FloatArray = NDArray[np.float64]

FIELD_UM = 110.0
# The land: a bar whose long edge is the straight wall, at x = EDGE_UM, far from corners at |y| < BESIDE_UM.
EDGE_UM, BAR_UM, BESIDE_UM = 20.0, 60.0, 25.0
# The floor is averaged where no contour has passed and before the field ends.
FLOOR_UM = (EDGE_UM + 20.0, EDGE_UM + 50.0)
# Straight grooves of these widths, as long as the bar.
GROOVES_UM = (13.0, 14.0, 16.0, 20.0, 25.0)
SLOPE_RADIUS_UM, SLOPE_TIP_UM = 650.0, 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """One wall, um: the floor's depth, how far outside the drawn edge the cut is half as deep, its 10-90 % width."""

    name: str
    passes: int
    floor_um: float
    half_out_um: float
    width_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Groove:
    """One groove, um: as drawn, its depth in the middle, how far inside the drawn edge it is half as deep."""

    drawn_um: float
    middle_um: float
    half_in_um: float


def bar() -> MultiPolygon:
    """The land that stands in the field."""
    return MultiPolygon([shapely.box(-EDGE_UM, -BAR_UM, EDGE_UM, BAR_UM)])


def planned(land: MultiPolygon, recipe: Recipe, *, relief_um: float, surface: Tip) -> Toolpath:
    """The toolpath about the land."""
    return plan(
        land=land,
        field=disc(FIELD_UM),
        taper_to=None,
        surface=surface,
        relief_um=relief_um,
        recipe=recipe,
        floor_xy_um=np.array([(FIELD_UM, 0.0)]),
    )


def profile(height_map: HeightMap) -> tuple[FloatArray, FloatArray]:
    """Place and depth, um, along the wall's normal, averaged along the wall."""
    rows = np.abs(height_map.y_um()) < BESIDE_UM
    return height_map.x_um(), -height_map.z_um[rows].mean(axis=0)


def crossing_um(x_um: FloatArray, depth_um: FloatArray, level_um: float) -> float:
    """Where the depth first reaches a level, going from 0 to greater x."""
    outwards = x_um >= 0
    x, depth = x_um[outwards], depth_um[outwards]
    first = int(np.argmax(depth >= level_um))
    return float(np.interp(level_um, depth[first - 1 : first + 1], x[first - 1 : first + 1]))


def wall(name: str, recipe: Recipe, *, relief_um: float, pixel_um: float) -> Wall:
    """Plan, cut and measure one wall."""
    tip = FlatTip(edge_radius_um=FIELD_UM)
    toolpath = planned(bar(), recipe, relief_um=relief_um, surface=tip)
    made = cut(toolpath, surface=tip, beam_for=recipe.beam_for, half_width_um=FIELD_UM, pixel_um=pixel_um)
    x_um, depth_um = profile(made)
    floor_um = float(depth_um[(x_um > FLOOR_UM[0]) & (x_um < FLOOR_UM[1])].mean())
    tenth, half, nine_tenths = (crossing_um(x_um, depth_um, share * floor_um) for share in (0.1, 0.5, 0.9))
    return Wall(
        name=name,
        passes=toolpath.blocks[0].repeats * recipe.rough.rounds,
        floor_um=round(floor_um, 2),
        half_out_um=round(half - EDGE_UM, 2),
        width_um=round(nine_tenths - tenth, 2),
    )


def groove(drawn_um: float, recipe: Recipe, *, relief_um: float, pixel_um: float) -> Groove:
    """Plan, cut and measure one groove in a face that stands about it."""
    tip = FlatTip(edge_radius_um=FIELD_UM)
    drawn = shapely.box(-drawn_um / 2, -BAR_UM, drawn_um / 2, BAR_UM)
    face = MultiPolygon([part for part in [disc(FIELD_UM).difference(drawn)] if isinstance(part, Polygon)])
    toolpath = planned(face, recipe, relief_um=relief_um, surface=tip)
    made = cut(toolpath, surface=tip, beam_for=recipe.beam_for, half_width_um=FIELD_UM, pixel_um=pixel_um)
    x_um, depth_um = profile(made)
    middle_um = float(depth_um[np.argmin(np.abs(x_um))])
    half_um = crossing_um(x_um + drawn_um / 2, depth_um, middle_um / 2)
    return Groove(drawn_um=drawn_um, middle_um=round(middle_um, 2), half_in_um=round(half_um, 2))


def walls(recipe: Recipe, *, relief_um: float, pixel_um: float) -> list[Wall]:
    """The recipe as it is, without its contour, and planned for a kerf that is 3 um too narrow or too wide."""
    variants = {
        "as shipped": recipe,
        "without contour": replace(recipe, steps=(replace(recipe.rough, contour="none"),)),
        "kerf 3 um too narrow": replace(recipe, kerf_um=recipe.kerf_um - 3.0),
        "kerf 3 um too wide": replace(recipe, kerf_um=recipe.kerf_um + 3.0),
    }
    return [wall(name, variant, relief_um=relief_um, pixel_um=pixel_um) for name, variant in variants.items()]


def closed_forms(recipe: Recipe) -> dict[str, float]:
    """Figures of the ablation model, no simulation: fluence, crater, depth a pass, and its share on a slope."""
    process, beam = recipe.process_of(recipe.rough), recipe.beam_of(recipe.rough)
    level = float(log_fluence(process, beam))
    tip = SphericalTip(radius_um=SLOPE_TIP_UM, edge_radius_um=SLOPE_TIP_UM * 0.9)
    cosine = float(tip.normal_cosine(np.array(SLOPE_RADIUS_UM), np.array(0.0)))
    flat_um = float(pass_depth_um(process, beam))
    return {
        "ln(F0/Fth)": round(level, 3),
        "crater diameter, um": round(
            2 * float(crater_radius_um(spot_um=beam.spot_radius_um, log_fluence=level)),
            2,
        ),
        "depth a pass, um": round(flat_um, 3),
        f"share of it at r = {SLOPE_RADIUS_UM:g} um on R = {SLOPE_TIP_UM / 1000:g} mm": round(
            float(pass_depth_um(process, beam, cosine=cosine)) / flat_um, 3
        ),
    }


def main() -> int:
    """Measure, print the tables and, where asked, write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relief", type=float, default=20.0, help="um")
    parser.add_argument("--pixel", type=float, default=0.5, help="um")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    recipe = PROCESSES.load("fs-steel").value
    found = walls(recipe, relief_um=options.relief, pixel_um=options.pixel)
    grooves = [groove(width, recipe, relief_um=options.relief, pixel_um=options.pixel) for width in GROOVES_UM]
    figures = closed_forms(recipe)
    share = round(found[0].half_out_um / (figures["crater diameter, um"] / 2), 3)
    print("| wall | passes | floor, um | half depth outside the outline, um | 10-90 %, um |\n|---|---|---|---|---|")
    for entry in found:
        print(f"| {entry.name} | {entry.passes} | {entry.floor_um} | {entry.half_out_um} | {entry.width_um} |")
    print("\n| groove, um | in its middle, um | of the floor | half depth inside the outline, um |\n|---|---|---|---|")
    for cut_in in grooves:
        share_of_floor = cut_in.middle_um / found[0].floor_um
        print(f"| {cut_in.drawn_um:g} | {cut_in.middle_um} | {share_of_floor:.2f} | {cut_in.half_in_um} |")
    print(f"\nhalf depth over the crater's radius, as shipped: {share}\n\n| closed form | value |\n|---|---|")
    for name, value in figures.items():
        print(f"| {name} | {value} |")
    if options.json is not None:
        rows = {
            entry.name: {"floor_um": entry.floor_um, "half_out_um": entry.half_out_um, "width_um": entry.width_um}
            for entry in found
        }
        by_width = {
            f"{cut_in.drawn_um:g}": {"middle_um": cut_in.middle_um, "half_in_um": cut_in.half_in_um}
            for cut_in in grooves
        }
        document = {
            "schema": "pin-engrave/benchmark-wall/1",
            "relief_um": options.relief,
            "walls": rows,
            "grooves": by_width,
            **figures,
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
