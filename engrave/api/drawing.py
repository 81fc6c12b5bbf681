"""Pictures of what is on the shelves: a pin's tip, a face's specimen sheet."""

from pathlib import Path

from engrave.api.library import kinds, names, plural
from engrave.base.errors import Collecting, UnknownNameError, raise_faults
from engrave.job.bench import is_round
from engrave.job.faces import face_text, typeface_of
from engrave.layout.rules import edge_margin_um
from engrave.report.tip import tip_svg
from engrave.tips import PINS, tip_of
from fonts.specimen import specimen_svg

DRAWN = ("pins", "faces")
_SUFFIX = ".svg"
# Sizes of the specimen sheet: the usual character.
_HEIGHT_UM, _STROKE_UM = 175.0, 20.0


def picture(kind: str, name: str, *, suffix: str, library: Path | None = None) -> bytes:
    """A pin's tip or a face's specimen sheet, SVG. Raises InputError with every fault."""
    kind = plural(kind)
    faults: list[str] = []
    with Collecting(faults):
        known = names(kind, library=library)
        if name not in known:
            raise UnknownNameError(f"{name!r} is not among the {kind}; known: {', '.join(known)}")
    if kind in kinds() and kind not in DRAWN:
        faults.append(f"--output: {kind} are not drawn; {' and '.join(DRAWN)} are")
    if suffix.lower() != _SUFFIX:
        faults.append(f"--output: {suffix or 'no ending'}: a picture is drawn as {_SUFFIX}")
    raise_faults(faults)
    if kind == "pins":
        return _tip(name, library)
    face = typeface_of(name, face_text(name, library))
    return specimen_svg(face, height_um=_HEIGHT_UM, stroke_um=_STROKE_UM)


def _tip(name: str, library: Path | None) -> bytes:
    entry = PINS.load(name, library)
    pin, tip = entry.value, tip_of(entry.value)
    priors = [key for key, source in entry.sources.items() if source.prior]
    left, low, right, high = tip.boundary.bounds
    size = f"r {tip.edge_radius_um:.0f} um" if is_round(tip) else f"{right - left:.0f} x {high - low:.0f} um"
    margin_um = edge_margin_um(runout_um=pin.runout_um, kerf_um=0.0)
    notes = [
        pin.description,
        f"face {size}; least radius of curvature {tip.nose_radius_um:.0f} um",
        f"priors, not measured: {', '.join(priors)}" if priors else "every figure is measured",
    ]
    usable = tip.boundary.buffer(-margin_um)
    return tip_svg(tip, usable=usable, title=f"pin {name}", notes=notes)
