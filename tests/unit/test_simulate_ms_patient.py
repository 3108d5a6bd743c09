from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.ndimage import label

from lesionaid.anatomy.map import SITES
from lesionaid.anatomy.regions import load_regions
from lesionaid.geometry import Grid
from lesionaid.simulate.brain import template_brain
from lesionaid.simulate.frequencies import share
from lesionaid.simulate.lesions import CONNECTIVITY, SimulatedLesion, label_map
from lesionaid.simulate.ms import ovoid
from lesionaid.simulate.ms_patient import LOAD_ML, RING_MM, ms_patient
from lesionaid.simulate.ms_placing import MsPlacing, run_together
from lesionaid.simulate.ms_signs import finger_shape
from lesionaid.simulate.ms_sites import FOSSA, GROUP, draw_lesion, places
from lesionaid.simulate.truth_signs import lesion_signs
from tests.unit.simulate_phantom import ball_brain

pytestmark = pytest.mark.slow  # a cohort of patients


@pytest.fixture(scope="module")
def brain():
    affine = np.diag([1.5, 1.5, 1.5, 1.0])
    affine[:3, 3] = (-75, -108, -72)
    return template_brain(Grid((101, 125, 105), affine), native_scale=0.9)


@pytest.fixture(scope="module")
def patients(brain):
    return [ms_patient(brain, np.random.default_rng(seed)) for seed in range(20)]


@pytest.fixture(scope="module")
def lesions(patients):
    return [pair for patient in patients for pair in patient.lesions]


@pytest.fixture(scope="module")
def region(brain):
    """lesionaid's own region map on the brain's grid: not what the simulator places by."""
    regions = load_regions()
    voxels = np.rint(regions.grid.to_voxel(brain.mni_mm)).astype(int)
    known = ((voxels >= 0) & (voxels < regions.grid.shape)).all(axis=-1)
    sites = np.zeros(brain.grid.shape, dtype=int)
    sites[known] = regions.sites[tuple(voxels[known].T)]
    return sites


def code(site: str) -> int:
    return {name: number for number, name in SITES.items()}[site]


def of_site(lesions, *sites: str) -> list[SimulatedLesion]:
    return [lesion for lesion, _ in lesions if lesion.site in sites]


def test_same_seed_same_patient(brain, patients):
    again = ms_patient(brain, np.random.default_rng(5))
    assert again.signs == patients[5].signs
    assert again.truth == patients[5].truth
    for (a, _), (b, _) in zip(again.lesions, patients[5].lesions, strict=True):
        assert a.fraction.tobytes() == b.fraction.tobytes()
    assert patients[4].truth != patients[5].truth


def test_every_lesion_is_one_component_inside_the_brain(brain, patients):
    for patient in patients:
        labels = label_map(brain, [lesion for lesion, _ in patient.lesions])
        _, count = label(labels > 0, structure=CONNECTIVITY)
        assert count == len(patient.lesions)
        assert brain.inside[labels > 0].all()
        assert min(truth.volume_mm3 for truth in patient.truth) >= 14.0 - 1.5**3


def test_the_load_is_the_published_one(patients):
    loads = np.array([sum(t.volume_mm3 for t in patient.truth) / 1000 for patient in patients])
    # 20 draws of a log-normal of sigma 0.9: the median's standard error is 0.23 in logarithms.
    assert np.log(np.median(loads) / LOAD_ML) == pytest.approx(0, abs=0.7)
    assert loads.max() / loads.min() > 5


def test_a_count_is_kept(brain):
    patient = ms_patient(brain, np.random.default_rng(1), count=9)
    assert 6 <= len(patient.lesions) <= 9  # some may have run together


def test_lesions_lie_at_their_sites(brain, lesions, region):
    for lesion in of_site(lesions, "dawson_finger", "periventricular", "callosal"):
        assert brain.ventricle_mm[lesion.box][lesion.mask].min() <= 2.0
    for lesion in of_site(lesions, "juxtacortical", "ufibre", "leukocortical", "intracortical"):
        assert brain.cortex_mm[lesion.box][lesion.mask].min() <= 2.5
    callosal = of_site(lesions, "callosal")
    touching = [(region[one.box][one.mask] == code("corpus_callosum")).any() for one in callosal]
    assert len(touching) > 5
    assert np.mean(touching) > 0.9
    below = (code("brainstem"), code("cerebellum"))
    fossa = of_site(lesions, *FOSSA)
    assert len(fossa) > 5
    # At the peduncles of the midbrain the two maps part a few mm away from one another.
    inside = [np.isin(region[one.box][one.mask], below).mean() > 0.5 for one in fossa]
    assert np.mean(inside) > 0.85


