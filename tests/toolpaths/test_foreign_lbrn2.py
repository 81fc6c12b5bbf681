"""lbrnts and MeerK40t, which share nothing with us, read LightBurn projects as they were meant, within a nanometre."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from toolpaths.model import Operation, Toolpath
from toolpaths.readers.lbrn2 import read_lbrn2
from toolpaths.writers.lbrn2 import write_lbrn2

FloatArray = NDArray[np.float64]
Need = Callable[[str], ModuleType]

NANOMETRE_MM = 1e-6
MOST_J = 20e-6
LAYERS = ("HATCH-000", "CONTOUR", "LAST (once)")


def with_pulse_widths(toolpath: Toolpath) -> Toolpath:
    """300 fs, nothing said, and 200 ns: three layers."""
    widths = iter((300e-15, None, 200e-9))
    return Toolpath(
        blocks=tuple(
            replace(block, operations=tuple(timed(operation, next(widths)) for operation in block.operations))
            for block in toolpath.blocks
        )
    )


def timed(operation: Operation, pulse_width_s: float | None) -> Operation:
    return replace(operation, process=replace(operation.process, pulse_width_s=pulse_width_s))


@pytest.fixture
def lbrnts(node_judge: Callable[[str, bytes], Any]) -> Callable[[bytes], dict[str, Any]]:
    """Give what lbrnts reads of a project."""
    return partial(node_judge, "lbrnts")


def test_lbrnts_reads_the_layers(lbrnts: Callable[[bytes], dict[str, Any]], toolpath: Toolpath) -> None:
    found = lbrnts(write_lbrn2(with_pulse_widths(toolpath), title="A & B", most_pulse_energy_j=MOST_J))
    settings = found["settings"]
    assert [(one["type"], one["index"], one["priority"], one["name"]) for one in settings] == [
        ("Cut", place, place, name) for place, name in enumerate(LAYERS)
    ]
    assert [one["passes"] for one in settings] == [27, 27, 1]
    assert [one["frequency"] for one in settings] == [200_000, 100_000, 200_000]
    # What is not said it takes for 0.
    assert [one["pulseWidth"] for one in settings] == [0.0003, 0, 200]
    assert [one["speed"] for one in settings] == [20, 12.345, 20]
    # 0.7 and 0.25 of 20 uJ.
    assert [one["maxPower"] for one in settings] == [3.5, 1.25, 3.5]
    assert [one["minPower"] for one in settings] == [3.5, 1.25, 3.5]
    assert (found["format"], found["mirrored"]) == ("1", [False, False])


def test_lbrnts_reads_the_paths(lbrnts: Callable[[bytes], dict[str, Any]], toolpath: Toolpath) -> None:
    shapes = lbrnts(write_lbrn2(toolpath, title="", most_pulse_energy_j=MOST_J))["shapes"]
    wanted = [
        (layer, path[:, :2] / 1000.0)
        for layer, (_, operation) in enumerate(toolpath.operations())
        for path in operation.paths
    ]
    assert len(shapes) == len(wanted)
    for shape, (layer, line) in zip(shapes, wanted, strict=True):
        assert (shape["layer"], shape["transform"], shape["handles"]) == (layer, [1, 0, 0, 1, 0, 0], 0)
        is_ring = bool(np.array_equal(line[0], line[-1]))
        # A closed path has as many pieces as vertices, an open one a piece less; type 0 is a line.
        vertices = line[:-1] if is_ring else line
        assert shape["pieces"] == [0] * (len(line) - 1)
        np.testing.assert_allclose(shape["vertices"], vertices, atol=NANOMETRE_MM, rtol=0)


@dataclass(kw_only=True)
class Node:
    """A node of MeerK40t's tree, as far as its loader makes use of one."""

    given: dict[str, Any] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    references: list["Node"] = field(default_factory=list)

    def add(self, **given: object) -> "Node":
        """Hang a node below this one."""
        node = Node(given=given)
        self.children.append(node)
        return node

    def add_reference(self, node: "Node") -> None:
        """Say that this operation marks the node."""
        self.references.append(node)

    def remove_all_children(self) -> None:
        """Empty the branch."""
        self.children.clear()

    def focus(self) -> None:
        """Nothing is shown."""


