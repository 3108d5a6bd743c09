"""How surely a lesion enhances, from the size and the strength of its hot parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.voxels import LesionVoxels, connected_parts
from lesionaid.quantity import Category, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = [
    "CLASS_SPECS",
    "CORE_MM3",
    "CORE_VOXELS",
    "HOT_Z",
    "LIKELY_FRACTION",
    "STRONG",
    "classify",
    "hot_parts",
]

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

_NEEDS = ("T1w", "T1w_ce", "anatomy")
_HOT = "more than 4 robust SD of normal-appearing white matter above the matched T1w"


def _spec(name: str, unit: Unit | None, description: str) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, _NEEDS, "proposed", validated=False)


CLASS_SPECS: tuple[MeasurementSpec, ...] = (
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
)


def classify(size: int, core: int, surely: bool, least: float, floor: float) -> Value:
    """Class of a lesion of `size` voxels whose largest hot part has `core` voxels."""
    if size < least:
        return Unknown(Reason.TOO_FEW_VOXELS, "smaller than the least hot core")
    if core >= least:
        return Category("likely" if surely else "possible")
    if floor > FLOOR_MAX_PERCENT:
        return Unknown(Reason.BELOW_NOISE, f"only {floor:.0f} % of white matter could be seen")
    return Category("none")


def hot_parts(
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
