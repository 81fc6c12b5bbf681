"""Rule packs: blank thresholds are never evaluated, filled ones flip at the number, and no word says more than that."""

import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from engrave.base.errors import InputError, UnknownNameError
from engrave.layout import Places
from engrave.layout.packs import (
    AT_LEAST,
    AT_MOST,
    FIGURES,
    PACKS,
    Clause,
    Pack,
    Status,
    case_figures,
    design_figures,
    evaluate_pack,
)

SHIPPED = ("CA", "NJ", "NY")
# Whatever a run of strikes could show, all of it perfect.
PERFECT = {
    "alphanumeric_characters": 8.0,
    "character_height_um": 175.0,
    "printed_character_height_um": 175.0,
    "distinct_marks": 1.0,
    "cases": 1000.0,
    "legible_cases": 1000.0,
    "legible_case_rate": 1.0,
    "legible_case_rate_least": 0.996,
    "rounds": 10_000.0,
    "worn_legible_case_rate_least": 0.996,
    "magnification": 60.0,
}
# What a reader could take for an approval.
APPROVING = re.compile(r"certif|complian|compliant|complies|\bpass|approved|\bvalidated", re.IGNORECASE)

OWN = """
description = "Ours"
stand = "What our counsel reads in it."

[[clauses]]
number = "CA-2"
jurisdiction = "California"
citation = "PC 27532"
asks = "Representative samples leave legible microstamps with reasonable reliability."
evidence = "Our run of strikes."
figure = "legible_case_rate_least"
threshold = 0.9

[sources]
"clauses.threshold" = "chosen by our counsel, for this example"
"""


def pack_of(clause: Clause) -> Pack:
    return Pack(description="of a test", stand="none", clauses=(clause,))


