"""The gate against the bad-input catalogue, all orientations, and damaged headers."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from lesionaid.codes import CODES
from lesionaid.errors import GateError, LesionaidError, MaskError, UsageError
from lesionaid.study.gate import GateOptions, load_labels, load_scan, read_image
from lesionaid.study.scan import Contrast
from lesionaid.study.stream import ByteStream
from tests import bad_inputs as bad
from tests.shared_data import shared_data

ORIENTATIONS = [
    "".join(codes)
    for axes in itertools.permutations(("LR", "PA", "IS"))
    for codes in itertools.product(*axes)
]


def codes_of(path: Path, options: GateOptions | None = None) -> list[str]:
    """The error's code, or the codes of all notes."""
    try:
        _, notes = load_scan(path, Contrast.FLAIR, options)
    except LesionaidError as error:
        return [error.code]
    return [note.code for note in notes]


@pytest.mark.parametrize(("name", "row", "code"), bad.SCANS, ids=[row[0] for row in bad.SCANS])
def test_catalogue_row_has_its_code(tmp_path, name, row, code):
    assert set(codes_of(row(tmp_path))) == ({code} if code else set())


@pytest.mark.parametrize(("name", "row", "code"), bad.SCANS, ids=[row[0] for row in bad.SCANS])
def test_message_says_what_why_and_how(tmp_path, name, row, code):
    path = row(tmp_path)
    try:
        _, notes = load_scan(path, Contrast.FLAIR)
    except LesionaidError as error:
        text = str(error)
        assert path.name in text
        assert "Why it matters:" in text
        assert "Fix:" in text
        assert str(tmp_path) not in text
    else:
        assert all(note.code in CODES and note.file for note in notes)


def test_good_scan_is_ras_float32_and_contiguous(tmp_path):
    scan, notes = load_scan(bad.scan(tmp_path), Contrast.FLAIR)
    assert notes == ()
    assert scan.data.dtype == np.float32
    assert scan.data.flags.c_contiguous
    np.testing.assert_array_equal(scan.data, bad.brain()[::-1])
    np.testing.assert_allclose(np.diag(scan.grid.affine), 1)
    assert scan.valid is None
    assert scan.source.orientation == "LAS"
    assert scan.source.name == "flair.nii.gz"
    np.testing.assert_allclose(scan.source.grid.affine, bad.AFFINE)


def test_voxels_that_are_not_finite_are_set_aside(tmp_path):
    scan, (note,) = load_scan(bad.row_16_not_finite(tmp_path), Contrast.FLAIR)
    assert note.value.startswith("3 of ")
    assert np.count_nonzero(~scan.valid) == 3
    assert (scan.data[~scan.valid] == 0).all()
    assert np.isfinite(scan.data).all()


def test_prefer_settles_disagreeing_forms(tmp_path):
    path = bad.patched((bad.SROW, "12f", bad._FLIPPED))(tmp_path)
    by_sform = read_image(path, GateOptions(prefer="sform"))
    by_qform = read_image(path, GateOptions(prefer="qform"))
    assert by_sform.source.orientation == "RAS"
    assert by_qform.source.orientation == "LAS"
    assert "left and right" in by_sform.notes[0].value


def test_prefer_passes_over_an_invalid_form(tmp_path):
    path = bad.patched((bad.SROW, "f", float("nan")))(tmp_path)
    raw = read_image(path, GateOptions(prefer="qform"))
    assert raw.source.orientation == "LAS"
    assert [note.code for note in raw.notes] == ["W14"]


def test_distance_of_forms_is_stated_in_mm(tmp_path):
    _, (note,) = load_scan(bad._qform_moved(2.0)(tmp_path), Contrast.FLAIR)
    assert "2.00 mm" in note.value


@pytest.mark.parametrize("codes", ["LAS", "PSR"])
def test_assumed_orientation_is_recorded(tmp_path, codes):
    path = bad.row_03_no_orientation(tmp_path)
    raw = read_image(path, GateOptions(assume_orientation=codes))
    assert raw.source.orientation == codes
    assert [(note.code, note.value) for note in raw.notes] == [("W18", codes)]


def test_assumption_is_not_used_where_the_header_knows(tmp_path):
    raw = read_image(bad.scan(tmp_path), GateOptions(assume_orientation="RAS"))
    assert raw.source.orientation == "LAS"
    assert raw.notes == ()


def test_volume_is_the_determinant(tmp_path):
    path = bad.patched((bad.SROW, "12f", bad._DOUBLE), (bad.QFORM_CODE, "h", 0))(tmp_path)
    scan, _ = load_scan(path, Contrast.FLAIR)
    assert scan.grid.voxel_volume_mm3 == pytest.approx(2.0)
    sheared, _ = load_scan(bad.row_09_sheared(tmp_path), Contrast.FLAIR)
    assert sheared.grid.voxel_volume_mm3 == pytest.approx(0.8)


