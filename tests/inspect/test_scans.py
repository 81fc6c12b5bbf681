"""Scans as they come: what is read is what was written, and what cannot be is refused with every reason."""

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.base.x3p import Topography, write_x3p
from engrave.inspect import Given, Scan, load_pin_scan
from engrave.inspect.cleaning import cleaned, thinned, without_small_holes
from engrave.inspect.scan import SCAN_SUFFIXES
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
PLAIN = Given(spacing_um=1.0, unit="um")
DAY = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def heights_um() -> FloatArray:
    """A dome with a hole, no two of its rows or columns alike."""
    x_um, y_um = np.meshgrid(np.arange(80.0) - 30, np.arange(70.0) - 40)
    z_um = 5.0 - (x_um**2 + 2 * y_um**2) / 1000 + 0.01 * x_um
    z_um[10, 20] = np.nan
    return np.asarray(np.round(z_um, 4))


def _same(scan: Scan, heights_um: FloatArray, *, within_um: float = 1e-9) -> None:
    assert scan.surface.frame == "pin"
    np.testing.assert_allclose(scan.surface.z_um, heights_um, atol=within_um)
    # About its own middle.
    assert scan.surface.x_um()[0] == -scan.surface.x_um()[-1]
    assert scan.surface.y_um()[0] == -scan.surface.y_um()[-1]


def test_a_numpy_array(tmp_path: Path, heights_um: FloatArray) -> None:
    path = tmp_path / "scan.npy"
    np.save(path, heights_um / 1000)
    _same(load_pin_scan(path, Given(spacing_um=1.5, unit="mm")), heights_um)
    assert load_pin_scan(path, Given(spacing_um=1.5, unit="mm")).surface.pixel_um == 1.5


@pytest.mark.parametrize(
    ("mark", "point", "hole"), [(",", ".", "nan"), (";", ",", ""), ("\t", ".", "BAD"), (" ", ".", "***")]
)
def test_a_table(tmp_path: Path, heights_um: FloatArray, mark: str, point: str, hole: str) -> None:
    lines = [
        mark.join(hole if np.isnan(value) else f"{value:.4f}".replace(".", point) for value in row)
        for row in heights_um
    ]
    path = tmp_path / "scan.csv"
    path.write_text("\n".join(lines) + "\n")
    _same(load_pin_scan(path, PLAIN), heights_um)


def test_the_first_row_may_be_the_uppermost(tmp_path: Path, heights_um: FloatArray) -> None:
    path = tmp_path / "scan.npy"
    np.save(path, heights_um[::-1])
    _same(load_pin_scan(path, Given(spacing_um=1.0, unit="um", top_first=True)), heights_um)


def _sdf(heights_um: FloatArray, *, version: str = "aISO-1.0") -> bytes:
    rows, columns = heights_um.shape
    words = ["BAD" if np.isnan(value) else f"{round(value * 1e4)}" for value in heights_um.ravel()]
    head = (
        f"{version}\nManufacID = test\nCreateDate = 010120200000\nModDate = 010120200000\nNumPoints = {columns}\n"
        f"NumProfiles = {rows}\nXscale = 1.0e-6\nYscale = 1.0e-6\nZscale = 1.0e-10\nZresolution = -1\n"
        "Compression = 0\nDataType = 6\nCheckType = 0\n*\n"
    )
    return (head + "\n".join(words) + "\n*\nend\n*\n").encode()


@pytest.mark.parametrize("version", ["aISO-1.0", "aBCR-1.0"])
def test_a_surface_data_file(tmp_path: Path, heights_um: FloatArray, version: str) -> None:
    path = tmp_path / "scan.sdf"
    path.write_bytes(_sdf(heights_um, version=version))
    _same(load_pin_scan(path, Given()), heights_um)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (b"aISO-1.0", b"aXYZ-1.0", "does not begin"),
        (b"aISO-1.0", b"bISO-1.0", "binary"),
        (b"NumPoints = 80", b"NumPoints = x", "NumPoints"),
        (b"Zscale = 1.0e-10", b"Zscale = 7", "Zscale"),
        (b"NumProfiles = 70", b"NumProfiles = 71", "cut off"),
        (b"BAD", b"OUCH", "OUCH"),
    ],
)
def test_a_damaged_surface_data_file(
    tmp_path: Path, heights_um: FloatArray, before: bytes, after: bytes, reason: str
) -> None:
    path = tmp_path / "scan.sdf"
    path.write_bytes(_sdf(heights_um).replace(before, after, 1))
    with pytest.raises(InputError, match=reason):
        load_pin_scan(path, Given())


