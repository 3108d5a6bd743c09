"""How uneven a lesion is inside, and whether its core is bright on T2 but not on FLAIR.

A lesion that fades from core to edge is not what readers call heterogeneous, so unevenness is
what is left when the mean of every millimetre of depth is taken away, beyond the spread of white
matter, as a share of the lesion's contrast. It has no published definition. The T2-FLAIR mismatch
is that of Patel et al.: bright on T2, and on FLAIR darker but for a rim; it is seen in tumefactive
MS too (PMC9976723).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.depth import explain, mean_where, no_value, not_deep, own_mm, usable
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.tissue_levels import Levels
from lesionaid.features.voxels import Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["HETEROGENEITY_SPECS", "heterogeneity_measurements"]

INNER_MM = 1.5
"""Voxels nearer the edge share their signal with what lies outside (proposed)."""

LAYER_MM = 1.0

MIN_VOXELS = 50
"""Fewer voxels do not settle a spread to a tenth (proposed)."""

LEAST_CONTRAST_SD = 3.0
"""A lesion fainter than this has no contrast to be a share of (proposed)."""

RIM_MM = 2.0
CORE_MM = 3.0
CORE_RADIUS_MM = 5.0
"""As for darkness on T1."""

_NO_TRUTH = "proposed: no definition in numbers is published"
UNEVEN = {Contrast.T2W: "t2w_unevenness", Contrast.FLAIR: "flair_unevenness"}
MISMATCH = "t2_flair_mismatch_share"


def _uneven_spec(contrast: Contrast) -> MeasurementSpec:
    return MeasurementSpec(
        UNEVEN[contrast],
        Unit.NONE,
        "lesion",
        f"Spread of {contrast} deeper than 1.5 mm in the lesion, within each millimetre of depth "
        "and beyond the spread of white matter, over the lesion's contrast to white matter.",
        (contrast.value, "lesions", "anatomy"),
        _NO_TRUTH,
        validated=False,
    )


HETEROGENEITY_SPECS: tuple[MeasurementSpec, ...] = (
    *(_uneven_spec(contrast) for contrast in UNEVEN),
    MeasurementSpec(
        MISMATCH,
        Unit.NONE,
        "lesion",
        "Share of the lesion deeper than 3 mm that is at least half as bright above white matter "
        "on T2w as the outer 2 mm, and less than half as bright on FLAIR; from a radius of 5 mm "
        "on.",
        ("T2w", "FLAIR", "lesions", "anatomy"),
        "sign of gliomas, in tumefactive MS: PMC9976723; shares proposed",
        validated=False,
    ),
)


def heterogeneity_measurements(
    study: Study, lesions: LesionMap, around: Surroundings, levels: Levels, scale: SizeScale
) -> Rows:
    """Unevenness and mismatch of every lesion.

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
        Every lesion, every name of :data:`HETEROGENEITY_SPECS`.
    """
    tables = [_unevenness(study, lesions, around, levels, scale, c) for c in UNEVEN]
    return merge(*tables, _mismatch(study, lesions, around, levels, scale))


def _unevenness(
    study: Study,
    lesions: LesionMap,
    around: Surroundings,
    levels: Levels,
    scale: SizeScale,
    contrast: Contrast,
) -> Rows:
    name, level = UNEVEN[contrast], levels[contrast]
    if isinstance(level, Unknown):
        return whole_column(lesions, (name,), level)
    values, valid = usable(around, study.scans[contrast])
    inner = around.inside & (around.signed_mm <= -own_mm(scale, INNER_MM))
    mean, count = mean_where(around, values, inner)
    variance = _variance_in_layers(around, values, inner, own_mm(scale, LAYER_MM))
    spread = np.sqrt(np.maximum(variance - level.white_sd**2, 0.0))
    contrast_to_white = mean - level.white
    faint = contrast_to_white <= LEAST_CONTRAST_SD * level.white_sd
    return explain(
        around.voxels,
        name,
        spread / np.where(faint, 1.0, contrast_to_white),
        _share,
        no_value(around, valid),
        (count < MIN_VOXELS, Unknown(Reason.TOO_FEW_VOXELS, f"under {MIN_VOXELS} inner voxels")),
        (faint, Unknown(Reason.BELOW_NOISE, f"not bright on {contrast}")),
    )


def _variance_in_layers(
    around: Surroundings, values: NDArray[np.float64], mask: NDArray[np.bool_], layer_mm: float
) -> NDArray[np.float64]:
    """Pooled variance within layers of equal depth, shape (m,)."""
    row = around.voxels.owner[mask]
    layer = np.floor(-around.signed_mm[mask] / layer_mm).astype(np.intp)
    cell = np.unique(row * (int(layer.max(initial=0)) + 1) + layer, return_inverse=True)[1]
    n = np.bincount(cell)
    centred = values[mask] - (np.bincount(cell, weights=values[mask]) / np.maximum(n, 1))[cell]
    rows = around.voxels.ids.size
    # A layer's own mean takes one degree of freedom.
    freedom = np.bincount(row, weights=1.0 - 1.0 / n[cell], minlength=rows)
    squares = np.bincount(row, weights=centred**2, minlength=rows)
    return np.asarray(squares / np.maximum(freedom, 1.0))


def _mismatch(
    study: Study, lesions: LesionMap, around: Surroundings, levels: Levels, scale: SizeScale
) -> Rows:
    t2w, flair = levels[Contrast.T2W], levels[Contrast.FLAIR]
    if isinstance(t2w, Unknown):
        return whole_column(lesions, (MISMATCH,), t2w)
    if isinstance(flair, Unknown):
        return whole_column(lesions, (MISMATCH,), flair)
    on_t2w, t2w_valid = usable(around, study.scans[Contrast.T2W])
    on_flair, flair_valid = usable(around, study.scans[Contrast.FLAIR])
    rim = around.inside & (around.signed_mm >= -own_mm(scale, RIM_MM))
    core = around.inside & (around.signed_mm < -own_mm(scale, CORE_MM))
    rim_t2w, _ = mean_where(around, on_t2w, rim)
    rim_flair, _ = mean_where(around, on_flair, rim)
    row = around.voxels.owner
    bright = on_t2w >= ((rim_t2w + t2w.white) / 2)[row]
    dark = on_flair < ((rim_flair + flair.white) / 2)[row]
    share, n_core = mean_where(around, (bright & dark).astype(float), core)
    faint = rim_flair <= flair.white + LEAST_CONTRAST_SD * flair.white_sd
    faint |= rim_t2w <= t2w.white + LEAST_CONTRAST_SD * t2w.white_sd
    return explain(
        around.voxels,
        MISMATCH,
        share,
        _share,
        no_value(around, t2w_valid & flair_valid),
        not_deep(around, scale, CORE_RADIUS_MM),
        (n_core == 0, Unknown(Reason.TOO_FEW_VOXELS, "no voxel so deep")),
        (faint, Unknown(Reason.BELOW_NOISE, "the rim is not bright on both")),
    )


def _share(value: float) -> Value:
    return Quantity(value, Unit.NONE)
