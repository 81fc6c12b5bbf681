"""A reading: what was found in a primer, symbol by symbol, and on what evidence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.reading.pose import Pose

LOST = -1
"""A ring cell of which nothing can be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterReading:
    """One character as it was read.

    character : None where it is erased. score, runner_up_score : correlation with the best and the next best glyph, -1
    to 1; runner_up is empty where no mark was found. contrast_um : depth of the land that the best glyph implies,
    negative where floor and land are exchanged.
    """

    place: str
    character: str | None
    score: float
    runner_up: str
    runner_up_score: float
    contrast_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeReading:
    """One shape as it was read, by its name with its quarter turns; the rest as in ``CharacterReading``."""

    place: str
    shape: str | None
    score: float
    runner_up: str
    runner_up_score: float
    contrast_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader makes of one primer. Whoever uses it must look at ``found``, ``mirrored`` and ``inverted``.

    found : whether a mark of this geometry and face is there; where it is not, every symbol is erased.
    score : mean correlation of the characters inside the patch, -1 to 1.
    x_um, y_um, rotation_rad : the mark's centre in the picture, and how far it is turned counter-clockwise.
    scale, aspect, aspect_axis_rad : how the picture is stretched, as ``Pose`` has it; 1, 1 and 0 where it is not.
    mirrored, inverted : the symbols were read in a mirror; lands stand up in the primer, as recessed ones do.
    cells : (tracks, sectors) int8, 1 a tooth, 0 a gap, -1 lost; a cell that has no place on the tip is lost, too.
    cell_contrast_um : the same shape, depth of the cell's middle below its flanks; NaN where it cannot be seen.
    shapes : clockwise from twelve o'clock; none in a profile without shapes.
    character_log_likelihoods : (characters, 32), of each symbol at each place, all alike where nothing was seen.
    cell_log_ratios : (tracks, sectors), log-likelihood ratios of a tooth against a gap, 0 where nothing was seen.
    shape_log_likelihoods : (shapes, 32), as of characters, of each value 4 * shape + quarter turns. All by the reader's
    calibration, which was fitted to characters and cells: for shapes it is a prior. What was decided hard does not
    depend on them.
    relief_um : depth of the characters that were read, 0 where none was. contact_um : radius of the dent's patch.
    """

    found: bool
    score: float
    x_um: float
    y_um: float
    rotation_rad: float
    mirrored: bool
    scale: float
    aspect: float
    aspect_axis_rad: float
    inverted: bool
    characters: tuple[CharacterReading, ...]
    cells: NDArray[np.int8]
    cell_contrast_um: NDArray[np.float64]
    shapes: tuple[ShapeReading, ...]
    character_log_likelihoods: NDArray[np.float64]
    cell_log_ratios: NDArray[np.float64]
    shape_log_likelihoods: NDArray[np.float64]
    relief_um: float
    contact_um: float

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (
            self.cells,
            self.cell_contrast_um,
            self.character_log_likelihoods,
            self.cell_log_ratios,
            self.shape_log_likelihoods,
        ):
            array.setflags(write=False)

    @property
    def pose(self) -> Pose:
        """Where the mark lies."""
        return Pose(
            x_um=self.x_um,
            y_um=self.y_um,
            rotation_rad=self.rotation_rad,
            mirrored=self.mirrored,
            scale=self.scale,
            aspect=self.aspect,
            aspect_axis_rad=self.aspect_axis_rad,
        )
