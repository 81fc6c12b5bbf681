"""``encode`` and ``decode``: serials to characters and back."""

from pathlib import Path
from typing import Any

import click

from engrave.base.errors import Exit
from engrave.cli.output import job_option, json_option, print_json, tell
from engrave.cli.wording import lies, places, share, spaced, what_lacks

_MOST_EXACT = 8


@click.command()
@click.argument("serial")
@click.option("--maker", required=True, help="The maker, as the job's ranges name it.")
@click.option("--model", required=True, help="The model, as the job's ranges name it.")
@job_option
@json_option
def encode(serial: str, maker: str, model: str, job_path: Path | None, *, as_json: bool) -> Exit:
    """Print the eight characters of a serial."""
    from engrave import api  # noqa: PLC0415 - start-up

    mark = api.encode(serial, maker=maker, model=model, job=job_path)
    if as_json:
        print_json(api.mark_to_json(mark))
    else:
        click.echo(spaced(mark.characters))
    return Exit.DONE


@click.command()
@click.argument("characters")
@click.option("--ring", default="", help="Cells as 1, 0 or ?, clockwise from the start; inner track, '/', outer track.")
@click.option("--shapes", default="", help="Shapes clockwise from the start, such as 'a1 d3 ? c? ...' (profile G).")
@click.option("--profile", default="A", metavar="A|D|S|G", show_default=True, help="What the mark looks like.")
@click.option(
    "--any-rotation",
    is_flag=True,
    help="Ring or shapes were typed from any start, perhaps mirrored or in the negative.",
)
@job_option
@json_option
def decode(
    characters: str,
    ring: str,
    shapes: str,
    profile: str,
    job_path: Path | None,
    *,
    any_rotation: bool,
    as_json: bool,
) -> Exit:
    """Turn a reading into the pins it may be of.

    CHARACTERS are the eight as read: ? for one that is lost, [NH] for one that is doubtful, [N:.7 H:.3] with the
    probability of each. Candidates are listed, the best first. A pin is identified where its posterior is 0.9999 or
    more, ten check bits confirm it and it overrules nothing but single cells, which are told; else the exit code is 3.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    document = api.decode(
        characters, ring=ring, shapes=shapes, profile=profile, any_rotation=any_rotation, job=job_path
    )
    if as_json:
        print_json(document)
    else:
        _print_decoding(document)
    return Exit.DONE if document["identified"] else Exit.NO


def _print_decoding(document: dict[str, Any]) -> None:
    carriers = document["carriers"]
    symbols = carriers[-1]["last"] + 1
    for rank, candidate in enumerate(document["candidates"]):
        differs = f"  differs in {candidate['distance']} of {symbols} symbols" if rank else ""
        click.echo(f"{pin_line(candidate)}{differs}")
        if not rank:
            print_symbols(candidate, carriers)
    click.echo(
        f"none of these: {share(document['none_of_these'])}, no mark of this code: {share(document['not_ours'])}"
    )
    _print_exact(document, carriers)
    if document["candidates"] and not document["identified"]:
        tell(f"not identified: {what_lacks(document)}", quiet=False)


def pin_line(candidate: dict[str, Any]) -> str:
    """A candidate with its pin and its figures."""
    pin = f"{candidate['serial']} ({candidate['maker']}, {candidate['model']})"
    named = pin if candidate["serial"] is not None else "no serial of this job's ranges"
    state = "identified" if candidate["identified"] else "candidate"
    figures = f"posterior {share(candidate['posterior'])}  {candidate['check_bits']} check bits"
    return f"{state}: {spaced(candidate['characters'])}  id {candidate['id']}  {named}  {figures}"


def print_symbols(candidate: dict[str, Any], carriers: list[dict[str, Any]]) -> None:
    """What the best candidate rests on, what it overrules, and how the mark lies."""
    for name in ("used", "overruled"):
        if candidate[name]:
            click.echo(f"  {name}: {places(candidate[name], carriers)}")
    if way := lies(candidate["orientation"]):
        click.echo(f"  lies: {way}")


def _print_exact(document: dict[str, Any], carriers: list[dict[str, Any]]) -> None:
    """What the symbols give by themselves, with nothing weighed."""
    exact = document["exact"]
    if exact is None:
        tell("exact: the doubtful symbols allow too many combinations", quiet=False)
        return
    without = f" without {places(exact['left_out'], carriers)}" if exact["left_out"] else ""
    for candidate in exact["candidates"][:_MOST_EXACT]:
        overruled = f", against {places(candidate['overruled'], carriers)}" if candidate["overruled"] else ""
        click.echo(
            f"exact{without}: {spaced(candidate['characters'])} from {places(candidate['used'], carriers)}"
            f"{overruled}  {candidate['check_bits']} check bits"
        )
    more = len(exact["candidates"]) - _MOST_EXACT
    if more > 0:
        click.echo(f"exact: {more} more, which --json lists")
    if document["contradictory"]:
        tell("exact: the symbols given are not of one code: at least one is misread", quiet=False)
    if exact["missing_symbols"]:
        tell(f"exact: {exact['missing_symbols']} more symbols are needed to give a code", quiet=False)
