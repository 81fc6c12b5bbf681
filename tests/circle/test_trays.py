"""A real pin on a tray: LinuxCNC lights what the pin's own program lights, moved to its nest."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from engrave import api
from engrave.api.trays import tray_check, tray_map

EXAMPLE = 'conditions = ["nominal", "weak"]'


@pytest.mark.slow
def test_a_tray_of_a_real_pin(linuxcnc_beam_moves: Callable[..., Any], rs274_canon: ModuleType, tmp_path: Path) -> None:
    text = api.example_job_text().replace('machine = "stage"', 'machine = "tray-stage"')
    assert EXAMPLE in text
    text = text.replace(EXAMPLE, 'conditions = ["nominal"]')
    (tmp_path / "job.toml").write_text(f'fixture = "tray-10x10"\n{text}')
    (tmp_path / "s.csv").write_text("serial,maker,model\nAAA0001,Acme,P9\n")
    outcome = api.batch(tmp_path / "s.csv", tmp_path / "out", tmp_path / "job.toml", workers=1)
    assert outcome.good
    program = tmp_path / "out" / "tray-001.ngc"
    assert tray_check(program).passed
    moves = linuxcnc_beam_moves(program.read_bytes())
    own = []
    for pin in tray_map(program).pins:
        alone = linuxcnc_beam_moves((tmp_path / "out" / "pins" / pin.characters / "job.ngc").read_bytes())
        # The shipped plate is not probed: 10 mm from nest to nest, tips at 3 mm.
        own.append(np.add(alone.end_um, (pin.nest * 10_000.0, 10_000.0, 3000.0)))
    np.testing.assert_allclose(moves.end_um, np.concatenate(own), atol=2 * rs274_canon.PRINT_TOLERANCE_UM, rtol=0)
    assert not moves.lit_at_end
