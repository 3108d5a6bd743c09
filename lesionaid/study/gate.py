"""The gate: every file is checked before any number is made, and comes out in RAS+.

Bad input ends here with a code, the reason and the fix; what is merely odd becomes a note.
The gate never guesses a side, a unit or a volume: it asks (:class:`GateOptions`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.errors import GateError, MaskError, Note
from lesionaid.geometry import Grid, to_ras
from lesionaid.study.diffusion import bvalue_file, combine, normalise_adc, read_bvalues
from lesionaid.study.nifti import RawImage, read_image, read_series
from lesionaid.study.options import GateOptions
from lesionaid.study.scan import Contrast, LabelMap, Scan

__all__ = [
    "GateOptions",
    "RawImage",
    "load_diffusion",
    "load_labels",
    "load_scan",
    "read_image",
    "whole_numbers",
]

INTEGER_TOLERANCE = 1e-3
"""Labels stored through a rounded slope (255 x 0.00392 = 0.9996) are still labels."""


def load_scan(
    path: Path, contrast: Contrast, options: GateOptions | None = None
) -> tuple[Scan, tuple[Note, ...]]:
    """Read one scan as RAS+, C-contiguous float32.

    Parameters
    ----------
    path : Path
    contrast : Contrast
        A 4-D DWI with b-values beside it is combined; an ADC map comes in 10-3 mm2/s.
    options : GateOptions, optional

    Returns
    -------
    scan : Scan
        Voxels that are NaN or infinite are 0 and not valid.
    notes : tuple of Note

    Raises
    ------
    GateError, OutputError
        As :func:`~lesionaid.study.nifti.read_image`; ``E30`` to ``E33``.
    """
    options = options or GateOptions()
    if contrast is Contrast.DWI:
        scan, _, notes = load_diffusion(path, options)
        return scan, notes
    return _scan_of(read_image(path, options), contrast)


def load_diffusion(
    path: Path, options: GateOptions | None = None
) -> tuple[Scan, Scan | None, tuple[Note, ...]]:
    """Read a diffusion-weighted image or series.

    Parameters
    ----------
    path : Path
        3-D: taken as it is. 4-D: needs a ``.bval`` file of the same stem beside it, or a
        chosen volume.
    options : GateOptions, optional

    Returns
    -------
    dwi : Scan
        For a series the mean over the highest-b shell.
    adc : Scan or None
        10-3 mm2/s, where the series has an unweighted volume.
    notes : tuple of Note
        ``W20`` says what was combined.

    Raises
    ------
    GateError
        ``E32`` for a series without b-values, ``E31`` for b-values that do not fit.
    """
    options = options or GateOptions()
    if options.volume is not None:
        scan, notes = _scan_of(read_image(path, options), Contrast.DWI)
        return scan, None, notes
    raw = read_series(path, options)
    if raw.data.ndim == 3:
        scan, notes = _scan_of(raw, Contrast.DWI)
        return scan, None, notes
    bvalues = bvalue_file(Path(path))
    if bvalues is None:
        volumes = f"{raw.data.shape[3]} volumes"
        raise GateError("E32", file=raw.source.name, value=volumes)
    combined = combine(raw.data, read_bvalues(bvalues, raw.data.shape[3]))
    dwi, notes = _scan_of(_with_data(raw, combined.dwi), Contrast.DWI)
    notes += (Note("W20", raw.source.name, combined.summary),)
    if combined.adc is None:
        return dwi, None, notes
    data, grid, valid, _ = _ras_float32(combined.adc, raw)
    return dwi, Scan(data, grid, Contrast.ADC, raw.source, valid), notes


def load_labels(
    path: Path, options: GateOptions | None = None
) -> tuple[LabelMap, tuple[Note, ...]]:
    """Read an image of whole numbers (anatomy labels, a brain mask), RAS+.

    Raises
    ------
    MaskError
        ``E39`` when a value is not a whole number that fits int32.
    """
    raw = read_image(path, options)
    numbers = whole_numbers(raw.data)
    if numbers is None:
        raise MaskError("E39", file=raw.source.name)
    data, affine = to_ras(numbers, raw.affine)
    return LabelMap(data, _grid(data, affine), raw.source), raw.notes


def whole_numbers(data: NDArray[Any]) -> NDArray[np.int32] | None:
    """Values as int32 where all are whole numbers within `INTEGER_TOLERANCE`, else None."""
    limits = np.iinfo(np.int32)
    low, high = data.min(), data.max()
    if not (np.isfinite(low) and np.isfinite(high)) or low < limits.min or high > limits.max:
        return None
    if data.dtype.kind in "iu":
        return data.astype(np.int32)
    rounded: NDArray[np.int32] = np.rint(data).astype(np.int32)
    return None if np.abs(data - rounded).max() > INTEGER_TOLERANCE else rounded


def _scan_of(raw: RawImage, contrast: Contrast) -> tuple[Scan, tuple[Note, ...]]:
    data, grid, valid, notes = _ras_float32(raw.data, raw)
    signal = data if valid is None else data[valid]
    if signal.size == 0 or signal.min() == signal.max():
        raise GateError("E30", file=raw.source.name)
    notes = raw.notes + notes
    if contrast is Contrast.ADC:
        data, unit_notes = normalise_adc(data, raw.source.name)
        notes += unit_notes
    return Scan(data, grid, contrast, raw.source, valid), notes


def _ras_float32(
    values: NDArray[Any], raw: RawImage
) -> tuple[NDArray[np.float32], Grid, NDArray[np.bool_] | None, tuple[Note, ...]]:
    with np.errstate(over="ignore", invalid="ignore"):
        moved, affine = to_ras(values.astype(np.float32), raw.affine)
    data: NDArray[np.float32] = moved
    valid = np.isfinite(data)
    n_bad = int(data.size - np.count_nonzero(valid))
    grid = _grid(data, affine)
    if n_bad == 0:
        return data, grid, None, ()
    note = Note("W19", raw.source.name, f"{n_bad} of {data.size} voxels")
    return np.where(valid, data, np.float32(0)), grid, valid, (note,)


def _with_data(raw: RawImage, data: NDArray[Any]) -> RawImage:
    return RawImage(data, raw.form, raw.source, raw.notes, raw.information)


def _grid(data: NDArray[Any], affine: NDArray[np.float64]) -> Grid:
    return Grid((data.shape[0], data.shape[1], data.shape[2]), affine)
