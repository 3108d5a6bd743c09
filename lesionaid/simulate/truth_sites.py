"""Sites that the truth of a lesion names: callosum, deep grey matter, ventricles, lobes.

They are drawn on the template by planes and by tissue, apart from the region map that
lesionaid measures with, and looked up by the MNI coordinates of a voxel. Borders are good to
some 3 mm for callosum and deep grey matter, to some 10 mm between lobes: the template's folds
are an average, and lobes meet in no line that an image shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.landmarks import BOXES
from lesionaid.simulate.lesions import Box
from lesionaid.simulate.template import sharp_template

__all__ = ["LOBES", "NamedSites", "in_callosum", "named_sites"]

Mask = NDArray[np.bool_]

LOBES = ("frontal", "parietal", "temporal", "occipital")
"""Codes 1 to 4; the insula goes with the lobe above or below it."""

CALLOSUM_HALF_WIDTH_MM = 12.0
"""The callosum of the midline is followed this far to either side; then its fibres fan out."""

NUCLEI = ((4.0, -34.0, -6.0), (33.0, 24.0, 27.0))
"""Opposite corners, x without its sign: thalamus, caudate, putamen and pallidum, without
hippocampus, amygdala and the cingulate and insular cortex round them."""


@dataclass(frozen=True, slots=True, eq=False)
class NamedSites:
    """Sites on a box of a brain.

    Parameters
    ----------
    callosum, deep_gray : ndarray of bool
    fluid : mapping of str to ndarray of bool
        ``third_ventricle`` and ``fourth_ventricle``.
    lobe : ndarray of uint8
        Place in :data:`LOBES` from 1; 0 where there is none.
    right : ndarray of bool
        Right of the midline.
    """

    callosum: Mask
    deep_gray: Mask
    fluid: Mapping[str, Mask]
    lobe: NDArray[np.uint8]
    right: Mask


def named_sites(brain: Brain, box: Box) -> NamedSites | None:
    """Sites on a box; None where the brain knows no MNI coordinates."""
    if brain.mni_mm is None:
        return None
    mni = brain.mni_mm[box]
    x, y, z = np.abs(mni[..., 0]), mni[..., 1], mni[..., 2]
    cerebral = ~brain.infratentorial[box]
    deep = cerebral & (brain.gray[box] > 0.5) & _within(x, y, z, NUCLEI)
    callosum = cerebral & (brain.white[box] > 0.5) & in_callosum(mni)
    fluid = {
        name: (brain.csf[box] > 0.5) & _within(mni[..., 0], y, z, BOXES[name])
        for name in ("third_ventricle", "fourth_ventricle")
    }
    solid = brain.white[box] + brain.gray[box] > 0.5
    lobe = np.where(cerebral & solid & ~deep & ~callosum, _lobe(x, y, z), 0).astype(np.uint8)
    return NamedSites(callosum, deep, fluid, lobe, mni[..., 0] > 0)


def in_callosum(mni: NDArray[np.floating[Any]]) -> Mask:
    """Places, shape (..., 3) in MNI mm, near the midline and in the callosum's outline there."""
    outline = _callosum_outline()
    grid = sharp_template().grid
    j = np.clip(np.rint(mni[..., 1] - grid.affine[1, 3]), 0, grid.shape[1] - 1).astype(int)
    k = np.clip(np.rint(mni[..., 2] - grid.affine[2, 3]), 0, grid.shape[2] - 1).astype(int)
    inside: Mask = (np.abs(mni[..., 0]) <= CALLOSUM_HALF_WIDTH_MM) & outline[j, k]
    return inside


Values = NDArray[np.float32]
Corner = tuple[float, float, float]


def _within(x: Values, y: Values, z: Values, corners: tuple[Corner, Corner]) -> Mask:
    inside = np.ones(x.shape, dtype=bool)
    for at, low, high in zip((x, y, z), *corners, strict=True):
        inside &= (at >= low) & (at <= high)
    return inside


@lru_cache(maxsize=1)
def _callosum_outline() -> Mask:
    """White matter of the midline above the third ventricle, on the template's y and z."""
    from scipy.ndimage import label

    template = sharp_template()
    grid = template.grid
    j, k = np.ogrid[: grid.shape[1], : grid.shape[2]]
    y, z = j + grid.affine[1, 3], k + grid.affine[2, 3]
    (low, high) = BOXES["callosum"]
    midline = template.tissues[0][round(-grid.affine[0, 3])] > 0.5
    parts, _ = label(midline & (y >= low[1]) & (y <= high[1]) & (z >= low[2] - 4) & (z <= high[2]))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    outline: Mask = parts == int(np.argmax(sizes))
    return outline


def _lobe(x: Values, y: Values, z: Values) -> NDArray[np.int64]:
    """Planes along the central, parieto-occipital and lateral sulci of the template.

    The central sulcus runs from (y, z) = (-5, 15) beside the insula to (-32, 70) at the vertex;
    the parieto-occipital from (-57, 5) up and back to (-82, 45), and from there to the
    preoccipital notch at (-60, -15); the lateral from (10, -15) to (-45, 22).
    """
    lobe = np.where(y > -5 - 0.49 * (z - 15), 1, 2)
    lateral = np.minimum(-15 + 0.67 * (10 - y), 15)
    lobe[(z < lateral) & (y < 22) & (x > 20)] = 3
    lobe[y < -60 - 0.5 * np.maximum(z - 5, 0)] = 4
    return lobe
