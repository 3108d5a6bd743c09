"""Where lesions of the second family go: point processes, and a canvas that keeps them apart.

Places are a sequential Strauss process in a density that falls with the distance to the
ventricle and to the cortex; the first family shares lesions out over sites. Satellites are a
Matern cluster process.

References
----------
Strauss DJ. A model for clustering. Biometrika 1975;62:467 (here with inhibition).
Matern B. Spatial Variation. Meddelanden Statens Skogsforskningsinstitut 1960;49(5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion, largest_component
from lesionaid.simulate.tissue import Appearance

__all__ = ["Canvas", "clusters", "density", "inhibited"]

GAP_MM = 2.5
"""Between lesions; more where voxels are so large that lesions would touch by a corner."""

SMALLEST_MM3 = 14.0
"""A ball of 3 mm."""

INHIBITION = 0.15
"""Chance that a place is taken beside one neighbour; its square beside two."""


class Canvas:
    """The lesions of one patient so far.

    Parameters
    ----------
    brain : Brain
    """

    def __init__(self, brain: Brain) -> None:
        self.brain = brain
        self.taken = np.zeros(brain.grid.shape, dtype=bool)
        self._lesions: list[tuple[SimulatedLesion, Appearance]] = []

    @property
    def lesions(self) -> tuple[tuple[SimulatedLesion, Appearance], ...]:
        """In the order of their labels."""
        return tuple(self._lesions)

    def add(
        self,
        lesion: SimulatedLesion,
        look: Appearance,
        *,
        least_mm3: float = SMALLEST_MM3,
        survives: float = 0.6,
    ) -> bool:
        """Keep what lies apart from the others.

        Parameters
        ----------
        least_mm3 : float
            Smaller lesions are refused.
        survives : float
            Share of its voxels that must be left.
        """
        before = int(np.count_nonzero(lesion.mask))
        kept = self._apart(lesion)
        left = int(np.count_nonzero(kept.mask))
        if left * self.brain.grid.voxel_volume_mm3 < least_mm3 or left < survives * before:
            return False
        self.taken[kept.box] |= kept.mask
        self._lesions.append((kept, look))
        return True

    def _apart(self, lesion: SimulatedLesion) -> SimulatedLesion:
        from scipy.ndimage import distance_transform_edt

        spacing = self.brain.grid.spacing_mm
        gap = max(GAP_MM, 1.8 * max(spacing))
        reach = [int(np.ceil(gap / step)) for step in spacing]
        wide = tuple(
            slice(max(0, side.start - r), side.stop + r)
            for side, r in zip(lesion.box, reach, strict=True)
        )
        if not self.taken[wide].any():
            return lesion
        away = distance_transform_edt(~self.taken[wide], sampling=spacing)
        inner = tuple(
            slice(side.start - outer.start, side.stop - outer.start)
            for side, outer in zip(lesion.box, wide, strict=True)
        )
        cut = np.where(away[inner] <= gap, np.float32(0), lesion.fraction)
        return replace(lesion, fraction=largest_component(cut))


def density(brain: Brain, *, below: float = 0.6) -> NDArray[np.float64]:
    """How likely an MS lesion starts at each voxel, not scaled.

    It falls off by a length of 5 mm from the ventricle and 2.5 mm from the cortex, over a
    floor (proposed: periventricular most, then deep, then juxtacortical).

    Parameters
    ----------
    below : float
        Factor for brainstem and cerebellum.
    """
    ventricle = np.exp(-np.clip(brain.ventricle_mm, 0, 60) / 5.0)
    cortex = np.exp(-np.clip(brain.cortex_mm, 0, 60) / 2.5)
    above = 1.0 * ventricle + 0.10 * cortex + 0.06
    likely = np.where(brain.infratentorial, 0.06 * below, above) * brain.white
    return np.where((brain.white > 0.5) & (brain.ventricle_mm > 0), likely, 0.0)


def inhibited(
    brain: Brain,
    rng: np.random.Generator,
    likely: NDArray[np.floating[Any]],
    reach_mm: float,
    tries: int,
) -> Iterator[NDArray[np.float64]]:
    """Places in mm, off the lattice, that keep away from those before: a Strauss process.

    Parameters
    ----------
    likely : ndarray of shape brain.grid.shape
        Density.
    reach_mm : float
        Earlier places nearer than this inhibit.
    tries : int
        Places that are tried in all.
    """
    where = np.flatnonzero(likely)
    if where.size == 0:
        return
    running = np.cumsum(likely.ravel()[where])
    earlier: list[NDArray[np.float64]] = []
    for _ in range(tries):
        pick = int(np.searchsorted(running, rng.random() * running[-1], side="right"))
        voxel = np.array(np.unravel_index(where[min(pick, where.size - 1)], likely.shape))
        place = np.asarray(brain.grid.to_mm(voxel + rng.uniform(-0.5, 0.5, 3)), dtype=float)
        near = sum(float(np.linalg.norm(place - other)) < reach_mm for other in earlier)
        if rng.random() < INHIBITION**near:
            earlier.append(place)
            yield place


def clusters(
    rng: np.random.Generator,
    parents_mm: NDArray[np.float64],
    mean: float,
    radius_mm: float,
) -> NDArray[np.float64]:
    """Daughters of a Matern cluster process, shape (n, 3): evenly in a ball round each parent.

    Parameters
    ----------
    parents_mm : ndarray of shape (k, 3)
    mean : float
        Daughters a parent, Poisson.
    radius_mm : float
    """
    found = []
    for parent in parents_mm:
        for _ in range(int(rng.poisson(mean))):
            direction = rng.standard_normal(3)
            direction /= np.linalg.norm(direction)
            found.append(parent + direction * radius_mm * rng.random() ** (1 / 3))
    return np.array(found).reshape(-1, 3)
