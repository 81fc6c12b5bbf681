"""How layouts are held against each other, and that the page says of it what the evidence says."""

from typing import Any

import pytest

from benchmarks.layout_page import page
from benchmarks.layout_scores import BEATS, LOSES, TIES, held_against


def marks(*, both: int, only_ours: int, only_others: int, neither: int = 0) -> tuple[list[bool], list[bool]]:
    ours = [True] * (both + only_ours) + [False] * (only_others + neither)
    others = [True] * both + [False] * only_ours + [True] * only_others + [False] * neither
    return ours, others


@pytest.mark.parametrize(
    ("only_ours", "only_others", "p_value", "verdict"),
    [
        # Two tails of a fair coin, by hand: 2/2^6; 2/2^5; 2 (1 + 9)/2^9; 2 (1 + 8)/2^8; 1.
        (6, 0, 0.03125, BEATS),
        (5, 0, 0.0625, TIES),
        (8, 1, 0.03906, BEATS),
        (1, 8, 0.03906, LOSES),
        (7, 1, 0.07031, TIES),
        (0, 6, 0.03125, LOSES),
        (3, 3, 1.0, TIES),
        (0, 0, 1.0, TIES),
    ],
)
def test_only_marks_that_tell_two_layouts_apart_count(
    only_ours: int, only_others: int, p_value: float, verdict: str
) -> None:
    for both, neither in ((0, 1), (40, 0), (20, 20)):
        ours, others = marks(both=both, only_ours=only_ours, only_others=only_others, neither=neither)
        said = held_against(ours, others)
        assert said["p_value"] == pytest.approx(p_value, abs=1e-5)
        assert (said["verdict"], said["only_found"], said["only_other"]) == (verdict, only_ours, only_others)
        assert said["of"] == both + only_ours + only_others + neither


def test_marks_of_two_layouts_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="shorter"):
        held_against([True, True], [True])


def layout(identified: int) -> dict[str, Any]:
    return {
        "profile": "A",
        "rows": [4, 4],
        "height_um": 200.0,
        "tracks_um": [[500.0, 550.0]],
        "predicted_margin": 2.0,
        "worst_condition": "dragged",
        "worst": identified,
        "worst_of": 48,
        "worst_wilson_95": [0.5, 0.9],
    }


def test_the_page_tells_a_tie_from_a_layout_that_is_beaten() -> None:
    unmet = {name: value for name, value in layout(0).items() if not name.startswith("worst")}
    tip = {
        "found": layout(44),
        "fixed": layout(30),
        "best_of_random": [unmet, layout(43)],
        "against": {
            "fixed": held_against(*marks(both=30, only_ours=14, only_others=0, neither=4)),
            "random": held_against(*marks(both=42, only_ours=2, only_others=1, neither=3)),
        },
        "random": 100,
        "rank_correlation": 0.5,
        "conditions": ["nominal", "dragged"],
        "wrong": 0,
    }
    placement = {"jobs": 10, "laid_out": 9, "overlapping_or_outside": 0, "most_share_95": 0.3}
    refused = {"refused": ["nothing fits"], "rank_correlation": None}
    told = "\n".join(page({"scale": 1.0, "results": {"placement": placement, "ball": tip, "needle": refused}}))
    rows = [line for line in told.splitlines() if line.startswith("|")]
    width = {line.count("|") for line in rows}
    assert len(width) == 1
    assert any(f"{BEATS} | 14, 0 |" in row for row in rows)
    assert any(f"{TIES} | 2, 1 |" in row for row in rows)
    assert sum("best random" in row for row in rows) == 1
    assert "| needle | refused: nothing fits |" in told
    assert f"Of 2 comparisons the layout found {BEATS} 1 times, {TIES} 1 times." in told
