"""How a lesion lies at the wall of a lateral ventricle: at its body, along it, across it.

Two shapes are told apart: the ovoid or finger that stands on the wall (Dawson's finger, along a
medullary vein) and the thin band that follows the ependyma. Both are read off the distances to
the ventricle: their gradient is the local normal of the wall, and twice their mean over a band
that starts at the wall is the thickness of that band. A wall that the map puts a millimetre off
thickens every band by two, so the lesion's own depth is a second ruler: of a plate it is a quarter
of the thickness on the mean, wherever the wall is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import PARTS, AnatomyMap
from lesionaid.features.directions import gradient, mean_direction, moments
from lesionaid.features.places import nearest
from lesionaid.features.runs import longest_runs_mm
from lesionaid.features.shape import MIN_SHAPE_VOXELS
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import LesionVoxels, Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["WALL_SPECS", "wall_measurements"]

BAND_MM = 3.0
"""Width of the periventricular zone (as in :mod:`lesionaid.features.location`)."""

VOXEL_MAX_MM = 3.5
"""Thicker slices cannot show a band of 3 mm (proposed: clinical FLAIRs have 3 mm)."""

ERROR_MM = 2.5
"""A wall that is off by more than this tells nothing of a band of 3 mm on it (proposed, as for the
cortical ribbon in :mod:`lesionaid.features.location`)."""

LEAST_NORMAL = 0.3
"""Normals that cancel out to less than this have no common direction: a lesion round a corner
or on two walls (proposed)."""

BODY = next(code for code, name in PARTS.items() if name == "ventricle_body")


def _spec(name: str, unit: Unit, description: str, reference: str = "proposed") -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, ("anatomy",), reference)


WALL_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "distance_ventricle_body_mm",
        Unit.MM,
        "Smallest distance of a voxel of the lesion to the body of a lateral ventricle, between "
        "the foramen of Monro and the trigone; 0 inside.",
        "",
    ),
    _spec(
        "ventricle_body_fraction",
        Unit.NONE,
        "Fraction of the lesion's voxels within 3 mm of the body of a lateral ventricle.",
    ),
    _spec(
        "ventricle_body_volume_mm3",
        Unit.MM3,
        "Volume of the lesion within 3 mm of the body of a lateral ventricle.",
    ),
    _spec(
        "wall_length_mm",
        Unit.MM,
        "Longest run of the lesion along a lateral ventricle: greatest extent of a connected "
        "part of it within 3 mm of the wall. Straight, so a curved band measures short.",
    ),
    _spec(
        "wall_thickness_mm",
        Unit.MM,
        "Mean thickness of the lesion on the wall of a lateral ventricle: twice the mean "
        "distance of its voxels to the wall. Of a lesion off the wall it says how far it "
        "reaches.",
    ),
    _spec(
        "mean_thickness_mm",
        Unit.MM,
        "Mean thickness of the lesion by itself: four times the mean depth of its voxels, which "
        "is exact for a plate; a ball measures its radius.",
    ),
    _spec(
        "wall_length_ratio",
        Unit.NONE,
        "Run along the wall of a lateral ventricle / mean thickness, the smaller of that on the "
        "wall and that of the lesion by itself.",
    ),
    _spec(
        "wall_normal_angle_deg",
        Unit.DEGREE,
        "Angle between the lesion's long axis and the normal of the lateral ventricle's wall, "
        "the mean gradient of the distance to it over the lesion.",
    ),
)


def wall_measurements(
    lesions: LesionMap,
    around: Surroundings,
    anatomy: AnatomyMap | None,
    scale: SizeScale,
    voxel_max_mm: float,
) -> Rows:
    """Hold every lesion against the wall of the lateral ventricles.

    Parameters
    ----------
    lesions : LesionMap
    around : Surroundings
        On ``anatomy.grid``.
    anatomy : AnatomyMap or None
        None makes every value ``ANATOMY_MISSING``.
    scale : SizeScale
    voxel_max_mm : float
        Longest voxel edge of what the lesions were seen on.

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`WALL_SPECS`.
    """
    names = tuple(spec.name for spec in WALL_SPECS)
    if anatomy is None:
        return whole_column(lesions, names, Unknown(Reason.ANATOMY_MISSING, "not registered"))
    voxels = around.chosen(around.inside)
    distance = voxels.take(anatomy.distances_mm["lateral_ventricle"])
    if not np.isfinite(distance).any() and voxels.ids.size:
        why = Unknown(Reason.ANATOMY_MISSING, "no lateral ventricle in the region map")
        return whole_column(lesions, names, why)
    thickness = 2.0 * voxels.mean(np.maximum(distance, 0.0))
    # A lesion drawn wholly inside the map's ventricle is as thin as a voxel at least.
    thickness = np.maximum(thickness, min(voxels.grid.spacing_mm))
    finite = np.where(np.isinf(thickness), 1.0, thickness)
    own = 4.0 * voxels.mean(-around.signed_mm[around.inside])
    length = longest_runs_mm(voxels, distance <= BAND_MM)
    rows = merge(
        _body(lesions, voxels, anatomy, scale),
        voxels.sizes("wall_length_mm", length, Unit.MM, scale),
        voxels.sizes("wall_thickness_mm", finite, Unit.MM, scale),
        voxels.sizes("mean_thickness_mm", own, Unit.MM, scale),
        voxels.quantities("wall_length_ratio", length / np.minimum(finite, own), Unit.NONE),
        _angle(voxels, anatomy, distance),
    )
    thin = ("wall_thickness_mm", "wall_length_ratio")
    beyond = Unknown(Reason.ANATOMY_MISSING, "reaches beyond the region map")
    for lesion in voxels.ids[np.isinf(thickness)]:
        rows[int(lesion)] |= dict.fromkeys(thin, beyond)
    if voxel_max_mm > VOXEL_MAX_MM:
        why = Unknown(Reason.LOW_RESOLUTION, f"voxels of {voxel_max_mm:.3g} mm")
        for row in rows.values():
            row |= dict.fromkeys((*thin, "mean_thickness_mm"), why)
    if anatomy.error_mm is not None and anatomy.error_mm > ERROR_MM:
        why = Unknown(Reason.LOW_QUALITY, f"the wall is off by {anatomy.error_mm:g} mm")
        for row in rows.values():
            row |= dict.fromkeys(thin, why)
    return {lesion: {name: row[name] for name in names} for lesion, row in rows.items()}


def _body(lesions: LesionMap, voxels: LesionVoxels, anatomy: AnatomyMap, scale: SizeScale) -> Rows:
    names = ("distance_ventricle_body_mm", "ventricle_body_fraction", "ventricle_body_volume_mm3")
    body = None if anatomy.parts is None else anatomy.parts == BODY
    if body is None or not body.any():
        why = Unknown(Reason.ANATOMY_MISSING, "the region map does not tell the ventricle's parts")
        return whole_column(lesions, names, why)
    distance = _to_surface(voxels, body)
    near = voxels.mean(distance <= BAND_MM)
    mm3 = np.array([lesions.by_id[int(lesion)].volume_mm3 for lesion in voxels.ids])
    return merge(
        voxels.quantities(names[0], voxels.minimum(distance), Unit.MM),
        voxels.quantities(names[1], near, Unit.NONE),
        voxels.sizes(names[2], near * mm3, Unit.MM3, scale),
    )


def _to_surface(voxels: LesionVoxels, structure: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance to the outer face of the nearest voxel of a structure, 0 inside."""
    distance, index = nearest(voxels, structure)
    shape = voxels.grid.shape
    steps = np.abs(
        np.stack(np.unravel_index(index, shape)) - np.stack(np.unravel_index(voxels.index, shape))
    ).max(axis=0)
    # The line to a voxel's centre enters its box half a step before, along its steepest axis.
    return np.asarray(distance * (1.0 - 0.5 / np.maximum(steps, 1)))


