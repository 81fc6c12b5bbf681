"""What an eroding machine is told: paths of an electrode, and what happens to the electrode between them."""

from collections.abc import Iterator
from dataclasses import dataclass

from toolpaths.model import Polylines


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One number of the generator, as the shop's own technology has it: sent to analog output ``output`` as ``value``.

    The value is in the unit that the machine wants, which ``unit`` names for the reader of the file.
    """

    name: str
    output: int
    value: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erode:
    """Paths along which the spark is on, in order; between two of them the electrode goes up and across, spark off.

    ``tool`` is the number of the electrode, counted from 0 as the process lists them. ``paths`` are where the middle of
    the unworn electrode's end is sent: pin frame, um. For a sinker's electrode it is where its datum is sent. Feeds are
    the greatest that the servo may run.
    """

    name: str
    tool: int
    feed_um_s: float
    generator: tuple[Setting, ...]
    paths: Polylines


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Put in electrode ``tool``, new or newly dressed."""

    tool: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dress:
    """Stop: dress the rod (or put in a fresh one) and touch off anew, since its budget is spent."""

    tool: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchOff:
    """Touch the uncut face at a place, pin frame, um, and take that as the electrode's end from now on.

    ``x_um``, ``y_um`` : where. ``z_um`` : the height of the face there.
    """

    tool: int
    x_um: float
    y_um: float
    z_um: float


Event = Erode | Change | Dress | TouchOff


@dataclass(frozen=True, slots=True, kw_only=True)
class Erosion:
    """Everything the machine does to one pin, in order; ``safe_z_um`` is the height of every move across."""

    events: tuple[Event, ...]
    safe_z_um: float

    def eroding(self) -> Iterator[Erode]:
        """The events that cut."""
        return (event for event in self.events if isinstance(event, Erode))
