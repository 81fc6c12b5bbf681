"""X3P as others write it, damage it, or arm it: read with notes, or refused with reasons, and nothing else."""

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import numpy as np
import pytest

from engrave.base.errors import Collecting, InputError
from engrave.base.x3p import Instrument, Probing, Topography, read_x3p, write_x3p

_DATE = datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC)
_NAN = float("nan")
_HEIGHTS_UM = [[1.0, -2.0, 3.5], [_NAN, 0.25, 1000.0]]
_MAIN, _POINTS, _CHECKSUM = "main.xml", "bindata/data.bin", "md5checksum.hex"
_TYPE_D = "<AxisType>A</AxisType><DataType>D</DataType><Increment>1</Increment><Offset>0</Offset>"


def _own() -> bytes:
    return write_x3p(
        Topography(heights_um=np.array(_HEIGHTS_UM), pixel_x_um=1.5, pixel_y_um=1.5, date=_DATE, calibration_date=_DATE)
    )


def _unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _members() -> dict[str, bytes]:
    return _unpacked(_own())


def _zip(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def _edited(*edits: tuple[str, str], points: bytes | None = None, more: Mapping[str, bytes] | None = None) -> bytes:
    """Our own file with its text changed, and its checksum file left out so that the change is not noted twice."""
    members = _members()
    main = members[_MAIN].decode()
    for old, new in edits:
        assert old in main
        main = main.replace(old, new)
    return _zip({_MAIN: main.encode(), _POINTS: points or members[_POINTS], **(more or {})})


def _read(data: bytes) -> tuple[Topography, tuple[str, ...]]:
    return read_x3p(data, name="scan.x3p")


def _faults(data: bytes) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        _read(data)
    assert all(fault.startswith("scan.x3p") for fault in caught.value.faults)
    return caught.value.faults


_NO_CHECKSUM = "main.xml, Record4/ChecksumFile: missing: no MD5 to compare"


def _one_note(data: bytes, *, about: str) -> Topography:
    topography, notes = _read(data)
    others = [note for note in notes if note != _NO_CHECKSUM]
    assert len(others) == 1
    assert about in others[0]
    return topography


def test_a_file_in_order_has_no_notes() -> None:
    assert _read(_own())[1] == ()


def test_a_folder_in_the_zip_and_what_systems_add_are_no_obstacle() -> None:
    members = {f"scan/{name}": data for name, data in _members().items()}
    litter = {"__MACOSX/scan/._main.xml": b"x", "scan/.DS_Store": b"x", "Thumbs.db": b"x", "scan/empty/": b""}
    topography = _one_note(_zip(members | litter), about="the folder 'scan/'")
    np.testing.assert_allclose(topography.heights_um, _HEIGHTS_UM)


def test_names_with_backslashes_or_in_another_case_are_found() -> None:
    members = _members()
    data = _zip({"MAIN.XML": members[_MAIN], "Bindata\\Data.bin": members[_POINTS], _CHECKSUM: members[_CHECKSUM]})
    topography, notes = _read(data)
    assert topography.heights_um.shape == (2, 3)
    assert [("MAIN.XML" in note, "Bindata/Data.bin" in note) for note in notes] == [(True, False), (False, True)]


def test_a_missing_md5_and_a_wrong_one_of_the_points_are_noted() -> None:
    members = _members()
    _one_note(_zip(members | {_POINTS: bytes(48)}), about="MD5ChecksumPointData: not the MD5 of what is there")
    assert _read(_zip({_MAIN: members[_MAIN], _POINTS: members[_POINTS]}))[1] == (_NO_CHECKSUM,)


def test_a_wrong_md5_of_the_header_is_noted_in_either_case() -> None:
    members = _members()
    digest, _, rest = members[_CHECKSUM].decode().partition(" ")
    assert _read(_zip(members | {_CHECKSUM: f"{digest.upper()} {rest}".encode()}))[1] == ()
    wrong = _zip(members | {_CHECKSUM: f"{digest[::-1]} {rest}".encode()})
    _one_note(wrong, about="ChecksumFile: not the MD5 of what is there")
    _one_note(_zip(members | {_CHECKSUM: b"unreadable"}), about="'unreadable' is no MD5; not compared")


@pytest.mark.parametrize(
    ("old", "new", "about"),
    [
        ("p:ISO5436_2", "ISO5436", "the root is 'ISO5436' in the namespace ''"),
        ("2008/ISO5436_2", "2009/ISO5436_2", "2009/ISO5436_2'"),
        ("ISO5436 - 2000", "ISO25178 - 2020", "'ISO25178 - 2020'; read as if it were"),
        ("<FeatureType>SUR", "<FeatureType>PRF", "'PRF'; read as a surface"),
        ("</Axes>", "<Origin>NW</Origin></Axes>", "'Record1/Axes/Origin': not of the format ('NW'); not read"),
        ("<SizeX>3</SizeX>", "<SizeX>3</SizeX><SizeX>4</SizeX>", "SizeX: more than once; the first is read"),
        ("<SizeZ>1</SizeZ>", "", "SizeZ: missing; taken as 1"),
        (_TYPE_D, "<AxisType>I</AxisType><DataType>D</DataType>", "'I'; taken as A"),
        ("<Offset>0</Offset></CZ>", "<Offset/></CZ>", "CZ/Offset: empty; taken as 0"),
        ("<Date>2026-03-04T", "<Date>4.3.2026 ", "'4.3.2026 05:06:08+00:00' is no date and time"),
        ("<Date>2026-03-04T", "<Date>2026-02-30T", "is no date and time of XML Schema; left out"),
        ("<Type>Software", "<Type>software", "'software'; taken as 'Software'"),
        ("<Serial>not available", "<Serial>", "Serial: missing; taken as 'not available'"),
        ("</Axes>", "<Rotation><r11>0</r11></Rotation></Axes>", "not nine numbers from -1 to 1; not applied"),
    ],
)
def test_what_is_odd_is_noted_and_read(old: str, new: str, about: str) -> None:
    topography = _one_note(_edited((old, new)), about=about)
    np.testing.assert_allclose(topography.heights_um, _HEIGHTS_UM)
    assert (topography.pixel_x_um, topography.pixel_y_um) == (1.5, 1.5)


def test_record_2_and_record_4_may_be_missing() -> None:
    main = _members()[_MAIN].decode()
    record_2 = main[main.index("  <Record2>") : main.index("  <Record3>")]
    record_4 = main[main.index("  <Record4>") : main.index("</p:ISO5436_2>")]
    topography, notes = _read(_edited((record_2, ""), (record_4, "")))
    assert (topography.date, topography.calibration_date) == (None, None)
    assert (topography.instrument, topography.probing) == (Instrument(), Probing())
    assert len(notes) == 3
    assert "taken as 'md5checksum.hex'" in notes[0]
    assert "Record2: missing" in notes[2]


@pytest.mark.parametrize(
    ("letter", "packed"),
    [("I", "<6h"), ("L", "<6i"), ("F", "<6f"), ("D", "<6d")],
)
def test_all_four_types_with_their_scale(letter: str, packed: str) -> None:
    """By hand: 1 um + 5 nm to a step."""
    scaled = f"<AxisType>A</AxisType><DataType>{letter}</DataType><Increment>5e-9</Increment><Offset>1e-6</Offset>"
    points = struct.pack(packed, 0, 1, -200, 32767, -32768, 2)
    topography, notes = _read(_edited((_TYPE_D, scaled), points=points))
    np.testing.assert_allclose(topography.heights_um, [[1, 1.005, 0], [164.835, -162.84, 1.01]], rtol=1e-9, atol=1e-12)
    assert any("multiplied by it" in note for note in notes) == (letter in "FD")


_LINKED = "</MD5ChecksumPointData>"
_VALID = f"{_LINKED}<ValidPointsLink>bindata/valid.bin</ValidPointsLink>"


@pytest.mark.parametrize(("valid", "noted"), [(bytes([0b101110]), False), (bytes([0, 1, 1, 1, 0, 1]), True)])
def test_a_file_of_valid_points_makes_holes(valid: bytes, *, noted: bool) -> None:
    points = struct.pack("<6d", *(metres * 1e-6 for metres in range(6)))
    topography, notes = _read(_edited((_LINKED, _VALID), points=points, more={"bindata/valid.bin": valid}))
    np.testing.assert_allclose(topography.heights_um, [[_NAN, 1, 2], [3, _NAN, 5]])
    assert any("a byte to a sample" in note for note in notes) == noted


@pytest.mark.parametrize(("more", "about"), [({}, "names no file"), ({"bindata/valid.bin": b"12"}, "6 bits take 1")])
def test_a_missing_or_short_file_of_valid_points_is_a_fault(more: dict[str, bytes], about: str) -> None:
    (fault,) = _faults(_edited((_LINKED, _VALID), more=more))
    assert about in fault


def _with_list(*heights: str) -> bytes:
    main = _members()[_MAIN].decode()
    link = main[main.index("<DataLink>") : main.index("</DataLink>") + len("</DataLink>")]
    data = "".join(f"<Datum>{height}</Datum>" for height in heights)
    return _edited((link, f"<DataList>{data}</DataList>"))


def test_heights_may_stand_in_the_text() -> None:
    data = _with_list("1e-6", "-2e-6", "3.5E-06", "", " 2.5e-7 ", "0;0;1e-3")
    np.testing.assert_allclose(_read(data)[0].heights_um, _HEIGHTS_UM)


def test_heights_in_the_text_that_are_none_are_counted_and_named() -> None:
    (fault,) = _faults(_with_list("1", "one", "2", "1_0", "nan", "inf"))
    assert "4 heights are no numbers: 2 ('one'), 4 ('1_0'), 5 ('nan')" in fault
    (fault,) = _faults(_with_list("1", "2"))
    assert "2 heights, where 3 x 2 are needed" in fault


def test_other_units_are_converted_only_where_they_are_stated() -> None:
    data = _edited(("<Increment>1.5E-6<", '<Increment unit="µm">1.5<'))
    topography, notes = _read(data)
    assert topography.pixel_x_um == 1.5
    assert sum("in 'µm', where the format has metres; converted" in note for note in notes) == 2
    assert _read(_edited(("<Increment>1.5E-6<", "<Increment>1.5E-3<")))[0].pixel_x_um == 1500.0
    (first, second) = _faults(_edited(("<Increment>1.5E-6<", '<Increment unit="furlong">1.5E-6<')))
    assert "CX/Increment: the unit 'furlong' is not known; use one of nm, um, mm, m" in first
    assert "CY/Increment" in second


def test_a_negative_increment_puts_the_samples_in_rising_order() -> None:
    axis = "<CX><AxisType>I</AxisType><DataType>D</DataType><Increment>"
    topography, notes = _read(_edited((axis, f"{axis}-")))
    np.testing.assert_allclose(topography.heights_um, [row[::-1] for row in _HEIGHTS_UM])
    assert (topography.pixel_x_um, topography.x0_um, topography.y0_um) == (1.5, -3.0, 0.0)
    assert any("CX/Increment: negative" in note for note in notes)


def _rotation(*numbers: int) -> tuple[str, str]:
    names = [f"r{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3)]
    inner = "".join(f"<{name}>{number}</{name}>" for name, number in zip(names, numbers, strict=True))
    return "</Axes>", f"<Rotation>{inner}</Rotation></Axes>"


def test_a_rotation_is_noted_and_a_mirror_refused() -> None:
    assert _read(_edited(_rotation(1, 0, 0, 0, 1, 0, 0, 0, 1)))[1] == (_NO_CHECKSUM,)
    _one_note(_edited(_rotation(-1, 0, 0, 0, -1, 0, 0, 0, 1)), about="Rotation: the surface is to be turned")
    (fault,) = _faults(_edited(_rotation(-1, 0, 0, 0, 1, 0, 0, 0, 1)))
    assert "mirrors the surface" in fault


def test_infinite_heights_are_holes() -> None:
    points = struct.pack("<6d", float("inf"), 0, 0, float("-inf"), 0, 0)
    topography, notes = _read(_edited(points=points))
    assert np.isnan(topography.heights_um).tolist() == [[True, False, False], [True, False, False]]
    assert any("2 heights are infinite; taken as holes" in note for note in notes)


@pytest.mark.parametrize(
    ("old", "new", "about"),
    [
        *(
            ("<Increment>1.5E-6<", f"<Increment>{text}<", f"CX/Increment: '{text}' is no distance between samples")
            for text in ("NaN", "INF", "0", "-0.0", "1e400", "1,5e-06", "", "1.5 um", "9e-13", "1.1", "0x1p-3")
        ),
        ("<Increment>1</Increment>", "<Increment>NaN</Increment>", "CZ/Increment: 'NaN' is no scale of the heights"),
        ("<Increment>1</Increment>", "<Increment>0</Increment>", "CZ/Increment: '0' is no scale of the heights"),
        ("<Increment>1</Increment>", "<Increment>1e12</Increment>", "heights_um: 5 are infinite or beyond 1e+06 um"),
        ("<Offset>0</Offset></CX>", "<Offset>2</Offset></CX>", "CX/Offset: '2' is no place"),
        ("<AxisType>I</AxisType>", "<AxisType>A</AxisType>", "resample the surface to a regular grid"),
        ("<DataType>D</DataType><Increment>1<", "<DataType>Q</DataType><Increment>1<", "'Q'; write D (float64)"),
        (
            "<DataType>D</DataType><Increment>1<",
            "<DataType>F</DataType><Increment>1<",
            "48 bytes, where 3 x 2 samples of type F take 24",
        ),
        ("<DataType>D</DataType><Increment>1</Increment>", "<DataType>L</DataType>", "CZ/Increment: '' is no scale"),
        ("<FeatureType>SUR", "<FeatureType>PCL", "a list of points, which is no grid"),
        ("<SizeX>3<", "<SizeX>4<", "48 bytes, where 4 x 2 samples of type D take 64"),
        ("<SizeX>3<", "<SizeX>0<", "SizeX: '0' is no number of samples"),
        ("<SizeX>3<", "<SizeX>-3<", "SizeX: '-3' is no number of samples"),
        ("<SizeX>3<", "<SizeX>9223372036854775807<", "9223372036854775807 x 2 samples, where 33554432 are the most"),
        ("<SizeX>3<", f"<SizeX>{'9' * 5000}<", "is no number of samples"),
        ("<SizeZ>1<", "<SizeZ>2<", "SizeZ: 2 layers"),
        (">bindata/data.bin<", ">../../etc/passwd<", "'../../etc/passwd' names no file in the zip"),
        ('encoding="UTF-8"', 'encoding="unicode_escape"', "encoding 'unicode_escape' is not read; save it as UTF-8"),
        ("</Record4>", "</Record5>", "no well-formed XML"),
        ("<Record4>", "<a>" * 40 + "</a>" * 40 + "<Record4>", "more than 32 in one another"),
        ("<Record4>", "<a/>" * 10_001 + "<Record4>", "more than 10000 elements"),
    ],
)
def test_what_cannot_be_read_is_refused_with_place_and_reason(old: str, new: str, about: str) -> None:
    assert any(about in fault for fault in _faults(_edited((old, new))))


def test_all_faults_are_told_at_once() -> None:
    faults = _faults(
        _edited(
            ("<Increment>1.5E-6<", "<Increment>NaN<"),
            ("<SizeX>3<", "<SizeX>three<"),
            ("<DataType>D</DataType><Increment>1<", "<DataType>Q</DataType><Increment>0<"),
            (">bindata/data.bin<", ">nowhere.bin<"),
        )
    )
    places = [fault.split(": ")[1].partition(", ")[2].rpartition("/")[2] for fault in faults]
    assert places == ["SizeX", "Increment", "Increment", "DataType", "Increment", "PointDataLink"]


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://localhost:9/x.dtd">',
        '<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>',
        "<!DOCTYPE x>",
    ],
)
def test_a_document_type_is_refused(declaration: str) -> None:
    (fault,) = _faults(_edited(("<p:ISO5436_2 ", f"{declaration}<p:ISO5436_2 ")))
    assert "document type" in fault
    (fault,) = _faults(_edited(("<FeatureType>SUR", "<FeatureType>&a;")))
    assert "undefined entity" in fault


