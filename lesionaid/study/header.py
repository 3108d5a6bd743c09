"""The NIfTI header, read by our own hand and checked before a voxel is touched.

Layout and rules follow the published standards, NIfTI-1.1 (``nifti1.h``) and NIfTI-2
(``nifti2.h``) at nifti.nimh.nih.gov.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lesionaid.errors import GateError, Note

__all__ = ["NiftiHeader", "parse_header"]

HEADER_SIZES = (348, 540)

_NIFTI1 = {
    "magic": ("4s", 344),
    "dim": ("8h", 40),
    "datatype": ("h", 70),
    "bitpix": ("h", 72),
    "pixdim": ("8f", 76),
    "vox_offset": ("f", 108),
    "scaling": ("2f", 112),
    "units": ("b", 123),
    "form_codes": ("2h", 252),
    "quaternion": ("3f", 256),
    "offset": ("3f", 268),
    "srow": ("12f", 280),
    "descrip": ("80s", 148),
    "aux_file": ("24s", 228),
    "intent_name": ("16s", 328),
    "data_type": ("10s", 4),
    "db_name": ("18s", 14),
}
_NIFTI2 = {
    "magic": ("8s", 4),
    "dim": ("8q", 16),
    "datatype": ("h", 12),
    "bitpix": ("h", 14),
    "pixdim": ("8d", 104),
    "vox_offset": ("q", 168),
    "scaling": ("2d", 176),
    "units": ("i", 500),
    "form_codes": ("2i", 344),
    "quaternion": ("3d", 352),
    "offset": ("3d", 376),
    "srow": ("12d", 400),
    "descrip": ("80s", 240),
    "aux_file": ("24s", 320),
    "intent_name": ("16s", 508),
}
_TEXTS = ("descrip", "aux_file", "intent_name", "data_type", "db_name")
_MAGIC = {348: b"n+1\0", 540: b"n+2\0\r\n\x1a\n"}

_NUMPY_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
_COLOUR_TYPES = (128, 2304)
_COMPLEX_TYPES = (32, 1792, 2048)


@dataclass(frozen=True, slots=True)
class NiftiHeader:
    """The fields that matter, after the checks of :func:`parse_header`.

    Parameters
    ----------
    version : {1, 2}
    dims : tuple of int
        Lengths of all axes named by ``dim[0]``, all positive.
    dtype : numpy.dtype
        With the file's byte order.
    pixdim : tuple of float
        ``pixdim[0]`` (qfac) to ``pixdim[3]``.
    vox_offset : int
    slope, inter : float
        As in the file; may be NaN or infinite.
    units : int
        Spatial unit code: 0 unset, 1 m, 2 mm, 3 micron.
    qform_code, sform_code : int
    quaternion, offset : tuple of float
    srow : ndarray of shape (3, 4)
    texts : mapping of str to bytes
        Free text, looked at for personal data and never copied.
    """

    version: int
    dims: tuple[int, ...]
    dtype: np.dtype[np.generic]
    pixdim: tuple[float, float, float, float]
    vox_offset: int
    slope: float
    inter: float
    units: int
    qform_code: int
    sform_code: int
    quaternion: tuple[float, float, float]
    offset: tuple[float, float, float]
    srow: NDArray[np.float64]
    texts: Mapping[str, bytes]

    @property
    def size(self) -> int:
        """Length of the header in bytes."""
        return HEADER_SIZES[self.version - 1]

    @property
    def n_bytes(self) -> int:
        """Length of all voxels in bytes."""
        return math.prod(self.dims) * self.dtype.itemsize


def parse_header(
    start: bytes, *, name: str, max_bytes: int, most_bytes: int
) -> tuple[NiftiHeader, tuple[Note, ...]]:
    """Read and check the header from the first bytes of a file.

    Parameters
    ----------
    start : bytes
        The first 540 uncompressed bytes, or as many as there are.
    name : str
        File name for messages.
    max_bytes : int
        Limit of the voxels' length.
    most_bytes : int
        What the file can hold at most, uncompressed.

    Returns
    -------
    header : NiftiHeader
    notes : tuple of Note

    Raises
    ------
    GateError
        ``E07`` to ``E18`` and ``E28``.
    """
    if len(start) < HEADER_SIZES[0]:
        raise GateError("E07", file=name, value=f"{len(start)} bytes")
    order, size = _byte_order(start, name)
    if len(start) < size:
        raise GateError("E07", file=name, value=f"{len(start)} bytes")
    layout = _NIFTI1 if size == HEADER_SIZES[0] else _NIFTI2
    raw = {key: struct.unpack_from(order + fmt, start, at) for key, (fmt, at) in layout.items()}
    if raw["magic"][0] != _MAGIC[size]:
        pair = raw["magic"][0].startswith((b"ni1\0", b"ni2\0"))
        raise GateError("E09", file=name, value="a .hdr/.img pair" if pair else "")
    dims = _dims(raw["dim"], name)
    dtype = _dtype(raw["datatype"][0], order, name)
    header = NiftiHeader(
        version=1 if size == HEADER_SIZES[0] else 2,
        dims=dims,
        dtype=dtype,
        pixdim=raw["pixdim"][:4],
        vox_offset=_vox_offset(raw["vox_offset"][0], size, name),
        slope=raw["scaling"][0],
        inter=raw["scaling"][1],
        units=raw["units"][0] & 0x07,
        qform_code=raw["form_codes"][0],
        sform_code=raw["form_codes"][1],
        quaternion=raw["quaternion"],
        offset=raw["offset"],
        srow=np.array(raw["srow"], dtype=float).reshape(3, 4),
        texts=MappingProxyType({key: raw[key][0] for key in _TEXTS if key in raw}),
    )
    _check_size(header, name, max_bytes, most_bytes)
    bits = raw["bitpix"][0]
    if bits != 8 * dtype.itemsize:
        return header, (Note("W05", name, f"{bits} bits, {dtype.name}"),)
    return header, ()


def _byte_order(start: bytes, name: str) -> tuple[str, int]:
    for order in "<>":
        (size,) = struct.unpack_from(order + "i", start)
        if size in HEADER_SIZES:
            return order, size
    (size,) = struct.unpack_from("<i", start)
    raise GateError("E08", file=name, value=str(size))


def _dims(dim: tuple[int, ...], name: str) -> tuple[int, ...]:
    if not 1 <= dim[0] <= 7:
        raise GateError("E10", file=name, value=str(dim[0]))
    dims = dim[1 : dim[0] + 1]
    if min(dims) < 1:
        raise GateError("E11", file=name, value=" x ".join(map(str, dims)))
    return dims


def _dtype(code: int, order: str, name: str) -> np.dtype[np.generic]:
    if code in _COLOUR_TYPES:
        raise GateError("E13", file=name)
    if code in _COMPLEX_TYPES:
        raise GateError("E14", file=name)
    if code not in _NUMPY_TYPES:
        raise GateError("E15", file=name, value=f"code {code}")
    return np.dtype(order + _NUMPY_TYPES[code])


def _vox_offset(value: float, size: int, name: str) -> int:
    # The four bytes of the extension flag belong to a single-file header.
    if not math.isfinite(value) or value != int(value) or value < size + 4:
        raise GateError("E16", file=name, value=f"{value:g}")
    return int(value)


def _check_size(header: NiftiHeader, name: str, max_bytes: int, most_bytes: int) -> None:
    if header.n_bytes > max_bytes:
        shape = " x ".join(map(str, header.dims))
        raise GateError("E17", file=name, value=f"{shape}, {header.n_bytes / 1e6:.0f} MB")
    if header.vox_offset >= most_bytes:
        raise GateError("E18", file=name, value=f"offset {header.vox_offset}")
    if header.vox_offset + header.n_bytes > most_bytes:
        raise GateError("E28", file=name, value=f"{header.n_bytes} bytes of voxels are announced")
