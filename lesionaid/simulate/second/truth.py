"""What is true of a placed patient of the second family, measured on the masks afterwards.

Nothing is taken over from what was asked for. Between a clear yes and a clear no lies a
margin, about a voxel on either side of the catalogue's line, in which the sign is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.landmarks import within_box
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.tissue import Appearance

__all__ = ["longest_mm", "measured_signs", "points_mm"]

Placed = Sequence[tuple[SimulatedLesion, Appearance]]

SEEN = 0.3
"""Uptake that counts: this share of full enhancement in a fifth of a millilitre, or in a
third of a smaller lesion (proposed)."""

SEEN_MM3 = 200.0

DIRECTIONS = 60


def measured_signs(brain: Brain, lesions: Placed) -> dict[str, bool]:
    """Signs of the patient that follow from where the masks lie and how large they are.

    Parameters
    ----------
    brain : Brain
    lesions : sequence of (SimulatedLesion, Appearance)

    Returns
    -------
    dict of str to bool
        Ids of the sign catalogue; a sign in the margin is left out.
    """
    shapes = [lesion for lesion, _ in lesions]
    above = [one for one in shapes if not _values(brain.infratentorial, one).all()]
    sizes = [longest_mm(brain, one) for one in shapes]
    solid = [_ball_mm(brain, one) for one in shapes]
    found: dict[str, bool | None] = {
        "touches_periventricular": _nearest(brain.ventricle_mm, above, 1.0, 3.0),
        "touches_juxtacortical": _nearest(brain.cortex_mm, above, 0.5, 3.0),
        "infratentorial": _any(
            [float(_values(brain.infratentorial, one).mean()) for one in shapes], 0.6, 0.02
        ),
        "cortical_gm": _cortical(brain, above),
        "juxtacortical_ufibre": _any([_along_cortex(brain, one) for one in above], 15.0, 6.0),
        "multifocal": _any([float(sum(size >= 3.5 for size in sizes))], 2, 1),
        # Of the body without bridges: surely so long where a ball of the volume is.
        "size_over_20mm": _span(solid, sizes, 20.0),
        "size_over_30mm": _span(solid, sizes, 30.0),
        "contrast_enhancement": any(_takes_up(brain, *pair) for pair in lesions),
    }
    if brain.mni_mm is not None:
        found |= _sides(brain, above)
        found["corpus_callosum"] = _callosal(brain, above)
    return {sign: value for sign, value in found.items() if value is not None}


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


def _values(field: NDArray[Any], lesion: SimulatedLesion) -> NDArray[Any]:
    values: NDArray[Any] = field[lesion.box][lesion.mask]
    return values


def _ball_mm(brain: Brain, lesion: SimulatedLesion) -> float:
    volume = float(np.count_nonzero(lesion.mask)) * brain.grid.voxel_volume_mm3
    return float((6 * volume / np.pi) ** (1 / 3))


def _any(values: Sequence[float], yes: float, no: float) -> bool | None:
    """True where one reaches `yes`, false where none passes `no`, else not known."""
    if any(value >= yes for value in values):
        return True
    return False if all(value <= no for value in values) else None


def _nearest(
    distance: NDArray[np.float32], lesions: Sequence[SimulatedLesion], yes: float, no: float
) -> bool | None:
    nearest = [-float(distance[one.box][one.mask].min()) for one in lesions if one.mask.any()]
    return _any(nearest, -yes, -no)


def _span(solid: Sequence[float], longest: Sequence[float], line: float) -> bool | None:
    if any(size >= line for size in solid):
        return True
    return False if all(size <= 0.9 * line for size in longest) else None


def _along_cortex(brain: Brain, lesion: SimulatedLesion) -> float:
    """How far the mask reaches along the first 3 mm under the cortex."""
    cortex = brain.cortex_mm[lesion.box]
    near = (cortex > 0) & (cortex <= 3) & lesion.mask
    return longest_mm(brain, replace(lesion, fraction=near.astype(np.float32)))


def _cortical(brain: Brain, lesions: Sequence[SimulatedLesion]) -> bool | None:
    """Catalogue: 5 per cent and 50 mm3 half a millimetre inside the ribbon."""
    yes = no = 0
    for one in lesions:
        inside = _values(brain.cortex_mm, one)
        deep = np.count_nonzero(inside < -0.9) * brain.grid.voxel_volume_mm3
        touched = np.count_nonzero(inside < 0) * brain.grid.voxel_volume_mm3
        yes += int(deep >= max(80.0, 0.08 * inside.size * brain.grid.voxel_volume_mm3))
        no += int(touched < 40)
    return True if yes else (False if no == len(lesions) else None)


def _sides(brain: Brain, lesions: Sequence[SimulatedLesion]) -> dict[str, bool | None]:
    """Left and right by where most of each lesion lies; near the midline nothing is said."""
    assert brain.mni_mm is not None
    middle = [float(brain.mni_mm[..., 0][one.box][one.mask].mean()) for one in lesions]
    left, right = (_any([sign * x for x in middle], 6.0, -6.0) for sign in (-1, 1))
    both = None if left is None or right is None else left and right
    return {"hemisphere_left": left, "hemisphere_right": right, "bilateral": both}


def _callosal(brain: Brain, lesions: Sequence[SimulatedLesion]) -> bool | None:
    """Catalogue: 14 mm3 inside the callosum. Sure within 6 mm of the midline above the fluid."""
    assert brain.mni_mm is not None
    wide = within_box(brain, "callosum")
    core = wide & (np.abs(brain.mni_mm[..., 0]) < 6) & (brain.white > 0.5)
    core &= brain.ventricle_mm < 8
    if any(_volume(brain, core, one) >= 40 for one in lesions):
        return True
    return False if all(_volume(brain, wide, one) == 0 for one in lesions) else None


def _volume(brain: Brain, where: NDArray[np.bool_], lesion: SimulatedLesion) -> float:
    """Volume of the mask within a region."""
    inside = int(np.count_nonzero(_values(where, lesion)))
    return float(inside * brain.grid.voxel_volume_mm3)
