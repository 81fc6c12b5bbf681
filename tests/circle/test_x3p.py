"""A pin with ``x3p`` among its job's formats: its primer as other people's programs see it, and its folder's bytes."""

import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from engrave import api
from engrave.base.x3p import load_x3p, to_height_map
from engrave.batch import Workshop, make_pin, workshop_for
from engrave.code.mark import Mark, make_mark
from engrave.layout import lay_out
from engrave.verify import Checked, check_pin

pytestmark = pytest.mark.slow

FloatArray = NDArray[np.float64]
Module = Callable[[str], Any]
NAME = "impression.x3p"
# Of a float32 up to 512 um, half of the last bit (2^-16 um), and as much again for metres.
TOLERANCE_UM = 3.1e-5


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    """Give the example's workshop with one condition and two formats, which is quickest."""
    job = api.load_job(None)
    nominal = tuple(condition for condition in job.conditions if condition.name == "nominal")
    return workshop_for(replace(job, formats=("ngc", "x3p"), conditions=nominal))


@pytest.fixture(scope="module")
def mark(workshop: Workshop) -> Mark:
    return make_mark(serial="375-76834", maker="Borealis", model="Compact", ranges=workshop.setup.ranges)


@pytest.fixture(scope="module")
def made(workshop: Workshop, mark: Mark) -> tuple[dict[str, bytes], Checked]:
    return make_pin(workshop, mark)