def _peak_bytes(data: bytes) -> int:
    tracemalloc.start()
    try:
        _faults(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_bombs_are_refused_before_they_unfold() -> None:
    zeros = bytes(100 * 2**20)
    members = _members()
    points = _zip(members | {_POINTS: zeros})
    main = _zip({_MAIN: b" " + zeros})
    assert max(len(points), len(main)) < 2**18
    assert _peak_bytes(points) < 2**21
    assert _peak_bytes(main) < 2**21
    many = _edited(("<SizeX>3<", "<SizeX>5793<"), ("<SizeY>2<", "<SizeY>5793<"))
    assert _peak_bytes(many) < 2**21


def _patched_size(data: bytes, *, member: str, size: int) -> bytes:
    """The zip with another unpacked size in its directory, where it stands 24 bytes in (APPNOTE 4.3.12)."""
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(member.encode()))
    return data[: at + 24] + struct.pack("<I", size) + data[at + 28 :]


def test_a_zip_that_lies_about_sizes_is_refused() -> None:
    members = _members()
    long = _patched_size(_zip(members | {_POINTS: bytes(2**20)}), member=_POINTS, size=48)
    assert "cannot be unpacked" in _faults(long)[0]
    short = _patched_size(_zip(members | {_POINTS: bytes(8)}), member=_POINTS, size=48)
    assert _POINTS in _faults(short)[0]


