"""Families: the lesions of now and the prior mask's components that belong together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid

__all__ = ["Reach", "count_beyond", "link", "sum_by_family", "widen"]

Reach = tuple[int, int, int]


def widen(mask: NDArray[np.bool_], reach: Reach) -> NDArray[np.bool_]:
    """Widen a mask by a number of voxels along each axis, corners included."""
    from scipy.ndimage import maximum_filter

    size = tuple(2 * steps + 1 for steps in reach)
    widened: NDArray[np.uint8] = maximum_filter(mask.view(np.uint8), size=size, mode="constant")
    return widened > 0


def link(
    labels: NDArray[np.int32], components: NDArray[np.int32], reach: Reach
) -> frozenset[tuple[int, int]]:
    """Pairs of lesion and prior component that belong together.

    Those that share a voxel; and for a lesion or component that shares none, those within
    the tolerance. A bare touch of two that are matched already does not join families.
    """
    both = (labels > 0) & (components > 0)
    pairs = np.unique(np.column_stack([labels[both], components[both]]), axis=0)
    shared = {(int(lesion), int(component)) for lesion, component in pairs}
    matched_lesions = {lesion for lesion, _ in shared}
    matched_components = {component for _, component in shared}
    near = {
        *_touching(labels, components, reach, skip=matched_lesions),
        *((a, b) for b, a in _touching(components, labels, reach, skip=matched_components)),
    }
    return frozenset(shared | near)


def _touching(
    labels: NDArray[np.int32],
    others: NDArray[np.int32],
    reach: Reach,
    *,
    skip: set[int],
) -> Iterator[tuple[int, int]]:
    """Pairs of label and other label within the tolerance, each label in its own box."""
    from scipy.ndimage import find_objects

    for label, box in enumerate(find_objects(labels), start=1):
        if box is None or label in skip:
            continue
        wide = tuple(
            slice(max(0, side.start - steps), side.stop + steps)
            for side, steps in zip(box, reach, strict=True)
        )
        beside = np.unique(others[wide][widen(labels[wide] == label, reach)])
        yield from ((label, int(other)) for other in beside if other > 0)


def sum_by_family(
    links: frozenset[tuple[int, int]], now: NDArray[np.int64], then: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sums over each lesion's family, of a count per lesion and a count per component.

    Parameters
    ----------
    links : frozenset of (int, int)
        From :func:`link`.
    now, then : ndarray of int
        Counts by lesion label and by component label, background first.

    Returns
    -------
    now, then : ndarray of int, by lesion label
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    size = now.size + then.size
    lesions = [lesion for lesion, _ in links]
    components = [now.size + component for _, component in links]
    graph = coo_matrix((np.ones(len(links)), (lesions, components)), shape=(size, size))
    n_families, family = connected_components(graph, directed=False)
    sums = np.zeros((2, n_families), dtype=np.int64)
    np.add.at(sums[0], family[: now.size], now)
    np.add.at(sums[1], family[now.size :], then)
    return sums[0, family[: now.size]], sums[1, family[: now.size]]


def count_beyond(
    limit_mm: float,
    labels: NDArray[np.int32],
    mask: NDArray[np.bool_],
    grid: Grid,
    reach: Reach,
) -> NDArray[np.int64]:
    """Voxels of each label that lie clear of a mask.

    Clear is farther than a distance from every voxel of the mask and outside the tolerance:
    the next slice of 5 mm is not 3 mm beyond, it is one voxel.

    Parameters
    ----------
    limit_mm : float
        Between centres of voxels, in mm of `grid`.
    labels, mask : ndarray of shape (I, J, K), int32 and bool
        On one crop of `grid`.
    grid : Grid
    reach : tuple of int
        Tolerance in voxels along each axis.

    Returns
    -------
    ndarray of int, by label, background (always 0) first
    """
    from scipy.spatial import KDTree

    clear = np.argwhere((labels > 0) & ~widen(mask, reach))
    owner = labels[tuple(clear.T)]
    if mask.any() and owner.size:
        tree = KDTree(grid.to_mm(np.argwhere(mask)))
        distances = tree.query(grid.to_mm(clear), distance_upper_bound=limit_mm * (1 + 1e-6))[0]
        owner = owner[np.isinf(distances)]
    return np.bincount(owner, minlength=int(labels.max(initial=0)) + 1)
