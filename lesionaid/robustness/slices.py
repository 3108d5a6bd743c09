"""A study as thicker slices would have shown it.

A slice of thickness T averages what lies in it; laid back on the reference grid it is
interpolated linearly, as the gate's alignment does with real thick slices. Both steps run along
one axis, so both are matrices.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.study.scan import Scan

__all__ = ["coarse_grid", "slice_axis", "thick_mask", "thick_scan"]

SEEN = 0.999
"""A voxel is known where all that went into it was."""


def slice_axis(grid: Grid) -> int:
    """The axis that slices are stacked along: of the longest edge, else the head's."""
    edges = grid.spacing_mm
    longest = int(np.argmax(edges))
    return longest if edges[longest] > 1.2 * min(edges) else 2


def coarse_grid(grid: Grid, axis: int, thickness_mm: float) -> Grid:
    """The grid with slices of `thickness_mm` along `axis`, over the same field of view."""
    edge = grid.spacing_mm[axis]
    ratio = thickness_mm / edge
    shape = list(grid.shape)
    shape[axis] = max(1, int(np.ceil(grid.shape[axis] / ratio)))
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, axis] * (ratio - 1) / 2
    affine[:3, axis] *= ratio
    return Grid((shape[0], shape[1], shape[2]), affine)


def thick_mask(
    mask: NDArray[np.bool_], grid: Grid, thickness_mm: float
) -> tuple[NDArray[np.bool_], Grid]:
    """A mask as it would be drawn on thick slices: where it fills at least half of a voxel.

    Parameters
    ----------
    mask : ndarray of shape grid.shape, bool
    grid : Grid
    thickness_mm : float
        More than the grid's own.

    Returns
    -------
    mask : ndarray of bool
    grid : Grid
        Its own, coarser along one axis.
    """
    axis = slice_axis(grid)
    coarse = coarse_grid(grid, axis, thickness_mm)
    share = _along(mask.astype(np.float32), axis, _averages(grid, coarse, axis))
    return share >= 0.5 - 1e-6, coarse


def thick_scan(scan: Scan, thickness_mm: float) -> Scan:
    """A scan as slices of `thickness_mm` would have shown it, on the grid that it lies on.

    A scan that was stored with slices as thick comes back as it is.
    """
    if max(scan.source.grid.spacing_mm) >= thickness_mm:
        return scan
    axis = slice_axis(scan.grid)
    coarse = coarse_grid(scan.grid, axis, thickness_mm)
    there_and_back = _interpolation(scan.grid, coarse, axis) @ _averages(scan.grid, coarse, axis)
    valid = scan.valid
    if valid is not None:
        valid = _along(valid.astype(np.float32), axis, there_and_back) > SEEN
    return replace(
        scan,
        data=_along(scan.data, axis, there_and_back),
        valid=valid,
        source=replace(scan.source, grid=coarse),
    )


def _averages(grid: Grid, coarse: Grid, axis: int) -> NDArray[np.float32]:
    """Share of every thin slice in every thick one; rows sum to 1."""
    ratio = coarse.spacing_mm[axis] / grid.spacing_mm[axis]
    low = np.arange(coarse.shape[axis])[:, None] * ratio
    thin = np.arange(grid.shape[axis])[None, :]
    shared = np.clip(np.minimum(low + ratio, thin + 1) - np.maximum(low, thin), 0, None)
    return np.asarray(shared / shared.sum(axis=1, keepdims=True), dtype=np.float32)


def _interpolation(grid: Grid, coarse: Grid, axis: int) -> NDArray[np.float32]:
    """Weight of every thick slice at the centre of every thin one, linear between centres."""
    ratio = coarse.spacing_mm[axis] / grid.spacing_mm[axis]
    at = (np.arange(grid.shape[axis]) + 0.5) / ratio - 0.5
    at = np.clip(at, 0, coarse.shape[axis] - 1)
    distance = np.abs(at[:, None] - np.arange(coarse.shape[axis])[None, :])
    return np.asarray(np.clip(1 - distance, 0, None), dtype=np.float32)


def _along(data: NDArray[Any], axis: int, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Apply a matrix along one axis of a volume."""
    moved = np.moveaxis(data, axis, -1) @ matrix.T
    return np.ascontiguousarray(np.moveaxis(moved, -1, axis))
