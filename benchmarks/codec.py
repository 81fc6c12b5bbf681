"""The codec beside reedsolo and galois: the same random words, encoded and filled.

The project's code is the Reed-Solomon word [31, 6] over GF(32) with the roots alpha^1 to alpha^25, one symbol more
appended. Peers work on the 31 symbols that both share; their results must be equal to ours.
"""

from typing import Any

import galois
import numpy as np
import reedsolo
from numpy.typing import NDArray

from benchmarks.common import Timing, compared, timed
from engrave.code.reedsolomon import DIMENSION, encode, fill

PEER_LENGTH = 31
SEED = 20_260_101
ERASED = 18
CHARACTERS = 8


def codec(*, words: int, slow_words: int, repeats: int) -> dict[str, Any]:
    """Seconds for encoding ``words`` messages and for filling 18 erasures in each.

    reedsolo takes one word at a time, and galois is slow to fill: they are given the first ``slow_words``, and their
    time is scaled up.
    """
    generator = np.random.default_rng(SEED)
    messages = generator.integers(0, 32, size=(words, DIMENSION), dtype=np.uint8)
    codewords = encode(messages)
    known = generator.permuted(
        np.tile(np.arange(PEER_LENGTH) >= ERASED, (words, 1)),
        axis=1,
    )
    return {
        "words": words,
        "slow_words": slow_words,
        "encode": _encoding(messages, codewords, slow_words=slow_words, repeats=repeats),
        "fill": _filling(codewords, known, slow_words=slow_words, repeats=repeats),
        **_eight_characters(messages, generator, slow_words=slow_words, repeats=repeats),
    }


def _eight_characters(
    messages: NDArray[np.uint8], generator: np.random.Generator, *, slow_words: int, repeats: int
) -> dict[str, Any]:
    """The part that people read: six symbols to eight characters, and two of the eight lost.

    Ours makes the whole word of 32 when it encodes. The peers use a Reed-Solomon code [8, 6] of their own, as much work
    as there can be for them; every one must come back to the word that it made itself.
    """
    count, size = len(messages), CHARACTERS - DIMENSION
    known = generator.permuted(np.tile(np.arange(CHARACTERS) >= size, (count, 1)), axis=1)
    ours, codewords = timed(lambda: encode(messages), repeats=repeats)
    characters = codewords[:, :CHARACTERS]
    filling, filled = timed(lambda: fill(np.where(known, characters, 0).astype(np.uint8), known), repeats=repeats)
    _require_equal("fill", filled.codewords, characters)

    peer = galois.ReedSolomon(PEER_LENGTH, PEER_LENGTH - size)
    symbols = peer.field(messages)
    by_galois, theirs = timed(lambda: peer.encode(symbols), repeats=repeats)
    lost = ~known[:slow_words]
    damaged = theirs[:slow_words].copy()
    damaged[lost] = 0
    # Once untimed: it compiles what it uses.
    peer.decode(damaged[:1], erasures=lost[:1], output="codeword")
    galois_filling, whole = timed(lambda: peer.decode(damaged, erasures=lost, output="codeword"), repeats=repeats)
    _require_equal("galois", np.asarray(whole), np.asarray(theirs[:slow_words]))

    slow = reedsolo.RSCodec(size, nsize=PEER_LENGTH, fcr=1, prim=0x25, generator=2, c_exp=5)
    rows = [list(row) for row in messages[:slow_words].tolist()]
    by_reedsolo, encoded = timed(lambda: [bytearray(slow.encode(row)) for row in rows], repeats=repeats)
    places = [np.flatnonzero(row).tolist() for row in lost]
    blanked = [
        bytearray(0 if place in gone else symbol for place, symbol in enumerate(word))
        for word, gone in zip(encoded, places, strict=True)
    ]
    reedsolo_filling, decoded = timed(
        lambda: [bytearray(slow.decode(word, erase_pos=gone)[1]) for word, gone in zip(blanked, places, strict=True)],
        repeats=repeats,
    )
    if decoded != encoded:
        raise ValueError("codec: reedsolo does not give back the characters that it made")
    by = count / slow_words
    encoders = {"pin-engrave": ours, "galois": by_galois, "reedsolo": _scaled(by_reedsolo, by=by)}
    fillers = {
        "pin-engrave": filling,
        "galois": _scaled(galois_filling, by=by),
        "reedsolo": _scaled(reedsolo_filling, by=by),
    }
    return {
        "encode_eight_characters": compared(encoders, ours="pin-engrave"),
        "fill_two_characters": compared(fillers, ours="pin-engrave"),
    }


