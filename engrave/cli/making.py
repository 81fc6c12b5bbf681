"""``batch`` and ``make``: serials in, a folder of machine files out."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engrave.base.errors import Exit
from engrave.cli.output import (
    job_option,
    json_option,
    print_json,
    progress_bar,
    quiet_option,
    tell,
    verbose_option,
    worker_count,
)

if TYPE_CHECKING:
    from engrave.api import BatchOutcome, Job, Orders


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
    "--formats", callback=_formats_of, help="Machine files, such as ngc,dxf; without it those that the job names."
)


@click.command()
@click.argument("serials", type=click.Path(path_type=Path))
@_out_option
@job_option
@_formats_option
@click.option("--workers", type=click.IntRange(1, 256), help="Processes to use; without it one a processor.")
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
    formats: tuple[str, ...] | None,
    workers: int | None,
    skip_bad: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> Exit:
    """Make a folder of machine files from a CSV of serials.

    SERIALS has a header line: serial, and maker, model and lot where the job leaves them open. Run again with the same
    input and job, it resumes and redoes nothing that is whole.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    job = _job(job_path, formats)
    if dry_run:
        return _print_plan(api.plan(serials, job), skip_bad=skip_bad, as_json=as_json)
    with progress_bar("engraving", quiet=quiet or as_json) as progress:
        outcome = api.batch(serials, out, job, workers=workers or worker_count(), skip_bad=skip_bad, progress=progress)
    return _print_outcome(outcome, as_json=as_json, quiet=quiet, verbose=verbose)


@click.command()
@click.argument("serial")
@click.option("--maker", required=True, help="The maker, as the job's ranges name it.")
@click.option("--model", required=True, help="The model, as the job's ranges name it.")
@_out_option
@job_option
@_formats_option
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
    formats: tuple[str, ...] | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> Exit:
    """Make the machine files of one pin."""
    from engrave import api  # noqa: PLC0415 - start-up

    outcome = api.make(serial, maker=maker, model=model, out=out, job=_job(job_path, formats))
    return _print_outcome(outcome, as_json=as_json, quiet=quiet, verbose=verbose)


def _job(path: Path | None, formats: tuple[str, ...] | None) -> "Job":
    from engrave import api  # noqa: PLC0415 - start-up

    job = api.load_job(path)
    return job if formats is None else api.with_formats(job, formats)


def _print_plan(orders: "Orders", *, skip_bad: bool, as_json: bool) -> Exit:
    if not skip_bad:
        orders.require_all()
    rows = [
        {
            "line": order.line,
            "serial": mark.serial,
            "maker": mark.maker,
            "model": mark.model,
            "characters": mark.characters,
        }
        for order, mark in orders.good
    ]
    if as_json:
        skipped = [{"line": line, "reason": reason} for line, reason in orders.bad]
        print_json({"schema": "pin-engrave/plan/1", "pins": rows, "skipped": skipped})
    else:
        for row in rows:
            click.echo(f"{row['characters']}  {row['serial']}  {row['maker']}  {row['model']}")
        for _, reason in orders.bad:
            click.echo(f"skipped: {reason}", err=True)
    return Exit.NO if orders.bad else Exit.DONE


def _print_outcome(outcome: "BatchOutcome", *, as_json: bool, quiet: bool, verbose: bool) -> Exit:
    failed = [pin for pin in outcome.pins if not pin.passed]
    if as_json:
        print_json(_outcome_document(outcome))
    for pin in failed if not verbose else outcome.pins:
        verdict = "pass" if pin.passed else "FAIL"
        tell(f"{verdict} {pin.mark.characters} {pin.mark.serial} ({pin.mark.maker}, {pin.mark.model})", quiet=quiet)
        if not pin.passed:
            _tell_findings(outcome.folder / "pins" / pin.mark.characters, verbose=verbose, echo=_echo(quiet=quiet))
    for _, reason in outcome.skipped:
        tell(f"skipped: {reason}", quiet=quiet)
    passed = len(outcome.pins) - len(failed)
    tell(
        f"{passed} of {len(outcome.pins)} pins pass, {outcome.made} made now, {len(outcome.skipped)} rows skipped: "
        f"{outcome.folder}/index.html",
        quiet=quiet,
    )
    return Exit.DONE if outcome.good else Exit.NO


def _echo(*, quiet: bool) -> Callable[[str], None]:
    return lambda text: tell(text, quiet=quiet)


def _tell_findings(folder: Path, *, verbose: bool, echo: Callable[[str], None]) -> None:
    import json  # noqa: PLC0415 - only for failed pins

    from engrave.cli.output import finding_line  # noqa: PLC0415

    findings: list[dict[str, Any]] = json.loads((folder / "check.json").read_bytes())["findings"]
    for finding in findings:
        if verbose or finding["severity"] == "error":
            echo("  " + finding_line(finding, remedy=verbose))


def _outcome_document(outcome: "BatchOutcome") -> dict[str, Any]:
    return {
        "schema": "pin-engrave/outcome/1",
        "folder": str(outcome.folder),
        "made": outcome.made,
        "pins": [
            {
                "line": pin.order.line,
                "serial": pin.mark.serial,
                "maker": pin.mark.maker,
                "model": pin.mark.model,
                "characters": pin.mark.characters,
                "verdict": "pass" if pin.passed else "fail",
            }
            for pin in outcome.pins
        ],
        "skipped": [{"line": line, "reason": reason} for line, reason in outcome.skipped],
    }
