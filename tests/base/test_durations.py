"""Durations in words, on both sides of every border, and one after the other."""

import pytest

from engrave.base.durations import Duration


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (4.0 * 60 + 32, "4 min 32 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min"),
        (4712.4, "1 h 19 min"),
        (90.0 * 3600, "90 h 0 min"),
    ],
)
def test_a_duration_is_told_as_people_say_it(seconds: float, told: str) -> None:
    assert Duration(seconds=seconds).told() == told
    assert Duration(seconds=seconds, at_least=True).told() == f"at least {told}"


def test_durations_follow_each_other_as_far_as_all_are_known() -> None:
    one, bound = Duration(seconds=60.0), Duration(seconds=30.5, at_least=True)
    assert Duration.of_all([one, one]) == Duration(seconds=120.0)
    assert Duration.of_all([one, bound]) == Duration(seconds=90.5, at_least=True)
    assert Duration.of_all([one, None]) is None
    assert Duration.of_all([]) is None
