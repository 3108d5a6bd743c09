"""The voxels of every lesion on one grid, sorted once.

Every per-lesion statistic is a reduction over consecutive runs of one sorted array, so
its cost grows with the lesion volume and never with the number of lesions times the
size of the image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid, resample, same_grid
from lesionaid.lesions.components import connected_components
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value

__all__ = ["LesionVoxels", "Rows", "connected_parts", "lesion_voxels", "merge", "whole_column"]

Rows = dict[int, dict[str, Value]]
"""Measured values by lesion id and measurement name."""


@dataclass(frozen=True, slots=True, eq=False)
class LesionVoxels:
    """Lesion voxels on `grid`, grouped by lesion.

    Parameters
    ----------
    grid : Grid
    index : ndarray of int, shape (n,)
        Flat C-order indices into `grid`, lesion after lesion, ascending within one.
    ids : ndarray of int, shape (m,)
        Ids of the lesions that have a voxel here, ascending.
    starts : ndarray of int, shape (m,)
        Where each lesion begins in `index`.
    missing : mapping of int to Unknown
        Lesions without a voxel on this grid, and why.
    """

    grid: Grid
    index: NDArray[np.intp]
    ids: NDArray[np.int32]
    starts: NDArray[np.intp]
    missing: Mapping[int, Unknown]

    @property
    def counts(self) -> NDArray[np.intp]:
        """Voxels per lesion, shape (m,)."""
        return np.diff(np.append(self.starts, self.index.size))

    @property
    def owner(self) -> NDArray[np.intp]:
        """Row of the lesion that each voxel belongs to, shape (n,)."""
        return np.repeat(np.arange(self.ids.size), self.counts)

    def owner_at(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Row of the lesion at some places in `index`, for few of very many voxels."""
        return np.searchsorted(self.starts, places, side="right") - 1

    def take(self, volume: NDArray[Any]) -> NDArray[Any]:
        """Values of an image at the lesion voxels, shape (n,) or (n, c) for c channels."""
        flat = volume.reshape((-1, *volume.shape[3:]))
        return flat[self.index]

    def total(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Sum per lesion, shape (m,)."""
        return self._reduce(np.add, values)

    def mean(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Mean per lesion; of a boolean array, the fraction."""
        return self.total(values) / self.counts

    def sd(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Standard deviation per lesion (divisor n)."""
        centred = np.asarray(values, dtype=float) - np.repeat(self.mean(values), self.counts)
        spread: NDArray[np.float64] = np.sqrt(self.mean(centred**2))
        return spread

    def minimum(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Minimum per lesion."""
        return self._reduce(np.minimum, values)

    def quantile(self, values: NDArray[Any], q: float) -> NDArray[np.float64]:
        """Quantile per lesion, linear between order statistics."""
        if not self.ids.size:
            return np.zeros(0)
        ordered = np.asarray(values, dtype=float)[np.lexsort((values, self.owner))]
        position = q * (self.counts - 1)
        low = np.floor(position).astype(np.intp)
        high = np.minimum(low + 1, self.counts - 1)
        below, above = ordered[self.starts + low], ordered[self.starts + high]
        between: NDArray[np.float64] = below + (position - low) * (above - below)
        return between

    def _reduce(self, function: np.ufunc, values: NDArray[Any]) -> NDArray[np.float64]:
        if not self.ids.size:
            return np.zeros(0)
        flat = np.asarray(values)
        # Flags are counted as they are; only numbers are widened first, to sum as numpy does.
        flat = flat if flat.dtype == bool else flat.astype(float, copy=False)
        return np.asarray(function.reduceat(flat, self.starts, dtype=float))

    def column(
        self,
        name: str,
        values: NDArray[Any],
        make: Callable[[float], Value],
    ) -> Rows:
        """A value per lesion from an array of shape (m,); missing lesions stay unknown."""
        rows: Rows = {
            int(lesion): {name: make(float(value))}
            for lesion, value in zip(self.ids, values, strict=True)
        }
        rows.update({lesion: {name: why} for lesion, why in self.missing.items()})
        return rows

    def quantities(self, name: str, values: NDArray[Any], unit: Unit) -> Rows:
        """A quantity per lesion from an array of shape (m,)."""
        return self.column(name, values, lambda value: Quantity(value, unit))

    def sizes(self, name: str, values: NDArray[Any], unit: Unit, scale: SizeScale) -> Rows:
        """A length or volume per lesion from an array in mm of the images, shape (m,)."""
        return self.column(name, values, lambda value: scale.size(value, unit))


def lesion_voxels(lesions: LesionMap, grid: Grid) -> LesionVoxels:
    """Sort the lesion voxels of `lesions` on `grid`.

    Where the mask lies on another grid its labels are resampled to the nearest voxel, so
    a lesion smaller than a voxel of `grid` can lose all of its voxels: it is then
    unknown, never absent.

    Parameters
    ----------
    lesions : LesionMap
    grid : Grid
        In the same space as ``lesions.grid``.
    """
    labels = lesions.labels
    if not same_grid(lesions.grid, grid, 1e-4):
        labels = resample(labels, lesions.grid, grid, order=0)
    flat = np.ascontiguousarray(labels).reshape(-1)
    foreground = np.flatnonzero(flat != 0)  # flags are searched six times faster than numbers
    owner = flat[foreground]
    order = np.argsort(owner, kind="stable")
    ids, starts = np.unique(owner[order], return_index=True)
    found = set(ids.tolist())
    missing = {
        lesion.id: _why_missing(lesion.centroid_mm, grid)
        for lesion in lesions.lesions
        if lesion.id not in found
    }
    return LesionVoxels(grid, foreground[order], ids.astype(np.int32), starts, missing)


def _why_missing(centroid_mm: tuple[float, float, float], grid: Grid) -> Unknown:
    voxel = grid.to_voxel(np.asarray(centroid_mm))
    inside = bool(np.all(voxel >= -0.5) and np.all(voxel <= np.asarray(grid.shape) - 0.5))
    if inside:
        return Unknown(Reason.TOO_FEW_VOXELS, "smaller than a voxel of the reference grid")
    return Unknown(Reason.OUTSIDE_FIELD_OF_VIEW, "outside the reference scan")


def connected_parts(
    index: NDArray[np.intp], owner: NDArray[np.intp], grid: Grid
) -> NDArray[np.int64]:
    """26-connected parts of some voxels of lesions, never across two lesions.

    Parameters
    ----------
    index : ndarray of int, shape (n,)
        Flat indices into `grid`, at least one.
    owner : ndarray of int, shape (n,)
        Row of the lesion of each.

    Returns
    -------
    ndarray of int, shape (n,)
        A number per part.
    """
    ijk = np.stack(np.unravel_index(index, grid.shape), axis=1)
    low = ijk.min(axis=0)
    place = tuple((ijk - low).T)
    inside = np.zeros(tuple(ijk.max(axis=0) - low + 1), dtype=bool)
    inside[place] = True
    part = connected_components(inside)[place].astype(np.int64)
    return np.asarray(part + owner * (int(part.max()) + 1))


def merge(*tables: Rows) -> Rows:
    """Join rows of several modules; later columns follow earlier ones."""
    joined: Rows = {}
    for table in tables:
        for lesion, row in table.items():
            joined.setdefault(lesion, {}).update(row)
    return joined


def whole_column(lesions: LesionMap, names: tuple[str, ...], value: Value) -> Rows:
    """The same value, most often an `Unknown`, for every lesion under each name."""
    return {lesion.id: dict.fromkeys(names, value) for lesion in lesions.lesions}
