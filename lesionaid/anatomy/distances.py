"""Signed distances in mm, on the part of the grid that holds the brain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid

__all__ = ["bounding_box", "signed_distance_mm"]


def bounding_box(
    mask: NDArray[np.bool_], grid: Grid, margin_mm: float = 0.0
) -> tuple[slice, slice, slice]:
    """The smallest box around `mask`, with a margin; the whole grid where it is empty."""
    sides: list[slice] = []
    for axis, spacing in enumerate(grid.spacing_mm):
        others = tuple(other for other in range(3) if other != axis)
        hit = np.flatnonzero(mask.any(axis=others))
        if hit.size == 0:
            return (slice(None), slice(None), slice(None))
        margin = int(np.ceil(margin_mm / spacing))
        sides.append(slice(max(0, int(hit[0]) - margin), int(hit[-1]) + 1 + margin))
    return (sides[0], sides[1], sides[2])


def signed_distance_mm(
    mask: NDArray[np.bool_], grid: Grid, box: tuple[slice, slice, slice] | None = None
) -> NDArray[np.float32]:
    """Distance of voxel centres to the surface of a structure, in mm, negative inside.

    The surface is where the line to the nearest voxel of the other side enters that voxel, so
    a slab measures right along a thick axis too. Axes are taken as perpendicular; a sheared grid
    is measured along its axes.

    Parameters
    ----------
    mask : ndarray of shape grid.shape, bool
    grid : Grid
    box : tuple of slice, optional
        Where distances are wanted; infinite elsewhere. The structure is looked for in there.

    Returns
    -------
    ndarray of shape grid.shape, float32
        Infinite everywhere where the structure is empty.
    """
    result = np.full(mask.shape, np.inf, dtype=np.float32)
    where = (slice(None), slice(None), slice(None)) if box is None else box
    inside = mask[where]
    if not inside.any():
        return result
    part = _to_surface(inside, grid.spacing_mm)
    if not inside.all():
        part[inside] = -_to_surface(~inside, grid.spacing_mm)[inside]
    else:
        part[:] = -np.inf
    result[where] = part
    return result


def _to_surface(
    target: NDArray[np.bool_], spacing: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Distance from every voxel outside `target` to the surface of its nearest voxel."""
    from scipy.ndimage import distance_transform_edt

    nearest = distance_transform_edt(
        ~target, sampling=spacing, return_distances=False, return_indices=True
    )
    # The half voxel on the way: the line leaves a box first through the side it is steepest to.
    steepest = np.zeros(target.shape, dtype=np.float32)
    square = np.zeros(target.shape)
    for axis, step in enumerate(spacing):
        own = np.arange(target.shape[axis], dtype=np.int32)
        way = nearest[axis]
        way -= own.reshape([-1 if a == axis else 1 for a in range(3)])
        np.maximum(steepest, np.abs(way, out=way), out=steepest)
        square += (way * step) ** 2
    distance = np.sqrt(square, out=square).astype(np.float32)
    outside = steepest > 0
    distance[outside] -= 0.5 * distance[outside] / steepest[outside]
    return np.asarray(distance, dtype=np.float32)
