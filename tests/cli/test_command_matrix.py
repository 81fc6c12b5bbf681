"""One table of command lines, good, empty, degenerate and hostile, each with the exit code it must have."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from engrave.api import record
from engrave.base.errors import Exit
from engrave.cli.main import COMMANDS

PROJECT = Path(__file__).parent.parent.parent
JSON = "--json"
OK, UNFINISHED, WRONG, NO = Exit.DONE, Exit.UNFINISHED, Exit.WRONG_INPUT, Exit.NO
WHOSE = ("--maker", "Borealis", "--model", "Compact")
LOST_RING = "?" * 48
# Of 375-76834, inner track and outer: as ``encode --json`` prints them.
RING = "111010101011110011000110100110111101100000011110/110000001010100101000111111010100011111100001101"

REGISTRY = tuple(
    f"registry {name}"
    for name in (
        "init", "import", "export", "backup", "restore", "upgrade", "verify", "status", "show", "void", "reissue",
        "signoff", "marked",
    )
)  # fmt: skip
PARTS = (
    "job init", "job check", "job fit", "pin fit", "face import", "calibrate laser", "calibrate laser coupon",
    "calibrate laser fit", "calibrate edm", "calibrate edm coupon", "calibrate edm fit", "calibrate gauge",
    "key new", "key show", "tray restart", "tray place", "tray check", "tray map",
)  # fmt: skip
AT = ("--registry", "{}/registry.db")

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
    *((OK, (*name.split(), "--help")) for name in (*COMMANDS, *PARTS, *REGISTRY)),
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
    (WRONG, ("make", "375-76834", *WHOSE, "--out", "{}/out", "--sign", "{}/absent.pem", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--sign", "{}/good.csv", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--dry-run", "--sign", "{}/absent.pem", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--dry-run", "--scheduler", "tcp://example.org:1", JSON)),
    (WRONG, ("batch", "{}/good.csv", "--out", "{}/out", "--scheduler", "tcp://[::1]:1", "--workers", "2", JSON)),
    # key
    (WRONG, ("key",)),
    (OK, ("key", "new", "{}/shop.pem", JSON)),
    (OK, ("key", "new", "{}/shop.pem", "--public", "{}/known.pem", "--quiet")),
    (WRONG, ("key", "new", "{}/good.csv", JSON)),
    (WRONG, ("key", "new", "{}/shop.pem", "--public", "{}/good.csv", JSON)),
    (WRONG, ("key", "new", "{}/nowhere/shop.pem", JSON)),
    (WRONG, ("key", "new", "keyring:shop", JSON)),
    (OK, ("key", "show", "{}/public.pem", JSON)),
    (OK, ("key", "show", "{}/public.pem")),
    (WRONG, ("key", "show", "{}/good.csv", JSON)),
    (WRONG, ("key", "show", "{}/absent.pem", JSON)),
    # verify
    (WRONG, ("verify", "{}", JSON)),
    (WRONG, ("verify", "{}/absent", JSON)),
    (WRONG, ("verify", "{}", "--key", "{}/good.csv", JSON)),
    (WRONG, ("verify",)),
    (NO, ("verify", "{}/finished", JSON)),
    (NO, ("verify", "{}/finished", "--key", "{}/public.pem")),
    (WRONG, ("verify", "{}/finished", "--key", "{}/good.csv", JSON)),
    (WRONG, ("verify", "{}/finished", "--registry", "{}/absent.db", JSON)),
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
    (NO, ("decode", "499BNM4L", JSON)),
    (NO, ("decode", "499b nm4l")),
    (NO, ("decode", "[N:.7 H:.3]99BNM4L")),
    (WRONG, ("decode", "[N:.7 H]99BNM4L", JSON)),
    (WRONG, ("decode", "499BNM4L", "--profile", "Z")),
    (OK, ("decode", "499BNM4L", "--ring", RING, "--any-rotation", JSON)),
    (NO, ("decode", "499BNM??", JSON)),
    (NO, ("decode", "????????", JSON)),
    (NO, ("decode", "00000001", JSON)),
    (NO, ("decode", "[84]99BNM4L", JSON)),
    (WRONG, ("decode", "", JSON)),
    (WRONG, ("decode", "499BNM4", JSON)),
    (WRONG, ("decode", "499BNM4L9", JSON)),
    (WRONG, ("decode", "499BNM4\N{LATIN SMALL LETTER E WITH ACUTE}", JSON)),
    (WRONG, ("decode", "[" * 5000, JSON)),
    (WRONG, ("decode", "499BNM4L", "--ring", "1", JSON)),
    (WRONG, ("decode", "499BNM4L", "--ring", f"{LOST_RING}/{LOST_RING}/{LOST_RING}", JSON)),
    (NO, ("decode", "499BNM4L", "--ring", f"{LOST_RING}/{LOST_RING}", JSON)),
    (WRONG, ("decode", "[NH][NH]" * 4, "--job", "{}/absent.toml", JSON)),
    # preview
    (OK, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.svg")),
    (OK, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.PNG", "--view", "pin", "--quiet")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.gif")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.svg", "--view", "layout", "--view", "pin")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.glb", "--view", "layout")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.svg", "--from", "{}/absent.ngc")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.svg", "--from", "{}/good.csv")),
    (WRONG, ("preview", "-o", "{}/picture.svg")),
    # inspect
    (WRONG, ("inspect", "{}/absent.x3p", "--mark", "{}/good.csv", JSON)),
    (WRONG, ("inspect", "{}/good.csv")),
    (WRONG, ("inspect", "{}/good.csv", "--mark", "{}/absent.json", "--uncertainty", "0.3")),
    (WRONG, ("inspect", "{}", "--batch", "{}/absent")),
    # report
    (WRONG, ("report", "{}")),
    (WRONG, ("report", "{}/absent")),
    (WRONG, ("report", "{}", "--csv", "{}/no/table.csv")),
    (WRONG, ("preview", "{}", "-o", "{}/picture.svg")),
    (WRONG, ("preview", *WHOSE, "-o", "{}/picture.svg")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.svg", "--view", "inside")),
    (WRONG, ("preview", "375-76834", "-o", "{}/picture.svg")),
    (WRONG, ("preview", "{}/good.json", "-o", "{}/picture.svg")),
    (WRONG, ("preview", "{}/good.json", "--maker", "Acme", "-o", "{}/picture.svg")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/picture.svg", "--job", "{}/tip.toml")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/absent/picture.svg")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}/good.csv/picture.svg")),
    (WRONG, ("preview", "375-76834", *WHOSE, "-o", "{}")),
    # strike; that it does is told in test_striking
    (WRONG, ("strike", "{}", JSON)),
    (WRONG, ("strike", "{}/absent", JSON)),
    (WRONG, ("strike", "", JSON)),
    (WRONG, ("strike", "{}", "--samples", "many", JSON)),
    (WRONG, ("strike", "{}", "--seed", "-1", JSON)),
    # read
    (NO, ("read", "{}/blank.png", "--um-per-px", "2", JSON)),
    (NO, ("read", "{}/blank.png", "--um-per-px", "2", "--quiet")),
    (WRONG, ("read", "{}/good.csv", JSON)),
    (WRONG, ("read", "{}/absent.x3p", JSON)),
    (WRONG, ("read", "{}/blank.png", "--job", "{}/bare.toml", JSON)),
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
    (OK, ("show", "pin", "worn-1.0", "-o", "{}/picture.svg", JSON)),
    (OK, ("show", "face", "rivet", "--output", "{}/picture.svg")),
    (OK, ("show", "rule", "NJ")),
    (OK, ("show", "rules", "CA", JSON)),
    (WRONG, ("show", "pin", "worn-1.0", "-o", "{}/picture.png", JSON)),
    (WRONG, ("show", "pin", "worn-1.0", "-o", "{}/good.csv", JSON)),
    (WRONG, ("show", "pin", "worn-1.0", "-o", "{}/absent/picture.svg", JSON)),
    (WRONG, ("show", "pin", "worn-1.0", "-o", "", JSON)),
    (WRONG, ("show", "pin", "mine", "--library", "{}/library", "-o", "{}/picture.svg", JSON)),
    (WRONG, ("show", "face", "mine", "--library", "{}/library", "-o", "{}/picture.svg", JSON)),
    (WRONG, ("show", "rules", "CA", "-o", "{}/picture.svg")),
    (WRONG, ("show", "", "", JSON)),
    # calibrate, tray; that they do is told in test_calibrating and test_trays
    (WRONG, ("calibrate",)),
    (OK, ("calibrate", "laser", "coupon", "-o", "{}/coupon", JSON)),
    (WRONG, ("calibrate", "laser", "coupon", "-o", "{}/good.csv", JSON)),
    (WRONG, ("calibrate", "laser", "fit", "{}/absent.csv", JSON)),
    (WRONG, ("calibrate", "laser", "fit", "{}/good.csv", JSON)),
    (OK, ("calibrate", "edm", "coupon", "--job", "{}/edm.toml", "-o", "{}/rod", JSON)),
    (OK, ("calibrate", "edm", "coupon", "--job", "{}/edm.toml", "--rod", "1", "-o", "{}/rod", "--quiet")),
    (WRONG, ("calibrate", "edm", "coupon", "--job", "{}/edm.toml", "--rod", "3", "-o", "{}/rod", JSON)),
    (WRONG, ("calibrate", "edm", "coupon", "--job", "{}/edm.toml", "--rod", "0", "-o", "{}/rod", JSON)),
    (WRONG, ("calibrate", "edm", "coupon", "-o", "{}/rod", JSON)),
    (WRONG, ("calibrate", "edm", "fit", "{}/absent.csv", JSON)),
    (WRONG, ("calibrate", "edm", "fit", "{}/good.csv", JSON)),
    (WRONG, ("calibrate", "gauge", "{}/good.csv", JSON)),
    (WRONG, ("tray",)),
    (WRONG, ("tray", "map", "{}/absent.ngc", JSON)),
    (WRONG, ("tray", "check", "{}/good.csv", JSON)),
    (WRONG, ("tray", "restart", "{}/good.csv", "--nest", "2", "-o", "{}/rest.ngc", JSON)),
    (WRONG, ("tray", "place", "{}/absent.ngc", "--probe", "{}/good.csv", "-o", "{}/rest.ngc", JSON)),
    # pin
    (WRONG, ("pin",)),
    (WRONG, ("pin", "make")),
    (OK, ("pin", "fit", "{}/ball.stl", "--unit", "mm", JSON)),
    (OK, ("pin", "fit", "{}/ball.stl", "--unit", "mm", "--out", "{}/ball.toml", "--quiet")),
    (OK, ("pin", "fit", "{}/ball.stl", "--unit", "mm", "--model", "measured", "-o", "{}/ball.toml", JSON)),
    (NO, ("pin", "fit", "{}/ball.stl", "--unit", "mm", "--model", "flat", "-o", "{}/ball.toml", JSON)),
    (NO, ("pin", "fit", "{}/ball.stl", "--unit", "mm", "--model", "cone")),
    (WRONG, ("pin", "fit", "{}/ball.stl", JSON)),
    (WRONG, ("pin", "fit", "{}/ball.stl", "--unit", "parsec", JSON)),
    (WRONG, ("pin", "fit", "{}/ball.stl", "--unit", "mm", "--shank-radius", "0.8", JSON)),
    (WRONG, ("pin", "fit", "{}/ball.stl", "--unit", "mm", "--out", "{}/good.csv", JSON)),
    (WRONG, ("pin", "fit", "{}/ball.stl", "--unit", "mm", "--out", "{}/tip.toml", JSON)),
    (WRONG, ("pin", "fit", "{}/ball.stl", "--unit", "mm", "--out", "{}/absent/ball.toml", JSON)),
    (WRONG, ("pin", "fit", "{}/cut.stl", "--unit", "mm", JSON)),
    (WRONG, ("pin", "fit", "{}/empty.csv", "--unit", "mm", JSON)),
    (WRONG, ("pin", "fit", "{}/good.csv", "--unit", "mm", JSON)),
    (WRONG, ("pin", "fit", "{}/absent.stl", "--unit", "mm", JSON)),
    (WRONG, ("pin", "fit", "{}", "--unit", "mm", JSON)),
    (WRONG, ("pin", "fit", JSON)),
    # face
    (WRONG, ("face",)),
    (WRONG, ("face", "make")),
    (OK, ("face", "import", "{}/staves.ttf", "--mode", "outline", "-o", "{}/new.toml", JSON)),
    (OK, ("face", "import", "{}/staves.ttf", "-o", "{}/new.toml", "--quiet")),
    (WRONG, ("face", "import", "{}/staves.ttf", JSON)),
    (WRONG, ("face", "import", "{}/staves.ttf", "--mode", "bold", "-o", "{}/new.toml", JSON)),
    (WRONG, ("face", "import", "{}/staves.ttf", "-o", "{}/new.ttf", JSON)),
    (WRONG, ("face", "import", "{}/staves.ttf", "-o", "{}/tip.toml", JSON)),
    (WRONG, ("face", "import", "{}/staves.ttf", "-o", "{}", JSON)),
    (WRONG, ("face", "import", "{}/staves.ttf", "-o", "{}/absent/new.toml", JSON)),
    (WRONG, ("face", "import", "{}/few.ttf", "-o", "{}/new.toml", JSON)),
    (WRONG, ("face", "import", "{}/good.csv", "-o", "{}/new.toml", JSON)),
    (WRONG, ("face", "import", "{}/empty.csv", "-o", "{}/new.toml", JSON)),
    (WRONG, ("face", "import", "{}/absent.ttf", "-o", "{}/new.toml", JSON)),
    (WRONG, ("face", "import", "{}", "-o", "{}/new.toml", JSON)),
    # job
    (OK, ("job", "init")),
    (OK, ("job", "init", "{}/new.toml")),
    (OK, ("job", "init", "{}/new.toml", "--quiet")),
    (WRONG, ("job", "init", "{}/good.csv")),
    (WRONG, ("job", "init", "{}/absent/new.toml")),
    (OK, ("job", "check", str(PROJECT / "examples" / "job.toml"), JSON)),
    (OK, ("job", "check", str(PROJECT / "examples" / "job.toml"))),
    (NO, ("job", "check", "{}/tip.toml", JSON)),
    (WRONG, ("job", "check", "{}/bare.toml", JSON)),
    (WRONG, ("job", "check", "{}/broken.toml", JSON)),
    (WRONG, ("job", "check", "{}/absent.toml", JSON)),
    (WRONG, ("job", "check", JSON)),
    (OK, ("job", "check", "{}/packs.toml", JSON)),
    (OK, ("job", "check", "{}/packs.toml")),
    (WRONG, ("job", "check", "{}/rows.toml", JSON)),
    (WRONG, ("job", "check", "{}/shapes.toml", JSON)),
    (WRONG, ("job", "check", "{}/unfit.toml", JSON)),
    (OK, ("job", "fit", "{}/fit.toml", "-o", "{}/new.toml", JSON)),
    (OK, ("job", "fit", "{}/fit.toml", "-o", "{}/new.toml", "--quiet")),
    (WRONG, ("job", "fit", "{}/fit.toml", "-o", "{}/tip.toml", JSON)),
    (WRONG, ("job", "fit", "{}/fit.toml", "-o", "{}/absent/new.toml", JSON)),
    (WRONG, ("job", "fit", "{}/deep.toml", "-o", "{}/new.toml", JSON)),
    (WRONG, ("job", "fit", "{}/unfit.toml", JSON)),
    (WRONG, ("job", "fit", "{}/bare.toml", JSON)),
    (WRONG, ("job", "fit", "{}/broken.toml", JSON)),
    (WRONG, ("job", "fit", "{}/absent.toml", JSON)),
    (WRONG, ("job", "fit", "{}", JSON)),
    # trace and case
    (OK, ("trace", "499BNM??", *AT, JSON)),
    (OK, ("trace", "499bnm4l", *AT, "--ring", RING, "--any-rotation")),
    (WRONG, ("trace", "499BNM??", "--registry", "{}/new.db", JSON)),
    (NO, ("trace", "????????", *AT, "--case", "26-114", "--reader", "A. Kovacs", JSON)),
    (WRONG, ("trace", "499BNM4", *AT, JSON)),
    (WRONG, ("trace", "499BNM4L", *AT, "--case", "", JSON)),
    (WRONG, ("trace", "499BNM4L", *AT, "--reader", "\n", JSON)),
    (WRONG, ("trace", "499BNM4L", JSON)),
    (WRONG, ("trace", "499BNM4L", "--registry", "{}/absent.db", JSON)),
    (WRONG, ("trace", "499BNM4L", "--registry", "{}/good.csv", JSON)),
    (WRONG, ("case", "26-114", *AT, "-o", "{}/case.html")),
    (WRONG, ("case", "26-114", *AT, "-o", "{}/case.pdf")),
    (WRONG, ("case", "26-114", *AT, "-o", "{}/absent/case.html")),
    # registry
    (WRONG, ("registry",)),
    (WRONG, ("registry", "mend")),
    (OK, ("registry", "init", "{}/new.db", JSON)),
    (OK, ("registry", "init", "{}/new.db", "--issuer", "Acme", "--ids", "0-9", "--ids", "20-29", "--quiet")),
    (WRONG, ("registry", "init", "{}/new.db", "--issuer", "Acme", JSON)),
    (WRONG, ("registry", "init", "{}/new.db", "--issuer", "Acme", "--ids", "9-0", JSON)),
    (WRONG, ("registry", "init", "{}/new.db", "--issuer", "Acme", "--ids", "all", JSON)),
    (WRONG, ("registry", "init", "{}/new.db", "--actor", "", JSON)),
    (WRONG, ("registry", "init", "{}/registry.db", JSON)),
    (WRONG, ("registry", "init", "{}/absent/new.db", JSON)),
    (WRONG, ("registry", "init", "", JSON)),
    (WRONG, ("registry", "init", "mysql://a:b@c/d", JSON)),
    (OK, ("registry", "import", str(PROJECT / "examples" / "registry.toml"), *AT, JSON)),
    (OK, ("registry", "import", "{}/good.csv", *AT, JSON)),
    (OK, ("registry", "import", "{}/good.csv", *AT, "--quiet")),
    (OK, ("registry", "import", "{}/export.json", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/bad.csv", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/hostile.csv", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/empty.csv", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/header.csv", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/latin1.csv", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/utf16.csv", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/quote.csv", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/good.json", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/broken.toml", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/tip.toml", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/absent.csv", *AT, JSON)),
    (WRONG, ("registry", "import", "{}", *AT, JSON)),
    (WRONG, ("registry", "import", "{}/good.csv", "--registry", "{}/good.csv", JSON)),
    (WRONG, ("registry", "import", "{}/good.csv", JSON)),
    (OK, ("registry", "export", *AT, "-o", "{}/new.csv")),
    (OK, ("registry", "export", *AT, "-o", "{}/new.json", "--quiet")),
    (OK, ("registry", "export", *AT, "-o", "{}/good.csv", "--force")),
    (WRONG, ("registry", "export", *AT, "-o", "{}/good.csv")),
    (WRONG, ("registry", "export", *AT, "-o", "{}/new.xlsx")),
    (WRONG, ("registry", "export", *AT, "-o", "{}/absent/new.csv")),
    (WRONG, ("registry", "export", *AT)),
    (OK, ("registry", "backup", *AT, "-o", "{}/new.db", JSON)),
    (WRONG, ("registry", "backup", *AT, "-o", "{}/registry.db", JSON)),
    (WRONG, ("registry", "backup", "--registry", "{}/good.csv", "-o", "{}/new.db", JSON)),
    (OK, ("registry", "restore", "{}/registry.db", "--registry", "{}/new.db", JSON)),
    (WRONG, ("registry", "restore", "{}/registry.db", *AT, JSON)),
    (WRONG, ("registry", "restore", "{}/good.csv", "--registry", "{}/new.db", JSON)),
    (WRONG, ("registry", "restore", "{}/absent.db", "--registry", "{}/new.db", JSON)),
    (OK, ("registry", "upgrade", *AT, JSON)),
    (WRONG, ("registry", "upgrade", "--registry", "{}/good.csv", JSON)),
    (OK, ("registry", "verify", *AT, JSON)),
    (OK, ("registry", "verify", *AT)),
    (NO, ("registry", "verify", *AT, "--expect", f"99:{'0' * 64}", JSON)),
    (NO, ("registry", "verify", *AT, "--expect", f"1:{'0' * 64}")),
    (WRONG, ("registry", "verify", *AT, "--expect", "99", JSON)),
    (WRONG, ("registry", "verify", "--registry", "{}/absent.db", JSON)),
    (OK, ("registry", "status", *AT, JSON)),
    (OK, ("registry", "status", *AT)),
    (WRONG, ("registry", "status", "--registry", "{}", JSON)),
    (OK, ("registry", "show", "375-76834", *WHOSE, *AT, JSON)),
    (OK, ("registry", "show", "375-76834", *WHOSE, *AT)),
    (WRONG, ("registry", "show", "375-00001", *WHOSE, *AT, JSON)),
    (WRONG, ("registry", "show", "375-76834", *AT, JSON)),
    (OK, ("registry", "void", "375-76834", *WHOSE, "--reason", "lost", *AT, JSON)),
    (WRONG, ("registry", "void", "375-76834", *WHOSE, "--reason", " ", *AT, JSON)),
    (WRONG, ("registry", "void", "375-76834", "../x", *WHOSE, "--reason", "lost", *AT, JSON)),
    (WRONG, ("registry", "void", *WHOSE, "--reason", "lost", *AT, JSON)),
    (OK, ("registry", "reissue", "375-76834", *WHOSE, "--reason", "lost", *AT, JSON)),
    (WRONG, ("registry", "reissue", "375-00001", *WHOSE, "--reason", "lost", *AT, JSON)),
    (OK, ("registry", "marked", "375-76834", *WHOSE, *AT, JSON)),
    (WRONG, ("registry", "marked", "375-00001", *WHOSE, *AT, JSON)),
    (WRONG, ("registry", "signoff", "{}", "--meaning", "released", *AT, JSON)),
    (WRONG, ("registry", "signoff", "{}/absent", "--meaning", "released", *AT, JSON)),
    (WRONG, ("registry", "signoff", "{}", *AT, JSON)),
    # doctor
    (OK, ("doctor",)),
    (OK, ("doctor", JSON)),
    (WRONG, ("doctor", "who", JSON)),
    # completion
    *((OK, ("completion", shell)) for shell in ("bash", "zsh", "fish")),
    (WRONG, ("completion",)),
    (WRONG, ("completion", "tcsh")),
    # log
    (OK, ("--log-format", "text", "doctor")),
    (WRONG, ("doctor", "--log-format", "xml")),
    (WRONG, ("doctor", "--log-format")),
    (WRONG, ("encode", *WHOSE, "--", "--log-format=json")),
]


@cache
def _registry() -> tuple[bytes, bytes]:
    """A registry with one mark, and its export."""
    with TemporaryDirectory() as folder:
        address = str(Path(folder) / "registry.db")
        record.init(address, actor="anna")
        record.import_file(PROJECT / "examples" / "registry.toml", address, actor="anna")
        (Path(folder) / "marks.csv").write_text("serial,maker,model\n375-76834,Borealis,Compact\n")
        record.import_file(Path(folder) / "marks.csv", address, actor="anna")
        record.export(address, Path(folder) / "export.json")
        return Path(address).read_bytes(), (Path(folder) / "export.json").read_bytes()


def _furnish(folder: Path) -> None:
    for name, data in zip(("registry.db", "export.json"), _registry(), strict=True):
        (folder / name).write_bytes(data)
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
        "edm.toml": (PROJECT / "examples" / "job-edm.toml").read_text(),
    }
    before, after = example.split("\n[layout]\n")
    fit = f'{before}\n[fit]\nprofiles = ["S"]\n{after[after.index("[limits]") :]}'.replace(', "weak"', "")
    texts |= {
        "packs.toml": example.replace("rules = []", 'rules = ["CA", "NJ", "NY"]'),
        "rows.toml": example.replace("rows = [4, 4]", "rows = [9]"),
        "shapes.toml": example.replace('profile = "A"\n', 'profile = "G"\n'),
        "fit.toml": fit,
        "unfit.toml": fit.replace("[fit]", "[fit]\ncolour = 3"),
        "deep.toml": fit.replace('relief = "25um"', 'relief = "900um"'),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "latin1.csv").write_bytes("serial,maker,model\n375-76834,Bor\u00e9alis,Compact\n".encode("latin-1"))
    (folder / "utf16.csv").write_bytes(texts["good.csv"].encode("utf-16"))
    Image.new("L", (400, 400), 128).save(folder / "blank.png")
    # The public key of RFC 8032, 7.1, TEST 2.
    (folder / "public.pem").write_text(
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
        "-----END PUBLIC KEY-----\n"
    )
    (folder / "finished").mkdir()
    (folder / "finished" / "manifest.json").write_text('{"schema": "pin-engrave/manifest/2"}')
    (folder / "library" / "pins").mkdir(parents=True)
    (folder / "library" / "pins" / "mine.toml").write_text("shape = 3")
    (folder / "library" / "faces").mkdir()
    (folder / "library" / "faces" / "mine.toml").write_text("glyphs = 3")


@pytest.fixture
def furnished(tmp_path: Path, font: Path, few: Path, scan: Path) -> Path:
    """A folder with files of every kind, good and bad."""
    _furnish(tmp_path)
    shutil.copy(font, tmp_path / "staves.ttf")
    shutil.copy(few, tmp_path / "few.ttf")
    shutil.copy(scan, tmp_path / "ball.stl")
    (tmp_path / "cut.stl").write_bytes(scan.read_bytes()[:1000])
    return tmp_path


@pytest.mark.parametrize(("code", "arguments"), MATRIX, ids=[" ".join(line)[:60] or "nothing" for _, line in MATRIX])
def test_matrix(
    code: Exit,
    arguments: tuple[str, ...],
    call: Callable[..., Any],
    furnished: Path,
    validators: dict[str, Draft202012Validator],
) -> None:
    before = {path.name for path in furnished.iterdir()}
    called = call(*(argument.replace("{}", str(furnished)) for argument in arguments))
    out, err = called.out, called.err
    assert (called.code, "Traceback" in err) == (code, False), err
    if code in (WRONG, UNFINISHED):
        assert "pin-engrave: " in err
        assert "a fault of ours" not in err
        assert {path.name for path in furnished.iterdir()} == before
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
    # Groups of commands and those that print no document; commands that are tried on real files, in tests of their own.
    mute = {"calibrate", "calibrate laser", "calibrate edm", "case", "completion", "job", "key", "preview", "registry"}
    mute |= {"report", "tray"}
    elsewhere = {
        "calibrate laser fit",
        "calibrate edm fit",
        "calibrate gauge",
        "check",
        "inspect",
        "make",
        "registry signoff",
        "strike",
    }
    elsewhere |= {"tray restart", "tray place", "tray check", "tray map"}
    for name in ((set(COMMANDS) | set(PARTS)) - mute - {"job init"}) | (set(REGISTRY) - {"registry export"}):
        codes = {code for code, line in MATRIX if " ".join(line).startswith(name) and JSON in line}
        assert WRONG in codes, name
        assert codes & {OK, NO} or name in elsewhere, name
