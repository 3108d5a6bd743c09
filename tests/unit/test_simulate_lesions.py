from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import label

from lesionaid.simulate.lesions import (
    CONNECTIVITY,
    clear_of,
    label_map,
    largest_component,
    occupied_by,
)
from lesionaid.simulate.ms import LARGEST_MM, SMALLEST_MM, ms_lesions, ovoid
from lesionaid.simulate.truth import truth_of
from tests.unit.simulate_phantom import VENTRICLE_MM, ball_brain


@pytest.fixture(scope="module")
def brain():
    return ball_brain()


@pytest.fixture(scope="module")
def plaques(brain):
    return ms_lesions(brain, np.random.default_rng(3), 20)


@pytest.mark.parametrize(("diameter", "elongation"), [(10.0, 1.0), (14.0, 1.9), (18.0, 2.5)])
def test_an_ovoid_has_the_volume_and_axes_that_were_asked_for(brain, diameter, elongation):
    direction = np.array([1.0, 2.0, -2.0]) / 3
    centre = np.array([22.3, 3.1, -4.7])
    lesion = ovoid(brain, centre, direction, diameter, elongation, site="deep_white_matter")
    asked = np.pi / 6 * diameter**3
    assert lesion.fraction.sum() == pytest.approx(asked, rel=0.02)
    assert lesion.mask.sum() == pytest.approx(asked, rel=0.03)
    voxels = np.argwhere(lesion.mask) + [side.start for side in lesion.box]
    mm = brain.grid.to_mm(voxels)
    assert mm.mean(axis=0) == pytest.approx(centre, abs=0.15)
    lengths, axes = np.linalg.eigh(np.cov(mm.T))
    # The variance along a semi-axis a of a solid ellipsoid is a^2 / 5.
    long = diameter / 2 * elongation ** (2 / 3)
    assert np.sqrt(5 * lengths[2]) == pytest.approx(long, rel=0.03)
    if elongation > 1:
        assert abs(axes[:, 2] @ direction) > 0.999


def test_truth_is_what_the_voxels_say(brain):
    centre, radius = np.array([0.0, 0.0, 24.0]), 5.0
    lesion = ovoid(brain, centre, np.array([0.0, 0.0, 1.0]), 2 * radius, 1.0, site="x")
    labels = label_map(brain, [lesion])
    (truth,) = truth_of(brain, labels, [lesion])
    assert truth.n_voxels == np.count_nonzero(labels == 1)
    assert truth.volume_mm3 == truth.n_voxels
    assert truth.centroid_mm == pytest.approx(tuple(centre), abs=0.1)
    assert truth.equivalent_diameter_mm == pytest.approx(2 * radius, rel=0.02)
    assert truth.ventricle_mm == pytest.approx(24 - radius - VENTRICLE_MM, abs=1.0)
    assert truth.cortex_mm == pytest.approx(40 - 24 - radius, abs=1.0)


def test_distance_to_a_ventricle_that_is_not_there_is_unknown():
    brain = ball_brain(2.0, ventricle=False)
    lesion = ovoid(brain, np.array([10.0, 0, 0]), np.array([1.0, 0, 0]), 12.0, 1.0, site="x")
    (truth,) = truth_of(brain, label_map(brain, [lesion]), [lesion])
    assert truth.ventricle_mm is None
    assert truth.cortex_mm is not None


def test_every_plaque_is_one_component_apart_from_the_others(brain, plaques):
    # The ball has no posterior fossa: the two plaques of that site are left out.
    assert len(plaques) == 18
    labels = label_map(brain, plaques)
    _, count = label(labels > 0, structure=CONNECTIVITY)
    assert count == len(plaques)
    assert all(SMALLEST_MM <= plaque.diameter_mm <= LARGEST_MM for plaque in plaques)


def test_sites_are_where_they_say(brain, plaques):
    for plaque, truth in zip(
        plaques, truth_of(brain, label_map(brain, plaques), plaques), strict=True
    ):
        assert truth.ventricle_mm > 0
        if plaque.site == "periventricular":
            assert truth.ventricle_mm <= 2.0
        if plaque.site == "juxtacortical":
            assert truth.cortex_mm <= 2.5
        if plaque.site == "deep_white_matter":
            assert truth.cortex_mm > 4.0 - LARGEST_MM / 2


def test_periventricular_plaques_point_away_from_the_ventricle(brain):
    plaques = ms_lesions(brain, np.random.default_rng(8), 40)
    angles = []
    for plaque in plaques:
        if plaque.site != "periventricular" or plaque.mask.sum() < 60:
            continue
        mm = brain.grid.to_mm(np.argwhere(plaque.mask) + [side.start for side in plaque.box])
        outwards = mm.mean(axis=0) / np.linalg.norm(mm.mean(axis=0))
        longest = np.linalg.eigh(np.cov(mm.T))[1][:, 2]
        angles.append(np.degrees(np.arccos(min(1.0, abs(longest @ outwards)))))
    assert len(angles) >= 5
    assert np.median(angles) < 25


def test_plaques_keep_off_what_is_occupied(brain, plaques):
    occupied = occupied_by(brain.grid.shape, plaques)
    more = ms_lesions(brain, np.random.default_rng(4), 5, occupied=occupied)
    assert more
    assert all(clear_of(brain, plaque, occupied, 2.5) for plaque in more)
    assert not clear_of(brain, plaques[0], occupied, 2.5)


def test_same_seed_same_plaques(brain, plaques):
    again = ms_lesions(brain, np.random.default_rng(3), 20)
    assert all(
        a.box == b.box and a.fraction.tobytes() == b.fraction.tobytes()
        for a, b in zip(plaques, again, strict=True)
    )


def test_stray_voxels_are_taken_out():
    fraction = np.zeros((7, 7, 7), dtype=np.float32)
    fraction[1:4, 1:4, 1:4] = 1
    fraction[6, 6, 6] = 1
    kept = largest_component(fraction)
    assert kept.sum() == 27
    assert kept[6, 6, 6] == 0
