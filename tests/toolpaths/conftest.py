"""A machine, a tip and a toolpath that the tests of files share."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from shapely import Point, Polygon

from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ball:
    """A spherical tip, written out here so that no tip of the project is trusted."""

    nose_radius_um: float
    edge_radius_um: float

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return Point(0, 0).buffer(self.edge_radius_um, quad_segs=256)

    @property
    def face_area_um2(self) -> float:
        """See toolpaths.surface.Surface."""
        return math.pi * self.edge_radius_um**2

    @property
    def mean_curvature_per_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return 1 / self.nose_radius_um

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return math.pi * depth_um * (2 * self.nose_radius_um - depth_um)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return self.nose_radius_um - np.sqrt(self.nose_radius_um**2 - area_um2 / math.pi)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Sphere through the origin, below it; NaN beyond the edge."""
        square = x_um**2 + y_um**2
        height = np.sqrt(self.nose_radius_um**2 - np.minimum(square, self.nose_radius_um**2)) - self.nose_radius_um
        return np.where(square <= self.edge_radius_um**2, height, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Not needed by any check of files."""
        return np.ones_like(x_um + y_um)


@pytest.fixture(scope="session")
def machine() -> Machine:
    return Machine(
        name="bench",
        controller="linuxcnc",
        formats=("ngc", "dxf", "svg"),
        envelope_x_min_um=-5000.0,
        envelope_x_max_um=5000.0,
        envelope_y_min_um=-5000.0,
        envelope_y_max_um=5000.0,
        envelope_z_min_um=-2000.0,
        envelope_z_max_um=2000.0,
        resolution_um=0.05,
        max_feed_um_s=200_000.0,
        acceleration_um_s2=2e9,
        gate_latency_s=1e-6,
        gate_jitter_s=2e-6,
        max_pulse_energy_j=20e-6,
        gate_output=0,
        energy_output=0,
        rate_output=1,
    )


@pytest.fixture(scope="session")
def galvo() -> Machine:
    """110 mm in 2^20 steps."""
    return Machine(
        name="mirrors",
        controller="galvo",
        formats=("ovf", "dxf"),
        envelope_x_min_um=-5000.0,
        envelope_x_max_um=5000.0,
        envelope_y_min_um=-5000.0,
        envelope_y_max_um=5000.0,
        envelope_z_min_um=-2000.0,
        envelope_z_max_um=2000.0,
        max_feed_um_s=2e6,
        max_pulse_energy_j=20e-6,
        field_um=110_000.0,
        bits=20,
        focal_length_um=160_000.0,
        delay_step_s=1e-5,
        max_jump_um_s=8e6,
        tracking_lag_s=1e-4,
    )


@pytest.fixture(scope="session")
def ball() -> Callable[..., Ball]:
    def make(*, radius_um: float = 1000.0, edge_radius_um: float = 900.0) -> Ball:
        return Ball(nose_radius_um=radius_um, edge_radius_um=edge_radius_um)

    return make


@pytest.fixture(scope="session")
def toolpath() -> Toolpath:
    """Two operations run 27 times in turn, then one run once; paths that touch, turn and close."""
    hatch = np.array(
        [(-100.0, 50.0, -6.3), (100.0, 50.0, -6.3), (100.0, 54.0, -6.5), (-100.0, 54.0, -6.5)], dtype=np.float64
    )
    ring = np.array(
        [(200.0, 0.0, -20.2), (0.0, 200.0, -20.2), (-200.0, 0.0, -20.2), (0.0, -200.1234, -20.2), (200.0, 0.0, -20.2)]
    )
    bent = np.array([(200.0, 0.0, -20.2), (210.5, 0.0, -22.3), (220.0, 0.0, -24.5)])
    strong = Process(pulse_energy_j=0.7e-6, repetition_rate_hz=200e3, feed_um_s=20_000.0)
    weak = Process(pulse_energy_j=0.25e-6, repetition_rate_hz=100e3, feed_um_s=12_345.0)
    return Toolpath(
        blocks=(
            Block(
                repeats=27,
                operations=(
                    Operation(
                        name="HATCH-000", process=strong, paths=Polylines(points=hatch, starts=np.array([0, 2, 4]))
                    ),
                    Operation(name="CONTOUR", process=weak, paths=Polylines(points=ring, starts=np.array([0, 5]))),
                ),
            ),
            Block(
                repeats=1,
                operations=(
                    Operation(
                        name="LAST (once)",
                        process=strong,
                        paths=Polylines(points=np.vstack([bent, ring[:2]]), starts=np.array([0, 3, 5])),
                    ),
                ),
            ),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lit:
    """Lit straight pieces in order of execution: (m, 3) float, um, and (m, 3) energy J, rate Hz, feed um/s."""

    begin_um: FloatArray
    end_um: FloatArray
    process: FloatArray


@pytest.fixture(scope="session")
def expanded() -> Callable[[Toolpath], Lit]:
    """Give every lit straight piece that a toolpath asks for, loops written out."""

    def expand(path: Toolpath) -> Lit:
        begins, ends, processes = [], [], []
        for block in path.blocks:
            for operation in block.operations * block.repeats:
                begin, end = operation.paths.segments()
                begins.append(begin)
                ends.append(end)
                process = operation.process
                row = (process.pulse_energy_j, process.repetition_rate_hz, process.feed_um_s)
                processes.append(np.tile(row, (len(begin), 1)))
        return Lit(begin_um=np.concatenate(begins), end_um=np.concatenate(ends), process=np.concatenate(processes))

    return expand
