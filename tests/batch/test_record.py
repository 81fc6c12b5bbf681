"""Batches whose codes a registry gives: what is on record at every moment, and what the registry refuses."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engrave import api
from engrave.api import RegistryGiven
from engrave.base.config import json_bytes
from engrave.base.errors import InputError
from engrave.base.files import sha256_hex
from engrave.batch import Workshop
from engrave.batch.record import Record
from engrave.code.mark import Mark, mark_from_json, mark_to_json
from engrave.registry.audit import audit
from engrave.registry.becoming import reissue, void
from engrave.registry.chain import Stamp
from engrave.registry.issuing import issue
from engrave.registry.store import Block, Pool, create_registry, opened
from engrave.registry.terms import add_issuer, add_ranges

STAMP = Stamp(actor="clerk", time="2026-01-31T12:00:00Z", tool="test")
POOL = Pool(maker="Acme", model="P9", first_id=900_000_000, last_id=900_000_099)
# Two by the ranges of the example job (base 0 at AAA0001), one by the pool.
CSV = "serial,maker,model,lot\nAAA0001,Acme,P9,7\nSPECIAL-1,Acme,P9,7\nAAA0003,Acme,P9,\n"
IDS = [0, 900_000_000, 2]
CHECK: dict[str, object] = {"verdict": "pass", "reading": None, "findings": [], "glyphs": [], "ring_cells": []}


class Shop:
    """A registry, a CSV file, and a maker of pins of a few bytes that fails where a test asks for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = str(folder / "registry.db")
        self.serials = folder / "serials.csv"
        self.serials.write_text(CSV)
        self.made: list[str] = []
        self.fails_at = 0
        self.failing: set[str] = set()
        create_registry(self.address, identity="a test", stamp=STAMP)
        with opened(self.address) as registry:
            add_issuer(registry, "All", [Block(first_id=0, last_id=2**30 - 1)], STAMP)
            add_ranges(registry, "All", api.load_job(None).ranges, [POOL], STAMP)

    def make(self, _workshop: Workshop, mark: Mark) -> tuple[dict[str, bytes], None]:
        """Stand in for ``make_pin``."""
        self.made.append(mark.serial)
        if len(self.made) == self.fails_at:
            raise KeyboardInterrupt
        check = {**CHECK, "verdict": "fail"} if mark.serial in self.failing else CHECK
        files = dict.fromkeys(("job.ngc", "layout.svg", "pin.svg"), b"x")
        return {**files, "mark.json": json_bytes(mark_to_json(mark)), "check.json": json_bytes(check)}, None

    def batch(self, name: str = "out") -> api.BatchOutcome:
        """Run it."""
        given = RegistryGiven(address=self.address, actor="clerk")
        return api.batch(self.serials, self.folder / name, None, formats=("ngc",), registry=given)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the file holds, by sqlite3 alone."""
        with sqlite3.connect(self.address) as connection:
            return connection.execute(query).fetchall()

    def states(self) -> list[tuple[object, ...]]:
        """The furthest state of every mark, by id."""
        return self.rows(
            "SELECT mark, name FROM (SELECT mark, MAX(state) AS state FROM steps GROUP BY mark)"
            " JOIN states ON rank = state ORDER BY mark"
        )


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    made = Shop(tmp_path)
    monkeypatch.setattr("engrave.batch.making.make_pin", made.make)
    monkeypatch.setattr(
        "engrave.batch.run.write_index",
        lambda out, _folder, recorded, _setup: out.write(
            f"{len(list(recorded.pins))} pins, {sorted(recorded.files)}".encode()
        ),
    )
    yield made
    with opened(made.address) as registry:
        assert audit(registry).faults == ()


def _pin(serial: str) -> tuple[str, str, str]:
    return "Acme", "P9", serial


def test_codes_are_given_in_the_files_order_and_what_came_of_them_is_on_record(shop: Shop) -> None:
    shop.failing = {"AAA0003"}
    outcome = shop.batch()
    assert [pin.mark.id for pin in outcome.pins] == IDS
    assert shop.states() == [(0, "verified"), (2, "rendered"), (900_000_000, "verified")]
    manifest = sha256_hex((shop.folder / "out" / "manifest.json").read_bytes())
    events = shop.rows("SELECT kind, actor, json_extract(body, '$.manifest') FROM events WHERE seq > 3")
    assert events == [("allocated", "clerk", None), ("rendered", "clerk", manifest), ("verified", "clerk", manifest)]
    assert shop.rows("SELECT mark, profile, lot FROM engravings ORDER BY mark") == [
        (0, "A", "7"),
        (2, "A", ""),
        (900_000_000, "A", "7"),
    ]


def test_the_folder_names_the_registry_and_nothing_that_changes(shop: Shop) -> None:
    shop.batch()
    job = json.loads((shop.folder / "out" / "job.json").read_bytes())
    assert job["registry"] == shop.rows("SELECT hash FROM events WHERE seq = 1")[0][0]
    mark = mark_from_json(json.loads((shop.folder / "out" / "pins" / _characters(shop, 1) / "mark.json").read_bytes()))
    assert (mark.serial, mark.id) == ("SPECIAL-1", 900_000_000)
    assert not (shop.folder / "out" / ".run.json").exists()


def _characters(shop: Shop, index: int) -> str:
    return str(json.loads((shop.folder / "out" / "manifest.json").read_bytes())["pins"][index]["characters"])


def test_again_adds_nothing(shop: Shop) -> None:
    shop.batch()
    before = shop.rows("SELECT * FROM events")
    assert shop.batch().made == 0
    assert shop.rows("SELECT * FROM events") == before


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_interrupted_batch_goes_on_with_the_codes_it_was_given(shop: Shop, at: int) -> None:
    shop.fails_at = at
    with pytest.raises(KeyboardInterrupt):
        shop.batch()
    assert [state for _, state in shop.states()] == ["allocated"] * 3
    # Somebody else is given the pool's next code in between.
    with opened(shop.address) as registry:
        assert issue(registry, [_pin("SPECIAL-2")], STAMP)[0].id == 900_000_001
    outcome = shop.batch()
    assert [pin.mark.id for pin in outcome.pins] == IDS
    assert (len(shop.made), outcome.made) == (4, 4 - at)
    assert shop.rows("SELECT COUNT(*) FROM engravings") == [(3,)]


def test_a_run_killed_between_manifest_and_registry_is_put_on_record_by_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Record, "report", _killed)
        with pytest.raises(KeyboardInterrupt):
            shop.batch()
    assert (shop.folder / "out" / "manifest.json").is_file()
    assert [state for _, state in shop.states()] == ["allocated"] * 3
    assert shop.batch().made == 0
    assert [state for _, state in shop.states()] == ["verified"] * 3


def _killed(*_arguments: object, **_named: object) -> None:
    raise KeyboardInterrupt


def test_a_pool_code_that_another_took_since_the_rows_were_read_is_given_anew(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Record.allocate

    def late(self: Record, *arguments: object, **named: object) -> object:
        with opened(shop.address) as registry:
            assert issue(registry, [_pin("SPECIAL-9")], STAMP)[0].id == 900_000_000
        return real(self, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Record, "allocate", late)
    outcome = shop.batch()
    assert [pin.mark.id for pin in outcome.pins] == [0, 900_000_001, 2]
    assert sorted(path.name for path in (shop.folder / "out" / "pins").iterdir()) == sorted(
        pin.mark.characters for pin in outcome.pins
    )


def test_a_second_folder_is_refused_and_nothing_is_made(shop: Shop) -> None:
    shop.batch()
    for serials, reason in ((CSV, "engraved in another folder"), (CSV + "AAA0004,Acme,P9,\n", "another input or job")):
        shop.serials.write_text(serials)
        with pytest.raises(InputError, match=reason) as raised:
            shop.batch("second")
        assert [fault.split(":")[1] for fault in raised.value.faults] == [
            " line 2, column 1",
            " line 3, column 1",
            " line 4, column 1",
        ]
        assert not (shop.folder / "second").exists()


def test_a_second_folder_is_refused_while_the_first_is_unfinished(shop: Shop) -> None:
    shop.fails_at = 2
    with pytest.raises(KeyboardInterrupt):
        shop.batch()
    with pytest.raises(InputError, match="engraved in another folder"):
        shop.batch("second")


def test_a_reissued_pin_goes_into_a_folder_of_its_own(shop: Shop) -> None:
    shop.batch()
    with opened(shop.address) as registry:
        reissue(registry, _pin("AAA0003"), "tip broken", STAMP)
    with pytest.raises(InputError, match=r"serial 'AAA0003': was reissued since"):
        shop.batch()
    shop.serials.write_text("serial,maker,model\nAAA0003,Acme,P9\n")
    outcome = shop.batch("second")
    assert [pin.mark.id for pin in outcome.pins] == [900_000_001]
    assert shop.states() == [(0, "verified"), (2, "void"), (900_000_000, "verified"), (900_000_001, "verified")]


def test_a_void_pin_is_refused(shop: Shop) -> None:
    with opened(shop.address) as registry:
        issue(registry, [_pin("AAA0003")], STAMP)
        void(registry, [_pin("AAA0003")], "lost", STAMP)
    with pytest.raises(InputError, match=r"line 4, column 1: .*its mark is void"):
        shop.batch()
    assert not (shop.folder / "out").exists()


def test_a_plan_writes_nothing(shop: Shop) -> None:
    before = shop.rows("SELECT * FROM events")
    given = RegistryGiven(address=shop.address)
    for out in (shop.folder / "out", None):
        orders = api.plan(shop.serials, None, out=out, registry=given)
        assert [mark.id for _, mark in orders.good] == IDS
    assert shop.rows("SELECT * FROM events") == before
    assert not (shop.folder / "out").exists()


def test_a_jobs_range_that_is_not_on_record_is_refused_with_all_other_faults(shop: Shop) -> None:
    job = shop.folder / "job.toml"
    job.write_text(api.example_job_text().replace('last = "AAZ9999"', 'last = "AAY9999"'))
    shop.serials.write_text("serial,maker,model\nAAA 001,Acme,P9\n")
    with pytest.raises(InputError) as raised:
        api.batch(shop.serials, shop.folder / "out", job, registry=RegistryGiven(address=shop.address))
    assert len(raised.value.faults) == 2
    assert raised.value.faults[0].startswith("ranges[0] (Acme, P9): is not on record")
    assert "line 2, column 1: serial 'AAA 001': ' ' at position 4" in raised.value.faults[1]


def test_one_pin_by_the_registry(shop: Shop) -> None:
    given = RegistryGiven(address=shop.address)
    outcome = api.make("special-5", maker="Acme", model="P9", out=shop.folder / "one", job=None, registry=given)
    assert [(pin.mark.serial, pin.mark.id) for pin in outcome.pins] == [("SPECIAL-5", 900_000_000)]
    with pytest.raises(InputError, match="engraved in another folder"):
        api.make("SPECIAL-5", maker="Acme", model="P9", out=shop.folder / "two", job=None, registry=given)
