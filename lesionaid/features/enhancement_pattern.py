"""The pattern of enhancement inside a lesion, as numbers.

A reader's words (ring, open ring, patchy, cloud-like …) are conditions on these numbers in
the sign files. They are read off the hot voxels of a lesion that surely enhances,
above half of its own plateau (the 90th percentile of the hot): where the edge of a blurred body
lies, whatever the noise.

- *parts*: 26-connected hot pieces of at least 3 voxels and 3 mm3, their number and size;
- *ring*: see :mod:`lesionaid.features.enhancement_ring`;
- *border*: hot volume within 2 mm of the lesion's edge;
- *edge width*: 10 to 90 % of the way up to the hot plateau, from the volume between a quarter
  and three quarters of it over the area of the half-way surface (exact for a flat ramp);
- *wall*: hot volume within 3 mm of a ventricle, its run and its thickness.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.enhancement_edge import PLATEAU, edge_width
from lesionaid.features.enhancement_ring import RING_SPECS, HotLesion, ring_of
from lesionaid.features.hot_shape import axis_lengths_mm, crop, extent_mm, hull_share
from lesionaid.geometry import Grid
from lesionaid.lesions.components import connected_components
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["PATTERN_NAMES", "PATTERN_SPECS", "HotLesion", "pattern_of"]

PART_VOXELS = 3
PART_MM3 = 3.0
"""Smaller hot pieces are left out (proposed: what smoothed noise makes now and then)."""

DOT_MM = 5.0
"""A dot is smaller than this (as the punctate lesions of Hodel 2016, PMID 27009257)."""

DOT_VOXEL_MM = 2.0
"""Thicker slices do not show a dot's size, nor the width of an edge (proposed)."""

BORDER_MM = 2.0
BORDER_SHARE_MAX = 0.6
"""Where more of the lesion than this lies at its border, "peripheral" has no meaning (proposed)."""

WALL_MM = 3.0
"""As the periventricular zone of :mod:`lesionaid.features.ventricle_wall`."""

WALL_ERROR_MM = 2.5
"""As there."""


def _spec(name: str, unit: Unit | None, description: str, *more: str) -> MeasurementSpec:
    needs = ("T1w", "T1w_ce", "anatomy", *more)
    return MeasurementSpec(name, unit, "lesion", description, needs, "proposed", validated=False)


PATTERN_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "enhancement_plateau_fraction",
        Unit.NONE,
        "Share of the lesion that is hot and gains half of the plateau (90th percentile of the "
        "hot) or more: what the other numbers call hot.",
    ),
    _spec(
        "enhancing_part_count",
        Unit.COUNT,
        "Hot 26-connected parts of at least 3 voxels and 3 mm3.",
    ),
    _spec(
        "enhancing_part_diameter_mm",
        Unit.MM,
        "Diameter of the ball with the volume of the largest hot part.",
    ),
    _spec(
        "enhancing_dot_fraction",
        Unit.NONE,
        "Share of the hot volume in parts under 5 mm equivalent diameter; unknown with voxels "
        "over 2 mm.",
    ),
    _spec(
        "enhancement_length_mm",
        Unit.MM,
        "Greatest extent of the largest hot part.",
    ),
    _spec(
        "enhancement_elongation",
        Unit.NONE,
        "Middle over longest axis of the largest hot part (second moments), 1 for a ball.",
    ),
    _spec(
        "enhancement_solidity",
        Unit.NONE,
        "Volume of the largest hot part over that of its convex hull.",
    ),
    *RING_SPECS,
    _spec(
        "enhancement_border_fraction",
        Unit.NONE,
        "Share of the hot volume within 2 mm (or one voxel) of the lesion's edge.",
    ),
    _spec(
        "enhancement_border_excess",
        Unit.NONE,
        "That share over the share of the whole lesion there; unknown where 60 % of the lesion "
        "lies at its edge.",
    ),
    _spec(
        "enhancement_variation",
        Unit.NONE,
        "Standard deviation over mean of the signal gained in the lesion deeper than 2 mm (or "
        "0.6 voxels, the first of a stack), noise taken off; unknown where under 20 voxels are "
        "that deep.",
    ),
    _spec(
        "enhancement_edge_width_mm",
        Unit.MM,
        "Width of the hot parts' edge, 10 to 90 %; unknown with voxels over 2 mm, and where a "
        "quarter of the gain is under 2 SD of the noise.",
    ),
    _spec(
        "enhancement_wall_fraction",
        Unit.NONE,
        "Share of the hot volume within 3 mm of a lateral ventricle.",
    ),
    _spec(
        "enhancement_wall_thickness_mm",
        Unit.MM,
        "Twice the mean distance of the hot volume to the wall of a lateral ventricle; unknown "
        "with voxels over 2 mm or a wall that is off by over 2.5 mm.",
    ),
    _spec(
        "enhancement_wall_length_mm",
        Unit.MM,
        "Greatest extent of the largest hot part within 3 mm of a lateral ventricle.",
    ),
)

