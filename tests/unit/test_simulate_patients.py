"""From a patient to a study: every generator by its name, dates in order, context carried over."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from lesionaid.context import context_keys
from lesionaid.rules_path import rules_dir
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.simulate.diseases import FAMILIES, GENERATORS
from lesionaid.simulate.generate import Order, Patient, simulate_patient
from lesionaid.simulate.ms import ovoid
from lesionaid.simulate.patient import Patient as SimulatedPatient
from lesionaid.simulate.study import ALL_CONTRASTS, PRIOR_CONTRASTS, dates, examined
from lesionaid.simulate.tissue import MS_PLAQUE, Appearance
from tests.unit.simulate_phantom import ball_brain

BESIDE_THE_CATALOGUE = {"lacune", "punctate_white_matter"}
"""What a generator draws and no rule weighs."""

WITH_PRIOR = {"pml", "pml_inflammatory", "pml_iris", "mixed"}


@cache
def study_of(disease: str):
    return simulate_patient(Order((disease,), seed=1, voxel_mm=2.0), Patient("x", disease, 1))


@pytest.mark.parametrize("disease", GENERATORS)
def test_every_disease_has_lesions_with_truth_at_every_date(disease):
    sessions = dates(study_of(disease))
    assert len(sessions) >= (2 if disease in WITH_PRIOR else 1)
    for one in sessions:
        assert len(one.truth) == len(one.lesions) > 0
        assert one.labels.max() == len(one.lesions)


@pytest.mark.parametrize("disease", GENERATORS)
def test_context_speaks_the_language_of_the_form(disease):
    for one in dates(study_of(disease)):
        assert "host" in one.context
        assert set(one.context) <= set(context_keys())


@pytest.mark.parametrize("disease", sorted(set(GENERATORS) - {"ms", "pml"}))
def test_signs_are_those_of_the_catalogue(disease):
    known = set(load_catalogue(rules_dir() / "signs").signs)
    for one in dates(study_of(disease)):
        told = {sign for sign in one.signs if not sign.endswith(("_lesion", "_lesions"))}
        assert told <= known | BESIDE_THE_CATALOGUE
        assert all(isinstance(one.signs[sign], bool) for sign in told)


def test_the_mixed_patient_has_a_heavy_load_and_one_new_focus():
    study = study_of("mixed")
    before, now = dates(study)
    plaques = [lesion for lesion, _ in now.lesions if lesion.mechanism == "ms"]
    assert len(plaques) >= 20
    assert [lesion.role for lesion, _ in now.lesions].count("main") == 1
    assert now.context["host"] == "ms"
    assert sum(t.volume_mm3 for t in before.truth) < sum(t.volume_mm3 for t in now.truth)


def test_a_chain_of_three_dates_is_examined_in_order():
    brain = ball_brain(2.0)
    look = Appearance(MS_PLAQUE, MS_PLAQUE)

    def at(diameter, earlier, months):
        plaque = ovoid(
            brain, np.array([24.0, 0, 0]), np.array([1.0, 0, 0]), diameter, 1.0, site="x"
        )
        return SimulatedPatient(
            "ms", brain, ((plaque, look),), {"ovoid": True}, {"host": "ms"}, {}, earlier, months
        )

    chain = at(16.0, at(13.0, at(10.0, None, 0.0), 2.0), 5.0)
    sessions = dates(examined(chain, np.random.default_rng(0)))
    volumes = [one.truth[0].volume_mm3 for one in sessions]
    assert volumes == sorted(volumes)
    assert [one.context.get("prior_interval_days") for one in sessions] == [None, 61, 152]
    assert [one.contrasts for one in sessions] == [PRIOR_CONTRASTS, PRIOR_CONTRASTS, ALL_CONTRASTS]
    assert np.array_equal(sessions[-1].position, np.eye(4))
    assert not np.allclose(sessions[0].position, sessions[1].position)


def test_a_patient_without_lesions_is_drawn_again():
    nobody = SimulatedPatient("mogad", ball_brain(4.0), (), {})
    with pytest.raises(ValueError, match="mogad"):
        examined(nobody, np.random.default_rng(0))


def test_families_are_apart():
    assert FAMILIES["first"] is GENERATORS
