"""Lesions: one connectivity for everybody, stable ids, specks apart, groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.tables import LesionGroup

__all__ = ["Lesion", "LesionMap"]

SPECK_MM3 = 3.0
"""Components below this stay in tables and totals, outside counts and rules (DESIGN)."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """One 26-connected component (or one instance of a labelled mask).

    Parameters
    ----------
    id : int
        Label in :attr:`LesionMap.labels`; 1 is the largest, ties by centroid.
    n_voxels : int
    volume_mm3 : float
    centroid_mm : tuple of float
        Scanner RAS+ mm.
    box : tuple of slice
        Bounding box on the mask's grid.
    speck : bool
        Under 3 mm3.
    """

    id: int
    n_voxels: int
    volume_mm3: float
    centroid_mm: tuple[float, float, float]
    box: tuple[slice, slice, slice]
    speck: bool

    @property
    def equivalent_diameter_mm(self) -> float:
        """Diameter of the ball of the same volume."""
        return float((6.0 * self.volume_mm3 / np.pi) ** (1 / 3))


@dataclass(frozen=True, slots=True, eq=False)
class LesionMap:
    """All lesions of a study on the mask's own grid (RAS+).

    Parameters
    ----------
    labels : ndarray of shape (I, J, K), int32
    grid : Grid
    lesions : tuple of Lesion
        In order of id.
    groups : tuple of LesionGroup
        Main lesions with the small components beside them.
    """

    labels: NDArray[np.int32]
    grid: Grid
    lesions: tuple[Lesion, ...]
    groups: tuple[LesionGroup, ...]

    @property
    def by_id(self) -> Mapping[int, Lesion]:
        """Lesions by id."""
        return {lesion.id: lesion for lesion in self.lesions}

    @property
    def volume_mm3(self) -> float:
        """Total volume, specks included."""
        return float(np.count_nonzero(self.labels)) * self.grid.voxel_volume_mm3
