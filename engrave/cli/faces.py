"""``face``: typefaces of the user's own."""

from pathlib import Path

import click

from engrave.base.errors import Exit
from engrave.cli.output import json_option, print_json, quiet_option, tell


@click.group(no_args_is_help=False)
def face() -> None:
    """Make a typeface from a font file."""


@face.command("import")
@click.argument("font", type=click.Path(path_type=Path))
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The face, NAME.toml, a new file; in the folder faces of a library a job finds it by NAME.",
)
@click.option(
    "--mode",
    default="skeleton",
    show_default=True,
    help="skeleton: lines along the middle of the strokes, drawn with the job's stroke; outline: the font's own ink.",
)
@json_option
@quiet_option
def import_face(*, font: Path, out: Path, mode: str, as_json: bool, quiet: bool) -> Exit:
    """Turn a TTF or OTF font into a face of the alphabet.

    Mind the font's licence: it is copied into the file. Look at the face before you engrave with it, with
    `pin-engrave show faces NAME --library DIR -o SHEET.svg`.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    made = api.import_face(font, out, mode=mode)
    if as_json:
        print_json(
            {
                "schema": "pin-engrave/face-import/1",
                "name": made.name,
                "glyphs": "".join(made.glyphs),
                "licence": made.licence,
                "source": made.source,
            }
        )
    tell(f"{out}: {len(made.glyphs)} glyphs; licence: {made.licence.splitlines()[0]}", quiet=quiet)
    return Exit.DONE
