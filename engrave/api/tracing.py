"""A reading to the marks on record that it may be of: recorded first, answered then, and compared with other readers'.

Imports are kept few: a trace is asked for one at a time, and waits for them.
"""

from contextlib import ExitStack
from dataclasses import asdict
from math import ceil
from typing import TYPE_CHECKING, Any, Self

from engrave.api.weighed import BITS_DECIMALS, candidate_to_json, carriers_to_json, runner_up_to_json
from engrave.base.clock import actor_of, utc_now
from engrave.base.errors import Collecting, InputError
from engrave.base.version import DISTRIBUTION, tool_version
from engrave.code.profiles import PROFILE_A, PROFILES
from engrave.code.told import told_chance
from engrave.code.typed import TypedReading, typed_reading
from engrave.registry.cases import (
    UNFILED,
    Comparison,
    Entry,
    Typed,
    case_entries,
    checked,
    compared_with_others,
    record_answer,
    record_reading,
)
from engrave.registry.chain import Head, Stamp, head_of
from engrave.registry.connection import Registry, reading
from engrave.registry.lookup import MarkOnRecord, index_on_record, marks_on_record
from engrave.registry.ranking import Ranked, trace_codes
from engrave.registry.store import identity_of, opened

if TYPE_CHECKING:
    from engrave.registry.index import CodeIndex

TRACING_SCHEMA = "pin-engrave/tracing/1"
_MILLION = 1_000_000


def trace(
    characters: str,
    *,
    registry: str,
    ring: str = "",
    shapes: str = "",
    profile: str = PROFILE_A.name,
    any_rotation: bool = False,
    case: str = UNFILED,
    reader: str | None = None,
    actor: str | None = None,
) -> dict[str, Any]:
    """Trace a typed reading to the marks on record, best first, as the JSON object ``pin-engrave/tracing/1``.

    ``registry`` : a file's path or a PostgreSQL URL. ``any_rotation``: ring or shapes were typed from anywhere on,
    perhaps mirrored or negative. ``case`` : the examination that the reading belongs to; without one it is compared
    with no other. ``reader`` : who read, without one the actor; ``actor`` : who puts it on record, without one the
    login name. What was typed is on record before anything is looked up, and the answer before it is given:
    where recording fails there is no answer. Raises InputError with every fault of what was given, UnfinishedError
    where the registry cannot be written or reached.
    """
    with Tracer(registry) as tracer:
        return tracer.trace(
            characters,
            ring=ring,
            shapes=shapes,
            profile=profile,
            any_rotation=any_rotation,
            case=case,
            reader=reader,
            actor=actor,
        )


