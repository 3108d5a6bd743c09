"""From a patient to a study: every generator by its name, dates in order, context carried over."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from lesionaid.context import context_keys, read_context
from lesionaid.rules_path import rules_dir
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.simulate.diseases import FAMILIES, GENERATORS
from lesionaid.simulate.generate import Order, Patient, simulate_patient
from lesionaid.simulate.ms import ovoid
from lesionaid.simulate.patient import Patient as SimulatedPatient
from lesionaid.simulate.study import ALL_CONTRASTS, PRIOR_CONTRASTS, dates, examined
from lesionaid.simulate.tissue import MS_PLAQUE, Appearance
from lesionaid.simulate.write import context_yaml
from tests.unit.simulate_phantom import ball_brain

BESIDE_THE_CATALOGUE = {"lacune", "punctate_white_matter"}
"""What a generator draws and no rule weighs."""

WITH_PRIOR = {"pml", "pml_inflammatory", "pml_iris", "mixed", "mogad_follow_up"}

EVERYBODY = [(family, disease) for family, known in FAMILIES.items() for disease in known]


@cache
def study_of(disease: str, family: str = "first"):
    order = Order((disease,), seed=1, family=family, voxel_mm=3.0)
    return simulate_patient(order, Patient("x", disease, 1))


@pytest.mark.parametrize(("family", "disease"), EVERYBODY)
def test_every_disease_has_lesions_with_truth(family, disease):
    sessions = dates(study_of(disease, family))
    assert len(sessions) >= (2 if disease in WITH_PRIOR else 1)
    # After an attack of MOGAD nothing may be left.
    assert sessions[0 if disease == "mogad_follow_up" else -1].lesions
    for one in sessions:
        assert len(one.truth) == len(one.lesions)
        assert set(np.unique(one.labels)) <= {*range(len(one.lesions) + 1)}


@pytest.mark.parametrize(("family", "disease"), EVERYBODY)
def test_context_speaks_the_language_of_the_form(family, disease):
    for one in dates(study_of(disease, family)):
        assert "host" in one.context
        assert set(one.context) <= set(context_keys())


@pytest.mark.parametrize(("family", "disease"), EVERYBODY)
def test_signs_are_those_of_the_catalogue(family, disease):
    known = set(load_catalogue(rules_dir() / "signs").signs)
    for one in dates(study_of(disease, family)):
        told = {sign for sign in one.signs if not sign.endswith(("_lesion", "_lesions"))}
        assert told <= known | BESIDE_THE_CATALOGUE
        assert all(isinstance(one.signs[sign], bool) for sign in told)


def test_the_mixed_patient_has_a_heavy_load_and_one_new_focus():
    study = study_of("mixed")
    before, now = dates(study)
    plaques = [lesion for lesion, _ in now.lesions if lesion.mechanism == "ms"]
    assert len(plaques) >= 20
    assert all(look.enhances == 0 for lesion, look in now.lesions if lesion.mechanism == "ms")
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


def test_what_is_gone_at_the_follow_up_was_seen_at_the_attack():
    brain = ball_brain(4.0)
    look = Appearance(MS_PLAQUE, MS_PLAQUE, enhances=1.0)
    plaque = ovoid(brain, np.array([24.0, 0, 0]), np.array([1.0, 0, 0]), 16.0, 1.0, site="x")
    attack = SimulatedPatient("mogad", brain, ((plaque, look),), {}, all_contrasts=True)
    later = SimulatedPatient("mogad", brain, (), {}, earlier=attack, months=7.0)
    before, now = dates(examined(later, np.random.default_rng(0)))
    assert before.contrasts == now.contrasts == ALL_CONTRASTS
    assert (len(now.lesions), now.labels.max()) == (0, 0)
    (gone,) = now.resolved
    assert gone.prior_volume_mm3 == before.truth[0].volume_mm3
    assert all(np.ptp(now.scans[contrast]) > 0 for contrast in now.contrasts)


def test_both_families_know_the_same_diseases_but_for_one_follow_up():
    assert set(FAMILIES["first"]) == set(GENERATORS)
    assert set(FAMILIES["first"]) - set(FAMILIES["second"]) == {"mogad_follow_up"}


def test_iris_is_a_series_on_the_drug_stopped_and_enhancing():
    sessions = dates(study_of("pml_iris"))
    assert len(sessions) >= 3
    assert {one.context["drug"] for one in sessions} == {"natalizumab"}
    stopped = [one.context.get("days_since_stop") for one in sessions]
    assert stopped[0] is None
    assert stopped[1] < stopped[2]
    assert 26 <= stopped[-1] <= 89
    main = sessions[-1].signs["pml_lesion"] - 1
    volumes = [one.truth[main].volume_mm3 for one in sessions]
    assert volumes == sorted(volumes)
    assert sessions[0].lesions[main][1].enhances == 0


@pytest.mark.parametrize(("family", "disease"), EVERYBODY)
def test_context_can_be_read_back(family, disease, tmp_path):
    for number, one in enumerate(dates(study_of(disease, family))):
        path = tmp_path / f"{number}.yaml"
        path.write_text(context_yaml(one.context))
        values = read_context(path).values
        assert {key: values[key] for key in one.context} == dict(one.context)
