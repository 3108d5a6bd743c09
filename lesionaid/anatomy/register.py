"""Registration with greedy (Yushkevich et al. 2016, doi 10.1016/j.jalz.2016.06.1009).

In memory, with one thread and a seed, so that the same input gives the same bytes. Transforms
run from the fixed image's mm to the moving image's mm (both RAS+), which is the direction that
resampling onto the fixed grid needs; nothing is ever inverted. Settings are those that the
project measured (2 mm grid: 18 CPU s, tissue Dice above ANTs' and dipy's defaults).
"""

from __future__ import annotations

import ctypes
import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid, resample

__all__ = [
    "Rigid",
    "Volume",
    "Warp",
    "coarsen",
    "mutual_information",
    "register_rigid",
    "warp_onto",
]

WORK_MM = 2.0
"""Voxel size that registrations run at."""
SEED = 7
RIGID_SCHEDULE = "60x40x20"
AFFINE_SCHEDULE = "100x50x10"
WARP_SCHEDULE = "60x40x20"
MARGIN_MM = 12.0
"""Empty rim that is kept around the brain, so that it can move."""
HISTOGRAM_BINS = 64

_STDOUT = threading.Lock()

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """An image to register.

    Parameters
    ----------
    data : ndarray of shape grid.shape, float32
    grid : Grid
    mask : ndarray of shape grid.shape, bool, or None
        Where the similarity is read; None is everywhere.
    """

    data: NDArray[np.float32]
    grid: Grid
    mask: NDArray[np.bool_] | None = None


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


def coarsen(volume: Volume, spacing_mm: float = WORK_MM) -> Volume:
    """The masked image on isotropic voxels, cropped to the mask with a margin.

    Axes that are finer than `spacing_mm` are smoothed first (Gaussian, so that the width at half
    maximum grows to the new voxel); coarser axes are only interpolated.
    """
    from scipy.ndimage import gaussian_filter

    mask = volume.data != 0 if volume.mask is None else volume.mask
    grid = volume.grid
    spacing = np.asarray(grid.spacing_mm)
    voxels = np.argwhere(mask)
    margin = np.ceil(MARGIN_MM / spacing)
    low = voxels.min(axis=0) - margin
    high = voxels.max(axis=0) + margin
    shape = np.ceil((high - low) * spacing / spacing_mm).astype(int) + 1
    affine = grid.affine.copy()
    affine[:3, :3] = grid.affine[:3, :3] / spacing * spacing_mm
    affine[:3, 3] = grid.to_mm(low)
    target = Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)
    ratio = spacing_mm / spacing
    sigma = np.sqrt(np.maximum(ratio**2 - 1, 0)) / 2.355
    smooth = gaussian_filter(np.where(mask, volume.data, 0).astype(np.float32), sigma)
    share = gaussian_filter(mask.astype(np.float32), sigma)
    return Volume(
        resample(smooth, grid, target, order=1),
        target,
        resample(share, grid, target, order=1) > 0.5,
    )


def register_rigid(fixed: Volume, moving: Volume, *, degrees_of_freedom: int = 6) -> Rigid | None:
    """Align `moving` with `fixed`, from several starts; the best mutual information wins.

    The starts are the headers' alignment and the alignment of the foregrounds' centres: from the
    headers alone greedy was seen to end 125 mm off when the origins lay far apart.

    Returns
    -------
    Rigid or None
        None when no start came to an end.
    """
    header = mutual_information(fixed, moving, np.eye(4))
    best: Rigid | None = None
    for start in (np.zeros(3), _centre(moving) - _centre(fixed)):
        matrix = _Session(fixed, moving, start).affine(degrees_of_freedom, RIGID_SCHEDULE)
        if matrix is None:
            continue
        similarity = mutual_information(fixed, moving, matrix)
        if best is None or similarity > best.similarity + 1e-4:
            best = Rigid(matrix, similarity, header)
    return best


def warp_onto(
    fixed: Volume, moving: Volume, exclude: NDArray[np.bool_] | None = None
) -> Warp | None:
    """Deform `moving` onto `fixed`: affine by mutual information, then local correlation.

    Parameters
    ----------
    fixed, moving : Volume
        Brain-extracted, coarsened.
    exclude : ndarray of shape fixed.grid.shape, bool, or None
        Lesions: not read by the similarity (Brett et al. 2001, doi 10.1006/nimg.2000.0845).

    Returns
    -------
    Warp or None
        None when greedy failed.
    """
    shift = _centre(moving) - _centre(fixed)
    session = _Session(fixed, moving, shift, exclude)
    matrix = session.affine(12, AFFINE_SCHEDULE)
    if matrix is None:
        return None
    field = session.run(f"-m WNCC 2x2x2 -n {WARP_SCHEDULE} -it matrix", "field")
    if field is None:
        return None
    import SimpleITK

    lps = SimpleITK.GetArrayFromImage(field).transpose(2, 1, 0, 3)
    return Warp(matrix, (lps * np.array([-1.0, -1.0, 1.0])).astype(np.float32), fixed.grid)


