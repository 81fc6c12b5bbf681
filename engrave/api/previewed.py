"""What there is to see of one pin: each view is drawn when it is asked for, and what views share is made once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from engrave.api.folders import MOST_PROGRAM_BYTES
from engrave.base.errors import InputError
from engrave.base.files import read_bytes
from engrave.code.mark import Mark
from engrave.job.bench import usable_face, widths_of
from engrave.job.setup import Setup
from engrave.layout import Engraving, Layout, engraving_of, lay_out
from engrave.report.drawing import Drawing
from toolpaths.findings import Severity
from toolpaths.surface import HeightMap

# A picture of the layout needs nothing of planning and reading: each view imports what it is made of.
if TYPE_CHECKING:
    from engrave.report.passes import Pass
    from engrave.verify.check import Engraved
    from engrave.verify.files import ReadFile

# Pixels across the pictures: enough for a page of A4.
_PICTURE_PX = 960


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """A machine file, or a mesh of the tip, by its name, with the electrodes beside it."""

    name: str
    data: bytes
    electrodes: Mapping[str, bytes]


class Previewed:
    """One pin of a job. What is cut is what its machine file says; without one it is planned."""

    def __init__(self, setup: Setup, mark: Mark, path: Path | None) -> None:
        self._setup, self._mark, self._path = setup, mark, path

    @property
    def title(self) -> str:
        """What stands over every drawing."""
        mark = self._mark
        return f"{mark.characters[:4]} {mark.characters[4:]} - {mark.serial} ({mark.maker}, {mark.model})"

    def view(self, name: str) -> Drawing:
        """One of ``VIEWS``. Raises InputError where the machine file cannot be taken for what it ought to be."""
        return VIEWS[name](self)

    def layout(self) -> Drawing:
        """As it reads."""
        from engrave.report.view import layout_view  # noqa: PLC0415 - start-up

        return layout_view(self._drawn[0], title=self.title)

    def pin(self) -> Drawing:
        """As it is cut."""
        from engrave.report.view import pin_view  # noqa: PLC0415 - start-up

        return pin_view(self._drawn[1], title=self.title, boundary=self._setup.tip.boundary)

    def tip(self) -> Drawing:
        """The mark on the tip, with lines of equal depth and sections."""
        from engrave.report.tip import tip_view  # noqa: PLC0415 - start-up

        job, tip = self._setup.job, self._setup.tip
        pin = job.pin
        datum = pin.value.clocking_datum
        notes = [
            f"pin {pin.name}: {pin.value.description}",
            f"clocking by {datum}" if datum else "the pin states no clocking datum: its turn about the axis is free",
        ]
        usable = usable_face(tip, pin.value, widths_of(job.process.value, polarity=job.layout.polarity))
        return tip_view(tip, usable=usable, title=self.title, notes=notes, lands=self._drawn[1].lands)

    def toolpath(self) -> Drawing:
        """Every move, by step and pass."""
        from engrave.report.toolpath_view import toolpath_view  # noqa: PLC0415 - start-up

        lands = self._drawn[1].lands
        at = lands[0].outline.representative_point() if lands else self._setup.tip.boundary.centroid
        return toolpath_view(
            self._passes,
            title=self.title,
            source=self._source,
            boundary=self._setup.tip.boundary,
            enlarge_um=(at.x, at.y),
        )

    def cut(self) -> Drawing:
        """How deep the tip is cut."""
        from engrave.report.heights import depth_view  # noqa: PLC0415 - start-up

        return depth_view(self.cut_tip, self._setup.tip, title=self.title, width_px=_PICTURE_PX, ruled=True)

    def impression(self) -> Drawing:
        """The primer under a light."""
        from engrave.report.pictures import impression_view  # noqa: PLC0415 - start-up

        return impression_view(self._primer, title=self.title, width_px=_PICTURE_PX, ruled=True)

    def depth(self) -> Drawing:
        """The primer's heights."""
        from engrave.report.heights import height_view  # noqa: PLC0415 - start-up

        return height_view(self._primer, title=self.title, width_px=_PICTURE_PX, ruled=True)

    def microscope(self) -> Drawing:
        """The primer at 60x under a ring light."""
        from engrave.report.eyepiece import microscope_view  # noqa: PLC0415 - start-up

        return microscope_view(self._primer, title=self.title)

    @cached_property
    def _drawn(self) -> tuple[Layout, Engraving]:
        setup, mark = self._setup, self._mark
        layout = lay_out(setup.places, setup.shapes, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
        engraving = engraving_of(
            layout, relief_um=setup.job.relief_um, tip=setup.tip, largest_patch_um=setup.largest_patch_um
        )
        return layout, engraving

    @property
    def _source(self) -> str:
        return "planned now, no machine file read" if self._path is None else f"read back from {self._path.name}"

    @cached_property
    def _program(self) -> _Program | None:
        """The machine file, which views of what is not cut do not read."""
        from engrave.verify import electrode_files  # noqa: PLC0415 - start-up

        if self._path is None:
            return None
        beside = {name: self._path.parent / name for name in electrode_files(self._setup.job)}
        return _Program(
            name=self._path.name,
            data=read_bytes(self._path, most=MOST_PROGRAM_BYTES),
            electrodes={
                name: read_bytes(path, most=MOST_PROGRAM_BYTES) for name, path in beside.items() if path.is_file()
            },
        )

    @cached_property
    def _file(self) -> "ReadFile | None":
        from engrave.verify.files import read_file  # noqa: PLC0415 - start-up

        program = self._program
        if program is None:
            return None
        return read_file(program.data, program.name, self._setup, electrodes=program.electrodes)

    @cached_property
    def _passes(self) -> "tuple[Pass, ...]":
        from engrave.batch import plan_pin  # noqa: PLC0415 - start-up
        from engrave.batch.erosion_files import plan_erosion  # noqa: PLC0415 - start-up
        from engrave.report.passes import passes_of, passes_of_erosion  # noqa: PLC0415 - start-up

        job, file = self._setup.job, self._file
        if job.is_erosion:
            if file is None:
                return passes_of_erosion(plan_erosion(self._setup, self._drawn[1]).erosion)
            if file.eroding is not None:
                return passes_of_erosion(file.eroding.erosion)
        elif file is None:
            return passes_of(plan_pin(self._setup, self._mark).toolpath, job.laser.value)
        elif file.toolpath is not None:
            return passes_of(file.toolpath, job.laser.value)
        raise self._unusable("holds no toolpath that can be drawn", file)

    @cached_property
    def cut_tip(self) -> HeightMap:
        """The tip as it is cut, by simulation. Raises InputError where the machine file cannot be simulated."""
        from engrave.batch import simulated_tip  # noqa: PLC0415 - start-up
        from engrave.verify import checker_for  # noqa: PLC0415 - start-up
        from engrave.verify.check import engraved  # noqa: PLC0415 - start-up

        program = self._program
        if program is None:
            return simulated_tip(self._setup, self._mark)
        made = engraved(program.data, checker_for(self._setup), name=program.name, electrodes=program.electrodes)
        if made.tip is None:
            raise self._unusable("cannot be simulated", made)
        return made.tip

    @cached_property
    def _primer(self) -> HeightMap:
        from engrave.strike import strike  # noqa: PLC0415 - start-up

        job = self._setup.job
        return strike(self.cut_tip, form=self._setup.tip, primer=job.primer.value, condition=job.nominal).surface

    def _unusable(self, why: str, file: "ReadFile | Engraved") -> InputError:
        """What the file lacks, and every error in it."""
        name = self._source.rpartition(" ")[2]
        errors = [finding for finding in file.findings if finding.severity is Severity.ERROR]
        told = [f"{name}: {finding.number} {finding.place or 'program'}: {finding.message}" for finding in errors]
        return InputError([f"{name}: {why}", *told])


VIEWS: Mapping[str, Callable[[Previewed], Drawing]] = MappingProxyType(
    {
        "layout": Previewed.layout,
        "pin": Previewed.pin,
        "tip": Previewed.tip,
        "toolpath": Previewed.toolpath,
        "cut": Previewed.cut,
        "impression": Previewed.impression,
        "depth": Previewed.depth,
        "microscope": Previewed.microscope,
    }
)
