"""Many strikes of one pin: in parts, in order, and the same on any number of workers."""

from dataclasses import dataclass

import pytest

from engrave.batch import strikes
from engrave.batch.pin import plan_pin
from engrave.batch.strikes import struck_often
from engrave.code.mark import Mark, make_mark
from engrave.job import load_job
from engrave.job.setup import prepare
from engrave.strike import ENSEMBLES, Condition, drawn
from engrave.verify import Checker, checker_for
from engrave.verify.trials import Carried, Trial
from toolpaths.removal import cut
from toolpaths.surface import HeightMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A cut tip, its mark and its checker."""

    tip: HeightMap
    mark: Mark
    checker: Checker


@pytest.fixture(scope="module")
def pin() -> Pin:
    setup = prepare(load_job(None))
    mark = make_mark(serial="375-76834", maker="Borealis", model="Compact", ranges=setup.ranges)
    tip = cut(
        plan_pin(setup, mark).toolpath,
        surface=setup.tip,
        beam_for=setup.job.laser.value.beam_for,
        half_width_um=setup.tip.edge_radius_um,
        pixel_um=setup.job.pixel_um,
    )
    return Pin(tip=tip, mark=mark, checker=checker_for(setup))


def draws(pin: Pin, samples: int) -> tuple[tuple[int, Condition], ...]:
    primer = pin.checker.setup.job.primer.value
    return tuple(drawn(ENSEMBLES.load("field").value, primer=primer, samples=samples, seed=3))


def found(pin: Pin, samples: int, *, workers: int) -> tuple[tuple[Trial, ...], list[tuple[int, int]]]:
    """The trials, and what was told on the way."""
    told: list[tuple[int, int]] = []
    trials = struck_often(
        pin.tip,
        pin.mark,
        pin.checker,
        draws(pin, samples),
        workers=workers,
        progress=lambda done, total, _name, _passed: told.append((done, total)),
    )
    return trials, told


def blank(_tip: HeightMap, _mark: Mark, _checker: Checker, *, index: int, condition: Condition) -> Trial:
    """A trial without its strike."""
    return Trial(
        index=index,
        condition=condition,
        dent_um=1.0,
        contact_um=1.0,
        characters="????????",
        wrong_cells=0,
        lost_cells=0,
        carriers=(Carried(right=False, identified=None),) * 4,
    )


@pytest.mark.parametrize(("samples", "told"), [(0, []), (1, [1]), (16, [16]), (17, [16, 17]), (40, [16, 32, 40])])
def test_progress_is_told_part_by_part(
    pin: Pin, monkeypatch: pytest.MonkeyPatch, samples: int, told: list[int]
) -> None:
    monkeypatch.setattr(strikes, "trial", blank)
    trials, steps = found(pin, samples, workers=1)
    assert [trial.index for trial in trials] == list(range(samples))
    assert steps == [(done, samples) for done in told]


def test_parts_that_come_late_are_put_in_their_place(pin: Pin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers end in any order."""
    monkeypatch.setattr(strikes, "trial", blank)

    def pooled(function, tasks, *, crew, name):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - stands in for a generic
        assert crew.workers == 2
        tasks = list(tasks)
        assert name(tasks[1]) == f"{tasks[1].mark.characters}: strikes 16 to 19"
        yield from map(function, reversed(tasks))

    monkeypatch.setattr(strikes, "pooled", pooled)
    trials, steps = found(pin, 20, workers=8)
    assert [trial.index for trial in trials] == list(range(20))
    assert steps == [(4, 20), (20, 20)]


@pytest.mark.slow
def test_two_workers_find_what_one_does_and_few_draws_are_the_first_of_many(
    pin: Pin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strikes, "_AT_ONCE", 2)
    alone, _ = found(pin, 5, workers=1)
    shared, steps = found(pin, 5, workers=2)
    assert shared == alone
    assert steps[-1] == (5, 5)
    few, _ = found(pin, 2, workers=1)
    assert few == alone[:2]
    # They are no copies of one strike.
    assert len({trial.contact_um for trial in alone}) == 5
