from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, label
from scipy.stats import ks_2samp

from lesionaid.rules_path import rules_dir
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.simulate.brain import BrainSettings
from lesionaid.simulate.diseases import GENERATORS as FIRST
from lesionaid.simulate.frequencies import frequencies
from lesionaid.simulate.protocol import Protocol, scanned
from lesionaid.simulate.second.brain import second_brain
from lesionaid.simulate.second.diseases import GENERATORS
from lesionaid.simulate.second.latent import draw_together
from lesionaid.simulate.second.lesions import SIZE_MM, SIZE_SHAPE, border, cut
from lesionaid.simulate.second.placing import density, inhibited
from lesionaid.simulate.second.shapes import invaded, metaballs
from lesionaid.simulate.study import dates
from lesionaid.study.scan import Contrast
from tests.unit.simulate_phantom import ball_brain

SETTINGS = BrainSettings(spacing_mm=2.5)

BESIDE_THE_CATALOGUE = {"lacune"}
"""What a generator draws and no rule weighs."""


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


@cache
def studies(disease):
    for seed in range(20):
        try:
            return (GENERATORS[disease](seed, settings=SETTINGS),)
        except ValueError:
            continue
    raise AssertionError(f"{disease}: no room in twenty brains")


@pytest.mark.parametrize("disease", GENERATORS)
def test_lesions_are_apart_in_the_brain_and_counted_as_placed(disease):
    for study in studies(disease):
        count = np.zeros(study.brain.grid.shape, int)
        for lesion, _ in study.lesions:
            assert lesion.mask.any()
            assert label(lesion.mask, np.ones((3, 3, 3)))[1] == 1
            assert np.all((lesion.fraction >= 0) & (lesion.fraction <= 1))
            count[lesion.box] += lesion.mask
        assert count.max() == 1
        assert study.brain.inside[count > 0].all()
        assert label(count, np.ones((3, 3, 3)))[1] == len(study.lesions)
        for truth in study.truth:
            voxels = np.count_nonzero(study.labels == truth.label)
            assert truth.volume_mm3 == pytest.approx(voxels * study.brain.grid.voxel_volume_mm3)


@pytest.mark.parametrize("disease", ["pml", "nmosd"])
def test_the_same_seed_is_the_same_patient(disease):
    seed = next(seed for seed in range(20) if _made(disease, seed) is not None)
    one, other = _made(disease, seed), _made(disease, seed)
    assert one.signs == other.signs
    assert np.array_equal(one.labels, other.labels)
    assert np.array_equal(one.scans[Contrast.FLAIR], other.scans[Contrast.FLAIR])


def _made(disease, seed):
    try:
        return GENERATORS[disease](seed, settings=BrainSettings(spacing_mm=3.0))
    except ValueError:
        return None


@pytest.mark.parametrize("disease", GENERATORS)
def test_signs_are_the_catalogues_and_agree_with_the_masks(disease):
    known = set(load_catalogue(rules_dir() / "signs").signs) | BESIDE_THE_CATALOGUE
    for study in studies(disease):
        for sign, value in study.signs.items():
            if sign.endswith(("_lesion", "_lesions")):
                continue
            assert sign in known
            assert isinstance(value, bool)
        truths = study.truth
        above = [t for t in truths if t.site != "infratentorial"]
        if study.signs.get("touches_periventricular") is False:
            assert all(t.ventricle_mm > 1.5 for t in above)
        if study.signs.get("touches_periventricular"):
            assert min(t.ventricle_mm for t in truths) <= 1.5
        if study.signs.get("size_over_30mm"):
            assert max(t.diameter_mm for t in truths) > 30
        if study.signs.get("multifocal") is False:
            assert len(truths) == 1 or sorted(t.volume_mm3 for t in truths)[-2] < 100


@pytest.mark.parametrize("disease", ["pml", "pml_inflammatory", "pml_iris", "mixed"])
def test_a_focus_grows_over_three_dates_or_more_inside_the_later_one(disease):
    for study in studies(disease):
        series = dates(study)
        assert len(series) >= 3
        volumes, before = [], None
        for one in series:
            main = [lesion for lesion, _ in one.lesions if lesion.role == "main"]
            volumes.append(sum(np.count_nonzero(lesion.mask) for lesion in main))
            now = np.zeros(one.brain.grid.shape, bool)
            for lesion in main:
                now[lesion.box] |= lesion.mask
            if before is not None:
                assert np.count_nonzero(before & ~now) <= 0.05 * max(volumes[-1], 20)
            before = now
        assert volumes == sorted(volumes)
        assert volumes[-1] > volumes[0]
        assert study.signs["pml_lesion"] in study.signs["new_or_enlarging_lesions"]


