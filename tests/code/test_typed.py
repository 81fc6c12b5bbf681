"""What typed text is worth: likelihoods by hand, and marks that were typed from anywhere on."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.base.errors import InputError
from engrave.code.alphabet import ALPHABET, characters_of
from engrave.code.codeword import codeword_of
from engrave.code.decode import decode_options
from engrave.code.evidence import Orientation
from engrave.code.profiles import PROFILE_A, PROFILE_D, PROFILE_G, PROFILE_S, Profile
from engrave.code.reading_text import parse_reading
from engrave.code.ring import ring_cells
from engrave.code.shapes import SHAPE_NAMES, ring_shapes
from engrave.code.typed import typed_reading

IDS = st.integers(0, 2**30 - 1)


def likelihoods(text: str) -> dict[str, float]:
    """Of the first position of a text, scaled to a sum of 1."""
    row = np.exp(typed_reading(f"{text}???????").soft.characters[0])
    return dict(zip(ALPHABET, (row / row.sum()).tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "given", "other"),
    [
        # By hand: 0.02 for all that were not given, or what the probabilities leave.
        ("N", {"N": 0.98}, 0.02 / 31),
        ("[N]", {"N": 0.98}, 0.02 / 31),
        ("[N:1]", {"N": 0.98}, 0.02 / 31),
        ("[NH]", {"N": 0.49, "H": 0.49}, 0.02 / 30),
        ("[N:.5 H:.5]", {"N": 0.49, "H": 0.49}, 0.02 / 30),
        ("[N:.7 H:.3]", {"N": 0.686, "H": 0.294}, 0.02 / 30),
        ("[H:.3 N:.7]", {"N": 0.686, "H": 0.294}, 0.02 / 30),
        ("[N:.7 H:.2]", {"N": 0.7, "H": 0.2}, 0.1 / 30),
        ("[N:.979]", {"N": 0.979}, 0.021 / 31),
        ("[N:.999]", {"N": 0.98}, 0.02 / 31),
        ("[N:.01]", {"N": 0.01}, 0.99 / 31),
        ("?", {}, 1 / 32),
    ],
)
def test_likelihoods_of_a_character(text: str, given: dict[str, float], other: float) -> None:
    assert likelihoods(text) == pytest.approx({character: given.get(character, other) for character in ALPHABET})


def test_all_symbols_may_be_given() -> None:
    weights = [f"{character}:{'.5' if character == 'Q' else '.01'}" for character in ALPHABET]
    found = likelihoods(f"[{' '.join(weights)}]")
    assert found == pytest.approx({character: (0.5 if character == "Q" else 0.01) / 0.81 for character in ALPHABET})
    assert likelihoods(f"[{ALPHABET}]") == pytest.approx(dict.fromkeys(ALPHABET, 1 / 32))


def test_likelihoods_of_cells() -> None:
    """A tooth .92 to .02, a gap .08 to .98; lost cells say nothing, nor do four sectors without any tooth."""
    inner, outer = "1" * 10 + "0" * 4 + "?" + "1" * 33, "0" + "1" * 47
    cells = typed_reading("????????", f"{inner}/{outer}").soft.cells
    tooth, gap = log(0.92 / 0.02), log(0.08 / 0.98)
    assert cells[0] == pytest.approx([tooth] * 10 + [gap] * 4 + [0] + [tooth] * 33)
    assert cells[1] == pytest.approx([gap] + [tooth] * 47)
    bare = typed_reading("????????", f"{inner}/{outer[:10]}0000{outer[14:]}").soft.cells
    assert (bare[:, 10:14] == 0).all()


def test_likelihoods_of_shapes() -> None:
    shapes = typed_reading("????????", shapes="c2 c? ? a0 a0 a0 a0 a0 a0 a0 a0 a0", profile=PROFILE_G).soft.shapes
    rows = np.exp(shapes[:3])
    rows /= rows.sum(axis=1, keepdims=True)
    assert rows[0, SHAPE_NAMES.index("c2")] == pytest.approx(0.98)
    assert rows[0, 0] == pytest.approx(0.02 / 31)
    assert rows[1, 8:12] == pytest.approx(0.245)
    assert rows[1, 12] == pytest.approx(0.02 / 28)
    assert rows[2] == pytest.approx(1 / 32)


def test_what_was_typed_is_kept_to_the_letter() -> None:
    reading = typed_reading(" o?[n:.7  H:.3]\n Gi23 8", "  /")
    assert (reading.characters, reading.ring, reading.shapes) == (" o?[n:.7  H:.3]\n Gi23 8", "  /", "")
    assert reading.profile == PROFILE_A
    assert reading.options == parse_reading(" o?[n:.7  H:.3]\n Gi23 8", "  /")
    with pytest.raises(InputError) as caught:
        typed_reading("1234#67", "1", "a0")
    assert len(caught.value.faults) == 4


@settings(deadline=None, max_examples=40)
@given(
    identifier=IDS,
    profile=st.sampled_from([PROFILE_A, PROFILE_D, PROFILE_S]),
    turn=st.integers(0, 63),
    mirrored=st.booleans(),
    negative=st.booleans(),
)
def test_a_ring_typed_any_way_has_its_symbols_if_it_lies_that_way(
    identifier: int, profile: Profile, turn: int, *, mirrored: bool, negative: bool
) -> None:
    """Sector s of the mark is typed at place s, or -s where mirrored, plus the turn (clause 11.8)."""
    codeword = codeword_of(identifier)
    cells = ring_cells(codeword, profile)
    turn %= profile.sectors
    typed = [["?"] * profile.sectors for _ in range(profile.tracks)]
    for track in range(profile.tracks):
        for sector in range(profile.sectors):
            place = ((-sector if mirrored else sector) + turn) % profile.sectors
            typed[track][place] = "1" if cells[track, sector] != negative else "0"
    reading = typed_reading(characters_of(codeword[:8].tolist()), "/".join(map("".join, typed)), profile=profile)
    options = reading.options_if(Orientation(turn=turn, mirrored=mirrored, negative=negative))
    assert [symbol for (symbol,) in options] == codeword[: profile.carried].tolist()
    assert reading.options_if(Orientation()) == reading.options
    assert not decode_options(options, profile).contradictory


@settings(deadline=None, max_examples=20)
@given(identifier=IDS, turn=st.integers(0, 11))
def test_shapes_typed_from_any_start_have_their_symbols(identifier: int, turn: int) -> None:
    codeword = codeword_of(identifier)
    shapes = ring_shapes(codeword)
    typed = " ".join(shapes[(place - turn) % 12] for place in range(12))
    options = typed_reading("????????", shapes=typed, profile=PROFILE_G).options_if(Orientation(turn=turn))
    assert [symbol for (symbol,) in options[8:]] == codeword[8:20].tolist()


def test_lost_cells_stay_lost_in_the_negative() -> None:
    reading = typed_reading("????????", "?" * 48 + "/" + "1" * 48)
    options = reading.options_if(Orientation(negative=True, turn=5))
    assert options[:17] == ((),) * 17
    assert all(options[17:])
