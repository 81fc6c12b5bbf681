"""What can be read of a struck primer, from a topography or a picture of it, and the pins that it may be of."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from math import degrees, isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from engrave.api.codes import pin_of_id
from engrave.api.given import JobGiven, known_of, setup_of
from engrave.api.weighed import BITS_DECIMALS, candidate_to_json, carriers_to_json, runner_up_to_json
from engrave.base.errors import Collecting, InputError
from engrave.base.files import read_bytes
from engrave.base.x3p import load_x3p, to_height_map
from engrave.code.ranges import RangeTable
from engrave.code.soft import SoftDecoding
from engrave.code.told import told_chance
from engrave.job.setup import Setup
from engrave.reading import Reading, reader_for
from engrave.reading.picture import MOST_PIXELS, Picture
from engrave.reading.picture_reader import picture_reader_for
from engrave.verify.weighed import CALIBRATED, weighed

READING_SCHEMA = "pin-engrave/reading/1"
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
TOPOGRAPHY_SUFFIXES = (".x3p",)
_MOST_PICTURE_BYTES = 200_000_000
_UM_DECIMALS, _SHARE_DECIMALS = 1, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The outcome: the JSON object ``pin-engrave/reading/1``, and whether it identifies a pin."""

    identified: bool
    document: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A reading, what it was of, and the notes on the file."""

    kind: str
    reading: Reading
    um_per_px: float
    notes: tuple[str, ...]


def read(path: Path, *, job: JobGiven, um_per_px: float | None = None) -> Seen:
    """Read a primer blind: the job says what its marks look like, and nothing says whose it is or how it lies.

    path : an X3P file, heights towards the viewer, x to the right and y up; or a grey or coloured picture.
    um_per_px : a pixel of the picture on the primer, looked for where it is not given. Raises InputError with every
    fault of the file and of the job.
    """
    faults: list[str] = []
    known = known_of(job, faults)
    setup = setup_of(job, known, faults)
    suffix = path.suffix.lower()
    if suffix not in (*TOPOGRAPHY_SUFFIXES, *PICTURE_SUFFIXES):
        kinds = ", ".join((*TOPOGRAPHY_SUFFIXES, *PICTURE_SUFFIXES))
        faults.append(f"{path}: is neither a topography nor a picture that is read; give one of {kinds}")
    if um_per_px is not None and suffix in TOPOGRAPHY_SUFFIXES:
        faults.append("--um-per-px: a topography says itself how far its samples are apart; leave it out")
    found: _Read | None = None
    if setup is not None and not faults:
        with Collecting(faults):
            found = _topography(path, setup) if suffix in TOPOGRAPHY_SUFFIXES else _picture(path, setup, um_per_px)
    if found is None or setup is None or faults:
        raise InputError(faults)
    decoded = weighed(found.reading, setup.profile)
    return Seen(identified=decoded.identified is not None, document=_document(path, found, decoded, setup))


def _topography(path: Path, setup: Setup) -> _Read:
    topography, notes = load_x3p(path)
    surface = to_height_map(topography, frame="reading", name=str(path))
    try:
        reading = reader_for(setup.places, setup.typeface).read(surface)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    return _Read(kind="topography", reading=reading, um_per_px=surface.pixel_um, notes=notes)


def _picture(path: Path, setup: Setup, um_per_px: float | None) -> _Read:
    grey, notes = _grey(path)
    faults: list[str] = []
    with Collecting(faults, prefix=f"{path}: "):
        seen = picture_reader_for(setup.places, setup.typeface).read(Picture(grey=grey, um_per_px=um_per_px))
        return _Read(kind="picture", reading=seen.reading, um_per_px=seen.um_per_px, notes=notes)
    raise InputError(faults)


def _grey(path: Path) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The picture's brightness, 0 to 1, row 0 at the top, and notes on what was done with it."""
    data = read_bytes(path, most=_MOST_PICTURE_BYTES)
    try:
        with warnings.catch_warnings():
            # Our own limit is lower than the one that this warns of.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=("PNG", "JPEG", "TIFF")) as image:
                return _brightness(image, str(path))
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: is no picture that can be read; give a whole PNG, JPEG or TIFF") from error


def _brightness(image: Image.Image, name: str) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    if image.width * image.height > MOST_PIXELS:
        raise InputError(
            f"{name}: {image.width} x {image.height} pixels are more than {MOST_PIXELS // 1_000_000} million; "
            "cut it to the primer"
        )
    frames = getattr(image, "n_frames", 1)
    notes = (f"holds {frames} pictures; the first is read",) if frames > 1 else ()
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        # What is transparent is seen on white.
        opaque = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", opaque.size, "white"), opaque)
    deep = upright.mode.startswith("I;16") or upright.mode in ("I", "F")
    values = np.asarray(upright if deep else upright.convert("L")).astype(np.float32)
    if not np.isfinite(values).all() or values.min() < 0:
        raise InputError(f"{name}: holds values that are no brightness; give 0 and more")
    white = 65535.0 if upright.mode.startswith("I;16") else float(values.max()) if deep else 255.0
    grey: NDArray[np.float32] = values / np.float32(max(white, 1e-6))
    return grey, notes


def _document(path: Path, found: _Read, decoded: SoftDecoding, setup: Setup) -> dict[str, Any]:
    table = RangeTable(setup.job.ranges)
    return {
        "schema": READING_SCHEMA,
        "file": path.name,
        "kind": found.kind,
        "notes": list(found.notes),
        "profile": setup.profile.name,
        "carriers": carriers_to_json(setup.profile),
        "reading": _reading(found),
        "identified": decoded.identified is not None,
        "candidates": [
            {**pin_of_id(candidate.id, candidate.characters, table), **candidate_to_json(candidate)}
            for candidate in decoded.candidates
        ],
        "runner_up": runner_up_to_json(decoded.runner_up),
        "none_of_these": told_chance(decoded.none_of_these),
        "not_ours": told_chance(decoded.not_ours),
        "search_bits": round(decoded.search_bits, BITS_DECIMALS),
        "registry_bits": round(decoded.registry_bits, BITS_DECIMALS),
        "priors": [{"of": "reading.posterior", "source": CALIBRATED}],
    }


def _reading(found: _Read) -> dict[str, Any]:
    """What was seen, as it would be typed for ``decode`` and ``trace``, and how the mark lies."""
    reading = found.reading
    return {
        "found": reading.found,
        "characters": "".join(read.character or "?" for read in reading.characters),
        "ring": ["".join("?" if cell < 0 else str(cell) for cell in track) for track in reading.cells.tolist()],
        "shapes": [read.shape or "?" for read in reading.shapes],
        "mirrored": reading.mirrored,
        "inverted": reading.inverted,
        "rotation_deg": round(degrees(reading.rotation_rad), _UM_DECIMALS) + 0.0,
        "x_um": round(reading.x_um, _UM_DECIMALS) + 0.0,
        "y_um": round(reading.y_um, _UM_DECIMALS) + 0.0,
        "um_per_px": round(found.um_per_px, _SHARE_DECIMALS) if isfinite(found.um_per_px) else None,
        "scale": round(reading.scale, _SHARE_DECIMALS),
        "aspect": round(reading.aspect, _SHARE_DECIMALS),
        "aspect_axis_deg": round(degrees(reading.aspect_axis_rad), _UM_DECIMALS) + 0.0,
        "score": round(reading.score, _SHARE_DECIMALS),
    }
