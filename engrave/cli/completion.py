"""``completion``: the shell's script, and what it is given to choose from when somebody presses the tab key."""

from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from engrave.base.errors import EngraveError, Exit

PROGRAM = "pin-engrave"
# The variable in which the shell's script asks; click reads it, too.
VARIABLE = "_PIN_ENGRAVE_COMPLETE"
SHELLS = ("bash", "zsh", "fish")

_Completed = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> Exit:
    """Print the script by which a shell completes commands and names.

    SHELL is bash (4.4 or later), zsh or fish. For bash, `eval "$(pin-engrave completion bash)"` in ~/.bashrc; for zsh
    the same with zsh in ~/.zshrc, after compinit; for fish, write it to ~/.config/fish/completions/pin-engrave.fish.
    """
    maker = get_completion_class(shell)
    if maker is None:
        raise LookupError(f"click knows no shell {shell}")
    script = ShellComplete.source(maker(click.Group(PROGRAM), {}, PROGRAM, VARIABLE))
    click.echo(script.strip())
    return Exit.DONE


def complete_kind(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Kinds that `list` and `show` know."""
    from engrave import api  # noqa: PLC0415 - start-up

    return _beginning(api.kinds(), incomplete)


def complete_name(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Names of the kind that stands before, from the library, too, where one was given."""
    kind, library = ctx.params.get("kind"), ctx.params.get("library")
    return _beginning(_names(kind, library), incomplete) if kind else []


def complete_names_of(kind: str) -> _Completed:
    """Names of one kind, parted by commas."""

    def completed(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{item.value}") for item in _beginning(_names(kind, None), last)]

    return completed


def complete_job(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Job files that begin so; where there are none the shell goes on with folders and files of its own accord."""
    folder, begun = (incomplete, "") if incomplete.endswith("/") else (str(Path(incomplete).parent), None)
    begun = Path(incomplete).name if begun is None else begun
    prefix = incomplete.removesuffix(begun)
    try:
        found = sorted(path.name for path in Path(folder).glob("*.toml") if path.is_file())
    except OSError:
        found = []
    return _beginning([f"{prefix}{name}" for name in found], incomplete) or [CompletionItem(incomplete, type="file")]


def _names(kind: str, library: Path | None) -> tuple[str, ...]:
    """Names of a kind; none where there is no such kind or library: a tab key is no place for an error."""
    from engrave import api  # noqa: PLC0415 - start-up

    try:
        return api.names(kind, library=library)
    except EngraveError:
        return ()


def _beginning(names: tuple[str, ...] | list[str], incomplete: str) -> list[CompletionItem[str]]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
