"""New, enlarging, unchanged, shrinking and resolved lesions, from two aligned masks.

A first novelty: it sees masks, not images, so it is as good as the two masks and their
alignment. Lesions and the components of the prior mask are matched where they share a
voxel; what shares none is matched to what lies within the tolerance. Lesions that split
or merged end up in one family, and a family is compared as a sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.change.families import count_beyond, link, sum_by_family, widen
from lesionaid.geometry import Grid
from lesionaid.lesions.components import bounding_box, connected_components
from lesionaid.lesions.lesion_map import SPECK_MM3, Lesion, LesionMap
from lesionaid.lesions.scale import SizeScale, Space
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["CHANGE_CLASSES", "CHANGE_SPECS", "Change", "match"]

CHANGE_CLASSES = ("new", "enlarging", "unchanged", "shrinking")
"""Values of ``change_class``; resolved lesions have no row, only a count."""

TOLERANCE_MM = 1.0
"""How far a mask's edge may lie off by alignment and drawing: one voxel along each axis, or
1 mm where voxels are finer (proposed: rigid alignment of one head is good to a voxel, and a
manual edge moves by about as much)."""

LARGE_PRIOR_MM3 = 413.0
"""Prior volume from which a lesion is large: the ball whose section is the 0.67 cm2 at which
Arch Neurol 1992;49:261-263 parts small lesions from large ones."""

CHANGE_PERCENT_LARGE = 24.2
CHANGE_PERCENT_SMALL = 45.2
"""Least change beyond the variation of repeated measurement, of large and small lesions: twice
the coefficient of variation of three measurements, 12.1 and 22.6 % (Arch Neurol
1992;49:261-263). Published for areas; that they also serve for volumes is proposed. The
smallest detectable change of a whole brain's volume is lower (1.0 to 14.6 % on one scanner,
4.8 to 29.3 % across scanners, PMC10497452): one lesion varies more than the sum of all."""

BEYOND_MM = 3.0
GAINED_MM3 = 14.1
"""Growth of one part of a large lesion, which percentages hide: tissue more than 3 mm outside
the prior mask, of at least the volume of a ball of 3 mm diameter. Proposed: 3 mm is the long
axis from which a lesion counts (DESIGN), so such a part would count if it stood alone."""

GAIN_OVER_LOSS = 2.0
"""Where as much prior tissue went from beyond 3 mm as came, the masks were moved or drawn
otherwise, and growth is unknown; growth is believed from twice the loss (proposed)."""


def _spec(name: str, unit: Unit | None, description: str, reference: str = "") -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, ("prior",), reference)


def _count(name: str, description: str) -> MeasurementSpec:
    return MeasurementSpec(name, Unit.COUNT, "study", description, ("prior",))


_VARIATION = "Arch Neurol 1992;49:261-263"

CHANGE_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "prior_volume_mm3",
        Unit.MM3,
        "Volume of the prior components matched to this lesion and its family; 0 when new.",
    ),
    _spec(
        "prior_overlap_fraction",
        Unit.NONE,
        "Share of the lesion inside the prior mask widened by one voxel, at least 1 mm.",
    ),
    _spec(
        "gained_volume_mm3",
        Unit.MM3,
        "Volume of the lesion more than 3 mm outside the prior mask.",
    ),
    _spec(
        "lost_volume_mm3",
        Unit.MM3,
        "Volume of the family's prior components more than 3 mm outside the lesions of now.",
    ),
    _spec(
        "volume_change_percent",
        Unit.PERCENT,
        "Volume of the family now against prior_volume_mm3; unknown for a new lesion.",
        _VARIATION,
    ),
    _spec(
        "change_class",
        None,
        "new (prior_overlap_fraction 0), enlarging, unchanged or shrinking; unknown where growth "
        "stays within one voxel of the prior mask, or the masks differ both ways.",
        _VARIATION,
    ),
    _count("new_lesion_count", "New lesions, specks left out."),
    _count("enlarging_lesion_count", "Enlarging lesions, specks left out."),
    _count("unchanged_lesion_count", "Unchanged lesions, specks left out."),
    _count("shrinking_lesion_count", "Shrinking lesions, specks left out."),
    _count("uncertain_lesion_count", "Lesions whose change is unknown, specks left out."),
    _count("resolved_lesion_count", "Prior components with no lesion near, specks left out."),
)
"""Rows of the catalogue, in the order of columns."""

_LESION_NAMES = tuple(spec.name for spec in CHANGE_SPECS if spec.level == "lesion")
_STUDY_NAMES = tuple(spec.name for spec in CHANGE_SPECS if spec.level == "study")

_NO_PRIOR = Unknown(Reason.PRIOR_MISSING, "no prior lesion mask", ("prior",))
_NOT_SEEN = Unknown(Reason.OUTSIDE_FIELD_OF_VIEW, "outside the prior's field of view", ("prior",))


@dataclass(frozen=True, slots=True)
class Change:
    """Change of a study against its prior.

    Parameters
    ----------
    lesions : mapping of int to mapping of str to Value
        By lesion id, specks included.
    study : mapping of str to Value
        Counts.
    """

    lesions: Mapping[int, Mapping[str, Value]]
    study: Mapping[str, Value]


def match(
    current: LesionMap,
    prior: NDArray[np.bool_] | None,
    *,
    space: Space = "native",
    native_scale: float | None = None,
    prior_seen: NDArray[np.bool_] | None = None,
) -> Change:
    """Match lesions with a prior mask that was brought onto their grid.

    Parameters
    ----------
    current : LesionMap
    prior : ndarray of shape current.grid.shape, bool, or None
        Prior lesion mask, aligned. None: there is none, so everything is unknown. An
        empty mask is a prior without lesions: everything is new.
    space : {"native", "mni"}
    native_scale : float or None
        As in shape measurements: without it, volumes in MNI152 are unknown. Percentages and
        classes are not, but then their limits count the mask's mm.
    prior_seen : ndarray of shape current.grid.shape, bool, or None
        Where the prior's field of view reached. A lesion that lies mostly outside has
        nothing to be compared with.

    Returns
    -------
    Change

    Raises
    ------
    ValueError
        When the prior mask is not on the grid of the lesions.
    """
    if prior is None:
        return _unknown(current)
    if prior.shape != current.labels.shape:
        raise ValueError(f"prior mask of shape {prior.shape}, lesions of {current.labels.shape}")
    scale = SizeScale(space, native_scale)
    factor = scale.factor or 1.0
    box = bounding_box((current.labels > 0) | prior)
    labels, before = (current.labels[box], prior[box]) if box else (current.labels, prior)
    components = connected_components(before)
    reach = _reach(current.grid, factor)
    links = link(labels, components, reach)
    now = np.bincount(labels.ravel(), minlength=_largest_id(current) + 1)
    then = np.bincount(components.ravel())
    inside = np.bincount(labels[widen(before, reach)], minlength=now.size)
    gained = count_beyond(BEYOND_MM / factor, labels, before, current.grid, reach)
    lost = count_beyond(BEYOND_MM / factor, components, labels > 0, current.grid, reach)
    family_now, family_then = sum_by_family(links, now, then)
    family_gained, family_lost = sum_by_family(links, gained, lost)
    unseen = _mostly_unseen(current, prior_seen)
    voxel_mm3 = current.grid.voxel_volume_mm3
    rows: dict[int, Mapping[str, Value]] = {}
    for lesion in current.lesions:
        n = lesion.id
        if n in unseen:
            rows[n] = dict.fromkeys(_LESION_NAMES, _NOT_SEEN)
            continue
        then_mm3, gained_mm3, all_gained_mm3, lost_mm3 = (
            float(counts[n] * voxel_mm3)
            for counts in (family_then, gained, family_gained, family_lost)
        )
        rows[n] = _row(
            _Comparison(
                overlap=float(inside[n] / now[n]),
                growth=float(family_now[n] / family_then[n] - 1.0) if inside[n] else None,
                then_mm3=then_mm3,
                gained_mm3=gained_mm3,
                family_gained_mm3=all_gained_mm3,
                lost_mm3=lost_mm3,
            ),
            scale,
        )
    linked = {component for _, component in links}
    limit = SPECK_MM3 / (voxel_mm3 * factor**3)
    resolved = sum(n not in linked and then[n] >= limit for n in range(1, then.size))
    return Change(rows, _counts(current.lesions, rows, resolved))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A lesion and its family against the prior, in mm3 of the mask.

    Parameters
    ----------
    overlap : float
        Share of the lesion inside the widened prior mask; 0 for a new one.
    growth : float or None
        Relative change of the family's volume; None for a new lesion.
    then_mm3 : float
        The family's prior volume.
    gained_mm3, family_gained_mm3 : float
        Tissue beyond 3 mm of the prior mask, of the lesion and of its family.
    lost_mm3 : float
        The family's prior tissue beyond 3 mm of the lesions of now.
    """

    overlap: float
    growth: float | None
    then_mm3: float
    gained_mm3: float
    family_gained_mm3: float
    lost_mm3: float


