"""Rim, core, restriction and dots on DWI and ADC."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.depth import N_SECTORS
from lesionaid.features.diffusion import diffusion_measurements
from lesionaid.features.diffusion_dots import dwi_dot_measurements
from lesionaid.features.reference_tissue import ReferenceTissue, measure_reference
from lesionaid.features.surroundings import surroundings
from lesionaid.features.voxels import lesion_voxels
from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unknown
from lesionaid.study.load import find_study, load_study
from lesionaid.study.scan import Contrast, LesionMask, Study
from tests.shared_data import shared_data
from tests.unit.anatomy_phantom import SITE, ball_mm, grid_of, positions, study_of
from tests.unit.signal_phantom import (
    CENTRE,
    GRID,
    number,
    row_of,
    scan_signal,
    signal_of,
    stored_on,
)

RADIUS = np.linalg.norm(positions(GRID) - np.asarray(CENTRE), axis=-1)
BALL = RADIUS <= 9


def dwi(rim: float, core: float, where: np.ndarray | None = None) -> np.ndarray:
    image = scan_signal(Contrast.DWI)
    image[BALL] = core
    image[BALL & (RADIUS > 5.5) & (True if where is None else where)] = rim
    return image


def adc(rim: float, core: float, unit: float = 1.0) -> np.ndarray:
    image = 0.008 * scan_signal(Contrast.ADC)
    image[BALL] = rim
    image[RADIUS < 5.5] = core
    return image * unit


def test_rim_and_core() -> None:
    row = row_of({Contrast.DWI: dwi(160, 80)}, BALL)
    assert number(row["dwi_rim_core_ratio"]) == pytest.approx(2.0, abs=0.02)
    assert number(row["dwi_rim_z_nawm"]) == pytest.approx(30, rel=0.05)
    assert number(row["dwi_core_z_nawm"]) == pytest.approx(-10, rel=0.1)
    assert number(row["dwi_rim_completeness"]) == 1.0


def test_a_dark_core_does_not_hide_a_bright_rim() -> None:
    row = row_of({Contrast.DWI: dwi(115, 10)}, BALL)
    assert number(row["dwi_mean_z_nawm"]) < 2
    assert number(row["dwi_bright_z_nawm"]) == pytest.approx(number(row["dwi_rim_z_nawm"]))
    small = row_of({Contrast.DWI: dwi(115, 10)}, RADIUS <= 6.5)
    assert number(small["dwi_bright_z_nawm"]) == pytest.approx(number(small["dwi_mean_z_nawm"]))


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_completeness_is_the_share_of_directions(share: float) -> None:
    height = (positions(GRID)[..., 2] - CENTRE[2]) / RADIUS
    row = row_of({Contrast.DWI: dwi(160, 100, height <= 2 * share - 1)}, BALL)
    # A sector on the border may go either way: about a third of them lie on it.
    assert number(row["dwi_rim_completeness"]) == pytest.approx(share, abs=4 / N_SECTORS)


@pytest.mark.parametrize(("rim", "core"), [(115.0, 100.0), (160.0, 140.0), (100.0, 60.0)])
def test_an_edge_that_is_not_bright_enough(rim: float, core: float) -> None:
    row = row_of({Contrast.DWI: dwi(rim, core)}, BALL)
    assert number(row["dwi_rim_completeness"]) < 0.1


def test_small_lesions_have_no_rim() -> None:
    row = row_of({Contrast.DWI: dwi(160, 80), Contrast.ADC: adc(0.5, 0.5)}, RADIUS <= 7)
    for name in ("dwi_rim_z_nawm", "dwi_rim_core_ratio", "dwi_rim_completeness", "adc_rim_p05"):
        why = row[name]
        assert isinstance(why, Unknown)
        assert why.reason is Reason.TOO_FEW_VOXELS


def test_thick_slices_ask_for_a_larger_lesion() -> None:
    study = study_of(GRID, {Contrast.DWI: dwi(160, 80)})
    for edge, known in ((4.0, True), (5.0, False)):
        thick = stored_on(study.scans[Contrast.DWI], grid_of((1, 1, edge)))
        row = signal_of(replace(study, scans={Contrast.DWI: thick}), BALL)[1]
        assert isinstance(row["dwi_rim_core_ratio"], Unknown) is not known


@pytest.mark.parametrize("unit", [1.0, 1e3, 1e-3], ids=["10-3 mm2/s", "10-6", "mm2/s"])
def test_adc_of_rim_and_core(unit: float) -> None:
    row = row_of({Contrast.ADC: adc(0.9, 1.6, unit)}, BALL)
    assert number(row["adc_rim_mean"]) == pytest.approx(0.9, rel=1e-4)
    assert number(row["adc_core_mean"]) == pytest.approx(1.6, abs=0.15)
    assert number(row["adc_rim_p05"]) == pytest.approx(0.9, rel=1e-4)


def test_low_foci_of_the_rim() -> None:
    image = adc(0.9, 1.6)
    image[BALL & (RADIUS > 6) & (positions(GRID)[..., 0] > CENTRE[0] + 5)] = 0.5
    row = row_of({Contrast.ADC: image}, BALL)
    assert number(row["adc_rim_p05"]) == pytest.approx(0.5, rel=1e-4)
    assert number(row["adc_rim_mean"]) > 0.8


def test_restricted_is_bright_and_low_in_the_same_voxels() -> None:
    rim = BALL & (RADIUS >= 5.5)
    bright_rim = dwi(160, 80)
    row = row_of({Contrast.DWI: bright_rim, Contrast.ADC: adc(0.5, 0.5)}, BALL)
    assert number(row["restricted_volume_mm3"]) == pytest.approx(rim.sum(), rel=0.02)
    assert number(row["restricted_fraction"]) == pytest.approx(rim.sum() / BALL.sum(), rel=0.02)
    elsewhere = row_of({Contrast.DWI: bright_rim, Contrast.ADC: adc(1.2, 0.5)}, BALL)
    assert number(elsewhere["restricted_fraction"]) < 0.02  # bright and low, but not at once


@pytest.mark.parametrize(("value", "found"), [(0.62, True), (0.66, False)])
def test_restricted_is_under_four_fifths_of_white_matter(value: float, found: bool) -> None:
    row = row_of({Contrast.DWI: dwi(160, 160), Contrast.ADC: adc(value, value)}, BALL)
    assert (number(row["restricted_fraction"]) > 0.9) is found


def dots(*drawn: tuple[float, float, float]) -> float:
    mask = RADIUS <= 5
    image = scan_signal(Contrast.DWI)
    image[mask] = 150
    for distance, y, radius in drawn:
        place = (CENTRE[0], CENTRE[1] + y, CENTRE[2] + distance)
        image[ball_mm(GRID, place, radius)] = 160
    return number(row_of({Contrast.DWI: image}, mask)["dwi_dot_count"])


def test_dots_are_counted() -> None:
    assert dots((9, 0, 1.2), (-9, 0, 1.2), (0, 9, 1.2)) == 3


@pytest.mark.parametrize(
    "drawn",
    [(6, 0, 1.5), (13, 0, 1.5), (9, 0, 2.8), (9, 0, 0.4)],
    ids=["on the edge", "cut by the reach", "too large", "too small"],
)
def test_what_is_no_dot(drawn: tuple[float, float, float]) -> None:
    assert dots(drawn) == 0


def test_noise_makes_no_dots() -> None:
    image = scan_signal(Contrast.DWI, seed=4)
    image[BALL] = 150
    assert number(row_of({Contrast.DWI: image}, BALL)["dwi_dot_count"]) == 0


def test_scans_that_are_missing() -> None:
    row = row_of({Contrast.DWI: dwi(160, 80)}, BALL)
    for name in ("adc_rim_mean", "restricted_fraction"):
        why = row[name]
        assert isinstance(why, Unknown)
        assert why.needs == ("ADC",)


def stroke() -> tuple[Study, NDArray[np.bool_], dict[Contrast, ReferenceTissue | Unknown]]:
    """DWI and ADC of a stroke, tissue with the ADC of white matter, and its levels."""
    from scipy.ndimage import binary_erosion

    study = load_study(find_study(shared_data() / "stroke_dwi_adc"))
    dwi_scan, adc_scan = study.scans[Contrast.DWI], study.scans[Contrast.ADC]
    white = (adc_scan.data > 0.6) & (adc_scan.data < 0.95) & (dwi_scan.data > 100)
    white = binary_erosion(white)
    levels = {contrast: measure_reference(study.scans[contrast], white) for contrast in study.scans}
    return study, white, levels


@pytest.mark.real
def test_infarcts_are_restricted_and_skull_base_artefacts_are_not() -> None:
    """Foci drawn on DWI alone; ADC then tells them apart (no truth exists, but places do)."""
    study, _, levels = stroke()
    level = levels[Contrast.DWI]
    assert isinstance(level, ReferenceTissue)
    scan = study.scans[Contrast.DWI]
    mask = (scan.data >= level.median + 6 * level.robust_sd).astype(np.int32)
    lesions = lesion_map(LesionMask(mask, scan.grid, scan.source))
    around = surroundings(lesion_voxels(lesions, scan.grid))
    rows = diffusion_measurements(study, lesions, around, levels, SizeScale())

    def restricted_at(i: int, j: int, k: int) -> bool:
        row = rows[int(lesions.labels[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2].max())]
        volume, share = number(row["restricted_volume_mm3"]), number(row["restricted_fraction"])
        return volume >= 100 and share >= 0.1

    assert restricted_at(64, 19, 28)  # occipital cortex
    assert restricted_at(43, 55, 50)  # deep white matter
    for artefact in ((33, 57, 22), (78, 56, 23)):  # beside the petrous bones
        assert not restricted_at(*artefact)


@pytest.mark.real
def test_few_places_in_a_real_brain_have_dots_about_them() -> None:
    study, white, levels = stroke()
    scan = study.scans[Contrast.DWI]
    white[:, :, :26] = False  # the skull base
    far = np.full(scan.grid.shape, 9.0, dtype=np.float32)
    none = np.zeros(scan.grid.shape, dtype=np.uint8)
    sites = np.where(white, SITE["white_matter"], SITE["cortex"]).astype(np.uint8)
    anatomy = AnatomyMap(
        grid=scan.grid,
        sites=sites,
        lobes=none,
        distances_mm={"lateral_ventricle": far, "cortex": far},
        mni_mm=None,
        source="labels",
        error_mm=None,
        quality={},
    )
    mask = np.zeros(scan.grid.shape, dtype=np.int32)
    for x, y, z in np.random.default_rng(0).permutation(np.argwhere(white)):
        if not mask[x - 6 : x + 7, y - 6 : y + 7, z - 6 : z + 7].any():
            mask[x - 1 : x + 2, y - 1 : y + 2, z - 1 : z + 2] = 1
    lesions = lesion_map(LesionMask(mask, scan.grid, scan.source))
    around = surroundings(lesion_voxels(lesions, scan.grid))
    rows = dwi_dot_measurements(study, lesions, around, anatomy, levels, SizeScale())
    counts = [number(row["dwi_dot_count"]) for row in rows.values()]
    assert len(counts) > 50
    assert sum(count >= 3 for count in counts) <= 0.02 * len(counts)
