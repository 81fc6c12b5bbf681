"""X3P before judges that nobody here wrote: other readers, the public schemas, and other people's files."""

import io
import os
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engrave.base.x3p import Topography, load_x3p, read_x3p, write_x3p
from engrave.base.x3p.writer import DataType

_PIXEL_X_UM, _PIXEL_Y_UM = 1.5, 2.25
_NAMESPACE = "http://www.opengps.eu/2008/ISO5436_2"
# A float32 of some 15 um differs from its float64 by less than this.
_TOLERANCE_M = {"D": 1e-18, "F": 1e-12}
FloatArray = NDArray[np.float64]
Module = Callable[[str], Any]


@pytest.fixture(scope="module")
def foreign_data() -> Path:
    """Give the folder of files that this project did not make; skip (or fail) where it is not named or not there."""
    folder = os.environ.get("PIN_ENGRAVE_FOREIGN_DATA", "")
    if folder and Path(folder).is_dir():
        return Path(folder)
    message = "PIN_ENGRAVE_FOREIGN_DATA names no folder of foreign files; this test reads them"
    if os.environ.get("PIN_ENGRAVE_REQUIRE_FOREIGN") == "1":
        pytest.fail(message)
    pytest.skip(message)


def _letter_f() -> FloatArray:
    """An F upright in x to the right and y up, so in rising rows: neither mirrored, turned nor transposed is it one."""
    heights_um = np.zeros((24, 16))
    heights_um[3:21, 3:6] = 15.0
    heights_um[18:21, 3:13] = 15.0
    heights_um[10:13, 3:10] = 15.0
    # A slope, so that no two samples of a row or column are equal, and a hole at the upper right.
    heights_um += 0.01 * np.arange(16) + 0.3 * np.arange(24)[:, None]
    heights_um[20:, 14:] = np.nan
    return heights_um


@pytest.fixture(params=["D", "F"])
def data_type(request: pytest.FixtureRequest) -> DataType:
    """Give each type that the writer has."""
    return "D" if request.param == "D" else "F"


def _data(data_type: DataType) -> bytes:
    return write_x3p(
        Topography(
            heights_um=_letter_f(),
            pixel_x_um=_PIXEL_X_UM,
            pixel_y_um=_PIXEL_Y_UM,
            x0_um=-11.25,
            y0_um=-25.875,
            date=datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC),
            calibration_date=datetime(2026, 1, 2, tzinfo=UTC),
            creator="the tests",
            comment="F < G & \u03bc\nin two lines",
        ),
        data_type=data_type,
    )


@pytest.fixture
def written(tmp_path: Path, data_type: DataType) -> Path:
    """Give the file of the F."""
    path = tmp_path / "letter.x3p"
    path.write_bytes(_data(data_type))
    return path


def _check(heights_m: Any, data_type: DataType) -> None:  # noqa: ANN401 - whatever array the judge has
    """Row by row from the least y, x fastest, in metres; NaN where there is a hole."""
    np.testing.assert_allclose(np.asarray(heights_m), _letter_f() / 1e6, rtol=0, atol=_TOLERANCE_M[data_type])


def test_x3pio_reads_ours(written: Path, data_type: DataType, require_module: Module) -> None:
    judge = require_module("x3pio").read(written)
    (layer,) = judge.layers
    _check(layer.z, data_type)
    np.testing.assert_allclose(layer.x_values, 1.5e-6 * np.arange(16), rtol=1e-12)
    np.testing.assert_allclose(layer.y_values, 2.25e-6 * np.arange(24), rtol=1e-12)
    assert judge.metadata.comment == "F < G & \u03bc\nin two lines"
    assert judge.metadata.date == datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC)


def test_verity_reads_ours(written: Path, data_type: DataType, require_module: Module) -> None:
    judge = require_module("verity_x3p").read_x3p(str(written))
    _check(judge.data, data_type)
    assert (judge.nx, judge.ny) == (16, 24)
    assert (judge.increment_x, judge.increment_y) == (1.5e-6, 2.25e-6)
    assert (judge.z_type, judge.creator) == (data_type, "the tests")


@pytest.mark.filterwarnings("ignore")
def test_surface_topography_reads_ours(written: Path, data_type: DataType, require_module: Module) -> None:
    """It holds x first, so its rows are our columns."""
    judge = require_module("SurfaceTopography").read_topography(str(written))
    assert (judge.nb_grid_pts, judge.unit) == ((16, 24), "m")
    np.testing.assert_allclose(judge.pixel_size, (1.5e-6, 2.25e-6), rtol=1e-12)
    x_m, y_m, heights_m = judge.positions_and_heights()
    _check(np.ma.filled(heights_m, np.nan).T, data_type)
    assert x_m[3, 0] < x_m[12, 0]
    assert y_m[0, 3] < y_m[0, 20]


@pytest.mark.filterwarnings("ignore")
def test_surfalize_reads_ours(written: Path, data_type: DataType, require_module: Module) -> None:
    """It holds micrometres."""
    judge = require_module("surfalize").Surface.load(str(written))
    _check(judge.data / 1e6, data_type)
    np.testing.assert_allclose((judge.step_x, judge.step_y), (1.5, 2.25), rtol=1e-12)


