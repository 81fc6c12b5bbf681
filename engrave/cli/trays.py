"""``tray``: what comes after a batch with a fixture."""

from pathlib import Path

import click

from engrave.base.errors import Exit
from engrave.cli.output import json_option, print_json, quiet_option, tell, tell_findings, verbose_option

_PROGRAM = click.argument("program", metavar="TRAY.NGC", type=click.Path(path_type=Path, dir_okay=False))
_OUTPUT = click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The new program, .ngc, in a folder that is there; its map is put beside it.",
)
_BATCH = click.option(
    "--batch",
    type=click.Path(path_type=Path, file_okay=False),
    help="The batch's folder; without it the program's own.",
)


@click.group()
def tray() -> None:
    """Go on with a tray at a nest, place its pins by a probe table, check its program."""


@tray.command()
@_PROGRAM
@click.option("--nest", type=click.IntRange(min=1), required=True, help="The nest to begin with.")
@click.option("--skip", type=click.IntRange(min=1), multiple=True, help="A nest to leave out; may be repeated.")
@_OUTPUT
@json_option
@quiet_option
def restart(*, program: Path, nest: int, skip: tuple[int, ...], output: Path, as_json: bool, quiet: bool) -> Exit:
    """Write the program that goes on at a nest: the same moves from there on."""
    from engrave.api import trays  # noqa: PLC0415 - start-up

    written = trays.tray_restart(program, nest=nest, out=output, skip=skip)
    if as_json:
        print_json(trays.tray_map_to_json(written.map))
    tell(f"{output}: {_pins(len(written.map.pins))} from nest {written.map.pins[0].nest} on", quiet=quiet)
    return Exit.DONE


@tray.command()
@_PROGRAM
@click.option(
    "--probe",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The probe table, CSV: nest, dx, dy, dz, tilt_x, tilt_y, clocking, state.",
)
@_BATCH
@_OUTPUT
@json_option
@quiet_option
def place(*, program: Path, probe: Path, batch: Path | None, output: Path, as_json: bool, quiet: bool) -> Exit:
    """Write a tray's program anew, its pins where a probe found them."""
    from engrave.api import trays  # noqa: PLC0415 - start-up

    written = trays.tray_place(program, probe=probe, out=output, batch=batch)
    if as_json:
        print_json(trays.tray_map_to_json(written.map))
    tell(f"{output}: {_pins(len(written.map.pins))}", quiet=quiet)
    return Exit.DONE


@tray.command()
@_PROGRAM
@_BATCH
@json_option
@quiet_option
@verbose_option
def check(*, program: Path, batch: Path | None, as_json: bool, quiet: bool, verbose: bool) -> Exit:
    """Take each nest of a tray's program back to its pin, and hold it against the pin's own."""
    from engrave.api import trays  # noqa: PLC0415 - start-up

    checked = trays.tray_check(program, batch=batch)
    document = trays.tray_check_to_json(checked)
    if as_json:
        print_json(document)
    else:
        click.echo(f"{document['verdict']}: {_pins(len(checked.nests))}, at most {checked.worst_um * 1e3:.2f} nm off")
    tell_findings(document["findings"], verbose=verbose, quiet=quiet)
    return Exit.DONE if checked.passed else Exit.NO


def _pins(count: int) -> str:
    return "1 pin" if count == 1 else f"{count} pins"


@tray.command("map")
@_PROGRAM
@json_option
def show_map(*, program: Path, as_json: bool) -> Exit:
    """Say which pin lies in which nest, in the order of marking."""
    from engrave.api import trays  # noqa: PLC0415 - start-up

    shown = trays.tray_map(program)
    if as_json:
        print_json(trays.tray_map_to_json(shown))
        return Exit.DONE
    for pin in shown.pins:
        click.echo(f"{pin.nest}: {pin.characters[:4]} {pin.characters[4:]} {pin.serial} ({pin.maker}, {pin.model})")
    return Exit.DONE
