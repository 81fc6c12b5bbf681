"""How readings, symbols and probabilities are put into words."""

from collections.abc import Sequence
from typing import Any

# The rule's figures, to say what a reading lacks; the rule itself stands in ``engrave.code.judging``.
_LEAST_POSTERIOR = 0.9999
_LEAST_CHECK_BITS = 10
_LEAST_SINGLE_BITS = 20


def spaced(characters: str) -> str:
    """As they stand on the pin, four a row."""
    return f"{characters[:4]} {characters[4:]}"


def share(value: float) -> str:
    """A probability without an exponent."""
    return f"{value:.6f}" if value else "below 0.000001"


def places(positions: Sequence[int], carriers: Sequence[dict[str, Any]]) -> str:
    """Positions as people count them: ``characters 1-3, 8; inner track 2``."""
    parts = []
    for carrier in carriers:
        first = carrier["first"]
        numbers = [place - first + 1 for place in positions if first <= place <= carrier["last"]]
        if numbers:
            parts.append(f"{carrier['name']} {_runs(numbers)}")
    return "; ".join(parts)


def _runs(numbers: Sequence[int]) -> str:
    """Ascending numbers with a hyphen where they follow upon each other: ``1-3, 8``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def lies(way: dict[str, Any]) -> str:
    """How a mark lies, against how it was typed; nothing where it lies as it was typed."""
    found = [word for word in ("mirrored", "negative") if way[word]]
    return ", ".join([*found, f"turned by {way['turn']}"] if way["turn"] else found)


def what_lacks(document: dict[str, Any]) -> str:
    """Why the best candidate is no identification, as far as figures tell (docs/code-spec.md, clause 11.6)."""
    best = document["candidates"][0]
    if best["posterior"] < _LEAST_POSTERIOR:
        return f"that takes a posterior of {_LEAST_POSTERIOR}; give more of the mark"
    if best["check_bits"] + document["registry_bits"] < _LEAST_CHECK_BITS:
        return f"that takes {_LEAST_CHECK_BITS} check bits; give more of the mark"
    if best["second_mark_signs"] and best["single_bits"] < _LEAST_SINGLE_BITS:
        return "what is doubtful might be of a second mark on top of it; look again, or give more of the mark"
    return "too much of the reading speaks against the candidate; look again, and give what is doubtful as doubtful"
