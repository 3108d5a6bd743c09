"""Where the lesions of NMOSD, MOGAD and small-vessel patients lie, and what is said of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lesionaid.geometry import Grid
from lesionaid.rules_path import rules_dir
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.simulate import mogad, nmosd
from lesionaid.simulate.brain import template_brain
from lesionaid.simulate.frequencies import frequencies
from lesionaid.simulate.lesions import SimulatedLesion, label_map
from lesionaid.simulate.mogad import mogad_patient
from lesionaid.simulate.nmosd import nmosd_patient
from lesionaid.simulate.observed import extent_mm, shape_signs
from lesionaid.simulate.observed_sites import mni_of, site_signs
from lesionaid.simulate.placing import Placing, look_of
from lesionaid.simulate.shapes import Look, apart_from, cloud, pieces, shrunken, tube, volume_mm3
from lesionaid.simulate.texture import marbled
from lesionaid.simulate.truth_signs import declared_signs
from lesionaid.simulate.truth_sites import in_callosum
from lesionaid.simulate.vascular import U_FIBRE_MM, vascular_patient
from tests.unit.simulate_phantom import ball_brain

PATIENTS = {"nmosd": nmosd_patient, "mogad": mogad_patient, "vascular": vascular_patient}
NOT_IN_THE_CATALOGUE = {"lacune", "punctate_white_matter"}
PLAIN = Look("nmosd", "x", edge_mm=1.0, roughness=0.0)


@pytest.fixture(scope="module")
def brain():
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (-80, -112, -72)
    return template_brain(Grid((81, 97, 80), affine))


@pytest.fixture(scope="module")
def cohorts(brain):
    return {
        disease: [make(brain, np.random.default_rng(seed)) for seed in range(12)]
        for disease, make in PATIENTS.items()
    }


# Shapes, on a brain that can be computed by hand.


def test_a_lesion_fades_by_true_distance_from_another():
    brain = ball_brain()
    first = cloud(brain, np.random.default_rng(0), np.array([20.0, 0, 0]), 12.0, PLAIN)
    taken = np.zeros(brain.grid.shape, bool)
    taken[first.box] = first.mask
    second = cloud(brain, np.random.default_rng(0), np.array([20.0, 14.0, 0]), 20.0, PLAIN)
    cut = apart_from(brain, second, taken, 2.5)
    voxels = brain.grid.to_mm(np.argwhere(cut.mask) + [s.start for s in cut.box])
    gaps = np.linalg.norm(voxels - [20.0, 0, 0], axis=1) - 6.0
    assert gaps.min() > 2.0
    # The cut is a ball's and no cube's: by angle, the nearest kept voxels are equally far.
    angle = np.arctan2(voxels[:, 2], voxels[:, 0] - 20.0)
    nearest = [gaps[(angle > a) & (angle < a + np.pi / 4)].min() for a in np.arange(-3, 2.3, 0.7)]
    assert max(nearest) - min(nearest) < 1.0


def test_lesions_at_coarse_voxels_stay_two_components():
    from scipy.ndimage import label

    brain = ball_brain(3.0)
    placing = Placing(brain)
    for y in (0.0, 12.0):
        lesion = cloud(brain, np.random.default_rng(0), np.array([22.0, y, 0]), 16.0, PLAIN)
        placing.add(lesion, look_of(nmosd.OEDEMATOUS, np.random.default_rng(0)))
    labels = label_map(brain, [lesion for lesion, _ in placing.lesions])
    assert len(placing.lesions) == 2
    assert label(labels > 0, np.ones((3, 3, 3)))[1] == 2


def test_pieces_are_the_components_of_the_mask():
    fraction = np.zeros((9, 5, 5), np.float32)
    fraction[1:3, 1:3, 1:3] = 1
    fraction[5:8, 1:3, 1:3] = 1
    box = (slice(0, 9), slice(0, 5), slice(0, 5))
    both = SimulatedLesion(box, fraction, 0 * fraction, "nmosd", "lesion", "x", 1.0)
    assert [int(one.mask.sum()) for one in pieces(both)] == [12, 8]


def test_a_shrunken_ball_is_a_smaller_ball_about_the_same_centre():
    brain = ball_brain()
    ball = cloud(brain, np.random.default_rng(0), np.array([24.0, 0, 0]), 20.0, PLAIN)
    rest = shrunken(brain, ball, 0.3)
    assert not (rest.mask & ~ball.mask).any()
    assert volume_mm3(brain, rest) == pytest.approx(0.3 * volume_mm3(brain, ball), rel=0.15)
    assert np.allclose(
        np.argwhere(rest.mask).mean(axis=0), np.argwhere(ball.mask).mean(axis=0), atol=0.3
    )


def test_marbling_changes_the_signal_and_not_the_mask():
    brain = ball_brain()
    ball = cloud(brain, np.random.default_rng(0), np.array([24.0, 0, 0]), 20.0, PLAIN)
    mottled = marbled(brain, np.random.default_rng(1), ball)
    assert (mottled.mask == ball.mask).all()
    assert mottled.fraction[ball.mask].std() > 0.05


def test_the_extent_of_a_rod_is_its_diagonal():
    brain = ball_brain(ventricle=False)
    line = np.array([[-12.0, -12.0, 0], [12.0, 12.0, 0]])
    rod = tube(brain, np.random.default_rng(0), line, 2.0, PLAIN)
    assert extent_mm(brain, rod) == pytest.approx(24 * np.sqrt(2) + 4, abs=1.5)


# Signs are true of what was placed.


@pytest.mark.parametrize("sign", [s for s in nmosd.SITES if s != "punctate_white_matter"])
@pytest.mark.parametrize("seed", range(3))
def test_each_site_of_nmosd_is_where_its_name_says(brain, sign, seed):
    drawn = nmosd._DRAW[sign](brain, np.random.default_rng(seed))
    look = look_of(nmosd.OEDEMATOUS, np.random.default_rng(seed))
    signs = {**shape_signs(brain, [(one, look) for one in drawn]), **site_signs(brain, drawn)}
    assert signs[sign] is True


def test_half_a_tract_is_no_long_tract(brain):
    whole = nmosd._tract(brain, np.random.default_rng(0))[0]
    z = brain.mni_mm[whole.box][..., 2]
    assert site_signs(brain, [whole])["corticospinal_tract_long"]
    for part in (z > 0.0, z < -5.0):
        cut = replace(whole, fraction=np.where(part, whole.fraction, np.float32(0)))
        assert not site_signs(brain, [cut])["corticospinal_tract_long"]
    gap = replace(whole, fraction=np.where(np.abs(z + 3) > 4, whole.fraction, np.float32(0)))
    assert not site_signs(brain, [gap])["corticospinal_tract_long"]


def test_half_the_splenium_is_not_its_full_thickness(brain):
    arch = nmosd._splenium(brain, np.random.default_rng(0))[0]
    z = brain.mni_mm[arch.box][..., 2]
    half = replace(arch, fraction=np.where(z > 14, arch.fraction, np.float32(0)))
    signs = site_signs(brain, [half])
    assert "callosal_acute_oedematous" not in signs
    far = cloud(brain, np.random.default_rng(0), np.array([30.0, -20, 35]), 10.0, PLAIN)
    assert site_signs(brain, [far])["callosal_acute_oedematous"] is False


def test_what_only_grazes_a_site_is_neither_true_nor_false(brain):
    for shift, expected in ((0.0, True), (40.0, False)):
        at = np.array([8.0, -18.0 + shift, 8.0])
        ball = cloud(brain, np.random.default_rng(0), at, 8.0, PLAIN)
        assert site_signs(brain, [ball])["deep_gm_thalamus"] is expected
    one_voxel = np.zeros((81, 97, 80), np.float32)
    one_voxel[44, 47, 40] = 1  # 8 mm3 at (8, -18, 8)
    box = tuple(slice(0, n) for n in one_voxel.shape)
    speck = SimulatedLesion(box, one_voxel, 0 * one_voxel, "nmosd", "lesion", "x", 2.0)
    assert "deep_gm_thalamus" not in site_signs(brain, [speck])


@pytest.mark.parametrize(("diameter", "expected"), [(28.0, True), (12.0, False)])
def test_two_centimetres_are_measured(brain, diameter, expected):
    ball = cloud(brain, np.random.default_rng(0), np.array([28.0, -20, 32]), diameter, PLAIN)
    look = look_of(nmosd.OEDEMATOUS, np.random.default_rng(0))
    assert declared_signs(brain, [(ball, look)])["size_over_20mm"] is expected


# Patients.


@pytest.mark.slow
@pytest.mark.parametrize("disease", PATIENTS)
def test_signs_are_named_by_the_catalogue_and_follow_from_the_lesions(brain, cohorts, disease):
    known = set(load_catalogue(rules_dir() / "signs").signs) | NOT_IN_THE_CATALOGUE
    for patient in cohorts[disease]:
        assert patient.lesions
        told = {sign for sign in patient.signs if not sign.endswith("_lesions")}
        assert told <= known
        shapes = [lesion for lesion, _ in patient.lesions]
        counted = {**shape_signs(brain, patient.lesions), **site_signs(brain, shapes)}
        assert all(patient.signs[sign] == counted[sign] for sign in told & set(counted))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("disease", "sign"),
    [
        (disease, row.sign)
        for disease in PATIENTS
        for row in frequencies().values()
        if row.disease == disease and 0.3 < row.share < 0.9 and not row.sign.startswith("enhance")
        if "resolved" not in row.sign
    ],
)
def test_both_states_of_a_sign_come_up(cohorts, disease, sign):
    states = {patient.signs.get(sign) for patient in cohorts[disease]}
    assert {True, False} <= states


def test_the_same_seed_gives_the_same_voxels(brain):
    for make in PATIENTS.values():
        first, again = (make(brain, np.random.default_rng(5)) for _ in range(2))
        for (one, look), (other, same) in zip(first.lesions, again.lesions, strict=True):
            assert np.array_equal(one.fraction, other.fraction)
            assert look == same


def test_pencil_thin_uptake_hugs_the_ependyma_and_clouds_are_blurred(brain):
    seen = set()
    for pencil in (True, False):
        rng = np.random.default_rng(1)
        placing = Placing(brain)
        for lesion in (*nmosd._lateral_band(brain, rng), *nmosd._spindle(brain, rng)):
            placing.add(lesion, look_of(nmosd.OEDEMATOUS, rng))
        shown = nmosd._enhanced(brain, rng, placing.lesions, pencil=pencil)
        for lesion, look in shown:
            if look.enhances == 0:
                continue
            seen.add(look.enhancement)
            bright = lesion.uptake[lesion.mask]
            if look.enhancement == nmosd.PENCIL:
                depth = np.abs(brain.ventricle_mm[lesion.box][lesion.mask])
                assert depth[bright > 0.5].max() < 2.0
            else:
                between = ((bright > 0.1) & (bright < 0.9)).mean()
                assert between > 0.5  # fades from patch to patch
        signs = nmosd.nmosd_signs(brain, shown)
        assert signs["enhancement_ependymal"] is pencil
        assert signs["enhancement_cloud_like"] is not pencil
    assert seen == {nmosd.PENCIL, nmosd.CLOUD}


@pytest.mark.parametrize("seed", range(3))
def test_mogad_lesions_of_the_peduncle_stay_under_the_tentorium(brain, seed):
    placing = Placing(brain)
    mogad._add_named(placing, np.random.default_rng(seed), "cerebellar_peduncle_diffuse")
    for lesion, _ in placing.lesions:
        assert brain.infratentorial[lesion.box][lesion.fraction > 0].all()


@pytest.mark.parametrize("meninges", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_mogad_cortex_spares_the_white_matter_and_pia_stays_out_of_the_mask(brain, seed, meninges):
    placing = Placing(brain)
    mogad._add_cortex(placing, np.random.default_rng(seed), meninges=meninges)
    ((lesion, look),) = placing.lesions
    assert (brain.gray[lesion.box][lesion.mask] > 0.5).all()
    x = mni_of(brain, lesion)[:, 0]
    assert x.min() >= 0 or x.max() <= 0
    signs = mogad._signs(brain, placing.lesions)
    assert signs["cortical_without_juxtacortical"]
    assert signs["enhancement_leptomeningeal"] is meninges is (look.enhances > 0)
    if meninges:
        film = (lesion.uptake > 0) & (lesion.fraction > 0) & ~lesion.mask
        assert film.any()
        assert (brain.csf[lesion.box][film] > 0.3).all()


@pytest.mark.slow
def test_mogad_lesions_resolve_as_often_as_published(brain):
    fates = []
    for seed in range(14):
        later = mogad_patient(brain, np.random.default_rng(seed), follow_up=True)
        before = later.earlier
        assert before is not None
        assert 6 < later.months <= 12
        volumes = [
            sum(volume_mm3(brain, one) for one, _ in date.lesions) for date in (before, later)
        ]
        assert volumes[1] < 0.6 * volumes[0]
        assert later.signs["all_lesions_resolved"] is (not later.lesions)
        assert later.signs["resolved"] is (len(later.lesions) < len(before.lesions))
        taken = np.zeros(brain.grid.shape, bool)
        for lesion, _ in before.lesions:
            taken[lesion.box] |= lesion.mask
        assert all(taken[lesion.box][lesion.mask].all() for lesion, _ in later.lesions)
        fates.append(later.signs["all_lesions_resolved"])
    share = frequencies()["mogad", "all_lesions_resolved"].share
    assert abs(np.mean(fates) - share) < 4 * np.sqrt(share * (1 - share) / 14)


@pytest.mark.slow
def test_small_vessel_disease_spares_u_fibres_and_callosum(brain, cohorts):
    for patient in cohorts["vascular"]:
        assert patient.signs["corpus_callosum"] is False
        for lesion, _ in patient.lesions:
            if lesion.site != "lacune":
                assert brain.cortex_mm[lesion.box][lesion.mask].min() > U_FIBRE_MM
            assert not (
                in_callosum(mni_of(brain, lesion)) & (brain.white[lesion.box][lesion.mask] > 0.5)
            ).any()


@pytest.mark.slow
def test_a_lacune_is_a_hole_with_a_rim(cohorts):
    holes = [
        lesion
        for patient in cohorts["vascular"]
        for lesion, _ in patient.lesions
        if lesion.site == "lacune"
    ]
    assert holes
    for hole in holes:
        assert hole.rim[hole.mask].max() == 1.0
