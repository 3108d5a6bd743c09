"""Masks: what their numbers mean, and whether they belong to the scan."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lesionaid.errors import GridError, InputError, MaskError
from lesionaid.geometry import Grid
from lesionaid.study.gate import GateOptions, load_scan
from lesionaid.study.mask import load_mask
from lesionaid.study.scan import Contrast
from lesionaid.study.space import check_in_template, is_template_grid
from tests import bad_inputs as bad
from tests.shared_data import shared_data

ORIENTATIONS = [
    "".join(codes)
    for axes in itertools.permutations(("LR", "PA", "IS"))
    for codes in itertools.product(*axes)
]


@pytest.fixture
def scan(tmp_path):
    return load_scan(bad.scan(tmp_path), Contrast.FLAIR)[0]


def read(tmp_path, row, scan, **options):
    return load_mask(row(tmp_path), scan, GateOptions(**options))


def codes_of(path, scan):
    """The refusal's code, or the codes of all notes."""
    try:
        _, notes = load_mask(path, scan)
    except InputError as error:
        return {error.code}
    return {note.code for note in notes}


@pytest.mark.parametrize(("name", "row", "code"), bad.MASKS, ids=[row[0] for row in bad.MASKS])
def test_catalogue_row_has_its_code(tmp_path, scan, name, row, code):
    assert codes_of(row(tmp_path), scan) == ({code} if code else set())


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_orientation_of_a_mask_does_not_matter(tmp_path, scan, codes):
    mask, notes = read(tmp_path, bad.reoriented_lesion(codes), scan)
    assert notes == ()
    np.testing.assert_array_equal(mask.data, bad.lesion()[::-1])


def test_binary_mask_is_exact(tmp_path, scan):
    mask, _ = read(tmp_path, bad.mask_of(bad.lesion()), scan)
    assert mask.data.dtype == np.int32
    assert mask.kind == "binary"
    assert mask.threshold is None
    assert mask.soft_volume_mm3 is None
    np.testing.assert_array_equal(mask.data, bad.lesion()[::-1])


def test_0_255_mask_says_which_value_is_lesion(tmp_path, scan):
    mask, (note,) = read(tmp_path, bad.mask_of(bad.lesion() * 255), scan)
    assert "255" in note.value
    assert set(np.unique(mask.data)) == {0, 1}


def test_rounded_slope_does_not_make_a_mask_probabilistic(tmp_path, scan):
    row = bad.mask_of(bad.lesion() * 255, bad.AFFINE, (bad.SLOPE, "f", 0.00392))
    mask, notes = read(tmp_path, row, scan)
    assert notes == ()
    assert mask.threshold is None
    assert mask.data.sum() == bad.lesion().sum()


@pytest.mark.parametrize(
    ("threshold", "used", "voxels"), [(None, 0.5, 27), (0.25, 0.25, 28), (0.9, 0.9, 0)]
)
def test_probabilities_are_cut_at_a_stated_threshold(tmp_path, scan, threshold, used, voxels):
    row = bad.mask_of(bad.probabilities())
    mask, notes = read(tmp_path, row, scan, mask_threshold=threshold)
    assert mask.threshold == used
    assert mask.data.sum() == voxels
    assert mask.soft_volume_mm3 == pytest.approx(27 * 0.8 + 0.3)
    assert f"{used:g}" in notes[0].value
    assert ("W24" in {note.code for note in notes}) == (voxels == 0)


def test_a_voxel_at_the_threshold_is_lesion(tmp_path, scan):
    row = bad.mask_of(bad.lesion().astype(np.float32) / 2)
    mask, _ = read(tmp_path, row, scan)
    assert mask.data.sum() == 28


def test_several_labels_are_listed_in_the_refusal(tmp_path, scan):
    with pytest.raises(MaskError, match=r"E37.*1, 4"):
        read(tmp_path, bad.mask_of(bad._LABELS), scan)


