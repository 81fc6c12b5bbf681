"""The circle of shapes: read like characters, each place turned with its direction, the pose known from the text."""

from dataclasses import dataclass

import numpy as np

from engrave.layout import Places
from engrave.reading.characters import LEAST_CONTRAST_SHARE, best_glyphs, decided
from engrave.reading.evidence import CharacterEvidence, match_evidence
from engrave.reading.field import Field
from engrave.reading.match import Match, match, shape_spots
from engrave.reading.pose import Pose
from engrave.reading.templates import TEMPLATE_UM, Images
from engrave.reading.values import ShapeReading

# Characters say where the circle lies, to a fraction of a pixel where they are whole, to some um where few are.
_REACH_UM = 7.5
# Where half of the circle is seen, so many of its places show something that looks at all like a shape.
_VISIBLE_SHARE, _SHAPELIKE_FIT, _LEAST_SHAPES = 0.5, 0.55, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CircleView:
    """The places of shapes as they are seen. relief_um : depth of the characters, against which shapes are judged."""

    match: Match
    tone: int
    shapes: tuple[ShapeReading, ...]
    relief_um: float

    def evidence(self) -> CharacterEvidence:
        """What a calibration makes likelihoods of."""
        return match_evidence(self.match, self.tone, usual_um=self.relief_um)

    def is_bare(self) -> bool:
        """Whether much of the circle can be seen and shows no shapes: text alone is no mark of this kind."""
        return bool(self.match.inside.mean() >= _VISIBLE_SHARE) and self.standing() < _LEAST_SHAPES

    def standing(self) -> int:
        """How many places show something like a shape."""
        fit, depth_um = best_glyphs(self.match, self.tone)
        deep_um = np.take_along_axis(depth_um, fit.argmax(axis=1)[:, None], axis=1)[:, 0]
        shapelike = (fit.max(axis=1) >= _SHAPELIKE_FIT) & (deep_um >= LEAST_CONTRAST_SHARE * self.relief_um)
        return int(np.count_nonzero(shapelike & self.match.inside))


def view_circle(
    field: Field, geometry: Places, images: Images | None, pose: Pose, *, tone: int, relief_um: float
) -> CircleView | None:
    """Look at every place of a shape where the pose says it lies; None in a profile without shapes."""
    if images is None:
        return None
    found = match(field, shape_spots(geometry), images, pose, step_um=TEMPLATE_UM, reach_um=_REACH_UM)
    return CircleView(
        match=found,
        tone=tone,
        shapes=tuple(
            ShapeReading(
                place=place.name,
                shape=own.name,
                score=own.score,
                runner_up=own.runner_up,
                runner_up_score=own.runner_up_score,
                contrast_um=own.contrast_um,
            )
            for place, own in zip(geometry.shapes, decided(found, images, tone, usual_um=relief_um), strict=True)
        ),
        relief_um=relief_um,
    )


def erased_shapes(geometry: Places) -> tuple[ShapeReading, ...]:
    """What stands at each place of a mark that is not there."""
    return tuple(
        ShapeReading(place=place.name, shape=None, score=0.0, runner_up="", runner_up_score=0.0, contrast_um=0.0)
        for place in geometry.shapes
    )
