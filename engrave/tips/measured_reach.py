"""How far a face reaches, in which outline, and how much of it was measured."""

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from engrave.tips.measured_mesh import BoolArray, Facets
from engrave.tips.measured_scan import Scan

FloatArray = NDArray[np.float64]

_SAMPLES, _SEED = 40_000, 20_260_108
_RINGS, _CELLS = 30, 40
# A ring counts as part of the face where this much of it was measured.
_RING_SHARE = 0.6
# The outline keeps inside this share of what was found of it, against lone samples that stick out.
_INSIDE_SHARE = 0.1
_MIDDLE_SHARE = 0.25
SECTORS = 72
_PATCHES, _LEAST_IN_PATCH = 24, 4
# The middle of an outline settles in so many rounds; what sticks in or out of it is left out from here on.
_ROUNDS, _RIM_SIGMAS, _RIM_UM = 6, 3.0, 0.5


def facet_samples(scan: Scan, facets: Facets, mask: BoolArray) -> FloatArray:
    """Points spread evenly over the area of these facets, (n, 3) float, um; always the same ones."""
    chosen = np.flatnonzero(mask)
    generator = np.random.default_rng(_SEED)
    area = facets.area_um2[chosen]
    drawn = generator.choice(chosen, _SAMPLES, p=area / area.sum())
    first, second = generator.random((2, _SAMPLES, 1))
    over = first + second > 1
    first, second = np.where(over, 1 - first, first), np.where(over, 1 - second, second)
    a, b, c = np.moveaxis(scan.vertices_um[scan.facets[drawn]], 1, 0)
    return np.asarray(a + first * (b - a) + second * (c - a))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What was found of a face in the plane across its axis, about its pole.

    edge_um : radius of the circle that it fills. covered : share of that circle that was measured.
    middle_covered : the same of its inner quarter. sector_um : (72,) float, how far it reaches in each direction.
    """

    edge_um: float
    covered: float
    middle_covered: float
    sector_um: FloatArray


def reach_of(across_um: FloatArray) -> Reach:
    """The reach of samples (n, 2) about the pole, um."""
    radius_um = np.hypot(across_um[:, 0], across_um[:, 1])
    sector = np.floor((np.arctan2(across_um[:, 1], across_um[:, 0]) + pi) / (2 * pi) * SECTORS).astype(int) % SECTORS
    farthest_um = np.zeros(SECTORS)
    np.maximum.at(farthest_um, sector, radius_um)
    most_um = float(np.quantile(radius_um, 0.999))
    ring = np.minimum((radius_um / most_um * _RINGS).astype(int), _RINGS - 1)
    seen = np.zeros((_RINGS, SECTORS // 2), dtype=np.bool_)
    seen[ring, sector // 2] = True
    full = np.flatnonzero(seen.mean(axis=1) >= _RING_SHARE)
    width_um = most_um / _RINGS
    inner_um = float(full[-1]) * width_um if full.size else 0.0
    reaching = farthest_um[farthest_um >= inner_um]
    edge_um = float(np.quantile(reaching, _INSIDE_SHARE)) if reaching.size else most_um
    return Reach(
        edge_um=edge_um,
        covered=covered_share(across_um, edge_um),
        middle_covered=covered_share(across_um, _MIDDLE_SHARE * edge_um),
        sector_um=farthest_um,
    )


def patch_rms_um(across_um: FloatArray, residual_um: FloatArray) -> float:
    """Root mean square of the residuals' means over patches, a twenty-fourth of the face wide, less what noise leaves.

    Near zero where the residuals of neighbours are independent; near their own where a face has another form.
    """
    least, most = across_um.min(axis=0), across_um.max(axis=0)
    place = np.minimum((across_um - least) / np.maximum(most - least, 1e-9) * _PATCHES, _PATCHES - 1).astype(int)
    number = place[:, 0] * _PATCHES + place[:, 1]
    count = np.bincount(number)
    filled = count >= _LEAST_IN_PATCH
    if not filled.any():
        return 0.0
    mean_um = np.bincount(number, weights=residual_um)[filled] / count[filled]
    noise = float(np.mean(residual_um**2)) * float(np.mean(1 / count[filled]))
    return float(np.sqrt(max(float(np.mean(mean_um**2)) - noise, 0.0)))


def covered_share(across_um: FloatArray, radius_um: float) -> float:
    """Share of a disc's cells, 40 across, that hold a sample. A disc with few samples is divided less finely."""
    inside = across_um[np.hypot(across_um[:, 0], across_um[:, 1]) < radius_um]
    cells = max(min(_CELLS, int(np.sqrt(len(inside) / 8))), 4)
    place = np.minimum((inside / radius_um + 1) / 2 * cells, cells - 1).astype(int)
    seen = np.zeros((cells, cells), dtype=np.bool_)
    seen[place[:, 0], place[:, 1]] = True
    middle = (np.arange(cells) + 0.5) / cells * 2 - 1
    within = np.hypot(middle[:, None], middle[None, :]) < 1 - 1 / cells
    return float(seen[within].mean())


def outline_centre_um(across_um: FloatArray) -> FloatArray:
    """Middle (2,) of the circle through the outermost sample of every direction, less those that stick in or out."""
    centre = across_um.mean(axis=0)
    for _ in range(_ROUNDS):
        off = across_um - centre
        radius_um = np.hypot(off[:, 0], off[:, 1])
        sector = np.floor((np.arctan2(off[:, 1], off[:, 0]) + pi) / (2 * pi) * SECTORS).astype(int) % SECTORS
        order = np.lexsort((radius_um, sector))
        rim = off[order[np.flatnonzero(np.diff(sector[order], append=SECTORS))]]
        rim_um = np.hypot(rim[:, 0], rim[:, 1])
        missed_um = np.abs(rim_um - np.median(rim_um))
        rim = rim[missed_um <= max(_RIM_SIGMAS * 1.4826 * float(np.median(missed_um)), _RIM_UM)]
        # |p|^2 = 2 p.c + k: a circle through the rim, by linear least squares.
        matrix = np.column_stack([2 * rim, np.ones(len(rim))])
        centre = centre + np.linalg.lstsq(matrix, (rim**2).sum(axis=1), rcond=None)[0][:2]
    return np.asarray(centre)


def ellipse_edges_um(sector_um: FloatArray) -> tuple[float, float]:
    """Semi-axes of an upright ellipse within what each direction reaches: by least squares, then drawn in."""
    turn = (np.arange(SECTORS) + 0.5) / SECTORS * 2 * pi - pi
    found = sector_um > 0.5 * np.median(sector_um)
    matrix = np.stack([np.cos(turn[found]) ** 2, np.sin(turn[found]) ** 2], axis=1)
    kept_um = sector_um[found]
    inverse = np.linalg.lstsq(matrix * kept_um[:, None] ** 2, np.ones(len(kept_um)), rcond=None)[0]
    inverse = np.maximum(inverse, 1 / (2 * float(kept_um.max())) ** 2)
    fitted_um = 1 / np.sqrt(matrix @ inverse)
    drawn_in = min(float(np.quantile(kept_um / fitted_um, _INSIDE_SHARE)), 1.0)
    return drawn_in / float(np.sqrt(inverse[0])), drawn_in / float(np.sqrt(inverse[1]))
