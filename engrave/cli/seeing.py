"""``read``: a struck primer, from a topography or a picture of it."""

from pathlib import Path
from typing import Any

import click

from engrave.base.errors import Exit
from engrave.cli.codes import pin_line, print_symbols
from engrave.cli.output import job_option, json_option, print_json, quiet_option, tell
from engrave.cli.wording import share, spaced, what_lacks


@click.command()
@click.argument("primer", type=click.Path(path_type=Path))
@click.option(
    "--um-per-px",
    type=click.FloatRange(0.0, min_open=True),
    help="Micrometres a pixel of a picture; without it that is found, too, which takes longer.",
)
@job_option
@json_option
@quiet_option
def read(primer: Path, um_per_px: float | None, job_path: Path | None, *, as_json: bool, quiet: bool) -> Exit:
    """Read a struck primer from a topography or a picture.

    PRIMER is an X3P file, or a picture (PNG, JPEG or TIFF) as under a ring light. The job says what its marks look
    like; where the mark lies, how it is turned, mirrored and stretched is found. What was not in contact is left out.
    Exit code 3: no pin is identified.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    seen = api.read(primer, job=job_path, um_per_px=um_per_px)
    for note in seen.document["notes"]:
        tell(f"{primer}: {note}", quiet=quiet)
    if as_json:
        print_json(seen.document)
    else:
        _print_reading(seen.document, quiet=quiet)
    return Exit.DONE if seen.identified else Exit.NO


def _print_reading(document: dict[str, Any], *, quiet: bool) -> None:
    reading = document["reading"]
    if not reading["found"]:
        click.echo("no mark of this job's kind is found")
        return
    # As `decode` and `trace` take it.
    click.echo(f'read: "{spaced(reading["characters"])}" --ring {"/".join(reading["ring"])}')
    click.echo(f"  {', '.join(_lies(reading))}")
    for rank, candidate in enumerate(document["candidates"]):
        click.echo(pin_line(candidate))
        if not rank:
            print_symbols(candidate, document["carriers"])
    click.echo(
        f"none of these: {share(document['none_of_these'])}, no mark of this code: {share(document['not_ours'])}"
    )
    for prior in document["priors"]:
        tell(prior["source"], quiet=quiet)
    if reading["mirrored"] or reading["inverted"]:
        tell("the file shows the primer mirrored or with heights exchanged: see how it was made", quiet=quiet)
    if document["candidates"] and not document["identified"]:
        tell(f"not identified: {what_lacks(document)}", quiet=quiet)


def _lies(reading: dict[str, Any]) -> list[str]:
    """How the mark lies in the topography or picture."""
    words = [f"turned by {reading['rotation_deg']:g} degrees", f"at {reading['x_um']:g}, {reading['y_um']:g} um"]
    if reading["um_per_px"] is not None:
        words.append(f"{reading['um_per_px']:g} um a pixel")
    words.append(f"scale {reading['scale']:g}, aspect {reading['aspect']:g}")
    return [*words, *(word for word in ("mirrored", "inverted") if reading[word])]
