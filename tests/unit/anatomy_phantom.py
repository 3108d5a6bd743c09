"""A brain of boxes whose every distance is known in closed form, and scans of it.

Along x, from the middle outwards: lateral ventricle (4 mm to each side), white matter,
cortex (24 to 27 mm), cerebrospinal fluid. Above z = 15 the middle is corpus callosum;
below z = -22 everything is cerebellum. A block of deep grey matter lies on each side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import LOBES, SITES, AnatomyMap
from lesionaid.geometry import Grid
from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.study.scan import Contrast, LesionMask, Scan, Source, Study

SITE = {name: code for code, name in SITES.items()}
LOBE = {name: code for code, name in LOBES.items()}

TISSUE_SIGNAL = {
    Contrast.T1W: {"white_matter": 100.0, "cortex": 75.0, "deep_gray_matter": 85.0, "csf": 30.0},
    Contrast.FLAIR: {
        "white_matter": 100.0,
        "cortex": 125.0,
        "deep_gray_matter": 115.0,
        "csf": 20.0,
    },
}
LIKE = {
    "corpus_callosum": "white_matter",
    "brainstem": "white_matter",
    "cerebellum": "cortex",
    "lateral_ventricle": "csf",
}


def grid_of(
    spacing: Sequence[float] = (1.0, 1.0, 1.0), half_mm: Sequence[float] = (30.0, 30.0, 30.0)
) -> Grid:
    """A grid centred on 0 whose voxel centres straddle the middle plane."""
    shape = tuple(2 * round(h / s) for h, s in zip(half_mm, spacing, strict=True))
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [-(n - 1) / 2 * s for n, s in zip(shape, spacing, strict=True)]
    return Grid((shape[0], shape[1], shape[2]), affine)


def positions(grid: Grid) -> NDArray[np.float64]:
    return grid.to_mm(np.indices(grid.shape).reshape(3, -1).T).reshape(*grid.shape, 3)


def ventricle_distance(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    q = np.stack([np.abs(xyz[..., 0]) - 4.0, xyz[..., 2] - 15.0], axis=-1)
    return np.linalg.norm(np.maximum(q, 0), axis=-1) + np.minimum(q.max(axis=-1), 0)


def cortex_distance(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.abs(xyz[..., 0])
    return np.maximum(24.0 - x, x - 27.0)


def phantom_anatomy(grid: Grid) -> AnatomyMap:
    xyz = positions(grid)
    x, y, z = np.abs(xyz[..., 0]), xyz[..., 1], xyz[..., 2]
    sites = np.full(grid.shape, SITE["white_matter"], dtype=np.uint8)
    sites[x > 24] = SITE["cortex"]
    sites[x > 27] = SITE["csf"]
    sites[(x > 8) & (x < 14) & (np.abs(y) < 6) & (np.abs(z) < 6)] = SITE["deep_gray_matter"]
    sites[x < 4] = SITE["lateral_ventricle"]
    sites[(x < 4) & (z > 15)] = SITE["corpus_callosum"]
    sites[z < -22] = SITE["cerebellum"]
    lobes = np.zeros(grid.shape, dtype=np.uint8)
    right, front, upper = xyz[..., 0] > 0, y > 0, z > -22
    for name, where in (
        ("frontal_left", ~right & front),
        ("frontal_right", right & front),
        ("parietal_left", ~right & ~front),
        ("parietal_right", right & ~front),
    ):
        lobes[where & upper] = LOBE[name]
    return AnatomyMap(
        grid=grid,
        sites=sites,
        lobes=lobes,
        distances_mm={
            "lateral_ventricle": ventricle_distance(xyz).astype(np.float32),
            "cortex": cortex_distance(xyz).astype(np.float32),
        },
        mni_mm=xyz.astype(np.float32),
        source="template",
        error_mm=1.0,
        quality={},
    )


def source_of(grid: Grid) -> Source:
    return Source("phantom.nii.gz", "", "RAS", grid)


def ball_mm(grid: Grid, centre: Sequence[float], radius: float) -> NDArray[np.bool_]:
    return np.linalg.norm(positions(grid) - np.asarray(centre), axis=-1) <= radius


def lesions_of(grid: Grid, data: NDArray[np.generic], kind: str = "binary") -> LesionMap:
    mask = LesionMask(data.astype(np.int32), grid, source_of(grid), kind=kind)  # type: ignore[arg-type]
    return lesion_map(mask)


def tissue_image(anatomy: AnatomyMap, contrast: Contrast) -> NDArray[np.float64]:
    signal = TISSUE_SIGNAL.get(contrast, TISSUE_SIGNAL[Contrast.T1W])
    image = np.zeros(anatomy.grid.shape)
    for code, name in SITES.items():
        image[anatomy.sites == code] = signal.get(LIKE.get(name, name), 0.0)
    return image


def scan_of(
    grid: Grid,
    contrast: Contrast,
    data: NDArray[np.generic],
    valid: NDArray[np.bool_] | None = None,
) -> Scan:
    return Scan(data.astype(np.float32), grid, contrast, source_of(grid), valid)


def study_of(grid: Grid, images: Mapping[Contrast, NDArray[np.generic]], **more: object) -> Study:
    scans = {contrast: scan_of(grid, contrast, data) for contrast, data in images.items()}
    return Study(scans=scans, reference=grid, aligned=True, **more)  # type: ignore[arg-type]
