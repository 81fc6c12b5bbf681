"""Job files: what a sound one becomes, and every fault of a broken one at once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engrave.base.errors import InputError
from engrave.job import Job, checked_format, example_job_text, load_job, prior_notes, require_formats
from engrave.job.setup import prepare
from engrave.strike import Condition

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the example job with texts in it replaced, each of which must be there once."""

    def written(*changes: tuple[str, str]) -> Path:
        text = example_job_text()
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / "job.toml"
        path.write_text(text)
        return path

    return written


def faults_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        load_job(path)
    return caught.value.faults


def test_the_example_becomes_values_in_the_programs_units(write: Write) -> None:
    job = load_job(write())
    assert job == load_job(None)
    assert (job.name, job.pin.name, job.process.name, job.machine.name) == (
        "example",
        "sphere-1.0",
        "fs-steel",
        "stage",
    )
    assert (job.relief_um, job.pixel_um) == (25.0, 1.5)
    assert (job.layout.height_um, job.layout.stroke_um, job.layout.tooth_um) == (175.0, 14.0, 14.0)
    assert [(track.inner_um, track.outer_um) for track in job.layout.tracks] == [(435.0, 510.0), (525.0, 600.0)]
    assert (job.limits.character_depth_um, job.limits.contrast, job.limits.crest_um) == (18.0, 5.0, 1.0)
    assert [condition.name for condition in job.conditions] == ["nominal", "weak"]
    assert job.nominal.dent_um == 350.0
    assert job.formats == ("ngc", "dxf", "svg")
    assert len(job.ranges) == 5


def test_ranges_without_ends_are_resolved_to_those_of_their_template(write: Write) -> None:
    as_written = load_job(write()).ranges
    path = write()
    # The example's own block, without its comment signs.
    head, whole = example_job_text().split("# Every serial of a template, here X00000 to X99999:\n")
    path.write_text(head + whole.replace("# ", ""))
    job = load_job(path)
    assert job.ranges[:-1] == as_written
    added = job.ranges[-1]
    assert (added.model, added.first, added.last, added.base) == ("Mk III", "X00000", "X99999", 6_000_000)


@pytest.mark.parametrize(
    ("line", "first", "last"),
    [('first = "375-00000"\n', "000-00000", "379-99999"), ('last = "379-99999"\n', "375-00000", "999-99999")],
)
def test_one_open_end_is_the_template_s(write: Write, line: str, first: str, last: str) -> None:
    # Of their own template's serials there are more than ids up to the next range: the base moves out of the way.
    compact = load_job(write((line, ""), ("base = 2000000", "base = 10000000"))).ranges[2]
    assert (compact.model, compact.first, compact.last) == ("Compact", first, last)


def test_nominal_is_found_wherever_it_stands(write: Write) -> None:
    job = load_job(write(('["nominal", "weak"]', '["weak", "nominal"]')))
    assert job.nominal.dent_um == 350.0


# --- faults ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('relief = "25um"', "relief = 25"), "relief: 25 has no unit; write '25um'"),
        (('relief = "25um"', 'relief = "0um"'), "relief: 0 um must be positive"),
        (('relief = "25um"', ""), "relief: missing"),
        (('pixel = "1.5um"', 'pixel = "1.6um"'), "pixel: 1.6 um must be positive and at most 1.5 um"),
        (('pixel = "1.5um"', 'pixel = "0um"'), "pixel: 0 um must be positive and at most 1.5 um"),
        (('name = "example"', 'name = " "'), "name: ' ' must be 1 to 64 printable characters"),
        (('name = "example"', 'name = "a\\nM3"'), "name: 'a\\nM3' must be 1 to 64 printable characters"),
        (('["nominal", "weak"]', '["weak"]'), "conditions: must name 'nominal', since the verdict is given under it"),
        (('["nominal", "weak"]', '["nominal", "nominal"]'), "conditions: 'nominal': named more than once"),
        (('["nominal", "weak"]', '"nominal"'), "conditions: must be a list, not 'nominal'"),
        (
            ('["nominal", "weak"]', '["nominal", "wrong"]'),
            "conditions: 'wrong' is not among the conditions; known: chipped, doubled, dragged",
        ),
        (
            ('pin = "sphere-1.0"', 'pin = "x"'),
            "pin: 'x' is not among the pins; known: chisel-1.8x0.7, cone-0.8, ellipse-1.6x0.9, flat-1.8",
        ),
        (
            ('machine = "stage"', 'machine = "x"'),
            "machine: 'x' is not among the machines; known: edm-stage, galvo-16, galvo-20, stage",
        ),
        (
            ('process = "fs-steel"', 'process = "x"'),
            "process: 'x' is not among the processes; known: processes: fs-steel",
        ),
        (('primer = "brass-cup"', "primer = 5"), "primer: must be text, not 5"),
        (
            ('["ngc", "dxf", "svg"]', '["dxf"]'),
            "formats: 'ngc' is not among them, and it is the file that every check reads; add it",
        ),
        (
            ('["ngc", "dxf", "svg"]', '["ngc", "hpgl"]'),
            "formats: 'hpgl': machine 'stage' takes ngc, dxf, dxf-r12, svg, x3p, stl, 3mf, glb",
        ),
        (('["ngc", "dxf", "svg"]', '["ngc", "ngc"]'), "formats: 'ngc': named more than once"),
        (('profile = "A"', 'profile = "Z"'), "layout.profile: 'Z' is not known; use one of A"),
        (('face = "anvil"', 'face = "arial"'), "layout.face: 'arial' is not known; use one of anvil"),
        (
            ('[[layout.tracks]]\ninner = "435um"\nouter = "510um"\n', ""),
            "layout.tracks: profile A has 2, not 1",
        ),
        (('inner = "435um"', 'inner = "435"'), "layout.tracks[0].inner: '435' has no unit; write '435um'"),
        (('tooth = "14um"', 'tooth = "80um"'), "layout.tracks[0]: 75 um deep; a tooth of 80 um needs more"),
        (("contrast = 5.0", "contrast = 0"), "limits.contrast: 0 must be positive"),
        (("contrast = 5.0", 'contrast = "high"'), "limits.contrast: must be a number, not 'high'"),
        (('focus = "10um"', ""), "limits.focus: missing"),
        (('# library = "library" ', 'library = "none" '), "library: 'none' is not a folder beside the job file"),
        (("base = 1000000", "base = 1"), "ranges"),
    ],
)
def test_a_fault_is_told_with_its_place(write: Write, change: tuple[str, str], fault: str) -> None:
    found = faults_of(write(change))
    assert any(each.startswith(f"job.toml: {fault}") for each in found), found


