"""Contrast enhancement of each lesion, from matched T1w scans.

Only voxels of the lesion mask are ever called enhanced: elsewhere vessels, dura and
choroid plexus make hundreds of enhancing components in every brain. Lesion voxels that
the region map puts into a ventricle or into cerebrospinal fluid are left out for the same
reason, and so is what belongs to a vessel, dura or plexus that runs on outside
(:mod:`lesionaid.features.enhancement_outside`).

The classes follow a trial on three real pairs without a known enhancing lesion: a hot
core alone appeared in up to two of 44 true lesions, a hot core with 15 % of the lesion in
none. So the first is `possible` and the second `likely`; sensitivity was not measured. A core
that gains twice the floor is `likely` too (proposed), or no dot in a large lesion could ever
be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.bright_after import BRIGHT_SPECS, bright_measurements
from lesionaid.features.enhancement_beside import BESIDE_SPECS, beside_measurements
from lesionaid.features.enhancement_class import (
    CLASS_SPECS,
    CORE_MM3,
    CORE_VOXELS,
    HOT_Z,
    LIKELY_FRACTION,
    STRONG,
    classify,
    hot_parts,
)
from lesionaid.features.enhancement_outside import KINDS, explain
from lesionaid.features.enhancement_pattern import PATTERN_NAMES, PATTERN_SPECS, pattern_of
from lesionaid.features.enhancement_ring import HotLesion
from lesionaid.features.intensity import NO_ANATOMY
from lesionaid.features.reference_tissue import in_sites
from lesionaid.features.subtraction import Difference, enhancement_difference
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import (
    LesionVoxels,
    Rows,
    merge,
    whole_column,
)
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["ENHANCEMENT_SPECS", "enhancement_measurements"]

_SITES_WITH_VESSELS = ("lateral_ventricle", "third_ventricle", "fourth_ventricle", "csf")

ENHANCEMENT_SPECS: tuple[MeasurementSpec, ...] = (
    *CLASS_SPECS,
    MeasurementSpec(
        "enhancement_noise_percent",
        Unit.PERCENT,
        "study",
        "Robust SD of the matched difference in normal-appearing white matter, in percent of "
        "its signal; four times this is the least enhancement of a voxel that counts.",
        ("T1w", "T1w_ce", "anatomy"),
        "proposed",
    ),
    *PATTERN_SPECS,
    *BESIDE_SPECS,
    *BRIGHT_SPECS,
)

_CLASS_NAMES = tuple(spec.name for spec in CLASS_SPECS)
_ALONE = frozenset(spec.name for spec in BRIGHT_SPECS)
_PAIRED = tuple(spec for spec in ENHANCEMENT_SPECS if spec.name not in _ALONE)
_LESION_NAMES = tuple(spec.name for spec in _PAIRED if spec.level == "lesion")
_STUDY_NAMES = tuple(spec.name for spec in _PAIRED if spec.level == "study")


def enhancement_measurements(
    study: Study,
    anatomy: AnatomyMap | None,
    tissue: NDArray[np.bool_] | None,
    lesions: LesionMap,
    around: Surroundings,
    scale: SizeScale,
) -> tuple[Rows, dict[str, Value]]:
    """Enhancement of every lesion with its pattern, and the noise of the study.

    Parameters
    ----------
    study : Study
        Aligned.
    anatomy : AnatomyMap or None
    tissue : ndarray of bool or None
        Normal-appearing white matter.
    lesions : LesionMap
    around : Surroundings
        On ``anatomy.grid``.
    scale : SizeScale

    Returns
    -------
    rows : dict of int to dict of str to Value
    study : dict of str to Value
    """
    voxels = around.chosen(around.inside)
    bright = bright_measurements(study, anatomy, tissue, lesions, voxels, scale)
    difference = _difference(study, anatomy, tissue, voxels)
    if isinstance(difference, Unknown) or anatomy is None:
        why = NO_ANATOMY if not isinstance(difference, Unknown) else difference
        rows = whole_column(lesions, _LESION_NAMES, why)
        return merge(rows, bright), dict.fromkeys(_STUDY_NAMES, why)
    voxel_mm = _voxel_mm(study, anatomy)
    # Without noise, as in a phantom, any gain at all would be hot: 1e-3 % is rounding.
    floor = max(HOT_Z * difference.noise_percent, 1e-3)
    beside, whole = beside_measurements(
        difference, floor, anatomy, around, lesions, scale, voxel_mm
    )
    noise = difference.noise_percent
    holes = voxels.ids[voxels.minimum(difference.valid_at(voxels.index)) == 0]
    nearby = difference.at(around.voxels.index).astype(np.float64)
    del difference  # a volume, and all that is still needed of it is at hand
    at = _Taken(around, nearby, noise, anatomy, voxel_mm)
    rows = merge(_measure(at, floor, voxels, scale), beside)
    hole = Unknown(Reason.NOT_FINITE, "voxels of the lesion have no value in both T1w scans")
    for lesion in holes.tolist():
        rows[lesion] = dict.fromkeys(_LESION_NAMES, hole)
    whole["enhancement_noise_percent"] = Quantity(noise, Unit.PERCENT)
    return merge(rows, bright), whole


def _voxel_mm(study: Study, anatomy: AnatomyMap) -> float:
    """Longest voxel edge of the two scans as they were stored, and of the grid."""
    grids = [study.scans[one].source.grid for one in (Contrast.T1W, Contrast.T1W_CE)]
    return max(max(grid.spacing_mm) for grid in (*grids, anatomy.grid))


def _difference(
    study: Study,
    anatomy: AnatomyMap | None,
    tissue: NDArray[np.bool_] | None,
    voxels: LesionVoxels,
) -> Difference | Unknown:
    missing = tuple(one.value for one in (Contrast.T1W, Contrast.T1W_CE) if one not in study.scans)
    if missing:
        return Unknown(Reason.IMAGE_MISSING, f"no {' and no '.join(missing)}", needs=missing)
    if anatomy is None or tissue is None:
        return NO_ANATOMY
    return enhancement_difference(
        study.scans[Contrast.T1W],
        study.scans[Contrast.T1W_CE],
        anatomy,
        tissue,
        voxels.index,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """What every lesion's pattern is read from."""

    around: Surroundings
    gained: NDArray[np.float64]
    noise: float
    anatomy: AnatomyMap
    voxel_mm: float


