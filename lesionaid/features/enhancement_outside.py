"""Hot structures beside a lesion that enhance in every brain: vessels, dura, choroid plexus.

What is hot inside a lesion counts only where none of them explains it:

- *choroid plexus*: hot tissue in a ventricle, and what lies within 3 mm of it;
- *dura*: hot tissue at the outer face of the brain, and what lies within 3 mm of it;
- *vessel*: a connected hot part, no wider than a tube of 4 mm and a voxel, that runs on for
  at least 5 mm outside the lesion.

All widths are proposed: the medullary and cortical veins that one sees are under 3 mm, the
matched difference blurs them by a voxel, and an enhancing lesion spills over a mask by less
than 2 mm. Only what lies within the reach of :mod:`lesionaid.features.surroundings` is looked
at. Without noise or truth for vessels, none of this is validated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.places import places_mm
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import connected_parts
from lesionaid.geometry import Grid

__all__ = ["KINDS", "VENTRICLES", "Explained", "axis_lengths_mm", "explain"]

KINDS = ("none", "vessel", "dura", "choroid_plexus")
"""What explains hot voxels; an index into this is the code in :attr:`Explained.kind`."""

VENTRICLES = ("lateral_ventricle", "third_ventricle", "fourth_ventricle")

MARGIN_MM = 3.0
"""What lies this close to hot plexus or dura is its blur, or the map's error."""

SPILL_MM = 2.0
"""Hot voxels outside a lesion nearer than this may be its own enhancement, past the mask."""

LEAST_MM3 = 20.0
"""Plexus or dura is at least this large beside a lesion."""

VESSEL_MM = 4.0
VESSEL_RUN_MM = 5.0
VESSEL_ELONGATION = 0.5
"""Second over first axis of a piece of vessel longer than a dot."""

DOT_MM3 = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """What the hot voxels in and about the lesions belong to.

    Parameters
    ----------
    kind : ndarray of shape (n,), uint8
        For every voxel of the surroundings, an index into :data:`KINDS`; 0 where it is not hot
        or not explained.
    """

    kind: NDArray[np.uint8]


def explain(around: Surroundings, hot: NDArray[np.bool_], anatomy: AnatomyMap) -> Explained:
    """Tell hot voxels of lesions from vessels, dura and choroid plexus.

    Parameters
    ----------
    around : Surroundings
        On ``anatomy.grid``.
    hot : ndarray of shape (n,), bool
    anatomy : AnatomyMap

    Returns
    -------
    Explained
    """
    kind = np.zeros(hot.size, dtype=np.uint8)
    own = hot & ~around.other
    if not own.any():
        return Explained(kind)
    sites = around.voxels.take(anatomy.sites)
    ventricle = np.isin(sites, [site_code(site) for site in VENTRICLES])
    kind[_vessels(around, own & ~ventricle)] = KINDS.index("vessel")
    rim = own & ~around.inside & _outer(around, anatomy)
    kind[_near(around, own, rim)] = KINDS.index("dura")
    kind[_near(around, own, own & ventricle)] = KINDS.index("choroid_plexus")
    return Explained(kind)


def _outer(around: Surroundings, anatomy: AnatomyMap) -> NDArray[np.bool_]:
    """Voxels outside the brain, and cerebrospinal fluid with the outside within 3 mm."""
    grid, sites = anatomy.grid, anatomy.sites
    here = around.voxels.take(sites)
    outer = here == 0
    fluid = np.flatnonzero(here == site_code("csf"))
    ijk = np.stack(np.unravel_index(around.voxels.index[fluid], grid.shape))
    for axis, step in enumerate(grid.spacing_mm):
        for side in (-1, 1):
            moved = ijk.copy()
            moved[axis] += side * max(1, round(MARGIN_MM / step))
            beyond = (moved[axis] < 0) | (moved[axis] >= grid.shape[axis])
            moved[axis] = np.clip(moved[axis], 0, grid.shape[axis] - 1)
            outer[fluid] |= beyond | (sites[tuple(moved)] == 0)
    return np.asarray(outer)


def _near(
    around: Surroundings, own: NDArray[np.bool_], structure: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Hot voxels in or close to a hot structure that is more than a lesion's own spill."""
    from scipy.spatial import cKDTree

    owner = around.voxels.owner
    beyond = structure & (around.signed_mm >= SPILL_MM)
    volume = np.bincount(owner[beyond], minlength=around.voxels.ids.size)
    large = volume * around.voxels.grid.voxel_volume_mm3 >= LEAST_MM3
    structure = structure & large[owner]
    found = structure.copy()
    candidates = np.flatnonzero(own & large[owner] & ~structure)
    if not structure.any() or not candidates.size:
        return found
    tree = cKDTree(places_mm(around.voxels, np.unique(around.voxels.index[structure])))
    distance, _ = tree.query(
        places_mm(around.voxels, around.voxels.index[candidates]), distance_upper_bound=MARGIN_MM
    )
    found[candidates[np.isfinite(distance)]] = True
    return found


def _vessels(around: Surroundings, hot: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Hot voxels of slender connected parts that run on outside their lesion."""
    found = np.zeros(hot.size, dtype=bool)
    places = np.flatnonzero(hot)
    if not places.size:
        return found
    grid = around.voxels.grid
    owner = around.voxels.owner[places]
    part = connected_parts(around.voxels.index[places], owner, grid)
    inside = around.inside[places]
    number = np.unique(part, return_inverse=True)[1]
    count = int(number.max()) + 1
    reach = np.full(count, -np.inf)
    np.maximum.at(reach, number, around.signed_mm[places])
    enters = np.bincount(number, weights=inside, minlength=count) > 0
    for which in np.flatnonzero(enters & (reach >= VESSEL_RUN_MM)):
        members = places[number == which]
        own = around.inside[members]
        if _slender(around.voxels.index[members[own]], grid) and _slender(
            around.voxels.index[members[~own]], grid
        ):
            found[members] = True
    return found


def _slender(index: NDArray[np.intp], grid: Grid) -> bool:
    """Whether some voxels are a dot or a tube, no wider than a vessel."""
    spread = axis_lengths_mm(index, grid)
    volume = index.size * grid.voxel_volume_mm3
    widest = np.pi / 4.0 * (VESSEL_MM + max(grid.spacing_mm)) ** 2
    tube = spread[1] <= VESSEL_ELONGATION * spread[2] or volume <= DOT_MM3
    return bool(tube and volume / spread[2] <= widest)


def axis_lengths_mm(index: NDArray[np.intp], grid: Grid) -> NDArray[np.float64]:
    """Edges of the box with the same second moments as some voxels, ascending, in mm.

    Parameters
    ----------
    index : ndarray of int, shape (n,)
        Flat indices into `grid`, at least one.
    grid : Grid

    Returns
    -------
    ndarray of shape (3,)
        Exact for a box along any direction; a ball of diameter d has 0.775 d.
    """
    ijk = np.stack(np.unravel_index(index, grid.shape), axis=1)
    linear = grid.affine[:3, :3]
    xyz = (ijk - ijk.mean(axis=0)) @ linear.T
    covariance = xyz.T @ xyz / index.size + linear @ linear.T / 12.0
    return np.asarray(np.sqrt(12.0 * np.linalg.eigvalsh(covariance)))
