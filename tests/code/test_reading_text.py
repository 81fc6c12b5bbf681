"""What an examiner may type, and what is said where it cannot be read."""

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.base.errors import InputError
from engrave.code.alphabet import ALPHABET
from engrave.code.profiles import PROFILE_A, PROFILE_D, PROFILE_G, PROFILE_S, Profile
from engrave.code.reading_text import parse_reading, parse_typed
from engrave.code.shapes import SHAPE_NAMES

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
        ("0H?K B4M[]", ["column 9: '[]' holds no choice; write '?'"]),
        ("0H?K B4M[ ]", ["column 9: '[ ]' holds no choice"]),
        ("0H?K B4M[N?]", ["column 11: '?' cannot stand among choices"]),
        ("0H?K B4[M3", ["column 8: '[' has no partner", "9 positions"]),
        ("[[NH]]?K B4M3", ["column 1: '[' has no partner", "column 6: ']' has no partner", "9 positions"]),
        ("é#[N:2]", ["column 1: 'é'", "column 2: '#'", "column 4: 'N:2' gives a probability above 1", "3 positions"]),
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


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("[N:.7 H:.3]", {"N": ".7", "H": ".3"}),
        ("[H:.3 N:.7]", {"H": ".3", "N": ".7"}),
        ("[ n:0.70\th:0.3 ]", {"N": ".7", "H": ".3"}),
        ("[8:.5 G:.25]", {"B": ".5", "6": ".25"}),
        ("[1:1.]", {"1": "1"}),
        ("[1:.999]", {"1": ".999"}),
        ("[A:.6 B:.3 C:.1]", {"A": ".6", "B": ".3", "C": ".1"}),
        ("[A:.000000001]", {"A": "1E-9"}),
    ],
)
def test_choices_with_probabilities(text: str, read: dict[str, str]) -> None:
    choices = parse_typed(f"{text}???????").characters[0]
    assert choices.probabilities is not None
    given = {ALPHABET[symbol]: share for symbol, share in zip(choices.symbols, choices.probabilities, strict=True)}
    assert given == {character: Decimal(share) for character, share in read.items()}
    assert choices.left == 1 - sum(map(Decimal, read.values()))


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("[N:.7 H:.301]", ["column 4: '[N:.7 H:.301]': the probabilities add up to 1.001, which is above 1"]),
        ("[N:1.001]", ["column 5: 'N:1.001' gives a probability above 1"]),
        ("[N:0 H:.0]", ["column 5: 'N:0' gives the probability 0", "column 9: 'H:.0' gives the probability 0"]),
        ("[N:-.3]", ["column 5: 'N:-.3' gives '-.3', which is no probability"]),
        ("[N:+.3]", ["column 5: 'N:+.3' gives '+.3', which is no"]),
        ("[N:nan H:inf]", ["column 5: 'N:nan' gives 'nan'", "column 11: 'H:inf' gives 'inf'"]),
        ("[N:1E-3]", ["column 5: 'N:1E-3' gives '1E-3'"]),
        ("[N:1e0]", ["column 5: 'N:1e0' gives '1e0'"]),
        ("[N:,7 H:70%]", ["column 5: 'N:,7' gives ',7'", "column 10: 'H:70%' gives '70%'"]),
        ("[N:.0000000001]", ["column 5: 'N:.0000000001' gives '.0000000001', which is no probability"]),
        ("[N:.]", ["column 5: 'N:.' gives '.'"]),
        ("[N:\N{ARABIC-INDIC DIGIT SEVEN}]", ["column 5: "]),
        ("[N: .7]", ["column 5: 'N:' lacks its probability", "column 8: '.7' has no probability"]),
        ("[N:.7 H]", ["column 10: 'H' has no probability; give every choice one, such as '[N:.7 H:.3]', or none"]),
        ("[N:.7H:.3]", ["column 5: 'N:.7H:.3' gives '.7H:.3', which is no probability"]),
        ("[NH:.7]", ["column 5: 'NH:.7' is no choice; write one character"]),
        ("[:]", ["column 5: ':' is no choice"]),
        ("[B:.3 8:.3]", ["column 10: '8:.3' gives 'B' a second time"]),
        ("[?:.3 #:.2]", ["column 5: '?:.3' cannot stand among choices", "column 10: '#:.2' is no character of a mark"]),
    ],
)
def test_every_fault_of_probabilities_with_its_column(text: str, faults: list[str]) -> None:
    found = faults_of(f"123{text}5678")
    assert len(found) == len(faults)
    for expected, fault in zip(faults, found, strict=True):
        assert fault.startswith("characters, column ")
        assert expected in fault
    # Beside the faults of other positions, and of ring and shapes, none is lost.
    assert len(faults_of(f"#{text}5678", "1")) == len(faults) + 3


