"""What recipes of milling and of sinking check alike."""

import math
from collections.abc import Iterator, Sequence

from toolpaths.edm.model import Setting
from toolpaths.errors import ToolpathError

# Analog outputs of the controllers known are fewer; a typing error is told from a number by this.
MOST_OUTPUTS = 64


def not_positive(owner: object, *names: str) -> Iterator[str]:
    """A sentence for each of these attributes that is not a finite number above zero."""
    for name in names:
        value = getattr(owner, name)
        if not (math.isfinite(value) and value > 0):
            yield f"{name}: {value!r} must be a finite number above 0"


def raise_all(owner: str, faults: list[str]) -> None:
    """Raise ToolpathError where there are any."""
    if faults:
        raise ToolpathError(f"{owner}: " + "; ".join(faults))


def generator_faults(settings: Sequence[Setting]) -> Iterator[str]:
    """A sentence for each fault of the numbers that a generator is told."""
    names = [setting.name for setting in settings]
    outputs = [setting.output for setting in settings]
    for number, setting in enumerate(settings, start=1):
        if not 0 <= setting.output < MOST_OUTPUTS:
            yield f"generator.{number}.output: {setting.output} must be 0 to {MOST_OUTPUTS - 1}"
        if not math.isfinite(setting.value):
            yield f"generator.{number}.value: {setting.value!r} must be finite"
        if not setting.name.strip():
            yield f"generator.{number}.name: is empty; say what the number sets"
    if len(set(names)) < len(names):
        yield "generator: two settings have the same name"
    if len(set(outputs)) < len(outputs):
        yield "generator: two settings go to the same output"
