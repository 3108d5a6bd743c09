"""What is true of lesions where they came to lie, counted on their voxels.

A generator means to place a lesion; anatomy and other lesions cut it. So every sign is
measured afterwards: true where a lesion meets the definition, false where none comes near it,
and left out in between, where two readers might differ. What has a definition over the truth
comes from :mod:`lesionaid.simulate.truth_signs`; the rest is proposed, each at its constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.tissue import Appearance
from lesionaid.simulate.truth_signs import declared_signs

__all__ = ["extent_mm", "shape_signs", "span_mm", "tell"]

HEMISPHERIC_MM = 30.0
"""Diameter of an extensive hemispheric lesion, as in the catalogue."""

ELSEWHERE = ("peri", "corticospinal", "callosal")
"""Sites whose long lesions have a sign of their own: nobody can say that they are not extensive."""


def extent_mm(brain: Brain, lesion: SimulatedLesion) -> float:
    """Largest diameter of the mask, between the outer faces of voxels, in patient's mm."""
    return span_mm(brain, np.argwhere(lesion.mask))


def shape_signs(
    brain: Brain, lesions: Sequence[tuple[SimulatedLesion, Appearance]]
) -> dict[str, bool]:
    """What may be declared of the lesions, and two signs of their shape besides."""
    signs = declared_signs(brain, lesions)
    shapes = [lesion for lesion, _ in lesions]
    alone = [bool((brain.cortex_mm[one.box][one.mask] <= 0.5).mean() >= 0.95) for one in shapes]
    if any(alone) or signs.get("cortical_gm") is False:
        signs["cortical_without_juxtacortical"] = any(alone)
    extensive = [one for one in shapes if _extensive(brain, one)]
    round_ones = [one for one in extensive if not one.site.startswith(ELSEWHERE)]
    if round_ones or not extensive:
        signs["large_hemispheric_lesion"] = bool(round_ones)
    return signs


def tell(signs: dict[str, bool], sign: str, amounts: Iterable[float], enough: float) -> None:
    """True from an amount on, false at nothing, left out in between."""
    most = max(amounts, default=0.0)
    if most >= enough:
        signs[sign] = True
    elif most == 0:
        signs[sign] = False


def span_mm(brain: Brain, voxels: NDArray[np.intp]) -> float:
    """Largest width over 200 directions, which falls short of the diameter by under 1 %."""
    if len(voxels) == 0:
        return 0.0
    at = voxels * np.array(brain.grid.spacing_mm)
    height = (np.arange(200) + 0.5) / 200
    turn = np.pi * (1 + 5**0.5) * np.arange(200)
    flat = np.sqrt(1 - height**2)
    widths = [
        float(np.ptp(at[:, 0] * x + at[:, 1] * y + at[:, 2] * z))
        for x, y, z in zip(flat * np.cos(turn), flat * np.sin(turn), height, strict=True)
    ]
    return max(widths) + min(brain.grid.spacing_mm)


def _extensive(brain: Brain, lesion: SimulatedLesion) -> bool:
    above = ~brain.infratentorial[lesion.box][lesion.mask]
    white = brain.white[lesion.box][lesion.mask] > 0.5
    return extent_mm(brain, lesion) > HEMISPHERIC_MM and float((above & white).mean()) >= 0.5