def test_dots_that_are_called_satellites_lie_near_the_focus():
    for study in (one for disease in ("pml", "pml_iris", "mixed") for one in studies(disease)):
        main = next(t for t in study.truth if t.role == "main")
        dots = [t for t in study.truth if t.role == "satellite"]
        if study.signs.get("punctate_satellites"):
            assert len(dots) >= 3
        away = distance_transform_edt(study.labels != main.label, sampling=2.5)
        for dot in dots:
            assert dot.equivalent_diameter_mm < 5.0
            assert away[study.labels == dot.label].min() <= 20.0


def test_signs_keep_their_published_shares_and_hang_together():
    rng = np.random.default_rng(0)
    draws = [draw_together("nmosd", rng).signs for _ in range(600)]
    table = np.array([[draw[sign] for sign in draws[0]] for draw in draws], float)
    for share, sign in zip(table.mean(axis=0), draws[0], strict=True):
        expected = frequencies()["nmosd", sign].share
        assert abs(share - expected) <= 4 * np.sqrt(expected * (1 - expected) / 600)
    pairs = np.corrcoef(table.T)[np.triu_indices(table.shape[1], 1)]
    assert pairs.mean() > 0.1


def test_the_border_is_half_at_the_surface_and_has_heavy_tails():
    assert border(np.array([0.0]), 3.0)[0] == pytest.approx(0.5)
    away = border(np.array([-4.0, 4.0]), 3.0)
    assert away[0] + away[1] == pytest.approx(1.0)
    # An error function alone would have 0.012 there.
    assert 0.03 < away[1] < 0.1


def test_diameters_pass_the_published_quantiles():
    rng = np.random.default_rng(1)
    sizes = rng.gamma(SIZE_SHAPE, SIZE_MM, 40_000)
    areas = np.pi / 4 * sizes**2
    assert np.mean(areas < 80) == pytest.approx(0.80, abs=0.01)
    assert np.mean(areas < 10) == pytest.approx(0.20, abs=0.01)


def test_a_brain_is_tissue_and_fluid_that_add_up():
    brain = second_brain(np.random.default_rng(3), SETTINGS)
    total = brain.white + brain.gray + brain.csf
    assert total.max() <= 1.0 + 1e-4
    assert np.median(total[brain.inside]) == pytest.approx(1.0, abs=1e-4)
    assert min(float(part.min()) for part in (brain.white, brain.gray, brain.csf)) > -1e-5
    litres = np.count_nonzero(brain.inside) * brain.grid.voxel_volume_mm3 / 1e6
    assert 0.9 < litres < 1.8


def test_a_base_is_taken_as_it_is():
    base = ball_brain(2.0)
    settings = BrainSettings(base=base)
    assert second_brain(np.random.default_rng(0), settings) is base


def test_every_date_is_scanned_by_the_scanner_that_was_drawn():
    study = studies("pml")[0]
    assert {one.acquisition.receive for one in dates(study)} == {"polynomial"}
    assert scanned(study, Protocol(), 0).acquisition.pulses == study.acquisition.pulses
    flair = study.scans[Contrast.FLAIR]
    brain = study.brain
    lesion = study.labels > 0
    white = (brain.white > 0.85) & ~lesion
    assert np.median(flair[lesion]) > 1.15 * np.median(flair[white])


def test_the_families_differ_in_shape_and_border():
    def shapes(lesions):
        return [
            float((lesion.fraction * (1 - lesion.fraction)).sum() / lesion.mask.sum() ** (2 / 3))
            for lesion in lesions
            if lesion.mask.sum() > 15
        ]

    second = [lesion for study in studies("ms") for lesion, _ in study.lesions]
    first = [lesion for lesion, _ in FIRST["ms"](0, settings=SETTINGS).lesions]
    assert ks_2samp(shapes(first), shapes(second), method="asymp").pvalue < 0.01