def test_every_fault_of_a_broken_job_comes_at_once_and_once(write: Write) -> None:
    found = faults_of(
        write(
            ('relief = "25um"', "relief = 25\ncolour = 'red'"),
            ('pixel = "1.5um"', 'pixel = "3um"'),
            ('"sphere-1.0"', '"sphere-9"'),
            ('["nominal", "weak"]', '["weak"]'),
            ('["ngc", "dxf", "svg"]', '["dxf", "hpgl"]'),
            ('profile = "A"', 'profile = "Z"'),
            ('stroke = "14um"', 'stroke = "200um"'),
            ("contrast = 5.0", "contrast = nan"),
            ('first = "P00001"', 'first = "Q00001"'),
            ("base = 3000000", "base = 2000000"),
        )
    )
    for fault in (
        "relief: 25 has no unit; write '25um'",
        "colour: unknown key",
        "pin: 'sphere-9' is not among the pins",
        "formats: 'ngc' is not among them",
        "formats: 'hpgl': machine 'stage' takes",
        "layout.profile: 'Z' is not known",
        "layout.stroke: 200 um is no less than the height",
        "limits.contrast: nan is not a finite number",
    ):
        assert sum(each.startswith(f"job.toml: {fault}") for each in found) == 1, fault
    # The serials of one range and the ids of another: two places at the least.
    assert sum("ranges" in each for each in found) >= 2
    assert len(set(found)) == len(found)


def test_figures_are_judged_also_where_parts_are_broken(write: Write) -> None:
    found = faults_of(
        write(
            ('pixel = "1.5um"', 'pixel = "3um"'),
            ('["nominal", "weak"]', '["weak"]'),
            ('crest = "1um"', 'crest = "1"'),
        )
    )
    assert found == (
        "job.toml: limits.crest: '1' has no unit; write '1um'",
        "job.toml: pixel: 3 um must be positive and at most 1.5 um",
        "job.toml: conditions: must name 'nominal', since the verdict is given under it",
    )


def test_faults_of_open_ended_ranges_have_their_place(write: Write) -> None:
    place = "job.toml: ranges[2] (Borealis, Compact): "
    too_wide = faults_of(write(('last = "379-99999"\n', "")))
    assert [fault.split(":")[1] for fault in too_wide] == [
        " ranges[3] (Borealis, Duty)",
        " ranges[4] (Cooper & Sons, Mk II)",
    ]
    # 375-00000 to 999-99999 are 62,500,000 serials.
    assert all("overlap those of ranges[2] (Borealis, Compact), 2000000 to 64499999; " in fault for fault in too_wide)
    assert faults_of(write(('first = "375-00000"', "first = 375"))) == (
        "job.toml: ranges[2].first: must be text, not 375",
    )
    stranger, nothing = faults_of(write(('template = "999-99999"\nfirst = "375-00000"\n', 'template = "_"\n')))
    assert stranger.startswith(f"{place}template '_': '_' is not allowed; ")
    assert nothing == f"{place}template '_' has nothing variable; write A for any letter and 9 for any digit"


def test_a_job_without_ranges_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "job.toml"
    text = example_job_text()
    path.write_text(text[: text.index("[[ranges]]")])
    assert faults_of(path) == ("job.toml: ranges: missing",)
    path.write_text("ranges = []\n" + text[: text.index("[[ranges]]")])
    assert faults_of(path) == (
        "job.toml: ranges: there is none; add a [[ranges]] table for the serials to be engraved",
    )


