"""Ids that survive a reader's edits: the mended mask against the earlier candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid, resample
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.tables import LesionGroup

__all__ = ["keep_ids", "match_ids"]


def keep_ids(lesions: LesionMap, earlier: NDArray[np.int32], grid: Grid) -> LesionMap:
    """Give lesions the ids that they had in an earlier label map.

    Parameters
    ----------
    lesions : LesionMap
        Of the edited mask, with ids by size.
    earlier : ndarray of int32
        The earlier label map; another grid of the same space is read at the nearest voxel.
    grid : Grid
        Of `earlier`.

    Returns
    -------
    LesionMap
        In order of the new ids, which may have gaps: the id of a rejected lesion is not given
        away again.
    """
    before = resample(earlier, grid, lesions.grid, order=0)
    ids = match_ids(lesions.labels, before)
    table = np.zeros(max(ids, default=0) + 1, dtype=np.int32)
    table[list(ids)] = list(ids.values())
    renamed = sorted(
        (replace(lesion, id=ids[lesion.id]) for lesion in lesions.lesions), key=lambda x: x.id
    )
    groups = sorted(
        (
            LesionGroup(ids[group.main], tuple(sorted(ids[small] for small in group.satellites)))
            for group in lesions.groups
        ),
        key=lambda group: group.main,
    )
    return LesionMap(table[lesions.labels], lesions.grid, tuple(renamed), tuple(groups))


def match_ids(labels: NDArray[np.int32], earlier: NDArray[np.int32]) -> Mapping[int, int]:
    """Old ids for new labels: largest overlap first, each id once.

    Of a lesion that was split the part with most of the old voxels keeps the id; of lesions that
    were joined the one that gave most voxels gives the id (ties: the smaller number). What
    overlaps nothing, or comes second, gets a new id after the largest one ever given.

    Parameters
    ----------
    labels, earlier : ndarray of int32, of one shape
        0 is background.

    Returns
    -------
    mapping of int to int
        New label to id, for every label in `labels`.
    """
    both = (labels > 0) & (earlier > 0)
    pairs, voxels = np.unique(
        np.stack([labels[both], earlier[both]], axis=1), axis=0, return_counts=True
    )
    order = np.lexsort((pairs[:, 0], pairs[:, 1], -voxels))
    ids: dict[int, int] = {}
    for label, old in pairs[order].tolist():
        if label not in ids and old not in ids.values():
            ids[label] = old
    following = max(int(earlier.max(initial=0)), 0) + 1
    for label in (int(value) for value in np.unique(labels) if value > 0):
        if label not in ids:
            ids[label] = following
            following += 1
    return ids