def _row(seen: _Comparison, scale: SizeScale) -> Mapping[str, Value]:
    percent: Value = (
        Unknown(Reason.NOT_MEASURED, "new: nothing to compare with")
        if seen.growth is None
        else Quantity(100.0 * seen.growth, Unit.PERCENT)
    )
    return {
        "prior_volume_mm3": scale.size(seen.then_mm3, Unit.MM3),
        "prior_overlap_fraction": Quantity(seen.overlap, Unit.NONE),
        "gained_volume_mm3": scale.size(seen.gained_mm3, Unit.MM3),
        "lost_volume_mm3": scale.size(seen.lost_mm3, Unit.MM3),
        "volume_change_percent": percent,
        "change_class": _change_class(seen, (scale.factor or 1.0) ** 3),
    }


def _change_class(seen: _Comparison, factor3: float) -> Value:
    """Class of a lesion; `factor3` turns volumes of the mask into the patient's."""
    if seen.growth is None:
        return Category("new")
    if seen.gained_mm3 * factor3 >= GAINED_MM3:
        if seen.family_gained_mm3 >= GAIN_OVER_LOSS * seen.lost_mm3:
            return Category("enlarging")
        return Unknown(Reason.LOW_QUALITY, "the two masks differ by as much loss as gain")
    large = seen.then_mm3 * factor3 >= LARGE_PRIOR_MM3
    percent, limit = 100.0 * seen.growth, CHANGE_PERCENT_LARGE if large else CHANGE_PERCENT_SMALL
    if percent >= limit and seen.overlap == 1:
        return Unknown(Reason.BELOW_NOISE, "growth within the edge of the prior mask")
    if abs(percent) < limit:
        return Category("unchanged")
    return Category("enlarging" if percent > 0 else "shrinking")


