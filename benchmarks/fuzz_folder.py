"""What stands in a batch's folder, and a registry's address, as targets."""

from contextlib import chdir
from pathlib import Path

from benchmarks.fuzz_target import Target
from engrave.base.config import json_bytes
from engrave.base.errors import InputError
from engrave.base.files import sha256_hex
from engrave.batch.folder import (
    INDEX,
    JOB,
    MANIFEST,
    RUN,
    RUN_SCHEMA,
    binding_of,
    manifest_pieces,
    name_of,
    recorded_files,
    require_ours,
)
from engrave.batch.verifying import examine
from engrave.registry.connection import connected, shown_address

_SECRET = "hunter2"  # noqa: S105 - what must not be shown
_OUTSIDE = "outside.txt"
_BINDING = binding_of(input_sha256=sha256_hex(b"serials"), job_sha256=sha256_hex(b"job"))


def folder_targets(folder: Path) -> dict[str, Target]:
    """The documents of a batch's folder by name; each is put into a folder of its own."""
    return {
        "manifest": _manifest(folder / "finished"),
        "run_json": _run(folder / "unfinished"),
        "registry_url": _url(folder / "registry"),
    }


def _tokens() -> tuple[bytes, ...]:
    words = rb'null true [] {} "" 1e999 NaN "schema" "pins" "files" -1 1.5 "\ud800" ../ 9'
    outside = (b"../../outside.txt", b"../../../outside.txt")
    return (*words.split(), *outside, b"[" * 300, b'"' + b"x" * 3_000 + b'"')


def _manifest(folder: Path) -> Target:
    folder.mkdir()
    (folder.parent / _OUTSIDE).write_bytes(b"nobody's business")
    (folder / INDEX).write_bytes(b"page")
    (folder / JOB).write_bytes(b"job")
    rows = [
        {
            "serial": f"AAA000{number}",
            "maker": "Acme",
            "model": "P9",
            "id": number,
            "verdict": "pass",
            "characters": f"0H7KB4M{number}",
            "files": {"mark.json": sha256_hex(b"x")},
        }
        for number in range(3)
    ]
    pieces = manifest_pieces(
        folder, _BINDING, job_name="example", priors=[("a", "b")], pins=rows, skipped=[{"line": 3, "reason": "bad"}]
    )
    seed = b"".join(pieces)

    def read(data: bytes) -> str:
        (folder / MANIFEST).write_bytes(data)
        found = examine(folder, None)
        if any(_OUTSIDE in fault for fault in found.faults):
            raise AssertionError("a row led out of the folder")
        require_ours(folder, _BINDING)
        recorded_files(folder)
        return "taken"

    return Target(seeds=(seed,), tokens=_tokens(), read=read)


def _run(folder: Path) -> Target:
    folder.mkdir()

    def read(data: bytes) -> str:
        (folder / RUN).write_bytes(data)
        require_ours(folder, _BINDING)
        name_of(folder)
        return "taken"

    return Target(
        seeds=(json_bytes({**_BINDING.document(RUN_SCHEMA), "folder": "ab" * 16}),), tokens=_tokens(), read=read
    )


def _url(folder: Path) -> Target:
    """Nothing is connected to before the first query: an address is taken apart, and shown without its password."""
    folder.mkdir()
    (folder / "registry.db").touch()

    def read(data: bytes) -> str:
        given = data.decode("utf-8", errors="replace")
        # Where it stands as a server's address has it, and nowhere else.
        address = given.partition("?")[0]
        is_secret = given.count(_SECRET) == 1 and f":{_SECRET}@" in address and not address.startswith("sqlite:///")
        try:
            if is_secret and _SECRET in shown_address(given):
                raise AssertionError("a password is shown")
            with chdir(folder), connected(given):
                return "taken"
        except InputError as error:
            if is_secret and _SECRET in str(error):
                raise AssertionError("a password is told") from error
            raise

    seeds = (
        b"registry.db",
        b"sqlite:///registry.db",
        b"postgresql://user:hunter2@127.0.0.1:5432/marks?sslmode=require&application_name=x",
        b"postgresql+psycopg://user@/marks?host=/run/postgresql",
    )
    words = b":// : @ / ? & = % %00 %ff [::1] [ ] .. postgres sqlite mysql host port=x password hunter2 -1 99999999 #"
    return Target(seeds=seeds, tokens=tuple(words.split()), read=read)