def meerk40t_operations(need: Need, data: bytes) -> tuple[list[Node], float, Any]:
    """The operations that its loader makes, its units to the millimetre, and the service with the note."""
    loader = need("meerk40t.extra.lbrn").LbrnLoader
    units_per_mm = float(need("meerk40t.core.units").UNITS_PER_MM)
    service = SimpleNamespace(op_branch=Node(), elem_branch=Node(), node_lock=nullcontext(), note=None)
    loader.parse("job.lbrn2", BytesIO(data), service)
    return service.op_branch.children, units_per_mm, service


def pieces_of(node: Node, units_per_mm: float) -> FloatArray:
    """Straight pieces of a path, (m, 4) float, mm: begin and end."""
    geometry = node.given["geometry"]
    rows = geometry.segments[: geometry.index]
    ends = rows[:, [0, 4]].ravel().view(np.float64).reshape(-1, 4)
    return np.asarray(ends / units_per_mm, dtype=np.float64)


def test_meerk40t_reads_layers_and_paths(require_module: Need, toolpath: Toolpath) -> None:
    data = write_lbrn2(toolpath, title="Pin 7", most_pulse_energy_j=MOST_J)
    operations, units_per_mm, service = meerk40t_operations(require_module, data)
    assert [one.given["type"] for one in operations] == ["op cut"] * 3
    assert [one.given["label"] for one in operations] == list(LAYERS)
    assert [one.given["speed"] for one in operations] == [20, 12.345, 20]
    # It counts power in thousandths.
    assert [one.given["power"] for one in operations] == [35, 12.5, 35]
    assert service.note.startswith("Pin 7\n\nLightBurn: open with File > Open")
    for operation, (_, planned) in zip(operations, toolpath.operations(), strict=True):
        assert len(operation.references) == len(planned.paths)
        for node, path in zip(operation.references, planned.paths, strict=True):
            wanted = np.hstack([path[:-1, :2], path[1:, :2]]) / 1000.0
            np.testing.assert_allclose(pieces_of(node, units_per_mm), wanted, atol=NANOMETRE_MM, rtol=0)


# Groups in groups, turned, scaled and moved, and vertices with handles that lines do not use.
GROUPED = b"""<?xml version="1.0" encoding="UTF-8"?>
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
            <Shape Type="Group">
                <XForm>-1 0 0 1 10 0</XForm>
                <Children>
                    <Shape Type="Path" CutIndex="3">
                        <XForm>1 0 0 1 0 0</XForm>
                        <VertList>V0 0c0x1c1x1V1 1c0x1c1x1V2 0c0x1c1x1V5 5c0x1c1x1V6 5.5c0x1c1x1</VertList>
                        <PrimList>L0 1L1 2L3 4</PrimList>
                    </Shape>
                </Children>
            </Shape>
        </Children>
    </Shape>
</LightBurnProject>
"""


def test_meerk40t_and_we_follow_groups_alike(require_module: Need) -> None:
    (operation,), units_per_mm, _ = meerk40t_operations(require_module, GROUPED)
    theirs = np.concatenate([pieces_of(node, units_per_mm) for node in operation.references])
    drawn = read_lbrn2(GROUPED, most_pulse_energy_j=MOST_J)
    ((_, ours),) = drawn.toolpath.operations()
    assert drawn.readable
    assert np.diff(ours.paths.starts).tolist() == [4, 3, 2]
    begin, end = ours.paths.segments()
    np.testing.assert_allclose(np.hstack([begin[:, :2], end[:, :2]]) / 1000.0, theirs, atol=NANOMETRE_MM, rtol=0)
    # By hand: (1, 0) to (0.85, 0.225) by its own transform, then to (3 - 0.3375, -2.25 + 1.275) by the group's.
    np.testing.assert_allclose(begin[0, :2], (2662.5, -975.0), atol=1e-9)
