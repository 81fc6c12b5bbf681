"""Jobs that have their layout found, and faces of the user's own."""

from pathlib import Path

import pytest

from engrave.base.errors import InputError
from engrave.job import example_job_text, job_from_json, job_to_json, load_job
from engrave.job.bench import is_round, usable_face, widths_of
from engrave.job.setup import prepare
from engrave.tips import PINS, tip_of
from toolpaths.findings import has_errors

FIT = '[fit]\nprofiles = ["S"]\nleast_height = "160um"\n'


def fitted_text(fit: str = FIT, **changes: str) -> str:
    text = example_job_text()
    head, rest = text.split("[layout]\n")[0], "[limits]\n" + text.split("[limits]\n")[1]
    for old, new in changes.items():
        head = head.replace(f'{old} = "{head.split(f"{old} = ")[1].split(chr(34))[1]}"', f'{old} = "{new}"')
    return head + fit + "\n" + rest


def test_a_job_without_sizes_has_them_found_and_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "job.toml"
    path.write_text(fitted_text())
    job = load_job(path)
    assert job.layout.profile == "S"
    assert job.layout.height_um >= 160.0
    assert job.fit is not None
    assert job.fit.profiles == ("S",)
    assert not has_errors(prepare(job).rules)
    assert job_from_json(job_to_json(job), origin="job.json") == job


def test_a_job_that_says_nothing_of_its_layout_gets_the_best(tmp_path: Path) -> None:
    path = tmp_path / "job.toml"
    path.write_text(fitted_text(fit="", pin="sphere-0.8"))
    job = load_job(path)
    assert job.fit is not None
    assert not has_errors(prepare(job).rules)


def test_sizes_and_a_search_cannot_both_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "job.toml"
    path.write_text(example_job_text() + "\n" + FIT)
    with pytest.raises(InputError) as caught:
        load_job(path)
    assert caught.value.faults == (
        "job.toml: layout: write either [layout], with sizes, or [fit], to have them found, and not both",
    )


def test_what_a_fit_cannot_ask_for_is_told_with_its_key(tmp_path: Path) -> None:
    path = tmp_path / "job.toml"
    path.write_text(fitted_text('[fit]\nprofiles = ["Q"]\nface = "gothic"\n'))
    with pytest.raises(InputError) as caught:
        load_job(path)
    assert [fault.split(": ")[1] for fault in caught.value.faults] == ["fit.profiles", "fit.face"]


def test_a_pin_that_carries_nothing_says_why(tmp_path: Path) -> None:
    pins = tmp_path / "library" / "pins"
    pins.mkdir(parents=True)
    (pins / "needle.toml").write_text(
        'description = "too thin"\nshape = "flat"\nedge_radius = "0.3mm"\n'
        '[sources]\nedge_radius = { text = "made up", prior = true }\n'
    )
    path = tmp_path / "job.toml"
    path.write_text('library = "library"\n' + fitted_text(pin="needle"))
    with pytest.raises(InputError) as caught:
        load_job(path)
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].startswith("job.toml: fit: no layout fits this pin: profile S: ")


def test_a_face_of_ones_own_goes_with_the_job(tmp_path: Path) -> None:
    faces = tmp_path / "library" / "faces"
    faces.mkdir(parents=True)
    shipped = Path(__file__).parents[2] / "fonts" / "faces" / "anvil.toml"
    (faces / "own.toml").write_text(shipped.read_text().replace('name = "Anvil"', 'name = "Own"'))
    path = tmp_path / "job.toml"
    text = example_job_text().replace('face = "anvil"', 'face = "own"')
    path.write_text(text.replace("# library =", "library ="))
    job = load_job(path)
    assert job.face_text is not None
    assert prepare(job).typeface.name == "Own"
    again = job_from_json(job_to_json(job), origin="job.json")
    assert prepare(again).typeface.name == "Own"
    (faces / "own.toml").write_text("[glyphs]\n")
    with pytest.raises(InputError, match=r"faces/own\.toml"):
        load_job(path)


def test_what_of_a_face_may_be_used() -> None:
    recipe = load_job(None).laser.value
    for name, round_face in (("sphere-1.0", True), ("flat-1.8", True), ("chisel-1.8x0.7", False)):
        pin = PINS.load(name).value
        tip = tip_of(pin)
        assert is_round(tip) == round_face
        # Without a runout in its profile a pin keeps 25 um, which is more than the kerf.
        left, low, right, high = usable_face(tip, pin, widths_of(recipe)).bounds
        wide_um, deep_um = (1800.0, 700.0) if name.startswith("chisel") else (1800.0, 1800.0)
        assert (right - left, high - low) == pytest.approx((wide_um - 50.0, deep_um - 50.0), abs=30.0)


def test_the_walls_are_a_share_of_the_crater() -> None:
    widths = widths_of(load_job(None).laser.value)
    # 6 um sqrt(ln(F0 / Fth) / 2) is 6.05 um (docs/laser.md); half relief lies 3.07 um from the crest.
    assert widths.crater_um == pytest.approx(12.10, abs=0.005)
    assert widths.wall_um == pytest.approx(3.07, abs=0.03)
