"""A brain that can be computed by hand, with flat cortex and a ball or a slab of a ventricle.

White matter fills a block; the ventricle lies round 0 mm; cortex is a slab above ``CORTEX_MM``
and CSF lies on it. Any grid with axes at right angles will do, so that every result can be
asked for again on flipped, permuted and anisotropic voxels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.tissue import MS_PLAQUE, Appearance

CORTEX_MM, PIA_MM = 18.0, 21.0
"""Inner and outer surface of the cortex: heights above 0 mm."""

BALL_MM, SLAB_MM = 8.0, 6.0
"""Radius of the ventricle as a ball, half thickness as a slab across the first axis."""

HALF_MM = 27.0
"""Half the block's edge."""

PLAIN = Appearance(MS_PLAQUE, MS_PLAQUE)


def block(spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Grid:
    """A grid round 0 mm whose planes of voxels lie half way between whole millimetres."""
    size = [2 * round(HALF_MM / step) for step in spacing]
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [-(n - 1) / 2 * step for n, step in zip(size, spacing, strict=True)]
    return Grid((size[0], size[1], size[2]), affine)


def at(grid: Grid) -> NDArray[np.float64]:
    """Right, anterior and superior mm of every voxel, shape (3, I, J, K)."""
    return np.moveaxis(grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)


def flat_brain(grid: Grid, ventricle: str = "ball") -> Brain:
    """Distances are exact and not counted in voxels."""
    x, y, z = at(grid)
    to_ventricle = np.sqrt(x**2 + y**2 + z**2) - BALL_MM
    if ventricle == "slab":
        to_ventricle = np.abs(x) - SLAB_MM
    to_cortex = np.maximum(CORTEX_MM - z, z - PIA_MM)
    hollow, cortex, fluid = to_ventricle < 0, to_cortex < 0, z >= PIA_MM
    return Brain(
        grid,
        (~hollow & ~cortex & ~fluid).astype(np.float32),
        cortex.astype(np.float32),
        (hollow | fluid).astype(np.float32),
        to_ventricle.astype(np.float32),
        to_cortex.astype(np.float32),
        y < -20,
    )


def lesion_of(mask: NDArray[np.bool_], **parts: Any) -> SimulatedLesion:
    """A lesion of a mask on the whole grid, on the smallest box that holds it."""
    places = np.argwhere(mask)
    low, high = places.min(axis=0), places.max(axis=0) + 1
    i, j, k = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    fraction = mask[i, j, k].astype(np.float32)
    return SimulatedLesion(
        (i, j, k), fraction, np.zeros_like(fraction), "ms", "lesion", "x", 0.0, **parts
    )


def ball(grid: Grid, centre: tuple[float, float, float], radius: float) -> NDArray[np.bool_]:
    """Voxels whose centre lies in a ball."""
    away = at(grid) - np.asarray(centre)[:, None, None, None]
    inside: NDArray[np.bool_] = np.sqrt((away**2).sum(axis=0)) < radius
    return inside
