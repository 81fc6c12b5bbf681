"""The frozen vectors of all profiles, what must be refused, and the worked example of ``docs/code-spec.md``."""

import json
import re
from hashlib import blake2s
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engrave.base.errors import InputError
from engrave.code.alphabet import ALPHABET, characters_of, displayed
from engrave.code.codeword import codes_of, codeword_of, codewords_of, id_of
from engrave.code.decode import decode_options
from engrave.code.mark import Mark, make_mark, mark_from_json, mark_to_json
from engrave.code.permutation import permute, permute_all
from engrave.code.profiles import PROFILES, Profile
from engrave.code.ranges import Range, RangeTable
from engrave.code.reading_text import parse_reading
from engrave.code.reedsolomon import fill
from engrave.code.ring import ring_cells, ring_symbols
from engrave.code.shapes import SHAPE_NAMES, ring_shapes, shape_symbols
from engrave.code.templates import parse_template

ROOT = Path(__file__).parents[2]


def loaded(name: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / "tests/data" / name).read_text(encoding="utf-8")))


VECTORS = loaded("code_vectors.json")
INVALID = loaded("code_vectors_invalid.json")
BY_PROFILE = {
    "A": VECTORS,
    "D": loaded("code_vectors_d.json"),
    "S": loaded("code_vectors_s.json"),
    "G": loaded("code_vectors_g.json"),
}
FROZEN = {"A": "32fc5cfb3e97f432", "D": "ed09851771397597", "S": "a4863c1a8ebda53b", "G": "32bf28ecb8701717"}


def vectors(part: str, label: str) -> list[Any]:
    """Every row of a part of the vectors, with its profile."""
    return [
        pytest.param(PROFILES[name], row, id=f"{name}-{row[label]}")
        for name, file in BY_PROFILE.items()
        for row in file[part]
    ]


SPECIFICATION = (ROOT / "docs/code-spec.md").read_text(encoding="utf-8")
EXAMPLE = dict(re.findall(r"^    (\S[A-Za-z0-9, ]*?)  +(\S.*)$", SPECIFICATION, flags=re.MULTILINE))

RANGE = Range(maker="M", model="X", template="999-99999", first="300-00000", last="399-99999", base=30_000_000)


def numbers(name: str) -> list[int]:
    return [int(word) for word in EXAMPLE[name].split()]


def example_mark() -> Mark:
    return make_mark(serial=EXAMPLE["serial"], maker="M", model="X", ranges=RangeTable((RANGE,)))


@pytest.mark.parametrize("name", BY_PROFILE)
def test_the_vectors_are_frozen(name: str) -> None:
    """What was published stays: whoever changes a line of these makes another profile."""
    keys = ["id", "permuted", "codeword", "characters", "ring", *(["shapes"] if name == "G" else [])]
    marks = [[row[key] for key in keys] for row in BY_PROFILE[name]["words"]]
    assert blake2s(json.dumps(marks).encode(), digest_size=8).hexdigest() == FROZEN[name]


@pytest.mark.parametrize(("profile", "vector"), vectors("words", "id"))
def test_words(profile: Profile, vector: dict[str, Any]) -> None:
    codeword = codeword_of(vector["id"])
    assert permute(vector["id"]) == vector["permuted"]
    assert codeword.tolist() == vector["codeword"]
    assert id_of(np.array(vector["codeword"], dtype=np.uint8)) == vector["id"]
    assert characters_of(vector["codeword"][:8]) == vector["characters"]
    cells = np.array([list(track) for track in vector["ring"]]).astype(np.int8).reshape(profile.tracks, profile.sectors)
    assert np.array_equal(ring_cells(codeword, profile), cells)
    assert ring_shapes(codeword, profile) == tuple(vector.get("shapes", ()))
    values = [(SHAPE_NAMES.index(name),) for name in vector.get("shapes", ())]
    of_shapes = tuple(symbol for (symbol,) in shape_symbols(values, profile))
    assert ring_symbols(cells, profile) + of_shapes == tuple(vector["codeword"][8 : profile.carried])


