"""The reader of pictures: a grey picture and a profile's nominal geometry in, a reading out.

What is told apart from height maps is the field (brightness for height), the looks of a mark and the size of a pixel;
characters and cells are judged by the same code. Depths in these readings are nepers of darkness, not um.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from engrave.layout import Places
from engrave.reading.calibration import CALIBRATIONS, Calibration
from engrave.reading.characters import decided_characters, relief_um
from engrave.reading.circle import view_circle
from engrave.reading.evidence import CellEvidence, CharacterEvidence
from engrave.reading.field import Field
from engrave.reading.match import Match, character_spots, match
from engrave.reading.picture import Picture
from engrave.reading.picture_field import field_of_picture
from engrave.reading.picture_looks import LOOKS, SEARCHED, Looks, looks_of
from engrave.reading.picture_patch import near_print
from engrave.reading.picture_search import Plan, Start, plan_of, starts
from engrave.reading.pose import Pose, wrapped
from engrave.reading.refine import refined
from engrave.reading.ring import decided_cells, view_cells
from engrave.reading.seen import Seen, nothing_seen
from engrave.reading.templates import TEMPLATE_UM
from engrave.reading.values import Reading
from fonts.typeface import Typeface

SHIPPED = "pictures"
"""The calibration for pictures."""
LEAST_SCORE = 0.50
"""Below this mean correlation of the characters there is no mark of this kind."""
LEAST_SCORE_WITHOUT_RING, LEAST_RING_SHARE = 0.70, 0.25
"""Below the first there is none either where less than the second of the ring's cells is made out."""

