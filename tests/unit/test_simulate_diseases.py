from __future__ import annotations

import numpy as np
import pytest

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import template_brain
from lesionaid.simulate.frequencies import draw_signs, frequencies
from lesionaid.simulate.iris import pml_patient
from lesionaid.simulate.lesions import label_map
from lesionaid.simulate.mogad import mogad_patient
from lesionaid.simulate.nmosd import nmosd_patient
from lesionaid.simulate.shapes import Look, cloud, tube
from lesionaid.simulate.texture import open_ring, shell
from lesionaid.simulate.tumefactive import tumefactive_patient
from lesionaid.simulate.vascular import vascular_patient
from tests.unit.simulate_phantom import ball_brain

GENERATORS = {
    "nmosd": nmosd_patient,
    "mogad": mogad_patient,
    "tumefactive": tumefactive_patient,
    "vascular": vascular_patient,
    "pml": pml_patient,
}


@pytest.fixture(scope="module")
def brain():
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (-80, -112, -72)
    return template_brain(Grid((81, 97, 80), affine))


@pytest.mark.parametrize("disease", GENERATORS)
def test_lesions_lie_in_the_brain_apart_and_follow_from_the_seed(brain, disease):
    first = GENERATORS[disease](brain, np.random.default_rng(3))
    again = GENERATORS[disease](brain, np.random.default_rng(3))
    assert first.lesions
    assert first.signs == again.signs
    assert first.truth == again.truth
    count = np.zeros(brain.grid.shape, int)
    for lesion, _ in first.lesions:
        count[lesion.box] += lesion.mask
    assert count.max() == 1
    assert brain.inside[count > 0].all()
    labels = label_map(brain, [lesion for lesion, _ in first.lesions])
    for number, truth in enumerate(first.truth, start=1):
        assert truth.volume_mm3 == pytest.approx((labels == number).sum() * 8.0)


@pytest.mark.parametrize("disease", sorted({row.disease for row in frequencies().values()}))
def test_frequencies_come_back(disease):
    rng = np.random.default_rng(0)
    draws = [draw_signs(disease, rng) for _ in range(300)]
    for sign in draws[0]:
        share = frequencies()[disease, sign].share
        spread = np.sqrt(share * (1 - share) / 300)
        got = np.mean([draw[sign] for draw in draws])
        assert abs(got - share) <= 4 * spread, sign


def test_a_cloud_without_bumps_is_a_ball():
    brain = ball_brain()
    look = Look("mogad", "x", edge_mm=1.0, roughness=0.0)
    lesion = cloud(brain, np.random.default_rng(0), np.array([20.0, 0, 0]), 16.0, look)
    assert lesion.mask.sum() == pytest.approx(np.pi / 6 * 16**3, rel=0.03)


def test_a_tube_is_a_cylinder_with_round_ends():
    brain = ball_brain(ventricle=False)
    look = Look("nmosd", "x", edge_mm=1.0, roughness=0.0)
    line = np.array([[-15.0, 0, 0], [15.0, 0, 0]])
    lesion = tube(brain, np.random.default_rng(0), line, 5.0, look)
    assert lesion.mask.sum() == pytest.approx(np.pi * 25 * 30 + 4 / 3 * np.pi * 125, rel=0.04)


def test_an_open_ring_opens_towards_the_cortex():
    brain = ball_brain()
    look = Look("tumefactive", "x", edge_mm=1.0, roughness=0.0)
    lesion = cloud(brain, np.random.default_rng(0), np.array([24.0, 0, 0]), 22.0, look)
    ring, opened = shell(brain, lesion, 3.0), open_ring(brain, lesion, 3.0)
    gone = (ring > 0.5) & (opened == 0)
    cortex = brain.cortex_mm[lesion.box]
    assert cortex[gone].max() <= cortex[opened > 0.5].min()
    assert 0.25 < gone.sum() / (ring > 0.5).sum() < 0.45


def test_a_brain_without_coordinates_has_no_named_sites():
    with pytest.raises(ValueError, match="MNI"):
        tumefactive_patient(ball_brain(), np.random.default_rng(0))
