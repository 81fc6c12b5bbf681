"""Serials to characters, and what was read back to serials."""

from math import ceil
from typing import Any

from engrave.api.given import JobGiven, PinName, known_of, mark_of
from engrave.api.weighed import BITS_DECIMALS, candidate_to_json, carriers_to_json, runner_up_to_json
from engrave.base.errors import Collecting, InputError
from engrave.code.combined import CombinedDecoding, decode_typed
from engrave.code.decode import Candidate, Decoding
from engrave.code.mark import Mark, make_mark
from engrave.code.profiles import PROFILE_A, PROFILES
from engrave.code.ranges import RangeTable
from engrave.code.soft import SoftCandidate
from engrave.code.told import told_chance
from engrave.code.typed import TypedReading, typed_reading

DECODING_SCHEMA = "pin-engrave/decoding/1"


def encode(serial: str, *, maker: str, model: str, job: JobGiven) -> Mark:
    """The mark of a serial. Raises InputError with every fault of the pin's name and of the job."""
    faults: list[str] = []
    known = known_of(job, faults)
    if known.ranges is not None and not faults:
        return make_mark(serial=serial, maker=maker, model=model, ranges=known.ranges, profile=known.profile)
    mark_of(PinName(serial=serial, maker=maker, model=model), known, faults)
    raise InputError(faults)


def decode(
    characters: str,
    *,
    job: JobGiven,
    ring: str = "",
    shapes: str = "",
    profile: str = PROFILE_A.name,
    any_rotation: bool = False,
) -> dict[str, Any]:
    """A typed reading to the pins it may be of, best first, as the JSON object ``pin-engrave/decoding/1``.

    ``any_rotation``: ring or shapes were typed from anywhere on, perhaps mirrored or negative. Raises InputError with
    every fault of what was typed and of the job.
    """
    faults: list[str] = []
    known = known_of(job, faults)
    reading = _reading(characters, ring, shapes, profile, faults)
    if known.ranges is None or reading is None or faults:
        raise InputError(faults)
    return decoding_to_json(decode_typed(reading, any_rotation=any_rotation), known.ranges)


def _reading(characters: str, ring: str, shapes: str, profile: str, faults: list[str]) -> TypedReading | None:
    with Collecting(faults):
        if profile in PROFILES:
            return typed_reading(characters, ring, shapes, PROFILES[profile])
        faults.append(f"profile: there is none called {profile!r}; choose one of {', '.join(PROFILES)}")
        # Every profile has the same characters; ring and shapes cannot be judged without one.
        typed_reading(characters)
    return None


def decoding_to_json(decoded: CombinedDecoding, table: RangeTable) -> dict[str, Any]:
    """The JSON object ``pin-engrave/decoding/1``, with the serials that the ranges give."""
    soft, exact, profile = decoded.soft, decoded.exact, decoded.reading.profile
    return {
        "schema": DECODING_SCHEMA,
        "profile": profile.name,
        "carriers": carriers_to_json(profile),
        "identified": decoded.named is not None,
        "contradictory": exact is not None and exact.contradictory,
        "candidates": [_candidate(candidate, decoded.named, table) for candidate in soft.candidates],
        "runner_up": runner_up_to_json(soft.runner_up),
        "none_of_these": told_chance(soft.none_of_these),
        "not_ours": told_chance(soft.not_ours),
        "search_bits": round(soft.search_bits, BITS_DECIMALS),
        "registry_bits": round(soft.registry_bits, BITS_DECIMALS),
        "exact": None if exact is None else _exact_to_json(exact, decoded, table),
    }


def pin_of_id(identifier: int, characters: str, table: RangeTable) -> dict[str, Any]:
    """A pin by its id, with the serial that the ranges give it, if they do."""
    maker, model, serial = table.locate(identifier) or (None, None, None)
    return {"id": identifier, "characters": characters, "serial": serial, "maker": maker, "model": model}


def _candidate(candidate: SoftCandidate, named: SoftCandidate | None, table: RangeTable) -> dict[str, Any]:
    pin = pin_of_id(candidate.id, candidate.characters, table)
    return {**pin, **candidate_to_json(candidate), "identified": candidate is named}


def _exact_to_json(exact: Decoding, decoded: CombinedDecoding, table: RangeTable) -> dict[str, Any]:
    spent = ceil(decoded.soft.search_bits)
    return {
        "known_symbols": exact.known_symbols,
        "missing_symbols": exact.missing_symbols,
        "left_out": list(decoded.left_out),
        "candidates": [_exact_candidate(candidate, spent, table) for candidate in exact.candidates],
    }


def _exact_candidate(candidate: Candidate, spent: int, table: RangeTable) -> dict[str, Any]:
    """``spent`` : the bits that trying every direction took."""
    return {
        **pin_of_id(candidate.id, candidate.characters, table),
        "check_bits": max(0, candidate.check_bits - spent),
        "used": list(candidate.used),
        "agreeing": list(candidate.agreeing),
        "overruled": list(candidate.overruled),
    }
