"""A batch: serials in, a folder out; pins made by workers, whole or not at all, and resumed where a run stopped."""

from engrave.batch.folder import recorded_files
from engrave.batch.orders import MOST_CSV_BYTES, Naming, Order, Orders, named_by, read_serials
from engrave.batch.pin import (
    Workshop,
    drawn_pin,
    make_pin,
    plan_pin,
    simulated_impression,
    simulated_tip,
    workshop_for,
    workshop_of,
)
from engrave.batch.progress import Progress, silent
from engrave.batch.record import Record
from engrave.batch.run import BatchOutcome, PinOutcome, binding_for, require_free, run_batch
from engrave.batch.workers.cluster import scheduler_address

__all__ = [
    "MOST_CSV_BYTES",
    "BatchOutcome",
    "Naming",
    "Order",
    "Orders",
    "PinOutcome",
    "Progress",
    "Record",
    "Workshop",
    "binding_for",
    "drawn_pin",
    "make_pin",
    "named_by",
    "plan_pin",
    "read_serials",
    "recorded_files",
    "require_free",
    "run_batch",
    "scheduler_address",
    "silent",
    "simulated_impression",
    "simulated_tip",
    "workshop_for",
    "workshop_of",
]
