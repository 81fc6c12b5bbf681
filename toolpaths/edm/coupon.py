"""A coupon to calibrate a rod on: straight slots on a flat, each cut in one pass without compensation.

Rows differ in the depth that the rod is sent to, columns in length: the depth where a slot begins tells the front gap,
how it falls along the way the wear, and its width the side gap. The rod touches the face beside every slot before it is
cut, so that each begins with the same end. Depths and lengths are laid about what is believed beforehand; every one of
these choices is a prior.
"""

import math
from dataclasses import dataclass

import numpy as np

from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.model import Change, Erode, Erosion, Event, TouchOff
from toolpaths.model import Polylines

SENT_TO_GAP = (0.4, 0.8, 1.6)
"""Depths sent to, in front gaps: not much more than the gap itself, or an error of the depth would drown it."""
LENGTHS_TO_DECAY = (0.5, 1.0, 1.5, 2.0)
"""Lengths in which the depth falls by these powers of e, by the wear that is believed in."""
LEAST_LONGEST_UM, MOST_LONGEST_UM = 400.0, 3000.0
"""Between these the longest slots stay, the others in proportion; a rod of 80 um then needs a stage of 10 mm."""
_MOST_NM = 3
# Room between slots, in widths, and how far before a slot the rod touches the face.
_ROOM, _TOUCH = 3.0, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One slot along x: begins at (x_um, y_um), ``length_um`` long, cut with the rod's end sent to ``sent_um``."""

    name: str
    x_um: float
    y_um: float
    length_um: float
    sent_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RodCoupon:
    """The slots, and the program that cuts them; ``rod`` is the number of the rod, ``room_um`` between slots."""

    rod: int
    rod_um: float
    slots: tuple[Slot, ...]
    room_um: float
    erosion: Erosion


def rod_coupon(milling: Milling, *, rod: int) -> RodCoupon:
    """The coupon for one rod of a process. Raises IndexError where the process has no such rod."""
    diameter_um = milling.rods[rod].diameter_um
    width_um = 2 * milling.reach_um(milling.rods[rod])
    room_um = math.ceil(_ROOM * width_um)
    slots = _slots(milling, rod, room_um=room_um)
    return RodCoupon(
        rod=rod,
        rod_um=diameter_um,
        slots=slots,
        room_um=room_um,
        erosion=_erosion(slots, milling, rod=rod, touch_um=_TOUCH * width_um),
    )


def decay_um(milling: Milling, *, rod: int) -> float:
    """Length in which an uncompensated slot gets 1 / e as deep: section over wear ratio times width; inf if none."""
    wears = milling.wear_ratio * 2 * milling.reach_um(milling.rods[rod])
    return milling.rods[rod].section_um2 / wears if wears > 0 else math.inf


def _slots(milling: Milling, rod: int, *, room_um: float) -> tuple[Slot, ...]:
    """Depths down the coupon, lengths across it, about the middle of the coupon."""
    longest_um = float(np.clip(LENGTHS_TO_DECAY[-1] * decay_um(milling, rod=rod), LEAST_LONGEST_UM, MOST_LONGEST_UM))
    lengths_um = [round(share / LENGTHS_TO_DECAY[-1] * longest_um) for share in LENGTHS_TO_DECAY]
    depths_um = [round(share * milling.gap_front_um, 1) for share in SENT_TO_GAP]
    starts_um = np.cumsum([0.0, *(length + 2 * room_um for length in lengths_um)])
    middle_um = round((starts_um[-1] - 2 * room_um) / 2), round(room_um * (len(depths_um) - 1) / 2)
    return tuple(
        Slot(
            name=f"S{row * len(lengths_um) + column + 1}",
            x_um=float(starts_um[column]) - middle_um[0],
            y_um=middle_um[1] - row * room_um,
            length_um=length_um,
            sent_um=sent_um,
        )
        for row, sent_um in enumerate(depths_um)
        for column, length_um in enumerate(lengths_um)
    )


def _erosion(slots: tuple[Slot, ...], milling: Milling, *, rod: int, touch_um: float) -> Erosion:
    """Touch beside a slot, plunge where it begins, one pass along it; z is 0 at the face."""
    events: list[Event] = [Change(tool=rod)]
    for slot in slots:
        events.append(TouchOff(tool=rod, x_um=round(slot.x_um - touch_um, _MOST_NM), y_um=slot.y_um, z_um=0.0))
        above_um = 2 * milling.gap_front_um
        end_um = slot.x_um + slot.length_um
        points = [
            (slot.x_um, slot.y_um, above_um),
            (slot.x_um, slot.y_um, -slot.sent_um),
            (end_um, slot.y_um, -slot.sent_um),
        ]
        events.append(
            Erode(
                name=slot.name,
                tool=rod,
                feed_um_s=milling.rods[rod].feed_um_s,
                generator=milling.generator,
                paths=Polylines(points=np.array(points), starts=np.array([0, len(points)])),
            )
        )
    return Erosion(events=tuple(events), safe_z_um=milling.retract_um)
