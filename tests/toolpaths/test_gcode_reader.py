"""The G-code reader against programs written by hand, planted faults, random bytes, and the writer."""

import time
from functools import partial
from itertools import pairwise
from operator import ne

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers import gcode_lines
from toolpaths.readers.gcode import read_gcode
from toolpaths.readers.program import Program
from toolpaths.writers.gcode import write_gcode

GOOD = """\
(written by hand)
G21 G90 G17 G94 G40 G49 G54 G61
M65 P0
F600
M67 E0 Q0.7
M67 E1 Q200
G0 X0.1 Y0.2 Z-0.01
M62 P0
G1 X0.2
Y0.3 Z-0.02 ; further
M63 P0
M67 E0 Q0
G0 X0 Y0 Z0
M65 P0
M2
"""

LOOP = """\
G21 G90 G17 G94 G40 G49 G54 G61
M65 P0
F1200
M67 E0 Q0.5
M67 E1 Q100
o7 repeat [27]
G0 X0 Y0 Z0
M62 P0
G1 X0.1
M63 P0
o7 endrepeat
G0 X0 Y0.2 Z0
M62 P0
G1 X0.1
M63 P0
G0 X0
M65 P0
M2
"""


def read(text: str, machine: Machine) -> Program:
    return read_gcode(text.encode("latin-1"), machine)


def numbers(program: Program) -> set[str]:
    return {finding.number for finding in program.findings}


def test_moves_of_a_program_written_by_hand(machine: Machine) -> None:
    program = read(GOOD, machine)
    assert program.findings == ()
    assert program.line.tolist() == [7, 9, 10, 13]
    assert program.lit.tolist() == [False, True, True, False]
    assert program.rapid.tolist() == [True, False, False, True]
    np.testing.assert_allclose(program.begin_um[1:3], [(100, 200, -10), (200, 200, -10)], atol=1e-9)
    np.testing.assert_allclose(program.end_um[1:], [(200, 200, -10), (200, 300, -20), (0, 0, 0)], atol=1e-9)
    np.testing.assert_allclose(program.feed_um_s, [200_000, 10_000, 10_000, 200_000])
    np.testing.assert_allclose(program.pulse_energy_j, [0.7e-6, 0.7e-6, 0.7e-6, 0.0])
    np.testing.assert_allclose(program.repetition_rate_hz, 200e3)
    assert not program.lit_at_end
    assert program.lit_at_rest_lines == ()


def test_toolpath_of_a_program_written_by_hand(machine: Machine) -> None:
    (block,) = read(GOOD, machine).toolpath().blocks
    (operation,) = block.operations
    assert (block.repeats, operation.name) == (1, "line 9")
    np.testing.assert_allclose(operation.paths.points, [(100, 200, -10), (200, 200, -10), (200, 300, -20)], atol=1e-9)
    assert operation.paths.starts.tolist() == [0, 3]
    assert operation.process == Process(pulse_energy_j=0.7e-6, repetition_rate_hz=200e3, feed_um_s=10_000.0)


def test_loop_stands_once_and_counts(machine: Machine) -> None:
    program = read(LOOP, machine)
    assert program.findings == ()
    lit = program.lit
    assert program.times[lit].tolist() == [1, 26, 1]
    assert program.line[lit].tolist() == [9, 9, 14]
    assert program.later_round[lit].tolist() == [False, True, False]
    assert [block.repeats for block in program.toolpath().blocks] == [27, 1]
    # The first rapid comes from an unknown place, the second round's from the loop's end.
    np.testing.assert_allclose(program.begin_um[program.rapid][1], (100, 0, 0))


def test_a_loop_run_once_has_no_second_round(machine: Machine) -> None:
    program = read(LOOP.replace("[27]", "[1]"), machine)
    assert program.times.tolist() == [1] * 5
    assert [block.repeats for block in program.toolpath().blocks] == [1, 1]


def test_paths_that_touch_stay_apart(machine: Machine) -> None:
    # The gate is closed and opened again at (200, 200, -10) um.
    program = read(GOOD.replace("G1 X0.2\n", "G1 X0.2\nM63 P0\nM62 P0\n"), machine)
    (block,) = program.toolpath().blocks
    assert block.operations[0].paths.starts.tolist() == [0, 2, 4]
    assert program.lit.tolist() == [False, True, True, False]


