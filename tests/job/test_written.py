"""A job file with another layout: what is written reads back as it was, and the rest of the file stays."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrave.job import example_job_text, load_job
from engrave.job.written import layout_toml, with_layout
from engrave.layout import LayoutSettings, Track
from engrave.layout.places import ShapeCircle

SIZES = st.integers(150, 260).map(float)


@st.composite
def layouts(draw: st.DrawFn) -> LayoutSettings:
    profile = draw(st.sampled_from(["A", "S", "G"]))
    height_um = draw(SIZES)
    count = {"A": 2, "S": 1, "G": 0}[profile]
    tracks = tuple(Track(inner_um=400.0 + 100 * at, outer_um=480.5 + 100 * at) for at in range(count))
    return LayoutSettings(
        profile=profile,
        face="anvil",
        polarity=draw(st.sampled_from(["raised", "recessed"])),
        rows=draw(st.sampled_from([(4, 4), (3, 3, 2), (8,)])),
        height_um=height_um,
        stroke_um=draw(st.sampled_from([14.0, 13.25])),
        column_pitch_um=height_um + 10.0,
        row_pitch_um=height_um + 30.0,
        tooth_um=14.0 if tracks else None,
        tracks=tracks,
        shapes=ShapeCircle(height_um=150.0, radius_um=510.0) if profile == "G" else None,
    )


@given(layout=layouts())
def test_a_layout_that_is_written_into_a_job_is_read_from_it(
    layout: LayoutSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("job") / "job.toml"
    path.write_text(with_layout(example_job_text(), layout))
    job = load_job(path)
    assert job.layout == layout
    assert job.fit is None
    again = with_layout(path.read_text(), layout)
    assert tomllib.loads(again) == tomllib.loads(path.read_text())


def test_the_rest_of_the_file_stays_word_for_word() -> None:
    text = example_job_text()
    layout = load_job(None).layout
    written = with_layout(text, layout)
    kept = [line for line in text.splitlines() if line.startswith("#") or "[[ranges]]" in line]
    assert [line for line in written.splitlines() if line.startswith("#") or "[[ranges]]" in line] == kept
    assert {key: value for key, value in tomllib.loads(written).items() if key != "layout"} == {
        key: value for key, value in tomllib.loads(text).items() if key != "layout"
    }


def test_a_fit_gives_way_to_the_layout_that_it_found() -> None:
    text = 'name = "x"\n[fit]\nface = "anvil"\n\n[limits]\ncrest = "1um"\n'
    written = tomllib.loads(with_layout(text, load_job(None).layout))
    assert "fit" not in written
    assert written["limits"] == {"crest": "1um"}
    assert written["layout"]["height"] == "175um"
    bare = tomllib.loads(with_layout('name = "x"\n', load_job(None).layout))
    assert bare["layout"]["profile"] == "A"


def test_lengths_carry_their_unit() -> None:
    lines = layout_toml(load_job(None).layout).splitlines()
    assert 'column_pitch = "175um"' in lines
    assert 'inner = "435um"' in lines
