"""What the shop is told about one electrode: everything that does not stand in the machine's program."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from toolpaths.edm.electrode import FLIP_AXIS, Electrode
from toolpaths.edm.electrode_region import polygons
from toolpaths.edm.electrode_touch import Place
from toolpaths.edm.model import Erosion, Setting
from toolpaths.edm.sinking import Location, burns
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.errors import ToolpathError
from toolpaths.surface import Surface


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPoint:
    """A place to measure when the mark is burnt: pin frame, um, and the height that should be there."""

    name: str
    x_um: float
    y_um: float
    z_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupSheet:
    """The sheet of one electrode. Every value is one that JSON has, or a list or table of such.

    job, code, job_sha256, workpiece : what is made, and from which order. touch_um : where the datum is when the end
    touches uncut face, which gives the height. start_um, end_um : where the datum begins to
    erode and where it ends, at its deepest, relative to the apex of each tip; the end includes ``wear_um``, the length
    that wears off. depth_um : of this stage below the face. jump_um : how far above the face jumps go. quantity : how
    many of this electrode the locations need. time_s : of the sparks at one location.
    """

    job: str
    code: str
    job_sha256: str
    workpiece: str
    process: str
    calibrated: bool
    electrode: str
    stage: str
    tool: int
    quantity: int
    material: str
    blank_um: Place
    holder: str
    datum: str
    flip_axis: str
    witness: str
    polarity: str
    flush: str
    flush_step_um: float
    jump_um: float
    gap_side_um: float
    gap_front_um: float
    undersize_um: float
    orbit: str
    orbit_um: float
    corner_radius_um: float
    frontal_area_um2: float
    burn_area_um2: float
    rib_volume_um3: float
    finish_ra_um: float
    depth_um: float
    wear_um: float
    touch_um: Place
    start_um: Place
    end_um: Place
    locations_um: tuple[Location, ...]
    check_points: tuple[CheckPoint, ...]
    generator: tuple[Setting, ...]
    time_s: float


def setup_sheets(
    electrodes: Sequence[Electrode],
    erosion: Erosion,
    *,
    surface: Surface,
    sinking: Sinking,
    job: str,
    code: str,
    job_sha256: str,
    workpiece: str,
    locations: Sequence[Location] = ((0.0, 0.0),),
) -> tuple[SetupSheet, ...]:
    """The sheet of every electrode of a program, in the order of their stages.

    Raises ToolpathError where the program lacks one of the electrodes.
    """
    return tuple(
        SetupSheet(
            job=job,
            code=code,
            job_sha256=job_sha256,
            workpiece=workpiece,
            process=sinking.name,
            calibrated=sinking.calibrated,
            electrode=burn.electrode.name,
            stage=burn.electrode.stage.name,
            tool=burn.electrode.number,
            quantity=_quantity(worn_um, len(locations), sinking.budget_um),
            material=sinking.material,
            blank_um=(sinking.blank_x_um, sinking.blank_y_um, sinking.blank_z_um),
            holder=sinking.holder,
            datum=sinking.datum,
            flip_axis=FLIP_AXIS,
            witness=burn.electrode.witness,
            polarity=sinking.polarity,
            flush=sinking.flush,
            flush_step_um=sinking.flush_step_um,
            jump_um=erosion.safe_z_um,
            gap_side_um=burn.electrode.stage.gap_um,
            gap_front_um=sinking.gap_front_um,
            undersize_um=burn.electrode.stage.undersize_um,
            orbit=burn.electrode.stage.orbit,
            orbit_um=burn.electrode.stage.orbit_um,
            corner_radius_um=burn.electrode.stage.corner_radius_um,
            frontal_area_um2=round(burn.electrode.frontal_area_um2, 3),
            burn_area_um2=round(burn.electrode.burn_area_um2, 3),
            rib_volume_um3=round(burn.electrode.rib_volume_um3, 3),
            finish_ra_um=burn.electrode.stage.finish_ra_um,
            depth_um=burn.electrode.depth_um,
            wear_um=round(worn_um, 3),
            touch_um=burn.touch_um(surface),
            start_um=start,
            end_um=end,
            locations_um=tuple(locations),
            check_points=tuple(_check_points(burn.electrode, surface)),
            generator=burn.electrode.stage.generator,
            time_s=round(burn.removed_um3 / sinking.removal_um3_s, 1),
        )
        for burn in burns(electrodes, surface=surface)
        for worn_um in [float(burn.worn_um(np.array(burn.removed_um3), sinking))]
        for start, end in [_ends(erosion, burn.electrode, locations[0])]
    )


def _quantity(worn_um: float, count: int, budget_um: float) -> int:
    """Electrodes for so many locations: each serves for as many as its budget lasts, one at the least."""
    served = max(1, math.floor(budget_um / worn_um)) if worn_um > 0 else count
    return math.ceil(count / served)


def _ends(erosion: Erosion, electrode: Electrode, location: Location) -> tuple[Place, Place]:
    """Where an electrode begins to erode, and its deepest point, relative to the first location."""
    own = next((erode for erode in erosion.eroding() if erode.tool == electrode.number), None)
    if own is None:
        raise ToolpathError(f"setup sheet: the program does not use electrode {electrode.name}")
    points = own.paths.points - np.array([*location, 0.0])
    start, end = (np.round(points[place], 3) + 0.0 for place in (0, int(points[:, 2].argmin())))
    return (float(start[0]), float(start[1]), float(start[2])), (float(end[0]), float(end[1]), float(end[2]))


def _check_points(electrode: Electrode, surface: Surface) -> Iterator[CheckPoint]:
    """The widest place of the floor in each quadrant of the mark, where there is one, with the depth of this stage."""
    low_x, low_y, high_x, high_y = electrode.burnt.bounds
    middle_x, middle_y = (low_x + high_x) / 2, (low_y + high_y) / 2
    quadrants = {
        "+x +y": (middle_x, middle_y, high_x, high_y),
        "-x +y": (low_x, middle_y, middle_x, high_y),
        "-x -y": (low_x, low_y, middle_x, middle_y),
        "+x -y": (middle_x, low_y, high_x, middle_y),
    }
    for name, bounds in quadrants.items():
        parts = polygons(shapely.intersection(electrode.burnt, shapely.box(*bounds))).geoms
        if parts:
            part = max(parts, key=lambda piece: piece.area)
            x_um, y_um = shapely.get_coordinates(shapely.maximum_inscribed_circle(part, tolerance=1.0))[0]
            z_um = float(surface.height_um(np.array(x_um), np.array(y_um))) - electrode.depth_um
            yield CheckPoint(
                name=f"floor {name}", x_um=round(float(x_um), 1), y_um=round(float(y_um), 1), z_um=round(z_um, 2)
            )
