"""Who is at work, and when: asked at the edges, and handed inwards."""

import getpass
from datetime import UTC, datetime

from engrave.base.errors import InputError

_LONGEST_ACTOR = 100


def utc_now() -> str:
    """The time in UTC to the second, as ISO 8601 writes it: ``2026-01-31T23:59:59Z``."""
    return datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def actor_of(given: str | None) -> str:
    """Who is named, or else the login name. Raises InputError where there is none, or it cannot be printed."""
    try:
        name = (getpass.getuser() if given is None else given).strip()
    except (OSError, KeyError) as error:
        raise InputError("there is no login name; say who you are with --actor NAME") from error
    if not name or not name.isprintable() or len(name) > _LONGEST_ACTOR:
        raise InputError(f"actor {name[:_LONGEST_ACTOR]!r}: give 1 to {_LONGEST_ACTOR} printable characters")
    return name
