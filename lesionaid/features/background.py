"""The patient's own density of small lesions, zone by zone.

Everyday lesions crowd round the ventricles, so a density holds for one depth only: four
zones of distance to the lateral ventricle, and the infratentorial brain.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.reference_tissue import site_code
from lesionaid.geometry import Grid
from lesionaid.lesions.lesion_map import Lesion, LesionMap

__all__ = ["Background", "background_of", "excess_probability", "nearest_voxels"]

DEPTHS_MM = (5.0, 10.0, 20.0)
"""Borders of the zones of depth below the ventricles, in mm of the images (proposed)."""

N_ZONES = len(DEPTHS_MM) + 2

LATTICE_MM = 3.0
"""Tissue is counted on a lattice of this step: fine enough for a shell of 10 mm."""

INFRATENTORIAL = ("brainstem", "cerebellum")
TISSUE = ("cortex", "white_matter", "corpus_callosum", "deep_gray_matter", *INFRATENTORIAL)


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Tissue and small lesions of one brain, by zone.

    Parameters
    ----------
    tissue_mm : ndarray of shape (t, 3)
        Lattice points of tissue outside main lesions, RAS+ mm.
    tissue_zone : ndarray of int, shape (t,)
    zone : mapping of int to int
        Zone of every small lesion, by id.
    mains : tuple of int
        Ids of the main lesions, the largest first.
    """

    tissue_mm: NDArray[np.float64]
    tissue_zone: NDArray[np.intp]
    zone: Mapping[int, int]
    mains: tuple[int, ...]

    @property
    def totals(self) -> NDArray[np.intp]:
        """Small lesions by zone."""
        return np.bincount(np.array(list(self.zone.values()), dtype=np.intp), minlength=N_ZONES)

    def others(self, close: Sequence[int]) -> NDArray[np.intp]:
        """Small lesions by zone without the ones given."""
        taken = np.array([self.zone[small] for small in close], dtype=np.intp)
        return self.totals - np.bincount(taken, minlength=N_ZONES)

    def correction(self, main: int) -> float:
        """Factor on the probability of a main lesion: its rank times the sum of 1/rank."""
        ranks = np.arange(1, len(self.mains) + 1)
        return float((self.mains.index(main) + 1) * np.sum(1.0 / ranks))

    def shares_near(
        self, lesions: LesionMap, lesion: Lesion, reach_mm: float
    ) -> NDArray[np.float64]:
        """Share of each zone's tissue within a distance of a lesion's voxels.

        One lattice point is added near and one far, so that no share is 0 or 1.
        """
        from scipy.spatial import KDTree

        inside = lesions.labels[lesion.box] == lesion.id
        voxels = lesions.grid.to_mm(np.argwhere(inside) + [side.start for side in lesion.box])
        low, high = voxels.min(axis=0) - reach_mm, voxels.max(axis=0) + reach_mm
        points = self.tissue_mm
        around = np.flatnonzero(np.all((points >= low) & (points <= high), axis=1))
        near = np.zeros(N_ZONES)
        if around.size:
            limit = reach_mm * (1 + 1e-9)
            distance, _ = KDTree(voxels).query(points[around], distance_upper_bound=limit)
            zones = self.tissue_zone[around[np.isfinite(distance)]]
            near = np.bincount(zones, minlength=N_ZONES).astype(float)
        every = np.bincount(self.tissue_zone, minlength=N_ZONES)
        shares: NDArray[np.float64] = (near + 1) / (every + 2)
        return shares


def background_of(
    lesions: LesionMap, anatomy: AnatomyMap, mains: Container[int], smalls: Sequence[Lesion]
) -> Background:
    """Lay a lattice over the tissue and sort the small lesions into zones.

    Parameters
    ----------
    lesions : LesionMap
    anatomy : AnatomyMap
    mains : container of int
        Ids of the main lesions; tissue inside them cannot hold small ones.
    smalls : sequence of Lesion
    """
    grid = anatomy.grid
    steps = [max(1, round(LATTICE_MM / edge)) for edge in grid.spacing_mm]
    sites = anatomy.sites[tuple(slice(None, None, step) for step in steps)]
    ijk = np.argwhere(np.isin(sites, [site_code(name) for name in TISSUE])) * steps
    mm = grid.to_mm(ijk)
    main_ids = [lesion.id for lesion in lesions.lesions if lesion.id in mains]
    free = ~np.isin(_labels_at(lesions, mm), main_ids)
    centres = np.array([small.centroid_mm for small in smalls]).reshape(-1, 3)
    zones = _zones(anatomy, nearest_voxels(grid, centres)).tolist()
    zone = dict(zip((small.id for small in smalls), zones, strict=True))
    return Background(mm[free], _zones(anatomy, ijk[free]), zone, tuple(main_ids))


def excess_probability(
    observed: int, totals: NDArray[np.intp], shares: NDArray[np.float64], margin: float
) -> float:
    """Probability of at least `observed` close to a lesion, given the totals by zone.

    Parameters
    ----------
    observed : int
    totals : ndarray of int, shape (z,)
        Small lesions of the brain in each zone.
    shares : ndarray of shape (z,)
        Share of the zone's tissue that is close to the lesion, between 0 and 1.
    margin : float
        How many times denser than elsewhere the close ones are under the null hypothesis.
    """
    chance = np.array([1.0])
    for total, share in zip(totals.tolist(), shares.tolist(), strict=True):
        close = margin * share / (margin * share + 1.0 - share)
        chance = np.convolve(chance, _binomial(total, close))
    return float(min(1.0, max(chance[observed:].sum(), np.finfo(float).tiny)))


def _binomial(total: int, p: float) -> NDArray[np.float64]:
    """Probabilities of 0, 1 … `total` successes; p strictly between 0 and 1."""
    from scipy.special import gammaln

    k = np.arange(total + 1)
    ways = gammaln(total + 1) - gammaln(k + 1) - gammaln(total - k + 1)
    probabilities: NDArray[np.float64] = np.exp(ways + k * np.log(p) + (total - k) * np.log1p(-p))
    return probabilities


def nearest_voxels(grid: Grid, mm: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices of the voxels of a grid that are nearest to points in RAS+ mm, shape (n, 3)."""
    voxel = np.rint(grid.to_voxel(mm)).astype(np.intp)
    return np.clip(voxel, 0, np.asarray(grid.shape) - 1)


def _zones(anatomy: AnatomyMap, ijk: NDArray[np.intp]) -> NDArray[np.intp]:
    """Zone of voxels: depth from the ventricle in the cerebrum, one zone below the tentorium."""
    place = tuple(ijk.T)
    depth = np.digitize(anatomy.distances_mm["lateral_ventricle"][place], DEPTHS_MM)
    below = np.isin(anatomy.sites[place], [site_code(name) for name in INFRATENTORIAL])
    return np.where(below, N_ZONES - 1, depth)


def _labels_at(lesions: LesionMap, mm: NDArray[np.float64]) -> NDArray[np.int32]:
    voxel = np.rint(lesions.grid.to_voxel(mm)).astype(np.intp)
    inside = np.all((voxel >= 0) & (voxel < lesions.grid.shape), axis=1)
    labels = np.zeros(len(mm), dtype=np.int32)
    labels[inside] = lesions.labels[tuple(voxel[inside].T)]
    return labels
