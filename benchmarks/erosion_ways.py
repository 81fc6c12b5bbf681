"""What comes out of each way to erode a mark, on several tips: floor, walls, and what a strike makes of it.

Milled with rods of 80 and 20 um (raised), with one of 15 um in strokes of 30 um (recessed), sunk, and drilled dot by
dot. Every mark goes through its program: written, read back, cut, compared with the design, struck, and measured in the
primer. Where a design rule forbids the job, it is made all the same, to show what it would come to.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.batch.erosion_files import erosion_files, plan_erosion
from engrave.batch.pin import drawn_pin
from engrave.code.mark import make_mark
from engrave.job import Job, load_job
from engrave.job.bench import fit_job
from engrave.job.setup import Setup, prepare
from engrave.job.shelves import load_process
from engrave.layout import Engraving
from engrave.layout.fitting import Fit
from engrave.layout.places import RECESSED
from engrave.reading import measure_lands
from engrave.strike import strike
from engrave.tips import PINS
from engrave.verify.design import sampled
from engrave.verify.discs import least
from engrave.verify.eroded import WALL_UM, check_eroded, cutting_of, ideal_of
from engrave.verify.erosion import electrode_files, eroded, read_eroding
from toolpaths.edm.drilling import plan_drilling
from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.removal import milled
from toolpaths.findings import Finding, Severity, has_errors
from toolpaths.readers.edm_gcode import read_edm_gcode
from toolpaths.surface import HeightMap
from toolpaths.writers.edm_gcode import write_edm_gcode

EXAMPLES = Path(__file__).parent.parent / "examples"
WAYS = ("raised", "recessed", "sunk", "drilled")
TIPS = ("flat-1.8", "sphere-1.0", "sphere-1.2", "chisel-1.8x0.7")
_SERIAL, _MAKER, _MODEL = "AAA0001", "Acme", "P9"
_STROKE_UM = 30.0
_CREST_UM = 0.1
# Places on the rim of a hole at which the face is looked at.
_AROUND = 360


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Of one mark: how far floors lie off what the electrode can make, um, and what a strike makes of the lands."""

    median_um: float
    off_99_um: float
    findings: tuple[str, ...]
    forbidden: tuple[str, ...]
    printed: int
    lands: int
    deepest_um: float


def job_of(way: str, tip: str) -> Job:
    """The shipped job of a way on another tip, with the layout that fits it; the nominal strike alone."""
    job = load_job(EXAMPLES / ("job-sinker.toml" if way == "sunk" else "job-edm.toml"))
    nominal = tuple(entry for entry in job.conditions if entry.name == "nominal")
    job = replace(job, pin=PINS.load(tip), conditions=nominal)
    fitted = fit_job(job, Fit(face=job.layout.face, polarity=job.layout.polarity))
    layout = next(found.settings for found in fitted if found.settings.profile == "A")
    if way in {"raised", "sunk"}:
        return replace(job, layout=layout)
    process = load_process("wc-15-fine")
    layout = replace(layout, polarity=RECESSED, stroke_um=_STROKE_UM, tooth_um=_STROKE_UM)
    if way == "drilled":
        layout = replace(layout, face="rivet", stroke_um=_milling(process.value).opening_um)
    return replace(job, layout=layout, process=process)


def _milling(process: object) -> Milling:
    if not isinstance(process, Milling):
        raise TypeError(f"{process!r} is no milling")
    return process


def made(setup: Setup, engraving: Engraving) -> HeightMap:
    """The tip, by the files that a batch would write of the mark."""
    planned = plan_erosion(setup, engraving)
    files = erosion_files(planned, setup.job, header=(), characters="")
    eroding, findings = read_eroding(
        files[setup.job.machine_file], setup, {name: files[name] for name in electrode_files(setup.job)}
    )
    if eroding is None or has_errors(findings):
        raise SystemExit(f"the program cannot be used: {[finding.message for finding in findings]}")
    return eroded(eroding, setup)


def drilled(setup: Setup, engraving: Engraving) -> HeightMap:
    """The tip with a hole in the middle of every dot, by a program of its own."""
    job = setup.job
    milling = _milling(job.process.value)
    places_um = shapely.get_coordinates(shapely.centroid(shapely.get_parts(engraving.land())))
    erosion = plan_drilling(places_um=places_um, depth_um=job.relief_um, surface=setup.tip, milling=milling)
    program = write_edm_gcode(erosion, job.machine.value, header=())
    read = read_edm_gcode(program, job.machine.value)
    half_width_um = setup.tip.edge_radius_um
    return milled(read.erosion, milling=milling, surface=setup.tip, half_width_um=half_width_um, pixel_um=job.pixel_um)


