"""Design rules: what a layout must keep to on its tip, with its process, for its primer; as numbered findings.

One module a family. The margin for design is kept here and the judgement of a finished file in ``engrave.verify``: they
share no figure but the job's own. ``docs/rules.md`` lists every rule with its limit and where that comes from.
"""

from collections.abc import Callable, Iterator

from engrave.layout.places import Places
from engrave.layout.polygons import LandShapes
from engrave.layout.rules import filling, gaps, process, proud, ring, sizes, standing, telling
from engrave.layout.rules.subject import AXIS, NORMAL, Grounds, Subject, edge_margin_um
from toolpaths.findings import Finding

__all__ = ["AXIS", "NORMAL", "Grounds", "check_layout", "edge_margin_um"]

_RULES: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    *sizes.RULES,
    *gaps.RULES,
    *filling.RULES,
    *standing.RULES,
    *proud.RULES,
    *process.RULES,
    *ring.RULES,
    *telling.RULES,
)


def check_layout(places: Places, shapes: LandShapes, grounds: Grounds) -> tuple[Finding, ...]:
    """Every design rule that the cells and outlines break, for any mark they could carry, by number.

    Whatever is only to be known is among them with the severity ``INFO``.
    """
    subject = Subject(places=places, shapes=shapes, grounds=grounds)
    found = (finding for rule in _RULES for finding in rule(subject))
    return tuple(sorted(found, key=lambda finding: finding.number))
