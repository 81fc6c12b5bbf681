"""What is told before an electrode is made: limits tried on both sides, and remedies that do work."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box
from shapely.affinity import translate

from engrave.base.shelf import Shelf
from toolpaths.edm.electrode import electrodes_for
from toolpaths.edm.electrode_mesh import Mesh
from toolpaths.edm.electrode_region import polygons
from toolpaths.edm.sinking_feasibility import narrow, sinking_findings, width_of
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.findings import Finding, Severity, has_errors
from toolpaths.surface import Surface

Ball = Callable[..., Surface]

SHELF: Shelf[Sinking] = Shelf(kind="sinkings", package="toolpaths.edm", folder="sinkings", cls=Sinking)
FINE, PLAIN = (SHELF.load(name).value for name in ("fine-cuw", "plain-graphite"))
FIELD = box(-200, -150, 200, 150)


def groove(width_um: float) -> MultiPolygon:
    return polygons(FIELD.difference(box(-100, -width_um / 2, 100, width_um / 2)))


def bars(space_um: float, width_um: float = 40.0) -> MultiPolygon:
    """Two standing bars with a space between them."""
    bar = box(space_um / 2, -60, space_um / 2 + width_um, 60)
    return MultiPolygon([bar, translate(bar, -space_um - width_um)])


def found(surface: Surface, land: MultiPolygon, sinking: Sinking = FINE, field: Polygon = FIELD) -> dict[str, Finding]:
    findings = sinking_findings(land=land, field=field, surface=surface, relief_um=40.0, sinking=sinking)
    return {finding.number: finding for finding in findings}


def test_strokes_of_30_um_go_with_the_fine_process_and_not_with_the_ordinary(ball: Ball) -> None:
    surface = ball(radius_um=1e9)
    fine, plain = (found(surface, groove(30.0), sinking) for sinking in (FINE, PLAIN))
    assert not has_errors(tuple(fine.values()))
    rib = plain["E551"]
    assert rib.severity is Severity.ERROR
    assert rib.value == pytest.approx(30 - 2 * 30, abs=0.05)
    assert rib.limit == 50
    assert "make the stroke 110 um wide" in rib.remedy


@pytest.mark.parametrize(("off_um", "refused"), [(-0.4, True), (0.4, False)])
def test_the_limits_of_ribs_walls_and_grooves(off_um: float, refused: bool, ball: Ball) -> None:  # noqa: FBT001 - a case
    """Rib w - 2 * 8 >= 12, wall s - 2 * 8 >= 12, groove w + 2 * 6 >= 30."""
    surface = ball(radius_um=1e9)
    assert ("E551" in found(surface, groove(28 + off_um))) == refused
    assert ("E552" in found(surface, bars(28 + off_um))) == refused
    assert ("E553" in found(surface, bars(60, 18 + off_um))) == refused


def test_values_are_what_was_drawn(ball: Ball) -> None:
    surface = ball(radius_um=1e9)
    wall = found(surface, bars(20.0))["E552"]
    assert wall.value == pytest.approx(20 - 16, abs=0.05)
    assert wall.place == "(0, 0) um"
    # With four um a side off the space of 20 um a wall of 12 um stays.
    assert "process with gap and orbit of 4 um a side at most" in wall.remedy.replace("3.99", "4")
    land = found(surface, bars(60, 12.0))["E553"]
    assert land.value == pytest.approx(12 + 12, abs=0.05)
    assert land.limit == 30


def test_the_remedy_is_a_design_that_works(ball: Ball) -> None:
    surface = ball(radius_um=1e9)
    for land, number in ((groove(20.0), "E551"), (bars(20.0), "E552"), (bars(60, 12.0), "E553")):
        assert number in found(surface, land)
    assert not has_errors(tuple(found(surface, groove(FINE.opening_um)).values()))
    assert not has_errors(tuple(found(surface, bars(FINE.space_um, FINE.ridge_um + 0.1)).values()))


def test_slender_ribs_on_a_curved_tip(ball: Ball) -> None:
    """Ribs of 12 um stand 80 um out on a flat, 15 times their width at 180: where a sphere has fallen by 100."""
    assert "E554" not in found(ball(radius_um=1e9), bars(28.0))
    ring = MultiPolygon([box(300, -60, 340, 60), box(368, -60, 408, 60)])
    field = box(-450, -150, 450, 150)
    slender = found(ball(radius_um=800.0, edge_radius_um=600.0), ring, field=field)["E554"]
    assert slender.severity is Severity.WARNING
    assert slender.limit == 15
    lowest_um = 800 - np.sqrt(800**2 - 450**2 - 150**2)
    assert slender.value == pytest.approx((80 + lowest_um) / 12, rel=0.02)


def test_blank_corner_and_calibration(ball: Ball) -> None:
    surface = ball(radius_um=1e9)
    # The base needs 400 + 2 * 200 um along x, 300 + 400 along y, 80 + 300 along z.
    exact = replace(FINE, blank_x_um=800.0, blank_y_um=700.0, blank_z_um=381.0)
    assert "E560" not in found(surface, bars(40.0), exact)
    short = sinking_findings(
        land=bars(40.0),
        field=FIELD,
        surface=surface,
        relief_um=40.0,
        sinking=replace(FINE, blank_x_um=799.0, blank_y_um=699.0, blank_z_um=379.0),
    )
    assert [finding.message[-1] for finding in short if finding.number == "E560"] == ["x", "y", "z"]
    known = found(surface, bars(40.0))
    assert known["E555"].value == 6.0
    assert known["E561"].severity is Severity.WARNING
    assert "E561" not in found(surface, bars(40.0), replace(FINE, calibrated=True))


def test_what_electrodes_do(ball: Ball) -> None:
    surface = ball(radius_um=1e9)
    electrodes = electrodes_for(land=groove(40.0), field=FIELD, surface=surface, relief_um=40.0, sinking=FINE)

    def told(land: MultiPolygon, sinking: Sinking = FINE) -> list[Finding]:
        return list(
            sinking_findings(
                land=land, field=FIELD, surface=surface, relief_um=40.0, sinking=sinking, electrodes=electrodes
            )
        )

    own = {finding.number for finding in told(groove(40.0))}
    assert not own & {"E556", "E557", "E562"}
    minutes = next(finding for finding in told(groove(40.0)) if finding.number == "E558")
    # 200 x 40 x 40 um by 0.002 mm3 / min, but for the corners.
    assert minutes.value == pytest.approx(200 * 40 * 40 * 1e-9 / 0.002, abs=0.06)
    # Put in for another pin, whose groove is 10 um narrower, it would burn 5 um beyond either side.
    burns = [finding for finding in told(groove(30.0)) if finding.number == "E556"]
    assert [finding.severity for finding in burns] == [Severity.ERROR] * 2
    assert burns[1].value == pytest.approx(200 * 10, rel=0.05)
    wear = [finding for finding in told(groove(40.0)) if finding.number == "E559"]
    assert wear[0].value == pytest.approx(0.05 * 196 * 36 * 38 / (184 * 24), rel=0.01)
    spent = [finding for finding in told(groove(40.0), replace(FINE, budget_um=1.0)) if finding.number == "E559"]
    assert [finding.severity for finding in spent] == [Severity.WARNING, Severity.INFO]
    assert "serves for less than one pin" in spent[0].message


def test_an_undercut_is_found(ball: Ball) -> None:
    """A body with its base turned down has facets below the base that face up."""
    surface = ball(radius_um=1e9)
    (rough, finish) = electrodes_for(land=groove(40.0), field=FIELD, surface=surface, relief_um=40.0, sinking=FINE)
    body = finish.body
    turned = Mesh(vertices_um=body.vertices_um, triangles=body.triangles[:, ::-1])
    findings = sinking_findings(
        land=groove(40.0),
        field=FIELD,
        surface=surface,
        relief_um=40.0,
        sinking=FINE,
        electrodes=(rough, replace(finish, body=turned)),
    )
    (caught,) = (finding for finding in findings if finding.number == "E557")
    assert caught.place == "electrode fine-cuw-finish"


def test_a_surface_that_facets_do_not_follow_is_told(ball: Ball) -> None:
    surface = ball(radius_um=800.0)
    electrodes = electrodes_for(land=groove(40.0), field=FIELD, surface=surface, relief_um=40.0, sinking=FINE)
    strict = replace(FINE, chord_tolerance_um=0.001)
    numbers = [
        finding.number
        for finding in sinking_findings(
            land=groove(40.0), field=FIELD, surface=surface, relief_um=40.0, sinking=strict, electrodes=electrodes
        )
    ]
    assert numbers.count("E562") == 2


def test_narrow_finds_necks_and_leaves_corners_alone() -> None:
    bell = shapely.union_all([box(-50, -20, -10, 20), box(-10, -5, 10, 5), box(10, -20, 50, 20)])
    (neck,) = narrow(bell, 12.0)
    assert width_of(bell, neck, most_um=12.0) == pytest.approx(10, abs=0.4)
    assert narrow(bell, 9.5) == ()
    assert narrow(box(0, 0, 40, 40), 39.0) == ()
