"""Rings on T2: a dark line round the lesion, and bands one inside the other.

A dark rim on T2 is seen in tumefactive demyelination and abscess (PMID 22573639); alternating
bands are Balo's concentric sclerosis. Neither has a definition in numbers; those here are
proposed. Both are means over a direction or a whole layer of depth, so that single dark voxels,
which noise and vessels make, do not add up to a ring.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.depth import (
    N_SECTORS,
    explain,
    mean_where,
    no_value,
    not_deep,
    of_lesions,
    own_mm,
    sectors,
    usable,
    within,
)
from lesionaid.features.intensity import NO_ANATOMY
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.resolution import too_coarse
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.tissue_levels import Levels, TissueLevels
from lesionaid.features.voxels import Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Unit, Unknown
from lesionaid.study.scan import Contrast, Scan, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["RING_SPECS", "ring_measurements"]

SHELLS_MM = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""The line is looked for in steps of 1 mm within 2 mm of the edge: masks end on either side."""

BEYOND_MM = (3.0, 6.0)
"""What the line must be darker than, too."""

DARK_SD = 2.0
MIN_SECTOR_VOXELS = 3

RIM_RADIUS_MM = 5.0
RING_RADIUS_MM = 8.0
IN_PLANE_MM = 1.5
THROUGH_MM = 3.2
"""A line of one or two mm needs voxels of about 1 mm in plane; bands need it along every axis."""

BAND_SHARE = 0.2
"""Depth of a dark band, as a share of the brightest layer's contrast to white matter."""

DARK_SITES = ("white_matter", "corpus_callosum", "brainstem")
"""Cortex and deep grey matter have lines and nuclei of their own on T2."""

_NEEDS = ("T2w", "lesions", "anatomy")

RING_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "t2_dark_rim_completeness",
        Unit.NONE,
        "lesion",
        "Share of 24 directions from the lesion's centre in which a millimetre within 2 mm of "
        "its edge is darker on T2w than normal-appearing white matter by 2 robust standard "
        "deviations, and than the tissue 3 to 6 mm outside by one; from a radius of 5 mm on.",
        _NEEDS,
        "proposed, after PMID 22573639",
        validated=False,
    ),
    MeasurementSpec(
        "t2_dark_bands",
        Unit.COUNT,
        "lesion",
        "Dark bands on T2w between brighter ones, from the edge to the core of the lesion, in "
        "layers of 1 mm: a fifth of the lesion's contrast deep; from a radius of 8 mm on.",
        _NEEDS,
        "proposed: no definition in numbers is published",
        validated=False,
    ),
)

_RIM, _BANDS = (spec.name for spec in RING_SPECS)


def ring_measurements(
    study: Study,
    lesions: LesionMap,
    around: Surroundings,
    anatomy: AnatomyMap | None,
    levels: Levels,
    scale: SizeScale,
) -> Rows:
    """Dark rim and bands of every lesion.

    Parameters
    ----------
    study : Study
        Aligned.
    lesions : LesionMap
    around : Surroundings
    anatomy : AnatomyMap or None
    levels : mapping of Contrast to TissueLevels or Unknown
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`RING_SPECS`.
    """
    level = levels[Contrast.T2W]
    if isinstance(level, Unknown):
        return whole_column(lesions, (_RIM, _BANDS), level)
    if anatomy is None:
        return whole_column(lesions, (_RIM, _BANDS), NO_ANATOMY)
    scan = study.scans[Contrast.T2W]
    return merge(
        _dark_rim(lesions, around, scan, anatomy, level, scale),
        _bands(lesions, around, scan, level, scale),
    )


def _dark_rim(
    lesions: LesionMap,
    around: Surroundings,
    scan: Scan,
    anatomy: AnatomyMap,
    level: TissueLevels,
    scale: SizeScale,
) -> Rows:
    why = too_coarse(scan, own_mm(scale, IN_PLANE_MM), own_mm(scale, THROUGH_MM))
    if why is not None:
        return whole_column(lesions, (_RIM,), why)
    small = not_deep(around, scale, RIM_RADIUS_MM)
    own = within(around, 0.0)
    lost = no_value(own, usable(own, scan)[1])
    share = np.zeros(around.voxels.ids.size)
    share[~small[0]] = _dark_share(of_lesions(around, ~small[0]), scan, anatomy, level, scale)
    return explain(
        around.voxels, _RIM, share, lambda value: Quantity(value, Unit.NONE), lost, small
    )


