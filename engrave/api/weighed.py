"""What ``decode`` and ``trace`` tell alike, as JSON: candidates, the runner-up, which positions stand where."""

from typing import TYPE_CHECKING, Any

from engrave.code.profiles import Profile
from engrave.code.told import told_posterior

if TYPE_CHECKING:
    from engrave.code.soft import SoftCandidate
    from engrave.registry.ranking import RankedMark

BITS_DECIMALS = 1


def carriers_to_json(profile: Profile) -> list[dict[str, Any]]:
    """Which positions of the code word stand where."""
    return [{"name": name, "first": where[0], "last": where[-1]} for name, where in profile.carriers.items()]


def candidate_to_json(candidate: "SoftCandidate | RankedMark") -> dict[str, Any]:
    """One candidate, by its figures alone."""
    way = candidate.orientation
    return {
        "id": candidate.id,
        "characters": candidate.characters,
        "posterior": told_posterior(candidate.posterior),
        "identified": candidate.identified,
        "check_bits": candidate.check_bits,
        "evidence_bits": round(candidate.evidence_bits, BITS_DECIMALS),
        "second_mark_signs": candidate.second_mark_signs,
        "single_bits": candidate.single_bits,
        "used": list(candidate.used),
        "overruled": list(candidate.overruled),
        "distance": candidate.distance,
        "orientation": {"turn": way.turn, "mirrored": way.mirrored, "negative": way.negative},
    }


def runner_up_to_json(candidate: "SoftCandidate | RankedMark | None") -> dict[str, Any] | None:
    """The second best and how far it is from the best; None where there is none."""
    if candidate is None:
        return None
    return {
        "id": candidate.id,
        "characters": candidate.characters,
        "posterior": told_posterior(candidate.posterior),
        "distance": candidate.distance,
    }
