"""``trace`` and ``case``: a reading to pins on record, and the file of all readings of a case."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from engrave.base.errors import Exit
from engrave.base.files import write_atomic
from engrave.cli.output import actor_option, json_option, print_json, quiet_option, tell
from engrave.cli.wording import lies, places, share, spaced, what_lacks

_registry_option = click.option(
    "--registry",
    "registry_address",
    envvar="PIN_ENGRAVE_REGISTRY",
    show_envvar=True,
    required=True,
    metavar="URL",
    help="The registry: a file's path, or postgresql://user@host/database (the password from PGPASSWORD or .pgpass).",
)


@click.command()
@click.argument("characters")
@_registry_option
@click.option("--ring", default="", help="Cells as 1, 0 or ?, clockwise from the start; inner track, '/', outer track.")
@click.option("--shapes", default="", help="Shapes clockwise from the start, such as 'a1 d3 ? c? ...' (profile G).")
@click.option("--profile", default="A", metavar="A|D|S|G", show_default=True, help="What the mark looks like.")
@click.option(
    "--any-rotation",
    is_flag=True,
    help="Ring or shapes were typed from any start, perhaps mirrored or in the negative.",
)
@click.option(
    "--case",
    default="unfiled",
    show_default=True,
    help="The examination of one mark that this reading belongs to; unfiled readings are never compared.",
)
@click.option("--reader", help="Who read the mark; without it the actor.")
@actor_option
@json_option
def trace(
    *,
    characters: str,
    registry_address: str,
    ring: str,
    shapes: str,
    profile: str,
    any_rotation: bool,
    case: str,
    reader: str | None,
    actor: str | None,
    as_json: bool,
) -> Exit:
    """Put a reading on record, then tell which marks on record it may be of.

    CHARACTERS are the eight as read: ? for one that is lost, [NH] for one that is doubtful, [N:.7 H:.3] with the
    probability of each. What was typed is on record before anything is looked up, and the answer before it is shown.
    Where another reader has read the mark of the same case, the two readings are compared, afterwards. A mark is
    identified as `decode` does it, the registry's own bits told beside the check bits; else the exit code is 3.
    """
    with _without_collector():
        from engrave.api.tracing import trace as traced  # noqa: PLC0415 - start-up

    document = traced(
        characters,
        registry=registry_address,
        ring=ring,
        shapes=shapes,
        profile=profile,
        any_rotation=any_rotation,
        case=case,
        reader=reader,
        actor=actor,
    )
    if as_json:
        print_json(document)
    else:
        _print_tracing(document)
    return Exit.DONE if document["identified"] else Exit.NO


@contextmanager
def _without_collector() -> Iterator[None]:
    """Without garbage collection: what is imported stays, and to look through it is a tenth of a cold start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _print_tracing(document: dict[str, Any]) -> None:
    carriers = document["carriers"]
    recorded = document["recorded"]
    click.echo(
        f"reading {document['reading']}: case {document['case']}, reader {document['reader']}; "
        f"recorded as event {recorded['reading']['seq']}, before anything was looked up"
    )
    for rank, candidate in enumerate(document["candidates"]):
        differs = f"  differs in {candidate['distance']} of {carriers[-1]['last'] + 1} symbols" if rank else ""
        click.echo(f"{_pin_line(candidate)}{differs}")
        click.echo(f"  {_becoming(candidate)}")
        if not rank:
            _print_symbols(candidate, carriers)
    chances = f"none of these: {share(document['none_of_these'])}, no mark of this code: {share(document['not_ours'])}"
    click.echo(chances)
    click.echo(f"{_marks(document['marks_on_record'])} on record, which adds {document['registry_bits']} bits")
    click.echo(f"found {_found(document['found'], carriers, blind=document['typed']['any_rotation'])}")
    for comparison in document["comparisons"]:
        _print_comparison(comparison)
    click.echo(f"answer: recorded as event {recorded['answer']['seq']}, hash {recorded['answer']['hash']}")
    if document["candidates"] and not document["identified"]:
        tell(f"not identified: {what_lacks(document)}", quiet=False)


