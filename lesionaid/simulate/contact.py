"""Lengths and contacts of a set of voxels, counted directly.

The truth of a simulated lesion is held against what lesionaid measures, so nothing here is
shared with the code that measures: a length runs between voxel centres, a contact is made
of voxel faces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.fields import FloatArray

__all__ = ["NO_CONTACT", "Contact", "caliper_mm", "contact_with", "longest_part_mm"]

Mask = NDArray[np.bool_]

SMOOTHING_MM = 1.5
"""The surface's direction is taken from its distance smoothed by this much: the voxels of a
mask give steps, and no directions (proposed)."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a lesion touches a surface.

    Parameters
    ----------
    area_mm2 : float
    length_mm : float
        Longest distance between two voxel centres of one connected part.
    """

    area_mm2: float
    length_mm: float


NO_CONTACT = Contact(0.0, 0.0)


def caliper_mm(voxels: NDArray[np.integer], grid: Grid) -> float:
    """Largest distance between two voxel centres; 0 for one voxel or none.

    Parameters
    ----------
    voxels : ndarray of int, shape (n, 3)
    grid : Grid
    """
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    if len(voxels) < 2:
        return 0.0
    mm = np.asarray(voxels, dtype=float) @ grid.affine[:3, :3].T
    if np.linalg.matrix_rank(voxels - voxels[0]) == 3:
        mm = mm[ConvexHull(voxels).vertices]
    return float(pdist(mm).max())


def longest_part_mm(mask: Mask, grid: Grid) -> float:
    """Largest :func:`caliper_mm` of the mask's parts, 26-connected."""
    from scipy.ndimage import label

    parts, count = label(mask, structure=np.ones((3, 3, 3)))
    places, owner = np.argwhere(mask), parts[mask]
    return max(
        (caliper_mm(places[owner == part], grid) for part in range(1, count + 1)), default=0.0
    )


def contact_with(
    lesion: Mask, structure: Mask, distance_mm: FloatArray, grid: Grid, beside: Mask | None = None
) -> Contact:
    """Part of a structure's surface that a lesion covers.

    The surface is made of the voxel faces between the structure and the rest; the lesion
    covers a face when it holds a voxel on either side. A face counts with the cosine between
    its own direction and the surface's. Summed over the three directions of faces this is
    the area of the surface itself, whatever its slope, because the squares of the cosines
    add up to 1; bare faces would give a ball half as much again.

    Parameters
    ----------
    lesion, structure : ndarray of bool
        On one box of the grid, with a few voxels to spare round the lesion.
    distance_mm : ndarray of float32
        Signed distance to the structure on that box.
    grid : Grid
        Axes at right angles.
    beside : ndarray of bool, optional
        Surface counts only where the voxel outside the structure is one of these.
    """
    normal = _directions(distance_mm, grid)
    touching, area = np.zeros_like(lesion), 0.0
    for axis, step in enumerate(grid.spacing_mm):
        low, high = _neighbours(axis)
        face = (structure[low] != structure[high]) & (lesion[low] | lesion[high])
        if beside is not None:
            face &= np.where(structure[low], beside[high], beside[low])
        touching[low] |= face & lesion[low]
        touching[high] |= face & lesion[high]
        cosine = np.abs(normal[axis][low] + normal[axis][high]) / 2
        area += grid.voxel_volume_mm3 / step * float(cosine[face].sum(dtype=np.float64))
    if not touching.any():
        return NO_CONTACT
    return Contact(area, longest_part_mm(touching, grid))


def _directions(distance_mm: FloatArray, grid: Grid) -> list[FloatArray]:
    """Unit vectors away from the structure, by axis of the grid."""
    from scipy.ndimage import gaussian_filter

    sigma = [SMOOTHING_MM / step for step in grid.spacing_mm]
    smooth = gaussian_filter(distance_mm, sigma, mode="nearest", truncate=3)
    gradient = np.gradient(smooth, *grid.spacing_mm)
    length = np.maximum(np.sqrt(sum(part**2 for part in gradient)), np.float32(1e-6))
    return [part / length for part in gradient]


def _neighbours(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Views of all voxels but the last, and all but the first, along an axis."""
    low, high = [slice(None)] * 3, [slice(None)] * 3
    low[axis], high[axis] = slice(None, -1), slice(1, None)
    return tuple(low), tuple(high)
