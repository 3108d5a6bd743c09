"""Fields that are smooth over centimetres, worked out on blocks of voxels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Blocks"]

LEAST_WEIGHT = 1e-3
"""Share of a smoothed block below which nothing is near enough to tell the field."""


class Blocks:
    """Blocks over a volume, and where the voxels that carry values lie in them.

    Parameters
    ----------
    chosen : ndarray of shape (I, J, K), bool
        Voxels that may carry a value.
    edges : sequence of float
        Edges of a block along each axis, in voxels; rounded, at least 1.
    """

    def __init__(self, chosen: NDArray[np.bool_], edges: Sequence[float]) -> None:
        self._fine = chosen.shape
        self._edges = [max(1, round(edge)) for edge in edges]
        self._coarse = tuple(
            -(-size // edge) for size, edge in zip(chosen.shape, self._edges, strict=True)
        )
        block = np.zeros(chosen.shape, dtype=np.int32)
        for axis, edge in enumerate(self._edges):
            along = np.arange(chosen.shape[axis], dtype=np.int32) // edge
            block *= self._coarse[axis]
            block += along.reshape([-1 if other == axis else 1 for other in range(3)])
        self._block = block[chosen]

    def smooth(
        self, values: NDArray[np.floating[Any]], use: NDArray[np.bool_], sigmas: Sequence[float]
    ) -> NDArray[np.float32]:
        """Gaussian average of values, carried into the gaps, at every voxel of the volume.

        Parameters
        ----------
        values : ndarray of shape (n,)
            One a chosen voxel, in raster order.
        use : ndarray of shape (n,), bool
            Which of them count.
        sigmas : sequence of float
            Widths in voxels along each axis, several blocks wide.

        Returns
        -------
        ndarray of shape (I, J, K), float32
            The mean of the values where none is near.
        """
        from scipy.ndimage import gaussian_filter

        widths = [sigma / edge for sigma, edge in zip(sigmas, self._edges, strict=True)]
        count = int(np.prod(self._coarse))
        where = self._block[use]
        top = np.bincount(where, weights=values[use], minlength=count).reshape(self._coarse)
        bottom = np.bincount(where, minlength=count).reshape(self._coarse).astype(float)
        top, bottom = (gaussian_filter(part, widths, mode="constant") for part in (top, bottom))
        near = bottom > LEAST_WEIGHT * np.prod(self._edges)
        overall = float(values[use].mean()) if where.size else 0.0
        field = np.where(near, top / np.where(near, bottom, 1.0), overall).astype(np.float32)
        del where
        return reduce(self._spread, range(3), field)

    def _spread(self, field: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
        """Linear interpolation from block centres to voxels along one axis."""
        edge, size = self._edges[axis], self._fine[axis]
        if edge == 1:
            return field
        at = np.clip((np.arange(size) + 0.5) / edge - 0.5, 0, self._coarse[axis] - 1)
        distance = np.abs(at[:, None] - np.arange(self._coarse[axis])[None, :])
        weight = np.clip(1 - distance, 0, None).astype(np.float32)
        if axis == 0:
            return np.asarray(np.tensordot(weight, field, axes=1))
        return np.asarray(weight @ field if axis == 1 else field @ weight.T)
