"""Fields on a grid that the simulator shares: distances to a surface, smooth noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid

__all__ = ["FloatArray", "polynomial", "sample", "signed_distance_mm", "smooth_noise"]

FloatArray = NDArray[np.float32]


def signed_distance_mm(mask: NDArray[np.bool_], grid: Grid) -> FloatArray:
    """Distance of voxel centres to the surface of a mask, negative inside, in mm.

    The surface is taken half a voxel from the centres of the outermost voxels.
    """
    from scipy.ndimage import distance_transform_edt

    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    half = 0.5 * min(grid.spacing_mm)
    outside = distance_transform_edt(~mask, sampling=grid.spacing_mm)
    inside = distance_transform_edt(mask, sampling=grid.spacing_mm)
    signed: FloatArray = np.where(mask, half - inside, outside - half).astype(np.float32)
    return signed


def smooth_noise(rng: np.random.Generator, grid: Grid, *, knot_mm: float) -> FloatArray:
    """Noise of unit variance that varies over a length: cubic splines through random knots.

    Parameters
    ----------
    rng : numpy.random.Generator
    grid : Grid
    knot_mm : float
        Largest distance between knots.

    Returns
    -------
    ndarray of shape grid.shape, float32
        Mean 0, standard deviation 1 over the grid.
    """
    extent = [size * step for size, step in zip(grid.shape, grid.spacing_mm, strict=True)]
    knots = [int(np.ceil(length / knot_mm)) + 1 for length in extent]
    field = rng.standard_normal(knots)
    # einsum and not a matrix product, which may round differently with more threads.
    for axis, basis in enumerate(
        _spline_basis(k, n) for k, n in zip(knots, grid.shape, strict=True)
    ):
        field = np.moveaxis(np.einsum("sk,kab->sab", basis, np.moveaxis(field, axis, 0)), 0, axis)
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


def polynomial(rng: np.random.Generator, shape: tuple[int, int, int], *, degree: int) -> FloatArray:
    """A polynomial of the three axes, each from -1 to 1, with random coefficients.

    Returns
    -------
    ndarray of shape `shape`, float32
    """
    x, y, z = np.ogrid[tuple(slice(-1, 1, size * 1j) for size in shape)]
    total = np.zeros(shape)
    for i in range(degree + 1):
        for j in range(degree + 1 - i):
            for k in range(degree + 1 - i - j):
                total += rng.standard_normal() / (1 + i + j + k) * x**i * y**j * z**k
    return np.asarray(total, dtype=np.float32)


def _spline_basis(knots: int, size: int) -> NDArray[np.float64]:
    """Natural cubic splines, one a knot, at `size` places from the first to the last knot."""
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(np.linspace(0, 1, knots), np.eye(knots), bc_type="natural")
    return np.asarray(spline(np.linspace(0, 1, size)))


def sample(volume: FloatArray, grid: Grid, mm: Any) -> FloatArray:
    """Linear interpolation of a volume at points in mm; the grid's axes are RAS+."""
    from scipy.ndimage import map_coordinates

    voxels = [
        (at - np.float32(grid.affine[axis, 3])) / np.float32(grid.affine[axis, axis])
        for axis, at in enumerate(mm)
    ]
    sampled = map_coordinates(volume, voxels, order=1, mode="constant", cval=0.0)
    return np.asarray(sampled, dtype=np.float32)
