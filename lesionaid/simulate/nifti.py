"""NIfTI-1 files whose bytes depend on nothing but the image."""

from __future__ import annotations

import gzip
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid

__all__ = ["nifti_bytes"]


def nifti_bytes(
    data: NDArray[np.integer[Any]], grid: Grid, description: str, *, slope: float = 1.0
) -> bytes:
    """A gzipped NIfTI-1 file: mm, qform and sform code 1 (scanner), no date in the stream.

    Parameters
    ----------
    data : ndarray of shape grid.shape, integer
        As stored.
    grid : Grid
    description : str
        The header's ``descrip``, at most 79 characters.
    slope : float
        What one stored unit is worth.
    """
    from nibabel.nifti1 import Nifti1Header

    header = Nifti1Header(endianness="<")
    header.set_data_dtype(data.dtype.newbyteorder("<"))
    header.set_data_shape(data.shape)
    header.set_qform(grid.affine, code=1)
    header.set_sform(grid.affine, code=1)
    header.set_xyzt_units("mm")
    header["descrip"] = description.encode("ascii")[:79]
    header["scl_slope"], header["scl_inter"] = slope, 0.0
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    little = data.astype(data.dtype.newbyteorder("<"), copy=False)
    stream = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=stream, mtime=0) as packed:
        packed.write(header.binaryblock + b"\0\0\0\0" + little.tobytes(order="F"))
    return stream.getvalue()
