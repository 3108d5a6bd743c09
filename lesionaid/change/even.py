"""Two dates made alike before they are compared: sharpness, field, contrast.

All three treat both dates the same way, so that to swap them swaps the answer and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid

__all__ = ["Evened", "even_out", "missing_blur_mm"]

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

FIELD_MM = 12.0
"""Standard deviation of the Gaussian that the difference of fields is smoothed with: wider than
lesions, narrower than a coil's field (proposed)."""

ROUNDS = 3
OUTLIER_SD = 2.5
"""What differs by more does not count as unchanged in the next round (proposed)."""

DARK = 0.6
"""Share of white matter under which a voxel is fluid on FLAIR (proposed: cerebrospinal fluid
measured 0.26 to 0.50 on six real FLAIR scans)."""

WHITE = 100.0
"""White matter's signal after matching: differences read as percent of it."""

QUANTILES = np.linspace(0.05, 0.95, 19)
FWHM_TO_SD = 1.0 / np.sqrt(8.0 * np.log(2.0))
MAD_TO_SD = 1.482602218505602


@dataclass(frozen=True, slots=True, eq=False)
class Evened:
    """Both dates on one scale.

    Parameters
    ----------
    prior, current : ndarray of float32
        White matter 100.
    stretch : float
        By how much the contrast of the tissues had to be stretched, current over prior.
    """

    prior: Float
    current: Float
    stretch: float


def missing_blur_mm(own: Grid, other: Grid) -> NDArray[np.float64]:
    """How much one date must be smoothed to be as blurred as the other.

    Voxels are taken as their own point spread: along each axis of the half-way space (nearly
    that of the scanner) what the other's voxel measures more.

    Parameters
    ----------
    own, other : Grid
        As acquired.

    Returns
    -------
    ndarray of shape (3,)
        Standard deviations in mm along x, y, z.
    """
    spread = [(grid.affine[:3, :3] ** 2).sum(axis=1) for grid in (own, other)]
    return np.asarray(np.sqrt(np.maximum(spread[1] - spread[0], 0.0)) * FWHM_TO_SD)


def even_out(prior: Float, current: Float, brain: Mask, white: Mask, grid: Grid) -> Evened:
    """Bring both dates to one field and one contrast.

    Parameters
    ----------
    prior, current : ndarray of float32
        One contrast, on `grid`, equally sharp.
    brain : ndarray of bool
        In both dates.
    white : ndarray of bool
        White matter in both dates.
    grid : Grid

    Returns
    -------
    Evened

    Raises
    ------
    ValueError
        When `white` holds no signal.
    """
    from scipy.ndimage import gaussian_filter

    levels = [float(np.median(image[white])) if white.any() else 0.0 for image in (prior, current)]
    if min(levels) <= 0:
        raise ValueError("no signal in white matter")
    a, b = (
        (image * np.float32(WHITE / level)).astype(np.float32)
        for image, level in zip((prior, current), levels, strict=True)
    )
    sigma = FIELD_MM / np.asarray(grid.spacing_mm)
    steady = _bright(a, b, brain)
    for _ in range(ROUNDS):
        ratio = np.zeros_like(a)
        ratio[steady] = np.log(b[steady]) - np.log(a[steady])
        weight = gaussian_filter(steady.astype(np.float32), sigma)
        half = gaussian_filter(ratio, sigma) / np.maximum(weight, 1e-3) / 2
        a, b = a * np.exp(half), b * np.exp(-half)
        far = np.abs(b - a)
        bright = _bright(a, b, brain)
        limit = OUTLIER_SD * MAD_TO_SD * float(np.median(far[bright]))
        steady = bright & (far <= max(limit, 1e-3))
    return _contrast(a, b, steady)


def _bright(a: Float, b: Float, brain: Mask) -> Mask:
    least = DARK * WHITE
    return np.asarray(brain & (a > least) & (b > least))


def _contrast(a: Float, b: Float, steady: Mask) -> Evened:
    """Both stretched to the mean of the two contrasts, by the quantiles of what is steady."""
    at = np.quantile(a[steady], QUANTILES)
    bt = np.quantile(b[steady], QUANTILES)
    # The slope both ways, so that neither date is the one that predicts.
    there, back = np.polyfit(at, bt, 1)[0], np.polyfit(bt, at, 1)[0]
    middle = (at.mean() + bt.mean()) / 2
    return Evened(
        ((a - at.mean()) * (there / back) ** 0.25 + middle).astype(np.float32),
        ((b - bt.mean()) * (back / there) ** 0.25 + middle).astype(np.float32),
        float((there / back) ** 0.5),
    )