def _with_flag(data: bytes) -> bytes:
    """Every member marked as encrypted."""
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        pieces = data.split(mark)
        data = mark.join(
            [
                pieces[0],
                *(piece[: place - 4] + bytes([piece[place - 4] | 1]) + piece[place - 3 :] for piece in pieces[1:]),
            ]
        )
    return data


@pytest.mark.parametrize(
    ("make", "about"),
    [
        (lambda: b"", "no zip file"),
        (lambda: b"PK\x03\x04" + bytes(100), "no zip file"),
        (lambda: _own()[:-30], "no zip file"),
        (lambda: _zip({"readme.txt": b"hello"}), "a zip without main.xml"),
        (lambda: _zip({"a/main.xml": b"", "b/main.xml": b""}), "more than one main.xml"),
        (lambda: _zip({"main.xml": b"", "MAIN.xml": b""}), "no well-formed XML"),
        (lambda: _zip(_members(), method=zipfile.ZIP_LZMA), "packed by method 14"),
        (lambda: _with_flag(_own()), "encrypted; save it without a password"),
        (lambda: _zip(_members() | {f"{number}": b"" for number in range(5000)}), "more than 4096 members"),
        (lambda: _zip({_MAIN: b""}), "no well-formed XML"),
        (lambda: _zip({_MAIN: b"<a/>"}), "no heights; export the surface again"),
    ],
)
def test_what_is_no_such_zip_is_refused(make: Callable[[], bytes], about: str) -> None:
    assert any(about in fault for fault in _faults(make()))


