"""A small batch for proofs: what it is made of, and what is wrong with what came of it."""

import json
from pathlib import Path

from benchmarks.raw_registry import raw_registry
from engrave import api
from engrave.base.files import TEMPORARY_PREFIX
from engrave.batch.folder import JOURNAL, LOCK, RUN, file_sha256
from engrave.registry.audit import audit
from engrave.registry.chain import Stamp
from engrave.registry.store import Block, create_registry, opened
from engrave.registry.terms import add_issuer, add_ranges


def batch_input(folder: Path, pins: int) -> list[str]:
    """Serials, and the example's job with the one condition and format that are quickest."""
    text = api.example_job_text()
    text = text.replace('["nominal", "weak"]', '["nominal"]').replace('["ngc", "dxf", "svg"]', '["ngc"]')
    (folder / "job.toml").write_text(text)
    rows = "".join(f"AAA{number:04d},Acme,P9\n" for number in range(1, pins + 1))
    (folder / "serials.csv").write_text(f"serial,maker,model\n{rows}")
    return [str(folder / "serials.csv"), "--job", str(folder / "job.toml")]


def registry_at(address: str) -> None:
    """A registry with the example's ranges; its identity is in every folder, and so the same each time."""
    stamp = Stamp(actor="proof", time="2026-11-22T08:00:00Z", tool="proof")
    create_registry(address, identity="ab" * 16, stamp=stamp)
    with opened(address) as registry:
        add_issuer(registry, "All", [Block(first_id=0, last_id=2**30 - 1)], stamp)
        add_ranges(registry, "All", api.load_job(None).ranges, [], stamp)


def hashes_of(folder: Path) -> dict[str, str]:
    """Every file that is there, by name."""
    return {str(path.relative_to(folder)): file_sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def differences(found: dict[str, str], undisturbed: dict[str, str]) -> dict[str, int]:
    """How many files are not as they should be."""
    unfinished = [name for name in found if TEMPORARY_PREFIX in name or Path(name).name in {RUN, JOURNAL, LOCK}]
    return {
        "files_missing": len(undisturbed.keys() - found.keys()),
        "files_more": len(found.keys() - undisturbed.keys()),
        "files_other": sum(found[name] != undisturbed[name] for name in found.keys() & undisturbed.keys()),
        "files_left_over": len(unfinished),
    }


def recorded_faults(address: str, pins: int, manifest_sha256: str) -> dict[str, int]:
    """What the registry has wrong, by its own audit and by plain SQL."""
    with raw_registry(address) as raw:
        marks = raw.rows("SELECT serial, id, code FROM marks")
        verified = raw.one("SELECT count(DISTINCT mark) FROM steps JOIN states ON rank = state WHERE name = 'verified'")
        told = [json.loads(body) for (body,) in raw.rows("SELECT body FROM events WHERE kind = 'verified'")]
    with opened(address) as registry:
        found = audit(registry)
    return {
        "serials_not_on_record": pins - len({serial for serial, _, _ in marks}),
        "codes_twice": len(marks) - len({code for _, _, code in marks}),
        "pins_not_verified": pins - int(verified),
        "events_of_another_manifest": sum(manifest_sha256 not in json.dumps(body) for body in told),
        "audit_faults": len(found.faults),
    }
