"""Each land against the limits of its job, on both sides of each of them."""

from dataclasses import replace
from math import inf, nan, nextafter

import pytest

from engrave.base.errors import InputError
from engrave.job import Job, Limits, load_job
from engrave.verify.compare import Measured, check_depths
from engrave.verify.document import land_to_json

LIMITS = Limits(
    character_depth_um=18.0,
    tooth_depth_um=15.0,
    contrast=5.0,
    crest_um=1.0,
    focus_um=10.0,
    printed_share=0.75,
    edge_width_um=16.0,
)
SOUND = Measured(
    place="character 1 (row 1, column 1)",
    shows="4",
    depth_um=18.0,
    contrast=5.0,
    printed_share=0.75,
    edge_width_um=16.0,
    limit_um=18.0,
)


@pytest.fixture(scope="module")
def job() -> Job:
    return replace(load_job(None), limits=LIMITS)


def test_what_reaches_its_limits_is_sound(job: Job) -> None:
    assert not list(check_depths([SOUND], job))


@pytest.mark.parametrize(
    ("number", "poor", "figures"),
    [
        ("S501", replace(SOUND, depth_um=nextafter(18.0, 0.0)), (18.0, 18.0, "um")),
        ("S501", replace(SOUND, depth_um=-3.0), (-3.0, 18.0, "um")),
        ("S502", replace(SOUND, contrast=4.99), (4.99, 5.0, "")),
        ("S503", replace(SOUND, printed_share=0.74), (0.74, 0.75, "")),
        ("S504", replace(SOUND, edge_width_um=16.01), (16.01, 16.0, "um")),
    ],
)
def test_what_does_not_is_named_with_its_figures(
    job: Job, number: str, poor: Measured, figures: tuple[float, float, str]
) -> None:
    (finding,) = check_depths([SOUND, poor, SOUND], job)
    assert (finding.number, finding.severity, finding.place) == (number, "error", SOUND.place)
    assert (finding.value, finding.limit, finding.unit) == figures
    assert "'4'" in finding.message
    assert finding.remedy


def test_what_cannot_be_measured_fails_and_an_edge_that_is_not_there_is_not_blurred(job: Job) -> None:
    unseen = replace(SOUND, depth_um=nan, contrast=nan, printed_share=0.0, edge_width_um=nan)
    assert [finding.number for finding in check_depths([unseen], job)] == ["S501", "S502", "S503"]


def test_a_tooth_has_a_limit_of_its_own(job: Job) -> None:
    tooth = replace(SOUND, place="ring track 2, sector 47", shows="tooth", limit_um=15.0, depth_um=15.0)
    assert not list(check_depths([tooth], job))
    (finding,) = check_depths([replace(tooth, depth_um=14.9)], job)
    assert (finding.place, finding.limit) == ("ring track 2, sector 47", 15.0)


@pytest.mark.parametrize("share", [nextafter(0.0, 1.0), 0.75, 1.0])
def test_a_share_is_more_than_nothing_and_at_most_all(share: float) -> None:
    assert replace(LIMITS, printed_share=share).printed_share == share


def test_limits_that_are_none_are_refused_together() -> None:
    with pytest.raises(InputError) as caught:
        replace(LIMITS, printed_share=nextafter(1.0, 2.0), edge_width_um=0.0, contrast=-1.0)
    assert {fault.split(":")[0] for fault in caught.value.faults} == {"printed_share", "edge_width", "contrast"}
    with pytest.raises(InputError, match="printed_share"):
        replace(LIMITS, printed_share=0.0)


def test_a_job_without_the_newer_limits_has_the_usual_ones() -> None:
    older = Limits(character_depth_um=18.0, tooth_depth_um=15.0, contrast=5.0, crest_um=1.0, focus_um=10.0)
    assert (older.printed_share, older.edge_width_um) == (0.75, 16.0)
    assert not list(check_depths([replace(SOUND, contrast=inf)], replace(load_job(None), limits=older)))


def test_a_land_in_the_document_has_every_figure_and_nothing_for_what_was_not_seen() -> None:
    seen = replace(SOUND, depth_um=29.12345, contrast=11.5, printed_share=0.98765, edge_width_um=10.20761)
    assert land_to_json(seen) == {
        "place": "character 1 (row 1, column 1)",
        "shows": "4",
        "depth_um": 29.123,
        "contrast": 11.5,
        "printed_share": 0.988,
        "edge_width_um": 10.208,
        "limit_um": 18.0,
    }
    unseen = land_to_json(replace(SOUND, depth_um=nan, contrast=nan, printed_share=0.0, edge_width_um=nan))
    assert [unseen[key] for key in ("depth_um", "contrast", "printed_share", "edge_width_um")] == [
        None, None, 0.0, None,
    ]  # fmt: skip
