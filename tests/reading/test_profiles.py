"""Marks of every profile, in other rows, on tips narrower than their ring, and recessed: each symbol is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from shapely import box, contains_xy, union_all
from shapely.geometry.base import BaseGeometry

from engrave.code.alphabet import ALPHABET
from engrave.code.evidence import soft_reading
from engrave.code.mark import Mark, mark_with_id
from engrave.code.profiles import PROFILES
from engrave.code.shapes import SHAPE_NAMES
from engrave.code.soft import SoftDecoding, decode_soft
from engrave.layout import Layout, LayoutSettings, Places, Track, land_shapes, lay_out, plan_places
from engrave.layout.places import ShapeCircle
from engrave.reading import LOST, Reader, Reading, measure, reader_for
from engrave.strike import ENSEMBLES, PRIMERS, Condition, Part, drawn
from engrave.tips import PINS, tip_of
from fonts.typeface import shipped_typeface
from toolpaths.surface import HeightMap

Impress = Callable[..., HeightMap]
Roughen = Callable[[HeightMap, np.random.Generator, float], HeightMap]
Cells = NDArray[np.int8]

ROWS = {(4, 4): (175.0, 175.0, 215.0), (2, 2, 2, 2): (150.0, 175.0, 170.0), (3, 3, 2): (175.0, 175.0, 200.0)}
"""Height of the characters, pitch of the columns, pitch of the rows, um."""
ROWS[(8,)] = (100.0, 100.0, 120.0)
NARROW = box(-900.0, -350.0, 900.0, 350.0)
"""A tip of 1.8 x 0.7 mm."""
TRACKS = (Track(inner_um=435.0, outer_um=510.0), Track(inner_um=525.0, outer_um=600.0))
IDENTIFIER = 375_768_340


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of mark."""

    profile: str
    rows: tuple[int, ...] = (4, 4)
    partial: bool = False
    polarity: str = "raised"
    stroke_um: float = 14.0

    def __str__(self) -> str:
        """What pytest calls it."""
        rows = "-".join(map(str, self.rows))
        return f"{self.profile} {rows} {self.polarity}{', part of a ring' if self.partial else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A kind of mark made ready, and one mark of it."""

    places: Places
    reader: Reader
    mark: Mark
    layout: Layout

    @property
    def outlines(self) -> Sequence[BaseGeometry]:
        """Outlines at the crest, reading frame."""
        return [land.outline for land in self.layout.lands]

    @property
    def cells(self) -> Cells:
        """The ring as it can be read: absent cells cannot."""
        ring = np.array([[int(cell) for cell in track] for track in self.mark.ring], dtype=np.int8)
        present = self.places.present()
        return np.where(present, ring.reshape(present.shape), LOST).astype(np.int8)


