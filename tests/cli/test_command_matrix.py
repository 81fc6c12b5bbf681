"""One table of command lines, good, empty, degenerate and hostile, each with the exit code it must have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engrave.base.errors import Exit
from engrave.cli.main import COMMANDS

PROJECT = Path(__file__).parent.parent.parent
JSON = "--json"
OK, UNFINISHED, WRONG, NO = Exit.DONE, Exit.UNFINISHED, Exit.WRONG_INPUT, Exit.NO
WHOSE = ("--maker", "Borealis", "--model", "Compact")
LOST_RING = "?" * 48

# {} is a folder of one's own with the files that ``_furnish`` puts there; commands that know --json are called with it.
MATRIX: list[tuple[Exit, tuple[str, ...]]] = [
    (OK, ("--help",)),
    (OK, ("-h",)),
    (OK, ("--version",)),
    (WRONG, ()),
    (WRONG, ("",)),
    (WRONG, ("engrave",)),
    (WRONG, ("--jsom",)),
    (WRONG, ("job",)),
    (WRONG, ("job", "mend")),
    *((OK, (*name.split(), "--help")) for name in (*COMMANDS, "job init", "job check")),
    # batch
    (OK, ("batch", "{}/good.csv", "--out", "{}/out", "--dry-run", JSON)),
    (OK, ("batch", "{}/good.csv", "--out", "{}/out", "--dry-run")),
    (OK, ("batch", "{}/bom.csv", "--out", "{}/out", "--dry-run", JSON)),
    (NO, ("batch", "{}/bad.csv", "--out", "{}/out", "--dry-run", "--skip-bad", JSON)),
    (NO, ("batch", "{}/bad.csv", "--out", "{}/out", "--dry-run", "--skip-bad", "--quiet")),
    (WRONG, ("batch", "{}/bad.csv", "--out", "{}/out", "--dry-run", JSON)),
    (WRONG, ("batch", "{}/bad.csv", "--out", "{}/out", JSON)),
    (WRONG, ("batch", "{}/hostile.csv", "--out", "{}/out", "--skip-bad", JSON)),
    (WRONG, ("batch", "{}/empty.csv", "--out", "{}/out", JSON)),
    (WRONG, ("batch", "{}/header.csv", "--out", "{}/out", JSON)),
    (WRONG, ("batch", "{}/column.csv", "--out", "{}/out", JSON)),
    (WRONG, ("batch", "{}/latin1.csv", "--out", "{}/out", JSON)),
    (WRONG, ("batch", "{}/utf16.csv", "--out", "{}/out", JSON)),
    (WRONG, ("batch", "{}/quote.csv", "--out", "{}/out", JSON)),
    (WRONG, ("batch", "{}/absent.csv", "--out", "{}/out", JSON)),
    (WRONG, ("batch", "{}", "--out", "{}/out", JSON)),
    (WRONG, ("batch", "{}/good.csv", JSON)),
    (WRONG, ("batch", "--out", "{}/out", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--workers", "0", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--workers", "many", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--formats", "pdf,exe", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--formats", "dxf", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--formats", ",", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--job", "{}/bare.toml", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--job", "{}/key.toml", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--job", "{}/tip.toml", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--job", "{}/broken.toml", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--job", "{}/absent.toml", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--job", "{}/good.csv", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/good.csv", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/good.csv", "--dry-run", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}", JSON)),
    (UNFINISHED, ("batch", "{}/good.csv", "--out", "{}/good.csv/below", "--workers", "1", JSON)),
    # make
    (WRONG, ("make", "375-76834", "--out", "{}/out", JSON)),
    (WRONG, ("make", "../../etc/passwd", *WHOSE, "--out", "{}/out", JSON)),
    (WRONG, ("make", "=cmd|calc", *WHOSE, "--out", "{}/out", JSON)),
    (WRONG, ("make", "", "--maker", "", "--model", "", "--out", "{}/out", JSON)),
    (WRONG, ("make", "375-76834", "--maker", "Nobody", "--model", "Compact", "--out", "{}/out", JSON)),
    (WRONG, ("make", "375-76834", *WHOSE, "--out", "{}/good.csv", JSON)),
    (UNFINISHED, ("make", "375-76834", *WHOSE, "--out", "{}/good.csv/below", JSON)),
    # encode
    (OK, ("encode", "375-76834", *WHOSE)),
    (OK, ("encode", " 375-76834\n", *WHOSE, JSON)),
    (OK, ("encode", "aaa0001", "--maker", "Acme", "--model", "P9", JSON)),
    (WRONG, ("encode", "374-99999", *WHOSE, JSON)),
    (WRONG, ("encode", "", *WHOSE, JSON)),
    (WRONG, ("encode", "\ud800", *WHOSE, JSON)),
    (WRONG, ("encode", "3" * 100_000, *WHOSE, JSON)),
    (WRONG, ("encode", "375-76834", JSON)),
    (WRONG, ("encode", "375-76834", *WHOSE, "--job", "{}/bare.toml", JSON)),
    # decode
    (OK, ("decode", "499BNM4L", JSON)),
    (OK, ("decode", "499b nm4l")),
    (NO, ("decode", "499BNM??", JSON)),
    (NO, ("decode", "????????", JSON)),
    (NO, ("decode", "00000001", JSON)),
    (NO, ("decode", "[84]99BNM4L", JSON)),
    (WRONG, ("decode", "", JSON)),
    (WRONG, ("decode", "499BNM4", JSON)),
    (WRONG, ("decode", "499BNM4L9", JSON)),
    (WRONG, ("decode", "499BNM4\N{LATIN SMALL LETTER E WITH ACUTE}", JSON)),
    (WRONG, ("decode", "[" * 5000, JSON)),
    (WRONG, ("decode", "[N:.7 H:.3]99BNM4L", JSON)),
    (WRONG, ("decode", "499BNM4L", "--ring", "1", JSON)),
    (WRONG, ("decode", "499BNM4L", "--ring", f"{LOST_RING}/{LOST_RING}/{LOST_RING}", JSON)),
    (OK, ("decode", "499BNM4L", "--ring", f"{LOST_RING}/{LOST_RING}", JSON)),
    (WRONG, ("decode", "[NH][NH]" * 4, "--job", "{}/absent.toml", JSON)),
    # preview
    (OK, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.svg")),
    (OK, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.PNG", "--view", "pin", "--quiet")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.gif")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.svg", "--view", "impression")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.svg", "--view", "inside")),
    (WRONG, ("preview", "375-76834", "-o", "{}/picture.svg")),
    (WRONG, ("preview", "{}/good.json", "-o", "{}/picture.svg")),
    (WRONG, ("preview", "{}/good.json", "--maker", "Acme", "-o", "{}/picture.svg")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.svg", "--job", "{}/tip.toml")),
    (UNFINISHED, ("preview", "375-76834", *WHOSE, "-o", "{}/absent/picture.svg")),
    # check
    (WRONG, ("check", "{}", JSON)),
    (WRONG, ("check", "{}/absent", JSON)),
    (WRONG, ("check", "{}/good.csv", JSON)),
    (WRONG, ("check", "", JSON)),
    # list, show
    (OK, ("list",)),
    (OK, ("list", JSON)),
    (OK, ("list", "pins", JSON)),
    (OK, ("list", "pins", "--library", "{}", JSON)),
    (WRONG, ("list", "pinz", JSON)),
    (WRONG, ("list", "", JSON)),
    (WRONG, ("list", "--library", "{}/absent", JSON)),
    (WRONG, ("list", "pins", "--library", "{}/good.csv", JSON)),
    (OK, ("show", "pins", "sphere-1.0")),
    (OK, ("show", "pins", "sphere-1.0", JSON)),
    (WRONG, ("show", "pins", "sphere-9", JSON)),
    (WRONG, ("show", "pins", "../pins/sphere-1.0", JSON)),
    (WRONG, ("show", "pinz", "sphere-1.0", JSON)),
    (WRONG, ("show", "pins", JSON)),
    (WRONG, ("show", "pins", "mine", "--library", "{}/library", JSON)),
    # job
    (OK, ("job", "init")),
    (OK, ("job", "init", "{}/new.toml")),
    (OK, ("job", "init", "{}/new.toml", "--quiet")),
    (WRONG, ("job", "init", "{}/good.csv")),
    (UNFINISHED, ("job", "init", "{}/absent/new.toml")),
    (OK, ("job", "check", str(PROJECT / "examples" / "job.toml"), JSON)),
    (OK, ("job", "check", str(PROJECT / "examples" / "job.toml"))),
    (NO, ("job", "check", "{}/tip.toml", JSON)),
    (WRONG, ("job", "check", "{}/bare.toml", JSON)),
    (WRONG, ("job", "check", "{}/broken.toml", JSON)),
    (WRONG, ("job", "check", "{}/absent.toml", JSON)),
    (WRONG, ("job", "check", JSON)),
    # doctor
    (OK, ("doctor",)),
    (OK, ("doctor", JSON)),
    (WRONG, ("doctor", "who", JSON)),
]


def _furnish(folder: Path) -> None:
    example = (PROJECT / "examples" / "job.toml").read_text()
    texts = {
        "good.csv": "serial,maker,model\n375-76834,Borealis,Compact\n",
        "bom.csv": "\ufeffserial;maker;model\r\n375-76834;Borealis;Compact\r\n",
        "bad.csv": "serial,maker,model\n375-76834,Borealis,Compact\n375-76834,Borealis,Compact\nX,Borealis,Compact\n",
        "hostile.csv": "serial,maker,model\n../../x,Borealis,Compact\n=cmd,Borealis,Compact\n",
        "empty.csv": "",
        "header.csv": "serial,maker,model\n\n",
        "column.csv": "number,maker,model\n375-76834,Borealis,Compact\n",
        "quote.csv": 'serial,maker,model\n"375-76834,Borealis,Compact\n',
        "good.json": "[]",
        "bare.toml": example.replace('relief = "25um"', "relief = 25"),
        "key.toml": example.replace("[limits]", "[limits]\ncolour = 1"),
        "tip.toml": example.replace("sphere-1.0", "sphere-0.8"),
        "broken.toml": "name = ",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "latin1.csv").write_bytes("serial,maker,model\n375-76834,Bor\u00e9alis,Compact\n".encode("latin-1"))
    (folder / "utf16.csv").write_bytes(texts["good.csv"].encode("utf-16"))
    (folder / "library" / "pins").mkdir(parents=True)
    (folder / "library" / "pins" / "mine.toml").write_text("shape = 3")


@pytest.mark.parametrize(("code", "arguments"), MATRIX, ids=[" ".join(line)[:60] or "nothing" for _, line in MATRIX])
def test_matrix(
    code: Exit,
    arguments: tuple[str, ...],
    call: Callable[..., Any],
    tmp_path: Path,
    validators: dict[str, Draft202012Validator],
) -> None:
    _furnish(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    called = call(*(argument.replace("{}", str(tmp_path)) for argument in arguments))
    out, err = called.out, called.err
    assert (called.code, "Traceback" in err) == (code, False), err
    if code in (WRONG, UNFINISHED):
        assert "pin-engrave: " in err
        assert "a fault of ours" not in err
        assert {path.name for path in tmp_path.iterdir()} == before
    if JSON in arguments:
        document = json.loads(out)
        validators[document["schema"]].validate(document)
        assert (document["schema"] == "pin-engrave/error/1") == (code in (WRONG, UNFINISHED))
        if document["schema"] == "pin-engrave/error/1":
            assert document["exit_code"] == code
            assert all(fault in err for fault in document["faults"])
    elif code in (WRONG, UNFINISHED):
        assert out == ""
    if "--quiet" in arguments:
        assert err == ""


def test_every_command_that_prints_json_is_in_the_table_with_a_good_and_a_bad_line() -> None:
    for name in (set(COMMANDS) - {"job", "preview"}) | {"job check"}:
        codes = {code for code, line in MATRIX if " ".join(line).startswith(name) and JSON in line}
        assert WRONG in codes, name
        assert codes & {OK, NO} or name in {"check", "make"}, name
