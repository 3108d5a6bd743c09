"""The bad-input catalogue as generated files: one function a row, none of them real.

Each function writes what its docstring says into a folder and returns the path. ``SCANS``
lists the scan rows with the code that the gate must answer with: ``E..`` refuses, ``W..``
is a note beside a result. Rows 30 to 38 are about masks and stand in ``MASKS``: they are
read against the scan of :func:`scan`.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

Row = Callable[[Path], Path]

SHAPE = (24, 28, 20)
AFFINE = np.array([[-1.0, 0, 0, 11.5], [0, 1, 0, -13.5], [0, 0, 1, -9.5], [0, 0, 0, 1]])
"""LAS, 1 mm, as most scanners' exports come."""
MNI_AFFINE = np.array([[-1.0, 0, 0, 90], [0, 1, 0, -126], [0, 0, 1, -72], [0, 0, 0, 1]])
MNI_SHAPE = (182, 218, 182)

DIM, DATATYPE, BITPIX, PIXDIM, VOX_OFFSET = 40, 70, 72, 76, 108
SLOPE, INTER, UNITS, DESCRIP, QFORM_CODE, SFORM_CODE = 112, 116, 123, 148, 252, 254
QUATERNION, QOFFSET, SROW, MAGIC = 256, 268, 280, 344


def brain() -> NDArray[np.int16]:
    """A bright ellipsoid with a texture on a dark ground: asymmetric along every axis."""
    i, j, k = np.indices(SHAPE)
    inside = ((i - 11) / 9) ** 2 + ((j - 13) / 11) ** 2 + ((k - 9) / 8) ** 2 < 1
    return np.where(inside, 100 + i + 3 * j + 7 * k, 0).astype(np.int16)


def lesion() -> NDArray[np.uint8]:
    """Two lesions inside the brain, one of them a single voxel."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[7:10, 12:15, 8:11] = 1
    mask[14, 10, 9] = 1
    return mask


def nifti(
    data: NDArray[Any], affine: NDArray[Any] = AFFINE, *patches: tuple[int, str, Any]
) -> bytes:
    """An uncompressed NIfTI-1 file; `patches` overwrite header bytes: (offset, format, value)."""
    # nibabel asks that int64 be wished for, since other programs cannot read it.
    image = nib.Nifti1Image(data, affine, dtype="int64" if data.dtype == np.int64 else None)
    image.set_qform(affine, 1)
    image.set_sform(affine, 1)
    image.header.set_xyzt_units("mm")
    content = bytearray(image.to_bytes())
    for at, fmt, value in patches:
        values = value if isinstance(value, tuple) else (value,)
        struct.pack_into("<" + fmt, content, at, *values)
    return bytes(content)


def put(folder: Path, content: bytes, name: str = "flair.nii.gz") -> Path:
    """Write a file, compressed where the name says so."""
    path = folder / name
    path.write_bytes(gzip.compress(content, 1, mtime=0) if name.endswith(".gz") else content)
    return path


def scan(folder: Path) -> Path:
    """A scan with nothing wrong, the partner of every mask."""
    return put(folder, nifti(brain()))


def patched(*patches: tuple[int, str, Any]) -> Row:
    """A row that differs from a good scan in some header bytes."""
    return lambda folder: put(folder, nifti(brain(), AFFINE, *patches))


def _qform_moved(mm: float) -> Row:
    moved = float(AFFINE[0, 3] + mm)
    return patched((QOFFSET, "f", moved))


def row_03_no_orientation(folder: Path) -> Path:
    """Row 3: both form codes are 0."""
    return patched((QFORM_CODE, "hh", (0, 0)))(folder)


def row_04_qform_only(folder: Path) -> Path:
    """Row 4: ANTs sets the sform code and leaves the matrix empty."""
    return patched((SROW, "12f", (0.0,) * 12))(folder)


def row_09_sheared(folder: Path) -> Path:
    """Row 9: axes that are not perpendicular."""
    affine = AFFINE.copy()
    affine[:2, 1] = 0.6, 0.8
    srow = tuple(affine[:3].ravel())
    return patched((SROW, "12f", srow), (QFORM_CODE, "h", 0))(folder)


def row_11_oblique(folder: Path) -> Path:
    """Row 11: an oblique scan, which is in order."""
    angle = np.deg2rad(20)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return put(folder, nifti(brain(), turn @ AFFINE))


def row_13_singleton_axes(folder: Path) -> Path:
    """Row 13: a fourth and fifth axis of length 1."""
    return put(folder, nifti(brain()[..., np.newaxis, np.newaxis]))


def row_14_four_dimensions(folder: Path) -> Path:
    """Row 14: two volumes."""
    return put(folder, nifti(np.stack([brain(), brain() // 2], axis=-1)))


def row_15_two_dimensions(folder: Path) -> Path:
    """Row 15: a single slice."""
    return put(folder, nifti(brain()[:, :, 9:10]))


def row_15_three_slices(folder: Path) -> Path:
    """Row 15: three slices."""
    return put(folder, nifti(brain()[:, :, 8:11]))


def row_16_not_finite(folder: Path) -> Path:
    """Row 16: two NaN and one infinite voxel."""
    data = brain().astype(np.float32)
    data[3, 4, 5], data[11, 13, 9], data[12, 13, 9] = np.nan, np.nan, np.inf
    return put(folder, nifti(data))


def row_17_colour(folder: Path) -> Path:
    """Row 17: an RGB picture."""
    colours = np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    return put(folder, nifti(colours))


def row_18_complex(folder: Path) -> Path:
    """Row 18: a complex image."""
    return put(folder, nifti(brain().astype(np.complex64)))


def row_21_truncated(folder: Path) -> Path:
    """Row 21: half of a compressed file."""
    path = scan(folder)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def row_21_truncated_plain(folder: Path) -> Path:
    """Row 21: half of an uncompressed file."""
    content = nifti(brain())
    return put(folder, content[: len(content) // 2], "flair.nii")


def row_22_bit_flip(folder: Path) -> Path:
    """Row 22: one bit of the compressed voxels flipped."""
    path = scan(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)
    return path


def row_22_bad_trailer(folder: Path) -> Path:
    """Row 22: every voxel is there, the checksum behind them is wrong."""
    path = scan(folder)
    content = bytearray(path.read_bytes())
    content[-6] ^= 0xFF
    path.write_bytes(content)
    return path


def row_23_named_gz(folder: Path) -> Path:
    """Row 23: called .gz, not compressed."""
    path = folder / "flair.nii.gz"
    path.write_bytes(nifti(brain()))
    return path


def row_23_named_nii(folder: Path) -> Path:
    """Rows 23 and 44: called .nii, compressed."""
    path = folder / "flair.nii"
    path.write_bytes(gzip.compress(nifti(brain())))
    return path


def content(text: bytes, name: str = "flair.nii.gz") -> Row:
    """A row whose file holds just these bytes."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(text)
        return path

    return write


