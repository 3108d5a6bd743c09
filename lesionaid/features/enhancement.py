"""Contrast enhancement of each lesion, from matched T1w scans.

Only voxels of the lesion mask are ever called enhanced: elsewhere vessels, dura and
choroid plexus make hundreds of enhancing components in every brain. Lesion voxels that
the region map puts into a ventricle or into cerebrospinal fluid are left out for the same
reason, and so is what belongs to a vessel, dura or plexus that runs on outside
(:mod:`lesionaid.features.enhancement_outside`).

The classes follow a trial on three real pairs without a known enhancing lesion: a hot
core alone appeared in up to two of 44 true lesions, a hot core with 15 % of the lesion in
none. So the first is `possible` and the second `likely`; sensitivity was not measured. A core
that gains twice the floor is `likely` too, or no dot in a large lesion could ever be: the
cores of that trial lay just above the floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.enhancement_outside import KINDS, explain
from lesionaid.features.enhancement_pattern import (
    PATTERN_NAMES,
    PATTERN_SPECS,
    HotLesion,
    pattern_of,
)
from lesionaid.features.intensity import NO_ANATOMY
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.subtraction import Difference, enhancement_difference
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import (
    LesionVoxels,
    Rows,
    connected_parts,
    merge,
    whole_column,
)
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["ENHANCEMENT_SPECS", "enhancement_measurements"]

HOT_Z = 4.0
"""A voxel is hot above this many robust SD of normal-appearing white matter (proposed)."""

CORE_VOXELS = 10
CORE_MM3 = 10.0
"""A hot core: this many connected hot voxels and this volume, whichever is more (proposed)."""

LIKELY_FRACTION = 0.15
"""Hot share of the lesion from which enhancement is likely (proposed)."""

STRONG = 2.0
"""Mean gain of a hot part, in floors, from which its size alone decides (proposed)."""

STRONG_VOXELS = 3
STRONG_MM3 = 3.0
"""Dots of this size and strength count together (proposed)."""

FLOOR_MAX_PERCENT = 30.0
"""Where only more than this could have been seen, "none" is not known (proposed: 4 SD were
12 to 21 % on three real pairs)."""

_SITES_WITH_VESSELS = ("lateral_ventricle", "third_ventricle", "fourth_ventricle", "csf")
_NEEDS = ("T1w", "T1w_ce", "anatomy")
_HOT = "more than 4 robust SD of normal-appearing white matter above the matched T1w"


def _spec(name: str, unit: Unit | None, description: str) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, _NEEDS, "proposed", validated=False)


ENHANCEMENT_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "enhancement_percent",
        Unit.PERCENT,
        "Median signal gained over the matched T1w, in percent of white matter.",
    ),
    _spec(
        "enhancement_p90_percent",
        Unit.PERCENT,
        "90th percentile of the signal gained, in percent of white matter.",
    ),
    _spec("enhanced_fraction", Unit.NONE, f"Fraction of the lesion that is hot: {_HOT}."),
    _spec(
        "enhanced_volume_mm3",
        Unit.MM3,
        f"Largest 26-connected part of the lesion that is hot: {_HOT}.",
    ),
    _spec(
        "enhancement_class",
        None,
        "likely: a hot part of at least 10 voxels and 10 mm3, and at least 15 % of the lesion "
        "hot, or hot parts of that volume together that gain twice the least that is hot; "
        "possible: the hot part alone; none otherwise; unknown for lesions under 10 voxels or "
        "10 mm3, and where enhancement of 30 % would drown in the noise. What a vessel, dura or "
        "choroid plexus explains does not count.",
    ),
    _spec(
        "enhancement_explained_by",
        None,
        "Structure outside that explains most of what is hot in the lesion but not counted: "
        "vessel, dura, choroid_plexus or none.",
    ),
    _spec(
        "enhancement_explained_volume_mm3",
        Unit.MM3,
        "Hot volume of the lesion that belongs to a vessel, dura or choroid plexus.",
    ),
    MeasurementSpec(
        "enhancement_noise_percent",
        Unit.PERCENT,
        "study",
        "Robust SD of the matched difference in normal-appearing white matter, in percent of "
        "its signal; four times this is the least enhancement of a voxel that counts.",
        _NEEDS,
        "proposed",
    ),
    *PATTERN_SPECS,
)

_LESION_NAMES = tuple(spec.name for spec in ENHANCEMENT_SPECS if spec.level == "lesion")


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
    difference = _difference(study, anatomy, tissue, voxels)
    if isinstance(difference, Unknown) or anatomy is None:
        why = NO_ANATOMY if not isinstance(difference, Unknown) else difference
        return whole_column(lesions, _LESION_NAMES, why), {"enhancement_noise_percent": why}
    rows = _measure(difference, anatomy, around, voxels, scale, _voxel_mm(study, anatomy))
    hole = Unknown(Reason.NOT_FINITE, "voxels of the lesion have no value in both T1w scans")
    for lesion in voxels.ids[voxels.minimum(voxels.take(difference.valid)) == 0]:
        rows[int(lesion)] = dict.fromkeys(_LESION_NAMES, hole)
    noise = Quantity(difference.noise_percent, Unit.PERCENT)
    return rows, {"enhancement_noise_percent": noise}


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
    lesion = np.zeros(int(np.prod(anatomy.grid.shape)), dtype=bool)
    lesion[voxels.index] = True
    return enhancement_difference(
        study.scans[Contrast.T1W],
        study.scans[Contrast.T1W_CE],
        anatomy,
        tissue,
        lesion.reshape(anatomy.grid.shape),
    )


def _measure(
    difference: Difference,
    anatomy: AnatomyMap,
    around: Surroundings,
    voxels: LesionVoxels,
    scale: SizeScale,
    voxel_mm: float,
) -> Rows:
    nearby = around.voxels.take(difference.percent).astype(np.float64)
    gained = nearby[around.inside]
    fluid = np.isin(voxels.take(anatomy.sites), [site_code(site) for site in _SITES_WITH_VESSELS])
    # Without noise, as in a phantom, any gain at all would be hot: 1e-3 % is rounding.
    floor = max(HOT_Z * difference.noise_percent, 1e-3)
    kind = explain(around, nearby > floor, nearby, anatomy)[around.inside]
    hot = (gained > floor) & ~fluid & (kind == 0)
    core, strong = _parts(voxels, hot, gained, STRONG * floor)
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
    at = _Taken(around, nearby, difference.noise_percent, anatomy, voxel_mm)
    for row, lesion in enumerate(voxels.ids.tolist()):
        surely = fraction[row] >= LIKELY_FRACTION or strong[row] >= least
        value = _classify(
            int(voxels.counts[row]), max(int(core[row]), int(strong[row])), surely, least, floor
        )
        by = int(explained[:, row].argmax()) + 1 if explained[:, row].any() else 0
        rows[lesion]["enhancement_class"] = value
        rows[lesion]["enhancement_explained_by"] = Category(KINDS[by])
        rows[lesion] |= _pattern(value, at, hot, voxels, row, scale)
    for lesion, why in voxels.missing.items():
        rows[lesion] = dict.fromkeys(_LESION_NAMES, why)
    return rows


def _classify(size: int, core: int, surely: bool, least: float, floor: float) -> Value:
    """Class of a lesion of `size` voxels whose largest hot part has `core` voxels."""
    if size < least:
        return Unknown(Reason.TOO_FEW_VOXELS, "smaller than the least hot core")
    if core >= least:
        return Category("likely" if surely else "possible")
    if floor > FLOOR_MAX_PERCENT:
        return Unknown(Reason.BELOW_NOISE, f"only {floor:.0f} % of white matter could be seen")
    return Category("none")


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """What every lesion's pattern is read from."""

    around: Surroundings
    gained: NDArray[np.float64]
    noise: float
    anatomy: AnatomyMap
    voxel_mm: float


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


def _parts(
    voxels: LesionVoxels,
    hot: NDArray[np.bool_],
    gained: NDArray[np.float64],
    strong_percent: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Voxels of the largest hot part, and of all strong hot parts, per lesion."""
    largest = np.zeros(voxels.ids.size, dtype=np.int64)
    strong = np.zeros(voxels.ids.size, dtype=np.int64)
    index, owner = voxels.index[hot], voxels.owner[hot]
    if not index.size:
        return largest, strong
    part: NDArray[Any] = connected_parts(index, owner, voxels.grid)
    _, first, number, counts = np.unique(
        part, return_index=True, return_inverse=True, return_counts=True
    )
    np.maximum.at(largest, owner[first], counts)
    mean = np.bincount(number, weights=gained[hot]) / counts
    least = max(STRONG_VOXELS, STRONG_MM3 / voxels.grid.voxel_volume_mm3)
    np.add.at(
        strong, owner[first], np.where((mean >= strong_percent) & (counts >= least), counts, 0)
    )
    return largest, strong
