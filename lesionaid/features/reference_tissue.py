"""Normal-appearing white matter: the yardstick of every intensity.

MR intensities have no unit; only a comparison with tissue that is taken to be normal in
the same image says anything (a raw ratio of two scans swaps the order of patients).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.features.voxels import LesionVoxels
from lesionaid.geometry import Grid
from lesionaid.quantity import Reason, Unknown
from lesionaid.study.scan import Scan

__all__ = [
    "MAD_TO_SD",
    "ReferenceTissue",
    "in_sites",
    "measure_reference",
    "normal_white_matter",
    "site_code",
]

MAD_TO_SD = 1.482602218505602
"""Standard deviations of a normal distribution in one median absolute deviation."""

HALF_TO_SD = 0.6744897501960817
"""Half the length of the shortest half of a normal distribution, in standard deviations."""

EROSION_MM = 2.0
"""Distance kept from the border of white matter: twice the median error of a registered
cortex border, 0.7 to 1.0 mm on three real scans (proposed)."""

LESION_MARGIN_MM = 3.0
"""Distance kept from lesions: masks end inside the dim rim that surrounds them (proposed)."""

TRIM_SD = 3.0
"""Values further than this from the mode are set aside before the spread is taken (proposed)."""

MIN_VOXELS = 200
"""Below this the standard error of the median exceeds a tenth of the spread (proposed)."""


@dataclass(frozen=True, slots=True)
class ReferenceTissue:
    """Signal of normal-appearing white matter in one scan.

    Parameters
    ----------
    median : float
        In the units of the scan.
    robust_sd : float
        1.4826 times the median absolute deviation, in the units of the scan.
    n_voxels : int
        Voxels left after trimming.
    """

    median: float
    robust_sd: float
    n_voxels: int


def site_code(name: str) -> int:
    """Label of a site by name, from :data:`lesionaid.anatomy.map.SITES`."""
    return next(code for code, site in SITES.items() if site == name)


def in_sites(sites: NDArray[np.uint8], names: Iterable[str]) -> NDArray[np.bool_]:
    """Where sites are among some, by name; one site at a time, as ``isin`` takes 8 bytes a voxel.

    Parameters
    ----------
    sites : ndarray of uint8
        Of any shape.
    names : iterable of str
    """
    found = np.zeros(sites.shape, dtype=bool)
    for name in names:
        found |= sites == site_code(name)
    return found


def normal_white_matter(anatomy: AnatomyMap, voxels: LesionVoxels) -> NDArray[np.bool_]:
    """Cerebral white matter away from its border and from every lesion.

    Both distances are kept along the axes (a box, not a ball), which needs one pass per
    axis and no distance transform.

    Parameters
    ----------
    anatomy : AnatomyMap
    voxels : LesionVoxels
        On ``anatomy.grid``.

    Returns
    -------
    ndarray of bool, shape anatomy.grid.shape
    """
    from scipy.ndimage import maximum_filter, minimum_filter

    white: NDArray[np.bool_] = anatomy.sites == site_code("white_matter")
    if not white.any():
        return white
    box = _bounding_box(white)
    lesion = np.zeros(white.size, dtype=bool)
    lesion[voxels.index] = True
    inner = minimum_filter(
        white[box], size=_box_size(EROSION_MM, anatomy.grid), mode="constant", cval=False
    )
    near = maximum_filter(
        lesion.reshape(white.shape)[box],
        size=_box_size(LESION_MARGIN_MM, anatomy.grid),
        mode="constant",
        cval=False,
    )
    normal = np.zeros(white.shape, dtype=bool)
    normal[box] = inner & ~near
    return normal


def measure_reference(scan: Scan, tissue: NDArray[np.bool_]) -> ReferenceTissue | Unknown:
    """Centre and spread of a scan in reference tissue, robust to unmarked lesions.

    The shortest half of the values (Rousseeuw and Leroy 1988, doi
    10.1111/j.1467-9574.1988.tb01224.x) finds the mode and a first spread; values more
    than 3 of its standard deviations away are trimmed; median and median absolute
    deviation of the rest are reported. One-sided contamination, such as lesions that the
    mask left out, moves the shortest half far less than it moves the median.

    Parameters
    ----------
    scan : Scan
        On the grid of `tissue`.
    tissue : ndarray of bool

    Returns
    -------
    ReferenceTissue or Unknown
        ``LOW_QUALITY`` when fewer than 200 voxels are left or the centre is not positive.
    """
    usable = tissue if scan.valid is None else tissue & scan.valid
    values = scan.data[usable].astype(float)
    values.sort()
    if values.size < MIN_VOXELS:
        return _too_few(values.size)
    mode, spread = _shortest_half(values)
    kept = values[np.abs(values - mode) <= TRIM_SD * spread] if spread > 0 else values
    if kept.size < MIN_VOXELS:
        return _too_few(kept.size)
    median = float(np.median(kept))
    if median <= 0:
        return Unknown(Reason.LOW_QUALITY, "white matter without signal")
    return ReferenceTissue(
        median, MAD_TO_SD * float(np.median(np.abs(kept - median))), int(kept.size)
    )


def _shortest_half(ordered: NDArray[np.float64]) -> tuple[float, float]:
    half = ordered.size // 2
    lengths = ordered[half:] - ordered[: ordered.size - half]
    first = int(np.argmin(lengths))
    mode = float(np.median(ordered[first : first + half + 1]))
    return mode, float(lengths[first]) / (2 * HALF_TO_SD)


def _too_few(count: int) -> Unknown:
    return Unknown(Reason.LOW_QUALITY, f"{count} voxels of normal-appearing white matter")


def _box_size(margin_mm: float, grid: Grid) -> tuple[int, ...]:
    return tuple(2 * round(margin_mm / step) + 1 for step in grid.spacing_mm)


def _bounding_box(mask: NDArray[Any]) -> tuple[slice, ...]:
    spans = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        hit = np.flatnonzero(mask.any(axis=others))
        spans.append(slice(int(hit[0]), int(hit[-1]) + 1))
    return tuple(spans)
