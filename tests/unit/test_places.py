"""The callosum's underside, lobar extent, the lie of satellites, the study's quality."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lesionaid.features.lobar_extent import extent_of
from lesionaid.features.satellite_pattern import PATTERN_SPECS, pattern_of
from lesionaid.features.study_quality import QUALITY_SPECS, quality_measurements
from lesionaid.geometry import Grid
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unknown, Value
from lesionaid.study.scan import Contrast, Source, Study
from tests.unit.anatomy_phantom import (
    ball_mm,
    grid_of,
    lesions_of,
    phantom_anatomy,
    scan_of,
    tissue_image,
)
from tests.unit.parts_phantom import anatomy_with_parts, box, table_of

FINE, THICK = grid_of(), grid_of((1.0, 1.0, 3.0))
GRIDS = pytest.mark.parametrize("grid", [FINE, THICK], ids=["1 mm", "3 mm slices"])


def number(value: Value) -> float:
    assert isinstance(value, Quantity), value
    return value.value


# --- underside of the callosum ------------------------------------------------------


@GRIDS
@pytest.mark.parametrize("top", [18, 24, 30])
def test_volume_and_share_at_the_underside(grid: Grid, top: int) -> None:
    row = table_of(grid, box(grid, (-3, -6, 15), (3, 6, top))).lesions[1]
    assert number(row["callosal_underside_volume_mm3"]) == pytest.approx(6 * 12 * 3)
    assert number(row["callosal_underside_share"]) == pytest.approx(3 / (top - 15))


def test_what_lies_beside_the_callosum_does_not_count() -> None:
    row = table_of(FINE, box(FINE, (4, -6, 0), (8, 6, 15))).lesions[1]
    assert number(row["callosal_underside_volume_mm3"]) == 0
    assert number(row["callosal_underside_share"]) == 0


def test_foci_are_counted_where_they_are_apart() -> None:
    foci = np.zeros(FINE.shape, dtype=bool)
    for y in (-20, -10, 0, 10):
        foci |= box(FINE, (-2, y, 15), (2, y + 3, 18))
    assert number(table_of(FINE, foci).study["subcallosal_foci_count"]) == 4
    joined = foci | box(FINE, (-2, -10, 15), (2, 3, 16))
    assert number(table_of(FINE, joined).study["subcallosal_foci_count"]) == 3
    # A bridge above the zone joins the lesions and leaves the foci apart.
    arched = foci | box(FINE, (-2, -20, 18), (2, 13, 21))
    assert number(table_of(FINE, arched).study["subcallosal_foci_count"]) == 4


def test_one_long_run_says_nothing_of_dots() -> None:
    for length, reason in ((16, None), (22, Reason.DEGENERATE_SHAPE)):
        mask = box(FINE, (-2, -length / 2, 15), (2, length / 2, 18))
        found = table_of(FINE, mask).study["subcallosal_foci_count"]
        assert (found.reason if isinstance(found, Unknown) else None) is reason


def test_a_map_that_is_off_or_without_midline_knows_no_underside() -> None:
    mask = box(FINE, (-3, -6, 15), (3, 6, 18))
    for changes, reason in (
        ({"error_mm": 3.0}, Reason.LOW_QUALITY),
        ({"mni_mm": None}, Reason.ANATOMY_MISSING),
    ):
        table = table_of(FINE, mask, anatomy_with_parts(FINE, **changes))
        assert table.lesions[1]["callosal_underside_share"].reason is reason
        assert table.study["subcallosal_foci_count"].reason is reason


# --- lobes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lobes", "fossa", "expected"),
    [
        ((), False, "none"),
        ((), True, "infratentorial"),
        (("frontal_left",), False, "unilobar"),
        (("frontal_left",), True, "widespread"),
        (("frontal_left", "frontal_right"), False, "widespread"),
        (("frontal_left", "occipital_left"), False, "widespread"),
        (("insula_left", "occipital_left"), False, "widespread"),
        (("frontal_left", "temporal_left"), False, "multilobar"),
        (("frontal_right", "parietal_right", "occipital_right"), False, "multilobar"),
    ],
)
def test_extent_by_names(lobes: tuple[str, ...], fossa: bool, expected: str) -> None:
    assert extent_of(lobes, fossa) == expected
    assert extent_of(lobes[::-1], fossa) == expected


@pytest.mark.parametrize(
    ("over", "expected"), [(1, "unilobar"), (2, "multilobar")], ids=["6 %", "12 %"]
)
def test_a_lobe_is_involved_from_a_tenth(over: int, expected: str) -> None:
    mask = box(FINE, (14, -over, 8), (16, 16 - over, 10))
    study = table_of(FINE, mask).study
    assert study["lobar_extent"] == Category(expected)


def test_half_a_millilitre_involves_a_lobe_whatever_the_share() -> None:
    mask = box(FINE, (5, -2, -20), (23, 28, 14))  # 18 x 2 x 34 mm behind, 6 %
    study = table_of(FINE, mask).study
    assert study["lobar_extent"] == Category("multilobar")
    assert number(study["lobes_involved_count"]) == 2


def test_specks_and_cerebellum_have_no_lobe() -> None:
    speck = box(FINE, (14, 14, 8), (15, 15, 9))
    assert table_of(FINE, speck).study["lobar_extent"] == Category("none")
    below = box(FINE, (8, 8, -28), (14, 14, -23))
    assert table_of(FINE, below).study["lobar_extent"] == Category("infratentorial")


# --- the lie of satellites ----------------------------------------------------------

WIDE = grid_of(half_mm=(30, 40, 30))
ANATOMY = phantom_anatomy(WIDE)
Point = tuple[float, float, float]
MAIN: Point = (16.5, -20.5, 0.5)


def lie(dots: list[Point]) -> dict[str, Value]:
    mask = ball_mm(WIDE, MAIN, 4)
    for dot in dots:
        mask |= ball_mm(WIDE, dot, 1.3)
    lesions = lesions_of(WIDE, mask)
    return pattern_of(lesions, 1, near(lesions), ANATOMY, SizeScale())


def near(lesions: LesionMap) -> list[tuple[int, float]]:
    return [(lesion.id, 10.0 + lesion.id) for lesion in lesions.lesions if lesion.id > 1]


def test_satellites_on_one_side() -> None:
    x, y, z = MAIN
    found = lie([(x, y + 12, z), (x, y + 18, z), (x, y + 24, z)])
    assert number(found["satellite_one_sidedness"]) == pytest.approx(1, abs=0.01)
    assert number(found["satellite_direction_anterior"]) == pytest.approx(1, abs=0.01)
    assert number(found["satellite_direction_right"]) == pytest.approx(0, abs=0.01)
    assert number(found["satellite_distance_mm"]) == 13.0
    assert number(found["satellite_cluster_count"]) == 3


def test_satellites_all_round() -> None:
    x, y, z = MAIN
    found = lie([(x, y + 12, z), (x, y - 12, z), (x, y, z + 12), (x, y, z - 12)])
    assert number(found["satellite_one_sidedness"]) == pytest.approx(0, abs=0.01)
    assert number(found["satellite_cluster_count"]) == 1
    assert found["satellite_linearity"].reason is Reason.TOO_FEW_VOXELS


@pytest.mark.parametrize(
    ("step", "degrees"), [((5, 0, 0), 0), ((0, 6, 0), 90), ((4, 4, 0), 45)], ids=str
)
def test_a_row_against_the_way_to_the_ventricle(step: Point, degrees: float) -> None:
    """The wall is the plane x = 4: its normal runs along x."""
    start = np.array([6.5, 8.5, 0.5])
    found = lie([tuple(start + k * np.array(step)) for k in range(4)])
    assert number(found["satellite_cluster_count"]) == 4
    assert number(found["satellite_linearity"]) == pytest.approx(1, abs=0.02)
    assert number(found["satellite_vein_angle_deg"]) == pytest.approx(degrees, abs=3)


def test_a_square_is_no_row() -> None:
    found = lie([(8.5, 8.5, 0.5), (14.5, 8.5, 0.5), (8.5, 14.5, 0.5), (14.5, 14.5, 0.5)])
    assert number(found["satellite_linearity"]) == pytest.approx(0.5, abs=0.02)
    assert found["satellite_vein_angle_deg"].reason is Reason.DEGENERATE_SHAPE


def test_few_satellites_have_no_direction() -> None:
    for dots in ([], [(8.5, 8.5, 0.5)], [(8.5, 8.5, 0.5), (8.5, 14.5, 0.5)]):
        found = lie(dots)
        assert list(found) == [spec.name for spec in PATTERN_SPECS]
        assert found["satellite_one_sidedness"].reason is Reason.TOO_FEW_VOXELS
        assert isinstance(found["satellite_distance_mm"], Quantity) == bool(dots)


# --- quality ------------------------------------------------------------------------


def noisy(grid: Grid, sd: float, source: Grid | None = None) -> Study:
    data = tissue_image(phantom_anatomy(grid), Contrast.FLAIR)
    data = data + np.random.default_rng(0).normal(0, sd, data.shape)
    scan = scan_of(grid, Contrast.FLAIR, data)
    if source is not None:
        scan = replace(scan, source=Source("other.nii.gz", "", "RAS", source))
    return Study(scans={Contrast.FLAIR: scan}, reference=grid, aligned=True)


def quality(study: Study, grid: Grid) -> dict[str, Value]:
    anatomy = phantom_anatomy(grid)
    return quality_measurements(study, anatomy, anatomy.sites == 5)


@GRIDS
@pytest.mark.parametrize("sd", [2.0, 10.0])
def test_signal_to_noise_in_closed_form(grid: Grid, sd: float) -> None:
    found = quality(noisy(grid, sd), grid)
    assert list(found) == [spec.name for spec in QUALITY_SPECS]
    assert number(found["snr_flair"]) == pytest.approx(100 / sd, rel=0.03)
    assert found["snr_t1w"].reason is Reason.IMAGE_MISSING


def test_noise_along_a_slope_is_not_counted() -> None:
    study = noisy(FINE, 2.0)
    scan = study.scans[Contrast.FLAIR]
    slope = np.linspace(-10, 10, FINE.shape[1], dtype=np.float32)[None, :, None]
    tilted = replace(study, scans={Contrast.FLAIR: replace(scan, data=scan.data + slope)})
    assert number(quality(tilted, FINE)["snr_flair"]) == pytest.approx(50, rel=0.05)


def test_voxels_are_told_and_resampled_noise_is_not() -> None:
    found = quality(noisy(FINE, 2.0, THICK), FINE)
    assert found["voxel_flair"] == Category("1 x 1 x 3 mm")
    assert found["snr_flair"].reason is Reason.LOW_QUALITY
    assert found["voxel_adc"].reason is Reason.IMAGE_MISSING


def test_the_map_says_where_it_comes_from() -> None:
    found = quality(noisy(FINE, 2.0), FINE)
    assert found["map_source"] == Category("template")
    assert number(found["map_error_mm"]) == 1.0
    assert found["jacobian_min"].reason is Reason.ANATOMY_MISSING
    none = quality_measurements(noisy(FINE, 2.0), None, None)
    assert none["map_error_mm"].reason is Reason.ANATOMY_MISSING
    assert none["snr_flair"].reason is Reason.ANATOMY_MISSING


def test_a_flat_scan_has_no_noise() -> None:
    assert quality(noisy(FINE, 0.0), FINE)["snr_flair"].reason is Reason.LOW_QUALITY
