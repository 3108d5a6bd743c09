"""Bright dots on DWI beside a lesion: in IRIS they came before enhancement (PMID 29343163).

What is counted is dots, not *new* dots: for that a prior scan with DWI would be needed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.depth import explain, no_value, own_mm, usable
from lesionaid.features.intensity import NO_ANATOMY, Reference
from lesionaid.features.reference_tissue import ReferenceTissue, site_code
from lesionaid.features.resolution import too_coarse
from lesionaid.features.surroundings import REACH_MM, Surroundings
from lesionaid.features.voxels import Rows, connected_parts, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown
from lesionaid.study.scan import Contrast, Scan, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["DWI_DOT_SPECS", "dwi_dot_measurements"]

DOT_SD = 4.0
"""Dots must stand this far above white matter: among the 2000 voxels about a lesion chance alone
brings one of over 3.3 (proposed)."""

DOT_MAX_MM = 5.0
DOT_MIN_MM3 = 4.0
"""A dot is punctate, under 5 mm in equivalent diameter (as satellites), and at least half a voxel
of 2 mm (proposed)."""

DOT_GAP_MM = 1.5
DOT_CORTEX_MM = 2.0
"""Dots lie apart from the lesion, and away from the cortex, which is brighter than white matter on
DWI anyway (proposed)."""

DOT_IN_PLANE_MM = 2.5
DOT_THROUGH_MM = 3.2
"""Voxels of more than this are as large as a dot, or make one of noise (proposed)."""

DWI_DOT_SPECS = (
    MeasurementSpec(
        "dwi_dot_count",
        Unit.COUNT,
        "lesion",
        "Bright dots on DWI in white matter from 1.5 mm off the lesion's edge to 8 mm less a "
        "voxel: connected voxels 4 robust standard deviations above white matter, under 5 mm in "
        "equivalent diameter. "
        "Unknown with voxels over 3.2 mm.",
        ("DWI", "lesions", "anatomy"),
        "PMID 29343163; size and height proposed",
        validated=False,
    ),
)

_NAMES = tuple(spec.name for spec in DWI_DOT_SPECS)


def dwi_dot_measurements(
    study: Study,
    lesions: LesionMap,
    around: Surroundings,
    anatomy: AnatomyMap | None,
    reference: Mapping[Contrast, Reference],
    scale: SizeScale,
) -> Rows:
    """Count the dots beside every lesion.

    Parameters
    ----------
    study : Study
        Aligned.
    lesions : LesionMap
    around : Surroundings
    anatomy : AnatomyMap or None
    reference : mapping of Contrast to ReferenceTissue or Unknown
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`DWI_DOT_SPECS`.
    """
    white = reference[Contrast.DWI]
    if isinstance(white, Unknown) or anatomy is None:
        return whole_column(lesions, _NAMES, white if isinstance(white, Unknown) else NO_ANATOMY)
    scan = study.scans[Contrast.DWI]
    why = _unseen(scan, white, scale)
    if why is not None:
        return whole_column(lesions, _NAMES, why)
    values, valid = usable(around, scan)
    bright = valid & ~around.inside & (values >= white.median + DOT_SD * white.robust_sd)
    found = _dots(around, bright, anatomy, scale)
    return explain(
        around.voxels,
        _NAMES[0],
        found,
        lambda value: Quantity(value, Unit.COUNT),
        no_value(around, valid),
    )


def _unseen(scan: Scan, white: ReferenceTissue, scale: SizeScale) -> Unknown | None:
    unscaled = scale.size(0.0, Unit.MM3)
    if isinstance(unscaled, Unknown):
        return unscaled
    if white.robust_sd <= 0:
        return Unknown(Reason.LOW_QUALITY, "white matter without any spread")
    return too_coarse(scan, DOT_IN_PLANE_MM, DOT_THROUGH_MM)


def _dots(
    around: Surroundings, bright: NDArray[np.bool_], anatomy: AnatomyMap, scale: SizeScale
) -> NDArray[np.float64]:
    """Dots of every lesion, shape (m,)."""
    rows = around.voxels.ids.size
    if not bright.any():
        return np.zeros(rows)
    index, owner = around.voxels.index[bright], around.voxels.owner[bright]
    part = np.unique(connected_parts(index, owner, around.voxels.grid), return_inverse=True)[1]
    distance = around.signed_mm[bright]
    allowed = (
        (anatomy.sites.reshape(-1)[index] == site_code("white_matter"))
        & (anatomy.distances_mm["cortex"].reshape(-1)[index] >= DOT_CORTEX_MM)
        & (distance >= own_mm(scale, DOT_GAP_MM))
        # A part cut by the end of what is looked at is larger than it seems.
        & (distance < REACH_MM - max(around.voxels.grid.spacing_mm))
    )
    count = np.bincount(part)
    mm3 = count * around.voxels.grid.voxel_volume_mm3 * (scale.factor or 1.0) ** 3
    whole = np.bincount(part, weights=allowed) == count
    dot = whole & (mm3 >= DOT_MIN_MM3) & (np.cbrt(6 * mm3 / np.pi) < DOT_MAX_MM)
    first = np.unique(part, return_index=True)[1]
    return np.bincount(owner[first], weights=dot.astype(float), minlength=rows).astype(float)
