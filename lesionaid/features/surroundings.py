"""Each lesion with what lies about it: depth inside, distance outside, made once for all.

Borders, rims, bands and halos are all read along the distance to the lesion's edge. It is
computed in a box around each lesion, so its cost is that of the boxes and never that of the
image times the number of lesions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.distances import signed_distance_mm
from lesionaid.features.voxels import LesionVoxels
from lesionaid.geometry import Grid

__all__ = ["REACH_MM", "Surroundings", "surroundings"]

REACH_MM = 8.0
"""How far out one looks (proposed): twice the widest border that a reader would call
ill-defined here, and less than the reach of a group of satellites."""

_Run = tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]


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
        places = np.flatnonzero(mask)
        bounds = np.searchsorted(places, [*self.voxels.starts, mask.size])
        held = np.diff(bounds) > 0
        return LesionVoxels(
            self.voxels.grid,
            self.voxels.index[places],
            self.voxels.ids[held],
            bounds[:-1][held],
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
    boxes = _boxes(voxels, reach_mm)
    row_of, corner = _row_of(voxels, boxes)
    found = [
        _look(row_of, corner, row, box, voxels.grid, reach_mm) for row, box in enumerate(boxes)
    ]
    del row_of
    counts = np.array([index.size for index, *_ in found], dtype=np.intp)
    ends = np.cumsum(counts)
    starts = ends - counts
    n = int(counts.sum())
    index = np.empty(n, dtype=np.intp)
    signed = np.empty(n, dtype=np.float32)
    inside, other = np.empty(n, dtype=bool), np.empty(n, dtype=bool)
    # The last run first, each dropped once it is copied: two sets are never held whole.
    for start, end in zip(starts[::-1].tolist(), ends[::-1].tolist(), strict=True):
        index[start:end], signed[start:end], inside[start:end], other[start:end] = found.pop()
    around = LesionVoxels(voxels.grid, index, voxels.ids, starts, voxels.missing)
    return Surroundings(around, signed, inside, other, boxes)


def _row_of(
    voxels: LesionVoxels, boxes: Sequence[tuple[slice, slice, slice]]
) -> tuple[NDArray[np.signedinteger], tuple[int, ...]]:
    """Row of the lesion that holds each voxel, -1 for none, where boxes are; and its corner."""
    corner = tuple(min((box[axis].start for box in boxes), default=0) for axis in range(3))
    far = [max((box[axis].stop for box in boxes), default=0) for axis in range(3)]
    row_of = np.full(np.subtract(far, corner), -1, dtype=np.min_scalar_type(-voxels.ids.size - 1))
    place = np.unravel_index(voxels.index, voxels.grid.shape)
    row_of[tuple(axis - start for axis, start in zip(place, corner, strict=True))] = voxels.owner
    return row_of, corner


def _look(
    row_of: NDArray[np.signedinteger],
    corner: tuple[int, ...],
    row: int,
    box: tuple[slice, slice, slice],
    grid: Grid,
    reach_mm: float,
) -> _Run:
    """Flat index, signed distance, inside and other of the voxels about one lesion."""
    part = row_of[tuple(slice(s.start - c, s.stop - c) for s, c in zip(box, corner, strict=True))]
    # The box alone decides: a lesion cut by the edge of the scan has no edge there.
    distance = signed_distance_mm(part == row, grid)
    near = np.nonzero(distance <= reach_mm)
    place = tuple(axis + side.start for axis, side in zip(near, box, strict=True))
    who = part[near]
    return (
        np.ravel_multi_index(place, grid.shape),
        distance[near],
        who == row,
        (who >= 0) & (who != row),
    )


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
