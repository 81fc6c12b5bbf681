"""Builds the wheel and tries it on every Python that is there: its own tests of the commands, from an empty folder.

Usage: python requirements/wheels.py [--evidence FILE] [PYTHON ...]

Without names ``python3.11``, ``python3.12`` and ``python3.13`` are looked for. Each gets an environment of its own with
the locked requirements and nothing of this checkout; what the tests need besides is taken from the lock of the tests,
by hash. Tests whose judges are not there skip. Prints a line for each; the exit code is 3 where one fails.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PYTHONS = ("python3.11", "python3.12", "python3.13")
# What the tests of the commands import, and what that needs.
TESTED_WITH = (
    "attrs", "charset-normalizer", "fonttools", "hypothesis", "iniconfig", "jsonschema", "jsonschema-specifications",
    "packaging", "pluggy", "pygments", "pytest", "referencing", "reportlab", "rpds-py", "sortedcontainers",
    "typing-extensions",
)  # fmt: skip
_ENTRY = re.compile(r"^([a-z0-9][a-z0-9._-]*)==[^\n]*\n(?: +--hash[^\n]*\n)*", re.MULTILINE)
_SUMMARY = re.compile(r"^=* ?(\d+ .*(?:passed|failed|error).*?) in ", re.MULTILINE)


def entries(lock: str, names: Sequence[str]) -> Iterator[str]:
    """The entries of some packages in a lock file, with their hashes."""
    wanted = set(names)
    for found in _ENTRY.finditer(lock):
        if found[1] in wanted:
            yield found[0]


def built(folder: Path) -> Path:
    """The wheel, made from the checkout."""
    command = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder), str(PROJECT))
    subprocess.run([sys.executable, *command], check=True)  # noqa: S603 - pip, with arguments made here
    return next(folder.glob("*.whl"))


def tried(python: str, wheel: Path, folder: Path) -> str | None:
    """What the tests of the commands come to on an interpreter; None where they fail."""
    home, empty = folder / "env", folder / "empty"
    empty.mkdir(parents=True)
    subprocess.run([python, "-m", "venv", str(home)], check=True)  # noqa: S603 - an interpreter that was found
    own = str(home / "bin" / "python")
    tests = folder / "tests.txt"
    tests.write_text("".join(entries((PROJECT / "requirements" / "test.txt").read_text(), TESTED_WITH)))
    pip = (own, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    for arguments in (
        ("--require-hashes", "-r", str(PROJECT / "requirements" / "run.txt"), "-r", str(tests)),
        ("--no-deps", str(wheel)),
    ):
        subprocess.run([*pip, *arguments], check=True)  # noqa: S603 - pip, with arguments made here
    done = subprocess.run(  # noqa: S603 - pytest
        [own, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow and not exhaustive",
         "-c", str(PROJECT / "pyproject.toml"), str(PROJECT / "tests" / "cli")],
        cwd=empty, check=False, capture_output=True, text=True,
    )  # fmt: skip
    summary = _SUMMARY.search(done.stdout)
    if done.returncode or summary is None:
        print(done.stdout[-4_000:], done.stderr[-2_000:], sep="\n")
        return None
    return summary[1]


def main() -> int:
    """Try them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="*", metavar="PYTHON")
    parser.add_argument("--evidence", type=Path)
    options = parser.parse_args()
    results: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        wheel = built(Path(name))
        for python in options.pythons or PYTHONS:
            found = shutil.which(python)
            told = "is not there" if found is None else tried(found, wheel, Path(name) / python)
            results[python] = told or "FAILS"
            print(f"{python}: {results[python]}", flush=True)
    if options.evidence is not None:
        options.evidence.write_text(json.dumps({"wheel": wheel.name, "pythons": results}, indent=2) + "\n")
    return 3 if "FAILS" in results.values() else 0


if __name__ == "__main__":
    sys.exit(main())
