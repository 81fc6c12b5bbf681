"""One pin: from its mark to every file of its folder, checked."""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from engrave.base.config import json_bytes
from engrave.base.errors import InputError
from engrave.base.files import sha256_hex
from engrave.base.frames import mirrored_xy
from engrave.base.version import DISTRIBUTION, tool_version
from engrave.batch.erosion_files import erosion_files, names_of_erosion, plan_erosion
from engrave.batch.machine_files import machine_files, meshes, names_of_files, names_of_meshes, names_of_paths
from engrave.code.mark import Mark, mark_to_json
from engrave.job import Job, job_to_json
from engrave.job.setup import Setup, prepare
from engrave.layout import Engraving, Layout, engraving_of, lay_out
from engrave.report import impression_png, impression_x3p, layout_svg, pin_svg, views_json
from engrave.strike import strike
from engrave.verify import Checked, Checker, check_pin, check_to_json, checker_for, electrode_files
from toolpaths.errors import ToolpathError
from toolpaths.laser.planning import plan
from toolpaths.model import Toolpath
from toolpaths.removal import cut
from toolpaths.surface import HeightMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What making pins needs once a job: the setup, the checker, and the job's document with its hash."""

    setup: Setup
    checker: Checker
    job_document: bytes

    @property
    def job_sha256(self) -> str:
        """Hash of ``job.json``."""
        return sha256_hex(self.job_document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A mark laid out, mirrored onto the tip, and turned into paths."""

    layout: Layout
    engraving: Engraving
    toolpath: Toolpath


def workshop_for(job: Job) -> Workshop:
    """Everything that is the same for all pins of the job. Raises InputError where a design rule forbids the job."""
    setup = prepare(job)
    setup.require_sound()
    return workshop_of(setup)


def workshop_of(setup: Setup) -> Workshop:
    """The workshop of a job that the design rules allow."""
    return Workshop(setup=setup, checker=checker_for(setup), job_document=job_document(setup.job))


def job_document(job: Job) -> bytes:
    """``job.json``."""
    return json_bytes(job_to_json(job))


def drawn_pin(setup: Setup, mark: Mark) -> tuple[Layout, Engraving]:
    """The layout of one mark, and its mirror image on the tip."""
    layout = lay_out(setup.places, setup.shapes, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
    engraving = engraving_of(
        layout,
        relief_um=setup.job.relief_um,
        tip=setup.tip,
        largest_patch_um=setup.largest_patch_um,
    )
    return layout, engraving


def plan_pin(setup: Setup, mark: Mark) -> Planned:
    """The layout, the engraving and the toolpath of one mark."""
    layout, engraving = drawn_pin(setup, mark)
    try:
        toolpath = _toolpath(setup, engraving)
    except ToolpathError as error:
        raise InputError(f"job {setup.job.name!r}: {error}") from error
    return Planned(layout=layout, engraving=engraving, toolpath=toolpath)


def _toolpath(setup: Setup, engraving: Engraving) -> Toolpath:
    return plan(
        land=engraving.standing(),
        field=engraving.field,
        taper_to=engraving.taper_to,
        surface=setup.tip,
        relief_um=setup.job.relief_um,
        recipe=setup.job.laser.value,
        floor_xy_um=mirrored_xy(setup.places.outline_um()),
    )


def simulated_impression(setup: Setup, mark: Mark) -> HeightMap:
    """The primer that a mark's planned paths would leave under the nominal strike, without a machine file."""
    tip = simulated_tip(setup, mark)
    return strike(tip, form=setup.tip, primer=setup.job.primer.value, condition=setup.job.nominal).surface


def simulated_tip(setup: Setup, mark: Mark) -> HeightMap:
    """The tip that a mark's planned paths would leave, without a machine file."""
    if setup.job.is_erosion:
        _, engraving = drawn_pin(setup, mark)
        return plan_erosion(setup, engraving).tip(setup)
    return cut(
        plan_pin(setup, mark).toolpath,
        surface=setup.tip,
        beam_for=setup.job.laser.value.beam_for,
        half_width_um=setup.tip.edge_radius_um,
        pixel_um=setup.job.pixel_um,
    )


def file_names(job: Job) -> tuple[str, ...]:
    """Every file that a finished pin's folder may hold; those of ``simulated_of`` alone may be missing from it."""
    made = names_of_erosion(job) if job.is_erosion else names_of_files(job)
    return (*_ALWAYS, *made, *simulated_of(job))


def simulated_of(job: Job) -> tuple[str, ...]:
    """The files of the simulated primer and tip: absent where the machine file could not be simulated."""
    shown = (IMPRESSION, VIEWS, TOPOGRAPHY) if "x3p" in job.formats else (IMPRESSION, VIEWS)
    return (*shown, *names_of_meshes(job))


IMPRESSION, TOPOGRAPHY, VIEWS = "impression.png", "impression.x3p", "views.json"

_ALWAYS = ("check.json", "layout.svg", "mark.json", "pin.svg")


def make_pin(workshop: Workshop, mark: Mark) -> tuple[dict[str, bytes], Checked]:
    """Every file of one pin's folder by name, and the check that its ``check.json`` tells of."""
    setup = workshop.setup
    title = f"{mark.characters[:4]} {mark.characters[4:]} - {mark.serial} ({mark.maker}, {mark.model})"
    layout, engraving = drawn_pin(setup, mark)
    paths, others = _eroded_files(workshop, mark, engraving) if setup.job.is_erosion else _laser_files(workshop, mark)
    files = {"mark.json": json_bytes(mark_to_json(mark)), **paths, **others}
    files["layout.svg"] = layout_svg(layout, title=title)
    files["pin.svg"] = pin_svg(engraving, title=title, boundary=setup.tip.boundary)
    beside = {name: data for name, data in paths.items() if name != setup.job.machine_file}
    electrodes = {name: others[name] for name in electrode_files(setup.job)}
    checked = check_pin(paths[setup.job.machine_file], mark, workshop.checker, beside=beside, electrodes=electrodes)
    if checked.nominal is not None:
        surface = checked.nominal.impression.surface
        files[IMPRESSION] = impression_png(surface, title=title)
        if "x3p" in setup.job.formats:
            files[TOPOGRAPHY] = impression_x3p(surface)
        if checked.tip is not None:
            files[VIEWS] = views_json(checked.tip, surface)
    if checked.tip is not None:
        files |= meshes(checked.tip, setup.job)
    files["check.json"] = json_bytes(check_to_json(checked, setup))
    return files, checked


def _laser_files(workshop: Workshop, mark: Mark) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The machine files that hold a laser's paths, and the others."""
    setup = workshop.setup
    planned = plan_pin(setup, mark)
    files = machine_files(
        planned.toolpath,
        _outlines(planned.engraving),
        setup.job,
        title=f"{mark.characters}: toolpath, as it is cut",
        header=_header(workshop, mark),
    )
    return {name: files.pop(name) for name in names_of_paths(setup.job)}, files


def _eroded_files(workshop: Workshop, mark: Mark, engraving: Engraving) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The program of a machine that erodes, and what its operator and whoever makes electrodes need."""
    planned = plan_erosion(workshop.setup, engraving)
    files = erosion_files(planned, workshop.setup.job, header=_header(workshop, mark), characters=mark.characters)
    machine_file = workshop.setup.job.machine_file
    return {machine_file: files.pop(machine_file)}, files


def _outlines(engraving: Engraving) -> list[shapely.Polygon]:
    return [part for land in engraving.lands for part in shapely.get_parts(land.outline).tolist()]


def _header(workshop: Workshop, mark: Mark) -> Sequence[str]:
    job = workshop.setup.job
    return (
        f"{DISTRIBUTION} {tool_version()}",
        f"characters {mark.characters[:4]} {mark.characters[4:]}",
        f"job {job.name} {workshop.job_sha256}",
        f"machine {job.machine.name}, process {job.process.name}, pin {job.pin.name}",
        "pin frame: tip seen from in front, origin at the apex, z towards the primer, mm",
        "interlock, stop, key and shutter are hardware; this file is no safety function",
    )
