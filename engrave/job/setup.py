"""What a job needs once, not once a pin: tip, places, outlines, ranges, and what the design rules say."""

from dataclasses import dataclass, replace

import shapely
from shapely import Polygon

from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.frames import mirrored_xy
from engrave.code.profiles import Profile, profile_by_name
from engrave.code.ranges import RangeTable
from engrave.job.bench import Widths, axial_relief_um, is_round, usable_face, widths_of
from engrave.job.faces import typeface_of
from engrave.job.model import AXIAL, Job
from engrave.layout import Grounds, LandShapes, Places, check_layout, land_shapes, plan_places
from engrave.layout.engraving import field_of
from engrave.strike import blow_of, patch_reach_um
from engrave.tips import Tip, tip_of
from fonts.errors import FontError
from fonts.typeface import Typeface
from toolpaths.findings import Finding, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A job made ready, its relief along the axis.

    ``rules`` are the findings of the design rules; an error among them means: do not engrave.
    """

    job: Job
    profile: Profile
    typeface: Typeface
    tip: Tip
    places: Places
    shapes: LandShapes
    ranges: RangeTable
    largest_patch_um: float
    rules: tuple[Finding, ...]

    def require_sound(self) -> None:
        """Raise InputError with every design rule that forbids this job, one a fault."""
        raise_faults(
            [
                f"job {self.job.name!r}: {finding.number} {finding.place}: {finding.message}{_figures(finding)}; "
                f"{finding.remedy}"
                for finding in self.rules
                if finding.severity is Severity.ERROR
            ]
        )


def prepare(job: Job) -> Setup:
    """Everything that is the same for all pins of a job. Raises InputError where its parts do not fit together."""
    profile = profile_by_name(job.layout.profile)
    typeface = typeface_of(job.layout.face, job.face_text)
    tip = tip_of(job.pin.value)
    places = plan_places(profile, job.layout, within=_room(job, tip))
    try:
        shapes = land_shapes(places, typeface)
    except FontError as error:
        raise InputError(f"layout.face: {error}") from error
    largest_patch_um = max(_patches_um(job, tip))
    return Setup(
        job=_axial(job, tip, places),
        profile=profile,
        typeface=typeface,
        tip=tip,
        places=places,
        shapes=shapes,
        ranges=RangeTable(job.ranges),
        largest_patch_um=largest_patch_um,
        rules=check_layout(places, shapes, _grounds(job, tip, places, largest_patch_um)),
    )


def _patches_um(job: Job, tip: Tip) -> list[float]:
    """How far from the axis the patch reaches under every condition, with the most backing believed possible."""
    patches_um: list[float] = []
    faults: list[str] = []
    for condition in job.conditions:
        with Collecting(faults, prefix=f"conditions: {condition.name!r}: "):
            _, dent_um = blow_of(tip, job.primer.value, condition.value)
            patches_um.append(patch_reach_um(dent_um, face=tip, backing=job.primer.value.backing_most))
    raise_faults(faults)
    return patches_um


def _axial(job: Job, tip: Tip, places: Places) -> Job:
    """The job with its relief counted along the axis, as planner and check take it: where the mark is steepest."""
    if job.relief_along == AXIAL:
        return job
    return replace(job, relief_um=axial_relief_um(job.relief_um, tip, places), relief_along=AXIAL)


def _room(job: Job, tip: Tip) -> Polygon | None:
    """Where teeth may stand, reading frame: on a round face the ring is whole or does not fit, and a rule tells."""
    return None if is_round(tip) else shapely.transform(usable_face(tip, job.pin.value, _widths(job)), mirrored_xy)


def _widths(job: Job) -> Widths:
    return widths_of(job.process.value, polarity=job.layout.polarity)


def _grounds(job: Job, tip: Tip, places: Places, largest_patch_um: float) -> Grounds:
    widths, pin = _widths(job), job.pin.value
    field, taper_to = field_of(places, tip=tip, largest_patch_um=largest_patch_um)
    return Grounds(
        tip=tip,
        relief_um=job.relief_um,
        relief_along=job.relief_along,
        kerf_um=widths.kerf_um,
        crater_um=widths.crater_um,
        wall_um=widths.wall_um,
        primer=job.primer.value,
        nominal=job.nominal,
        field=field,
        taper_to=taper_to,
        largest_patch_um=largest_patch_um,
        recipe=None if job.is_erosion else job.laser.value,
        finer=widths.finer,
        ridge_um=widths.ridge_um,
        level_um=widths.level_um,
        step_um=job.machine.value.step_um,
        runout_um=pin.runout_um,
        clocking_datum=pin.clocking_datum,
        clocking_tolerance_rad=pin.clocking_tolerance_rad,
        tip_priors=tuple(key for key, source in job.pin.sources.items() if source.prior),
    )


def _figures(finding: Finding) -> str:
    """What was found and what is allowed, in brackets, as far as the finding has numbers."""
    named = (("", finding.value), ("limit ", finding.limit))
    texts = [f"{name}{value:g} {finding.unit}".rstrip() for name, value in named if value is not None]
    return f" ({', '.join(texts)})" if texts else ""
