"""Confluent lesions taken apart into lobes, without losing the whole.

Plaques that have run together keep necks between them. Every voxel has a depth, the distance to
the lesion's edge; each summit of the depth is the heart of a lobe, and two summits are apart when
the pass between them is clearly narrower than the slimmer of the two (a watershed with the
smaller summits merged, Vincent and Soille 1991, doi 10.1109/34.87344). A ball, an ovoid or a bar
is one lobe however long; a chain of balls has as many as it has balls.

The lobes are measured beside the lesion, never instead of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import LesionVoxels, Rows
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unit, Unknown
from lesionaid.tables import MeasurementSpec

__all__ = ["CONFLUENCE_SPECS", "Lobes", "confluence_measurements", "split"]

NECK = 0.7
"""A neck is at most this share of the radius of the slimmer lobe (proposed: two equal balls count
as two when their centres are 0.71 diameters apart, where they share a seventh of their volume)."""

RELIEF_MM = 1.0
"""And at least this much lower: the roughness of voxels makes summits of half a voxel
(proposed)."""

VOXEL_MAX_MM = 3.5
"""Thicker slices show no neck of lobes under a centimetre (proposed: clinical FLAIRs have
3 mm)."""

CONFLUENCE_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "confluent_lobe_count",
        Unit.COUNT,
        "lesion",
        "Lobes of the lesion: parts joined by necks at most 0.7 times as wide as the slimmer part "
        "and at least 1 mm narrower on each side.",
        ("lesions",),
        "proposed; watershed on the depth, Vincent and Soille 1991, doi 10.1109/34.87344",
    ),
    MeasurementSpec(
        "largest_confluent_lobe_fraction",
        Unit.NONE,
        "lesion",
        "Share of the lesion's voxels in its largest lobe; 1 for a lesion of one lobe.",
        ("lesions",),
        "proposed",
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Lobes:
    """The lobes of every lesion.

    Parameters
    ----------
    voxels : LesionVoxels
        One run a lobe; ``ids`` number the lobes from 1, lesion after lesion.
    lesion : ndarray of int, shape (k,)
        Row of the lesion that each lobe belongs to, ascending.
    """

    voxels: LesionVoxels
    lesion: NDArray[np.intp]

    def any(self, lesions: int, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether a lesion has a lobe with a property, shape (lesions,)."""
        found = np.zeros(lesions, dtype=bool)
        found[self.lesion[mask]] = True
        return found


def split(around: Surroundings, scale: SizeScale) -> Lobes:
    """Take every lesion apart at its necks.

    Parameters
    ----------
    around : Surroundings
    scale : SizeScale
        Reliefs are lengths of the patient's own brain; without a scale, of the images.

    Returns
    -------
    Lobes
    """
    grid = around.voxels.grid
    own = around.chosen(around.inside)
    depth = -around.signed_mm[around.inside]
    relief = RELIEF_MM / (scale.factor or 1.0)
    part = np.zeros(own.index.size, dtype=np.intp)
    ends = own.starts + own.counts
    for start, end in zip(own.starts, ends, strict=True):
        # A neck has half a voxel of depth at least, so shallow lesions have no second lobe.
        if depth[start:end].max() <= relief + min(grid.spacing_mm) / 2:
            continue
        ijk = np.stack(np.unravel_index(own.index[start:end], grid.shape), axis=1)
        part[start:end] = _lobes_of(ijk, depth[start:end], relief)
    order = np.lexsort((own.index, part, own.owner))
    key = own.owner[order] * (int(part.max(initial=0)) + 1) + part[order]
    _, starts = np.unique(key, return_index=True)
    ids = np.arange(1, starts.size + 1, dtype=np.int32)
    voxels = LesionVoxels(grid, own.index[order], ids, starts, {})
    return Lobes(voxels, own.owner[order][starts] if starts.size else np.zeros(0, dtype=np.intp))


