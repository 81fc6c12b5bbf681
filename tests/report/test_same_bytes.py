"""Everything the report makes, made twice and with other hash seeds and locales: the same bytes."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib
import json
from dataclasses import replace
import numpy as np
import shapely
from engrave.code.profiles import profile_by_name
from engrave.layout import Land, Layout, LayoutSettings, Track, engraving_of, plan_places
from engrave.report import *
from engrave.report.png import png_of
from engrave.report.view import pin_view
from toolpaths.findings import Finding, Severity
from engrave.tips import FlatTip
from toolpaths.surface import HeightMap, disc

settings = LayoutSettings(
    profile="A", face="none", height_um=175.0, stroke_um=14.0, column_pitch_um=175.0, row_pitch_um=215.0,
    tooth_um=14.0, tracks=(Track(inner_um=435.0, outer_um=510.0), Track(inner_um=525.0, outer_um=600.0)),
)
lands = tuple(
    Land(place=f"p{i}", shows="0", outline=shapely.Point(70.0 * i, 30.0).buffer(30.0) - shapely.box(-9, 20, 250, 30))
    for i in range(4)
)
layout = Layout(places=plan_places(profile_by_name("A"), settings), characters=lands, teeth=())
engraving = engraving_of(layout, relief_um=25.0, tip=FlatTip(edge_radius_um=900.0), largest_patch_um=560.0)
z_um = np.random.default_rng(1).normal(0.0, 3.0, (200, 200))
surface = HeightMap(z_um=z_um, pixel_um=7.0, x0_um=-700.0, y0_um=-700.0, frame="reading")
finding = Finding(number="L101", severity=Severity.WARNING, message="m", value=1.5, limit=2.0, unit="um")
picture = impression_png(surface, title="t")
row = PinRow(
    line=2, serial="s", maker="m", model="o", lot="", characters="0H5KB4M3", ring=(), id=1, tip="t", profile="A",
    verdict="odd", reading="0H5KB4M3", reading_serial="s", findings=(finding,), depths=(), strikes=(), layout=layout,
    views=json.loads(views_json(replace(surface, frame="pin"), surface)), files=(("a", "0"), ("b", "1")),
)
summary = Summary(
    title="t", facts=(), conditions=(), priors=(), sources=(), files=(), skipped=(), radius_um=600.0, dark="land",
    signing="",
)
made = (
    layout_svg(layout, title="t"), pin_svg(engraving, title="t", boundary=disc(900.0)),
    png_of(pin_view(engraving, title="t", boundary=disc(900.0)), width_px=640), picture,
    layout_png(layout, title="t"),
    index_html([row, row], summary=summary),
)
print(*(hashlib.sha256(data).hexdigest() for data in made))
"""


def _digests(*, seed: str, locale: str, zone: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert len(done.stdout.split()) == 6
    return done.stdout


@pytest.fixture(scope="module")
def first() -> str:
    return _digests(seed="0", locale="C.UTF-8", zone="UTC")


@pytest.mark.parametrize(("seed", "locale", "zone"), [("0", "C.UTF-8", "UTC"), ("4711", "C", "Asia/Tokyo")])
def test_another_run_gives_the_same_bytes(first: str, seed: str, locale: str, zone: str) -> None:
    assert _digests(seed=seed, locale=locale, zone=zone) == first
