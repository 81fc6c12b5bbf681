"""A sound layout to break: the default sizes, a bar of 14 x 175 um for a glyph, a tip of 1 mm radius."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import pytest
import shapely
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry

from engrave.code.profiles import PROFILES
from engrave.layout import Grounds, LandShapes, LayoutSettings, Places, check_layout, land_shapes, plan_places
from engrave.strike import Condition, Primer
from engrave.tips import SphericalTip
from fonts.typeface import shipped_typeface
from toolpaths.findings import Finding
from toolpaths.laser.recipe import Ablation, Recipe, Step
from toolpaths.surface import disc

BAR = shapely.box(-7.0, -87.5, 7.0, 87.5)
PRIMER = Primer(
    description="test cup",
    thickness_um=500.0,
    yield_stress_pa=450e6,
    hardening_pa=0.0,
    reduced_modulus_pa=79e9,
    backing=0.5,
    backing_least=0.0,
    backing_most=1.0,
)
# ln(F0 / Fth) is 2.033, the crater 2 x 6 sqrt(2.033 / 2) = 12.1 um, the Rayleigh length pi 36 / (1.2 x 1.03) = 91.5 um.
RECIPE = Recipe(
    name="test",
    wavelength_um=1.03,
    beam_quality=1.2,
    spot_radius_um=6.0,
    kerf_um=12.1,
    chord_tolerance_um=5.0,
    ablation=Ablation(threshold_j_cm2=0.16, incubation=0.81, penetration_um=0.0135),
    steps=(
        Step(
            kind="rough",
            pulse_energy_j=0.35e-6,
            repetition_rate_hz=15_000.0,
            feed_um_s=15_000.0,
            hatch_um=4.0,
            angles_rad=(0.25,),
            contour="before",
            passes=0,
        ),
    ),
)
SOUND = Grounds(
    tip=SphericalTip(radius_um=1000.0, edge_radius_um=900.0),
    relief_um=25.0,
    kerf_um=12.1,
    crater_um=12.1,
    wall_um=3.06,
    primer=PRIMER,
    nominal=Condition(description="test", dent_um=350.0),
    field=disc(900.0),
    taper_to=None,
    # Fully backed: a^2 = 1.15 (2 x 1000 x 350 - 350^2).
    largest_patch_um=814.9,
    recipe=RECIPE,
    step_um=0.05,
)


# Judges the sound layout with changes to its sizes, its glyph, its grounds: the findings of a number, or all.
Judge = Callable[..., list[Finding]]


@pytest.fixture(scope="session")
def judge(settings_with: Callable[..., LayoutSettings]) -> Judge:
    face = replace(shipped_typeface("anvil"), glyphs={})

    def shapes_of(places: Places, glyph: BaseGeometry) -> LandShapes:
        circle = places.settings.shapes
        if circle is None:
            return replace(land_shapes(places, face), glyphs={"I": glyph})
        half_um = circle.height_um / 2
        square = shapely.box(-half_um, circle.radius_um - half_um, half_um, circle.radius_um + half_um)
        squares = [{"a0": rotate(square, -30.0 * number, origin=(0.0, 0.0))} for number in range(len(places.shapes))]
        return LandShapes(glyphs={"I": glyph}, teeth=(), shapes=tuple(squares))

    def judged(
        number: str,
        /,
        *,
        sizes: dict[str, Any] | None = None,
        profile: str = "A",
        glyph: BaseGeometry = BAR,
        gone: Collection[tuple[int, int]] = (),
        **grounds: Any,  # noqa: ANN401 - any field of the grounds
    ) -> list[Finding]:
        whole = plan_places(PROFILES[profile], settings_with(profile=profile, **(sizes or {})))
        there = tuple(place for place in whole.teeth if (place.track, place.sector) not in gone)
        places = replace(whole, teeth=there)
        found = check_layout(places, shapes_of(places, glyph), replace(SOUND, **grounds))
        return [finding for finding in found if finding.number == number or not number]

    return judged
