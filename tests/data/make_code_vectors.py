"""Make ``code_vectors*.json``, the frozen vectors of all profiles, from galois and a plain reading of the text.

``code_vectors.json`` holds profile A's, a file each those of D, S and G, and ``code_vectors_invalid.json`` what must be
refused. Nothing of ``engrave`` is used here, so that its tests compare two implementations. Run again, it writes the
same files: ``python tests/data/make_code_vectors.py``. A vector that changes is a mark that no longer reads.
"""

import itertools
import json
import math
import re
from dataclasses import dataclass
from hashlib import blake2s
from pathlib import Path
from typing import Any

import galois
import numpy as np

ALPHABET = "012345679ABCDEFHJKLMNPQRSTUVWXYZ"
GF = galois.GF(2**5, irreducible_poly=0b100101, primitive_element=2)
CODE = galois.ReedSolomon(31, 6, field=GF, alpha=2, c=1)

Options = list[list[int]]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Clauses 6 to 9: what stands around the characters."""

    name: str
    label: bytes
    digest_size: int
    marks: tuple[str, ...]
    symbols_a_track: int
    shapes: int

    @property
    def carried(self) -> int:
        """How many symbols are on the mark."""
        return 8 + len(self.marks) * self.symbols_a_track + self.shapes

    @property
    def sectors(self) -> int:
        """Cells of a track."""
        return len(self.marks[0]) + 5 * self.symbols_a_track if self.marks else 0

    @property
    def mask(self) -> str:
        """The bits that are exclusive-ored to all symbols after the characters."""
        digest = blake2s(self.label, digest_size=self.digest_size).digest()
        return "".join(f"{byte:08b}" for byte in digest)[: 5 * (self.carried - 8)]

    @property
    def carriers(self) -> list[range]:
        """The positions of each carrier."""
        ends = [8 + self.symbols_a_track * (track + 1) for track in range(len(self.marks))] or [self.carried]
        return [range(8), *(range(start, end) for start, end in itertools.pairwise([8, *ends]))]


A = Profile(name="A", label=b"pin-engrave ring A", digest_size=12, marks=("111", "110"), symbols_a_track=9, shapes=0)
D = Profile(name="D", label=b"pin-engrave ring D", digest_size=15, marks=("1111", "1100"), symbols_a_track=12, shapes=0)
S = Profile(name="S", label=b"pin-engrave ring S", digest_size=4, marks=("11",), symbols_a_track=6, shapes=0)
G = Profile(name="G", label=b"pin-engrave shapes G", digest_size=8, marks=(), symbols_a_track=0, shapes=12)


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


def written_of(codeword: list[int], profile: Profile) -> list[str]:
    """Clauses 6 and 8: the five bits of each symbol after the characters."""
    bits = [f"{int(GF(codeword[p]) * GF(2) ** (6 * p)):05b}" for p in range(8, profile.carried)]
    masks = [profile.mask[start : start + 5] for start in range(0, len(profile.mask), 5)]
    return [f"{int(symbol, 2) ^ int(mask, 2):05b}" for symbol, mask in zip(bits, masks, strict=True)]


def ring_of(codeword: list[int], profile: Profile) -> list[str]:
    """Clauses 6 and 7."""
    bits = "".join(written_of(codeword, profile))
    length = 5 * profile.symbols_a_track
    return [marks + bits[length * track : length * (track + 1)] for track, marks in enumerate(profile.marks)]


def shapes_of(codeword: list[int], profile: Profile) -> list[str]:
    """Clause 8."""
    values = [int(bits, 2) for bits in written_of(codeword, profile)] if profile.shapes else []
    return ["abcdefgh"[value // 4] + str(value % 4) for value in values]


def characters_of(codeword: list[int]) -> str:
    """Clause 5."""
    return "".join(ALPHABET[symbol] for symbol in codeword[:8])


def unwritten(value: int, p: int, profile: Profile) -> int:
    """Clause 6 backwards."""
    mask = profile.mask[5 * (p - 8) : 5 * (p - 8) + 5]
    return int(GF(value ^ int(mask, 2)) / GF(2) ** (6 * p))


def unringed(track: str, index: int, profile: Profile) -> Options:
    """Clause 7 backwards: the symbols of one track, a symbol with a '?' in it lost."""
    found: Options = []
    for place in range(profile.symbols_a_track):
        start = len(profile.marks[index]) + 5 * place
        cells = track[start : start + 5]
        p = 8 + profile.symbols_a_track * index + place
        found.append([] if "?" in cells else [unwritten(int(cells, 2), p, profile)])
    return found


def unshaped(names: list[str], profile: Profile) -> Options:
    """Clause 8 backwards: a shape, one with its orientation lost, or a lost one."""
    found: Options = []
    for place, name in enumerate(names):
        turns = [] if name == "?" else range(4) if name[1] == "?" else [int(name[1])]
        found.append([unwritten(4 * "abcdefgh".index(name[0]) + turn, 8 + place, profile) for turn in turns])
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


def reading(about: str, profile: Profile, characters: str, ring: str, shapes: str = "") -> dict[str, Any]:
    """Clauses 9 and 10 on one typed reading; ``characters`` here hold no look-alikes, spaces or lower case."""
    options: Options = []
    for choices, single in re.findall(r"\[(.*?)\]|(.)", characters):
        options.append([ALPHABET.index(character) for character in (choices or single) if character != "?"])
    tracks = ring.split("/") if ring else [""] * len(profile.marks)
    for index, track in enumerate(tracks):
        options += unringed(track or "?" * profile.sectors, index, profile)
    options += unshaped(shapes.split() or ["?"] * profile.shapes, profile)
    whole = fitting(options)
    alone = [
        word
        for carrier in profile.carriers
        for word in fitting([c if p in carrier else [] for p, c in enumerate(options)])
    ]
    known = sum(bool(choices) for choices in options)
    distinct = [list(word) for word in dict.fromkeys(map(tuple, whole or alone))]
    rows = [candidate(word, options, sole=len(whole) == 1) for word in distinct]
    order = sorted(range(len(rows)), key=lambda row: (-len(rows[row]["agreeing"]), distinct[row]))
    given = {"about": about, "characters": characters, "ring": ring}
    return {
        **(given if not profile.shapes else given | {"shapes": shapes}),
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


def readings_of_two_tracks(one: dict[str, Any], other: dict[str, Any], profile: Profile) -> list[dict[str, Any]]:
    """Whole, damaged, contradictory and hopeless readings of two pins."""
    text, (inner, outer) = one["characters"], one["ring"]
    wrong = ALPHABET[ALPHABET.index(text[3]) ^ 1]
    overlaid_inner, overlaid_outer = other["ring"]
    return [
        reading("everything read", profile, text, f"{inner}/{outer}"),
        reading("characters only", profile, text, ""),
        reading("two characters lost", profile, lost(text, 2, 4), ""),
        reading("three characters lost: hopeless", profile, lost(text, 2, 5), ""),
        reading("outer track only", profile, "????????", "/" + outer),
        reading("inner track only, two symbols lost", profile, "????????", lost(inner, 8, 18) + "/"),
        reading("half the ring", profile, "????????", f"{lost(inner, 20, 48)}/{lost(outer, 20, 48)}"),
        reading(
            "half the ring and half the text", profile, lost(text, 4, 8), f"{lost(inner, 20, 48)}/{lost(outer, 20, 48)}"
        ),
        reading("one character wrong", profile, text[:3] + wrong + text[4:], ""),
        reading("one character wrong, ring whole", profile, text[:3] + wrong + text[4:], f"{inner}/{outer}"),
        reading("one character doubtful", profile, text[:3] + f"[{wrong}{text[3]}]" + text[4:], ""),
        reading(
            "one character doubtful, with the ring",
            profile,
            text[:3] + f"[{wrong}{text[3]}]" + text[4:],
            f"{inner}/{outer}",
        ),
        reading(
            "a doubtful character, both choices wrong", profile, text[:3] + "[" + wrong + text[2] + "]" + text[4:], ""
        ),
        reading("six characters, one doubtful", profile, f"[{wrong}{text[0]}]" + text[1:6] + "??", ""),
        reading("text of one pin, ring of another", profile, text, f"{overlaid_inner}/{overlaid_outer}"),
        reading("text and inner track of one pin, outer of another", profile, text, f"{inner}/{overlaid_outer}"),
        reading("the ring's negative", profile, "????????", f"{negative(inner)}/{negative(outer)}"),
        reading(
            "the ring turned by five sectors", profile, "????????", f"{inner[5:] + inner[:5]}/{outer[5:] + outer[:5]}"
        ),
        reading("the ring mirrored", profile, "????????", f"{inner[::-1]}/{outer[::-1]}"),
        reading("tracks exchanged", profile, "????????", f"{outer}/{inner}"),
        reading("nothing read", profile, "????????", ""),
    ]


def readings_of_one_track(one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    """Profile S: a ring of six symbols, that without characters has no check."""
    text, (ring,) = one["characters"], one["ring"]
    return [
        reading("everything read", S, text, ring),
        reading("characters only", S, text, ""),
        reading("ring only", S, "????????", ring),
        reading("ring only, a cell lost: hopeless", S, "????????", lost(ring, 9, 10)),
        reading("ring and two characters", S, text[:2] + "??????", ring),
        reading("half of either", S, lost(text, 4, 8), lost(ring, 2, 12)),
        reading("one character wrong", S, text[:3] + ALPHABET[ALPHABET.index(text[3]) ^ 1] + text[4:], ring),
        reading("text of one pin, ring of another", S, text, other["ring"][0]),
        reading("the ring turned by five sectors", S, text, ring[5:] + ring[:5]),
        reading("nothing read", S, "????????", ""),
    ]


def readings_of_shapes(one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    """Profile G: any six shapes name the pin, eight identify it."""
    text, shapes = one["characters"], one["shapes"]
    nothing = "????????"
    return [
        reading("everything read", G, text, "", " ".join(shapes)),
        reading("characters only", G, text, "", ""),
        reading("all shapes", G, nothing, "", " ".join(shapes)),
        reading("eight shapes", G, nothing, "", " ".join([*shapes[:8], *"????"])),
        reading("six shapes", G, nothing, "", " ".join([*"???", *shapes[3:9], *"???"])),
        reading("five shapes: hopeless", G, nothing, "", " ".join([*shapes[:5], *"???????"])),
        reading("three characters, five shapes", G, text[:3] + "?????", "", " ".join([*shapes[:5], *"???????"])),
        reading(
            "two orientations lost", G, nothing, "", " ".join([shapes[0][0] + "?", shapes[1][0] + "?", *shapes[2:]])
        ),
        reading("one shape for another", G, nothing, "", " ".join([other["shapes"][0], *shapes[1:]])),
        reading("the shapes turned by one", G, nothing, "", " ".join([*shapes[1:], shapes[0]])),
        reading("the shapes turned by half", G, nothing, "", " ".join([*shapes[6:], *shapes[:6]])),
        reading("text of one pin, shapes of another", G, text, "", " ".join(other["shapes"])),
        reading("nothing read", G, nothing, "", ""),
    ]


def invalid(words: dict[str, list[dict[str, Any]]]) -> dict[str, object]:
    """What must be refused: readings that cannot be typed, words that are no codewords, marks that disagree."""
    texts = [
        ("A", "", "", "", "no characters"),
        ("A", "0123456", "", "", "seven characters"),
        ("A", "012345679", "", "", "nine characters"),
        ("A", "0123-567", "", "", "no character of the alphabet"),
        ("A", "01[]4567?", "", "", "no choice"),
        ("A", "[01234567", "", "", "no partner"),
        ("A", "????????", "1" * 48, "", "one track of two"),
        ("A", "????????", "1" * 48 + "/" + "1" * 47, "", "47 cells"),
        ("A", "????????", "/" + "2" * 48, "", "no cell"),
        ("A", "????????", "", "a0", "profile A has no shapes"),
        ("D", "????????", "1" * 48 + "/" + "1" * 48, "", "the cells of A"),
        ("S", "????????", "1" * 32 + "/" + "1" * 32, "", "two tracks of one"),
        ("S", "????????", "1" * 33, "", "33 cells"),
        ("G", "????????", "1" * 48, "", "profile G has no ring"),
        ("G", "????????", "", "a0 " * 11, "eleven shapes"),
        ("G", "????????", "", "a0 " * 13, "thirteen shapes"),
        ("G", "????????", "", "a0 " * 11 + "a4", "no orientation"),
        ("G", "????????", "", "a0 " * 11 + "i0", "no shape"),
        ("G", "????????", "", "a0 " * 11 + "A0", "shapes are small letters"),
        ("G", "????????", "", "a0 " * 11 + "??", "a lost shape is one '?'"),
    ]
    names = ("profile", "characters", "ring", "shapes", "about")
    word = words["A"][7]["codeword"]
    swapped = [word[1], word[0], *word[2:]]
    negative_word = [symbol ^ 31 if place < 31 else symbol for place, symbol in enumerate(word)]
    marks: list[dict[str, Any]] = []
    for profile in (A, D, S, G):
        row = words[profile.name][7]
        mark: dict[str, Any] = {
            "schema": "pin-engrave/mark/1",
            "serial": "375-76834",
            "maker": "M",
            "model": "X",
            "id": row["id"],
            "profile": profile.name,
            "key_id": None,
            "codeword": row["codeword"],
            "characters": row["characters"],
            "ring": row["ring"],
            "shapes": row.get("shapes", []),
        }
        wrong_part: dict[str, Any] = (
            {"shapes": [*mark["shapes"][1:], mark["shapes"][0]]} if profile.shapes else {"ring": []}
        )
        marks.append({"about": f"{profile.name} as it should be", "valid": True, "mark": mark})
        marks.append({"about": f"{profile.name}, a carrier wrong", "valid": False, "mark": mark | wrong_part})
        marks.append({"about": f"{profile.name}, another id", "valid": False, "mark": mark | {"id": row["id"] + 1}})
        marks.append({"about": f"{profile.name}, no such profile", "valid": False, "mark": mark | {"profile": "B"}})
    marks.append({"about": "A's mark called D", "valid": False, "mark": marks[0]["mark"] | {"profile": "D"}})
    return {
        "readings": [dict(zip(names, text, strict=True)) for text in texts],
        "words": [
            {"about": "one symbol wrong", "codeword": [word[0] ^ 1, *word[1:]]},
            {"about": "the last symbol wrong", "codeword": [*word[:31], word[31] ^ 1]},
            {"about": "two symbols exchanged", "codeword": swapped},
            {"about": "turned by one symbol, the sum kept", "codeword": [*word[1:31], word[0], word[31] ^ 1]},
            {"about": "31 added to positions 0 to 30 alone", "codeword": negative_word},
        ],
        "marks": marks,
    }


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


def described(identifier: int, profile: Profile) -> dict[str, Any]:
    """One id in one profile."""
    word = codeword_of(identifier)
    IDS_BY_WORD[tuple(word)] = identifier
    parts = {
        "id": identifier,
        "permuted": permuted(identifier),
        "codeword": word,
        "characters": characters_of(word),
        "ring": ring_of(word, profile),
    }
    return parts if not profile.shapes else parts | {"shapes": shapes_of(word, profile)}


def write(name: str, vectors: dict[str, object]) -> None:
    """The file beside this script."""
    parts = [f"{json.dumps(key)}: {laid_out(value)}" for key, value in vectors.items()]
    Path(__file__).with_name(name).write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Write the files beside this script."""
    seeded = np.random.default_rng(20240531).integers(0, 2**30, 24)
    ids = [0, 1, 2, 31, 32, 2**15 - 1, 2**15, 37576834, 37576835, 2**29, 2**30 - 1, *map(int, seeded)]
    words = {profile.name: [described(identifier, profile) for identifier in ids] for profile in (A, D, S, G)}
    one, other = ({name: rows[place] for name, rows in words.items()} for place in (7, 8))
    serials = [
        numbered("AAAA999", "AAAB012"),
        numbered("AAA9999", "ZZZ9999"),
        numbered("999-99999", "375-76834"),
        numbered("BX9999A", "BX0042C"),
    ]
    readings = {
        "A": readings_of_two_tracks(one["A"], other["A"], A),
        "D": readings_of_two_tracks(one["D"], other["D"], D),
        "S": readings_of_one_track(one["S"], other["S"]),
        "G": readings_of_shapes(one["G"], other["G"]),
    }
    for profile in (A, D, S, G):
        mask = profile.mask
        length = 5 * profile.symbols_a_track or len(mask)
        vectors: dict[str, object] = {
            "profile": profile.name,
            "mask": [mask[start : start + length] for start in range(0, len(mask), length)],
            "words": words[profile.name],
            "readings": readings[profile.name],
        }
        if profile is A:
            write("code_vectors.json", vectors | {"serials": serials})
        else:
            write(f"code_vectors_{profile.name.lower()}.json", vectors)
    write("code_vectors_invalid.json", invalid(words))


if __name__ == "__main__":
    main()