def test_unset_units_are_information_only(tmp_path):
    raw = read_image(bad.patched((bad.UNITS, "b", 0))(tmp_path))
    assert raw.notes == ()
    assert [note.code for note in raw.information] == ["W10"]


@pytest.mark.parametrize("volume", [0, 1])
def test_volume_of_a_series_is_chosen(tmp_path, volume):
    path = bad.row_14_four_dimensions(tmp_path)
    scan, (note,) = load_scan(path, Contrast.FLAIR, GateOptions(volume=volume))
    np.testing.assert_array_equal(scan.data, (bad.brain() // (1 + volume))[::-1])
    assert note.code == "W02"
    with pytest.raises(GateError, match="E19"):
        load_scan(path, Contrast.FLAIR, GateOptions(volume=2))


def test_scaling_is_applied(tmp_path):
    path = bad.patched((bad.SLOPE, "2f", (0.5, 10.0)))(tmp_path)
    scan, notes = load_scan(path, Contrast.FLAIR)
    assert notes == ()
    np.testing.assert_allclose(scan.data, bad.brain()[::-1] * 0.5 + 10)


def test_slope_of_zero_means_not_scaled(tmp_path):
    scan, _ = load_scan(bad.patched((bad.SLOPE, "2f", (0.0, 5.0)))(tmp_path), Contrast.FLAIR)
    np.testing.assert_array_equal(scan.data, bad.brain()[::-1])


def test_overflow_to_float32_is_not_valid(tmp_path):
    data = bad.brain().astype(np.float64)
    data[11, 13, 9] = 1e300
    scan, (note,) = load_scan(bad.put(tmp_path, bad.nifti(data)), Contrast.FLAIR)
    assert note.code == "W19"
    assert np.count_nonzero(~scan.valid) == 1


def test_gzip_bomb_stops_early(tmp_path):
    path = bad.row_27_gzip_bomb(tmp_path)
    with pytest.raises(GateError, match="E17"):
        read_image(path, GateOptions(max_bytes=5_000_000))


def test_limit_is_checked_before_a_voxel_is_read(tmp_path):
    path = bad.scan(tmp_path)
    with pytest.raises(GateError, match=r"E17.*24 x 28 x 20"):
        read_image(path, GateOptions(max_bytes=10_000))


def test_extreme_compression_is_noted(tmp_path):
    path = bad.scan(tmp_path)
    with path.open("rb") as handle:
        stream = ByteStream(handle, path.name, 1000, 10**9)
        stream.count = 200_000_000
        assert [note.code for note in stream.notes()] == ["W06"]


def test_folder_in_place_of_a_file(tmp_path):
    with pytest.raises(LesionaidError, match="E02") as caught:
        read_image(tmp_path)
    assert caught.value.exit_code == 74


def test_missing_file_is_an_input_output_error(tmp_path):
    with pytest.raises(LesionaidError, match="E01") as caught:
        read_image(tmp_path / "none.nii.gz")
    assert caught.value.exit_code == 74


def test_personal_data_is_named_by_kind_and_never_repeated(tmp_path):
    _, notes = load_scan(bad.row_50_personal_data(tmp_path), Contrast.FLAIR)
    text = " ".join(note.text for note in notes)
    assert {note.code for note in notes} == {"W17"}
    assert "a person's name" in text
    assert "a date" in text
    assert "PatientID" in text
    for secret in ("DOE", "JANE", "1970", "SECRET"):
        assert secret not in text


def test_options_are_checked():
    for wrong in (
        {"prefer": "first"},
        {"assume_orientation": "RAX"},
        {"assume_orientation": "RLS"},
        {"volume": -1},
        {"mask_threshold": 0.0},
        {"mask_threshold": float("nan")},
        {"labels": "lst"},
        {"labels": ()},
        {"labels": (0, 1)},
    ):
        with pytest.raises(UsageError, match="E45"):
            GateOptions(**wrong)


@pytest.mark.parametrize("klass", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "f4", "f8", "i1", "u2", "u4", "i8", "u8"])
def test_every_type_order_and_version_reads_as_nibabel_reads(tmp_path, klass, order, kind):
    data = (bad.brain() // 3).astype(kind)
    header = klass.header_class(endianness=order)
    header.set_data_dtype(np.dtype(order + kind))
    image = klass(data, bad.AFFINE, header)
    image.header.set_xyzt_units("mm")
    image.header.set_qform(bad.AFFINE, 1)
    path = tmp_path / "t2w.nii.gz"
    image.to_filename(path)
    raw = read_image(path)
    again = nib.load(path)
    np.testing.assert_array_equal(raw.data, np.asarray(again.dataobj))
    np.testing.assert_allclose(raw.affine, again.affine, atol=1e-6)
    assert raw.data.dtype.isnative


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_storage_order_leaves_no_trace(tmp_path, codes):
    turn = nib.eulerangles.euler2mat(0.1, 0.2, 0.05)
    affine = bad.AFFINE.copy()
    affine[:3, :3] = turn @ np.diag([-0.9, 1.1, 2.5])
    image = nib.Nifti1Image(bad.brain(), affine)
    start = nib.orientations.io_orientation(affine)
    target = nib.orientations.axcodes2ornt(tuple(codes))
    moved = image.as_reoriented(nib.orientations.ornt_transform(start, target))
    stored = bad.put(tmp_path, bad.nifti(np.asarray(moved.dataobj), moved.affine), "a.nii")
    reference = bad.put(tmp_path, bad.nifti(bad.brain(), affine), "b.nii")
    scan, notes = load_scan(stored, Contrast.FLAIR)
    expected, _ = load_scan(reference, Contrast.FLAIR)
    assert notes == ()
    assert scan.source.orientation == codes
    np.testing.assert_array_equal(scan.data, expected.data)
    np.testing.assert_allclose(scan.grid.affine, expected.grid.affine, atol=2e-5)


def test_quaternion_agrees_with_nibabel(tmp_path):
    path = bad.row_11_oblique(tmp_path)
    raw = read_image(path, GateOptions(prefer="qform"))
    np.testing.assert_allclose(raw.affine, nib.load(path).header.get_qform(), atol=1e-5)


def test_concatenated_gzip_members_are_one_file(tmp_path):
    content = bad.nifti(bad.brain())
    path = tmp_path / "flair.nii.gz"
    path.write_bytes(gzip.compress(content[:5000]) + gzip.compress(content[5000:]))
    scan, notes = load_scan(path, Contrast.FLAIR)
    assert notes == ()
    np.testing.assert_array_equal(scan.data, bad.brain()[::-1])


def test_labels_are_exact(tmp_path):
    data = np.zeros(bad.SHAPE, np.float32)
    data[3, 4, 5] = 12175
    labels, _ = load_labels(bad.put(tmp_path, bad.nifti(data), "anatomy.nii.gz"))
    assert labels.data.dtype == np.int32
    assert sorted(np.unique(labels.data)) == [0, 12175]
    data[3, 4, 5] = 1.5
    with pytest.raises(MaskError, match="E39"):
        load_labels(bad.put(tmp_path, bad.nifti(data), "anatomy.nii.gz"))


@pytest.mark.parametrize("version", [1, 2])
def test_flipped_header_bytes_end_in_a_code_or_a_result(tmp_path, version):
    """300 seeded mutations in all; an unexpected exception or warning fails the test."""
    image = (nib.Nifti1Image, nib.Nifti2Image)[version - 1](bad.brain()[:8, :8, :8], bad.AFFINE)
    good = image.to_bytes()
    path = tmp_path / "flair.nii"
    generator = np.random.default_rng(version)
    outcomes = set()
    for _ in range(150):
        content = bytearray(good)
        for at in generator.integers(0, (352, 544)[version - 1], size=generator.integers(1, 4)):
            content[at] ^= 1 << generator.integers(0, 8)
        path.write_bytes(content)
        outcomes.update(codes_of(path) or ["none"])
    assert "none" in outcomes
    assert len(outcomes) > 5


def test_flipped_gzip_bytes_end_in_a_code_or_a_result(tmp_path):
    path = bad.scan(tmp_path)
    good = path.read_bytes()
    generator = np.random.default_rng(3)
    for _ in range(60):
        content = bytearray(good)
        content[generator.integers(0, len(good))] ^= 1 << generator.integers(0, 8)
        path.write_bytes(content)
        codes_of(path)


@pytest.mark.real
def test_real_scans_in_all_48_orientations_are_one():
    files = sorted((shared_data() / "orientation").glob("*.nii.gz"))
    assert len(files) == 48
    first, _ = load_scan(files[0], Contrast.T1W)
    for path in files:
        scan, notes = load_scan(path, Contrast.T1W)
        assert notes == ()
        np.testing.assert_array_equal(scan.data, first.data)
        np.testing.assert_allclose(scan.grid.affine, first.grid.affine, atol=1e-4)


@pytest.mark.real
def test_every_real_image_passes():
    harmless = {"W09", "W17"}
    for path in sorted(shared_data().rglob("*.nii.gz")):
        raw = read_image(path)
        assert {note.code for note in raw.notes} <= harmless, path.name
