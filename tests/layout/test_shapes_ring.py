"""The ring of shapes: where each stands and how it lies, against hand-placed rectangles."""

import math
from itertools import combinations

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from engrave.code.codeword import codeword_of
from engrave.code.profiles import PROFILES
from engrave.code.shapes import SHAPE_NAMES, ring_shapes
from engrave.layout import Land, LayoutSettings, land_shapes, lay_out, plan_places
from engrave.layout.places import ShapeCircle
from engrave.layout.room import least_circle_um
from fonts.errors import FontError
from fonts.typeface import Typeface, load_typeface, shipped_typeface

FACE = shipped_typeface("anvil")
RADIUS_UM, HEIGHT_UM, STROKE_UM = 510.0, 150.0, 20.0


def face_of_one_lip() -> Typeface:
    """Every shape is an upright stem through the middle of its cell with a lip at its head, to the right."""
    shapes = "\n".join(f'{letter} = {{ advance = 1, strokes = ["0.5,0 0.5,1 1,1"] }}' for letter in "abcdefgh")
    head = 'name = "T"\nlicence = "CC0-1.0"\nnotes = "t"\nsource = "a test"'
    glyphs = "[glyphs]\n" + "\n".join(f'{letter} = {{ advance = 1, strokes = ["0,0 0,1"] }}' for letter in "01")
    return load_typeface(f"{head}\n{glyphs}\n[shapes]\n{shapes}\n", origin="t")


def lands(names: list[str], face: Typeface, *, radius_um: float = RADIUS_UM) -> tuple[Land, ...]:
    settings = LayoutSettings(
        profile="G",
        face="any",
        height_um=150.0,
        stroke_um=STROKE_UM,
        column_pitch_um=170.0,
        row_pitch_um=180.0,
        shapes=ShapeCircle(height_um=HEIGHT_UM, radius_um=radius_um),
    )
    places = plan_places(PROFILES["G"], settings)
    return lay_out(places, land_shapes(places, face), characters="01010101", ring=(), shapes=names).shapes


def ring(names: list[str], face: Typeface, *, radius_um: float = RADIUS_UM) -> list[BaseGeometry]:
    return [land.outline for land in lands(names, face, radius_um=radius_um)]


def holds(outline: BaseGeometry, x_um: float, y_um: float) -> bool:
    return bool(shapely.contains_xy(outline, x_um, y_um))


def test_shapes_stand_clockwise_from_twelve_with_their_foot_to_the_centre() -> None:
    twelve, _, _, three, _, _, six, _, _, nine, _, _ = ring(["a0"] * 12, face_of_one_lip())
    # Skeletons are 130 um high: feet at 445 um from the centre, heads at 575 um, where the lip reaches 65 um aside.
    for outline, foot, head, lip in (
        (twelve, (0, 445), (0, 575), (65, 575)),
        (three, (445, 0), (575, 0), (575, -65)),
        (six, (0, -445), (0, -575), (-65, -575)),
        (nine, (-445, 0), (-575, 0), (-575, 65)),
    ):
        assert holds(outline, *foot)
        assert holds(outline, *head)
        assert holds(outline, *lip)
        assert not holds(outline, lip[0] - 2 * (lip[0] - head[0]), lip[1] - 2 * (lip[1] - head[1]))


def test_the_place_after_twelve_is_one_o_clock() -> None:
    placed = lands(["b0", "a0", *["c0"] * 10], FACE)
    assert [land.place for land in placed] == [f"shape {place}" for place in range(12)]
    assert [land.shows for land in placed[:3]] == ["b0", "a0", "c0"]
    for place, land in enumerate(placed):
        clock_rad = math.radians(30.0 * place)
        stands = shapely.Point(510.0 * math.sin(clock_rad), 510.0 * math.cos(clock_rad))
        # Places are 264 um apart; a shape's ink lies within its cell of 150 um.
        assert land.outline.centroid.distance(stands) < 40.0


def test_quarter_turns_are_clockwise_as_seen() -> None:
    # At twelve o'clock the stem's ends lie above and below, or left and right, of (0, 510); the lip follows the turn.
    lips = {"0": (65, 575), "1": (65, 445), "2": (-65, 445), "3": (-65, 575)}
    heads = {"0": (0, 575), "1": (65, 510), "2": (0, 445), "3": (-65, 510)}
    for turn, lip in lips.items():
        outline = ring([f"a{turn}", *["a0"] * 11], face_of_one_lip())[0]
        assert holds(outline, *lip)
        assert holds(outline, *heads[turn])
        assert sum(holds(outline, *corner) for corner in lips.values()) == 1


def test_a_shape_is_the_face_s_own_at_twelve() -> None:
    outline = ring(["f0", *["a0"] * 11], FACE)[0]
    drawn = FACE.shape("f").outline(height_um=HEIGHT_UM, stroke_um=STROKE_UM)
    west, south, east, north = drawn.bounds
    assert outline.bounds == pytest.approx((west, south + RADIUS_UM, east, north + RADIUS_UM))
    assert outline.area == pytest.approx(drawn.area)


@pytest.mark.parametrize("first", range(0, 32, 12))
def test_no_two_shapes_come_nearer_than_a_stroke_on_the_least_circle(first: int) -> None:
    radius_um = least_circle_um(HEIGHT_UM, STROKE_UM, 12)
    outlines = ring([SHAPE_NAMES[(first + k) % 32] for k in range(12)], FACE, radius_um=radius_um)
    assert all(one.is_valid for one in outlines)
    assert min(one.distance(other) for one, other in combinations(outlines, 2)) >= STROKE_UM - 1e-6


def test_full_cells_are_a_stroke_apart_on_the_least_circle() -> None:
    # Two squares of 150 um at twelve and one o'clock, placed by hand.
    radius_um = least_circle_um(HEIGHT_UM, STROKE_UM, 12)
    square = shapely.box(-75.0, radius_um - 75.0, 75.0, radius_um + 75.0)
    beside = shapely.affinity.rotate(square, -30.0, origin=(0, 0))
    assert square.distance(beside) == pytest.approx(STROKE_UM)


def test_the_shapes_of_a_codeword_can_be_drawn() -> None:
    # docs/code-spec.md, clause 14.
    names = ring_shapes(codeword_of(37_576_834))
    assert " ".join(names) == "a1 d3 c1 c2 d0 f3 g0 h1 a0 d3 b3 g1"
    assert len(ring(list(names), FACE)) == 12


def test_another_number_of_shapes_and_a_name_that_is_none_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        lands(["a0"] * 11, FACE)
    with pytest.raises(KeyError):
        lands(["a4", *["a0"] * 11], FACE)


def test_a_face_without_shapes_says_so() -> None:
    bare = Typeface(name="Bare", licence="", notes="", source="", glyphs={})
    with pytest.raises(FontError, match="typeface Bare: no shape 'a'; it has no shapes"):
        lands(["a0"] * 12, bare)
