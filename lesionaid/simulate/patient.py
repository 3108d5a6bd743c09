"""A simulated patient before any scan is made: brain, lesions, and what is true of him."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion, label_map
from lesionaid.simulate.tissue import Appearance
from lesionaid.simulate.truth import Before, LesionTruth, truth_of

__all__ = ["Patient", "structure_signs"]


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """One patient at one date.

    Parameters
    ----------
    disease : str
        ``"ms"``, ``"pml"``, ``"nmosd"`` …
    brain : Brain
    lesions : tuple of (SimulatedLesion, Appearance)
        Disjoint; lesion n has label n + 1.
    signs : mapping
        Ids of the sign catalogue, true or false by construction: true where the generator
        put the lesion that the sign names. A lesion may touch other sites besides.
        Keys that end in ``_lesions`` hold labels.
    context, expected : mapping
        Made-up clinical context; what lesionaid should say.
    earlier : Patient or None
        The same brain at the date before.
    months : float
        Between the two dates.
    all_contrasts : bool
        Whether every contrast is scanned at this date although a later one follows.
    """

    disease: str
    brain: Brain
    lesions: tuple[tuple[SimulatedLesion, Appearance], ...]
    signs: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)
    earlier: Patient | None = None
    months: float = 0.0
    all_contrasts: bool = False

    @property
    def truth(self) -> tuple[LesionTruth, ...]:
        """What is true of each lesion, counted on its voxels."""
        lesions, looks = zip(*self.lesions, strict=True) if self.lesions else ((), ())
        before = None if self.earlier is None else Before(self.earlier.labels, self.months)
        return truth_of(self.brain, self.labels, lesions, looks, before)

    @property
    def labels(self) -> NDArray[np.int32]:
        """Lesion n has label n + 1."""
        return label_map(self.brain, [lesion for lesion, _ in self.lesions])


def structure_signs(
    lesions: tuple[tuple[SimulatedLesion, Appearance], ...],
) -> dict[str, list[int]]:
    """Labels of lesions with a central vein, a paramagnetic rim, or enhancement."""
    numbered = list(enumerate(lesions, start=1))
    return {
        "enhancing_lesions": [n for n, (_, look) in numbered if look.enhances > 0],
        "central_vein_lesions": [
            n for n, (lesion, look) in numbered if look.vein or lesion.vein is not None
        ],
        "paramagnetic_rim_lesions": [
            n for n, (lesion, look) in numbered if look.iron_rim or lesion.iron is not None
        ],
    }
