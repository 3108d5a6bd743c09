"""Which signs are true of PML lesions that were placed: measured on them, not taken from the draw.

A sign that falls between its two limits is left out: nobody could say. Old plaques stand in
the same patient, so a sign that plaques may show as well is never said to be absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.contact import caliper_mm
from lesionaid.simulate.contrast import PROTOCOL, signal
from lesionaid.simulate.fields import FloatArray
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.pml_sites import lobe_cores
from lesionaid.simulate.tissue import WHITE_MATTER, Appearance, Tissue
from lesionaid.simulate.uptake import surface_mm
from lesionaid.study.scan import Contrast

__all__ = [
    "border_width_mm",
    "dwi_rim",
    "feret_mm",
    "pml_signs",
    "solidity",
    "tissue_signs",
    "wide_border",
]

Placed = tuple[SimulatedLesion, Appearance]

LOBE_SHARE = 0.1
"""A lobe is involved from this share of the lesion (evidence file, proposed)."""

WIDE_MM, WIDE_SHARE = 4.0, 0.25
"""A border is ill-defined or mixed from this width on this share of it (evidence file,
proposed)."""

CRESCENT_SOLIDITY, CRESCENT_MM = 0.75, 15.0
"""A crescent is emptier than this and longer (evidence file, proposed)."""

CORE_DEPTH_MM, CORE_RADIUS_MM, RIM_RATIO = 5.0, 8.0, 1.2
"""The core lies deeper; a rim is judged from this radius and is brighter by this factor
(evidence file, proposed)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """True from `yes`, false up to `no`, left out between."""

    no: float
    yes: float

    def judge(self, value: float) -> bool | None:
        """Whether the value says yes or no; None between."""
        return True if value >= self.yes else False if value <= self.no else None


DWI_RATIO = Limits(1.05, 1.15)
T1_DARKNESS = Limits(0.10, 0.15)


def pml_signs(brain: Brain, foci: Sequence[Placed], *, plaques: bool) -> dict[str, Any]:
    """Signs of the PML lesions of one date that have no definition over the truth.

    Parameters
    ----------
    brain : Brain
    foci : sequence of (SimulatedLesion, Appearance)
        The main lesion first.
    plaques : bool
        Whether the patient has old plaques too.
    """
    shared = _merged([_place_signs(brain, lesion) for lesion, _ in foci])
    shared |= _merged([tissue_signs(brain, *focus) for focus in foci])
    own = {
        "microcyst": any(lesion.cysts is not None for lesion, _ in foci),
        "dwi_rim": _any([dwi_rim(brain, *focus) for focus in foci]),
        "cerebellar_crescent": any(_is_crescent(brain, lesion) for lesion, _ in foci),
        "border_white_matter_ill_defined": wide_border(brain, foci[0][0]),
    }
    said = {sign: truth for sign, truth in shared.items() if truth or not plaques} | own
    return {sign: truth for sign, truth in said.items() if truth is not None}


def feret_mm(brain: Brain, lesion: SimulatedLesion) -> float:
    """Largest distance between two voxel centres of the mask."""
    return caliper_mm(np.argwhere(lesion.mask), brain.grid)


def solidity(brain: Brain, lesion: SimulatedLesion) -> float:
    """Volume of the mask over that of the hull of its voxels' faces (their middles)."""
    from scipy.spatial import ConvexHull

    faces = np.concatenate([0.5 * np.eye(3), -0.5 * np.eye(3)])
    points = _hull_points(brain, lesion)
    wide = (points[:, None, :] + faces * np.asarray(brain.grid.spacing_mm)).reshape(-1, 3)
    volume = np.count_nonzero(lesion.mask) * brain.grid.voxel_volume_mm3
    return float(volume / ConvexHull(wide).volume)


def border_width_mm(brain: Brain, lesion: SimulatedLesion) -> FloatArray:
    """Width from 10 to 90 % of the lesion's share at each voxel of its box, from its slope."""
    slopes = np.gradient(lesion.fraction.astype(float), *brain.grid.spacing_mm)
    steep = np.sqrt(sum(slope * slope for slope in slopes))
    return np.asarray(0.8 / np.maximum(steep, 1e-3), dtype=np.float32)