def test_inches_are_carried_out_and_reported(machine: Machine) -> None:
    program = read(GOOD.replace("G21", "G20"), machine)
    assert numbers(program) == {"M108", "M109"}
    assert not program.executable
    np.testing.assert_allclose(program.end_um[1], (0.2 * 25_400, 0.2 * 25_400, -0.01 * 25_400))
    np.testing.assert_allclose(program.feed_um_s[1], 254_000)


@pytest.mark.parametrize(
    ("gates", "lit", "at_rest"),
    [
        (("M62 P0", "", "M63 P0"), (False, True, True, False), ()),
        (("M64 P0", "", "M65 P0"), (False, True, True, False), (8, 12)),
        (("", "M62 P0", "M63 P0"), (False, False, True, False), ()),
        (("M62 P0", "M63 P0", ""), (False, True, False, False), ()),
        (("M62 P0", "M65 P0", ""), (False, True, False, False), (10,)),
        (("M62 P0", "", ""), (False, True, True, True), (15,)),
        # Queued twice: the last command counts, and only from the next motion on.
        (("M62 P0\nM63 P0", "", ""), (False, False, False, False), ()),
        (("M63 P0\nM62 P0", "", "M63 P0"), (False, True, True, False), ()),
        # M65 stops nothing that still waits for its motion.
        (("M62 P0\nM65 P0", "", "M63 P0"), (False, True, True, False), ()),
    ],
)
def test_gate_commands_wait_for_motion_or_do_not(
    machine: Machine, gates: tuple[str, str, str], lit: tuple[bool, ...], at_rest: tuple[int, ...]
) -> None:
    first, second, third = gates
    body = f"G0 X0 Y0 Z0\n{first}\nG1 X0.1\n{second}\nX0.2\n{third}\nG0 X0\n\nM65 P0\nM2\n"
    head = "G21 G90 G17 G94 G40 G49 G54 G61\nF600\nM67 E0 Q1\nM67 E1 Q1\n\n\n"
    program = read(head + body, machine)
    assert program.findings == ()
    assert tuple(program.lit.tolist()) == lit
    assert program.lit_at_rest_lines == at_rest


def test_a_rapid_of_no_length_takes_no_gate_command_along(machine: Machine) -> None:
    program = read(GOOD.replace("M62 P0\n", "M62 P0\nG0 X0.1\n"), machine)
    assert program.lit.tolist() == [False, True, True, False]


def test_beam_left_on_at_the_end(machine: Machine) -> None:
    program = read(GOOD.replace("M63 P0\n", "").replace("M65 P0\nM2", "M2"), machine)
    assert program.lit_at_end