def test_words_by_the_table() -> None:
    """The same vectors at once, by the look-ups that many ids are worth."""
    words = [word for vectors_of in BY_PROFILE.values() for word in vectors_of["words"]]
    identifiers = np.array([word["id"] for word in words], dtype=np.int64)
    assert permute_all(identifiers).tolist() == [word["permuted"] for word in words]
    assert codes_of(identifiers).tolist() == [word["permuted"] for word in words]
    assert codewords_of(permute_all(identifiers)).tolist() == [word["codeword"] for word in words]


@pytest.mark.parametrize(("profile", "vector"), vectors("readings", "about"))
def test_readings(profile: Profile, vector: dict[str, Any]) -> None:
    options = parse_reading(vector["characters"], vector["ring"], vector.get("shapes", ""), profile)
    decoding = decode_options(options, profile)
    assert decoding.missing_symbols == vector["missing_symbols"]
    assert decoding.contradictory == vector["contradictory"]
    assert len(decoding.candidates) == len(vector["candidates"])
    for candidate, expected in zip(decoding.candidates, vector["candidates"], strict=True):
        assert expected["id"] in (None, candidate.id)
        assert candidate.characters == expected["characters"]
        assert list(candidate.agreeing) == expected["agreeing"]
        assert list(candidate.overruled) == expected["overruled"]
        assert candidate.check_bits == expected["check_bits"]
        assert candidate.identified == expected["identified"]


@pytest.mark.parametrize("vector", INVALID["readings"], ids=lambda vector: vector["about"])
def test_readings_that_must_be_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        parse_reading(vector["characters"], vector["ring"], vector["shapes"], PROFILES[vector["profile"]])


@pytest.mark.parametrize("vector", INVALID["words"], ids=lambda vector: vector["about"])
def test_words_that_are_no_codewords(vector: dict[str, Any]) -> None:
    word = np.array([vector["codeword"]], dtype=np.uint8)
    assert not fill(word, np.ones((1, 32), dtype=np.bool_)).consistent.any()


@pytest.mark.parametrize("vector", INVALID["marks"], ids=lambda vector: vector["about"])
def test_documents_that_must_be_refused(vector: dict[str, Any]) -> None:
    if vector["valid"]:
        mark = mark_from_json(vector["mark"])
        assert mark_to_json(mark) == vector["mark"]
        profile = PROFILES[mark.profile]
        made = make_mark(serial=mark.serial, maker="M", model="X", ranges=RangeTable((RANGE,)), profile=profile)
        assert made == mark
        return
    with pytest.raises(InputError):
        mark_from_json(vector["mark"])


@pytest.mark.parametrize("vector", VECTORS["serials"], ids=lambda vector: vector["template"])
def test_serials(vector: dict[str, Any]) -> None:
    template = parse_template(vector["template"])
    assert template.index(vector["serial"]) == vector["index"]
    assert template.serial(vector["index"]) == vector["serial"]
    assert template.capacity == vector["capacity"]


def test_the_worked_example_is_what_we_make() -> None:
    mark = example_mark()
    template = parse_template(RANGE.template)
    assert template.index(mark.serial) == int(EXAMPLE["index of serial"])
    assert RANGE.first is not None
    assert template.index(RANGE.first) == int(EXAMPLE["index of first"])
    assert mark.id == int(EXAMPLE["id"])
    assert permute(mark.id) == int(EXAMPLE["permuted id"])
    assert list(mark.codeword) == numbers("codeword")
    assert displayed(mark.characters) == EXAMPLE["characters"]
    assert mark.ring == (EXAMPLE["inner track"], EXAMPLE["outer track"])


