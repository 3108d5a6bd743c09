"""Directions in mm: normals of surfaces from distance maps, axes of lesions from moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.places import places_mm
from lesionaid.features.voxels import LesionVoxels

__all__ = ["Moments", "gradient", "mean_direction", "moments"]


def gradient(voxels: LesionVoxels, distance: NDArray[np.float32]) -> NDArray[np.float64]:
    """Gradient of a distance map at the lesions' voxels, in RAS+ mm.

    Parameters
    ----------
    voxels : LesionVoxels
    distance : ndarray of shape voxels.grid.shape, float32

    Returns
    -------
    ndarray of float, shape (n, 3)
        0 where a neighbour is infinite.
    """
    shape = np.asarray(voxels.grid.shape)
    ijk = np.stack(np.unravel_index(voxels.index, voxels.grid.shape), axis=1)
    change = np.empty((voxels.index.size, 3))
    with np.errstate(invalid="ignore"):  # infinite beside infinite at the edge of the map
        for axis in range(3):
            ends = []
            for step in (-1, 1):
                moved = ijk.copy()
                moved[:, axis] = np.clip(moved[:, axis] + step, 0, shape[axis] - 1)
                ends.append((distance[tuple(moved.T)].astype(float), moved[:, axis]))
            (low, at_low), (high, at_high) = ends
            change[:, axis] = (high - low) / np.maximum(at_high - at_low, 1)
    change[~np.isfinite(change).all(axis=1)] = 0.0
    # d = g . x and x = A i, so the change per index is A^T g.
    return np.asarray(change @ np.linalg.inv(voxels.grid.affine[:3, :3]))


def mean_direction(
    voxels: LesionVoxels, vectors: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Mean of unit vectors over some voxels of each lesion, shape (m, 3).

    Its length says how far they agree: 1 for one direction, 0 where they cancel out.

    Parameters
    ----------
    voxels : LesionVoxels
    vectors : ndarray of shape (n, 3)
        Of any length; zeros are left out.
    chosen : ndarray of shape (n,), bool
    """
    usable = chosen & vectors.any(axis=1)
    unit = np.where(usable[:, None], vectors, 0.0)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-6)
    counted = np.maximum(voxels.total(usable), 1.0)
    return np.stack([voxels.total(unit[:, axis]) / counted for axis in range(3)], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Second moments of every lesion, its voxels taken as boxes.

    Parameters
    ----------
    axes_mm : ndarray of shape (m, 3)
        Four standard deviations along the principal axes, longest first.
    long_axis : ndarray of shape (m, 3)
        Unit vector of the longest axis, RAS+; its sign means nothing.
    """

    axes_mm: NDArray[np.float64]
    long_axis: NDArray[np.float64]


def moments(voxels: LesionVoxels) -> Moments:
    """Principal axes of every lesion (or lobe) in RAS+ mm."""
    xyz = places_mm(voxels, voxels.index)
    means = np.stack([voxels.mean(xyz[:, axis]) for axis in range(3)], axis=1)
    centred = xyz - means[voxels.owner]
    covariance = np.empty((voxels.ids.size, 3, 3))
    for a in range(3):
        for b in range(3):
            covariance[:, a, b] = voxels.mean(centred[:, a] * centred[:, b])
    linear = voxels.grid.affine[:3, :3]
    covariance += linear @ linear.T / 12.0  # a voxel is a box, not a point
    values, vectors = np.linalg.eigh(covariance)
    axes = 4.0 * np.sqrt(np.maximum(values[:, ::-1], 0.0))
    return Moments(np.asarray(axes), np.asarray(vectors[:, :, -1]))
