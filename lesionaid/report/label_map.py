"""The lesion label map as NIfTI, as the user's mask was stored."""

from __future__ import annotations

import gzip

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid, axis_codes, reorient
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.study.scan import Source

__all__ = ["label_map_nifti"]


def label_map_nifti(lesions: LesionMap, source: Source | None) -> bytes:
    """Lesion ids as ``.nii.gz``, on the mask's own grid and in its stored orientation.

    Parameters
    ----------
    lesions : LesionMap
    source : Source or None
        The mask's file; None (a mask that was made here) leaves the map in RAS+.

    Returns
    -------
    bytes
        Gzipped NIfTI-1: ``uint8`` for up to 255 lesions, otherwise ``uint16``; units mm;
        no time stamp, so that the same map has the same bytes.
    """
    import nibabel as nib

    codes = source.orientation if source is not None else axis_codes(lesions.grid.affine)
    data, affine = reorient(lesions.labels, lesions.grid.affine, codes)
    if source is not None and _lies_on(data.shape, affine, source.grid):
        affine = source.grid.affine  # the header's own figures, free of rounding
    dtype = np.uint8 if data.max(initial=0) <= np.iinfo(np.uint8).max else np.uint16
    image = nib.Nifti1Image(data.astype(dtype), affine)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = b"lesionaid lesion ids; research only"
    _set_transforms(image, affine)
    return gzip.compress(image.to_bytes(), compresslevel=6, mtime=0)


def _lies_on(shape: tuple[int, ...], affine: NDArray[np.float64], grid: Grid) -> bool:
    tolerance_mm = 1e-3
    return shape == tuple(grid.shape) and np.allclose(
        affine, grid.affine, rtol=0, atol=tolerance_mm
    )


def _set_transforms(image: object, affine: NDArray[np.float64]) -> None:
    """Write sform and qform alike, since programs differ in which they read.

    A sheared grid has no quaternion: it keeps the sform alone.
    """
    from nibabel.spatialimages import HeaderDataError

    header = image.header  # type: ignore[attr-defined]
    header.set_sform(affine, code=1)
    try:
        header.set_qform(affine, code=1, strip_shears=False)
    except HeaderDataError:
        header.set_qform(None)
