"""The machine files of one pin in every format that its job asks for, and what an operator must know of them."""

from collections.abc import Callable, Mapping, Sequence

import shapely

from engrave.base.errors import InputError
from engrave.job import Job
from toolpaths.errors import ToolpathError
from toolpaths.model import Toolpath
from toolpaths.surface import HeightMap
from toolpaths.writers import dxf, lbrn2, mesh, ovf, svg
from toolpaths.writers.gcode import write_gcode

NOTES = "import-notes.txt"

_NAMES: Mapping[str, tuple[str, ...]] = {
    "ngc": ("job.ngc",),
    "dxf": ("job.dxf", "outline.dxf"),
    "dxf-r12": ("job-r12.dxf", "outline-r12.dxf"),
    "svg": ("job.svg",),
    "lbrn2": ("job.lbrn2",),
    "ovf": ("job.ovf",),
}
_OUTLINES = frozenset({"outline.dxf", "outline-r12.dxf"})
# All but G-code, which the controller runs as it stands.
_NOTED = frozenset(_NAMES) - {"ngc"}
_MESHES: Mapping[str, Callable[[HeightMap], bytes]] = {
    "stl": mesh.write_stl,
    "3mf": mesh.write_3mf,
    "glb": mesh.write_glb,
}


def names_of_files(job: Job) -> tuple[str, ...]:
    """The names of all machine files, and of the notes where there is a file that wants one."""
    named = tuple(name for kind in job.formats for name in _NAMES.get(kind, ()))
    noted = (NOTES,) if any(kind in _NOTED or kind in _MESHES for kind in job.formats) else ()
    return (*named, *noted)


def names_of_paths(job: Job) -> tuple[str, ...]:
    """The names of the machine files that hold the toolpath, and not only the outlines of the land."""
    return tuple(name for kind in job.formats for name in _NAMES.get(kind, ()) if name not in _OUTLINES)


def names_of_meshes(job: Job) -> tuple[str, ...]:
    """The names of the meshes of the engraved tip: absent where the machine file could not be simulated."""
    return tuple(f"pin.{kind}" for kind in job.formats if kind in _MESHES)


def machine_files(
    toolpath: Toolpath, outlines: Sequence[shapely.Polygon], job: Job, *, title: str, header: Sequence[str]
) -> dict[str, bytes]:
    """Every machine file of a toolpath by its name, and of the outlines of its lands.

    outlines : of the lands, pin frame. Raises InputError with every format that cannot carry the toolpath.
    """
    makers = _path_makers(toolpath, job, title=title, header=header) | {
        "outline.dxf": lambda: dxf.write_outline_dxf(outlines),
        "outline-r12.dxf": lambda: dxf.write_outline_dxf(outlines, version="R12"),
    }
    return _made({name: makers[name] for name in names_of_files(job)}, job)


def path_files(toolpath: Toolpath, job: Job, *, title: str, header: Sequence[str]) -> dict[str, bytes]:
    """Those alone that hold a toolpath, with their notes; raises as ``machine_files``."""
    makers = _path_makers(toolpath, job, title=title, header=header)
    return _made({name: makers[name] for name in names_of_files(job) if name not in _OUTLINES}, job)


def _path_makers(toolpath: Toolpath, job: Job, *, title: str, header: Sequence[str]) -> dict[str, Callable[[], bytes]]:
    energy_j = job.machine.value.max_pulse_energy_j
    return {
        "job.ngc": lambda: write_gcode(toolpath, job.machine.value, header=header),
        "job.dxf": lambda: dxf.write_job_dxf(toolpath),
        "job-r12.dxf": lambda: dxf.write_job_dxf(toolpath, version="R12"),
        "job.svg": lambda: svg.write_toolpath_svg(toolpath, title=title),
        "job.lbrn2": lambda: lbrn2.write_lbrn2(toolpath, title=title, most_pulse_energy_j=energy_j),
        "job.ovf": lambda: ovf.write_ovf(toolpath, name=title),
        NOTES: lambda: _notes(toolpath, job),
    }


def _made(makers: Mapping[str, Callable[[], bytes]], job: Job) -> dict[str, bytes]:
    """Every file. Raises InputError with every one that cannot be made."""
    files: dict[str, bytes] = {}
    faults = []
    for name, make in makers.items():
        try:
            files[name] = make()
        except ToolpathError as error:
            faults.append(f"job {job.name!r}: {name}: {error}")
    if faults:
        raise InputError(faults)
    return files


def meshes(tip: HeightMap, job: Job) -> dict[str, bytes]:
    """The engraved tip as the job's meshes. Raises InputError where it is none that can be closed."""
    try:
        return {f"pin.{kind}": _MESHES[kind](tip) for kind in job.formats if kind in _MESHES}
    except ToolpathError as error:
        raise InputError(f"job {job.name!r}: {error}") from error


def _notes(toolpath: Toolpath, job: Job) -> bytes:
    """How to load each file, one part a format."""
    texts: dict[str, Callable[[], str]] = {
        "dxf": lambda: dxf.import_note(toolpath),
        "dxf-r12": lambda: dxf.import_note(toolpath, version="R12"),
        "svg": lambda: svg.import_note(toolpath),
        "lbrn2": lambda: lbrn2.import_note(toolpath),
        "ovf": lambda: ovf.import_note(toolpath),
        **{kind: _mesh_note(kind) for kind in _MESHES},
    }
    parts = [f"{kind}\n{'-' * len(kind)}\n\n{texts[kind]().strip()}\n" for kind in job.formats if kind in texts]
    return "\n\n".join(parts).encode()


def _mesh_note(kind: str) -> Callable[[], str]:
    return lambda: mesh.import_note(kind)
