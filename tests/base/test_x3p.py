"""X3P: what is written is what was given, bit by bit where it can be, and read back it is the same surface."""

import dataclasses
import hashlib
import io
import math
import re
import struct
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engrave.base.errors import InputError
from engrave.base.x3p import (
    Instrument,
    Probing,
    Topography,
    from_height_map,
    load_x3p,
    read_x3p,
    to_height_map,
    write_x3p,
)
from engrave.base.x3p.writer import DataType
from toolpaths.surface import HeightMap

_DATE = datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC)
_CALIBRATED = datetime(2025, 12, 31, 23, 59, 59)  # noqa: DTZ001 - the format has times without a zone, too
_NAN = float("nan")


def _topography(**changes: Any) -> Topography:  # noqa: ANN401 - any field
    values: dict[str, Any] = {
        "heights_um": [[1.0, -2.0, 3.5], [_NAN, 0.25, 1000.0]],
        "pixel_x_um": 1.5,
        "pixel_y_um": 0.645,
        "date": _DATE,
        "calibration_date": _CALIBRATED,
    }
    return Topography(**(values | changes))


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_points_are_metres_row_by_row_with_x_fastest() -> None:
    points = _members(write_x3p(_topography()))["bindata/data.bin"]
    metres = struct.unpack("<6d", points)
    assert metres[:3] == (1e-6, -2e-6, 3.5e-6)
    assert math.isnan(metres[3])
    assert metres[4:] == (2.5e-7, 1e-3)


def test_float32_takes_half_the_space() -> None:
    points = _members(write_x3p(_topography(), data_type="F"))["bindata/data.bin"]
    assert struct.unpack("<6f", points)[1] == struct.unpack("<f", struct.pack("<f", -2e-6))[0]


def test_the_header_says_what_the_numbers_mean() -> None:
    members = _members(write_x3p(_topography(x0_um=-750.0)))
    main = members["main.xml"].decode()
    assert list(members) == ["main.xml", "md5checksum.hex", "bindata/data.bin"]
    for part in (
        "<Revision>ISO5436 - 2000</Revision>",
        "<FeatureType>SUR</FeatureType>",
        "<CX><AxisType>I</AxisType><DataType>D</DataType><Increment>1.5E-6</Increment><Offset>-7.500E-4</Offset></CX>",
        "<CY><AxisType>I</AxisType><DataType>D</DataType><Increment>6.45E-7</Increment><Offset>0</Offset></CY>",
        "<CZ><AxisType>A</AxisType><DataType>D</DataType><Increment>1</Increment><Offset>0</Offset></CZ>",
        "<Date>2026-03-04T05:06:08+00:00</Date>",
        "<CalibrationDate>2025-12-31T23:59:59</CalibrationDate>",
        "<SizeX>3</SizeX><SizeY>2</SizeY><SizeZ>1</SizeZ>",
        hashlib.md5(members["bindata/data.bin"], usedforsecurity=False).hexdigest(),
    ):
        assert part in main
    checksum = hashlib.md5(members["main.xml"], usedforsecurity=False).hexdigest()
    assert members["md5checksum.hex"] == f"{checksum} *main.xml\n".encode()


def test_equal_topographies_are_equal_bytes_whatever_holes_were_made_of() -> None:
    odd_nan = np.frombuffer(struct.pack("<Q", 0xFFF8_0000_0000_1234), "<f8")[0]
    assert np.isnan(odd_nan)
    other = _topography(heights_um=[[1.0, -2.0, 3.5], [odd_nan, 0.25, 1000.0]])
    assert write_x3p(_topography()) == write_x3p(other)
    assert write_x3p(_topography()) != write_x3p(_topography(comment="another"))