class Tracer:
    """Traces one reading after the other to a registry that stays open, and its index in memory, as long as the block.

    For a service: each trace records, answers and raises as ``trace`` does, which opens the registry anew every time.
    It is for one thread.
    """

    def __init__(self, registry: str) -> None:
        self._address = registry
        self._open = ExitStack()
        self._store: Registry | None = None
        self._index: CodeIndex | None = None

    def __enter__(self) -> Self:
        """The registry is opened by the first reading that can be traced."""
        return self

    def __exit__(self, *_raised: object) -> None:
        """Close the registry."""
        self._store = None
        self._open.close()

    def trace(
        self,
        characters: str,
        *,
        ring: str = "",
        shapes: str = "",
        profile: str = PROFILE_A.name,
        any_rotation: bool = False,
        case: str = UNFILED,
        reader: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """As the function ``trace``."""
        faults: list[str] = []
        with Collecting(faults):
            actor = actor_of(actor)
        typed = Typed(
            case=case,
            # Without a name for the actor that fault is told, and no second one for the reader.
            reader=reader if reader is not None else actor or UNFILED,
            profile=profile,
            characters=characters,
            ring=ring,
            shapes=shapes,
            any_rotation=any_rotation,
        )
        with Collecting(faults):
            typed = checked(typed)
        read: TypedReading | None = None
        with Collecting(faults):
            read = _read(typed)
        if read is None or actor is None or faults:
            raise InputError(faults)
        return self._traced(typed, read, actor)

    def _traced(self, typed: Typed, read: TypedReading, actor: str) -> dict[str, Any]:
        """Record the reading, answer it, record the answer, and only then look at other readers' of the case."""
        if self._store is None:
            self._store = self._open.enter_context(opened(self._address))
        store, tool = self._store, f"{DISTRIBUTION} {tool_version()}"
        number, reading_head = record_reading(store, typed, Stamp(actor=actor, time=utc_now(), tool=tool))
        answer, marks, identity = self._answered(store, read, any_rotation=typed.any_rotation)
        answer_head = record_answer(store, number, answer, Stamp(actor=actor, time=utc_now(), tool=tool))
        independent, comparisons = _beside_others(store, typed.case, number)
        return {
            "schema": TRACING_SCHEMA,
            "case": typed.case,
            "reader": typed.reader,
            "reading": number,
            "independent": independent,
            "typed": typed_to_json(typed),
            "carriers": carriers_to_json(read.profile),
            "recorded": {"registry": identity, "reading": asdict(reading_head), "answer": asdict(answer_head)},
            **answer,
            "candidates": [{**entry, **pin_to_json(marks[entry["id"]])} for entry in answer["candidates"]],
            "comparisons": [comparison_to_json(comparison) for comparison in comparisons],
        }

    def _answered(
        self, store: Registry, read: TypedReading, *, any_rotation: bool
    ) -> tuple[dict[str, Any], dict[int, MarkOnRecord], str]:
        """The answer, the marks that it names, and the registry's identity, all from one state of the registry."""
        with reading(store) as connection:
            head = head_of(connection)
            for afresh in (False, True):
                self._index = index_on_record(store, connection, held=self._index, afresh=afresh)
                ranked = trace_codes(self._index.codes, read.options, read.soft, blind=any_rotation)
                marks = marks_on_record(connection, [mark.id for mark in ranked.marks])
                if all(mark.id in marks and marks[mark.id].code == mark.code for mark in ranked.marks):
                    return answer_to_json(ranked, head), marks, identity_of(connection)
        self._index = None
        raise InputError(
            f"registry {store.name}: a mark has a code that is not its own; `pin-engrave registry verify` says which"
        )


def _beside_others(store: Registry, case: str, number: int) -> tuple[bool, tuple[Comparison, ...]]:
    """Whether a reading is independent, and how it compares with those of other readers of the case."""
    if case == UNFILED:
        return False, ()
    with reading(store) as connection:
        entries = case_entries(connection, case)
    own = next(entry for entry in entries if entry.id == number)
    return own.independent, compared_with_others(entries, number)


def _read(typed: Typed) -> TypedReading:
    """What was typed, as it is decoded. Raises InputError with every fault."""
    profile = PROFILES.get(typed.profile)
    if profile is not None:
        return typed_reading(typed.characters, typed.ring, typed.shapes, profile)
    faults = [f"profile: there is none called {typed.profile!r}; choose one of {', '.join(PROFILES)}"]
    with Collecting(faults):
        # Every profile has the same characters; ring and shapes cannot be judged without one.
        typed_reading(typed.characters)
    raise InputError(faults)


def answer_to_json(ranked: Ranked, head: Head) -> dict[str, Any]:
    """What is answered, and put on record: without what the record itself tells of the marks."""
    return {
        "identified": ranked.identified is not None,
        "candidates": [candidate_to_json(mark) for mark in ranked.marks],
        "runner_up": runner_up_to_json(ranked.runner_up),
        "none_of_these": told_chance(ranked.none_of_these),
        "not_ours": told_chance(ranked.not_ours),
        "search_bits": round(ranked.search_bits, BITS_DECIMALS),
        "registry_bits": round(ranked.registry_bits, BITS_DECIMALS),
        "marks_on_record": ranked.on_record,
        "head": asdict(head),
        "found": {
            "how": ranked.how,
            "fitting": ranked.fitting,
            "symbols": list(ranked.symbols),
            "misread": ranked.misread,
            "unlooked": ceil(ranked.unlooked * _MILLION) / _MILLION,
        },
    }


def typed_to_json(typed: Typed) -> dict[str, Any]:
    """What was typed, to the letter."""
    return {
        "characters": typed.characters,
        "ring": typed.ring,
        "shapes": typed.shapes,
        "profile": typed.profile,
        "any_rotation": typed.any_rotation,
    }


def pin_to_json(mark: MarkOnRecord) -> dict[str, Any]:
    """What the record tells of a mark."""
    return {
        "serial": mark.serial,
        "maker": mark.maker,
        "model": mark.model,
        "state": mark.state,
        "issue": mark.issue,
        "replaces": None if mark.replaces is None else asdict(mark.replaces),
        "replaced_by": None if mark.replaced_by is None else asdict(mark.replaced_by),
        "engraved_profile": mark.profile,
        "lot": mark.lot,
    }


def comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """Two readings beside each other."""
    return {
        "one": _compared(comparison.one),
        "other": _compared(comparison.other),
        "compared": list(comparison.compared),
        "differences": [asdict(difference) for difference in comparison.differences],
        "same_pin": comparison.same_pin,
        "same_best": comparison.same_best,
    }


def _compared(entry: Entry) -> dict[str, Any]:
    answer = entry.answer
    return {
        "reading": entry.id,
        "reader": entry.typed.reader,
        "independent": entry.independent,
        "identified": None if answer is None else answer.identified,
        "best": None if answer is None else answer.best,
    }
