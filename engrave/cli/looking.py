"""``preview`` and ``check``: pictures, and the circle from files to a verdict."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engrave.base.durations import Duration
from engrave.base.errors import Exit, InputError
from engrave.cli.output import (
    job_option,
    json_option,
    print_json,
    quiet_option,
    tell,
    tell_findings,
    verbose_option,
)
from engrave.cli.progress import progress_bar

if TYPE_CHECKING:
    from engrave.api import PinName


# What a format holds where no view is asked for.
_WITHOUT_VIEW = {
    ".svg": "layout",
    ".png": "layout",
    ".pdf": "every view",
    ".html": "every view",
    ".glb": "the engraved tip",
}


@click.command()
@click.argument("mark", metavar="[SERIAL_OR_MARK]", required=False)
@click.option("--maker", help="The maker, where a serial is given.")
@click.option("--model", help="The model, where a serial is given.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The picture, .svg, .png, .pdf, .html or .glb, in a folder that is there; an older picture of that name is "
    "replaced.",
)
@click.option(
    "--view",
    "views",
    multiple=True,
    help="layout: as it reads; pin: as it is cut, mirrored; tip: on the tip, with lines of equal depth; toolpath: by "
    "step and pass; cut: how deep; impression: as it prints; depth: how deep it prints; microscope: at 60x. Give it "
    "several times for .pdf and .html, which hold all without it; .svg and .png hold one, the layout without it; .glb "
    "holds the engraved tip.",
)
@click.option(
    "--from",
    "program",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The machine file, or mesh of the tip, that is shown; else the one beside mark.json, and without one what is "
    "planned now.",
)
@job_option
@quiet_option
def preview(
    *,
    mark: str | None,
    maker: str | None,
    model: str | None,
    output: Path,
    views: tuple[str, ...],
    program: Path | None,
    job_path: Path | None,
    quiet: bool,
) -> Exit:
    """Draw a mark: as it reads, as it is cut, as it prints.

    SERIAL_OR_MARK is a serial, a mark.json, or the folder of a finished pin; it may be left out where --from names a
    file with mark.json beside it. Without --job that is the job.json beside the machine file or two folders up, else
    the shipped example.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    of = None if mark is None else _named(mark, maker, model)
    if mark is None and (maker is not None or model is not None):
        raise InputError("--maker and --model go with a serial; give one, or leave them out")
    picture = api.preview(of, job_path, view=views, suffix=output.suffix.lower(), folder=output.parent, program=program)
    api.write_file(output, picture)
    tell(f"{output}: {', '.join(views) or _WITHOUT_VIEW[output.suffix.lower()]}", quiet=quiet)
    return Exit.DONE


def _named(text: str, maker: str | None, model: str | None) -> "PinName | Path":
    from engrave import api  # noqa: PLC0415 - start-up

    if maker is None and model is None and Path(text).is_dir():
        return Path(text)
    if text.lower().endswith(".json"):
        if maker is not None or model is not None:
            raise InputError("--maker and --model go with a serial; mark.json names its own")
        return Path(text)
    if maker is None or model is None:
        raise InputError(f"serial {text!r}: say whose with --maker and --model, or give a mark.json or a pin's folder")
    return api.PinName(serial=text, maker=maker, model=model)


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@json_option
@quiet_option
@verbose_option
def check(path: Path, *, as_json: bool, quiet: bool, verbose: bool) -> Exit:
    """Read machine files back, cut and strike them in simulation, and read.

    PATH is a batch's folder, one pin's, or one file of a pin: .ngc, .dxf, .svg, .lbrn2, .ovf, or the engraved tip as
    .stl, .3mf or .glb. What a file does not say, such as the process in a DXF, is taken from job.json. A folder is
    judged by its job.ngc, or a scanner's job.ovf or job.lbrn2. A pin needs mark.json beside its file and, there or two
    folders up, job.json.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    with progress_bar("checking", quiet=quiet) as progress:
        outcomes = api.check(path, progress=progress)
    if as_json:
        print_json(api.checks_to_json(outcomes))
    for outcome in outcomes:
        if not as_json:
            _print_check(outcome.document)
        tell_findings(outcome.document["findings"], verbose=verbose, quiet=quiet)
    return Exit.DONE if all(outcome.passed for outcome in outcomes) else Exit.NO


def _print_check(document: dict[str, Any]) -> None:
    reading = document["reading"] or {}
    read = reading.get("characters") or "nothing"
    named = reading.get("serial") or "nobody"
    intended = document["intended"]
    taken = "; geometry only, process from job.json" if document["geometry_only"] else ""
    time = document["time"]
    lasts = f"; takes {Duration(seconds=time['total_s'], at_least=time['is_least']).told()}" if time else ""
    line = f"{document['verdict']}: {intended['characters']} {intended['serial']}; reads {read}, names {named}"
    click.echo(f"{line}{taken}{lasts}")
