"""A tip drawn: true to scale, whole, and the same bytes each time."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from engrave.report.tip import tip_svg
from engrave.tips import PINS, SphericalTip, tip_of

SVG = "{http://www.w3.org/2000/svg}"
BALL = SphericalTip(radius_um=1000.0, edge_radius_um=900.0)


def paths_of(data: bytes) -> list[np.ndarray]:
    root = ET.fromstring(data)  # noqa: S314 - our own drawing
    return [
        np.array(
            [
                [float(number) for number in pair.split(",")]
                for pair in re.findall(r"-?[\d.]+,-?[\d.]+", path.attrib["d"])
            ]
        )
        for path in root.iter(f"{SVG}path")
    ]


def test_a_sphere_of_a_millimetre_has_its_circles_where_plane_geometry_has_them() -> None:
    paths = paths_of(tip_svg(BALL, usable=BALL.boundary.buffer(-25.0), title="x", notes=()))
    outline, *contours = paths[:-3]
    usable, along_x, along_y = paths[-3:]
    assert np.hypot(*outline.T) == pytest.approx(900.0, abs=0.02)
    assert np.hypot(*usable.T).max() == pytest.approx(875.0, abs=0.1)
    # The edge lies 1000 - sqrt(1000^2 - 900^2) = 564.1 um down: lines every 50 um, at r^2 = 2 R d - d^2.
    assert len(contours) == 11
    for number, line in enumerate(contours, start=1):
        depth_um = 50.0 * number
        assert np.hypot(*line.T) == pytest.approx((2000.0 * depth_um - depth_um**2) ** 0.5, abs=0.5)
    # Sections to the same scale: as wide as the face, as deep as its edge lies.
    assert np.ptp(along_x, axis=0) == pytest.approx([1800.0, 564.1], abs=0.1)
    assert np.ptp(along_y, axis=0) == pytest.approx([564.1, 1800.0], abs=0.1)


@pytest.mark.parametrize("name", PINS.names())
def test_every_shipped_pin_is_drawn_within_its_picture(name: str) -> None:
    tip = tip_of(PINS.load(name).value)
    data = tip_svg(tip, usable=tip.boundary.buffer(-25.0), title=f"pin <{name}>", notes=["a & b"])
    assert data == tip_svg(tip, usable=tip.boundary.buffer(-25.0), title=f"pin <{name}>", notes=["a & b"])
    root = ET.fromstring(data)  # noqa: S314 - our own drawing
    left, top, width, height = (float(number) for number in root.attrib["viewBox"].split())
    assert float(root.attrib["width"].removesuffix("mm")) * 1000 == pytest.approx(width, abs=0.01)
    for points in paths_of(data):
        assert np.isfinite(points).all()
        assert left <= points[:, 0].min()
        assert points[:, 0].max() <= left + width
        assert top <= -points[:, 1].max()
        assert -points[:, 1].min() <= top + height
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert "a & b" in words
    assert root.findtext(f"{SVG}title") == f"pin <{name}>"