def test_intracortical_lesions_lie_in_cortex_and_leukocortical_in_both(brain):
    rng = np.random.default_rng(2)
    for site in ("intracortical", "leukocortical"):
        where = places(brain, site)
        for voxel in where[rng.integers(len(where), size=20)]:
            lesion = draw_lesion(brain, rng, site, voxel, 7.0)
            inside = brain.gray[lesion.box][lesion.mask] > 0.5
            if site == "intracortical":
                assert inside.all()
                assert (brain.cortex_mm[lesion.box][lesion.mask] <= 0).all()
            elif inside.size > 20:
                assert 0.0 < inside.mean() < 1.0


def test_most_fingers_stand_at_right_angles_to_the_ventricle(brain, lesions):
    shapes = np.array([finger_shape(brain, one) for one in of_site(lesions, "dawson_finger")])
    large = shapes[shapes[:, 2] > 8.0]
    assert len(large) > 30
    assert np.median(large[:, 1]) < 20.0
    assert np.median(large[:, 0]) > 1.5


def test_the_shape_of_a_finger_is_measured():
    brain = ball_brain()
    for tilt, expected in ((0.0, 0.0), (40.0, 40.0)):
        turn = np.radians(tilt)
        direction = np.array([np.cos(turn), np.sin(turn), 0.0])
        lesion = ovoid(brain, np.array([24.0, 0, 0]), direction, 9.0, 2.2, site="x")
        elongation, angle, length = finger_shape(brain, lesion)
        assert elongation == pytest.approx(2.2, rel=0.1)
        assert angle == pytest.approx(expected, abs=3.0)
        assert length == pytest.approx(9.0 * 2.2 ** (2 / 3), rel=0.1)


def test_u_fibre_lesions_are_long_and_curved(brain):
    rng = np.random.default_rng(4)
    where = places(brain, "ufibre")
    drawn = [
        draw_lesion(brain, rng, "ufibre", voxel, 6.0)
        for voxel in where[rng.integers(len(where), size=80)]
    ]
    kept = [lesion for lesion in drawn if lesion is not None and lesion.mask.sum() > 15]
    assert len(kept) >= 5
    for lesion in kept:
        points = brain.grid.to_mm(np.argwhere(lesion.mask))
        extent = np.linalg.norm(np.ptp(points, axis=0))
        assert extent >= 8.0
        assert brain.cortex_mm[lesion.box][lesion.mask].max() <= 4.0 + 3.0 + 1.5
        assert brain.white[lesion.box][lesion.mask].mean() > 0.6


def test_veins_and_rims_have_the_published_shares(patients, lesions):
    single = [lesion for lesion, _ in lesions if lesion.diameter_mm < 8]
    veins = np.mean([lesion.vein is not None for lesion in single])
    assert veins == pytest.approx(share("ms", "central_vein"), abs=0.08)
    rims = np.mean([lesion.iron is not None for lesion, _ in lesions])
    assert 0.01 < rims < 0.15
    with_rims = np.mean([patient.signs["paramagnetic_rim"] for patient in patients])
    assert with_rims == pytest.approx(share("ms", "paramagnetic_rim"), abs=0.35)


def test_a_vein_runs_through_its_lesion(lesions):
    for lesion in [one for one, _ in lesions if one.vein is not None and one.diameter_mm > 5]:
        assert lesion.vein[lesion.mask].max() > 0.05
        assert 0 <= lesion.vein.min() <= lesion.vein.max() <= 1


def test_some_lesions_enhance_and_never_all(patients, lesions):
    shares = [len(p.signs["enhancing_lesions"]) / len(p.lesions) for p in patients]
    assert 0.01 < np.mean(shares) < 0.12
    assert max(shares) < 0.5
    for lesion, look in lesions:
        if look.enhances and look.enhancement != "nodular":
            assert lesion.diameter_mm >= RING_MM
            assert lesion.iron is None
            assert (lesion.uptake > 0.5).any()


