"""Ovoids, and ovoid lobes of confluent lesions at the ventricle, by closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.features.confluence import split
from lesionaid.features.ovoid import OVOID_SPECS, ovoid_measurements
from lesionaid.features.surroundings import surroundings
from lesionaid.features.voxels import Rows, lesion_voxels
from lesionaid.geometry import Grid
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unknown
from lesionaid.truth import Truth
from tests.unit.anatomy_phantom import ball_mm, grid_of, lesions_of
from tests.unit.lesion_phantoms import number
from tests.unit.parts_phantom import anatomy_with_parts, box, ellipsoid, signs_of

FINE, THICK = grid_of(), grid_of((1.0, 1.0, 3.0))
GRIDS = [FINE, THICK]
IDS = ["1 mm", "3 mm slices"]


def rows_of(
    grid: Grid, mask: NDArray[np.generic], scale: SizeScale | None = None, anatomy: object = "brain"
) -> Rows:
    lesions = lesions_of(grid, mask)
    voxels = lesion_voxels(lesions, grid)
    size = scale or SizeScale()
    lobes = split(surroundings(voxels), size)
    brain = anatomy_with_parts(grid) if isinstance(anatomy, str) else anatomy
    return ovoid_measurements(lesions, voxels, lobes, brain, size)  # type: ignore[arg-type]


def fingers(grid: Grid, degrees: float) -> NDArray[np.bool_]:
    """Three fingers of 16 x 8 x 8 mm at the wall, fused by necks of 4 mm through their middle."""
    radii = (8.0, 4.0, 4.0)
    reach = np.hypot(radii[0] * np.cos(np.radians(degrees)), radii[1] * np.sin(np.radians(degrees)))
    mask = np.any(
        [ellipsoid(grid, (3 + reach, y, 1.5), radii, degrees) for y in (-9.5, 0, 9.5)], axis=0
    )
    neck = box(grid, (2 + reach, -9.5, 0), (6 + reach, 9.5, 3))
    return mask | neck


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
@pytest.mark.parametrize(("degrees", "expected"), [(0, Truth.TRUE), (20, Truth.TRUE)])
def test_fused_fingers_are_still_fingers(grid: Grid, degrees: float, expected: Truth) -> None:
    mask = fingers(grid, degrees)
    row = rows_of(grid, mask)[1]
    assert number(row["ventricular_ovoid_lobes"]) >= (3 if grid is FINE else 1)
    assert number(row["ovoid_lobe_angle_deg"]) == pytest.approx(degrees, abs=6)
    signs = signs_of(grid, mask).patient
    assert signs["dawson_fingers"].truth is expected
    assert signs["periventricular_ovoid"].truth is Truth.TRUE
    assert signs["ovoid"].truth is Truth.FALSE  # the whole of them is none


def test_ovoids_that_lie_along_the_wall_are_no_fingers() -> None:
    """A chain of two along the wall: each is ovoid, and neither stands on it."""
    mask = ellipsoid(FINE, (8, -9, 0), (4, 9.5, 4)) | ellipsoid(FINE, (8, 9, 0), (4, 9.5, 4))
    row = rows_of(FINE, mask)[1]
    assert number(row["ventricular_ovoid_lobes"]) == 2
    assert number(row["ovoid_lobe_angle_deg"]) == pytest.approx(90, abs=5)
    assert signs_of(FINE, mask).patient["dawson_fingers"].truth is Truth.FALSE


def test_no_ovoid_lobe_reads_along_the_wall() -> None:
    for mask in (ball_mm(FINE, (9, 0, 0), 5), ellipsoid(FINE, (18, 0, 0), (7, 3, 3))):
        row = rows_of(FINE, mask)[1]
        assert number(row["ventricular_ovoid_lobes"]) == 0
        assert number(row["ovoid_lobe_angle_deg"]) == 90


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
@pytest.mark.parametrize(
    ("radii", "expected"),
    [
        ((9, 5, 5), Truth.TRUE),
        ((9, 5, 4), Truth.TRUE),
        ((7, 6, 6), Truth.FALSE),
        ((12, 7, 1.6), Truth.FALSE),
    ],
)
def test_an_ovoid_is_longer_than_wide_and_no_sheet(
    grid: Grid, radii: tuple, expected: Truth
) -> None:
    mask = ellipsoid(grid, (0, 0, 0), radii, 30)
    ratio = number(rows_of(grid, mask)[1]["cross_section_ratio"])
    if grid is FINE:
        assert ratio == pytest.approx(radii[2] / radii[1], rel=0.12)
    assert signs_of(grid, mask).patient["ovoid"].truth is expected


def test_too_short_for_an_ovoid() -> None:
    mask = box(FINE, (0, 0, 0), (4, 2, 2))
    assert signs_of(FINE, mask).patient["ovoid"].truth is Truth.FALSE


def test_without_a_scale_a_standing_lobe_is_unknown() -> None:
    row = rows_of(FINE, fingers(FINE, 0), SizeScale("mni", None))[1]
    assert isinstance(row["ventricular_ovoid_lobes"], Unknown)
    assert row["ventricular_ovoid_lobes"].reason is Reason.SCALE_UNKNOWN
    away = rows_of(FINE, ball_mm(FINE, (14, 0, 0), 4), SizeScale("mni", None))[1]
    assert number(away["ventricular_ovoid_lobes"]) == 0


def test_no_anatomy_no_ventricle_no_lesions_few_voxels() -> None:
    mask = ball_mm(FINE, (12, 0, 0), 3)
    brain = anatomy_with_parts(FINE)
    empty = {**brain.distances_mm, "lateral_ventricle": np.full(FINE.shape, np.inf, np.float32)}
    for anatomy in (None, replace(brain, distances_mm=empty)):
        row = rows_of(FINE, mask, anatomy=anatomy)[1]
        assert list(row) == [spec.name for spec in OVOID_SPECS]
        assert number(row["cross_section_ratio"]) == pytest.approx(1, abs=0.01)
        for name in ("ventricular_ovoid_lobes", "ovoid_lobe_angle_deg"):
            assert row[name].reason is Reason.ANATOMY_MISSING  # type: ignore[union-attr]
    assert rows_of(FINE, np.zeros(FINE.shape)) == {}
    tiny = rows_of(FINE, box(FINE, (4, 0, 0), (7, 2, 1)))[1]
    assert tiny["cross_section_ratio"].reason is Reason.TOO_FEW_VOXELS  # type: ignore[union-attr]
