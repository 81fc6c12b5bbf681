"""Typefaces by name: the shipped ones, and the user's own beside the job file."""

from pathlib import Path

from engrave.base.errors import InputError
from engrave.base.files import read_text
from fonts.errors import FontError
from fonts.typeface import Typeface, load_typeface, shipped_typeface, shipped_typefaces

FOLDER = "faces"
_SUFFIX = ".toml"
_MOST_BYTES = 1_000_000


def known_faces(library: Path | None) -> tuple[str, ...]:
    """Names of faces that can be asked for, shipped and the user's, sorted."""
    own = {path.name.removesuffix(_SUFFIX) for path in (library / FOLDER).glob(f"*{_SUFFIX}")} if library else set()
    return tuple(sorted({*shipped_typefaces(), *own}))


def face_text(name: str, library: Path | None) -> str | None:
    """The text of the user's own face of that name, which goes before a shipped one; None where there is none.

    Raises InputError where it cannot be read, or is no face.
    """
    path = library / FOLDER / f"{name}{_SUFFIX}" if library else None
    if path is None or not path.is_file():
        return None
    text = read_text(path, most=_MOST_BYTES)
    typeface_of(name, text)
    return text


def typeface_of(name: str, text: str | None) -> Typeface:
    """The face of that name: of its own text, or shipped. Raises InputError with every fault of the text."""
    try:
        return shipped_typeface(name) if text is None else load_typeface(text, origin=f"{FOLDER}/{name}{_SUFFIX}")
    except FontError as error:
        raise InputError(str(error).splitlines()) from error
