from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, label

from lesionaid.context import parse_context
from lesionaid.geometry import Grid
from lesionaid.simulate.brain import template_brain
from lesionaid.simulate.iris import IRIS_DAYS, IRIS_DAYS_PLEX, pml_patient, pml_series
from lesionaid.simulate.lesions import CONNECTIVITY, label_map
from lesionaid.simulate.mixed import FEWEST, mixed_patient
from lesionaid.simulate.pml import crescent_course, pml_course
from lesionaid.simulate.pml_case import draw_case
from lesionaid.simulate.pml_date import DateLook, at_date
from lesionaid.simulate.pml_dots import GAP_MM, SMALL_MM3, satellites
from lesionaid.simulate.pml_front import ILL_DEFINED_MM, Border, volume_before
from lesionaid.simulate.pml_sites import LOBES, dentate_mm, draw_site, lobe_cores
from lesionaid.simulate.pml_truth import border_width_mm, feret_mm, pml_signs, solidity
from tests.unit.simulate_phantom import ball_brain

VOLUME = 9000.0


@pytest.fixture(scope="module")
def brain():
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (-80, -112, -72)
    return template_brain(Grid((81, 97, 80), affine))


@pytest.fixture(scope="module")
def series(brain):
    return pml_series(brain, np.random.default_rng(4), plaques=4, chronic=True)


def dates(patient):
    return [*(dates(patient.earlier) if patient.earlier else []), patient]


def main_volume(patient):
    return patient.truth[patient.signs["pml_lesion"] - 1].volume_mm3


def test_widths_of_the_border_are_those_asked_for():
    brain = ball_brain()
    course = pml_course(brain, np.random.default_rng(5), VOLUME)
    wide, sharp = (course.lesion(VOLUME, Border(width)) for width in (ILL_DEFINED_MM, 1.5))
    assert np.array_equal(wide.mask, sharp.mask)  # the border leaves the mask alone
    deep = (brain.cortex_mm[wide.box] > 4) & (brain.white[wide.box] == 1)
    medians = []
    for lesion in (wide, sharp):
        edge = deep & (lesion.fraction > 0.2) & (lesion.fraction < 0.8)
        medians.append(np.median(border_width_mm(brain, lesion)[edge]))
    assert medians[0] == pytest.approx(0.8 * ILL_DEFINED_MM, rel=0.35)
    assert medians[1] < 2.5


def test_a_cortex_that_is_ill_defined_lets_the_edge_in():
    brain = ball_brain()
    course = pml_course(brain, np.random.default_rng(5), VOLUME)
    shares = []
    for gray_mm in (1.5, 4.0):
        lesion = course.lesion(VOLUME, Border(gray_mm=gray_mm))
        cortex = brain.gray[lesion.box] == 1
        shares.append(float(lesion.fraction[cortex & ~lesion.mask].sum()))
    assert shares[1] > 1.5 * shares[0]


def test_seeds_lie_in_the_lobe_that_was_asked_for(brain):
    cores = lobe_cores(brain)
    for first in LOBES:
        for second in LOBES:
            if first != second:
                assert not np.any(cores[first] & cores[second])
    course = pml_course(
        brain, np.random.default_rng(1), 3000, seeds=cores["parietal"], along_tracts=True
    )
    start = np.unravel_index(np.argmin(course.arrival), course.arrival.shape)
    assert cores["parietal"][course.box][start]
    # Above the insula lies operculum: nowhere is a core.
    x, y, z = np.moveaxis(brain.mni_mm, -1, 0)
    insula = (np.abs(np.abs(x) - 38) < 3) & (np.abs(y) < 5) & (np.abs(z - 2) < 5)
    assert not any(np.any(core & insula) for core in cores.values())


def test_sites_come_back_as_often_as_published():
    rng = np.random.default_rng(0)
    drawn = [draw_site(rng) for _ in range(4000)]
    total = 49 + 13 + 10 + 6 + 18
    for site, count in [("frontal", 49), ("parietal", 13), ("occipital", 10), ("cerebellum", 18)]:
        assert drawn.count(site) / 4000 == pytest.approx(count / total, abs=0.03)