def _pin_line(candidate: dict[str, Any]) -> str:
    state = "identified" if candidate["identified"] else "candidate"
    pin = f"{candidate['serial']} ({candidate['maker']}, {candidate['model']})"
    figures = f"posterior {share(candidate['posterior'])}  {candidate['check_bits']} check bits"
    return f"{state}: {spaced(candidate['characters'])}  id {candidate['id']}  {pin}  {figures}"


def _becoming(candidate: dict[str, Any]) -> str:
    """What became of the mark."""
    parts = [candidate["state"]]
    for key, words in (("replaced_by", "replaced by"), ("replaces", "replaces")):
        if candidate[key] is not None:
            parts.append(f"{words} {spaced(candidate[key]['characters'])}, id {candidate[key]['id']}")
    if candidate["lot"] is not None:
        parts.append(f"lot {candidate['lot']}")
    return "; ".join(parts)


def _print_symbols(candidate: dict[str, Any], carriers: list[dict[str, Any]]) -> None:
    """What the best candidate rests on, what it overrules, and how the mark lies."""
    for name in ("used", "overruled"):
        if candidate[name]:
            click.echo(f"  {name}: {places(candidate[name], carriers)}")
    if way := lies(candidate["orientation"]):
        click.echo(f"  lies: {way}")


def _marks(count: int) -> str:
    return "1 mark" if count == 1 else f"{count} marks"


def _found(found: dict[str, Any], carriers: list[dict[str, Any]], *, blind: bool) -> str:
    if found["how"] == "ranking":
        ways = ", in the most promising of the ways in which it may lie" if blind else ""
        return f"by ranking: every mark on record was weighed{ways}"
    misread = f", of which {found['misread']} may be misread" if found["misread"] else ""
    left = f"; all others have {share(found['unlooked'])} at most" if found["unlooked"] else ""
    return (
        f"by algebra from {places(found['symbols'], carriers)}{misread}: "
        f"{_marks(found['fitting'])} on record {'fits' if found['fitting'] == 1 else 'fit'} them all{left}"
    )


def _print_comparison(comparison: dict[str, Any]) -> None:
    one, other = comparison["one"], comparison["other"]
    click.echo(f"beside reading {other['reading']} of {other['reader']}, {'; '.join(comparison['compared'])}:")
    for difference in comparison["differences"]:
        sign = "  contradiction" if difference["contradiction"] else ""
        click.echo(f"  {difference['place']}: {difference['one']} here, {difference['other']} there{sign}")
    if not comparison["differences"]:
        click.echo("  no difference")
    click.echo(f"  {_leads(comparison)}")
    if not one["independent"]:
        click.echo("  not independent: this reader has read the mark before")


def _leads(comparison: dict[str, Any]) -> str:
    if comparison["same_pin"] is not None:
        return "both identify the same mark" if comparison["same_pin"] else "they identify different marks"
    best = {True: "the same", False: "not the same", None: "not compared"}[comparison["same_best"]]
    return f"not both identify a mark; their first candidates are {best}"


@click.command()
@click.argument("name")
@_registry_option
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The case file, .html or .json, in a folder that is there; an older file of that name is replaced.",
)
@quiet_option
def case(*, name: str, registry_address: str, output: Path, quiet: bool) -> Exit:
    """Write the case file: all readings, answers and comparisons.

    The same record gives the same bytes. The page is made to be printed on A4; the JSON says the same for programs.
    """
    from engrave.api.casefile import case_file  # noqa: PLC0415 - start-up

    write_atomic(output, case_file(name, registry=registry_address, suffix=output.suffix.lower()))
    tell(f"{output}: case {name}", quiet=quiet)
    return Exit.DONE
