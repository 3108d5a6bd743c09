"""What SWI, T2* and phase show of each lesion: dark bands, central veins, paramagnetic rims."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.central_vein import CENTRAL_VEIN_SPECS, central_vein_measurements
from lesionaid.features.intensity import NO_ANATOMY, Reference
from lesionaid.features.phase_rim import PHASE_RIM_SPECS, phase_rim_measurements
from lesionaid.features.reference_tissue import measure_reference
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.swi_band import SWI_BAND_SPECS, swi_band_measurements
from lesionaid.features.voxels import Rows, merge
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unknown, Value
from lesionaid.study.scan import Contrast, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["SUSCEPTIBILITY_SPECS", "susceptibility_measurements"]

SUSCEPTIBILITY_SPECS: tuple[MeasurementSpec, ...] = (
    *SWI_BAND_SPECS,
    *CENTRAL_VEIN_SPECS,
    *PHASE_RIM_SPECS,
)


def susceptibility_measurements(
    study: Study,
    anatomy: AnatomyMap | None,
    tissue: NDArray[np.bool_] | None,
    lesions: LesionMap,
    around: Surroundings,
    rows: Rows,
    scale: SizeScale,
) -> tuple[Rows, dict[str, Value]]:
    """Measure every lesion on SWI and phase.

    Parameters
    ----------
    study : Study
        Aligned.
    anatomy : AnatomyMap or None
    tissue : ndarray of bool or None
        Normal-appearing white matter.
    lesions : LesionMap
    around : Surroundings
    rows : dict of int to dict of str to Value
        Shape and focality of every lesion.
    scale : SizeScale

    Returns
    -------
    rows : dict of int to dict of str to Value
    study : dict of str to Value
    """
    white: Reference = Unknown(Reason.IMAGE_MISSING, "no SWI", ("SWI",))
    if Contrast.SWI in study.scans:
        white = (
            NO_ANATOMY if tissue is None else measure_reference(study.scans[Contrast.SWI], tissue)
        )
    veins, whole = central_vein_measurements(study, lesions, around, rows, white)
    found = merge(
        swi_band_measurements(study, anatomy, lesions, around, white, scale),
        veins,
        phase_rim_measurements(study, anatomy, lesions, around, white),
    )
    return found, whole
