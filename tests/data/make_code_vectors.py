"""Make ``code_vectors.json``: profile A's frozen vectors, from galois and a plain reading of ``docs/code-spec.md``.

Nothing of ``engrave`` is used here, so that its tests compare two implementations. Run again, it writes the same file:
``python tests/data/make_code_vectors.py``. A vector that changes is a mark that no longer reads.
"""

import itertools
import json
import math
import re
from hashlib import blake2s
from pathlib import Path
from typing import Any

import galois
import numpy as np

ALPHABET = "012345679ABCDEFHJKLMNPQRSTUVWXYZ"
GF = galois.GF(2**5, irreducible_poly=0b100101, primitive_element=2)
CODE = galois.ReedSolomon(31, 6, field=GF, alpha=2, c=1)
MASK_LABEL = b"pin-engrave ring A"
MASK = "".join(f"{byte:08b}" for byte in blake2s(MASK_LABEL, digest_size=12).digest())[:90]
MARK_CELLS = ("111", "110")
CARRIERS = (range(8), range(8, 17), range(17, 26))

Options = list[list[int]]


def permuted(identifier: int) -> int:
    """Clause 3."""
    left, right = divmod(identifier, 2**15)
    for number in range(8):
        message = bytes([number, right // 256, right % 256])
        digest = blake2s(message, digest_size=2, person=b"pinmarkA").digest()
        left, right = right, left ^ ((digest[0] * 256 + digest[1]) % 2**15)
    return left * 2**15 + right


def extended(message: list[int]) -> list[int]:
    """Clause 4."""
    word = CODE.encode(GF(message))
    return [int(symbol) for symbol in word] + [int(np.sum(word))]


GENERATOR = GF([extended([int(row == column) for column in range(6)]) for row in range(6)])


def codeword_of(identifier: int) -> list[int]:
    """Clauses 3 and 4."""
    number = permuted(identifier)
    return extended([number // 32 ** (5 - place) % 32 for place in range(6)])


def ring_of(codeword: list[int]) -> list[str]:
    """Clause 6."""
    bits = "".join(f"{int(GF(codeword[p]) * GF(2) ** (6 * p)):05b}" for p in range(8, 26))
    masked = "".join(str(int(bit != flip)) for bit, flip in zip(bits, MASK, strict=True))
    return [MARK_CELLS[0] + masked[:45], MARK_CELLS[1] + masked[45:]]


def characters_of(codeword: list[int]) -> str:
    """Clause 5."""
    return "".join(ALPHABET[symbol] for symbol in codeword[:8])


def unringed(track: str, index: int) -> Options:
    """Clause 6 backwards: the nine symbols of one track, a symbol with a '?' in it lost."""
    found: Options = []
    for place in range(9):
        p = 8 + 9 * index + place
        cells = track[3 + 5 * place : 8 + 5 * place]
        mask = MASK[45 * index + 5 * place : 45 * index + 5 * place + 5]
        if "?" in cells:
            found.append([])
        else:
            number = int(cells, 2) ^ int(mask, 2)
            found.append([int(GF(number) / GF(2) ** (6 * p))])
    return found


def fitting(options: Options) -> list[list[int]]:
    """Every codeword that fits all known symbols, by linear algebra over the field."""
    known = [p for p, choices in enumerate(options) if choices]
    if len(known) < 6:
        return []
    inverse = np.linalg.inv(GENERATOR[:, known[:6]])
    words = []
    for symbols in itertools.product(*(options[p] for p in known)):
        word = [int(symbol) for symbol in GF(list(symbols[:6])) @ inverse @ GENERATOR]
        if [word[p] for p in known] == list(symbols):
            words.append(word)
    return words


IDS_BY_WORD: dict[tuple[int, ...], int] = {}


def candidate(word: list[int], options: Options, *, sole: bool) -> dict[str, Any]:
    """Clause 8, one row of the list. The id is looked up among those this script encoded, None where it is another."""
    known = [p for p, choices in enumerate(options) if choices]
    agreeing = [p for p in known if word[p] in options[p]]
    spent = math.ceil(math.log2(math.prod(len(options[p]) for p in known)))
    check_bits = max(0, 5 * (len(agreeing) - 6) - spent)
    return {
        "id": IDS_BY_WORD.get(tuple(word)),
        "characters": characters_of(word),
        "agreeing": agreeing,
        "overruled": [p for p in known if p not in agreeing],
        "check_bits": check_bits,
        "identified": sole and check_bits >= 10,
    }


def reading(about: str, characters: str, ring: str) -> dict[str, Any]:
    """Clauses 7 and 8 on one typed reading; ``characters`` here hold no look-alikes, spaces or lower case."""
    options: Options = []
    for choices, single in re.findall(r"\[(.*?)\]|(.)", characters):
        options.append([ALPHABET.index(character) for character in (choices or single) if character != "?"])
    tracks = [track or "?" * 48 for track in (ring or "/").split("/")]
    options += unringed(tracks[0], 0) + unringed(tracks[1], 1)
    whole = fitting(options)
    alone = [
        word for carrier in CARRIERS for word in fitting([c if p in carrier else [] for p, c in enumerate(options)])
    ]
    known = sum(bool(choices) for choices in options)
    distinct = [list(word) for word in dict.fromkeys(map(tuple, whole or alone))]
    rows = [candidate(word, options, sole=len(whole) == 1) for word in distinct]
    order = sorted(range(len(rows)), key=lambda row: (-len(rows[row]["agreeing"]), distinct[row]))
    return {
        "about": about,
        "characters": characters,
        "ring": ring,
        "missing_symbols": max(0, 6 - known),
        "contradictory": known >= 6 and not whole,
        "candidates": [rows[row] for row in order],
    }


def lost(text: str, start: int, stop: int) -> str:
    """The text with a stretch of it lost."""
    return text[:start] + "?" * (stop - start) + text[stop:]


def negative(track: str) -> str:
    """Every cell turned over."""
    return track.translate(str.maketrans("01", "10"))


def readings(one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    """Whole, damaged, contradictory and hopeless readings of two pins."""
    text, (inner, outer) = one["characters"], one["ring"]
    wrong = ALPHABET[ALPHABET.index(text[3]) ^ 1]
    overlaid_inner, overlaid_outer = other["ring"]
    return [
        reading("everything read", text, f"{inner}/{outer}"),
        reading("characters only", text, ""),
        reading("two characters lost", lost(text, 2, 4), ""),
        reading("three characters lost: hopeless", lost(text, 2, 5), ""),
        reading("outer track only", "????????", "/" + outer),
        reading("inner track only, two symbols lost", "????????", lost(inner, 8, 18) + "/"),
        reading("half the ring", "????????", f"{lost(inner, 20, 48)}/{lost(outer, 20, 48)}"),
        reading("half the ring and half the text", lost(text, 4, 8), f"{lost(inner, 20, 48)}/{lost(outer, 20, 48)}"),
        reading("one character wrong", text[:3] + wrong + text[4:], ""),
        reading("one character wrong, ring whole", text[:3] + wrong + text[4:], f"{inner}/{outer}"),
        reading("one character doubtful", text[:3] + f"[{wrong}{text[3]}]" + text[4:], ""),
        reading(
            "one character doubtful, with the ring", text[:3] + f"[{wrong}{text[3]}]" + text[4:], f"{inner}/{outer}"
        ),
        reading("a doubtful character, both choices wrong", text[:3] + "[" + wrong + text[2] + "]" + text[4:], ""),
        reading("six characters, one doubtful", f"[{wrong}{text[0]}]" + text[1:6] + "??", ""),
        reading("text of one pin, ring of another", text, f"{overlaid_inner}/{overlaid_outer}"),
        reading("text and inner track of one pin, outer of another", text, f"{inner}/{overlaid_outer}"),
        reading("the ring's negative", "????????", f"{negative(inner)}/{negative(outer)}"),
        reading("the ring turned by five sectors", "????????", f"{inner[5:] + inner[:5]}/{outer[5:] + outer[:5]}"),
        reading("the ring mirrored", "????????", f"{inner[::-1]}/{outer[::-1]}"),
        reading("tracks exchanged", "????????", f"{outer}/{inner}"),
        reading("nothing read", "????????", ""),
    ]


def numbered(template: str, serial: str) -> dict[str, Any]:
    """Clause 2 on a template without backslashes."""
    radices = {"A": 26, "9": 10}
    number, capacity = 0, 1
    for place, character in zip(template, serial, strict=True):
        radix = radices.get(place, 1)
        digit = {"A": ord(character) - ord("A"), "9": ord(character) - ord("0")}.get(place, 0)
        number, capacity = number * radix + digit, capacity * radix
    return {"template": template, "serial": serial, "index": number, "capacity": capacity}


def laid_out(value: object) -> str:
    """JSON with one line for each item of a list."""
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]"
    return json.dumps(value)


def main() -> None:
    """Write the file beside this script."""
    seeded = np.random.default_rng(20240531).integers(0, 2**30, 24)
    ids = [0, 1, 2, 31, 32, 2**15 - 1, 2**15, 37576834, 37576835, 2**29, 2**30 - 1, *map(int, seeded)]
    words = []
    for identifier in ids:
        word = codeword_of(identifier)
        IDS_BY_WORD[tuple(word)] = identifier
        words.append(
            {
                "id": identifier,
                "permuted": permuted(identifier),
                "codeword": word,
                "characters": characters_of(word),
                "ring": ring_of(word),
            }
        )
    vectors: dict[str, object] = {
        "profile": "A",
        "mask": [MASK[:45], MASK[45:]],
        "words": words,
        "readings": readings(words[7], words[8]),
        "serials": [
            numbered("AAAA999", "AAAB012"),
            numbered("AAA9999", "ZZZ9999"),
            numbered("999-99999", "375-76834"),
            numbered("BX9999A", "BX0042C"),
        ],
    }
    target = Path(__file__).with_name("code_vectors.json")
    parts = [f"{json.dumps(name)}: {laid_out(value)}" for name, value in vectors.items()]
    target.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
