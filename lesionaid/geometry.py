"""Grids in RAS+ millimetres: the one place that knows about affines.

Everything behind the gate is RAS+ (first axis to the patient's right, second to
anterior, third to superior). Lengths are in mm; the volume of a voxel is
``|det(affine)|``, never a product of header zooms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Grid",
    "axis_codes",
    "corner_distance_mm",
    "reorient",
    "resample",
    "same_grid",
    "to_ras",
]

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A voxel grid in scanner space.

    Parameters
    ----------
    shape : tuple of int
        ``(I, J, K)``.
    affine : ndarray of shape (4, 4)
        Voxel indices to RAS+ mm.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel edge lengths in mm, per axis."""
        edges = np.linalg.norm(self.affine[:3, :3], axis=0)
        return (float(edges[0]), float(edges[1]), float(edges[2]))

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of a voxel in mm3, right for oblique and sheared grids too."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def extent_mm3(self) -> float:
        """Volume of the whole field of view in mm3."""
        return self.voxel_volume_mm3 * float(np.prod(self.shape))

    def to_mm(self, ijk: FloatArray | NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """RAS+ mm of voxel indices, shape (..., 3)."""
        return np.asarray(ijk, dtype=float) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def to_voxel(self, xyz: FloatArray) -> NDArray[np.float64]:
        """Fractional voxel indices of RAS+ mm, shape (..., 3)."""
        offset = np.asarray(xyz, dtype=float) - self.affine[:3, 3]
        return offset @ np.linalg.inv(self.affine[:3, :3]).T

    def corners_mm(self) -> NDArray[np.float64]:
        """The eight corner voxel centres in RAS+ mm, shape (8, 3)."""
        last = np.asarray(self.shape) - 1
        unit = np.indices((2, 2, 2)).reshape(3, 8).T
        return self.to_mm(unit * last)


def axis_codes(affine: FloatArray) -> str:
    """Orientation of the axes, e.g. ``"RAS"`` or ``"LPS"``."""
    from nibabel.orientations import aff2axcodes

    return "".join(str(code) for code in aff2axcodes(affine))


def to_ras(data: NDArray[Any], affine: FloatArray) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Reorder axes to the closest RAS+, without interpolation.

    Returns
    -------
    data : ndarray
        C-contiguous, so that later sums do not depend on how the file was stored.
    affine : ndarray of shape (4, 4)
        Rounded to what a header's float32 can carry (directions 1e-6, origin 1e-3 mm), so
        that storage order leaves no trace in the last bits.
    """
    moved, exact = reorient(data, affine, "RAS")
    rounded = np.round(exact, 6) + 0.0
    rounded[:3, 3] = np.round(exact[:3, 3], 3) + 0.0
    return moved, rounded


def reorient(
    data: NDArray[Any], affine: FloatArray, codes: str
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Reorder and flip axes so that they run along `codes`; obliqueness stays."""
    from nibabel.orientations import (
        apply_orientation,
        axcodes2ornt,
        inv_ornt_aff,
        io_orientation,
        ornt_transform,
    )

    transform = ornt_transform(io_orientation(affine), axcodes2ornt(tuple(codes)))
    moved = np.ascontiguousarray(apply_orientation(data, transform))
    return moved, np.asarray(affine, dtype=float) @ inv_ornt_aff(transform, data.shape[:3])


def corner_distance_mm(a: Grid, b: Grid) -> float:
    """Largest distance between corresponding corners of two grids, in mm."""
    return float(np.linalg.norm(a.corners_mm() - b.corners_mm(), axis=1).max())


def same_grid(a: Grid, b: Grid, tolerance_voxel: float = 0.1) -> bool:
    """Whether two grids agree: same shape, corners within a fraction of a voxel."""
    return a.shape == b.shape and corner_distance_mm(a, b) <= tolerance_voxel * min(a.spacing_mm)


def resample(
    data: NDArray[Any], source: Grid, target: Grid, *, order: int, fill: float = 0.0
) -> NDArray[Any]:
    """Sample `data` at the voxel centres of `target`, both in the same space.

    Parameters
    ----------
    data : ndarray of shape source.shape
    order : int
        0 for labels (nearest), 1 for images (linear).
    fill : float
        Value outside the source.

    Returns
    -------
    ndarray of shape target.shape, same dtype as `data`
    """
    if same_grid(source, target, 1e-4):
        return data
    from scipy.ndimage import affine_transform

    matrix = np.linalg.inv(source.affine) @ target.affine
    moved: NDArray[Any] = affine_transform(
        data,
        matrix[:3, :3],
        matrix[:3, 3],
        output_shape=target.shape,
        order=order,
        mode="constant",
        cval=fill,
        prefilter=False,
    )
    return moved
