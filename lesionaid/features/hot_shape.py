"""Shape of a set of voxels on any grid: its box, its extent, its hull."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid

__all__ = ["axis_lengths_mm", "crop", "extent_mm", "hull_share"]


def axis_lengths_mm(index: NDArray[np.intp], grid: Grid) -> NDArray[np.float64]:
    """Edges of the box with the same second moments as some voxels, ascending, in mm.

    Parameters
    ----------
    index : ndarray of int, shape (n,)
        Flat indices into `grid`, at least one.
    grid : Grid

    Returns
    -------
    ndarray of shape (3,)
        Exact for a box along any direction; a ball of diameter d has 0.775 d.
    """
    linear = grid.affine[:3, :3]
    ijk = _ijk(index, grid)
    xyz = (ijk - ijk.mean(axis=0)) @ linear.T
    covariance = xyz.T @ xyz / index.size + linear @ linear.T / 12.0
    return np.asarray(np.sqrt(12.0 * np.linalg.eigvalsh(covariance)))


def extent_mm(index: NDArray[np.intp], grid: Grid) -> float:
    """Greatest distance between two corners of some voxels, in mm."""
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    points = _corners(index, grid)
    corners = points[ConvexHull(points).vertices]
    return float(pdist(corners @ grid.affine[:3, :3].T).max())


def hull_share(index: NDArray[np.intp], grid: Grid) -> float:
    """Volume of some voxels over that of the convex hull of their corners; 1 for a box."""
    from scipy.spatial import ConvexHull

    return float(min(1.0, index.size / ConvexHull(_corners(index, grid)).volume))


def _corners(index: NDArray[np.intp], grid: Grid) -> NDArray[np.float64]:
    """Corners of the first and last voxel of every line along k: all that a hull can touch."""
    ijk = _ijk(np.sort(index), grid)
    new_line = np.any(np.diff(ijk[:, :2], axis=0) != 0, axis=1)
    ends = ijk[np.append(True, new_line) | np.append(new_line, True)]
    corners = np.indices((2, 2, 2)).reshape(3, 8).T - 0.5
    return np.asarray((ends[:, None, :] + corners).reshape(-1, 3))


def crop(
    index: NDArray[np.intp], grid: Grid
) -> tuple[NDArray[np.intp], NDArray[np.intp], tuple[int, int, int]]:
    """Voxel indices, shape (n, 3), with the corner and the shape of the box around them."""
    ijk = np.stack(np.unravel_index(index, grid.shape), axis=1)
    low, high = ijk.min(axis=0), ijk.max(axis=0)
    i, j, k = (int(n) for n in high - low + 1)
    return ijk, low, (i, j, k)


def _ijk(index: NDArray[np.intp], grid: Grid) -> NDArray[np.int64]:
    return np.stack(np.unravel_index(index, grid.shape), axis=1).astype(np.int64)
