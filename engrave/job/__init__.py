"""The job: everything a batch is made and judged by, resolved to values with their sources."""

from engrave.job.model import NOMINAL, Job, Limits, Ordered
from engrave.job.resolve import (
    checked_format,
    example_job_text,
    formats_of,
    job_from_json,
    job_to_json,
    load_job,
    prior_notes,
    require_formats,
)
from engrave.job.shelves import SHELVES

__all__ = [
    "NOMINAL",
    "SHELVES",
    "Job",
    "Limits",
    "Ordered",
    "checked_format",
    "example_job_text",
    "formats_of",
    "job_from_json",
    "job_to_json",
    "load_job",
    "prior_notes",
    "require_formats",
]
