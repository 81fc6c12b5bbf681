"""LinuxCNC's own interpreter as a Python module, run by the system's Python: canonical moves at full precision.

Usage: python3 linuxcnc_gcode.py PROGRAM. Prints a JSON list of [kind, x, y, z, feed] in mm and mm/min, and of
["output", "on" or "off", number] for digital, ["analog", number, value] for analog outputs; or {"refused": message}.
The debian package linuxcnc-uspace brings the module ``gcode``.
"""

import json
import sys
from pathlib import Path
from typing import Any

import gcode  # type: ignore[import-not-found]

_INCH = 25.4


class Canon:
    """Canonical calls, put down as they come; lengths reach it in inches, whatever the program's unit."""

    def __init__(self, folder: Path) -> None:
        self.parameter_file = str(folder / "gcode.var")
        self.calls: list[list[Any]] = []
        self.feed = 0.0
        self.offset = [0.0, 0.0, 0.0]

    def _place(self, values: tuple[float, ...]) -> list[float]:
        return [value * _INCH for value in values[:3]]

    def straight_traverse(self, *values: float) -> None:
        self.calls.append(["rapid", *self._place(values), 0.0])

    def straight_feed(self, *values: float) -> None:
        self.calls.append(["feed", *self._place(values), self.feed])

    def straight_probe(self, *values: float) -> None:
        self.calls.append(["probe", *self._place(values), self.feed])

    def set_feed_rate(self, value: float) -> None:
        self.feed = value * _INCH

    def set_g5x_offset(self, index: int, *values: float) -> None:
        self.calls.append(["offset", *self._place(values), float(index)])

    def user_defined_function(self, number: int, first: float, second: float) -> None:
        self.calls.append(["user", float(number), first, second])

    def get_tool(self, pocket: int) -> tuple[float, ...]:
        return (pocket, *(0.0,) * 12, 0)

    def get_external_length_units(self) -> float:
        return 1.0

    def get_external_angular_units(self) -> float:
        return 1.0

    def get_axis_mask(self) -> int:
        return 7

    def get_block_delete(self) -> bool:
        return False

    def check_abort(self) -> bool:
        return False

    def next_line(self, _state: object) -> None:
        return

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else the interpreter calls
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_values: None


def main() -> None:
    """Interpret the program and print what it does."""
    path = Path(sys.argv[1])
    canon = Canon(path.parent)
    result, line = gcode.parse(str(path), canon, "G21", "")
    if result > gcode.MIN_ERROR:
        print(json.dumps({"refused": f"line {line}: {gcode.strerror(result)}"}))
    else:
        print(json.dumps(canon.calls))


main()
