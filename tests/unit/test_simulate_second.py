from __future__ import annotations

import numpy as np
import pytest

from lesionaid.simulate.second.lesions import cut
from lesionaid.simulate.second.placing import density, inhibited
from lesionaid.simulate.second.shapes import invaded, metaballs
from tests.unit.simulate_phantom import ball_brain


def test_places_of_the_point_process_keep_apart_more_than_chance():
    brain = ball_brain(2.0)
    rng = np.random.default_rng(0)
    likely = density(brain)
    inhibited_places = list(inhibited(brain, rng, likely, 12.0, 60))
    free_places = list(inhibited(brain, rng, likely, 0.0, 60))

    def close_pairs(places):
        points = np.array(places[:20])
        away = np.linalg.norm(points[:, None] - points[None], axis=-1)
        return np.count_nonzero((away > 0) & (away < 12.0)) / 2

    assert close_pairs(inhibited_places) < 0.5 * close_pairs(free_places)


def test_a_cut_has_the_volume_asked_for():
    brain = ball_brain(1.0)
    rng = np.random.default_rng(2)
    box = (slice(0, 40), slice(0, 40), slice(0, 40))
    centre = np.asarray(brain.grid.to_mm(np.array([20, 20, 20])), dtype=float)
    level = metaballs(brain, rng, box, centre, 8.0)
    mask = cut(brain, level, 1000.0, np.ones(level.shape, dtype=bool))
    assert mask.sum() * brain.grid.voxel_volume_mm3 == pytest.approx(1000.0, rel=0.05)


def test_percolation_in_even_tissue_with_tension_grows_nearly_a_ball():
    resistance = np.zeros((31, 31, 31)) + 1e-6 * np.random.default_rng(0).random((31, 31, 31))
    order = invaded(resistance, np.array([15, 15, 15]), 4000, tension=2.0)
    assert order.max() == 3999
    held = np.argwhere(order >= 0)
    assert np.ptp(held, axis=0).max() < 24
    assert order[15, 15, 15] == 0


def test_percolation_never_enters_a_wall():
    resistance = np.zeros((20, 20, 20))
    resistance[10] = np.inf
    order = invaded(resistance, np.array([3, 10, 10]), 10_000)
    assert (order[10:] < 0).all()
    assert np.count_nonzero(order >= 0) == 10 * 20 * 20
