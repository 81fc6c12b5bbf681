"""Typefaces from font files, as data files of ours."""

from pathlib import Path
from typing import Literal, cast, get_args

from engrave.base.errors import Collecting, InputError, OccupiedError
from engrave.base.files import write_atomic
from engrave.code.alphabet import ALPHABET
from fonts.errors import FontError
from fonts.opentype import typeface_from_file
from fonts.typeface import Typeface, typeface_to_toml

_SUFFIX = ".toml"
_Mode = Literal["skeleton", "outline"]
MODES: tuple[str, ...] = get_args(_Mode)


def import_face(font: Path, out: Path, *, mode: str = MODES[0]) -> Typeface:
    """The face of the alphabet's characters in a TTF or OTF file, written to a new TOML file; what it became.

    mode : ``skeleton``, lines along the middle of its strokes, or ``outline``, its own ink. Raises InputError with
    every fault (no such mode, a file that is no font, characters that it lacks), OccupiedError where ``out`` is there.
    """
    faults: list[str] = []
    if mode not in MODES:
        faults.append(f"--mode: {mode!r} is not known; use one of {', '.join(MODES)}")
    if out.suffix != _SUFFIX:
        faults.append(f"--out: {out.name}: a face is a {_SUFFIX} file; name it so")
    if not out.parent.is_dir():
        faults.append(f"--out: {out.parent} is no folder; make it, or name another file")
    if not faults and out.exists():
        raise OccupiedError(f"--out: {out}: is there already; name a new file")
    face: Typeface | None = None
    with Collecting(faults):
        face = _face(font, mode if mode in MODES else MODES[0], name=out.stem)
    if face is None or faults:
        raise InputError(faults)
    write_atomic(out, typeface_to_toml(face).encode())
    return face


def _face(font: Path, mode: str, *, name: str) -> Typeface:
    """The face of a font file. Raises InputError with every fault of it."""
    try:
        return typeface_from_file(font, ALPHABET, mode=cast("_Mode", mode), name=name)
    except FontError as error:
        raise InputError(str(error).splitlines()) from error
