"""Registration with greedy (Yushkevich et al. 2016, doi 10.1016/j.jalz.2016.06.1009).

In memory, with one thread and a seed, so that the same input gives the same bytes. Transforms
run from the fixed image's mm to the moving image's mm (both RAS+), which is the direction that
resampling onto the fixed grid needs; nothing is ever inverted. Settings are those that the
project measured (2 mm grid: 18 CPU s, tissue Dice above ANTs' and dipy's defaults).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.greedy import Session
from lesionaid.anatomy.volume import Volume, centre, mutual_information
from lesionaid.geometry import Grid, resample

__all__ = ["Rigid", "Warp", "register_rigid", "warp_onto"]

COARSE_SCHEDULE, FINE_SCHEDULE = "60x0x0", "20x40x20"
PITCHES_DEGREES = (0.0, 20.0, -20.0)
SURE_SIMILARITY, SURE_MM = 1.10, 3.0
"""Mutual information, and largest move of a corner of the field of view, at which the headers'
alignment needs no other start. Pairs of one patient measured 1.10 to 1.28, two patients'
extracted brains 1.06 (see :data:`lesionaid.anatomy.align.LEAST_SIMILARITY`)."""

AFFINE_SCHEDULE = "100x50x10"
WARP_SCHEDULE = "60x40x20"


@dataclass(frozen=True, slots=True, eq=False)
class Rigid:
    """A rigid (or affine) transform and how well it fits.

    Parameters
    ----------
    matrix : ndarray of shape (4, 4)
        Fixed RAS+ mm to moving RAS+ mm.
    similarity : float
        Normalised mutual information over the overlap, 1 (none) to 2.
    header_similarity : float
        The same with the headers' alignment, the identity.
    """

    matrix: NDArray[np.float64]
    similarity: float
    header_similarity: float


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """An affine transform after a smooth displacement.

    Parameters
    ----------
    matrix : ndarray of shape (4, 4)
        Fixed RAS+ mm, displaced, to moving RAS+ mm.
    displacement : ndarray of shape grid.shape + (3,), float32
        RAS+ mm, added to a fixed point before `matrix`.
    grid : Grid
        Of `displacement`.
    """

    matrix: NDArray[np.float64]
    displacement: NDArray[np.float32]
    grid: Grid

    def moving_mm(self, target: Grid) -> NDArray[np.float32]:
        """Moving mm of every voxel of `target`, shape target.shape + (3,)."""
        result = np.empty((*target.shape, 3), dtype=np.float32)
        steps = [np.arange(size) for size in target.shape]
        to_fixed = target.affine
        linear = self.matrix[:3, :3]
        moved = [
            resample(np.ascontiguousarray(self.displacement[..., axis]), self.grid, target, order=1)
            for axis in range(3)
        ]
        whole = self.matrix @ to_fixed
        i, j, k = np.ix_(*steps)
        for axis in range(3):
            plane = whole[axis, 0] * i + whole[axis, 1] * j + whole[axis, 2] * k + whole[axis, 3]
            for source in range(3):
                plane = plane + linear[axis, source] * moved[source]
            result[..., axis] = plane
        return result

    def jacobian(self) -> NDArray[np.float64]:
        """Determinant of the displacement's Jacobian, 1 where volume is kept (affine apart)."""
        spacing = self.grid.spacing_mm
        axes = self.grid.affine[:3, :3] / np.asarray(spacing)  # unit vectors of the grid's axes
        along = self.displacement.astype(np.float64) @ axes  # mm along the grid's axes
        gradient = np.empty((*self.grid.shape, 3, 3))
        for component in range(3):
            parts = np.gradient(along[..., component], *spacing)
            for axis in range(3):
                gradient[..., component, axis] = parts[axis]
        return np.asarray(np.linalg.det(gradient + np.eye(3)))


def register_rigid(fixed: Volume, moving: Volume, *, degrees_of_freedom: int = 6) -> Rigid | None:
    """Align `moving` with `fixed`, from several starts; the best mutual information wins.

    Where `fixed` has a mask, the similarity is read inside it and two voxels around it.

    The starts are the headers' alignment and the alignment of the foregrounds' centres, level and
    pitched: from the headers alone greedy was seen to end 125 mm off when the origins lay far
    apart, and from level starts 15 degrees off when one scan was tilted. Each start is followed
    at the coarsest level; the best is then refined. Where the headers' start stays where it is and
    the two agree as scans of one patient do, no other start is tried.

    Returns
    -------
    Rigid or None
        None when no start came to an end.
    """
    from scipy.ndimage import binary_dilation

    exclude = None if fixed.mask is None else ~binary_dilation(fixed.mask, iterations=2)
    header = mutual_information(fixed, moving, np.eye(4))
    best: tuple[float, NDArray[np.float64]] | None = None
    for start in (np.eye(4), *(centred(fixed, moving, pitch) for pitch in PITCHES_DEGREES)):
        matrix = Session(fixed, moving, start, exclude).affine(degrees_of_freedom, COARSE_SCHEDULE)
        if matrix is None:
            continue
        similarity = mutual_information(fixed, moving, matrix)
        if best is None or similarity > best[0] + 1e-4:
            best = (similarity, matrix)
        if similarity >= SURE_SIMILARITY and largest_move_mm(fixed.grid, matrix) <= SURE_MM:
            break
    if best is None:
        return None
    refined = Session(fixed, moving, best[1], exclude).affine(degrees_of_freedom, FINE_SCHEDULE)
    if refined is None:
        return Rigid(best[1], best[0], header)
    similarity = mutual_information(fixed, moving, refined)
    if similarity < best[0]:
        return Rigid(best[1], best[0], header)
    return Rigid(refined, similarity, header)


def largest_move_mm(grid: Grid, matrix: NDArray[np.float64]) -> float:
    """How far a transform moves the corner of a grid that it moves most."""
    corners = grid.corners_mm()
    moved = corners @ matrix[:3, :3].T + matrix[:3, 3]
    return float(np.linalg.norm(moved - corners, axis=1).max())


def warp_onto(
    fixed: Volume,
    moving: Volume,
    exclude: NDArray[np.bool_] | None = None,
    start: NDArray[np.float64] | None = None,
) -> Warp | None:
    """Deform `moving` onto `fixed`: affine by mutual information, then local correlation.

    Parameters
    ----------
    fixed, moving : Volume
        Brain-extracted, coarsened.
    exclude : ndarray of shape fixed.grid.shape, bool, or None
        Lesions: not read by the similarity (Brett et al. 2001, doi 10.1006/nimg.2000.0845).
    start : ndarray of shape (4, 4), optional
        The affine part (fixed to moving mm) where it is known already.

    Returns
    -------
    Warp or None
        None when greedy failed.
    """
    matrix = start
    if matrix is None:
        session = Session(fixed, moving, centred(fixed, moving, 0.0), exclude)
        matrix = session.affine(12, AFFINE_SCHEDULE)
    if matrix is None:
        return None
    target = Grid(fixed.grid.shape, matrix @ fixed.grid.affine)
    near = Volume(resample(moving.data, moving.grid, target, order=1), fixed.grid)
    displacement = Session(fixed, near, np.eye(4), exclude).deformation(WARP_SCHEDULE)
    return None if displacement is None else Warp(matrix, displacement, fixed.grid)


def centred(fixed: Volume, moving: Volume, pitch_degrees: float) -> NDArray[np.float64]:
    """The rigid transform that lays centre on centre and turns about the left-right axis."""
    angle = np.deg2rad(pitch_degrees)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turn[:3, 3] = centre(moving) - turn[:3, :3] @ centre(fixed)
    return turn