def _reach(grid: Grid, factor: float) -> tuple[int, int, int]:
    """Tolerance in voxels along each axis: 1, or as many as make up 1 mm."""
    i, j, k = (max(1, round(TOLERANCE_MM / (edge * factor))) for edge in grid.spacing_mm)
    return i, j, k


def _largest_id(current: LesionMap) -> int:
    """Ids that were kept from an earlier map may have gaps."""
    return max((lesion.id for lesion in current.lesions), default=0)


def _mostly_unseen(current: LesionMap, prior_seen: NDArray[np.bool_] | None) -> frozenset[int]:
    """Lesions of which more than half lies outside the prior's field of view."""
    if prior_seen is None:
        return frozenset()
    unseen = np.bincount(current.labels[~prior_seen], minlength=_largest_id(current) + 1)
    return frozenset(x.id for x in current.lesions if unseen[x.id] > x.n_voxels / 2)


def _unknown(current: LesionMap) -> Change:
    rows = {lesion.id: dict.fromkeys(_LESION_NAMES, _NO_PRIOR) for lesion in current.lesions}
    return Change(rows, dict.fromkeys(_STUDY_NAMES, _NO_PRIOR))


def _counts(
    lesions: tuple[Lesion, ...], rows: Mapping[int, Mapping[str, Value]], resolved: int
) -> Mapping[str, Value]:
    classes = [rows[lesion.id]["change_class"] for lesion in lesions if not lesion.speck]
    counts = {f"{name}_lesion_count": classes.count(Category(name)) for name in CHANGE_CLASSES}
    counts["uncertain_lesion_count"] = sum(isinstance(value, Unknown) for value in classes)
    counts["resolved_lesion_count"] = resolved
    return {name: Quantity(count, Unit.COUNT) for name, count in counts.items()}