def test_two_members_of_one_name_are_refused() -> None:
    data = _zip({_MAIN: b"<a/>", "other.xml": b"<b/>", "MAIN.XML": b"<c/>"})
    assert "two members of one name" in _faults(data.replace(b"MAIN.XML", _MAIN.encode()))[0]


def test_a_folder_may_be_listed_twice() -> None:
    data = _zip(_members() | {"bindata/": b"", "BINDATA/": b""})
    assert _read(data.replace(b"BINDATA/", b"bindata/"))[1] == ()


def test_a_member_without_a_name_is_passed_over() -> None:
    data = _zip(_members() | {"x": b""})
    at = data.rindex(b"PK\x01\x02")
    # A name of no bytes: its one byte goes, and the directory is one byte shorter (APPNOTE 4.3.12 and 4.3.16).
    nameless = data[: at + 28] + b"\0\0" + data[at + 30 : at + 46] + data[at + 47 :]
    end = nameless.rindex(b"PK\x05\x06")
    (size,) = struct.unpack_from("<I", nameless, end + 12)
    assert _read(nameless[: end + 12] + struct.pack("<I", size - 1) + nameless[end + 16 :])[1] == ()


def _survives(data: bytes) -> bool:
    """Whether it is read; anything but an InputError would end the test."""
    faults: list[str] = []
    with Collecting(faults):
        topography, notes = _read(data)
    if faults:
        assert all(fault.startswith("scan.x3p") and fault.isprintable() for fault in faults)
        return False
    assert not np.isinf(topography.heights_um).any()
    assert all(note.isprintable() for note in notes)
    return True


