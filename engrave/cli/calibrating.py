"""``calibrate``: coupons for a laser and for a rod, their measurements to a process, and how good a gauge is."""

from pathlib import Path
from typing import Any

import click

from engrave.base.errors import Exit
from engrave.cli.output import job_option, json_option, print_json, quiet_option, tell

_FILE = click.Path(path_type=Path)


def _frequency_hz(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    """A frequency with its unit; a bare number is refused."""
    from engrave.base.units import DIMENSIONS, parse_quantity  # noqa: PLC0415 - start-up

    if value is None:
        return None
    try:
        return parse_quantity(value, next(dimension for dimension in DIMENSIONS if dimension.name == "frequency"))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.group(no_args_is_help=False)
def calibrate() -> None:
    """Calibrate a laser or an eroding rod on a coupon, or judge a gauge."""


@calibrate.group(no_args_is_help=False)
def laser() -> None:
    """Spot, threshold, incubation and penetration of a laser on a material."""


@laser.command()
@job_option
@click.option("--out", "-o", type=_FILE, required=True, help="The folder to make, a new one.")
@click.option(
    "--rate", "rate_hz", callback=_frequency_hz, help="Pulses a second on the coupon, such as 1kHz, the default."
)
@json_option
@quiet_option
def coupon(*, job_path: Path | None, out: Path, rate_hz: float | None, as_json: bool, quiet: bool) -> Exit:
    """Make a coupon: craters by pulse energy and number of pulses, cleared squares, a map, a form to fill in."""
    from engrave.api.calibrating_coupon import laser_coupon  # noqa: PLC0415 - start-up

    document = laser_coupon(job_path, out, rate_hz=rate_hz)
    if as_json:
        print_json(document)
    else:
        kinds = [cell["kind"] for cell in document["cells"]]
        click.echo(
            f"{kinds.count('crater')} craters, {kinds.count('square')} squares; "
            f"beam on for {document['lit_s']:.0f} s at {document['rate_hz']:g} Hz"
        )
    files = ", ".join(name for name in document["files"] if name not in {"coupon.svg", "measurements.csv"})
    tell(
        f"{out}: engrave it on a polished flat ({files}), find cells by coupon.svg, fill in measurements.csv",
        quiet=quiet,
    )
    return Exit.DONE


@laser.command("fit")
@click.argument("measurements", type=_FILE)
@click.option(
    "--out", "-o", type=_FILE, help="The process, NAME.toml: one that is there is brought up to date, else a new one."
)
@click.option("--name", help="What the process is called; the file's name without it.")
@click.option("--process", help="The process that a new file begins with; the shipped fs-steel without it.")
@click.option("--library", type=_FILE, help="A folder with processes of your own.")
@json_option
@quiet_option
def fit(
    *,
    measurements: Path,
    out: Path | None,
    name: str | None,
    process: str | None,
    library: Path | None,
    as_json: bool,
    quiet: bool,
) -> Exit:
    """Fit the laser's figures to measured craters, and put them into a process.

    MEASUREMENTS is the coupon's form, filled in: a CSV with energy, pulses or passes, diameter and depth. Exit code 3:
    the fit is too poor to make a process of; the limits are printed.
    """
    from engrave.api.calibrating import fit_laser  # noqa: PLC0415 - start-up

    fitted = fit_laser(measurements, out=out, name=name, process=process, library=library)
    if as_json:
        print_json(fitted.document)
    else:
        _print_fit(fitted.document)
    for note in fitted.document["notes"]:
        tell(note, quiet=quiet)
    for fault in fitted.document["faults"]:
        tell(f"no process: {fault}", quiet=quiet)
    if fitted.process is not None:
        tell(
            f"{out}: the process; its kerf and other figures stand as they were: see what they are worth now",
            quiet=quiet,
        )
    return Exit.DONE if fitted.good else Exit.NO


def _print_fit(document: dict[str, Any]) -> None:
    _print_figures(document)
    for what, told in (("diameters", document["craters"]), ("depths", document["depths"])):
        if told is not None:
            _print_scatter(what, told, told["largest"]["cell"])


def _print_figures(document: dict[str, Any]) -> None:
    for figure in document["figures"]:
        unit = f" {figure['unit']}" if figure["unit"] else ""
        click.echo(
            f"{figure['name'].replace('_', ' ')}: {figure['value']:.4g}{unit}, "
            f"95 % from {figure['low']:.4g} to {figure['high']:.4g} (+- {figure['half_width']:.1%})"
        )


def _print_scatter(what: str, told: dict[str, Any], farthest: str) -> None:
    click.echo(
        f"{told['used']} {what}: {told['noise']:.1%} about the fit, "
        f"farthest {farthest} ({told['largest']['residual']:+.1%})"
    )


@calibrate.group(no_args_is_help=False)
def edm() -> None:
    """Side gap, front gap and wear of an eroding rod."""


@edm.command("coupon")
@job_option
@click.option(
    "--rod", type=click.IntRange(min=1), help="Which rod of the process, counted from 1; the finest without it."
)
@click.option("--out", "-o", type=_FILE, required=True, help="The folder to make, a new one.")
@json_option
@quiet_option
def edm_coupon(*, job_path: Path | None, rod: int | None, out: Path, as_json: bool, quiet: bool) -> Exit:
    """Make a coupon: slots by depth and length, each cut in one pass, a map, a form to fill in."""
    from engrave.api.calibrating_rod_coupon import edm_coupon as make_coupon  # noqa: PLC0415 - start-up

    document = make_coupon(job_path, out, rod=rod)
    if as_json:
        print_json(document)
    else:
        lengths_um = [slot["length_um"] for slot in document["slots"]]
        click.echo(
            f"{len(lengths_um)} slots from {min(lengths_um):g} to {max(lengths_um):g} um, "
            f"rod {document['rod']} of {document['rod_um']:g} um"
        )
    tell(f"{out}: cut coupon.ngc on a polished flat, find slots by coupon.svg, fill in measurements.csv", quiet=quiet)
    return Exit.DONE


@edm.command("fit")
@click.argument("measurements", type=_FILE)
@click.option(
    "--out", "-o", type=_FILE, help="The process, NAME.toml: one that is there is brought up to date, else a new one."
)
@click.option("--name", help="What the process is called; the file's name without it.")
@click.option("--process", help="The process that a new file begins with; the shipped wc-20 without it.")
@click.option("--library", type=_FILE, help="A folder with processes of your own, under millings/.")
@json_option
@quiet_option
def edm_fit(
    *,
    measurements: Path,
    out: Path | None,
    name: str | None,
    process: str | None,
    library: Path | None,
    as_json: bool,
    quiet: bool,
) -> Exit:
    """Fit a rod's gaps and wear to measured slots, and put them into a process.

    MEASUREMENTS is the coupon's form, filled in: a CSV with rod, depth sent to, length, width and two depths. Exit
    code 3: the fit is too poor to make a process of; the limits are printed.
    """
    from engrave.api.calibrating_rod import fit_edm  # noqa: PLC0415 - start-up

    fitted = fit_edm(measurements, out=out, name=name, process=process, library=library)
    if as_json:
        print_json(fitted.document)
    else:
        _print_figures(fitted.document)
        for what in ("widths", "depths"):
            _print_scatter(what, fitted.document[what], fitted.document[what]["largest"]["place"])
    for note in fitted.document["notes"]:
        tell(note, quiet=quiet)
    for fault in fitted.document["faults"]:
        tell(f"no process: {fault}", quiet=quiet)
    if fitted.process is not None:
        tell(f"{out}: the process; its layers, feeds and compensation stand as they were", quiet=quiet)
    return Exit.DONE if fitted.good else Exit.NO


@calibrate.command("gauge")
@click.argument("measurements", type=_FILE)
@json_option
@quiet_option
def gauge(*, measurements: Path, as_json: bool, quiet: bool) -> Exit:
    """Judge a gauge by repeated measurements: repeatability, reproducibility, categories.

    MEASUREMENTS is a CSV with part, operator and value, every part measured by every operator as often. Exit code 3:
    the gauge takes more than 30 % of the variation, or tells fewer than five categories.
    """
    from engrave.api.calibrating_gauge import judge_gauge  # noqa: PLC0415 - start-up

    judged = judge_gauge(measurements)
    if as_json:
        print_json(judged.document)
    else:
        _print_gauge(judged.document)
    for fault in judged.document["faults"]:
        tell(fault, quiet=quiet)
    return Exit.DONE if judged.good else Exit.NO


def _print_gauge(document: dict[str, Any]) -> None:
    unit = f" {document['unit']}" if document["unit"] else ""
    click.echo(f"{len(document['parts'])} parts, {len(document['operators'])} operators, {document['repeats']} repeats")
    for part in document["components"]:
        click.echo(
            f"  {part['name']}: sigma {part['sigma']:.4g}{unit}, 95 % from {part['sigma_low']:.3g} to "
            f"{part['sigma_high']:.3g}; {part['study_share']:.1%} of the variation"
        )
    pooled = "is counted to the repeatability" if document["interaction_pooled"] else "is kept"
    click.echo(f"  part x operator {pooled}")
    share, categories = document["grr_share"], document["categories"]
    click.echo(f"GRR: {share['value']:.1%} of the variation, 95 % from {share['low']:.1%} to {share['high']:.1%}")
    click.echo(f"ndc: {document['ndc']}, 95 % from {categories['low']:.2g} to {categories['high']:.2g}")