def test_what_is_no_job_at_all_is_told(tmp_path: Path) -> None:
    path = tmp_path / "job.toml"
    with pytest.raises(InputError, match="cannot read: no such file"):
        load_job(path)
    path.write_text("serial,maker\n")
    with pytest.raises(InputError, match=r"job\.toml: not TOML: .*line 1"):
        load_job(path)
    path.write_text("")
    assert "job.toml: pin: missing" in faults_of(path)


# --- the user's own library -------------------------------------------------------------------------------------


PIN = 'description = "ours"\nshape = "flat"\nedge_radius = "0.8mm"\n'


def test_the_library_beside_the_job_goes_before_what_is_shipped(write: Write, tmp_path: Path) -> None:
    (tmp_path / "data" / "pins").mkdir(parents=True)
    path = write(('# library = "library" ', 'library = "data" '))
    assert load_job(path).pin.value.shape == "sphere"
    (tmp_path / "data" / "pins" / "sphere-1.0.toml").write_text(PIN + '[sources]\nedge_radius = "our drawing 7"\n')
    pin = load_job(path).pin
    assert (pin.name, pin.value.shape, pin.value.edge_radius_um) == ("sphere-1.0", "flat", 800.0)
    assert pin.sources["edge_radius"].text == "our drawing 7"


def test_a_fault_in_the_library_is_told_with_the_jobs_own(write: Write, tmp_path: Path) -> None:
    (tmp_path / "data" / "pins").mkdir(parents=True)
    (tmp_path / "data" / "pins" / "sphere-1.0.toml").write_text(PIN)
    path = write(('# library = "library" ', 'library = "data" '), ('relief = "25um"', "relief = 25"))
    assert faults_of(path) == (
        "job.toml: relief: 25 has no unit; write '25um'",
        "job.toml: pin: pins/sphere-1.0.toml: edge_radius: no source; add it under [sources]",
    )


# --- formats and notes ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example() -> Job:
    return load_job(None)


@pytest.mark.parametrize(
    ("formats", "count"),
    [(("ngc",), 0), (("svg", "ngc"), 0), (("dxf",), 1), ((), 1), (("ngc", "hpgl"), 1), (("hpgl",), 2)],
)
def test_formats_must_include_what_the_check_reads_and_suit_the_machine(
    example: Job, formats: tuple[str, ...], count: int
) -> None:
    if count == 0:
        require_formats(example, formats, origin="--formats")
        return
    with pytest.raises(InputError) as caught:
        require_formats(example, formats, origin="--formats")
    assert len(caught.value.faults) == count
    assert all(fault.startswith("--formats: ") for fault in caught.value.faults)


def test_every_prior_behind_the_example_is_named(example: Job) -> None:
    notes = dict(prior_notes(example))
    assert notes["brass-cup: backing"] == "Not known for any real primer; the middle of its range."
    assert {"sphere-1.0: radius", "fs-steel: ablation.threshold", "stage: gate_jitter", "nominal: dent"} <= set(notes)
    # Handbook moduli are no prior.
    assert "brass-cup: reduced_modulus" not in notes


def test_a_condition_beyond_the_cup_is_named(write: Write) -> None:
    """An energy that no dent of this tip takes is a fault of that condition."""
    job = load_job(write())
    far = replace(job.conditions[1], value=Condition(description="a cannon", energy_j=50.0))
    with pytest.raises(InputError, match=r"^conditions: 'weak': strike: 50 J is not between"):
        prepare(replace(job, conditions=(job.conditions[0], far)))


@pytest.mark.parametrize(
    ("machine", "formats", "read"),
    [
        ("galvo-20", ("dxf", "ovf"), "ovf"),
        (
            "galvo-20",
            ("svg", "x3p", "stl"),
            "none of them is a file that a check of machine 'galvo-20' can read; add ovf",
        ),
        ("galvo-16", ("svg", "dxf-r12", "lbrn2"), "lbrn2"),
        ("stage", ("ngc", "dxf"), "ngc"),
        ("galvo-20", ("ngc", "ovf"), "'ngc': machine 'galvo-20' is a galvo scanner and runs no G-code; remove it"),
        ("galvo-20", ("lbrn2", "ovf"), "'lbrn2': machine 'galvo-20' takes ovf, dxf, dxf-r12, svg, x3p, stl, 3mf, glb"),
        (
            "galvo-16",
            ("stl", "x3p"),
            "none of them is a file that a check of machine 'galvo-16' can read; add lbrn2",
        ),
    ],
)
def test_a_galvo_is_given_no_gcode_but_a_file_that_can_be_checked(
    write: Write, machine: str, formats: tuple[str, ...], read: str
) -> None:
    named = ", ".join(f'"{name}"' for name in formats)
    path = write(('machine = "stage"', f'machine = "{machine}"'), ('["ngc", "dxf", "svg"]', f"[{named}]"))
    if read in formats:
        job = load_job(path)
        assert checked_format(job.machine.value, job.formats) == read
    else:
        assert faults_of(path) == (f"job.toml: formats: {read}",)
