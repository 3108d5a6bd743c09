from __future__ import annotations

import numpy as np
import pytest

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import template_brain
from lesionaid.simulate.pml_truth import feret_mm
from lesionaid.simulate.tumefactive import tumefactive_patient
from lesionaid.simulate.uptake import centroid_mm, towards_cortex
from tests.unit.simulate_phantom import ball_brain

SEEDS = range(12)


@pytest.fixture(scope="module")
def patients():
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (-80, -112, -72)
    brain = template_brain(Grid((81, 97, 80), affine))
    return [tumefactive_patient(brain, np.random.default_rng(seed), plaques=0) for seed in SEEDS]


def test_lesions_are_two_to_six_centimetres_long(patients):
    lengths = [feret_mm(patient.brain, patient.lesions[0][0]) for patient in patients]
    assert min(lengths) > 20
    assert max(lengths) < 66
    assert max(lengths) > 1.3 * min(lengths)


def test_nothing_is_said_of_mass_effect(patients):
    assert not any("mass_effect" in patient.signs for patient in patients)


def test_what_enhances_is_a_ring_or_an_open_ring(patients):
    for patient in patients:
        signs, (lesion, look) = patient.signs, patient.lesions[0]
        rings = signs["enhancement_ring"], signs["enhancement_open_ring"]
        assert sum(rings) == signs["contrast_enhancement"]
        assert (look.enhances > 0) is signs["contrast_enhancement"]
        share = (lesion.uptake * lesion.mask).sum() / (lesion.rim * lesion.mask).sum()
        if signs["enhancement_open_ring"]:
            assert 0.6 < share < 0.95
        else:
            assert share == pytest.approx(1)
    assert any(patient.signs["enhancement_open_ring"] for patient in patients)


def test_an_open_ring_opens_towards_the_cortex(patients):
    for patient in patients:
        if not patient.signs["enhancement_open_ring"]:
            continue
        brain, lesion = patient.brain, patient.lesions[0][0]
        gone = lesion.mask & (lesion.rim > 0.5) & (lesion.uptake == 0)
        corner = np.array([side.start for side in lesion.box])
        middle = brain.grid.to_mm(np.argwhere(gone).mean(axis=0) + corner)
        direction = middle - centroid_mm(brain, lesion)
        cosine = direction @ towards_cortex(brain, lesion) / np.linalg.norm(direction)
        assert cosine > 0.85


def test_the_edge_is_dark_and_restricts_only_where_it_is_said(patients):
    for patient in patients:
        look = patient.lesions[0][1]
        assert (look.rim.adc < 0.72) is patient.signs["restricted_diffusion"]
        assert (look.rim.t2_ms < 79.6) is patient.signs["t2_hypointense_rim"]


def test_oedema_is_a_halo_outside_the_mask(patients):
    for patient in patients:
        lesion = patient.lesions[0][0]
        faint = (lesion.fraction > 0.05) & (lesion.fraction < 0.36)
        far = faint.sum() / lesion.mask.sum()
        assert bool(far > 0.3) is patient.signs["oedema"]


def test_no_white_matter_no_lesion(patients):
    from dataclasses import replace

    brain = patients[0].brain
    empty = replace(brain, white=np.zeros_like(brain.white))
    with pytest.raises(ValueError, match="no white matter"):
        tumefactive_patient(empty, np.random.default_rng(0))
    with pytest.raises(ValueError, match="MNI"):
        tumefactive_patient(ball_brain(), np.random.default_rng(0))