@pytest.mark.parametrize(
    ("old", "new", "number", "line"),
    [
        ("G1 X0.2\n", "G1 X2E-1\n", "M105", 9),
        ("G1 X0.2\n", "G1 X2e-01\n", "M105", 9),
        ("G1 X0.2\n", "G1 Xnan\n", "M105", 9),
        ("G1 X0.2\n", "G1 Xinf\n", "M105", 9),
        ("G1 X0.2\n", "G1 X12345678.0\n", "M104", 9),
        ("G1 X0.2\n", "G1 X0 .2\n", "M104", 9),
        ("G1 X0.2\n", "G1 X0.2.3\n", "M104", 9),
        ("G1 X0.2\n", "G1 X0.2 hello\n", "M104", 9),
        ("G1 X0.2\n", "G1 X#1\n", "M104", 9),
        ("G1 X0.2\n", "#1=3\n", "M104", 9),
        ("G1 X0.2\n", "G1 X[0.1+0.1]\n", "M104", 9),
        ("G1 X0.2\n", "G1 X0.2 X0.2\n", "M106", 9),
        ("G1 X0.2\n", "G0 G1 X0.2\n", "M106", 9),
        ("G1 X0.2\n", "G1 X0.2 A3\n", "M107", 9),
        ("G1 X0.2\n", "G2 X0.2 Y0.2 I0.1\n", "M107", 9),
        ("G1 X0.2\n", "G3 X0.2 Y0.2 I0.1\n", "M107", 9),
        ("G1 X0.2\n", "N10 G1 X0.2\n", "M107", 9),
        ("G1 X0.2\n", "/G1 X0.2\n", "M104", 9),
        ("G1 X0.2\n", "G1 X0.2 P1\n", "M116", 9),
        ("G1 X0.2\n", "G1\n", "M116", 9),
        ("G1 X0.2\n", "G1 X0.2 F0\n", "M118", 9),
        ("G1 X0.2\n", "G1 X0.2 F-5\n", "M118", 9),
        ("G1 X0.2\n", "G1 X0.2" + " " * 260 + "\n", "M103", 9),
        ("G1 X0.2\n", "G1 X0.2 (\xb5)\n", "M102", 9),
        ("G1 X0.2\n", "G1 X0.2 (MSG, hello)\n", "M114", 9),
        ("G1 X0.2\n", "G1 X0.2 (logopen,x.txt)\n", "M114", 9),
        ("G1 X0.2\n", "G1 X0.2 (open\n", "M114", 9),
        ("G1 X0.2\n", "G1 X0.2 (a (b) c)\n", "M114", 9),
        ("G1 X0.2\n", "G4 P1\n", "M107", 9),
        ("G1 X0.2\n", "G92 X0\n", "M107", 9),
        ("G1 X0.2\n", "G91\n", "M107", 9),
        ("G1 X0.2\n", "M3 S100\n", "M107", 9),
        ("G1 X0.2\n", "M5\n", "M107", 9),
        ("G1 X0.2\n", "M68 E0 Q1\n", "M107", 9),
        ("G1 X0.2\n", "o100 call\n", "M112", 9),
        ("G1 X0.2\n", "o1 repeat [#1]\n", "M112", 9),
        ("G1 X0.2\n", "o1 endrepeat\n", "M112", 9),
        ("G1 X0.2\n", "o1 repeat [2]\nG1 X0.2\n", "M112", 9),
        ("G1 X0.2\n", "o1 repeat [0]\no1 endrepeat\nG1 X0.2\n", "M112", 9),
        ("G1 X0.2\n", "o1 repeat [10001]\no1 endrepeat\nG1 X0.2\n", "M112", 9),
        ("G1 X0.2\n", "o1 repeat [2]\no2 repeat [2]\nG1 X0.2\no2 endrepeat\no1 endrepeat\n", "M112", 10),
        ("G1 X0.2\n", "o1 repeat [2]\no1 endrepeat\no1 repeat [2]\nG1 X0.2\no1 endrepeat\n", "M112", 11),
        ("M62 P0\n", "M62\n", "M116", 8),
        ("M62 P0\n", "M62 P1\n", "M117", 8),
        ("M62 P0\n", "M62 P0.5\n", "M117", 8),
        ("M67 E0 Q0.7\n", "M67 E0\n", "M116", 5),
        ("M67 E0 Q0.7\n", "M67 E2 Q0.7\n", "M117", 5),
        ("M67 E0 Q0.7\n", "M67 E0 Q7E-1\n", "M106", 5),
        ("G0 X0.1 Y0.2 Z-0.01\n", "G0 X0.1 Y0.2\n", "M115", 7),
        ("G0 X0.1 Y0.2 Z-0.01\n", "G1 X0.1 Y0.2 Z-0.01\n", "M115", 7),
        ("G0 X0.1 Y0.2 Z-0.01\n", "X0.1 Y0.2 Z-0.01\n", "M119", 7),
        ("F600\n", "G21 F600\n", "M106", 2),
        ("G21 G90", "G21 F600 G90", "M109", 2),
        ("G21 G90", "G90", "M109", 7),
        ("G90 ", "", "M109", 7),
        ("G61", "", "M109", 7),
        ("G54 ", "G55 ", "M107", 2),
        ("M2\n", "", "M110", 15),
        ("M2\n", "M30\n", "M107", 15),
        ("M2\n", "M2\nG0 X1\n", "M111", 16),
        ("M2\n", "M2\n(more)\n", "M111", 16),
        ("M2\n", "M2\nX1\n", "M111", 16),
    ],
)
def test_planted_faults_are_named_with_their_line(machine: Machine, old: str, new: str, number: str, line: int) -> None:
    assert old in GOOD
    text = GOOD.replace("F600\n", "G20 G21\n") if new == "G21 F600\n" else GOOD.replace(old, new)
    expected_line = 4 if new == "G21 F600\n" else line
    program = read(text, machine)
    assert not program.executable
    assert (number, f"line {expected_line}") in {(finding.number, finding.place) for finding in program.findings}


