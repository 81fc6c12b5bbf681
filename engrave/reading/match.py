"""How well each glyph fits each place of a character, or each shape each place of one, at small shifts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.layout import Places
from engrave.reading.field import Field
from engrave.reading.pose import Pose
from engrave.reading.templates import TEMPLATE_UM, Images

FloatArray = NDArray[np.float64]
Image32 = NDArray[np.float32]

# A place of which less than this lies inside the patch says nothing.
LEAST_INSIDE_SHARE = 0.6
CHANCE_FIT = 0.5
"""About the best that any of the glyphs fits where there is none: .2 to .5 on simulated primers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spots:
    """Where the cells of one kind lie in the mark's own frame: centres, um, and turns counter-clockwise; (n,) each."""

    x_um: FloatArray
    y_um: FloatArray
    turn_rad: FloatArray


def character_spots(geometry: Places) -> Spots:
    """The places of characters: all upright."""
    centres = np.array([(place.x_um, place.y_um) for place in geometry.characters])
    return Spots(x_um=centres[:, 0], y_um=centres[:, 1], turn_rad=np.zeros(len(centres)))


def shape_spots(geometry: Places) -> Spots:
    """The places of shapes: each turned so that its foot is towards the mark's centre; none in most profiles."""
    circle = geometry.settings.shapes
    radius_um = 0.0 if circle is None else circle.radius_um
    angle_rad = np.array([place.angle_rad for place in geometry.shapes])
    return Spots(x_um=radius_um * np.cos(angle_rad), y_um=radius_um * np.sin(angle_rad), turn_rad=angle_rad - np.pi / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Correlations of every place with every glyph at every shift.

    fit : (places, glyphs, shifts) in -1..1; 0 where the place lies outside the patch. gain_um : the same shape, the
    depth of a land that the fit implies. shifts_um : (shifts, 2) of x and y in the place's own frame, which is the
    mark's for characters. share : (places,) how much of each place lies inside the patch. inside : (places,) whether
    that is enough.
    """

    pose: Pose
    fit: FloatArray
    gain_um: FloatArray
    shifts_um: FloatArray
    share: FloatArray
    inside: NDArray[np.bool_]

    def best(self, tone: int) -> FloatArray:
        """Best fit of each place over glyphs and shifts, (places,), with the tone +1 or -1."""
        best: FloatArray = (tone * self.fit).max(axis=(1, 2))
        return best

    def support(self, tone: int) -> float:
        """What speaks for the pose, in characters: as many as there are places at most.

        A place that cannot be seen supports nothing, and one that can and shows nothing like a glyph speaks against
        the pose: otherwise a text that is partly hidden would be taken for one that lies further inside the patch.
        """
        return float(((self.best(tone) - CHANCE_FIT) / (1.0 - CHANCE_FIT))[self.inside].sum())

    def score(self, tone: int) -> float:
        """Mean of the best fits over the places inside the patch; 0 where there is none."""
        return float(self.best(tone)[self.inside].mean()) if self.inside.any() else 0.0


def match(field: Field, spots: Spots, images: Images, pose: Pose, *, step_um: float, reach_um: float) -> Match:
    """Fit every image at every place, shifted up to ``reach_um`` in steps of ``step_um``, a multiple of TEMPLATE_UM."""
    stride = round(step_um / TEMPLATE_UM)
    glyphs = images.pixels[:, ::stride, ::stride]
    reach = round(reach_um / step_um)
    depth_um, inside_um = _windows(field, spots, images, pose, step_um=step_um, reach=reach)
    rows, columns = glyphs.shape[1:]
    window = np.s_[:, reach : reach + rows, reach : reach + columns]
    seen = (inside_um[window] > 0) & np.isfinite(depth_um[window])
    weight: Image32 = seen.reshape(len(seen), -1).astype(np.float32)
    views = np.lib.stride_tricks.sliding_window_view(np.nan_to_num(depth_um), (rows, columns), axis=(1, 2))
    samples = views.reshape(len(weight), -1, rows * columns)
    share = weight.mean(axis=1, dtype=np.float64)
    inside = share >= LEAST_INSIDE_SHARE
    fit, gain_um = _correlated(samples, weight, glyphs.reshape(len(glyphs), -1))
    shifts = np.arange(-reach, reach + 1) * step_um
    return Match(
        pose=pose,
        fit=np.where(inside[:, None, None], fit, 0.0),
        gain_um=gain_um,
        shifts_um=np.stack(np.meshgrid(shifts, shifts), axis=-1).reshape(-1, 2),
        share=share,
        inside=inside,
    )


def _windows(
    field: Field, spots: Spots, images: Images, pose: Pose, *, step_um: float, reach: int
) -> tuple[Image32, FloatArray]:
    """Depth and distance inside the patch about every place, with room for the shifts: (places, rows, columns)."""
    columns = round(images.half_width_um / step_um) + reach
    rows = round(images.half_height_um / step_um) + reach
    x_um, y_um = np.meshgrid(np.arange(-columns, columns + 1) * step_um, np.arange(-rows, rows + 1) * step_um)
    if spots.turn_rad.any():
        cosine, sine = np.cos(spots.turn_rad)[:, None, None], np.sin(spots.turn_rad)[:, None, None]
        x_um, y_um = cosine * x_um - sine * y_um, sine * x_um + cosine * y_um
    depth_um, inside_um = field.look(
        *pose.to_picture(spots.x_um[:, None, None] + x_um, spots.y_um[:, None, None] + y_um)
    )
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