def test_a_crescent_runs_round_the_dentate_and_spares_cortex(brain):
    course = crescent_course(brain, np.random.default_rng(2), 3000.0)
    lesion = course.lesion(3000.0)
    mask = lesion.mask
    assert mask.sum() * 8 == pytest.approx(3000, rel=0.01)
    assert brain.infratentorial[lesion.box][mask].all()
    assert dentate_mm(brain)[lesion.box][mask].min() > 0
    assert brain.gray[lesion.box][mask].mean() < 0.3
    assert solidity(brain, lesion) < 0.75
    assert feret_mm(brain, lesion) > 15
    assert pml_signs(brain, [(lesion, _look())], plaques=False)["cerebellar_crescent"] is True


def _look():
    from lesionaid.simulate.pml_look import pml_look

    return pml_look(dwi_bright=True, t1_dark=True)


def test_a_ball_is_solid():
    from lesionaid.simulate.shapes import Look, cloud

    brain = ball_brain()
    look = Look("pml", "x", edge_mm=1.0, roughness=0.0)
    ball = cloud(brain, np.random.default_rng(0), np.array([24.0, 0, 0]), 20.0, look)
    assert solidity(brain, ball) > 0.9
    assert feret_mm(brain, ball) == pytest.approx(20, abs=1.5)
    signs = pml_signs(brain, [(ball, _look())], plaques=False)
    assert signs["cerebellar_crescent"] is False


def test_rows_of_dots_lie_along_lines():
    brain = ball_brain()
    main = pml_course(brain, np.random.default_rng(5), 4000).lesion(4000)
    nothing = np.zeros(brain.grid.shape, dtype=bool)
    dots = satellites(brain, np.random.default_rng(1), main, 9, occupied=nothing, vessels=1)
    assert len(dots) >= 3
    middles = np.array(
        [np.argwhere(dot.mask).mean(axis=0) + [side.start for side in dot.box] for dot in dots]
    )
    spread = np.linalg.svd(middles - middles.mean(axis=0), compute_uv=False)
    assert spread[1] < 0.5 * spread[0]


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_said_of_a_patient_was_placed(brain, seed):
    patient = pml_patient(brain, np.random.default_rng(seed), stage="iris", plaques=3)
    signs, truth = patient.signs, patient.truth
    main = signs["pml_lesion"]
    assert truth[main - 1].mechanism == "pml"
    dots = [row for row in truth if row.role == "satellite"]
    assert signs["punctate_satellites"] is (len(dots) >= 3) or signs["enhancement_perivascular"]
    assert all(row.volume_mm3 < SMALL_MM3 for row in dots)
    labels = label_map(brain, [lesion for lesion, _ in patient.lesions])
    assert label(labels > 0, structure=CONNECTIVITY)[1] >= len(truth) - 1
    for row in dots:
        here = labels == row.label
        others = (labels > 0) & ~here
        assert distance_transform_edt(~others, sampling=brain.grid.spacing_mm)[here].min() > GAP_MM
    enhancing = {n for n, (_, look) in enumerate(patient.lesions, 1) if look.enhances > 0}
    assert set(signs["enhancing_lesions"]) == enhancing
    assert signs["contrast_enhancement"] is bool(enhancing)
    assert not enhancing & set(range(1, main))  # plaques on the drug take up nothing
    assert "mass_effect" not in signs
    assert "atrophy" not in signs


def test_early_pml_without_enhancement_takes_up_nothing(brain):
    for seed in range(6):
        patient = pml_patient(brain, np.random.default_rng(seed), plaques=0)
        if not patient.signs["contrast_enhancement"]:
            assert all(look.enhances == 0 for _, look in patient.lesions)
            return
    pytest.fail("a quarter enhances, and all six did")


def test_a_patient_follows_from_its_seed(brain):
    first, again = (
        pml_patient(brain, np.random.default_rng(7), stage="inflammatory", plaques=2)
        for _ in range(2)
    )
    assert first.signs == again.signs
    for (one, _), (other, _) in zip(first.lesions, again.lesions, strict=True):
        assert one.fraction.tobytes() == other.fraction.tobytes()
        assert (one.uptake is None) == (other.uptake is None)
        if one.uptake is not None:
            assert one.uptake.tobytes() == other.uptake.tobytes()


