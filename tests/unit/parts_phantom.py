"""Named parts and zones laid over the brain of boxes, and lesions that lie in them.

Ventricle and callosum are divided at y = 10 and y = -10; the block of deep grey matter is thalamus
behind y = 0 and putamen before it. A corticospinal corridor runs down at x = 14 to 18, through
capsule (z -6 to 6) and midbrain (z -22 to -10). Other parts are boxes beside the wall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import PARTS, ZONES, AnatomyMap
from lesionaid.context import ClinicalContext
from lesionaid.features.catalogue import measure
from lesionaid.geometry import Grid
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.derive import derive
from lesionaid.study.scan import Study
from lesionaid.tables import MeasurementTable, SignTable
from tests.unit.anatomy_phantom import LOBE, SITE, lesions_of, phantom_anatomy, positions

PART = {name: code for code, name in PARTS.items()}
ZONE = {name: code for code, name in ZONES.items()}

Box = tuple[Sequence[float], Sequence[float]]

IN_PARTS: dict[str, Box] = {
    "ventricle_frontal_horn": ((0, 10, -22), (4, 30, 15)),
    "ventricle_body": ((0, -10, -22), (4, 10, 15)),
    "ventricle_atrium": ((0, -30, -22), (4, -10, 15)),
    "callosum_genu": ((0, 10, 15), (4, 30, 30)),
    "callosum_body": ((0, -10, 15), (4, 10, 30)),
    "callosum_splenium": ((0, -30, 15), (4, -10, 30)),
    "thalamus": ((8, -6, -6), (14, 0, 6)),
    "putamen": ((8, 0, -6), (14, 6, 6)),
    "hypothalamus": ((4, 10, -20), (8, 16, -14)),
    "internal_capsule": ((14, -6, -6), (20, 6, 6)),
    "midbrain": ((12, -8, -22), (20, 8, -10)),
    "pons": ((4, -8, -28), (10, 8, -22)),
    "medulla": ((4, -20, -28), (10, -8, -22)),
    "middle_cerebellar_peduncle": ((10, -10, -28), (20, 10, -22)),
    "inferior_temporal": ((12, -28, -20), (24, -14, -8)),
}
IN_ZONES: dict[str, Box] = {
    "corticospinal": ((14, -4, -22), (18, 4, 22)),
    "third_ventricle_lining": ((4, -8, -18), (7, 10, -10)),
    "fourth_ventricle_lining": ((4, -28, -18), (7, -14, -10)),
    "periaqueductal": ((12, -8, -22), (14, -2, -10)),
    "dorsal_medulla": ((4, -20, -28), (10, -14, -22)),
}
"""Both sides of the middle, in |x|, y and z."""


def box(grid: Grid, low: Sequence[float], high: Sequence[float]) -> NDArray[np.bool_]:
    """A lesion of one side."""
    xyz = positions(grid)
    inside: NDArray[np.bool_] = np.all((xyz > low) & (xyz < high), axis=-1)
    return inside


def anatomy_with_parts(grid: Grid, **changes: object) -> AnatomyMap:
    xyz = positions(grid) * 1.0
    xyz[..., 0] = np.abs(xyz[..., 0])
    parts, zones = (np.zeros(grid.shape, dtype=np.uint8) for _ in range(2))
    for volume, codes, boxes in ((parts, PART, IN_PARTS), (zones, ZONE, IN_ZONES)):
        for name, (low, high) in boxes.items():
            volume[np.all((xyz > low) & (xyz < high), axis=-1)] = codes[name]
    anatomy = phantom_anatomy(grid)
    sites, lobes = anatomy.sites.copy(), anatomy.lobes.copy()
    sites[np.isin(parts, [PART[name] for name in ("midbrain", "pons", "medulla")])] = SITE[
        "brainstem"
    ]
    temporal = parts == PART["inferior_temporal"]
    right = positions(grid)[..., 0] > 0
    lobes[temporal & right] = LOBE["temporal_right"]
    lobes[temporal & ~right] = LOBE["temporal_left"]
    made: dict[str, Any] = {"sites": sites, "lobes": lobes, "parts": parts, "zones": zones}
    return replace(anatomy, **(made | changes))


def ellipsoid(
    grid: Grid,
    centre: Sequence[float],
    radii: Sequence[float],
    degrees: float = 0.0,
    axes: str = "xy",
) -> NDArray[np.bool_]:
    """An ellipsoid whose first axis is turned from x in a plane."""
    first, second = "xyz".index(axes[0]), "xyz".index(axes[1])
    turn = np.eye(3)
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn[first, first] = turn[second, second] = cosine
    turn[first, second], turn[second, first] = -sine, sine
    local = (positions(grid) - np.asarray(centre)) @ turn
    inside: NDArray[np.bool_] = np.linalg.norm(local / np.asarray(radii), axis=-1) <= 1
    return inside


def table_of(
    grid: Grid, mask: NDArray[np.generic], anatomy: AnatomyMap | None = None, **more: object
) -> MeasurementTable:
    study = Study(scans={}, reference=grid, aligned=True, **more)  # type: ignore[arg-type]
    return measure(study, anatomy or anatomy_with_parts(grid), lesions_of(grid, mask))


def signs_of(
    grid: Grid, mask: NDArray[np.generic], anatomy: AnatomyMap | None = None, **more: object
) -> SignTable:
    return derive(table_of(grid, mask, anatomy, **more), load_catalogue(), ClinicalContext())
