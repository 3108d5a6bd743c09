"""Tissue from a T1w, and borders moved to it: phantoms with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.anatomy.borders import fluid_on_flair, refine_cortex, refine_ventricles
from lesionaid.anatomy.build import build_anatomy
from lesionaid.anatomy.map import PARTS, SITES, AnatomyMap
from lesionaid.anatomy.refine import refine_anatomy
from lesionaid.anatomy.tissue import segment_tissue
from lesionaid.geometry import Grid
from lesionaid.quantity import Quantity
from lesionaid.simulate.acquisition import render
from lesionaid.simulate.brain import BrainSettings, make_brain
from lesionaid.study.scan import Contrast, Scan, Source, Study

SITE = {name: code for code, name in SITES.items()}
PART = {name: code for code, name in PARTS.items()}
SHAPE = (70, 70, 70)
SPACING = (1.0, 1.0, 1.0)
Mask = NDArray[np.bool_]


def radius(centre: tuple[float, float, float] = (34.5, 34.5, 34.5)) -> NDArray[np.float64]:
    away = np.indices(SHAPE) - np.asarray(centre).reshape(3, 1, 1, 1)
    return np.asarray(np.sqrt((away**2).sum(axis=0)))


def warped(ventricle_mm: float = 6.0) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Concentric balls: ventricle, white matter to 26, cortex to 29, fluid to 31 mm."""
    r = radius()
    sites = np.zeros(SHAPE, dtype=np.uint8)
    for limit, name in ((31, "csf"), (29, "cortex"), (26, "white_matter")):
        sites[r <= limit] = SITE[name]
    sites[r <= ventricle_mm] = SITE["lateral_ventricle"]
    parts = np.where(r <= ventricle_mm, PART["ventricle_body"], 0).astype(np.uint8)
    return sites, parts


def dice(a: Mask, b: Mask) -> float:
    return float(2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)))


def t1w(ventricle_mm: float, ribbon_mm: float = 26.0) -> NDArray[np.float32]:
    """Fluid 20, grey 60, white 100, noise 4."""
    r = radius()
    image = np.where(r <= ribbon_mm, 100.0, 60.0)
    image[(r > ribbon_mm + 3) | (r <= ventricle_mm)] = 20.0
    return (image + np.random.default_rng(1).normal(0, 4, SHAPE)).astype(np.float32)


def priors(sites: NDArray[np.uint8]) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    fluid = (sites == SITE["lateral_ventricle"]) | (sites == SITE["csf"])
    maps = [fluid, sites == SITE["cortex"], sites == SITE["white_matter"]]
    soft = np.stack([gaussian_filter(one.astype(np.float32), 1.5) for one in maps]) + 0.02
    return np.asarray(soft / soft.sum(axis=0), dtype=np.float32)


@pytest.mark.parametrize("true_mm", [9.0, 14.0, 18.0])
def test_a_large_ventricle_is_followed_to_its_wall(true_mm: float) -> None:
    sites, parts = warped(6.0)
    truth = radius() <= true_mm
    cisterns = radius() > 29
    refined = refine_ventricles(sites, parts, truth | (cisterns & (sites > 0)), None, SPACING)
    found = refined.sites == SITE["lateral_ventricle"]
    assert dice(found, truth) > 0.97
    assert (refined.parts[found] == PART["ventricle_body"]).all()
    expected = 4 / 3 * np.pi * (true_mm**3 - 6.0**3) / 1000
    assert refined.moved_ml == pytest.approx(expected, rel=0.05)


def test_a_small_ventricle_gives_tissue_back() -> None:
    sites, parts = warped(10.0)
    truth = radius() <= 5
    refined = refine_ventricles(sites, parts, truth, None, SPACING)
    assert dice(refined.sites == SITE["lateral_ventricle"], truth) > 0.95
    given = (radius() <= 10) & (radius() > 6)
    assert (refined.sites[given] == SITE["white_matter"]).all()
    assert (refined.parts[given] == 0).all()


def test_fluid_of_a_sulcus_stays_outside() -> None:
    sites, parts = warped(6.0)
    sulcus = (radius((34.5, 34.5, 62.0)) <= 9) & (sites > 0)  # reaches 17 mm from the ventricle
    ventricle = radius() <= 8
    refined = refine_ventricles(sites, parts, ventricle | sulcus, None, SPACING)
    assert not (sulcus & (refined.sites == SITE["lateral_ventricle"])).any()


def test_choroid_plexus_is_no_hole() -> None:
    sites, parts = warped(8.0)
    plexus = radius((34.5, 34.5, 38.0)) <= 1.5
    refined = refine_ventricles(sites, parts, (radius() <= 10) & ~plexus, None, SPACING)
    assert (refined.sites[plexus] == SITE["lateral_ventricle"]).all()


def test_lesions_keep_their_sites() -> None:
    sites, parts = warped(6.0)
    hole = radius((34.5, 34.5, 44.0)) <= 3  # a black hole beside the ventricle, dark as fluid
    refined = refine_ventricles(sites, parts, (radius() <= 8) | hole, hole, SPACING)
    np.testing.assert_array_equal(refined.sites[hole], sites[hole])


