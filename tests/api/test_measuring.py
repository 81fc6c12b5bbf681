"""A scan to a profile that a job can name, by the public Python surface."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from engrave.api import measuring
from engrave.base.errors import InputError, OccupiedError
from engrave.tips import PINS, SphericalTip, tip_of


@pytest.fixture(scope="module")
def capsule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ball of 0.8 mm on a shank, by another library, in millimetres."""
    path = tmp_path_factory.mktemp("scans") / "capsule.stl"
    trimesh.creation.capsule(height=4.0, radius=0.8, count=[32, 24]).export(path)
    return path


def test_a_mesh_becomes_a_profile_of_a_library(capsule: Path, tmp_path: Path) -> None:
    (tmp_path / "pins").mkdir()
    out = tmp_path / "pins" / "ours.toml"
    fitted = measuring.fit_pin(capsule, unit="mm", out=out)
    assert fitted.good
    assert out.read_text() == fitted.profile
    assert fitted.document["profile"] == "ours.toml"
    entry = PINS.load("ours", tmp_path)
    tip = tip_of(entry.value)
    assert isinstance(tip, SphericalTip)
    # Single precision in millimetres is a tenth of a nanometre here; the ends' polygon lies inside its circle.
    assert tip.radius_um == pytest.approx(800, abs=0.05)
    assert entry.value.runout_um == pytest.approx(0, abs=0.05)
    sources = {name: source.text for name, source in entry.sources.items()}
    assert set(sources) == {"radius", "edge_radius", "runout"}
    assert all(fitted.document["scan"]["sha256"] in text for text in sources.values())
    assert not any(source.prior for source in entry.sources.values())


def test_the_document_says_what_was_and_was_not_evaluated(capsule: Path) -> None:
    document = measuring.fit_pin(capsule, unit="mm").document
    assert document["tilt"] == {"evaluated": False, "reason": "a sphere has none", "figure": None}
    assert document["runout"]["figure"]["unit"] == "um"
    assert document["shank_radius"]["value"] == pytest.approx(800, abs=0.05)
    top_um = 1000 * float(trimesh.load_mesh(capsule).bounds[1, 2])
    assert document["apex_um"] == pytest.approx([0, 0, top_um], abs=0.05)
    assert document["profile"] is None
    (radius, edge) = document["figures"]
    assert (radius["name"], edge["name"], edge["within_95"]) == ("radius", "edge_radius", None)


def test_a_poor_fit_makes_no_profile_and_no_file(capsule: Path, tmp_path: Path) -> None:
    fitted = measuring.fit_pin(capsule, unit="mm", model="flat", out=tmp_path / "pin.toml")
    assert (fitted.good, fitted.profile, fitted.document["profile"]) == (False, None, None)
    assert any("5 um is the limit" in fault for fault in fitted.document["faults"])
    assert not list(tmp_path.iterdir())


def test_what_no_pin_can_be_is_said_by_the_library(capsule: Path) -> None:
    document = measuring.fit_pin(capsule, unit="mm", model="cone").document
    assert not document["good"]
    assert any("lies on the nose" in fault for fault in document["faults"])


def test_nothing_is_written_over(capsule: Path, tmp_path: Path) -> None:
    out = tmp_path / "pin.toml"
    out.write_text("mine")
    with pytest.raises(OccupiedError):
        measuring.fit_pin(capsule, unit="mm", out=out)
    assert out.read_text() == "mine"
    for name, reason in (("pin.txt", "give it that ending"), ("nowhere/pin.toml", "no folder")):
        with pytest.raises(InputError, match=reason):
            measuring.fit_pin(capsule, unit="mm", out=tmp_path / name)


def test_a_name_that_no_toml_can_hold_bare_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "pins").mkdir()
    scan = tmp_path / 'a "quoted"\x7f\n[sources].stl'
    cap = trimesh.creation.icosphere(subdivisions=3, radius=1.0)
    cap.export(scan, file_type="stl")
    measuring.fit_pin(scan, unit="mm", out=tmp_path / "pins" / "odd.toml")
    pin = PINS.load("odd", tmp_path)
    assert scan.name in pin.sources["radius"].text
    assert np.isclose(pin.value.radius_um or 0.0, 1000, atol=0.01)
