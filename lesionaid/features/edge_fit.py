"""Fits a blurred step to many signal profiles at once.

An edge that a Gaussian blurs is an error function between two plateaus, and its width from 10 to
90 % is 2.563 standard deviations. The centre and the width are tried on a grid, and the
plateaus follow by linear least squares, so thousands of profiles cost a few matrix products and
no fit can fail to converge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BIN_MM", "WIDTH_OF_SD", "WINDOW_MM", "Edges", "fit_edges", "profile_bins"]

FloatArray = NDArray[np.float64]

WIDTH_OF_SD = 2.5631031310892007
"""Distance from 10 to 90 % of the normal distribution, in standard deviations."""

WINDOW_MM = 5.0
"""How far in and out a profile is read (proposed): an edge 8 mm wide still shows 95 % there."""

BIN_MM = 0.5
"""Width of a bin of a profile (proposed): a quarter of the narrowest edge that 1 mm voxels show."""

WIDTHS_MM = np.geomspace(0.6, 12.0, 48)
CENTRES_MM = np.linspace(-3.0, 3.0, 13)
"""Masks are drawn up to a voxel or two off the half height of the edge (proposed)."""

EXTRAPOLATED = 1.5
"""A step may be this many times the range of the profile: no plateau far outside the data
(proposed)."""

CHUNK = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """The best step of each profile.

    Parameters
    ----------
    width_mm : ndarray of shape (p,)
        From 10 to 90 %, as seen in the image.
    step : ndarray of shape (p,)
        Plateau inside minus plateau outside; 0 where the profile does not fall outwards.
    explained : ndarray of shape (p,)
        Share of the variance between bins that the step explains, 0 to 1.
    noise : ndarray of shape (p,)
        Standard deviation within bins.
    """

    width_mm: FloatArray
    step: FloatArray
    explained: FloatArray
    noise: FloatArray


def profile_bins(signed_mm: NDArray[np.floating]) -> NDArray[np.intp]:
    """Bin of each signed distance, 0 the deepest; the distances lie within the window."""
    n = round(2 * WINDOW_MM / BIN_MM)
    bins: NDArray[np.intp] = np.floor((signed_mm + WINDOW_MM) / BIN_MM).astype(np.intp)
    return np.clip(bins, 0, n - 1)


def fit_edges(count: FloatArray, total: FloatArray, square: FloatArray) -> Edges:
    """Fit each profile.

    Parameters
    ----------
    count, total, square : ndarray of shape (p, bins)
        Number, sum and sum of squares of the values in each bin, from deep inside to outside.

    Returns
    -------
    Edges
    """
    parts = [
        _fit(count[i : i + CHUNK], total[i : i + CHUNK], square[i : i + CHUNK])
        for i in range(0, len(count), CHUNK)
    ]
    if not parts:
        return Edges(*(np.zeros(0) for _ in range(4)))
    return Edges(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _fit(count: FloatArray, total: FloatArray, square: FloatArray) -> tuple[FloatArray, ...]:
    shape, width = _steps(count.shape[1])
    n = np.maximum(count.sum(axis=1), 1.0)[:, None]
    mean = total / np.maximum(count, 1.0)
    centred = np.where(count > 0, mean - total.sum(axis=1)[:, None] / n, 0.0)
    weighted = count * centred
    of_shape = count @ shape / n
    variance = np.maximum(count @ shape**2 / n - of_shape**2, 1e-9)
    covariance = weighted @ shape / n
    between = np.maximum((weighted * centred).sum(axis=1)[:, None] / n, 1e-30)
    step = covariance / variance
    span = np.where(count > 0, centred, -np.inf).max(axis=1) - np.where(
        count > 0, centred, np.inf
    ).min(axis=1)
    allowed = (step > 0) & (step <= EXTRAPOLATED * span[:, None])
    explained = np.where(allowed, covariance**2 / (variance * between), 0.0)
    best = np.argmax(explained, axis=1)[:, None]
    within = np.maximum(square.sum(axis=1) - (count * mean**2).sum(axis=1), 0.0)
    free = np.maximum(count.sum(axis=1) - (count > 0).sum(axis=1), 1.0)
    return (
        width[best[:, 0]],
        np.take_along_axis(np.where(allowed, step, 0.0), best, axis=1)[:, 0],
        np.clip(np.take_along_axis(explained, best, axis=1)[:, 0], 0.0, 1.0),
        np.sqrt(within / free),
    )


def _steps(bins: int) -> tuple[FloatArray, FloatArray]:
    """Every step on the grid of centres and widths, shape (bins, k), and the widths, shape (k,)."""
    from scipy.special import ndtr

    at = (np.arange(bins) + 0.5) * BIN_MM - WINDOW_MM
    centre, width = (axis.ravel() for axis in np.meshgrid(CENTRES_MM, WIDTHS_MM))
    return ndtr((centre - at[:, None]) * WIDTH_OF_SD / width), width