@pytest.mark.parametrize(
    ("date", "stamp"),
    [
        (_DATE, (2026, 3, 4, 5, 6, 8)),
        (datetime(1979, 12, 31, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(1980, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(2107, 12, 31, tzinfo=UTC), (2107, 12, 31, 0, 0, 0)),
        (datetime(2108, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
    ],
)
def test_times_in_the_zip_are_the_topographys_own(date: datetime, stamp: tuple[int, ...]) -> None:
    with zipfile.ZipFile(io.BytesIO(write_x3p(_topography(date=date)))) as archive:
        assert {info.date_time for info in archive.infolist()} == {stamp}
        assert {(info.create_system, info.external_attr) for info in archive.infolist()} == {(3, 0o100644 << 16)}


def test_the_writer_names_everything_it_cannot_write() -> None:
    topography = _topography(
        date=None,
        calibration_date=_DATE.replace(tzinfo=timezone(timedelta(hours=15))),
        instrument=Instrument(manufacturer="", model="two  spaces", serial="bell\x07"),
        probing=Probing(type="Sonar", identification="ends in space "),  # type: ignore[arg-type] # a wrong value
        creator="two\nlines",
        comment="\ud800",
    )
    with pytest.raises(InputError) as caught:
        write_x3p(topography, data_type="I")  # type: ignore[arg-type] # the same
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [
        "data_type",
        "date",
        "calibration_date",
        "instrument.manufacturer",
        "instrument.model",
        "instrument.serial",
        "probing.identification",
        "probing.type",
        "creator",
        "comment",
    ]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"heights_um": [1.0, 2.0]}, ["heights_um"]),
        ({"heights_um": np.empty((0, 3))}, ["heights_um"]),
        (
            {"heights_um": [[float("inf")]], "pixel_x_um": _NAN, "pixel_y_um": 0.0},
            ["heights_um", "pixel_x_um", "pixel_y_um"],
        ),
        ({"heights_um": [[1.0000001e6]]}, ["heights_um"]),
        ({"pixel_x_um": -1.5, "x0_um": _NAN, "y0_um": 2e6}, ["pixel_x_um", "x0_um", "y0_um"]),
    ],
)
def test_what_is_no_topography_is_refused(changes: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        _topography(**changes)
    assert [fault.partition(":")[0] for fault in caught.value.faults] == named


def test_the_limits_themselves_are_allowed() -> None:
    _topography(heights_um=[[1e6, -1e6]], pixel_x_um=1e-6, pixel_y_um=1e6, x0_um=-1e6, y0_um=1e6)


def test_heights_are_a_private_copy() -> None:
    heights = np.zeros((2, 2))
    topography = _topography(heights_um=heights)
    heights[0, 0] = 9
    assert topography.heights_um[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        topography.heights_um[0, 0] = 9


_LETTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
_LINES = st.text(_LETTERS, min_size=1, max_size=12).map(lambda text: re.sub(" +", " ", text.strip(" ")) or "x")
_TEXTS = st.text(_LETTERS | st.sampled_from("\n\r\t <&>]\"'"), max_size=30)
_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_DATES = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - the same
    timezones=st.one_of(st.none(), _ZONES),
)
_PIXELS = st.floats(1e-6, 1e6)
_PLACES = st.floats(-1e6, 1e6)
_HEIGHTS = arrays.arrays(
    np.float64,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=7),
    elements=st.floats(-1e6, 1e6) | st.just(_NAN),
)


