"""How a production system calls pin-engrave: one command, one JSON document, one exit code.

Usage: python examples/call_from_production.py SERIALS.csv OUT [--job JOB.toml] [--program pin-engrave] [--tries 3]

Prints a line a pin, ``serial,characters,verdict``, and ends with the command's own exit code. Nothing of pin-engrave is
imported: the caller may be of another Python, or, told anew in it, of another language.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

DONE, UNFINISHED, WRONG, NO = 0, 1, 2, 3
_PAUSE_S = 2.0


def called(program: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the document. Events on standard error, a JSON object a line, are handed on as they come."""
    command = [program, *arguments, "--json", "--log-format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:  # noqa: S603 - no shell, and our own arguments
        out, _ = running.communicate()
    try:
        document = json.loads(out)
    except ValueError as error:  # killed, or no such version: the code alone tells
        raise RuntimeError(f"{program} ended with {running.returncode} and no document") from error
    return running.returncode, document


def batch(serials: Path, out: Path, *, job: Path | None, program: str, tries: int) -> tuple[int, dict[str, Any]]:
    """Make a batch; code 1 means that the same command may be repeated, and resumes."""
    arguments = ["batch", str(serials), "--out", str(out), *(["--job", str(job)] if job else [])]
    for _ in range(tries - 1):
        code, document = called(program, *arguments)
        if code != UNFINISHED:
            return code, document
        time.sleep(_PAUSE_S)
    return called(program, *arguments)


def main() -> int:
    """Call, and tell what came of every pin."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("serials", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--job", type=Path)
    parser.add_argument("--program", default="pin-engrave")
    parser.add_argument("--tries", type=int, default=3)
    given = parser.parse_args()
    try:
        code, document = batch(given.serials, given.out, job=given.job, program=given.program, tries=given.tries)
    except (OSError, RuntimeError) as error:  # no such program, or one that was killed: the next call resumes
        print(error, file=sys.stderr)
        return UNFINISHED
    if document["schema"] == "pin-engrave/error/1":
        for fault in document["faults"]:
            print(f"{document['slug']}: {fault}", file=sys.stderr)
        return code
    if document["schema"] != "pin-engrave/outcome/1":  # a newer version may say more than we know
        raise RuntimeError(f"document {document['schema']} is not known here")
    for pin in document["pins"]:
        print(f"{pin['serial']},{pin['characters']},{pin['verdict']}")
    return code


if __name__ == "__main__":
    sys.exit(main())
