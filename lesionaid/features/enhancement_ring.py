"""A ring of enhancement, closed or open, and where it opens.

The sphere that fits the hot voxels best (algebraic least squares: Coope, J Optim Theory Appl
1993;76:381, doi 10.1007/BF00939613) gives a centre and a radius.

- *closure*: share of directions from the centre that meet a hot voxel. A shell with a round
  opening of half angle t has (1 + cos t) / 2;
- *gap unity*: length of the mean of the open directions, cos^2(t / 2) for that shell: 1 for one
  narrow gap, near 0 for many;
- *core*: hot share of the inside of the sphere, up to half of its radius: 0 for a shell, 1 for a
  ball.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["RING_SPECS", "HotLesion", "ring_of"]

RING_DIAMETER_MM = 6.0
RING_VOXELS = 4.0
"""A lesion narrower than 6 mm or 4 voxels has no room for a ring: wall, core of two voxels,
wall (proposed)."""

DIRECTIONS = 200


def _spec(name: str, unit: Unit | None, description: str, *more: str) -> MeasurementSpec:
    needs = ("T1w", "T1w_ce", "anatomy", *more)
    return MeasurementSpec(name, unit, "lesion", description, needs, "proposed", validated=False)


RING_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "enhancement_ring_closure",
        Unit.NONE,
        "Share of directions from the centre of the fitted sphere that meet a hot voxel; unknown "
        "for lesions under 6 mm or 4 voxels.",
    ),
    _spec(
        "enhancement_gap_deg",
        Unit.DEGREE,
        "Half angle of the cone that would hold as many directions as are open; 37 degrees for a "
        "tenth of all.",
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
)


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


_RING_NAMES = (
    "enhancement_ring_closure",
    "enhancement_gap_deg",
    "enhancement_gap_unity",
    "enhancement_core_fraction",
    "enhancement_opening",
)


def ring_of(lesion: HotLesion, hot: NDArray[np.intp]) -> dict[str, Value]:
    """How closed the hot voxels are about a dark core, and where they open.

    Parameters
    ----------
    lesion : HotLesion
    hot : ndarray of int
        Places of the hot voxels that count.

    Returns
    -------
    dict of str to Value
        Every name of :data:`RING_SPECS`.
    """
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
        "enhancement_gap_deg": Quantity(
            float(np.degrees(np.arccos(2.0 * closure - 1.0))), Unit.DEGREE
        ),
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
