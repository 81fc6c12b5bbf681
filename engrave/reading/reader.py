"""The reader: a primer's height map and a profile's nominal geometry in, a reading out. It never sees a mark.

The text block alone says where the mark lies and how it is turned; ring and shapes have no say in it, so that a ring
turned against its text is read as such. Where the text leaves a doubt, there is no reading.
"""

from dataclasses import dataclass, replace

import numpy as np

from engrave.layout import Places
from engrave.reading.calibration import CALIBRATIONS, SHIPPED, Calibration
from engrave.reading.characters import decided_characters, relief_um
from engrave.reading.circle import view_circle
from engrave.reading.evidence import CellEvidence, CharacterEvidence
from engrave.reading.field import Field, fields_of
from engrave.reading.locate import candidates
from engrave.reading.match import Match, character_spots, match
from engrave.reading.pose import Pose, wrapped
from engrave.reading.refine import MOST_ASPECT, MOST_SCALE, best_together, refined, swept
from engrave.reading.ring import decided_cells, view_cells
from engrave.reading.seen import Seen, nothing_seen
from engrave.reading.templates import TEMPLATE_UM, WALL_UM, Templates, templates_of
from engrave.reading.values import Reading
from fonts.typeface import Typeface
from toolpaths.surface import HeightMap

LEAST_SCORE = 0.50
"""Below this mean correlation of the characters there is no mark of this kind."""
LEAST_DECIDED_SHARE = 0.25
"""Below this share of decided characters, of those inside the patch, there is none either."""
LEAST_SCORE_WITHOUT_RING = 0.70
"""Nor is there below this one without a ring, or shapes, where the text says: part of a text may be taken for another
part."""
LEAST_RING_SHARE = 0.15
"""Part of the ring's cells, or of the shapes, that must be decided for that."""

