"""The files of a pin that is eroded: the program, and for a sinker electrodes and what the shop is told of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engrave.base.config import json_bytes
from engrave.base.errors import InputError
from engrave.job import Job
from engrave.job.setup import Setup
from engrave.layout import Engraving
from engrave.report.setup_sheet import setup_sheets_html
from engrave.verify import electrode_files
from engrave.verify.erosion import Eroding, eroded
from toolpaths.edm.electrode import Electrode, electrodes_for, end_face
from toolpaths.edm.milling import plan_milling
from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.model import Erosion
from toolpaths.edm.setup_sheet import setup_sheets
from toolpaths.edm.sinking import plan_sinking
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.errors import ToolpathError
from toolpaths.surface import HeightMap
from toolpaths.writers.edm_gcode import write_edm_gcode
from toolpaths.writers.electrode import write_electrode_3mf, write_electrode_dxf, write_electrode_stl

SHEET_SCHEMA = "pin-engrave/setup-sheet/1"
SHEET, PAGE = "setup-sheet.json", "setup-sheet.html"

_FACE_PIXEL_UM = 1.0
# Depths of a layered drawing: coarse enough to be looked at, fine enough to show the slope of a tip.
_LAYER_UM = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedErosion:
    """What is eroded into one tip; ``electrodes`` of a sinker, one a stage."""

    erosion: Erosion
    electrodes: tuple[Electrode, ...] = ()

    def tip(self, setup: Setup) -> HeightMap:
        """The tip as planned, without a machine file."""
        faces = tuple(end_face(electrode, _FACE_PIXEL_UM) for electrode in self.electrodes)
        return eroded(Eroding(erosion=self.erosion, faces=faces), setup)


def plan_erosion(setup: Setup, engraving: Engraving) -> PlannedErosion:
    """The paths, and for a sinker the electrodes, of one mark. Raises InputError where it cannot be eroded."""
    try:
        return _planned(setup, engraving)
    except ToolpathError as error:
        raise InputError(f"job {setup.job.name!r}: {error}") from error


def _planned(setup: Setup, engraving: Engraving) -> PlannedErosion:
    job, process = setup.job, setup.job.process.value
    land, field = engraving.standing(), engraving.field
    if isinstance(process, Milling):
        erosion = plan_milling(
            land=land,
            field=field,
            taper_to=engraving.taper_to,
            surface=setup.tip,
            relief_um=job.relief_um,
            milling=process,
        )
        return PlannedErosion(erosion=erosion)
    sinking = job.sinking.value
    electrodes = electrodes_for(land=land, field=field, surface=setup.tip, relief_um=job.relief_um, sinking=sinking)
    erosion = plan_sinking(electrodes, surface=setup.tip, relief_um=job.relief_um, sinking=sinking)
    return PlannedErosion(erosion=erosion, electrodes=electrodes)


def names_of_erosion(job: Job) -> tuple[str, ...]:
    """The names of all files of a pin that is eroded."""
    process = job.process.value
    if not isinstance(process, Sinking):
        return (job.machine_file,)
    kinds = [kind.removeprefix("electrode-") for kind in job.formats if kind.startswith("electrode-")]
    electrodes = [f"electrode-{stage.name}.{kind}" for kind in kinds for stage in process.stages]
    return (job.machine_file, *dict.fromkeys((*electrode_files(job), *electrodes)), SHEET, PAGE)


def erosion_files(planned: PlannedErosion, job: Job, *, header: Sequence[str], characters: str) -> dict[str, bytes]:
    """Every file by its name. Raises InputError with every one that cannot carry what was planned."""
    makers: dict[str, Callable[[], bytes]] = {
        job.machine_file: lambda: write_edm_gcode(
            planned.erosion, job.machine.value, header=(*header, *_uncalibrated(job))
        )
    }
    for electrode in planned.electrodes:
        makers |= _makers(electrode)
    files: dict[str, bytes] = {}
    faults = []
    for name in names_of_erosion(job):
        if name in {SHEET, PAGE}:
            continue
        try:
            files[name] = makers[name]()
        except ToolpathError as error:
            faults.append(f"job {job.name!r}: {name}: {error}")
    if faults:
        raise InputError(faults)
    return files | (_sheets(planned, job, header=header, characters=characters) if planned.electrodes else {})


def _makers(electrode: Electrode) -> dict[str, Callable[[], bytes]]:
    name = f"electrode-{electrode.stage.name}"
    return {
        f"{name}.stl": lambda: write_electrode_stl(electrode),
        f"{name}.3mf": lambda: write_electrode_3mf(electrode),
        f"{name}.dxf": lambda: write_electrode_dxf(electrode, step_um=_LAYER_UM),
    }


def _uncalibrated(job: Job) -> tuple[str, ...]:
    """A line for the header where gaps and wear were never measured."""
    process = job.process.value
    told = isinstance(process, Milling | Sinking) and not process.calibrated
    return ("not calibrated: gaps and wear are priors; cut a coupon and enter what it says",) if told else ()


def _sheets(planned: PlannedErosion, job: Job, *, header: Sequence[str], characters: str) -> dict[str, bytes]:
    """The setup sheets, as a document and as a page."""
    order = next((line.split()[-1] for line in header if line.startswith("job ")), "")
    sheets = setup_sheets(
        planned.electrodes,
        planned.erosion,
        surface=planned.electrodes[0].surface,
        sinking=job.sinking.value,
        job=job.name,
        code=characters,
        job_sha256=order,
        workpiece=f"firing pin {job.pin.name}",
    )
    document = {"schema": SHEET_SCHEMA, "sheets": list(sheets)}
    return {SHEET: json_bytes(document), PAGE: setup_sheets_html(sheets, planned.electrodes)}