def row_25_dangling_link(folder: Path) -> Path:
    """Row 25: a git-annex link whose content was never fetched."""
    path = folder / "flair.nii.gz"
    path.symlink_to(folder / ".git" / "annex" / "objects" / "missing.nii.gz")
    return path


def row_27_gzip_bomb(folder: Path) -> Path:
    """Row 27: a small header, then zeros without end (60 MB here; tests lower the limit)."""
    return put(folder, nifti(brain()) + bytes(60_000_000))


def row_29_offset_past_the_end(folder: Path) -> Path:
    """Row 29: voxels announced behind the end of an uncompressed file."""
    offset = (VOX_OFFSET, "f", 100_000.0)
    return put(folder, nifti(brain(), AFFINE, offset), "flair.nii")


def row_40_thick_slices(folder: Path) -> Path:
    """Row 40: slices of 5.5 mm."""
    return put(folder, nifti(brain(), AFFINE @ np.diag([1, 1, 5.5, 1])))


def row_43_other_alphabet(folder: Path) -> Path:
    """Row 43: a path that is not ASCII."""
    inner = folder / "患者 Ω"
    inner.mkdir()
    return put(inner, nifti(brain()), "flair_é.nii.gz")


def row_50_personal_data(folder: Path) -> Path:
    """Row 50: a name and a birth date in the header, an id in the sidecar."""
    (folder / "flair.json").write_text(json.dumps({"PatientID": "SECRET-7", "EchoTime": 0.1}))
    return patched((DESCRIP, "24s", b"DOE^JANE born 1970-01-31"))(folder)


_HTML = b"\n<!DOCTYPE html><html><title>Log in</title></html>" + b" " * 600
_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7000000\n"
_DICOM = bytes(128) + b"DICM" + bytes(600)
_FLIPPED = tuple((np.diag([-1.0, 1, 1, 1]) @ AFFINE)[:3].ravel())
_TURNED = tuple((np.diag([-1.0, -1, 1, 1]) @ AFFINE)[:3].ravel())
_FLAT = tuple((AFFINE @ np.diag([1, 1, 0, 1]))[:3].ravel())
_DOUBLE = tuple((AFFINE @ np.diag([1, 1, 2, 1]))[:3].ravel())
_NAN = float("nan")