def mutual_information(fixed: Volume, moving: Volume, matrix: NDArray[np.float64]) -> float:
    """Normalised mutual information (Studholme 1999) where both images are seen, 1 to 2."""
    target = Grid(fixed.grid.shape, matrix @ fixed.grid.affine)
    moved = resample(moving.data, moving.grid, target, order=1)
    seen = resample(np.ones(moving.grid.shape, dtype=np.float32), moving.grid, target, order=1)
    inside = (seen > 0.99) & ((fixed.data > 0) | (moved > 0))
    if np.count_nonzero(inside) < 100:
        return 1.0
    counts, _, _ = np.histogram2d(
        _clipped(fixed.data[inside]), _clipped(moved[inside]), bins=HISTOGRAM_BINS
    )
    joint = counts / counts.sum()
    together = _entropy(joint.ravel())
    return float((_entropy(joint.sum(0)) + _entropy(joint.sum(1))) / together) if together else 1.0


def _clipped(values: FloatArray) -> FloatArray:
    return np.clip(values, *np.percentile(values, [0.5, 99.5]))


def _entropy(shares: FloatArray) -> float:
    kept = shares[shares > 0]
    return float(-(kept * np.log(kept)).sum())


def _centre(volume: Volume) -> NDArray[np.float64]:
    """Centre of the foreground in mm."""
    seen = volume.data != 0 if volume.mask is None else volume.mask
    return volume.grid.to_mm(np.argwhere(seen).mean(axis=0))


class _Session:
    """One pair of images inside greedy.

    Greedy cannot take a starting matrix from memory, so a start that is a translation is given
    by moving the moving image's origin, and taken out of the result again.
    """

    def __init__(
        self,
        fixed: Volume,
        moving: Volume,
        shift_mm: NDArray[np.float64],
        exclude: NDArray[np.bool_] | None = None,
    ) -> None:
        from picsl_greedy import Greedy3D

        self.shift = np.eye(4)
        self.shift[:3, 3] = shift_mm
        near = Grid(moving.grid.shape, np.linalg.inv(self.shift) @ moving.grid.affine)
        self.greedy = Greedy3D()
        self.images = {"fixed": _image(fixed.data, fixed.grid), "moving": _image(moving.data, near)}
        self.read = ""
        if exclude is not None:
            self.images["seen"] = _image(~exclude, fixed.grid)
            self.read = "-gm seen "

    def affine(self, freedom: int, schedule: str) -> NDArray[np.float64] | None:
        """Fixed to moving mm. Greedy's line search can end in an exception: then try shorter."""
        for steps in (schedule, schedule.rsplit("x", 1)[0] + "x0"):
            matrix = self.run(f"-a -dof {freedom} -m NMI -n {steps} -ia-identity", "matrix")
            if matrix is not None and np.isfinite(matrix).all():
                return np.asarray(self.shift @ matrix, dtype=np.float64)
        return None

    def run(self, options: str, result: str) -> Any:
        """One command, without a word on the terminal; None where greedy threw."""
        silent = io.StringIO()
        command = f"-threads 1 -seed {SEED} -V 0 {options} {self.read}-i fixed moving -o {result}"
        try:
            with _quiet_stdout():
                self.greedy.execute(
                    command, out=silent, err=silent, **self.images, **{result: None}
                )
            return self.greedy[result]
        except RuntimeError:
            return None


@contextmanager
def _quiet_stdout() -> Iterator[None]:
    """Send what compiled code writes to standard output to nowhere.

    Greedy's optimiser reports failed line searches there, past Python, where they would spoil
    output that a program reads. Standard error, which carries the progress, is left alone.
    """
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # no standard output to protect
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with _STDOUT:
        try:
            os.dup2(nowhere, 1)
            yield
        finally:
            with suppress(OSError, TypeError, AttributeError):
                ctypes.CDLL(None).fflush(None)
            os.dup2(kept, 1)
            os.close(kept)
            os.close(nowhere)


def _image(data: NDArray[Any], grid: Grid) -> Any:
    """An image of SimpleITK (LPS) from an array in RAS+."""
    import SimpleITK

    spacing = np.asarray(grid.spacing_mm)
    flip = np.diag([-1.0, -1.0, 1.0])
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(data.T, dtype=np.float32))
    image.SetSpacing(spacing.tolist())
    image.SetDirection((flip @ grid.affine[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin((flip @ grid.affine[:3, 3]).tolist())
    return image
