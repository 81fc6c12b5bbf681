"""What is told on standard error: lines for people, or for operations one JSON object a line.

A password that somebody put into a registry's address all the same is struck out of either.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import click

from engrave.cli.completion import VARIABLE as COMPLETING

Level = Literal["info", "warning", "error"]

OPTION = "--log-format"
VARIABLE = "PIN_ENGRAVE_LOG_FORMAT"
FORMATS = ("text", "json")
SCHEMA = "pin-engrave/log/1"
_STRUCK = "***"
# Of an address all from the user's colon to the last @ of the word; of settings what follows a word for a secret.
_ADDRESS = re.compile(r"(://[^\s:/@]*:)\S*@")
_SETTING = re.compile(r"(?i)\b((?:ssl|pg)?password|passphrase|secret)(\s*=\s*)[^\s&;,'\"]+")
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_PASSWORD = re.compile(r"://[^\s:/@]*:(.+)@", re.DOTALL)
# Shorter ones would strike out parts of other words.
_LEAST_SECRET = 4

log_format_option = click.option(
    OPTION,
    type=click.Choice(FORMATS),
    envvar=VARIABLE,
    show_envvar=True,
    expose_value=False,
    help="Progress and messages on standard error as text, or as one JSON object a line; stands anywhere on the line.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Where messages go, in which form, and what must not stand in them."""

    form: str = "text"
    secrets: tuple[str, ...] = ()

    @property
    def structured(self) -> bool:
        """Whether every line is a JSON object."""
        return self.form == "json"

    def say(self, message: str, *, level: Level = "info", event: str = "message", **fields: object) -> None:
        """One message: its text for people, or the whole with its fields as one line of JSON."""
        if not self.structured:
            with suppress(OSError):  # as below
                click.echo(self.struck(message), err=True)
            return
        self.put(event, level=level, message=message, **fields)

    def put(self, event: str, *, level: Level = "info", **fields: object) -> None:
        """One event for operations, whose line is written at once; nothing where the log is for people."""
        if not self.structured:
            return
        import json  # noqa: PLC0415 - start-up
        from datetime import UTC, datetime  # noqa: PLC0415 - start-up

        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = {"schema": SCHEMA, "time": time, "level": level, "event": event, "process": os.getpid()}
        told = {key: self._cleared(value) for key, value in fields.items()}
        # ASCII alone, so that no encoding of a terminal or a collector is in the way; one write, so that lines of
        # several processes do not mix.
        with suppress(OSError):  # whoever collects may be gone: no reason to stop a night's work
            click.echo(json.dumps(head | told, allow_nan=False), err=True)

    def struck(self, text: str) -> str:
        """The text without secrets."""
        text = _KEY.sub(_STRUCK, _SETTING.sub(rf"\1\2{_STRUCK}", _ADDRESS.sub(rf"\1{_STRUCK}@", text)))
        for secret in self.secrets:
            text = text.replace(secret, _STRUCK)
        return text

    def _cleared(self, value: object) -> object:
        return self.struck(value) if isinstance(value, str) else value


def log_for(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Log, list[str]]:
    """The log that a command line asks for, and the line with that option first, since it may stand anywhere on it.

    It is found before the line is parsed: faults of the line itself are told in the log, too.
    """
    asked: list[str] = []
    others: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            others += [word, *words]
        elif word == OPTION:
            asked.append("=".join([word, *islice(words, 1)]))
        else:
            (asked if word.startswith(f"{OPTION}=") else others).append(word)
    # A shell that asks for completions shows standard error to whoever is typing: no place for a log.
    usual = "" if COMPLETING in environment else environment.get(VARIABLE, "")
    form = asked[-1].partition("=")[2] if asked else usual
    log = Log(form=form if form in FORMATS else "text", secrets=_secrets(arguments, environment))
    valueless = OPTION in asked  # the last word of the line, for click to complain of
    return log, [OPTION] if valueless else [*asked, *others]


def _secrets(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Passwords of addresses that were given, and PostgreSQL's own; longest first."""
    texts = [*arguments, environment.get("PIN_ENGRAVE_REGISTRY", "")]
    found = {match.group(1) for text in texts if (match := _PASSWORD.search(text))}
    found.add(environment.get("PGPASSWORD", ""))
    return tuple(
        sorted((secret for secret in found if len(secret) >= _LEAST_SECRET), key=lambda each: (-len(each), each))
    )


def current_log() -> Log:
    """The log of the command that runs; one for people where none does."""
    context = click.get_current_context(silent=True)
    log = context.find_root().obj if context is not None else None
    return log if isinstance(log, Log) else Log()


@contextmanager
def captured(log: Log) -> Iterator[None]:
    """Let what libraries log and warn of come as events, too, while this lasts; nothing where the log is for people."""
    if not log.structured:
        yield
        return
    import logging  # noqa: PLC0415 - start-up
    import warnings  # noqa: PLC0415 - start-up

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            level: Level = "error" if record.levelno >= logging.ERROR else "warning"
            log.put("library", level=level, message=record.getMessage(), source=record.name)

    def warned(message: Warning | str, category: type[Warning], *_rest: object, **_named: object) -> None:
        log.put("library", level="warning", message=str(message), source=category.__name__)

    handler, shown = Handler(level=logging.WARNING), warnings.showwarning
    logging.getLogger().addHandler(handler)
    warnings.showwarning = warned
    try:
        yield
    finally:
        warnings.showwarning = shown
        logging.getLogger().removeHandler(handler)
        with suppress(OSError):
            sys.stderr.flush()