SCANS: tuple[tuple[str, Row, str | None], ...] = (
    ("01 forms 2 mm apart", _qform_moved(2.0), "W14"),
    ("01 forms 9 mm apart", _qform_moved(9.0), "E29"),
    ("02 forms mirrored", patched((SROW, "12f", _FLIPPED)), "E26"),
    ("02 forms turned by 180 degrees", patched((SROW, "12f", _TURNED)), "E26"),
    ("03 no orientation", row_03_no_orientation, "E27"),
    ("04 qform only", row_04_qform_only, None),
    ("05 zero voxel size", patched((PIXDIM + 4, "f", 0.0)), "E21"),
    ("05 NaN voxel size", patched((PIXDIM + 8, "f", _NAN)), "E21"),
    ("05 voxel size of 0.001", patched((SROW, "f", -0.001), (QFORM_CODE, "h", 0)), "E20"),
    ("06 negative voxel size", patched((PIXDIM + 4, "f", -1.0)), "W07"),
    (
        "06 negative voxel size, qform only",
        patched((PIXDIM + 4, "f", -1.0), (SFORM_CODE, "h", 0)),
        "E21",
    ),
    ("06 qfac of 0", patched((PIXDIM, "f", 0.0), (SFORM_CODE, "h", 0)), "W08"),
    ("07 NaN in the sform", patched((SROW, "f", _NAN)), "E23"),
    ("07 NaN in the quaternion", patched((QUATERNION, "f", _NAN)), "E25"),
    ("07 quaternion too long", patched((QUATERNION, "3f", (1.0, 1.0, 1.0))), "E25"),
    ("08 singular sform", patched((SROW, "12f", _FLAT)), "E24"),
    ("09 sheared sform", row_09_sheared, "W11"),
    (
        "10 sform and voxel size differ",
        patched((SROW, "12f", _DOUBLE), (QFORM_CODE, "h", 0)),
        "W12",
    ),
    ("11 oblique", row_11_oblique, None),
    ("12 metres", patched((UNITS, "b", 1)), "E22"),
    ("12 micrometres", patched((UNITS, "b", 3)), "E22"),
    ("12 units unset", patched((UNITS, "b", 0)), None),
    ("13 singleton axes", row_13_singleton_axes, "W02"),
    ("14 four dimensions", row_14_four_dimensions, "E12"),
    ("15 two dimensions", row_15_two_dimensions, "E12"),
    ("15 three slices", row_15_three_slices, "W03"),
    ("16 voxels not finite", row_16_not_finite, "W19"),
    ("17 colour", row_17_colour, "E13"),
    ("18 complex", row_18_complex, "E14"),
    ("19 slope 0", patched((SLOPE, "f", 0.0)), None),
    ("19 slope infinite", patched((SLOPE, "f", float("inf"))), "W15"),
    ("19 slope NaN", patched((SLOPE, "f", _NAN)), "W15"),
    ("19 slope and intercept NaN", patched((SLOPE, "2f", (_NAN, _NAN))), None),
    ("19 intercept only", patched((SLOPE, "2f", (0.0, 5.0))), "W16"),
    ("21 truncated gz", row_21_truncated, "E28"),
    ("21 truncated nii", row_21_truncated_plain, "E28"),
    ("22 bit flip", row_22_bit_flip, "E28"),
    ("22 bad trailer", row_22_bad_trailer, "E28"),
    ("23 called gz", row_23_named_gz, "W01"),
    ("23 called nii", row_23_named_nii, "W01"),
    ("24 empty", content(b""), "E03"),
    ("24 empty inside gz", content(gzip.compress(b"")), "E07"),
    ("24 login page", content(_HTML), "E04"),
    ("24 Git LFS pointer", content(_LFS), "E05"),
    ("24 DICOM", content(_DICOM, "flair.nii"), "E06"),
    ("25 dangling link", row_25_dangling_link, "E01"),
    ("26 huge", patched((DIM, "4h", (3, 32767, 32767, 32767))), "E17"),
    ("28 no dimensions", patched((DIM, "h", 0)), "E10"),
    ("28 nine dimensions", patched((DIM, "h", 9)), "E10"),
    ("28 negative dimension", patched((DIM + 4, "h", -28)), "E11"),
    ("28 unknown data type", patched((DATATYPE, "h", 77)), "E15"),
    ("28 bits contradict", patched((BITPIX, "h", 32)), "W05"),
    ("28 bad magic", patched((MAGIC, "4s", b"nope")), "E09"),
    ("28 header of a pair", patched((MAGIC, "4s", b"ni1\0")), "E09"),
    ("28 bad header size", patched((0, "i", 1234)), "E08"),
    ("28 header cut off", content(nifti(brain())[:200], "flair.nii"), "E07"),
    ("28 form code 300", patched((SFORM_CODE, "h", 300)), "W13"),
    ("29 offset 0", patched((VOX_OFFSET, "f", 0.0)), "E16"),
    ("29 offset negative", patched((VOX_OFFSET, "f", -352.0)), "E16"),
    ("29 offset NaN", patched((VOX_OFFSET, "f", _NAN)), "E16"),
    ("29 offset past the end", row_29_offset_past_the_end, "E18"),
    ("29 bytes left over", lambda folder: put(folder, nifti(brain()) + bytes(64)), "W04"),
    ("40 thick slices", row_40_thick_slices, "W09"),
    ("43 other alphabet", row_43_other_alphabet, None),
    ("44 upper case", lambda folder: put(folder, nifti(brain()), "FLAIR.NII"), None),
    ("50 personal data", row_50_personal_data, "W17"),
    ("no signal", lambda folder: put(folder, nifti(np.zeros(SHAPE, np.int16))), "E30"),
)


