"""Pins as data: the shape of the tip, with the source of every figure."""

from dataclasses import dataclass

from engrave.base.errors import raise_faults
from engrave.base.shelf import Shelf

SHAPES = ("sphere", "flat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A firing pin's tip as its profile states it.

    ``radius_um`` is the radius of a spherical tip and absent for a flat one; ``edge_radius_um`` is how far from the
    axis the tip may be engraved.
    """

    description: str
    shape: str
    edge_radius_um: float
    radius_um: float | None = None

    def __post_init__(self) -> None:
        """Check the figures against one another. Raises InputError with every fault."""
        faults = []
        if self.shape not in SHAPES:
            faults.append(f"shape: {self.shape!r} is not known; use one of {', '.join(SHAPES)}")
        if self.edge_radius_um <= 0:
            faults.append(f"edge_radius: {self.edge_radius_um:g} um must be positive")
        if self.shape == "flat" and self.radius_um is not None:
            faults.append("radius: a flat tip has none; remove it or write shape = 'sphere'")
        if self.shape == "sphere" and self.radius_um is None:
            faults.append("radius: missing; a spherical tip needs its radius")
        if self.radius_um is not None and self.edge_radius_um >= self.radius_um:
            faults.append(
                f"edge_radius: {self.edge_radius_um:g} um must be less than the radius, {self.radius_um:g} um"
            )
        raise_faults(faults)


PINS: Shelf[Pin] = Shelf(kind="pins", package="engrave.tips", folder="pins", cls=Pin)
