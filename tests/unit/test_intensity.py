from __future__ import annotations

import numpy as np
import pytest

from lesionaid.features.intensity import (
    INTENSITY_SPECS,
    intensity_measurements,
    references,
)
from lesionaid.features.reference_tissue import (
    ReferenceTissue,
    measure_reference,
    normal_white_matter,
)
from lesionaid.features.voxels import lesion_voxels
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Study
from tests.unit.anatomy_phantom import (
    SITE,
    ball_mm,
    grid_of,
    lesions_of,
    phantom_anatomy,
    scan_of,
    study_of,
    tissue_image,
)

GRID = grid_of()
ANATOMY = phantom_anatomy(GRID)
LESION = ball_mm(GRID, (12, 14, 0), 4)
OTHER = ball_mm(GRID, (-16, -12, 4), 3)


def measured(
    study: Study, mask: np.ndarray = LESION, anatomy=ANATOMY
) -> dict[int, dict[str, Value]]:
    lesions = lesions_of(GRID, mask)
    voxels = lesion_voxels(lesions, GRID)
    tissue = normal_white_matter(anatomy, voxels) if anatomy else None
    return intensity_measurements(study, lesions, voxels, references(study, anatomy, tissue))


def number(value: Value) -> float:
    assert isinstance(value, Quantity), value
    return value.value


def noisy(contrast: Contrast, sd: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sd, GRID.shape)
    return tissue_image(ANATOMY, contrast) + noise


def test_ratio_z_and_spread() -> None:
    image = noisy(Contrast.FLAIR, 4.0)
    image[LESION] = 160 + np.random.default_rng(1).normal(0, 8, LESION.sum())
    row = measured(study_of(GRID, {Contrast.FLAIR: image}))[1]
    assert number(row["flair_mean_ratio_nawm"]) == pytest.approx(1.6, abs=0.02)
    assert number(row["flair_mean_z_nawm"]) == pytest.approx(15, abs=0.6)
    assert number(row["flair_sd_z_nawm"]) == pytest.approx(2, abs=0.25)


@pytest.mark.parametrize("gain", [0.01, 37.0])
def test_units_of_the_scanner_do_not_matter(gain: float) -> None:
    image = noisy(Contrast.FLAIR, 4.0)
    image[LESION] += 50
    one = measured(study_of(GRID, {Contrast.FLAIR: image}))[1]
    other = measured(study_of(GRID, {Contrast.FLAIR: image * gain}))[1]
    for name in ("flair_mean_ratio_nawm", "flair_mean_z_nawm", "flair_sd_z_nawm"):
        assert number(other[name]) == pytest.approx(number(one[name]), rel=1e-4)


def test_reference_survives_a_heavy_load_and_unmarked_lesions() -> None:
    image = noisy(Contrast.FLAIR, 4.0)
    marked = np.zeros(GRID.shape, dtype=bool)
    unmarked = np.zeros(GRID.shape, dtype=bool)
    rng = np.random.default_rng(5)
    for number_of, target, radius in ((40, marked, 6), (90, unmarked, 5)):
        for _ in range(number_of):
            x = rng.uniform(9, 19) * rng.choice([-1, 1])
            target |= ball_mm(GRID, (x, rng.uniform(-25, 25), rng.uniform(-18, 30)), radius)
    white = ANATOMY.sites == SITE["white_matter"]
    image[(marked | unmarked) & white] += 60
    share = (marked & white).sum() / white.sum()
    assert share > 0.2
    voxels = lesion_voxels(lesions_of(GRID, marked), GRID)
    tissue = normal_white_matter(ANATOMY, voxels)
    assert (unmarked & tissue).sum() > 0.15 * tissue.sum()
    reference = measure_reference(scan_of(GRID, Contrast.FLAIR, image), tissue)
    assert isinstance(reference, ReferenceTissue)
    assert reference.median == pytest.approx(100, abs=0.4)
    assert reference.robust_sd == pytest.approx(4, rel=0.08)


def test_reference_keeps_its_distance() -> None:
    voxels = lesion_voxels(lesions_of(GRID, LESION), GRID)
    tissue = normal_white_matter(ANATOMY, voxels)
    near = ball_mm(GRID, (12, 14, 0), 4 + 2.9)
    assert tissue.any()
    assert not (tissue & near).any()
    assert not (tissue & (np.abs(ANATOMY.distances_mm["cortex"]) < 2)).any()
    assert np.all(ANATOMY.sites[tissue] == SITE["white_matter"])


def test_little_white_matter_is_not_enough() -> None:
    scan = scan_of(GRID, Contrast.FLAIR, noisy(Contrast.FLAIR, 4.0))
    tissue = np.zeros(GRID.shape, dtype=bool)
    tissue[30, 30, :] = True
    found = measure_reference(scan, tissue)
    assert isinstance(found, Unknown)
    assert found.reason is Reason.LOW_QUALITY