def mask_of(
    data: NDArray[Any], affine: NDArray[Any] = AFFINE, *patches: tuple[int, str, Any]
) -> Row:
    """A row that is a mask."""
    return lambda folder: put(folder, nifti(data, affine, *patches), "lesions.nii.gz")


def shifted(voxels: float) -> NDArray[np.float64]:
    """The scan's affine, moved along the first axis."""
    affine = AFFINE.copy()
    affine[0, 3] += voxels
    return affine


def probabilities() -> NDArray[np.float32]:
    """0.8 in the big lesion, 0.3 in the single voxel."""
    result = lesion().astype(np.float32) * np.float32(0.8)
    result[14, 10, 9] = 0.3
    return result


def reoriented_lesion(codes: str) -> Row:
    """The lesions stored along other axes."""
    target = nib.orientations.axcodes2ornt(tuple(codes))
    image = nib.Nifti1Image(lesion(), AFFINE)
    start = nib.orientations.io_orientation(AFFINE)
    moved = image.as_reoriented(nib.orientations.ornt_transform(start, target))
    return mask_of(np.asarray(moved.dataobj), moved.affine)


def _cropped() -> Row:
    """The mask on a smaller field of view of the same space."""
    affine = AFFINE.copy()
    affine[:3, 3] = (AFFINE @ [4, 4, 4, 1])[:3]
    return mask_of(lesion()[4:20, 4:24, 4:16], affine)


def _in_template() -> NDArray[np.uint8]:
    mask = np.zeros(MNI_SHAPE, np.uint8)
    mask[88:92, 124:128, 70:74] = 1  # at the origin, inside any head by its coordinates
    return mask


def _outside() -> NDArray[np.uint8]:
    mask = np.zeros(SHAPE, np.uint8)
    mask[0:3, 0:3, 0:3] = 1
    return mask


def _partly_outside() -> NDArray[np.uint8]:
    mask = lesion()
    mask[0, 0, 0:3] = 1  # 3 of 31 voxels
    return mask


_LABELS = lesion() * np.where(np.indices(SHAPE)[0] > 12, 4, 1).astype(np.uint8)

MASKS: tuple[tuple[str, Row, str | None], ...] = (
    ("good", mask_of(lesion()), None),
    ("20 int64", mask_of(lesion().astype(np.int64)), None),
    ("16 NaN background", mask_of(np.where(lesion(), 1.0, np.nan).astype(np.float32)), "W19"),
    ("19 scaled to 0.9996", mask_of(lesion() * 255, AFFINE, (SLOPE, "f", 0.00392)), None),
    ("30 other shape, same space", _cropped(), "W28"),
    ("30 other shape, elsewhere", mask_of(lesion()[:20], shifted(40)), "E41"),
    ("31 moved by 0.05 voxel", mask_of(lesion(), shifted(0.05)), None),
    ("31 moved by 0.3 voxel", mask_of(lesion(), shifted(0.3)), "W27"),
    ("31 moved by 2 voxels", mask_of(lesion(), shifted(2)), "E40"),
    ("32 stored as PSR", reoriented_lesion("PSR"), None),
    ("33 in MNI space", mask_of(_in_template(), MNI_AFFINE), "E41"),
    ("34 empty", mask_of(np.zeros(SHAPE, np.uint8)), "W24"),
    ("35 all ones", mask_of(np.ones(SHAPE, np.uint8)), "E35"),
    ("35 more than half of the brain", mask_of((brain() > 150).astype(np.uint8)), "E35"),
    ("35 outside the brain", mask_of(_outside()), "E36"),
    ("35 partly outside the brain", mask_of(_partly_outside()), "W26"),
    ("36 probabilities", mask_of(probabilities()), "W23"),
    ("37 0 and 255", mask_of(lesion() * 255), "W22"),
    ("37 several labels", mask_of(_LABELS), "E37"),
    ("38 an image", lambda folder: scan(folder).rename(folder / "lesions.nii.gz"), "E38"),
    ("38 a normalised image", mask_of((brain() / 400).astype(np.float32)), "E38"),
    ("38 z-scores", mask_of((brain() / 100 - 1).astype(np.float32)), "E38"),
    ("39 single voxels", mask_of(np.where(_LABELS == 4, 1, 0).astype(np.uint8)), None),
)
