from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lesionaid.features.catalogue import FEATURES, measure, unmeasured, with_extra
from lesionaid.features.cysts import CYST_SPECS
from lesionaid.features.enhancement_pattern import PATTERN_NAMES
from lesionaid.features.heterogeneity import HETEROGENEITY_SPECS
from lesionaid.features.parts import PART_SPECS
from lesionaid.features.rings import RING_SPECS
from lesionaid.features.satellite_pattern import PATTERN_SPECS
from lesionaid.features.study_quality import REGISTRATION
from lesionaid.geometry import Grid, reorient, to_ras
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Source, Study
from lesionaid.tables import MeasurementSpec, MeasurementTable
from tests.unit.anatomy_phantom import (
    ball_mm,
    grid_of,
    lesions_of,
    phantom_anatomy,
    study_of,
    tissue_image,
)

GRID = grid_of()
ANATOMY = phantom_anatomy(GRID)
MASK = ball_mm(GRID, (14, 14, 0), 5) | ball_mm(GRID, (-22, -12, 4), 3)


def study_with(*contrasts: Contrast, **more: object) -> Study:
    rng = np.random.default_rng(0)
    images = {
        contrast: tissue_image(ANATOMY, contrast) + 30 * MASK + rng.normal(0, 3, GRID.shape)
        for contrast in contrasts
    }
    return study_of(GRID, images, **more)


def number(value: Value) -> float:
    assert isinstance(value, Quantity), value
    return value.value


def names(level: str) -> list[str]:
    return [spec.name for spec in FEATURES if spec.level == level]


EVERYTHING = (Contrast.FLAIR, Contrast.T2W, Contrast.T1W, Contrast.T1W_CE, Contrast.SWI)


@pytest.mark.parametrize(
    ("study", "anatomy", "mask"),
    [
        (study_with(*EVERYTHING), ANATOMY, MASK),
        (study_with(Contrast.FLAIR), ANATOMY, MASK),
        (study_with(), None, MASK),
        (study_with(Contrast.FLAIR), None, MASK),
        (study_with(space="mni"), ANATOMY, MASK),
        (study_with(Contrast.FLAIR), ANATOMY, np.zeros(GRID.shape)),
    ],
    ids=["everything", "FLAIR alone", "mask alone", "no anatomy", "mni", "no lesions"],
)
def test_table_and_catalogue_cannot_drift_apart(study, anatomy, mask) -> None:
    table = measure(study, anatomy, lesions_of(GRID, mask))
    assert list(table.specs) == [spec.name for spec in FEATURES]
    assert list(table.study) == names("study")
    for row in (*table.lesions.values(), table.study):
        for name, value in row.items():
            spec = table.specs[name]
            if isinstance(value, Quantity):
                assert value.unit is spec.unit, name
            elif isinstance(value, Category):
                assert spec.unit is None, name
    for row in table.lesions.values():
        assert list(row) == names("lesion")


def test_everything_known_is_known() -> None:
    table = measure(study_with(*EVERYTHING), ANATOMY, lesions_of(GRID, MASK))
    unknown = {name for name, value in table.lesions[1].items() if isinstance(value, Unknown)}
    expected = {name for name in names("lesion") if name.startswith(("dwi_", "adc_"))}
    # No satellites, so they do not lie anywhere either.
    spare = {"satellite_spacing_mm", "satellite_subcortical_fraction"}
    spare |= {spec.name for spec in PATTERN_SPECS}
    expected |= {name for name in names("lesion") if name.startswith("restricted_")}
    # Its fluid is dark on T2w, and the lesion has no core.
    texture = {spec.name for spec in (*HETEROGENEITY_SPECS, *CYST_SPECS, *RING_SPECS)}
    texture -= {"flair_unevenness", "cavity_volume_mm3", "cavity_fraction"}
    texture |= {"t1w_core_ratio_nawm", "t1w_rim_ratio_nawm", "t1w_core_grade"}
    # The phantom's map has no named parts.
    parts = {spec.name for spec in PART_SPECS} - {"callosal_length_share"}
    parts -= {"callosal_thickness_share"}
    body = {name for name in names("lesion") if "ventricle_body" in name}
    # Its border faces white matter alone.
    faced = {name for name in names("lesion") if name.startswith("border_")}
    faced -= {name for name in faced if "white" in name or name.startswith("border_fraction")}
    faced -= {"border_width_mm", "border_wide_fraction", "border_class"}
    # Nothing enhances in it, so there is no pattern either.
    pattern = set(PATTERN_NAMES)
    pattern |= {name for name in names("lesion") if name.startswith("enhancement_sulcal_")}
    # No vein and no phase in it, and no midline that could shift.
    veins = {"vein_z", "vein_depth", "vein_width_mm", "phase_rim_share", "midline_shift_away_mm"}
    assert unknown == expected | texture | spare | faced | parts | body | pattern | veins
    # Two lesions have no share of veins.
    few = {"central_vein_fraction"}
    # The brain of boxes has no midline that could shift.
    few |= {"midline_shift_mm"}
    # No DWI, ADC and phase were given, and no registration was run.
    few |= {"voxel_dwi", "voxel_adc", "voxel_phase", "snr_dwi", *REGISTRATION}
    assert {name for name, value in table.study.items() if isinstance(value, Unknown)} == few


def test_names_are_unique_and_say_their_unit() -> None:
    catalogued = [spec.name for spec in FEATURES]
    assert len(set(catalogued)) == len(catalogued)
    for spec in FEATURES:
        assert spec.description.endswith("."), spec.name
        suffix = {Unit.MM: "_mm", Unit.MM2: "_mm2", Unit.MM3: "_mm3", Unit.PERCENT: "_percent"}
        if spec.unit in suffix:
            assert spec.name.endswith(suffix[spec.unit]), spec.name


