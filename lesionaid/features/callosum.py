"""How much of the corpus callosum's length and thickness a lesion takes up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.places import standard_mm
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.runs import span_of_runs
from lesionaid.features.voxels import LesionVoxels

__all__ = ["callosal_length", "callosal_thickness"]

MIDLINE_MM = 5.0
"""The trunk of the callosum this close to the mid-sagittal plane is held for its thickness."""

SLAB_MM = 3.0
"""Width of the coronal slabs in which the callosum's thickness is compared (proposed)."""


def callosal_length(voxels: LesionVoxels, anatomy: AnatomyMap) -> NDArray[np.float64]:
    """Front-to-back extent of a connected part of each lesion in the callosum, as a share.

    Parameters
    ----------
    voxels : LesionVoxels
        On ``anatomy.grid``.
    anatomy : AnatomyMap

    Returns
    -------
    ndarray of float, shape (m,)
        0 to 1; 0 outside the callosum. Straight, along y: the bend of the genu is cut short.
    """
    code = site_code("corpus_callosum")
    callosum = np.flatnonzero(anatomy.sites.reshape(-1) == code)
    inside = voxels.take(anatomy.sites) == code
    if not callosum.size:
        return np.zeros(voxels.ids.size)
    voxel = min(voxels.grid.spacing_mm)  # centres to outer faces, nearly
    whole = float(np.ptp(standard_mm(voxels, anatomy, callosum)[:, 1])) + voxel
    along = standard_mm(voxels, anatomy, voxels.index)[:, 1]
    touched = voxels.total(inside) > 0
    spans = span_of_runs(voxels, inside, along) + voxel
    return np.where(touched, np.minimum(spans / whole, 1.0), 0.0)


def callosal_thickness(voxels: LesionVoxels, anatomy: AnatomyMap) -> NDArray[np.float64]:
    """Largest share of a coronal slab of the callosum's trunk that each lesion fills.

    Parameters
    ----------
    voxels : LesionVoxels
        On ``anatomy.grid``.
    anatomy : AnatomyMap

    Returns
    -------
    ndarray of float, shape (m,)
        0 to 1. A slab through the genu holds both of its limbs.
    """
    callosum = np.flatnonzero(anatomy.sites.reshape(-1) == site_code("corpus_callosum"))
    xyz = standard_mm(voxels, anatomy, callosum)
    trunk = np.abs(xyz[:, 0]) <= MIDLINE_MM
    if not trunk.any() or not voxels.ids.size:
        return np.zeros(voxels.ids.size)
    slab = np.floor(xyz[trunk, 1] / SLAB_MM).astype(np.int64)
    first, count = int(slab.min()), int(np.ptp(slab)) + 1
    whole = np.bincount(slab - first, minlength=count)
    held = np.isin(voxels.index, callosum[trunk], assume_unique=True)
    own = np.floor(standard_mm(voxels, anatomy, voxels.index[held])[:, 1] / SLAB_MM)
    cell = voxels.owner[held] * count + own.astype(np.int64) - first
    filled = np.bincount(cell, minlength=voxels.ids.size * count).reshape(-1, count)
    # Slabs at both tips hold a few voxels and are full at once.
    usable = whole >= 0.5 * np.median(whole)
    shares: NDArray[np.float64] = (filled[:, usable] / whole[usable]).max(axis=1)
    return shares
