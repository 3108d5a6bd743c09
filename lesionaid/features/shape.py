"""Size and shape of lesions, in mm on the mask's own grid.

One body for everything: a lesion is the union of its voxels as boxes, carried into mm by
the affine. So a lesion of one voxel, one line or one slice has a volume, a diameter and a
solidity like any other, and no result depends on how the file was stored.

Definitions differ between programs; these are ours:

========================  ==============================================================
``diameter_max_mm``       largest distance between two corners of the voxels, exact.
                          pyradiomics, MIRP and scikit-image take a mesh through the
                          middle of the edges (about a voxel less), SimpleITK the centres
                          of the voxels (less again by about a voxel).
``axis_..._mm``           4 sqrt(eigenvalue), as IBSI and pyradiomics, of the covariance
                          of the *boxes*: voxel centres plus A A'/12. Theirs leave the
                          second term out, which makes one slice flat as paper and 1 mm
                          voxels 10 % shorter at 3 mm, 1 % at 8 mm. For a ball of
                          diameter D, each axis is 0.894 D.
``elongation``            middle / major axis, 1 for a ball (pyradiomics; SimpleITK's is
                          the inverse).
``flatness``              minor / major axis, 1 for a ball (pyradiomics).
``surface_mm2``           Crofton (as SimpleITK); pyradiomics' mesh gives up to 15 % more.
``sphericity``            pi^(1/3) (6 V)^(2/3) / A of voxel volume and Crofton area, at
                          most 1. A digital ball has 0.99 to 1 (a mesh: 0.85 to 0.93).
``solidity``              volume / volume of the convex hull of the voxels' corners: 1 for
                          a box. The steps of a digital ball are hollows: 0.75 at 3 mm
                          radius, 0.81 at 5, 0.87 at 10, on 1 mm voxels. scikit-image
                          takes the hull of voxel centres: infinite for one slice.
========================  ==============================================================

References
----------
Zwanenburg A et al. Radiology 2020;295:328-338 (IBSI, morphological features).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.surface import surface_areas_mm2
from lesionaid.geometry import Grid
from lesionaid.lesions.lesion_map import Lesion, LesionMap
from lesionaid.lesions.scale import SizeScale, Space
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = [
    "MIN_SHAPE_VOXELS",
    "SHAPE_SPECS",
    "hull_extent",
    "shape_measurements",
    "total_measurements",
]

MIN_SHAPE_VOXELS = 8
"""Fewer voxels have no shape worth a number: axes, surface and sphericity are unknown
(proposed: 8 is a block of 2 x 2 x 2, the least with more than one voxel along each axis;
below it the Crofton sphericity of a digital ball is more than 10 % off)."""


def _spec(
    name: str,
    unit: Unit,
    description: str,
    *,
    level: Literal["lesion", "study"] = "lesion",
    reference: str = "",
) -> MeasurementSpec:
    return MeasurementSpec(name, unit, level, description, reference=reference)


_IBSI = "Zwanenburg 2020, doi 10.1148/radiol.2020191145"
_CROFTON = "Legland 2007, Image Anal Stereol 26:83"

SHAPE_SPECS: tuple[MeasurementSpec, ...] = (
    _spec("voxel_count", Unit.COUNT, "Voxels of the mask."),
    _spec("volume_mm3", Unit.MM3, "Voxels times voxel volume |det(affine)|."),
    _spec("equivalent_diameter_mm", Unit.MM, "Diameter of the ball of the same volume."),
    _spec("diameter_max_mm", Unit.MM, "Largest distance between two corners of its voxels."),
    _spec("solidity", Unit.NONE, "Volume / volume of the convex hull of its voxels' corners."),
    _spec(
        "axis_major_mm",
        Unit.MM,
        "4 sqrt of the largest eigenvalue of the covariance of its voxels as boxes.",
        reference=_IBSI,
    ),
    _spec("axis_middle_mm", Unit.MM, "The same of the second eigenvalue.", reference=_IBSI),
    _spec("axis_minor_mm", Unit.MM, "The same of the smallest eigenvalue.", reference=_IBSI),
    _spec("elongation", Unit.NONE, "Middle axis / major axis; 1 for a ball.", reference=_IBSI),
    _spec("flatness", Unit.NONE, "Minor axis / major axis; 1 for a ball.", reference=_IBSI),
    _spec("surface_mm2", Unit.MM2, "Crofton estimate of the surface area.", reference=_CROFTON),
    _spec(
        "sphericity",
        Unit.NONE,
        "Area of the ball of the same volume / surface area; at most 1.",
        reference=_IBSI,
    ),
    _spec("centroid_x_mm", Unit.MM, "Centre of mass, scanner RAS+ mm: to the patient's right."),
    _spec("centroid_y_mm", Unit.MM, "Centre of mass, scanner RAS+ mm: anterior."),
    _spec("centroid_z_mm", Unit.MM, "Centre of mass, scanner RAS+ mm: superior."),
    _spec("total_volume_mm3", Unit.MM3, "All lesions, specks included.", level="study"),
    _spec("lesion_count", Unit.COUNT, "Lesions without the specks.", level="study"),
    _spec("speck_count", Unit.COUNT, "Components under 3 mm3.", level="study"),
)
"""Rows of the catalogue, in the order of columns."""


def shape_measurements(
    lesions: LesionMap, *, space: Space = "native", native_scale: float | None = None
) -> Mapping[int, Mapping[str, Value]]:
    """Size and shape of every lesion, specks included.

    Parameters
    ----------
    lesions : LesionMap
    space : {"native", "mni"}
        ``"mni"``: the brain was normalised, so every size is unknown unless `native_scale`
        is given. Ratios stay: they change by the shear of the normalisation only.
    native_scale : float or None
        Patient's mm for one mm of the mask; used with ``space="mni"`` only. Lengths are
        multiplied by it, areas by its square, volumes by its cube. Centroids are places in
        the file's space and never scaled.

    Returns
    -------
    mapping of int to mapping of str to Value
        By lesion id; names and units as in :data:`SHAPE_SPECS`. Axes, elongation, flatness,
        surface and sphericity are unknown under :data:`MIN_SHAPE_VOXELS` voxels.
    """
    if not lesions.lesions:
        return {}
    scale = SizeScale(space, native_scale)
    crop, start = _crop(lesions)
    axes = _axes_mm(crop, lesions.grid)
    areas = surface_areas_mm2(crop, lesions.grid.affine[:3, :3])
    return {
        lesion.id: {
            "voxel_count": Quantity(lesion.n_voxels, Unit.COUNT),
            "volume_mm3": scale.size(lesion.volume_mm3, Unit.MM3),
            "equivalent_diameter_mm": scale.size(lesion.equivalent_diameter_mm, Unit.MM),
            **_extent(crop[_within(lesion.box, start)] == lesion.id, lesions.grid, scale),
            **_form(lesion, axes[lesion.id], float(areas[lesion.id]), scale),
            **_place(lesion),
        }
        for lesion in lesions.lesions
    }


def total_measurements(
    lesions: LesionMap, *, space: Space = "native", native_scale: float | None = None
) -> Mapping[str, Value]:
    """Total volume, specks included, and the counts of lesions and specks.

    Parameters
    ----------
    lesions : LesionMap
    space, native_scale
        As in :func:`shape_measurements`.

    Returns
    -------
    mapping of str to Value
        The study's rows of :data:`SHAPE_SPECS`; zeros where there are no lesions.
    """
    specks = sum(lesion.speck for lesion in lesions.lesions)
    volume = sum(lesion.n_voxels for lesion in lesions.lesions) * lesions.grid.voxel_volume_mm3
    return {
        "total_volume_mm3": SizeScale(space, native_scale).size(volume, Unit.MM3),
        "lesion_count": Quantity(len(lesions.lesions) - specks, Unit.COUNT),
        "speck_count": Quantity(specks, Unit.COUNT),
    }


def _crop(lesions: LesionMap) -> tuple[NDArray[np.int32], tuple[int, ...]]:
    """The labels inside the box round all lesions, and where that box starts."""
    sides = [
        slice(min(side.start for side in along), max(side.stop for side in along))
        for along in zip(*(lesion.box for lesion in lesions.lesions), strict=True)
    ]
    return lesions.labels[tuple(sides)], tuple(side.start for side in sides)


def _within(box: tuple[slice, slice, slice], start: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(s.start - o, s.stop - o) for s, o in zip(box, start, strict=True))


def _extent(inside: NDArray[np.bool_], grid: Grid, scale: SizeScale) -> Mapping[str, Value]:
    """Maximum diameter and solidity of one lesion."""
    diameter, hull_voxels = hull_extent(inside, grid)
    solidity = np.count_nonzero(inside) / hull_voxels
    return {
        "diameter_max_mm": scale.size(diameter, Unit.MM),
        "solidity": Quantity(min(1.0, solidity), Unit.NONE),
    }


def hull_extent(inside: NDArray[np.bool_], grid: Grid) -> tuple[float, float]:
    """Largest distance in mm, and volume in voxels, of the convex hull of the voxels' corners.

    The hull is taken in voxel indices, where corners are small integers; an affine map
    carries a hull onto a hull, so the largest distance in mm is between two of its corners.

    Parameters
    ----------
    inside : ndarray of bool, shape (I, J, K)
        Not empty.
    """
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    hull = ConvexHull(_outer_corners(inside))
    diameter = float(pdist(hull.points[hull.vertices] @ grid.affine[:3, :3].T).max())
    return diameter, float(hull.volume)


def _outer_corners(inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Voxel corners that can lie on the convex hull: the ends of every column of corners.

    Returns
    -------
    ndarray of shape (N, 3)
        Corners in index units; voxel (i, j, k) spans i to i + 1 and so on.
    """
    n_i, n_j, n_k = inside.shape
    column = inside.any(axis=2)
    low = np.where(column, inside.argmax(axis=2), n_k)
    high = np.where(column, n_k - inside[:, :, ::-1].argmax(axis=2), 0)
    lowest = np.full((n_i + 1, n_j + 1), n_k)
    highest = np.zeros((n_i + 1, n_j + 1), dtype=int)
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        corner = (slice(i, n_i + i), slice(j, n_j + j))
        lowest[corner] = np.minimum(lowest[corner], low)
        highest[corner] = np.maximum(highest[corner], high)
    i_used, j_used = np.nonzero(highest > lowest)
    ends = [
        np.column_stack([i_used, j_used, end[i_used, j_used]]).astype(float)
        for end in (lowest, highest)
    ]
    return np.concatenate(ends)


