"""A program that erodes, with the electrodes it needs, to what it makes of a tip and how long it takes.

M463 an electrode's mesh cannot be taken for one: it is missing, damaged, or all of one height.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engrave.job import Job
from engrave.job.setup import Setup
from engrave.layout import Engraving
from engrave.verify.timing import Times
from toolpaths.duration import OperationTime
from toolpaths.edm.feasibility import milling_findings
from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.model import Erode, Erosion
from toolpaths.edm.removal import milled, sunk
from toolpaths.edm.safety import check_erosion
from toolpaths.edm.sinking_feasibility import sinking_findings
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.findings import Finding, Severity
from toolpaths.readers.edm_gcode import ErosionRead, read_edm_gcode
from toolpaths.readers.mesh import read_mesh
from toolpaths.surface import HeightMap

# Samples of an electrode's end face: outlines are then right to half of it.
_FACE_PIXEL_UM = 1.0
# What stands less high over the base than this is the base.
_BASE_UM = 1.0
# What the mesh of a turned electrode has and a tip has not: unit, apex, walls; none is a fault of an electrode.
_NO_FAULT = frozenset({"M394", "M395", "M396"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Eroding:
    """A program, and the end faces of the electrodes that it sinks; none for rods, which the process describes."""

    erosion: Erosion
    faces: tuple[HeightMap, ...] = ()


def electrode_files(job: Job) -> tuple[str, ...]:
    """The meshes of electrodes by which a sunk pin is checked, the roughest first; none for other jobs."""
    process = job.process.value
    return tuple(f"electrode-{stage.name}.stl" for stage in process.stages) if isinstance(process, Sinking) else ()


def read_eroding(
    data: bytes, setup: Setup, electrodes: Mapping[str, bytes]
) -> tuple[Eroding | None, tuple[Finding, ...]]:
    """What a program does, or None where nobody can tell, and what there is to say of it."""
    job = setup.job
    read = read_edm_gcode(data, job.machine.value)
    safety = check_erosion(
        read, job.machine.value, surface=setup.tip, deepest_um=_deepest_um(job), reach_um=_reach_um(job)
    )
    faces, faults = _faces(job, electrodes)
    findings = (*read.findings, *safety, *faults)
    if not read.readable or not _can_be_simulated(read, job) or faults:
        return None, findings
    return Eroding(erosion=read.erosion, faces=faces), findings


def _can_be_simulated(read: ErosionRead, job: Job) -> bool:
    """Every electrode is known, and something is cut."""
    tools = [event.tool for event in read.erosion.eroding()]
    return set(tools) <= set(range(len(_reach_um(job)))) and bool(tools)


def _deepest_um(job: Job) -> tuple[float, ...]:
    """How far below the face each electrode may be sent: the relief, with all of it that may wear off."""
    process = job.process.value
    if isinstance(process, Milling):
        return tuple(job.relief_um + rod.budget_um for rod in process.rods)
    sinking = job.sinking.value
    return tuple(job.relief_um + sinking.budget_um for _ in sinking.stages)


def _reach_um(job: Job) -> tuple[float, ...]:
    """How far from its path each electrode removes material; one that is sunk stays over the face's middle."""
    process = job.process.value
    if isinstance(process, Milling):
        return tuple(process.reach_um(rod) for rod in process.rods)
    return tuple(stage.undersize_um for stage in job.sinking.value.stages)


def _faces(job: Job, electrodes: Mapping[str, bytes]) -> tuple[tuple[HeightMap, ...], tuple[Finding, ...]]:
    faces: list[HeightMap] = []
    faults: list[Finding] = []
    for name in electrode_files(job):
        if name not in electrodes:
            faults.append(_no_electrode(name, "is not there"))
            continue
        meshed = read_mesh(electrodes[name], "stl", pixel_um=_FACE_PIXEL_UM)
        faults += [finding for finding in meshed.findings if finding.number not in _NO_FAULT]
        face = None if meshed.heights is None else _burning(meshed.heights)
        if face is not None:
            faces.append(face)
        elif meshed.heights is not None:
            faults.append(_no_electrode(name, "has no ribs over its base"))
    return tuple(faces), tuple(faults)