def outcome(way: str, tip: str) -> Outcome:
    """Make one mark one way, and look at it."""
    setup = prepare(job_of(way, tip))
    mark = make_mark(serial=_SERIAL, maker=_MAKER, model=_MODEL, ranges=setup.ranges)
    layout, engraving = drawn_pin(setup, mark)
    lands = layout.lands
    if way == "drilled":
        # Teeth are no dots: the characters alone are drilled.
        lands = lands[: len(mark.characters)]
        engraving = replace(engraving, lands=engraving.lands[: len(lands)])
    cut = drilled(setup, engraving) if way == "drilled" else made(setup, engraving)
    findings: tuple[Finding, ...] = ()
    if way == "drilled":
        off_um = holes_off_um(cut, engraving, setup)
    else:
        off_um = floor_off_um(cut, engraving, setup)
        findings = check_eroded(cut, engraving, setup.job, tip=setup.tip, places=setup.places)
    condition = setup.job.conditions[0].value
    impression = strike(cut, form=setup.tip, primer=setup.job.primer.value, condition=condition)
    depths = measure_lands(
        impression.surface,
        [(land.place, land.outline) for land in lands],
        relief_um=setup.job.relief_um,
        polarity=setup.job.layout.polarity,
    )
    return Outcome(
        median_um=float(np.median(off_um)),
        off_99_um=float(np.quantile(np.abs(off_um), 0.99)),
        findings=tuple(sorted({finding.number for finding in findings if finding.severity is Severity.ERROR})),
        forbidden=tuple(sorted({rule.number for rule in setup.rules if rule.severity is Severity.ERROR})),
        printed=sum(land.printed_share >= setup.job.limits.printed_share for land in depths),
        lands=len(depths),
        deepest_um=float(np.nanmax([land.depth_um for land in depths])),
    )


def floor_off_um(cut: HeightMap, engraving: Engraving, setup: Setup) -> NDArray[np.float64]:
    """How much deeper each sample of the floor is than what the electrode can make of the design; off the walls."""
    compared = sampled(cut, engraving, tip=setup.tip)
    ideal = ideal_of(compared, engraving, tip=setup.tip, cutting=cutting_of(setup.job))
    off_walls = least(ideal.depth_um, radius_um=WALL_UM + compared.pixel_um, pixel_um=compared.pixel_um) > _CREST_UM
    floor = ideal.floor & off_walls & (np.hypot(*compared.xy_um()) <= setup.places.outer_radius_um)
    deeper: NDArray[np.float64] = (compared.depth_um - ideal.depth_um)[floor]
    return deeper


def holes_off_um(cut: HeightMap, engraving: Engraving, setup: Setup) -> NDArray[np.float64]:
    """How much deeper the middle of each hole lies than asked for, below the highest place of the face over it."""
    places_um = shapely.get_coordinates(shapely.centroid(shapely.get_parts(engraving.land())))
    column, row = np.rint((places_um - (cut.x0_um, cut.y0_um)) / cut.pixel_um).astype(np.int64).T
    radius_um = _milling(setup.job.process.value).opening_um / 2
    turn = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    rim = places_um[:, None] + radius_um * np.column_stack([np.cos(turn), np.sin(turn)])
    highest_um = setup.tip.height_um(rim[..., 0], rim[..., 1]).max(axis=1)
    deeper: NDArray[np.float64] = highest_um - cut.z_um[row, column] - setup.job.relief_um
    return deeper


def main() -> None:
    """Print a row for every way on every tip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tips", nargs="+", default=TIPS)
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS)
    given = parser.parse_args()
    print("| way | tip | floor off, median | 99 % within | findings of the check | rules against | printed | deepest |")
    print("|---|---|---|---|---|---|---|---|")
    for way in given.ways:
        for tip in given.tips:
            try:
                found = outcome(way, tip)
            except InputError as error:
                print(f"| {way} | {tip} | cannot be made: {error} |")
                continue
            print(
                f"| {way} | {tip} | {found.median_um:.2f} um | {found.off_99_um:.2f} um | "
                f"{', '.join(found.findings) or 'none'} | {', '.join(found.forbidden) or 'none'} | "
                f"{found.printed} of {found.lands} | {found.deepest_um:.1f} um |",
                flush=True,
            )


if __name__ == "__main__":
    main()