# The coarse search is right to half its step of turns, 1.5 degrees or 7 um at the outermost character. Texts that
# repeat their strokes it places up to half a pitch off.
_SWEEP_STEP_UM, _SWEEP_REACH_UM = 10.0, 90.0
_ROUGH_STEP_UM, _ROUGH_REACH_UM = 5.0, 15.0
_FINE_REACH_UM = 5.0
# A stretched text's outer characters lie further off than the rough reach: it takes more rounds to come to them. A
# round that gains less than this, in characters, is the last, and a way to see it so far behind another is left alone.
_MORE_ROUNDS, _LEAST_GAIN, _WORTH_IMPROVING = 3, 0.4, 3.0
_FINE_ROUNDS = 2
_CANDIDATES = 3
# Where no candidate is a mark by its text alone, the votes may have been led astray: a drag smears strokes into their
# neighbours. A mark lies about the middle of its patch: there every turn is looked at, in steps that a text follows. Of
# 16 dragged marks that the votes had missed, on two spheres and an ellipse, the right turn came out first each time.
_TURNS_ABOUT_THE_MIDDLE = 60
# A text that fits this well at every place needs no rival to be tried.
_SURE_SUPPORT = 0.7
# Another way of seeing it whose support comes this near, in characters, might as well be the right one. In a mirror a
# text of eight U in the shipped face is 1.0 worse: the least that was found.
_AMBIGUOUS = 0.8
# Not so one about which next to no teeth or shapes stand, where about another so many do: where a drag has smeared the
# text, a row that lies outside the patch costs less than one that is smeared. Found on dragged spheres: 2 to 8 against
# none, and 5 against one.
_LEAST_STANDING, _STANDING_RATIO = 2, 4
_ELSEWHERE_UM, _ANOTHER_TURN_RAD = 40.0, 0.2
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
    calibration: Calibration

    def read(self, surface: HeightMap) -> Reading:
        """The reading of one primer. Raises ValueError where the map is not in the reading frame or is too coarse."""
        self._require_readable(surface)
        nothing: Reading | None = None
        for field in fields_of(surface):
            best, alone = self._best(field)
            seen = self._seen(field, best) if alone else None
            if seen is not None:
                return seen.reading(self.calibration)
            nothing = nothing or nothing_seen(self.geometry, score=best.score, contact_um=field.contact_um)
        return nothing or nothing_seen(self.geometry)

    def evidence(self, surface: HeightMap) -> tuple[CharacterEvidence, CellEvidence] | None:
        """What a calibration makes likelihoods of; None where no mark is found. Raises as ``read`` does."""
        self._require_readable(surface)
        for field in fields_of(surface):
            best, alone = self._best(field)
            seen = self._seen(field, best) if alone else None
            if seen is not None:
                return seen.evidence()
        return None

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
        tried: list[_Hypothesis] = []
        for place in candidates(field.coarse, self.geometry, self.templates, most=_CANDIDATES):
            ways = [self._tried(field, pose) for pose in _ways_to_see(place)]
            least = max(way.support for way in ways) - _WORTH_IMPROVING
            tried += [self._improved(field, way) if way.support >= least else way for way in ways]
            best = max(tried, key=lambda hypothesis: hypothesis.support)
            if self._is_sure(best):
                break
        if best.score < LEAST_SCORE_WITHOUT_RING:
            tried += [self._tried(field, pose) for pose in _ways_to_see(self._about_the_middle(field))]
            best = max(tried, key=lambda hypothesis: hypothesis.support)
        tried += [self._beside(field, pose, best) for pose in self._one_pitch_off(best.match.pose)]
        best, alone = self._preferred(field, tried)
        for _ in range(_FINE_ROUNDS):
            pose = refined(best.match, self.geometry, best.tone)
            best = replace(best, match=self._match(field, pose, step_um=TEMPLATE_UM, reach_um=_FINE_REACH_UM))
        return best, alone

    def _about_the_middle(self, field: Field) -> Pose:
        """The pose about the middle of the patch, of all turns, under which one shift makes the characters fit best."""
        x_um, y_um = field.middle_um()
        turns_rad = 2.0 * np.pi * np.arange(_TURNS_ABOUT_THE_MIDDLE) / _TURNS_ABOUT_THE_MIDDLE
        looks = [
            self._match(
                field,
                Pose(x_um=x_um, y_um=y_um, rotation_rad=wrapped(turn_rad), mirrored=False),
                step_um=_SWEEP_STEP_UM,
                reach_um=_SWEEP_REACH_UM,
            )
            for turn_rad in turns_rad.tolist()
        ]
        return max(looks, key=best_together).pose

    def _preferred(self, field: Field, tried: list[_Hypothesis]) -> tuple[_Hypothesis, bool]:
        """The best hypothesis, and whether no other comes near it.

        The text decides. Where it leaves a doubt, what stands about it may: that tells one place of the text from
        another, but not hand or half a turn, which leave ring and circle where they are.
        """
        top = max(tried, key=lambda hypothesis: hypothesis.support)
        near = [one for one in tried if _differs(one, top) and one.support > top.support - _AMBIGUOUS]
        if not near:
            return top, True
        standing = [(self._look(field, one).standing(), one) for one in (top, *near)]
        most, best = max(standing, key=lambda pair: pair[0])
        if most < _LEAST_STANDING or standing[0][0] * _STANDING_RATIO > most:
            most, best = standing[0]
        rivals = [count for count, one in standing if _differs(one, best)]
        return best, most >= _LEAST_STANDING and all(count * _STANDING_RATIO <= most for count in rivals)

    def _beside(self, field: Field, pose: Pose, best: _Hypothesis) -> _Hypothesis:
        """A rival of the best; where that leaves doubts, its pose is made better, too, or it would not be heard."""
        if not self._is_sure(best):
            return self._refined(field, pose, best.tone)
        return replace(best, match=self._match(field, pose, step_um=_ROUGH_STEP_UM, reach_um=_FINE_REACH_UM))

    def _one_pitch_off(self, pose: Pose) -> tuple[Pose, ...]:
        """Where the text may lie just as well if a row or column is unprinted, or if it has more than it should.

        Rows that are staggered fall on each other half a column aside.
        """
        settings = self.geometry.settings
        column_um, row_um = settings.column_pitch_um, settings.row_pitch_um
        steps = [(column_um, 0.0), (0.0, row_um)]
        if len({columns % 2 for columns in settings.rows}) > 1:
            steps += [(column_um / 2, row_um), (-column_um / 2, row_um)]
        return tuple(
            pose.moved(x_um=sign * x_um, y_um=sign * y_um, turn_rad=0.0) for x_um, y_um in steps for sign in (1, -1)
        )

    def _tried(self, field: Field, pose: Pose) -> _Hypothesis:
        """The pose made better, at first by one shift for all characters, and the tone that it speaks for."""
        sweep = self._match(field, pose, step_um=_SWEEP_STEP_UM, reach_um=_SWEEP_REACH_UM)
        pose, tone = swept(sweep)
        return self._refined(field, pose, tone)

    def _improved(self, field: Field, tried: _Hypothesis) -> _Hypothesis:
        """The same in more rounds, as long as they make it better."""
        for _ in range(_MORE_ROUNDS):
            if self._is_sure(tried):
                break
            again = self._refined(field, tried.match.pose, tried.tone)
            if again.support < tried.support + _LEAST_GAIN:
                break
            tried = again
        return tried

    def _refined(self, field: Field, pose: Pose, tone: int) -> _Hypothesis:
        """The pose made better by a shift for every character."""
        rough = self._match(field, pose, step_um=_ROUGH_STEP_UM, reach_um=_ROUGH_REACH_UM)
        pose = refined(rough, self.geometry, tone)
        return _Hypothesis(match=self._match(field, pose, step_um=_ROUGH_STEP_UM, reach_um=_FINE_REACH_UM), tone=tone)

    def _is_sure(self, hypothesis: _Hypothesis) -> bool:
        return hypothesis.support >= _SURE_SUPPORT * len(self.geometry.characters)

    def _match(self, field: Field, pose: Pose, *, step_um: float, reach_um: float) -> Match:
        spots = character_spots(self.geometry)
        return match(field, spots, self.templates.glyphs, pose, step_um=step_um, reach_um=reach_um)

    def _seen(self, field: Field, best: _Hypothesis) -> Seen | None:
        """The mark under the chosen way of seeing; None where that is no mark."""
        if best.match.pose.is_stretched_by(scale=MOST_SCALE, aspect=MOST_ASPECT):
            return None
        seen = self._look(field, best)
        decided = sum(character.character is not None for character in seen.characters)
        if best.score < LEAST_SCORE or decided < max(LEAST_DECIDED_SHARE * int(best.match.inside.sum()), 1):
            return None
        ringless = best.score < LEAST_SCORE_WITHOUT_RING and seen.made_out_share() < LEAST_RING_SHARE
        return None if ringless or seen.is_bare() else seen

    def _look(self, field: Field, hypothesis: _Hypothesis) -> Seen:
        """What there is to see under a way of seeing, be it a mark or not."""
        pose, tone = hypothesis.match.pose, hypothesis.tone
        depth_um = relief_um(hypothesis.match, tone)
        view = view_cells(field, self.geometry, pose, tone=tone)
        return Seen(
            match=hypothesis.match,
            tone=tone,
            characters=decided_characters(hypothesis.match, self.geometry, self.templates.glyphs, tone),
            cells=decided_cells(view, relief_um=depth_um),
            view=view,
            circle=view_circle(field, self.geometry, self.templates.shapes, pose, tone=tone, relief_um=depth_um),
            relief_um=depth_um,
            ring_um=depth_um,
            contact_um=field.contact_um,
        )


