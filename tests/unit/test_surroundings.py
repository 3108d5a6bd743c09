"""Depth and distance about lesions: closed form, neighbours, and the edge of the scan."""

from __future__ import annotations

import numpy as np
import pytest

from lesionaid.features.surroundings import surroundings
from lesionaid.features.voxels import lesion_voxels
from lesionaid.lesions.components import lesion_map
from tests.unit.lesion_phantoms import affine, lesion_mask


def _ball(shape, spacing, centre, radius):
    grid = np.indices(shape).astype(float) * np.reshape(spacing, (3, 1, 1, 1))
    return np.sqrt(sum((grid[a] - centre[a]) ** 2 for a in range(3))) <= radius


def _around(data, spacing=(1.0, 1.0, 1.0), reach=8.0):
    lesions = lesion_map(lesion_mask(data.astype(np.uint8), affine(spacing)))
    return surroundings(lesion_voxels(lesions, lesions.grid), reach)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.0, 1.0, 2.0), (0.7, 1.0, 1.0)])
def test_distance_to_a_ball_is_radius_minus(spacing):
    shape = tuple(round(48 / s) for s in spacing)
    centre = (24.0, 24.0, 24.0)
    around = _around(_ball(shape, spacing, centre, 10.0), spacing)
    ijk = np.stack(np.unravel_index(around.voxels.index, shape), axis=1) * spacing
    true = np.linalg.norm(ijk - centre, axis=1) - 10.0
    error = np.abs(around.signed_mm - true)
    assert error.mean() < 0.4 * max(spacing)
    assert error.max() < 0.6 * np.linalg.norm(spacing)  # of a ball drawn in voxels
    assert around.signed_mm[around.inside].max() < 0
    assert around.signed_mm[~around.inside].min() > 0


def test_a_voxel_between_two_lesions_stands_in_both_runs():
    data = np.zeros((40, 20, 20), dtype=bool)
    data[5:15, 8:12, 8:12] = data[18:30, 8:12, 8:12] = True
    around = _around(data)
    assert around.voxels.ids.tolist() == [1, 2]
    assert around.inside.sum() == data.sum()
    # The lesion that lies 3 voxels off is within the reach of the other, and named so.
    assert around.other.sum() > 0
    edge = around.chosen(around.shell(-1.0, 0.0))
    assert set(edge.index) <= set(np.flatnonzero(data))
    assert edge.ids.tolist() == [1, 2]
    gap = np.ravel_multi_index((16, 9, 9), data.shape)
    assert np.count_nonzero(around.voxels.index == gap) == 2


def test_a_lesion_cut_by_the_scan_has_no_edge_there():
    data = np.zeros((20, 20, 20), dtype=bool)
    data[:6, :, :] = True
    around = _around(data)
    first = np.unravel_index(around.voxels.index, data.shape)[0] == 0
    assert np.allclose(around.signed_mm[first], -5.5)


def test_no_lesion_no_surroundings():
    around = _around(np.zeros((5, 5, 5), dtype=bool))
    assert around.boxes == ()
    assert around.voxels.ids.size == 0
