"""Focal or not: how far a lesion is from the ovoid that its own extent describes.

Readers call a lesion non-focal when it is diffuse, confluent or infiltrating (Wijburg et
al. 2016, doi 10.1136/jnnp-2016-313772). From the mask alone that is a question of shape,
and two numbers answer it together:

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
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.voxels import LesionVoxels, Rows, lesion_voxels, merge
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unit, Unknown
from lesionaid.tables import MeasurementSpec

__all__ = ["FOCALITY_SPECS", "focality_measurements"]

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
)


def focality_measurements(lesions: LesionMap, scale: SizeScale) -> Rows:
    """Irregularity and thickness of every lesion, on the mask's own grid."""
    voxels = lesion_voxels(lesions, lesions.grid)
    rows = voxels.quantities("irregularity", _irregularity(voxels), Unit.NONE)
    for lesion, count in zip(voxels.ids.tolist(), voxels.counts.tolist(), strict=True):
        if count < MIN_VOXELS:
            rows[lesion]["irregularity"] = Unknown(Reason.TOO_FEW_VOXELS, f"{count} voxels")
    return merge(rows, _thickness(lesions, scale))


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


def _thickness(lesions: LesionMap, scale: SizeScale) -> Rows:
    from scipy.ndimage import distance_transform_edt

    spacing = lesions.grid.spacing_mm
    rows: Rows = {}
    for lesion in lesions.lesions:
        inside = np.pad(lesions.labels[lesion.box] == lesion.id, 1)
        deepest = float(distance_transform_edt(inside, sampling=spacing).max())
        # Distances run from a voxel to the centre of the next one outside; the true centre
        # and surface lie up to half a voxel off either way.
        rows[lesion.id] = {"thickness_max_mm": scale.size(2 * deepest - min(spacing) / 2, Unit.MM)}
    return rows
