"""A measured pin against its design: scans in, depths and widths by land, a map of deviations and a verdict out."""

from engrave.inspect.document import INSPECTION_SCHEMA, inspection_to_json
from engrave.inspect.inspecting import Inspected, Inspector, inspect_scan, inspector_for
from engrave.inspect.judging import NOT_GIVEN, Limits, Uncertainty, Verdict, given_uncertainty
from engrave.inspect.scan import Given, Scan, load_pin_scan

__all__ = [
    "INSPECTION_SCHEMA",
    "NOT_GIVEN",
    "Given",
    "Inspected",
    "Inspector",
    "Limits",
    "Scan",
    "Uncertainty",
    "Verdict",
    "given_uncertainty",
    "inspect_scan",
    "inspection_to_json",
    "inspector_for",
    "load_pin_scan",
]