def test_a_topography_of_oblong_pixels(tmp_path: Path) -> None:
    x_um, y_um = np.meshgrid(2.0 * np.arange(60), np.arange(90.0))
    topography = Topography(heights_um=x_um + 3 * y_um, pixel_x_um=2.0, pixel_y_um=1.0, date=DAY, calibration_date=DAY)
    path = tmp_path / "scan.x3p"
    path.write_bytes(write_x3p(topography))
    surface = load_pin_scan(path, Given()).surface
    x_um, y_um = np.meshgrid(np.arange(119.0), np.arange(90.0))
    assert surface.pixel_um == 1.0
    np.testing.assert_allclose(surface.z_um, x_um + 3 * y_um, atol=1e-6)


@pytest.mark.parametrize("suffix", [".stl", ".ply"])
@pytest.mark.parametrize("towards", [None, "z", "-x"])
def test_a_mesh_is_seen_from_where_it_points(tmp_path: Path, suffix: str, towards: str | None) -> None:
    ball = trimesh.creation.icosphere(subdivisions=5, radius=0.4)
    path = tmp_path / f"scan{suffix}"
    ball.export(path)
    scan = load_pin_scan(path, Given(spacing_um=4.0, unit="mm", towards=towards))
    z_um = scan.surface.z_um
    x_um, y_um = np.meshgrid(scan.surface.x_um(), scan.surface.y_um())
    near = np.hypot(x_um, y_um) < 300
    # A ball of 400 um: its facets lie within 0.2 um of it, its edge lies less than a sample off the grid's.
    sphere_um = np.sqrt(400.0**2 - x_um[near] ** 2 - y_um[near] ** 2)
    assert np.abs(z_um[near] - sphere_um).max() < 4.5
    assert np.median(np.abs(z_um[near] - sphere_um)) < 1.0
    assert np.isnan(z_um[np.hypot(x_um, y_um) > 405]).all()


def test_a_mesh_is_not_mirrored(tmp_path: Path) -> None:
    # A block with a post to the right and above its middle, by another library.
    block = trimesh.creation.box(bounds=[(-200, -200, -5), (200, 200, 5)])
    post = trimesh.creation.box(bounds=[(95, 35, 0), (145, 85, 40)])
    path = tmp_path / "scan.stl"
    mesh = trimesh.Trimesh(
        vertices=np.vstack([block.vertices, post.vertices]),
        faces=np.vstack([block.faces, post.faces + len(block.vertices)]),
        process=False,
    )
    mesh.export(path)
    surface = load_pin_scan(path, Given(spacing_um=2.0, unit="um")).surface
    rows, columns = np.nonzero(surface.z_um > 20)
    assert surface.x_um()[columns].mean() == pytest.approx(120, abs=2)
    assert surface.y_um()[rows].mean() == pytest.approx(60, abs=2)