def test_open_rings_open_to_the_cortex(brain):
    from lesionaid.simulate.ms_patient import _shown

    centre = brain.grid.to_mm(places(brain, "deep_white_matter")[9000])
    lesion = ovoid(brain, centre, np.array([1.0, 0, 0]), 14.0, 1.0, site="deep_white_matter")
    ring, _ = _shown(brain, np.random.default_rng(0), lesion, "ring")
    opened, look = _shown(brain, np.random.default_rng(0), lesion, "open_ring")
    gone = (ring.uptake > 0.5) & (opened.uptake == 0)
    cortex = brain.cortex_mm[lesion.box]
    assert look.enhancement == "open_ring"
    assert gone.any()
    assert cortex[gone].mean() < cortex[opened.uptake > 0.5].mean() - 2.0
    fossa = ovoid(brain, centre, np.array([1.0, 0, 0]), 14.0, 1.0, site="pons")
    assert _shown(brain, np.random.default_rng(0), fossa, "open_ring")[1].enhancement == "ring"


def test_signs_are_what_was_placed(brain, patients):
    for patient in patients:
        sites = {lesion.site for lesion, _ in patient.lesions}
        signs = patient.signs
        nearest = [t.ventricle_mm for t in patient.truth]
        assert signs.get("touches_periventricular") or min(nearest) > 0.5
        assert signs.get("infratentorial", True) or not sites & set(FOSSA)
        assert signs["dawson_fingers"] == bool(signs["dawson_finger_lesions"])
        for number in signs["dawson_finger_lesions"]:
            elongation, angle, _ = finger_shape(brain, patient.lesions[number - 1][0])
            assert elongation >= 1.5
            assert angle <= 30.0
        for number in signs["cortical_lesions"]:
            lesion = patient.lesions[number - 1][0]
            assert (brain.gray[lesion.box][lesion.mask] > 0.5).any()


def test_signs_come_about_as_often_as_published(patients):
    for sign in ("corpus_callosum", "pons", "cerebellum", "inferior_temporal"):
        seen = np.mean([patient.signs.get(sign) is True for patient in patients])
        wanted = share("ms", sign)
        # 20 patients: two and a half standard errors, and fewer where the load is light.
        assert abs(seen - wanted) <= 2.5 * np.sqrt(wanted * (1 - wanted) / 20) + 0.1, sign


def test_lesions_that_meet_become_one(brain):
    ball = ball_brain()
    first = ovoid(
        ball, np.array([20.0, 0, 0]), np.array([1.0, 0, 0]), 10.0, 1.0, site="periventricular"
    )
    second = ovoid(
        ball, np.array([20.0, 8, 0]), np.array([1.0, 0, 0]), 10.0, 1.0, site="periventricular"
    )
    placing = MsPlacing(ball)
    assert placing.add(first)
    assert placing.add(second)
    (joined,) = placing.lesions
    assert placing.single == (False,)
    assert joined.mask.sum() == placing.volume_mm3
    together = run_together(first, second, ball)
    assert together.mask.sum() == joined.mask.sum()
    assert joined.mask.sum() < first.mask.sum() + second.mask.sum()
    near = ovoid(
        ball, np.array([20.0, -7, 0]), np.array([1.0, 0, 0]), 6.0, 1.0, site="juxtacortical"
    )
    assert not placing.add(near)  # those of the cortex stay apart


def test_a_heavy_load_is_more_confluent_than_a_light_one(brain):
    def largest(count: int) -> float:
        patient = ms_patient(brain, np.random.default_rng(3), count=count)
        volumes = [truth.volume_mm3 for truth in patient.truth]
        return max(volumes)

    assert largest(90) > 2 * largest(10)


def test_a_brain_without_coordinates_has_no_named_sites():
    patient = ms_patient(ball_brain(2.0), np.random.default_rng(0), count=15)
    assert patient.lesions
    assert not {"corpus_callosum", "inferior_temporal", "pons"} & set(patient.signs)
    assert {GROUP[lesion.site] for lesion, _ in patient.lesions} <= set(GROUP.values())


def test_a_patient_is_quick():
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (-80, -112, -72)
    coarse = template_brain(Grid((81, 97, 80), affine))
    start = time.process_time()
    for seed in range(4):
        ms_patient(coarse, np.random.default_rng(seed))
    assert (time.process_time() - start) / 4 < 1.5


def test_most_u_fibre_lesions_have_the_sign(patients):
    """All but those whose middle line lies so deep that little of them is near the cortex."""
    having = []
    for patient in patients:
        for (lesion, _), row in zip(patient.lesions, patient.truth, strict=True):
            if lesion.site == "ufibre":
                having.append(lesion_signs(row)["juxtacortical_ufibre"])
                assert not having[-1] or patient.signs.get("juxtacortical_ufibre", True)
    assert len(having) >= 5
    assert np.mean(having) >= 0.75
