"""Bands along the subcortical white matter, where the U-fibres run.

Nearly every lesion of some size comes near the cortex somewhere, so touching it is no sign of the
U-fibres. A lesion that follows them is a band: long along the grey-white border, thin across it,
most of it close to it. The thickness is the lesion's volume over the area of its contact, so a
band that lines both banks of a gyrus is as thin as one on a single bank; a ball or an ovoid that
touches has little contact and is thick. A small ball that plugs the stalk of a gyrus touches both
of its banks and is thin by that measure; so the run is also held against the diameter of the ball
of the lesion's volume, which a plug does not outrun.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.directions import gradient, mean_direction
from lesionaid.features.places import nearest
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.runs import longest_runs_mm
from lesionaid.features.voxels import LesionVoxels, Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown
from lesionaid.tables import MeasurementSpec

__all__ = ["UFIBRE_SPECS", "subcortical_runs_mm", "ufibre_measurements"]

BAND_MM = 3.0
"""Depth of the band of U-fibres (as the juxtacortical zone of :mod:`.location`)."""

SHELL_MM = 2.0
"""Contact area is the lesion's volume in the first 2 mm below the cortex, over 2 mm: two voxels
of 1 mm, so that neither their steps nor their places matter (proposed)."""

ERROR_MM = 2.5
"""A border that is off by more than this tells nothing of a band of 3 mm on it (proposed, as for
the wall of the ventricles)."""

CORE_MM = 5.0
"""White matter this deep is of no gyrus (proposed: the stalk of a gyrus is thinner than twice
this)."""

_NEEDS = ("anatomy",)

UFIBRE_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "ufibre_share",
        Unit.NONE,
        "lesion",
        "Share of the lesion outside the cortex that lies in white matter 0 to 3 mm below it.",
        _NEEDS,
        "proposed, for the contact fraction of a U-fibre lesion",
    ),
    MeasurementSpec(
        "ufibre_length_ratio",
        Unit.NONE,
        "lesion",
        "Longest run along the subcortical white matter / thickness across it; the thickness is "
        "the lesion's volume outside the cortex over the area of its contact with it.",
        _NEEDS,
        "proposed",
    ),
    MeasurementSpec(
        "ufibre_turn_deg",
        Unit.DEGREE,
        "lesion",
        "By how much the normal of the cortex turns along the lesion's contact, as an arc of a "
        "circle would: 0 on a flat border, 180 round the floor of a sulcus. Steps of voxels alone "
        "make up to 50.",
        _NEEDS,
        "proposed, for the S- and U-shaped lesions of Matthews et al. 2013, PMC3656462",
    ),
    MeasurementSpec(
        "ufibre_run_ratio",
        Unit.NONE,
        "lesion",
        "Longest run along the subcortical white matter / diameter of the ball of the lesion's "
        "volume: about 1 for a ball, 1.31 at most for an ovoid one and a half times as long as "
        "wide, 2 for a plate of 3 x 12 x 18 mm.",
        _NEEDS,
        "proposed",
    ),
    MeasurementSpec(
        "gyral_reach_mm",
        Unit.MM,
        "lesion",
        "How far the lesion reaches into a gyrus: greatest distance of one of its voxels in the "
        "subcortical white matter to white matter 5 mm below the cortex; 5 beside a flat border, "
        "more up a gyrus, 0 for a lesion that stays clear of the cortex.",
        _NEEDS,
        "proposed, for lesions that reach finger-like into the gyrus",
    ),
)


def ufibre_measurements(
    lesions: LesionMap, voxels: LesionVoxels, anatomy: AnatomyMap | None, scale: SizeScale
) -> Rows:
    """Hold every lesion against the grey-white border.

    Parameters
    ----------
    lesions : LesionMap
    voxels : LesionVoxels
        On ``anatomy.grid``.
    anatomy : AnatomyMap or None
        None makes every value ``ANATOMY_MISSING``.
    scale : SizeScale
        Of the reach into a gyrus; ratios have none.

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`UFIBRE_SPECS`.
    """
    names = tuple(spec.name for spec in UFIBRE_SPECS)
    if anatomy is None:
        return whole_column(lesions, names, Unknown(Reason.ANATOMY_MISSING, "not registered"))
    distance = voxels.take(anatomy.distances_mm["cortex"])
    if not np.isfinite(distance).any() and voxels.ids.size:
        why = Unknown(Reason.ANATOMY_MISSING, "no cortex in the region map")
        return whole_column(lesions, names, why)
    below = (voxels.take(anatomy.sites) == site_code("white_matter")) & (distance > 0)
    outside = np.maximum(voxels.total(distance > 0), 1.0)
    band = voxels.total(below & (distance <= BAND_MM))
    shell = voxels.total(below & (distance <= SHELL_MM))
    runs = subcortical_runs_mm(voxels, anatomy, BAND_MM)
    rows = merge(
        voxels.quantities(names[0], band / outside, Unit.NONE),
        voxels.quantities(names[1], runs * shell / (outside * SHELL_MM), Unit.NONE),
        voxels.column(
            names[2],
            _turns(voxels, anatomy, below & (distance <= SHELL_MM)),
            lambda value: Quantity(value, Unit.DEGREE),
        ),
        voxels.quantities(names[3], runs / _equivalent_diameters_mm(lesions, voxels), Unit.NONE),
        voxels.sizes(
            names[4],
            _reaches(voxels, anatomy, below & (distance <= BAND_MM)),
            Unit.MM,
            scale,
        ),
    )
    _blur(rows, voxels, anatomy, distance)
    return rows


def subcortical_runs_mm(
    voxels: LesionVoxels, anatomy: AnatomyMap, depth_mm: float
) -> NDArray[np.float64]:
    """Greatest extent of a connected part of each lesion just below the cortex.

    Parameters
    ----------
    voxels : LesionVoxels
        On ``anatomy.grid``.
    anatomy : AnatomyMap
    depth_mm : float
        Depth of the band of white matter below the cortex.

    Returns
    -------
    ndarray of float, shape (m,)
        In mm of the images; 0 for a lesion without a voxel in the band.
    """
    distance = voxels.take(anatomy.distances_mm["cortex"])
    white = voxels.take(anatomy.sites) == site_code("white_matter")
    return longest_runs_mm(voxels, white & (distance > 0) & (distance <= depth_mm))


def _equivalent_diameters_mm(lesions: LesionMap, voxels: LesionVoxels) -> NDArray[np.float64]:
    """Diameters of the lesions with voxels, in mm of the images, shape (m,)."""
    by_id = lesions.by_id
    return np.array([by_id[int(n)].equivalent_diameter_mm for n in voxels.ids], dtype=float)


def _turns(
    voxels: LesionVoxels, anatomy: AnatomyMap, contact: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Angle of the arc whose normals cancel out as much as those at the contact, in degrees."""
    normals = gradient(voxels, anatomy.distances_mm["cortex"])
    agreement = np.linalg.norm(mean_direction(voxels, normals, contact), axis=1)
    # The normals of an arc of angle 2 a have a mean of length sin(a) / a.
    half = np.linspace(0.0, np.pi, 721)
    length = np.sinc(half / np.pi)
    turns = 2.0 * np.interp(agreement, length[::-1], half[::-1])
    turns[voxels.total(contact) == 0] = 0.0
    return np.asarray(np.degrees(turns))


def _reaches(
    voxels: LesionVoxels, anatomy: AnatomyMap, band: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Greatest distance of a lesion's voxels in the band to deep white matter, in mm."""
    cortex = anatomy.distances_mm["cortex"]
    rim = CORE_MM + max(voxels.grid.spacing_mm)  # what lies deeper is never the nearest
    core = (cortex > CORE_MM) & (cortex <= rim) & (anatomy.sites == site_code("white_matter"))
    distance, _ = nearest(voxels, core)
    return -voxels.minimum(-np.where(band & np.isfinite(distance), distance, 0.0))


def _blur(
    rows: Rows, voxels: LesionVoxels, anatomy: AnatomyMap, distance: NDArray[np.float32]
) -> None:
    """Where the border is off by too much, only what stays clear of it is told."""
    error = anatomy.error_mm
    if error is None or error <= ERROR_MM:
        return
    why = Unknown(
        Reason.LOW_QUALITY, f"the grey-white border is off by {error:g} mm, a band on it is 3 mm"
    )
    for lesion in voxels.ids[voxels.minimum(distance) <= BAND_MM + error]:
        rows[int(lesion)] = dict.fromkeys(rows[int(lesion)], why)
