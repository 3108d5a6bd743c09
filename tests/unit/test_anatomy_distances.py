"""Signed distances against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from lesionaid.anatomy.distances import bounding_box, signed_distance_mm
from lesionaid.geometry import Grid


def grid_of(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Grid:
    return Grid(shape, np.diag([*spacing, 1.0]))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slab_on_a_thick_sliced_grid(axis: int) -> None:
    grid = grid_of((24, 20, 16), (0.7, 1.0, 4.0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[tuple(slice(6, 10) if a == axis else slice(None) for a in range(3))] = True
    distance = signed_distance_mm(mask, grid)
    spacing = grid.spacing_mm[axis]
    centres = np.arange(grid.shape[axis]) * spacing
    low, high = 5.5 * spacing, 9.5 * spacing
    expected = np.maximum(low - centres, centres - high)
    line = np.moveaxis(distance, axis, 0)[:, 3, 3]
    np.testing.assert_allclose(line, expected, atol=1e-4)


def test_ball_is_right_to_half_a_voxel() -> None:
    grid = grid_of((41, 41, 41), (1.0, 1.0, 1.0))
    radius = np.linalg.norm(np.indices(grid.shape) - 20.0, axis=0)
    distance = signed_distance_mm(radius <= 12, grid)
    near = radius < 19
    assert np.abs(distance - (radius - 12))[near].max() < 1.0
    assert abs(np.mean((distance - (radius - 12))[near])) < 0.25


def test_turned_grid_gives_the_same_distances() -> None:
    spacing = (1.0, 1.0, 3.0)
    straight = grid_of((16, 18, 12), spacing)
    angle = np.deg2rad(25)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    oblique = Grid(straight.shape, turn @ straight.affine)
    mask = np.zeros(straight.shape, dtype=bool)
    mask[5:9, 6:10, 4:7] = True
    np.testing.assert_allclose(
        signed_distance_mm(mask, straight), signed_distance_mm(mask, oblique), atol=1e-5
    )


def test_sign_changes_at_the_surface() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((12, 12, 12)) > 0.6
    distance = signed_distance_mm(mask, grid_of(mask.shape, (1.0, 1.0, 2.0)))
    assert (distance[mask] < 0).all()
    assert (distance[~mask] > 0).all()


def test_crop_changes_nothing_inside_it() -> None:
    grid = grid_of((30, 30, 30), (1.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[12:16, 13:17, 14:18] = True
    box = bounding_box(mask, grid, margin_mm=5)
    cropped, whole = signed_distance_mm(mask, grid, box), signed_distance_mm(mask, grid)
    np.testing.assert_array_equal(cropped[box], whole[box])
    assert np.isinf(cropped[0, 0, 0])


def test_absent_structure_is_infinitely_far() -> None:
    grid = grid_of((4, 4, 4), (1.0, 1.0, 1.0))
    assert np.isposinf(signed_distance_mm(np.zeros(grid.shape, dtype=bool), grid)).all()


def test_box_stays_on_the_grid() -> None:
    grid = grid_of((10, 10, 10), (1.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[0, 9, 5] = True
    assert mask[bounding_box(mask, grid, 3)].any()
    assert mask[bounding_box(np.zeros_like(mask), grid, 3)].shape == grid.shape
