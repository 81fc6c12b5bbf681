"""Damaged words by the million: what filling erasures must always get right, and how often wrong symbols pass.

A mark carries 26 symbols of the word, and of those any k known ones are a word of an [k, 6] code of greatest distance
k - 5 over GF(32). So w wrong symbols among k known ones go unseen exactly when the error is itself a word of that
code. How many words of weight w it has is known (MacWilliams and Sloane, The Theory of Error-Correcting Codes,
chapter 11, theorem 6), which gives the expected share without running any decoder.
"""

from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from engrave.base.shares import wilson
from engrave.code.decode import decode_symbols
from engrave.code.profiles import PROFILE_A
from engrave.code.reedsolomon import DIMENSION, LENGTH, encode, fill

CARRIED = PROFILE_A.carried
FIELD = 32
CHUNK = 20_000
# Known symbols and wrong ones among them. Below a distance of k - 5 none may pass.
WRONG = ((7, 1), (7, 2), (8, 1), (8, 2), (8, 3), (8, 4), (8, 8), (9, 3), (9, 4), (10, 5))
# A count less likely than this under its expectation fails the proof: a sound decoder is failed once in 10,000 proofs.
LEAST_LIKELY = 1e-5

Generator = np.random.Generator
Words = NDArray[np.uint8]
Known = NDArray[np.bool_]


def erasures(*, words: int, seed: int) -> dict[str, Any]:
    """Random words, 6 to 26 of their carried symbols left and the others overwritten: how many come back whole."""
    generator = np.random.default_rng([seed, 1])
    right, consistent, by_known = 0, 0, np.zeros(CARRIED + 1, dtype=np.int64)
    for count in _chunks(words):
        codewords = _random_words(generator, count)
        kept = generator.integers(DIMENSION, CARRIED + 1, size=count)
        known = _known(generator, kept)
        noise = generator.integers(0, FIELD, size=codewords.shape, dtype=np.uint8)
        filled = fill(np.where(known, codewords, noise), known)
        right += int((filled.codewords == codewords).all(axis=1).sum())
        consistent += int(filled.consistent.sum())
        by_known += np.bincount(kept, minlength=CARRIED + 1)
    return {
        "words": words,
        "right": right,
        "consistent": consistent,
        "words_by_known_symbols": {str(k): int(by_known[k]) for k in range(DIMENSION, CARRIED + 1)},
        "holds": right == consistent == words,
    }


def identifications(*, words: int, seed: int) -> dict[str, Any]:
    """The same damage through the whole decoder: identified with eight symbols or more, and never below."""
    generator = np.random.default_rng([seed, 2])
    codewords = _random_words(generator, words)
    kept = generator.integers(0, CARRIED + 1, size=words)
    known = _known(generator, kept)
    counts = {"identified": 0, "candidates": 0, "nothing": 0, "wrong": 0}
    for codeword, row, left in zip(codewords.tolist(), known.tolist(), kept.tolist(), strict=True):
        symbols = tuple(value if is_known else None for value, is_known in zip(codeword, row, strict=True))[:CARRIED]
        decoding = decode_symbols(symbols)
        found = [candidate for candidate in decoding.candidates if list(candidate.codeword) == codeword]
        expected = "identified" if left >= DIMENSION + 2 else "candidates" if left >= DIMENSION else "nothing"
        got = "identified" if decoding.identified else "candidates" if decoding.candidates else "nothing"
        sound = got == expected and len(decoding.candidates) == len(found)
        counts[got if sound else "wrong"] += 1
    return {"words": words, **counts, "holds": counts["wrong"] == 0}


def misreadings(*, words: int, seed: int) -> dict[str, Any]:
    """For each pair of known and wrong symbols, how many words are taken for consistent, beside the expected share."""
    cases = [_misread(known, wrong, words=words, seed=seed) for known, wrong in WRONG]
    return {"words_a_case": words, "cases": cases, "holds": all(case["holds"] for case in cases)}


def _misread(known: int, wrong: int, *, words: int, seed: int) -> dict[str, Any]:
    generator = np.random.default_rng([seed, 3, known, wrong])
    passed = 0
    for count in _chunks(words):
        codewords = _random_words(generator, count)
        mask = _known(generator, np.full(count, known))
        misread = _among(generator, mask, wrong)
        # Any other symbol, each alike: the true one plus one of the 31 that are not zero.
        offsets = generator.integers(1, FIELD, size=codewords.shape, dtype=np.uint8)
        passed += int(fill(np.where(misread, codewords ^ offsets, codewords), mask).consistent.sum())
    share = expected_share(known, wrong)
    low, high = wilson(passed, words)
    likelihood = float(binomtest(passed, words, share).pvalue)
    return {
        "known_symbols": known,
        "wrong_symbols": wrong,
        "taken_for_consistent": passed,
        "share": passed / words,
        "wilson_95": [low, high],
        "expected_share": share,
        "expected_within_wilson_95": low <= share <= high,
        "binomial_p": likelihood,
        "holds": likelihood >= LEAST_LIKELY,
    }


def expected_share(known: int, wrong: int) -> float:
    """Share of errors of that weight that are words of the [known, 6] code of greatest distance over GF(32).

    A_w = C(n, w) sum over j from 0 to w - d of (-1)^j C(w, j) (q^(w - d + 1 - j) - 1), out of C(n, w) (q - 1)^w.
    """
    distance = known - DIMENSION + 1
    words = sum(
        (-1) ** j * comb(wrong, j) * (FIELD ** (wrong - distance + 1 - j) - 1) for j in range(wrong - distance + 1)
    )
    return float(words / (FIELD - 1) ** wrong)


def _chunks(words: int) -> list[int]:
    return [CHUNK] * (words // CHUNK) + ([words % CHUNK] if words % CHUNK else [])


def _random_words(generator: Generator, count: int) -> Words:
    return encode(generator.integers(0, FIELD, size=(count, DIMENSION), dtype=np.uint8))


def _known(generator: Generator, kept: NDArray[np.int64]) -> Known:
    """Of the carried symbols as many as ``kept`` says, at random, (n, 32); the six that no mark carries are lost."""
    known = np.zeros((len(kept), LENGTH), dtype=np.bool_)
    ranks = generator.random((len(kept), CARRIED)).argsort(axis=1).argsort(axis=1)
    known[:, :CARRIED] = ranks < kept[:, None]
    return known


def _among(generator: Generator, known: Known, wrong: int) -> Known:
    """As many of each row's known symbols, at random."""
    drawn = np.where(known, generator.random(known.shape), 2.0)
    chosen: Known = drawn.argsort(axis=1).argsort(axis=1) < wrong
    return chosen
