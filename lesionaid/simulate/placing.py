"""Putting lesions into a brain one after another, each apart from those before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.shapes import apart_from, volume_mm3
from lesionaid.simulate.tissue import Appearance, Tissue

__all__ = ["GAP_MM", "Placing", "look_of"]

GAP_MM = 2.5
"""Lesions keep this distance, so that each is one component of the mask."""

SMALLEST_MM3 = 14.0
"""A ball of 3 mm: what is smaller after cutting is not kept."""


SPREAD = 0.07
"""Standard deviation of relaxation times from lesion to lesion (proposed, as for plaques)."""


def look_of(tissue: Tissue, rng: np.random.Generator) -> Appearance:
    """An even lesion whose relaxation times vary from lesion to lesion."""
    severity = float(np.clip(rng.normal(0.0, SPREAD), -2 * SPREAD, 2 * SPREAD))
    own = replace(tissue, t1_ms=tissue.t1_ms * (1 + severity), t2_ms=tissue.t2_ms * (1 + severity))
    return Appearance(own, own)


class Placing:
    """Lesions of one patient so far.

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

    def add(self, lesion: SimulatedLesion, look: Appearance) -> bool:
        """Keep what of the lesion lies apart from the others; False where that is nothing."""
        kept = apart_from(self.brain, lesion, self.taken, GAP_MM)
        if volume_mm3(self.brain, kept) < SMALLEST_MM3:
            return False
        self.taken[kept.box] |= kept.mask
        self._lesions.append((kept, look))
        return True
