"""A smooth field from blocks: what a Gaussian over all voxels gives, at a fraction of its cost."""

from __future__ import annotations

import numpy as np
import pytest

from lesionaid.features.blocks import Blocks


def test_a_constant_stays_and_gaps_are_filled() -> None:
    chosen = np.zeros((31, 28, 40), dtype=bool)
    chosen[4:20, 5:20, 6:30] = True
    n = int(chosen.sum())
    smooth = Blocks(chosen, (3, 3, 3)).smooth(np.full(n, 0.3), np.ones(n, bool), (15, 15, 15))
    assert smooth.shape == chosen.shape
    assert smooth.dtype == np.float32
    assert np.allclose(smooth, 0.3, atol=1e-6)


def test_as_a_gaussian_over_all_voxels() -> None:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(2)
    chosen = rng.random((48, 54, 60)) < 0.6
    slope = np.linspace(0, 1, 48)[:, None, None] + np.zeros(chosen.shape)
    values = slope[chosen] + rng.normal(0, 0.05, int(chosen.sum()))
    use = rng.random(values.size) < 0.9
    full, weight = np.zeros(chosen.shape), np.zeros(chosen.shape)
    full[chosen], weight[chosen] = np.where(use, values, 0), use
    expected = gaussian_filter(full, 15, mode="constant") / gaussian_filter(
        weight, 15, mode="constant"
    )
    smooth = Blocks(chosen, (3, 3, 3)).smooth(values, use, (15, 15, 15))
    assert np.abs(smooth - expected).max() < 0.01


def test_blocks_of_one_voxel_and_nothing_to_go_by() -> None:
    chosen = np.ones((6, 5, 4), dtype=bool)
    values = np.arange(120.0)
    none = Blocks(chosen, (0.6, 1.0, 1.2)).smooth(values, np.zeros(120, bool), (3, 3, 3))
    assert none.shape == chosen.shape
    assert none == pytest.approx(0.0)
