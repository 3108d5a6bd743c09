"""Noise of the second family: gradient noise in octaves, and plane waves.

The first family draws splines through random knots; nothing here does. Both are written as
products of one-dimensional tables, so that a whole brain takes a fraction of a second.

References
----------
Perlin K. Improving noise. ACM Trans Graph 2002;21:681 (gradients on a lattice, the fade
``t^3 (6 t^2 - 15 t + 10)``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.fields import FloatArray

__all__ = ["octaves", "perlin", "plane_waves"]

Shape = tuple[int, ...]
Spacing = tuple[float, float, float]


def perlin(
    rng: np.random.Generator, shape: Shape, spacing_mm: Spacing, cell_mm: float
) -> FloatArray:
    """Gradient noise of one length.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
    spacing_mm : tuple of float
    cell_mm : float
        Edge of the lattice; at least two voxels wide to be seen.

    Returns
    -------
    ndarray of shape `shape`, float32
        Between about -1 and 1, mean near 0.
    """
    weights, slopes = [], []
    for size, step in zip(shape, spacing_mm, strict=True):
        place = np.asarray(np.arange(size) * (step / cell_mm) + rng.random(), dtype=float)
        weight, slope = _tables(place)
        weights.append(weight)
        slopes.append(slope)
    knots = [table.shape[1] for table in weights]
    gradients = rng.standard_normal((3, *knots))
    gradients /= np.linalg.norm(gradients, axis=0)
    total = np.zeros(shape)
    for axis in range(3):
        tables = [slopes[n] if n == axis else weights[n] for n in range(3)]
        total += _spread(gradients[axis], tables)
    return total.astype(np.float32)


def octaves(
    rng: np.random.Generator,
    shape: Shape,
    spacing_mm: Spacing,
    longest_mm: float,
    *,
    count: int = 3,
    persistence: float = 0.55,
) -> FloatArray:
    """Gradient noise of several lengths, each half the one before and weaker.

    Returns
    -------
    ndarray of shape `shape`, float32
        Mean 0, standard deviation 1.
    """
    total = np.zeros(shape, dtype=np.float32)
    for n in range(count):
        total += np.float32(persistence**n) * perlin(rng, shape, spacing_mm, longest_mm / 2**n)
    return np.asarray((total - total.mean()) / max(float(total.std()), 1e-6), dtype=np.float32)


def plane_waves(
    rng: np.random.Generator,
    shape: Shape,
    spacing_mm: Spacing,
    lengths_mm: tuple[float, float],
    *,
    count: int = 9,
) -> FloatArray:
    """Cosine waves in random directions, the longer the higher.

    Parameters
    ----------
    lengths_mm : tuple of float
        Shortest and longest wave; drawn evenly in the logarithm.

    Returns
    -------
    ndarray of shape `shape`, float32
        Mean 0, standard deviation 1.
    """
    total = np.zeros(shape)
    for _ in range(count):
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        length = float(np.exp(rng.uniform(*np.log(lengths_mm))))
        x, y, z = (
            np.exp(2j * np.pi * along / length * step * np.arange(size))
            for along, size, step in zip(direction, shape, spacing_mm, strict=True)
        )
        plane = np.exp(2j * np.pi * rng.random()) * x[:, None] * y[None, :]
        total += length * (plane.real[:, :, None] * z.real - plane.imag[:, :, None] * z.imag)
    return np.asarray((total - total.mean()) / total.std(), dtype=np.float32)


def _tables(place: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weight of each lattice point at each place, and weight times the way from it."""
    low = np.floor(place).astype(int)
    ahead = place - low
    fade = ahead**3 * (6 * ahead**2 - 15 * ahead + 10)
    weight = np.zeros((len(place), int(low.max()) + 2))
    slope = np.zeros_like(weight)
    rows = np.arange(len(place))
    weight[rows, low], weight[rows, low + 1] = 1 - fade, fade
    slope[rows, low], slope[rows, low + 1] = (1 - fade) * ahead, fade * (ahead - 1)
    return weight, slope


def _spread(knots: NDArray[np.float64], tables: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Sum over lattice points; einsum and not a matrix product, which may round with threads."""
    for axis, table in enumerate(tables):
        knots = np.moveaxis(np.einsum("sk,kab->sab", table, np.moveaxis(knots, axis, 0)), 0, axis)
    return knots
