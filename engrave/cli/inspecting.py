"""``inspect``: a measured pin against its design, or a measured primer after its reader's own entry."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engrave.base.errors import Exit, InputError
from engrave.base.files import write_atomic
from engrave.cli.output import actor_option, json_option, print_json, quiet_option, registry_option, tell, tell_findings

if TYPE_CHECKING:
    from engrave.api.inspecting import Inspection, Measuring


def _length_um(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    """A length with its unit; a bare number is refused."""
    from engrave.base.units import DIMENSIONS, parse_quantity  # noqa: PLC0415 - start-up

    if value is None:
        return None
    try:
        return parse_quantity(value, next(dimension for dimension in DIMENSIONS if dimension.name == "length"))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _share(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    """A share in percent: 10%."""
    if value is None:
        return None
    number = value.strip().removesuffix("%")
    if not value.strip().endswith("%") or not number.replace(".", "", 1).isdigit():
        raise click.BadParameter(f"{value!r} is no share; write it as 10%")
    return float(number) / 100


@click.command()
@click.argument("scan", type=click.Path(path_type=Path))
@click.option("--mark", type=click.Path(path_type=Path), help="The pin's mark.json.")
@click.option(
    "--job",
    "job_path",
    type=click.Path(path_type=Path),
    help="The job; without it the job.json beside the mark or two folders up.",
)
@click.option(
    "--batch",
    type=click.Path(path_type=Path),
    help="The folder of a finished batch: SCAN is then a folder of scans named by the pins' characters.",
)
@click.option(
    "--spacing", callback=_length_um, help="Between samples of a CSV or NPY, or those a mesh is seen by: 1um."
)
@click.option("--unit", help="Of a mesh's coordinates, or of heights in a CSV or NPY: mm, um or inch.")
@click.option("--towards", help="Where the tip points in a mesh: x, -x, y, -y, z or -z; found where it can be.")
@click.option("--top-first", is_flag=True, help="The first row of a grid is its uppermost, not its lowest.")
@click.option(
    "--repeat", "repeats", type=click.Path(path_type=Path), multiple=True, help="Another scan of the same pin; again."
)
@click.option("--uncertainty", callback=_length_um, help="Expanded uncertainty (k = 2) of the gauge: 0.3um.")
@click.option("--gauge", type=click.Path(path_type=Path), help="A study by `calibrate gauge --json`, which tells it.")
@click.option("--depth-tolerance", callback=_share, help="How far a depth may lie off its design; 10% without it.")
@click.option("--width-tolerance", callback=_length_um, help="How much wider or narrower on each side; 2um without it.")
@click.option("--burr-tolerance", callback=_length_um, help="How far material may stand up or be missing; 3um without.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="The first-article page, .html, in a folder that is there; with --batch a folder, one page a pin.",
)
@click.option("--primer", is_flag=True, help="SCAN is of a struck primer: record what was read of it, then trace.")
@click.option("--reading", help="With --primer: the eight characters as the examiner read them.")
@click.option("--ring", default="", help="With --primer: cells as the examiner read them, as for `trace`.")
@click.option("--shapes", default="", help="With --primer: shapes as the examiner read them, as for `trace`.")
@click.option("--case", help="With --primer: the examination it belongs to.")
@click.option("--reader", help="With --primer: who read the mark; without it the actor.")
@registry_option
@actor_option
@json_option
@quiet_option
def inspect(*, scan: Path, primer: bool, as_json: bool, quiet: bool, **told: Any) -> Exit:  # noqa: ANN401 - click's options
    """Compare a measured pin with its design.

    SCAN is a topography (X3P, SDF), a mesh (STL, PLY) or a grid of heights (CSV, NPY) of the tip; how it lies is found.
    It is read as any primer would be, laid on the design, and every depth and width is held against its limits with the
    uncertainty of measuring. With --primer it is a struck primer instead: the examiner's own reading is put on record
    first, and only then is the scan read and traced. Exit code 3: the pin fails, or cannot be decided.
    """
    if primer:
        return _primer(scan, told, as_json=as_json, quiet=quiet)
    _refuse(told, ("reading", "ring", "shapes", "case", "reader", "actor"), "goes with --primer; leave it out")
    measuring = _measuring(told)
    if told["batch"] is not None:
        return _batch(scan, told, measuring, as_json=as_json, quiet=quiet)
    return _pin(scan, told, measuring, as_json=as_json, quiet=quiet)


def _refuse(told: dict[str, Any], names: tuple[str, ...], why: str) -> None:
    """Raise InputError with every option that has no place here."""
    given = [name for name in names if told[name] not in (None, "", (), False)]
    if given:
        raise InputError(
            [f"--{name.removesuffix('_path').removesuffix('s').replace('_', '-')}: {why}" for name in given]
        )


def _measuring(told: dict[str, Any]) -> "Measuring":
    from engrave.api.inspecting import Measuring, limits_of, scan_given  # noqa: PLC0415 - start-up

    return Measuring(
        given=scan_given(
            spacing_um=told["spacing"], unit=told["unit"], towards=told["towards"], top_first=told["top_first"]
        ),
        limits=limits_of(
            depth_share=told["depth_tolerance"], width_um=told["width_tolerance"], burr_um=told["burr_tolerance"]
        ),
        uncertainty_um=told["uncertainty"],
        gauge=told["gauge"],
    )


def _pin(scan: Path, told: dict[str, Any], measuring: "Measuring", *, as_json: bool, quiet: bool) -> Exit:
    from engrave.api import inspecting  # noqa: PLC0415 - start-up

    output = told["output"]
    faults = [] if told["mark"] is not None else ["--mark: missing; name the pin's mark.json, or a batch with --batch"]
    if output is not None and output.suffix.lower() != ".html":
        faults.append(f"--output: {output}: the page is a file NAME.html; give it that ending")
    if output is not None and not output.parent.is_dir():
        faults.append(f"--output: {output.parent} is no folder; make it, or name another file")
    if faults:
        raise InputError(faults)
    outcome = inspecting.inspect(
        scan, mark=told["mark"], job=told["job_path"], repeats=told["repeats"], measuring=measuring
    )
    if output is not None:
        write_atomic(output, outcome.page)
        tell(f"{output}: first-article page", quiet=quiet)
    if as_json:
        print_json(outcome.document)
    else:
        _print_inspection(outcome.document)
    tell_findings(outcome.document["findings"], verbose=True, quiet=quiet)
    return Exit.DONE if outcome.passed else Exit.NO


def _batch(scans: Path, told: dict[str, Any], measuring: "Measuring", *, as_json: bool, quiet: bool) -> Exit:
    from engrave.api import inspecting  # noqa: PLC0415 - start-up

    _refuse(told, ("mark", "job_path", "repeats"), "does not go with --batch, whose folder tells it; leave it out")
    output: Path | None = told["output"]
    if output is not None and not output.is_dir():
        raise InputError(f"--output: {output} is no folder; with --batch name one for the pages")
    outcome = inspecting.inspect_batch(scans, told["batch"], measuring=measuring)
    for name, pin in outcome.pins:
        if output is not None:
            write_atomic(output / f"{pin.document['intended']['characters']}.html", pin.page)
        if not as_json:
            click.echo(f"{name}: {_line(pin)}")
    if as_json:
        print_json(outcome.document)
    if outcome.document["not_scanned"]:
        tell(f"without a scan: {', '.join(outcome.document['not_scanned'])}", quiet=quiet)
    return Exit.DONE if outcome.passed else Exit.NO


def _line(pin: "Inspection") -> str:
    """A pin's verdict, and the numbers of what speaks against it."""
    findings = pin.document["findings"]
    against = list(dict.fromkeys(entry["number"] for entry in findings if entry["severity"] != "info"))
    return f"{pin.document['verdict']}{': ' if against else ''}{', '.join(against)}"


