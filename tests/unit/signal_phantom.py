"""A lesion in the brain of boxes, measured for its signal alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.reference_tissue import normal_white_matter
from lesionaid.features.signal import signal_measurements
from lesionaid.features.surroundings import surroundings
from lesionaid.features.voxels import lesion_voxels
from lesionaid.geometry import Grid
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Value
from lesionaid.study.scan import Contrast, Scan, Study
from tests.unit.anatomy_phantom import (
    SITE,
    grid_of,
    lesions_of,
    phantom_anatomy,
    study_of,
    tissue_image,
)

GRID = grid_of()
ANATOMY = phantom_anatomy(GRID)
CENTRE = (14.0, 14.0, 0.5)
T2W_FLUID = 300.0
NOISE = 2.0


def scan_signal(contrast: Contrast, grid: Grid = GRID, seed: int = 0) -> NDArray[np.float64]:
    """White matter of 100 with noise of 2, fluid bright on T2w."""
    anatomy = ANATOMY if grid is GRID else phantom_anatomy(grid)
    image = tissue_image(anatomy, contrast)
    if contrast is Contrast.T2W:
        image[np.isin(anatomy.sites, (SITE["lateral_ventricle"], SITE["csf"]))] = T2W_FLUID
        image[anatomy.sites == SITE["cortex"]] = 130.0
    return image + np.random.default_rng(seed + len(contrast)).normal(0.0, NOISE, image.shape)


def signal_of(
    study: Study,
    mask: NDArray[np.generic],
    anatomy: AnatomyMap | None = ANATOMY,
    grid: Grid = GRID,
) -> dict[int, dict[str, Value]]:
    """Every measurement of signal, by lesion."""
    lesions = lesions_of(grid, mask)
    voxels = lesion_voxels(lesions, grid)
    around = surroundings(voxels)
    tissue = normal_white_matter(anatomy, voxels) if anatomy else None
    scale = SizeScale(study.space, study.native_scale)
    return signal_measurements(study, anatomy, tissue, lesions, voxels, around, scale)


def row_of(
    images: dict[Contrast, NDArray[np.float64]], mask: NDArray[np.generic], **more: object
) -> dict[str, Value]:
    """Measurements of the largest lesion."""
    return signal_of(study_of(GRID, images, **more), mask)[1]


def number(value: Value) -> float:
    assert isinstance(value, Quantity), value
    return value.value


def word(value: Value) -> str:
    assert isinstance(value, Category), value
    return value.value


def stored_on(scan: Scan, grid: Grid) -> Scan:
    """The scan as if it had been stored on another grid."""
    from dataclasses import replace

    return replace(scan, source=replace(scan.source, grid=grid))
