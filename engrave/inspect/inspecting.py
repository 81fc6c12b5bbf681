"""A measured pin against its design, from a scan that says nothing of how the pin lies.

Two ways go apart from the start: the reader, which knows the profile and never a mark, says what the pin reads as; and
the design of the mark is laid under the scan, which says how well it was cut. Only the verdict sees both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engrave.base.errors import raise_faults
from engrave.base.frames import mirrored_map
from engrave.code.decode import Candidate, Decoding, decode_symbols
from engrave.code.mark import Mark
from engrave.inspect.blueprint import Blueprint, blueprint_of
from engrave.inspect.cleaning import Cleaned, cleaned, thinned, without_small_holes
from engrave.inspect.judging import (
    NOT_GIVEN,
    UNREAD,
    JudgedLand,
    Limits,
    Uncertainty,
    Verdict,
    judged_lands,
    land_findings,
    patch_findings,
    repeated_uncertainty,
    said_uncertainty,
    verdict_of,
)
from engrave.inspect.locate import places_of
from engrave.inspect.measure import (
    DeviationMap,
    Measured,
    Patch,
    deviation_map,
    measured_lands,
    patches_of,
    samples_of,
)
from engrave.inspect.register import Lies, points_of, registered, relief_of
from engrave.inspect.scan import Scan
from engrave.job.setup import Setup
from engrave.reading import Reading
from engrave.verify.check import Checker, require_profile, symbols_of
from engrave.verify.compare import compare_reading
from engrave.verify.naming import pin_of
from toolpaths.findings import Finding, Severity

LEAST_CORRELATION = 0.75
"""Below this correlation of measured with designed depths the scan does not lie on the design."""
# Above this one no other place is looked at.
_SURE_CORRELATION = 0.95
_PLACES = 3
# Patches are looked for from this share of the limit on, or they could not be told as undecided.
_LEAST_PATCH_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspector:
    """What inspecting needs once a mark: its checker (setup and reader), and the design."""

    mark: Mark
    checker: Checker
    blueprint: Blueprint

    @property
    def setup(self) -> Setup:
        """The job made ready."""
        return self.checker.setup


def inspector_for(mark: Mark, checker: Checker) -> Inspector:
    """An inspector of pins with this mark. Raises InputError where it is of another profile than the job."""
    require_profile(mark, checker)
    return Inspector(mark=mark, checker=checker, blueprint=blueprint_of(mark, checker.setup))


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A scan laid on the design: what was measured so, or None where it does not lie on it."""

    cleaned: Cleaned
    lies: Lies | None
    lands: tuple[Measured, ...] = ()
    deviations: DeviationMap | None = None
    patches: tuple[Patch, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether the design's pattern is there."""
        return self.lies is not None and self.lies.correlation >= LEAST_CORRELATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """The outcome for one scan.

    lands : empty where the scan does not lie on the design, or reads as another pin. reading, decoding : what the pin
    reads as, by the reader alone.
    """

    scan: Scan
    mark: Mark
    laid: Laid
    lands: tuple[JudgedLand, ...]
    reading: Reading
    decoding: Decoding
    limits: Limits
    uncertainty: Uncertainty
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """Of the whole pin."""
        return verdict_of(self.findings)

    @property
    def identified(self) -> Candidate | None:
        """The mark that the pin reads as, if it reads as one."""
        return self.decoding.identified


def inspect_scan(
    scan: Scan,
    inspector: Inspector,
    *,
    limits: Limits | None = None,
    uncertainty: Uncertainty = NOT_GIVEN,
    repeats: Sequence[Scan] = (),
) -> Inspected:
    """Measure, read and judge a pin. ``repeats`` : further scans of it, which tell the uncertainty instead."""
    limits = limits or Limits()
    laid = laid_on(scan, inspector, limits)
    if repeats and laid.fits:
        others = [laid_on(other, inspector, limits) for other in repeats]
        uncertainty = _by_repeats(laid, others, repeats)
    reading = read_pin(laid.cleaned, inspector.checker)
    profile = inspector.setup.profile
    decoding = decode_symbols(symbols_of(reading, profile), profile)
    read = tuple(_read(reading, decoding, inspector))
    another = any(finding.number == "I609" for finding in read)
    lands = judged_lands(laid.lands, limits, uncertainty) if laid.fits and not another else ()
    judged = (*land_findings(lands, limits), *patch_findings(laid.patches, lands, limits, uncertainty)) if lands else ()
    return Inspected(
        scan=scan,
        mark=inspector.mark,
        laid=laid,
        lands=lands,
        reading=reading,
        decoding=decoding,
        limits=limits,
        uncertainty=uncertainty,
        findings=(*read, *_lying(laid), *judged, *said_uncertainty(uncertainty)),
    )


def laid_on(scan: Scan, inspector: Inspector, limits: Limits) -> Laid:
    """A scan laid on the design and measured."""
    clean = cleaned(scan.surface)
    clean = replace(clean, surface=thinned(clean.surface))
    blueprint, tip = inspector.blueprint, inspector.setup.tip
    best: Lies | None = None
    for place in places_of(clean.surface, blueprint, most=_PLACES):
        lies = registered(clean.surface, place, blueprint, tip)
        if lies is not None and (best is None or lies.correlation > best.correlation):
            best = lies
        if best is not None and best.correlation >= _SURE_CORRELATION:
            break
    laid = Laid(cleaned=clean, lies=best)
    if best is None or not laid.fits:
        return laid
    samples = samples_of(relief_of(points_of(clean.surface), best, tip), blueprint, pixel_um=clean.surface.pixel_um)
    deviations = deviation_map(samples, blueprint)
    return replace(
        laid,
        lands=measured_lands(samples, blueprint),
        deviations=deviations,
        patches=patches_of(deviations, blueprint, limit_um=_LEAST_PATCH_SHARE * limits.burr_um),
    )


def _by_repeats(laid: Laid, others: Sequence[Laid], repeats: Sequence[Scan]) -> Uncertainty:
    """The spread of scans. Raises InputError where one of them shows another thing."""
    raise_faults(
        [
            f"--repeat: {scan.name}: does not lie on the design as the first scan does; give scans of the same pin"
            for scan, other in zip(repeats, others, strict=True)
            if not other.fits
        ]
    )
    return repeated_uncertainty([laid.lands, *(other.lands for other in others)])


def read_pin(clean: Cleaned, checker: Checker) -> Reading:
    """What a pin reads as: its negative, mirrored, is the primer that it would leave if metal filled every corner."""
    whole = without_small_holes(clean.surface)
    return checker.reader.read(mirrored_map(replace(whole, z_um=-whole.z_um)))


_REMEDY = "look at the pin there under a microscope, and measure it again"


def _read(reading: Reading, decoding: Decoding, inspector: Inspector) -> Iterator[Finding]:
    """Only here what was read meets the mark: whose pin it is, and every symbol that is not as intended."""
    mark, setup = inspector.mark, inspector.setup
    candidate = decoding.identified
    named = pin_of(candidate.id, mark, setup) if candidate else None
    if candidate is None:
        yield _identity("I610", "what is read names no pin")
    elif candidate.id != mark.id:
        whose = f"serial {named[2]} ({named[0]}, {named[1]})" if named else "no serial of this job's ranges"
        yield _identity("I609", f"it is another pin: it reads {candidate.characters}, {whose}")
        return
    # How the pin lay under the instrument is no fault of the pin.
    upright = replace(reading, rotation_rad=0.0, x_um=0.0, y_um=0.0)
    for finding in compare_reading(upright, mark, setup.places):
        message = finding.message.replace("in the simulated impression", "in the scan")
        # What cannot be read may be a hole in the scan; whether it stands is for those who measure it.
        severity = Severity.WARNING if finding.number in UNREAD else finding.severity
        yield replace(finding, message=message, severity=severity, place=_place(finding.place), remedy=_remedy(finding))


def _place(place: str) -> str:
    return "scan" if place == "impression" else place


def _remedy(finding: Finding) -> str:
    if finding.number == "R402":
        return "the scan is mirrored (see --top-first), or the pin was cut mirrored: compare with the pin itself"
    return _REMEDY


def _identity(number: str, message: str) -> Finding:
    return Finding(
        number=number,
        severity=Severity.ERROR,
        message=message,
        place="mark",
        remedy="see that scan and mark.json are of one pin; look at the pin under a microscope",
    )


def _lying(laid: Laid) -> Iterator[Finding]:
    if not laid.fits:
        found = laid.lies.correlation if laid.lies is not None else 0.0
        yield Finding(
            number="I611",
            severity=Severity.ERROR,
            message="the scan does not lie on the design: its floors and lands are not this mark's",
            place="scan",
            value=round(found, 3),
            limit=LEAST_CORRELATION,
            remedy="see that the scan shows the whole mark, in the right unit and spacing, and is of this pin",
        )
