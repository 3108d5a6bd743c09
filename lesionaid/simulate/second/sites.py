"""Named sites as distances, for walks that stay at them and for saying that none was hit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray
from lesionaid.simulate.landmarks import POINTS, fluid_mm, path_mm, point_mm
from lesionaid.simulate.lesions import SimulatedLesion

__all__ = ["from_path", "from_point", "site_distances", "untouched"]

CLEAR_MM = 3.0
"""A site is not involved where every lesion keeps this distance from it."""

AROUND_MM: Mapping[str, float] = {
    "area_postrema": 5.0,
    "hypothalamus": 5.0,
    "thalamus": 9.0,
    "pons": 12.0,
    "middle_peduncle": 9.0,
}
"""Radius of the ball that stands for a site, in the patient's mm (proposed)."""


def from_point(brain: Brain, name: str, *, left: bool = False) -> FloatArray:
    """Distance of every voxel of the brain to a landmark."""
    place = point_mm(brain, POINTS[name], left=left)
    i, j, k = np.ogrid[tuple(slice(0, size) for size in brain.grid.shape)]
    affine = brain.grid.affine
    parts = [
        affine[row, 0] * i + affine[row, 1] * j + affine[row, 2] * k + affine[row, 3] - place[row]
        for row in range(3)
    ]
    return np.asarray(np.sqrt(sum(part**2 for part in parts)), dtype=np.float32)


def from_path(brain: Brain, name: str, *, left: bool = False) -> FloatArray:
    """Distance of every voxel to the voxels that a middle line passes."""
    from scipy.ndimage import distance_transform_edt

    line = np.ones(brain.grid.shape, dtype=bool)
    corners = path_mm(brain, name, left=left)
    dense = np.concatenate([np.linspace(a, b, 25) for a, b in pairwise(corners)])
    voxels = np.rint(brain.grid.to_voxel(dense)).astype(int)
    line[tuple(np.clip(voxels, 0, np.array(brain.grid.shape) - 1).T)] = False
    return np.asarray(
        distance_transform_edt(line, sampling=brain.grid.spacing_mm), dtype=np.float32
    )


def site_distances(brain: Brain, site: str) -> FloatArray:
    """Distance to a site on either side, 0 or less inside it.

    Parameters
    ----------
    site : str
        A key of :data:`AROUND_MM`, ``"lateral_ventricle"``, ``"third_ventricle"``,
        ``"fourth_ventricle"``, ``"corticospinal"`` or ``"splenium"``.
    """
    if site == "lateral_ventricle":
        return brain.ventricle_mm
    if site in ("third_ventricle", "fourth_ventricle"):
        return fluid_mm(brain, site)
    if site == "splenium":
        return from_path(brain, site) - np.float32(3)
    if site == "corticospinal":
        both = (from_path(brain, site, left=left) for left in (False, True))
        return np.minimum(*both) - np.float32(3)
    both = (from_point(brain, site, left=left) for left in (False, True))
    return np.minimum(*both) - np.float32(AROUND_MM[site])


def untouched(brain: Brain, sites: Sequence[str], lesions: Sequence[SimulatedLesion]) -> bool:
    """Whether every lesion keeps 3 mm from every one of the sites."""
    fields: list[NDArray[np.float32]] = [site_distances(brain, site) for site in sites]
    return all(
        float(field[one.box][one.mask].min()) > CLEAR_MM
        for field in fields
        for one in lesions
        if one.mask.any()
    )
