"""The same targets under a fuzzer that watches which branches are taken (atheris, on libFuzzer).

Usage: python benchmarks/guided_fuzz.py TARGET --runs 10000 --seed 1

It prints libFuzzer's own report. The exit code is 0 where nothing broke; an exception of a kind that no reader may
raise ends it with the input that caused it, and so does an input that takes ten seconds or two gigabytes.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# Last, so that an installed pin-engrave is fuzzed rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

_LONGEST_INPUT = 4096
_SLOWEST_S = 10
_MOST_MB = 2048
_MOST_SHOWN = 2000


def guided(name: str, *, runs: int, seed: int) -> dict[str, Any]:
    """Fuzz one target in a process of its own, since libFuzzer ends the process it runs in."""
    command = [sys.executable, __file__, name, "--runs", str(runs), "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - ours
    executed = re.search(r"^stat::number_of_executed_units:\s+(\d+)", done.stderr, re.MULTILINE)
    coverage = re.findall(r"\bcov: (\d+)", done.stderr)
    result: dict[str, Any] = {
        "runs": int(executed[1]) if executed else 0,
        "branches_first": int(coverage[0]) if coverage else 0,
        "branches_last": int(coverage[-1]) if coverage else 0,
    }
    result["holds"] = done.returncode == 0 and result["runs"] >= runs
    return result if result["holds"] else {**result, "ended": (done.stdout + done.stderr)[-_MOST_SHOWN:]}


def main() -> None:
    """Fuzz one target in this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    import atheris  # noqa: PLC0415 - its instrumentation must not see what is imported above

    with atheris.instrument_imports(include=["engrave", "fonts", "toolpaths"]):
        from benchmarks.proof_fuzz import ALLOWED, targets  # noqa: PLC0415 - imported to be instrumented
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        target = targets(folder)[options.target]

        def one(data: bytes) -> None:
            try:
                target.read(data)
            except ALLOWED:
                return

        atheris.Setup([sys.argv[0], *_arguments(folder, target.seeds, target.tokens, options)], one)
        atheris.Fuzz()


def _arguments(
    folder: Path, seeds: tuple[bytes, ...], tokens: tuple[bytes, ...], options: argparse.Namespace
) -> list[str]:
    """What libFuzzer is told: how much, where to begin, and which words mean something."""
    corpus, dictionary = folder / "corpus", folder / "words"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    words = ("".join(f"\\x{byte:02x}" for byte in token) for token in tokens if token)
    dictionary.write_text("".join(f'"{word}"\n' for word in words))
    longest = max(_LONGEST_INPUT, *(2 * len(seed) for seed in seeds))
    return [
        f"-runs={options.runs}",
        f"-seed={options.seed}",
        f"-max_len={longest}",
        f"-timeout={_SLOWEST_S}",
        f"-rss_limit_mb={_MOST_MB}",
        f"-dict={dictionary}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
        str(corpus),
    ]


if __name__ == "__main__":
    main()
