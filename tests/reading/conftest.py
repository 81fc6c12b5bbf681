"""Impressions for the reader to read: marks made from outlines, struck by the shipped model, with known symbols.

The tip is drawn here, not taken from a machine's file: lands with walls of 6.8 um from 10 to 90 % of the relief, on a
sphere of 1 mm.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from engrave.code.alphabet import ALPHABET
from engrave.code.profiles import PROFILE_A
from engrave.layout import LandShapes, LayoutSettings, Places, Track, land_shapes, lay_out, plan_places
from engrave.reading import Reader, reader_for
from engrave.strike import CONDITIONS, PRIMERS, Condition, strike
from engrave.tips import FlatTip, SphericalTip
from fonts.typeface import Typeface, shipped_typeface
from toolpaths.surface import HeightMap, centred_grid

Cells = NDArray[np.int8]
Outlines = Sequence[BaseGeometry]

_WALL_UM = 6.8
# A Gaussian edge rises from 10 to 90 % within 2.563 standard deviations.
_EDGE_SIGMAS = 2.563
_PIXEL_UM = 2.5
_HALF_WIDTH_UM = 800.0


@pytest.fixture(scope="session")
def face() -> Typeface:
    return shipped_typeface("anvil")


@pytest.fixture(scope="session")
def places() -> Places:
    tracks = (Track(inner_um=435.0, outer_um=510.0), Track(inner_um=525.0, outer_um=600.0))
    settings = LayoutSettings(
        profile="A",
        face="anvil",
        height_um=175.0,
        stroke_um=14.0,
        column_pitch_um=175.0,
        row_pitch_um=215.0,
        tooth_um=14.0,
        tracks=tracks,
    )
    return plan_places(PROFILE_A, settings)


@pytest.fixture(scope="session")
def reader(places: Places, face: Typeface) -> Reader:
    return reader_for(places, face)


@pytest.fixture(scope="session")
def shapes(places: Places, face: Typeface) -> LandShapes:
    return land_shapes(places, face)


@pytest.fixture(scope="session")
def random_mark() -> Callable[[np.random.Generator], tuple[str, Cells]]:
    """Eight characters and a ring, drawn evenly; the mark cells are those of the profile."""

    def drawn(rng: np.random.Generator) -> tuple[str, Cells]:
        cells = rng.integers(0, 2, (PROFILE_A.tracks, PROFILE_A.sectors)).astype(np.int8)
        cells[:, :3] = PROFILE_A.mark_cells
        return "".join(rng.choice(list(ALPHABET), PROFILE_A.characters)), cells

    return drawn


@pytest.fixture(scope="session")
def mark_outlines(places: Places, shapes: LandShapes) -> Callable[[str, Cells], Outlines]:
    """Outlines at the crest, reading frame."""

    def outlines(characters: str, cells: Cells) -> Outlines:
        ring = ["".join(str(cell) for cell in track) for track in cells]
        return [land.outline for land in lay_out(places, shapes, characters=characters, ring=ring).lands]

    return outlines


@pytest.fixture(scope="session")
def impress() -> Callable[..., HeightMap]:
    """Strike a primer with a tip that bears these outlines."""
    primer = PRIMERS.load("brass-cup").value
    sphere = SphericalTip(radius_um=1000.0, edge_radius_um=850.0)

    def impressed(
        outlines: Outlines,
        *,
        condition: str | Condition = "nominal",
        relief_um: float = 25.0,
        shift_um: tuple[float, float] = (0.0, 0.0),
        turn_rad: float = 0.0,
        tip: SphericalTip | FlatTip = sphere,
        backing: float = 0.5,
        polarity: str = "raised",
    ) -> HeightMap:
        moved = [
            affinity.translate(affinity.rotate(outline, turn_rad, origin=(0, 0), use_radians=True), *shift_um)
            for outline in outlines
        ]
        grid = centred_grid(half_width_um=_HALF_WIDTH_UM, pixel_um=_PIXEL_UM)
        x_um, y_um = np.meshgrid(grid, grid)
        covered = _covered(moved, grid, wall_um=_WALL_UM if polarity == "raised" else -_WALL_UM)
        land = gaussian_filter(covered[:, ::-1], _WALL_UM / _EDGE_SIGMAS / _PIXEL_UM)
        pin = HeightMap(
            z_um=tip.height_um(x_um, y_um) - relief_um * (1.0 - land if polarity == "raised" else land),
            pixel_um=_PIXEL_UM,
            x0_um=float(grid[0]),
            y0_um=float(grid[0]),
            frame="pin",
        )
        load = CONDITIONS.load(condition).value if isinstance(condition, str) else condition
        return strike(pin, form=tip, primer=replace(primer, backing=backing), condition=load).surface

    return impressed


@pytest.fixture(scope="session")
def random_impression(
    random_mark: Callable[[np.random.Generator], tuple[str, Cells]],
    mark_outlines: Callable[[str, Cells], Outlines],
    impress: Callable[..., HeightMap],
) -> Callable[..., tuple[str, Cells, HeightMap]]:
    """A random mark and its impression; everything but the generator goes to ``impress``."""

    def drawn(rng: np.random.Generator, **how: Any) -> tuple[str, Cells, HeightMap]:  # noqa: ANN401 - handed on
        characters, cells = random_mark(rng)
        return characters, cells, impress(mark_outlines(characters, cells), **how)

    return drawn


def _covered(outlines: Outlines, grid: NDArray[np.float64], *, wall_um: float) -> NDArray[np.float64]:
    """1 where a land is at half its relief, half a wall outside its outline, or inside; reading frame."""
    land = np.zeros((grid.size, grid.size))
    for outline in outlines:
        wide = outline.buffer(wall_um / 2)
        shapely.prepare(wide)
        (left, right), (low, high) = (np.searchsorted(grid, wide.bounds[axis::2]) for axis in (0, 1))
        x_um, y_um = np.meshgrid(grid[left:right], grid[low:high])
        land[low:high, left:right] += shapely.contains_xy(wide, x_um, y_um)
    return np.minimum(land, 1.0)


@pytest.fixture(scope="session")
def roughened() -> Callable[[HeightMap, np.random.Generator, float], HeightMap]:
    """The map with noise of this standard deviation, correlated over 5 um."""

    def rough(surface: HeightMap, rng: np.random.Generator, sigma_um: float) -> HeightMap:
        noise = gaussian_filter(rng.standard_normal(surface.z_um.shape), 5.0 / surface.pixel_um)
        return replace(surface, z_um=surface.z_um + sigma_um * noise / noise.std())

    return rough
