"""Where voxels lie, in mm: on the scanner's axes and in MNI152."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.voxels import LesionVoxels

__all__ = ["nearest", "places_mm", "standard_mm"]


def places_mm(voxels: LesionVoxels, index: NDArray[np.intp]) -> NDArray[np.float64]:
    """Scanner RAS+ mm of some voxels of the grid, by flat index, shape (n, 3)."""
    return voxels.grid.to_mm(np.stack(np.unravel_index(index, voxels.grid.shape), axis=1))


def standard_mm(
    voxels: LesionVoxels, anatomy: AnatomyMap, index: NDArray[np.intp]
) -> NDArray[np.floating[Any]]:
    """MNI152 mm of some voxels, shape (n, 3); where there was no registration, the scanner's."""
    if anatomy.mni_mm is None:
        return places_mm(voxels, index)
    return np.asarray(anatomy.mni_mm.reshape(-1, 3)[index])


def nearest(
    voxels: LesionVoxels, structure: NDArray[np.bool_], reach_mm: float = np.inf
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Distance in mm from each lesion voxel to the nearest voxel centre of a structure.

    Parameters
    ----------
    voxels : LesionVoxels
    structure : ndarray of bool, shape of the grid
    reach_mm : float
        Further away is infinity.

    Returns
    -------
    distance : ndarray of float, shape (n,)
    index : ndarray of int, shape (n,)
        Flat index of that voxel; where the distance is infinite, any.
    """
    from scipy.spatial import cKDTree

    where = np.flatnonzero(structure)
    if not where.size or not voxels.index.size:
        return np.full(voxels.index.size, np.inf), np.zeros(voxels.index.size, dtype=np.intp)
    tree = cKDTree(places_mm(voxels, where))
    distance, row = tree.query(places_mm(voxels, voxels.index), distance_upper_bound=reach_mm)
    return np.asarray(distance), where[np.minimum(row, where.size - 1)]
