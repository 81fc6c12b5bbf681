"""What a job needs once, not once a pin: tip, places, outlines, ranges, and what the design rules say."""

from dataclasses import dataclass

from engrave.base.errors import Collecting, raise_faults
from engrave.code.profiles import Profile, profile_by_name
from engrave.code.ranges import RangeTable
from engrave.job.model import Job
from engrave.layout import Grounds, LandShapes, Places, check_layout, land_shapes, plan_places
from engrave.strike import blow_of, contact_radius_um
from engrave.tips import Tip, tip_of
from fonts.typeface import Typeface, shipped_typeface
from toolpaths.findings import Finding, Severity
from toolpaths.laser.ablation import crater_radius_um, log_fluence

# From the crest to half relief, as a share of the crater's radius: 3.07 um of 6.05, measured on the simulated cut of a
# straight wall (docs/laser.md, benchmarks/wall.py). For the design rules alone; the checker measures the cut itself.
WALL_SHARE = 0.51
# The same where passes are not followed by a contour: 6.04 um of 6.05.
WALL_SHARE_WITHOUT_CONTOUR = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A job made ready. ``rules`` are the findings of the design rules; an error among them means: do not engrave."""

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
    typeface = shipped_typeface(job.layout.face)
    tip = tip_of(job.pin.value)
    places = plan_places(profile, job.layout)
    shapes = land_shapes(places, typeface)
    return Setup(
        job=job,
        profile=profile,
        typeface=typeface,
        tip=tip,
        places=places,
        shapes=shapes,
        ranges=RangeTable(job.ranges),
        largest_patch_um=max(_patches_um(job, tip)),
        rules=check_layout(places, shapes, _grounds(job, tip)),
    )


def _patches_um(job: Job, tip: Tip) -> list[float]:
    """Radius of the patch under every condition, with the most backing that is believed possible."""
    patches_um: list[float] = []
    faults: list[str] = []
    for condition in job.conditions:
        with Collecting(faults, prefix=f"conditions: {condition.name!r}: "):
            _, dent_um = blow_of(tip, job.primer.value, condition.value)
            patches_um.append(
                contact_radius_um(
                    dent_um,
                    nose_radius_um=tip.nose_radius_um,
                    edge_radius_um=tip.edge_radius_um,
                    backing=job.primer.value.backing_most,
                )
            )
    raise_faults(faults)
    return patches_um


def _grounds(job: Job, tip: Tip) -> Grounds:
    recipe = job.process.value
    crater_um = float(
        crater_radius_um(spot_um=recipe.spot_radius_um, log_fluence=log_fluence(recipe.process, recipe.beam))
    )
    return Grounds(
        tip=tip,
        relief_um=job.relief_um,
        kerf_um=recipe.kerf_um,
        crater_um=2 * crater_um,
        wall_um=(WALL_SHARE if recipe.contour else WALL_SHARE_WITHOUT_CONTOUR) * crater_um,
        primer=job.primer.value,
        nominal=job.nominal,
    )


def _figures(finding: Finding) -> str:
    """What was found and what is allowed, in brackets, as far as the finding has numbers."""
    named = (("", finding.value), ("limit ", finding.limit))
    texts = [f"{name}{value:g} {finding.unit}".rstrip() for name, value in named if value is not None]
    return f" ({', '.join(texts)})" if texts else ""
