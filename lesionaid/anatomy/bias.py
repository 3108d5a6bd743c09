"""Bias field correction inside the brain: N4 (Tustison et al. 2010, doi 10.1109/TMI.2010.2046908).

One thread, on a coarse copy, so that it is quick and the same input gives the same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.study.scan import Contrast, Scan

__all__ = ["CORRECTED", "correct_bias", "log_bias"]

CORRECTED = frozenset({Contrast.FLAIR, Contrast.T1W, Contrast.T1W_CE, Contrast.T2W})
"""Contrasts whose signal is compared across the brain. Diffusion and susceptibility are read
against tissue nearby, ADC is a physical quantity."""

WORK_MM = 5.0
"""Voxel size that the field is sought at: on a 1 mm T1w with a field of SD 0.103 log units, 6 mm
left 0.012 and 4 mm 0.009 (project's own measurement, 1.9 and 4.9 processor seconds). Axes of thick
slices are left as they are."""
ITERATIONS = (50, 50, 50)
LEAST_VOXELS = 1000
"""Coarse voxels with signal under which no field can be told from tissue (proposed)."""


def correct_bias(scan: Scan, brain: NDArray[np.bool_]) -> Scan:
    """Divide the bias field out of a scan.

    Parameters
    ----------
    scan : Scan
    brain : ndarray of shape scan.grid.shape, bool

    Returns
    -------
    Scan
        Its median signal inside the brain kept; unchanged for contrasts that are not in
        :data:`CORRECTED`, and where too little of the brain has signal.
    """
    if scan.contrast not in CORRECTED:
        return scan
    inside = brain & (scan.data > 0)
    if scan.valid is not None:
        inside &= scan.valid
    field = log_bias(scan.data, inside, scan.grid)
    if field is None:
        return scan
    field -= np.float32(np.median(field[inside]))
    return replace(scan, data=(scan.data * np.exp(-field)).astype(np.float32))


def log_bias(
    data: NDArray[np.float32], inside: NDArray[np.bool_], grid: Grid
) -> NDArray[np.float32] | None:
    """Natural logarithm of the bias field, on the scan's grid; None where it cannot be found."""
    import SimpleITK

    spacing = grid.spacing_mm
    shrink = [
        max(1, min(round(WORK_MM / step), size // 8))
        for step, size in zip(spacing, grid.shape, strict=True)
    ]
    image = _image(np.where(inside, data, 0).astype(np.float32), spacing)
    coarse = SimpleITK.Shrink(image, shrink)
    mask = SimpleITK.Shrink(_image(inside.astype(np.uint8), spacing), shrink)
    if np.count_nonzero(SimpleITK.GetArrayViewFromImage(mask)) < LEAST_VOXELS:
        return None
    corrector = SimpleITK.N4BiasFieldCorrectionImageFilter()
    corrector.SetNumberOfThreads(1)
    corrector.SetMaximumNumberOfIterations(list(ITERATIONS))
    corrector.Execute(coarse, mask)
    field = corrector.GetLogBiasFieldAsImage(coarse)
    resampler = SimpleITK.ResampleImageFilter()
    resampler.SetNumberOfThreads(1)
    resampler.SetReferenceImage(image)
    resampler.SetInterpolator(SimpleITK.sitkLinear)
    resampler.SetUseNearestNeighborExtrapolator(True)
    full = SimpleITK.GetArrayFromImage(resampler.Execute(field)).T
    return np.ascontiguousarray(full, dtype=np.float32)


def _image(data: NDArray[Any], spacing: tuple[float, float, float]) -> Any:
    """The array as an image without orientation, which a smooth field does not need."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(data.T))
    image.SetSpacing(spacing)
    return image
