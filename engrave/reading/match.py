"""How well each glyph fits each place of a character, at small shifts, and the pose that fits them best."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.layout import Places
from engrave.reading.field import Field
from engrave.reading.pose import Pose
from engrave.reading.templates import TEMPLATE_UM, Templates

FloatArray = NDArray[np.float64]
Image32 = NDArray[np.float32]

# A place of which less than this lies inside the patch says nothing.
LEAST_INSIDE_SHARE = 0.6
# Fits below this do not steer the pose, nor do places that disagree with the others by more than this.
_LEAST_FIT = 0.35
_MOST_STRAY_UM = 8.0
_LEAST_STEERING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Correlations of every place with every glyph at every shift.

    fit : (places, glyphs, shifts) in -1..1; 0 where the place lies outside the patch. gain_um : the same shape, the
    depth of a land that the fit implies. shifts_um : (shifts, 2) of x and y in the mark's frame. inside : (places,)
    bool.
    """

    pose: Pose
    fit: FloatArray
    gain_um: FloatArray
    shifts_um: FloatArray
    inside: NDArray[np.bool_]

    def best(self, tone: int) -> FloatArray:
        """Best fit of each place over glyphs and shifts, (places,), with the tone +1 or -1."""
        best: FloatArray = (tone * self.fit).max(axis=(1, 2))
        return best

    def support(self, tone: int) -> float:
        """Sum of the best fits, 0 to the number of places: a place that cannot be seen supports nothing."""
        return float(self.best(tone).sum())

    def score(self, tone: int) -> float:
        """Mean of the best fits over the places inside the patch; 0 where there is none."""
        return float(self.best(tone)[self.inside].mean()) if self.inside.any() else 0.0


def match(
    field: Field, geometry: Places, templates: Templates, pose: Pose, *, step_um: float, reach_um: float
) -> Match:
    """Fit every glyph at every place, shifted up to ``reach_um`` in steps of ``step_um``, a multiple of TEMPLATE_UM."""
    stride = round(step_um / TEMPLATE_UM)
    glyphs = templates.glyphs[:, ::stride, ::stride]
    reach = round(reach_um / step_um)
    depth_um, inside_um = _windows(field, geometry, templates, pose, step_um=step_um, reach=reach)
    rows, columns = glyphs.shape[1:]
    window = np.s_[:, reach : reach + rows, reach : reach + columns]
    seen = (inside_um[window] > 0) & np.isfinite(depth_um[window])
    weight: Image32 = seen.reshape(len(seen), -1).astype(np.float32)
    views = np.lib.stride_tricks.sliding_window_view(np.nan_to_num(depth_um), (rows, columns), axis=(1, 2))
    samples = views.reshape(len(weight), -1, rows * columns)
    inside = weight.mean(axis=1) >= LEAST_INSIDE_SHARE
    fit, gain_um = _correlated(samples, weight, glyphs.reshape(len(glyphs), -1))
    shifts = np.arange(-reach, reach + 1) * step_um
    return Match(
        pose=pose,
        fit=np.where(inside[:, None, None], fit, 0.0),
        gain_um=gain_um,
        shifts_um=np.stack(np.meshgrid(shifts, shifts), axis=-1).reshape(-1, 2),
        inside=inside,
    )


def _windows(
    field: Field, geometry: Places, templates: Templates, pose: Pose, *, step_um: float, reach: int
) -> tuple[Image32, FloatArray]:
    """Depth and distance inside the patch about every place, with room for the shifts: (places, rows, columns)."""
    columns = round(templates.half_width_um / step_um) + reach
    rows = round(templates.half_height_um / step_um) + reach
    x_um, y_um = np.meshgrid(np.arange(-columns, columns + 1) * step_um, np.arange(-rows, rows + 1) * step_um)
    centre = np.array([(place.x_um, place.y_um) for place in geometry.characters])
    depth_um, inside_um = field.look(*pose.to_picture(centre[:, 0, None, None] + x_um, centre[:, 1, None, None] + y_um))
    return depth_um.astype(np.float32), inside_um


