"""The case file: all readings of a case, what was answered and how readers differ, from the record alone."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engrave.api.tracing import answer_to_json, comparison_to_json, pin_to_json, typed_to_json
from engrave.api.weighed import carriers_to_json
from engrave.base.config import json_bytes
from engrave.base.errors import InputError, UnknownNameError
from engrave.base.version import DISTRIBUTION, tool_version
from engrave.code.judging import LEAST_CHECK_BITS, LEAST_POSTERIOR, LEAST_SINGLE_BITS, Prior
from engrave.code.priors import P_FALSE_TOOTH, P_MISSED_TOOTH, P_WRONG_CHARACTER, P_WRONG_SHAPE
from engrave.code.profiles import PROFILES
from engrave.code.typed import typed_reading
from engrave.registry.cases import Answer, Entry, Event, case_entries, case_name, compare, independent_pairs
from engrave.registry.chain import Head, head_of
from engrave.registry.connection import reading
from engrave.registry.index import IndexCodes
from engrave.registry.lookup import codes_as_of, codes_on_record, marks_on_record, steps_on_record
from engrave.registry.ranking import trace_codes
from engrave.registry.store import SEE_AUDIT, identity_of, opened

if TYPE_CHECKING:
    from sqlalchemy import Connection

CASE_SCHEMA = "pin-engrave/case/1"
SUFFIXES = (".html", ".json")
# Posteriors are told to six decimals; the last one may fall otherwise on another processor.
_ALIKE = 2e-6

_METHOD = f"""
Record before answer: Every reading was put on record, to the letter, before anything was looked up, and its answer
before it was shown. Each event of the registry's log holds the hash of the one before it, so that the order of events
cannot be changed without a trace.

Second readers: Nothing of another reader's entry or answer is shown to a reader by this tool while he reads the mark
of a case for the first time. A reader's first entry in the case is called independent; only these are compared. Who was
at the keyboard stands beside each entry. What readers told each other, or looked up elsewhere, is not on record.

Prior model: Before it is weighed, a reading is taken to be of a mark of this code with the probability
{Prior().ours:g}; then every mark on record, and every way in which it may lie, is equally probable. Otherwise it is
foreign or noise, and every pattern is equally probable. A character given as certain is taken to be another one with
the probability {P_WRONG_CHARACTER:g}, a shape with {P_WRONG_SHAPE:g}; a gap is taken to be given as a tooth with
{P_FALSE_TOOTH:g}, a tooth as a gap with {P_MISSED_TOOTH:g}. Runs of four sectors or more without a tooth are taken as
lost. These figures were chosen; they are not measurements of any reader.

Posterior: The probability, by this model, that the reading is of this mark. 'None of these' is that of all else
together, marks that are not on record among it; 'no mark of this code' is a part of that.

Check bits: By how many bits the reading confirms a candidate beyond what it takes to single out one of 2^30 codes. Bits
that are owed to the registry, in which few of all codes are on record, are told apart from them.

Identified: A posterior of {LEAST_POSTERIOR} or more; {LEAST_CHECK_BITS} check bits or more, those of the registry
counted in; no character, shape or ring overruled, and of the cells of a track one in eight at most; and, where there
are signs of a second mark on top, {LEAST_SINGLE_BITS} bits or more against that. Everything else is a ranked list of
candidates, and no identification.

Repeated: The answer was computed again for this file, from the marks that were on record when it was first given. It is
the same where it names the same candidates with the same posteriors.

