"""Half-way space of two dates: neither scan is interpolated more than the other.

Registering the second date onto the first blurs only one of them, and lesions then seem to
change (Reuter et al. 2012, doi 10.1016/j.neuroimage.2012.02.084). Here the two are registered
both ways, the two answers are averaged, and both scans are taken half of the way to one grid. To
swap the dates gives the same grid, with the roles exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.register import register_rigid
from lesionaid.anatomy.volume import Volume, coarsen, without_air
from lesionaid.geometry import Grid, resample

__all__ = ["Halfway", "meet_halfway"]

VOXEL_MM = 1.0
"""Voxels of the grid: about the finest edge of clinical scans; thick slices are only
interpolated (proposed)."""

MARGIN_MM = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Halfway:
    """Where two dates meet.

    Parameters
    ----------
    grid : Grid
        Isotropic, along the axes of the half-way space.
    to_prior, to_current : ndarray of shape (4, 4)
        Half-way RAS+ mm to the mm of each date; each is the other's inverse but for the frame.
    similarity : float
        Normalised mutual information, the lower of the two registrations.
    disagreement_mm : float
        Mean distance over the brain between the two registrations, forth and back.
    """

    grid: Grid
    to_prior: NDArray[np.float64]
    to_current: NDArray[np.float64]
    similarity: float
    disagreement_mm: float

    def take(
        self, data: NDArray[Any], grid: Grid, matrix: NDArray[np.float64], *, order: int = 1
    ) -> NDArray[Any]:
        """An image of one date on the half-way grid.

        Parameters
        ----------
        data : ndarray of shape grid.shape
        grid : Grid
            In the space of the date.
        matrix : ndarray of shape (4, 4)
            ``to_prior`` or ``to_current``.
        order : int
            0 for labels, 1 for images.
        """
        return resample(data, grid, self._seen_from(matrix), order=order)

    def give_back(
        self, data: NDArray[Any], grid: Grid, matrix: NDArray[np.float64], *, order: int = 0
    ) -> NDArray[Any]:
        """An image of the half-way grid on a grid of one date, as :meth:`take` the other way."""
        return resample(data, self._seen_from(matrix), grid, order=order)

    def _seen_from(self, matrix: NDArray[np.float64]) -> Grid:
        return Grid(self.grid.shape, matrix @ self.grid.affine)


def meet_halfway(prior: Volume, current: Volume) -> Halfway | None:
    """Register two dates both ways and meet in the middle.

    Parameters
    ----------
    prior, current : Volume
        One contrast at both dates, with the brain as mask.

    Returns
    -------
    Halfway or None
        None when a registration did not come to an end.
    """
    from scipy.linalg import expm, logm

    first, second = _coarse(prior), _coarse(current)
    back = register_rigid(second, first)  # current mm to prior mm
    forth = register_rigid(first, second)
    if back is None or forth is None:
        return None
    # Half of the mean of one way and the inverse of the other, on the group of rigid motions.
    half = (np.real(logm(back.matrix)) - np.real(logm(forth.matrix))) / 4
    to_prior, to_current = np.real(expm(half)), np.real(expm(-half))
    points = current.grid.to_mm(np.argwhere(_brain(current))[::50])
    circle = forth.matrix @ back.matrix
    moved = points @ circle[:3, :3].T + circle[:3, 3]
    return Halfway(
        grid=_grid(((prior, to_prior), (current, to_current))),
        to_prior=to_prior,
        to_current=to_current,
        similarity=min(back.similarity, forth.similarity),
        disagreement_mm=float(np.linalg.norm(moved - points, axis=1).mean()),
    )


def _brain(volume: Volume) -> NDArray[np.bool_]:
    return volume.data != 0 if volume.mask is None else volume.mask


def _coarse(volume: Volume) -> Volume:
    return without_air(coarsen(Volume(volume.data, volume.grid)))


def _grid(dates: tuple[tuple[Volume, NDArray[np.float64]], ...]) -> Grid:
    """The box of both brains in the half-way space."""
    lows, highs = [], []
    for volume, matrix in dates:
        back = np.linalg.inv(matrix)
        points = volume.grid.to_mm(np.argwhere(_brain(volume)))
        points = points @ back[:3, :3].T + back[:3, 3]
        lows.append(points.min(axis=0))
        highs.append(points.max(axis=0))
    low = np.floor(np.min(lows, axis=0)) - MARGIN_MM
    high = np.ceil(np.max(highs, axis=0)) + MARGIN_MM
    i, j, k = (int(n) for n in np.ceil((high - low) / VOXEL_MM) + 1)
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    affine[:3, 3] = low
    return Grid((i, j, k), affine)
