"""What pictures are drawn on: the scans of a study, its brain, and the box round it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.geometry import Grid, resample
from lesionaid.study.scan import Contrast, Scan, Study

__all__ = ["brain_box", "brain_on", "coarse", "cut_grid", "scans_on_one_grid"]


def scans_on_one_grid(study: Study) -> dict[str, Scan]:
    """Scans by name, the reference contrast first; only that one before alignment."""
    order = [contrast for contrast in Contrast if contrast in study.scans]
    chosen = order if study.aligned else order[:1]
    return {str(contrast): study.scans[contrast] for contrast in chosen}


def brain_on(study: Study, anatomy: AnatomyMap | None, grid: Grid) -> NDArray[np.bool_] | None:
    """The user's brain mask or the anatomy's brain on a grid; None where neither is known."""
    if study.brain is not None:
        return (
            resample((study.brain.data > 0).astype(np.uint8), study.brain.grid, grid, order=0) > 0
        )
    if anatomy is not None:
        return resample(anatomy.brain.astype(np.uint8), anatomy.grid, grid, order=0) > 0
    return None


def brain_box(
    brain: NDArray[np.bool_] | None, lesions: NDArray[np.bool_], grid: Grid
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """First voxel and size of the box that holds brain and lesions, with 5 mm around them."""
    if brain is None:
        return (0, 0, 0), grid.shape
    kept = np.argwhere(brain | lesions)
    if kept.size == 0:
        return (0, 0, 0), grid.shape
    margin = np.ceil(5.0 / np.asarray(grid.spacing_mm)).astype(int)
    low = np.maximum(kept.min(axis=0) - margin, 0)
    high = np.minimum(kept.max(axis=0) + margin + 1, grid.shape)
    first = (int(low[0]), int(low[1]), int(low[2]))
    n = high - low
    return first, (int(n[0]), int(n[1]), int(n[2]))


def cut_grid(grid: Grid, corner: tuple[int, int, int], shape: tuple[int, int, int]) -> Grid:
    """The grid of a box cut out of another."""
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_mm(np.asarray(corner))
    return Grid(shape, affine)


def coarse(
    data: NDArray[np.float32], grid: Grid, edge_mm: float
) -> tuple[NDArray[np.float32], Grid]:
    """Means over blocks of about `edge_mm`, and their grid.

    Parameters
    ----------
    data : ndarray of shape grid.shape
        Finite.
    grid : Grid
    edge_mm : float
    """
    blocks = [max(1, round(edge_mm / edge)) for edge in grid.spacing_mm]
    for axis, size in enumerate(blocks):
        starts = np.arange(0, data.shape[axis], size)
        lengths = np.diff(np.append(starts, data.shape[axis])).astype(np.float32)
        along = [1, 1, 1]
        along[axis] = len(lengths)
        sums = np.add.reduceat(data, starts, axis=axis)
        data = (sums / lengths.reshape(along)).astype(np.float32)
    affine = grid.affine.copy()
    affine[:3, :3] = affine[:3, :3] * np.asarray(blocks)
    affine[:3, 3] = grid.to_mm((np.asarray(blocks) - 1) / 2)
    return data, Grid((data.shape[0], data.shape[1], data.shape[2]), affine)
