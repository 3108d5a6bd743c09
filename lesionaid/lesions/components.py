"""A lesion mask split into lesions: one connectivity, ids that do not depend on storage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.lesions.groups import group_lesions
from lesionaid.lesions.lesion_map import SPECK_MM3, Lesion, LesionMap
from lesionaid.study.scan import LesionMask

__all__ = ["bounding_box", "connected_components", "lesion_map"]

Box = tuple[slice, slice, slice]

_TIE_DECIMALS = 3
"""Centroids that agree to a micrometre are a tie."""


def lesion_map(mask: LesionMask, native_scale: float | None = None) -> LesionMap:
    """Split a mask into lesions and groups.

    A binary mask is split into 26-connected components; instances of a labelled mask are
    kept as they are. Ids run from the largest lesion down, ties in order of the centroid
    in RAS+ mm, so neither the order of storage nor the labels of the input leave a trace.

    Parameters
    ----------
    mask : LesionMask
        RAS+.
    native_scale : float or None
        Patient's mm for one mm of the mask, for a brain normalised to MNI152. It only
        decides which lesions are specks, main or small; None counts the mask's mm.

    Returns
    -------
    LesionMap
        Sizes in mm of the mask's own grid. No lesions for an empty mask.
    """
    scale = 1.0 if native_scale is None else native_scale
    labels = np.zeros(mask.data.shape, dtype=np.int32)
    box = bounding_box(mask.data != 0)
    if box is None:
        return LesionMap(labels, mask.grid, (), ())
    inside = mask.data[box]
    split = _dense(inside) if mask.kind == "instances" else connected_components(inside != 0)
    split, lesions = _ordered(split, box, mask.grid, speck_mm3=SPECK_MM3 / scale**3)
    labels[box] = split
    groups = group_lesions(labels, mask.grid, lesions, native_scale=scale)
    return LesionMap(labels, mask.grid, lesions, groups)


def connected_components(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """26-connected components of a mask, labelled from 1: the one connectivity of lesionaid.

    Parameters
    ----------
    mask : ndarray of shape (I, J, K), bool

    Returns
    -------
    ndarray of shape (I, J, K), int32
    """
    from scipy.ndimage import label

    components: NDArray[np.int32] = np.zeros(mask.shape, dtype=np.int32)
    box = bounding_box(mask)
    if box is not None:
        components[box] = label(mask[box], structure=np.ones((3, 3, 3)))[0]
    return components


def bounding_box(mask: NDArray[np.bool_]) -> Box | None:
    """Smallest box around the true voxels; None when there are none."""
    slices = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        hit = np.flatnonzero(mask.any(axis=others))
        if hit.size == 0:
            return None
        slices.append(slice(int(hit[0]), int(hit[-1]) + 1))
    return slices[0], slices[1], slices[2]


def _dense(instances: NDArray[np.int32]) -> NDArray[np.int32]:
    """Renumber any integers other than 0 as 1, 2, 3 and so on."""
    dense = np.zeros(instances.shape, dtype=np.int32)
    foreground = instances != 0
    dense[foreground] = np.unique(instances[foreground], return_inverse=True)[1] + 1
    return dense


def _ordered(
    split: NDArray[np.int32], box: Box, grid: Grid, *, speck_mm3: float
) -> tuple[NDArray[np.int32], tuple[Lesion, ...]]:
    """Renumber a cropped label image by size, and describe its lesions."""
    from scipy.ndimage import find_objects

    ijk = np.argwhere(split)
    owner = split[tuple(ijk.T)] - 1
    counts = np.bincount(owner)
    start = np.array([side.start for side in box])
    sums = [np.bincount(owner, weights=ijk[:, axis]) for axis in range(3)]
    centroids = grid.to_mm(np.stack(sums, axis=1) / counts[:, None] + start)
    # The first voxel in raster order parts two lesions of one size and one centroid.
    first_voxel = np.unique(owner, return_index=True)[1]
    x, y, z = np.round(centroids, _TIE_DECIMALS).T
    order = np.lexsort((first_voxel, z, y, x, -counts))
    boxes: Sequence[Box] = find_objects(split)
    lesions = tuple(
        _lesion(
            number,
            n_voxels=int(counts[old]),
            voxel_mm3=grid.voxel_volume_mm3,
            centroid_mm=centroids[old],
            box=_shifted(boxes[old], box),
            speck_mm3=speck_mm3,
        )
        for number, old in enumerate(order, start=1)
    )
    new_number = np.zeros(counts.size + 1, dtype=np.int32)
    new_number[order + 1] = np.arange(1, counts.size + 1)
    return new_number[split], lesions


def _lesion(
    number: int,
    *,
    n_voxels: int,
    voxel_mm3: float,
    centroid_mm: NDArray[np.float64],
    box: Box,
    speck_mm3: float,
) -> Lesion:
    volume = n_voxels * voxel_mm3
    # A speck is *under* the limit: three voxels of 1 mm3 must not fall to a rounding error.
    speck = volume < speck_mm3 * (1 - 1e-6)
    x, y, z = (float(value) for value in centroid_mm)
    return Lesion(number, n_voxels, volume, (x, y, z), box, speck)


def _shifted(inner: Box, outer: Box) -> Box:
    """A box within a crop, as a box of the whole grid."""
    i, j, k = (
        slice(a.start + b.start, a.stop + b.start) for a, b in zip(inner, outer, strict=True)
    )
    return i, j, k
