"""What an examiner may type, and what is said where it cannot be read."""

import pytest

from engrave.base.errors import InputError
from engrave.code.alphabet import ALPHABET
from engrave.code.profiles import PROFILE_G, PROFILE_S
from engrave.code.reading_text import parse_reading

NO_RING = ((),) * 18


def faults_of(characters: str, ring: str = "") -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        parse_reading(characters, ring)
    return caught.value.faults


def typed(characters: str) -> list[str]:
    return ["".join(ALPHABET[symbol] for symbol in choices) for choices in parse_reading(characters)[:8]]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0H?K B4M3", ["0", "H", "", "K", "B", "4", "M", "3"]),
        (" 0h?kb4m3\n", ["0", "H", "", "K", "B", "4", "M", "3"]),
        ("IO8G iogz", ["1", "0", "B", "6", "1", "0", "6", "Z"]),
        ("0[NH]?K B[4 a]M3", ["0", "NH", "", "K", "B", "4A", "M", "3"]),
        ("[B8][0OQ]?? ????", ["B", "0Q", "", "", "", "", "", ""]),
    ],
)
def test_characters(text: str, read: list[str]) -> None:
    assert typed(text) == read
    assert parse_reading(text)[8:] == NO_RING


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["0 positions in ''; give 8"]),
        ("0H?KB4M", ["7 positions"]),
        ("0H?K B4M3 1", ["9 positions"]),
        ("0H-K B4M3", ["column 3: '-' is no character of a mark"]),
        ("0H?K B4M[N:.7 H:.3]", ["column 9: '[N:.7 H:.3]': probabilities are not supported; give the choices alone"]),
        ("0H?K B4M[]", ["column 9: '[]' holds no choice; write '?'"]),
        ("0H?K B4M[ ]", ["column 9: '[ ]' holds no choice"]),
        ("0H?K B4M[N?]", ["column 11: '?' cannot stand among choices"]),
        ("0H?K B4[M3", ["column 8: '[' has no partner", "9 positions"]),
        ("[[NH]]?K B4M3", ["column 1: '[' has no partner", "column 6: ']' has no partner", "9 positions"]),
        ("é#[N:1]", ["column 1: 'é'", "column 2: '#'", "column 3: '[N:1]': probabilities", "3 positions"]),
    ],
)
def test_every_fault_of_the_characters(text: str, faults: list[str]) -> None:
    found = faults_of(text)
    assert len(found) == len(faults)
    for expected in faults:
        assert any(expected in fault for fault in found)


# Hand-encoded: the mask itself stands for zeros, so each track of a codeword of zeros is marks and mask.
INNER = "111" + "010101000111111110111000101001110100011111010"
OUTER = "110" + "111101101101001110000101001000111001110101011"


def test_a_ring_and_its_lost_cells() -> None:
    whole = parse_reading("????????", f"{INNER}/{OUTER}")
    assert whole[8:] == ((0,),) * 18
    lost = parse_reading("????????", f"???{INNER[3:7]}?{INNER[8:]} / {OUTER[:-1]}?")
    assert lost[8:] == ((), *((0,),) * 16, ())


@pytest.mark.parametrize(
    ("ring", "known"),
    [("", 0), (" ", 0), ("/", 0), (f"{INNER}/", 9), (f"/ {OUTER}", 9), (f" {INNER[:24]} {INNER[24:]} / ", 9)],
)
def test_a_track_may_be_empty(ring: str, known: int) -> None:
    options = parse_reading("????????", ring)
    assert sum(bool(choices) for choices in options) == known


@pytest.mark.parametrize(
    ("ring", "faults"),
    [
        (INNER, ["1 tracks; give the inner track, '/', and the outer track"]),
        (f"{INNER}/{OUTER}/", ["3 tracks"]),
        (f"{INNER[1:]}/{OUTER}1", ["inner track: 47 cells; give 48", "outer track: 49 cells; give 48"]),
        (
            f"2{INNER[1:]}/x{OUTER[1:]}",
            ["inner track, column 1: '2' is no cell", "outer track, column 50: 'x' is no cell"],
        ),
    ],
)
def test_every_fault_of_the_ring(ring: str, faults: list[str]) -> None:
    found = faults_of("????????", ring)
    assert len(found) == len(faults)
    for expected in faults:
        assert any(expected in fault for fault in found)


def test_faults_of_characters_and_ring_come_together() -> None:
    assert [fault.split(":")[0] for fault in faults_of("#", "1")] == ["characters, column 1", "characters", "ring"]


def test_shapes() -> None:
    options = parse_reading("????????", shapes=" a0 c2 ? d? h3 ? ? ? ? ? ?\n? ", profile=PROFILE_G)
    assert [len(choices) for choices in options] == [0] * 8 + [1, 1, 0, 4, 1] + [0] * 7
    assert parse_reading("????????", profile=PROFILE_G) == ((),) * 20


@pytest.mark.parametrize(
    ("shapes", "faults"),
    [
        ("a0 c2", ["2 in 'a0 c2'; give 12"]),
        ("a4 c2 ? d? i0 ? ? ? ? ? ? ?", ["column 1: 'a4' is no shape", "column 12: 'i0' is no shape"]),
        ("?? a ? 0 ? ? ? ? ? ? ? ?", ["column 1: '??' is no shape", "column 4: 'a' is", "column 8: '0' is"]),
        ("i? c22 ? ? ? ? ? ? ? ? ? ?", ["column 1: 'i?' is no shape", "column 4: 'c22' is no shape"]),
    ],
)
def test_every_fault_of_the_shapes(shapes: str, faults: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse_reading("????????", shapes=shapes, profile=PROFILE_G)
    assert len(caught.value.faults) == len(faults)
    for expected in faults:
        assert any(expected in fault for fault in caught.value.faults)


def test_what_a_profile_lacks_is_refused() -> None:
    with pytest.raises(InputError, match="ring: 1 tracks; this profile has none") as caught:
        parse_reading("????", ring="1", profile=PROFILE_G)
    assert len(caught.value.faults) == 2
    with pytest.raises(InputError, match="ring: 2 tracks; this profile has a single one, give it without '/'"):
        parse_reading("????????", ring="/", profile=PROFILE_S)
    with pytest.raises(InputError, match="ring: 31 cells; give 32"):
        parse_reading("????????", ring="1" * 31, profile=PROFILE_S)
    with pytest.raises(InputError, match="shapes: 'a0'; this profile has none"):
        parse_reading("????????", shapes="a0", profile=PROFILE_S)
