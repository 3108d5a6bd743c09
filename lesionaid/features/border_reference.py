"""How sharp a scan is: the width of the wall of the lateral ventricle in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.border_patches import SIDES, border_patches
from lesionaid.features.edge_fit import fit_edges
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.surroundings import Surroundings, surroundings
from lesionaid.features.voxels import LesionVoxels
from lesionaid.study.scan import Contrast, Scan

__all__ = ["sharpest_edge_mm"]

QUANTILE = 0.25
"""Bright caps, choroid plexus and a wall that is off widen an edge, nothing narrows it: the sharper
quarter of the wall stands for the scan (proposed)."""

PATCHES_MIN = 20
"""Fewer patches of wall say nothing (proposed)."""

EXPLAINED_MIN = 0.9
"""Only clean edges (proposed)."""

REACH_MM = 6.0


def sharpest_edge_mm(scan: Scan, anatomy: AnatomyMap, around: Surroundings) -> float | None:
    """Width from 10 to 90 % of the scan's wall of the lateral ventricle, away from lesions.

    Parameters
    ----------
    scan : Scan
        FLAIR or T2w, on ``anatomy.grid``.
    anatomy : AnatomyMap
    around : Surroundings
        Of the lesions.

    Returns
    -------
    float or None
        As seen in the image, voxels and all; None where too little wall can be read.
    """
    index = np.flatnonzero(anatomy.sites == site_code("lateral_ventricle"))
    if not index.size:
        return None
    wall = _without_lesions(surroundings(_one_body(index, around), REACH_MM), around)
    patches = border_patches(scan, anatomy, wall, dark=scan.contrast is Contrast.FLAIR)
    edges = fit_edges(patches.count, patches.total, patches.square)
    clean = (edges.explained >= EXPLAINED_MIN) & (patches.depth_mm >= 2.0)
    clean &= (patches.reach_mm >= 2.5) & (patches.side == SIDES.index("white"))
    if np.count_nonzero(clean) < PATCHES_MIN:
        return None
    return float(np.quantile(edges.width_mm[clean], QUANTILE))


def _one_body(index: NDArray[np.intp], around: Surroundings) -> LesionVoxels:
    first = np.zeros(1, dtype=np.intp)
    return LesionVoxels(around.voxels.grid, index, np.ones(1, dtype=np.int32), first, {})


def _without_lesions(wall: Surroundings, around: Surroundings) -> Surroundings:
    """The wall with lesions and what is within 3 mm of them left out."""
    taken = np.zeros(int(np.prod(around.voxels.grid.shape)), dtype=bool)
    taken[around.voxels.index[around.signed_mm <= 3.0]] = True
    other = taken[wall.voxels.index]
    return Surroundings(wall.voxels, wall.signed_mm, wall.inside, other, wall.boxes)
