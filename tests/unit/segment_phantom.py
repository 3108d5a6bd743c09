"""A noisy brain of three tissues with bright balls in it, whose answer is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.geometry import Grid
from lesionaid.study.scan import Contrast, Scan, Source, Study

SITE = {name: code for code, name in SITES.items()}
BRAIN_MM, RIBBON_MM, VENTRICLE_MM = 45.0, 4.0, 12.0
WHITE, GRAY, FLUID, LESION = 100.0, 112.0, 20.0, 165.0
NOISE = 5.0


def grid_of(spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> Grid:
    shape = tuple(2 * round(50.0 / edge) for edge in spacing)
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [-(n - 1) / 2 * edge for n, edge in zip(shape, spacing, strict=True)]
    return Grid((shape[0], shape[1], shape[2]), affine)


def radius(grid: Grid, centre: Sequence[float] = (0.0, 0.0, 0.0)) -> NDArray[np.float64]:
    mm = grid.to_mm(np.indices(grid.shape).reshape(3, -1).T)
    return np.linalg.norm(mm - np.asarray(centre), axis=1).reshape(grid.shape)


def ball(grid: Grid, centre: Sequence[float], mm: float) -> NDArray[np.bool_]:
    return radius(grid, centre) <= mm


def anatomy_of(grid: Grid) -> AnatomyMap:
    """A ball of white matter with a ventricle inside and a ribbon of cortex outside."""
    away = radius(grid)
    sites = np.zeros(grid.shape, dtype=np.uint8)
    sites[away <= BRAIN_MM] = SITE["cortex"]
    sites[away <= BRAIN_MM - RIBBON_MM] = SITE["white_matter"]
    sites[away <= VENTRICLE_MM] = SITE["lateral_ventricle"]
    lobes = np.zeros(grid.shape, dtype=np.uint8)
    return AnatomyMap(grid, sites, lobes, {}, None, "labels", 0.5, {})


def study_of(
    grid: Grid, bright: NDArray[np.bool_], *, seed: int = 1, signal: float = LESION
) -> Study:
    """FLAIR of the phantom, with `bright` voxels at one signal, and noise."""
    sites = anatomy_of(grid).sites
    image = np.zeros(grid.shape)
    for name, value in (("white_matter", WHITE), ("cortex", GRAY), ("lateral_ventricle", FLUID)):
        image[sites == SITE[name]] = value
    image[bright & (sites > 0)] = signal
    noise = np.random.default_rng(seed).normal(0, NOISE, grid.shape)
    image = np.where(sites > 0, image + noise, 0)
    source = Source("flair.nii.gz", "x", "RAS", grid)
    scan = Scan(image.astype(np.float32), grid, Contrast.FLAIR, source)
    return Study(scans={Contrast.FLAIR: scan}, reference=grid, aligned=True)