def _dark_share(
    around: Surroundings, scan: Scan, anatomy: AnatomyMap, level: TissueLevels, scale: SizeScale
) -> NDArray[np.float64]:
    """Share of the directions with a dark line, shape (m,)."""
    values, valid = usable(around, scan)
    site = around.voxels.take(anatomy.sites)
    tissue = valid & (around.inside | np.isin(site, [site_code(name) for name in DARK_SITES]))

    def shell(low: float, high: float) -> NDArray[np.bool_]:
        return tissue & around.shell(own_mm(scale, low), own_mm(scale, high))

    beyond = sectors(around, values, shell(*BEYOND_MM))
    dark = np.zeros((around.voxels.ids.size, N_SECTORS), dtype=bool)
    for low, high in pairwise(SHELLS_MM):
        step = sectors(around, values, shell(low, high))
        line = step.count >= MIN_SECTOR_VOXELS
        line &= step.mean <= level.white - DARK_SD * level.white_sd
        dark |= line & (beyond.count > 0) & (step.mean <= beyond.mean - level.white_sd)
    return sectors(around, values, shell(SHELLS_MM[0], SHELLS_MM[-1])).share(dark)


def _bands(
    lesions: LesionMap, around: Surroundings, scan: Scan, level: TissueLevels, scale: SizeScale
) -> Rows:
    why = too_coarse(scan, own_mm(scale, IN_PLANE_MM), own_mm(scale, IN_PLANE_MM))
    if why is not None:
        return whole_column(lesions, (_BANDS,), why)
    shallow = not_deep(around, scale, RING_RADIUS_MM)
    own = within(around, 0.0)
    lost = no_value(own, usable(own, scan)[1])
    found = np.zeros(around.voxels.ids.size)
    found[~shallow[0]] = _band_counts(of_lesions(around, ~shallow[0]), scan, level, scale)
    return explain(
        around.voxels, _BANDS, found, lambda value: Quantity(value, Unit.COUNT), lost, shallow
    )


def _band_counts(
    around: Surroundings, scan: Scan, level: TissueLevels, scale: SizeScale
) -> NDArray[np.float64]:
    """Dark bands of every lesion, shape (m,)."""
    values, _ = usable(around, scan)
    deepest = -float(around.signed_mm.min(initial=0.0)) * (scale.factor or 1.0)
    layers = [
        np.stack(mean_where(around, values, around.inside & around.shell(-high, -low)))
        for low, high in _layers(deepest, scale)
    ]
    mean, count = np.stack(layers, axis=1)  # each of shape (layers, m)
    seen = count >= MIN_SECTOR_VOXELS
    return np.array(
        [_dark_bands(mean[seen[:, row], row], level) for row in range(around.voxels.ids.size)],
        dtype=float,
    )


def _layers(deepest_mm: float, scale: SizeScale) -> list[tuple[float, float]]:
    """Layers of 1 mm of the patient from the edge inwards, in mm of the images."""
    return [
        (own_mm(scale, float(low)), own_mm(scale, float(low) + 1.0))
        for low in range(max(1, int(np.ceil(deepest_mm))))
    ]


def _dark_bands(profile: NDArray[np.float64], level: TissueLevels) -> int:
    """Falls that are followed by a rise, each of a fifth of the contrast at least."""
    if not profile.size:
        return 0
    step = max(BAND_SHARE * float(profile.max() - level.white), DARK_SD * level.white_sd)
    bands, falling, top, bottom = 0, False, float(profile[0]), float(profile[0])
    for value in profile.tolist():
        if falling:
            bottom = min(bottom, value)
            if value >= bottom + step:
                bands, falling, top = bands + 1, False, value
        else:
            top = max(top, value)
            if value <= top - step:
                falling, bottom = True, value
    return bands
