"""The public Python surface: what the command line is made of, and what a production system calls.

Every function takes plain values and answers with frozen ones or with the JSON objects that ``docs/schemas`` describes.
Where a ``job`` is asked for, a ``Job`` will do, or the path of a job file, or None for the shipped example. Errors are
``engrave.base.errors.EngraveError``: each lists all its faults, those of the job file too, and knows its exit code.
"""

from engrave.api.codes import decode, encode
from engrave.api.given import JobGiven, PinName, with_formats
from engrave.api.library import FORMATS, job_rules, kinds, names, show
from engrave.api.looking import (
    VIEWS,
    Check,
    check,
    checks_to_json,
    load_mark,
    preview,
    write_file,
)
from engrave.api.making import batch, make, outcome_to_json, plan, plan_to_json
from engrave.base.config import json_bytes
from engrave.batch import BatchOutcome, Order, Orders, PinOutcome, Progress
from engrave.code.mark import Mark, mark_to_json
from engrave.job import Job, example_job_text, job_to_json, load_job

__all__ = [
    "FORMATS",
    "VIEWS",
    "BatchOutcome",
    "Check",
    "Job",
    "JobGiven",
    "Mark",
    "Order",
    "Orders",
    "PinName",
    "PinOutcome",
    "Progress",
    "batch",
    "check",
    "checks_to_json",
    "decode",
    "encode",
    "example_job_text",
    "job_rules",
    "job_to_json",
    "json_bytes",
    "kinds",
    "load_job",
    "load_mark",
    "make",
    "mark_to_json",
    "names",
    "outcome_to_json",
    "plan",
    "plan_to_json",
    "preview",
    "show",
    "with_formats",
    "write_file",
]
