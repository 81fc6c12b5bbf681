"""The texture of a bullet land that others measured: its figures by other means, and a mark read through it."""

import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from engrave import api
from engrave.base.x3p import load_x3p
from engrave.batch.pin import simulated_impression
from engrave.code.mark import Mark, make_mark
from engrave.job.setup import Setup, prepare
from engrave.reading import LOST, Reading, reader_for
from engrave.strike.texture import high_passed_um, texture_figures
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
PIXEL_UM = 2.58
# Clear of the shoulders, the torn rim and the debris, which are an order rougher: 335 by 980 um with one hole in it.
BARE = (slice(60, 190), slice(180, 560))


@pytest.fixture(scope="module")
def land_um() -> FloatArray:
    """Give the heights of a measured bullet land; striae run along y."""
    path = Path(os.environ.get("PIN_ENGRAVE_FOREIGN_DATA", "")) / "x3p" / "sample-land.x3p"
    if not path.is_file():
        message = "PIN_ENGRAVE_FOREIGN_DATA names no folder of foreign files; this test reads a bullet land"
        if os.environ.get("PIN_ENGRAVE_REQUIRE_FOREIGN") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return load_x3p(path)[0].heights_um


# Sq, and 1/e lengths across the striae (rms 0.01 um, lengths 0.1 um), as docs/x3p.md states them.
FIGURES = [(25.0, 0.25, 2.3), (80.0, 0.50, 7.4), (250.0, 0.87, 15.0)]


@pytest.mark.parametrize(("cutoff_um", "rms_um", "across_um"), FIGURES)
def test_the_bare_land_has_the_figures_that_are_documented(
    land_um: FloatArray, cutoff_um: float, rms_um: float, across_um: float
) -> None:
    figures = texture_figures(land_um[BARE], pixel_um=PIXEL_UM, cutoff_um=cutoff_um)
    assert figures.rms_um == pytest.approx(rms_um, abs=0.006)
    assert figures.correlation_um == pytest.approx(across_um, abs=0.06)
    # Striae stand within some degrees of the columns.
    assert abs(math.sin(figures.across_rad)) < 0.2
    assert figures.along_um > 1.5 * figures.correlation_um


@pytest.mark.parametrize("cutoff_um", [25.0, 80.0])
@pytest.mark.filterwarnings("ignore")
def test_surfalize_finds_the_same_heights_and_sq(
    land_um: FloatArray, cutoff_um: float, require_module: Callable[[str], Any]
) -> None:
    """Its Gaussian mirrors the map at the edges, ours weighs what is there: compared are the heights away from them."""
    bare = land_um[60:170, 180:330]
    assert np.isfinite(bare).all()
    surface = require_module("surfalize").Surface
    judge = surface(high_passed_um(bare, pixel_um=PIXEL_UM, cutoff_um=math.inf), PIXEL_UM, PIXEL_UM)
    inner = (slice(32, -32), slice(32, -32))
    theirs = judge.filter("highpass", cutoff_um).data[inner]
    ours = high_passed_um(bare, pixel_um=PIXEL_UM, cutoff_um=cutoff_um)[inner]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)
    assert surface(ours, PIXEL_UM, PIXEL_UM).Sq() == pytest.approx(math.sqrt(np.square(ours).mean()), rel=1e-3)


@pytest.mark.parametrize("cutoff_um", [25.0, 80.0, 250.0])
def test_the_correlation_across_the_striae_is_that_of_the_sums_themselves(
    land_um: FloatArray, cutoff_um: float
) -> None:
    """Products of neighbours along x, pair by pair: along rows the length is no less than in the fastest direction."""
    rough = high_passed_um(land_um[BARE], pixel_um=PIXEL_UM, cutoff_um=cutoff_um)
    rough = rough - np.nanmean(rough)
    correlation = [np.nanmean(rough[:, lag:] * rough[:, : rough.shape[1] - lag]) for lag in range(20)]
    relative = np.array(correlation) / np.nanmean(rough**2)
    after = int(np.argmax(relative < math.exp(-1.0)))
    before, then = relative[after - 1 : after + 1]
    length_um = PIXEL_UM * (after - (math.exp(-1.0) - then) / (before - then))
    figures = texture_figures(land_um[BARE], pixel_um=PIXEL_UM, cutoff_um=cutoff_um)
    assert figures.correlation_um == pytest.approx(length_um, rel=0.03)
    assert figures.correlation_um <= length_um + 1e-9


@pytest.fixture(scope="module")
def setup() -> Setup:
    return prepare(api.load_job(None))


@pytest.fixture(scope="module")
def mark(setup: Setup) -> Mark:
    return make_mark(serial="375-76834", maker="Borealis", model="Compact", ranges=setup.ranges)


@pytest.fixture(scope="module")
def impression(setup: Setup, mark: Mark) -> HeightMap:
    return simulated_impression(setup, mark)


def _laid_over(rough_um: FloatArray, surface: HeightMap) -> FloatArray:
    """The rough heights at every sample of the surface: holes filled with the mean, mirrored where the land ends."""
    filled = np.nan_to_num(rough_um)
    rows, columns = (np.arange(size) * surface.pixel_um / PIXEL_UM for size in surface.z_um.shape)
    places = np.meshgrid(rows, columns, indexing="ij")
    laid: FloatArray = map_coordinates(filled, places, order=1, mode="mirror")
    return laid


def _wrong(reading: Reading, mark: Mark) -> tuple[int, int]:
    """Characters read as others, and cells."""
    ring = np.array([[int(cell) for cell in track] for track in mark.ring])
    read = [found.character for found in reading.characters]
    characters = sum(one not in {None, other} for one, other in zip(read, mark.characters, strict=True))
    return characters, int(np.count_nonzero((reading.cells != -1) & (reading.cells != ring)))


@pytest.mark.slow
@pytest.mark.parametrize("which", [("bare", 80.0), ("bare", 250.0), ("whole", 80.0), ("whole", 250.0)])
def test_a_mark_is_read_through_the_lands_texture(
    which: tuple[str, float], land_um: FloatArray, setup: Setup, mark: Mark, impression: HeightMap
) -> None:
    part, cutoff_um = which
    land = land_um[BARE] if part == "bare" else land_um
    rough = high_passed_um(land, pixel_um=PIXEL_UM, cutoff_um=cutoff_um)
    surface = replace(impression, z_um=impression.z_um + _laid_over(rough, impression))
    reading = reader_for(setup.places, setup.typeface).read(surface)
    assert reading.found
    assert (reading.mirrored, reading.inverted) == (False, False)
    assert math.hypot(reading.x_um, reading.y_um) < 0.5
    assert _wrong(reading, mark) == (0, 0)
    assert all(found.character is not None for found in reading.characters)
    assert not np.any(reading.cells == LOST)


@pytest.mark.slow
def test_the_lands_texture_alone_is_no_mark(land_um: FloatArray, setup: Setup, impression: HeightMap) -> None:
    rough = high_passed_um(land_um, pixel_um=PIXEL_UM, cutoff_um=250.0)
    x_um, y_um = np.meshgrid(impression.x_um(), impression.y_um())
    dent_um = -350.0 * np.exp(-((np.hypot(x_um, y_um) / 600.0) ** 2))
    surface = replace(impression, z_um=dent_um + _laid_over(rough, impression))
    assert not reader_for(setup.places, setup.typeface).read(surface).found
