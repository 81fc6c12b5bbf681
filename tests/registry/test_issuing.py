"""Codes for pins, and what becomes of them: what is issued once is issued for good."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.raw_registry import Raw
from engrave.base.errors import InputError
from engrave.code.alphabet import ALPHABET
from engrave.code.codeword import codeword_of
from engrave.code.ranges import Range
from engrave.registry.audit import audit
from engrave.registry.becoming import advance, current, reissue, void
from engrave.registry.chain import Stamp
from engrave.registry.connection import ConflictError, Registry, reading, writing
from engrave.registry.issuing import ALLOCATED, VOID, Claim, Pin, current_marks, foresee, issue
from engrave.registry.schema import STATES
from engrave.registry.store import Block, Pool
from engrave.registry.terms import add_issuer, add_ranges

DATA = Path(__file__).parent.parent / "data"
HASHES = ("ab" * 32, "cd" * 32)


def pins(*serials: str) -> list[Pin]:
    return [("Acme", "P-1", serial) for serial in serials]


def claim(binding: str = HASHES[0], *, fresh: bool = False, folder: str = "") -> Claim:
    return Claim(binding=binding, profile="A", fresh=fresh, folder=folder)


CLAIM = claim(folder="f1")


def faults_of(error: pytest.ExceptionInfo[InputError]) -> Sequence[str]:
    return error.value.faults


def test_the_states_are_the_seven_in_order() -> None:
    assert STATES == ("planned", "allocated", "rendered", "verified", "signed off", "marked", "void")
    assert (ALLOCATED, VOID) == (1, 6)


def test_ids_come_from_the_range_or_in_the_pins_order_from_the_pool(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    # The fixture has spent 5000 on X-1 and 5001 on the new mark of AB0003.
    found = issue(registry, pins("Z-9", "AB0999", "A-1", "AB0000"), stamp)
    assert [(mark.serial, mark.id) for mark in found] == [
        ("Z-9", 5002),
        ("AB0999", 1999),
        ("A-1", 5003),
        ("AB0000", 1000),
    ]
    assert [(mark.issue, mark.replaces, mark.state, mark.binding) for mark in found] == [(0, None, 1, None)] * 4
    assert raw.rows("SELECT kind, actor FROM events WHERE seq = 7") == [("allocated", "clerk")]
    assert {mark.event for mark in found} == {7}
    assert raw.rows("SELECT state FROM steps WHERE event = 7") == [(1,)] * 4


def test_the_code_is_that_of_the_id(registry: Registry, raw: Raw) -> None:
    rows = raw.rows("SELECT id, code, codeword FROM marks")
    assert len(rows) == 6
    for identifier, code, codeword in rows:
        symbols = codeword_of(identifier)
        assert codeword == "".join(ALPHABET[symbol] for symbol in symbols)
        # The message is the code's 30 bits, most significant first.
        assert code == int("".join(f"{symbol:05b}" for symbol in symbols[:6]), 2)
    found = issue(registry, pins("AB0003", "AB0001"), Stamp(actor="a", time="t", tool="x"))
    known = {identifier: code for identifier, code, _ in rows}
    assert [mark.code for mark in found] == [known[5001], known[1001]]


def test_the_published_vectors_are_issued(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    document = json.loads((DATA / "code_vectors.json").read_text())
    vectors = {entry["id"]: entry for entry in document["words"] if entry["id"] > 9999}
    blocks = [Block(first_id=identifier, last_id=identifier) for identifier in sorted(vectors)]
    add_issuer(registry, "Acme", blocks, stamp)
    pools = [
        Pool(maker="Acme", model=f"V-{identifier}", first_id=identifier, last_id=identifier) for identifier in vectors
    ]
    add_ranges(registry, "Acme", [], pools, stamp)
    issue(registry, [("Acme", f"V-{identifier}", "1") for identifier in vectors], stamp)
    assert len(vectors) > 3
    assert sorted(raw.rows("SELECT id, code, codeword FROM marks WHERE id > 9999")) == [
        (identifier, entry["permuted"], "".join(ALPHABET[symbol] for symbol in entry["codeword"]))
        for identifier, entry in sorted(vectors.items())
    ]


def test_the_same_pin_again_gives_its_code_again(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    first = issue(registry, pins("Q-1", "AB0010"), stamp)
    before = raw.dump()
    assert issue(registry, pins("AB0010", "Q-1", "AB0010"), stamp) == (first[1], first[0], first[1])
    assert raw.dump() == before


def test_a_pin_named_twice_in_one_call_is_one(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    found = issue(registry, pins("Q-1", "Q-2", "Q-1"), stamp)
    assert [mark.id for mark in found] == [5002, 5003, 5002]
    assert raw.one("SELECT count(*) FROM marks WHERE event = 7") == 2


def test_no_pins_add_nothing(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    before = raw.dump()
    assert issue(registry, [], stamp) == ()
    assert issue(registry, [], stamp, claim=claim()) == ()
    assert raw.dump() == before


def test_a_used_up_pool_gives_nothing_at_all(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    before = raw.dump()
    with pytest.raises(InputError) as caught:
        issue(registry, pins("Q-1", "Q-2", "Q-3", "Q-4", "AB0011"), stamp)
    assert [fault.split(":")[0] for fault in faults_of(caught)] == [
        "serial 'Q-3' of (Acme, P-1)",
        "serial 'Q-4' of (Acme, P-1)",
    ]
    assert all("is used up" in fault for fault in faults_of(caught))
    assert raw.dump() == before
    assert [mark.id for mark in issue(registry, pins("Q-1", "Q-2"), stamp)] == [5002, 5003]
    add_ranges(registry, "Acme", [], [Pool(maker="Acme", model="P-1", first_id=4000, last_id=4000)], stamp)
    assert issue(registry, pins("Q-3"), stamp)[0].id == 4000


def test_pools_are_spent_one_after_the_other(registry: Registry, stamp: Stamp) -> None:
    add_ranges(registry, "Acme", [], [Pool(maker="Acme", model="P-1", first_id=6000, last_id=6001)], stamp)
    found = issue(registry, pins("Q-1", "Q-2", "Q-3", "Q-4"), stamp)
    assert [mark.id for mark in found] == [5002, 5003, 6000, 6001]


def test_every_fault_is_told_at_once_and_nothing_is_added(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    add_ranges(
        registry,
        "Acme",
        [Range(maker="Acme", model="P-2", template="99", base=100)],
        [Pool(maker="Acme", model="P-3", first_id=300, last_id=300)],
        stamp,
    )
    void(registry, pins("AB0500"), "lost", stamp)
    issue(registry, pins("AB0501"), stamp, claim=claim(HASHES[1]))
    before = raw.dump()
    wanted = [
        ("Acme", "P-2", "100"),
        ("Acme", "P-3", "1"),
        ("Acme", "P-3", "2"),
        ("Bolt", "P-9", "1"),
        *pins("AB0500", "AB0501", "AB0502"),
    ]
    with pytest.raises(InputError) as caught:
        issue(registry, wanted, stamp, claim=claim())
    told = faults_of(caught)
    assert len(told) == 5
    assert "serial '100' of (Acme, P-2) is in no range; the ranges of this maker and model are 00 to 99" in told[0]
    assert "serial '2' of (Acme, P-3): the pool of ids for it is used up" in told[1]
    assert "(Bolt, P-9) is in no range" in told[2]
    assert "serial 'AB0500' of (Acme, P-1): its mark is void" in told[3]
    assert "serial 'AB0501' of (Acme, P-1): was engraved by another input or job" in told[4]
    assert raw.dump() == before


def test_text_that_is_not_normalised_is_refused_by_the_database_itself(
    registry: Registry, stamp: Stamp, raw: Raw
) -> None:
    before = raw.dump()
    with pytest.raises(ConflictError, match="nothing was added"):
        issue(registry, pins("ab0700"), stamp)
    assert raw.dump() == before


def test_a_claim_puts_pins_on_record_as_engraved(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    found = issue(registry, pins("AB0010", "AB0500"), stamp, claim=claim(folder="f1"), lots=("L-1", "L-2"))
    assert found == current(registry, pins("AB0010", "AB0500"))
    assert [(mark.binding, mark.folder) for mark in found] == [(HASHES[0], "f1")] * 2
    rows = raw.rows("SELECT mark, binding, profile, lot, folder, event FROM engravings WHERE event = 7 ORDER BY mark")
    assert rows == [(1010, HASHES[0], "A", "L-1", "f1", 7), (1500, HASHES[0], "A", "L-2", "f1", 7)]
    assert json.loads(raw.one("SELECT body FROM events WHERE seq = 7"))["binding"] == HASHES[0]


@pytest.mark.parametrize(
    ("given_lots", "told"),
    [
        ((("L-1",), CLAIM), "lots: 1 for 2 pins; give one for each, or none"),
        ((("L-1", "L-2", "L-3"), CLAIM), "lots: 3 for 2 pins"),
        ((("L-1", "L\n2"), CLAIM), "serial 'AB0500' of (Acme, P-1): its lot must be 200 printable characters"),
        ((("L-1", "L\0"), CLAIM), "serial 'AB0500' of (Acme, P-1): its lot must be"),
        ((("x" * 201, ""), CLAIM), "serial 'AB0010' of (Acme, P-1): its lot must be"),
        ((("L-1", "L-2"), None), "lots: are those of pins that are engraved"),
    ],
)
def test_lots_are_checked(
    registry: Registry,
    stamp: Stamp,
    raw: Raw,
    given_lots: tuple[tuple[str, ...], Claim | None],
    told: str,
) -> None:
    before = raw.dump()
    with pytest.raises(InputError) as caught:
        issue(registry, pins("AB0010", "AB0500"), stamp, claim=given_lots[1], lots=given_lots[0])
    assert [fault for fault in faults_of(caught) if told in fault]
    assert raw.dump() == before


def test_the_longest_lot_is_taken(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    issue(registry, pins("AB0010"), stamp, claim=claim(folder="f1"), lots=["x" * 200])
    assert raw.one("SELECT lot FROM engravings WHERE event = 7") == "x" * 200


@pytest.mark.parametrize(
    ("binding", "fresh", "folder", "fault"),
    [
        (HASHES[0], False, "", ""),
        (HASHES[0], False, "other", ""),
        (HASHES[0], True, "cd", ""),
        (HASHES[0], True, "", "was engraved in another folder"),
        (HASHES[0], True, "other", "was engraved in another folder"),
        (HASHES[1], False, "cd", "was engraved by another input or job"),
        (HASHES[1], True, "cd", "was engraved by another input or job"),
    ],
)
def test_a_pin_is_engraved_by_one_input_in_one_folder(
    registry: Registry, stamp: Stamp, raw: Raw, binding: str, *, fresh: bool, folder: str, fault: str
) -> None:
    # The fixture engraved AB0001 with HASHES[0] in the folder "cd".
    before = raw.dump()
    wanted = claim(binding, fresh=fresh, folder=folder)
    if fault:
        with pytest.raises(InputError, match=fault):
            issue(registry, pins("AB0001"), stamp, claim=wanted)
    else:
        assert issue(registry, pins("AB0001"), stamp, claim=wanted)[0].id == 1001
    assert raw.dump() == before


def test_a_fresh_claim_takes_pins_that_were_only_issued(registry: Registry, stamp: Stamp) -> None:
    assert issue(registry, pins("AB0500"), stamp, claim=claim(fresh=True, folder="ef"))[0].id == 1500
    # A mark that replaces an engraved one is not engraved itself.
    assert issue(registry, pins("AB0003"), stamp, claim=claim(HASHES[1], fresh=True, folder="ef"))[0].id == 5001


def test_marks_go_forward_only(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    assert advance(registry, [1001, 1002], "verified", {"manifest": "m"}, stamp) == 2
    assert json.loads(raw.one("SELECT body FROM events WHERE seq = 7"))["manifest"] == "m"
    before = raw.dump()
    for state in ("planned", "allocated", "rendered", "verified"):
        assert advance(registry, [1001, 1002, 1001], state, {}, stamp) == 0
    assert raw.dump() == before
    assert advance(registry, [1001, 1002, 1500], "rendered", {}, stamp) == 1
    assert advance(registry, [1001], "marked", {}, stamp) == 1
    assert [mark.state for mark in current(registry, pins("AB0001", "AB0002", "AB0500"))] == [5, 3, 2]
    assert raw.rows("SELECT state FROM steps WHERE mark = 1001 ORDER BY state") == [(1,), (3,), (5,)]
    assert [kind for (kind,) in raw.rows("SELECT kind FROM events WHERE seq > 6 ORDER BY seq")] == [
        "verified",
        "rendered",
        "marked",
    ]


def test_steps_that_cannot_be_taken_are_told_all_at_once(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    before = raw.dump()
    with pytest.raises(InputError) as caught:
        advance(registry, [1001, 77, 1003, 78], "rendered", {}, stamp)
    assert faults_of(caught) == (
        "mark 77: is not on record",
        "mark 78: is not on record",
        "serial 'AB0003' of (Acme, P-1): its mark is void, and cannot be rendered",
    )
    assert raw.dump() == before
    assert advance(registry, [1003], "void", {}, stamp) == 0
    assert advance(registry, [], "rendered", {}, stamp) == 0


def test_a_void_is_for_good(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    found = void(registry, pins("AB0001", "X-1", "AB0001"), " lost ", stamp)
    assert [mark.id for mark in found] == [1001, 5000, 1001]
    assert json.loads(raw.one("SELECT body FROM events WHERE seq = 7"))["reason"] == "lost"
    assert raw.rows("SELECT mark, state FROM steps WHERE event = 7 ORDER BY mark") == [(1001, 6), (5000, 6)]
    before = raw.dump()
    assert [mark.state for mark in void(registry, pins("AB0001"), "again", stamp)] == [VOID]
    assert raw.dump() == before
    with pytest.raises(InputError, match="its mark is void; `pin-engrave registry reissue` gives it a new one"):
        issue(registry, pins("AB0001"), stamp)
    with pytest.raises(InputError) as caught:
        void(registry, pins("AB0002", "nobody", "noone"), "lost", stamp)
    assert len(faults_of(caught)) == 2
    assert raw.dump() == before
    # Its id is never given out again.
    assert [mark.id for mark in issue(registry, pins("Q-1"), stamp)] == [5002]


@pytest.mark.parametrize("reason", ["", "   ", "a\nb", "a\0", "\udc80"])
def test_a_reason_is_required(registry: Registry, stamp: Stamp, raw: Raw, reason: str) -> None:
    before = raw.dump()
    with pytest.raises(InputError, match="reason"):
        void(registry, pins("AB0001"), reason, stamp)
    with pytest.raises(InputError, match="reason"):
        reissue(registry, pins("AB0001")[0], reason, stamp)
    assert raw.dump() == before


def test_a_replaced_pin_has_a_new_code_that_names_the_old(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    # The fixture replaced AB0003 once: 1003, then 5001.
    second, third = reissue(registry, pins("AB0003")[0], "broken again", stamp)
    assert (second.id, second.issue, second.replaces) == (5001, 1, 1003)
    assert (third.id, third.issue, third.replaces, third.state) == (5002, 2, 5001, ALLOCATED)
    fourth = reissue(registry, pins("AB0003")[0], "and again", stamp)[1]
    assert (fourth.id, fourth.issue, fourth.replaces) == (5003, 3, 5002)
    assert raw.rows("SELECT id, issue, replaces FROM marks WHERE serial = 'AB0003' ORDER BY issue") == [
        (1003, 0, None),
        (5001, 1, 1003),
        (5002, 2, 5001),
        (5003, 3, 5002),
    ]
    states = "SELECT mark, max(state) FROM steps WHERE mark IN (1003, 5001, 5002, 5003) GROUP BY mark ORDER BY mark"
    assert raw.rows(states) == [(1003, 6), (5001, 6), (5002, 6), (5003, 1)]
    assert issue(registry, pins("AB0003"), stamp) == (fourth,)
    before = raw.dump()
    with pytest.raises(InputError, match="is used up"):
        reissue(registry, pins("AB0003")[0], "once more", stamp)
    with pytest.raises(InputError, match="is not on record"):
        reissue(registry, pins("NOBODY")[0], "broken", stamp)
    assert raw.dump() == before
    assert audit(registry).sound


def test_a_void_pin_can_be_replaced_and_a_model_without_a_pool_cannot(
    registry: Registry, stamp: Stamp, raw: Raw
) -> None:
    void(registry, pins("AB0500"), "lost", stamp)
    old, new = reissue(registry, pins("AB0500")[0], "found a blank", stamp)
    assert (old.state, new.id, new.replaces) == (VOID, 5002, 1500)
    assert raw.one("SELECT count(*) FROM steps WHERE mark = 1500 AND state = 6") == 1
    add_ranges(registry, "Acme", [Range(maker="Acme", model="P-2", template="99", base=100)], [], stamp)
    issue(registry, [("Acme", "P-2", "07")], stamp)
    with pytest.raises(InputError, match="the pool of ids for it is missing"):
        reissue(registry, ("Acme", "P-2", "07"), "broken", stamp)


def test_marks_are_found_by_pin(registry: Registry) -> None:
    with reading(registry) as connection:
        found = current_marks(connection, [*pins("AB0003", "AB0001", "NOBODY"), ("Bolt", "P-1", "AB0001")])
    assert {pin: mark.id for pin, mark in found.items()} == dict(
        zip(pins("AB0003", "AB0001"), (5001, 1001), strict=True)
    )
    with pytest.raises(InputError) as caught:
        current(registry, pins("AB0001", "NO-1", "NO-2"))
    assert len(faults_of(caught)) == 2


def test_what_fails_in_the_middle_leaves_nothing(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    before = raw.dump()
    with pytest.raises(ConflictError):
        _add_twice(registry)
    assert raw.dump() == before
    assert issue(registry, pins("Q-1"), stamp)[0].id == 5002


def _add_twice(registry: Registry) -> None:
    with writing(registry) as connection:
        for _ in range(2):
            connection.exec_driver_sql("INSERT INTO models VALUES (9, 'Bolt', 'P-9', 6)")


def test_what_is_foreseen_is_what_is_issued(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    void(registry, pins("AB0500"), "lost", stamp)
    before = raw.dump()
    wanted = pins("Q-1", "AB0001", "AB0010", "Q-1", "Q-2")
    told = foresee(registry, wanted, claim(folder="x"))
    assert told.faults == {}
    assert [mark.serial for mark, _ in told.added] == ["Q-1", "AB0010", "Q-2"]
    bad = foresee(registry, pins("AB0500", "AB0001", "Q-1", "Q-2", "Q-3"), claim(HASHES[1]))
    assert list(bad.faults) == pins("AB0500", "AB0001", "Q-3")
    assert raw.dump() == before
    found = issue(registry, wanted, stamp, claim=claim(folder="x"))
    assert [told.marks[pin].code for pin in wanted] == [mark.code for mark in found]


def test_many_pins_in_one_call(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    generator = np.random.default_rng(3)
    numbers = generator.permutation(1000)[:900].tolist()
    found = issue(registry, pins(*(f"AB{number:04}" for number in numbers)), stamp)
    # The fixture's replaced pin has its code from the pool.
    assert [mark.id for mark in found] == [5001 if number == 3 else 1000 + number for number in numbers]
    assert raw.one("SELECT count(*) FROM events") == 7
    assert audit(registry).sound


def test_a_mark_without_a_state_is_told(registry: Registry, stamp: Stamp, raw: Raw) -> None:
    with raw.unguarded():
        raw.run("DELETE FROM steps WHERE mark = 1001")
    with pytest.raises(InputError, match="mark 1001: has no state that is known; the record was altered"):
        void(registry, pins("AB0001"), "lost", stamp)
