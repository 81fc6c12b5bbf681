"""Pins as data: the shape of the tip, with the source of every figure."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import degrees, pi

from engrave.base.config import key_of
from engrave.base.errors import raise_faults
from engrave.base.shelf import Shelf
from engrave.tips.forms import FORMS, belonging_faults

SHAPES = tuple(FORMS)

_FIGURES = tuple(dict.fromkeys(name for form in FORMS.values() for name in form.figures))
# Sizes that must be positive. A sphere's radius is held against its edge, a cone's angle against its range.
_SIZES = tuple(
    name
    for name in _FIGURES
    if not name.startswith(("profile_", "outline_", "heights_")) and name not in {"radius_um", "half_angle_rad"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A firing pin's tip as its profile states it; a shape has only its own figures, the others are absent.

    sphere : ``radius_um``; ``edge_radius_um`` is how far from the axis the tip may be engraved.
    flat : ``edge_radius_um``.
    ellipse : ``radius_x_um``, ``radius_y_um``, the principal radii at the apex; ``edge_x_um``, ``edge_y_um``, the
        semi-axes of the outline.
    cone : ``nose_radius_um``; ``half_angle_rad``, between flank and axis; ``edge_radius_um``.
    chisel : ``length_x_um``, ``width_y_um``, the outline over all; ``edge_round_um``; ``front_radius_um`` where the
        front is a cylinder along x.
    revolved : ``profile_r_um``, ``profile_z_um``, points from the apex (0, 0) outwards; the last is the edge.
    measured : ``step_um`` between samples, ``heights_um`` (rows, least y first, x fastest, the middle one on the axis),
        ``outline_x_um``, ``outline_y_um``, the points of the outline.

    Of any shape: ``runout_um``, how far the tip's axis may lie from the spindle's; ``clocking_datum``, the feature that
    x is told from, and ``clocking_tolerance_rad``, how far the pin may be turned from it.
    """

    description: str
    shape: str
    radius_um: float | None = None
    edge_radius_um: float | None = None
    radius_x_um: float | None = None
    radius_y_um: float | None = None
    edge_x_um: float | None = None
    edge_y_um: float | None = None
    nose_radius_um: float | None = None
    half_angle_rad: float | None = None
    length_x_um: float | None = None
    width_y_um: float | None = None
    edge_round_um: float | None = None
    front_radius_um: float | None = None
    profile_r_um: tuple[float, ...] | None = None
    profile_z_um: tuple[float, ...] | None = None
    step_um: float | None = None
    heights_um: tuple[tuple[float, ...], ...] | None = None
    outline_x_um: tuple[float, ...] | None = None
    outline_y_um: tuple[float, ...] | None = None
    runout_um: float | None = None
    clocking_datum: str | None = None
    clocking_tolerance_rad: float | None = None

    def __post_init__(self) -> None:
        """Check the figures against one another. Raises InputError with every fault."""
        raise_faults([*self._shape_faults(), *self._seat_faults()])

    def figures(self) -> tuple[str, ...]:
        """The fields that belong to the shape, stated or not."""
        return FORMS[self.shape].figures

    def _shape_faults(self) -> Iterator[str]:
        if self.shape not in FORMS:
            yield f"shape: {self.shape!r} is not known; use one of {', '.join(SHAPES)}"
        stated = {name: getattr(self, name) for name in _FIGURES if getattr(self, name) is not None}
        sizes = {name: value for name, value in stated.items() if name in _SIZES}
        yield from (f"{key_of(name)}: {size:g} um must be positive" for name, size in sizes.items() if not size > 0)
        form = FORMS.get(self.shape)
        if form is None:
            return
        yield from belonging_faults(form, set(stated))
        if set(form.needs) <= set(stated):
            yield from form.faults(**{name: getattr(self, name) for name in form.figures})

    def _seat_faults(self) -> Iterator[str]:
        """What is wrong with how the pin sits in the machine."""
        if self.runout_um is not None and not self.runout_um >= 0:
            yield f"runout: {self.runout_um:g} um must not be negative"
        if self.clocking_datum is not None and not self.clocking_datum.strip():
            yield "clocking_datum: is empty; name the feature that the pin is turned by, or remove it"
        if self.clocking_tolerance_rad is not None:
            if not 0 <= self.clocking_tolerance_rad <= pi:
                yield f"clocking_tolerance: {degrees(self.clocking_tolerance_rad):g} deg must be from 0 to 180 deg"
            if self.clocking_datum is None:
                yield "clocking_tolerance: says nothing without clocking_datum; name the datum, or remove it"


PINS: Shelf[Pin] = Shelf(kind="pins", package="engrave.tips", folder="pins", cls=Pin)
