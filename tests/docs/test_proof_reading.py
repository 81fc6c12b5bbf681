"""The proof of soft decoding: it fails where it should, and its figures depend on nothing but its seed."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import proof_reading, reading_page, readings
from benchmarks.proof_reading import Task, proved, tallied
from engrave.code.codeword import codeword_of
from engrave.code.judging import Verdicts, judge
from engrave.code.permutation import unpermute
from engrave.code.profiles import PROFILE_A, PROFILE_G, PROFILE_S, PROFILES, Profile
from engrave.code.ring import ring_cells

EVERY_PROFILE = list(PROFILES.values())


def test_the_number_of_processes_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_reading, "CHUNK", 40)
    counts = {"damaged": 200, "foreign": 8, "noise": 8, "overlaid": 8}
    one, two = (proved(counts, seed=5, workers=workers) for workers in (1, 2))
    assert one == two
    assert one["damaged"]["readings"] == 200
    assert all(part["holds"] for part in one.values())
    # Some of each: a proof in which nothing is ever identified, or everything is, would show nothing.
    assert 20 < one["damaged"]["identified"] < one["damaged"]["best_is_right"] < 200


@pytest.mark.parametrize("kind", ["damaged", "foreign", "overlaid"])
def test_a_decoder_that_names_whatever_comes_first_fails(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def rash(*arguments: object) -> Verdicts:
        verdicts = judge(*arguments)  # type: ignore[arg-type] # passed on as they came
        sure = np.ones_like(verdicts.identified)
        posteriors = np.full_like(verdicts.posteriors, 0.999995)
        return Verdicts(
            codes=verdicts.codes,
            posteriors=posteriors,
            none=1 - posteriors,
            check_bits=verdicts.check_bits,
            identified=sure,
        )

    monkeypatch.setattr(proof_reading, "judge", rash)
    tally = tallied(Task(kind=kind, profile="A", count=100, seed=(1,)))
    result = proof_reading.outcome(kind, {"A": tally})
    assert not result["holds"]
    assert result["identified"] == 100
    if kind == "damaged":
        assert result["overconfident"] == ["all 5 to 6", "A 5 to 6"]
        assert result["odds_from_10000"]["of"] == 100


@pytest.mark.parametrize("profile", EVERY_PROFILE, ids=lambda profile: profile.name)
def test_without_wear_a_reader_sees_what_was_engraved(profile: Profile) -> None:
    scene = readings.worn(profile, np.random.default_rng(1), 20)
    assert scene.codes.shape == (20, 1)
    for code, teeth, symbols in zip(scene.codes[:, 0].tolist(), scene.teeth, scene.symbols, strict=True):
        codeword = codeword_of(unpermute(code))
        assert np.array_equal(teeth, ring_cells(codeword, profile))
        assert np.array_equal(symbols[:8], codeword[:8])


def test_two_marks_show_the_teeth_of_both_and_of_each_character_one_or_both() -> None:
    scene = readings.overlaid(PROFILE_S, np.random.default_rng(2), 600)
    words = np.array([[codeword_of(unpermute(code)) for code in pair] for pair in scene.codes.tolist()])
    for pair, teeth in zip(words[:20], scene.teeth[:20], strict=True):
        assert np.array_equal(teeth, ring_cells(pair[0], PROFILE_S) | ring_cells(pair[1], PROFILE_S))
    first = scene.symbols == words[:, 0, :8]
    assert first.mean() == pytest.approx(2 / 3 + 1 / 96, abs=0.03)
    assert (scene.symbols == scene.second).mean() == pytest.approx(2 / 3 + 1 / 96, abs=0.03)


def test_noise_and_foreign_marks_are_of_no_pin() -> None:
    codes, made = readings.noise(PROFILE_G, np.random.default_rng(3), 5)
    assert codes.shape == (5, 0)
    assert len(made) == 5
    assert readings.foreign(PROFILE_A, np.random.default_rng(3), 5).codes.shape == (5, 0)


def test_the_page_and_its_picture_are_those_of_the_evidence(project: Path) -> None:
    survival, reading = (
        json.loads((project / "docs/evidence" / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("survival", "reading")
    )
    assert (project / "docs/reading.md").read_text(encoding="utf-8") == "\n".join(reading_page.page(survival, reading))
    curves = reading["results"]["damaged"]["reliability"]
    assert (project / "docs" / reading_page.PICTURE).read_text(encoding="utf-8") == reading_page.picture(curves)


def test_every_row_that_is_asked_for_holds_in_the_evidence(project: Path) -> None:
    survival = json.loads((project / "docs/evidence/survival.json").read_text(encoding="utf-8"))
    assert (survival["trials"], survival["seed"]) == (2000, 0)
    asked = [row for row in survival["table"]["D"].values() if "required" in row]
    assert [row["required"] for row in asked] == [1, 1, 0.94, 0.99, 1, 1, 1, 0.93, 0.93]
    assert all(row["first_at_least"] >= row["required"] - 0.02 for row in asked)


def test_shares_are_told_with_all_their_nines() -> None:
    shares = {0.5: "0.500", 0.99962: "0.99962", 0.0000043: "0.0000043", 1: "1", 0: "0", 1 - 1e-11: "> 0.999999999"}
    assert {share: reading_page.digits(share) for share in shares} == shares
