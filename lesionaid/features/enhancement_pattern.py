"""The pattern of enhancement inside a lesion, as numbers.

A reader's words (ring, open ring, patchy, cloud-like …) are conditions on these numbers in
the sign files. They are read off the hot voxels of a lesion that surely enhances,
above half of its own plateau (the 90th percentile of the hot): where the edge of a blurred body
lies, whatever the noise.

- *parts*: 26-connected hot pieces of at least 3 voxels and 3 mm3, their number and size;
- *closure*: the sphere that fits the hot voxels best (algebraic least squares, Coope, J Optim
  Theory Appl 1993;76:381, doi 10.1007/BF00939613) gives a centre and a radius; closure is the
  share of directions from the centre that meet a hot voxel. A shell with a round opening of
  half angle t has (1 + cos t) / 2, and its *gap unity*, the length of the mean of the open
  directions, is cos^2(t / 2): 1 for one narrow gap, near 0 for many;
- *core*: hot share of the inside of that sphere, up to half of its radius;
- *border*: hot volume within 2 mm of the lesion's edge;
- *edge width*: 10 to 90 % of the way up to the hot plateau, from the volume between a quarter
  and three quarters of it over the area of the half-way surface (exact for a flat ramp);
- *wall*: hot volume within 3 mm of a ventricle, its run and its thickness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.enhancement_outside import axis_lengths_mm
from lesionaid.features.runs import greatest_extent_mm
from lesionaid.features.surface import surface_areas_mm2
from lesionaid.geometry import Grid
from lesionaid.lesions.components import connected_components
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["PATTERN_NAMES", "PATTERN_SPECS", "HotLesion", "pattern_of"]

PART_VOXELS = 3
PART_MM3 = 3.0
"""Smaller hot pieces are left out (proposed: what smoothed noise makes now and then)."""

PLATEAU = 0.9
"""Quantile of the gain of hot voxels that stands for the plateau (proposed)."""

DOT_MM = 5.0
"""A dot is smaller than this (as the punctate lesions of Hodel 2016, PMID 27009257)."""

DOT_VOXEL_MM = 2.0
"""Thicker slices do not show a dot's size, nor the width of an edge (proposed)."""

RING_DIAMETER_MM = 6.0
RING_VOXELS = 4.0
"""A lesion narrower than 6 mm or 4 voxels has no room for a ring: wall, core of two voxels,
wall (proposed)."""

BORDER_MM = 2.0
BORDER_SHARE_MAX = 0.6
"""Where more of the lesion than this lies at its border, "peripheral" has no meaning (proposed)."""

WALL_MM = 3.0
"""As the periventricular zone of :mod:`lesionaid.features.ventricle_wall`."""

WALL_ERROR_MM = 2.5
"""As there."""

EDGE_REACH_MM = 4.0
EDGE_SD = 2.0
"""A quarter of the plateau has to stand this many SD above the noise (proposed)."""

DIRECTIONS = 200


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
    _spec(
        "enhancement_ring_closure",
        Unit.NONE,
        "Share of directions from the centre of the fitted sphere that meet a hot voxel; unknown "
        "for lesions under 6 mm or 4 voxels.",
    ),
    _spec(
        "enhancement_gap_unity",
        Unit.NONE,
        "Length of the mean of the open directions: 1 for one narrow gap, 0 for many; 0 where "
        "none is open.",
    ),
    _spec(
        "enhancement_core_fraction",
        Unit.NONE,
        "Hot share of the lesion within half the radius of the fitted sphere.",
    ),
    _spec(
        "enhancement_opening",
        None,
        "Where the open directions point: cortex, ventricle or white_matter; none where closed.",
    ),
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


