"""The border of every lesion in patches: which side each faces, and its signal profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.features.edge_fit import BIN_MM, WINDOW_MM, profile_bins
from lesionaid.features.surroundings import REACH_MM, Surroundings
from lesionaid.geometry import Grid
from lesionaid.study.scan import Scan

__all__ = ["SIDES", "Patches", "border_patches", "side_of_site"]

SIDES = ("none", "white", "gray", "ventricle", "infratentorial")
"""What a border can face. ``none`` is cerebrospinal fluid outside the ventricles or no brain;
brainstem and cerebellum are not parted into grey and white in the map."""

_SIDE_OF_SITE = {
    "white_matter": "white",
    "corpus_callosum": "white",
    "cortex": "gray",
    "deep_gray_matter": "gray",
    "lateral_ventricle": "ventricle",
    "third_ventricle": "ventricle",
    "fourth_ventricle": "ventricle",
    "brainstem": "infratentorial",
    "cerebellum": "infratentorial",
}

PATCH_MM = 6.0
"""Edge of the cells that cut a border into patches (proposed): about 36 mm2 of border, whose 18
voxels a bin at 1 mm bring the noise down four times."""

OFFSET = (0.1371, 0.2913, 0.4137)
"""Cells start at an odd place off the centroid, so that no voxel lies on the side of a cell."""

DEPTH_LEAST_MM = 2.0
"""Lesions that are nowhere deeper have no middle to hold their border against (proposed)."""

STEEP = (0.6, 1.4)
"""The slope of the distance is 1 near an edge; elsewhere two edges compete (proposed)."""

SHORT = 0.3
"""Share of a voxel by which distances to a mask's steps fall short on either side beyond the first
voxel: 0.25 to 0.4 on digital balls of 0.8 to 1 mm voxels, nothing on faces along the grid
(project's own measurement)."""

BIN_VOXELS = 3
"""A profile reaches as far as bins hold this many voxels (proposed)."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Pieces of borders.

    Parameters
    ----------
    row : ndarray of int, shape (p,)
        Row of the lesion in ``around.voxels.ids``.
    side : ndarray of int, shape (p,)
        Index into :data:`SIDES`.
    weight : ndarray of shape (p,)
        Voxels along the edge.
    count, total, square : ndarray of shape (p, bins)
        Of the signal, by bin of signed distance.
    depth_mm, reach_mm : ndarray of shape (p,)
        How far the profile goes into the lesion and out of it.
    blur_mm2 : ndarray of shape (p,)
        Variance that voxels add to an edge along the patch's normal.
    """

    row: NDArray[np.intp]
    side: NDArray[np.intp]
    weight: FloatArray
    count: FloatArray
    total: FloatArray
    square: FloatArray
    depth_mm: FloatArray
    reach_mm: FloatArray
    blur_mm2: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    """Voxels near the edge of one lesion."""

    index: NDArray[np.intp]
    signed_mm: FloatArray
    side: NDArray[np.uint8]
    cell: NDArray[np.int64]
    blur_mm2: FloatArray


def side_of_site() -> NDArray[np.uint8]:
    """Index into :data:`SIDES` by site code."""
    table = np.zeros(max(SITES) + 1, dtype=np.uint8)
    for code, name in SITES.items():
        table[code] = SIDES.index(_SIDE_OF_SITE.get(name, "none"))
    return table


def border_patches(
    scan: Scan, anatomy: AnatomyMap, around: Surroundings, *, dark: bool = False
) -> Patches:
    """Cut every border into patches and read the profile of each.

    Parameters
    ----------
    scan : Scan
        On ``around.voxels.grid``.
    anatomy : AnatomyMap
    around : Surroundings
    dark : bool
        The bodies are darker than what lies about them: the signal is turned over.

    Returns
    -------
    Patches
        None of lesions that are too thin everywhere.
    """
    deepest = around.voxels.minimum(around.signed_mm)
    ends = np.append(around.voxels.starts, around.voxels.index.size)
    found = [
        (row, _near(around, row, slice(int(ends[row]), int(ends[row + 1])), anatomy.sites, scan))
        for row in np.flatnonzero(deepest <= -DEPTH_LEAST_MM).tolist()
    ]
    return _patches(found, scan, -1.0 if dark else 1.0)


def _near(
    around: Surroundings, row: int, run: slice, sites: NDArray[np.uint8], scan: Scan
) -> _Near:
    """Voxels of one lesion within the window, with the side and the cell of their border."""
    grid = around.voxels.grid
    box = around.boxes[row]
    shape = tuple(side.stop - side.start for side in box)
    corner = np.array([side.start for side in box])
    ijk = np.stack(np.unravel_index(around.voxels.index[run], grid.shape), axis=1)
    place = tuple((ijk - corner).T)
    distance = np.full(shape, REACH_MM, dtype=np.float64)
    distance[place] = around.signed_mm[run]
    lesion = np.zeros(shape, dtype=bool)
    lesion[place] = around.inside[run] | around.other[run]
    close = np.abs(around.signed_mm[run]) <= WINDOW_MM
    normal, steep = _normals(distance, grid, tuple(axis[close] for axis in place))
    signed = around.signed_mm[run][close].astype(float)
    mm = grid.to_mm(ijk[close])
    edge = mm - signed[:, None] * normal
    step = 0.5 + 0.5 * np.sqrt(12.0 * _variance(normal, grid))
    outside = np.rint(grid.to_voxel(edge + step[:, None] * normal)).astype(np.intp)
    outside = np.clip(outside, corner, corner + np.asarray(shape) - 1)
    sides = side_of_site()
    facing = sides[sites[tuple(outside.T)]]
    own = sides[sites[tuple(ijk[close].T)]]
    kept = steep & ~around.other[run][close] & ~lesion[tuple((outside - corner).T)]
    kept &= (signed <= 0) | (own == facing)
    if scan.valid is not None:
        kept &= scan.valid[tuple(ijk[close].T)]
    centre = grid.to_mm(ijk[around.inside[run]]).mean(axis=0)
    cell = np.floor((edge - centre) / PATCH_MM + np.asarray(OFFSET)).astype(np.int64)
    blur = _variance(normal, grid) + _variance(normal, scan.source.grid)
    index = around.voxels.index[run][close]
    finest = min(grid.spacing_mm)
    signed += np.where(np.abs(signed) > 0.5 * finest, SHORT * finest, 0.0) * np.sign(signed)
    return _Near(index[kept], signed[kept], facing[kept], cell[kept], blur[kept])


def _normals(
    distance: FloatArray, grid: Grid, place: tuple[NDArray[np.intp], ...]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Unit normals, outwards, in RAS+ mm; and where the slope is that of a single edge."""
    along: list[FloatArray] = [np.asarray(np.gradient(distance, axis=axis)) for axis in range(3)]
    slopes = np.stack([slope[place] for slope in along], axis=1)
    slopes = slopes @ np.linalg.inv(grid.affine[:3, :3])
    length: FloatArray = np.asarray(np.linalg.norm(slopes, axis=1, keepdims=True))
    normal = slopes / np.maximum(length, 1e-6)
    length = length.ravel()
    return normal, (length >= STEEP[0]) & (length <= STEEP[1])


def _variance(normal: FloatArray, grid: Grid) -> FloatArray:
    """Variance of a voxel's box along each normal, in mm2."""
    return np.asarray(((normal @ grid.affine[:3, :3]) ** 2).sum(axis=1) / 12.0)


def _patches(found: list[tuple[int, _Near]], scan: Scan, sign: float) -> Patches:
    bins = round(2 * WINDOW_MM / BIN_MM)
    if not any(near.index.size for _, near in found):
        none, empty = np.zeros(0, dtype=np.intp), np.zeros((0, bins))
        flat = np.zeros(0)
        return Patches(none, none, flat, empty, empty, empty, flat, flat, flat)
    row = np.concatenate([np.full(near.index.size, number) for number, near in found])
    side = np.concatenate([near.side for _, near in found])
    cell = np.concatenate([near.cell for _, near in found])
    signed = np.concatenate([near.signed_mm for _, near in found])
    value = scan.data.reshape(-1)[np.concatenate([near.index for _, near in found])]
    value = sign * value.astype(float)
    keys = np.column_stack([row, side, cell])
    first, patch = _groups(keys)
    n = first.size
    where = patch * bins + profile_bins(signed)

    def table(weights: FloatArray | None) -> FloatArray:
        flat = np.bincount(where, weights=weights, minlength=n * bins)
        return flat.reshape(n, bins).astype(float)

    count = table(None)
    blur = np.bincount(patch, np.concatenate([near.blur_mm2 for _, near in found]), n)
    edge = float(np.mean(scan.grid.spacing_mm))
    weight = np.bincount(patch, (np.abs(signed) <= edge).astype(float), n)
    held = count >= BIN_VOXELS
    middle = bins // 2
    return Patches(
        row=row[first],
        side=side[first].astype(np.intp),
        weight=weight.astype(float),
        count=count,
        total=table(value),
        square=table(value**2),
        depth_mm=_furthest(held[:, middle - 1 :: -1]),
        reach_mm=_furthest(held[:, middle:]),
        blur_mm2=blur / count.sum(axis=1),
    )


def _groups(keys: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First place of each different row, and the number of the group of every row."""
    order = np.lexsort(keys.T[::-1])
    ordered = keys[order]
    new = np.ones(len(keys), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    group = np.empty(len(keys), dtype=np.intp)
    group[order] = np.cumsum(new) - 1
    return order[new], group


def _furthest(held: NDArray[np.bool_]) -> FloatArray:
    """Outer end of the last bin that is held, in mm."""
    last = held.shape[1] - np.argmax(held[:, ::-1], axis=1)
    return np.where(held.any(axis=1), last * BIN_MM, 0.0)
