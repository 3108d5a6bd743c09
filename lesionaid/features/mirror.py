"""Whether the lesions of the two sides mirror one another."""

from __future__ import annotations

import numpy as np

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.places import standard_mm
from lesionaid.features.voxels import LesionVoxels
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["MIRROR_SPECS", "mirror_measurements"]

TOLERANCE_MM = 5.0
"""Two sides of one brain differ by a few mm, and so does registration (proposed)."""

MIDLINE_MM = 5.0
"""Lesions this close to the midline are on neither side (proposed)."""

MIRROR_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "mirrored_fraction",
        Unit.NONE,
        "study",
        "Fraction of the lesion volume, more than 5 mm off the midline, whose mirror image in "
        "MNI152 lies within 5 mm of a lesion on the other side; 0 where there is none.",
        ("lesions", "anatomy"),
        "proposed",
    ),
)


def mirror_measurements(
    lesions: LesionMap, voxels: LesionVoxels, anatomy: AnatomyMap | None
) -> dict[str, Value]:
    """Hold the lesions of one side against those of the other; specks are left out.

    Parameters
    ----------
    lesions : LesionMap
    voxels : LesionVoxels
        On ``anatomy.grid``.
    anatomy : AnatomyMap or None
        Without MNI152 coordinates the answer is unknown.

    Returns
    -------
    dict of str to Value
        Every name of :data:`MIRROR_SPECS`.
    """
    from scipy.spatial import cKDTree

    name = "mirrored_fraction"
    if anatomy is None or anatomy.mni_mm is None:
        why = "not registered" if anatomy is None else "no registration to MNI152 was run"
        return {name: Unknown(Reason.ANATOMY_MISSING, why)}
    specks = [lesion.id for lesion in lesions.lesions if lesion.speck]
    counted = ~np.isin(voxels.ids, specks)[voxels.owner]
    xyz = standard_mm(voxels, anatomy, voxels.index[counted])
    right, left = xyz[xyz[:, 0] > MIDLINE_MM], xyz[xyz[:, 0] < -MIDLINE_MM]
    if not right.size or not left.size:
        return {name: Quantity(0.0, Unit.NONE)}
    mirror = np.array([-1.0, 1.0, 1.0])
    found = 0
    for own, other in ((right, left), (left, right)):
        distance, _ = cKDTree(other).query(own * mirror, distance_upper_bound=TOLERANCE_MM)
        found += int(np.count_nonzero(np.isfinite(distance)))
    return {name: Quantity(found / (len(right) + len(left)), Unit.NONE)}