def test_every_fault_is_listed_up_to_a_cap(machine: Machine) -> None:
    program = read("\n".join(["G91"] * 80) + "\n" + GOOD, machine)
    assert len(program.findings) == 51
    assert program.findings[-1].number == "M199"
    assert program.findings[-1].value == 30


def test_a_loop_that_drifts_is_refused(machine: Machine) -> None:
    drifting = LOOP.replace("G1 X0.1\nM63 P0\no7", "G1 X0.1\nG20\nM63 P0\no7")
    assert "M113" in numbers(read(drifting, machine))
    # The second round's rapid has no length, so what the first took along stays queued.
    stuck = "G0 X0 Y0 Z0\no7 repeat [3]\nM62 P0\nG0 X1 Y1 Z1\no7 endrepeat\nM63 P0\nG0 X0\n"
    head, _, _ = LOOP.partition("o7")
    assert "M113" in numbers(read(head + stuck + "M65 P0\nM2\n", machine))


def test_m2_inside_a_loop_is_refused(machine: Machine) -> None:
    assert "M112" in numbers(read(LOOP.replace("G1 X0.1\nM63 P0\no7", "G1 X0.1\nM63 P0\nM2\no7"), machine))


@pytest.mark.parametrize("text", ["g1x.2\n", "G01 X+0.2000\n", "\tG1\tX 0.2\r\n", "G1.0 X0.2 (note)\n", "x0.2 g1\n"])
def test_spellings_that_mean_the_same(machine: Machine, text: str) -> None:
    expected = read(GOOD, machine)
    program = read(GOOD.replace("G1 X0.2\n", text), machine)
    assert program.findings == ()
    np.testing.assert_array_equal(program.end_um, expected.end_um)


