"""The page of a night's batch is that of the evidence."""

from pathlib import Path

from benchmarks.scale_page import evidence_in, page


def test_the_page_is_that_of_the_evidence(project: Path) -> None:
    written = (project / "docs" / "scale.md").read_text(encoding="utf-8")
    assert written == "\n".join(page(evidence_in(project / "docs" / "evidence")))
    for heading in (
        "## Killed, and begun again",
        "## A cluster that loses a worker",
        "## One worker, and two",
        "## Where the time of a pin goes",
    ):
        assert heading in written
