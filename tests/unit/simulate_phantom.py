"""A brain that can be computed by hand: balls within balls, for the tests of the simulator."""

from __future__ import annotations

import numpy as np

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import signed_distance_mm

VENTRICLE_MM, CORTEX_MM, BRAIN_MM = 8.0, 40.0, 44.0
"""Radii: ventricle, inner and outer surface of the cortex."""


def ball_brain(spacing: float = 1.0, *, ventricle: bool = True) -> Brain:
    """White matter between a ventricle and a shell of cortex, centred on 0 mm."""
    half = int(np.ceil(48 / spacing))
    size = 2 * half + 1
    affine = np.diag([spacing, spacing, spacing, 1.0])
    affine[:3, 3] = -half * spacing
    grid = Grid((size, size, size), affine)
    radius = radius_mm(grid)
    hollow = radius < VENTRICLE_MM if ventricle else np.zeros(grid.shape, dtype=bool)
    cortex = (radius >= CORTEX_MM) & (radius < BRAIN_MM)
    white = (radius < CORTEX_MM) & ~hollow
    return Brain(
        grid,
        white.astype(np.float32),
        cortex.astype(np.float32),
        hollow.astype(np.float32),
        signed_distance_mm(hollow, grid),
        signed_distance_mm(cortex, grid),
        np.zeros(grid.shape, dtype=bool),
    )


def radius_mm(grid: Grid) -> np.ndarray:
    """Distance of every voxel from 0 mm."""
    return np.linalg.norm(grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1)), axis=-1)
