from __future__ import annotations

import numpy as np
import pytest

from lesionaid.simulate.second.lesions import scattered, walked
from tests.unit.simulate_phantom import ball_brain


def test_scattered_lesions_are_disjoint_inside_and_follow_from_the_seed():
    brain = ball_brain(2.0)
    first = scattered(brain, np.random.default_rng(4), 8, "ms")
    again = scattered(brain, np.random.default_rng(4), 8, "ms")
    assert len(first) == 8
    count = np.zeros(brain.grid.shape, int)
    for one, other in zip(first, again, strict=True):
        count[one.box] += one.mask
        assert np.array_equal(one.fraction, other.fraction)
    assert count.max() == 1
    assert brain.inside[count > 0].all()


def test_a_walk_covers_the_volume_asked_for():
    brain = ball_brain(2.0)
    start = np.rint(brain.grid.to_voxel(np.array([22.0, 0.0, 0.0]))).astype(int)
    lesion = walked(brain, np.random.default_rng(0), start, 4000.0, "pml")
    assert np.count_nonzero(lesion.mask) * 8.0 == pytest.approx(4000.0, rel=0.1)
