"""RS-274 lines taken apart into words, each on a list of what is allowed; anything else is a fault."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from toolpaths.machine import Machine

LONGEST_LINE = 254  # LinuxCNC's LINELEN is 255 with the end of the line
MOST_REPEATS = 10_000

NUMBER = r"[+-]?(?:[0-9]{1,7}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})"
_WORD = re.compile(rf"[ \t]*([A-Za-z])[ \t]*({NUMBER})")
_LOOP = re.compile(r"[oO]([0-9]{1,6})[ \t]*(?:(repeat)[ \t]*\[[ \t]*([0-9]{1,9})[ \t]*\]|(endrepeat))", re.IGNORECASE)
_COMMENT = re.compile(r"\(([^()]*)\)|;(.*)")
_ACTIVE = re.compile(r"\s*(?:[A-Za-z_]+\s*,|LOGCLOSE|PROBECLOSE)", re.IGNORECASE)
_EXPONENT = re.compile(r"[0-9.][eE][+-]?[0-9]|nan|inf", re.IGNORECASE)
_AXES = "XYZ"

# G words by modal group; a line holds one of each at most. https://linuxcnc.org/docs/html/gcode/overview.html
_GROUPS = {0: "motion", 1: "motion", 17: "plane", 20: "units", 21: "units", 40: "radius", 49: "length"} | {
    54: "offset", 61: "path", 90: "distance", 94: "feed mode"
}  # fmt: skip
REQUIRED_MODES = (21, 90, 17, 94, 40, 49, 54, 61)
_UM_PER_UNIT = {20: 25_400.0, 21: 1000.0}
_GATE_WORDS = (62, 63, 64, 65)
_ANALOG_WORD = 67
_END_WORD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something in a line that this reader refuses: its number, what it is, what to do."""

    number: str
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """One line of a loop: its label and how often it runs; None at its end."""

    label: int
    repeats: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one line says; numbers as they stand in the file. A line with a fault says nothing, but for G20."""

    faults: tuple[Fault, ...] = ()
    blank: bool = False
    loop: Loop | None = None
    motion: int | None = None
    axes: tuple[float | None, float | None, float | None] = (None, None, None)
    feed: float | None = None
    um_per_unit: float | None = None
    modes: tuple[int, ...] = ()
    gate: int | None = None
    energy_uj: float | None = None
    rate_khz: float | None = None
    ends: bool = False


def parse_line(line: str, machine: Machine) -> Statement:
    """The statement on one line, without its newline. Never raises."""
    code, fault = _code(line)
    if fault is not None:
        return Statement(faults=(fault,))
    if not code:
        return Statement(blank=not line.strip())
    if code[0] in "oO":
        return _loop(code)
    words, rest = _words(code)
    faults = (_unreadable(rest),) if rest else _faults(words, code, machine)
    return Statement(faults=faults) if faults else _statement(words, machine)


def _code(line: str) -> tuple[str, Fault | None]:
    """The line without its comments, or why it is refused as a whole."""
    if len(line) > LONGEST_LINE:
        message = f"the line has {len(line)} characters"
        return "", Fault(number="M103", message=message, remedy=f"keep to {LONGEST_LINE}")
    if not line.isascii():
        return "", Fault(number="M102", message="the line holds a character that is not ASCII", remedy="write ASCII")
    for match in _COMMENT.finditer(line):
        inner = match[1] if match[1] is not None else match[2]
        if _ACTIVE.match(inner):
            message = f"the comment {inner.strip()[:20]!r} is one that the controller may act on"
            return "", Fault(number="M114", message=message, remedy="reword it")
    code = _COMMENT.sub(" ", line).strip(" \t\r")
    if "(" in code or ")" in code:
        return "", Fault(number="M114", message="a comment is not closed, or stands in another", remedy="close it")
    return code, None


def _unreadable(rest: str) -> Fault:
    if _EXPONENT.search(rest):
        message = f"{rest[:20]!r} is no plain decimal number"
        return Fault(number="M105", message=message, remedy="write fixed decimals")
    return Fault(number="M104", message=f"{rest[:20]!r} cannot be read as words", remedy="remove it")


def _loop_refused(message: str, remedy: str) -> Statement:
    return Statement(faults=(Fault(number="M112", message=message, remedy=remedy),))


def _loop(text: str) -> Statement:
    match = _LOOP.fullmatch(text)
    if match is None:
        return _loop_refused(f"{text[:30]!r} is no counted loop", "only 'o1 repeat [n]' and 'o1 endrepeat' are read")
    label, begins, count, _ = match.groups()
    if not begins:
        return Statement(loop=Loop(label=int(label), repeats=None))
    if not 1 <= int(count) <= MOST_REPEATS:
        return _loop_refused(f"a loop is run {count} times", f"from 1 to {MOST_REPEATS} times are read")
    return Statement(loop=Loop(label=int(label), repeats=int(count)))


def _words(code: str) -> tuple[list[tuple[str, float]], str]:
    """Letters with their numbers, and what is left over."""
    words = []
    place = 0
    while (match := _WORD.match(code, place)) is not None:
        words.append((match[1].upper(), float(match[2])))
        place = match.end()
    return words, code[place:].strip()


def _faults(words: Sequence[tuple[str, float]], code: str, machine: Machine) -> tuple[Fault, ...]:
    """Everything on the line that is not allowed, the inch unit excepted."""
    exponent = any(letter == "E" for letter, _ in words) and ("M", _ANALOG_WORD) not in words
    if exponent and _EXPONENT.search(code):
        return (Fault(number="M105", message="a number has an exponent", remedy="write fixed decimals"),)
    return (*_unknown_words(words), *_repeated_words(words), *_parameter_faults(words, machine), *_feed_faults(words))


def _unknown_words(words: Sequence[tuple[str, float]]) -> list[Fault]:
    known = {"G": set(_GROUPS), "M": {*_GATE_WORDS, _ANALOG_WORD, _END_WORD}}
    return [
        Fault(number="M107", message=f"{letter}{value:g} is not among the words that are read", remedy="remove it")
        for letter, value in words
        if (letter in known and value not in known[letter]) or letter not in "GMFXYZPEQ"
    ]


def _repeated_words(words: Sequence[tuple[str, float]]) -> list[Fault]:
    names = [_slot(letter, value) for letter, value in words]
    return [
        Fault(number="M106", message=f"the line has {count} words for {name}", remedy="leave one")
        for name, count in Counter(names).items()
        if count > 1
    ]


def _slot(letter: str, value: float) -> str:
    """What a word sets: two words for one thing on a line contradict each other."""
    if letter == "G":
        return _GROUPS.get(int(value), f"G{value:g}")
    if letter == "M":
        return "the end" if value == _END_WORD else "an output"
    return letter


def _parameter_faults(words: Sequence[tuple[str, float]], machine: Machine) -> list[Fault]:
    """P belongs to M62-M65, E and Q to M67, and they name outputs that the profile knows."""
    given = dict(words)
    outputs = {int(value) for letter, value in words if letter == "M" and value != _END_WORD}
    wanted = {"P"} if outputs & set(_GATE_WORDS) else {"E", "Q"} if _ANALOG_WORD in outputs else set()
    present = {letter for letter in "PEQ" if letter in given}
    faults = [
        Fault(number="M116", message=f"{letter} {'is missing' if letter in wanted else 'belongs to no word here'}")
        for letter in sorted(wanted ^ present)
    ]
    if faults:
        return faults
    known = {"P": (machine.gate_output,), "E": (machine.energy_output, machine.rate_output)}
    return [
        Fault(
            number="M117",
            message=f"{letter}{given[letter]:g} is no output of machine {machine.name}",
            remedy=f"use {letter}{' or '.join(str(number) for number in known[letter])}",
        )
        for letter in sorted(wanted - {"Q"})
        if given[letter] not in known[letter]
    ]


def _feed_faults(words: Sequence[tuple[str, float]]) -> list[Fault]:
    return [
        Fault(number="M118", message=f"the feed F{value:g} is not positive", remedy="state the feed in mm/min")
        for letter, value in words
        if letter == "F" and value <= 0
    ] + [
        Fault(number="M116", message="G0 or G1 without an axis", remedy="name X, Y or Z")
        for letter, value in words
        if letter == "G" and value in (0, 1) and not any(axis in _AXES for axis, _ in words)
    ]


def _statement(words: Sequence[tuple[str, float]], machine: Machine) -> Statement:
    given = dict(words)
    preparatory = [int(value) for letter, value in words if letter == "G"]
    miscellaneous = [int(value) for letter, value in words if letter == "M"]
    inch = Fault(number="M108", message="G20: the program is in inches", remedy="write millimetres and G21")
    analog = int(given["E"]) if _ANALOG_WORD in miscellaneous else None
    return Statement(
        faults=(inch,) if 20 in preparatory else (),  # noqa: PLR2004 - the G word itself
        motion=next((value for value in preparatory if _GROUPS[value] == "motion"), None),
        axes=(given.get("X"), given.get("Y"), given.get("Z")),
        feed=given.get("F"),
        um_per_unit=next((_UM_PER_UNIT[value] for value in preparatory if value in _UM_PER_UNIT), None),
        modes=tuple(value for value in preparatory if value in REQUIRED_MODES),
        gate=next((value for value in miscellaneous if value in _GATE_WORDS), None),
        energy_uj=given["Q"] if analog == machine.energy_output else None,
        rate_khz=given["Q"] if analog == machine.rate_output else None,
        ends=_END_WORD in miscellaneous,
    )
