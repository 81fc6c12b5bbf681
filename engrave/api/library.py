"""What there is to choose from, where its numbers come from, and what the design rules say of a choice."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engrave.api.given import JobGiven
from engrave.base.config import to_jsonable
from engrave.base.errors import InputError, UnknownNameError
from engrave.base.shelf import Sourced
from engrave.code.profiles import PROFILES
from engrave.job import SHELVES, Job, load_job
from engrave.job.faces import face_text, known_faces, typeface_of
from engrave.job.setup import prepare
from engrave.job.shelves import PROCESSES
from engrave.layout.packs import Pack, design_figures, evaluate_pack
from engrave.verify.document import finding_to_json
from toolpaths.findings import has_errors
from toolpaths.laser.derived import derived, warnings_of

_FORMAT_NOTES = {
    "ngc": "job.ngc: LinuxCNC program, gate by M62, M63, spark by M64, M65, settings by M67; the pin is judged by it",
    "dxf": "job.dxf: every path, a layer a step, R2000, mm; outline.dxf: one closed polyline a land outline",
    "dxf-r12": "job-r12.dxf, outline-r12.dxf: the same as R12, which carries no unit: mm",
    "svg": "job.svg: every path, mm, one group a step",
    "lbrn2": "job.lbrn2: a LightBurn project, a cut setting a step",
    "ovf": "job.ovf: Open Vector Format, the process with its delays in the file; a scanner's pin is judged by it",
    "stl": "pin.stl: the simulated engraved tip as a closed mesh, mm",
    "3mf": "pin.3mf: the same, with its unit in the file",
    "glb": "pin.glb: the same for viewers, glTF 2.0",
    "electrode-stl": "electrode-STAGE.stl: a sinker's electrode of each stage as a closed mesh, mm, for who makes it",
    "electrode-3mf": "electrode-STAGE.3mf: the same, with its unit in the file",
    "electrode-dxf": "electrode-STAGE.dxf: its outlines, a layer a height, R2000, mm",
    "x3p": "impression.x3p: the nominal simulated impression as a topography, ISO 25178-72; a record, for no machine",
}
FORMATS = tuple(_FORMAT_NOTES)


def kinds() -> tuple[str, ...]:
    """What can be listed and shown."""
    return (*sorted([*SHELVES, "faces"]), "formats", "profiles")


def plural(kind: str) -> str:
    """The kind that is meant: ``pin`` are ``pins``, ``process`` are ``processes``."""
    return next((name for name in kinds() if name in (kind, f"{kind}s", f"{kind}es")), kind)


def names(kind: str, *, library: Path | None = None) -> tuple[str, ...]:
    """Names of a kind, shipped and the user's. Raises UnknownNameError; InputError where the library is no folder."""
    kind = plural(kind)
    if library is not None and not library.is_dir():
        raise InputError(f"--library: {library}: is no folder; name one that holds {', '.join(sorted(SHELVES))}")
    if kind in SHELVES:
        return SHELVES[kind].names(library)
    if kind == "faces":
        return known_faces(library)
    if kind == "formats":
        return FORMATS
    if kind == "profiles":
        return tuple(PROFILES)
    raise UnknownNameError(f"{kind!r} is not a kind; known: {', '.join(kinds())}")


def show(kind: str, name: str, *, library: Path | None = None) -> dict[str, Any]:
    """One entry with its sources, as the JSON object ``pin-engrave/entry/1``. Raises UnknownNameError, InputError.

    With a process go ``derived``, what follows from each of its steps, and ``findings``, where these leave the model.
    """
    kind = plural(kind)
    known = names(kind, library=library)
    if name not in known:
        raise UnknownNameError(f"{name!r} is not among the {kind}; known: {', '.join(known)}")
    value, sources = _entry(kind, name, library)
    document = {"schema": "pin-engrave/entry/1", "kind": kind, "name": name, "value": value, "sources": sources}
    return document | (_derived(name, library) if kind == PROCESSES.kind else {})


def _derived(name: str, library: Path | None) -> dict[str, Any]:
    recipe = PROCESSES.load(name, library).value
    return {
        "derived": to_jsonable(derived(recipe)),
        "findings": [finding_to_json(finding) for finding in warnings_of(recipe)],
    }


def _entry(kind: str, name: str, library: Path | None) -> tuple[dict[str, Any], dict[str, Any]]:
    if kind in SHELVES:
        entry = SHELVES[kind].load(name, library)
        return to_jsonable(entry.value), to_jsonable(entry.sources)
    if kind == "faces":
        face = typeface_of(name, face_text(name, library))
        return {"glyphs": "".join(sorted(face.glyphs)), "notes": face.notes, "licence": face.licence}, {}
    if kind == "formats":
        return {"about": _FORMAT_NOTES[name]}, {}
    return to_jsonable(PROFILES[name]), {}


def job_rules(job: JobGiven) -> dict[str, Any]:
    """What the design rules say of a job, as the JSON object ``pin-engrave/rules/1``. Raises InputError."""
    judged = job if isinstance(job, Job) else load_job(job)
    setup = prepare(judged)
    rules = setup.rules
    return {
        "schema": "pin-engrave/rules/1",
        "job": judged.name,
        "verdict": "fail" if has_errors(rules) else "pass",
        "findings": [finding_to_json(finding) for finding in rules],
        "packs": [_pack(entry, design_figures(setup.places)) for entry in judged.rules],
    }


def _pack(entry: Sourced[Pack], figures: Mapping[str, float]) -> dict[str, Any]:
    """What a rule pack asks, and what came of each clause by the figures that a layout has."""
    return {
        "name": entry.name,
        "description": entry.value.description,
        "stand": entry.value.stand,
        "clauses": [
            {
                "number": outcome.clause.number,
                "citation": outcome.clause.citation,
                "asks": outcome.clause.asks,
                "evidence": outcome.clause.evidence,
                "status": outcome.status.value,
                "figure": outcome.clause.figure,
                "value": outcome.value,
                "threshold": outcome.clause.threshold,
                "words": outcome.words,
            }
            for outcome in evaluate_pack(entry.value, figures)
        ],
    }
