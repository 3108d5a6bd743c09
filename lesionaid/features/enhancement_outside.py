"""Hot structures beside a lesion that enhance in every brain: vessels, dura, choroid plexus.

What is hot inside a lesion counts only where none of them explains it:

- *choroid plexus*: hot tissue in a ventricle, and what lies within 3 mm of it;
- *dura*: hot tissue at the outer face of the brain, and what lies within 3 mm of it;
- *vessel*: a connected hot part, no wider than a tube of 4 mm and a voxel, that runs on for
  at least 5 mm outside the lesion; and any connected hot part of which more lies at least 2 mm
  outside every lesion than inside, such as a sinus or a tangle of cortical veins.

All widths are proposed: the medullary and cortical veins that one sees are under 3 mm, the
matched difference blurs them by a voxel, and an enhancing lesion spills over a mask by less
than 2 mm. Only what lies within the reach of :mod:`lesionaid.features.surroundings` is looked
at. Without noise or truth for vessels, none of this is validated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.hot_shape import axis_lengths_mm
from lesionaid.features.places import places_mm
from lesionaid.features.reference_tissue import in_sites, site_code
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import connected_parts
from lesionaid.geometry import Grid

__all__ = ["KINDS", "explain"]

KINDS = ("none", "vessel", "dura", "choroid_plexus")
"""What explains hot voxels, by code."""

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


def explain(
    around: Surroundings,
    hot: NDArray[np.bool_],
    gained: NDArray[np.float64],
    anatomy: AnatomyMap,
) -> NDArray[np.uint8]:
    """Tell hot voxels of lesions from vessels, dura and choroid plexus.

    Parameters
    ----------
    around : Surroundings
        On ``anatomy.grid``.
    hot : ndarray of shape (n,), bool
    gained : ndarray of shape (n,)
        Signal gained; a vessel is as wide as at half of its own gain.
    anatomy : AnatomyMap

    Returns
    -------
    ndarray of shape (n,), uint8
        For every voxel of the surroundings, an index into :data:`KINDS`; 0 where it is not hot
        or not explained.
    """
    kind = np.zeros(hot.size, dtype=np.uint8)
    own = hot & ~around.other
    if not own.any():
        return kind
    sites = around.voxels.take(anatomy.sites)
    ventricle = in_sites(sites, VENTRICLES)
    beyond = _away_from_all(around, hot)
    kind[_vessels(around, own & ~ventricle, gained, beyond)] = KINDS.index("vessel")
    dura = own & ~around.inside & _outer(around, anatomy)
    for name, structure in (("dura", dura), ("choroid_plexus", own & ventricle)):
        real = _near(around, structure, _large(around, structure & beyond))
        kind[_near(around, own, real)] = KINDS.index(name)
    return kind


def _away_from_all(around: Surroundings, hot: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Hot voxels 2 mm away from every lesion that has them within reach."""
    index, place = np.unique(around.voxels.index[hot], return_inverse=True)
    nearest = np.full(index.size, np.inf)
    np.minimum.at(nearest, place, around.signed_mm[hot])
    away = hot.copy()
    away[hot] = nearest[place] >= SPILL_MM
    return away


def _large(around: Surroundings, structure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A structure where there is enough of it beside the lesion."""
    volume = around.voxels.total(structure) * around.voxels.grid.voxel_volume_mm3
    return structure & np.repeat(volume >= LEAST_MM3, around.voxels.counts)


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
    around: Surroundings,
    own: NDArray[np.bool_],
    structure: NDArray[np.bool_],
    margin_mm: float = MARGIN_MM,
) -> NDArray[np.bool_]:
    """Voxels of `own` that belong to a structure or lie close to it."""
    from scipy.spatial import cKDTree

    # In thick slices the blur is a slice.
    margin_mm = max(margin_mm, 1.01 * max(around.voxels.grid.spacing_mm))
    found = own & structure
    candidates = np.flatnonzero(own & ~structure)
    if not structure.any() or not candidates.size:
        return found
    tree = cKDTree(places_mm(around.voxels, np.unique(around.voxels.index[structure])))
    distance, _ = tree.query(
        places_mm(around.voxels, around.voxels.index[candidates]), distance_upper_bound=margin_mm
    )
    found[candidates[np.isfinite(distance)]] = True
    return found


def _vessels(
    around: Surroundings,
    hot: NDArray[np.bool_],
    gained: NDArray[np.float64],
    beyond: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Connected parts that run on outside their lesion, with their blur."""
    tubes = np.zeros(hot.size, dtype=bool)
    grid = around.voxels.grid
    places = _upper_half(around, hot, gained)
    if not places.size:
        return tubes
    for members in _connected(around, places):
        own = around.inside[members]
        if not own.any() or around.signed_mm[members].max() < VESSEL_RUN_MM:
            continue
        index = around.voxels.index[members]
        tube = _slender(index[own], grid) and _slender(index[~own], grid)
        tubes[members] = tube or np.count_nonzero(beyond[members]) > np.count_nonzero(own)
    return _near(around, hot, tubes, SPILL_MM)


def _upper_half(
    around: Surroundings, hot: NDArray[np.bool_], gained: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Places of hot voxels above half of what their connected part gains."""
    kept = [
        members[gained[members] >= 0.5 * np.quantile(gained[members], 0.9)]
        for members in _connected(around, np.flatnonzero(hot))
        if around.inside[members].any()
    ]
    return np.sort(np.concatenate(kept)) if kept else np.zeros(0, dtype=np.intp)


def _connected(around: Surroundings, places: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Places of each connected part, by lesion."""
    if not places.size:
        return []
    part = connected_parts(
        around.voxels.index[places], around.voxels.owner_at(places), around.voxels.grid
    )
    order = np.argsort(part, kind="stable")
    return np.split(places[order], np.flatnonzero(np.diff(part[order])) + 1)


def _slender(index: NDArray[np.intp], grid: Grid) -> bool:
    """Whether some voxels are a dot or a tube, no wider than a vessel."""
    spread = axis_lengths_mm(index, grid)
    volume = index.size * grid.voxel_volume_mm3
    widest = np.pi / 4.0 * (VESSEL_MM + max(grid.spacing_mm)) ** 2
    tube = spread[1] <= VESSEL_ELONGATION * spread[2] or volume <= DOT_MM3
    return bool(tube and volume / spread[2] <= widest)
