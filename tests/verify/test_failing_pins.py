"""Pins whose programs are sound and whose design is not: each fails, and what does not print is named, cell by cell.

The design rules refuse such jobs; here they are passed over, as somebody might who writes a program himself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engrave import api
from engrave.base.config import json_bytes
from engrave.batch.pin import job_document, plan_pin
from engrave.code.mark import Mark, make_mark, mark_to_json
from engrave.job import NOMINAL, Job, load_job
from engrave.job.setup import Setup, prepare
from engrave.strike import PRIMERS
from engrave.verify import Checked, check_pin, checker_for
from toolpaths.findings import Finding
from toolpaths.model import Toolpath
from toolpaths.writers.gcode import write_gcode

pytestmark = pytest.mark.slow

FAT_UM = 48.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A pin of a job, whatever the design rules say of it."""

    setup: Setup
    mark: Mark

    def program(self, toolpath: Toolpath | None = None) -> bytes:
        """Its machine file, as planned or with another toolpath."""
        planned = toolpath or self.toolpath()
        return write_gcode(planned, self.setup.job.machine.value, header=())

    def toolpath(self) -> Toolpath:
        """As it is planned."""
        return plan_pin(self.setup, self.mark).toolpath

    def checked(self) -> Checked:
        """The verdict on its own program."""
        return check_pin(self.program(), self.mark, checker_for(self.setup))

    def glyphs(self) -> list[tuple[str, str]]:
        """Place and character of each glyph."""
        return [
            (place.name, character)
            for place, character in zip(self.setup.places.characters, self.mark.characters, strict=True)
        ]

    def teeth(self, track: int) -> set[str]:
        """Places of the teeth that the mark has on a track, from 1."""
        return {
            f"ring track {track}, sector {sector}"
            for sector, cell in enumerate(self.mark.ring[track - 1])
            if cell == "1"
        }


def nominal_alone(*, dent_um: float = 350.0) -> Job:
    """The example job with no condition but the nominal one, and that of this depth."""
    job = load_job(None)
    (nominal,) = (entry for entry in job.conditions if entry.name == NOMINAL)
    assert nominal.value.dent_um == 350.0
    return replace(job, conditions=(replace(nominal, value=replace(nominal.value, dent_um=dent_um)),))


def pin_of(job: Job) -> Pin:
    setup = prepare(job)
    return Pin(setup=setup, mark=make_mark(serial="375-76834", maker="Borealis", model="Compact", ranges=setup.ranges))


def forbidden_by(pin: Pin) -> set[str]:
    """The design rules that would have refused the job."""
    return {finding.number for finding in pin.setup.rules if finding.severity == "error"}


def places(checked: Checked, number: str) -> set[str]:
    """Where a kind of finding was made."""
    return {finding.place for finding in checked.findings if finding.number == number}


def of_glyphs(checked: Checked, number: str) -> Iterator[Finding]:
    """The findings of that kind about characters."""
    return (
        finding for finding in checked.findings if finding.number == number and finding.place.startswith("character ")
    )


def soft_cup(job: Job) -> Job:
    """A copper cup that is held at its ring only: by p/Y = 2 t / R it bears no more than its flow stress."""
    copper = PRIMERS.load("copper-cup")
    assert (copper.value.thickness_um, copper.value.backing_least) == (500.0, 0.0)
    return replace(job, primer=replace(copper, value=replace(copper.value, backing=0.0)))


def test_outer_cells_beyond_the_patch_are_named() -> None:
    """A dent of 0.2 mm: a^2 = (.70 + .45 / 2)(2 R D - D^2), so the patch ends at 577 um, amid the outer track."""
    pin = pin_of(nominal_alone(dent_um=200.0))
    assert "L108" in forbidden_by(pin)
    checked = pin.checked()
    assert not checked.passed
    assert checked.nominal is not None
    assert checked.nominal.impression.contact_um == pytest.approx(577.0, rel=0.01)
    for number in ("S501", "S502", "S503"):
        assert places(checked, number) == pin.teeth(2), number
    assert places(checked, "R407") == {"ring track 2"}
    # The rest of the mark is as sound as ever.
    assert {finding.number for finding in checked.findings if finding.severity == "error"} == {
        "S501", "S502", "S503", "R407",
    }  # fmt: skip