def test_white_matter_without_signal_is_low_quality() -> None:
    found = measure_reference(
        scan_of(GRID, Contrast.FLAIR, np.zeros(GRID.shape)), np.ones(GRID.shape, dtype=bool)
    )
    assert isinstance(found, Unknown)
    assert found.reason is Reason.LOW_QUALITY


def test_white_matter_without_spread_has_a_ratio_and_no_z() -> None:
    image = tissue_image(ANATOMY, Contrast.FLAIR)
    image[LESION] = 150
    row = measured(study_of(GRID, {Contrast.FLAIR: image}))[1]
    assert number(row["flair_mean_ratio_nawm"]) == pytest.approx(1.5)
    z = row["flair_mean_z_nawm"]
    assert isinstance(z, Unknown)
    assert z.reason is Reason.LOW_QUALITY


def test_missing_contrasts_are_named() -> None:
    row = measured(study_of(GRID, {Contrast.FLAIR: noisy(Contrast.FLAIR, 4.0)}))[1]
    assert set(row) == {spec.name for spec in INTENSITY_SPECS}
    for key, name in (("dwi", "DWI"), ("t1w_ce", "T1w_ce"), ("adc", "ADC"), ("swi", "SWI")):
        value = row[f"{key}_mean_ratio_nawm"]
        assert isinstance(value, Unknown)
        assert value.reason is Reason.IMAGE_MISSING
        assert value.needs == (name,)
    assert row["adc_mean"].needs == ("ADC",)


def test_without_anatomy_only_missing_images_come_first() -> None:
    row = measured(study_of(GRID, {Contrast.FLAIR: noisy(Contrast.FLAIR, 4.0)}), anatomy=None)[1]
    assert row["flair_mean_z_nawm"].reason is Reason.ANATOMY_MISSING
    assert row["t2w_mean_z_nawm"].reason is Reason.IMAGE_MISSING


def test_holes_in_a_lesion_make_it_unknown_and_no_other() -> None:
    image = noisy(Contrast.FLAIR, 4.0)
    valid = np.ones(GRID.shape, dtype=bool)
    valid[tuple(np.argwhere(LESION)[7])] = False
    scan = scan_of(GRID, Contrast.FLAIR, np.where(valid, image, 0), valid)
    study = Study(scans={Contrast.FLAIR: scan}, reference=GRID, aligned=True)
    rows = measured(study, LESION | OTHER)
    for name in ("flair_mean_ratio_nawm", "flair_mean_z_nawm", "flair_sd_z_nawm"):
        assert rows[1][name].reason is Reason.NOT_FINITE
        assert isinstance(rows[2][name], Quantity)


@pytest.mark.parametrize("unit", [1.0, 1e3, 1e-3])
def test_diffusivity_in_any_unit(unit: float) -> None:
    rng = np.random.default_rng(2)
    image = 0.75 + rng.normal(0, 0.03, GRID.shape)
    image[LESION] = 1.4
    value = measured(study_of(GRID, {Contrast.ADC: image * unit}))[1]["adc_mean"]
    assert isinstance(value, Quantity)
    assert value.unit is Unit.DIFFUSIVITY
    assert value.value == pytest.approx(1.4, rel=1e-5)


def test_diffusivity_in_no_unit() -> None:
    rng = np.random.default_rng(2)
    image = 30 + rng.normal(0, 1, GRID.shape)
    row = measured(study_of(GRID, {Contrast.ADC: image}))[1]
    assert row["adc_mean"].reason is Reason.LOW_QUALITY
    assert isinstance(row["adc_mean_ratio_nawm"], Quantity)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 3.0), (2.0, 1.0, 1.0)])
def test_anisotropic_grids_agree(spacing: tuple[float, float, float]) -> None:
    grid = grid_of(spacing)
    anatomy = phantom_anatomy(grid)
    mask = ball_mm(grid, (14, 14, 0), 5)
    image = tissue_image(anatomy, Contrast.FLAIR)
    image += np.random.default_rng(0).normal(0, 4, grid.shape)
    image[mask] = 150
    lesions = lesions_of(grid, mask)
    voxels = lesion_voxels(lesions, grid)
    study = study_of(grid, {Contrast.FLAIR: image})
    reference = references(study, anatomy, normal_white_matter(anatomy, voxels))
    row = intensity_measurements(study, lesions, voxels, reference)[1]
    assert number(row["flair_mean_ratio_nawm"]) == pytest.approx(1.5, abs=0.01)
    assert number(row["flair_mean_z_nawm"]) == pytest.approx(12.5, abs=0.7)


def test_quantiles_are_those_of_numpy() -> None:
    voxels = lesion_voxels(lesions_of(GRID, LESION | OTHER), GRID)
    image = np.random.default_rng(4).normal(size=GRID.shape)
    for q in (0.0, 0.1, 0.5, 0.9, 1.0):
        expected = [np.quantile(image[mask], q) for mask in (LESION, OTHER)]
        assert voxels.quantile(voxels.take(image), q) == pytest.approx(expected)