def test_the_prior_is_smaller_by_the_published_growth(brain):
    patient = pml_patient(brain, np.random.default_rng(3), plaques=2, months=2.0)
    before = patient.earlier
    assert before is not None
    assert main_volume(before) == pytest.approx(
        volume_before(main_volume(patient), 2.0), rel=0.03, abs=16
    )


def test_a_series_runs_from_the_drug_to_iris_and_after(series):
    first, stop, iris, chronic = dates(series)
    assert "days_since_stop" not in first.context
    assert stop.context["days_since_stop"] <= 14
    low, high = IRIS_DAYS_PLEX if iris.context["plex"] else IRIS_DAYS
    assert low <= iris.context["days_since_stop"] <= high
    assert chronic.context["days_since_stop"] > 180 + 26
    for date in dates(series):
        parse_context(dict(date.context), file="context")
    gap = iris.context["days_since_stop"] - stop.context["days_since_stop"]
    assert iris.months * 30.4 == pytest.approx(gap)


def test_a_series_grows_until_iris_and_not_after(series):
    volumes = [main_volume(date) for date in dates(series)]
    assert volumes[0] < volumes[1] < volumes[2] == volumes[3]
    for before, now in zip(dates(series)[:2], dates(series)[1:3], strict=True):
        expected = volume_before(main_volume(now), now.months)
        assert main_volume(before) == pytest.approx(expected, rel=0.05, abs=16)
    assert dates(series)[0].earlier is None
    assert "new_or_enlarging_lesions" not in series.signs
    assert series.expected == {}
    assert series.earlier.expected == {"alert_lesions": [series.earlier.signs["pml_lesion"]]}


def test_enhancement_is_faint_before_iris_and_gone_after(series):
    first, stop, iris, chronic = dates(series)
    strength = [max(look.enhances for _, look in date.lesions) for date in dates(series)]
    assert strength[0] == 0
    assert strength[1] <= 0.3
    assert strength[3] == 0
    assert not chronic.signs["contrast_enhancement"]
    assert not first.signs["contrast_enhancement"]
    if iris.signs["contrast_enhancement"]:
        assert strength[2] > strength[1]
    assert stop.signs["pml_lesion"] == iris.signs["pml_lesion"]


def test_the_bright_rim_moves_outwards(brain):
    rng = np.random.default_rng(0)
    case = draw_case(brain, rng, (), VOLUME)
    case = replace(case, drawn={**case.drawn, "punctate_satellites": False})
    small, large = (at_date(case, rng, volume, DateLook()) for volume in (VOLUME / 4, VOLUME))
    inner, outer = small.lesions[0][0], large.lesions[0][0]
    assert inner.box == outer.box
    assert not np.any(inner.mask & ~outer.mask)
    assert outer.rim[outer.mask].sum() > inner.rim[inner.mask].sum()
    swallowed = outer.mask & inner.mask & (inner.rim == 1) & (outer.rim < 1)
    assert swallowed.any()


def test_dots_that_the_lesion_reaches_are_gone(brain):
    rng = np.random.default_rng(0)
    case = draw_case(brain, rng, (), VOLUME)
    case = replace(case, drawn={**case.drawn, "punctate_satellites": True})
    early = at_date(case, rng, VOLUME / 10, DateLook())
    late = at_date(case, rng, VOLUME, DateLook(), early.dots, new_dots=False)
    assert len(late.dots) < len(early.dots)
    assert all(any(dot is known for known in early.dots) for dot in late.dots)


def test_the_mixed_patient_has_old_plaques_and_one_new_lesion(brain):
    patient = mixed_patient(brain, np.random.default_rng(2))
    before = patient.earlier
    main = patient.signs["pml_lesion"]
    assert main > FEWEST
    assert before is not None
    assert before.signs["pml_lesion"] == main
    for (now, _), (then, _) in zip(patient.lesions[: main - 1], before.lesions, strict=False):
        assert now is then
    assert patient.expected == {"alert_lesions": [main]}
    assert min(patient.signs["new_or_enlarging_lesions"]) == main
    assert set(patient.signs["enhancing_lesions"]) <= set(range(main, len(patient.lesions) + 1))
    assert main_volume(patient) > 2 * main_volume(before)


def test_without_coordinates_there_is_no_patient():
    with pytest.raises(ValueError, match="MNI"):
        pml_patient(ball_brain(), np.random.default_rng(0), plaques=0)
