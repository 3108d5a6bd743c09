"""Bright after gadolinium, where no scan before it was given: a weaker measure.

A lesion that is brighter than white matter on T1w after gadolinium mostly enhances, for
plaques are dark or even there; but fat, blood, protein and manganese are bright without any
contrast, and a lesion that gains little from a dark start stays under the line. So this has
names of its own, its class ends at `possible`, and no sign becomes true by it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.intensity import NO_ANATOMY
from lesionaid.features.reference_tissue import measure_reference
from lesionaid.features.voxels import LesionVoxels, Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Reason, Unit, Unknown
from lesionaid.study.scan import Contrast, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["BRIGHT_SPECS", "bright_measurements"]

BRIGHT_SD = 3.0
BRIGHT_RATIO = 1.15
"""Brighter than white matter by 3 robust SD and by 15 % (proposed: the floor of two matched
scans was 12 to 21 % of white matter)."""

LEAST_MM3 = 10.0
LEAST_VOXELS = 10
"""As the hot core of :mod:`lesionaid.features.enhancement`."""

_NEEDS = ("T1w_ce", "anatomy")


def _spec(name: str, unit: Unit | None, description: str) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, _NEEDS, "proposed", validated=False)


BRIGHT_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "t1w_ce_bright_fraction",
        Unit.NONE,
        "Share of the lesion that is brighter on T1w after gadolinium than normal-appearing white "
        "matter by 3 robust SD and by 15 %; says nothing of the scan before.",
    ),
    _spec("t1w_ce_bright_volume_mm3", Unit.MM3, "Volume of that share."),
    _spec(
        "t1w_ce_bright_class",
        None,
        "possible: at least 10 voxels and 10 mm3 of the lesion are that bright; none otherwise; "
        "unknown for smaller lesions. Never more than possible without a scan before.",
    ),
)

_NAMES = tuple(spec.name for spec in BRIGHT_SPECS)


def bright_measurements(
    study: Study,
    anatomy: AnatomyMap | None,
    tissue: NDArray[np.bool_] | None,
    lesions: LesionMap,
    voxels: LesionVoxels,
    scale: SizeScale,
) -> Rows:
    """How much of every lesion is bright on T1w after gadolinium alone.

    Parameters
    ----------
    study : Study
        Aligned.
    anatomy : AnatomyMap or None
    tissue : ndarray of bool or None
        Normal-appearing white matter.
    lesions : LesionMap
    voxels : LesionVoxels
        On ``anatomy.grid``.
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`BRIGHT_SPECS`.
    """
    scan = study.scans.get(Contrast.T1W_CE)
    if scan is None:
        missing = Unknown(Reason.IMAGE_MISSING, "no T1w_ce", needs=(Contrast.T1W_CE.value,))
        return whole_column(lesions, _NAMES, missing)
    if anatomy is None or tissue is None:
        return whole_column(lesions, _NAMES, NO_ANATOMY)
    white = measure_reference(scan, tissue)
    if isinstance(white, Unknown):
        return whole_column(lesions, _NAMES, white)
    line = max(white.median + BRIGHT_SD * white.robust_sd, BRIGHT_RATIO * white.median)
    bright = voxels.take(scan.data) > line
    count = voxels.total(bright)
    voxel_mm3 = voxels.grid.voxel_volume_mm3
    least = max(LEAST_VOXELS, LEAST_MM3 / voxel_mm3)
    rows = merge(
        voxels.quantities("t1w_ce_bright_fraction", voxels.mean(bright), Unit.NONE),
        voxels.sizes("t1w_ce_bright_volume_mm3", count * voxel_mm3, Unit.MM3, scale),
        voxels.column(
            "t1w_ce_bright_class",
            count,
            lambda number: Category("possible" if number >= least else "none"),
        ),
    )
    small = Unknown(Reason.TOO_FEW_VOXELS, "smaller than the least bright part")
    for lesion in voxels.ids[voxels.counts < least].tolist():
        rows[lesion]["t1w_ce_bright_class"] = small
    if scan.valid is not None:
        hole = Unknown(Reason.NOT_FINITE, "voxels of the lesion have no value in this scan")
        for lesion in voxels.ids[voxels.minimum(voxels.take(scan.valid)) == 0].tolist():
            rows[lesion] = dict.fromkeys(_NAMES, hole)
    return rows
