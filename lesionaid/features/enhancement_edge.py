"""How blurred the edge of an enhancing part is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.enhancement_ring import HotLesion
from lesionaid.features.hot_shape import crop
from lesionaid.features.surface import surface_areas_mm2
from lesionaid.geometry import Grid
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unit, Unknown, Value

__all__ = ["PLATEAU", "edge_width"]

PLATEAU = 0.9
"""Quantile of the gain of hot voxels that stands for the plateau (proposed)."""

EDGE_REACH_MM = 4.0
EDGE_SD = 2.0
"""A quarter of the plateau has to stand this many SD above the noise (proposed)."""


def edge_width(
    lesion: HotLesion, hot: NDArray[np.intp], scale: SizeScale, voxel_max_mm: float
) -> Value:
    """Width of the hot parts' edge, from 10 to 90 % of the way up to the plateau.

    Parameters
    ----------
    lesion : HotLesion
    hot : ndarray of int
        Places of the hot voxels that count.
    scale : SizeScale
    voxel_max_mm : float
        Longer voxels do not show it.
    """
    grid = lesion.grid
    if lesion.voxel_mm > voxel_max_mm:
        return Unknown(Reason.LOW_RESOLUTION, f"voxels of {lesion.voxel_mm:.3g} mm")
    plateau = float(np.quantile(lesion.gained[hot], PLATEAU))
    if 0.25 * plateau < EDGE_SD * lesion.noise:
        return Unknown(Reason.BELOW_NOISE, "the edge of the enhancement is within the noise")
    ijk, low, shape = crop(lesion.index, grid)
    place = tuple((ijk - low).T)
    gained = np.zeros(shape)
    gained[place] = lesion.gained
    seed = np.zeros(shape, dtype=bool)
    seed[tuple((ijk[hot] - low).T)] = True
    near = _within(seed, EDGE_REACH_MM, grid)
    levels = [near & (gained > level * plateau) for level in (0.25, 0.5, 0.75)]
    area = surface_areas_mm2(levels[1].astype(np.int32), grid.affine[:3, :3])
    if area.size < 2 or area[1] <= 0:
        return Unknown(Reason.TOO_FEW_VOXELS, "no surface half-way up to the plateau")
    between = np.count_nonzero(levels[0]) - np.count_nonzero(levels[2])
    width = 1.6 * between * grid.voxel_volume_mm3 / float(area[1])
    return scale.size(width, Unit.MM)


def _within(mask: NDArray[np.bool_], reach_mm: float, grid: Grid) -> NDArray[np.bool_]:
    from scipy.ndimage import distance_transform_edt

    distance = distance_transform_edt(~mask, sampling=grid.spacing_mm)
    return np.asarray(distance <= reach_mm)