@pytest.fixture(scope="module")
def written(made: tuple[dict[str, bytes], Checked], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pin") / NAME
    path.write_bytes(made[0][NAME])
    return path


@pytest.fixture(scope="module")
def struck_um(made: tuple[dict[str, bytes], Checked]) -> FloatArray:
    """Give the heights that the check was made on."""
    nominal = made[1].nominal
    assert nominal is not None
    return nominal.impression.surface.z_um


def test_the_file_holds_the_surface_that_was_judged(written: Path, struck_um: FloatArray) -> None:
    topography, notes = load_x3p(written)
    assert notes == ()
    np.testing.assert_allclose(topography.heights_um, struck_um, rtol=0, atol=TOLERANCE_UM)
    # The edge of the tip lies at 900 um, and pixels are 1.5 um: 600 either side of the middle.
    assert topography.heights_um.shape == (1201, 1201)
    assert (topography.x0_um, topography.y0_um) == (-900.0, -900.0)
    assert topography.pixel_x_um == topography.pixel_y_um == 1.5


def test_lands_of_the_layout_are_deep_where_they_should_read(written: Path, workshop: Workshop, mark: Mark) -> None:
    """A land stands proud of the tip: in the primer it is deeper than the floor about it, and in no mirror image."""
    topography, _ = load_x3p(written)
    places, shapes = workshop.setup.places, workshop.setup.shapes
    lands = lay_out(places, shapes, characters=mark.characters, ring=mark.ring).lands
    everything = shapely.union_all([land.outline for land in lands]).buffer(12.0)
    surface = to_height_map(topography, frame="reading")
    x_um, y_um = np.meshgrid(surface.x_um(), surface.y_um())
    floor = ~_inside(everything, x_um, y_um)
    depths_um: list[float] = []
    mirrored_um: list[float] = []
    for land in lands:
        pressed = _inside(land.outline.buffer(-2.0), x_um, y_um)
        around = _inside(land.outline.buffer(30.0), x_um, y_um) & floor
        for z_um, found in ((surface.z_um, depths_um), (surface.z_um[:, ::-1], mirrored_um)):
            found.append(float(np.median(z_um[around]) - np.median(z_um[pressed])))
    # The job's limit for characters and teeth is 10 um.
    assert min(depths_um) > 10.0
    assert min(mirrored_um) < 0.0


def _inside(outline: BaseGeometry, x_um: FloatArray, y_um: FloatArray) -> NDArray[np.bool_]:
    shapely.prepare(outline)
    inside: NDArray[np.bool_] = shapely.contains_xy(outline, x_um, y_um)
    return inside


def test_x3pio_opens_it(written: Path, struck_um: FloatArray, require_module: Module) -> None:
    judge = require_module("x3pio").read(written)
    (layer,) = judge.layers
    np.testing.assert_allclose(np.asarray(layer.z) * 1e6, struck_um, rtol=0, atol=TOLERANCE_UM)
    np.testing.assert_allclose(layer.x_values, 1.5e-6 * np.arange(struck_um.shape[1]), rtol=1e-12)
    assert "as an examiner sees it" in judge.metadata.comment


def test_verity_opens_it(written: Path, struck_um: FloatArray, require_module: Module) -> None:
    judge = require_module("verity_x3p").read_x3p(str(written))
    np.testing.assert_allclose(np.asarray(judge.data) * 1e6, struck_um, rtol=0, atol=TOLERANCE_UM)
    assert (judge.increment_x, judge.increment_y) == (1.5e-6, 1.5e-6)


@pytest.mark.filterwarnings("ignore")
def test_surface_topography_opens_it(written: Path, struck_um: FloatArray, require_module: Module) -> None:
    """It holds x first, so its rows are our columns."""
    judge = require_module("SurfaceTopography").read_topography(str(written))
    x_m, y_m, heights_m = judge.positions_and_heights()
    np.testing.assert_allclose(np.ma.filled(heights_m, np.nan).T * 1e6, struck_um, rtol=0, atol=TOLERANCE_UM)
    assert x_m[0, 0] < x_m[1, 0]
    assert y_m[0, 0] < y_m[0, 1]


@pytest.mark.filterwarnings("ignore")
def test_surfalize_opens_it(written: Path, struck_um: FloatArray, require_module: Module) -> None:
    judge = require_module("surfalize").Surface.load(str(written))
    np.testing.assert_allclose(judge.data, struck_um, rtol=0, atol=TOLERANCE_UM)
    np.testing.assert_allclose((judge.step_x, judge.step_y), (1.5, 1.5), rtol=1e-12)


@pytest.mark.parametrize("schema", ["iso5436_2.xsd", "iso-25178-72_2017_Amd_1_2020.xsd"])
def test_both_public_schemas_accept_it(schema: str, written: Path, require_module: Module) -> None:
    path = Path(os.environ.get("PIN_ENGRAVE_FOREIGN_DATA", "")) / "schemas" / schema
    if not path.is_file():
        message = "PIN_ENGRAVE_FOREIGN_DATA names no folder of foreign files; this test reads schemas"
        if os.environ.get("PIN_ENGRAVE_REQUIRE_FOREIGN") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with zipfile.ZipFile(written) as archive:
        main = archive.read("main.xml")
    assert [str(error) for error in require_module("xmlschema").XMLSchema(str(path)).iter_errors(main)] == []


def test_a_pin_that_cannot_be_simulated_has_no_impression(
    workshop: Workshop, mark: Mark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a program that the planner does not write cannot be simulated: the check is given one in its stead."""
    monkeypatch.setattr("engrave.batch.pin.check_pin", lambda _, *rest, **more: check_pin(b"%\nM2\n%\n", *rest, **more))
    files, checked = make_pin(workshop, mark)
    assert checked.nominal is None
    assert not {"impression.png", NAME} & set(files)
    assert {"check.json", "job.ngc", "mark.json"} <= set(files)


class _BrokenOffError(Exception):
    """What ends a batch after its first pin."""


def _break_off(_done: int, _total: int, _characters: str, _passed: bool | None) -> None:  # noqa: FBT001 - as Progress
    raise _BrokenOffError


def test_a_batch_that_was_broken_off_ends_with_the_same_bytes(workshop: Workshop, tmp_path: Path) -> None:
    serials = tmp_path / "serials.csv"
    serials.write_text("serial,maker,model\nAAA0001,Acme,P9\nAAA0002,Acme,P9\n")
    undisturbed, other = tmp_path / "undisturbed", tmp_path / "other"
    whole = api.batch(serials, undisturbed, workshop.setup.job)
    assert all((undisturbed / "pins" / pin.mark.characters / NAME).is_file() for pin in whole.pins)
    with pytest.raises(_BrokenOffError):
        api.batch(serials, other, workshop.setup.job, progress=_break_off)
    # Before there is a manifest to tell, a pin with a picture and no topography is not whole.
    (other / "pins" / whole.pins[0].mark.characters / NAME).unlink()
    assert api.batch(serials, other, workshop.setup.job).made == 2
    assert _bytes(undisturbed) == _bytes(other)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
