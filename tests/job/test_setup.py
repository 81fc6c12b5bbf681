"""What a job needs once, on every shipped pin, and what it says where it must not be engraved."""

from dataclasses import replace
from pathlib import Path

import pytest

from engrave.base.errors import InputError
from engrave.job import SHELVES, Job, example_job_text, load_job
from engrave.job.bench import WALL_SHARE
from engrave.job.setup import Setup, prepare
from engrave.tips import PINS
from toolpaths.findings import Finding, Severity

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example() -> Job:
    return load_job(None)


@pytest.fixture(scope="module")
def setups(example: Job) -> dict[str, Setup]:
    return {name: prepare(replace(example, pin=PINS.load(name))) for name in PINS.names()}


def errors(setup: Setup) -> list[tuple[str, str]]:
    return [(finding.number, finding.place) for finding in setup.rules if finding.severity is Severity.ERROR]


def test_the_job_beside_the_readme_is_the_shipped_one() -> None:
    assert (EXAMPLES / "job.toml").read_text("utf-8") == example_job_text()


def test_the_default_pin_and_the_flat_carry_the_mark(setups: dict[str, Setup]) -> None:
    for name in ("sphere-1.0", "flat-1.8"):
        assert errors(setups[name]) == []
        setups[name].require_sound()


def test_the_mark_is_ready_for_every_pin(setups: dict[str, Setup]) -> None:
    for name, setup in setups.items():
        assert setup.job.pin.name == name
        assert len(setup.places.characters) == 8
        # A ring of 48 cells on each of two tracks, where the face is wide enough for all of it.
        whole = not name.startswith(("chisel", "ellipse"))
        assert len(setup.shapes.teeth) == len(setup.places.teeth)
        assert (len(setup.places.teeth) == 96) == whole
        assert set("012345679ABCDEFHJKLMNPQRSTUVWXYZ") <= set(setup.shapes.glyphs)
        assert setup.ranges.identify("Borealis", "Compact", "375-76834") == 2_076_834


@pytest.mark.parametrize(
    ("name", "patch_um"),
    # Dent 350 um, fully backed: a^2 = 1.15 (2 R D - D^2), or the tip's edge.
    [("sphere-1.0", (1.15 * (2000 * 350 - 350**2)) ** 0.5), ("sphere-0.8", 700.0), ("flat-1.8", 900.0)],
)
def test_the_largest_patch_is_that_of_the_deepest_dent_fully_backed(
    setups: dict[str, Setup], name: str, patch_um: float
) -> None:
    assert setups[name].largest_patch_um == pytest.approx(patch_um)


def test_the_shipped_small_tip_is_refused_for_its_outer_track() -> None:
    job = load_job(EXAMPLES / "job-small-tip.toml")
    assert (job.name, job.pin.name) == ("small-tip", "sphere-0.8")
    setup = prepare(job)
    assert errors(setup) == [("L108", "ring track 2 (525 to 600 um)")]
    with pytest.raises(InputError) as caught:
        setup.require_sound()
    (fault,) = caught.value.faults
    assert fault.startswith("job 'small-tip': L108 ring track 2 (525 to 600 um): ")
    assert fault.endswith(" (399.5 um, limit 350 um); use a blunter or larger tip, or smaller tracks")


def test_the_small_tip_job_is_the_example_but_for_its_name_and_pin(example: Job) -> None:
    job = load_job(EXAMPLES / "job-small-tip.toml")
    assert replace(job, name=example.name, pin=example.pin) == example


def test_a_refusal_has_one_line_a_rule_and_shows_only_the_figures_there_are(setups: dict[str, Setup]) -> None:
    findings = (
        Finding(number="L112", severity=Severity.ERROR, message="does not fit", place="glyph W", remedy="thin it"),
        Finding(
            number="L108", severity=Severity.ERROR, message="no", place="track", limit=350.0, unit="um", remedy="r"
        ),
        Finding(
            number="L106", severity=Severity.ERROR, message="no", place="glyph M", value=0.71, limit=0.606, remedy="r"
        ),
        Finding(number="L109", severity=Severity.WARNING, message="shallow", place="relief", remedy="r"),
    )
    with pytest.raises(InputError) as caught:
        replace(setups["sphere-1.0"], rules=findings).require_sound()
    assert caught.value.faults == (
        "job 'example': L112 glyph W: does not fit; thin it",
        "job 'example': L108 track: no (limit 350 um); r",
        "job 'example': L106 glyph M: no (0.71, limit 0.606); r",
    )


def test_a_shallow_relief_is_told_but_not_refused(example: Job) -> None:
    setup = prepare(replace(example, relief_um=3.0))
    assert ("L109", Severity.WARNING) in [(finding.number, finding.severity) for finding in setup.rules]
    setup.require_sound()


def test_the_walls_of_a_recipe_without_contour_are_wider(example: Job) -> None:
    # At half relief a 14 um crest is then 14 + 2 x 6.05 = 26.1 um wide: over the 25 um that print well.
    recipe = example.laser.value
    recipe = replace(recipe, steps=(replace(recipe.rough, contour="none"),))
    setup = prepare(replace(example, process=replace(example.process, value=recipe)))
    found = [finding.value for finding in setup.rules if finding.number == "L101"]
    assert found == [pytest.approx(26.1, abs=0.01)] * 2


def test_the_wall_share_is_what_was_measured() -> None:
    # docs/laser.md: half depth 3.07 um outside the outline at a crater of 12.10 um.
    assert pytest.approx(3.07 / 6.05, abs=0.005) == WALL_SHARE


@pytest.mark.parametrize("kind", sorted(SHELVES))
def test_every_shipped_file_loads_and_says_where_its_numbers_come_from(kind: str) -> None:
    shelf = SHELVES[kind]
    assert shelf.names()
    for name in shelf.names():
        entry = shelf.load(name)
        assert entry.name == name
        assert entry.sources or kind == "rules"
        assert all(source.text.strip() for source in entry.sources.values())


def test_a_relief_along_the_normal_is_cut_deeper_along_the_axis(example: Job) -> None:
    # On R = 1 mm the mark ends at r = 600 um, where the normal has a cosine of .8 to the axis: 25 / .8 = 31.25 um.
    setup = prepare(replace(example, relief_along="normal"))
    assert (setup.job.relief_um, setup.job.relief_along) == (31.25, "axis")
    (told,) = [finding for finding in setup.rules if finding.number == "L124"]
    assert "normal" in told.message
    assert prepare(example).job == example
