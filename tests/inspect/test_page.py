"""The first-article page: every text is shown as text, pictures stand the right way up, nothing is asked for."""

import re
from base64 import b64decode
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engrave.inspect.measure import DeviationMap
from engrave.report.inspection import inspection_html

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def document() -> dict[str, Any]:
    """A document whose texts from outside are hostile."""
    land = {
        "place": "character 1 (row 1, column 1)",
        "shows": "A",
        "depth_um": 30.0,
        "designed_depth_um": 30.0,
        "low_um": 27.0,
        "high_um": 33.0,
        "depth": "pass",
        "width_um": None,
        "designed_width_um": 20.0,
        "off_um": None,
        "width": "undecided",
        "standing_share": 1.0,
        "seen_share": 0.5,
    }
    finding = {
        "number": "I603",
        "severity": "error",
        "message": HOSTILE,
        "place": "=HYPERLINK(1)",
        "value": 5.0,
        "limit": None,
        "unit": "um",
        "remedy": "clean it",
    }
    return {
        "verdict": "undecided",
        "intended": {"characters": "AAAAAAAA", "id": 7, "serial": HOSTILE},
        "scan": {
            "name": f"{HOSTILE}.npy",
            "sha256": "0" * 64,
            "kind": "npy",
            "notes": [HOSTILE],
            "pixel_um": 1.0,
            "samples": 4,
            "holes": 1,
            "spikes": 0,
        },
        "reading": {"found": True, "characters": "AAAAAAA?", "identified": False, "serial": None, "id": None},
        "lies": None,
        "uncertainty": {
            "depth_um": 0.3,
            "width_um": 0.2,
            "how": "given",
            "repeats": [{"name": HOSTILE, "sha256": "1"}],
        },
        "limits": {"depth_share": 0.1, "width_um": 2.0, "burr_um": 3.0, "standing_share": 0.9},
        "glyphs": [land],
        "ring_cells": [],
        "shapes": [],
        "findings": [finding],
        "priors": [{"of": HOSTILE, "source": "nobody"}],
    }


def test_what_comes_from_outside_is_text(document: dict[str, Any]) -> None:
    text = inspection_html(document, None).decode()
    assert "<img src=x" not in text
    assert text.count("&lt;img src=x") >= 6
    assert "<script" not in text
    assert "NOT DECIDED" in text
    assert "default-src 'none'" in text.replace("&#x27;", "'")


def test_the_map_stands_upright_and_shows_too_much_in_orange(document: dict[str, Any]) -> None:
    axis_um = np.linspace(-4.0, 4.0, 5)
    off_um = np.zeros((5, 5))
    # Row 4 has the greatest y: the picture's first row.
    off_um[4, 0], off_um[0, 4], off_um[2, 2] = 6.0, -6.0, np.nan
    nothing = np.zeros((5, 5), dtype=np.bool_)
    deviations = DeviationMap(
        axis_um=axis_um, off_um=off_um, depth_um=np.ones((5, 5)), excess_um=off_um, crest=~nothing, floor=nothing
    )
    page = inspection_html(document, deviations).decode()
    first = re.search(r'src="data:image/png;base64,([^"]+)"', page)
    assert first is not None
    pixels = np.asarray(Image.open(BytesIO(b64decode(first[1]))).convert("RGB")).astype(int)
    red, blue = pixels[..., 0], pixels[..., 2]
    assert red[0, 0] > blue[0, 0] + 50
    assert blue[4, 4] > red[4, 4] + 50
    # A wall is grey, the sound rest nearly white.
    assert pixels[2, 2].tolist() == [190, 190, 190]
    assert pixels[1, 1].min() > 240
