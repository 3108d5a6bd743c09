"""Ids through a reader's edits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.stable_ids import keep_ids, match_ids
from lesionaid.study.scan import LesionMask, Source

GRID = Grid((40, 20, 10), np.diag([1.0, 1.0, 1.0, 1.0]))


def block(*corners: tuple[int, int]) -> NDArray[np.int32]:
    """Blocks along x, from and to."""
    data = np.zeros(GRID.shape, dtype=np.int32)
    for start, stop in corners:
        data[start:stop, 5:9, 3:6] = 1
    return data


def test_rejected_kept_and_added() -> None:
    first = lesion_map(LesionMask(block((1, 11), (14, 20), (23, 26)), GRID, _source()))
    assert [x.id for x in first.lesions] == [1, 2, 3]
    edited = block((1, 11), (23, 26), (30, 38))  # 2 rejected, one added that is larger than 3
    again = keep_ids(lesion_map(LesionMask(edited, GRID, _source())), first.labels, GRID)
    assert [x.id for x in again.lesions] == [1, 3, 4]
    assert again.labels[5, 6, 4] == 1
    assert again.labels[24, 6, 4] == 3
    assert again.labels[33, 6, 4] == 4
    assert {group.main for group in again.groups} | {
        small for group in again.groups for small in group.satellites
    } == {1, 3, 4}


def test_of_a_split_lesion_the_larger_part_keeps_the_id() -> None:
    first = lesion_map(LesionMask(block((1, 13)), GRID, _source()))
    again = keep_ids(
        lesion_map(LesionMask(block((1, 4), (6, 13)), GRID, _source())), first.labels, GRID
    )
    assert again.labels[8, 6, 4] == 1
    assert again.labels[2, 6, 4] == 2


def test_of_joined_lesions_the_larger_gives_the_id() -> None:
    first = lesion_map(LesionMask(block((1, 4), (6, 13)), GRID, _source()))
    again = keep_ids(lesion_map(LesionMask(block((1, 13)), GRID, _source())), first.labels, GRID)
    assert [x.id for x in again.lesions] == [1]


def test_an_unedited_mask_keeps_every_id() -> None:
    first = lesion_map(LesionMask(block((1, 11), (14, 20)), GRID, _source()))
    again = keep_ids(first, first.labels, GRID)
    assert np.array_equal(again.labels, first.labels)
    assert again.lesions == first.lesions


def test_a_rejected_largest_id_is_not_given_away_within_a_run() -> None:
    earlier = block((1, 5)) * 7
    assert match_ids(block((20, 24)), earlier) == {1: 8}


def test_nothing_left() -> None:
    empty = np.zeros(GRID.shape, dtype=np.int32)
    assert match_ids(empty, block((1, 5))) == {}
    again = keep_ids(lesion_map(LesionMask(empty, GRID, _source())), block((1, 5)), GRID)
    assert again.lesions == ()


def _source() -> Source:
    return Source("m", "", "RAS", GRID)
