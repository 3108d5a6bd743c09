"""Shapes of the second family: beads, noise, random walks, percolation.

Each returns a level on a box (:func:`lesionaid.simulate.second.lesions.cut` makes it a
mask), or the order in which voxels are taken. No ovoid, tube, lining or cheapest path.

References
----------
Blinn JF. A generalization of algebraic surface drawing. ACM Trans Graph 1982;1:235
(metaballs). Wilkinson D, Willemsen JF. Invasion percolation. J Phys A 1983;16:3365.
Metropolis N et al. J Chem Phys 1953;21:1087 (a walk in a potential).
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray
from lesionaid.simulate.lesions import Box, offsets_mm
from lesionaid.simulate.second.noise import octaves

__all__ = ["arrival", "beads", "invaded", "metaballs", "noise_blob", "trodden"]

NEAR = tuple(
    (di, dj, dk, 1.0 if abs(di) + abs(dj) + abs(dk) == 1 else 0.6)
    for di in (-1, 0, 1)
    for dj in (-1, 0, 1)
    for dk in (-1, 0, 1)
    if 1 <= abs(di) + abs(dj) + abs(dk) <= 2
)
"""Neighbours by face and by edge, and how much each counts; by face alone crystals grow."""


def metaballs(
    brain: Brain,
    rng: np.random.Generator,
    box: Box,
    centre_mm: NDArray[np.float64],
    radius_mm: float,
) -> NDArray[np.float64]:
    """Two to five balls that merge, scattered within the radius."""
    count = int(rng.integers(2, 6))
    places = centre_mm + rng.uniform(-0.7, 0.7, (count, 3)) * radius_mm
    return beads(brain, box, places, rng.uniform(0.4, 0.8, count) * radius_mm)


def beads(
    brain: Brain,
    box: Box,
    places_mm: NDArray[np.float64],
    radii_mm: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Summed inverse squares of the distance to each bead, in its radius.

    Parameters
    ----------
    places_mm : ndarray of shape (n, 3)
    radii_mm : ndarray of shape (n,)
    """
    total = np.zeros(tuple(side.stop - side.start for side in box))
    for place, radius in zip(places_mm, radii_mm, strict=True):
        x, y, z = offsets_mm(brain.grid, box, place)
        total = total + radius**2 / (x * x + y * y + z * z + 0.1)
    return total


def noise_blob(
    brain: Brain,
    rng: np.random.Generator,
    box: Box,
    centre_mm: NDArray[np.float64],
    radius_mm: float,
    *,
    roughness: float = 0.5,
) -> NDArray[np.float64]:
    """Noise in octaves under a dome: lobes and bays of every size down to a voxel."""
    x, y, z = offsets_mm(brain.grid, box, centre_mm)
    shape = tuple(side.stop - side.start for side in box)
    noise = octaves(rng, shape, brain.grid.spacing_mm, max(1.5 * radius_mm, 6.0))
    level: NDArray[np.float64] = roughness * noise - (x * x + y * y + z * z) / radius_mm**2
    return level


def trodden(
    brain: Brain,
    rng: np.random.Generator,
    potential: NDArray[np.floating[Any]],
    starts: NDArray[np.intp],
    steps: int,
    *,
    walkers: int = 500,
    warmth: float = 1.0,
) -> FloatArray:
    """How often random walks pass each voxel, slightly smoothed.

    Parameters
    ----------
    potential : ndarray
        On the box; a step uphill by h is taken with probability ``exp(-h / warmth)``, into
        infinity never.
    starts : ndarray of shape (n, 3)
        Voxels of the box; every walker begins at one of them.
    steps, walkers : int
    warmth : float
        In the units of the potential.
    """
    from scipy.ndimage import gaussian_filter

    edge = np.array(potential.shape) - 1
    at = starts[rng.integers(len(starts), size=walkers)]
    here = potential[tuple(at.T)]
    count = np.zeros(potential.shape, dtype=np.float32)
    for _ in range(steps):
        ahead = np.clip(at + rng.integers(-1, 2, at.shape), 0, edge)
        there = potential[tuple(ahead.T)]
        climb = np.where(np.isfinite(there), there - here, np.inf)
        goes = rng.random(walkers) < np.exp(-np.maximum(climb, 0) / warmth)
        at = np.where(goes[:, None], ahead, at)
        here = np.where(goes, there, here)
        np.add.at(count, tuple(at.T), np.float32(1))
    smooth = gaussian_filter(count, [1.2 / step for step in brain.grid.spacing_mm])
    return np.where(np.isfinite(potential), smooth, 0).astype(np.float32)


def invaded(
    resistance: NDArray[np.floating[Any]],
    seed: NDArray[np.intp],
    count: int,
    *,
    tension: float = 0.5,
) -> NDArray[np.int64]:
    """Order in which voxels give way: the weakest next to what is taken comes next.

    Parameters
    ----------
    resistance : ndarray
        On the box; infinite where nothing gives way.
    seed : ndarray of shape (3,)
    count : int
        Voxels to take; fewer where there are no more.
    tension : float
        How much each taken neighbour weakens a voxel: the higher, the rounder.

    Returns
    -------
    ndarray of int64
        0 for the seed, 1 for the next …; -1 where the front never came.
    """
    order = np.full(resistance.shape, -1, dtype=np.int64)
    shape = resistance.shape
    start = (int(seed[0]), int(seed[1]), int(seed[2]))
    touching = np.zeros(shape, dtype=np.float32)
    front = [(0.0, start)]
    taken = 0
    while front and taken < count:
        _, (i, j, k) = heapq.heappop(front)
        if order[i, j, k] >= 0:
            continue
        order[i, j, k] = taken
        taken += 1
        for di, dj, dk, weight in NEAR:
            at = (i + di, j + dj, k + dk)
            if not all(0 <= n < size for n, size in zip(at, shape, strict=True)):
                continue
            if order[at] >= 0 or not np.isfinite(resistance[at]):
                continue
            touching[at] += weight
            heapq.heappush(front, (float(resistance[at]) - tension * float(touching[at]), at))
    return order


def arrival(
    brain: Brain, order: NDArray[np.int64], count: int, *, blur_mm: float = 1.8
) -> NDArray[np.float64]:
    """When each voxel fell, as a share of a count, smoothed: what was left standing falls too.

    Level sets of one arrival lie within one another, so that dates do.
    """
    from scipy.ndimage import gaussian_filter

    late = np.where(order < 0, 1.6, order / count)
    blur = [blur_mm / step for step in brain.grid.spacing_mm]
    return np.asarray(gaussian_filter(late, blur), dtype=float)
