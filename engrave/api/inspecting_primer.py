"""A measured primer: the examiner's own reading on record first, then the scan's, and both traced to the marks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engrave.api.given import JobGiven, known_of
from engrave.api.seeing import PICTURE_SUFFIXES, TOPOGRAPHY_SUFFIXES, read
from engrave.api.tracing import Tracer
from engrave.base.clock import actor_of
from engrave.base.errors import Collecting, raise_faults
from engrave.base.files import read_bytes
from engrave.base.version import DISTRIBUTION, tool_version

PRIMER_SCHEMA = "pin-engrave/inspection-of-primer/1"
_MOST_BYTES = 600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimerInspection:
    """The outcome: whether the examiner's reading identifies a mark, and the JSON object of both readings."""

    identified: bool
    document: dict[str, Any]


def inspect_primer(
    scan: Path,
    reading: str,
    *,
    registry: str,
    case: str,
    ring: str = "",
    shapes: str = "",
    job: JobGiven = None,
    reader: str | None = None,
    actor: str | None = None,
) -> PrimerInspection:
    """Record and trace what an examiner read of a primer, then read its scan blind and record and trace that, too.

    The scan's reading is a reader of its own in the case, called by the tool's name. The scan is opened beforehand, so
    that a wrong name leaves nothing on record, and looked at only once the examiner's entry is. Raises as ``trace`` and
    ``read`` do.
    """
    faults: list[str] = []
    with Collecting(faults):
        actor = actor_of(actor)
    if scan.suffix.lower() not in (*TOPOGRAPHY_SUFFIXES, *PICTURE_SUFFIXES):
        kinds = ", ".join((*TOPOGRAPHY_SUFFIXES, *PICTURE_SUFFIXES))
        faults.append(f"{scan}: is neither a topography nor a picture that is read; give one of {kinds}")
    else:
        with Collecting(faults):
            read_bytes(scan, most=_MOST_BYTES)
    known = known_of(job, faults)
    raise_faults(faults)
    profile = known.profile.name
    with Tracer(registry) as tracer:
        examiner = tracer.trace(
            reading, ring=ring, shapes=shapes, profile=profile, case=case, reader=reader, actor=actor
        )
        seen = read(scan, job=known.job if known.job is not None else job)
        told = seen.document["reading"]
        machine = None
        if told["found"]:
            machine = tracer.trace(
                told["characters"],
                ring="/".join(told["ring"]),
                shapes=" ".join(told["shapes"]),
                profile=profile,
                case=case,
                reader=f"{DISTRIBUTION} {tool_version()}",
                actor=actor,
            )
    identified = any(candidate["identified"] for candidate in examiner["candidates"])
    document = {
        "schema": PRIMER_SCHEMA,
        "case": case,
        "examiner": examiner,
        "seen": seen.document,
        "scan": machine,
    }
    return PrimerInspection(identified=identified, document=document)
