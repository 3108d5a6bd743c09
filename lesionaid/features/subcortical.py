"""Runs of a lesion along the subcortical white matter, where the U-fibres are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.runs import longest_runs_mm
from lesionaid.features.voxels import LesionVoxels

__all__ = ["subcortical_runs_mm"]


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
