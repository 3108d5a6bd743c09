"""Groups: a main lesion with the small ones beside it.

Punctate lesions round a main lesion tell PML from new MS lesions (Wijburg et al. 2017,
J Neurol Neurosurg Psychiatry 88:1138; Hodel et al. 2016, Neurology 86:1516), so rules on
lesions run on groups, not on single components.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.lesions.lesion_map import Lesion
from lesionaid.tables import LesionGroup

__all__ = ["SMALL_MM", "WITHIN_MM", "group_lesions", "small_neighbours"]

SMALL_MM = 5.0
"""Equivalent diameter under which a lesion is small: the punctate lesions of readers are
under 5 mm. That it is the *equivalent* diameter is ours (proposed, DESIGN)."""

WITHIN_MM = 20.0
"""How far from the main lesion a small one still belongs to it (proposed, DESIGN)."""

_TIE_MM = 1e-6
"""Distances that agree to a nanometre are a tie; the larger main lesion takes it."""


def group_lesions(
    labels: NDArray[np.int32],
    grid: Grid,
    lesions: Sequence[Lesion],
    *,
    native_scale: float = 1.0,
) -> tuple[LesionGroup, ...]:
    """Give every small lesion to the nearest main lesion within 20 mm.

    Main lesions have an equivalent diameter of 5 mm or more. A small lesion with no main
    lesion near is a group of its own. Specks belong to none.

    Parameters
    ----------
    labels : ndarray of shape (I, J, K), int32
    grid : Grid
    lesions : sequence of Lesion
        Described in mm of `grid`.
    native_scale : float
        Patient's mm for one mm of `grid`.

    Returns
    -------
    tuple of LesionGroup
        In order of the main lesion's id.
    """
    neighbours = small_neighbours(labels, grid, lesions, native_scale=native_scale)
    nearest: dict[int, tuple[float, int]] = {}
    for main, beside in neighbours.items():
        for small, distance in beside:
            candidate = (round(distance / _TIE_MM) * _TIE_MM, main)
            nearest[small] = min(nearest.get(small, candidate), candidate)
    members: dict[int, list[int]] = {main: [] for main in neighbours}
    for small, (_, main) in nearest.items():
        members[main].append(small)
    alone = (x.id for x in lesions if not x.speck and x.id not in members and x.id not in nearest)
    members.update((small, []) for small in alone)
    return tuple(LesionGroup(main, tuple(sorted(members[main]))) for main in sorted(members))


def small_neighbours(
    labels: NDArray[np.int32],
    grid: Grid,
    lesions: Sequence[Lesion],
    *,
    native_scale: float = 1.0,
    small_mm: float = SMALL_MM,
    within_mm: float = WITHIN_MM,
) -> Mapping[int, tuple[tuple[int, float], ...]]:
    """Small lesions within a distance of each main lesion.

    The distance is the shortest one between the centres of two voxels, one of each
    lesion; the gap between the voxels' faces is one voxel less. A small lesion can stand
    beside several main ones here; :func:`group_lesions` gives it to the nearest.

    Parameters
    ----------
    labels : ndarray of shape (I, J, K), int32
    grid : Grid
    lesions : sequence of Lesion
        Described in mm of `grid`.
    native_scale : float
        Patient's mm for one mm of `grid`.
    small_mm, within_mm : float
        Limits in the patient's mm: equivalent diameter under, distance up to.

    Returns
    -------
    mapping of int to tuple of (int, float)
        For every main lesion the small ones near it, by distance and then id: id, distance
        in the patient's mm. Specks are neither.
    """
    from scipy.spatial import KDTree

    counted = [lesion for lesion in lesions if not lesion.speck]
    limit = small_mm / native_scale
    mains = [lesion for lesion in counted if lesion.equivalent_diameter_mm >= limit]
    smalls = [lesion for lesion in counted if lesion.equivalent_diameter_mm < limit]
    if not smalls:
        return {main.id: () for main in mains}
    reach = within_mm / native_scale
    points = [_surface_mm(labels, grid, small) for small in smalls]
    boxes = np.array([(p.min(axis=0), p.max(axis=0)) for p in points])
    ids = np.array([small.id for small in smalls])
    found: dict[int, tuple[tuple[int, float], ...]] = {}
    for main in mains:
        surface = _surface_mm(labels, grid, main)
        gaps = np.maximum(boxes[:, 0] - surface.max(axis=0), surface.min(axis=0) - boxes[:, 1])
        near = np.flatnonzero(np.linalg.norm(np.maximum(gaps, 0), axis=1) <= reach + _TIE_MM)
        if near.size == 0:
            found[main.id] = ()
            continue
        distances = KDTree(surface).query(np.concatenate([points[n] for n in near]))[0]
        starts = np.cumsum([0] + [len(points[n]) for n in near[:-1]])
        shortest = np.minimum.reduceat(distances, starts)
        pairs = [
            (float(distance) * native_scale, int(small))
            for distance, small in zip(shortest, ids[near], strict=True)
            if distance <= reach + _TIE_MM
        ]
        found[main.id] = tuple((small, distance) for distance, small in sorted(pairs))
    return found


def _surface_mm(labels: NDArray[np.int32], grid: Grid, lesion: Lesion) -> NDArray[np.float64]:
    """Centres of the voxels of a lesion that have a face on the outside, in RAS+ mm."""
    from scipy.ndimage import binary_erosion

    inside = labels[lesion.box] == lesion.id
    surface = inside & ~binary_erosion(inside)
    return grid.to_mm(np.argwhere(surface) + [side.start for side in lesion.box])
