"""Plain grids of heights: CSV, NumPy's NPY, and the ASCII form of SDF (surface data file, ISO 25178-71)."""

import io
import math
import re
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError, raise_faults

FloatArray = NDArray[np.float64]

MOST_CELLS = 40_000_000
_UM_PER_M = 1e6
_BEYOND_UM = 1e6
# What stands for a sample without a height.
_HOLES = frozenset({"", "nan", "na", "n/a", "null", "bad", "-", "none", "***"})
_DELIMITERS = (";", "\t", ",")
_SHOWN = 40
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
# Of the two versions of the ASCII form, and of their headers these keys.
_SDF_VERSIONS = ("aiso-1.0", "abcr-1.0")
_SDF_COUNTS, _SDF_SCALES = ("NumPoints", "NumProfiles"), ("Xscale", "Yscale", "Zscale")
_MOST_FAULTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Heights, (rows, columns) float, um, row 0 of least y unless somebody says otherwise; NaN for holes."""

    z_um: FloatArray
    step_x_um: float
    step_y_um: float
    notes: tuple[str, ...] = ()


def grid_of_npy(data: bytes, *, name: str, step_um: float, factor: float) -> Grid:
    """A NumPy array of two dimensions, never a pickle. Raises InputError."""
    if not data.startswith(np.lib.format.MAGIC_PREFIX):
        raise InputError(f"{name}: is no single NumPy array; save the heights alone with numpy.save")
    try:
        # A damaged header makes the library raise nearly anything, and allocate by what it says.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = io.BytesIO(data)
            version = np.lib.format.read_magic(file)
            readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, _, dtype = readers[version](file)
            whole = math.prod(shape) * dtype.itemsize <= len(data)
            array = np.load(io.BytesIO(data), allow_pickle=False) if whole else np.empty(0)
    except Exception as error:
        told = f"{type(error).__name__}: {str(error)[:100]}"
        raise InputError(f"{name}: cannot be read as an array ({told}); save heights with numpy.save") from error
    if not whole:
        raise InputError(f"{name}: holds fewer heights than its header says; it was cut off")
    if array.ndim != 2 or array.dtype.kind not in "fiu" or not array.size:  # noqa: PLR2004 - rows and columns
        told = f"{array.dtype} of shape {array.shape}"
        raise InputError(f"{name}: is {told}; give heights as numbers in rows and columns, NaN for holes")
    return _grid(array.astype(np.float64) * factor, name=name, step_um=step_um)


def grid_of_csv(data: bytes, *, name: str, step_um: float, factor: float) -> Grid:
    """Rows of heights without a header, parted by comma, semicolon, tab or spaces; empty or NaN for holes.

    Decimal commas are read where something else parts the numbers. Raises InputError with every fault, up to ten.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: byte {error.start} is not UTF-8; save it as plain text") from error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines:
        raise InputError(f"{name}: is empty; give rows of heights")
    delimiter = next((mark for mark in _DELIMITERS if mark in lines[0][1]), None)
    rows: list[FloatArray] = []
    faults: list[str] = []
    for number, line in lines:
        cells = [cell.strip() for cell in line.split(delimiter)]
        if delimiter != ",":
            cells = [cell.replace(",", ".") for cell in cells]
        row = _row(cells, faults, where=f"{name}: line {number}")
        if rows and row.size != rows[0].size:
            faults.append(f"{name}: line {number}: {row.size} heights, where line {lines[0][0]} has {rows[0].size}")
            continue
        rows.append(row)
        if len(faults) >= _MOST_FAULTS:
            break
    raise_faults(faults)
    return _grid(np.stack(rows) * factor, name=name, step_um=step_um)


def _row(cells: list[str], faults: list[str], *, where: str) -> FloatArray:
    """One row; what is no number goes on the list, once a row."""
    try:
        # Nearly every row is numbers and nothing else.
        return np.array(cells, dtype=np.float64)
    except ValueError:
        pass
    wrong = [cell for cell in cells if not _NUMBER.fullmatch(cell) and cell.lower() not in _HOLES]
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        faults.append(f"{where}: {wrong[0][:_SHOWN]!r}{more} is no height; give numbers, empty or NaN for holes")
    return np.array([float(cell) if _NUMBER.fullmatch(cell) else np.nan for cell in cells])


def _grid(z_um: FloatArray, *, name: str, step_um: float) -> Grid:
    """Infinite heights are holes, too. Raises InputError where they are beyond every surface."""
    z_um = np.where(np.isfinite(z_um), z_um, np.nan)
    beyond = int(np.count_nonzero(np.abs(z_um) > _BEYOND_UM))
    if beyond:
        raise InputError(f"{name}: {beyond} heights are beyond {_BEYOND_UM / 1e6:g} m; is --unit right?")
    return Grid(z_um=z_um, step_x_um=step_um, step_y_um=step_um)


def grid_of_sdf(data: bytes, *, name: str) -> Grid:
    """The ASCII form, version aISO-1.0 or aBCR-1.0: lengths in metres, BAD for holes. Raises InputError with faults.

    The first profile has the least y, as the standard's co-ordinates have it.
    """
    if data[:1] == b"b":
        raise InputError(f"{name}: is a binary SDF; export it as ASCII (version aISO-1.0)")
    text = data.decode("latin-1")
    head, _, rest = text.partition("\n*")
    lines = [line.strip() for line in head.splitlines() if line.strip()]
    if not lines or lines[0].lower() not in _SDF_VERSIONS:
        raise InputError(f"{name}: does not begin with {' or '.join(_SDF_VERSIONS)}: no ASCII SDF; export it again")
    told = {key.strip().lower(): value.strip() for key, _, value in (line.partition("=") for line in lines[1:])}
    faults: list[str] = []
    counts = [_count(told, key, faults, name=name) for key in _SDF_COUNTS]
    scales = [_scale(told, key, faults, name=name) for key in _SDF_SCALES]
    if not faults and counts[0] * counts[1] > MOST_CELLS:
        faults.append(f"{name}: {counts[0]} by {counts[1]} heights are more than {MOST_CELLS}; cut it to the mark")
    raise_faults(faults)
    words = rest.partition("*")[0].split()
    if len(words) != counts[0] * counts[1]:
        wanted = f"{counts[0]} by {counts[1]}"
        raise InputError(f"{name}: holds {len(words)} heights, where its header says {wanted}; it was cut off")
    heights = _row(words, faults, where=name)
    raise_faults(faults)
    z_um = (heights * scales[2] * _UM_PER_M).reshape(counts[1], counts[0])
    steps_um = (scales[0] * _UM_PER_M, scales[1] * _UM_PER_M)
    grid = _grid(z_um, name=name, step_um=1.0)
    return Grid(z_um=grid.z_um, step_x_um=steps_um[0], step_y_um=steps_um[1])


def _count(told: dict[str, str], key: str, faults: list[str], *, name: str) -> int:
    text = told.get(key.lower(), "")
    if not text.isdigit() or len(text) > 9 or int(text) < 2:  # noqa: PLR2004 - of a grid; nine digits are beyond any
        faults.append(f"{name}: {key}: {text[:_SHOWN]!r} is no count of samples; export it again")
        return 0
    return int(text)


def _scale(told: dict[str, str], key: str, faults: list[str], *, name: str) -> float:
    text = told.get(key.lower(), "")
    if not _NUMBER.fullmatch(text) or not 0 < float(text) < 1:
        faults.append(f"{name}: {key}: {text[:_SHOWN]!r} is no length in metres; export it again")
        return 0.0
    return float(text)
