"""Every fault at once: of the job file and of what is asked with it, as far as each can be determined."""

from importlib.resources import files
from pathlib import Path

import pytest

from engrave import api
from engrave.api.given import known_of, mark_of
from engrave.base.errors import EngraveError, InputError, OccupiedError, UnknownNameError
from engrave.code.profiles import PROFILES
from engrave.code.ranges import OutsideRangesError

CSV = """serial,maker,model
AAA0001,Acme,P9
../x,Acme,P9
=cmd,Acme,P9
aaa0001 ,Acme,P9
ZZZ9999,Acme,P9
"""
ROW_FAULTS = ("line 3, column 1: serial '../x'", "line 4, column 1: serial '=cmd'", "stands in line 2 already")
OUTSIDE = "line 6, column 1: serial 'ZZZ9999' of (Acme, P9) is in no range"


@pytest.fixture
def serials(tmp_path: Path) -> Path:
    path = tmp_path / "serials.csv"
    path.write_text(CSV)
    return path


def _job(folder: Path, *changes: tuple[str, str]) -> Path:
    text = api.example_job_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "job.toml"
    path.write_text(text)
    return path


BARE = ('crest = "1um"', "crest = 1")
UNKNOWN = ("[limits]", "[limits]\ncolour = 3")
SMALL = ('pin = "sphere-1.0"', 'pin = "sphere-0.8"')
STRANGER = ("\n[layout]\n", "\n[layout]\ncolour = 3\n")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ((), ()),
        ((BARE,), ("limits.crest: 1 has no unit",)),
        ((UNKNOWN,), ("limits.colour: unknown key",)),
        ((SMALL,), ("L108 ring track 2",)),
        ((BARE, UNKNOWN, SMALL), ("limits.crest: 1 has no unit", "limits.colour: unknown key", "L108 ring track 2")),
        ((STRANGER, SMALL), ("layout.colour: unknown key", "L108 ring track 2")),
    ],
)
def test_job_and_rows_are_told_together_and_nothing_is_made(
    tmp_path: Path, serials: Path, changes: tuple[tuple[str, str], ...], told: tuple[str, ...]
) -> None:
    job = _job(tmp_path, *changes)
    out = tmp_path / "out"
    for call in (
        lambda: api.batch(serials, out, job),
        lambda: api.plan(serials, job, out=out),
    ):
        with pytest.raises(InputError) as caught:
            call()
        text = "\n".join(caught.value.faults)
        for part in (*told, *ROW_FAULTS, OUTSIDE):
            assert part in text
        assert len(caught.value.faults) == len(set(caught.value.faults))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.toml", "serials.csv"]


def test_a_number_without_its_unit_hides_no_rule_and_ranges_without_a_template_say_nothing(
    tmp_path: Path, serials: Path
) -> None:
    """The unit that the message suggests lets the rules be judged; what is outside of broken ranges is not guessed."""
    job = _job(tmp_path, ('relief = "25um"', "relief = 25"), SMALL, ('template = "P99999"', "template = 9"))
    with pytest.raises(InputError) as caught:
        api.batch(serials, tmp_path / "out", job)
    text = "\n".join(caught.value.faults)
    for part in ("relief: 25 has no unit", "template", *ROW_FAULTS):
        assert part in text
    assert "L108" in text
    assert OUTSIDE not in text


def test_a_job_that_is_no_toml_still_leaves_the_rows(tmp_path: Path, serials: Path) -> None:
    (tmp_path / "job.toml").write_text("name = \n")
    with pytest.raises(InputError) as caught:
        api.batch(serials, tmp_path / "out", tmp_path / "job.toml")
    text = "\n".join(caught.value.faults)
    for part in ("not TOML", *ROW_FAULTS):
        assert part in text


