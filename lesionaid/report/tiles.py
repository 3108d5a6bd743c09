"""Which slices of a brain are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.report.mosaic import Tile
from lesionaid.report.slices import Plane

__all__ = ["slices_of_most", "spread"]


def spread(brain: NDArray[np.bool_], counts: Mapping[Plane, int]) -> list[list[Tile]]:
    """A row of slices for each plane, evenly over the brain.

    Parameters
    ----------
    brain : ndarray of shape (I, J, K), bool
        Not empty.
    counts : mapping of Plane to int
        Fewer are given where the brain has fewer slices.
    """
    rows = []
    for plane, count in counts.items():
        here = np.flatnonzero(brain.any(axis=plane.across_up))
        share = (np.arange(count) + 0.7) / (count + 0.4)  # neither the first nor the last sliver
        index = here[0] + np.rint(share * (here[-1] - here[0])).astype(int)
        rows.append([Tile(plane, int(one)) for one in np.unique(index)])
    return rows


def slices_of_most(numbers: NDArray[np.integer[Any]], count: int) -> tuple[list[int], list[int]]:
    """Axial slices that show the most lesions together, from below, and the lesions they show.

    Each next slice is the one with the most lesions not yet shown; among equals the one with
    most of their voxels, then the lowest.
    """
    inside = [
        dict(
            zip(
                *map(np.ndarray.tolist, np.unique(plane[plane > 0], return_counts=True)),
                strict=True,
            )
        )
        for plane in np.moveaxis(numbers, 2, 0)
    ]
    shown: set[int] = set()
    chosen: list[int] = []
    while len(chosen) < count:
        gains = [[n for one, n in here.items() if one not in shown] for here in inside]
        best = max(range(len(gains)), key=lambda k: (len(gains[k]), sum(gains[k]), -k), default=0)
        if not gains or not gains[best]:
            break
        chosen.append(best)
        shown |= inside[best].keys()
    return sorted(chosen), sorted(shown)