def test_on_a_tip_too_small_the_outer_track_is_named() -> None:
    """R = 0.8 mm at the ordinary dent: a = 636 um, and the outer track's far side has hardly been touched."""
    job = nominal_alone()
    small = replace(job.pin, value=replace(job.pin.value, radius_um=800.0, edge_radius_um=700.0))
    pin = pin_of(replace(job, pin=small))
    assert "L108" in forbidden_by(pin)
    checked = pin.checked()
    assert not checked.passed
    named = places(checked, "S501") | places(checked, "S502") | places(checked, "S503")
    assert named == pin.teeth(2)


def test_strokes_too_fat_for_their_pitch_are_named() -> None:
    """Lands sink where p/Y is 2.97 of their share of the area or more; here p/Y is 1, their share beyond a third."""
    job = soft_cup(nominal_alone())
    pin = pin_of(replace(job, layout=replace(job.layout, stroke_um=FAT_UM)))
    assert {"L103", "L106"} <= forbidden_by(pin)
    checked = pin.checked()
    assert not checked.passed
    assert checked.nominal is not None
    assert checked.nominal.impression.pressure == pytest.approx(1.0)
    named = {finding.place: finding for finding in of_glyphs(checked, "S501")}
    assert [(place, finding.message) for place, finding in named.items()] == [
        (place, f"{character!r} prints too shallow") for place, character in pin.glyphs()
    ]
    assert all(finding.remedy and finding.unit == "um" for finding in named.values())
    assert places(checked, "R401") == {"impression"}
    # The teeth are as thin as before: not one of the inner track is named.
    assert not pin.teeth(1) & (places(checked, "S501") | places(checked, "S503"))


def test_thin_strokes_sink_in_the_same_cup() -> None:
    """It is the strokes and not the cup that the glyphs of the test above fail by."""
    checked = pin_of(soft_cup(nominal_alone())).checked()
    assert not list(of_glyphs(checked, "S501"))
    assert not list(of_glyphs(checked, "S503"))
    assert not places(checked, "R401")


def test_fat_strokes_are_named_in_a_backed_brass_cup_too() -> None:
    """With more pressure they sink, and some stand out too little from floors that have not filled."""
    job = nominal_alone()
    pin = pin_of(replace(job, layout=replace(job.layout, stroke_um=FAT_UM)))
    checked = pin.checked()
    assert not checked.passed
    named = [finding for number in ("S501", "S502", "S503") for finding in of_glyphs(checked, number)]
    assert named
    shown = dict(pin.glyphs())
    assert all(finding.message.startswith(repr(shown[finding.place])) for finding in named)


def test_at_half_depth_every_glyph_is_named(tmp_path: Path) -> None:
    """Half of the passes, by the files alone: all lands print half as deep, which the limit lies above."""
    pin = pin_of(nominal_alone())
    assert not forbidden_by(pin)
    (block,) = pin.toolpath().blocks
    halved = Toolpath(blocks=(replace(block, repeats=block.repeats // 2),))
    (tmp_path / "job.json").write_bytes(job_document(pin.setup.job))
    (tmp_path / "mark.json").write_bytes(json_bytes(mark_to_json(pin.mark)))
    (tmp_path / "job.ngc").write_bytes(pin.program(halved))
    (outcome,) = api.check(tmp_path)
    assert not outcome.passed
    assert outcome.document["verdict"] == "fail"
    findings = outcome.document["findings"]
    shallow = [finding for finding in findings if finding["number"] == "S501"]
    assert [(each["place"], each["message"]) for each in shallow[:8]] == [
        (place, f"{character!r} prints too shallow") for place, character in pin.glyphs()
    ]
    assert {each["place"] for each in shallow[8:]} == pin.teeth(1) | pin.teeth(2)
    assert {"C301", "C304"} <= {finding["number"] for finding in findings}
    # It still reads: a pin is failed for the wear that it would not stand.
    assert outcome.document["reading"]["characters"] == pin.mark.characters
    assert not [finding for finding in findings if finding["number"].startswith("R")]
