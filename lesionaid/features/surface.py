"""Surface area of every lesion at once, by counting crossings along straight lines.

The Cauchy-Crofton formula: the area of a body is twice the mean, over all directions, of
the number of times that lines of unit density in that direction cross its surface. On a
grid there are 13 directions (pairs of neighbours), each weighted by the share of the
sphere that is nearest to it.

A triangulated mesh of the voxels was left aside: on balls of 2 to 12 voxels radius it is
7 to 15 % too large, and its table of triangles is not symmetric under mirroring.

References
----------
Legland D, Kieu K, Devaux MF. Image Anal Stereol 2007;26:83-92.
Lehmann G, Legland D. Efficient N-dimensional surface estimation using Crofton formula and
run-length encoding. Insight Journal 2012 (the perimeter of ITK's label shape filter).
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["surface_areas_mm2"]


def surface_areas_mm2(
    labels: NDArray[np.int32], voxel_to_mm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Crofton estimate of the surface area of each label.

    On 1 mm voxels the mean error is -4 % for balls of 2 mm radius, -2 % at 3 mm and under
    1 % from 6 mm; on voxels of 1 x 1 x 3 mm -9, -5 and -2 %. A flat face that runs along the
    grid is 7 % too small, and 16 % on voxels of 1 x 1 x 3 mm.

    Parameters
    ----------
    labels : ndarray of shape (I, J, K), int32
        0 is background. The edge of the array counts as surface.
    voxel_to_mm : ndarray of shape (3, 3)
        Linear part of the affine; may be oblique, anisotropic or sheared.

    Returns
    -------
    ndarray of shape (highest label + 1,)
        Area in mm2, by label; entry 0 is 0.
    """
    padded = np.pad(labels, 1)
    flat = padded.ravel()
    inside = np.flatnonzero(flat != 0)
    own = flat[inside]
    strides = np.array([padded.shape[1] * padded.shape[2], padded.shape[2], 1])
    steps = np.array([step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0)])
    steps_mm = steps @ voxel_to_mm.T
    voxel_mm3 = abs(float(np.linalg.det(voxel_to_mm)))
    areas = np.zeros(int(own.max(initial=0)) + 1)
    for step, length, share in zip(
        steps, np.linalg.norm(steps_mm, axis=1), _shares_of_sphere(steps_mm), strict=True
    ):
        offset = int(step @ strides)
        ahead = own[flat[inside + offset] != own]
        behind = own[flat[inside - offset] != own]
        crossings = np.bincount(np.concatenate([ahead, behind]), minlength=areas.size)
        areas += 2.0 * share * crossings * (voxel_mm3 / length)
    return areas


def _shares_of_sphere(steps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the sphere nearest to each direction or its opposite; sums to 1."""
    from scipy.spatial import SphericalVoronoi

    unit = steps_mm / np.linalg.norm(steps_mm, axis=1, keepdims=True)
    areas = SphericalVoronoi(np.concatenate([unit, -unit])).calculate_areas()
    both = areas[: len(unit)] + areas[len(unit) :]
    shares: NDArray[np.float64] = both / both.sum()
    return shares
