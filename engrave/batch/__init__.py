"""A batch: serials in, a folder out; pins made by workers, whole or not at all, and resumed where a run stopped."""

from engrave.batch.folder import MANIFEST_SCHEMA
from engrave.batch.orders import Order, Orders, ordered_marks, read_serials
from engrave.batch.pin import Workshop, make_pin, plan_pin, simulated_impression, workshop_for
from engrave.batch.run import BatchOutcome, PinOutcome, run_batch

__all__ = [
    "MANIFEST_SCHEMA",
    "BatchOutcome",
    "Order",
    "Orders",
    "PinOutcome",
    "Workshop",
    "make_pin",
    "ordered_marks",
    "plan_pin",
    "read_serials",
    "run_batch",
    "simulated_impression",
    "workshop_for",
]
