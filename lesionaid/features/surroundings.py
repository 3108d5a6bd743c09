"""Each lesion with what lies about it: depth inside, distance outside, made once for all.

Borders, rims, bands and halos are all read along the distance to the lesion's edge. It is
computed in a box around each lesion, so its cost is that of the boxes and never that of the
image times the number of lesions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.distances import signed_distance_mm
from lesionaid.features.voxels import LesionVoxels

__all__ = ["REACH_MM", "Surroundings", "surroundings"]

REACH_MM = 8.0
"""How far out one looks (proposed): twice the widest border that a reader would call
ill-defined here, and less than the reach of a group of satellites."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """Lesions with the voxels around them.

    Parameters
    ----------
    voxels : LesionVoxels
        One run of voxels a lesion: its own and those within reach. A voxel near two lesions
        stands in both runs, so its means are of the neighbourhood, not of the lesion.
    signed_mm : ndarray of shape (n,), float32
        From the voxel's centre to the lesion's edge: negative inside, positive outside.
    inside : ndarray of shape (n,), bool
        In this lesion.
    other : ndarray of shape (n,), bool
        In another lesion.
    boxes : tuple of tuple of slice
        Box around each lesion on ``voxels.grid``, one an id of ``voxels.ids``.
    """

    voxels: LesionVoxels
    signed_mm: NDArray[np.float32]
    inside: NDArray[np.bool_]
    other: NDArray[np.bool_]
    boxes: tuple[tuple[slice, slice, slice], ...]

    def shell(self, low_mm: float, high_mm: float) -> NDArray[np.bool_]:
        """Voxels between two signed distances, other lesions left out.

        Parameters
        ----------
        low_mm, high_mm : float
            ``low_mm <= distance < high_mm``; (-2, 0) is the outer 2 mm of the lesion itself.

        Returns
        -------
        ndarray of shape (n,), bool
        """
        return (self.signed_mm >= low_mm) & (self.signed_mm < high_mm) & ~self.other

    def chosen(self, mask: NDArray[np.bool_]) -> LesionVoxels:
        """The runs with only the chosen voxels; a lesion left without any drops out of `ids`.

        Parameters
        ----------
        mask : ndarray of shape (n,), bool

        Returns
        -------
        LesionVoxels
            ``missing`` is that of the lesions' own voxels; who dropped out here is for the
            caller to explain.
        """
        owner = self.voxels.owner[mask]
        rows, starts = np.unique(owner, return_index=True)
        return LesionVoxels(
            self.voxels.grid,
            self.voxels.index[mask],
            self.voxels.ids[rows],
            starts,
            self.voxels.missing,
        )


def surroundings(voxels: LesionVoxels, reach_mm: float = REACH_MM) -> Surroundings:
    """Look about every lesion.

    Parameters
    ----------
    voxels : LesionVoxels
        The lesions' own voxels.
    reach_mm : float
        How far out.

    Returns
    -------
    Surroundings
    """
    shape = voxels.grid.shape
    row_of = np.full(int(np.prod(shape)), -1, dtype=np.int32)
    row_of[voxels.index] = voxels.owner
    row_of = row_of.reshape(shape)
    boxes = _boxes(voxels, reach_mm)
    indices: list[NDArray[np.intp]] = []
    distances: list[NDArray[np.float32]] = []
    for row, box in enumerate(boxes):
        # The box alone decides: a lesion cut by the edge of the scan has no edge there.
        distance = signed_distance_mm(row_of[box] == row, voxels.grid)
        near = np.nonzero(distance <= reach_mm)
        corner = [side.start for side in box]
        place = tuple(axis + start for axis, start in zip(near, corner, strict=True))
        indices.append(np.ravel_multi_index(place, shape))
        distances.append(distance[near])
    index = np.concatenate(indices) if indices else np.zeros(0, dtype=np.intp)
    signed = np.concatenate(distances) if distances else np.zeros(0, dtype=np.float32)
    counts = np.array([part.size for part in indices], dtype=np.intp)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp) if indices else counts
    around = LesionVoxels(voxels.grid, index, voxels.ids, starts, voxels.missing)
    who = row_of.reshape(-1)[index]
    inside = who == around.owner
    return Surroundings(around, signed, inside, (who >= 0) & ~inside, boxes)


def _boxes(voxels: LesionVoxels, reach_mm: float) -> tuple[tuple[slice, slice, slice], ...]:
    """Box of each lesion with the reach around it, cut at the edge of the grid."""
    if not voxels.ids.size:
        return ()
    ijk = np.stack(np.unravel_index(voxels.index, voxels.grid.shape), axis=1)
    low = np.minimum.reduceat(ijk, voxels.starts)
    high = np.maximum.reduceat(ijk, voxels.starts) + 1
    margin = np.ceil(reach_mm / np.asarray(voxels.grid.spacing_mm)).astype(int) + 1
    low = np.maximum(low - margin, 0)
    high = np.minimum(high + margin, voxels.grid.shape)
    return tuple(
        (slice(int(a[0]), int(b[0])), slice(int(a[1]), int(b[1])), slice(int(a[2]), int(b[2])))
        for a, b in zip(low, high, strict=True)
    )
