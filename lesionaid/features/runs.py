"""Runs: how far a connected part of a lesion reaches inside a band or corridor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.voxels import LesionVoxels, connected_parts

__all__ = ["greatest_extent_mm", "longest_runs_mm", "span_of_runs"]


def longest_runs_mm(voxels: LesionVoxels, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Greatest extent of a connected part of each lesion inside a region.

    Only one connected part counts: a large lesion that touches a surface here and there makes
    many short contacts, not one long run.

    Parameters
    ----------
    voxels : LesionVoxels
    inside : ndarray of bool, shape (n,)
        Which of the lesions' voxels lie in the region.

    Returns
    -------
    ndarray of float, shape (m,)
        In mm of the images; 0 for a lesion without a voxel in the region.
    """
    runs = np.zeros(voxels.ids.size)
    linear = voxels.grid.affine[:3, :3]
    for row, members in _parts(voxels, inside):
        ijk = np.stack(np.unravel_index(voxels.index[members], voxels.grid.shape), axis=1)
        runs[row] = max(runs[row], greatest_extent_mm(ijk, linear))
    return runs


def span_of_runs(
    voxels: LesionVoxels, inside: NDArray[np.bool_], along: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Largest range of a coordinate over a connected part of each lesion inside a region.

    Parameters
    ----------
    voxels : LesionVoxels
    inside : ndarray of bool, shape (n,)
    along : ndarray of shape (n,)
        The coordinate of every voxel.

    Returns
    -------
    ndarray of float, shape (m,)
        Between voxel centres; 0 for a lesion without a voxel in the region.
    """
    spans = np.zeros(voxels.ids.size)
    for row, members in _parts(voxels, inside):
        spans[row] = max(spans[row], float(np.ptp(along[members])))
    return spans


def _parts(
    voxels: LesionVoxels, inside: NDArray[np.bool_]
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Row of the lesion, and places in ``voxels.index``, of every connected part."""
    places = np.flatnonzero(inside)
    if not places.size:
        return
    owner = voxels.owner[places]
    part = connected_parts(voxels.index[places], owner, voxels.grid)
    order = np.argsort(part, kind="stable")
    borders = np.flatnonzero(np.diff(part[order])) + 1
    for members in np.split(order, borders):
        yield int(owner[members[0]]), places[members]


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
