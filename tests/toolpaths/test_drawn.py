"""What readers hand back: names that are known, and a refusal that says why."""

import pytest

from toolpaths.errors import ToolpathError
from toolpaths.model import Toolpath
from toolpaths.readers.drawn import SAYABLE, Drawn, UnreadableError, error, note

NOTHING = Toolpath(blocks=())


def test_only_known_names_can_be_said() -> None:
    assert Drawn(toolpath=NOTHING, says=SAYABLE, findings=()).readable
    with pytest.raises(ToolpathError, match="a file cannot say colour"):
        Drawn(toolpath=NOTHING, says=frozenset({"z", "colour"}), findings=())


def test_a_refused_file_has_nothing_but_its_findings() -> None:
    fault, hint = error("M301", "too long", place="line 3", remedy="shorten it"), note("M302", "look at it")
    drawn = Drawn.refused(hint, fault)
    assert (drawn.toolpath, drawn.says, drawn.findings) == (NOTHING, frozenset(), (hint, fault))
    assert not drawn.readable
    assert Drawn(toolpath=NOTHING, says=frozenset(), findings=(hint,)).readable


@pytest.mark.parametrize("findings", [(), (note("M302", "look at it"),)])
def test_a_file_is_refused_for_an_error_only(findings: tuple[()]) -> None:
    with pytest.raises(ToolpathError, match="for an error"):
        Drawn.refused(*findings)


def test_the_exception_carries_its_finding() -> None:
    fault = error("M301", "too long")
    assert UnreadableError(fault).finding is fault
    assert str(UnreadableError(fault)) == "too long"