def confluence_measurements(voxels: LesionVoxels, lobes: Lobes, voxel_max_mm: float) -> Rows:
    """Count the lobes of every lesion.

    Parameters
    ----------
    voxels : LesionVoxels
        The lesions' own voxels that `lobes` were split from.
    lobes : Lobes
    voxel_max_mm : float
        Longest voxel edge of what the lesions were seen on.

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`CONFLUENCE_SPECS`.
    """
    count = np.bincount(lobes.lesion, minlength=voxels.ids.size)
    largest = np.zeros(voxels.ids.size)
    np.maximum.at(largest, lobes.lesion, lobes.voxels.counts)
    rows = voxels.quantities("confluent_lobe_count", count, Unit.COUNT)
    shares = voxels.quantities(
        "largest_confluent_lobe_fraction", largest / voxels.counts, Unit.NONE
    )
    for lesion, row in rows.items():
        row |= shares[lesion]
    if voxel_max_mm > VOXEL_MAX_MM:
        why = Unknown(Reason.LOW_RESOLUTION, f"voxels of {voxel_max_mm:.3g} mm")
        return {lesion: dict.fromkeys(row, why) for lesion, row in rows.items()}
    return rows


def _lobes_of(
    ijk: NDArray[np.int64], depth: NDArray[np.float32], relief_mm: float
) -> NDArray[np.intp]:
    """Number of the lobe of each voxel of one lesion, from 0, the deepest summit first."""
    from skimage.segmentation import watershed

    low = ijk.min(axis=0) - 1
    place = tuple((ijk - low).T)
    volume = np.zeros(tuple(ijk.max(axis=0) - low + 2), dtype=np.float32)
    # Rounded, so that summits of equal depth are equal in every storage order.
    volume[place] = np.round(depth, 3)
    everywhere = np.ones((3, 3, 3), dtype=bool)
    basins = watershed(-volume, _summits(volume), connectivity=everywhere, mask=volume > 0)
    return np.asarray(_merged(basins, volume, relief_mm)[place])


def _summits(volume: NDArray[np.float32]) -> NDArray[np.int32]:
    """Plateaus that are nowhere lower than their neighbours, numbered from 1."""
    from scipy.ndimage import label, maximum_filter

    top = (volume > 0) & (volume == maximum_filter(volume, size=3, mode="constant"))
    numbered, _ = label(top, structure=np.ones((3, 3, 3)))
    return np.asarray(numbered, dtype=np.int32)


def _merged(
    basins: NDArray[np.int32], volume: NDArray[np.float32], relief_mm: float
) -> NDArray[np.intp]:
    """Merge basins across passes that are no necks, the highest pass first."""
    count = int(basins.max()) + 1
    summit = np.zeros(count)
    np.maximum.at(summit, basins.reshape(-1), volume.reshape(-1))
    root = np.arange(count)

    def find(basin: int) -> int:
        while root[basin] != basin:
            basin = int(root[basin])
        return basin

    for height, a, b in _passes(basins, volume):
        one, other = sorted((find(a), find(b)), key=lambda basin: (-summit[basin], basin))
        slimmer = summit[other]
        if one != other and (height > NECK * slimmer or height > slimmer - relief_mm):
            root[other] = one
    roots = np.array([find(basin) for basin in range(count)])
    kept = np.unique(roots[1:])
    kept = kept[np.lexsort((kept, -summit[kept]))]
    number = np.zeros(count, dtype=np.intp)
    number[kept] = np.arange(kept.size)
    return np.asarray(number[roots][basins])


def _passes(basins: NDArray[np.int32], volume: NDArray[np.float32]) -> list[tuple[float, int, int]]:
    """Highest pass between every two basins that touch, from the highest down."""
    best: dict[tuple[int, int], float] = {}
    for step in np.ndindex(3, 3, 3):
        if step <= (1, 1, 1):
            continue  # the other half of the neighbours says the same
        here, there = _shifted(tuple(axis - 1 for axis in step))
        a, b = basins[here], basins[there]
        touch = (a != b) & (a > 0) & (b > 0)
        if not touch.any():
            continue
        height = np.minimum(volume[here][touch], volume[there][touch])
        pair = np.sort(np.stack([a[touch], b[touch]], axis=1), axis=1)
        unique, where = np.unique(pair, axis=0, return_inverse=True)
        highest = np.zeros(len(unique))
        np.maximum.at(highest, where.reshape(-1), height)
        for (one, other), top in zip(unique.tolist(), highest.tolist(), strict=True):
            best[one, other] = max(best.get((one, other), 0.0), top)
    return sorted(((top, a, b) for (a, b), top in best.items()), key=lambda p: (-p[0], p[1:]))


def _shifted(step: tuple[int, ...]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Two views of one volume, the second one step on."""
    here = tuple(slice(max(0, -by), -by if by > 0 else None) for by in step)
    there = tuple(slice(max(0, by), by if by < 0 else None) for by in step)
    return here, there
