"""Diffusion: a bright rim round a dark core, and low ADC.

The active edge of PML is bright on DWI and its core dark (9 lesions, PMID 28168372; 4 patients,
PMID 17021685), with ADC low in places and on average not. Two things look alike and are kept
apart: *T2 shine-through*, bright on DWI without a low ADC, is no restriction, so restriction is
asked of both scans in the same voxels; and the edge of a small lesion is all partial volume, so
rim and core are unknown below a radius of 8 mm or of two voxel edges. What is bright depends on
the b-value, which a DWI file alone does not tell: all is relative to the same scan's white matter.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.depth import (
    explain,
    largest_part,
    mean_where,
    no_value,
    not_deep,
    own_mm,
    quantile_where,
    sectors,
    usable,
)
from lesionaid.features.intensity import Reference, adc_factor
from lesionaid.features.reference_tissue import ReferenceTissue
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Scan, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["DIFFUSION_SPECS", "diffusion_measurements"]

RIM_MM = 3.0
CORE_MM = 5.0
RADIUS_MM = 8.0
"""Rim: the outer 3 mm; core: deeper than 5 mm; both from a radius of 8 mm on (the evidence file's
proposal)."""

RADIUS_VOXELS = 2.0
"""Radius in edges of the DWI's longest voxel edge: with thicker slices a rim of 3 mm is smeared
over the core (proposed)."""

BRIGHT_SD = 2.0
RIM_CORE_RATIO = 1.2
"""A direction of the edge is bright from 2 robust standard deviations above white matter and
1.2 times the core (the evidence file's proposals)."""

LOW_ADC = 0.8
"""Restricted: ADC below this share of white matter's. The core of acute infarcts has 0.77 of the
other side's (PMC6399390), and low-ADC foci of PML were put at under 0.9 (proposed)."""

_DWI = ("DWI", "lesions", "anatomy")
_ADC = ("ADC", "lesions", "anatomy")
_RIM = "PMID 28168372; PMID 17021685; shells proposed"


def _spec(
    name: str, unit: Unit, description: str, needs: tuple[str, ...], reference: str = _RIM
) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, needs, reference, validated=False)


DIFFUSION_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "dwi_rim_z_nawm",
        Unit.ROBUST_SD,
        "Mean DWI signal of the outer 3 mm of the lesion minus the median of normal-appearing "
        "white matter, in its robust standard deviations; from a radius of 8 mm on.",
        _DWI,
    ),
    _spec(
        "dwi_core_z_nawm",
        Unit.ROBUST_SD,
        "The same deeper than 5 mm in the lesion.",
        _DWI,
    ),
    _spec(
        "dwi_rim_core_ratio",
        Unit.NONE,
        "Mean DWI signal of the outer 3 mm of the lesion over that deeper than 5 mm; from a radius "
        "of 8 mm on.",
        _DWI,
    ),
    _spec(
        "dwi_rim_completeness",
        Unit.NONE,
        "Share of 24 directions from the lesion's centre in which the outer 3 mm is bright on DWI: "
        "2 robust standard deviations above white matter and 1.2 times the core.",
        _DWI,
    ),
    _spec(
        "dwi_bright_z_nawm",
        Unit.ROBUST_SD,
        "The higher of two means of DWI, in robust standard deviations above normal-appearing "
        "white matter: of the whole lesion, and of its outer 3 mm where it has a core (a dark "
        "core would hide a bright rim).",
        _DWI,
    ),
    _spec(
        "adc_rim_mean",
        Unit.DIFFUSIVITY,
        "Mean ADC of the outer 3 mm of the lesion; from a radius of 8 mm on.",
        _ADC,
    ),
    _spec("adc_core_mean", Unit.DIFFUSIVITY, "Mean ADC deeper than 5 mm in the lesion.", _ADC),
    _spec(
        "adc_rim_p05",
        Unit.DIFFUSIVITY,
        "5th percentile of ADC in the outer 3 mm of the lesion: its low foci.",
        _ADC,
    ),
    _spec(
        "restricted_volume_mm3",
        Unit.MM3,
        "Largest connected part of the lesion that is bright on DWI (2 robust standard deviations "
        "above white matter) and dark on ADC (under 0.8 of white matter) in the same voxels.",
        ("DWI", *_ADC),
        "threshold of ADC proposed, after PMC6399390",
    ),
    _spec(
        "restricted_fraction",
        Unit.NONE,
        "Share of the lesion that is bright on DWI and dark on ADC in the same voxels.",
        ("DWI", *_ADC),
        "threshold of ADC proposed, after PMC6399390",
    ),
)

_NAMES = tuple(spec.name for spec in DIFFUSION_SPECS)
_RIM_NAMES, _ADC_NAMES, _BOTH = _NAMES[:5], _NAMES[5:8], _NAMES[8:]

Bar = tuple[NDArray[np.bool_], Unknown]
"""Lesions that a value is unknown for, and why."""