@pytest.mark.parametrize(("text", "known"), [("[N:.98]", 1), ("[N:.979]", 0), ("[N:.999]", 1), ("[N:.6 H:.38]", 2)])
def test_exact_decoding_takes_a_character_with_much_left_as_lost(text: str, known: int) -> None:
    """By clause 9: lost where more than 0.02 is left."""
    assert len(parse_reading(f"{text}???????")[0]) == known


SYMBOLS = st.integers(0, 31)
SPACE = st.sampled_from(["", " ", "\t", "\n "])


@st.composite
def written_characters(draw: st.DrawFn) -> tuple[str, list[tuple[int, ...]], list[dict[int, Decimal] | None]]:
    """A text of eight positions, and what it says: the symbols of each, and their probabilities."""
    text, said, weights = "", [], []
    for _ in range(8):
        symbols = draw(st.lists(SYMBOLS, max_size=5, unique=True))
        shown = [draw(st.sampled_from([ALPHABET[symbol], ALPHABET[symbol].lower()])) for symbol in symbols]
        shares: dict[int, Decimal] | None = None
        weighed = draw(st.booleans())
        if symbols and weighed:
            # As many parts of a milliard as there are choices, and whatever is left.
            parts = [draw(st.integers(1, 10**9 // len(symbols))) for _ in symbols]
            shares = {symbol: Decimal(part).scaleb(-9) for symbol, part in zip(symbols, parts, strict=True)}
            pairs = zip(shown, shares.values(), strict=True)
            text += f"[{' '.join(f'{character}:{share:.9f}' for character, share in pairs)}]"
        elif len(symbols) == 1 and draw(st.booleans()):
            text += shown[0]
        else:
            text += f"[{draw(SPACE).join(shown)}]" if shown else "?"
        text += draw(SPACE)
        said.append(tuple(symbols))
        weights.append(shares)
    return text, said, weights


@settings(deadline=None, max_examples=150)
@given(written=written_characters())
def test_what_is_written_is_parsed_as_it_was_meant(
    written: tuple[str, list[tuple[int, ...]], list[dict[int, Decimal] | None]],
) -> None:
    text, said, weights = written
    parsed = parse_typed(text).characters
    assert [choices.symbols for choices in parsed] == said
    for choices, shares in zip(parsed, weights, strict=True):
        assert choices.probabilities == (None if shares is None else tuple(shares.values()))


@settings(deadline=None, max_examples=50)
@given(data=st.data(), profile=st.sampled_from([PROFILE_A, PROFILE_D, PROFILE_S]))
def test_cells_written_are_cells_parsed(data: st.DataObject, profile: Profile) -> None:
    cells = [data.draw(st.lists(st.sampled_from("10?"), min_size=n, max_size=n)) for n in [profile.sectors]] * (
        profile.tracks
    )
    text = "/".join(data.draw(SPACE).join(track) for track in cells)
    parsed = parse_typed("????????", text, profile=profile).cells
    assert ["".join("?" if cell < 0 else str(cell) for cell in track) for track in parsed.tolist()] == [
        "".join(track) for track in cells
    ]


def _named(values: Sequence[int]) -> str:
    if not values:
        return "?"
    return SHAPE_NAMES[values[0]] if len(values) == 1 else f"{SHAPE_NAMES[values[0]][0]}?"


@settings(deadline=None, max_examples=50)
@given(
    values=st.lists(
        st.one_of(
            st.just(()),
            st.integers(0, 31).map(lambda v: (v,)),
            st.integers(0, 7).map(lambda shape: tuple(range(4 * shape, 4 * shape + 4))),
        ),
        min_size=12,
        max_size=12,
    )
)
def test_shapes_written_are_shapes_parsed(values: list[tuple[int, ...]]) -> None:
    text = " ".join(map(_named, values))
    assert parse_typed("????????", shapes=text, profile=PROFILE_G).shapes == tuple(values)


TEXTS = st.one_of(st.text(max_size=60), st.text("[]:?.0123456789NHBEe8/ \t-+acdh", max_size=80))


@settings(deadline=None, max_examples=300)
@given(characters=TEXTS, ring=TEXTS, shapes=TEXTS, profile=st.sampled_from([PROFILE_A, PROFILE_S, PROFILE_G]))
def test_any_text_is_a_reading_or_at_fault(characters: str, ring: str, shapes: str, profile: Profile) -> None:
    with suppress(InputError):
        assert len(parse_reading(characters, ring, shapes, profile)) == profile.carried
