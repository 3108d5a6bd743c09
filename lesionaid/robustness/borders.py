"""The border of a lesion mask moved by less than a voxel: the level that it is drawn by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid

__all__ = ["border_level_mm", "moved_border", "noisy_border", "uncropped"]

HALF_VOXEL = 0.5
"""A voxel's centre lies half a voxel inside the face that bounds it."""

SMOOTH_VOXELS = 0.7
"""A binary mask holds its border to half a voxel only; a Gaussian of this width over the signed
distance tells the exposed voxels of the border from the sheltered ones (proposed: balls of 3 to
10 mm radius then lose and gain the volume of half a voxel to within a tenth, see the tests)."""

NOISE_VOXELS = 1.0
"""Width over which a drawn border strays in one direction (proposed: a hand's error, and a
segmenter's, is alike at neighbouring voxels)."""

LEAST_LEVEL = 0.05
"""Share of a voxel that keeps every voxel on its own side of the undisturbed border."""


def border_level_mm(mask: NDArray[np.bool_], grid: Grid) -> NDArray[np.float32]:
    """Signed distance to the border of a mask, negative inside, in mm.

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
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    spacing = grid.spacing_mm
    half = HALF_VOXEL * min(spacing)
    outside = distance_transform_edt(~mask, sampling=spacing).astype(np.float32)
    inside = distance_transform_edt(mask, sampling=spacing).astype(np.float32)
    level = np.where(mask, half - inside, outside - half).astype(np.float32)
    widths = [SMOOTH_VOXELS * min(spacing) / edge for edge in spacing]
    smooth: NDArray[np.float32] = gaussian_filter(level, widths)
    least = np.float32(LEAST_LEVEL * min(spacing))
    return np.where(mask, np.minimum(smooth, -least), np.maximum(smooth, least))


def moved_border(level: NDArray[np.float32], by_mm: float) -> NDArray[np.bool_]:
    """The mask with its border moved outwards (`by_mm` > 0) or inwards.

    A voxel that lies exactly on the moved border, as all of a flat face do, stays what it was.

    Parameters
    ----------
    level : ndarray of float32
        Of :func:`border_level_mm`.
    by_mm : float
    """
    tie = np.float32(1e-3)
    limit = np.float32(by_mm)
    return level < (limit - tie if by_mm > 0 else limit + tie)


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
