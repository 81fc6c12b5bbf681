"""A machine file as its machine would take it, or a mesh of the tip.

M432 G-code for a scanner; M433 a mesh of another outline than the job's tip.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import shapely

from engrave.base.errors import InputError
from engrave.job import Job
from engrave.job.setup import Setup
from engrave.verify.completing import completed
from engrave.verify.erosion import Eroding, read_eroding
from engrave.verify.formats import (
    GCODE,
    LIGHTBURN,
    MESHES,
    Source,
    drawing_source,
    erosion_source,
    kind_of,
    mesh_source,
    program_source,
)
from engrave.verify.physics import focus_band_um
from toolpaths.findings import Finding, Severity
from toolpaths.limits import check_delays
from toolpaths.machine import Machine
from toolpaths.model import Toolpath
from toolpaths.quantise import quantise
from toolpaths.readers.drawn import Drawn
from toolpaths.readers.dxf import read_dxf
from toolpaths.readers.gcode import read_gcode
from toolpaths.readers.lbrn2 import read_lbrn2
from toolpaths.readers.mesh import LEAST_PIXEL_UM, read_mesh
from toolpaths.readers.ovf import read_ovf
from toolpaths.readers.svg import read_svg
from toolpaths.safety import check_paths, check_program
from toolpaths.surface import HeightMap, centred_grid

# Findings after which a simulation would rest on figures that the program does not give.
NOT_TO_SIMULATE = frozenset({"M204", "M209", "M211", "M213"})
# Decimation moves a mesh's rim by less than a sample; a tip of another size has hundreds of samples off.
_RIM_PIXELS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """What a file says of a pin, and what there is to say of the file.

    toolpath : its paths as they stand in it, completed from the job; run : the same on the machine's own steps. Both
    are None for a mesh, and where nobody can tell what would be cut. heights : the tip of a mesh, on the samples of a
    cut one. eroding : a program that erodes, of a job that does.
    """

    source: Source
    findings: tuple[Finding, ...]
    toolpath: Toolpath | None = None
    run: Toolpath | None = None
    heights: HeightMap | None = None
    eroding: Eroding | None = None


def read_file(
    data: bytes, name: str, setup: Setup, *, electrodes: Mapping[str, bytes] = MappingProxyType({})
) -> ReadFile:
    """The file of this name, by its ending; with the electrodes that its machine needs, by name.

    Raises InputError where the ending is not known, or is of no file that the job's machine runs.
    """
    kind = kind_of(name)
    if setup.job.is_erosion and kind not in MESHES:
        if kind != GCODE:
            raise InputError(f"{name}: the job's machine erodes, and runs .{GCODE} alone; check that, or a mesh")
        eroding, findings = read_eroding(data, setup, electrodes)
        return ReadFile(source=erosion_source(name), findings=findings, eroding=eroding)
    if kind == GCODE:
        return _program(data, program_source(name), setup)
    if kind in MESHES:
        return _mesh(data, mesh_source(name), setup)
    return _paths(drawing(data, kind, setup.job.machine.value), name, setup)


def drawing(data: bytes, kind: str, machine: Machine) -> Drawn:
    """What the reader of this kind of drawing or scanner's file says."""
    if kind == "dxf":
        return read_dxf(data)
    if kind == "svg":
        return read_svg(data)
    if kind == LIGHTBURN:
        return read_lbrn2(data, most_pulse_energy_j=machine.max_pulse_energy_j)
    return read_ovf(data)


def _program(data: bytes, source: Source, setup: Setup) -> ReadFile:
    """What a stage does by a program."""
    machine = setup.job.machine.value
    if machine.is_galvo:
        return ReadFile(source=source, findings=(_for_a_stage(setup.job),))
    program = read_gcode(data, machine)
    focus_um, tolerance_um = focus_band_um(setup.job)
    safety = check_program(
        program, machine, surface=setup.tip, focus_offset_um=focus_um, focus_tolerance_um=tolerance_um
    )
    toolpath = program.toolpath()
    findings = (*program.findings, *safety)
    if not program.executable or not _can_be_simulated(toolpath, safety):
        return ReadFile(source=source, findings=findings)
    return ReadFile(source=source, findings=findings, toolpath=toolpath, run=toolpath)


