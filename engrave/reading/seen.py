"""A mark as it is seen, in a height map or a picture, and the reading that is told of it."""

from dataclasses import dataclass

import numpy as np

from engrave.layout import Places
from engrave.reading.calibration import Calibration
from engrave.reading.characters import erased_characters
from engrave.reading.evidence import CellEvidence, CharacterEvidence, cell_evidence, character_evidence
from engrave.reading.match import Match
from engrave.reading.pose import wrapped
from engrave.reading.ring import Cells, CellView
from engrave.reading.values import LOST, CharacterReading, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A mark that is there: how it is seen, what was decided of its characters, and its ring.

    tone : +1 or -1 for lands as pits or as heaps. relief_um : depth of the characters; ring_um : what a tooth of that
    depth would have. contact_um : as in ``Reading``.
    """

    match: Match
    tone: int
    characters: tuple[CharacterReading, ...]
    cells: Cells
    view: CellView
    relief_um: float
    ring_um: float
    contact_um: float

    def evidence(self) -> tuple[CharacterEvidence, CellEvidence]:
        """What a calibration makes likelihoods of."""
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
            character_log_likelihoods=calibration.characters(characters),
            cell_log_ratios=calibration.cells(cells),
            relief_um=self.relief_um,
            contact_um=self.contact_um,
        )


def nothing_seen(geometry: Places, *, symbols: int, score: float = 0.0, contact_um: float = 0.0) -> Reading:
    """The reading of what shows no mark; ``symbols`` : how many a character may be."""
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
        character_log_likelihoods=np.zeros((len(geometry.characters), symbols)),
        cell_log_ratios=np.zeros(shape),
        relief_um=0.0,
        contact_um=contact_um,
    )
