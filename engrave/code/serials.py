"""How serial numbers, makers and models are written."""

import string

from engrave.base.errors import InputError

LONGEST_SERIAL = 20
LONGEST_NAME = 40
SERIAL_CHARACTERS = frozenset(string.ascii_uppercase + string.digits + "-")
SERIAL_RULE = "a serial is written with A-Z, 0-9 and hyphens (27 CFR 478.92)"

_TYPED_CHARACTERS = SERIAL_CHARACTERS | frozenset(string.ascii_lowercase)
_PRINTABLE = frozenset(chr(code) for code in range(0x20, 0x7F))


def normalise_serial(text: str) -> str:
    """The serial without surrounding white space, in capitals. Nothing else is changed.

    Raises InputError where it is empty, longer than 20 characters, or holds a character that a serial may not.
    """
    serial = text.strip()
    if not serial:
        raise InputError(f"serial {text!r} is empty; give 1 to {LONGEST_SERIAL} characters")
    faults = [
        f"serial {serial!r}: {character!r} at position {place} is not allowed; {SERIAL_RULE}"
        for place, character in enumerate(serial[: LONGEST_SERIAL + 1], start=1)
        if character not in _TYPED_CHARACTERS
    ]
    if len(serial) > LONGEST_SERIAL:
        shown = serial[:LONGEST_SERIAL] + "..."
        faults.append(f"serial {shown!r} has {len(serial)} characters; it may have {LONGEST_SERIAL} at most")
    if faults:
        raise InputError(faults)
    return serial.upper()


def normalise_name(text: str, *, kind: str) -> str:
    """A maker's or model's name (``kind`` says which) without surrounding white space; case counts.

    Raises InputError where it is not 1 to 40 printable ASCII characters.
    """
    name = text.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InputError(f"{kind} {name[:LONGEST_NAME]!r} has {len(name)} characters; give 1 to {LONGEST_NAME}")
    strangers = [(place, character) for place, character in enumerate(name, start=1) if character not in _PRINTABLE]
    if strangers:
        raise InputError(
            [
                f"{kind} {name!r}: {character!r} at position {place} is not allowed; use printable ASCII characters"
                for place, character in strangers
            ]
        )
    return name
