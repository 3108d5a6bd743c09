"""Putting MS lesions into a brain: apart from one another, or run together where they meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import Box, SimulatedLesion, clear_of
from lesionaid.simulate.ms_sites import GROUP

__all__ = ["MsPlacing", "run_together"]

GAP_MM = 2.5
"""Lesions that do not meet keep this distance, so that each is one component of the mask."""

SMALLEST_MM3 = 14.0
"""A ball of 3 mm, the smallest lesion that counts (McDonald 2017)."""

KEPT = 0.6
"""A place is refused where anatomy cuts more than the rest of a lesion off (proposed)."""

MEETING = 0.05
"""Share of the smaller lesion that must lie in the other for the two to be one (proposed)."""

CONFLUENT = frozenset({"periventricular", "deep_white_matter"})
"""Groups of sites whose lesions may run together."""

CUT_SITES = frozenset({"ufibre", "intracortical", "callosal", "leukocortical"})
"""Sites where tissue shapes the lesion, so that its drawn size says little."""


class MsPlacing:
    """Lesions of one patient so far.

    Parameters
    ----------
    brain : Brain
    """

    def __init__(self, brain: Brain) -> None:
        self.brain = brain
        self.numbers = np.zeros(brain.grid.shape, dtype=np.int32)
        self._lesions: dict[int, SimulatedLesion] = {}
        self._parts: dict[int, int] = {}
        self._next = 1

    @property
    def lesions(self) -> tuple[SimulatedLesion, ...]:
        """In the order of their labels."""
        return tuple(self._lesions.values())

    @property
    def single(self) -> tuple[bool, ...]:
        """Whether each was drawn as one, and not run together from several."""
        return tuple(parts == 1 for parts in self._parts.values())

    @property
    def volume_mm3(self) -> float:
        """Volume of all masks."""
        return float(np.count_nonzero(self.numbers) * self.brain.grid.voxel_volume_mm3)

    def crowded(self, voxel: NDArray[np.intp], site: str) -> bool:
        """Whether a lesion of the site cannot be centred here, told without drawing it."""
        return bool(self.numbers[tuple(voxel)]) and GROUP[site] not in CONFLUENT

    def add(self, lesion: SimulatedLesion) -> bool:
        """Keep a lesion that fits and lies apart, or joins those that it meets."""
        size = np.count_nonzero(lesion.mask) * self.brain.grid.voxel_volume_mm3
        asked = 0.0 if lesion.site in CUT_SITES else KEPT * np.pi / 6 * lesion.diameter_mm**3
        if size < max(SMALLEST_MM3, asked):
            return False
        if clear_of(self.brain, lesion, self.numbers > 0, GAP_MM):
            self._keep(lesion, 1)
            return True
        met = self._met(lesion)
        if not met:
            return False
        parts = 1
        for number in met:
            lesion = run_together(self._lesions[number], lesion, self.brain)
            parts += self._parts[number]
        others = np.where(np.isin(self.numbers, met), 0, self.numbers)
        if not clear_of(self.brain, lesion, others > 0, GAP_MM):
            return False
        for number in met:
            del self._lesions[number], self._parts[number]
        self.numbers = others
        self._keep(lesion, parts)
        return True

    def _met(self, lesion: SimulatedLesion) -> list[int]:
        """Numbers of the lesions that it runs into, where both sites allow that."""
        if GROUP[lesion.site] not in CONFLUENT:
            return []
        inside = self.numbers[lesion.box][lesion.mask]
        shared = np.bincount(inside)
        size = np.count_nonzero(lesion.mask)
        met = [
            int(number)
            for number in np.flatnonzero(shared)
            if number
            and GROUP[self._lesions[int(number)].site] in CONFLUENT
            and shared[number]
            >= MEETING * min(size, np.count_nonzero(self._lesions[int(number)].mask))
        ]
        return met if np.count_nonzero(shared[met]) and shared[0] >= 0.5 * size else []

    def _keep(self, lesion: SimulatedLesion, parts: int) -> None:
        self._lesions[self._next] = lesion
        self._parts[self._next] = parts
        self.numbers[lesion.box][lesion.mask] = self._next
        self._next += 1


def run_together(first: SimulatedLesion, second: SimulatedLesion, brain: Brain) -> SimulatedLesion:
    """One lesion of two: the larger share of each voxel, every vein, the site of the first."""
    low = [min(a.start, b.start) for a, b in zip(first.box, second.box, strict=True)]
    high = [max(a.stop, b.stop) for a, b in zip(first.box, second.box, strict=True)]
    box: Box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    fraction = np.maximum(_on(box, first, first.fraction), _on(box, second, second.fraction))
    veins = [_on(box, one, one.vein) for one in (first, second) if one.vein is not None]
    volume = np.count_nonzero(fraction >= 0.5) * brain.grid.voxel_volume_mm3
    return replace(
        first,
        box=box,
        fraction=fraction,
        rim=np.zeros_like(fraction),
        vein=np.maximum.reduce(veins) if veins else None,
        diameter_mm=float((6 * volume / np.pi) ** (1 / 3)),
    )


def _on(box: Box, lesion: SimulatedLesion, field: NDArray[np.float32]) -> NDArray[np.float32]:
    """A field of a lesion on a larger box, 0 around it."""
    whole = np.zeros([side.stop - side.start for side in box], dtype=np.float32)
    inner = tuple(
        slice(side.start - outer.start, side.stop - outer.start)
        for side, outer in zip(lesion.box, box, strict=True)
    )
    whole[inner] = field
    return whole
