"""Targets for the readers of drawings, projects, scanner jobs, programs that erode and meshes: small files of all."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from benchmarks.fuzz_target import Flat, Target
from engrave.job.shelves import MACHINES
from toolpaths.edm.model import Change, Dress, Erode, Erosion, Setting, TouchOff
from toolpaths.edm.safety import check_erosion
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers.drawn import Drawn
from toolpaths.readers.dxf import read_dxf
from toolpaths.readers.edm_gcode import read_edm_gcode
from toolpaths.readers.lbrn2 import read_lbrn2
from toolpaths.readers.mesh import read_mesh
from toolpaths.readers.ovf import read_ovf
from toolpaths.readers.svg import read_svg
from toolpaths.surface import HeightMap, disc
from toolpaths.writers import mesh
from toolpaths.writers.dxf import write_job_dxf, write_outline_dxf
from toolpaths.writers.edm_gcode import write_edm_gcode
from toolpaths.writers.lbrn2 import write_lbrn2
from toolpaths.writers.ovf import write_ovf
from toolpaths.writers.svg import write_toolpath_svg

_MOST_PULSE_ENERGY_J = 2e-5
_PIXEL_UM = 20.0

_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="10mm" height="20mm" viewBox="0 0 100 200">'
    b'<g transform="translate(3),scale(2) rotate(-45)"><path d="m1 1 2 0 0 2z" transform="translate(-1)"/></g>'
    b'<polyline points="0,0 1,0 1,1"/><line y2="3"/></svg>'
)
_LBRN2 = b"""<?xml version="1.0" encoding="UTF-8"?>
<LightBurnProject AppVersion="1.4.03" FormatVersion="1" MaterialHeight="0" MirrorX="False" MirrorY="False">
    <CutSetting type="Cut"><index Value="3"/><name Value="C03"/><maxPower Value="20"/></CutSetting>
    <Shape Type="Group">
        <XForm>0 1.5 -1.5 0 3 -2.25</XForm>
        <Children>
            <Shape Type="Path" CutIndex="3">
                <XForm>0.8 0.1 -0.3 1.2 0.05 0.125</XForm>
                <VertList>V1 0c0x1c1x1V4.01 -0.5c0x1c1x3.9c1y0.1V-2.5 3e-2c0x-1c0y2c1x1</VertList>
                <PrimList>L0 1L1 2L2 0</PrimList>
            </Shape>
        </Children>
    </Shape>