def test_without_a_mask_everything_is_unknown() -> None:
    extra = MeasurementSpec("new_count", Unit.COUNT, "study", "New lesions.")
    table = unmeasured((extra,))
    assert table.lesions == {}
    assert list(table.study) == [*names("study"), "new_count"]
    assert {value.reason for value in table.study.values()} == {Reason.LESIONS_MISSING}


def small_table() -> MeasurementTable:
    return measure(study_with(), None, lesions_of(GRID, MASK))


EXTRA = (
    MeasurementSpec("gained_mm3", Unit.MM3, "lesion", "Volume gained."),
    MeasurementSpec("new_count", Unit.COUNT, "study", "New lesions."),
)


def test_extra_measurements_follow() -> None:
    rows = {lesion: {"gained_mm3": Quantity(float(lesion), Unit.MM3)} for lesion in (1, 2)}
    table = with_extra(small_table(), EXTRA, rows, {"new_count": Quantity(1, Unit.COUNT)})
    assert list(table.specs)[-2:] == ["gained_mm3", "new_count"]
    assert list(table.lesions[2])[-1] == "gained_mm3"
    assert number(table.lesions[2]["gained_mm3"]) == 2
    assert list(table.study)[-1] == "new_count"


def test_extra_measurements_must_fit() -> None:
    rows = {lesion: {"gained_mm3": Quantity(0, Unit.MM3)} for lesion in (1, 2)}
    study = {"new_count": Quantity(1, Unit.COUNT)}
    with pytest.raises(ValueError, match="twice"):
        with_extra(small_table(), FEATURES[:1], rows, {})
    with pytest.raises(ValueError, match="same lesions"):
        with_extra(small_table(), EXTRA, {1: rows[1]}, study)
    with pytest.raises(ValueError, match="new_count"):
        with_extra(small_table(), EXTRA, rows, {})


def test_the_study() -> None:
    table = measure(study_with(Contrast.FLAIR, Contrast.T2W), ANATOMY, lesions_of(GRID, MASK))
    assert number(table.study["lesion_count_3mm"]) == 2
    assert number(table.study["largest_lesion_mm3"]) == number(table.lesions[1]["volume_mm3"])
    assert number(table.study["lesion_count_deep_white_matter"]) == 1
    assert number(table.study["lesion_count_juxtacortical"]) == 1
    assert table.study["hemispheres"] == Category("bilateral")
    assert table.study["contrasts"] == Category("FLAIR+T2w")


def test_one_side_only() -> None:
    mask = ball_mm(GRID, (-14, 14, 0), 4)
    mask[50, 50, 30] = True  # a speck on the other side counts for nothing
    table = measure(study_with(Contrast.FLAIR), ANATOMY, lesions_of(GRID, mask))
    assert table.study["hemispheres"] == Category("left")
    assert number(table.study["speck_count"]) == 1
    assert number(table.study["lesion_count_3mm"]) == 1


def thick(study: Study, contrast: Contrast, mm: float) -> Study:
    scan = study.scans[contrast]
    stored = Grid(GRID.shape, np.diag([1.0, 1.0, mm, 1.0]))
    slices = dataclasses.replace(scan, source=Source("thick.nii.gz", "", "RAS", stored))
    return dataclasses.replace(study, scans={**study.scans, contrast: slices})


def test_thick_slices_are_seen_behind_resampled_scans() -> None:
    study = thick(study_with(Contrast.FLAIR), Contrast.FLAIR, 5.0)
    table = measure(study, ANATOMY, lesions_of(GRID, MASK))
    assert number(table.study["slice_thickness_mm"]) == 5
    assert number(table.study["voxel_max_mm"]) == 5
    assert table.lesions[1]["satellite_count"].reason is Reason.LOW_RESOLUTION
    # A fine T2w beside it shows them.
    both = thick(study_with(Contrast.FLAIR, Contrast.T2W), Contrast.FLAIR, 5.0)
    table = measure(both, ANATOMY, lesions_of(GRID, MASK))
    assert number(table.study["voxel_max_mm"]) == 1
    assert isinstance(table.lesions[1]["satellite_count"], Quantity)


def test_without_scans_slices_are_unknown() -> None:
    table = small_table()
    assert table.study["slice_thickness_mm"].needs == ("FLAIR", "T2w")
    assert number(table.study["voxel_max_mm"]) == 1


def stored_as(codes: str) -> LesionMap:
    """The mask written in another orientation and read back, as the gate does."""
    data, affine = reorient(MASK.astype(np.int32), GRID.affine, codes)
    back, ras = to_ras(data, affine)
    return lesions_of(Grid(back.shape, ras), back)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR", "SLA", "IAL"])
def test_storage_leaves_no_trace(codes: str) -> None:
    study = study_with(*EVERYTHING)
    expected = measure(study, ANATOMY, lesions_of(GRID, MASK))
    found = measure(study, ANATOMY, stored_as(codes))
    assert found.lesions == expected.lesions
    assert found.study == expected.study


def test_specks_and_groups_are_handed_on() -> None:
    mask = MASK.copy()
    mask[5, 5, 30] = True
    lesions = lesions_of(GRID, mask)
    table = measure(study_with(Contrast.FLAIR), ANATOMY, lesions)
    assert table.specks == frozenset({3})
    assert table.groups == lesions.groups
    assert set(table.lesions) == {1, 2, 3}
