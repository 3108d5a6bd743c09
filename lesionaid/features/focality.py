"""Focal or not: how far a lesion is from the ovoid that its own extent describes.

Readers call a lesion non-focal when it is diffuse, confluent or infiltrating (Wijburg et
al. 2016, doi 10.1136/jnnp-2016-313772). From the mask alone that is a question of shape,
and three numbers answer it together:

``irregularity``
    1 minus the volume over the volume of the ellipsoid with the same second moments. Of
    all bodies of one volume the ellipsoid has the smallest determinant of its moments, so
    the measure is 0 for every ellipsoid however long, 0.11 for a brick, and tends to 1 as
    the lesion spreads out. It hardly feels how rough the voxels make a small surface,
    which solidity and sphericity do.
``thickness_max_mm``
    Diameter of the largest ball that fits inside. Everyday MS lesions flow together into
    long thin networks, far over 30 mm long and hardly 9 mm thick, that no reader takes for
    one mass; a mass is thick.
``body_diameter_mm``
    Longest diameter of the largest piece that stays when bridges of up to 4 mm are cut: what
    a reader would put the ruler to.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.shape import hull_extent
from lesionaid.features.voxels import LesionVoxels, Rows, lesion_voxels, merge
from lesionaid.lesions.components import connected_components
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unit, Unknown
from lesionaid.tables import MeasurementSpec

__all__ = ["FOCALITY_SPECS", "focality_measurements"]

BRIDGE_RADIUS_MM = 2.0
"""Bridges up to twice this are cut: less than the 5 mm under which a lesion is punctate
(proposed)."""

MIN_VOXELS = 100
"""Digital balls and ovoids of 100 voxels or more read at most 0.1 (proposed)."""

FOCALITY_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "irregularity",
        Unit.NONE,
        "lesion",
        "1 minus the lesion's volume over that of the ellipsoid with its second moments: 0 for "
        "a ball or an ovoid of any size, 0.11 for a brick, towards 1 for confluent, branching "
        "or curved lesions. Unknown under 100 voxels, where voxels blur the difference; "
        "readers call lesions that small focal.",
        ("lesions",),
        "proposed; after the non-focal lesions of Wijburg et al. 2016, "
        "doi 10.1136/jnnp-2016-313772",
    ),
    MeasurementSpec(
        "thickness_max_mm",
        Unit.MM,
        "lesion",
        "Diameter of the largest ball inside the lesion, to within two voxels: tells one mass "
        "from a thin confluent network of the same length and volume.",
        ("lesions",),
        "proposed",
    ),
    MeasurementSpec(
        "body_diameter_mm",
        Unit.MM,
        "lesion",
        "Longest diameter of the lesion's body: the largest piece that a ball of 2 mm radius can "
        "sweep. Lesions thinner than that everywhere have no body; their thickness stands.",
        ("lesions",),
        "proposed",
    ),
)


def focality_measurements(lesions: LesionMap, scale: SizeScale) -> Rows:
    """Irregularity, thickness and body of every lesion, on the mask's own grid."""
    voxels = lesion_voxels(lesions, lesions.grid)
    rows = voxels.quantities("irregularity", _irregularity(voxels), Unit.NONE)
    for lesion, count in zip(voxels.ids.tolist(), voxels.counts.tolist(), strict=True):
        if count < MIN_VOXELS:
            rows[lesion]["irregularity"] = Unknown(Reason.TOO_FEW_VOXELS, f"{count} voxels")
    return merge(rows, _body(lesions, scale))


def _irregularity(voxels: LesionVoxels) -> NDArray[np.float64]:
    if not voxels.ids.size:
        return np.zeros(0)
    linear = voxels.grid.affine[:3, :3]
    ijk = np.stack(np.unravel_index(voxels.index, voxels.grid.shape), axis=1).astype(float)
    mean = np.stack([voxels.mean(ijk[:, axis]) for axis in range(3)], axis=1)
    centred = ijk - np.repeat(mean, voxels.counts, axis=0)
    moments = np.empty((voxels.ids.size, 3, 3))
    for a in range(3):
        for b in range(3):
            moments[:, a, b] = voxels.mean(centred[:, a] * centred[:, b])
    # Each voxel is a body of its own: a unit cube has a second moment of 1/12.
    moments = linear @ (moments + np.eye(3) / 12) @ linear.T
    volume = voxels.counts * voxels.grid.voxel_volume_mm3
    # An ellipsoid with semi-axes a, b, c has second moments a2/5, b2/5, c2/5.
    ellipsoid = 4 / 3 * np.pi * np.sqrt(125 * np.linalg.det(moments))
    return np.asarray(np.clip(1 - volume / ellipsoid, 0.0, 1.0))


def _body(lesions: LesionMap, scale: SizeScale) -> Rows:
    spacing = lesions.grid.spacing_mm
    radius = BRIDGE_RADIUS_MM / (scale.factor or 1.0)
    rows: Rows = {}
    for lesion in lesions.lesions:
        inside = np.pad(lesions.labels[lesion.box] == lesion.id, 1)
        depth = depth_mm(inside, spacing)
        # Depths run from a voxel to the centre of the next one outside; the true centre and
        # surface lie up to half a voxel off either way.
        thickness = 2 * float(depth.max()) - min(spacing) / 2
        body = largest_body(depth, radius, spacing)
        diameter = hull_extent(body, lesions.grid)[0] if body.any() else thickness
        rows[lesion.id] = {
            "thickness_max_mm": scale.size(thickness, Unit.MM),
            "body_diameter_mm": scale.size(diameter, Unit.MM),
        }
    return rows


def depth_mm(inside: NDArray[np.bool_], spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    """Distance in mm of every voxel to the nearest one outside; 0 outside."""
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(inside, sampling=spacing))


def largest_body(
    depth: NDArray[np.float64], radius_mm: float, spacing: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Largest 26-connected piece of a lesion opened by a ball, empty if nothing stays.

    Parameters
    ----------
    depth : ndarray of shape (I, J, K)
        From :func:`depth_mm`.
    radius_mm : float
    spacing : tuple of float
    """
    core = depth > radius_mm
    if not core.any():
        return core
    opened = (depth > 0) & (depth_mm(~core, spacing) <= radius_mm)
    pieces = connected_components(opened)
    body: NDArray[np.bool_] = pieces == np.argmax(np.bincount(pieces.ravel())[1:]) + 1
    return body
