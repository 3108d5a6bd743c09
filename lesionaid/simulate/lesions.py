"""Simulated lesions as fractions of a voxel.

A lesion is a smooth field between 0 and 1 on a box of the grid: the share of a voxel that
it fills. Its mask is the half level. The mechanisms stand in modules of their own:
:mod:`lesionaid.simulate.ms` and :mod:`lesionaid.simulate.pml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import Brain

__all__ = [
    "Box",
    "SimulatedLesion",
    "box_around",
    "clear_of",
    "label_map",
    "largest_component",
    "occupied_by",
    "offsets_mm",
]

Box = tuple[slice, slice, slice]
Mechanism = Literal["ms", "pml", "nmosd", "mogad", "tumefactive", "vascular"]
Role = Literal["lesion", "main", "satellite"]

CONNECTIVITY = np.ones((3, 3, 3), dtype=bool)
"""26 neighbours, as everywhere in lesionaid."""


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedLesion:
    """One lesion on a box of the grid.

    Parameters
    ----------
    box : tuple of slice
        Where it lies on the brain's grid.
    fraction : ndarray of float32
        Share of the voxel that is lesion; the mask is ``fraction >= 0.5``.
    rim : ndarray of float32
        1 at the advancing front, 0 in the core.
    mechanism : {"ms", "pml", "nmosd", "mogad", "tumefactive", "vascular"}
    role : {"lesion", "main", "satellite"}
    site : str
        Where the generator put it: ``"periventricular"``, ``"juxtacortical"`` …
    diameter_mm : float
        Diameter that was asked for, of the ball of the same volume, before anatomy
        cut the lesion short.
    uptake : ndarray of float32, or None
        Where it takes up gadolinium, 0 to 1; None leaves it to the appearance's pattern.
    vein, iron : ndarray of float32, or None
        Share of the voxel that is a central vein, and how much of a paramagnetic rim lies
        in it, for susceptibility images; None where there is none.
    cysts : ndarray of float32, or None
        Share of the lesion that is fluid in tiny holes; None where there are none.
    """

    box: Box
    fraction: NDArray[np.float32]
    rim: NDArray[np.float32]
    mechanism: Mechanism
    role: Role
    site: str
    diameter_mm: float
    uptake: NDArray[np.float32] | None = None
    vein: NDArray[np.float32] | None = None
    iron: NDArray[np.float32] | None = None
    cysts: NDArray[np.float32] | None = None

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Voxels of the lesion, on its box."""
        half: NDArray[np.bool_] = self.fraction >= 0.5
        return half


def box_around(grid: Grid, centre_voxel: NDArray[np.integer[Any]], radius_mm: float) -> Box:
    """Smallest box of the grid that holds a ball round a voxel."""
    spans = []
    for centre, size, step in zip(centre_voxel, grid.shape, grid.spacing_mm, strict=True):
        reach = int(np.ceil(radius_mm / step))
        spans.append(slice(max(0, int(centre) - reach), min(size, int(centre) + reach + 1)))
    return (spans[0], spans[1], spans[2])


def offsets_mm(
    grid: Grid, box: Box, centre_mm: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Right, anterior and superior distance of each voxel of a box from a point, in mm.

    Written out axis by axis: a matrix product may round differently with more threads.
    """
    i, j, k = np.ogrid[box]
    parts = [
        grid.affine[row, 0] * i
        + grid.affine[row, 1] * j
        + grid.affine[row, 2] * k
        + (grid.affine[row, 3] - centre_mm[row])
        for row in range(3)
    ]
    return (parts[0], parts[1], parts[2])


def largest_component(fraction: NDArray[np.float32]) -> NDArray[np.float32]:
    """The field with every part of its mask but the largest taken out."""
    from scipy.ndimage import label

    labels, count = label(fraction >= 0.5, structure=CONNECTIVITY)
    if count <= 1:
        return fraction
    sizes = np.bincount(labels.ravel())[1:]
    stray = (labels > 0) & (labels != int(np.argmax(sizes)) + 1)
    return np.where(stray, np.float32(0), fraction)


def label_map(brain: Brain, lesions: Sequence[SimulatedLesion]) -> NDArray[np.int32]:
    """Lesions numbered in their order; where two overlap the first keeps the voxel."""
    labels = np.zeros(brain.grid.shape, dtype=np.int32)
    for number, lesion in enumerate(lesions, start=1):
        view = labels[lesion.box]
        view[lesion.mask & (view == 0)] = number
    return labels


def clear_of(
    brain: Brain, lesion: SimulatedLesion, taken: NDArray[np.bool_], gap_mm: float
) -> bool:
    """Whether no voxel of `taken` lies within a distance of the lesion (along the axes)."""
    from scipy.ndimage import maximum_filter

    reach = [int(np.ceil(gap_mm / step)) for step in brain.grid.spacing_mm]
    wide = tuple(
        slice(max(0, side.start - r), side.stop + r)
        for side, r in zip(lesion.box, reach, strict=True)
    )
    near = taken[wide]
    if not near.any():
        return True
    near = maximum_filter(near, size=[2 * r + 1 for r in reach], mode="constant")
    inner = tuple(
        slice(side.start - outer.start, side.stop - outer.start)
        for side, outer in zip(lesion.box, wide, strict=True)
    )
    return not bool(np.any(near[inner] & lesion.mask))


def occupied_by(
    shape: tuple[int, int, int], lesions: Sequence[SimulatedLesion]
) -> NDArray[np.bool_]:
    """Voxels of any of the lesions."""
    taken = np.zeros(shape, dtype=bool)
    for lesion in lesions:
        taken[lesion.box] |= lesion.mask
    return taken