def _measure(at: _Taken, floor: float, voxels: LesionVoxels, scale: SizeScale) -> Rows:
    around = at.around
    gained = at.gained[around.inside]
    fluid = in_sites(voxels.take(at.anatomy.sites), _SITES_WITH_VESSELS)
    kind = explain(around, at.gained > floor, at.gained, at.anatomy)[around.inside]
    hot = (gained > floor) & ~fluid & (kind == 0)
    core, strong = hot_parts(voxels, hot, gained, STRONG * floor)
    fraction = voxels.mean(hot)
    voxel_mm3 = voxels.grid.voxel_volume_mm3
    explained = np.stack([voxels.total(kind == code) for code in range(1, len(KINDS))])
    rows = merge(
        voxels.quantities("enhancement_percent", voxels.quantile(gained, 0.5), Unit.PERCENT),
        voxels.quantities("enhancement_p90_percent", voxels.quantile(gained, 0.9), Unit.PERCENT),
        voxels.quantities("enhanced_fraction", fraction, Unit.NONE),
        voxels.sizes("enhanced_volume_mm3", core * voxel_mm3, Unit.MM3, scale),
        voxels.sizes(
            "enhancement_explained_volume_mm3", explained.sum(axis=0) * voxel_mm3, Unit.MM3, scale
        ),
    )
    least = max(CORE_VOXELS, CORE_MM3 / voxel_mm3)
    for row, lesion in enumerate(voxels.ids.tolist()):
        surely = fraction[row] >= LIKELY_FRACTION or strong[row] >= least
        value = classify(
            int(voxels.counts[row]), max(int(core[row]), int(strong[row])), surely, least, floor
        )
        by = int(explained[:, row].argmax()) + 1 if explained[:, row].any() else 0
        rows[lesion]["enhancement_class"] = value
        rows[lesion]["enhancement_explained_by"] = Category(KINDS[by])
        rows[lesion] |= _pattern(value, at, hot, voxels, row, scale)
    for lesion, why in voxels.missing.items():
        rows[lesion] = dict.fromkeys((*_CLASS_NAMES, *PATTERN_NAMES), why)
    return rows


def _pattern(
    value: Value,
    at: _Taken,
    hot: NDArray[np.bool_],
    voxels: LesionVoxels,
    row: int,
    scale: SizeScale,
) -> dict[str, Value]:
    """Pattern of one lesion; unknown unless it surely enhances."""
    if isinstance(value, Unknown):
        return dict.fromkeys(PATTERN_NAMES, value)
    if value == Category("none"):
        why = Unknown(Reason.DEGENERATE_SHAPE, "nothing enhances, so it has no pattern")
        return dict.fromkeys(PATTERN_NAMES, why)
    if value != Category("likely"):
        why = Unknown(Reason.BELOW_NOISE, "whether it enhances is within the noise")
        return dict.fromkeys(PATTERN_NAMES, why)
    start = int(at.around.voxels.starts[row])
    span = slice(start, start + int(at.around.voxels.counts[row]))
    own = slice(int(voxels.starts[row]), int(voxels.starts[row] + voxels.counts[row]))
    index, inside = at.around.voxels.index[span], at.around.inside[span]
    counted = np.zeros(inside.size, dtype=bool)
    counted[inside] = hot[own]
    distances = at.anatomy.distances_mm
    lesion = HotLesion(
        grid=voxels.grid,
        index=index,
        signed_mm=at.around.signed_mm[span],
        inside=inside,
        hot=counted,
        gained=at.gained[span],
        noise=at.noise,
        voxel_mm=at.voxel_mm,
        ventricle_mm=distances["lateral_ventricle"].reshape(-1)[index],
        cortex_mm=distances["cortex"].reshape(-1)[index],
        error_mm=at.anatomy.error_mm,
    )
    return pattern_of(lesion, scale)
