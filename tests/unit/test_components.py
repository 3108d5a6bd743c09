from __future__ import annotations

import numpy as np
import pytest

from lesionaid.geometry import reorient, to_ras
from lesionaid.lesions.components import bounding_box, connected_components, lesion_map
from tests.shared_data import shared_data
from tests.unit.lesion_phantoms import ORIENTATIONS, affine, lesion_mask, scattered


def test_voxels_that_share_a_corner_are_one_lesion() -> None:
    data = np.zeros((4, 4, 4))
    data[1, 1, 1] = data[2, 2, 2] = 1
    assert len(lesion_map(lesion_mask(data)).lesions) == 1


def test_a_gap_of_one_voxel_parts_two_lesions() -> None:
    data = np.zeros((5, 5, 5))
    data[1, 1, 1] = data[3, 3, 3] = 1
    assert len(lesion_map(lesion_mask(data)).lesions) == 2


def test_an_empty_mask_has_no_lesions() -> None:
    lesions = lesion_map(lesion_mask(np.zeros((3, 4, 5))))
    assert lesions.lesions == ()
    assert lesions.groups == ()
    assert lesions.labels.shape == (3, 4, 5)
    assert lesions.volume_mm3 == 0


def test_a_lesion_is_described_in_mm_of_an_oblique_grid() -> None:
    matrix = affine((1.0, 1.5, 3.0), turn_deg=20)
    data = np.zeros((9, 9, 9))
    data[2:4, 3:7, 5] = 1
    (lesion,) = lesion_map(lesion_mask(data, matrix)).lesions
    assert lesion.n_voxels == 8
    assert lesion.volume_mm3 == pytest.approx(8 * 4.5)
    assert lesion.box == (slice(2, 4), slice(3, 7), slice(5, 6))
    centre = matrix @ [2.5, 4.5, 5, 1]
    assert lesion.centroid_mm == pytest.approx(tuple(centre[:3]))


def test_ids_run_from_the_largest_down_with_ties_by_centroid() -> None:
    data = np.zeros((20, 6, 6))
    data[15:17, 2, 2] = 1  # two voxels, further right
    data[2:4, 2, 2] = 1  # two voxels, further left: first of the tie
    data[8:13, 2, 2] = 1  # five voxels
    lesions = lesion_map(lesion_mask(data))
    assert [lesion.n_voxels for lesion in lesions.lesions] == [5, 2, 2]
    assert [lesions.labels[x, 2, 2] for x in (8, 2, 15)] == [1, 2, 3]
    assert [lesion.id for lesion in lesions.lesions] == [1, 2, 3]


def test_labels_and_lesions_agree() -> None:
    lesions = lesion_map(lesion_mask(scattered()))
    counts = np.bincount(lesions.labels.ravel())
    assert counts.size == len(lesions.lesions) + 1
    for lesion in lesions.lesions:
        assert counts[lesion.id] == lesion.n_voxels
        assert np.count_nonzero(lesions.labels[lesion.box] == lesion.id) == lesion.n_voxels


def test_instances_are_kept_as_they_are() -> None:
    data = np.zeros((8, 4, 4), dtype=int)
    data[1:3, 1, 1] = 700_000_000  # touches the next one
    data[3:6, 1, 1] = -4
    data[7, 3, 3] = -4  # apart, yet of the same instance
    lesions = lesion_map(lesion_mask(data, kind="instances"))
    assert [lesion.n_voxels for lesion in lesions.lesions] == [4, 2]


def test_the_names_of_instances_leave_no_trace() -> None:
    components = connected_components(scattered())
    rng = np.random.default_rng(0)
    renamed = np.concatenate([[0], 10 + rng.permutation(components.max())])[components]
    a = lesion_map(lesion_mask(components, kind="instances"))
    b = lesion_map(lesion_mask(renamed, kind="instances"))
    assert a.lesions == b.lesions
    assert np.array_equal(a.labels, b.labels)
    assert np.array_equal(a.labels, lesion_map(lesion_mask(scattered())).labels)


