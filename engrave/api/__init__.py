"""The public Python surface: what the command line is made of, and what a production system calls.

Every function takes plain values and answers with frozen ones or with the JSON objects that ``docs/schemas`` describes.
Where a ``job`` is asked for, a ``Job`` will do, or the path of a job file, or None for the shipped example. Errors are
``engrave.base.errors.EngraveError``: each lists all its faults, those of the job file too, and knows its exit code.

The registry is kept by ``engrave.api.record``, and signed off by ``engrave.api.signing``.

Each name is imported when it is first asked for: a trace does not wait for the solid geometry of a batch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engrave.api.calibrating import LaserFit, fit_laser
    from engrave.api.calibrating_coupon import laser_coupon
    from engrave.api.calibrating_gauge import GaugeFit, judge_gauge
    from engrave.api.calibrating_rod import EdmFit, fit_edm
    from engrave.api.calibrating_rod_coupon import edm_coupon
    from engrave.api.casefile import case_document, case_file
    from engrave.api.codes import decode, encode
    from engrave.api.drawing import picture
    from engrave.api.faces import import_face
    from engrave.api.fitting import FitOutcome, fit, fit_to_json
    from engrave.api.folders import load_mark
    from engrave.api.given import JobGiven, PinName, with_formats
    from engrave.api.keys import make_key, show_key
    from engrave.api.library import FORMATS, job_rules, kinds, names, show
    from engrave.api.looking import (
        VIEWS,
        Check,
        check,
        checks_to_json,
        preview,
        write_file,
    )
    from engrave.api.making import RegistryGiven, batch, make, outcome_to_json, plan, plan_to_json
    from engrave.api.seeing import Seen, read
    from engrave.api.striking import Strikes, strike
    from engrave.api.tracing import Tracer, trace
    from engrave.api.verifying import Verified, verify
    from engrave.base.config import json_bytes
    from engrave.batch import BatchOutcome, Order, Orders, PinOutcome, Progress, scheduler_address
    from engrave.code.mark import Mark, mark_to_json
    from engrave.job import Job, example_job_text, job_to_json, load_job
else:

    def __getattr__(name: str) -> object:
        """What a name of ``__all__`` stands for."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)


_HOMES = {
    name: module
    for module, names in {
        "engrave.api.calibrating": ("LaserFit", "fit_laser"),
        "engrave.api.calibrating_coupon": ("laser_coupon",),
        "engrave.api.calibrating_gauge": ("GaugeFit", "judge_gauge"),
        "engrave.api.calibrating_rod": ("EdmFit", "fit_edm"),
        "engrave.api.calibrating_rod_coupon": ("edm_coupon",),
        "engrave.api.casefile": ("case_document", "case_file"),
        "engrave.api.codes": ("decode", "encode"),
        "engrave.api.drawing": ("picture",),
        "engrave.api.faces": ("import_face",),
        "engrave.api.fitting": ("FitOutcome", "fit", "fit_to_json"),
        "engrave.api.folders": ("load_mark",),
        "engrave.api.given": ("JobGiven", "PinName", "with_formats"),
        "engrave.api.keys": ("make_key", "show_key"),
        "engrave.api.library": ("FORMATS", "job_rules", "kinds", "names", "show"),
        "engrave.api.looking": ("VIEWS", "Check", "check", "checks_to_json", "preview", "write_file"),
        "engrave.api.making": ("RegistryGiven", "batch", "make", "outcome_to_json", "plan", "plan_to_json"),
        "engrave.api.seeing": ("Seen", "read"),
        "engrave.api.striking": ("Strikes", "strike"),
        "engrave.api.tracing": ("Tracer", "trace"),
        "engrave.api.verifying": ("Verified", "verify"),
        "engrave.base.config": ("json_bytes",),
        "engrave.batch": ("BatchOutcome", "Order", "Orders", "PinOutcome", "Progress", "scheduler_address"),
        "engrave.code.mark": ("Mark", "mark_to_json"),
        "engrave.job": ("Job", "example_job_text", "job_to_json", "load_job"),
    }.items()
    for name in names
}

__all__ = [
    "FORMATS",
    "VIEWS",
    "BatchOutcome",
    "Check",
    "EdmFit",
    "FitOutcome",
    "GaugeFit",
    "Job",
    "JobGiven",
    "LaserFit",
    "Mark",
    "Order",
    "Orders",
    "PinName",
    "PinOutcome",
    "Progress",
    "RegistryGiven",
    "Seen",
    "Strikes",
    "Tracer",
    "Verified",
    "batch",
    "case_document",
    "case_file",
    "check",
    "checks_to_json",
    "decode",
    "edm_coupon",
    "encode",
    "example_job_text",
    "fit",
    "fit_edm",
    "fit_laser",
    "fit_to_json",
    "import_face",
    "job_rules",
    "job_to_json",
    "json_bytes",
    "judge_gauge",
    "kinds",
    "laser_coupon",
    "load_job",
    "load_mark",
    "make",
    "make_key",
    "mark_to_json",
    "names",
    "outcome_to_json",
    "picture",
    "plan",
    "plan_to_json",
    "preview",
    "read",
    "scheduler_address",
    "show",
    "show_key",
    "strike",
    "trace",
    "verify",
    "with_formats",
    "write_file",
]
