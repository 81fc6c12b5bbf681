"""``api.fit``: the layout that suits a job's pin, and the job that is written with it."""

from pathlib import Path

import pytest

from engrave import api
from engrave.base.errors import InputError
from engrave.code.profiles import PROFILES

EXAMPLE = api.example_job_text()
SIZES = EXAMPLE[EXAMPLE.index("\n[layout]\n") : EXAMPLE.index("\n[limits]")]


def _job(folder: Path, fit: str) -> Path:
    path = folder / "job.toml"
    path.write_text(EXAMPLE.replace(SIZES, fit).replace('["nominal", "weak"]', '["nominal"]'))
    return path


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _job(tmp_path_factory.mktemp("given"), '\n[fit]\nprofiles = ["S", "G"]\n')


@pytest.fixture(scope="module")
def outcome(given: Path) -> api.FitOutcome:
    return api.fit(given)


def test_each_layout_carries_its_profile_and_the_best_is_first(outcome: api.FitOutcome) -> None:
    assert {found.settings.profile for found in outcome.found} == {"S", "G"}
    for found in outcome.found:
        profile = PROFILES[found.settings.profile]
        assert sum(found.settings.rows) == len(found.places.characters) == profile.characters
        assert len(found.settings.tracks) == profile.tracks
        assert (found.settings.shapes is None) == (profile.shapes == 0)
        assert found.settings.height_um >= 150
    margins = [found.prediction.margin for found in outcome.found]
    assert margins == sorted(margins, reverse=True)
    assert outcome.sound


def test_the_job_that_is_written_is_the_one_that_was_judged(outcome: api.FitOutcome, tmp_path: Path) -> None:
    (tmp_path / "fitted.toml").write_text(outcome.job_text)
    written = api.load_job(tmp_path / "fitted.toml")
    assert written.layout == outcome.job.layout == outcome.found[0].settings
    assert (written.fit, outcome.job.fit is not None) == (None, True)
    rules = api.job_rules(written)
    assert (rules["verdict"], rules["findings"]) == ("pass", api.fit_to_json(outcome)["findings"])


def test_a_job_that_leaves_its_sizes_open_gets_the_same_when_it_is_loaded(outcome: api.FitOutcome, given: Path) -> None:
    job = api.load_job(given)
    assert (job.layout, job.fit) == (outcome.found[0].settings, outcome.job.fit)


def test_a_layout_that_a_job_has_is_left_aside_but_for_its_face_and_polarity(tmp_path: Path) -> None:
    sizes = SIZES.replace('polarity = "raised"', 'polarity = "recessed"').replace('"175um"', '"190um"')
    outcome = api.fit(_job(tmp_path, sizes))
    assert {found.settings.polarity for found in outcome.found} == {"recessed"}
    assert not outcome.sound
    assert "L125" in {finding.number for finding in outcome.findings}


def test_a_pin_that_carries_nothing_says_so_of_every_profile(tmp_path: Path) -> None:
    path = _job(tmp_path, SIZES)
    path.write_text(path.read_text().replace('relief = "25um"', 'relief = "600um"'))
    with pytest.raises(InputError) as caught:
        api.fit(path)
    assert [fault.split(":")[1] for fault in caught.value.faults] == [f" profile {name}" for name in PROFILES]
