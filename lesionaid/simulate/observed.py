"""What is true of lesions where they came to lie, counted on their voxels.

A generator means to place a lesion; anatomy and other lesions cut it. So every sign is
measured afterwards: true where a lesion meets the definition, false where none comes near it,
and left out in between, where two readers might differ. Definitions are those of the sign
catalogue (``rules/signs``) where it has one; the rest are proposed, each at its constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion

__all__ = ["extent_mm", "shape_signs", "span_mm", "tell"]

HEMISPHERIC_MM, LARGE_MM, BRIDGE_MM = 30.0, 20.0, 4.0
"""Diameters of the catalogue: extensive hemispheric lesion; 2 cm once bridges are cut."""

ELSEWHERE = ("peri", "corticospinal", "callosal")
"""Sites whose long lesions have a sign of their own: nobody can say that they are not extensive."""


def extent_mm(brain: Brain, lesion: SimulatedLesion) -> float:
    """Largest diameter of the mask, between the outer faces of voxels, in patient's mm."""
    return span_mm(brain, np.argwhere(lesion.mask))


def shape_signs(brain: Brain, lesions: Sequence[SimulatedLesion]) -> dict[str, bool]:
    """Signs of size, number, and distance to cortex and ventricle."""
    signs: dict[str, bool] = {
        "multifocal": sum(extent_mm(brain, one) >= 3.0 for one in lesions) > 1,
        "periventricular": any(_periventricular(brain, one) for one in lesions),
        "subcortical": any(_under_cortex(brain, one) for one in lesions),
        "deep_wm": any(_deep(brain, one) for one in lesions),
    }
    if any(_body_mm(brain, one) >= LARGE_MM for one in lesions):
        signs["size_over_20mm"] = True
    elif all(extent_mm(brain, one) < LARGE_MM for one in lesions):
        signs["size_over_20mm"] = False
    cortex = [_cortex_share(brain, one) for one in lesions]
    tell(signs, "cortical_gm", cortex, 1.0)
    alone = [bool((brain.cortex_mm[one.box][one.mask] <= 0.5).mean() >= 0.95) for one in lesions]
    if any(alone) or not any(cortex):
        signs["cortical_without_juxtacortical"] = any(alone)
    if not any(_near_cortex(brain, one) for one in lesions):
        signs["juxtacortical_ufibre"] = False
    extensive = [one for one in lesions if _extensive(brain, one)]
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


def _body_mm(brain: Brain, lesion: SimulatedLesion) -> float:
    """Diameter once bridges are cut: of the core, with the rind put back."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(np.pad(lesion.mask, 1), sampling=brain.grid.spacing_mm)
    core = np.argwhere(depth > BRIDGE_MM / 2)
    return span_mm(brain, core) + BRIDGE_MM if len(core) else 0.0


def _white_share(brain: Brain, lesion: SimulatedLesion) -> float:
    return float((brain.white[lesion.box][lesion.mask] > 0.5).mean())


def _extensive(brain: Brain, lesion: SimulatedLesion) -> bool:
    above = ~brain.infratentorial[lesion.box][lesion.mask]
    white = brain.white[lesion.box][lesion.mask] > 0.5
    return extent_mm(brain, lesion) > HEMISPHERIC_MM and float((above & white).mean()) >= 0.5


def _cortex_share(brain: Brain, lesion: SimulatedLesion) -> float:
    """Over the catalogue's 5 % and 50 mm3 half a millimetre deep in cortex; 1 meets both."""
    deep = brain.cortex_mm[lesion.box][lesion.mask] <= -0.5
    volume = float(deep.sum()) * brain.grid.voxel_volume_mm3
    return min(float(deep.mean()) / 0.05, volume / 50.0)


def _near_cortex(brain: Brain, lesion: SimulatedLesion) -> bool:
    return bool((brain.cortex_mm[lesion.box][lesion.mask] <= 3.0).any())


def _periventricular(brain: Brain, lesion: SimulatedLesion) -> bool:
    near = brain.ventricle_mm[lesion.box][lesion.mask]
    close = near <= 3.0
    volume = float(close.sum()) * brain.grid.voxel_volume_mm3
    return bool(near.min() <= 1.5 and (close.mean() >= 0.1 or volume >= 500.0))


def _under_cortex(brain: Brain, lesion: SimulatedLesion) -> bool:
    return _beside(brain, lesion) and bool(brain.cortex_mm[lesion.box][lesion.mask].min() <= 5.0)


def _deep(brain: Brain, lesion: SimulatedLesion) -> bool:
    return _beside(brain, lesion) and bool(brain.cortex_mm[lesion.box][lesion.mask].min() > 5.0)


def _beside(brain: Brain, lesion: SimulatedLesion) -> bool:
    """Cerebral white matter that does not touch a lateral ventricle."""
    return (
        _white_share(brain, lesion) >= 0.5
        and not brain.infratentorial[lesion.box][lesion.mask].any()
        and bool(brain.ventricle_mm[lesion.box][lesion.mask].min() > 1.5)
    )
