"""``pin``: profiles of pins from what was measured of them."""

from pathlib import Path
from typing import Any

import click

from engrave.base.errors import Exit
from engrave.cli.output import json_option, print_json, quiet_option, tell


def _length_um(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    """A length with its unit; a bare number is refused."""
    from engrave.base.units import DIMENSIONS, parse_quantity  # noqa: PLC0415 - start-up

    if value is None:
        return None
    try:
        return parse_quantity(value, next(dimension for dimension in DIMENSIONS if dimension.name == "length"))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.group(no_args_is_help=False)
def pin() -> None:
    """Make a pin's profile from a scan of its tip."""


@pin.command("fit")
@click.argument("scan", type=click.Path(path_type=Path))
@click.option("--unit", help="What a mesh's coordinates are in: mm, um or inch. An X3P file says it itself.")
@click.option(
    "--model",
    default="auto",
    show_default=True,
    help="auto, flat, sphere, cone, ellipse, revolved; or measured: the surface as it is, on a grid.",
)
@click.option("--towards", help="Where the tip points in the file: x, -x, y, -y, z or -z; found where it can be.")
@click.option(
    "--shank-radius", "shank_radius_um", callback=_length_um, help="The shank's radius, where it is known: 0.9mm."
)
@click.option(
    "--step", "step_um", callback=_length_um, help="Between the heights of a measured surface; 25um without it."
)
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The profile, NAME.toml, a new file; in the folder pins of a library a job finds it by NAME.",
)
@json_option
@quiet_option
def fit(
    *,
    scan: Path,
    unit: str | None,
    model: str,
    towards: str | None,
    shank_radius_um: float | None,
    step_um: float | None,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> Exit:
    """Fit a measured tip, and write it as a pin's profile.

    SCAN is a mesh (STL, PLY) or a topography (X3P) of a tip, with or without its shank. Exit code 3: the fit is too
    poor to make a profile of; the limits are printed.
    """
    from engrave.api import measuring  # noqa: PLC0415 - start-up

    fitted = measuring.fit_pin(
        scan,
        unit=unit,
        model=model,
        towards=towards,
        shank_radius_um=shank_radius_um,
        step_um=step_um,
        out=out,
    )
    for note in fitted.document["scan"]["notes"]:
        tell(note, quiet=quiet)
    if as_json:
        print_json(fitted.document)
    else:
        _print_fit(fitted.document)
    for fault in fitted.document["faults"]:
        tell(f"no profile: {fault}", quiet=quiet)
    if out is not None and fitted.good:
        tell(f"{out}: the profile of the pin", quiet=quiet)
    return Exit.DONE if fitted.good else Exit.NO


def _print_fit(document: dict[str, Any]) -> None:
    about = f", about {_article(document['form'])}" if document["model"] == "measured" else ""
    click.echo(f"{document['scan']['name']}: {document['model']}{about}")
    for figure in document["figures"]:
        click.echo(f"  {figure['name'].replace('_', ' ')}: {_value(figure)}")
    if document["shank_radius"] is not None:
        click.echo(f"  shank radius: {_value(document['shank_radius'])}")
    click.echo(
        f"  apex: {_vector(document['apex_um'], 2)} um +- {document['apex_within_95_um']:.2g} um; "
        f"axis {_vector(document['axis'], 5)}"
    )
    click.echo(f"  datum: {document['datum']}")
    for name in ("tilt", "runout"):
        told = document[name]
        click.echo(f"  {name}: {_value(told['figure']) if told['evaluated'] else 'not evaluated: ' + told['reason']}")
    lies = document["residuals"]
    click.echo(
        f"  residuals of {lies['points']} points: rms {lies['rms_um']:.2g} um, largest {lies['largest_um']:.2g} um, "
        f"over patches {lies['patch_rms_um']:.2g} um; {lies['kept_share']:.1%} of the points follow the form"
    )
    click.echo(f"  covered: {lies['covered_share']:.0%} of the face was measured")
    click.echo("  +- is a 95 % interval; it holds where the noise of the points is independent")


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _value(figure: dict[str, Any]) -> str:
    unit, decimals = ("degrees", 3) if figure["unit"] == "deg" else ("um", 2)
    within = "" if figure["within_95"] is None else f" +- {figure['within_95']:.2g}"
    return f"{figure['value']:.{decimals}f}{within} {unit}"


def _vector(numbers: list[float], decimals: int) -> str:
    return f"({', '.join(f'{number:.{decimals}f}' for number in numbers)})"