def reader_for(geometry: Places, typeface: Typeface, *, calibration: Calibration | None = None) -> Reader:
    """A reader of marks of this geometry and face; the shipped calibration where none is given.

    Raises FontError where the face lacks one of the alphabet, or a shape that the profile has.
    """
    return Reader(
        geometry=geometry,
        templates=templates_of(geometry, typeface),
        calibration=calibration or CALIBRATIONS.load(SHIPPED).value,
    )


def read_impression(surface: HeightMap, geometry: Places, typeface: Typeface) -> Reading:
    """One primer read once; ``reader_for`` saves time where there are more. Raises as it and ``Reader.read`` do."""
    return reader_for(geometry, typeface).read(surface)


def _differs(one: _Hypothesis, other: _Hypothesis) -> bool:
    """Whether two hypotheses are more than two roads to one pose."""
    a, b = one.match.pose, other.match.pose
    turn_rad = abs(wrapped(a.rotation_rad - b.rotation_rad))
    distance_um = float(np.hypot(a.x_um - b.x_um, a.y_um - b.y_um))
    return a.mirrored != b.mirrored or turn_rad > _ANOTHER_TURN_RAD or distance_um > _ELSEWHERE_UM


def _ways_to_see(place: Pose) -> tuple[Pose, ...]:
    """A text block looks much the same after half a turn and in a mirror: all four are tried."""
    return tuple(
        replace(place, rotation_rad=wrapped(place.rotation_rad + turn_rad), mirrored=mirrored)
        for turn_rad in (0.0, np.pi)
        for mirrored in (False, True)
    )
