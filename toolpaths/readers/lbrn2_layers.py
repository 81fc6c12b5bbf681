"""Layers of a LightBurn project: their figures in SI units and micrometres, and what keeps them from marking lines."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from toolpaths.model import Process
from toolpaths.readers.drawn import FEED, PULSE_ENERGY, PULSE_WIDTH, REPEATS, REPETITION_RATE
from toolpaths.readers.lbrn2_document import Setting
from toolpaths.readers.lbrn2_paths import PathFaultError, number

# As for loops of G-code; a relief takes tens of passes.
MOST_REPEATS = 10_000
_LONGEST_NAME = 200
_MOST_LAYER = 31  # C00 to C29, then the two tool layers
# Far above any galvo (1 m/s to 10 m/s), any laser's rate, and any pulse that is still one: whoever says more errs.
_MOST_MM_S, _MOST_HZ, _MOST_NS = 1e6, 1e9, 1e9
_UM_PER_MM = 1000.0
_WHOLE_NUMBER = re.compile(r"\d{1,9}", re.ASCII)

# What makes a layer of lines mark something else than its lines, unless it is 0.
_ALTERING = ("kerf", "perforate", "dotMode", "overcut", "rampLength", "tabsEnabled", "wobbleEnable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer as understood; ``marks`` unless it is a tool layer or is not output; ``order``: the least comes first."""

    name: str
    marks: bool
    process: Process
    repeats: int
    order: tuple[int, int]
    says: frozenset[str]


def is_layer_number(text: str) -> bool:
    """Whether LightBurn has a layer of this number."""
    return _WHOLE_NUMBER.fullmatch(text) is not None and int(text) <= _MOST_LAYER


def layer_of(setting: Setting, most_pulse_energy_j: float) -> Layer:
    """The layer's figures in SI units and micrometres; raises PathFaultError for one that is not to be believed."""
    values = setting.values
    percent = _figure(values, "maxPower", most=100.0)
    feed, rate = _figure(values, "speed", most=_MOST_MM_S), _figure(values, "frequency", most=_MOST_HZ)
    width = _figure(values, "QPulseWidth", most=_MOST_NS)
    said = {PULSE_ENERGY: percent, FEED: feed, REPETITION_RATE: rate, PULSE_WIDTH: width}
    index = values["index"]
    return Layer(
        name=values.get("name", "")[:_LONGEST_NAME] or f"C{int(index):02d}",
        marks=setting.kind != "Tool" and values.get("doOutput", "1") != "0",
        process=Process(
            pulse_energy_j=math.nan if percent is None else percent / 100.0 * most_pulse_energy_j,
            repetition_rate_hz=math.nan if rate is None else rate,
            feed_um_s=math.nan if feed is None else feed * _UM_PER_MM,
            pulse_width_s=None if width is None else width * 1e-9,
        ),
        repeats=_repeats(values),
        order=(_count(values, "priority", least=0, most=10**9), int(index)),
        says=frozenset({REPEATS, *(name for name, figure in said.items() if figure is not None)}),
    )


def _figure(values: Mapping[str, str], name: str, *, most: float) -> float | None:
    """A positive figure, None where the layer does not say it; raises PathFaultError."""
    if name not in values:
        return None
    try:
        figure = number(values[name])
    except PathFaultError as fault:
        raise PathFaultError(f"{name}: {fault}") from fault
    if not 0.0 < figure <= most:
        raise PathFaultError(f"{name}: {figure:g} does not lie above 0 and up to {most:g}")
    return figure


def _count(values: Mapping[str, str], name: str, *, least: int, most: int) -> int:
    """A whole number, ``least`` where the layer does not say it; raises PathFaultError."""
    text = values.get(name, str(least))
    if not _WHOLE_NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise PathFaultError(f"{name}: {text[:40]!r} is no whole number from {least} to {most}")
    return int(text)


def _repeats(values: Mapping[str, str]) -> int:
    """Passes, times the passes over all that a galvo's layer may have; raises PathFaultError."""
    repeats = _count(values, "numPasses", least=1, most=MOST_REPEATS)
    repeats *= _count(values, "globalRepeat", least=1, most=MOST_REPEATS)
    if repeats > MOST_REPEATS:
        raise PathFaultError(f"numPasses and globalRepeat: {repeats} passes in all, more than {MOST_REPEATS}")
    return repeats


def alterations(setting: Setting) -> list[str]:
    """What keeps the layer from marking its lines and nothing else."""
    altered = [name for name in _ALTERING if setting.values.get(name, "0") not in ("0", "0.0", "False")]
    if setting.has_sub_layer:
        altered.append("layers within it")
    if setting.kind != "Cut":
        altered.append(f"type {setting.kind[:40]!r}")
    return altered
