"""The under-surface of the callosum, where it meets septum and ventricles.

Plaques of MS sit small at the lower margin of the callosum (32 of 34 patients, Nakamura et al.
2009, PMID 19435750), and early ones as a row of dots and dashes along it, on sagittal FLAIR of
2 mm (Lisanti et al. 2005, PMID 16155155: 32 of 35 MS, 12 of 35 controls).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.places import standard_mm
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.runs import greatest_extent_mm
from lesionaid.features.voxels import LesionVoxels, Rows, connected_parts, merge, whole_column
from lesionaid.lesions.lesion_map import SPECK_MM3, LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = [
    "UNDERSIDE_SPECS",
    "UNDERSIDE_STUDY_SPECS",
    "underside_measurements",
    "underside_of_study",
]

DEPTH_MM = 3.0
"""Depth of the underside above the ventricles (proposed: half the thickness of the body)."""

MIDLINE_MM = 10.0
"""Further out the callosum is the roof of the ventricles' bodies, without septum (proposed)."""

ERROR_MM = 2.5
"""A map that is off by more cannot tell the underside of a plate 6 mm thick (proposed)."""

SAGITTAL_MM = 2.0
"""Slices in which the row of dots was described (Lisanti 2005)."""

MIN_FOCI = 3
"""Fewer are no row (proposed)."""

MERGED_MM = 20.0
"""A run this long may be dots that the mask has joined (proposed)."""

UNDERSIDE_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "callosal_underside_volume_mm3",
        Unit.MM3,
        "lesion",
        "Volume of the lesion in the callosum, within 3 mm of a lateral ventricle and 10 mm of the "
        "midline: at the septum.",
        ("anatomy",),
        "proposed, for the lower margin of Nakamura 2009, PMID 19435750",
    ),
    MeasurementSpec(
        "callosal_underside_share",
        Unit.NONE,
        "lesion",
        "Share of the lesion's voxels in the callosum that lie at its underside; 0 outside.",
        ("anatomy",),
        "proposed, for the lower margin of Nakamura 2009, PMID 19435750",
    ),
)

UNDERSIDE_STUDY_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "subcallosal_foci_count",
        Unit.COUNT,
        "study",
        "Separate foci of lesion, from 3 mm3, at the callosum's underside. Unknown with voxels "
        "over 2 mm, and where fewer than three are seen and one is 20 mm long: it may be several.",
        ("lesions", "anatomy"),
        "Lisanti 2005, PMID 16155155; the count is proposed",
        validated=False,
    ),
)


def underside_measurements(
    lesions: LesionMap, voxels: LesionVoxels, anatomy: AnatomyMap | None, scale: SizeScale
) -> Rows:
    """How much of each lesion lies at the callosum's underside.

    Parameters
    ----------
    lesions : LesionMap
    voxels : LesionVoxels
        On ``anatomy.grid``.
    anatomy : AnatomyMap or None
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`UNDERSIDE_SPECS`.
    """
    names = tuple(spec.name for spec in UNDERSIDE_SPECS)
    why = _cannot(anatomy)
    if anatomy is None or why is not None:
        return whole_column(lesions, names, why or Unknown(Reason.ANATOMY_MISSING))
    mm3 = np.array([lesions.by_id[int(lesion)].volume_mm3 for lesion in voxels.ids])
    low = _at_underside(voxels, anatomy)
    callosal = voxels.take(anatomy.sites) == site_code("corpus_callosum")
    share = voxels.total(low) / np.maximum(voxels.total(callosal), 1.0)
    return merge(
        voxels.sizes(names[0], voxels.mean(low) * mm3, Unit.MM3, scale),
        voxels.quantities(names[1], share, Unit.NONE),
    )


def underside_of_study(
    voxels: LesionVoxels, anatomy: AnatomyMap | None, scale: SizeScale, voxel_max_mm: float
) -> dict[str, Value]:
    """Count the foci along the callosum's underside.

    Parameters
    ----------
    voxels : LesionVoxels
        On ``anatomy.grid``.
    anatomy : AnatomyMap or None
    scale : SizeScale
    voxel_max_mm : float
        Longest voxel edge of what the lesions were seen on.

    Returns
    -------
    dict of str to Value
        Every name of :data:`UNDERSIDE_STUDY_SPECS`.
    """
    (spec,) = UNDERSIDE_STUDY_SPECS
    why = _cannot(anatomy)
    if anatomy is None or why is not None:
        return {spec.name: why or Unknown(Reason.ANATOMY_MISSING)}
    if round(voxel_max_mm, 3) > SAGITTAL_MM:
        return {spec.name: Unknown(Reason.LOW_RESOLUTION, f"voxels of {voxel_max_mm:.3g} mm")}
    if scale.factor is None:
        return {spec.name: scale.size(0.0, Unit.MM3)}
    extents = _foci_mm(voxels, _at_underside(voxels, anatomy), SPECK_MM3 / scale.factor**3)
    if len(extents) < MIN_FOCI and max(extents, default=0.0) * scale.factor >= MERGED_MM:
        return {spec.name: Unknown(Reason.DEGENERATE_SHAPE, "foci that may have run together")}
    return {spec.name: Quantity(len(extents), Unit.COUNT)}


def _cannot(anatomy: AnatomyMap | None) -> Unknown | None:
    if anatomy is None:
        return Unknown(Reason.ANATOMY_MISSING, "not registered")
    if anatomy.mni_mm is None:
        why = "the midline is not known: not registered to MNI152"
        return Unknown(Reason.ANATOMY_MISSING, why)
    if anatomy.error_mm is not None and anatomy.error_mm > ERROR_MM:
        return Unknown(Reason.LOW_QUALITY, f"regions are off by {anatomy.error_mm:g} mm")
    return None


def _at_underside(voxels: LesionVoxels, anatomy: AnatomyMap) -> NDArray[np.bool_]:
    low: NDArray[np.bool_] = voxels.take(anatomy.sites) == site_code("corpus_callosum")
    low &= voxels.take(anatomy.distances_mm["lateral_ventricle"]) <= DEPTH_MM
    across = standard_mm(voxels, anatomy, voxels.index[low])[:, 0]
    low[low] = np.abs(across) <= MIDLINE_MM
    return low


def _foci_mm(voxels: LesionVoxels, low: NDArray[np.bool_], least_mm3: float) -> list[float]:
    """Extent of every connected focus, lesions that touch there taken together."""
    index = voxels.index[low]
    if not index.size:
        return []
    part = connected_parts(index, np.zeros(index.size, dtype=np.intp), voxels.grid)
    ijk = np.stack(np.unravel_index(index, voxels.grid.shape), axis=1)
    linear = voxels.grid.affine[:3, :3]
    found = (ijk[part == one] for one in np.unique(part))
    volume = voxels.grid.voxel_volume_mm3
    return [greatest_extent_mm(one, linear) for one in found if len(one) * volume >= least_mm3]
