"""Scans of pins as an instrument might give them, with known faults: from a simulated cut, not from any design.

A tip as its machine file cuts it is turned, tilted and shifted as a rigid body, its mark set beside the axis of the
form, sampled on a grid of its own, and given noise, holes and spikes.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
_ROUNDS = 12
_BLOT_UM = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """How a pin lies under the instrument.

    turn_rad : about the axis, anticlockwise. tilt_rad : towards x and towards y. off_um : where the mark's centre lies
    in the scan, x and y.
    """

    turn_rad: float = 0.0
    tilt_rad: tuple[float, float] = (0.0, 0.0)
    off_um: tuple[float, float] = (0.0, 0.0)

    @property
    def matrix(self) -> FloatArray:
        """From the pin's frame into the scan's, (3, 3)."""
        cosine, sine = np.cos(self.turn_rad), np.sin(self.turn_rad)
        turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        return np.asarray(_about(1, self.tilt_rad[0]) @ _about(0, -self.tilt_rad[1]) @ turn)


def _about(axis: int, angle_rad: float) -> FloatArray:
    """A turn about x (0) or y (1)."""
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    if axis == 0:
        return np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    return np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])


def drawn_lie(rng: np.random.Generator, *, tilt_deg: float = 3.0, off_um: float = 50.0) -> Lie:
    """Any turn, a tilt up to this in any direction, a shift up to this in any direction."""
    tilt_rad, tilted = np.radians(tilt_deg) * np.sqrt(rng.uniform()), rng.uniform(0, 2 * np.pi)
    away_um, aside = off_um * np.sqrt(rng.uniform()), rng.uniform(0, 2 * np.pi)
    return Lie(
        turn_rad=float(rng.uniform(0, 2 * np.pi)),
        tilt_rad=(float(tilt_rad * np.cos(tilted)), float(tilt_rad * np.sin(tilted))),
        off_um=(float(away_um * np.cos(aside)), float(away_um * np.sin(aside))),
    )


def beside_form(tip: HeightMap, face_um: FloatArray, *, x_um: float, y_um: float) -> HeightMap:
    """A tip whose mark was cut so far beside the middle of its form; it is the form that moves in the mark's frame.

    face_um : heights of the tip before it was cut, on its own samples.
    """
    depth_um = np.nan_to_num(face_um - tip.z_um)
    rows = tip.z_um.shape
    at = np.mgrid[: rows[0], : rows[1]].astype(np.float64)
    at[0] -= y_um / tip.pixel_um
    at[1] -= x_um / tip.pixel_um
    moved_um = map_coordinates(np.nan_to_num(face_um, nan=np.nanmin(face_um)), at, order=1, mode="nearest")
    there = map_coordinates(np.isfinite(tip.z_um).astype(np.float64), at, order=1, cval=0.0) > 0.999  # noqa: PLR2004 - all
    return replace(tip, z_um=np.where(there, moved_um - depth_um, np.nan))


def scanned(tip: HeightMap, lie: Lie, *, half_um: float, pixel_um: float) -> FloatArray:
    """Heights of a tip that lies so, on a grid about the scan's origin, (rows, columns); NaN beyond the tip.

    Each sample's ray is followed down to the surface by repeated substitution, which a tilt of some degrees lets
    converge on slopes and walls alike but for the steepest places of a wall.
    """
    axis_um = pixel_um * np.arange(-round(half_um / pixel_um), round(half_um / pixel_um) + 1)
    x_um, y_um = np.meshgrid(axis_um, axis_um)
    there = np.isfinite(tip.z_um)
    heights_um = np.where(there, tip.z_um, np.nanmin(tip.z_um))
    matrix = lie.matrix
    origin = np.array([*lie.off_um, 0.0])
    z_um = np.zeros_like(x_um)
    for _ in range(_ROUNDS):
        # A point of the scan in the pin's frame; its height there against the surface's corrects it along the ray.
        places = [
            matrix[0, k] * (x_um - origin[0]) + matrix[1, k] * (y_um - origin[1]) + matrix[2, k] * z_um
            for k in range(3)
        ]
        at = [(places[1] - tip.y0_um) / tip.pixel_um, (places[0] - tip.x0_um) / tip.pixel_um]
        surface_um = map_coordinates(heights_um, at, order=1, mode="nearest")
        z_um = z_um - 0.7 * (places[2] - surface_um)
    held = map_coordinates(there.astype(np.float64), at, order=1, cval=0.0) > 0.999  # noqa: PLR2004 - all four neighbours
    scan_um: FloatArray = np.where(held, z_um, np.nan)
    return scan_um


def disturbed(
    z_um: FloatArray,
    rng: np.random.Generator,
    *,
    pixel_um: float = 1.0,
    noise_um: float = 0.0,
    holes: float = 0.0,
    spikes: float = 0.0,
) -> FloatArray:
    """The heights with normal noise, with holes over such a share (half single samples, half blots), and spikes."""
    z_um = z_um + noise_um * rng.standard_normal(z_um.shape)
    if spikes:
        at = rng.uniform(size=z_um.shape) < spikes
        z_um[at] += rng.choice([-1.0, 1.0], size=int(at.sum())) * rng.uniform(20.0, 200.0, size=int(at.sum()))
    if holes:
        z_um[rng.uniform(size=z_um.shape) < holes / 2] = np.nan
        z_um[_blots(z_um.shape, rng, sigma=_BLOT_UM / pixel_um, share=holes / 2)] = np.nan
    return z_um


def _blots(shape: tuple[int, ...], rng: np.random.Generator, *, sigma: float, share: float) -> NDArray[np.bool_]:
    """Patches about twice as wide as this many samples, and wider where they meet, over such a share."""
    texture = gaussian_filter(rng.standard_normal(shape), sigma)
    blots: NDArray[np.bool_] = texture > np.quantile(texture, 1 - share)
    return blots
