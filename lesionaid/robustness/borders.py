"""The border of a lesion mask moved by less than a voxel: the level that it is drawn by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid

__all__ = ["border_level_mm", "moved_border", "noisy_border", "uncropped"]

SMOOTH_VOXELS = 0.7
"""Width of the Gaussian that a mask is blurred with to see where, within a voxel, its border runs.
Proposed: the narrowest that parts exposed voxels of a border from sheltered ones. Balls of 3 to
10 mm radius then lose 1.0 to 1.4 times and gain 0.65 to 0.9 times the shell of half a voxel."""

NOISE_VOXELS = 1.0
"""Width over which a drawn border strays in one direction (proposed: a hand's error, and a
segmenter's, is alike at neighbouring voxels)."""

FAR = 1e-6
"""Further from the border than this share tells, no distance is needed."""

LEAST_LEVEL = 0.05
"""Share of a voxel that keeps every voxel on its own side of the undisturbed border."""


def border_level_mm(mask: NDArray[np.bool_], grid: Grid) -> NDArray[np.float32]:
    """Signed distance to the border of a mask, negative inside, in mm, good near the border.

    A blurred half-space has the value Phi(d / width) at depth d: inverted, that is the distance
    for flat borders of any direction, and a little outwards of it for a ball.

    Parameters
    ----------
    mask : ndarray of shape (I, J, K), bool
        With background on every side, at least as wide as the border is going to move.
    grid : Grid

    Returns
    -------
    ndarray of shape (I, J, K), float32
        Negative exactly where `mask` is true.
    """
    from scipy.ndimage import gaussian_filter
    from scipy.special import ndtri

    edge = min(grid.spacing_mm)
    width = SMOOTH_VOXELS * edge
    share = gaussian_filter(mask.astype(np.float32), [width / side for side in grid.spacing_mm])
    level = (-width * ndtri(np.clip(share, FAR, 1 - FAR))).astype(np.float32)
    least = np.float32(LEAST_LEVEL * edge)
    level[mask] = np.minimum(level[mask], -least)
    level[~mask] = np.maximum(level[~mask], least)
    return np.asarray(level, dtype=np.float32)


def moved_border(level: NDArray[np.float32], by_mm: float) -> NDArray[np.bool_]:
    """The mask with its border moved outwards (`by_mm` > 0) or inwards.

    Where a flat face moves by half a voxel the border runs through voxel centres: they stay what
    they were.

    Parameters
    ----------
    level : ndarray of float32
        Of :func:`border_level_mm`.
    by_mm : float
    """
    return level < np.float32(by_mm)


def noisy_border(
    level: NDArray[np.float32], grid: Grid, sd_mm: float, seed: int
) -> NDArray[np.bool_]:
    """The mask with a border that strays at random.

    Parameters
    ----------
    level : ndarray of float32
    grid : Grid
    sd_mm : float
        Standard deviation of the border along its normal.
    seed : int
        The same seed gives the same border.
    """
    from scipy.ndimage import gaussian_filter

    widths = [NOISE_VOXELS * min(grid.spacing_mm) / edge for edge in grid.spacing_mm]
    white = np.random.default_rng(seed).standard_normal(level.shape, dtype=np.float32)
    noise = gaussian_filter(white, widths)
    noise *= np.float32(sd_mm) / noise.std()
    return np.asarray(level + noise < 0)


def uncropped(
    part: NDArray[np.bool_], box: tuple[slice, slice, slice], shape: tuple[int, int, int]
) -> NDArray[np.bool_]:
    """A part put back into a volume that is false elsewhere."""
    whole = np.zeros(shape, dtype=bool)
    whole[box] = part
    return whole
