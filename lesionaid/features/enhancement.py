"""Contrast enhancement of each lesion, from matched T1w scans.

Only voxels of the lesion mask are ever called enhanced: elsewhere vessels, dura and
choroid plexus make hundreds of enhancing components in every brain. Lesion voxels that
the region map puts into a ventricle or into cerebrospinal fluid are left out for the same
reason.

The classes follow a trial on three real pairs without a known enhancing lesion: a hot
core alone appeared in up to two of 44 true lesions, a hot core with 15 % of the lesion in
none. So the first is `possible` and the second `likely`; sensitivity was not measured.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.intensity import NO_ANATOMY
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.subtraction import Difference, enhancement_difference
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
        "hot; possible: the hot part alone; none otherwise; unknown for lesions under 10 voxels "
        "or 10 mm3, and where enhancement of 30 % would drown in the noise.",
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
)

_LESION_NAMES = tuple(spec.name for spec in ENHANCEMENT_SPECS if spec.level == "lesion")


def enhancement_measurements(
    study: Study,
    anatomy: AnatomyMap | None,
    tissue: NDArray[np.bool_] | None,
    lesions: LesionMap,
    voxels: LesionVoxels,
    scale: SizeScale,
) -> tuple[Rows, dict[str, Value]]:
    """Enhancement of every lesion, and the noise of the study.

    Parameters
    ----------
    study : Study
        Aligned.
    anatomy : AnatomyMap or None
    tissue : ndarray of bool or None
        Normal-appearing white matter.
    lesions : LesionMap
    voxels : LesionVoxels
        On ``anatomy.grid``.
    scale : SizeScale

    Returns
    -------
    rows : dict of int to dict of str to Value
    study : dict of str to Value
    """
    difference = _difference(study, anatomy, tissue, voxels)
    if isinstance(difference, Unknown) or anatomy is None:
        why = NO_ANATOMY if not isinstance(difference, Unknown) else difference
        return whole_column(lesions, _LESION_NAMES, why), {"enhancement_noise_percent": why}
    rows = _measure(difference, anatomy, voxels, scale)
    hole = Unknown(Reason.NOT_FINITE, "voxels of the lesion have no value in both T1w scans")
    for lesion in voxels.ids[voxels.minimum(voxels.take(difference.valid)) == 0]:
        rows[int(lesion)] = dict.fromkeys(_LESION_NAMES, hole)
    noise = Quantity(difference.noise_percent, Unit.PERCENT)
    return rows, {"enhancement_noise_percent": noise}


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
    difference: Difference, anatomy: AnatomyMap, voxels: LesionVoxels, scale: SizeScale
) -> Rows:
    gained = voxels.take(difference.percent)
    vessels = np.isin(voxels.take(anatomy.sites), [site_code(site) for site in _SITES_WITH_VESSELS])
    # Without noise, as in a phantom, any gain at all would be hot: 1e-3 % is rounding.
    floor = max(HOT_Z * difference.noise_percent, 1e-3)
    hot = (gained > floor) & ~vessels
    core = _largest_part(voxels, hot)
    fraction = voxels.mean(hot)
    voxel_mm3 = voxels.grid.voxel_volume_mm3
    rows = merge(
        voxels.quantities("enhancement_percent", voxels.quantile(gained, 0.5), Unit.PERCENT),
        voxels.quantities("enhancement_p90_percent", voxels.quantile(gained, 0.9), Unit.PERCENT),
        voxels.quantities("enhanced_fraction", fraction, Unit.NONE),
        voxels.sizes("enhanced_volume_mm3", core * voxel_mm3, Unit.MM3, scale),
    )
    least = max(CORE_VOXELS, CORE_MM3 / voxel_mm3)
    for row, lesion in enumerate(voxels.ids.tolist()):
        rows[lesion]["enhancement_class"] = _classify(
            int(voxels.counts[row]), int(core[row]), float(fraction[row]), least, floor
        )
    for lesion, why in voxels.missing.items():
        rows[lesion]["enhancement_class"] = why
    return rows


def _classify(size: int, core: int, fraction: float, least: float, floor: float) -> Value:
    """Class of a lesion of `size` voxels whose largest hot part has `core` voxels."""
    if size < least:
        return Unknown(Reason.TOO_FEW_VOXELS, "smaller than the least hot core")
    if core >= least:
        return Category("likely" if fraction >= LIKELY_FRACTION else "possible")
    if floor > FLOOR_MAX_PERCENT:
        return Unknown(Reason.BELOW_NOISE, f"only {floor:.0f} % of white matter could be seen")
    return Category("none")


def _largest_part(voxels: LesionVoxels, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Voxels of the largest connected part of the chosen voxels, per lesion."""
    largest = np.zeros(voxels.ids.size, dtype=np.int64)
    index, owner = voxels.index[chosen], voxels.owner[chosen]
    if not index.size:
        return largest
    part: NDArray[Any] = connected_parts(index, owner, voxels.grid)
    _, first, counts = np.unique(part, return_index=True, return_counts=True)
    np.maximum.at(largest, owner[first], counts)
    return largest