def _with_some_bytes_changed(data: bytes, generator: np.random.Generator) -> bytes:
    changed = np.frombuffer(data, np.uint8).copy()
    places = generator.integers(0, changed.size, generator.integers(1, 6))
    changed[places] = generator.integers(0, 256, places.size)
    return changed.tobytes()


def test_changed_bytes_of_the_zip_never_surprise() -> None:
    generator = np.random.default_rng(1)
    read = [_survives(_with_some_bytes_changed(_own(), generator)) for _ in range(400)]
    assert 0 < sum(read) < len(read)


def test_a_zip_cut_anywhere_is_refused() -> None:
    data = _own()
    assert not any(_survives(data[:length]) for length in range(0, len(data), 3))


def test_changed_bytes_of_the_text_never_surprise() -> None:
    generator = np.random.default_rng(2)
    for base in (_members(), _unpacked(_with_list("1e-6", "2e-6", "3e-6", "", "5e-6", "6e-6"))):
        read = [
            _survives(_zip(base | {_MAIN: _with_some_bytes_changed(base[_MAIN], generator)}, method=zipfile.ZIP_STORED))
            for _ in range(200)
        ]
        assert 0 < sum(read) < len(read)


_WORDS = (
    "",
    "NaN",
    "-1",
    "0",
    "1e309",
    "1e-320",
    "A",
    "I",
    "PCL",
    "bindata/",
    "\u0661",
    "9" * 30,
    "<a/>",
    "&lt;",
    "٣",
    "\x85",
)


def test_changed_elements_never_surprise() -> None:
    generator, members = np.random.default_rng(3), _members()
    main = members[_MAIN].decode()
    pieces = main.split("<")
    read = []
    for _ in range(400):
        changed = pieces.copy()
        place = int(generator.integers(2, len(pieces)))
        tag, bracket, _text = changed[place].partition(">")
        match int(generator.integers(0, 4)):
            case 0:
                changed[place] = f"{tag}{bracket}{_WORDS[generator.integers(0, len(_WORDS))]}"
            case 1:
                del changed[place : place + int(generator.integers(1, 4))]
            case 2:
                changed[place:place] = changed[place : place + 2]
            case _:
                other = int(generator.integers(2, len(pieces)))
                changed[place], changed[other] = changed[other], changed[place]
        read.append(_survives(_zip(members | {_MAIN: "<".join(changed).encode()}, method=zipfile.ZIP_STORED)))
    assert 0 < sum(read) < len(read)
