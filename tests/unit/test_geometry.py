"""Grids in mm: volumes, orientations, distances, resampling."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from lesionaid.geometry import (
    Grid,
    axis_codes,
    corner_distance_mm,
    reorient,
    resample,
    same_grid,
    to_ras,
)

PAIRS = ("RL", "AP", "SI")
ORIENTATIONS = ["".join(choice) for order in permutations(PAIRS) for choice in product(*order)]


def oblique(spacing: tuple[float, float, float], degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag(spacing)
    affine[:3, 3] = (-11.0, 7.5, 3.25)
    return affine


def test_there_are_48_orientations() -> None:
    assert len(set(ORIENTATIONS)) == 48


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_every_orientation_comes_back_to_the_same_ras(codes: str) -> None:
    rng = np.random.default_rng(1)
    data, affine = rng.random((4, 5, 6)), oblique((0.9, 1.1, 3.0), 12.0)
    turned, turned_affine = reorient(data, affine, codes)
    assert axis_codes(turned_affine) == codes
    back, back_affine = to_ras(turned, turned_affine)
    ras, ras_affine = to_ras(data, affine)
    np.testing.assert_array_equal(back, ras)
    np.testing.assert_array_equal(back_affine, ras_affine)
    assert back.flags.c_contiguous


@pytest.mark.parametrize("degrees", [0.0, 20.0, 44.0])
def test_volume_and_spacing_of_an_oblique_grid(degrees: float) -> None:
    grid = Grid((3, 4, 5), oblique((0.5, 0.8, 3.0), degrees))
    assert grid.voxel_volume_mm3 == pytest.approx(0.5 * 0.8 * 3.0)
    assert grid.spacing_mm == pytest.approx((0.5, 0.8, 3.0))
    assert grid.extent_mm3 == pytest.approx(0.5 * 0.8 * 3.0 * 60)


def test_volume_of_a_sheared_grid_is_the_determinant() -> None:
    affine = np.eye(4)
    affine[0, 1] = 0.7
    grid = Grid((2, 2, 2), affine)
    assert grid.voxel_volume_mm3 == pytest.approx(1.0)
    assert np.prod(grid.spacing_mm) > 1.2  # the product of spacings would be wrong


def test_mm_and_voxels_are_inverse() -> None:
    grid = Grid((3, 4, 5), oblique((0.5, 0.8, 3.0), 30.0))
    ijk = np.array([[0, 0, 0], [2, 3, 4], [1, 2, 0]])
    np.testing.assert_allclose(grid.to_voxel(grid.to_mm(ijk)), ijk, atol=1e-12)


def test_same_grid_is_judged_in_mm_at_the_corners() -> None:
    affine = oblique((1.0, 1.0, 1.0), 0.0)
    grid = Grid((100, 100, 100), affine)
    nudged = affine.copy()
    nudged[0, 3] += 0.05
    assert same_grid(grid, Grid(grid.shape, nudged))
    turned = Grid(grid.shape, oblique((1.0, 1.0, 1.0), 1.0))
    assert corner_distance_mm(grid, turned) > 1.0
    assert not same_grid(grid, turned)
    assert not same_grid(grid, Grid((100, 100, 99), affine))


def test_resample_of_a_linear_field_is_exact() -> None:
    source = Grid((30, 30, 30), oblique((1.0, 1.0, 1.0), 0.0))
    target = Grid((8, 8, 8), oblique((1.5, 0.7, 2.0), 10.0))
    target.affine[:3, 3] += 8.0
    field = source.to_mm(np.moveaxis(np.indices(source.shape), 0, -1)) @ [2.0, -1.0, 0.5]
    expected = target.to_mm(np.moveaxis(np.indices(target.shape), 0, -1)) @ [2.0, -1.0, 0.5]
    np.testing.assert_allclose(resample(field, source, target, order=1), expected, atol=1e-9)


def test_resample_fills_outside() -> None:
    source = Grid((4, 4, 4), np.eye(4))
    far = np.eye(4)
    far[:3, 3] = 100.0
    moved = resample(np.ones((4, 4, 4), np.uint8), source, Grid((2, 2, 2), far), order=0)
    assert not moved.any()
    assert moved.dtype == np.uint8