def diffusion_measurements(
    study: Study,
    lesions: LesionMap,
    around: Surroundings,
    reference: Mapping[Contrast, Reference],
    scale: SizeScale,
) -> Rows:
    """Rim, core and restriction of every lesion.

    Parameters
    ----------
    study : Study
        Aligned.
    lesions : LesionMap
    around : Surroundings
    reference : mapping of Contrast to ReferenceTissue or Unknown
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`DIFFUSION_SPECS`.
    """
    dwi, adc = reference[Contrast.DWI], reference[Contrast.ADC]
    if isinstance(dwi, Unknown):
        bright = whole_column(lesions, _RIM_NAMES, dwi)
    else:
        bright = _dwi_rim(lesions, around, study.scans[Contrast.DWI], dwi, scale)
    if isinstance(adc, Unknown):
        low = whole_column(lesions, _ADC_NAMES, adc)
    else:
        low = _adc_rim(lesions, around, study.scans[Contrast.ADC], adc, scale)
    if isinstance(dwi, Unknown):
        both = whole_column(lesions, _BOTH, dwi)
    elif isinstance(adc, Unknown):
        both = whole_column(lesions, _BOTH, adc)
    else:
        both = _restricted(lesions, around, study, (dwi, adc), scale)
    return merge(bright, low, both)


def _dwi_rim(
    lesions: LesionMap, around: Surroundings, scan: Scan, white: ReferenceTissue, scale: SizeScale
) -> Rows:
    if white.robust_sd <= 0:
        return whole_column(lesions, _RIM_NAMES, _EVEN)
    values, valid = usable(around, scan)
    bars = lost, small = _bars(around, scan, valid, scale)
    in_rim, in_core = _shells(around, scale)
    rim, _ = mean_where(around, values, in_rim)
    core, _ = mean_where(around, values, in_core)
    # No signal is left in a core of free water: any rim is brighter, and a ratio has to end.
    ratio = rim / np.maximum(core, 0.05 * white.median)
    edge = sectors(around, values, in_rim)
    bright = white.median + BRIGHT_SD * white.robust_sd
    hit = (edge.mean >= bright) & (edge.mean >= RIM_CORE_RATIO * core[:, None])
    voxels = around.voxels
    mean, _ = mean_where(around, values, around.inside)
    highest = np.where(small[0], mean, np.maximum(mean, rim))
    return merge(
        explain(voxels, _NAMES[0], (rim - white.median) / white.robust_sd, _z, *bars),
        explain(voxels, _NAMES[1], (core - white.median) / white.robust_sd, _z, *bars),
        explain(voxels, _NAMES[2], ratio, _plain, *bars),
        explain(voxels, _NAMES[3], edge.share(hit), _plain, *bars),
        explain(voxels, _NAMES[4], (highest - white.median) / white.robust_sd, _z, lost),
    )


def _adc_rim(
    lesions: LesionMap, around: Surroundings, scan: Scan, white: ReferenceTissue, scale: SizeScale
) -> Rows:
    factor = adc_factor(white)
    if isinstance(factor, Unknown):
        return whole_column(lesions, _ADC_NAMES, factor)
    values, valid = usable(around, scan)
    values = values * factor
    bars = _bars(around, scan, valid, scale)
    in_rim, in_core = _shells(around, scale)
    columns = (
        mean_where(around, values, in_rim)[0],
        mean_where(around, values, in_core)[0],
        quantile_where(around, values, in_rim, 0.05),
    )
    return merge(
        *(
            explain(around.voxels, name, column, _diffusivity, *bars)
            for name, column in zip(_ADC_NAMES, columns, strict=True)
        )
    )


def _restricted(
    lesions: LesionMap,
    around: Surroundings,
    study: Study,
    white: tuple[ReferenceTissue, ReferenceTissue],
    scale: SizeScale,
) -> Rows:
    on_dwi, on_adc = white
    factor = adc_factor(on_adc)
    if isinstance(factor, Unknown):
        return whole_column(lesions, _BOTH, factor)
    if on_dwi.robust_sd <= 0:
        return whole_column(lesions, _BOTH, _EVEN)
    dwi, dwi_valid = usable(around, study.scans[Contrast.DWI])
    adc, adc_valid = usable(around, study.scans[Contrast.ADC])
    hole = no_value(around, dwi_valid & adc_valid)
    low = (
        around.inside
        & (dwi >= on_dwi.median + BRIGHT_SD * on_dwi.robust_sd)
        & (adc < LOW_ADC * on_adc.median)
    )
    voxels = around.voxels
    mm3 = largest_part(around, low) * voxels.grid.voxel_volume_mm3
    share, _ = mean_where(around, low.astype(float), around.inside)

    def volume(value: float) -> Value:
        return scale.size(value, Unit.MM3)

    return merge(
        explain(voxels, _BOTH[0], mm3, volume, hole),
        explain(voxels, _BOTH[1], share, _plain, hole),
    )


_EVEN = Unknown(Reason.LOW_QUALITY, "white matter without any spread")


def _shells(around: Surroundings, scale: SizeScale) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    rim_mm, core_mm = own_mm(scale, RIM_MM), own_mm(scale, CORE_MM)
    rim = around.inside & (around.signed_mm >= -rim_mm)
    return rim, around.inside & (around.signed_mm < -core_mm)


def _bars(
    around: Surroundings, scan: Scan, valid: NDArray[np.bool_], scale: SizeScale
) -> tuple[Bar, Bar]:
    longest = max(*scan.source.grid.spacing_mm, *scan.grid.spacing_mm) * (scale.factor or 1.0)
    small = not_deep(around, scale, max(RADIUS_MM, RADIUS_VOXELS * longest))
    return no_value(around, valid), small


def _plain(value: float) -> Value:
    return Quantity(value, Unit.NONE)


def _z(value: float) -> Value:
    return Quantity(value, Unit.ROBUST_SD)


def _diffusivity(value: float) -> Value:
    return Quantity(value, Unit.DIFFUSIVITY)