def test_a_temporal_horn_thinner_than_the_voxels_stays() -> None:
    sites, parts = warped(6.0)
    horn = (np.abs(np.indices(SHAPE)[0] - 50) <= 1) & (radius((50, 34, 34)) <= 4)
    sites[horn] = SITE["lateral_ventricle"]
    parts[horn] = PART["ventricle_temporal_horn"]
    refined = refine_ventricles(sites, parts, radius() <= 6, None, SPACING)
    assert (refined.sites[horn] == SITE["lateral_ventricle"]).all()


def test_the_ribbon_moves_to_the_grey_matter() -> None:
    sites, parts = warped(6.0)  # ribbon from 26 to 29 mm
    image = t1w(6.0, ribbon_mm=24.0)
    brain = sites > 0
    tissue = segment_tissue(image, brain, priors(sites))
    assert tissue is not None
    refined = refine_cortex(sites, parts, tissue, None, SPACING)
    assert refined is not None
    truth = (radius() > 24) & (radius() <= 27)
    before = dice(sites == SITE["cortex"], truth)
    assert dice(refined.sites == SITE["cortex"], truth) > max(0.9, before + 0.3)


def test_a_plaque_that_looks_grey_is_not_cortex() -> None:
    sites, parts = warped(6.0)
    image = t1w(6.0)
    plaque = radius((34.5, 34.5, 58.0)) <= 3  # touches the ribbon from inside
    image[plaque] = 60.0
    tissue = segment_tissue(image, sites > 0, priors(sites), plaque)
    assert tissue is not None
    refined = refine_cortex(sites, parts, tissue, plaque, SPACING)
    assert refined is not None
    np.testing.assert_array_equal(refined.sites[plaque], sites[plaque])


def test_heavy_load_does_not_take_a_class() -> None:
    """A sixth of the white matter is grey on T1w; left out, the classes stay where they are."""
    sites, _ = warped(6.0)
    image = t1w(6.0)
    load = (radius() < 24) & (radius() > 21)
    image[load] = 62.0
    tissue = segment_tissue(image, sites > 0, priors(sites), load)
    assert tissue is not None
    assert tissue.contrast == pytest.approx(40 / 4, rel=0.15)
    healthy = (radius() < 20) & (radius() > 8)
    assert (tissue.white[healthy] > 0.9).mean() > 0.99


def test_no_contrast_is_no_tissue() -> None:
    sites, parts = warped(6.0)
    flat = np.random.default_rng(2).normal(100, 4, SHAPE).astype(np.float32)
    tissue = segment_tissue(flat, sites > 0, priors(sites))
    assert tissue is None or refine_cortex(sites, parts, tissue, None, SPACING) is None


def test_fluid_must_be_dark_on_flair() -> None:
    sites, _ = warped(8.0)
    dark = np.where(radius() <= 8, 10.0, 100.0).astype(np.float32)
    found = fluid_on_flair(dark, sites > 0, sites)
    assert found is not None
    assert dice(found, radius() <= 8) == 1.0
    assert fluid_on_flair(np.full(SHAPE, 100, np.float32), sites > 0, sites) is None


def test_left_and_right_are_treated_alike() -> None:
    sites, parts = warped(6.0)
    fluid = (radius() <= 11) | ((radius() > 29) & (sites > 0))
    straight = refine_ventricles(sites, parts, fluid, None, SPACING)
    mirrored = refine_ventricles(sites[::-1], parts[::-1], fluid[::-1], None, SPACING)
    differ = straight.sites != mirrored.sites[::-1]
    assert np.count_nonzero(differ) < 0.001 * np.count_nonzero(sites)


@pytest.mark.slow
@pytest.mark.parametrize("contrasts", [("FLAIR", "T1w"), ("FLAIR",), ("T1w",)])
def test_a_large_ventricled_patient_is_not_measured_against_the_template(
    contrasts: tuple[str, ...],
) -> None:
    """Simulated: after registration alone the ventricles fit worse than after refinement."""
    brain = make_brain(np.random.default_rng(3), BrainSettings(spacing_mm=1.5, ventricle_mm=6.0))
    scans = {}
    for name in contrasts:
        contrast = Contrast(name)
        image = render(brain, (), contrast, np.random.default_rng(5)) * brain.inside
        source = Source(f"{name}.nii.gz", "", "RAS", brain.grid)
        scans[contrast] = Scan(image.astype(np.float32), brain.grid, contrast, source)
    study = Study(scans, brain.grid, aligned=True)
    warped_map = build_anatomy(study)
    refined = refine_anatomy(warped_map, study)
    truth = brain.ventricle_mm <= 0
    before = dice(warped_map.sites == SITE["lateral_ventricle"], truth)
    after = dice(refined.sites == SITE["lateral_ventricle"], truth)
    assert after > max(0.85, before + 0.03)
    volume = refined.quality["ventricles_moved_ml"]
    assert isinstance(volume, Quantity)
    assert volume.value > 0.5
    moved = refined.distances_mm["lateral_ventricle"]
    assert (moved[refined.sites == SITE["lateral_ventricle"]] < 0).all()


def test_labels_and_mni_are_left_as_they_are() -> None:
    sites, parts = warped()
    grid = Grid(SHAPE, np.eye(4))
    given = AnatomyMap(grid, sites, parts, {}, None, "labels", 0.5, {})
    assert refine_anatomy(given, Study({}, grid, aligned=True)) is given
