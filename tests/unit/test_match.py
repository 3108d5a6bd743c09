from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.change.match import (
    CHANGE_PERCENT_LARGE,
    CHANGE_PERCENT_SMALL,
    CHANGE_SPECS,
    Change,
    match,
)
from lesionaid.geometry import reorient, to_ras
from lesionaid.lesions.components import lesion_map
from lesionaid.quantity import Category, Reason, Unknown, Value
from tests.shared_data import shared_data
from tests.unit.lesion_phantoms import (
    ORIENTATIONS,
    affine,
    ball,
    lesion_mask,
    number,
    printed,
    scattered,
)

SHAPE = (60, 40, 40)


def ball_at(x: float, radius: float) -> NDArray[np.bool_]:
    return ball(SHAPE, (x, 20, 20), radius)


def change(
    current: NDArray[np.bool_],
    prior: NDArray[np.bool_] | None,
    matrix: NDArray[np.float64] | None = None,
) -> Change:
    return match(lesion_map(lesion_mask(current, matrix)), prior)


def classes(result: Change) -> list[str]:
    return [str(row["change_class"]) for row in result.lesions.values()]


def counts(result: Change) -> dict[str, float]:
    return {
        name.removesuffix("_lesion_count"): number(value)
        for name, value in result.study.items()
        if number(value)
    }


def reason(value: Value) -> Reason:
    assert isinstance(value, Unknown)
    return value.reason


def test_the_same_mask_is_unchanged() -> None:
    mask = scattered()
    result = change(mask, mask)
    assert set(classes(result)) == {"unchanged"}
    for row in result.lesions.values():
        assert number(row["volume_change_percent"]) == 0
        assert number(row["prior_overlap_fraction"]) == 1
        assert number(row["gained_volume_mm3"]) == number(row["lost_volume_mm3"]) == 0


def test_without_a_prior_everything_is_unknown() -> None:
    result = change(ball_at(20, 5), None)
    for value in (*result.lesions[1].values(), *result.study.values()):
        assert reason(value) is Reason.PRIOR_MISSING
        assert isinstance(value, Unknown)
        assert value.needs == ("prior",)


def test_an_empty_prior_mask_makes_everything_new() -> None:
    result = change(ball_at(20, 5), np.zeros(SHAPE, dtype=bool))
    row = result.lesions[1]
    assert row["change_class"] == Category("new")
    assert number(row["prior_volume_mm3"]) == 0
    assert number(row["prior_overlap_fraction"]) == 0
    assert reason(row["volume_change_percent"]) is Reason.NOT_MEASURED
    assert counts(result) == {"new": 1}


def test_new_and_resolved() -> None:
    result = change(ball_at(15, 4), ball_at(40, 4))
    assert classes(result) == ["new"]
    assert counts(result) == {"new": 1, "resolved": 1}


