"""The impression as X3P: what other programs make of it, and that nobody can take it for a measurement."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engrave.base.x3p import load_x3p
from engrave.report import impression_x3p
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
Module = Callable[[str], Any]
# A float32 of 300 um differs from its float64 by less than this.
TOLERANCE_UM = 2e-5


def heights_um() -> FloatArray:
    """An F as it reads, upright and pressed in by 25 um, in a dent; a corner is missing."""
    y, x = np.mgrid[:40, :30] * 1.5
    z_um: FloatArray = -300.0 + 0.01 * (x - 20.0) ** 2 + 0.02 * (y - 30.0) ** 2
    z_um[6:34, 6:10] -= 25.0
    z_um[30:34, 6:22] -= 25.0
    z_um[19:23, 6:17] -= 25.0
    z_um[36:, 27:] = np.nan
    return z_um


def impression(frame: str = "reading") -> HeightMap:
    return HeightMap(z_um=heights_um(), pixel_um=1.5, x0_um=-22.5, y0_um=-30.0, frame=frame, provenance=("struck",))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "impression.x3p"
    path.write_bytes(impression_x3p(impression()))
    return path


def test_same_heights_same_bytes_whatever_the_day() -> None:
    assert impression_x3p(impression()) == impression_x3p(impression())


def test_it_comes_back_and_says_that_nothing_was_measured(written: Path) -> None:
    topography, notes = load_x3p(written)
    np.testing.assert_allclose(topography.heights_um, heights_um(), atol=TOLERANCE_UM)
    assert notes == ()
    assert (topography.instrument.manufacturer, topography.instrument.model) == ("pin-engrave", "simulated impression")
    assert topography.probing.type == "Software"
    assert topography.comment.splitlines()[-1] == "struck"
    assert "primer as an examiner sees it" in topography.comment


def test_a_tip_is_no_impression() -> None:
    with pytest.raises(ValueError, match="not the pin frame"):
        impression_x3p(impression("pin"))


def _upright_f(z_um: FloatArray) -> None:
    """Rows rise with y and columns with x: the stem of the F is at the lesser x, its long arm at the greater y."""
    np.testing.assert_allclose(z_um, heights_um(), atol=TOLERANCE_UM)
    assert z_um[26, 7] < z_um[26, 12] - 15.0
    assert z_um[32, 18] < z_um[20, 18] - 15.0


def test_x3pio_sees_it_upright(written: Path, require_module: Module) -> None:
    (layer,) = require_module("x3pio").read(written).layers
    _upright_f(np.asarray(layer.z) * 1e6)


def test_verity_sees_it_upright(written: Path, require_module: Module) -> None:
    judge = require_module("verity_x3p").read_x3p(str(written))
    _upright_f(np.asarray(judge.data) * 1e6)
    assert (judge.increment_x, judge.increment_y) == (1.5e-6, 1.5e-6)


@pytest.mark.filterwarnings("ignore")
def test_surface_topography_sees_it_upright(written: Path, require_module: Module) -> None:
    judge = require_module("SurfaceTopography").read_topography(str(written))
    _, _, heights_m = judge.positions_and_heights()
    _upright_f(np.ma.filled(heights_m, np.nan).T * 1e6)


@pytest.mark.filterwarnings("ignore")
def test_surfalize_sees_it_upright(written: Path, require_module: Module) -> None:
    _upright_f(np.asarray(require_module("surfalize").Surface.load(str(written)).data))


@pytest.mark.parametrize("schema", ["iso5436_2.xsd", "iso-25178-72_2017_Amd_1_2020.xsd"])
def test_both_public_schemas_accept_it(schema: str, written: Path, require_module: Module) -> None:
    folder = os.environ.get("PIN_ENGRAVE_FOREIGN_DATA", "")
    if not folder:
        if os.environ.get("PIN_ENGRAVE_REQUIRE_FOREIGN") == "1":
            pytest.fail("PIN_ENGRAVE_FOREIGN_DATA names no folder of foreign files; this test reads schemas")
        pytest.skip("PIN_ENGRAVE_FOREIGN_DATA names no folder of foreign files; this test reads schemas")
    with zipfile.ZipFile(written) as archive:
        main = archive.read("main.xml")
    judge = require_module("xmlschema").XMLSchema(str(Path(folder) / "schemas" / schema))
    assert [str(error) for error in judge.iter_errors(main)] == []
