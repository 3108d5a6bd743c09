"""Signal of cortex and cerebrospinal fluid beside that of white matter, scan by scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.intensity import Reference
from lesionaid.features.reference_tissue import ReferenceTissue, measure_reference, site_code
from lesionaid.features.voxels import LesionVoxels
from lesionaid.quantity import Reason, Unknown
from lesionaid.study.scan import Contrast, Study

__all__ = ["Levels", "TissueLevels", "tissue_levels"]

VENTRICLE_DEPTH_MM = 1.5
"""Fluid is read this deep inside the lateral ventricles, past the partial volume of their wall
and most of the error of a registered one (proposed)."""

CORTEX_DEPTH_MM = 0.5
"""Cortex is read this deep inside its ribbon, which is 2 to 3 mm thick (proposed)."""

ORDER: Mapping[Contrast, tuple[str, ...]] = {
    Contrast.T1W: ("fluid", "grey", "white"),
    Contrast.T2W: ("white", "grey", "fluid"),
    Contrast.FLAIR: ("fluid", "white"),
}
"""From dark to bright, by physics; a scan that says otherwise is not what its name says."""


@dataclass(frozen=True, slots=True)
class TissueLevels:
    """What tissue looks like in one scan, in its own units.

    Parameters
    ----------
    white : float
        Normal-appearing white matter.
    white_sd : float
        Its robust standard deviation.
    grey : float
        Cerebral cortex.
    fluid : float
        Cerebrospinal fluid of the lateral ventricles.
    """

    white: float
    white_sd: float
    grey: float
    fluid: float


Levels = Mapping[Contrast, TissueLevels | Unknown]


def tissue_levels(
    study: Study,
    anatomy: AnatomyMap | None,
    voxels: LesionVoxels,
    reference: Mapping[Contrast, Reference],
) -> Levels:
    """Levels of T1w, T2w and FLAIR, each the centre of the shortest half of its voxels.

    Parameters
    ----------
    study : Study
        Aligned.
    anatomy : AnatomyMap or None
    voxels : LesionVoxels
        The lesions' own voxels, which are left out.
    reference : mapping of Contrast to ReferenceTissue or Unknown
        White matter, from :func:`lesionaid.features.intensity.references`.

    Returns
    -------
    mapping of Contrast to TissueLevels or Unknown
        ``LOW_QUALITY`` where a tissue has too few voxels, or its order of brightness is not
        that of the contrast.
    """
    white = {contrast: reference[contrast] for contrast in ORDER}
    known = [contrast for contrast, level in white.items() if not isinstance(level, Unknown)]
    if anatomy is None or not known:
        return {c: level for c, level in white.items() if isinstance(level, Unknown)}
    others: dict[str, dict[Contrast, Reference]] = {}
    for name, site, depth_mm in (
        ("grey", "cortex", CORTEX_DEPTH_MM),
        ("fluid", "lateral_ventricle", VENTRICLE_DEPTH_MM),
    ):
        mask = _deep(anatomy, site, depth_mm, voxels)
        others[name] = {c: measure_reference(study.scans[c], mask) for c in known}
    found: dict[Contrast, TissueLevels | Unknown] = {}
    for contrast, level in white.items():
        if isinstance(level, Unknown):
            found[contrast] = level
        else:
            about = {name: levels[contrast] for name, levels in others.items()}
            found[contrast] = _levels(contrast, level, about)
    return found


def _deep(
    anatomy: AnatomyMap, site: str, depth_mm: float, voxels: LesionVoxels
) -> NDArray[np.bool_]:
    """Voxels this deep inside a structure and outside every lesion."""
    mask: NDArray[np.bool_] = anatomy.sites == site_code(site)
    mask &= anatomy.distances_mm[site] <= -depth_mm
    mask[np.unravel_index(voxels.index, mask.shape)] = False
    return mask


def _levels(
    contrast: Contrast, white: ReferenceTissue, others: Mapping[str, Reference]
) -> TissueLevels | Unknown:
    medians = {"white": white.median}
    for name, level in others.items():
        if isinstance(level, Unknown):
            return Unknown(Reason.LOW_QUALITY, f"too little tissue to compare with: {name}")
        medians[name] = level.median
    order = [medians[name] for name in ORDER[contrast]]
    if order != sorted(set(order)):
        words = ", ".join(f"{name} {value:.3g}" for name, value in medians.items())
        return Unknown(Reason.LOW_QUALITY, f"tissues not in the order of {contrast}: {words}")
    return TissueLevels(white.median, white.robust_sd, medians["grey"], medians["fluid"])
