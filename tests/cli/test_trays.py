"""``tray``: its commands on a tray of three pins, every document against its schema."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

Call = Callable[..., Any]
Validators = dict[str, Draft202012Validator]
HEADER = "nest,dx [um],dy [um],dz [um],tilt_x [deg],tilt_y [deg],clocking [deg],state\n"


def test_the_map_is_printed_and_fits_its_schema(call: Call, tray: Path, validators: Validators) -> None:
    told = call("tray", "map", tray)
    assert (told.code, told.err) == (0, "")
    assert [line.split(": ")[0] for line in told.out.splitlines()] == ["1", "2", "3"]
    assert [line.rpartition(" (")[0][-7:] for line in told.out.splitlines()] == ["AAA0001", "AAA0002", "AAA0003"]
    document = call("tray", "map", tray, "--json").document
    validators["pin-engrave/tray-map/1"].validate(document)
    assert document["free"] == list(range(4, 101))


def test_the_check_says_yes_and_no(call: Call, tray: Path, tmp_path: Path, validators: Validators) -> None:
    told = call("tray", "check", tray)
    assert (told.code, told.out) == (0, "pass: 3 pins, at most 0.00 nm off\n")
    document = call("tray", "check", tray, "--json").document
    validators["pin-engrave/tray-check/1"].validate(document)
    for name in ("tray-001.ngc", "tray-001.json"):
        (tmp_path / name).write_bytes((tray.parent / name).read_bytes().replace(b"repeat [3]", b"repeat [4]", 1))
    bad = call("tray", "check", tmp_path / "tray-001.ngc", "--batch", tray.parent, "--json")
    assert bad.code == 3
    validators["pin-engrave/tray-check/1"].validate(bad.document)
    assert [finding["number"] for finding in bad.document["findings"]] == ["M503", "M508"]
    assert "M508 error: nest 1: the passes differ" in bad.err


def test_a_restart_is_written_and_refused(call: Call, tray: Path, tmp_path: Path, validators: Validators) -> None:
    out = tmp_path / "rest.ngc"
    done = call("tray", "restart", tray, "--nest", "2", "-o", out, "--json")
    assert (done.code, done.err) == (0, f"{out}: 2 pins from nest 2 on\n")
    validators["pin-engrave/tray-map/1"].validate(done.document)
    assert done.document["left_out"] == [1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rest.html", "rest.json", "rest.ngc"]
    assert call("tray", "check", out, "--batch", tray.parent, "--quiet").code == 0
    assert call("tray", "restart", tray, "--nest", "2", "-o", out).code == 2
    refused = call("tray", "restart", tray, "--nest", "9", "-o", tmp_path / "no.ngc")
    assert (refused.code, "nest 9: not in this program, which marks 1, 2, 3" in refused.err) == (2, True)
    assert call("tray", "restart", tmp_path / "none.ngc", "--nest", "1", "-o", tmp_path / "no.ngc").code == 2


def test_one_pin_alone_is_placed_by_a_table(call: Call, tray: Path, tmp_path: Path, validators: Validators) -> None:
    """Of a hundred nests only the second is ready: a program for one pin that is marked again."""
    table, out = tmp_path / "probe.csv", tmp_path / "again.ngc"
    rows = [f"{nest},,,,,,,empty" for nest in range(1, 101)]
    table.write_text(HEADER + "\n".join(rows).replace("2,,,,,,,empty", "2,5,5,5,0.1,0,-20,", 1))
    done = call("tray", "place", tray, "--probe", table, "-o", out, "--json")
    assert (done.code, done.err) == (0, f"{out}: 1 pin\n")
    validators["pin-engrave/tray-map/1"].validate(done.document)
    assert [(pin["nest"], pin["serial"]) for pin in done.document["pins"]] == [(2, "AAA0002")]
    checked = call("tray", "check", out, "--batch", tray.parent, "--json").document
    assert (checked["verdict"], checked["nests"]) == ("pass", [2])
    assert 0 < checked["worst_um"] < 0.8661e-3
    table.write_text(HEADER + "1,900,0,0,0,0,0,\nx,0,0,0,0,0,0,\n")
    refused = call("tray", "place", tray, "--probe", table, "-o", tmp_path / "no.ngc")
    assert (refused.code, "line 3: nest 'x' is no number of a nest" in refused.err) == (2, True)