@pytest.mark.parametrize("storage", ["BINARY", "XML"])
@pytest.mark.parametrize("kind", ["INT16", "INT32", "FLOAT32", "FLOAT64"])
def test_what_x3pio_writes_in_every_form_is_read(kind: str, storage: str, require_module: Module) -> None:
    x3pio = require_module("x3pio")
    file = io.BytesIO()
    options = {"z_type": x3pio.DataType[kind], "storage": x3pio.DataStorage[storage]}
    if kind.startswith("INT"):
        options["z_scale"] = 1e-9
    x3pio.write(file, _letter_f() / 1e6, x_scale=1.5e-6, y_scale=2.25e-6, **options)
    topography, _ = read_x3p(file.getvalue(), name="x3pio.x3p")
    # Half of the step of 1 nm is the most that integers lose.
    np.testing.assert_allclose(topography.heights_um, _letter_f(), rtol=0, atol=0.51e-3)
    assert (topography.pixel_x_um, topography.pixel_y_um) == (1.5, 2.25)


@pytest.mark.parametrize("kind", ["I", "L", "F", "D"])
@pytest.mark.filterwarnings("ignore")
def test_what_surface_topography_writes_is_read(
    kind: str, tmp_path: Path, written: Path, require_module: Module
) -> None:
    path = tmp_path / "theirs.x3p"
    require_module("SurfaceTopography").read_topography(str(written)).to_x3p(str(path), dtype=kind)
    topography, _ = load_x3p(path)
    np.testing.assert_allclose(topography.heights_um, _letter_f(), rtol=0, atol=1e-3)
    assert topography.pixel_x_um == pytest.approx(1.5, rel=1e-12)


@pytest.mark.parametrize("schema", ["iso5436_2.xsd", "iso-25178-72_2017_Amd_1_2020.xsd"])
def test_both_public_schemas_accept_ours(
    schema: str, written: Path, foreign_data: Path, require_module: Module
) -> None:
    with zipfile.ZipFile(written) as archive:
        main = archive.read("main.xml")
    judge = require_module("xmlschema").XMLSchema(str(foreign_data / "schemas" / schema))
    assert [str(error) for error in judge.iter_errors(main)] == []
    assert list(judge.iter_errors(main.replace(b"<Date>2026-03-04T", b"<Date>4.3.2026 "))) != []


_ROOT = f"in the namespace '', where it should be 'ISO5436_2' in '{_NAMESPACE}'"
_SCALED = (
    "main.xml, Record1/Axes/CZ/Increment: '1e-06' beside heights that are no integers: they were multiplied by it, "
    "as the format has it; where they are too small, the heights were metres already, and this should be 1"
)
_FOREIGN_NOTES = {
    "csafe-logo.x3p": (
        "zip: everything lies in the folder 'csafe-logo/', where it should lie at the top",
        "main.xml, Record4/ChecksumFile: not the MD5 of what is there: something was changed after it was written",
        f"main.xml: the root is 'ISO5436_2' {_ROOT}",
        _SCALED,
    ),
    "sample-land.x3p": (
        "zip: everything lies in the folder 'sample-land/', where it should lie at the top",
        f"main.xml: the root is 'ISO5436' {_ROOT}",
        "main.xml, 'Record1/Axes/Origin': not of the format ('NW'); not read",
        "main.xml, 'Record3/Mask': not of the format; not read",
        "main.xml, Record1/Axes/CZ/Offset: empty; taken as 0",
    ),
}


@pytest.mark.parametrize("name", sorted(_FOREIGN_NOTES))
def test_foreign_files_are_read_with_these_notes(name: str, foreign_data: Path) -> None:
    assert load_x3p(foreign_data / "x3p" / name)[1] == _FOREIGN_NOTES[name]


def test_there_is_no_foreign_file_but_these(foreign_data: Path) -> None:
    assert {path.name for path in (foreign_data / "x3p").glob("*.x3p")} == set(_FOREIGN_NOTES)


def test_the_bullet_land_has_the_heights_that_others_find(foreign_data: Path, require_module: Module) -> None:
    path = foreign_data / "x3p" / "sample-land.x3p"
    topography, _ = load_x3p(path)
    judge = require_module("verity_x3p").read_x3p(str(path))
    np.testing.assert_allclose(topography.heights_um / 1e6, judge.data, rtol=1e-14)
    assert topography.heights_um.shape == (256, 918)
    assert (topography.pixel_x_um, topography.pixel_y_um) == (2.58, 2.58)
    assert np.count_nonzero(np.isnan(topography.heights_um)) == 25_292
    assert (topography.instrument.model, topography.probing.type) == ("Sneox1", "NonContacting")
    assert topography.date == datetime(2018, 9, 15, 17, 46, 9)  # noqa: DTZ001 - the file states no zone


def test_the_logo_has_the_heights_that_x3pio_finds(foreign_data: Path, require_module: Module) -> None:
    path = foreign_data / "x3p" / "csafe-logo.x3p"
    topography, _ = load_x3p(path)
    (layer,) = require_module("x3pio").read(path, verify=False).layers
    np.testing.assert_allclose(topography.heights_um / 1e6, layer.z, rtol=1e-14)
    assert topography.heights_um.shape == (419, 741)


def test_foreign_files_written_again_are_in_order(foreign_data: Path) -> None:
    topography, _ = load_x3p(foreign_data / "x3p" / "sample-land.x3p")
    again, notes = read_x3p(write_x3p(topography), name="again.x3p")
    np.testing.assert_allclose(again.heights_um, topography.heights_um, rtol=5e-16)
    assert notes == ()
