"""``batch`` and ``make``: serials in, a folder of machine files out."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engrave.base.errors import Exit
from engrave.cli.completion import complete_names_of
from engrave.cli.output import (
    actor_option,
    job_option,
    json_option,
    print_json,
    quiet_option,
    registry_option,
    tell,
    tell_findings,
    verbose_option,
    worker_count,
)
from engrave.cli.progress import progress_bar

if TYPE_CHECKING:
    from engrave.api import BatchOutcome, Orders, RegistryGiven


def _formats_of(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(name.strip() for name in value.split(",") if name.strip())


_out_option = click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    help="The folder; bound to this input and job.",
)
_formats_option = click.option(
    "--formats",
    callback=_formats_of,
    shell_complete=complete_names_of("formats"),
    help="Machine files, such as ngc,dxf; without it those that the job names.",
)


_sign_option = click.option(
    "--sign",
    metavar="KEY",
    help="Sign the manifest by the private key in this file, or at keyring:NAME; `key new` makes one.",
)


@click.command()
@click.argument("serials", type=click.Path(path_type=Path))
@_out_option
@job_option
@registry_option
@actor_option
@_formats_option
@_sign_option
@click.option("--workers", type=click.IntRange(1, 256), help="Processes to use; without it one a processor.")
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="A Dask scheduler whose workers make the pins instead: tcp://127.0.0.1:PORT, or tls://HOST:PORT.",
)
@click.option("--skip-bad", is_flag=True, help="Make the good rows of a CSV that has bad ones, and exit with 3.")
@click.option("--dry-run", is_flag=True, help="Say what would be made; write nothing.")
@json_option
@quiet_option
@verbose_option
def batch(
    *,
    serials: Path,
    out: Path,
    job_path: Path | None,
    registry_address: str | None,
    actor: str | None,
    formats: tuple[str, ...] | None,
    sign: str | None,
    workers: int | None,
    scheduler: str | None,
    skip_bad: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> Exit:
    """Make a folder of machine files from a CSV of serials.

    SERIALS is UTF-8, parted by comma, semicolon or tab, with a header line: serial, and maker and model where the job
    leaves them open; pin and lot if you like. Run again with the same input and job, it resumes and redoes nothing
    that is whole.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    if workers is not None and scheduler is not None:
        raise click.UsageError("--workers says how many processes make pins here, --scheduler who makes them elsewhere")
    if scheduler is not None:
        api.scheduler_address(scheduler)
    registry = _registry(registry_address, actor)
    if scheduler is not None:
        api.scheduler_address(scheduler)
    if dry_run:
        orders = api.plan(serials, job_path, out=out, formats=formats, skip_bad=skip_bad, registry=registry, sign=sign)
        return _print_plan(orders, as_json=as_json, quiet=quiet)
    with progress_bar("engraving", quiet=quiet) as progress:
        outcome = api.batch(
            serials,
            out,
            job_path,
            formats=formats,
            workers=workers or worker_count(),
            skip_bad=skip_bad,
            progress=progress,
            registry=registry,
            scheduler=scheduler,
            sign=sign,
        )
    return _print_outcome(outcome, as_json=as_json, quiet=quiet, verbose=verbose)


@click.command()
@click.argument("serial")
@click.option("--maker", required=True, help="The maker, as the job's ranges name it.")
@click.option("--model", required=True, help="The model, as the job's ranges name it.")
@_out_option
@job_option
@registry_option
@actor_option
@_formats_option
@_sign_option
@json_option
@quiet_option
@verbose_option
def make(
    *,
    serial: str,
    maker: str,
    model: str,
    out: Path,
    job_path: Path | None,
    registry_address: str | None,
    actor: str | None,
    formats: tuple[str, ...] | None,
    sign: str | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> Exit:
    """Make the machine files of one pin."""
    from engrave import api  # noqa: PLC0415 - start-up

    registry = _registry(registry_address, actor)
    outcome = api.make(
        serial, maker=maker, model=model, out=out, job=job_path, formats=formats, registry=registry, sign=sign
    )
    return _print_outcome(outcome, as_json=as_json, quiet=quiet, verbose=verbose)


def _registry(address: str | None, actor: str | None) -> "RegistryGiven | None":
    from engrave import api  # noqa: PLC0415 - start-up

    if address is None and actor is not None:
        raise click.UsageError("--actor says who puts pins on record; give --registry, too")
    return None if address is None else api.RegistryGiven(address=address, actor=actor)


def _print_plan(orders: "Orders", *, as_json: bool, quiet: bool) -> Exit:
    from engrave import api  # noqa: PLC0415 - start-up

    if as_json:
        print_json(api.plan_to_json(orders))
    else:
        for _, mark in orders.good:
            click.echo(f"{mark.characters}  {mark.serial}  {mark.maker}  {mark.model}")
    _tell_skipped(orders.bad, quiet=quiet)
    return Exit.NO if orders.bad else Exit.DONE


def _print_outcome(outcome: "BatchOutcome", *, as_json: bool, quiet: bool, verbose: bool) -> Exit:
    from engrave import api  # noqa: PLC0415 - start-up

    if as_json:
        print_json(api.outcome_to_json(outcome))
    # Reading each pin's findings takes time, and of a batch that is good nobody asked for them.
    for pin in outcome.pins if verbose or outcome.passed < len(outcome.pins) else ():
        if verbose or not pin.passed:
            verdict = "pass" if pin.passed else "FAIL"
            tell(
                f"{verdict} {pin.mark.characters} {pin.mark.serial} ({pin.mark.maker}, {pin.mark.model})",
                quiet=quiet,
                level="info" if pin.passed else "warning",
                event="pin",
                characters=pin.mark.characters,
                serial=pin.mark.serial,
                verdict=verdict.lower(),
            )
            tell_findings(pin.findings, verbose=verbose, quiet=quiet)
    _tell_skipped(outcome.skipped, quiet=quiet)
    tell(
        f"{outcome.passed} of {len(outcome.pins)} pins pass, {outcome.made} made now, "
        f"{len({line for line, _ in outcome.skipped})} rows skipped: {outcome.folder / 'index.html'}",
        quiet=quiet,
    )
    if outcome.time is not None:
        tell(f"machine time of the pins that pass, estimated: {outcome.time.told()}", quiet=quiet)
    return Exit.DONE if outcome.good else Exit.NO


def _tell_skipped(bad: tuple[tuple[int, str], ...], *, quiet: bool) -> None:
    for _, reason in bad:
        tell(f"skipped: {reason}", quiet=quiet, level="warning", event="skipped")