def test_no_lesions_at_all() -> None:
    nothing = np.zeros(SHAPE, dtype=bool)
    assert counts(change(nothing, nothing)) == {}
    assert counts(change(nothing, ball_at(20, 5))) == {"resolved": 1}


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        (52, 40, "unchanged"),  # 40 voxels, +30 %
        (59, 40, "enlarging"),  # +47.5 %
        (28, 40, "unchanged"),  # -30 %
        (20, 40, "shrinking"),  # -50 %
    ],
)
def test_small_lesions_change_from_45_percent(now: int, then: int, expected: str) -> None:
    current, prior = np.zeros((2, 80, 9, 9), dtype=bool)
    # bars of 1 mm2 that grow at both ends by less than 3 mm a voxel short of the threshold
    current[10 : 10 + now // 4, 3:5, 3:5] = True
    current.reshape(-1)[np.flatnonzero(current)[now:]] = False
    extra = now - int(current.sum())
    current[9, 3, 3 : 3 + extra] = True
    prior[10 : 10 + then // 4, 3:5, 3:5] = True
    result = change(current, prior)
    row = result.lesions[1]
    assert number(row["volume_change_percent"]) == pytest.approx(100 * (now / then - 1))
    assert classes(result) == [expected]


def test_large_lesions_change_from_24_percent() -> None:
    prior = np.zeros((40, 20, 20), dtype=bool)
    prior[5:15, 5:15, 5:15] = True  # 1000 mm3
    for length, expected in ((12, "unchanged"), (13, "enlarging"), (8, "unchanged")):
        current = np.zeros_like(prior)
        current[5 : 5 + length, 5:15, 5:15] = True
        assert classes(change(current, prior)) == [expected], length
    current = np.zeros_like(prior)
    current[5:12, 5:15, 5:15] = True
    assert classes(change(current, prior)) == ["shrinking"]


def test_the_thresholds_are_those_of_the_source() -> None:
    assert pytest.approx(2 * 12.1) == CHANGE_PERCENT_LARGE
    assert pytest.approx(2 * 22.6) == CHANGE_PERCENT_SMALL


def test_a_mask_drawn_one_voxel_wider_is_not_growth() -> None:
    from scipy.ndimage import binary_dilation

    prior = ball_at(30, 4)
    row = change(binary_dilation(prior), prior).lesions[1]
    assert number(row["volume_change_percent"]) > 50
    assert reason(row["change_class"]) is Reason.BELOW_NOISE


def test_a_shift_of_one_voxel_is_no_change() -> None:
    mask = scattered()
    for shift in ((1, 0, 0), (1, -1, 0), (-1, 1, 1)):
        moved = np.roll(np.pad(mask, 2), shift, (0, 1, 2))
        result = change(np.pad(mask, 2), moved)
        assert set(classes(result)) == {"unchanged"}
        assert "resolved" not in counts(result)


def test_a_part_that_grows_shows_in_a_large_lesion() -> None:
    prior = ball((80, 60, 60), (30, 30, 30), 20.0)
    outgrowth = ball((80, 60, 60), (53, 30, 30), 5.0)
    row = change(prior | outgrowth, prior).lesions[1]
    assert number(row["volume_change_percent"]) < 2
    assert number(row["gained_volume_mm3"]) > 100
    assert row["change_class"] == Category("enlarging")


def test_masks_that_differ_both_ways_say_nothing() -> None:
    row = change(ball_at(26, 8), ball_at(34, 8)).lesions[1]
    assert abs(number(row["volume_change_percent"])) < 2
    assert number(row["gained_volume_mm3"]) == number(row["lost_volume_mm3"]) > 100
    assert reason(row["change_class"]) is Reason.LOW_QUALITY


def test_lesions_that_split_are_compared_as_a_sum() -> None:
    prior = np.zeros((40, 12, 12), dtype=bool)
    prior[5:25, 4:8, 4:8] = True
    current = prior.copy()
    current[14:16] = False
    result = change(current, prior)
    assert classes(result) == ["unchanged", "unchanged"]
    for row in result.lesions.values():
        assert number(row["prior_volume_mm3"]) == 320
        assert number(row["volume_change_percent"]) == pytest.approx(-10)


def test_lesions_that_merged_are_compared_as_a_sum() -> None:
    prior = np.zeros((40, 12, 12), dtype=bool)
    prior[5:14, 4:8, 4:8] = prior[16:25, 4:8, 4:8] = True
    current = prior.copy()
    current[14:16, 5:7, 5:7] = True
    (row,) = change(current, prior).lesions.values()
    assert number(row["prior_volume_mm3"]) == 288
    assert row["change_class"] == Category("unchanged")


def test_a_new_lesion_beside_an_old_one_does_not_hide_behind_it() -> None:
    prior = ball_at(20, 8)
    current = prior | ball_at(34, 5)
    current[28] = False  # the edge of the old lesion; the new one starts beside the prior
    result = change(current, prior)
    assert len(result.lesions) == 2
    assert result.lesions[2]["change_class"] == Category("enlarging")
    apart = change(prior | ball_at(37, 5), prior)
    assert apart.lesions[2]["change_class"] == Category("new")


def test_the_next_thick_slice_is_within_the_tolerance() -> None:
    matrix = affine((1.0, 1.0, 5.0))
    prior, current = np.zeros((2, 20, 20, 9), dtype=bool)
    prior[5:15, 5:15, 4] = True
    current[5:15, 5:15, 5] = True
    row = change(current, prior, matrix).lesions[1]
    assert row["change_class"] == Category("unchanged")
    assert number(row["gained_volume_mm3"]) == 0


def test_voxels_of_half_a_mm_have_a_tolerance_of_one_mm() -> None:
    matrix = affine((0.5, 0.5, 0.5))
    prior, current = np.zeros((2, 30, 20, 20), dtype=bool)
    prior[5:10, 5:10, 5:10] = True
    current[11:16, 5:10, 5:10] = True  # a gap of one voxel: 1 mm between centres
    assert number(change(current, prior, matrix).lesions[1]["prior_overlap_fraction"]) > 0
    assert change(np.roll(current, 1, 0), prior, matrix).lesions[1]["change_class"] == Category(
        "new"
    )


def test_specks_have_rows_but_are_not_counted() -> None:
    current = ball_at(15, 4)
    current[40, 20, 20] = True
    result = change(current, np.zeros(SHAPE, dtype=bool))
    assert classes(result) == ["new", "new"]
    assert counts(result) == {"new": 1}
    speck = np.zeros(SHAPE, dtype=bool)
    speck[40, 20, 20] = True
    assert counts(change(np.zeros(SHAPE, dtype=bool), speck)) == {}


def test_outside_the_field_of_view_of_the_prior_nothing_is_new() -> None:
    lesions = lesion_map(lesion_mask(ball_at(15, 4) | ball_at(45, 5)))
    seen = np.zeros(SHAPE, dtype=bool)
    seen[:30] = True
    result = match(lesions, np.zeros(SHAPE, dtype=bool), prior_seen=seen)
    assert reason(result.lesions[1]["change_class"]) is Reason.OUTSIDE_FIELD_OF_VIEW
    assert result.lesions[2]["change_class"] == Category("new")
    assert counts(result) == {"new": 1, "uncertain": 1}


def test_in_mni_space_volumes_need_the_native_scale() -> None:
    lesions = lesion_map(lesion_mask(ball_at(20, 5)))
    row = match(lesions, ball_at(20, 5), space="mni").lesions[1]
    assert reason(row["prior_volume_mm3"]) is Reason.SCALE_UNKNOWN
    assert row["change_class"] == Category("unchanged")
    scaled = match(lesions, ball_at(20, 5), space="mni", native_scale=0.5).lesions[1]
    assert number(scaled["prior_volume_mm3"]) == pytest.approx(ball_at(20, 5).sum() / 8)


def test_a_prior_on_another_grid_is_refused() -> None:
    lesions = lesion_map(lesion_mask(ball_at(20, 5)))
    with pytest.raises(ValueError, match="shape"):
        match(lesions, np.zeros((3, 3, 3), dtype=bool))


def test_all_48_orientations_print_the_same_table() -> None:
    matrix = affine((1.0, 1.1, 2.5), turn_deg=12)
    current, prior = scattered(seed=3), scattered(seed=3) & scattered(seed=3)[::-1]
    prior |= scattered(seed=8)

    def table(codes: str) -> list[list[str]]:
        now, now_affine = to_ras(*reorient(current, matrix, codes))
        then, _ = to_ras(*reorient(prior, matrix, codes))
        result = match(lesion_map(lesion_mask(now, now_affine)), then)
        rows = [*result.lesions.values(), result.study]
        return [[printed(value) for value in row.values()] for row in rows]

    first = table("RAS")
    assert len({row[-1] for row in first[:-1]}) >= 3  # several classes
    assert all(table(codes) == first for codes in ORIENTATIONS)


def test_names_and_order_are_those_of_the_catalogue() -> None:
    for result in (change(ball_at(20, 5), None), change(ball_at(20, 5), ball_at(40, 5))):
        for level, row in (("lesion", result.lesions[1]), ("study", result.study)):
            assert list(row) == [spec.name for spec in CHANGE_SPECS if spec.level == level]


@pytest.mark.real
def test_the_new_frontal_lesion_of_p14_is_new() -> None:
    import nibabel

    masks = []
    for date in ("T1", "T2"):
        image = nibabel.load(shared_data() / f"mslesseg/P14/P14_{date}_MASK.nii.gz")
        masks.append(to_ras(np.asanyarray(image.dataobj) > 0, image.affine))
    (prior, _), (current, matrix) = masks
    lesions = lesion_map(lesion_mask(current, matrix))
    result = match(lesions, prior)
    frontal = [
        x.id for x in lesions.lesions if 3400 < x.volume_mm3 < 3600 and x.centroid_mm[1] > 20
    ]
    assert len(frontal) == 1
    assert result.lesions[frontal[0]]["change_class"] == Category("new")
    assert number(result.study["new_lesion_count"]) == 6
