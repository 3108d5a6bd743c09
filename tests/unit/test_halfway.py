"""Half-way between two dates: a known motion, shared out evenly, whoever comes first."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lesionaid.anatomy.halfway import Halfway, meet_halfway
from lesionaid.anatomy.volume import Volume
from lesionaid.geometry import Grid

SHAPE = (80, 88, 76)
AFFINE = np.eye(4)
AFFINE[:3, :3] *= 2.0
AFFINE[:3, 3] = -79.0, -87.0, -75.0
GRID = Grid(SHAPE, AFFINE)

TURN = np.deg2rad(5.0)
MOTION = np.eye(4)
MOTION[:2, :2] = [[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]]
MOTION[:3, 3] = 4.0, -2.0, 3.0
"""First date's mm to the second date's mm."""


def _head(to_first: np.ndarray) -> Volume:
    """A simulated head without symmetry, seen after a motion."""
    mm = GRID.to_mm(np.indices(SHAPE).reshape(3, -1).T)
    x, y, z = (mm @ to_first[:3, :3].T + to_first[:3, 3]).T
    image = np.where((x / 60) ** 2 + (y / 70) ** 2 + (z / 55) ** 2 < 1, 100.0, 0.0)
    for centre, radii, signal in (
        ((12, 20, 5), (8, 22, 10), 30.0),
        ((-16, 10, 8), (9, 18, 12), 40.0),
        ((25, -35, -15), (14, 10, 9), 150.0),
        ((-30, -20, 20), (10, 14, 8), 170.0),
        ((5, 45, -10), (12, 8, 14), 130.0),
    ):
        away = sum(((p - c) / r) ** 2 for p, c, r in zip((x, y, z), centre, radii, strict=True))
        image = np.where(away < 1, signal, image)
    data = gaussian_filter(image.reshape(SHAPE), 0.7).astype(np.float32)
    return Volume(data, GRID, data > 20)


@pytest.fixture(scope="module")
def met() -> tuple[Halfway, Halfway]:
    first, second = _head(np.eye(4)), _head(np.linalg.inv(MOTION))
    there, back = meet_halfway(first, second), meet_halfway(second, first)
    assert there is not None
    assert back is not None
    return there, back


def test_a_known_motion_is_found_within_half_a_voxel(met: tuple[Halfway, Halfway]) -> None:
    there, _ = met
    found = there.to_current @ np.linalg.inv(there.to_prior)
    points = GRID.corners_mm() * 0.6  # about the size of the head
    error = (points @ found[:3, :3].T + found[:3, 3]) - (points @ MOTION[:3, :3].T + MOTION[:3, 3])
    assert np.linalg.norm(error, axis=1).max() < 1.0  # voxels of 2 mm
    assert there.disagreement_mm < 1.0


def test_both_dates_go_the_same_way(met: tuple[Halfway, Halfway]) -> None:
    there, _ = met
    np.testing.assert_allclose(there.to_prior @ there.to_current, np.eye(4), atol=1e-9)


def test_swapped_dates_meet_in_the_same_place(met: tuple[Halfway, Halfway]) -> None:
    there, back = met
    np.testing.assert_array_equal(there.to_prior, back.to_current)
    np.testing.assert_array_equal(there.to_current, back.to_prior)
    np.testing.assert_array_equal(there.grid.affine, back.grid.affine)
    assert there.grid.shape == back.grid.shape


def test_what_is_taken_is_given_back(met: tuple[Halfway, Halfway]) -> None:
    there, _ = met
    ball = np.zeros(SHAPE, np.float32)
    ball[30:40, 40:50, 35:45] = 1
    taken = there.take(ball, GRID, there.to_current) > 0.5
    again = there.give_back(taken.astype(np.uint8), GRID, there.to_current) > 0
    assert 2 * (again & (ball > 0)).sum() / (again.sum() + ball.sum()) > 0.95
