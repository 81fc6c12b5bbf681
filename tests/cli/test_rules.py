"""``job check`` of jobs that name rule packs: what is asked is told, and what was not evaluated is never approved."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engrave import api

Call = Callable[..., Any]
_APPROVAL = re.compile(r"\b(certif\w*|complian\w*|complies|approv\w*|pass(es|ed)?)\b", re.IGNORECASE)

_CLAUSE = """
[[clauses]]
number = "NJ-{number}"
jurisdiction = "New Jersey"
citation = "a test's own"
asks = "Something."
evidence = "A figure."
"""
# The example's characters are 175 um high, and eight of them stand in clear.
_OWN = [
    ('figure = "character_height_um"\nthreshold = 175.0', "met", 175),
    ('figure = "character_height_um"\nthreshold = 175.5', "not met", 175),
    ('figure = "character_height_um"\nsense = "at most"\nthreshold = 174.5', "not met", 175),
    ('figure = "alphanumeric_characters"\nthreshold = 8.0', "met", 8),
    ('figure = "alphanumeric_characters"', "not evaluated", 8),
    ('figure = "legible_case_rate_least"\nthreshold = 0.9', "not evaluated", None),
    ("", "not evaluated", None),
]


def _job(folder: Path, rules: str) -> Path:
    path = folder / "job.toml"
    text = api.example_job_text()
    assert "rules = []" in text
    path.write_text(text.replace("rules = []", f"rules = {rules}"))
    return path


def test_shipped_packs_are_told_clause_by_clause_and_approve_nothing(
    call: Call, tmp_path: Path, validators: dict[str, Draft202012Validator]
) -> None:
    path = _job(tmp_path, '["CA", "NJ", "NY"]')
    called = call("job", "check", path, "--json")
    assert called.code == 0
    validators["pin-engrave/rules/1"].validate(called.document)
    packs = called.document["packs"]
    assert [pack["name"] for pack in packs] == ["CA", "NJ", "NY"]
    clauses = [clause for pack in packs for clause in pack["clauses"]]
    assert {clause["status"] for clause in clauses} == {"not evaluated"}
    assert {clause["threshold"] for clause in clauses} == {None}
    told = call("job", "check", path)
    assert told.code == 0
    words = told.out[told.out.index("\nCA: ") :]
    for clause in clauses:
        lines = f"  {clause['number']} ({clause['citation']}): {clause['asks']}\n    not evaluated: "
        assert lines in words
    assert _APPROVAL.findall(words) == []
    assert _APPROVAL.findall(str(packs)) == []


def test_thresholds_that_the_user_fills_in_are_held_against_the_figures(call: Call, tmp_path: Path) -> None:
    (tmp_path / "library" / "rules").mkdir(parents=True)
    clauses = "".join(f"{_CLAUSE.format(number=number)}{text}\n" for number, (text, _, _) in enumerate(_OWN, start=1))
    pack = f'description = "Ours"\nstand = "Made up."\n{clauses}\n[sources]\n"clauses.threshold" = "made up"\n'
    (tmp_path / "library" / "rules" / "NJ.toml").write_text(pack)
    path = _job(tmp_path, '["NJ"]\nlibrary = "library"')
    called = call("job", "check", path, "--json")
    # What a pack says has no part in the verdict.
    assert (called.code, called.document["verdict"]) == (0, "pass")
    (told,) = called.document["packs"]
    assert [(clause["status"], clause["value"]) for clause in told["clauses"]] == [
        (status, value) for _, status, value in _OWN
    ]
    words = call("job", "check", path).out
    for expected in (
        "met: character_height_um is 175, the threshold filled in is at least 175. Evidence: A figure.",
        "not met: character_height_um is 175, the threshold filled in is at most 174.5.",
        "not evaluated: the threshold is blank; alphanumeric_characters is 8.",
        "not evaluated: legible_case_rate_least was not measured.",
        "not evaluated: no figure answers this clause.",
    ):
        assert expected in words
    assert _APPROVAL.findall(words[words.index("\nNJ: ") :]) == []
    (tmp_path / "library" / "rules" / "NJ.toml").write_text(pack[: pack.index("\n[sources]")])
    refused = call("job", "check", path)
    assert (refused.code, refused.out) == (2, "")
    assert "rules/NJ.toml: clauses.threshold: no source" in refused.err


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ('["CA", "TX"]', "rules: 'TX' is not among the rules; known: CA, NJ, NY"),
        ('["../CA"]', "rules: '../CA' is not among the rules"),
        ('"CA"', "rules: must be a list, not 'CA'"),
        ("[3]", "rules[0]: must be text, not 3"),
    ],
)
def test_packs_that_are_none_are_refused(call: Call, tmp_path: Path, rules: str, told: str) -> None:
    called = call("job", "check", _job(tmp_path, rules))
    assert (called.code, called.out) == (2, "")
    assert told in called.err