@dataclass(frozen=True, slots=True, eq=False)
class HotLesion:
    """One enhancing lesion with what lies within reach of it.

    Parameters
    ----------
    grid : Grid
    index : ndarray of int, shape (n,)
        Flat indices into `grid`.
    signed_mm : ndarray of shape (n,)
        Negative inside the lesion.
    inside : ndarray of bool, shape (n,)
    hot : ndarray of bool, shape (n,)
        Inside, above the floor and not explained by a structure outside.
    gained : ndarray of shape (n,)
        Signal gained, in percent of white matter.
    noise : float
        Robust SD of `gained` in white matter.
    voxel_mm : float
        Longest voxel edge of what the enhancement was seen on.
    ventricle_mm, cortex_mm : ndarray of shape (n,)
        Signed distances; infinite where the map has none.
    error_mm : float or None
        Of these distances.
    """

    grid: Grid
    index: NDArray[np.intp]
    signed_mm: NDArray[np.float32]
    inside: NDArray[np.bool_]
    hot: NDArray[np.bool_]
    gained: NDArray[np.float64]
    noise: float
    voxel_mm: float
    ventricle_mm: NDArray[np.float32]
    cortex_mm: NDArray[np.float32]
    error_mm: float | None = None


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
        "enhancement_length_mm": scale.size(_extent(lesion.index[largest], grid), Unit.MM),
        "enhancement_elongation": _ratio(lesion.index[largest], grid),
        "enhancement_solidity": Quantity(_solidity(lesion.index[largest], grid), Unit.NONE),
        **_ring(lesion, hot),
        **_border(lesion, hot),
        "enhancement_variation": _variation(lesion),
        "enhancement_edge_width_mm": _edge_width(lesion, hot, scale),
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
    ijk, low, shape = _crop(lesion.index[places], lesion.grid)
    volume = np.zeros(shape, dtype=bool)
    volume[tuple((ijk - low).T)] = True
    number = connected_components(volume)[tuple((ijk - low).T)]
    least = max(PART_VOXELS, PART_MM3 / lesion.grid.voxel_volume_mm3 * (1 - 1e-6))
    counts = np.bincount(number)
    kept = [one for one in np.argsort(-counts, kind="stable") if counts[one] >= least]
    return [places[number == one] for one in kept]


def _crop(
    index: NDArray[np.intp], grid: Grid
) -> tuple[NDArray[np.intp], NDArray[np.intp], tuple[int, int, int]]:
    ijk = np.stack(np.unravel_index(index, grid.shape), axis=1)
    low, high = ijk.min(axis=0), ijk.max(axis=0)
    i, j, k = (int(n) for n in high - low + 1)
    return ijk, low, (i, j, k)


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


def _extent(index: NDArray[np.intp], grid: Grid) -> float:
    ijk = np.stack(np.unravel_index(index, grid.shape), axis=1)
    return greatest_extent_mm(ijk, grid.affine[:3, :3])


def _ratio(index: NDArray[np.intp], grid: Grid) -> Value:
    axes = axis_lengths_mm(index, grid)
    return Quantity(float(axes[1] / axes[2]), Unit.NONE)


def _solidity(index: NDArray[np.intp], grid: Grid) -> float:
    from scipy.spatial import ConvexHull

    corners = np.indices((2, 2, 2)).reshape(3, 8).T - 0.5
    ijk = np.stack(np.unravel_index(index, grid.shape), axis=1)
    points = np.unique((ijk[:, None, :] + corners).reshape(-1, 3), axis=0)
    return float(min(1.0, index.size / ConvexHull(points).volume))


_RING_NAMES = (
    "enhancement_ring_closure",
    "enhancement_gap_unity",
    "enhancement_core_fraction",
    "enhancement_opening",
)


def _ring(lesion: HotLesion, hot: NDArray[np.intp]) -> dict[str, Value]:
    grid = lesion.grid
    edge = lesion.voxel_mm
    mm3 = np.count_nonzero(lesion.inside) * grid.voxel_volume_mm3
    least = max(RING_DIAMETER_MM, RING_VOXELS * edge)
    if np.cbrt(6.0 * mm3 / np.pi) < least:
        small = Unknown(Reason.TOO_FEW_VOXELS, f"narrower than {least:.3g} mm: no room for a ring")
        return dict.fromkeys(_RING_NAMES, small)
    xyz = grid.to_mm(np.stack(np.unravel_index(lesion.index, grid.shape), axis=1))
    centre, radius = _sphere(xyz[hot])
    away = xyz - centre
    far = np.linalg.norm(away, axis=1)
    # Half a voxel, seen from the centre, closes the chinks between voxel centres.
    angle = np.arctan2(max(0.75 * edge, 1.0), max(radius, edge))
    open_directions = _open(away[hot] / np.maximum(far[hot], 1e-6)[:, None], angle)
    closure = 1.0 - len(open_directions) / DIRECTIONS
    gap = open_directions.mean(axis=0) if len(open_directions) else np.zeros(3)
    core = lesion.inside & (far <= max(0.5 * radius, edge))
    share = float(lesion.hot[core].mean()) if core.any() else 0.0
    return {
        "enhancement_ring_closure": Quantity(closure, Unit.NONE),
        "enhancement_gap_unity": Quantity(float(np.linalg.norm(gap)), Unit.NONE),
        "enhancement_core_fraction": Quantity(share, Unit.NONE),
        "enhancement_opening": _opening(lesion, away, gap, radius),
    }


