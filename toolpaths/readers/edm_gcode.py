"""A program that erodes, as LinuxCNC would run it: every move with the spark on or off, and the erosion it stands for.

Only the words that such a program needs are known; what is not on the list is a finding, and the program then counts as
not understood. Findings M471 to M479:

M471 too large, not ASCII, or a line too long; M472 word or comment not known here; M473 no plain decimal, or beyond a
metre; M474 modes missing before the first motion, or motion after the end; M475 no feed; M476 a height or place not
known; M477 which electrode is used is not said; M478 no M2; M479 further faults.

Comments that say which electrode is meant are read, since the controller has no word for it in a program that stops
for the operator: ``(put in electrode N)``, ``(dress electrode N)``, ``(touch off electrode N)`` and, before each run of
paths, ``(electrode N: name)``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from toolpaths.edm.model import Change, Dress, Erode, Erosion, Event, Setting, TouchOff
from toolpaths.findings import Finding, Severity
from toolpaths.machine import Machine
from toolpaths.model import Polylines

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

MOST_BYTES = 200_000_000
MOST_LINE = 255
MOST_FINDINGS = 50
_MOST_MM = 1000.0
_MODES = frozenset(("G21", "G90", "G17", "G94", "G40", "G49", "G54", "G61"))
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_MOTION = re.compile(rf"(?:(G0|G1) ?)?(?:X({_NUMBER}))? ?(?:Y({_NUMBER}))? ?(?:Z({_NUMBER}))?(?: ?F({_NUMBER}))?")
_PROBE = re.compile(rf"G38\.2 Z({_NUMBER}) F({_NUMBER})")
_OFFSET = re.compile(rf"G10 L20 P1 Z({_NUMBER})")
_SPARK = re.compile(r"M6([45]) P(\d{1,3})")
_ANALOG = re.compile(rf"M67 E(\d{{1,3}}) Q({_NUMBER})")
_FEED = re.compile(rf"F({_NUMBER})")
_COMMENT = re.compile(r"\(([^()]*)\)")
_TOOL = re.compile(r"(put in|dress|touch off) electrode (\d{1,4})")
_RUN = re.compile(r"electrode (\d{1,4}): (.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Every move in order, (m, ...): begin and end (um), feed (um/s, NaN of a rapid), electrode (-1: none), line."""

    begin_um: FloatArray
    end_um: FloatArray
    rapid: BoolArray
    spark: BoolArray
    feed_um_s: FloatArray
    tool: IntArray
    line: IntArray

    def __len__(self) -> int:
        return len(self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErosionRead:
    """What a program does. ``erosion`` holds the events, empty where the program was not understood.

    untouched : lines of an electrode's first path without a touch since it was put in or dressed. spark_at_rest : lines
    that switch the spark on and no feed follows. ``spark_at_end`` : the spark is on when the program ends.
    """

    erosion: Erosion
    moves: Moves
    findings: tuple[Finding, ...]
    untouched: tuple[int, ...] = ()
    spark_at_rest: tuple[int, ...] = ()
    spark_at_end: bool = False

    @property
    def readable(self) -> bool:
        """Whether the whole program was understood."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)


def read_edm_gcode(data: bytes, machine: Machine) -> ErosionRead:
    """What the program makes the machine do, and every fault of its text. Never raises but for another machine.

    Raises ToolpathError where the machine does not erode.
    """
    spark_output = machine.eroder.spark_output
    run = _Run(spark_output=spark_output)
    if len(data) > MOST_BYTES:
        run.fault("M471", 1, f"the program is larger than {MOST_BYTES // 1_000_000} MB")
    else:
        try:
            lines = data.decode("ascii").splitlines()
        except UnicodeDecodeError as error:
            run.fault("M471", data.count(b"\n", 0, error.start) + 1, f"byte {error.start} is not ASCII")
        else:
            run.all(lines)
    return run.outcome()


@dataclass(slots=True)
class _Run:
    """The state of the controller as the program runs, and what has come of it."""

    spark_output: int
    place: list[float] = field(default_factory=lambda: [float("nan")] * 3)
    modes: set[str] = field(default_factory=set)
    motion: str = ""
    feed_mm_min: float = float("nan")
    spark: bool = False
    spark_line: int = 0
    tool: int = -1
    touched: bool = False
    ended: bool = False
    name: str = ""
    values: dict[int, float] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    label: str = ""
    events: list[Event] = field(default_factory=list)
    paths: list[list[tuple[float, float, float]]] = field(default_factory=list)
    rows: list[tuple[float, ...]] = field(default_factory=list)
    faults: list[tuple[str, int, str]] = field(default_factory=list)
    untouched: list[int] = field(default_factory=list)
    at_rest: list[int] = field(default_factory=list)
    across: list[float] = field(default_factory=list)

    def fault(self, number: str, line: int, message: str) -> None:
        self.faults.append((number, line, message))

    def all(self, lines: list[str]) -> None:
        for number, line in enumerate(lines, start=1):
            if len(self.faults) > MOST_FINDINGS:
                return
            self.line(number, line.strip())
        if not self.ended:
            self.fault("M478", len(lines), "the program has no M2")

    def line(self, number: int, text: str) -> None:
        """One line of the program."""
        if not text:
            return
        if len(text) > MOST_LINE:
            self.fault("M471", number, f"the line has more than {MOST_LINE} characters")
            return
        match = _MOTION.fullmatch(text)
        if match is not None:
            self.move(number, match)
            return
        comment = _COMMENT.fullmatch(text)
        if comment is not None:
            self.remark(comment[1])
        elif self.ended:
            self.fault("M474", number, "there is text after the end of the program")
        else:
            self.word(number, text)

    def word(self, number: int, text: str) -> None:
        """A line that is neither motion nor comment."""
        words = text.split()
        if words and set(words) <= _MODES:
            self.modes |= set(words)
        elif text == "M2":
            self.close(ends=True)
            self.ended = True
        elif text == "M0":
            return
        elif (match := _SPARK.fullmatch(text)) is not None:
            self.switch(number, on=match[1] == "4", output=int(match[2]))
        elif (match := _ANALOG.fullmatch(text)) is not None:
            self.analog(int(match[1]), float(match[2]))
        elif (match := _PROBE.fullmatch(text)) is not None:
            self.probe(number, float(match[1]), float(match[2]))
        elif (match := _OFFSET.fullmatch(text)) is not None:
            self.touch(number, float(match[1]))
        else:
            self.fault("M472", number, f"{text[:40]!r} is not known in a program that erodes")

    def remark(self, text: str) -> None:
        """A comment: who is meant, what a number is, or nothing that matters."""
        tool, run = _TOOL.fullmatch(text), _RUN.fullmatch(text)
        self.label = text
        if tool is not None and tool[1] != "touch off":
            self.close()
            self.tool, self.touched, self.values, self.labels = int(tool[2]) - 1, False, {}, {}
            made = Change if tool[1] == "put in" else Dress
            self.events.append(made(tool=self.tool))
        elif run is not None:
            self.close()
            self.tool, self.name = int(run[1]) - 1, run[2]
            self.values, self.labels = {}, {}

    def analog(self, output: int, value: float) -> None:
        """A number for the generator; its name and unit stand in the comment before it."""
        self.close()
        self.values[output] = value
        self.labels[output] = self.label

    def switch(self, number: int, *, on: bool, output: int) -> None:
        if output != self.spark_output:
            self.fault("M472", number, f"output {output} is not the spark's, {self.spark_output}")
            return
        if on:
            self.spark_line = number
            self.paths.append([(self.place[0], self.place[1], self.place[2])])
            if not self.touched:
                self.untouched.append(number)
                self.touched = True
        elif self.spark and len(self.paths[-1]) < 2:  # noqa: PLR2004 - a line has two ends
            self.at_rest.append(self.spark_line)
            self.paths.pop()
        self.spark = on

    def probe(self, number: int, z_mm: float, feed_mm_min: float) -> None:
        """Down until the face is touched; at the given height at the latest."""
        self.travel(number, (None, None, z_mm), rapid=False, feed_mm_min=feed_mm_min)

    def touch(self, number: int, z_mm: float) -> None:
        """The end of the electrode is where the face is."""
        if np.isnan(self.place).any():
            self.fault("M476", number, "the place of the touch is not known")
        self.close()
        self.place[2] = z_mm
        self.touched = True
        x_um, y_um, z_um = (1000.0 * value for value in self.place)
        self.events.append(TouchOff(tool=self.tool, x_um=x_um, y_um=y_um, z_um=z_um))

    def move(self, number: int, match: re.Match[str]) -> None:
        """G0 or G1, or F alone."""
        code, *axes, feed = match.groups()
        if feed is not None:
            self.feed_mm_min = float(feed)
        if code is not None:
            self.motion = code
        if all(axis is None for axis in axes):
            return
        if not self.modes >= _MODES or not self.motion or self.ended:
            self.fault("M474", number, "a motion before the modes that it needs, or after the end")
            return
        rapid = self.motion == "G0"
        if not rapid and not self.feed_mm_min > 0:
            self.fault("M475", number, "a feed move without a feed above 0")
        where = tuple(None if axis is None else float(axis) for axis in axes)
        self.travel(number, where, rapid=rapid, feed_mm_min=self.feed_mm_min)

    def travel(self, number: int, where: tuple[float | None, ...], *, rapid: bool, feed_mm_min: float) -> None:
        """A straight move; the first one to each axis comes from a place that nobody knows."""
        begin = list(self.place)
        for axis, value in enumerate(where):
            if value is not None:
                if not abs(value) <= _MOST_MM:
                    self.fault("M473", number, "a coordinate is further than a metre from the apex")
                    return
                self.place[axis] = value
        if self.spark:
            if np.isnan(begin).any():
                self.fault("M476", number, "the spark burns along a move from a place that is not known")
                return
            self.paths[-1].append((self.place[0], self.place[1], self.place[2]))
        if rapid and (where[0] is not None or where[1] is not None):
            self.across.append(self.place[2])
        self.rows.append((*begin, *self.place, rapid, self.spark, feed_mm_min, self.tool, number))

    def close(self, *, ends: bool = False) -> None:
        """The paths since the last event are one run; the spark must be off, but that a program may end with it on."""
        if self.paths:
            if self.tool < 0:
                self.fault("M477", self.spark_line, "which electrode is used is not said")
            points = np.array([point for path in self.paths for point in path], dtype=np.float64) * 1000.0
            starts = np.cumsum([0, *(len(path) for path in self.paths)])
            if all(len(path) > 1 for path in self.paths) and np.all(np.isfinite(points)):
                self.events.append(
                    Erode(
                        name=self.name,
                        tool=self.tool,
                        feed_um_s=self.feed_mm_min * 1000.0 / 60.0,
                        generator=tuple(self.settings()),
                        paths=Polylines(points=points, starts=starts),
                    )
                )
            else:
                self.fault("M476", self.spark_line, "the spark is switched on where nothing is known, or for no way")
        self.paths = []
        if self.spark and not ends:
            self.fault("M476", self.spark_line, "the spark stays on while electrode, generator or offset are changed")
            self.spark = False

    def settings(self) -> Iterator[Setting]:
        """The generator's numbers as they stand, in the order of the file."""
        for output, value in self.values.items():
            name, parted, unit = self.labels[output].rpartition(" in ")
            yield Setting(name=name if parted else unit, output=output, value=value, unit=unit if parted else "")

    def outcome(self) -> ErosionRead:
        findings = tuple(_findings(self.faults))
        table = np.array(self.rows, dtype=np.float64).reshape(-1, 11)
        moves = Moves(
            begin_um=table[:, 0:3] * 1000.0,
            end_um=table[:, 3:6] * 1000.0,
            rapid=table[:, 6] > 0,
            spark=table[:, 7] > 0,
            feed_um_s=np.where(table[:, 6] > 0, np.nan, table[:, 8] * 1000.0 / 60.0),
            tool=table[:, 9].astype(np.int64),
            line=table[:, 10].astype(np.int64),
        )
        safe_um = 1000.0 * min(self.across, default=0.0)
        events = () if findings else tuple(self.events)
        return ErosionRead(
            erosion=Erosion(events=events, safe_z_um=safe_um),
            moves=moves,
            findings=findings,
            untouched=tuple(self.untouched),
            spark_at_rest=tuple(self.at_rest),
            spark_at_end=self.spark,
        )


_REMEDIES = {
    "M471": "write the program again",
    "M472": "remove the word; pin-engrave writes no such line",
    "M473": "check units and coordinates",
    "M474": "put G21 G90 G17 G94 G40 G49 G54 G61 first and M2 last",
    "M475": "set F before the first G1",
    "M476": "go to a height and a place first, and switch the spark off at the end of each path",
    "M477": "say (put in electrode N) before the first path",
    "M478": "end the program with M2",
    "M479": "mend those above first",
}


def _findings(faults: list[tuple[str, int, str]]) -> Iterator[Finding]:
    shown = faults[:MOST_FINDINGS]
    for number, line, message in shown:
        yield Finding(
            number=number,
            severity=Severity.ERROR,
            message=message,
            place=f"line {line}",
            remedy=_REMEDIES[number],
        )
    if len(faults) > len(shown):
        yield Finding(
            number="M479",
            severity=Severity.ERROR,
            message="there are further faults; reading ended here",
            place=f"line {faults[-1][1]}",
            remedy=_REMEDIES["M479"],
        )
