"""Lobes of confluent lesions: chains of balls, bars, rods."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.features.confluence import CONFLUENCE_SPECS, confluence_measurements, split
from lesionaid.features.surroundings import surroundings
from lesionaid.features.voxels import lesion_voxels
from lesionaid.geometry import Grid, to_ras
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unknown, Value
from tests.unit.anatomy_phantom import ball_mm, grid_of, lesions_of
from tests.unit.lesion_phantoms import ORIENTATIONS, number
from tests.unit.parts_phantom import box, ellipsoid

FINE, THICK = grid_of(), grid_of((1.0, 1.0, 3.0))
GRIDS = [FINE, THICK]
IDS = ["1 mm", "3 mm slices"]


def rows_of(
    grid: Grid, mask: NDArray[np.generic], scale: SizeScale | None = None, voxel_mm: float = 1.0
) -> dict[int, dict[str, Value]]:
    lesions = lesions_of(grid, mask)
    voxels = lesion_voxels(lesions, grid)
    lobes = split(surroundings(voxels), scale or SizeScale())
    return confluence_measurements(voxels, lobes, voxel_mm)


def count(grid: Grid, mask: NDArray[np.generic]) -> float:
    return number(rows_of(grid, mask)[1]["confluent_lobe_count"])


def chain(grid: Grid, balls: int, radius: float, apart: float) -> NDArray[np.bool_]:
    first = -(balls - 1) / 2 * apart
    return np.any([ball_mm(grid, (first + i * apart, 0, 0), radius) for i in range(balls)], axis=0)


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
@pytest.mark.parametrize("balls", [1, 2, 3, 4])
def test_a_chain_has_as_many_lobes_as_balls(grid: Grid, balls: int) -> None:
    mask = chain(grid, balls, 6.5, 12)
    row = rows_of(grid, mask)[1]
    assert number(row["confluent_lobe_count"]) == balls
    assert number(row["largest_confluent_lobe_fraction"]) == pytest.approx(1 / balls, rel=0.1)


@pytest.mark.parametrize(("apart", "expected"), [(7.0, 1), (8.0, 1), (12.0, 2), (13.0, 2)])
def test_necks_are_counted_where_the_closed_form_says(apart: float, expected: int) -> None:
    """Balls of radius 7 have a neck of sqrt(49 - apart^2 / 4): 0.7 of 7 at 10 mm."""
    assert count(FINE, chain(FINE, 2, 7, apart)) == expected


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_ovoids_bars_sheets_and_bends_are_one(grid: Grid) -> None:
    bend = box(grid, (-12, -12, -3), (12, -6, 3)) | box(grid, (6, -12, -3), (12, 12, 3))
    for mask in (
        ellipsoid(grid, (0, 0, 0), (18, 5, 5), 30),
        ellipsoid(grid, (0, 0, 0), (12, 4, 4), 20, axes="xz"),
        box(grid, (-20, -4, -6), (20, 4, 6)),
        box(grid, (-20, -20, -3), (20, 20, 3)),
        bend,
    ):
        assert count(grid, mask) == 1


def test_rough_edges_make_no_lobes() -> None:
    rng = np.random.default_rng(0)
    smooth = ellipsoid(FINE, (0, 0, 0), (14, 6, 6), 20)
    for _ in range(5):
        rough = smooth & (rng.random(smooth.shape) > 0.02)
        rough |= ellipsoid(FINE, (0, 0, 0), (15, 7, 7), 20) & (rng.random(smooth.shape) > 0.7)
        filled = rough | ellipsoid(FINE, (0, 0, 0), (13, 5, 5), 20)
        assert count(FINE, filled) == 1


def test_small_lesions_are_one_lobe() -> None:
    pair = box(FINE, (0, 0, 0), (2, 2, 2)) | box(FINE, (3, 0, 0), (5, 2, 2))
    pair |= box(FINE, (2, 0, 0), (3, 1, 1))
    assert count(FINE, pair) == 1
    assert count(FINE, box(FINE, (0, 0, 0), (1, 1, 1))) == 1


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_storage_order_leaves_no_trace(codes: str) -> None:
    from lesionaid.geometry import reorient

    mask = chain(FINE, 3, 5, 9) | ellipsoid(FINE, (0, 16, 3), (9, 4, 4), 20)
    stored, affine = reorient(mask.astype(np.uint8), FINE.affine, codes)
    back, matrix = to_ras(stored, affine)
    assert rows_of(Grid(back.shape, matrix), back) == rows_of(FINE, mask)


def test_turned_chains_have_the_same_lobes() -> None:
    """Not only in canonical order: the axes themselves are exchanged."""
    mask = chain(FINE, 3, 5, 9) | ellipsoid(FINE, (0, 9, 3), (4, 5, 9))
    expected = count(FINE, mask)
    for axes in ((1, 0, 2), (2, 1, 0), (1, 2, 0)):
        assert count(FINE, mask.transpose(axes)) == expected
        assert count(FINE, mask.transpose(axes)[::-1]) == expected


def test_lobes_partition_their_lesions() -> None:
    mask = chain(FINE, 3, 5, 9) | ball_mm(FINE, (0, 20, 0), 4)
    voxels = lesion_voxels(lesions_of(FINE, mask), FINE)
    lobes = split(surroundings(voxels), SizeScale())
    assert lobes.lesion.tolist() == [0, 0, 0, 1]
    assert np.sort(lobes.voxels.index).tolist() == np.sort(voxels.index).tolist()
    assert lobes.any(2, lobes.voxels.counts > 400).tolist() == [True, False]


def test_relief_is_in_mm_of_the_patient() -> None:
    """In a brain enlarged threefold, a neck lower by 2.5 mm is a bump of 0.8 mm."""
    mask = chain(FINE, 2, 5, 9)
    assert number(rows_of(FINE, mask)[1]["confluent_lobe_count"]) == 2
    shrunk = SizeScale("mni", 0.33)
    assert number(rows_of(FINE, mask, shrunk)[1]["confluent_lobe_count"]) == 1


def test_thick_slices_and_no_lesions() -> None:
    rows = rows_of(FINE, chain(FINE, 2, 5, 9), voxel_mm=5.0)
    for spec in CONFLUENCE_SPECS:
        value = rows[1][spec.name]
        assert isinstance(value, Unknown)
        assert value.reason is Reason.LOW_RESOLUTION
    assert rows_of(FINE, np.zeros(FINE.shape)) == {}
    assert isinstance(rows_of(FINE, chain(FINE, 1, 5, 9))[1]["confluent_lobe_count"], Quantity)
