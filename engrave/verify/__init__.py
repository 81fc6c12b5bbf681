"""The circle from a machine file to a verdict: read it, cut it, strike it, read the primer, and only then compare."""

from engrave.verify.check import CHECK_SCHEMA, Checked, Checker, check_pin, checker_for
from engrave.verify.document import check_to_json
from engrave.verify.erosion import electrode_files
from engrave.verify.formats import kind_of

__all__ = [
    "CHECK_SCHEMA",
    "Checked",
    "Checker",
    "check_pin",
    "check_to_json",
    "checker_for",
    "electrode_files",
    "kind_of",
]