def _encoding(
    messages: NDArray[np.uint8], codewords: NDArray[np.uint8], *, slow_words: int, repeats: int
) -> dict[str, Any]:
    peer = galois.ReedSolomon(PEER_LENGTH, DIMENSION)
    symbols = peer.field(messages)
    ours, _ = timed(lambda: encode(messages), repeats=repeats)
    by_galois, theirs = timed(lambda: np.asarray(peer.encode(symbols)), repeats=repeats)
    _require_equal("galois", theirs, codewords[:, :PEER_LENGTH])
    slow = _reedsolo()
    rows = [list(row) for row in messages[:slow_words].tolist()]
    by_reedsolo, encoded = timed(lambda: [bytes(slow.encode(row)) for row in rows], repeats=repeats)
    _require_equal("reedsolo", np.array([list(row) for row in encoded]), codewords[:slow_words, :PEER_LENGTH])
    scaled = _scaled(by_reedsolo, by=len(messages) / slow_words)
    return compared({"pin-engrave": ours, "galois": by_galois, "reedsolo": scaled}, ours="pin-engrave")


def _filling(
    codewords: NDArray[np.uint8], known: NDArray[np.bool_], *, slow_words: int, repeats: int
) -> dict[str, Any]:
    kept = np.concatenate([known, np.zeros((len(known), 1), dtype=np.bool_)], axis=1)
    damaged = np.where(kept, codewords, 0).astype(np.uint8)
    ours, filled = timed(lambda: fill(damaged, kept), repeats=repeats)
    _require_equal("fill", filled.codewords, codewords)
    peer = galois.ReedSolomon(PEER_LENGTH, DIMENSION)
    received, lost = peer.field(damaged[:slow_words, :PEER_LENGTH]), ~known[:slow_words]
    by_galois, theirs = timed(
        lambda: np.asarray(peer.decode(received, erasures=lost, output="codeword")), repeats=repeats
    )
    _require_equal("galois", theirs, codewords[:slow_words, :PEER_LENGTH])
    slow = _reedsolo()
    words = [bytearray(row) for row in damaged[:slow_words, :PEER_LENGTH].tolist()]
    erased = [np.flatnonzero(~row).tolist() for row in known[:slow_words]]
    by_reedsolo, decoded = timed(
        lambda: [bytes(slow.decode(word, erase_pos=places)[1]) for word, places in zip(words, erased, strict=True)],
        repeats=repeats,
    )
    _require_equal("reedsolo", np.array([list(row) for row in decoded]), codewords[:slow_words, :PEER_LENGTH])
    by = len(codewords) / slow_words
    peers = {"galois": _scaled(by_galois, by=by), "reedsolo": _scaled(by_reedsolo, by=by)}
    return compared({"pin-engrave": ours, **peers}, ours="pin-engrave")


def _reedsolo() -> Any:  # noqa: ANN401 - reedsolo is not typed
    return reedsolo.RSCodec(PEER_LENGTH - DIMENSION, nsize=PEER_LENGTH, fcr=1, prim=0x25, generator=2, c_exp=5)


def _scaled(timing: Timing, *, by: float) -> Timing:
    return Timing(seconds=tuple(by * second for second in timing.seconds))


def _require_equal(peer: str, theirs: NDArray[Any], ours: NDArray[Any]) -> None:
    if not np.array_equal(theirs, ours):
        raise ValueError(f"codec: {peer} and pin-engrave disagree on the same words")
