"""FreeSurfer's numbering to sites and lobes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lesionaid.anatomy.labels import label_table, read_labels
from lesionaid.anatomy.map import LOBES, PARTS, SITES
from lesionaid.errors import AnalysisError
from lesionaid.geometry import Grid
from lesionaid.study.scan import LabelMap, Source

GRID = Grid((20, 20, 20), np.eye(4))


def label_map(data: Any, grid: Grid = GRID) -> LabelMap:
    return LabelMap(np.asarray(data, dtype=np.int32), grid, Source("aparc.mgz", "0", "RAS", grid))


def small_brain() -> np.ndarray[Any, Any]:
    data = np.zeros(GRID.shape, dtype=np.int32)
    data[2:18, 2:18, 2:18] = 1028  # left superior frontal
    data[10:18, 2:18, 2:18] = 2022  # right postcentral
    data[4:16, 4:16, 4:16] = 2
    data[10:16, 4:16, 4:16] = 41
    data[8:12, 8:12, 8:12] = 4
    return data


@pytest.mark.parametrize(
    ("label", "site", "lobe"),
    [
        (4, "lateral_ventricle", None),
        (44, "lateral_ventricle", None),
        (14, "third_ventricle", None),
        (15, "fourth_ventricle", None),
        (16, "brainstem", None),
        (8, "cerebellum", None),
        (46, "cerebellum", None),
        (10, "deep_gray_matter", None),
        (51, "deep_gray_matter", None),
        (17, "deep_gray_matter", "temporal_left"),
        (24, "csf", None),
        (253, "corpus_callosum", None),
        (1024, "cortex", "frontal_left"),
        (2022, "cortex", "parietal_right"),
        (1021, "cortex", "occipital_left"),
        (2015, "cortex", "temporal_right"),
        (1035, "cortex", "insula_left"),
        (4030, "white_matter", "temporal_right"),
        (77, "white_matter", None),
    ],
)
def test_table(label: int, site: str, lobe: str | None) -> None:
    table = label_table()
    assert table.known[label]
    assert SITES[int(table.sites[label])] == site
    assert LOBES.get(int(table.lobes[label])) == lobe


@pytest.mark.parametrize(
    ("label", "part"),
    [
        (10, "thalamus"),
        (50, "caudate"),
        (12, "putamen"),
        (52, "pallidum"),
        (17, "hippocampus"),
        (54, "amygdala"),
        (251, "callosum_splenium"),
        (253, "callosum_body"),
        (255, "callosum_genu"),
        (46, "cerebellar_white_matter"),
        (8, "cerebellar_gray_matter"),
        (44, "ventricle_temporal_horn"),
        (85, "optic_pathway"),
        (1015, "inferior_temporal"),
        (4009, "inferior_temporal"),
        (2033, "anterior_temporal"),
        (1030, None),
        (16, None),
        (28, None),
        (4, None),
    ],
)
def test_parts_that_labels_name(label: int, part: str | None) -> None:
    assert PARTS.get(int(label_table().parts[label])) == part


def test_numbers_that_mean_nothing_are_unknown() -> None:
    assert not label_table().known[[0, 1, 6, 100, 1004, 2004, 1036]].any()


def test_white_matter_takes_the_nearest_gyrus() -> None:
    found = read_labels(label_map(small_brain()), GRID)
    assert LOBES[int(found.lobes[4, 10, 10])] == "frontal_left"
    assert LOBES[int(found.lobes[15, 10, 10])] == "parietal_right"
    assert found.lobes[9, 9, 9] == 0
    assert SITES[int(found.sites[9, 9, 9])] == "lateral_ventricle"
    assert found.recognised == 1.0
    assert not found.notes


def test_white_matter_takes_the_part_of_the_nearest_gyrus() -> None:
    data = small_brain()
    data[data == 2022] = 2009  # right inferior temporal
    data[15, 10, 10] = 85  # a chiasm in the wrong place keeps its name
    data[14, 14, 14] = 49
    found = read_labels(label_map(data), GRID)
    assert PARTS[int(found.parts[15, 8, 8])] == "inferior_temporal"
    assert found.parts[4, 10, 10] == 0
    assert PARTS[int(found.parts[15, 10, 10])] == "optic_pathway"
    assert PARTS[int(found.parts[14, 14, 14])] == "thalamus"


def test_labels_on_another_grid_land_in_place() -> None:
    fine = Grid(
        (40, 40, 40),
        np.array([[0.5, 0, 0, -0.25], [0, 0.5, 0, -0.25], [0, 0, 0.5, -0.25], [0, 0, 0, 1.0]]),
    )
    data = small_brain().repeat(2, 0).repeat(2, 1).repeat(2, 2)
    found = read_labels(label_map(data, fine), GRID)
    expected = read_labels(label_map(small_brain()), GRID)
    np.testing.assert_array_equal(found.sites, expected.sites)


def test_aseg_without_gyri_has_no_lobes_and_says_so() -> None:
    data = small_brain()
    data[data > 1000] = 3
    found = read_labels(label_map(data), GRID)
    assert not found.lobes.any()
    assert [note.code for note in found.notes] == ["W36"]


def test_another_numbering_is_refused() -> None:
    data = np.where(small_brain() > 0, 600, 0)
    with pytest.raises(AnalysisError, match="A05"):
        read_labels(label_map(data), GRID)


def test_a_mask_is_not_anatomy() -> None:
    with pytest.raises(AnalysisError, match="A05"):
        read_labels(label_map(small_brain() > 0), GRID)


def test_labels_without_ventricles_are_refused() -> None:
    data = small_brain()
    data[data == 4] = 2
    with pytest.raises(AnalysisError, match="lateral_ventricle"):
        read_labels(label_map(data), GRID)


def test_labels_elsewhere_are_refused() -> None:
    away = np.eye(4)
    away[0, 3] = 500
    with pytest.raises(AnalysisError, match="field of view"):
        read_labels(label_map(small_brain(), Grid(GRID.shape, away)), GRID)