def test_a_missing_csv_and_a_bad_job_and_formats(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        api.batch(tmp_path / "absent.csv", tmp_path / "out", _job(tmp_path, SMALL), formats=("pdf",))
    text = "\n".join(caught.value.faults)
    for part in ("absent.csv: cannot read", "L108", "--formats: 'pdf': machine 'stage' takes"):
        assert part in text


def test_skip_bad_passes_over_bad_rows_but_not_over_a_bad_job(tmp_path: Path, serials: Path) -> None:
    orders = api.plan(serials, None, skip_bad=True)
    assert [order.serial for order, _ in orders.good] == ["AAA0001"]
    assert [line for line, _ in orders.bad] == [3, 3, 3, 4, 5, 6]
    with pytest.raises(InputError, match="unknown key"):
        api.plan(serials, _job(tmp_path, UNKNOWN), skip_bad=True)
    serials.write_text("serial,maker,model\n../x,Acme,P9\n")
    with pytest.raises(InputError, match="is not allowed"):
        api.plan(serials, None, skip_bad=True)


def test_make_tells_of_job_and_pin_together(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        api.make("../x", maker="", model="P9", out=tmp_path / "out", job=_job(tmp_path, BARE, SMALL))
    text = "\n".join(caught.value.faults)
    for part in ("crest: 1 has no unit", "L108", "serial '../x'", "maker ''"):
        assert part in text
    assert not (tmp_path / "out").exists()


def test_a_sole_fault_keeps_its_kind(tmp_path: Path) -> None:
    with pytest.raises(OutsideRangesError):
        api.encode("ZZZ9999", maker="Acme", model="P9", job=None)
    with pytest.raises(UnknownNameError):
        api.names("pinz")
    (tmp_path / "file").touch()
    (tmp_path / "ok.csv").write_text("serial,maker,model\nAAA0001,Acme,P9\n")
    for out in (tmp_path / "file", tmp_path):
        with pytest.raises(OccupiedError):
            api.plan(tmp_path / "ok.csv", None, out=out)


def test_every_function_takes_a_job_a_path_and_none(tmp_path: Path) -> None:
    path = _job(tmp_path)
    marks = {
        api.encode("AAA0001", maker="Acme", model="P9", job=job).characters for job in (None, path, api.load_job(path))
    }
    assert len(marks) == 1


def test_formats_are_put_in_the_machines_order() -> None:
    job = api.load_job(None)
    assert api.with_formats(job, ("svg", "ngc", "svg")).formats == ("ngc", "svg")
    with pytest.raises(EngraveError, match="ngc"):
        api.with_formats(job, ("dxf",))


# Of the example in the file: its own sizes, and what may stand in their place.
SIZES = api.example_job_text()[
    api.example_job_text().index("\n[layout]\n") : api.example_job_text().index("\n[limits]")
]
DEEP = ('relief = "25um"', 'relief = "600um"')
UNFIT = "no layout fits this pin: profile S"


@pytest.mark.parametrize("changes", [(DEEP,), (DEEP, UNKNOWN), (('relief = "25um"', "relief = 600"), BARE)])
def test_that_no_layout_fits_is_told_once_beside_all_else(
    tmp_path: Path, serials: Path, changes: tuple[tuple[str, str], ...]
) -> None:
    job = _job(tmp_path, (SIZES, '\n[fit]\nprofiles = ["S"]\n'), *changes)
    with pytest.raises(InputError) as caught:
        api.batch(serials, tmp_path / "out", job)
    assert sum(UNFIT in fault for fault in caught.value.faults) == 1
    assert all(fault.startswith("job.toml: fit: ") for fault in caught.value.faults if UNFIT in fault)
    text = "\n".join(caught.value.faults)
    for part in ROW_FAULTS:
        assert part in text
    assert ("limits.colour" in text) == (UNKNOWN in changes)
    assert ("crest: 1 has no unit" in text) == (BARE in changes)


def test_a_job_that_is_fitted_is_judged_beside_its_other_faults(tmp_path: Path, serials: Path) -> None:
    """Grooves hardly print, which L125 tells; the fault in the limits does not hide it."""
    fit = '\n[fit]\nprofiles = ["S"]\npolarity = "recessed"\nleast_height = 150\n'
    job = _job(tmp_path, (SIZES, fit), UNKNOWN)
    with pytest.raises(InputError) as caught:
        api.batch(serials, tmp_path / "out", job)
    text = "\n".join(caught.value.faults)
    for part in ("least_height: 150 has no unit", "limits.colour: unknown key", "L125", *ROW_FAULTS):
        assert part in text


def test_a_job_in_a_face_of_ones_own_is_judged_beside_its_other_faults(tmp_path: Path, serials: Path) -> None:
    """The face is anvil under another name, and the pin too small for the ring."""
    (tmp_path / "library" / "faces").mkdir(parents=True)
    own = files("fonts").joinpath("faces", "anvil.toml").read_text(encoding="utf-8")
    (tmp_path / "library" / "faces" / "ours.toml").write_text(own)
    face = ('face = "anvil"', 'face = "ours"')
    job = _job(tmp_path, ('name = "example"', 'name = "example"\nlibrary = "library"'), face, SMALL, UNKNOWN)
    with pytest.raises(InputError) as caught:
        api.batch(serials, tmp_path / "out", job)
    text = "\n".join(caught.value.faults)
    for part in ("limits.colour: unknown key", "L108 ring track 2", *ROW_FAULTS):
        assert part in text
    assert "face" not in text


def test_sizes_without_their_unit_hide_no_rule_wherever_they_stand(tmp_path: Path, serials: Path) -> None:
    job = _job(tmp_path, ('inner = "435um"', "inner = 435"), ('height = "175um"', "height = 175"), SMALL)
    with pytest.raises(InputError) as caught:
        api.batch(serials, tmp_path / "out", job)
    text = "\n".join(caught.value.faults)
    for part in ("tracks[0].inner: 435 has no unit", "layout.height: 175 has no unit", "L108 ring track 2"):
        assert part in text


def test_which_way_the_relief_is_counted_is_part_of_what_is_judged(tmp_path: Path, serials: Path) -> None:
    """Counted along the normal, a relief is deeper along the axis: gaps of 35 um, enough for 31 um, are too narrow.

    At 600 um on a sphere of 1 mm the face leans by 37 degrees: 31 um over cos 37 are 39 um.
    """
    narrow = (('relief = "25um"', 'relief = "31um"'), UNKNOWN)
    texts = []
    for along in ("axis", "normal"):
        job = _job(tmp_path, *narrow, ('relief_along = "axis"', f'relief_along = "{along}"'))
        with pytest.raises(InputError) as caught:
            api.batch(serials, tmp_path / "out", job)
        texts.append("\n".join(caught.value.faults))
    assert ["L104" in text for text in texts] == [False, True]


@pytest.mark.parametrize("name", ["A", "S", "G"])
def test_a_pin_that_is_named_gets_a_mark_of_its_jobs_profile(tmp_path: Path, name: str) -> None:
    job = _job(tmp_path, (SIZES, f'\n[fit]\nprofiles = ["{name}"]\n'), ('["nominal", "weak"]', '["nominal"]'))
    known = known_of(job, [])
    pin = api.PinName(serial="aaa0001", maker="Acme", model="P9")
    mark = mark_of(pin, known, [])
    assert mark is not None
    profile = PROFILES[name]
    assert (mark.profile, len(mark.ring), len(mark.shapes)) == (name, profile.tracks, profile.shapes)
    assert {len(track) for track in mark.ring} <= {profile.sectors}
    drawn, again = (api.preview(of, known.job, view="layout", suffix=".svg") for of in (pin, mark))
    assert drawn == again
