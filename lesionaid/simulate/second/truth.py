"""What is true of a placed patient of the second family, measured on the masks afterwards.

Nothing is taken over from what was asked for: the definitions are those of
:mod:`lesionaid.simulate.truth_signs`, which leaves out what a quarter of a voxel would change.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.tissue import Appearance
from lesionaid.simulate.truth_signs import declared_signs

__all__ = ["longest_mm", "measured_signs", "points_mm"]

Placed = Sequence[tuple[SimulatedLesion, Appearance]]

SEEN = 0.3
"""Uptake that counts: this share of full enhancement in a fifth of a millilitre, or in a
third of a smaller lesion (proposed)."""

SEEN_MM3 = 200.0

DIRECTIONS = 60


def measured_signs(brain: Brain, lesions: Placed) -> dict[str, bool]:
    """What may be declared of the patient where the masks came to lie.

    Parameters
    ----------
    brain : Brain
    lesions : sequence of (SimulatedLesion, Appearance)

    Returns
    -------
    dict of str to bool
        Ids of the sign catalogue; a sign in the margin is left out, faint uptake too.
    """
    signs = declared_signs(brain, tuple(lesions))
    if signs.get("contrast_enhancement") and not any(_takes_up(brain, *pair) for pair in lesions):
        del signs["contrast_enhancement"]
    return signs


def points_mm(brain: Brain, lesion: SimulatedLesion) -> NDArray[np.float64]:
    """Voxel centres of the mask, shape (n, 3)."""
    voxels = np.argwhere(lesion.mask) + [side.start for side in lesion.box]
    return np.asarray(brain.grid.to_mm(voxels), dtype=float)


def longest_mm(brain: Brain, lesion: SimulatedLesion) -> float:
    """Largest width of the mask over sixty directions, one voxel added."""
    points = points_mm(brain, lesion)
    if len(points) == 0:
        return 0.0
    turn = np.arange(DIRECTIONS) * np.pi * (3 - np.sqrt(5))
    height = (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    across = np.sqrt(1 - height**2)
    axes = np.stack([across * np.cos(turn), across * np.sin(turn), height])
    return float(np.ptp(np.einsum("ni,id->nd", points, axes), axis=0).max()) + min(
        brain.grid.spacing_mm
    )


def _takes_up(brain: Brain, lesion: SimulatedLesion, look: Appearance) -> bool:
    if look.enhances == 0:
        return False
    where = lesion.fraction if lesion.uptake is None else lesion.uptake * lesion.fraction
    volume = float(np.count_nonzero(where * look.enhances > SEEN)) * brain.grid.voxel_volume_mm3
    whole = float(np.count_nonzero(lesion.mask)) * brain.grid.voxel_volume_mm3
    return volume >= min(SEEN_MM3, whole / 3)
