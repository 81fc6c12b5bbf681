"""``report``: the QA page of a finished batch, and its table."""

from pathlib import Path

import click

from engrave.base.errors import Exit
from engrave.cli.output import quiet_option, tell


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page, .html, in a folder that is there; an older one is replaced. Its links lead on from DIR only.",
)
@click.option(
    "--csv",
    "table",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The table of pins, .csv, in a folder that is there; an older one is replaced.",
)
@quiet_option
def report(*, folder: Path, output: Path | None, table: Path | None, quiet: bool) -> Exit:
    """Write the QA page of a finished batch again, or its table.

    DIR is the batch's folder; manifest.json, job.json and pins/ are enough. Without --output and --csv the page is put
    back into DIR, the very bytes that the manifest records; with --csv alone only the table is written.
    """
    from engrave.api import reporting  # noqa: PLC0415 - start-up

    made = reporting.report(folder, page=output, table=table)
    for path in (made.page, made.table):
        if path is not None:
            tell(f"{path}: {made.passed} of {made.pins} pins pass", quiet=quiet)
    return Exit.DONE