@settings(max_examples=60)
@given(
    topography=st.builds(
        Topography,
        heights_um=_HEIGHTS,
        pixel_x_um=_PIXELS,
        pixel_y_um=_PIXELS,
        x0_um=_PLACES,
        y0_um=_PLACES,
        date=_DATES,
        calibration_date=_DATES,
        instrument=st.builds(Instrument, manufacturer=_LINES, model=_LINES, serial=_LINES, version=_LINES),
        probing=st.builds(
            Probing, type=st.sampled_from(["Contacting", "NonContacting", "Software"]), identification=_LINES
        ),
        creator=_LINES,
        comment=_TEXTS,
    ),
    data_type=st.sampled_from(["D", "F"]),
)
def test_read_back_it_is_the_same(topography: Topography, data_type: DataType) -> None:
    again, notes = read_x3p(write_x3p(topography, data_type=data_type), name="own.x3p")
    expected_notes = ("heights: holes everywhere, nothing was measured",)
    assert notes == (expected_notes if np.isnan(topography.heights_um).all() else ())
    # Micrometres to metres and back: two roundings of float64, or one of float32, whose least step is 1.4e-45 m.
    relative, least_um = (5e-16, 0.0) if data_type == "D" else (6.1e-8, 1.5e-39)
    np.testing.assert_allclose(again.heights_um, topography.heights_um, rtol=relative, atol=max(least_um, 1e-317))
    nothing = np.zeros((1, 1))
    assert dataclasses.replace(again, heights_um=nothing) == dataclasses.replace(topography, heights_um=nothing)


def test_a_comment_keeps_its_line_ends_and_its_spaces() -> None:
    comment = "\n  one\r\ntwo\rthree\t<&> ]]>  \u00a0\u2028end \n"
    again, notes = read_x3p(write_x3p(_topography(comment=comment)), name="x")
    assert (again.comment, notes) == (comment, ())


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_single_rows_and_columns_keep_their_shape(shape: tuple[int, int]) -> None:
    again, notes = read_x3p(
        write_x3p(_topography(heights_um=np.arange(float(np.prod(shape))).reshape(shape))), name="x"
    )
    assert again.heights_um.shape == shape
    assert notes == ()


def test_a_file_is_loaded_and_a_missing_one_named(tmp_path: Path) -> None:
    path = tmp_path / "own.x3p"
    path.write_bytes(write_x3p(_topography()))
    assert load_x3p(path)[0].pixel_x_um == 1.5
    with pytest.raises(InputError, match=r"none\.x3p: cannot read"):
        load_x3p(tmp_path / "none.x3p")


def _height_map(frame: str) -> HeightMap:
    z_um = np.arange(6.0).reshape(2, 3)
    return HeightMap(z_um=z_um, pixel_um=2.0, x0_um=-2.0, y0_um=-1.0, frame=frame, provenance=("cut", "struck"))


def test_a_height_map_goes_over_and_comes_back_unmirrored() -> None:
    height_map = _height_map("reading")
    topography = from_height_map(height_map, date=_DATE, calibration_date=_DATE, instrument=Instrument())
    assert topography.comment.splitlines()[1:] == ["cut", "struck"]
    assert "examiner" in topography.comment
    read, _ = read_x3p(write_x3p(topography), name="x")
    again = to_height_map(read, frame="reading", name="own.x3p")
    np.testing.assert_allclose(again.z_um, height_map.z_um, rtol=1e-15)
    np.testing.assert_array_equal(again.x_um(), [-2.0, 0.0, 2.0])
    np.testing.assert_array_equal(again.y_um(), [-1.0, 1.0])
    assert again.provenance[0] == "own.x3p: X3P"


def test_a_frame_that_is_neither_is_refused() -> None:
    with pytest.raises(InputError, match="frame: 'sideways'; use one of pin, reading"):
        from_height_map(_height_map("sideways"), date=_DATE, calibration_date=_DATE, instrument=Instrument())


@pytest.mark.parametrize(("other_um", "square"), [(1.5 * (1 + 0.9e-6), True), (1.5 * (1 + 1.1e-6), False)])
def test_a_height_map_needs_square_pixels(other_um: float, *, square: bool) -> None:
    topography = _topography(pixel_y_um=other_um)
    if square:
        assert to_height_map(topography, frame="pin").pixel_um == 1.5
    else:
        with pytest.raises(InputError, match=r"scan\.x3p: pixels of 1\.5 by 1\.5.* resample"):
            to_height_map(topography, frame="pin", name="scan.x3p")
