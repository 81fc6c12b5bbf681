"""Going on with a tray at a nest: the rest of its program, and the map of that."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from engrave.base.errors import InputError
from engrave.base.files import whole_file, write_atomic
from engrave.batch.folder import file_sha256
from engrave.batch.trays import map_bytes
from engrave.report.trays import TrayMap, tray_html
from toolpaths.errors import ToolpathError
from toolpaths.readers.tray import write_restart


def restart_tray(program: Path, whole: TrayMap, *, nest: int, skip: Collection[int], out: Path) -> TrayMap:
    """Write the sections of a tray's program from a nest on, those of ``skip`` left out, and their map beside it.

    Raises InputError where the program is not the map's or has no such nest, OccupiedError where ``out`` is there
    already, UnfinishedError.
    """
    if file_sha256(program) != whole.program_sha256:
        raise InputError(f"{program}: has been changed since its map was written; make the tray again")
    try:
        with program.open("rb") as source, whole_file(out) as temporary, temporary.open("wb") as file:
            marked = write_restart(source, file, nest=nest, skip=skip)
    except ToolpathError as error:
        raise InputError(f"{program}: {error}") from error
    passed = {pin.nest for pin in whole.pins} - set(marked)
    shown = replace(
        whole,
        program=out.name,
        program_sha256=file_sha256(out),
        pins=tuple(pin for pin in whole.pins if pin.nest in marked),
        left_out=tuple(sorted({*whole.left_out, *passed})),
    )
    write_atomic(out.with_suffix(".json"), map_bytes(shown))
    write_atomic(out.with_suffix(".html"), tray_html(shown))
    return shown
