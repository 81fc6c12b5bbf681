"""Progress is for a terminal, and for standard error alone."""

import io
import json
import re
import sys

import pytest

from engrave.cli import progress as telling
from engrave.cli.log import Log
from engrave.cli.output import finding_line
from engrave.cli.progress import progress_bar


class _Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        """Whether somebody looks."""
        return self._terminal


@pytest.mark.parametrize(
    ("terminal", "quiet", "shown"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_progress(*, monkeypatch: pytest.MonkeyPatch, terminal: bool, quiet: bool, shown: bool) -> None:
    out, err = _Stream(terminal=terminal), _Stream(terminal=terminal)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("engraving", quiet=quiet) as progress:
        progress(1, 2, "499BNM4L", None)
    assert ("1/2" in err.getvalue(), "499BNM4L" in err.getvalue()) == (shown, shown)
    assert out.getvalue() == ""


@pytest.mark.parametrize("name", ["soft[2]", "hard [red]", "[/bold]"])
def test_a_name_in_brackets_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    err = _Stream(terminal=True)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("striking", quiet=False) as progress:
        progress(1, 2, name, None)
    assert name in _COLOURS.sub("", err.getvalue())


_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class _Clock:
    """A clock that goes on by ten seconds at every look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        self.now_s += 10.0
        return self.now_s


STEPS = ((41, True), (42, False), (43, None), (44, True))
"""Of 64 with 40 there before: four in forty seconds, so that the twenty that are left take two hundred."""


def test_rate_and_time_left_are_of_what_was_done_now(monkeypatch: pytest.MonkeyPatch) -> None:
    err = _Stream(terminal=True)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(telling, "time", _Clock())
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("engraving", quiet=False) as progress:
        for done, passed in STEPS:
            progress(done, 64, "499BNM4L", passed)
    shown = _COLOURS.sub("", err.getvalue()).splitlines()
    assert any(line.endswith("44/64 0.1/s, 0:03:20 left, 2 pass, 1 fail") and "499BNM4L" in line for line in shown)


def test_the_same_figures_stand_in_the_log(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(telling, "time", _Clock())
    monkeypatch.setattr(telling, "current_log", lambda: Log(form="json"))
    with progress_bar("engraving", quiet=False) as progress:
        for done, passed in STEPS:
            progress(done, 64, "499BNM4L", passed)
    last = json.loads(capfd.readouterr().err.splitlines()[-1])
    figures = {name: last[name] for name in ("done", "total", "seconds", "rate", "left", "passed", "failed")}
    assert figures == {
        "done": 44, "total": 64, "seconds": 40.0, "rate": 0.1, "left": 200.0, "passed": 2, "failed": 1,
    }  # fmt: skip


def test_a_finding_as_a_line() -> None:
    finding = {
        "number": "S501",
        "severity": "error",
        "message": "'4' prints too shallow",
        "place": "character 1",
        "value": 3.21,
        "limit": 12.0,
        "unit": "um",
        "remedy": "raise the relief",
    }
    line = "S501 error: character 1: '4' prints too shallow (3.21 um, limit 12 um)"
    assert finding_line(finding, remedy=False) == line
    assert finding_line(finding, remedy=True) == f"{line}; raise the relief"
    bare = {**finding, "value": None, "limit": None, "place": "", "remedy": ""}
    assert finding_line(bare, remedy=True) == "S501 error: '4' prints too shallow"
