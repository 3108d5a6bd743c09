"""Runs of a lesion along the subcortical white matter, where the U-fibres are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.voxels import LesionVoxels, connected_parts

__all__ = ["greatest_extent_mm", "subcortical_runs_mm"]


def subcortical_runs_mm(
    voxels: LesionVoxels, anatomy: AnatomyMap, depth_mm: float
) -> NDArray[np.float64]:
    """Greatest extent of a connected part of each lesion just below the cortex.

    Only one connected part counts: a large lesion that touches the cortex here and there
    makes many short contacts, not one long run.

    Parameters
    ----------
    voxels : LesionVoxels
        On ``anatomy.grid``.
    anatomy : AnatomyMap
    depth_mm : float
        Depth of the band of white matter below the cortex.

    Returns
    -------
    ndarray of float, shape (m,)
        In mm of the images; 0 for a lesion without a voxel in the band.
    """
    runs = np.zeros(voxels.ids.size)
    distance = voxels.take(anatomy.distances_mm["cortex"])
    white = voxels.take(anatomy.sites) == site_code("white_matter")
    in_band = white & (distance > 0) & (distance <= depth_mm)
    index, owner = voxels.index[in_band], voxels.owner[in_band]
    if not index.size:
        return runs
    part = connected_parts(index, owner, voxels.grid)
    ijk = np.stack(np.unravel_index(index, voxels.grid.shape), axis=1)
    order = np.argsort(part, kind="stable")
    borders = np.flatnonzero(np.diff(part[order])) + 1
    for members in np.split(order, borders):
        row = owner[members[0]]
        extent = greatest_extent_mm(ijk[members], voxels.grid.affine[:3, :3])
        runs[row] = max(runs[row], extent)
    return runs


def greatest_extent_mm(ijk: NDArray[np.int64], linear: NDArray[np.float64]) -> float:
    """Longest distance between two voxel corners of a set of voxels, in mm.

    Parameters
    ----------
    ijk : ndarray of int, shape (n, 3)
    linear : ndarray of shape (3, 3)
        Voxels to mm.
    """
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    corners = np.indices((2, 2, 2)).reshape(3, 8).T - 0.5
    points = np.unique((ijk[:, None, :] + corners).reshape(-1, 3), axis=0)
    # The corners of a single voxel already span space, so the hull always exists.
    hull = points[ConvexHull(points).vertices]
    return float(pdist(hull @ linear.T).max())