PATTERN_NAMES = tuple(spec.name for spec in PATTERN_SPECS)


def pattern_of(lesion: HotLesion, scale: SizeScale) -> dict[str, Value]:
    """Numbers of the pattern of one lesion.

    Parameters
    ----------
    lesion : HotLesion
    scale : SizeScale

    Returns
    -------
    dict of str to Value
        Every name of :data:`PATTERN_NAMES`.
    """
    grid = lesion.grid
    lesion = _upper_half(lesion)
    parts = _parts(lesion)
    if not parts:
        few = Unknown(Reason.TOO_FEW_VOXELS, "no hot part of 3 voxels")
        return dict.fromkeys(PATTERN_NAMES, few)
    largest = parts[0]
    hot = np.concatenate(parts)
    whole = np.count_nonzero(lesion.inside)
    values: dict[str, Value] = {
        "enhancement_plateau_fraction": Quantity(hot.size / whole, Unit.NONE),
        **_sizes(lesion, parts, scale),
        "enhancement_length_mm": scale.size(extent_mm(lesion.index[largest], grid), Unit.MM),
        "enhancement_elongation": _ratio(lesion.index[largest], grid),
        "enhancement_solidity": Quantity(hull_share(lesion.index[largest], grid), Unit.NONE),
        **ring_of(lesion, hot),
        **_border(lesion, hot),
        "enhancement_variation": _variation(lesion),
        "enhancement_edge_width_mm": edge_width(lesion, hot, scale, DOT_VOXEL_MM),
        **_wall(lesion, hot, scale),
    }
    return {name: values[name] for name in PATTERN_NAMES}


def _upper_half(lesion: HotLesion) -> HotLesion:
    """The lesion with only what gains half of the plateau or more called hot."""
    if not lesion.hot.any():
        return lesion
    half = 0.5 * float(np.quantile(lesion.gained[lesion.hot], PLATEAU))
    return replace(lesion, hot=lesion.hot & (lesion.gained >= half))


def _parts(lesion: HotLesion) -> list[NDArray[np.intp]]:
    """Places of the voxels of each hot part that counts, the largest first."""
    places = np.flatnonzero(lesion.hot)
    if not places.size:
        return []
    ijk, low, shape = crop(lesion.index[places], lesion.grid)
    volume = np.zeros(shape, dtype=bool)
    volume[tuple((ijk - low).T)] = True
    number = connected_components(volume)[tuple((ijk - low).T)]
    least = max(PART_VOXELS, PART_MM3 / lesion.grid.voxel_volume_mm3 * (1 - 1e-6))
    counts = np.bincount(number)
    kept = [one for one in np.argsort(-counts, kind="stable") if counts[one] >= least]
    return [places[number == one] for one in kept]