</LightBurnProject>
"""
_DXF_WORDS = (
    b"0 10 20 11 42 70 90 67 210 999 LINE VERTEX SEQEND POLYLINE LWPOLYLINE ARC INSERT SECTION ENDSEC EOF "
    b"CALIBRATION OP01_A_X3 OP02_B_X99999 1e9"
)
_SVG_WORDS = (
    b"<g> </g> <!DOCTYPE &x; M L Z h C a 1e308 -1e400 % em transform= skewX(1) data-repeats= "
    b'display="none" <style> <text/> xmlns='
)
_LBRN2_WORDS = (
    b'V,L0 1,B0 1,LineClosed,LineOpen,c0x1c1x1,<Shape>,</Shape>,VertID="0",PrimID="0",CutIndex="31",<!DOCTYPE a>,&amp;'
)
_OVF_WORDS = (
    b"LVF!",
    b"\xff" * 10,
    b"\x80" * 4,
    b"\x0b\x0c",
    b"\xff\xff\xff\xff\x0f",
    b"\x00\x00\xc0\x7f",
    b"\x00\x00\xa0\x7f",
    b"\x00\x00\x80\xff",
    b"\0" * 8,
    b"\x12\x12\x0a\x10",
    b"\xb0\x03\x05",
    b"\x48\x1a",
)
_EDM_WORDS = (
    b"G0 G1 G10L20P1Z0 G38.2Z-9 G53 G20 G91 M0 M2 M3 M6T1 M64P0 M65P0 M67E0Q80 F0 F1e9 X1 Y-9999999 Z.5 ( ) ; % o1 #1"
)
_MESH_WORDS = (b"null", b"[]", b"<a>", b"&a;", b"\xff\xff\xff\x7f", b"PK\x01\x02", b"9999999999")


def drawing_targets() -> Mapping[str, Target]:
    """The readers by name."""
    drawn = _toolpath()
    lines = tuple(word + b"\n" for word in _DXF_WORDS.split())
    r12, r2000 = (write_job_dxf(drawn, version=version) for version in ("R12", "R2000"))
    return {
        "dxf": _drawing(read_dxf, (r12, _bare(r12), _bare(r2000), _bare(write_outline_dxf([disc(20.0)]))), lines),
        "svg": _drawing(read_svg, (write_toolpath_svg(drawn, title="pin"), _SVG), tuple(_SVG_WORDS.split())),
        "lbrn2": _drawing(
            lambda data: read_lbrn2(data, most_pulse_energy_j=_MOST_PULSE_ENERGY_J),
            (write_lbrn2(drawn, title="pin", most_pulse_energy_j=_MOST_PULSE_ENERGY_J), _LBRN2),
            tuple(_LBRN2_WORDS.split(b",")),
        ),
        "ovf": _drawing(read_ovf, (write_ovf(drawn, name="pin"),), _OVF_WORDS),
        "edm_gcode": _eroding(),
        "mesh_stl": _mesh("stl", mesh.write_stl(_tip())),
        "mesh_3mf": _mesh("3mf", mesh.write_3mf(_tip())),
        "mesh_glb": _mesh("glb", mesh.write_glb(_tip())),
    }


def _drawing(reader: Callable[[bytes], Drawn], seeds: tuple[bytes, ...], tokens: tuple[bytes, ...]) -> Target:
    def read(data: bytes) -> str:
        drawn = reader(data)
        if drawn.readable != bool(drawn.toolpath.blocks):
            raise ValueError("an error with a toolpath, or neither")
        if not drawn.readable:
            return "found fault"
        return "taken: with findings" if drawn.findings else "taken"

    return Target(seeds=seeds, tokens=tokens, read=read)


def _eroding() -> Target:
    """Both ways of a program that erodes: a rod that is dressed and touched, and a plunge."""
    machine = MACHINES.load("edm-stage").value
    setting = Setting(name="open voltage", output=0, value=80.0, unit="V")
    path = Polylines(points=np.array([(0.0, 0.0, 5.0), (9.0, 0.0, -1.0), (9.0, 4.5, -1.125)]), starts=np.array([0, 3]))
    cut = Erode(name="rod 1 layer 1", tool=0, feed_um_s=100.0, generator=(setting,), paths=path)
    touch = TouchOff(tool=0, x_um=300.0, y_um=0.0, z_um=0.0)
    events = (Change(tool=0), touch, cut, Dress(tool=0), touch, cut, touch, replace(cut, generator=()))
    program = write_edm_gcode(Erosion(events=events, safe_z_um=100.0), machine, header=("a pin",))

    def read(data: bytes) -> str:
        found = read_edm_gcode(data, machine)
        unsafe = check_erosion(found, machine, surface=Flat(), deepest_um=(50.0,), reach_um=(20.0,))
        if not found.readable:
            return "found fault: not to be run"
        return "found fault: unsafe" if unsafe else "taken"

    return Target(seeds=(program,), tokens=tuple(_EDM_WORDS.split()), read=read)


def _mesh(kind: str, seed: bytes) -> Target:
    def read(data: bytes) -> str:
        return "found fault" if read_mesh(data, kind, pixel_um=_PIXEL_UM).heights is None else "taken"

    return Target(seeds=(seed,), tokens=_MESH_WORDS, read=read)


def _toolpath() -> Toolpath:
    """Two paths of one operation, run 27 times."""
    process = Process(pulse_energy_j=0.7e-6, repetition_rate_hz=2e5, feed_um_s=2e4)
    points = np.array([(0, 0, 0), (9, 0, 0), (0, 4, 0), (9, 4, -1), (5, 5, -1)], dtype=np.float64)
    paths = Polylines(points=points, starts=np.array([0, 2, 5]))
    return Toolpath(blocks=(Block(repeats=27, operations=(Operation(name="hatch-15", process=process, paths=paths),)),))


def _tip() -> HeightMap:
    """A round tip of a few samples."""
    reach_um = 200.0
    axis_um = np.linspace(-reach_um, reach_um, 9)
    x_um, y_um = np.meshgrid(axis_um, axis_um)
    return HeightMap(
        z_um=np.where(np.hypot(x_um, y_um) <= reach_um, -(x_um**2) / 1e4, np.nan),
        pixel_um=float(axis_um[1] - axis_um[0]),
        x0_um=-reach_um,
        y0_um=-reach_um,
        frame="pin",
    )


def _bare(dxf: bytes) -> bytes:
    """A DXF less its tables and objects, so that more of the changes hit what is read."""
    begin = dxf.find(b"ENTITIES")
    header = b"  0\nSECTION\n  2\nHEADER\n  9\n$INSUNITS\n 70\n     4\n  0\nENDSEC\n  0\nSECTION\n  2\n"
    return header + dxf[begin : dxf.find(b"ENDSEC", begin)] + b"ENDSEC\n  0\nEOF\n"
