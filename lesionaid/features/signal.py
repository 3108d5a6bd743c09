"""Signal of every lesion in every contrast: how bright, how even, how dark, how restricted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.cysts import CYST_SPECS, cyst_measurements
from lesionaid.features.depth import within
from lesionaid.features.diffusion import DIFFUSION_SPECS, diffusion_measurements
from lesionaid.features.diffusion_dots import DWI_DOT_SPECS, dwi_dot_measurements
from lesionaid.features.heterogeneity import HETEROGENEITY_SPECS, heterogeneity_measurements
from lesionaid.features.hypointensity import HYPOINTENSITY_SPECS, hypointensity_measurements
from lesionaid.features.intensity import INTENSITY_SPECS, intensity_measurements, references
from lesionaid.features.rings import RING_SPECS, ring_measurements
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.tissue_levels import tissue_levels
from lesionaid.features.voxels import LesionVoxels, Rows, merge
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.study.scan import Study
from lesionaid.tables import MeasurementSpec

__all__ = ["SIGNAL_SPECS", "signal_measurements"]

INSIDE_MM = 4.0
"""What most of these look at reaches no further out, in mm of the images: holes are followed 2 mm
of the patient out of the lesion."""

SIGNAL_SPECS: tuple[MeasurementSpec, ...] = (
    *INTENSITY_SPECS,
    *HYPOINTENSITY_SPECS,
    *HETEROGENEITY_SPECS,
    *CYST_SPECS,
    *RING_SPECS,
    *DIFFUSION_SPECS,
    *DWI_DOT_SPECS,
)


def signal_measurements(
    study: Study,
    anatomy: AnatomyMap | None,
    tissue: NDArray[np.bool_] | None,
    lesions: LesionMap,
    voxels: LesionVoxels,
    around: Surroundings,
    scale: SizeScale,
) -> Rows:
    """Measure the signal of every lesion.

    Parameters
    ----------
    study : Study
        Aligned: every scan on ``voxels.grid``.
    anatomy : AnatomyMap or None
    tissue : ndarray of bool or None
        Normal-appearing white matter.
    lesions : LesionMap
    voxels : LesionVoxels
        The lesions' own voxels.
    around : Surroundings
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`SIGNAL_SPECS`.
    """
    reference = references(study, anatomy, tissue)
    levels = tissue_levels(study, anatomy, voxels, reference)
    near = within(around, INSIDE_MM)
    return merge(
        intensity_measurements(study, lesions, voxels, reference),
        hypointensity_measurements(study, lesions, near, levels, scale),
        heterogeneity_measurements(study, lesions, near, levels, scale),
        cyst_measurements(study, lesions, near, levels, scale),
        ring_measurements(study, lesions, around, anatomy, levels, scale),
        diffusion_measurements(study, lesions, near, reference, scale),
        dwi_dot_measurements(study, lesions, around, anatomy, reference, scale),
    )
