"""The reader: a primer's height map and a profile's nominal geometry in, a reading out. It never sees a mark.

The text block alone says where the mark lies and how it is turned; the ring has no say in it but between readings that
fit the text alike, so that a ring turned against its text is read as such.
"""

from dataclasses import dataclass, replace

import numpy as np

from engrave.code.profiles import profile_by_name
from engrave.layout import Places
from engrave.reading.characters import decided_characters, relief_um
from engrave.reading.field import Field, field_of
from engrave.reading.locate import candidates
from engrave.reading.match import Match, match, refined
from engrave.reading.pose import Pose, wrapped
from engrave.reading.ring import decided_cells, is_bare, view_cells
from engrave.reading.templates import TEMPLATE_UM, WALL_UM, Templates, templates_of
from engrave.reading.values import LOST, Reading
from fonts.typeface import Typeface
from toolpaths.surface import HeightMap

LEAST_SCORE = 0.70
"""Below this mean correlation of the characters there is no mark of this kind."""
LEAST_DECIDED_SHARE = 0.5
"""Below this share of decided characters, of those inside the patch, there is none either."""

# The coarse search is right to about half its turn's step, 1.5 degrees or 7 um at the outermost character, and 15 um.
_ROUGH_STEP_UM, _ROUGH_REACH_UM = 5.0, 25.0
_FINE_REACH_UM = 5.0
_FINE_ROUNDS = 2
_CANDIDATES = 3
# A text that fits this well at every place needs no rival to be tried.
_SURE_SUPPORT = 0.85
# Another place whose support comes this near, in characters, might as well be the mark's.
_AMBIGUOUS = 0.5
_ELSEWHERE_UM = 40.0
# Ways to see one place within this of the best, a character, are told apart by their mark cells.
_TIE = 0.05
# A printed stroke needs this many samples across, or it is not to be made out.
_SAMPLES_A_STROKE = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hypothesis:
    """One way of seeing the mark: its match, and +1 or -1 for lands as pits or as heaps."""

    match: Match
    tone: int

    @property
    def score(self) -> float:
        return self.match.score(self.tone)

    @property
    def support(self) -> float:
        return self.match.support(self.tone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads impressions of one geometry and face; made once by ``reader_for``, used for any number of primers."""

    geometry: Places
    templates: Templates

    def read(self, surface: HeightMap) -> Reading:
        """The reading of one primer. Raises ValueError where the map is not in the reading frame or is too coarse."""
        self._require_readable(surface)
        field = field_of(surface)
        if field is None:
            return self._nothing(score=0.0, contact_um=0.0)
        best, alone = self._best(field)
        reading = self._decided(field, best) if alone else None
        return reading or self._nothing(score=best.score, contact_um=field.contact_um)

    def _require_readable(self, surface: HeightMap) -> None:
        stroke_um = self.geometry.settings.stroke_um
        coarsest_um = (stroke_um + 2.0 * WALL_UM) / _SAMPLES_A_STROKE
        faults = []
        if surface.frame != "reading":
            faults.append(f"reading: the primer must be given in the reading frame, not the {surface.frame} frame")
        if surface.pixel_um > coarsest_um:
            faults.append(
                f"reading: pixels of {surface.pixel_um:g} um are too coarse for strokes of {stroke_um:g} um;"
                f" measure the primer at {coarsest_um:g} um or finer"
            )
        if faults:
            raise ValueError("; ".join(faults))

    def _best(self, field: Field) -> tuple[_Hypothesis, bool]:
        """The way of seeing the mark that its text supports best, at its exact pose; whether no other comes near."""
        chosen: list[_Hypothesis] = []
        for place in candidates(field.coarse, self.templates, most=_CANDIDATES):
            chosen.append(self._most_likely(field, [self._tried(field, pose) for pose in _ways_to_see(place)]))
            if chosen[-1].support >= _SURE_SUPPORT * len(self.geometry.characters):
                break
        best = max(chosen, key=lambda hypothesis: hypothesis.support)
        chosen += [
            replace(best, match=self._match(field, pose, step_um=_ROUGH_STEP_UM, reach_um=_FINE_REACH_UM))
            for pose in self._one_pitch_off(best.match.pose)
        ]
        best = max(chosen, key=lambda hypothesis: hypothesis.support)
        alone = not any(_elsewhere(rival, best) and rival.support > best.support - _AMBIGUOUS for rival in chosen)
        for _ in range(_FINE_ROUNDS):
            pose = refined(best.match, self.geometry, best.tone)
            best = replace(best, match=self._match(field, pose, step_um=TEMPLATE_UM, reach_um=_FINE_REACH_UM))
        return best, alone

    def _one_pitch_off(self, pose: Pose) -> tuple[Pose, ...]:
        """Where the text may lie just as well if a row or column is unprinted, or if it has more than it should."""
        settings = self.geometry.settings
        steps = ((settings.column_pitch_um, 0.0), (0.0, settings.row_pitch_um))
        return tuple(
            pose.moved(x_um=sign * x_um, y_um=sign * y_um, turn_rad=0.0) for x_um, y_um in steps for sign in (1, -1)
        )

    def _tried(self, field: Field, pose: Pose) -> _Hypothesis:
        """The pose made better once, and the tone that it speaks for."""
        rough = self._match(field, pose, step_um=_ROUGH_STEP_UM, reach_um=_ROUGH_REACH_UM)
        tone = 1 if rough.score(1) >= rough.score(-1) else -1
        pose = refined(rough, self.geometry, tone)
        return _Hypothesis(match=self._match(field, pose, step_um=_ROUGH_STEP_UM, reach_um=_FINE_REACH_UM), tone=tone)

    def _match(self, field: Field, pose: Pose, *, step_um: float, reach_um: float) -> Match:
        return match(field, self.geometry, self.templates, pose, step_um=step_um, reach_um=reach_um)

    def _most_likely(self, field: Field, rivals: list[_Hypothesis]) -> _Hypothesis:
        """The best by its text; where others come near, the one whose mark cells are right."""
        top = max(rival.support for rival in rivals)
        level = [rival for rival in rivals if rival.support >= top - _TIE * len(self.geometry.characters)]
        if len(level) == 1:
            return level[0]
        return max(level, key=lambda rival: (self._right_mark_cells(field, rival), rival.support))

    def _right_mark_cells(self, field: Field, hypothesis: _Hypothesis) -> int:
        view = view_cells(field, self.geometry, hypothesis.match.pose, tone=hypothesis.tone)
        cells = decided_cells(view, relief_um=relief_um(hypothesis.match, hypothesis.tone))
        expected = np.array(profile_by_name(self.geometry.settings.profile).mark_cells)
        return int((cells[:, : expected.shape[1]] == expected).sum())

    def _decided(self, field: Field, best: _Hypothesis) -> Reading | None:
        """Every symbol under the chosen way of seeing; None where that is no mark."""
        pose, tone = best.match.pose, best.tone
        characters = decided_characters(best.match, self.geometry, self.templates, tone)
        decided = sum(character.character is not None for character in characters)
        if best.score < LEAST_SCORE or decided < max(LEAST_DECIDED_SHARE * int(best.match.inside.sum()), 1):
            return None
        depth_um = relief_um(best.match, tone)
        view = view_cells(field, self.geometry, pose, tone=tone)
        if is_bare(view, relief_um=depth_um):
            return None
        return Reading(
            found=True,
            score=best.score,
            x_um=pose.x_um,
            y_um=pose.y_um,
            rotation_rad=wrapped(pose.rotation_rad),
            mirrored=pose.mirrored,
            inverted=tone < 0,
            characters=characters,
            cells=decided_cells(view, relief_um=depth_um),
            cell_contrast_um=tone * view.contrast_um(),
            relief_um=depth_um,
            contact_um=field.contact_um,
        )

    def _nothing(self, *, score: float, contact_um: float) -> Reading:
        """The reading of a primer in which there is no mark."""
        shape = (len(self.geometry.settings.tracks), self.geometry.sectors)
        return Reading(
            found=False,
            score=score,
            x_um=0.0,
            y_um=0.0,
            rotation_rad=0.0,
            mirrored=False,
            inverted=False,
            characters=(),
            cells=np.full(shape, LOST, dtype=np.int8),
            cell_contrast_um=np.full(shape, np.nan),
            relief_um=0.0,
            contact_um=contact_um,
        )


def reader_for(geometry: Places, typeface: Typeface) -> Reader:
    """A reader of marks of this geometry and face. Raises FontError where the face lacks one of the alphabet."""
    return Reader(geometry=geometry, templates=templates_of(geometry, typeface))


def read_impression(surface: HeightMap, geometry: Places, typeface: Typeface) -> Reading:
    """One primer read once; ``reader_for`` saves time where there are more. Raises as it and ``Reader.read`` do."""
    return reader_for(geometry, typeface).read(surface)


def _elsewhere(one: _Hypothesis, other: _Hypothesis) -> bool:
    a, b = one.match.pose, other.match.pose
    return float(np.hypot(a.x_um - b.x_um, a.y_um - b.y_um)) > _ELSEWHERE_UM


def _ways_to_see(place: Pose) -> tuple[Pose, ...]:
    """A text block looks much the same after half a turn and in a mirror: all four are tried."""
    return tuple(
        replace(place, rotation_rad=wrapped(place.rotation_rad + turn_rad), mirrored=mirrored)
        for turn_rad in (0.0, np.pi)
        for mirrored in (False, True)
    )