def _sphere(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Centre and radius of the algebraic least-squares sphere through some points."""
    middle = points.mean(axis=0)
    local = points - middle
    system = np.column_stack([2.0 * local, np.ones(len(local))])
    solution, *_ = np.linalg.lstsq(system, np.sum(local**2, axis=1), rcond=1e-6)
    centre = solution[:3]
    return middle + centre, float(np.sqrt(max(solution[3] + centre @ centre, 0.0)))


def _open(directions: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """Directions of a Fibonacci sphere further than an angle from every given direction."""
    from scipy.spatial import cKDTree

    n = np.arange(DIRECTIONS) + 0.5
    z = 1.0 - 2.0 * n / DIRECTIONS
    turn = np.pi * (1.0 + np.sqrt(5.0)) * n
    flat = np.sqrt(1.0 - z**2)
    sphere = np.column_stack([flat * np.cos(turn), flat * np.sin(turn), z])
    distance, _ = cKDTree(directions).query(sphere)
    return np.asarray(sphere[distance > 2.0 * np.sin(angle / 2.0)])


def _opening(
    lesion: HotLesion, away: NDArray[np.float64], gap: NDArray[np.float64], radius: float
) -> Value:
    """The structure that the gap points to: what comes closest from the centre to the gap."""
    length = float(np.linalg.norm(gap))
    if length == 0:
        return Category("none")
    at = [
        int(np.argmin(np.linalg.norm(away - place, axis=1)))
        for place in (np.zeros(3), gap / length * radius)
    ]
    step = float(np.linalg.norm(away[at[1]] - away[at[0]]))
    nearer = {}
    for name, distance in (("cortex", lesion.cortex_mm), ("ventricle", lesion.ventricle_mm)):
        first, last = (float(distance[place]) for place in at)
        if not np.isfinite(first) or not np.isfinite(last):
            return Unknown(Reason.ANATOMY_MISSING, f"no distance to the {name}")
        nearer[name] = (first - last) / max(step, 1e-6)
    side = max(nearer, key=lambda name: nearer[name])
    # Within 60 degrees of the straight way there; else it opens into white matter.
    return Category(side if nearer[side] >= 0.5 else "white_matter")


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


def _edge_width(lesion: HotLesion, hot: NDArray[np.intp], scale: SizeScale) -> Value:
    grid = lesion.grid
    if lesion.voxel_mm > DOT_VOXEL_MM:
        return Unknown(Reason.LOW_RESOLUTION, f"voxels of {lesion.voxel_mm:.3g} mm")
    plateau = float(np.quantile(lesion.gained[hot], PLATEAU))
    if 0.25 * plateau < EDGE_SD * lesion.noise:
        return Unknown(Reason.BELOW_NOISE, "the edge of the enhancement is within the noise")
    ijk, low, shape = _crop(lesion.index, grid)
    place = tuple((ijk - low).T)
    gained = np.zeros(shape)
    gained[place] = lesion.gained
    seed = np.zeros(shape, dtype=bool)
    seed[tuple((ijk[hot] - low).T)] = True
    near = _within(seed, EDGE_REACH_MM, grid)
    levels = [near & (gained > level * plateau) for level in (0.25, 0.5, 0.75)]
    area = surface_areas_mm2(levels[1].astype(np.int32), grid.affine[:3, :3])
    if area.size < 2 or area[1] <= 0:
        return Unknown(Reason.TOO_FEW_VOXELS, "no surface half-way up to the plateau")
    between = np.count_nonzero(levels[0]) - np.count_nonzero(levels[2])
    width = 1.6 * between * grid.voxel_volume_mm3 / float(area[1])
    return scale.size(width, Unit.MM)


def _within(mask: NDArray[np.bool_], reach_mm: float, grid: Grid) -> NDArray[np.bool_]:
    from scipy.ndimage import distance_transform_edt

    distance = distance_transform_edt(~mask, sampling=grid.spacing_mm)
    return np.asarray(distance <= reach_mm)


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
        ijk, low, shape = _crop(lesion.index[at_wall], lesion.grid)
        volume = np.zeros(shape, dtype=bool)
        volume[tuple((ijk - low).T)] = True
        number = connected_components(volume)[tuple((ijk - low).T)]
        largest = number == np.bincount(number).argmax()
        length = greatest_extent_mm(ijk[largest], lesion.grid.affine[:3, :3])
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
