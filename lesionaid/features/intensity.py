"""Signal of each lesion in each contrast, against normal-appearing white matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.reference_tissue import ReferenceTissue, measure_reference
from lesionaid.features.voxels import LesionVoxels, Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.quantity import Reason, Unit, Unknown
from lesionaid.study.scan import Contrast, Scan, Study
from lesionaid.tables import MeasurementSpec

__all__ = [
    "INTENSITY_SPECS",
    "NO_ANATOMY",
    "Reference",
    "adc_factor",
    "intensity_measurements",
    "references",
]

MEASURED = (
    Contrast.FLAIR,
    Contrast.T1W,
    Contrast.T1W_CE,
    Contrast.T2W,
    Contrast.DWI,
    Contrast.ADC,
    Contrast.SWI,
)

NO_ANATOMY = Unknown(Reason.ANATOMY_MISSING, "no anatomy, so no white matter to compare with")

ADC_WHITE_MATTER = (0.5, 1.3)
"""Plausible diffusivity of adult white matter, 10-3 mm2/s: 0.62 to 0.79 in 80 healthy adults
(Helenius et al. 2002, PMID 11847041), 0.60 to 1.05 elsewhere (PMID 11356324), with some room
for disease (proposed). Only the power of ten depends on it."""

ADC_SCALES = (1.0, 1e-3, 1e3)
"""Factors to 10-3 mm2/s from maps stored in 10-3, 10-6 and 1 mm2/s."""

Reference = ReferenceTissue | Unknown


def _contrast_specs(contrast: Contrast) -> tuple[MeasurementSpec, ...]:
    key = contrast.value.lower()
    needs = (contrast.value, "anatomy")
    # No real SWI or DWI of these diseases was at hand to look at.
    validated = contrast not in (Contrast.DWI, Contrast.ADC, Contrast.SWI)
    return (
        MeasurementSpec(
            f"{key}_mean_ratio_nawm",
            Unit.NONE,
            "lesion",
            f"Mean {contrast} signal of the lesion over the median of normal-appearing "
            "white matter.",
            needs,
            validated=validated,
        ),
        MeasurementSpec(
            f"{key}_mean_z_nawm",
            Unit.ROBUST_SD,
            "lesion",
            f"Mean {contrast} signal of the lesion minus the median of normal-appearing white "
            "matter, in its robust standard deviations.",
            needs,
            validated=validated,
        ),
        MeasurementSpec(
            f"{key}_sd_z_nawm",
            Unit.ROBUST_SD,
            "lesion",
            f"Standard deviation of {contrast} within the lesion, in robust standard deviations "
            "of normal-appearing white matter (1: as even as white matter).",
            needs,
            validated=validated,
        ),
    )


INTENSITY_SPECS: tuple[MeasurementSpec, ...] = (
    *(spec for contrast in MEASURED for spec in _contrast_specs(contrast)),
    MeasurementSpec(
        "adc_mean",
        Unit.DIFFUSIVITY,
        "lesion",
        "Mean apparent diffusion coefficient of the lesion; the unit of the map is recognised "
        "by the value in normal-appearing white matter.",
        ("ADC", "anatomy"),
        "Helenius et al. 2002, PMID 11847041",
        validated=False,
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class _Signal:
    """Lesion statistics of one scan, a value a lesion."""

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    finite: NDArray[np.bool_]


def references(
    study: Study, anatomy: AnatomyMap | None, tissue: NDArray[np.bool_] | None
) -> Mapping[Contrast, Reference]:
    """Reference tissue of every contrast, or why there is none."""
    found: dict[Contrast, Reference] = {}
    for contrast in MEASURED:
        scan = study.scans.get(contrast)
        if scan is None:
            found[contrast] = Unknown(
                Reason.IMAGE_MISSING, f"no {contrast}", needs=(contrast.value,)
            )
        elif anatomy is None or tissue is None:
            found[contrast] = NO_ANATOMY
        else:
            found[contrast] = measure_reference(scan, tissue)
    return found


def intensity_measurements(
    study: Study,
    lesions: LesionMap,
    voxels: LesionVoxels,
    reference: Mapping[Contrast, Reference],
) -> Rows:
    """Ratio, z and spread of every lesion in every contrast.

    Parameters
    ----------
    study : Study
        Aligned: every scan on ``voxels.grid``.
    lesions : LesionMap
    voxels : LesionVoxels
    reference : mapping of Contrast to ReferenceTissue or Unknown
        From :func:`references`.

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`INTENSITY_SPECS`.
    """
    tables = []
    for contrast in MEASURED:
        names = tuple(spec.name for spec in _contrast_specs(contrast))
        white = reference[contrast]
        if isinstance(white, Unknown):
            tables.append(whole_column(lesions, names, white))
            continue
        signal = _signal(study.scans[contrast], voxels)
        ratio, z, spread = names
        tables += [
            _column(voxels, ratio, signal.mean / white.median, Unit.NONE, signal),
            _z_column(voxels, z, signal.mean - white.median, white, signal),
            _z_column(voxels, spread, signal.sd, white, signal),
        ]
    return merge(*tables, _adc(study, lesions, voxels, reference[Contrast.ADC]))


def _signal(scan: Scan, voxels: LesionVoxels) -> _Signal:
    values = voxels.take(scan.data)
    finite = np.ones(voxels.ids.size, dtype=bool)
    if scan.valid is not None:
        valid = voxels.take(scan.valid)
        finite = voxels.minimum(valid) > 0
        values = np.where(valid, values, 0)
    return _Signal(voxels.mean(values), voxels.sd(values), finite)


def _column(
    voxels: LesionVoxels, name: str, values: NDArray[np.float64], unit: Unit, signal: _Signal
) -> Rows:
    hole = Unknown(Reason.NOT_FINITE, "voxels of the lesion have no value in this scan")
    rows = voxels.quantities(name, np.where(signal.finite, values, 0.0), unit)
    for lesion in voxels.ids[~signal.finite]:
        rows[int(lesion)][name] = hole
    return rows


def _z_column(
    voxels: LesionVoxels,
    name: str,
    difference: NDArray[np.float64],
    white: ReferenceTissue,
    signal: _Signal,
) -> Rows:
    if white.robust_sd > 0:
        return _column(voxels, name, difference / white.robust_sd, Unit.ROBUST_SD, signal)
    even = Unknown(Reason.LOW_QUALITY, "white matter without any spread")
    return voxels.column(name, difference, lambda _: even)


def adc_factor(white: Reference) -> float | Unknown:
    """Factor from a map's numbers to 10-3 mm2/s, told by its white matter."""
    if isinstance(white, Unknown):
        return white
    low, high = ADC_WHITE_MATTER
    scale = next((one for one in ADC_SCALES if low <= white.median * one <= high), None)
    if scale is None:
        return Unknown(
            Reason.LOW_QUALITY, f"white matter of {white.median:.3g} fits no unit of diffusivity"
        )
    return scale


def _adc(study: Study, lesions: LesionMap, voxels: LesionVoxels, white: Reference) -> Rows:
    scale = adc_factor(white)
    if isinstance(scale, Unknown):
        return whole_column(lesions, ("adc_mean",), scale)
    signal = _signal(study.scans[Contrast.ADC], voxels)
    return _column(voxels, "adc_mean", signal.mean * scale, Unit.DIFFUSIVITY, signal)