def _angle(voxels: LesionVoxels, anatomy: AnatomyMap, distance: NDArray[np.float32]) -> Rows:
    name = "wall_normal_angle_deg"
    if not voxels.ids.size:
        return voxels.column(name, np.zeros(0), lambda value: Quantity(value, Unit.DEGREE))
    towards = gradient(voxels, anatomy.distances_mm["lateral_ventricle"])
    normal = mean_direction(voxels, towards, distance > 0)
    agreement = np.linalg.norm(normal, axis=1)
    along = np.abs(np.sum(normal * moments(voxels).long_axis, axis=1)) / np.maximum(agreement, 1e-6)
    degrees = np.degrees(np.arccos(np.minimum(along, 1.0)))
    few = Unknown(Reason.TOO_FEW_VOXELS, f"fewer than {MIN_SHAPE_VOXELS} voxels")
    bent = Unknown(Reason.DEGENERATE_SHAPE, "the wall beside the lesion has no one direction")
    rows: Rows = {lesion: {name: why} for lesion, why in voxels.missing.items()}
    for row, lesion in enumerate(voxels.ids):
        value: Value = Quantity(float(degrees[row]), Unit.DEGREE)
        if voxels.counts[row] < MIN_SHAPE_VOXELS:
            value = few
        elif agreement[row] < LEAST_NORMAL:
            value = bent
        rows[int(lesion)] = {name: value}
    return rows