def _paths(read: Drawn, name: str, setup: Setup) -> ReadFile:
    """What a machine does by the paths of a drawing or a scanner's file; a scanner does it on its own steps."""
    machine = setup.job.machine.value
    source = drawing_source(name, read.says if read.readable else None, waits=machine.is_galvo)
    if not read.readable:
        return ReadFile(source=source, findings=read.findings)
    toolpath, gaps = completed(read, setup.job, setup.tip)
    if toolpath is None:
        return ReadFile(source=source, findings=(*read.findings, *gaps))
    focus_um, tolerance_um = focus_band_um(setup.job)
    safety = check_paths(
        toolpath, machine, surface=setup.tip, focus_offset_um=focus_um, focus_tolerance_um=tolerance_um
    )
    run, findings = toolpath, (*read.findings, *safety)
    if machine.is_galvo:
        stepped = quantise(toolpath, machine)
        run, findings = stepped.toolpath, (*findings, *check_delays(toolpath, machine), *stepped.findings)
    if not _can_be_simulated(run, safety):
        return ReadFile(source=source, findings=findings)
    return ReadFile(source=source, findings=findings, toolpath=toolpath, run=run)


def _can_be_simulated(toolpath: Toolpath, safety: tuple[Finding, ...]) -> bool:
    return bool(toolpath.blocks) and not any(finding.number in NOT_TO_SIMULATE for finding in safety)


def _mesh(data: bytes, source: Source, setup: Setup) -> ReadFile:
    """The engraved tip itself."""
    pixel_um = max(setup.job.pixel_um, LEAST_PIXEL_UM)
    meshed = read_mesh(data, source.kind, pixel_um=pixel_um)
    if meshed.heights is None:
        return ReadFile(source=source, findings=meshed.findings)
    heights, off = _on_the_tip(meshed.heights, setup)
    if off:
        return ReadFile(source=source, findings=(*meshed.findings, _another_outline(off)))
    return ReadFile(source=source, findings=meshed.findings, heights=heights)


def _on_the_tip(mesh: HeightMap, setup: Setup) -> tuple[HeightMap, int]:
    """The heights on the samples of a cut tip, and how many of them lie on one side of its outline and should not."""
    axis_um = centred_grid(half_width_um=setup.tip.edge_radius_um, pixel_um=mesh.pixel_um)
    z_um = np.full((len(axis_um), len(axis_um)), np.nan)
    column, row = (round((first_um - axis_um[0]) / mesh.pixel_um) for first_um in (mesh.x0_um, mesh.y0_um))
    rows, columns = _shared(row, mesh.z_um.shape[0], len(axis_um)), _shared(column, mesh.z_um.shape[1], len(axis_um))
    z_um[rows[0], columns[0]] = mesh.z_um[rows[1], columns[1]]
    rim_um = _RIM_PIXELS * mesh.pixel_um
    x_um, y_um = np.meshgrid(axis_um, axis_um)
    there, boundary = np.isfinite(z_um), setup.tip.boundary
    inside, outside = boundary.buffer(-rim_um), boundary.buffer(rim_um)
    shapely.prepare([inside, outside])
    off = int(np.count_nonzero(~there & shapely.contains_xy(inside, x_um, y_um)))
    off += int(np.count_nonzero(there & ~shapely.contains_xy(outside, x_um, y_um)))
    off += int(np.count_nonzero(np.isfinite(mesh.z_um))) - int(np.count_nonzero(there))
    # A hair of the mesh's rim may lie outside the face, where nothing else has a height.
    z_um[~np.isfinite(setup.tip.height_um(x_um, y_um))] = np.nan
    heights = HeightMap(
        z_um=z_um,
        pixel_um=mesh.pixel_um,
        x0_um=float(axis_um[0]),
        y0_um=float(axis_um[0]),
        frame=mesh.frame,
        provenance=mesh.provenance,
    )
    return heights, off


def _shared(first: int, count: int, size: int) -> tuple[slice, slice]:
    """Of ``count`` samples from ``first`` on, those that lie within ``size``: where they come to lie, and which."""
    begin, end = max(first, 0), max(min(first + count, size), 0)
    end = max(begin, end)
    return slice(begin, end), slice(begin - first, end - first)


def _for_a_stage(job: Job) -> Finding:
    return Finding(
        number="M432",
        severity=Severity.ERROR,
        message=f"G-code is for a stage, and the job's machine, {job.machine.name!r}, is a scanner",
        place="file",
        remedy="check a file that the scanner loads, or the job that the program was made for",
    )


def _another_outline(samples: int) -> Finding:
    return Finding(
        number="M433",
        severity=Severity.ERROR,
        message="the mesh has another outline than the job's tip: these samples are missing or beyond it",
        place="rim",
        value=float(samples),
        limit=0.0,
        unit="samples",
        remedy="see that mesh and job are of one pin, in one unit, and that the mesh is whole and centred on the axis",
    )
