"""A dark band on SWI or T2* along the cortex beside a lesion.

Readers saw a dark rim along the cortex or the U-fibres in 13 of 18 PML (PMC7028608) and in 14
of 22 (Mahajan et al. 2021, doi 10.1177/1352458521999651). The band follows the gyrus; the
paramagnetic rim of an MS lesion follows the lesion. So two things are read apart: how far
the white matter at the cortex is dark beside the lesion, and whether the lesion's edge deep
in white matter is dark too.
"""

from __future__ import annotations

import numpy as np

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.intensity import NO_ANATOMY, Reference
from lesionaid.features.reference_tissue import MAD_TO_SD, ReferenceTissue, site_code
from lesionaid.features.resolution import too_coarse
from lesionaid.features.runs import longest_runs_mm
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Scan, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["SWI_BAND_SPECS", "swi_band_measurements"]

IN_PLANE_MM, THROUGH_MM = 1.2, 2.0
"""Coarsest voxels (proposed): the band is 2 to 3 mm thick."""

BAND_MM = (-1.0, 2.0)
"""Distances to the cortex's surface that are the band (proposed)."""

BESIDE_MM = 3.0
"""The band lies within the lesion or this near to it (proposed)."""

DEEP_MM = 4.0
"""The lesion's edge this far from cortex is its edge in white matter (proposed)."""

DARK_Z = -2.0
"""Robust standard deviations of the same band elsewhere (proposed, as the band's distances)."""

LEAST_VOXELS = 200
"""Of the band away from lesions (proposed, as for white matter)."""

LEAST_EDGE = 8
"""Voxels of the edge in white matter for a share of it (proposed)."""

_NEEDS = ("SWI", "lesions", "anatomy")
_SOURCE = "proposed; after PMC7028608 and Mahajan et al. 2021, doi 10.1177/1352458521999651"
_BAND = "white matter within 2 mm of the cortex, or cortex of the lesion itself to 1 mm"


def _spec(name: str, unit: Unit, description: str) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, _NEEDS, _SOURCE, validated=False)


SWI_BAND_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "swi_band_length_mm",
        Unit.MM,
        "Greatest extent of a connected dark part (2 robust SD under the same band away from "
        f"lesions) of the band in the lesion or within 3 mm of it; band: {_BAND}.",
    ),
    _spec("swi_band_share", Unit.NONE, "Share of that band that is dark; 0 where there is none."),
    _spec(
        "swi_white_edge_share",
        Unit.NONE,
        "Share of the lesion's edge (2 mm inside to 1 mm outside) more than 4 mm from cortex that "
        "is 2 robust SD darker than normal-appearing white matter: a rim about the lesion.",
    ),
)
_NAMES = tuple(spec.name for spec in SWI_BAND_SPECS)


def swi_band_measurements(
    study: Study,
    anatomy: AnatomyMap | None,
    lesions: LesionMap,
    around: Surroundings,
    white: Reference,
    scale: SizeScale,
) -> Rows:
    """Dark band beside every lesion.

    Parameters
    ----------
    study : Study
        Aligned.
    anatomy : AnatomyMap or None
    lesions : LesionMap
    around : Surroundings
    white : ReferenceTissue or Unknown
        Normal-appearing white matter of the SWI.
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
    """
    scan = study.scans.get(Contrast.SWI)
    if scan is None:
        return whole_column(lesions, _NAMES, Unknown(Reason.IMAGE_MISSING, "no SWI", ("SWI",)))
    why = too_coarse(scan, IN_PLANE_MM, THROUGH_MM)
    if why is None and anatomy is None:
        why = NO_ANATOMY
    if why is None and isinstance(white, Unknown):
        why = white
    if why is not None or anatomy is None or isinstance(white, Unknown):
        return whole_column(lesions, _NAMES, why or NO_ANATOMY)
    band = _reference(scan, anatomy, around)
    if isinstance(band, Unknown):
        return whole_column(lesions, _NAMES, band)
    return _measure(scan, anatomy, lesions, around, white, band, scale)


def _reference(scan: Scan, anatomy: AnatomyMap, around: Surroundings) -> Reference:
    """Signal of white matter at the cortex, away from every lesion."""
    cortex = anatomy.distances_mm["cortex"]
    usable = (anatomy.sites == site_code("white_matter")) & (cortex < BAND_MM[1])
    if scan.valid is not None:
        usable &= scan.valid
    usable.reshape(-1)[around.voxels.index] = False
    values = scan.data[usable].astype(float)
    if values.size < LEAST_VOXELS:
        return Unknown(Reason.LOW_QUALITY, f"{values.size} voxels at the cortex without a lesion")
    median = float(np.median(values))
    spread = MAD_TO_SD * float(np.median(np.abs(values - median)))
    return ReferenceTissue(median, spread, int(values.size))


def _measure(
    scan: Scan,
    anatomy: AnatomyMap,
    lesions: LesionMap,
    around: Surroundings,
    white: ReferenceTissue,
    band: ReferenceTissue,
    scale: SizeScale,
) -> Rows:
    voxels = around.voxels
    signal = voxels.take(scan.data).astype(float)
    cortex = voxels.take(anatomy.distances_mm["cortex"])
    matter = voxels.take(anatomy.sites) == site_code("white_matter")
    tissue = (matter | around.inside) & ~around.other
    strip = tissue & (cortex >= BAND_MM[0]) & (cortex < BAND_MM[1])
    strip &= around.signed_mm < BESIDE_MM
    dark = strip & (signal < _cut(band))
    edge = around.shell(-2.0, 1.0) & matter & (cortex > DEEP_MM)
    share = voxels.total(dark) / np.maximum(voxels.total(strip), 1.0)
    n_edge = voxels.total(edge)
    edge_share = voxels.total(edge & (signal < _cut(white))) / np.maximum(n_edge, 1.0)
    rows = merge(
        voxels.sizes("swi_band_length_mm", longest_runs_mm(voxels, dark), Unit.MM, scale),
        voxels.quantities("swi_band_share", share, Unit.NONE),
        voxels.quantities("swi_white_edge_share", edge_share, Unit.NONE),
    )
    few = Unknown(Reason.ANATOMY_MISSING, "no edge of the lesion deep in white matter")
    for lesion in voxels.ids[n_edge < LEAST_EDGE].tolist():
        rows[lesion]["swi_white_edge_share"] = few
    if scan.valid is not None:
        hole: Value = Unknown(Reason.NOT_FINITE, "no value in the SWI beside the lesion")
        near = strip | edge
        gaps = voxels.total(near & ~voxels.take(scan.valid)) > 0
        for lesion in voxels.ids[gaps].tolist():
            rows[lesion] = dict.fromkeys(_NAMES, hole)
    return {lesion.id: rows[lesion.id] for lesion in lesions.lesions}


def _cut(tissue: ReferenceTissue) -> float:
    """Signal under which a voxel is dark; a phantom without noise still needs one."""
    spread: float = max(tissue.robust_sd, 0.005 * tissue.median)
    return tissue.median + DARK_Z * spread
