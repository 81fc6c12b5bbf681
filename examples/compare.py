"""Finished folders side by side: verdicts, time on the machine, what is used up, and how often the pins can be told.

Usage: python examples/compare.py [--samples N] FOLDER ...

An example of the Python interface, and what ``make demo-edm`` ends with. The chance of identification is that of the
first pin under draws of the ensemble ``field``, which are harsher than a sound pistol's strikes.
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any

from engrave import api

SEED = 1
# The finding that tells what wears off a rod.
_WORN = "E504"


def told(folder: Path, *, samples: int) -> dict[str, str]:
    """One folder in words."""
    pins = sorted((folder / "pins").iterdir())
    checks = [json.loads((pin / "check.json").read_text()) for pin in pins]
    job = json.loads((folder / "job.json").read_text())
    return {
        "folder": folder.name,
        "process": job["process"]["name"],
        "pins that pass": f"{sum(check['verdict'] == 'pass' for check in checks)} of {len(checks)}",
        "read as their own serial": f"{sum(_own(check) for check in checks)} of {len(checks)}",
        "machine time a pin": _mean_time(checks),
        "used up a pin": _used(pins[0], checks[0]),
        "identified under field strikes": _identified(pins[0], samples=samples),
    }


def _own(check: dict[str, Any]) -> bool:
    return bool(check["reading"] and check["reading"]["serial"] == check["intended"]["serial"])


def _mean_time(checks: list[dict[str, Any]]) -> str:
    times = [check["time"] for check in checks if check["time"]]
    if not times:
        return "not known"
    minutes = math.fsum(time["total_s"] for time in times) / len(times) / 60
    return f"{'at least ' if any(time['is_least'] for time in times) else ''}{minutes:.1f} min"


def _used(pin: Path, check: dict[str, Any]) -> str:
    """What findings and setup sheets say of rods and electrodes that wear."""
    rods = [f"{finding['place']}: {finding['message']}" for finding in check["findings"] if finding["number"] == _WORN]
    sheet = pin / "setup-sheet.json"
    sheets = json.loads(sheet.read_text())["sheets"] if sheet.is_file() else []
    electrodes = [f"electrode {each['stage']}: {each['wear_um']:.1f} um wear off" for each in sheets]
    return "; ".join(rods + electrodes) or "nothing that wears"


def _identified(pin: Path, *, samples: int) -> str:
    drawn = api.strike(pin, conditions=["nominal"], samples=samples, seed=SEED).document["ensemble"]
    jointly = drawn["carriers"]["jointly"]["identified"]
    low, high = jointly["wilson_95"]
    return f"{jointly['count']} of {jointly['of']} (95 %: {low:.2f} to {high:.2f})"


def main() -> None:
    """Print a table, a column a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--samples", type=int, default=24)
    arguments = parser.parse_args()
    columns = [told(folder, samples=arguments.samples) for folder in arguments.folders]
    for row in columns[0]:
        print(f"{row}:")
        for column in columns:
            print(f"  {column['folder']:<10} {column[row]}")


main()