def _print_inspection(document: dict[str, Any]) -> None:
    reading, lies = document["reading"], document["lies"]
    named = reading["serial"] or "nobody"
    read = reading["characters"] if reading["found"] else "nothing"
    click.echo(f"{document['verdict']}: {document['intended']['characters']}, {document['intended']['serial']}")
    click.echo(f"  reads {read}, names {named}")
    if lies is not None and lies["fits"]:
        form = f"the form's middle ({lies['form_x_um']:.1f}, {lies['form_y_um']:.1f}) um beside it"
        click.echo(f"  lies turned by {lies['turn_deg']:g} degrees, tilted by {lies['tilt_deg']:g}")
        click.echo(f"  the mark is at ({lies['x_um']:.1f}, {lies['y_um']:.1f}) um, {form}")
    for name in ("glyphs", "shapes", "ring_cells"):
        depths = [land["depth_um"] for land in document[name] if land["depth_um"] is not None]
        widths = [land["off_um"] for land in document[name] if land["off_um"] is not None]
        if depths and widths:
            click.echo(
                f"  {name.replace('_', ' ')}: {min(depths):.2f} to {max(depths):.2f} um deep, "
                f"{min(widths):+.2f} to {max(widths):+.2f} um wide on each side"
            )
    click.echo(f"  uncertainty: {document['uncertainty']['how']}")


def _primer(scan: Path, told: dict[str, Any], *, as_json: bool, quiet: bool) -> Exit:
    """The examiner's reading first, and only then the scan's."""
    from engrave.api.inspecting_primer import inspect_primer  # noqa: PLC0415 - start-up

    _refuse(told, _OF_PINS, "is of pins, and does not go with --primer; leave it out")
    missing = [f"--{name}: missing; it goes with --primer" for name in ("reading", "case") if not told[name]]
    if told["registry_address"] is None:
        missing.append("--registry: missing; with --primer what is read is put on record")
    if missing:
        raise InputError(missing)
    outcome = inspect_primer(
        scan,
        told["reading"],
        ring=told["ring"],
        shapes=told["shapes"],
        job=told["job_path"],
        registry=told["registry_address"],
        case=told["case"],
        reader=told["reader"],
        actor=told["actor"],
    )
    if as_json:
        print_json(outcome.document)
    else:
        _print_primer(outcome.document)
    tell(f"`pin-engrave case {told['case']}` writes the case with both readings", quiet=quiet)
    return Exit.DONE if outcome.identified else Exit.NO


_OF_PINS = (
    *("mark", "batch", "spacing", "unit", "towards", "top_first", "repeats", "uncertainty", "gauge"),
    *("depth_tolerance", "width_tolerance", "burr_tolerance", "output"),
)


def _print_primer(document: dict[str, Any]) -> None:
    for name, words in (("examiner", "the examiner's reading"), ("scan", "the scan's reading, made after it")):
        traced = document[name]
        if traced is None:
            click.echo(f"{words}: no mark of this job's kind is found")
            continue
        event = traced["recorded"]["reading"]["seq"]
        click.echo(f"{words}: {traced['typed']['characters']}, recorded as event {event}")
        for candidate in traced["candidates"]:
            state = "identified" if candidate["identified"] else "candidate"
            pin = f"{candidate['serial']} ({candidate['maker']}, {candidate['model']})"
            click.echo(f"  {state}: {candidate['characters']}  id {candidate['id']}  {pin}")
