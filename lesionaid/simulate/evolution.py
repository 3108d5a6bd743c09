"""What became of each lesion since the date before, by the voxels of two label maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAME_SHARE", "Before", "Change", "Evolution", "changes_since", "gone_since"]

Change = Literal["new", "grown", "shrunk", "unchanged", "resolved"]

SAME_SHARE = 0.05
"""A lesion whose volume changed by no more than this share is unchanged (proposed: nothing
that small can be read off two scans; the growth itself is given beside it)."""


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """The date before, in the same brain.

    Parameters
    ----------
    labels : ndarray of int32
        On the grid of the labels now.
    months : float or None
        Between the dates.
    """

    labels: NDArray[np.int32]
    months: float | None


@dataclass(frozen=True, slots=True)
class Evolution:
    """What became of one lesion.

    Parameters
    ----------
    change : Change
    label_before : int or None
        Of the earlier lesion that it shares most voxels with.
    voxels_before : int
    percent_per_month : float or None
        Compound growth; None for a new or resolved lesion, or without an interval.
    """

    change: Change
    label_before: int | None
    voxels_before: int
    percent_per_month: float | None


def changes_since(before: Before, labels: NDArray[np.int32]) -> Mapping[int, Evolution]:
    """Change of every lesion that is there now, by label.

    An earlier lesion belongs to the lesion that holds most of it now, so that lesions which
    merged are summed; where one broke up, the lesser pieces are held against the part of it
    that they lie on.
    """
    shared = _overlaps(before.labels, labels)
    heir = _heirs(shared)
    sizes = np.bincount(before.labels.ravel())
    found = {}
    for number, now in enumerate(np.bincount(labels.ravel())[1:], start=1):
        own = sum(int(sizes[old]) for old, new in heir.items() if new == number)
        met = {old: count for (old, new), count in shared.items() if new == number}
        if now:
            then = own or sum(met.values())
            origin = max(met, key=lambda old: met[old], default=None)
            found[number] = _evolution(int(now), origin, then, before.months)
    return found


def gone_since(before: Before, labels: NDArray[np.int32]) -> tuple[int, ...]:
    """Labels of earlier lesions on whose voxels nothing lies now."""
    left = {old for old, _ in _overlaps(before.labels, labels)}
    return tuple(int(old) for old in np.unique(before.labels) if old and old not in left)


def _overlaps(then: NDArray[np.int32], now: NDArray[np.int32]) -> dict[tuple[int, int], int]:
    """Voxels that an earlier and a present lesion share."""
    both = (then > 0) & (now > 0)
    pairs, counts = np.unique(np.stack([then[both], now[both]]), axis=1, return_counts=True)
    return {(int(a), int(b)): int(n) for (a, b), n in zip(pairs.T, counts, strict=True)}


def _heirs(shared: Mapping[tuple[int, int], int]) -> dict[int, int]:
    """Present lesion that holds most of each earlier one; the lower label of equals."""
    heir: dict[int, int] = {}
    for (old, new), count in sorted(shared.items()):
        if old not in heir or count > shared[old, heir[old]]:
            heir[old] = new
    return heir


def _evolution(now: int, origin: int | None, then: int, months: float | None) -> Evolution:
    if not then:
        return Evolution("new", None, 0, None)
    growth = round(100 * ((now / then) ** (1 / months) - 1), 2) if months else None
    if abs(now - then) <= SAME_SHARE * then:
        return Evolution("unchanged", origin, then, growth)
    return Evolution("grown" if now > then else "shrunk", origin, then, growth)
