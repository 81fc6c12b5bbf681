"""``api.import_face``: what it answers, and every fault at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engrave import api
from engrave.api.faces import MODES
from engrave.base.errors import InputError, OccupiedError
from engrave.code.alphabet import ALPHABET
from engrave.job.faces import face_text, known_faces, typeface_of


@pytest.mark.parametrize("mode", MODES)
def test_what_is_imported_is_what_a_library_gives(dejavu: Callable[[str], Path], tmp_path: Path, mode: str) -> None:
    (tmp_path / "faces").mkdir()
    face = api.import_face(dejavu("DejaVuSansMono"), tmp_path / "faces" / "mono.toml", mode=mode)
    assert (face.name, set(face.glyphs)) == ("mono", set(ALPHABET))
    assert "mono" in known_faces(tmp_path)
    again = typeface_of("mono", face_text("mono", tmp_path))
    assert set(again.glyphs) == set(face.glyphs)
    # To the decimals of the file, a ten-thousandth of the height.
    for character in ALPHABET:
        one, other = (font.outline(character, height_um=175.0, stroke_um=20.0) for font in (face, again))
        assert one.symmetric_difference(other).area < 1e-3 * one.area


def test_every_fault_is_told_at_once_and_a_file_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "text.ttf").write_text("no font")
    with pytest.raises(InputError) as caught:
        api.import_face(tmp_path / "text.ttf", tmp_path / "none" / "face.txt", mode="bold")
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["--mode", "--out", "--out", "text.ttf"]
    (tmp_path / "face.toml").write_text("mine")
    with pytest.raises(OccupiedError):
        api.import_face(tmp_path / "text.ttf", tmp_path / "face.toml")
    assert (tmp_path / "face.toml").read_text() == "mine"
