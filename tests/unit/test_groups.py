from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.groups import small_neighbours
from lesionaid.tables import LesionGroup
from tests.unit.lesion_phantoms import affine, ball, lesion_mask, scattered

SHAPE = (80, 30, 30)


def main_and_small(gap: int) -> NDArray[np.bool_]:
    """A ball of 10 mm diameter and a bar of 4 voxels, `gap` mm between nearest centres."""
    mask = ball(SHAPE, (12, 15, 15), 5.0)
    mask[17 + gap : 21 + gap, 15, 15] = True
    return mask


def test_a_small_lesion_within_20_mm_joins_the_main_one() -> None:
    lesions = lesion_map(lesion_mask(main_and_small(20)))
    assert lesions.groups == (LesionGroup(1, (2,)),)


def test_beyond_20_mm_it_is_a_group_of_its_own() -> None:
    lesions = lesion_map(lesion_mask(main_and_small(21)))
    assert lesions.groups == (LesionGroup(1), LesionGroup(2))


def test_distance_is_measured_from_the_surface() -> None:
    data = main_and_small(7)
    lesions = lesion_map(lesion_mask(data))
    ((small, distance),) = small_neighbours(lesions.labels, lesions.grid, lesions.lesions)[1]
    assert (small, distance) == (2, pytest.approx(7.0))


def test_distance_is_in_mm_on_thick_oblique_slices() -> None:
    matrix = affine((1.0, 1.0, 3.0), turn_deg=25)
    data = np.zeros((30, 30, 30), dtype=bool)
    data[5:13, 5:13, 5:8] = True
    data[8:10, 8:10, 11] = True  # four slices on
    lesions = lesion_map(lesion_mask(data, matrix))
    ((_, distance),) = small_neighbours(lesions.labels, lesions.grid, lesions.lesions)[1]
    assert distance == pytest.approx(12.0)


def test_a_small_lesion_goes_to_the_nearer_main_one() -> None:
    data = ball(SHAPE, (10, 15, 15), 6.0) | ball(SHAPE, (50, 15, 15), 5.0)
    data[33:37, 15, 15] = True
    lesions = lesion_map(lesion_mask(data))
    assert lesions.groups == (LesionGroup(1), LesionGroup(2, (3,)))
    beside = small_neighbours(lesions.labels, lesions.grid, lesions.lesions)
    assert [pairs[0][0] for pairs in beside.values()] == [3, 3]
    assert [pairs[0][1] for pairs in beside.values()] == pytest.approx([17.0, 9.0])


def test_at_equal_distance_the_larger_takes_it() -> None:
    data = ball(SHAPE, (10, 15, 15), 6.0) | ball(SHAPE, (50, 15, 15), 5.0)
    data[30:32, 14:16, 15] = True  # 14 mm from the one (16), 14 mm from the other (45)
    lesions = lesion_map(lesion_mask(data))
    assert lesions.groups == (LesionGroup(1, (3,)), LesionGroup(2))


def test_specks_belong_to_no_group() -> None:
    data = ball(SHAPE, (12, 15, 15), 5.0)
    data[20, 15, 15] = True
    lesions = lesion_map(lesion_mask(data))
    assert lesions.lesions[1].speck
    assert lesions.groups == (LesionGroup(1),)


def test_five_mm_equivalent_diameter_parts_small_from_main() -> None:
    data = ball(SHAPE, (12, 15, 15), 5.0)
    data[22:26, 13:17, 13:17] = True  # 64 mm3: 4.96 mm
    data[50:54, 13:17, 13:17] = True
    data[54, 13:15, 13] = True  # 66 mm3: 5.01 mm
    lesions = lesion_map(lesion_mask(data))
    assert lesions.groups == (LesionGroup(1, (3,)), LesionGroup(2))


def test_without_a_main_lesion_each_small_one_stands_alone() -> None:
    data = np.zeros(SHAPE)
    data[2:6, 2, 2] = data[10:14, 2, 2] = 1
    assert lesion_map(lesion_mask(data)).groups == (LesionGroup(1), LesionGroup(2))


def test_native_scale_moves_both_limits() -> None:
    data = main_and_small(21)
    assert lesion_map(lesion_mask(data), native_scale=0.92).groups == (LesionGroup(1, (2,)),)
    data = ball(SHAPE, (12, 15, 15), 2.6)  # 5.2 mm here, 4.4 mm in the patient
    data[20:26, 15, 15] = True
    assert len(lesion_map(lesion_mask(data)).groups) == 1
    assert len(lesion_map(lesion_mask(data), native_scale=0.85).groups) == 2


def test_pruning_by_boxes_loses_no_pair() -> None:
    from scipy.spatial.distance import cdist

    matrix = affine((1.0, 1.2, 2.0), turn_deg=15)
    lesions = lesion_map(lesion_mask(scattered(), matrix))
    found = small_neighbours(lesions.labels, lesions.grid, lesions.lesions, within_mm=9.0)
    places = {
        x.id: lesions.grid.to_mm(np.argwhere(lesions.labels == x.id)) for x in lesions.lesions
    }
    smalls = [x.id for x in lesions.lesions if not x.speck and x.equivalent_diameter_mm < 5]
    assert len(found) > 3
    assert len(smalls) > 3
    for main, pairs in found.items():
        exact = {n: cdist(places[main], places[n]).min() for n in smalls}
        assert dict(pairs) == pytest.approx({n: d for n, d in exact.items() if d <= 9.0})
