"""The kinds of files that a pin can be checked by, and what each says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType

from engrave.base.errors import InputError
from toolpaths.readers import drawn

GCODE, LIGHTBURN = "ngc", "lbrn2"
MESHES = ("stl", "3mf", "glb")

_FIGURES = frozenset({drawn.PULSE_ENERGY, drawn.REPETITION_RATE, drawn.FEED})
_OF_SVG = _FIGURES | {drawn.REPEATS, drawn.ORDER, drawn.PULSE_WIDTH, drawn.SPOT_RADIUS, drawn.WAVELENGTH}
# What each says where nothing is left out of it: told of a file that cannot be read.
_SAYS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "dxf": frozenset({drawn.Z, drawn.REPEATS, drawn.ORDER}),
        "svg": _OF_SVG,
        LIGHTBURN: _FIGURES | {drawn.REPEATS, drawn.ORDER, drawn.PULSE_WIDTH},
        "ovf": _OF_SVG | {drawn.Z, drawn.DELAYS},
    }
)
DRAWINGS = tuple(_SAYS)
KINDS = (GCODE, *DRAWINGS, *MESHES)

# What a drawing may leave out, and its name in ``not_in_file``; the order of paths is nowhere but in the file.
_TOLD = (
    (drawn.SPOT_RADIUS, "spot_radius"),
    (drawn.WAVELENGTH, "wavelength"),
    (drawn.DELAYS, "delays"),
    (drawn.Z, "heights"),
    (drawn.REPEATS, "repeats"),
    (drawn.PULSE_ENERGY, "pulse_energy"),
    (drawn.REPETITION_RATE, "repetition_rate"),
    (drawn.FEED, "feed"),
    (drawn.PULSE_WIDTH, "pulse_width"),
)
_NOT_IN_GCODE = ("spot_radius", "wavelength")
_NOT_IN_EROSION = ("electrode", "gaps", "wear", "tip", "primer", "conditions")
_NOT_IN_MESH = ("process", "tip", "primer", "conditions")
# What no machine file says.
_NEVER = ("beam_quality", "hatch", "ablation", "tip", "primer", "conditions")


def kind_of(name: str) -> str:
    """The kind of a file by the ending of its name. Raises InputError for an ending that is not known."""
    kind = PurePath(name).suffix.lower().removeprefix(".")
    if kind not in KINDS:
        known = ", ".join(f".{known}" for known in KINDS)
        shown = f"the ending .{kind}" if kind else "a name without an ending"
        raise InputError(f"{name}: {shown} is of no file that can be checked; known endings are {known}")
    return kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a pin is checked by.

    not_in_file : what the file does not say and was taken from ``job.json``. geometry_only : the whole process was.
    has_heights : the file has z. keeps_rounds : it says which operations take turns.
    """

    name: str
    kind: str
    not_in_file: tuple[str, ...]
    geometry_only: bool
    has_heights: bool = True
    keeps_rounds: bool = True


def program_source(name: str) -> Source:
    """A stage's G-code."""
    return Source(name=name, kind=GCODE, not_in_file=(*_NOT_IN_GCODE, *_NEVER), geometry_only=False)


def erosion_source(name: str) -> Source:
    """G-code of a machine that erodes: paths and generator are in it, gaps and wear are not."""
    return Source(name=name, kind=GCODE, not_in_file=_NOT_IN_EROSION, geometry_only=False)


def mesh_source(name: str) -> Source:
    """A mesh of the engraved tip."""
    return Source(name=name, kind=kind_of(name), not_in_file=_NOT_IN_MESH, geometry_only=True)


def drawing_source(name: str, says: frozenset[str] | None, *, waits: bool) -> Source:
    """A drawing or a scanner's file that says this; None where it could not be read.

    waits : whether the job's machine has delays at all, which only scanners have.
    """
    kind = kind_of(name)
    said = _SAYS[kind] if says is None else says
    said = said if waits else said | {drawn.DELAYS}
    return Source(
        name=name,
        kind=kind,
        not_in_file=(*(told for word, told in _TOLD if word not in said), *_NEVER),
        geometry_only=not said & _FIGURES,
        has_heights=drawn.Z in said,
        keeps_rounds=kind != LIGHTBURN,
    )
