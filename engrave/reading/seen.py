"""A mark as it is seen, in a height map or a picture, and the reading that is told of it."""

from dataclasses import dataclass

import numpy as np

from engrave.code.alphabet import ALPHABET
from engrave.code.shapes import SHAPE_NAMES
from engrave.layout import Places
from engrave.reading.calibration import Calibration
from engrave.reading.characters import erased_characters
from engrave.reading.circle import CircleView, erased_shapes
from engrave.reading.evidence import CellEvidence, CharacterEvidence, cell_evidence, character_evidence
from engrave.reading.match import Match
from engrave.reading.pose import wrapped
from engrave.reading.ring import Cells, CellView, is_bare, standing_teeth
from engrave.reading.values import LOST, CharacterReading, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A mark that is there: how it is seen, what was decided of its characters, and its ring or its shapes.

    circle : the places of shapes, None in a profile without. tone : +1 or -1 for lands as pits or as heaps. relief_um :
    depth of the characters; ring_um : what a tooth of that depth would have. contact_um : as in ``Reading``.
    """

    match: Match
    tone: int
    characters: tuple[CharacterReading, ...]
    cells: Cells
    view: CellView
    circle: CircleView | None
    relief_um: float
    ring_um: float
    contact_um: float

    def made_out_share(self) -> float:
        """Part of the ring's cells and of the shapes that were decided, of those that the mark has; 1 without any."""
        every = int(self.view.present.sum())
        made_out = int(np.count_nonzero(self.cells != LOST))
        if self.circle is not None:
            every += len(self.circle.shapes)
            made_out += sum(one.shape is not None for one in self.circle.shapes)
        return made_out / every if every else 1.0

    def is_bare(self) -> bool:
        """Whether there is nothing about the text where there should be."""
        return is_bare(self.view, relief_um=self.ring_um) or (self.circle is not None and self.circle.is_bare())

    def standing(self) -> int:
        """How many teeth and shapes stand about the text, decided or not."""
        teeth = int(standing_teeth(self.view, relief_um=self.ring_um).sum())
        return teeth + (self.circle.standing() if self.circle is not None else 0)

    def evidence(self) -> tuple[CharacterEvidence, CellEvidence]:
        """What a calibration makes likelihoods of, and was fitted to: shapes are apart."""
        characters = character_evidence(self.match, self.tone)
        return characters, cell_evidence(self.view, characters, relief_um=self.ring_um)

    def reading(self, calibration: Calibration) -> Reading:
        """Every symbol, decided and weighed."""
        pose = self.match.pose
        characters, cells = self.evidence()
        return Reading(
            found=True,
            score=self.match.score(self.tone),
            x_um=pose.x_um,
            y_um=pose.y_um,
            rotation_rad=wrapped(pose.rotation_rad),
            mirrored=pose.mirrored,
            scale=pose.scale,
            aspect=pose.aspect,
            aspect_axis_rad=pose.aspect_axis_rad,
            inverted=self.tone < 0,
            characters=self.characters,
            cells=self.cells,
            cell_contrast_um=self.tone * self.view.contrast_um(),
            shapes=self.circle.shapes if self.circle else (),
            character_log_likelihoods=calibration.characters(characters),
            cell_log_ratios=calibration.cells(cells),
            shape_log_likelihoods=(
                calibration.shapes(self.circle.evidence()) if self.circle else np.zeros((0, len(SHAPE_NAMES)))
            ),
            relief_um=self.relief_um,
            contact_um=self.contact_um,
        )


def nothing_seen(geometry: Places, *, score: float = 0.0, contact_um: float = 0.0) -> Reading:
    """The reading of what shows no mark."""
    shape = (len(geometry.settings.tracks), geometry.sectors)
    return Reading(
        found=False,
        score=score,
        x_um=0.0,
        y_um=0.0,
        rotation_rad=0.0,
        mirrored=False,
        scale=1.0,
        aspect=1.0,
        aspect_axis_rad=0.0,
        inverted=False,
        characters=erased_characters(geometry),
        cells=np.full(shape, LOST, dtype=np.int8),
        cell_contrast_um=np.full(shape, np.nan),
        shapes=erased_shapes(geometry),
        character_log_likelihoods=np.zeros((len(geometry.characters), len(ALPHABET))),
        cell_log_ratios=np.zeros(shape),
        shape_log_likelihoods=np.zeros((len(geometry.shapes), len(SHAPE_NAMES))),
        relief_um=0.0,
        contact_um=contact_um,
    )
