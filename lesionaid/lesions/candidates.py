"""Which bright voxels become candidates, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.lesions.components import connected_components

__all__ = ["Evidence", "Rejected", "choose"]

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Box = tuple[slice, slice, slice]

GROW = 2.0
"""A candidate ends where FLAIR is within 2 local standard deviations again: the limit inside which
a voxel counts as normal when the yardstick is made."""

SEED_WHITE, GROW_WHITE = 0.30, 0.05
"""Blurred white-matter fraction that a seed needs (the WM prior of the project's groundwork), and
under which growth ends unless the candidate is large."""

SEED_RIM_MM, GROW_RIM_MM = 2.0, 1.0
"""Distance from the edge of the brain mask: dura and skull base are bright there (proposed; the
groundwork's 4 mm lost every cortical lesion)."""

LEAST_WHITE, LOOSE_WHITE = 0.35, 0.20
"""Mean blurred white-matter fraction of a candidate: below it is cortex, plexus or vessel. The
looser one holds for a large candidate and those beside it (proposed; 0.5 lost a whole simulated
cortical PML lesion)."""

MOST_FLUID = 0.40
"""Share of fluid in the shell around a candidate. A plaque on the ventricle has fluid on one side
at most; choroid plexus and septum are surrounded (proposed)."""

EDGE_MM = 3.0
"""A candidate half of which lies this close to the edge of the brain is dura, skull or the rim of
a mask: cortex alone is 2.5 mm thick (Fischl and Dale 2000, PNAS 97:11050; proposed)."""

MOST_TRAPPED = 0.5
"""Share of a candidate in the septum or inside the fourth ventricle (proposed)."""

CAP_MM, CAP_MARGIN = 3.0, 0.5
"""Caps and pencil-thin linings of normal brains stay this close to the ventricle (grade 1 of
Fazekas et al. 1987, AJR 149:351) and are faint: within so many local standard deviations of the
seed (proposed)."""

SHELL_MM = 2.0
LEAST_MM3 = 3.0
"""The project's limit of a speck."""

LARGE_MM3 = 1000.0
"""From here a candidate counts as large: it may grow into the cortex (proposed)."""

REACH_MM = 10.0
"""How far beyond itself a large candidate may grow, which bounds a leak (proposed)."""

BESIDE_MM = 20.0
"""Within this of a large candidate the looser prior holds: the reach of a lesion group."""


class Rejected(NamedTuple):
    """One component that was seeded and thrown out.

    Parameters
    ----------
    centroid_mm : tuple of float
        Scanner RAS+ mm.
    volume_mm3 : float
    reason : str
        ``"surrounded_by_fluid"``, ``"septum_or_flow"``, ``"faint_cap"``, ``"brain_edge"``,
        ``"not_in_white_matter"`` or ``"speck"``.
    """

    centroid_mm: tuple[float, float, float]
    volume_mm3: float
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the choice is made from, all on one grid.

    Parameters
    ----------
    z : ndarray of float32
        FLAIR in local standard deviations.
    fluid : ndarray of bool
    white : ndarray of float32
        Blurred white-matter fraction.
    brain : ndarray of bool
    grid : Grid
    traps : ndarray of bool
        Where brightness is no lesion: septum, inside of the fourth ventricle and the aqueduct.
    wall_mm : ndarray of float32
        Distance to the lateral ventricle; infinite where that is not known.
    """

    z: Float
    fluid: Mask
    white: Float
    brain: Mask
    grid: Grid
    traps: Mask
    wall_mm: Float


@dataclass(frozen=True, slots=True, eq=False)
class _Component:
    number: int
    box: Box
    mm3: float
    white: float
    reason: str


def choose(
    evidence: Evidence, seed: float, extent: Literal["auto", "white_matter", "cortical"]
) -> tuple[NDArray[np.int32], tuple[Rejected, ...]]:
    """Seed, grow, and throw out what is no candidate.

    Parameters
    ----------
    evidence : Evidence
    seed : float
        Local standard deviations.
    extent : {"auto", "white_matter", "cortical"}

    Returns
    -------
    mask : ndarray of int32
        1 on candidates.
    rejected : tuple of Rejected
    """
    bright = (evidence.z > GROW) & eroded(evidence.brain, GROW_RIM_MM, evidence.grid)
    zone = evidence.white > (0.0 if extent == "cortical" else GROW_WHITE)
    labels = connected_components(bright & zone)
    components = list(_components(labels, evidence, seed))
    good = [c for c in components if not c.reason and _white_enough(c, extent)]
    mask = np.isin(labels, [c.number for c in good])
    if extent == "auto":
        core = np.isin(labels, [c.number for c in good if c.mm3 >= LARGE_MM3])
        if core.any():
            away = _distance(core, evidence.grid)
            mask |= _grown(core, bright & (away <= REACH_MM))
            beside = [c for c in components if not c.reason and c.white >= LOOSE_WHITE]
            for component in beside:
                own = labels[component.box] == component.number
                if away[component.box][own].min() <= BESIDE_MM:
                    mask[component.box] |= own
    return mask.astype(np.int32), tuple(_rejected(labels, components, mask, evidence.grid))


def eroded(mask: Mask, margin_mm: float, grid: Grid) -> Mask:
    """A mask without its rim; along axes coarser than the margin nothing is taken."""
    from scipy.ndimage import minimum_filter

    size = tuple(2 * int(margin_mm / edge + 1e-6) + 1 for edge in grid.spacing_mm)
    inner: Mask = minimum_filter(mask, size=size, mode="constant", cval=False)
    return inner


def _components(labels: NDArray[np.int32], evidence: Evidence, seed: float) -> Iterator[_Component]:
    """Every component that holds a seed, with its measures and what speaks against it."""
    from scipy.ndimage import find_objects

    seeds = (evidence.z > seed) & (evidence.white > SEED_WHITE)
    seeds &= eroded(evidence.brain, SEED_RIM_MM, evidence.grid)
    boxes = find_objects(labels)
    depth = _distance(~evidence.brain, evidence.grid)
    for number in (int(n) for n in np.unique(labels[seeds]) if n):
        box = boxes[number - 1]
        own = labels[box] == number
        mm3 = float(np.count_nonzero(own)) * evidence.grid.voxel_volume_mm3
        white = float(evidence.white[box][own].mean())
        reason = ""
        if mm3 < LEAST_MM3 * (1 - 1e-6):
            reason = "speck"
        elif _fluid_around(labels, number, box, evidence) > MOST_FLUID:
            reason = "surrounded_by_fluid"
        elif evidence.traps[box][own].mean() > MOST_TRAPPED:
            reason = "septum_or_flow"
        elif _is_faint_cap(evidence, box, own, seed):
            reason = "faint_cap"
        elif float(np.median(depth[box][own])) < EDGE_MM:
            reason = "brain_edge"
        yield _Component(number, box, mm3, white, reason)


def _is_faint_cap(evidence: Evidence, box: Box, own: Mask, seed: float) -> bool:
    """A thin band along the ventricle that is nowhere much brighter than a seed must be."""
    thin = float(evidence.wall_mm[box][own].max()) <= CAP_MM
    return thin and float(evidence.z[box][own].max()) < seed + CAP_MARGIN


def _fluid_around(labels: NDArray[np.int32], number: int, box: Box, evidence: Evidence) -> float:
    spacing = evidence.grid.spacing_mm
    margins = [int(np.ceil(SHELL_MM / edge)) for edge in spacing]
    wide = tuple(
        slice(max(0, side.start - margin), side.stop + margin)
        for side, margin in zip(box, margins, strict=True)
    )
    own = labels[wide] == number
    near = _distance(own, evidence.grid)
    shell = (near > 0) & (near <= max(SHELL_MM, min(spacing)))
    return float(evidence.fluid[wide][shell].mean()) if shell.any() else 0.0


def _white_enough(component: _Component, extent: str) -> bool:
    loose = extent == "cortical" or (extent == "auto" and component.mm3 >= LARGE_MM3)
    return component.white >= (LOOSE_WHITE if loose else LEAST_WHITE)


def _grown(core: Mask, bright: Mask) -> Mask:
    """What of `bright` hangs together with `core`."""
    labels = connected_components(bright | core)
    grown: Mask = np.isin(labels, np.unique(labels[core]))
    return grown


def _distance(mask: Mask, grid: Grid) -> NDArray[np.float64]:
    from scipy.ndimage import distance_transform_edt

    away: NDArray[np.float64] = distance_transform_edt(~mask, sampling=grid.spacing_mm)
    return away


def _rejected(
    labels: NDArray[np.int32], components: list[_Component], mask: Mask, grid: Grid
) -> Iterator[Rejected]:
    for component in components:
        own = labels[component.box] == component.number
        if mask[component.box][own].any():
            continue
        start = np.array([side.start for side in component.box])
        x, y, z = (float(v) for v in grid.to_mm(np.argwhere(own).mean(axis=0) + start))
        yield Rejected((x, y, z), component.mm3, component.reason or "not_in_white_matter")
