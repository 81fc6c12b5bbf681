"""Progress is for a terminal, and for standard error alone."""

import io
import sys

import pytest

from engrave.cli.output import finding_line, progress_bar


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
        progress(1, 2, "499BNM4L")
    assert ("1/2" in err.getvalue(), "499BNM4L" in err.getvalue()) == (shown, shown)
    assert out.getvalue() == ""


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