@pytest.mark.parametrize(
    ("labels", "voxels", "kind"),
    [("lst-ai", 28, "binary"), ("instances", 28, "instances"), ((4,), 1, "binary")],
)
def test_labels_option_says_what_the_numbers_are(tmp_path, scan, labels, voxels, kind):
    mask, _ = read(tmp_path, bad.mask_of(bad._LABELS), scan, labels=labels)
    assert np.count_nonzero(mask.data) == voxels
    assert mask.kind == kind
    assert set(np.unique(mask.data)) == ({0, 1, 4} if kind == "instances" else {0, 1})


def test_lst_ai_labels_stop_at_four(tmp_path, scan):
    with pytest.raises(MaskError, match="E37"):
        read(tmp_path, bad.mask_of(bad._LABELS * 2), scan, labels="lst-ai")


def test_labels_that_do_not_occur_are_a_noted_zero(tmp_path, scan):
    mask, notes = read(tmp_path, bad.mask_of(bad._LABELS), scan, labels=(77,))
    assert not mask.data.any()
    assert {note.code for note in notes} == {"W24", "W25"}
    assert "1, 4" in notes[0].value


def test_many_numbered_lesions_need_the_option(tmp_path, scan):
    numbers = np.zeros(bad.SHAPE, np.int16)
    inside = np.argwhere(bad.brain() > 0)[::50][:60]
    numbers[tuple(inside.T)] = np.arange(1, 61)
    with pytest.raises(MaskError, match="E38"):
        read(tmp_path, bad.mask_of(numbers), scan)
    mask, _ = read(tmp_path, bad.mask_of(numbers), scan, labels="instances")
    assert mask.data.max() == 60


def test_empty_mask_is_a_known_zero(tmp_path, scan):
    mask, (note,) = read(tmp_path, bad.mask_of(np.zeros(bad.SHAPE, np.uint8)), scan)
    assert note.code == "W24"
    assert not mask.data.any()


def test_mask_on_another_grid_keeps_it(tmp_path, scan):
    fine = bad.AFFINE @ np.diag([0.5, 0.5, 0.5, 1])
    fine[:3, 3] -= bad.AFFINE[:3, :3] @ [0.25, 0.25, 0.25]  # the same corner of the field of view
    row = bad.mask_of(np.kron(bad.lesion(), np.ones((2, 2, 2), np.uint8)), fine)
    mask, (note,) = read(tmp_path, row, scan)
    assert note.code == "W28"
    assert mask.grid.shape == tuple(2 * n for n in bad.SHAPE)
    assert mask.data.sum() * mask.grid.voxel_volume_mm3 == pytest.approx(28)


def test_lost_header_needs_a_word_and_still_has_to_lie_in_the_brain(tmp_path, scan):
    with pytest.raises(GridError, match=r"E40.*24 x 28 x 20"):
        read(tmp_path, bad.mask_of(bad.lesion(), bad.shifted(2)), scan)
    _, (note,) = read(tmp_path, bad.mask_of(bad.lesion(), bad.shifted(2)), scan, resample_mask=True)
    assert note.code == "W28"
    with pytest.raises(GridError, match="E41"):
        read(tmp_path, bad.mask_of(bad.lesion(), bad.shifted(30)), scan, resample_mask=True)


def test_a_word_does_not_open_another_space(tmp_path, scan):
    row = bad.mask_of(bad._in_template(), bad.MNI_AFFINE)
    with pytest.raises(GridError, match=r"E41[^\n]*182 x 218 x 182[^\n]*24 x 28 x 20"):
        read(tmp_path, row, scan, resample_mask=True)


def test_template_code_in_the_header_is_believed_until_vouched_for(tmp_path, scan):
    affine = bad.AFFINE.copy()
    affine[:3, 3] = (bad.AFFINE @ [2, 2, 2, 1])[:3]
    data = bad.lesion()[2:, 2:, 2:]
    row = bad.mask_of(data, affine, (bad.QFORM_CODE, "hh", (4, 4)))
    with pytest.raises(GridError, match=r"E41.*template space"):
        read(tmp_path, row, scan)
    _, (note,) = read(tmp_path, row, scan, resample_mask=True)
    assert note.code == "W28"


