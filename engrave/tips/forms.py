"""Which figures each shape of tip needs, and which of their values no tip can have."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import cos, degrees, pi, sin

import numpy as np
import shapely
from shapely import Polygon

from engrave.base.config import key_of
from engrave.tips.chisel import EDGE_TURN_RAD

_FEWEST_POINTS = 3
# A bicubic spline needs four samples each way; the middle one lies on the axis, so their number is odd.
_FEWEST_SAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A shape of tip: what it is called, the fields it needs and may have, and what is wrong with their values."""

    noun: str
    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()
    faults: Callable[..., Iterator[str]] = field(default=lambda **_: iter(()))

    @property
    def figures(self) -> tuple[str, ...]:
        """All the fields that belong to the shape."""
        return self.needs + self.takes


def sphere_faults(*, radius_um: float, edge_radius_um: float) -> Iterator[str]:
    """An edge at or beyond the radius."""
    if not edge_radius_um < radius_um:
        yield f"edge_radius: {edge_radius_um:g} um must be less than the radius, {radius_um:g} um"


def ellipse_faults(*, radius_x_um: float, radius_y_um: float, edge_x_um: float, edge_y_um: float) -> Iterator[str]:
    """An edge at or beyond the radius, along x or along y."""
    for axis, edge_um, radius_um in (("x", edge_x_um, radius_x_um), ("y", edge_y_um, radius_y_um)):
        if not edge_um < radius_um:
            yield f"edge_{axis}: {edge_um:g} um must be less than radius_{axis}, {radius_um:g} um"


def cone_faults(*, nose_radius_um: float, half_angle_rad: float, edge_radius_um: float) -> Iterator[str]:
    """A half angle that is none, or an edge that the flank does not reach."""
    if not 0 < half_angle_rad < pi / 2:
        yield f"half_angle: {degrees(half_angle_rad):g} deg must be more than 0 and less than 90 deg, axis to flank"
    elif edge_radius_um <= nose_radius_um * cos(half_angle_rad):
        ends_um = nose_radius_um * cos(half_angle_rad)
        yield (
            f"edge_radius: {edge_radius_um:g} um lies on the nose, which ends {ends_um:g} um from the axis; make it "
            f"larger, or write shape = 'sphere'"
        )


def chisel_faults(
    *, length_x_um: float, width_y_um: float, edge_round_um: float, front_radius_um: float | None
) -> Iterator[str]:
    """A rectangle set across, smaller than its roundings, or wider than its cylindrical front."""
    rounded_um = 2 * edge_round_um * sin(EDGE_TURN_RAD)
    if width_y_um > length_x_um:
        yield f"length_x: {length_x_um:g} um must be at least width_y, {width_y_um:g} um: x is the long way"
    for name, size_um in (("length_x", length_x_um), ("width_y", width_y_um)):
        if size_um <= rounded_um:
            yield (
                f"{name}: {size_um:g} um must be more than {rounded_um:g} um, which two edges rounded by "
                f"{edge_round_um:g} um take"
            )
    if front_radius_um is not None and front_radius_um <= width_y_um / 2:
        yield f"front_radius: {front_radius_um:g} um must be more than half of width_y, {width_y_um / 2:g} um"


def revolved_faults(*, profile_r_um: Sequence[float], profile_z_um: Sequence[float]) -> Iterator[str]:
    """Too few points, radii that do not rise from 0, heights that do not fall from 0."""
    if len(profile_r_um) != len(profile_z_um):
        yield f"profile_z: has {len(profile_z_um)} heights for the {len(profile_r_um)} radii of profile_r"
    for name, values in (("profile_r", profile_r_um), ("profile_z", profile_z_um)):
        if len(values) < _FEWEST_POINTS:
            yield f"{name}: has {len(values)} points; give at least {_FEWEST_POINTS}"
        elif values[0] != 0:
            yield f"{name}[0]: {values[0]:g} um must be 0 um, the apex"
    for index, (last, here) in enumerate(pairwise(profile_r_um), start=1):
        if not here > last:
            yield f"profile_r[{index}]: {here:g} um must be more than the radius before it, {last:g} um"
    for index, (last, here) in enumerate(pairwise(profile_z_um), start=1):
        if not here <= last:
            yield f"profile_z[{index}]: {here:g} um must not be higher than the point before it, {last:g} um"
    if len(profile_z_um) >= _FEWEST_POINTS and not any(profile_z_um):
        yield "profile_z: nowhere falls; write shape = 'flat'"


