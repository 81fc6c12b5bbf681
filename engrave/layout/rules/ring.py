"""The ring where the tip is too narrow for all of it: what is left of it must still name the pin."""

from collections.abc import Iterator

import numpy as np

from engrave.code.field import SYMBOL_BITS
from engrave.code.profiles import PROFILES
from engrave.layout.rules.subject import Subject
from toolpaths.findings import Finding, Severity

# Six right symbols name a pin; two more are the ten check bits without which a reading identifies none.
LEAST_SYMBOLS = 8


def _partial(subject: Subject) -> Iterator[Finding]:
    there = subject.places.present()
    if there.all():
        return
    profile = PROFILES[subject.places.settings.profile]
    cells = there[:, len(profile.mark_cells[0]) :].reshape(-1, SYMBOL_BITS)
    whole, asked = int(np.count_nonzero(cells.all(axis=1))), min(LEAST_SYMBOLS, len(cells))
    few = whole < asked
    yield Finding(
        number="L127",
        severity=Severity.WARNING if few else Severity.INFO,
        message=f"the tip has room for {np.count_nonzero(there)} of {there.size} teeth, so that {whole} of "
        f"{len(cells)} symbols are whole" + (": too few for the ring alone to identify the pin" if few else ""),
        place="ring",
        value=float(whole),
        limit=float(asked),
        remedy="make the ring smaller, or use a larger tip" if few else "",
    )


RULES = (_partial,)