# Where to look closer, and how: the search is right to some 30 um, three degrees and four in a hundred.
_STARTS, _STARTS_OF_OTHER_LOOKS = 4, 2
_WIDE_STEP_UM, _WIDE_REACH_UM = 10.0, 40.0
_ROUGH_STEP_UM, _ROUGH_REACH_UM = 5.0, 15.0
_FINE_REACH_UM = 5.0
_ROUNDS, _LEAST_GAIN, _WORTH_IMPROVING = 3, 0.4, 3.0
_FINE_ROUNDS = 2
# A text that fits so well at every place, and so much better, in characters, than what else was tried, needs no other
# start or look.
_SURE_SUPPORT, _SURE_LEAD = 0.5, 2.0
# As in height maps: another way of seeing the mark that comes this near, in characters, might as well be the right one.
_AMBIGUOUS = 0.8
_ELSEWHERE_UM, _ANOTHER_TURN_RAD = 40.0, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureReading:
    """A reading, the pixel it was found at, um, and the look that suited it.

    Where no mark was found the pixel is what was told, 0 where nothing was, and the look is empty. In the reading the
    origin is the picture's middle, y goes up, depths are nepers of darkness, ``inverted`` says strokes are brighter
    than what lies around them, and ``scale`` is what was left over beside ``um_per_px``.
    """

    reading: Reading
    um_per_px: float
    look: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way of seeing the mark: at which pixel, by which look, where, and in which tone."""

    um_per_px: float
    look: str
    tone: int
    match: Match

    @property
    def support(self) -> float:
        return self.match.support(self.tone)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureReader:
    """Reads pictures of one geometry and face; made once by ``picture_reader_for``, used for any number of them."""

    looks: Looks
    plan: Plan
    calibration: Calibration

    def read(self, picture: Picture) -> PictureReading:
        """The reading of one picture."""
        found = self._seen(picture)
        if found is None:
            nothing = nothing_seen(self.looks.geometry)
            return PictureReading(reading=nothing, um_per_px=picture.um_per_px or 0.0, look="")
        way, seen = found
        return PictureReading(reading=seen.reading(self.calibration), um_per_px=way.um_per_px, look=way.look)

    def evidence(self, picture: Picture) -> tuple[CharacterEvidence, CellEvidence] | None:
        """What a calibration makes likelihoods of; None where no mark is found."""
        found = self._seen(picture)
        return found[1].evidence() if found else None

    def _seen(self, picture: Picture) -> tuple[_Way, Seen] | None:
        """The mark as it is seen best; None where there is none, or where two ways of seeing it are as good."""
        tried: list[_Way] = []
        for ways in self._tried(picture):
            tried += ways
            if self._is_sure(tried):
                break
        best = max(tried, key=lambda way: way.support, default=None)
        if best is None or _lead(best, tried) < _AMBIGUOUS:
            return None
        exact = self._exact(picture, best)
        return self._judged(*exact) if exact else None

    def _is_sure(self, tried: list[_Way]) -> bool:
        best = max(tried, key=lambda way: way.support)
        least = _SURE_SUPPORT * len(self.looks.geometry.characters)
        return best.support >= least and _lead(best, tried) >= _SURE_LEAD

    def _tried(self, picture: Picture) -> Iterator[list[_Way]]:
        """All ways of seeing the mark from every start by every look, the likeliest first."""
        places = starts(picture, self.plan, most=_STARTS)
        fields: dict[float, Field | None] = {}
        for look in SEARCHED:
            for start in places if look == SEARCHED[0] else places[:_STARTS_OF_OTHER_LOOKS]:
                if start.um_per_px not in fields:
                    fields[start.um_per_px] = field_of_picture(picture, start.um_per_px)
                field = fields[start.um_per_px]
                if field is not None:
                    yield self._ways(field, start, look)

    def _ways(self, field: Field, start: Start, look: str) -> list[_Way]:
        """A text block looks much the same after half a turn and in a mirror: all four, as good as they get."""
        ways = []
        for turn_rad in (0.0, np.pi):
            for mirrored in (False, True):
                turn = wrapped(start.pose.rotation_rad + turn_rad)
                pose = replace(start.pose, rotation_rad=turn, mirrored=mirrored)
                wide = self._match(field, look, pose, step_um=_WIDE_STEP_UM, reach_um=_WIDE_REACH_UM)
                tone = max((1, -1), key=wide.support)
                own = refined(wide, self.looks.geometry, tone)
                ways.append(
                    self._refined(field, _Way(um_per_px=start.um_per_px, look=look, tone=tone, match=wide), own)
                )
        least = max(way.support for way in ways) - _WORTH_IMPROVING
        return [self._improved(field, way) if way.support >= least else way for way in ways]

    def _improved(self, field: Field, way: _Way) -> _Way:
        """The same in more rounds, as long as they make it better."""
        for _ in range(_ROUNDS):
            again = self._refined(field, way, way.match.pose)
            if again.support < way.support + _LEAST_GAIN:
                return max(way, again, key=lambda one: one.support)
            way = again
        return way

    def _refined(self, field: Field, way: _Way, pose: Pose) -> _Way:
        """The pose made better by a shift for every character."""
        rough = self._match(field, way.look, pose, step_um=_ROUGH_STEP_UM, reach_um=_ROUGH_REACH_UM)
        own = refined(rough, self.looks.geometry, way.tone)
        fine = self._match(field, way.look, own, step_um=_ROUGH_STEP_UM, reach_um=_FINE_REACH_UM)
        return replace(way, match=fine)

    def _match(self, field: Field, look: str, pose: Pose, *, step_um: float, reach_um: float) -> Match:
        spots = character_spots(self.looks.geometry)
        return match(field, spots, self.looks.templates[look].glyphs, pose, step_um=step_um, reach_um=reach_um)

    def _exact(self, picture: Picture, way: _Way) -> tuple[Field, _Way] | None:
        """The best way by the look and at the pixel that suit it, and the field near what printed."""
        pose, um_per_px = way.match.pose, way.um_per_px
        if picture.um_per_px is None:
            um_per_px = um_per_px / pose.scale
            pose = replace(pose, x_um=pose.x_um / pose.scale, y_um=pose.y_um / pose.scale, scale=1.0)
        field = field_of_picture(picture, um_per_px)
        if field is None:
            return None
        best = max(
            (
                replace(way, look=look, um_per_px=um_per_px, match=found)
                for look in LOOKS
                for found in (self._match(field, look, pose, step_um=TEMPLATE_UM, reach_um=_FINE_REACH_UM),)
            ),
            key=lambda one: one.support,
        )
        field = near_print(field, tone=best.tone, relief_um=relief_um(best.match, best.tone))
        for _ in range(_FINE_ROUNDS):
            pose = refined(best.match, self.looks.geometry, best.tone)
            found = self._match(field, best.look, pose, step_um=TEMPLATE_UM, reach_um=_FINE_REACH_UM)
            best = replace(best, match=found)
        return field, best

    def _judged(self, field: Field, way: _Way) -> tuple[_Way, Seen] | None:
        """The mark under the chosen way of seeing; None where that is no mark."""
        pose, tone = way.match.pose, way.tone
        score = way.match.score(tone)
        if score < LEAST_SCORE:
            return None
        geometry, templates = self.looks.geometry, self.looks.templates[way.look]
        depth_um = relief_um(way.match, tone)
        ring_um = self.looks.ring_shares[way.look] * depth_um
        view = view_cells(field, self.looks.ring, pose, tone=tone)
        seen = Seen(
            match=way.match,
            tone=tone,
            characters=decided_characters(way.match, geometry, templates.glyphs, tone),
            cells=decided_cells(view, relief_um=ring_um),
            view=view,
            circle=view_circle(field, geometry, templates.shapes, pose, tone=tone, relief_um=depth_um),
            relief_um=depth_um,
            ring_um=ring_um,
            contact_um=field.contact_um,
        )
        ringless = score < LEAST_SCORE_WITHOUT_RING and seen.made_out_share() < LEAST_RING_SHARE
        return None if ringless or seen.is_bare() else (way, seen)


def picture_reader_for(
    geometry: Places, typeface: Typeface, *, calibration: Calibration | None = None
) -> PictureReader:
    """The reader for a profile's nominal geometry, with the shipped calibration unless another is given.

    Raises FontError where the face lacks a character of the alphabet, or a shape that the profile has.
    """
    return PictureReader(
        looks=looks_of(geometry, typeface),
        plan=plan_of(geometry),
        calibration=calibration or CALIBRATIONS.load(SHIPPED).value,
    )


def _lead(best: _Way, tried: list[_Way]) -> float:
    """How much better supported a way is than the next that is another one."""
    return best.support - max((rival.support for rival in tried if _differs(rival, best)), default=-np.inf)


def _differs(one: _Way, other: _Way) -> bool:
    """Whether two ways are more than two roads to one pose: sizes and places are compared on the picture."""
    a, b = one.match.pose, other.match.pose
    turn_rad = abs(wrapped(a.rotation_rad - b.rotation_rad))
    x_px, y_px = a.x_um / one.um_per_px - b.x_um / other.um_per_px, a.y_um / one.um_per_px - b.y_um / other.um_per_px
    is_elsewhere = float(np.hypot(x_px, y_px)) * other.um_per_px > _ELSEWHERE_UM
    return a.mirrored != b.mirrored or turn_rad > _ANOTHER_TURN_RAD or is_elsewhere
