"""Marks smeared by a drag: the patch goes on behind teeth run together, and a mark is found without votes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engrave.reading import Reader
from engrave.reading import reader as reader_module
from engrave.reading.field import Field, field_of
from engrave.reading.pose import Pose
from toolpaths.surface import HeightMap

Cells = NDArray[np.int8]
Impression = Callable[..., tuple[str, Cells, HeightMap]]

RADIUS_UM, DENT_UM = 800.0, 600.0


def dent(*, smeared_share: float) -> HeightMap:
    """A dent of a sphere in a level cup; teeth 25 um deep from 390 to 480 um, so much of each sector of 7.5 degrees."""
    axis = np.arange(-800.0, 801.0, 5.0)
    x_um, y_um = np.meshgrid(axis, axis)
    out_um = np.hypot(x_um, y_um)
    rise_um = RADIUS_UM - np.sqrt(RADIUS_UM**2 - np.minimum(out_um, DENT_UM) ** 2)
    teeth = (np.degrees(np.arctan2(y_um, x_um)) % 7.5 < 7.5 * smeared_share) & (out_um > 390.0) & (out_um < 480.0)
    return HeightMap(z_um=rise_um - 25.0 * teeth, pixel_um=5.0, x0_um=-800.0, y0_um=-800.0, frame="reading")


def seen(surface: HeightMap) -> Field:
    field = field_of(surface)
    assert field is not None
    return field


@pytest.mark.parametrize("smeared_share", [0.0, 0.4, 0.8])
def test_the_patch_goes_on_behind_teeth_that_have_run_together(smeared_share: float) -> None:
    field = seen(dent(smeared_share=smeared_share))
    assert field.contact_um == pytest.approx(DENT_UM, rel=0.05)
    assert field.middle_um() == pytest.approx((0.0, 0.0), abs=10.0)


def test_a_pit_wider_than_any_smeared_stroke_is_no_part_of_the_patch() -> None:
    # Half of a ring 150 um wide, 60 um down: damage, and nothing that a stroke leaves.
    surface = dent(smeared_share=0.0)
    x_um, y_um = np.meshgrid(surface.x_um(), surface.y_um())
    out_um = np.hypot(x_um, y_um)
    pit = (x_um > 0) & (out_um > 350.0) & (out_um < 500.0)
    field = seen(replace(surface, z_um=surface.z_um - 60.0 * pit))
    inside_um = field.look(np.array([425.0, -425.0]), np.zeros(2))[1]
    assert inside_um[0] <= 0 < inside_um[1]


@pytest.mark.parametrize("turn_rad", [0.3, 2.0, 4.4])
def test_a_mark_is_found_about_the_middle_where_the_votes_lead_astray(
    reader: Reader, random_impression: Impression, monkeypatch: pytest.MonkeyPatch, turn_rad: float
) -> None:
    characters, cells, surface = random_impression(np.random.default_rng(11), turn_rad=turn_rad)
    astray = Pose(x_um=350.0, y_um=-250.0, rotation_rad=1.0, mirrored=False)
    monkeypatch.setattr(reader_module, "candidates", lambda *_, **__: (astray,))
    reading = reader.read(surface)
    assert reading.found
    assert "".join(one.character or "." for one in reading.characters) == characters
    np.testing.assert_array_equal(reading.cells, cells)
    assert abs(np.angle(np.exp(1j * (reading.rotation_rad - turn_rad)))) < np.deg2rad(1.0)