@pytest.mark.parametrize(
    ("name", "given", "reasons"),
    [
        ("scan.txt", Given(), ["no scan that is read"]),
        ("scan.npy", Given(), ["--spacing: missing", "--unit: missing"]),
        ("scan.csv", Given(spacing_um=9.0, unit="ell"), ["--spacing: 9 um", "'ell' is not known"]),
        ("scan.x3p", Given(spacing_um=1.0, unit="um", towards="z"), ["--spacing", "--unit", "--towards"]),
        ("scan.stl", Given(top_first=True), ["--unit: missing", "--top-first"]),
    ],
)
def test_everything_wrong_is_told_at_once(tmp_path: Path, name: str, given: Given, reasons: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        load_pin_scan(tmp_path / name, given)
    assert len(caught.value.faults) == len(reasons)
    for fault, reason in zip(caught.value.faults, reasons, strict=True):
        assert reason in fault


@pytest.mark.parametrize(
    ("heights_um", "reason"),
    [
        (np.zeros((3, 3)), "across"),
        (np.full((80, 80), np.nan), "no sample has a height"),
        (np.full((80, 80), 1e9), "is --unit right"),
        (np.zeros(80), "rows and columns"),
        (np.zeros((80, 80), dtype=complex), "rows and columns"),
    ],
)
def test_what_is_no_surface(tmp_path: Path, heights_um: FloatArray, reason: str) -> None:
    path = tmp_path / "scan.npy"
    np.save(path, heights_um)
    with pytest.raises(InputError, match=reason):
        load_pin_scan(path, PLAIN)


@pytest.mark.parametrize("suffix", SCAN_SUFFIXES)
@drawn(
    data=st.binary(max_size=300),
    head=st.sampled_from(
        [b"", b"\x93NUMPY\x01\x00", b"aISO-1.0\n", b"PK\x03\x04", b"1,2\n", b"solid x\nfacet", b"ply\n"]
    ),
)
@settings(max_examples=40)
def test_any_bytes_are_refused_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, data: bytes, head: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(head + data)
    unit = "um" if suffix in (".csv", ".npy", ".stl", ".ply") else None
    spacing_um = 1.0 if suffix in (".csv", ".npy") else None
    with pytest.raises(InputError) as caught:
        load_pin_scan(path, Given(unit=unit, spacing_um=spacing_um))
    assert all(str(fault) for fault in caught.value.faults)


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / "scan.npy"
    file = io.BytesIO()
    np.save(file, np.array([[{"a": 1}]], dtype=object), allow_pickle=True)
    path.write_bytes(file.getvalue())
    with pytest.raises(InputError, match="cannot be read as an array"):
        load_pin_scan(path, PLAIN)


def _map(z_um: FloatArray, pixel_um: float = 1.0) -> HeightMap:
    return HeightMap(z_um=z_um, pixel_um=pixel_um, x0_um=0.0, y0_um=0.0, frame="pin")


def test_spikes_are_taken_out_and_walls_stay() -> None:
    rng = np.random.default_rng(3)
    columns = np.arange(120.0)
    # A slope with a groove whose walls are upright, and noise.
    z_um = np.tile(0.5 * columns - np.where((columns > 50) & (columns < 70), 25.0, 0.0), (90, 1))
    z_um += 0.2 * rng.standard_normal(z_um.shape)
    z_um[:5, :5] = np.nan
    spiked = z_um.copy()
    places = [(20, 20), (21, 20), (40, 60), (60, 100), (6, 5)]
    for place in places:
        spiked[place] += 40.0
    spiked[70, 30] -= 60.0
    sound = cleaned(_map(z_um))
    assert (sound.spikes, sound.holes, sound.samples) == (0, 25, z_um.size)
    found = cleaned(_map(spiked))
    assert found.spikes == len(places) + 1
    assert all(np.isnan(found.surface.z_um[place]) for place in [*places, (70, 30)])


def test_a_burr_is_no_spike() -> None:
    z_um = np.zeros((60, 60))
    z_um[20:24, 20:24] = 6.0
    assert cleaned(_map(z_um)).spikes == 0


def test_small_holes_are_closed_and_wide_ones_stay() -> None:
    z_um = np.full((100, 100), 3.0)
    z_um[10:14, 10:14] = np.nan
    z_um[40:80, 40:80] = np.nan
    whole = without_small_holes(_map(z_um)).z_um
    assert np.all(whole[:30, :30] == 3.0)
    assert np.isnan(whole[60, 60])


@pytest.mark.parametrize(("pixel_um", "block"), [(1.0, 1), (0.6, 1), (0.5, 2), (0.26, 3), (0.1, 10)])
def test_a_fine_scan_is_averaged_to_about_a_micrometre(pixel_um: float, block: int) -> None:
    x_um = pixel_um * np.arange(60.0)
    surface = thinned(_map(np.tile(x_um, (60, 1)), pixel_um))
    assert surface.pixel_um == pytest.approx(pixel_um * block)
    # A plane keeps its heights where its samples come to lie.
    np.testing.assert_allclose(surface.z_um[0], surface.x_um(), atol=1e-9)


def _foreign(name: str) -> Path:
    path = Path(os.environ.get("PIN_ENGRAVE_FOREIGN_DATA", "")) / name
    if not path.is_file():
        if os.environ.get("PIN_ENGRAVE_REQUIRE_FOREIGN") == "1":
            pytest.fail("PIN_ENGRAVE_FOREIGN_DATA names no folder of foreign files; this test reads surfaces")
        pytest.skip("PIN_ENGRAVE_FOREIGN_DATA names no folder of foreign files; this test reads surfaces")
    return path


@pytest.mark.parametrize(
    ("name", "samples"),
    [("x3p/csafe-logo.x3p", 741 * 419), ("x3p/sample-land.x3p", 0), ("mesh/sphere.ply", 0)],
)
def test_surfaces_of_others_load(name: str, samples: int) -> None:
    scan = load_pin_scan(_foreign(name), Given(unit=None if name.endswith("x3p") else "mm"))
    assert np.isfinite(scan.surface.z_um).any()
    assert scan.surface.z_um.size == samples or not samples


@pytest.mark.parametrize(("name", "reason"), [("mesh/soup.stl", "loose polygons")])
def test_surfaces_of_others_are_refused(name: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        load_pin_scan(_foreign(name), Given(unit="mm"))