def _place_signs(brain: Brain, lesion: SimulatedLesion) -> dict[str, bool | None]:
    mask = lesion.mask
    below = bool(brain.infratentorial[lesion.box][mask].mean() > 0.5)
    signs: dict[str, bool | None] = {
        "cerebellum": True if lesion.site == "cerebellar" and below else below and None,
    }
    if brain.mni_mm is not None and not below:
        for lobe, core in lobe_cores(brain).items():
            held = float(core[lesion.box][mask].mean())
            signs[f"lobe_{lobe}"] = True if held >= LOBE_SHARE else None
    return signs


def tissue_signs(brain: Brain, lesion: SimulatedLesion, look: Appearance) -> dict[str, bool | None]:
    """Signal of a lesion's pure tissue against white matter: dark on T1w, bright on DWI."""
    mask = lesion.mask
    t1 = float(_ratio(lesion, look, Contrast.T1W)[mask].mean())
    dwi = float(_ratio(lesion, look, Contrast.DWI)[mask].mean())
    return {
        "t1_hypointense": T1_DARKNESS.judge(1 - t1),
        "dwi_hyperintense": DWI_RATIO.judge(dwi),
    }


def dwi_rim(brain: Brain, lesion: SimulatedLesion, look: Appearance) -> bool | None:
    """Whether the edge is brighter than the core on DWI; None where the lesion has no core."""
    depth = surface_mm(brain, lesion)
    core = depth > CORE_DEPTH_MM
    if float(depth.max()) < CORE_RADIUS_MM or not core.any():
        return None
    dwi = _ratio(lesion, look, Contrast.DWI)
    rim = lesion.mask & (depth <= 3)
    ratio = float(dwi[rim].mean() / dwi[core].mean())
    return Limits(1.1, RIM_RATIO).judge(ratio)


def _ratio(lesion: SimulatedLesion, look: Appearance, contrast: Contrast) -> FloatArray:
    """Signal of pure lesion over white matter, without noise."""
    pulse = PROTOCOL[contrast]

    def over_white(tissue: Tissue) -> float:
        return signal(pulse, tissue) / signal(pulse, WHITE_MATTER)

    core, rim = over_white(look.core), over_white(look.rim)
    pure = core + lesion.rim * (rim - core)
    return np.asarray(1 + lesion.fraction * (pure - 1), dtype=np.float32)


def wide_border(brain: Brain, lesion: SimulatedLesion) -> bool | None:
    """Whether the border towards white matter is wide; None where little of it lies there."""
    border = (lesion.fraction > 0.25) & (lesion.fraction < 0.75)
    border &= (brain.white[lesion.box] > 0.95) & (brain.cortex_mm[lesion.box] > 3)
    if np.count_nonzero(border) < 20:
        return None
    share = float((border_width_mm(brain, lesion)[border] >= WIDE_MM).mean())
    return Limits(0.1, WIDE_SHARE).judge(share)


def _is_crescent(brain: Brain, lesion: SimulatedLesion) -> bool:
    return (
        lesion.site == "cerebellar"
        and feret_mm(brain, lesion) >= CRESCENT_MM
        and solidity(brain, lesion) < CRESCENT_SOLIDITY
    )


def _hull_points(brain: Brain, lesion: SimulatedLesion) -> NDArray[np.float64]:
    """Corner voxels of the convex hull, in mm from the corner of the grid."""
    from scipy.spatial import ConvexHull, QhullError

    points = np.argwhere(lesion.mask) * np.asarray(brain.grid.spacing_mm)
    try:
        return np.asarray(points[ConvexHull(points).vertices])
    except QhullError:  # flat, or next to nothing
        return np.asarray(points)


def _merged(rows: Sequence[dict[str, bool | None]]) -> dict[str, bool | None]:
    """Each sign over all lesions."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _any([row.get(name) for row in rows]) for name in names}


def _any(truths: Sequence[bool | None]) -> bool | None:
    """True where one is; false where all are; None otherwise."""
    if any(truths):
        return True
    return None if None in truths else False
