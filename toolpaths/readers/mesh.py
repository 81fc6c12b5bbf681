"""A tip from a mesh: STL, 3MF or GLB read back as heights, so that a pin can be checked from such a file.

Sizes are held against the bytes of the file before anything is made of them; nothing else is opened.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType

from toolpaths.errors import ToolpathError
from toolpaths.findings import Finding, Severity
from toolpaths.readers.mesh_3mf import triangles_of_3mf
from toolpaths.readers.mesh_body import MOST_WIDTH_UM, body_of, frame_findings
from toolpaths.readers.mesh_glb import triangles_of_glb
from toolpaths.readers.mesh_heights import heights_of
from toolpaths.readers.mesh_parts import MOST_BYTES, TOO_LARGE, UNIT_ASSUMED, NotReadError, Triangles, fault
from toolpaths.readers.mesh_stl import triangles_of_stl
from toolpaths.surface import HeightMap

PIXEL_UM = 1.5
"""Distance of the samples unless another is asked for: walls are about 4 um wide, and wider ones would change them."""
LEAST_PIXEL_UM = 0.5

_READERS: Mapping[str, Callable[[bytes], Triangles]] = MappingProxyType(
    {"stl": triangles_of_stl, "3mf": triangles_of_3mf, "glb": triangles_of_glb}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meshed:
    """What a mesh says. ``heights`` : pin frame; None where a finding is an error."""

    heights: HeightMap | None
    findings: tuple[Finding, ...]


def read_mesh(data: bytes, kind: str, *, pixel_um: float = PIXEL_UM) -> Meshed:
    """The surface of a mesh that looks along +z, as heights in the pin frame; findings M381 to M396.

    kind : ``"stl"`` (binary or text, taken to be in millimetres), ``"3mf"`` (in its unit), ``"glb"`` (in metres).
    pixel_um : samples lie at whole multiples of it, as those of ``toolpaths.removal`` do.
    The file must hold one closed body, facets outwards, 0.2 to 5 mm wide; its axes are taken to be the pin frame's.
    Raises ToolpathError for another kind, and for a pixel that is not 1 um or more and less than the tip.
    """
    if kind not in _READERS:
        raise ToolpathError(f"mesh: kind {kind!r} is not known; use one of {', '.join(_READERS)}")
    if not (isfinite(pixel_um) and LEAST_PIXEL_UM <= pixel_um <= MOST_WIDTH_UM):
        raise ToolpathError(f"mesh: pixel {pixel_um:g} um must be {LEAST_PIXEL_UM:g} to {MOST_WIDTH_UM:g} um")
    try:
        if len(data) > MOST_BYTES:
            raise _too_large(len(data))
        body = body_of(_READERS[kind](data), kind=kind)
        heights, findings = heights_of(body, pixel_um=pixel_um)
    except NotReadError as error:
        return Meshed(heights=None, findings=(error.finding,))
    assumed = (_UNIT_ASSUMED,) if kind == "stl" else ()
    return Meshed(heights=heights, findings=(*assumed, *frame_findings(body), *findings))


def _too_large(size: int) -> NotReadError:
    return fault(
        TOO_LARGE,
        "larger than a pin's tip can need",
        value=float(size),
        limit=float(MOST_BYTES),
        unit="bytes",
        remedy="decimate the mesh, or export the tip alone",
    )


_UNIT_ASSUMED = Finding(
    number=UNIT_ASSUMED,
    severity=Severity.INFO,
    message="STL says no unit; its numbers were taken to be millimetres, which gives a tip of a likely size",
    place="file",
)