def clause_with(*, threshold: float | None, sense: str = AT_LEAST, figure: str | None = "legible_case_rate") -> Clause:
    return Clause(
        number="T-1",
        jurisdiction="Nowhere",
        citation="clause 1",
        asks="It is read.",
        evidence="A run.",
        figure=figure,
        sense=sense,
        threshold=threshold,
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_pack_evaluates_nothing_even_where_every_figure_is_perfect(name: str) -> None:
    outcomes = evaluate_pack(PACKS.load(name).value, PERFECT)
    assert len(outcomes) >= 3
    assert {outcome.status for outcome in outcomes} == {"not evaluated"}
    assert all(outcome.words.startswith("not evaluated: ") for outcome in outcomes)
    assert not any(outcome.clause.threshold for outcome in outcomes)


def test_these_packs_are_shipped_and_no_others() -> None:
    assert PACKS.names() == SHIPPED
    assert set(PERFECT) == set(FIGURES)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_packs_clauses_carry_its_name_and_cite_what_they_rest_on(name: str) -> None:
    clauses = PACKS.load(name).value.clauses
    assert [clause.number for clause in clauses] == [f"{name}-{place}" for place in range(1, len(clauses) + 1)]
    assert all(clause.asks.endswith(".") and clause.asks.count(". ") == 0 for clause in clauses)


def test_california_cites_what_was_read() -> None:
    cited = " ".join(clause.citation for clause in PACKS.load("CA").value.clauses)
    for citation in ("PC 27531", "PC 27532", "PC 27534", "PC 27534.1", "11 CCR 4052", "4060", "4062", "27 CFR 478.92"):
        assert citation in cited


@pytest.mark.parametrize(
    ("sense", "value", "status"),
    [
        (AT_LEAST, 0.899, Status.NOT_MET),
        (AT_LEAST, 0.9, Status.MET),
        (AT_LEAST, 0.901, Status.MET),
        (AT_MOST, 0.899, Status.MET),
        (AT_MOST, 0.9, Status.MET),
        (AT_MOST, 0.901, Status.NOT_MET),
    ],
)
def test_a_threshold_flips_at_its_number(sense: str, value: float, status: Status) -> None:
    pack = pack_of(clause_with(threshold=0.9, sense=sense))
    (outcome,) = evaluate_pack(pack, {"legible_case_rate": value})
    assert (outcome.status, outcome.value) == (status, value)
    assert f"{status}: legible_case_rate is {value:g}, the threshold filled in is {sense} 0.9" == outcome.words


@pytest.mark.parametrize("name", SHIPPED)
def test_every_clause_of_a_shipped_pack_with_a_figure_flips_once_it_is_filled_in(name: str) -> None:
    pack = PACKS.load(name).value
    answered = [clause for clause in pack.clauses if clause.figure]
    assert answered
    for clause in answered:
        filled = pack_of(replace(clause, threshold=0.5))
        met, missed = (evaluate_pack(filled, {str(clause.figure): value})[0].status for value in (0.5, 0.4999))
        assert (met, missed) == (Status.MET, Status.NOT_MET)


def test_a_figure_that_was_not_measured_is_no_answer() -> None:
    (outcome,) = evaluate_pack(pack_of(clause_with(threshold=0.9)), {"legible_cases": 12.0})
    assert (outcome.status, outcome.value) == (Status.NOT_EVALUATED, None)
    assert outcome.words == "not evaluated: legible_case_rate was not measured"


def test_a_blank_threshold_still_shows_the_figure() -> None:
    (outcome,) = evaluate_pack(pack_of(clause_with(threshold=None)), {"legible_case_rate": 0.54})
    assert outcome.words == "not evaluated: the threshold is blank; legible_case_rate is 0.54"


def test_a_clause_that_no_figure_answers_says_so() -> None:
    (outcome,) = evaluate_pack(pack_of(clause_with(threshold=None, figure=None)), PERFECT)
    assert outcome.words == "not evaluated: no figure answers this clause"


def test_the_users_own_file_goes_before_the_shipped_one(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "CA.toml").write_text(OWN, encoding="utf-8")
    own = PACKS.load("CA", tmp_path).value
    # Krivosta, AFTE J 38(1): 54 of 100 cases; Wilson's lower end is 0.4426. 100 of 100: 0.963.
    for right, status in ((54, Status.NOT_MET), (100, Status.MET)):
        (outcome,) = evaluate_pack(own, case_figures(right=right, cases=100))
        assert outcome.status is status
    assert "0.4426" in evaluate_pack(own, case_figures(right=54, cases=100))[0].words


def test_figures_of_cases() -> None:
    # 12 of 12: Wilson's lower end is 12 / (12 + 1.96^2) = 0.7575.
    assert case_figures(right=12, cases=12) == {
        "cases": 12.0,
        "legible_cases": 12.0,
        "legible_case_rate": 1.0,
        "legible_case_rate_least": pytest.approx(0.7575, abs=1e-4),
    }
    for right, cases in ((0, 0), (13, 12), (-1, 12)):
        with pytest.raises(InputError, match="no more right than cases"):
            case_figures(right=right, cases=cases)
    assert case_figures(right=0, cases=1)["legible_case_rate"] == 0.0


def test_figures_of_a_layout(places: Places) -> None:
    assert design_figures(places) == {"alphanumeric_characters": 8.0, "character_height_um": 175.0}


def test_a_threshold_needs_its_source(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "NY.toml").write_text(OWN.partition("[sources]")[0], encoding="utf-8")
    with pytest.raises(InputError, match=r"clauses\.threshold: no source"):
        PACKS.load("NY", tmp_path)


def test_a_pack_that_is_not_there() -> None:
    with pytest.raises(UnknownNameError, match="CA, NJ, NY"):
        PACKS.load("TX")


def test_faults_of_a_clause_are_told_together() -> None:
    with pytest.raises(InputError) as caught:
        Clause(number=" ", jurisdiction="x", citation="x", asks="x", evidence="x", figure="luck", sense="about")
    assert [fault.partition(":")[0] for fault in caught.value.faults] == ["number", "figure", "sense"]
    with pytest.raises(InputError, match="there is no figure"):
        clause_with(threshold=0.5, figure=None)
    with pytest.raises(InputError, match="finite"):
        clause_with(threshold=float("nan"))


def test_faults_of_a_pack() -> None:
    clause = clause_with(threshold=None)
    with pytest.raises(InputError, match="T-1: there are two"):
        Pack(description="x", stand="x", clauses=(clause, clause))
    with pytest.raises(InputError, match="there is none"):
        Pack(description="x", stand="x", clauses=())


def test_figures_that_are_none_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        evaluate_pack(pack_of(clause_with(threshold=0.9)), {"legibility": 1.0, "cases": float("inf")})
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("name", SHIPPED)
def test_no_word_of_a_pack_or_its_outcome_approves_anything(name: str) -> None:
    pack = PACKS.load(name).value
    clauses = [replace(clause, threshold=0.5 if clause.figure else None) for clause in pack.clauses]
    said = [files("engrave.layout").joinpath("packs", f"{name}.toml").read_text(encoding="utf-8")]
    said += list(FIGURES.values())
    for judged in (pack, replace(pack, clauses=tuple(clauses))):
        for figures in (PERFECT, dict.fromkeys(PERFECT, 0.0), {}):
            said += [f"{outcome.status} {outcome.words}" for outcome in evaluate_pack(judged, figures)]
    assert [text for text in said if APPROVING.search(text)] == []