@cache
def known(kind: Kind) -> Known:
    profile = PROFILES[kind.profile]
    height_um, column_pitch_um, row_pitch_um = ROWS[kind.rows]
    settings = LayoutSettings(
        profile=kind.profile,
        face="anvil",
        height_um=height_um,
        stroke_um=kind.stroke_um,
        column_pitch_um=column_pitch_um,
        row_pitch_um=row_pitch_um,
        tooth_um=kind.stroke_um if profile.tracks else None,
        tracks=TRACKS[: profile.tracks],
        shapes=ShapeCircle(height_um=110.0, radius_um=530.0) if profile.shapes else None,
        rows=kind.rows,
        polarity=kind.polarity,
    )
    places = plan_places(profile, settings, within=NARROW if kind.partial else None)
    mark = mark_with_id(identifier=IDENTIFIER, serial="AAA0001", maker="Acme", model="P9", profile=profile)
    face = shipped_typeface("anvil")
    outlines = land_shapes(places, face)
    layout = lay_out(places, outlines, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
    return Known(places=places, reader=reader_for(places, face), mark=mark, layout=layout)


def decoded(reading: Reading, profile: str) -> SoftDecoding:
    return decode_soft(
        soft_reading(
            PROFILES[profile],
            characters=reading.character_log_likelihoods,
            cells=reading.cell_log_ratios,
            shapes=reading.shape_log_likelihoods,
        )
    )


def named(reading: Reading, profile: str) -> int | None:
    best = decoded(reading, profile).identified
    return best.id if best else None


def wrong_symbols(reading: Reading, own: Known) -> int:
    """Symbols that were decided, and wrongly."""
    text = zip(reading.characters, own.mark.characters, strict=True)
    shapes = zip(reading.shapes, own.mark.shapes, strict=True)
    return (
        sum(read.character not in (None, meant) for read, meant in text)
        + sum(read.shape not in (None, meant) for read, meant in shapes)
        + int(((reading.cells != LOST) & (reading.cells != own.cells)).sum())
    )


def assert_read(reading: Reading, own: Known) -> None:
    """Every symbol, and the likelihoods speak for it."""
    assert reading.found
    assert "".join(read.character or "." for read in reading.characters) == own.mark.characters
    np.testing.assert_array_equal(reading.cells, own.cells)
    assert tuple(read.shape for read in reading.shapes) == own.mark.shapes
    assert [read.place for read in reading.shapes] == [place.name for place in own.places.shapes]
    absent = own.cells == LOST
    assert not reading.cell_log_ratios[absent].any()
    assert np.isnan(reading.cell_contrast_um[absent]).all()
    best = decoded(reading, own.mark.profile).candidates[0]
    assert best.id == IDENTIFIER
    assert not best.overruled


def heaped(smooth: HeightMap, outlines: Sequence[BaseGeometry]) -> HeightMap:
    """The primer that the metal fills every groove of a recessed mark of, 25 um high, walls of 7 um inside."""
    x_um, y_um = np.meshgrid(smooth.x_um(), smooth.y_um())
    grooves = union_all([outline.buffer(-3.4) for outline in outlines])
    land = gaussian_filter(contains_xy(grooves, x_um, y_um).astype(np.float64), 6.8 / 2.563 / smooth.pixel_um)
    return replace(smooth, z_um=smooth.z_um + np.where(np.hypot(x_um, y_um) < 720.0, 25.0 * land, 0.0))


QUICK = [
    Kind(profile="A", rows=(3, 3, 2), partial=True),
    Kind(profile="D", rows=(2, 2, 2, 2)),
    Kind(profile="D", rows=(8,), partial=True),
    Kind(profile="S"),
    Kind(profile="G"),
]
EVERY = [
    Kind(profile=profile, rows=rows, partial=partial)
    for profile in PROFILES
    for rows in ROWS
    for partial in (False, True)
    if not (partial and profile == "G")
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [*QUICK, *(pytest.param(kind, marks=pytest.mark.slow) for kind in EVERY if kind not in QUICK)], ids=str
)
def test_every_symbol_of_every_kind(kind: Kind, impress: Impress) -> None:
    own = known(kind)
    reading = own.reader.read(impress(own.outlines, turn_rad=1.3))
    assert_read(reading, own)
    assert not reading.mirrored
    assert not reading.inverted
    assert reading.rotation_rad == pytest.approx(1.3, abs=np.radians(0.15))
    assert np.hypot(reading.x_um, reading.y_um) < 1.0
    # Of S on a narrow tip too little is left to identify a pin beside its characters.
    if not (kind.profile == "S" and kind.partial):
        assert named(reading, kind.profile) == IDENTIFIER


RECESSED = [
    Kind(profile=profile, rows=rows, polarity="recessed", stroke_um=20.0, partial=profile == "D" and rows == (4, 4))
    for profile in PROFILES
    for rows in ROWS
]
_QUICKLY = {("D", (4, 4)), ("G", (3, 3, 2))}


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=[] if (kind.profile, kind.rows) in _QUICKLY else pytest.mark.slow, id=str(kind))
        for kind in RECESSED
    ],
)
def test_a_recessed_mark_is_read_inverted_and_its_heaps_have_depths(kind: Kind, impress: Impress) -> None:
    own = known(kind)
    surface = heaped(impress([]), own.outlines)
    reading = own.reader.read(surface)
    assert_read(reading, own)
    assert reading.inverted
    assert not reading.mirrored
    assert named(reading, kind.profile) == IDENTIFIER
    lands = measure(surface, own.places, shipped_typeface("anvil"), reading)
    assert [land.name for land in lands] == [land.place for land in own.layout.lands]
    # A groove of 20 um is 25 um deep over 6 um of its width.
    assert all(20.0 < land.depth_um < 25.0 for land in lands)
    assert all(land.printed_share > 0.9 for land in lands)


