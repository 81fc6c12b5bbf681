"""Serials to characters, and what was read back to serials."""

from typing import Any

from engrave.api.given import JobGiven, PinName, known_of, mark_of
from engrave.base.errors import Collecting, InputError
from engrave.code.decode import Candidate, Options, decode_options
from engrave.code.mark import Mark, make_mark
from engrave.code.ranges import RangeTable
from engrave.code.reading_text import parse_reading


def encode(serial: str, *, maker: str, model: str, job: JobGiven) -> Mark:
    """The mark of a serial. Raises InputError with every fault of the pin's name and of the job."""
    faults: list[str] = []
    known = known_of(job, faults)
    if known.ranges is not None and not faults:
        return make_mark(serial=serial, maker=maker, model=model, ranges=known.ranges)
    mark_of(PinName(serial=serial, maker=maker, model=model), known, faults)
    raise InputError(faults)


def decode(characters: str, *, ring: str, job: JobGiven) -> dict[str, Any]:
    """A typed reading to the pins it may be of, best first, as the JSON object ``pin-engrave/decoding/1``.

    Raises InputError with every fault of what was typed and of the job.
    """
    faults: list[str] = []
    known = known_of(job, faults)
    options: Options | None = None
    with Collecting(faults):
        options = parse_reading(characters, ring)
    if known.ranges is None or options is None or faults:
        raise InputError(faults)
    decoding = decode_options(options)
    return {
        "schema": "pin-engrave/decoding/1",
        "identified": decoding.identified is not None,
        "contradictory": decoding.contradictory,
        "known_symbols": decoding.known_symbols,
        "missing_symbols": decoding.missing_symbols,
        "candidates": [_candidate(candidate, known.ranges) for candidate in decoding.candidates],
    }


def _candidate(candidate: Candidate, table: RangeTable) -> dict[str, Any]:
    maker, model, serial = table.locate(candidate.id) or (None, None, None)
    return {
        "id": candidate.id,
        "characters": candidate.characters,
        "serial": serial,
        "maker": maker,
        "model": model,
        "identified": candidate.identified,
        "check_bits": candidate.check_bits,
        "used": list(candidate.used),
        "agreeing": list(candidate.agreeing),
        "overruled": list(candidate.overruled),
    }
