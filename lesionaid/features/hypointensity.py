"""How dark a lesion is on T1: against white matter, cortex and fluid, in its core and rim.

A *black hole* is unequivocally darker on T1 than normal-appearing white and grey matter
(table 2 of JAMA Neurol 2021;78:351, PMC11382596); the most destroyed of them have the T1 of
cerebrospinal fluid (Riva et al. 2009, AJNR 30:1394). Both definitions are of spin-echo scans:
gradient echo shows more lesions dark (Kocsis et al. 2021, doi 10.3389/fneur.2021.619135), so a
level says how dark the lesion is, and not that it is chronic, for which it takes six months.
"""

from __future__ import annotations

import numpy as np

from lesionaid.features.depth import explain, mean_where, no_value, not_deep, own_mm, usable
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.tissue_levels import Levels, TissueLevels
from lesionaid.features.voxels import Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["HYPOINTENSITY_SPECS", "hypointensity_measurements"]

RIM_MM = 2.0
CORE_MM = 3.0
CORE_RADIUS_MM = 5.0
"""The rim is the outer 2 mm of a lesion, its core lies deeper than 3 mm, and there is one from
a radius of 5 mm on (proposed: one voxel of 1 mm between them, and a core of about 30 mm3)."""

_NEEDS = ("T1w", "lesions", "anatomy")
_SOURCE = "JAMA Neurol 2021;78:351, PMC11382596 (black hole); Riva et al. 2009, AJNR 30:1394"
_GRADES = (
    "iso (nearer white matter than cortex), mild (between that and cortex), gray_matter (as dark "
    "as cortex or darker: a black hole) or csf (nearer fluid than cortex)"
)


def _spec(name: str, unit: Unit | None, description: str) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, _NEEDS, _SOURCE)


HYPOINTENSITY_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "t1w_mean_ratio_gm",
        Unit.NONE,
        "Mean T1w signal of the lesion over that of the cerebral cortex.",
    ),
    _spec(
        "t1w_fluid_share",
        Unit.NONE,
        "How far the lesion's mean T1w signal lies from white matter (0) towards "
        "cerebrospinal fluid (1).",
    ),
    _spec("t1w_grade", None, f"Darkness on T1 of the mean: {_GRADES}."),
    _spec(
        "t1w_core_ratio_nawm",
        Unit.NONE,
        "Mean T1w signal deeper than 3 mm in the lesion over the median of normal-appearing "
        "white matter; from a radius of 5 mm on.",
    ),
    _spec(
        "t1w_rim_ratio_nawm",
        Unit.NONE,
        "Mean T1w signal of the outer 2 mm of the lesion over the median of normal-appearing "
        "white matter; from a radius of 5 mm on.",
    ),
    _spec("t1w_core_grade", None, f"Darkness on T1 deeper than 3 mm in the lesion: {_GRADES}."),
)


def hypointensity_measurements(
    study: Study, lesions: LesionMap, around: Surroundings, levels: Levels, scale: SizeScale
) -> Rows:
    """Darkness on T1 of every lesion.

    Parameters
    ----------
    study : Study
        Aligned.
    lesions : LesionMap
    around : Surroundings
    levels : mapping of Contrast to TissueLevels or Unknown
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`HYPOINTENSITY_SPECS`.
    """
    names = tuple(spec.name for spec in HYPOINTENSITY_SPECS)
    level = levels[Contrast.T1W]
    if isinstance(level, Unknown):
        return whole_column(lesions, names, level)
    values, valid = usable(around, study.scans[Contrast.T1W])
    hole = no_value(around, valid)
    shallow = not_deep(around, scale, CORE_RADIUS_MM)
    rim_mm, core_mm = own_mm(scale, RIM_MM), own_mm(scale, CORE_MM)
    mean, _ = mean_where(around, values, around.inside)
    core, n_core = mean_where(around, values, around.inside & (around.signed_mm < -core_mm))
    rim, n_rim = mean_where(around, values, around.inside & (around.signed_mm >= -rim_mm))
    thin = (np.minimum(n_core, n_rim) == 0, Unknown(Reason.TOO_FEW_VOXELS, "no voxel so deep"))
    share = (level.white - mean) / (level.white - level.fluid)

    def ratio(value: float) -> Value:
        return Quantity(value, Unit.NONE)

    def grade(value: float) -> Value:
        return Category(_grade(value, level))

    voxels = around.voxels
    return merge(
        explain(voxels, names[0], mean / level.grey, ratio, hole),
        explain(voxels, names[1], share, ratio, hole),
        explain(voxels, names[2], mean, grade, hole),
        explain(voxels, names[3], core / level.white, ratio, hole, shallow, thin),
        explain(voxels, names[4], rim / level.white, ratio, hole, shallow, thin),
        explain(voxels, names[5], core, grade, hole, shallow, thin),
    )


def _grade(signal: float, level: TissueLevels) -> str:
    if signal <= (level.grey + level.fluid) / 2:
        return "csf"
    if signal <= level.grey:
        return "gray_matter"
    return "mild" if signal <= (level.grey + level.white) / 2 else "iso"