def test_two_instances_of_one_size_and_centre_keep_a_stable_order() -> None:
    data = np.zeros((5, 5, 5), dtype=int)
    data[2, 1, 2] = data[2, 3, 2] = 1
    data[1, 2, 2] = data[3, 2, 2] = 2
    swapped = np.array([0, 2, 1])[data]
    a = lesion_map(lesion_mask(data, kind="instances"))
    b = lesion_map(lesion_mask(swapped, kind="instances"))
    assert np.array_equal(a.labels, b.labels)


def test_specks_are_under_three_mm3() -> None:
    data = np.zeros((12, 4, 4))
    data[0:2, 1, 1] = 1
    data[4:7, 1, 1] = 1
    specks = [lesion.speck for lesion in lesion_map(lesion_mask(data)).lesions]
    assert specks == [False, True]
    # 3 x 1.0 mm3, with a determinant that is a rounding error short of 1
    turned = lesion_map(lesion_mask(data, affine((1, 1, 1), turn_deg=33.3)))
    assert [lesion.speck for lesion in turned.lesions] == [False, True]


def test_the_native_scale_decides_about_specks_but_changes_no_size() -> None:
    data = np.zeros((6, 4, 4))
    data[1:5, 1, 1] = 1  # 4 mm3 in the mask, 4 x 0.9^3 = 2.9 mm3 in the patient
    (lesion,) = lesion_map(lesion_mask(data), native_scale=0.9).lesions
    assert lesion.speck
    assert lesion.volume_mm3 == pytest.approx(4)


def test_all_48_orientations_give_the_same_lesions() -> None:
    data, matrix = scattered().astype(np.int32), affine((1.0, 1.1, 2.5), turn_deg=12)
    first = lesion_map(lesion_mask(data, np.round(matrix, 6)))
    for codes in ORIENTATIONS:
        stored = reorient(data, matrix, codes)
        again = lesion_map(lesion_mask(*to_ras(*stored)))
        assert again.lesions == first.lesions, codes
        assert again.groups == first.groups
        assert np.array_equal(again.labels, first.labels)


def test_moving_the_lesions_moves_the_centroids_only() -> None:
    data = np.zeros((60, 60, 60))
    data[5:45, 4:48, 6:42] = scattered()
    moved = np.roll(data, (9, -3, 11), (0, 1, 2))
    a, b = (lesion_map(lesion_mask(image)) for image in (data, moved))
    assert [x.n_voxels for x in a.lesions] == [x.n_voxels for x in b.lesions]
    shift = np.array([x.centroid_mm for x in b.lesions]) - [x.centroid_mm for x in a.lesions]
    assert np.allclose(shift, (9, -3, 11))
    assert a.groups == b.groups


def test_the_bounding_box_is_tight() -> None:
    mask = np.zeros((7, 8, 9), dtype=bool)
    assert bounding_box(mask) is None
    mask[2, 3, 4] = mask[5, 3, 8] = True
    assert bounding_box(mask) == (slice(2, 6), slice(3, 4), slice(4, 9))


@pytest.mark.real
def test_every_voxel_of_the_real_masks_is_counted() -> None:
    import nibabel

    files = sorted((shared_data() / "open_ms_masks_mni").glob("*.nii.gz"))
    assert len(files) == 14
    for file in files:
        image = nibabel.load(file)
        data, matrix = to_ras(np.asanyarray(image.dataobj) > 0, image.affine)
        lesions = lesion_map(lesion_mask(data, matrix))
        volume = np.count_nonzero(data) * lesions.grid.voxel_volume_mm3
        assert sum(x.volume_mm3 for x in lesions.lesions) == pytest.approx(volume, rel=1e-12)
        assert lesions.volume_mm3 == volume
        assert [x.n_voxels for x in lesions.lesions] == sorted(
            (x.n_voxels for x in lesions.lesions), reverse=True
        )
        grouped = [n for g in lesions.groups for n in (g.main, *g.satellites)]
        assert sorted(grouped) == [x.id for x in lesions.lesions if not x.speck]
