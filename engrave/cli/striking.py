"""``strike``: one pin under named and sampled conditions."""

from pathlib import Path
from typing import Any

import click

from engrave.base.errors import Exit
from engrave.cli.completion import complete_names_of
from engrave.cli.output import (
    json_option,
    print_json,
    quiet_option,
    tell_findings,
    verbose_option,
    worker_count,
)
from engrave.cli.progress import progress_bar


def _names(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(name.strip() for name in value.split(",") if name.strip())


@click.command()
@click.argument("pin", type=click.Path(path_type=Path))
@click.option(
    "--conditions",
    callback=_names,
    shell_complete=complete_names_of("conditions"),
    help="Names parted by commas, such as nominal,tilted,worn; without it those of the job.",
)
@click.option("--samples", type=int, default=0, show_default=True, help="Strikes to draw from the ensemble besides.")
@click.option("--seed", type=click.IntRange(0), help="What the draws begin from; 0 without it.")
@click.option(
    "--ensemble",
    shell_complete=complete_names_of("ensembles"),
    help="The ranges to draw from (`list ensembles`); field without it.",
)
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    help="A new folder for pictures and height maps (X3P) of every named condition.",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Processes to use; without it one a processor.")
@json_option
@quiet_option
@verbose_option
def strike(
    *,
    pin: Path,
    conditions: tuple[str, ...] | None,
    samples: int,
    seed: int | None,
    ensemble: str | None,
    out: Path | None,
    workers: int | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> Exit:
    """Simulate strikes of a finished pin: depths, and how often it can be told by them.

    PIN is a pin's folder with its machine file (job.ngc, or a scanner's job.ovf), mark.json and, beside them or two
    folders up, job.json. Exit code 3: under one of the named conditions the reading does not identify the pin.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    with progress_bar("striking", quiet=quiet) as progress:
        outcome = api.strike(
            pin,
            conditions=conditions,
            samples=samples,
            seed=seed,
            ensemble=ensemble,
            workers=workers or worker_count(),
            out=out,
            progress=progress,
        )
    if as_json:
        print_json(outcome.document)
    else:
        _print_conditions(outcome.document)
        _print_ensemble(outcome.document["ensemble"])
    for name, condition in outcome.document["conditions"].items():
        findings = [{**finding, "place": f"{name}, {finding['place']}"} for finding in condition["findings"]]
        tell_findings(findings, verbose=verbose, quiet=quiet or not verbose)
    return Exit.DONE if outcome.identified else Exit.NO


def _print_conditions(document: dict[str, Any]) -> None:
    intended = document["intended"]
    click.echo(f"{intended['characters']} {intended['serial']}; simulated, nothing here was measured on metal")
    for name, entry in document["conditions"].items():
        read = entry["reading"]["characters"] if entry["reading"] else "nothing"
        click.echo(
            f"{name}: dent {entry['dent_um']:.0f} um, patch {entry['contact_um']:.0f} um, {entry['energy_j']:.2f} J; "
            f"reads {read}, {_named(entry)}"
        )
        click.echo(f"  characters {_measures(entry['glyphs'])}")
        for kind, lands in (("teeth", entry["ring_cells"]), ("shapes", entry["shapes"])):
            if lands:
                click.echo(f"  {kind} {_measures(lands)}")
        if entry["findings"]:
            click.echo(f"  {len(entry['findings'])} beyond the job's limits (--verbose lists them)")


def _named(entry: dict[str, Any]) -> str:
    told = [carrier for carrier, said in entry["carriers"].items() if said["right"]]
    jointly = entry["carriers"]["jointly"]
    whom = "the pin" if jointly["identified"] else "another pin" if jointly["wrong"] else "nobody"
    return f"identifies {whom}; right by {' / '.join(told) or 'nothing'}"


def _measures(lands: list[dict[str, Any]]) -> str:
    """The least depth, contrast and share printed, and the widest edge, over these lands."""
    return (
        f"{_least(lands, 'depth_um', 'um deep')}, {_least(lands, 'contrast', 'times the noise')}, "
        f"{_least(lands, 'printed_share', 'printed')}, {_most(lands, 'edge_width_um', 'um of edge')}"
    )


def _least(lands: list[dict[str, Any]], key: str, words: str) -> str:
    known = [land[key] for land in lands]
    return f"? {words}" if None in known or not known else f"{min(known):.2g} {words}"


def _most(lands: list[dict[str, Any]], key: str, words: str) -> str:
    known = [land[key] for land in lands if land[key] is not None]
    return f"{max(known):.2g} {words}" if known else f"? {words}"


def _print_ensemble(ensemble: dict[str, Any] | None) -> None:
    if ensemble is None:
        return
    click.echo(f"{ensemble['samples']} draws of {ensemble['name']!r}, seed {ensemble['seed']}; with 95 % intervals:")
    for carrier, rate in ensemble["carriers"].items():
        click.echo(f"  {carrier}: right {_share(rate['right'])}{_if_identified(carrier, rate)}")
    for aged in ensemble["by_rounds"]:
        rates = aged["carriers"]
        click.echo(
            f"  {aged['least_rounds']} to {aged['most_rounds']} rounds: "
            f"all characters {_share(rates['all characters']['right'])}, "
            f"jointly identified {_share(rates['jointly']['identified'])}"
        )


def _if_identified(carrier: str, rate: dict[str, Any]) -> str:
    """What a carrier identifies; characters alone never do."""
    if carrier not in ("ring", "jointly"):
        return ""
    return f", identified {_share(rate['identified'])}, another pin {rate['wrong']['count']}"


def _share(rate: dict[str, Any]) -> str:
    least, most = rate["wilson_95"]
    return f"{rate['count']} of {rate['of']} ({least:.3f} to {most:.3f})"
