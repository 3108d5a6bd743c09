"""Lines that stand for fibres: the fan of the corona radiata. No tractogram is used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray, smooth_noise
from lesionaid.simulate.landmarks import point_mm

__all__ = ["fan_noise"]

LINE_MM, FAN_MM = 8.0, 40.0
"""Width of the lines at a distance from the middle of the fan (proposed)."""

CAPSULE_MM = (22.0, -8.0, 8.0)
"""Middle of the fan on the right, MNI: the internal capsule (proposed, good to some 5 mm)."""


def fan_noise(rng: np.random.Generator, brain: Brain) -> FloatArray:
    """Noise of unit variance that is constant along lines from the internal capsules outwards.

    Parameters
    ----------
    rng : numpy.random.Generator
    brain : Brain
        Without MNI coordinates the lines fan out from its middle.

    Returns
    -------
    ndarray of shape brain.grid.shape, float32
    """
    from scipy.ndimage import map_coordinates

    noise = smooth_noise(rng, brain.grid, knot_mm=LINE_MM)
    steps = np.asarray(brain.grid.spacing_mm, dtype=np.float32)
    middle = _middles(brain)
    voxels = np.moveaxis(np.indices(brain.grid.shape, dtype=np.float32), 0, -1)
    away = (voxels - middle) * steps
    length = np.maximum(np.sqrt((away * away).sum(axis=-1, keepdims=True)), np.float32(1e-3))
    at = np.moveaxis(middle + away / length * np.float32(FAN_MM) / steps, -1, 0)
    return np.asarray(map_coordinates(noise, at, order=1, mode="nearest"), dtype=np.float32)


def _middles(brain: Brain) -> NDArray[np.float32]:
    """Voxel from which the lines fan out, for each voxel or for all."""
    if brain.mni_mm is None:
        return np.asarray(np.argwhere(brain.inside).mean(axis=0), dtype=np.float32)
    x, y, z = CAPSULE_MM
    right, left = (
        np.asarray(brain.grid.to_voxel(point_mm(brain, (side * x, y, z))), dtype=np.float32)
        for side in (1, -1)
    )
    return np.asarray(np.where(brain.mni_mm[..., :1] < 0, left, right), dtype=np.float32)