def _correlated(samples: Image32, weight: Image32, glyphs: Image32) -> tuple[FloatArray, FloatArray]:
    """Weighted normalised correlation and regression slope.

    samples : (places, shifts, pixels); weight : (places, pixels); glyphs : (glyphs, pixels). Both answers are (places,
    glyphs, shifts). The weight does not move with the shift: it changes slowly.
    """
    total = np.maximum(weight.sum(axis=1), 1.0)[:, None]
    mean = (weight @ glyphs.T / total)[:, :, None]
    centred = weight[:, None, :] * (glyphs[None] - mean)
    common = (centred @ samples.transpose(0, 2, 1)).astype(np.float64)
    own = np.maximum((centred * glyphs[None]).sum(axis=2), 1e-6)[:, :, None]
    weighted = samples * weight[:, None, :]
    sums = weighted.sum(axis=2, dtype=np.float64)
    energy = np.einsum("csp,csp->cs", weighted, samples, dtype=np.float64) - sums * sums / total
    # A place without any texture correlates with nothing.
    spread = np.sqrt(np.maximum(energy, 1e-6 * total))[:, None, :]
    return common / (np.sqrt(own) * spread), common / own


def swept(found: Match) -> tuple[Pose, int]:
    """The pose moved by the one shift that suits all places best, and the tone under which it does."""
    support = np.stack([(tone * found.fit).max(axis=1).sum(axis=0) for tone in (1, -1)])
    tone, shift = np.unravel_index(int(np.argmax(support)), support.shape)
    x_um, y_um = found.shifts_um[shift]
    return found.pose.moved(x_um=float(x_um), y_um=float(y_um), turn_rad=0.0), 1 - 2 * int(tone)


def refined(found: Match, geometry: Places, tone: int) -> Pose:
    """The pose moved and turned so that the places' best shifts come to nought, in the least-squares sense."""
    signed = tone * found.fit
    flat = signed.reshape(len(signed), -1)
    best = flat.max(axis=1)
    shift = np.array(
        [
            _peak(signed[place, index // signed.shape[2]], index % signed.shape[2], found.shifts_um)
            for place, index in enumerate(flat.argmax(axis=1))
        ]
    )
    weight = np.where(found.inside & (best > _LEAST_FIT), best * best, 0.0)
    places = np.array([(place.x_um, place.y_um) for place in geometry.characters])
    x_um, y_um, turn_rad = _rigid(places, shift, weight)
    stray_um = np.hypot(*(shift - _carried(places, x_um, y_um, turn_rad)).T)
    kept = np.where(stray_um < _MOST_STRAY_UM, weight, 0.0)
    if np.count_nonzero(kept) >= _LEAST_STEERING:
        x_um, y_um, turn_rad = _rigid(places, shift, kept)
    return found.pose.moved(x_um=x_um, y_um=y_um, turn_rad=turn_rad)


def _peak(fit: FloatArray, index: int, shifts_um: FloatArray) -> FloatArray:
    """The best shift of one glyph at one place, between the samples by parabolas through the neighbours."""
    side = round(np.sqrt(len(fit)))
    grid = fit.reshape(side, side)
    row, column = divmod(index, side)
    step_um = float(shifts_um[1, 0] - shifts_um[0, 0])
    peak: FloatArray = shifts_um[index] + step_um * np.array(
        [_vertex(grid[row], column), _vertex(grid[:, column], row)]
    )
    return peak


def _vertex(line: FloatArray, index: int) -> float:
    if not 0 < index < len(line) - 1:
        return 0.0
    before, here, after = line[index - 1 : index + 2]
    curve = before - 2.0 * here + after
    return float(np.clip((before - after) / (2.0 * curve), -0.5, 0.5)) if curve < 0 else 0.0


def _rigid(places: FloatArray, shift: FloatArray, weight: FloatArray) -> tuple[float, float, float]:
    """Shift and small turn that carry the places by their shifts; no turn where fewer than three places steer."""
    if not weight.any():
        return 0.0, 0.0, 0.0
    share = (weight / weight.sum())[:, None]
    centre, mean = (share * places).sum(axis=0), (share * shift).sum(axis=0)
    arm, move = places - centre, shift - mean
    turn = 0.0
    if np.count_nonzero(weight) >= _LEAST_STEERING:
        turn = float((share[:, 0] * (arm[:, 0] * move[:, 1] - arm[:, 1] * move[:, 0])).sum())
        turn /= float((share * arm * arm).sum())
    return float(mean[0] + turn * centre[1]), float(mean[1] - turn * centre[0]), turn


def _carried(places: FloatArray, x_um: float, y_um: float, turn_rad: float) -> FloatArray:
    return np.column_stack([x_um - turn_rad * places[:, 1], y_um + turn_rad * places[:, 0]])
