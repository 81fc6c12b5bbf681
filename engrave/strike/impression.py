"""The strike: from the cut tip to the dent it leaves, by the overlap of tip and primer and the fill law."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.base.frames import mirrored_map
from engrave.strike.data import Condition, Primer
from engrave.strike.mechanics import (
    TRAVEL_RELIEFS,
    contact_radius_um,
    dent_touching_um,
    fill_fraction,
    pressure_ratio,
    spring_back_um,
)
from toolpaths.surface import HeightMap, Surface

FloatArray = NDArray[np.float64]

# The land fraction that decides whether lands sink is the mean over about a glyph's stroke and its two gaps (prior).
_NEIGHBOURHOOD_UM = 30.0
# Beyond the patch the free surface comes back to the level of the cup over about this share of its radius (prior).
_FREE_SURFACE_DECAY = 0.35
# A floor is the depth below the tip's own surface that this share of the patch does not exceed.
_FLOOR_PERCENTILE = 95.0
# Relief shallower than this is texture, not a mark.
_LEAST_RELIEF_UM = 0.1
_RADIAL_SAMPLES = 4096
# Simulated heights are rounded, so that the last bits of a machine's arithmetic do not show in files.
_DECIMALS_UM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression:
    """What the strike left.

    surface : the primer in the reading frame; z = 0 is the cup before the strike, negative is into it.
    contact_um : radius of the patch in which the tip touched. pressure : mean pressure over yield stress there.
    """

    surface: HeightMap
    contact_um: float
    pressure: float


def strike(pin: HeightMap, *, form: Surface, primer: Primer, condition: Condition) -> Impression:
    """Strike a primer with a cut tip.

    pin : the tip as cut, pin frame. form : the tip's own surface before it was cut.
    Raises ValueError where ``pin`` is not in the pin frame.
    """
    if pin.frame != "pin":
        raise ValueError(f"strike: the tip must be given in the pin frame, not the {pin.frame} frame")
    x_um, y_um = np.meshgrid(pin.x_um(), pin.y_um())
    radius_um = np.hypot(x_um, y_um)
    form_um = form.height_um(x_um, y_um)
    # NaN beyond the tip's edge, where there is neither land nor floor.
    depth_um = np.maximum(form_um - pin.z_um, 0.0)
    pressure = pressure_ratio(
        thickness_um=primer.thickness_um, nose_radius_um=form.nose_radius_um, backing=primer.backing
    )
    contact = contact_radius_um(
        condition.dent_um,
        nose_radius_um=form.nose_radius_um,
        edge_radius_um=form.edge_radius_um,
        backing=primer.backing,
    )
    touching_um = dent_touching_um(radius_um, nose_radius_um=form.nose_radius_um, backing=primer.backing)
    fill = _filled(
        depth_um, radius_um <= contact, condition.dent_um - touching_um, pixel_um=pin.pixel_um, pressure=pressure
    )
    dent_um = _dent(form, radius_um, form_um, contact=contact, dent_um=condition.dent_um)
    # Smooth in the radius alone: elliptic integrals on a fine line, then interpolated, cost a hundredth.
    line_um = np.linspace(0.0, float(radius_um.max()), _RADIAL_SAMPLES)
    rise_line_um = spring_back_um(
        line_um,
        contact_um=contact,
        pressure_pa=pressure * primer.yield_stress_pa,
        modulus_pa=primer.reduced_modulus_pa,
    )
    rise_um = np.interp(radius_um, line_um, rise_line_um)
    surface = HeightMap(
        z_um=np.round(dent_um + fill * np.nan_to_num(depth_um) + rise_um, _DECIMALS_UM),
        pixel_um=pin.pixel_um,
        x0_um=pin.x0_um,
        y0_um=pin.y0_um,
        frame="pin",
        provenance=(*pin.provenance, f"struck: {condition.description.lower()}, dent {condition.dent_um:g} um"),
    )
    return Impression(surface=mirrored_map(surface), contact_um=contact, pressure=pressure)


def _filled(
    depth_um: FloatArray, patch: NDArray[np.bool_], travel_um: FloatArray, *, pixel_um: float, pressure: float
) -> FloatArray:
    """Share of the relief that the metal fills, 0 outside the patch."""
    from scipy.ndimage import gaussian_filter

    touched = depth_um[patch & np.isfinite(depth_um)]
    relief_um = float(np.percentile(touched, _FLOOR_PERCENTILE)) if touched.size else 0.0
    if relief_um < _LEAST_RELIEF_UM:
        return np.zeros_like(depth_um)
    land = (depth_um < relief_um / 2.0).astype(np.float32)
    fraction = gaussian_filter(land, _NEIGHBOURHOOD_UM / pixel_um, truncate=3.0, mode="constant").astype(np.float64)
    travelled = np.clip(travel_um / (TRAVEL_RELIEFS * relief_um), 0.0, 1.0)
    return np.where(patch, fill_fraction(fraction, pressure=pressure) * travelled, 0.0)


def _dent(form: Surface, radius_um: FloatArray, form_um: FloatArray, *, contact: float, dent_um: float) -> FloatArray:
    """The dent without the mark: the tip's own surface, turned over, inside the patch; a free surface outside it."""
    rim_um = -float(form.height_um(np.array(contact), np.array(0.0))) - dent_um
    free_um = rim_um * np.exp(-(radius_um - contact) / (_FREE_SURFACE_DECAY * contact))
    return np.where(radius_um <= contact, -form_um - dent_um, free_um)
