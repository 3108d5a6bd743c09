"""Dark lines at chosen voxels: second derivatives of the image, by one product of matrices.

A vein on SWI or T2* is a thin dark line: the signal rises on all sides across it and stays
along it, so two eigenvalues of the Hessian are large and positive and one is near zero
(Sato et al. 1998, doi 10.1016/S1361-8415(98)80009-1; Frangi et al. 1998, doi
10.1007/BFb0056195). Only the voxels asked for are computed, from their own neighbourhoods:
no pass over the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.voxels import LesionVoxels
from lesionaid.geometry import Grid

__all__ = ["SIGMA_MM", "Lines", "dark_lines", "derivative_kernels", "line_curvature"]

SIGMA_MM = 1.0
"""Scale of the filter (proposed): veins in lesions are under 2 mm wide, and a filter of
their own width answers most."""

_REACH = 2.5
"""Support of the filter on each side, in sigmas: beyond lie 1 % of a Gaussian."""

_CHUNK = 1 << 22
"""Values gathered at once (16 MB)."""

_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Hessian of the smoothed image at some voxels.

    Parameters
    ----------
    curvature : ndarray of shape (n, 3)
        Eigenvalues in signal per mm2, ascending: at a dark line the last two are large.
    noise : float
        Standard deviation of a second derivative per unit of white noise of the image.
    """

    curvature: NDArray[np.float64]
    noise: float

    @property
    def across(self) -> NDArray[np.float64]:
        """The lesser of the two curvatures across the line, shape (n,)."""
        return self.curvature[:, 1]

    def line_like(self, straightness: float, roundness: float) -> NDArray[np.bool_]:
        """Voxels that are neither in a dark blob nor in a dark sheet.

        Parameters
        ----------
        straightness : float
            Largest curvature along the line, as a share of that across.
        roundness : float
            Least ratio of the two curvatures across: near 0 for a sheet, 1 for a round line.
        """
        along, lesser, greater = self.curvature.T
        line = (np.abs(along) <= straightness * lesser) & (lesser >= roundness * greater)
        return np.asarray(line & (lesser > 0))


def line_curvature(contrast: float, radius_mm: float, sigma_mm: float = SIGMA_MM) -> float:
    """Curvature across a long dark cylinder at its axis, after smoothing.

    The smoothed disc has the value ``-C (1 - exp(-a2 / 2 s2))`` at its centre; half its
    Laplacian there follows from the heat equation.

    Parameters
    ----------
    contrast : float
        Signal around the cylinder less that inside it.
    radius_mm, sigma_mm : float
    """
    ratio = radius_mm**2 / sigma_mm**2
    return float(contrast * ratio / (2 * sigma_mm**2) * np.exp(-ratio / 2))


def derivative_kernels(
    grid: Grid, sigma_mm: float = SIGMA_MM
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Offsets of a neighbourhood and the weights of the six second derivatives.

    The weights are scaled so that the derivatives of every quadratic image are exact on
    voxels of any spacing.

    Returns
    -------
    offsets : ndarray of int, shape (k, 3)
        In voxels.
    weights : ndarray of shape (k, 6)
        xx, yy, zz, xy, xz, yz along the axes of the grid, per mm2.
    """
    lines = [_one_axis(spacing, sigma_mm) for spacing in grid.spacing_mm]
    steps = np.meshgrid(*(line[0] for line in lines), indexing="ij")
    offsets = np.stack([step.ravel() for step in steps], axis=1)
    weights = np.empty((offsets.shape[0], len(_PAIRS)))
    for column, pair in enumerate(_PAIRS):
        orders = [pair.count(axis) for axis in range(3)]
        parts = [lines[axis][1][order] for axis, order in enumerate(orders)]
        weights[:, column] = np.einsum("i,j,k->ijk", *parts).ravel()
    return offsets.astype(np.intp), weights


def _one_axis(
    spacing: float, sigma: float
) -> tuple[NDArray[np.intp], tuple[NDArray[np.float64], ...]]:
    """Steps along an axis, and the weights of its derivatives of order 0, 1 and 2."""
    reach = max(1, int(np.ceil(_REACH * sigma / spacing)))
    steps = np.arange(-reach, reach + 1)
    x = steps * spacing
    smooth = np.exp(-0.5 * (x / sigma) ** 2)
    smooth /= smooth.sum()
    first = smooth * x
    first /= np.sum(first * x)
    second = smooth * (x**2 - np.sum(smooth * x**2))
    second /= np.sum(second * x**2) / 2
    return steps, (smooth, first, second)


def dark_lines(volume: NDArray[Any], voxels: LesionVoxels, fill: NDArray[np.float64]) -> Lines:
    """Second derivatives at every voxel of some lesions, each lesion on its own.

    What lies outside the lesion is replaced by a value of the lesion's own, so that neither
    its border nor a vein beside it is seen.

    Parameters
    ----------
    volume : ndarray of shape grid.shape
    voxels : LesionVoxels
    fill : ndarray of shape (m,)
        A value per lesion.
    """
    grid = voxels.grid
    offsets, weights = derivative_kernels(grid)
    values = voxels.take(volume).astype(float)
    place_of = np.full(int(np.prod(grid.shape)), -1, dtype=np.int32)
    place_of[voxels.index] = np.arange(voxels.index.size, dtype=np.int32)
    owner = voxels.owner
    ijk = np.stack(np.unravel_index(voxels.index, grid.shape), axis=1)
    hessian = np.empty((voxels.index.size, len(_PAIRS)))
    step = max(1, _CHUNK // offsets.shape[0])
    for start in range(0, voxels.index.size, step):
        part = slice(start, start + step)
        there = ijk[part, None, :] + offsets
        within = np.all((there >= 0) & (there < grid.shape), axis=-1)
        flat = np.ravel_multi_index(tuple(np.moveaxis(there, -1, 0)), grid.shape, mode="clip")
        place = np.where(within, place_of[flat], -1)
        own = (place >= 0) & (owner[place] == owner[part, None])
        near = np.where(own, values[place], fill[owner[part], None])
        # A plain sum, not a library's product: the same bits on any number of threads.
        hessian[part] = np.einsum("nk,kc->nc", near, weights)
    return Lines(_eigenvalues(hessian), float(np.sqrt((weights[:, :3] ** 2).sum(axis=0)).max()))


def _eigenvalues(hessian: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix = np.empty((hessian.shape[0], 3, 3))
    for column, (a, b) in enumerate(_PAIRS):
        matrix[:, a, b] = matrix[:, b, a] = hessian[:, column]
    return np.asarray(np.linalg.eigvalsh(matrix))