def _burning(turned: HeightMap) -> HeightMap | None:
    """The end face of an electrode that lies as it is milled, end face up, turned by 180 degrees about the y axis."""
    ribs = turned.z_um > np.nanmin(turned.z_um) + _BASE_UM
    if not ribs.any():
        return None
    z_um = np.where(ribs, -turned.z_um, np.nan)[:, ::-1]
    return HeightMap(
        z_um=z_um,
        pixel_um=turned.pixel_um,
        x0_um=-float(turned.x_um()[-1]),
        y0_um=turned.y0_um,
        frame="pin",
        provenance=turned.provenance,
    )


def _no_electrode(name: str, why: str) -> Finding:
    return Finding(
        number="M463",
        severity=Severity.ERROR,
        message=f"{name} {why}",
        place=name,
        remedy="put the electrode's mesh, as it was made with the program, beside it",
    )


def eroded(eroding: Eroding, setup: Setup) -> HeightMap:
    """The tip as the program leaves it. Raises ToolpathError where it cannot be simulated."""
    job, half_width_um = setup.job, setup.tip.edge_radius_um
    process = job.process.value
    if isinstance(process, Milling):
        return milled(
            eroding.erosion, milling=process, surface=setup.tip, half_width_um=half_width_um, pixel_um=job.pixel_um
        )
    return sunk(
        eroding.erosion,
        faces=eroding.faces,
        sinking=job.sinking.value,
        surface=setup.tip,
        half_width_um=half_width_um,
        pixel_um=job.pixel_um,
    )


def feasible(engraving: Engraving, setup: Setup) -> tuple[Finding, ...]:
    """What stands against eroding this mark, and what is to be known before; nothing for a laser."""
    job = setup.job
    process = job.process.value
    land, relief_um = engraving.standing(), job.relief_um
    if isinstance(process, Milling):
        return milling_findings(
            land=land,
            field=engraving.field,
            surface=setup.tip,
            relief_um=relief_um,
            milling=process,
            taper_to=engraving.taper_to,
        )
    if isinstance(process, Sinking):
        return sinking_findings(
            land=land, field=engraving.field, surface=setup.tip, relief_um=relief_um, sinking=process
        )
    return ()


def times_of_eroding(eroding: Eroding, tip: HeightMap, setup: Setup) -> Times:
    """How long the machine takes: at the greatest feeds, or at the generator's rate of removal if that is longer.

    A servo that feels its way takes longer than the former. Changing, dressing and touching electrodes are not in it.
    """
    machine = setup.job.machine.value
    fed_s = math.fsum(_fed_um(event) / event.feed_um_s for event in eroding.erosion.eroding())
    slower = max(1.0, _removal_s(tip, setup) / fed_s)
    rapid_um_s, safe_um = machine.eroder.max_rapid_um_s, eroding.erosion.safe_z_um
    operations = []
    for event in eroding.erosion.eroding():
        lit_um = _fed_um(event)
        travel_um = _travel_um(event, safe_um)
        operations.append(
            OperationTime(
                name=event.name,
                repeats=1,
                mark_s=slower * lit_um / event.feed_um_s,
                jump_s=travel_um / rapid_um_s,
                wait_s=0.0,
                paths=len(event.paths),
                lit_um=lit_um,
                travel_um=travel_um,
            )
        )
    tools = [event.tool + 1 for event in eroding.erosion.eroding()]
    return Times(operations=tuple(zip(tools, operations, strict=True)), is_least=True)


def _fed_um(event: Erode) -> float:
    """Length of a run's paths."""
    begin_um, end_um = event.paths.segments()
    return float(np.linalg.norm(end_um - begin_um, axis=1).sum())


def _removal_s(tip: HeightMap, setup: Setup) -> float:
    """What was taken off, over what the generator takes off in a second."""
    process = setup.job.process.value
    rate_um3_s = process.removal_um3_s if isinstance(process, Milling) else setup.job.sinking.value.removal_um3_s
    depth_um = setup.tip.height_um(*np.meshgrid(tip.x_um(), tip.y_um())) - tip.z_um
    return float(np.nansum(depth_um)) * tip.pixel_um**2 / rate_um3_s


def _travel_um(event: Erode, safe_um: float) -> float:
    """Length of the ways between the paths of a run: up to the safe height, across, and down."""
    first, last = event.paths.points[event.paths.starts[:-1]], event.paths.points[event.paths.starts[1:] - 1]
    across_um = np.linalg.norm(first[1:, :2] - last[:-1, :2], axis=1).sum()
    return float(across_um + (safe_um - first[:, 2]).sum() + (safe_um - last[:, 2]).sum())