def _sizes(lesion: HotLesion, parts: list[NDArray[np.intp]], scale: SizeScale) -> dict[str, Value]:
    mm3 = np.array([part.size for part in parts]) * lesion.grid.voxel_volume_mm3
    diameter = np.cbrt(6.0 * mm3 / np.pi)
    # Whether a part is a dot is a question of the patient's mm.
    small = diameter * (scale.factor or 1.0) < DOT_MM
    dots: Value = Quantity(float(mm3[small].sum() / mm3.sum()), Unit.NONE)
    if lesion.voxel_mm > DOT_VOXEL_MM:
        dots = Unknown(Reason.LOW_RESOLUTION, f"voxels of {lesion.voxel_mm:.3g} mm")
    elif scale.factor is None:
        dots = scale.size(0.0, Unit.MM)
    return {
        "enhancing_part_count": Quantity(float(len(parts)), Unit.COUNT),
        "enhancing_part_diameter_mm": scale.size(float(diameter[0]), Unit.MM),
        "enhancing_dot_fraction": dots,
    }


def _ratio(index: NDArray[np.intp], grid: Grid) -> Value:
    axes = axis_lengths_mm(index, grid)
    return Quantity(float(axes[1] / axes[2]), Unit.NONE)


def _border(lesion: HotLesion, hot: NDArray[np.intp]) -> dict[str, Value]:
    depth = max(BORDER_MM, lesion.voxel_mm)
    there = lesion.signed_mm > -depth
    share = float(there[hot].mean())
    whole = float(there[lesion.inside].mean())
    excess: Value = Quantity(share / whole, Unit.NONE) if whole > 0 else Quantity(0.0, Unit.NONE)
    if whole > BORDER_SHARE_MAX:
        excess = Unknown(Reason.TOO_FEW_VOXELS, f"{whole:.0%} of the lesion lies at its edge")
    return {
        "enhancement_border_fraction": Quantity(share, Unit.NONE),
        "enhancement_border_excess": excess,
    }


def _variation(lesion: HotLesion) -> Value:
    deep = lesion.inside & (lesion.signed_mm <= -max(BORDER_MM, 0.6 * lesion.voxel_mm))
    if np.count_nonzero(deep) < 20:
        return Unknown(Reason.TOO_FEW_VOXELS, "fewer than 20 voxels away from the lesion's edge")
    gained = lesion.gained[deep]
    mean = float(gained.mean())
    if mean <= 0:
        return Unknown(Reason.BELOW_NOISE, "no gain away from the lesion's edge")
    spread = max(float(gained.var()) - lesion.noise**2, 0.0)
    return Quantity(float(np.sqrt(spread)) / mean, Unit.NONE)


def _wall(lesion: HotLesion, hot: NDArray[np.intp], scale: SizeScale) -> dict[str, Value]:
    names = (
        "enhancement_wall_fraction",
        "enhancement_wall_thickness_mm",
        "enhancement_wall_length_mm",
    )
    distance = lesion.ventricle_mm[hot].astype(float)
    if not np.isfinite(distance).all():
        return dict.fromkeys(names, Unknown(Reason.ANATOMY_MISSING, "no lateral ventricle"))
    near = distance <= WALL_MM
    length = 0.0
    if near.any():
        at_wall = np.zeros(lesion.hot.size, dtype=bool)
        at_wall[hot[near]] = True
        ijk, low, shape = crop(lesion.index[at_wall], lesion.grid)
        volume = np.zeros(shape, dtype=bool)
        volume[tuple((ijk - low).T)] = True
        number = connected_components(volume)[tuple((ijk - low).T)]
        largest = number == np.bincount(number).argmax()
        length = extent_mm(lesion.index[at_wall][largest], lesion.grid)
    thickness = max(2.0 * float(np.maximum(distance, 0.0).mean()), min(lesion.grid.spacing_mm))
    thick = scale.size(thickness, Unit.MM)
    if lesion.voxel_mm > DOT_VOXEL_MM:
        thick = Unknown(Reason.LOW_RESOLUTION, f"voxels of {lesion.voxel_mm:.3g} mm")
    elif lesion.error_mm is not None and lesion.error_mm > WALL_ERROR_MM:
        thick = Unknown(Reason.LOW_QUALITY, f"the wall is off by {lesion.error_mm:g} mm")
    return {
        names[0]: Quantity(float(near.mean()), Unit.NONE),
        names[1]: thick,
        names[2]: scale.size(length, Unit.MM),
    }