def measured_faults(
    *,
    step_um: float,
    heights_um: Sequence[Sequence[float]],
    outline_x_um: Sequence[float],
    outline_y_um: Sequence[float],
) -> Iterator[str]:
    """Samples that are no grid about the axis, or an outline that is none or leaves the grid."""
    columns = len(heights_um[0]) if heights_um else 0
    ragged = [index for index, row in enumerate(heights_um) if len(row) != columns]
    for index in ragged:
        yield f"heights[{index}]: has {len(heights_um[index])} samples, the first row {columns}; give each as many"
    for name, count in (("rows", len(heights_um)), ("samples a row", columns)):
        if count < _FEWEST_SAMPLES or count % 2 == 0:
            yield (
                f"heights: has {count} {name}; give an odd number, at least {_FEWEST_SAMPLES}: the middle one lies on "
                f"the axis"
            )
    if len(outline_x_um) != len(outline_y_um):
        yield f"outline_y: has {len(outline_y_um)} points for the {len(outline_x_um)} of outline_x"
    elif len(outline_x_um) < _FEWEST_POINTS:
        yield f"outline_x: has {len(outline_x_um)} points; give at least {_FEWEST_POINTS}"
    elif not ragged:
        half_x_um, half_y_um = (step_um * (count - 1) / 2 for count in (columns, len(heights_um)))
        yield from _outline_faults(outline_of(outline_x_um, outline_y_um), half_x_um, half_y_um)


def _outline_faults(outline: Polygon, half_x_um: float, half_y_um: float) -> Iterator[str]:
    if not outline.is_valid:
        yield f"outline_x: the outline is no simple polygon: {shapely.is_valid_reason(outline)}"
    elif not shapely.contains_xy(outline, 0.0, 0.0):
        yield "outline_x: the outline does not go round the axis, (0, 0)"
    for axis, half_um, reach_um in zip("xy", (half_x_um, half_y_um), _reach_um(outline), strict=True):
        if reach_um > half_um:
            yield f"outline_{axis}: reaches {reach_um:g} um from the axis, the samples {half_um:g} um"


def _reach_um(outline: Polygon) -> tuple[float, float]:
    far = np.abs(np.asarray(outline.exterior.coords)).max(axis=0)
    return float(far[0]), float(far[1])


def outline_of(x_um: Sequence[float], y_um: Sequence[float]) -> Polygon:
    """The polygon through the points of an outline."""
    return Polygon(np.stack([x_um, y_um], axis=1))


FORMS: dict[str, Form] = {
    "sphere": Form(noun="a spherical", needs=("radius_um", "edge_radius_um"), faults=sphere_faults),
    "flat": Form(noun="a flat", needs=("edge_radius_um",)),
    "ellipse": Form(
        noun="an elliptical", needs=("radius_x_um", "radius_y_um", "edge_x_um", "edge_y_um"), faults=ellipse_faults
    ),
    "cone": Form(noun="a conical", needs=("nose_radius_um", "half_angle_rad", "edge_radius_um"), faults=cone_faults),
    "chisel": Form(
        noun="a chisel",
        needs=("length_x_um", "width_y_um", "edge_round_um"),
        takes=("front_radius_um",),
        faults=chisel_faults,
    ),
    "revolved": Form(noun="a revolved", needs=("profile_r_um", "profile_z_um"), faults=revolved_faults),
    "measured": Form(
        noun="a measured",
        needs=("step_um", "heights_um", "outline_x_um", "outline_y_um"),
        faults=measured_faults,
    ),
}


def homes_of(name: str) -> str:
    """The shapes that have a field, as a person would write them."""
    quoted = [f"'{shape}'" for shape, form in FORMS.items() if name in form.figures]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def belonging_faults(form: Form, stated: set[str]) -> Iterator[str]:
    """Fields that the shape lacks or does not have."""
    for name in sorted(stated - set(form.figures)):
        yield f"{key_of(name)}: {form.noun} tip has none; remove it or write shape = {homes_of(name)}"
    for name in form.needs:
        if name not in stated:
            yield f"{key_of(name)}: missing; {form.noun} tip needs its {key_of(name).replace('_', ' ')}"