def _axes_mm(labels: NDArray[np.int32], grid: Grid) -> NDArray[np.float64]:
    """Major, middle and minor axis by label, shape (highest label + 1, 3); row 0 is 0."""
    ijk = np.argwhere(labels != 0)
    owner = labels[tuple(ijk.T)]
    counts = np.maximum(np.bincount(owner), 1)
    means = np.stack([np.bincount(owner, weights=ijk[:, a]) for a in range(3)], axis=1)
    centred = ijk - (means / counts[:, None])[owner]
    covariance = np.empty((counts.size, 3, 3))
    for a in range(3):
        for b in range(3):
            products = np.bincount(owner, weights=centred[:, a] * centred[:, b])
            covariance[:, a, b] = products / counts
    covariance += np.eye(3) / 12.0  # a voxel is a box, not a point
    linear = grid.affine[:3, :3]
    eigenvalues = np.linalg.eigvalsh(linear @ covariance @ linear.T)[:, ::-1]
    axes: NDArray[np.float64] = 4.0 * np.sqrt(np.maximum(eigenvalues, 0.0))
    return axes


def _form(
    lesion: Lesion, axes: NDArray[np.float64], area_mm2: float, scale: SizeScale
) -> Mapping[str, Value]:
    """Axes, their ratios, surface and sphericity."""
    names = ("axis_major_mm", "axis_middle_mm", "axis_minor_mm")
    if lesion.n_voxels < MIN_SHAPE_VOXELS:
        unknown = Unknown(Reason.TOO_FEW_VOXELS, f"fewer than {MIN_SHAPE_VOXELS} voxels")
        ratios = ("elongation", "flatness", "surface_mm2", "sphericity")
        return dict.fromkeys((*names, *ratios), unknown)
    major, middle, minor = (float(axis) for axis in axes)
    ball_mm2 = np.pi ** (1 / 3) * (6.0 * lesion.volume_mm3) ** (2 / 3)
    return {
        **{name: scale.size(float(axis), Unit.MM) for name, axis in zip(names, axes, strict=True)},
        "elongation": Quantity(middle / major, Unit.NONE),
        "flatness": Quantity(minor / major, Unit.NONE),
        "surface_mm2": scale.size(area_mm2, Unit.MM2),
        "sphericity": Quantity(min(1.0, float(ball_mm2) / area_mm2), Unit.NONE),
    }


def _place(lesion: Lesion) -> Mapping[str, Value]:
    names = ("centroid_x_mm", "centroid_y_mm", "centroid_z_mm")
    return {
        name: Quantity(value, Unit.MM)
        for name, value in zip(names, lesion.centroid_mm, strict=True)
    }