def test_mask_drawn_on_another_scan_is_held_against_that_one(tmp_path, scan):
    thick = bad.AFFINE @ np.diag([1, 1, 2, 1])
    path = bad.put(tmp_path, bad.nifti(bad.brain()[:, :, ::2], thick), "t2w.nii.gz")
    other, _ = load_scan(path, Contrast.T2W)
    row = bad.mask_of(bad.lesion()[:, :, ::2], thick)
    _, (note,) = load_mask(row(tmp_path), scan, GateOptions(), others=[other])
    assert (note.code, note.value) == ("W28", "the grid of the T2w")


def test_without_a_scan_only_the_size_can_be_judged(tmp_path):
    mask, notes = load_mask(bad.mask_of(bad.lesion())(tmp_path), None)
    assert notes == ()
    assert mask.data.sum() == 28
    with pytest.raises(MaskError, match="E35"):
        load_mask(bad.mask_of(np.ones(bad.SHAPE, np.uint8))(tmp_path), None)


def test_dark_cavities_inside_the_brain_are_inside(tmp_path):
    brain = bad.brain()
    brain[8:11, 12:15, 8:11] = 0
    path = bad.put(tmp_path, bad.nifti(brain))
    scan, _ = load_scan(path, Contrast.FLAIR)
    mask = np.zeros(bad.SHAPE, np.uint8)
    mask[8:11, 12:15, 8:11] = 1
    _, notes = load_mask(bad.mask_of(mask)(tmp_path), scan)
    assert notes == ()


@pytest.mark.parametrize("spacing", [1.0, 2.0])
@pytest.mark.parametrize(
    ("low", "high"),
    [((-90, -126, -72), (90, 90, 108)), ((-98, -134, -72), (98, 98, 116))],
)
def test_template_grids_are_known_by_their_field_of_view(spacing, low, high):
    shape = tuple(int(n) for n in (np.array(high) - low) / spacing + 1)
    affine = np.diag([spacing, spacing, spacing, 1.0])
    affine[:3, 3] = low
    assert is_template_grid(Grid(shape, affine))
    affine[0, 3] += 6
    assert not is_template_grid(Grid(shape, affine))
    affine[:3, 3] = low
    affine[0, 1] = 0.1
    assert not is_template_grid(Grid(shape, affine))


def test_mni_masks_must_lie_where_the_template_brain_is():
    affine = np.eye(4)
    affine[:3, 3] = 200.0
    lesion = np.ones((4, 4, 4), bool)
    with pytest.raises(GridError, match="E41"):
        check_in_template(lesion, Grid((4, 4, 4), affine), name="lesions.nii.gz")
    check_in_template(np.zeros((4, 4, 4), bool), Grid((4, 4, 4), affine), name="x")
    check_in_template(lesion, Grid((4, 4, 4), np.eye(4)), name="x")


@pytest.mark.real
@pytest.mark.parametrize("patient", ["01", "03"])
@pytest.mark.parametrize("scan_file", ["glioma_fg6692/flair", "stroke_dwi_adc/dwi"])
def test_real_mni_masks_are_refused_on_native_scans(patient, scan_file):
    data = shared_data()
    scan, _ = load_scan(data / f"{scan_file}.nii.gz", Contrast.FLAIR)
    path = data / "open_ms_masks_mni" / f"patient{patient}_lesions.nii.gz"
    with pytest.raises(GridError, match="E41"):
        load_mask(path, scan)


@pytest.mark.real
def test_real_brain_mask_is_no_lesion_mask():
    folder = shared_data() / "open_ms_longitudinal" / "patient01"
    scan, _ = load_scan(folder / "study2_FLAIR.nii.gz", Contrast.FLAIR)
    with pytest.raises(MaskError, match="E35"):
        load_mask(folder / "brainmask.nii.gz", scan)


@pytest.mark.real
def test_real_mask_passes_without_a_word():
    folder = shared_data() / "open_ms" / "patient19"
    scan, _ = load_scan(folder / "flair.nii.gz", Contrast.FLAIR)
    mask, notes = load_mask(folder / "lesions.nii.gz", scan)
    assert notes == ()
    assert mask.data.sum() == 49769