def test_the_example_in_the_other_profiles_is_what_we_make() -> None:
    printed = {"D": [EXAMPLE["ring of D, inner"], EXAMPLE["ring of D, outer"]], "S": [EXAMPLE["ring of S"]], "G": []}
    for name, ring in printed.items():
        (row,) = (row for row in BY_PROFILE[name]["words"] if row["id"] == int(EXAMPLE["id"]))
        assert row["ring"] == ring
        assert row.get("shapes", []) == (EXAMPLE["shapes of G"].split() if name == "G" else [])


def test_the_worked_example_follows_from_the_text() -> None:
    """Clauses 3 to 6 step by step, on the numbers printed in the example alone."""
    halves = [numbers("halves in"), *(numbers(f"round {number}") for number in range(8))]
    assert halves[0] == list(divmod(int(EXAMPLE["id"]), 2**15))
    for number, ((left, right), after) in enumerate(pairwise(halves)):
        digest = blake2s(bytes([number, right >> 8, right & 255]), digest_size=2, person=b"pinmarkA").digest()
        assert after == [right, left ^ int.from_bytes(digest, "big") & 0x7FFF]
    assert halves[-1][0] << 15 | halves[-1][1] == int(EXAMPLE["permuted id"])
    codeword = numbers("codeword")
    assert f"{int(EXAMPLE['permuted id']):030b}" == "".join(f"{symbol:05b}" for symbol in codeword[:6])
    assert "".join(ALPHABET[symbol] for symbol in codeword[:8]) == EXAMPLE["characters"].replace(" ", "")
    assert numbers("ring symbols") == codeword[8:26]
    masks = [EXAMPLE[name].replace(" ", "") for name in ("inner", "outer")]
    bits = "".join(f"{symbol:05b}" for symbol in numbers("multiplied"))
    for marks, mask, part, name in zip(("111", "110"), masks, (bits[:45], bits[45:]), ("inner", "outer"), strict=True):
        masked = "".join(str(int(bit != flip)) for bit, flip in zip(part, mask, strict=True))
        assert marks + masked == EXAMPLE[f"{name} track"]


def test_the_masks_and_the_alphabet_in_the_text_are_the_vectors() -> None:
    names = {"A": ("inner", "outer"), "D": ("D inner", "D outer"), "S": ("S ring",), "G": ("G shapes",)}
    for profile, parts in names.items():
        assert [EXAMPLE[name].replace(" ", "") for name in parts] == BY_PROFILE[profile]["mask"]
    assert f"\n    {ALPHABET}\n" in SPECIFICATION


def test_the_generator_polynomial_in_the_text_divides_the_example() -> None:
    """Long division in GF(32) with a table of powers made here: the remainder of positions 0 to 30 is zero."""
    powers = [1]
    while len(powers) < 31:
        powers.append(powers[-1] << 1 ^ (0b100101 if powers[-1] & 16 else 0))
    match = re.search(r"^    (1 16 27 [\d ]+)$", SPECIFICATION, flags=re.MULTILINE)
    assert match is not None
    generator = [int(word) for word in match[1].split()]
    rest = numbers("codeword")[:31]
    for place in range(6):
        factor = rest[place]
        for offset, coefficient in enumerate(generator):
            if factor:
                rest[place + offset] ^= powers[(powers.index(factor) + powers.index(coefficient)) % 31]
    assert len(generator) == 26
    assert not any(rest)


@pytest.mark.parametrize(
    ("characters", "ring", "check_bits"),
    [("Q?P9 ?RDN", "", 0), ("QSP9 FRDN", "", 10), ("QSPA FRDN", "", None), ("????????", "/{outer track}", 15)],
)
def test_the_readings_told_beside_the_example(characters: str, ring: str, check_bits: int | None) -> None:
    assert characters == "?" * 8 or f"`{characters}`" in SPECIFICATION
    decoding = decode_options(parse_reading(characters, ring.format_map(EXAMPLE)))
    assert [candidate.check_bits for candidate in decoding.candidates] == ([] if check_bits is None else [check_bits])
    assert decoding.contradictory == (check_bits is None)
    assert (decoding.identified is not None) == (check_bits is not None and check_bits >= 10)
