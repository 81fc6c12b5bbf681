"""The comparison with programs that read print, as far as it needs none of them, and the page made of it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.ocr import Answer, cells_counted, counted, in_common, read, symbols, tuned
from benchmarks.ocr_pictures import PIXEL_UM, Grey, Preparation, by_height, prepared, turned_upright
from benchmarks.report import page
from engrave.base.frames import mirrored_map
from engrave.code.alphabet import ALPHABET
from engrave.code.profiles import PROFILE_A
from engrave.layout import Places, plan_places
from engrave.layout.places import LayoutSettings, Track
from engrave.strike import CONDITIONS
from toolpaths.surface import HeightMap

_PLAIN = Preparation(levelled=False)


def _places() -> Places:
    tracks = (Track(inner_um=435.0, outer_um=510.0), Track(inner_um=525.0, outer_um=600.0))
    return plan_places(
        PROFILE_A,
        LayoutSettings(
            profile="A",
            face="anvil",
            height_um=175.0,
            stroke_um=14.0,
            column_pitch_um=175.0,
            row_pitch_um=210.0,
            tooth_um=14.0,
            tracks=tracks,
        ),
    )


def _evidence(project: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((project / "docs/evidence/ocr.json").read_text(encoding="utf-8"))
    return document


def test_look_alikes_are_folded_and_what_is_no_character_of_ours_is_not() -> None:
    assert symbols("o I\n8g") == [ALPHABET.index(character) for character in "01B6"]
    assert symbols("A?") == [ALPHABET.index("A"), None]


def test_what_two_texts_have_in_common_keeps_its_order() -> None:
    # A textbook's pair: GTAB.
    assert in_common(list(map(ord, "AGGTAB")), list(map(ord, "GXTXAYB"))) == 4
    assert in_common([1, 2, 3, 4], [4, 3, 2, 1]) == 1
    assert in_common([], [1]) == 0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 2), max_size=6), st.lists(st.integers(0, 2), max_size=6))
def test_what_two_texts_have_in_common_is_that_of_all_choices(one: list[int], other: list[int]) -> None:
    every = [{tuple(text[at] for at in kept) for kept in _choices(len(text))} for text in (one, other)]
    assert in_common(one, other) == max(map(len, every[0] & every[1]))


def _choices(length: int) -> list[tuple[int, ...]]:
    return [kept for size in range(length + 1) for kept in combinations(range(length), size)]


def test_cells_are_counted_and_confusions_named() -> None:
    result = cells_counted([("0123F5FB", ["O", "1", "2", "3", "P", "", "F ", "8"]), ("00000000", ["0"] * 8)])
    assert (result["right"], result["of"], result["nothing"]) == (14, 16, 1)
    assert (result["all_eight"], result["impressions"]) == (1, 2)
    assert result["confusions"] == {"5": {"stood": 1, "taken_for": {"": 1}}, "F": {"stood": 2, "taken_for": {"P": 1}}}
    # Wilson's of 14 in 16, by hand: .8024 less and more .1626.
    assert result["interval"] == pytest.approx([0.640, 0.965], abs=1e-3)


def test_lines_are_counted_by_what_stands_in_them_in_order() -> None:
    cells = tuple("ABCD1234")
    good, cut, wrong = (Answer(characters="ABCD1234", cells=cells, lines=(line, "1234")) for line in _LINES)
    result = counted([good, cut, wrong])
    assert (result["line"]["right"], result["line"]["all_eight"]) == (8 + 7 + 4, 1)
    assert result["cell by cell"]["all_eight"] == 3


_LINES = ("a b C D", "ABD", "")


def test_a_turned_and_moved_primer_is_turned_upright() -> None:
    turn_rad, moved_um, mark_um = 0.7, np.array([60.0, -35.0]), np.array([200.0, 120.0])
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    at_um = np.array([[cosine, -sine], [sine, cosine]]) @ mark_um + moved_um
    axis_um = 3.0 * np.arange(-150, 151)
    x_um, y_um = axis_um + 17.0, axis_um[:, np.newaxis]
    pit = -np.exp(-((x_um - at_um[0]) ** 2 + (y_um - at_um[1]) ** 2) / (2 * 15.0**2))
    pin = HeightMap(z_um=pit, pixel_um=3.0, x0_um=float(x_um[0]), y0_um=float(axis_um[0]), frame="pin")
    condition = replace(
        CONDITIONS.load("nominal").value,
        turn_rad=turn_rad,
        offset_x_um=float(moved_um[0]),
        offset_y_um=float(moved_um[1]),
    )
    upright = turned_upright(mirrored_map(pin), condition)
    row, column = np.unravel_index(np.nanargmin(upright.z_um), upright.z_um.shape)
    # Read in the mirror, the pit of an unturned pin lies at -x.
    assert upright.x_um()[column] == pytest.approx(-mark_um[0], abs=3.0)
    assert upright.y_um()[row] == pytest.approx(mark_um[1], abs=3.0)
    assert upright.x0_um == -upright.x_um()[-1]


def test_a_primer_that_lies_upright_stays_as_it_is() -> None:
    flat = HeightMap(z_um=np.zeros((5, 5)), pixel_um=1.0, x0_um=-2.0, y0_um=-2.0, frame="reading")
    assert turned_upright(flat, CONDITIONS.load("nominal").value) is flat


def test_what_is_deep_is_dark_in_the_picture_of_heights() -> None:
    axis_um = 3.0 * np.arange(-200, 201)
    z_um = np.where(np.hypot(axis_um - 90.0, axis_um[:, np.newaxis] - 150.0) < 12.0, -20.0, 0.0)
    picture = by_height(HeightMap(z_um=z_um, pixel_um=3.0, x0_um=-600.0, y0_um=-600.0, frame="reading"))
    # y up: 150 um above the middle is 50 rows over it. 20 um of depth lie at 5 / 30 of the scale, 0 um at 25 / 30.
    assert picture[200 - 50, 200 + 30] == pytest.approx(5 / 30, abs=0.05)
    assert picture[200 + 50, 200 + 30] == pytest.approx(25 / 30, abs=0.05)


def _dotted(places: Places, chosen: Sequence[int]) -> Grey:
    """White with a dark square of 90 um in the middle of the chosen cells."""
    grey = np.full((601, 601), 240, dtype=np.uint8)
    for number in chosen:
        row, column = (
            round(300 + part / PIXEL_UM) for part in (-places.characters[number].y_um, places.characters[number].x_um)
        )
        grey[row - 30 : row + 31, column - 30 : column + 31] = 10
    return grey


@pytest.mark.parametrize("preparation", [_PLAIN, Preparation(), Preparation(inverted=True, blur_um=3.0)])
def test_cells_and_lines_are_cut_where_their_characters_stand(preparation: Preparation) -> None:
    places = _places()
    cells, lines = prepared(_dotted(places, [1, 6]), places, preparation)
    marked = [_darkest_in_the_middle(cell, inverted=preparation.inverted) for cell in cells]
    assert marked == [False, True, False, False, False, False, True, False]
    assert [line.shape[1] > 3 * line.shape[0] / 2 for line in lines] == [True, True]
    # Half a cell stands over 0, and the dot of the second cell is in the first line's second quarter.
    quarters = [np.array_split(line.astype(float), 4, axis=1) for line in lines]
    strayed = [[abs(float(np.ptp(part))) > 128 for part in line] for line in quarters]
    assert strayed == [[False, True, False, False], [False, False, True, False]]


def _darkest_in_the_middle(cell: Grey, *, inverted: bool) -> bool:
    row, column = (length // 2 for length in cell.shape)
    middle = int(cell[row, column])
    return middle > 200 if inverted else middle < 55


def test_a_cell_has_the_height_and_the_margin_that_were_asked_for() -> None:
    places = _places()
    plain, wide = (
        prepared(_dotted(places, [0]), places, replace(_PLAIN, cap_px=50, margin=margin))[0][0] for margin in (0.0, 0.5)
    )
    # A cell is 210 um high and 175 um wide, a character 175 um.
    assert plain.shape == pytest.approx((60, 50), abs=1)
    assert np.array(wide.shape) - np.array(plain.shape) == pytest.approx([50, 50])


class _LikesLightOnDark:
    """Reads everything right, in order, where the corner is dark, and nothing elsewhere."""

    name, version = "fake", "1"

    def __init__(self, characters: str) -> None:
        self._characters = characters

    def __call__(self, pictures: Sequence[Grey], *, alone: bool) -> list[str]:
        size = 1 if alone else 4
        right = [self._characters[at : at + size] for at in range(0, len(self._characters), size)]
        return [text if picture[0, 0] < 128 else "" for text, picture in zip(right, pictures, strict=True)]


def test_the_preparation_that_reads_best_is_chosen() -> None:
    places, characters = _places(), ["V0BPC4AF", "AP249CPA"]
    pictures = [_dotted(places, range(8))] * 2
    program = _LikesLightOnDark("".join(characters))
    found = tuned(program, pictures, characters, places)
    assert found["chosen"]["inverted"] is True
    assert (found["right"], found["of"]) == (32, 32)
    assert {scored["right"] for scored in found["tried"]} == {0, 32}
    answers = read(program, pictures, characters, places, Preparation(**found["chosen"]))
    assert [answer.lines for answer in answers] == [("V0BP", "C4AF"), ("AP24", "9CPA")]


def test_the_page_is_made_of_the_figures(project: Path) -> None:
    document = json.loads((project / "docs/benchmarks.json").read_text(encoding="utf-8"))
    written = (project / "docs/benchmarks.md").read_text(encoding="utf-8")
    assert written == "\n".join(page(document, _evidence(project)))


def test_the_evidence_adds_up(project: Path) -> None:
    document = _evidence(project)
    assert document["schema"] == "pin-engrave/ocr/1"
    for step, impressions in (("nominal", 50), ("field", 100)):
        results = document["steps"][step]["results"]
        cellwise = [of["cell by cell"] for program in results["programs"].values() for of in program.values()]
        for result in [*cellwise, *results["pin-engrave"].values()]:
            wrong = sum(sum(one["taken_for"].values()) for one in result["confusions"].values())
            assert (result["right"] + wrong, result["of"]) == (8 * impressions, 8 * impressions)
            assert result["interval"][0] <= result["right"] / result["of"] <= result["interval"][1]


def test_under_the_nominal_strike_rapidocr_reads_nine_cells_in_ten_and_we_read_more(project: Path) -> None:
    results = _evidence(project)["steps"]["nominal"]["results"]
    rapid = results["programs"]["RapidOCR"]
    assert min(rapid[name]["cell by cell"]["right"] for name in ("ring light", "heights")) >= 0.9 * 400
    others = [of[way]["right"] for program in results["programs"].values() for of in program.values() for way in of]
    assert results["pin-engrave"]["heights, decided"]["right"] >= max(others)


def test_our_reader_of_pictures_stands_in_the_table_where_it_was_run(project: Path) -> None:
    document, readers = json.loads((project / "docs/benchmarks.json").read_text(encoding="utf-8")), _evidence(project)
    counted_cells = cells_counted([("V0BPC4AF", list("V0BPC4A?")), ("AP249CPA", list("AP249CPA"))])
    readers["steps"]["nominal-pictures"] = {"results": {"pictures, side light, decided": counted_cells}}
    # 15 of 16; of Wilson's interval only what stands before it is looked at.
    assert "| pin-engrave, pictures, side light, decided, blind | 0.938 (" in "\n".join(page(document, readers))
