"""Ovoid lesions, and ovoid lobes of confluent lesions that stand on a lateral ventricle.

Dawson's fingers run together along the ependyma. Each lobe of a confluent lesion is therefore
held against the wall by itself: whether it is at the wall and ovoid, and at which angle its long
axis stands to the normal of the wall there. What counts as ovoid is what counts for a whole lesion
in ``rules/signs/dawson_fingers.yaml``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.confluence import Lobes
from lesionaid.features.directions import gradient, mean_direction, moments
from lesionaid.features.shape import MIN_SHAPE_VOXELS, hull_extent
from lesionaid.features.voxels import LesionVoxels, Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["OVOID_SPECS", "ovoid_measurements"]

WALL_MM = 1.5
"""A lobe whose nearest voxel is this close stands on the wall (as the sign ``periventricular``)."""

SOLIDITY = 0.55
ELONGATION = 0.667
LENGTH_MM = 5.0
"""Of an ovoid lobe: convex up to the steps of voxels, one and a half times as long as wide, 5 mm
long (proposed; the same as of a whole lesion in ``rules/signs/dawson_fingers.yaml``)."""

LEAST_NORMAL = 0.3
"""Normals that cancel out to less than this have no common direction (proposed, as in
:mod:`lesionaid.features.ventricle_wall`)."""

ALONG_DEG = 90.0

OVOID_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "cross_section_ratio",
        Unit.NONE,
        "lesion",
        "Minor axis / middle axis: 1 for an egg however long, towards 0 for a sheet.",
        ("lesions",),
        "proposed",
    ),
    MeasurementSpec(
        "ventricular_ovoid_lobes",
        Unit.COUNT,
        "lesion",
        "Lobes of the lesion within 1.5 mm of a lateral ventricle that are ovoid by themselves: "
        "elongation at most 0.667, solidity at least 0.55, 5 mm long or more.",
        ("anatomy",),
        "proposed; as Dawson's finger of a whole lesion",
    ),
    MeasurementSpec(
        "ovoid_lobe_angle_deg",
        Unit.DEGREE,
        "lesion",
        "Smallest angle between the long axis of such a lobe and the normal of the lateral "
        "ventricle's wall beside it; 90, along the wall, where the lesion has no such lobe.",
        ("anatomy",),
        "proposed; as Dawson's finger of a whole lesion",
    ),
)


def ovoid_measurements(
    lesions: LesionMap,
    voxels: LesionVoxels,
    lobes: Lobes,
    anatomy: AnatomyMap | None,
    scale: SizeScale,
) -> Rows:
    """Measure the cross-section of lesions and the ovoid lobes at the ventricle.

    Parameters
    ----------
    lesions : LesionMap
    voxels : LesionVoxels
        The lesions' own voxels.
    lobes : Lobes
        Split from them.
    anatomy : AnatomyMap or None
        None leaves the lobes ``ANATOMY_MISSING``.
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`OVOID_SPECS`.
    """
    section, *names = (spec.name for spec in OVOID_SPECS)
    rows = _cross_sections(voxels, section)
    missing = _no_wall(anatomy, voxels)
    if anatomy is None or missing is not None:
        return merge(rows, whole_column(lesions, tuple(names), missing or _NOT_REGISTERED))
    angles, long_enough = _lobe_angles(lobes, anatomy, scale)
    standing = np.isfinite(angles)
    counts = np.bincount(lobes.lesion[standing & long_enough], minlength=voxels.ids.size)
    smallest = np.full(voxels.ids.size, ALONG_DEG)
    counted = standing & long_enough
    np.minimum.at(smallest, lobes.lesion[counted], angles[counted])
    of_lobes = merge(
        voxels.quantities(names[0], counts, Unit.COUNT),
        voxels.quantities(names[1], smallest, Unit.DEGREE),
    )
    unscaled = scale.size(1.0, Unit.MM)
    if isinstance(unscaled, Unknown):
        for row in lobes.lesion[standing]:
            of_lobes[int(voxels.ids[row])][names[0]] = unscaled
    return merge(rows, of_lobes)


_NOT_REGISTERED = Unknown(Reason.ANATOMY_MISSING, "not registered")


def _no_wall(anatomy: AnatomyMap | None, voxels: LesionVoxels) -> Unknown | None:
    if anatomy is None:
        return _NOT_REGISTERED
    finite = np.isfinite(voxels.take(anatomy.distances_mm["lateral_ventricle"])).any()
    if voxels.ids.size and not finite:
        return Unknown(Reason.ANATOMY_MISSING, "no lateral ventricle in the region map")
    return None


def _cross_sections(voxels: LesionVoxels, name: str) -> Rows:
    rows: Rows = {lesion: {name: why} for lesion, why in voxels.missing.items()}
    if not voxels.ids.size:
        return rows
    axes = moments(voxels).axes_mm
    few = Unknown(Reason.TOO_FEW_VOXELS, f"fewer than {MIN_SHAPE_VOXELS} voxels")
    for row, lesion in enumerate(voxels.ids):
        ratio: Value = Quantity(float(axes[row, 2] / axes[row, 1]), Unit.NONE)
        rows[int(lesion)] = {name: few if voxels.counts[row] < MIN_SHAPE_VOXELS else ratio}
    return rows


def _lobe_angles(
    lobes: Lobes, anatomy: AnatomyMap, scale: SizeScale
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Angle to the wall of every ovoid lobe there, infinite of the others; and who is long."""
    voxels = lobes.voxels
    angles = np.full(voxels.ids.size, np.inf)
    long_enough = np.ones(voxels.ids.size, dtype=bool)
    if not voxels.ids.size:
        return angles, long_enough
    wall = anatomy.distances_mm["lateral_ventricle"]
    distance = voxels.take(wall)
    shape = moments(voxels)
    normal = mean_direction(voxels, gradient(voxels, wall), distance > 0)
    agreement = np.linalg.norm(normal, axis=1)
    along = np.abs(np.sum(normal * shape.long_axis, axis=1)) / np.maximum(agreement, 1e-6)
    degrees = np.degrees(np.arccos(np.minimum(along, 1.0)))
    fits = (
        (voxels.minimum(distance) <= WALL_MM)
        & (shape.axes_mm[:, 1] <= ELONGATION * shape.axes_mm[:, 0])
        & (voxels.counts >= MIN_SHAPE_VOXELS)
        & (agreement >= LEAST_NORMAL)
    )
    for lobe in np.flatnonzero(fits):
        length, solidity = _hull(voxels, int(lobe))
        if solidity >= SOLIDITY:
            angles[lobe] = degrees[lobe]
            long_enough[lobe] = scale.factor is None or length * scale.factor >= LENGTH_MM
    return angles, long_enough


def _hull(voxels: LesionVoxels, lobe: int) -> tuple[float, float]:
    """Longest diameter in mm, and solidity, of one lobe."""
    start, count = voxels.starts[lobe], voxels.counts[lobe]
    ijk = np.stack(np.unravel_index(voxels.index[start : start + count], voxels.grid.shape), axis=1)
    ijk -= ijk.min(axis=0)
    inside = np.zeros(tuple(ijk.max(axis=0) + 1), dtype=bool)
    inside[tuple(ijk.T)] = True
    length, hull = hull_extent(inside, voxels.grid)
    return length, min(1.0, float(count) / hull)
