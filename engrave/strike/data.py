"""Primers and strike conditions as data."""

from dataclasses import dataclass, fields

from engrave.base.config import key_of
from engrave.base.errors import raise_faults
from engrave.base.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Primer:
    """The cup that the pin strikes.

    ``backing`` says how far anvil and compound support the cup: 0 held at its ring only, 1 fully backed. It is the
    main unknown of a strike; ``backing_least`` and ``backing_most`` bound what is believed possible.
    """

    description: str
    thickness_um: float
    yield_stress_pa: float
    reduced_modulus_pa: float
    backing: float
    backing_least: float
    backing_most: float

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        faults = [
            f"{key_of(field.name)}: {getattr(self, field.name):g} must be positive"
            for field in fields(self)
            if field.name in {"thickness_um", "yield_stress_pa", "reduced_modulus_pa"}
            and getattr(self, field.name) <= 0
        ]
        if not 0 <= self.backing_least <= self.backing <= self.backing_most <= 1:
            faults.append(
                f"backing: {self.backing:g}, from {self.backing_least:g} to {self.backing_most:g}: "
                "needs 0 <= backing_least <= backing <= backing_most <= 1"
            )
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How hard the pin strikes: ``dent_um`` is the depth of the dent at its deepest."""

    description: str
    dent_um: float

    def __post_init__(self) -> None:
        """Check the depth. Raises InputError."""
        raise_faults([] if self.dent_um > 0 else [f"dent: {self.dent_um:g} um must be positive"])


PRIMERS: Shelf[Primer] = Shelf(kind="primers", package="engrave.strike", folder="primers", cls=Primer)
CONDITIONS: Shelf[Condition] = Shelf(kind="conditions", package="engrave.strike", folder="conditions", cls=Condition)