def test_too_large_a_file_is_refused_unread(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(GOOD)
    monkeypatch.setattr(gcode_lines, "MOST_BYTES", size)
    assert read(GOOD, machine).executable
    monkeypatch.setattr(gcode_lines, "MOST_BYTES", size - 1)
    program = read(GOOD, machine)
    assert numbers(program) == {"M101"}
    assert len(program) == 0
    monkeypatch.setattr(gcode_lines, "MOST_BYTES", size)
    monkeypatch.setattr(gcode_lines, "MOST_LINES", GOOD.count("\n"))
    assert numbers(read(GOOD, machine)) == {"M101"}


@pytest.mark.parametrize("text", ["", "\n", "(only a comment)\n", "M2"])
def test_next_to_nothing(machine: Machine, text: str) -> None:
    program = read(text, machine)
    assert len(program) == 0
    assert program.toolpath().blocks == ()


@given(st.binary(max_size=400))
def test_random_bytes_never_raise(machine: Machine, data: bytes) -> None:
    program = read_gcode(data, machine)
    program.toolpath()


WORDS = st.one_of(
    st.sampled_from(
        ["G0", "G1", "G20", "G21", "G90", "G91", "M62", "M63", "M64", "M65", "M67", "M2", "P0", "E0", "E1"]
    ),
    st.sampled_from(["Q1", "F600", "X1", "Y-2", "Z.5", "X1e5", "o1", "repeat", "[3]", "[", "]", "endrepeat"]),
    st.sampled_from(["(", ")", ";", "#", "(MSG,", "\n", "\n", "\n"]),
)


@given(st.lists(WORDS, max_size=60), st.integers(0, len(LOOP)))
def test_random_words_in_a_good_program_never_raise(machine: Machine, words: list[str], place: int) -> None:
    started = time.process_time()
    program = read(LOOP[:place] + " ".join(words) + LOOP[place:], machine)
    program.toolpath()
    assert time.process_time() - started < 1.0
    assert np.all(np.isfinite(program.begin_um))
    assert np.all(np.isfinite(program.end_um))


@given(st.data())
def test_a_changed_byte_never_raises(machine: Machine, data: st.DataObject) -> None:
    mutated = bytearray(LOOP.encode())
    for _ in range(data.draw(st.integers(1, 5))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    read_gcode(bytes(mutated), machine).toolpath()


@pytest.mark.parametrize(
    "line", ["(" * 250, ";" * 250, "G" * 250, "o" * 250, " " * 250 + "x", "X1" * 120, "1" * 250, "X." * 120, "[" * 250]
)
def test_time_stays_bounded_on_hostile_lines(machine: Machine, line: str) -> None:
    # Each line a little different, so that none is remembered.
    text = "\n".join(f"{line[:248]}{index % 7}{index % 11}" for index in range(2000))
    started = time.process_time()
    assert not read(text, machine).executable
    assert time.process_time() - started < 2.0


@st.composite
def toolpaths(draw: st.DrawFn) -> Toolpath:
    whole_nm = st.integers(-900_000, 900_000)
    energies = st.sampled_from([0.7e-6, 0.25e-6, 1.234567e-6])
    blocks = []
    for _ in range(draw(st.integers(1, 3))):
        operations = []
        previous: Process | None = None
        for _ in range(draw(st.integers(1, 3))):
            process = draw(
                st.builds(
                    Process,
                    pulse_energy_j=energies,
                    repetition_rate_hz=st.sampled_from([1e5, 2e5]),
                    feed_um_s=st.floats(1.0, 2e5).map(lambda feed: round(feed, 3)),
                ).filter(partial(ne, previous))
            )
            previous = process
            paths = draw(
                st.lists(
                    st.lists(st.tuples(whole_nm, whole_nm, whole_nm), min_size=2, max_size=5).filter(_moves),
                    min_size=1,
                    max_size=4,
                )
            )
            points = np.array([point for path in paths for point in path]) / 1000.0
            starts = np.cumsum([0, *(len(path) for path in paths)])
            operations.append(
                Operation(name="any", process=process, paths=Polylines(points=points, starts=starts)),
            )
        blocks.append(Block(repeats=draw(st.integers(1, 40)), operations=tuple(operations)))
    return Toolpath(blocks=tuple(blocks))


def _moves(path: list[tuple[int, int, int]]) -> bool:
    return all(one != other for one, other in pairwise(path))


@given(toolpaths())
def test_reading_what_was_written_gives_it_back(machine: Machine, path: Toolpath) -> None:
    program = read_gcode(write_gcode(path, machine, header=["round trip"]), machine)
    assert program.findings == ()
    assert not program.lit_at_end
    assert program.lit_at_rest_lines == ()
    assert not np.any(program.lit & program.rapid)
    again = program.toolpath()
    # Neighbouring blocks that run once need no loop between them, and so come back as one.
    wanted = _merged(path)
    assert [block.repeats for block in again.blocks] == [repeats for repeats, _ in wanted]
    for block, (_, operations) in zip(again.blocks, wanted, strict=True):
        for found, (process, lines) in zip(block.operations, operations, strict=True):
            figures = (found.process.pulse_energy_j, found.process.repetition_rate_hz, found.process.feed_um_s)
            np.testing.assert_allclose(figures, process, rtol=1e-6)
            assert len(found.paths) == len(lines)
            for one, other in zip(found.paths, lines, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-6, rtol=0)


Lines = list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]
Figures = tuple[float, float, float]


def _merged(path: Toolpath) -> list[tuple[int, list[tuple[Figures, Lines]]]]:
    """Blocks as a file can tell them apart: those run once joined, neighbours of one process joined."""
    blocks: list[tuple[int, list[tuple[Figures, Lines]]]] = []
    for block in path.blocks:
        joins = blocks and block.repeats == 1 and blocks[-1][0] == 1
        if not joins:
            blocks.append((block.repeats, []))
        operations = blocks[-1][1]
        for operation in block.operations:
            process = operation.process
            figures = (process.pulse_energy_j, process.repetition_rate_hz, process.feed_um_s)
            if operations and operations[-1][0] == figures:
                operations[-1][1].extend(operation.paths)
            else:
                operations.append((figures, list(operation.paths)))
    return blocks
