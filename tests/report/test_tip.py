"""A tip drawn: true to scale, whole, and the same bytes each time."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from engrave.report.tip import tip_svg
from engrave.tips import PINS, SphericalTip, tip_of

SVG = "{http://www.w3.org/2000/svg}"
BALL = SphericalTip(radius_um=1000.0, edge_radius_um=900.0)


def paths_of(data: bytes) -> dict[str, np.ndarray]:
    """The points of every path by its id, or that of its group."""
    root = ET.fromstring(data)  # noqa: S314 - our own drawing
    named = {path.attrib["id"]: path for path in root.iter(f"{SVG}path") if "id" in path.attrib}
    for group in root.iter(f"{SVG}g"):
        named |= {f"{group.attrib['id']}": path for path in group.iter(f"{SVG}path")}
    return {
        name: np.array(re.findall(r"(-?[\d.]+),(-?[\d.]+)", path.attrib["d"]), dtype=np.float64)
        for name, path in named.items()
    }


def test_a_sphere_of_a_millimetre_has_its_circles_where_plane_geometry_has_them() -> None:
    paths = paths_of(tip_svg(BALL, usable=BALL.boundary.buffer(-25.0), title="x", notes=()))
    assert np.hypot(*paths["face"].T) == pytest.approx(900.0, abs=0.02)
    assert np.hypot(*paths["usable"].T).max() == pytest.approx(875.0, abs=0.1)
    # The edge lies 1000 - sqrt(1000^2 - 900^2) = 564.1 um down: lines every 50 um, at r^2 = 2 R d - d^2.
    assert [name for name in paths if name.startswith("contour")] == [f"contour-{50 * n}" for n in range(1, 12)]
    for depth_um in range(50, 600, 50):
        radius_um = (2000.0 * depth_um - depth_um**2) ** 0.5
        assert np.hypot(*paths[f"contour-{depth_um}"].T) == pytest.approx(radius_um, abs=0.5)
    # Sections to the same scale: as wide as the face, as deep as its edge lies, the apex towards the face.
    along_x, along_y = paths["section-x"], paths["section-y"]
    assert np.ptp(along_x, axis=0) == pytest.approx([1800.0, 564.1], abs=0.1)
    assert np.ptp(along_y, axis=0) == pytest.approx([564.1, 1800.0], abs=0.1)
    assert along_x[along_x[:, 1].argmax(), 0] == pytest.approx(0.0, abs=5.0)
    assert along_y[along_y[:, 0].argmin(), 1] == pytest.approx(0.0, abs=5.0)


@pytest.mark.parametrize("name", PINS.names())
def test_every_shipped_pin_is_drawn_within_its_picture(name: str) -> None:
    tip = tip_of(PINS.load(name).value)
    data = tip_svg(tip, usable=tip.boundary.buffer(-25.0), title=f"pin <{name}>", notes=["a & b"])
    assert data == tip_svg(tip, usable=tip.boundary.buffer(-25.0), title=f"pin <{name}>", notes=["a & b"])
    root = ET.fromstring(data)  # noqa: S314 - our own drawing
    left, top, width, height = (float(number) for number in root.attrib["viewBox"].split())
    assert float(root.attrib["width"].removesuffix("mm")) * 1000 == pytest.approx(width, abs=0.01)
    for points in paths_of(data).values():
        assert np.isfinite(points).all()
        assert left <= points[:, 0].min()
        assert points[:, 0].max() <= left + width
        assert top <= -points[:, 1].max()
        assert -points[:, 1].min() <= top + height
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert "a & b" in words
    assert root.findtext(f"{SVG}title") == f"pin <{name}>"