def test_a_recessed_mark_that_does_not_fill_names_nobody(impress: Impress) -> None:
    """The metal bridges grooves of 14 um under half the backing: nothing prints."""
    own = known(Kind(profile="A", polarity="recessed"))
    assert not own.reader.read(impress(own.outlines, polarity="recessed")).found


@pytest.mark.parametrize(
    "kind",
    [Kind(profile="D", rows=(8,), partial=True), pytest.param(Kind(profile="G"), marks=pytest.mark.slow)],
    ids=str,
)
def test_a_mirrored_picture_says_so(kind: Kind, impress: Impress) -> None:
    own = known(kind)
    surface = impress(own.outlines, turn_rad=0.7)
    reading = own.reader.read(replace(surface, z_um=surface.z_um[:, ::-1]))
    assert reading.mirrored
    assert not reading.inverted
    assert_read(reading, own)


def test_exchanged_tone_says_so(impress: Impress) -> None:
    own = known(Kind(profile="G"))
    surface = impress(own.outlines)
    reading = own.reader.read(replace(surface, z_um=2.0 * impress([]).z_um - surface.z_um))
    assert reading.inverted
    assert_read(reading, own)
    assert all(read.contrast_um < 0 for read in reading.shapes)


@pytest.mark.parametrize(
    "kind",
    [
        Kind(profile="G"),
        pytest.param(Kind(profile="D", rows=(3, 3, 2)), marks=pytest.mark.slow),
        pytest.param(Kind(profile="A", rows=(2, 2, 2, 2), partial=True), marks=pytest.mark.slow),
        pytest.param(Kind(profile="S", rows=(3, 3, 2)), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_a_lost_side_erases_and_misreads_nothing(kind: Kind, impress: Impress, roughened: Roughen) -> None:
    own = known(kind)
    surface = roughened(impress(own.outlines, turn_rad=-0.8), np.random.default_rng(701), 1.5)
    x_um, y_um = np.meshgrid(surface.x_um(), surface.y_um())
    # All within 25 degrees to either side of the mark's own three o'clock, and the last column.
    side = (x_um * np.cos(-0.8) + y_um * np.sin(-0.8)) > 200.0
    reading = own.reader.read(replace(surface, z_um=np.where(side, np.nan, surface.z_um)))
    assert reading.found
    assert wrong_symbols(reading, own) == 0
    if kind.profile == "G":
        # Three o'clock and its neighbours; 12, 6 and what lies left of them are whole.
        assert all(reading.shapes[number].shape is None for number in (2, 3, 4))
        assert all(reading.shapes[number].shape == own.mark.shapes[number] for number in (0, 6, 7, 8, 9, 10, 11))
        assert not np.ptp(reading.shape_log_likelihoods[3])
    else:
        quarter = own.places.sectors // 4
        assert (reading.cells[:, quarter] == LOST).all()
        assert not reading.cell_log_ratios[:, quarter].any()
    assert named(reading, kind.profile) in {None, IDENTIFIER}


def test_a_weak_strike_erases_shapes_and_misreads_none(impress: Impress) -> None:
    """A dent of 0.2 mm touches out to 577 um, one of .15 mm to 505 um: the shapes end at 585 um."""
    own = known(Kind(profile="G"))
    lost = []
    for dent_um in (200.0, 150.0):
        condition = Condition(description="weaker than weak", dent_um=dent_um)
        reading = own.reader.read(impress(own.outlines, condition=condition, shift_um=(30.0, 20.0)))
        assert reading.found
        assert wrong_symbols(reading, own) == 0
        lost.append(sum(read.shape is None for read in reading.shapes))
    assert 0 < lost[0] < lost[1]
    assert lost[1] >= 8


def test_text_without_its_shapes_is_no_mark(impress: Impress) -> None:
    own = known(Kind(profile="G"))
    reading = own.reader.read(impress([land.outline for land in own.layout.characters]))
    assert not reading.found
    assert [read.shape for read in reading.shapes] == [None] * 12
    assert not reading.shape_log_likelihoods.any()
    assert reading.shape_log_likelihoods.shape == (12, 32)


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_a_reader_of_another_profile_identifies_nobody_else(profile: str, impress: Impress) -> None:
    """All profiles write the same characters: what surrounds them must not make another pin of it."""
    struck = known(Kind(profile=profile))
    surface = impress(struck.outlines)
    for other in set(PROFILES) - {profile}:
        assert named(known(Kind(profile=other)).reader.read(surface), other) in {None, IDENTIFIER}


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["D", "S", "G"])
def test_noise_decides_nothing_wrongly(profile: str, impress: Impress, roughened: Roughen) -> None:
    own = known(Kind(profile=profile))
    rng = np.random.default_rng(702)
    surface = impress(own.outlines)
    for share in (0.15, 0.3, 0.45):
        assert wrong_symbols(own.reader.read(roughened(surface, rng, share * 25.0)), own) == 0


@pytest.mark.parametrize(
    ("tip", "kind", "edge"),
    [
        ("ellipse-1.6x0.9", Kind(profile="D", rows=(8,)), "curved"),
        pytest.param("chisel-1.8x0.7", Kind(profile="A", rows=(4, 4)), "straight", marks=pytest.mark.slow),
    ],
)
def test_a_tip_that_is_not_round(tip: str, kind: Kind, edge: str, impress: Impress) -> None:
    """The dent's form bends unlike along two axes: a round one would follow a third of the patch at most."""
    surface = tip_of(PINS.load(tip).value)
    whole = known(kind)
    places = plan_places(PROFILES[kind.profile], whole.places.settings, within=surface.boundary.buffer(-20.0))
    assert 0 < len(places.teeth) < len(whole.places.teeth), edge
    face = shipped_typeface("anvil")
    mark = whole.mark
    layout = lay_out(places, land_shapes(places, face), characters=mark.characters, ring=mark.ring)
    own = Known(places=places, reader=reader_for(places, face), mark=mark, layout=layout)
    reading = own.reader.read(impress(own.outlines, tip=surface))
    assert_read(reading, own)
    assert named(reading, kind.profile) == IDENTIFIER


@pytest.mark.slow
@pytest.mark.parametrize("profile", [pytest.param("D", marks=pytest.mark.exhaustive), "S", "G"])
def test_likelihoods_fitted_to_profile_a_hold_for_the_others(profile: str, impress: Impress) -> None:
    """Sixteen strikes of the tuning part: nobody is identified wrongly, and what is thought certain is right."""
    certain, right = 0, 0
    primer = PRIMERS.load("brass-cup").value
    draws = drawn(ENSEMBLES.load("field").value, primer=primer, samples=16, seed=703, part=Part.TUNING)
    own = known(Kind(profile=profile))
    count = 0
    for _, condition in draws:
        reading = own.reader.read(impress(own.outlines, condition=condition))
        name = named(reading, profile)
        assert name in {None, IDENTIFIER}
        count += name == IDENTIFIER
        rows = np.concatenate([reading.character_log_likelihoods, reading.shape_log_likelihoods])
        meant = [ALPHABET.index(symbol) for symbol in own.mark.characters]
        meant += [SHAPE_NAMES.index(symbol) for symbol in own.mark.shapes]
        sure = np.exp(rows.max(axis=1)) / np.exp(rows).sum(axis=1) > 0.99
        certain += int(sure.sum())
        right += int((rows.argmax(axis=1) == meant)[sure].sum())
        cells = np.abs(reading.cell_log_ratios) > np.log(99.0)
        certain += int(cells.sum())
        right += int(((reading.cell_log_ratios > 0) == (own.cells == 1))[cells].sum())
    assert count >= 4
    assert certain > 50
    assert right >= 0.985 * certain