Limits: A mark leads to the record of a pin, and no further: this file does not say in which firearm the pin was, who
fired it, or when. A pin that is not on record in this registry cannot be found. A suggestion of the tool is no finding;
the examiner's own judgement stands above it.
"""


def case_file(name: str, *, registry: str, suffix: str = ".html") -> bytes:
    """The case file as a page (``.html``) or as the JSON object ``pin-engrave/case/1`` (``.json``).

    The same record gives the same bytes. Raises InputError for another suffix, and as ``case_document`` does.
    """
    if suffix not in SUFFIXES:
        raise InputError(f"--output: {suffix or 'no ending'!r}: a case file is written as {' or '.join(SUFFIXES)}")
    document = case_document(name, registry=registry)
    if suffix == ".json":
        return json_bytes(document)
    from engrave.report.case import case_html  # noqa: PLC0415 - the report's packages are not needed for JSON

    return case_html(document)


def case_document(name: str, *, registry: str) -> dict[str, Any]:
    """All readings, answers and comparisons of a case as the JSON object ``pin-engrave/case/1``.

    Every answer is computed again from the marks that were on record when it was given, and every hash. Raises
    UnknownNameError where there is no reading of the case.
    """
    case = case_name(name, kind="case")
    with opened(registry) as store, reading(store) as connection:
        entries = case_entries(connection, case)
        if not entries:
            raise UnknownNameError(f"case {case!r}: there is no reading of it on record in {store.name}")
        codes = codes_on_record(store, connection)
        profiles = sorted({entry.typed.profile for entry in entries})
        return {
            "schema": CASE_SCHEMA,
            "tool": f"{DISTRIBUTION} {tool_version()}",
            "case": case,
            "registry": {
                "identity": identity_of(connection),
                "head": asdict(head_of(connection)),
                "marks": len(codes),
            },
            "profiles": [{"name": name, "carriers": carriers_to_json(PROFILES[name])} for name in profiles],
            "readings": [_reading(entry, connection, codes) for entry in entries],
            "comparisons": [comparison_to_json(compare(one, other)) for one, other in independent_pairs(entries)],
            "pins": _pins(connection, entries),
            "method": _method(),
        }


def _method() -> list[dict[str, str]]:
    """How readings were judged, and what that cannot show: a term and its statement for each paragraph."""
    paragraphs = (" ".join(paragraph.split()).partition(": ") for paragraph in _METHOD.split("\n\n"))
    return [{"term": term, "statement": statement} for term, _, statement in paragraphs]


def _reading(entry: Entry, connection: "Connection", codes: IndexCodes) -> dict[str, Any]:
    return {
        "reading": entry.id,
        "reader": entry.typed.reader,
        "independent": entry.independent,
        "event": _event(entry.event),
        "typed": typed_to_json(entry.typed),
        "answer": None if entry.answer is None else _answer(entry, entry.answer, connection, codes),
    }


def _answer(entry: Entry, answer: Answer, connection: "Connection", codes: IndexCodes) -> dict[str, Any]:
    typed, told = entry.typed, dict(answer.told)
    event = answer.event
    if not (told.keys() >= _ANSWERED and _is_head(told["head"])):
        raise InputError(f"event {event.seq}: holds no whole answer; {SEE_AUDIT}")
    read = typed_reading(typed.characters, typed.ring, typed.shapes, PROFILES[typed.profile])
    then = codes_as_of(codes, connection, told["head"]["seq"])
    ranked = trace_codes(then, read.options, read.soft, blind=typed.any_rotation)
    again = answer_to_json(ranked, Head(**told["head"]))
    return {"event": _event(event), **told, "repeated": _alike(told, again)}


_ANSWERED = {"identified", "candidates", "none_of_these", "not_ours", "marks_on_record", "head", "found"}


def _is_head(told: object) -> bool:
    return isinstance(told, dict) and told.keys() == {"seq", "hash"} and isinstance(told["seq"], int)


def _alike(told: dict[str, Any], again: dict[str, Any]) -> bool:
    """Whether the same marks were named with the same probabilities."""
    pairs = list(zip(told["candidates"], again["candidates"], strict=False))
    return (
        told["marks_on_record"] == again["marks_on_record"]
        and len(told["candidates"]) == len(again["candidates"])
        and all(one["id"] == other["id"] and one["identified"] == other["identified"] for one, other in pairs)
        and all(abs(one["posterior"] - other["posterior"]) <= _ALIKE for one, other in pairs)
    )


def _event(event: Event) -> dict[str, Any]:
    return asdict(event)


def _pins(connection: "Connection", entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """What the record tells of every candidate, in the order in which they were first named."""
    answers = [entry.answer for entry in entries if entry.answer is not None]
    ids = list(dict.fromkeys(candidate["id"] for answer in answers for candidate in answer.told["candidates"]))
    found, steps = marks_on_record(connection, ids), steps_on_record(connection, ids)
    return [
        {
            "id": identifier,
            "characters": found[identifier].characters,
            **pin_to_json(found[identifier]),
            "steps": [asdict(step) for step in steps.get(identifier, ())],
        }
        for identifier in ids
        if identifier in found
    ]
