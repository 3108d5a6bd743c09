"""Masks with closed-form answers, shared by the tests of lesions, shape and change."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.quantity import Category, Quantity, Unknown, Value
from lesionaid.study.scan import LesionMask, Source

ORIENTATIONS = [
    "".join(pair[side] for pair, side in zip(order, sides, strict=True))
    for order in permutations(("LR", "PA", "IS"))
    for sides in product((0, 1), repeat=3)
]


def affine(
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    turn_deg: float = 0.0,
    origin: Sequence[float] = (-20.0, -31.0, 7.0),
) -> NDArray[np.float64]:
    """Voxel to RAS mm, turned about x and then z."""
    a = np.deg2rad(turn_deg)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = about_z @ about_x @ np.diag(spacing)
    matrix[:3, 3] = origin
    return matrix


def lesion_mask(
    data: NDArray[np.generic], matrix: NDArray[np.float64] | None = None, kind: str = "binary"
) -> LesionMask:
    i, j, k = data.shape
    grid = Grid((i, j, k), affine() if matrix is None else matrix)
    source = Source("lesions.nii.gz", "", "RAS", grid)
    return LesionMask(data.astype(np.int32), grid, source, kind=kind)  # type: ignore[arg-type]


def ball(
    shape: tuple[int, int, int],
    centre: Sequence[float],
    radii_mm: float | Sequence[float],
    matrix: NDArray[np.float64] | None = None,
) -> NDArray[np.bool_]:
    """Voxels whose centre lies in a ball or ellipsoid; `centre` in voxel indices."""
    linear = (affine() if matrix is None else matrix)[:3, :3]
    offset = (np.indices(shape).reshape(3, -1).T - np.asarray(centre)) @ linear.T
    inside = np.linalg.norm(offset / np.broadcast_to(radii_mm, 3), axis=1) <= 1
    return inside.reshape(shape)


def scattered(shape: tuple[int, int, int] = (40, 44, 36), seed: int = 3) -> NDArray[np.bool_]:
    """Blobs of many sizes, single voxels among them."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    blobs = gaussian_filter(rng.standard_normal(shape), 1.7)
    mask = blobs > np.quantile(blobs, 0.96)
    mask[tuple(rng.integers(0, side, 12) for side in shape)] = True
    return mask


def number(value: Value) -> float:
    assert isinstance(value, Quantity), value
    return value.value


def printed(value: Value) -> str:
    """As a table would print it."""
    if isinstance(value, Quantity):
        return f"{value.value:.6g} {value.unit}"
    assert isinstance(value, Category | Unknown)
    return str(value)
