"""Shapes that several mechanisms share: clouds, tubes along a tract, linings.

Each is a distance field cut to tissue. Widths are in mm and come from the caller, who says
where they are from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray, smooth_noise
from lesionaid.simulate.lesions import (
    CONNECTIVITY,
    Box,
    Mechanism,
    Role,
    SimulatedLesion,
    box_around,
    largest_component,
    offsets_mm,
)

__all__ = [
    "FADE_MM",
    "Look",
    "apart_from",
    "bumps",
    "cloud",
    "depth_mm",
    "lining",
    "pieces",
    "shrunken",
    "tube",
    "volume_mm3",
]


FADE_MM = 1.5
"""Width of the edge towards another lesion (proposed: that of a plaque's edge)."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a shape is called and how its edge and tissue behave.

    Parameters
    ----------
    mechanism, role, site : str
    edge_mm : float
        Width of the edge, from all lesion to none.
    gray : float
        How readily it fills grey matter, 0 to 1.
    roughness : float
        Unevenness of the surface as a share of the half width.
    """

    mechanism: Mechanism
    site: str
    edge_mm: float = 1.5
    gray: float = 1.0
    roughness: float = 0.2
    role: Role = "lesion"


def cloud(
    brain: Brain,
    rng: np.random.Generator,
    centre_mm: NDArray[np.float64],
    diameter_mm: float,
    look: Look,
) -> SimulatedLesion:
    """A ball with bumps as long as its radius, at least 4 mm."""
    radius = diameter_mm / 2
    box = _box(brain, centre_mm, radius * (1.3 + 2 * look.roughness) + look.edge_mm)
    x, y, z = offsets_mm(brain.grid, box, centre_mm)
    outside = np.sqrt(x * x + y * y + z * z) - radius
    outside = outside + look.roughness * radius * bumps(brain, rng, box, max(radius, 4.0))
    return _shape(brain, box, outside, look, diameter_mm)


def tube(
    brain: Brain,
    rng: np.random.Generator,
    points_mm: NDArray[np.float64],
    radius_mm: float,
    look: Look,
) -> SimulatedLesion:
    """Everything within a radius of a broken line, its surface uneven.

    Parameters
    ----------
    points_mm : ndarray of shape (n, 3)
        Corners of the line, n at least 2.
    """
    centre = points_mm.mean(axis=0)
    reach = float(np.linalg.norm(points_mm - centre, axis=1).max())
    box = _box(brain, centre, reach + 2 * radius_mm + look.edge_mm)
    away = np.full(_size(box), np.inf)
    for start, end in pairwise(points_mm):
        away = np.minimum(away, _to_segment(brain, box, start, end))
    outside = away - radius_mm + look.roughness * radius_mm * bumps(brain, rng, box, 6.0)
    length = float(np.linalg.norm(np.diff(points_mm, axis=0), axis=1).sum())
    volume = np.pi * radius_mm**2 * length
    return _shape(brain, box, outside, look, float((6 * volume / np.pi) ** (1 / 3)))


def lining(
    brain: Brain,
    rng: np.random.Generator,
    surface_mm: FloatArray,
    centre_mm: NDArray[np.float64],
    reach_mm: float,
    thickness_mm: float,
    look: Look,
) -> SimulatedLesion:
    """A sheet along a surface: within a thickness of it and a reach of a point.

    It may consist of several :func:`pieces`, such as one a wall.

    Parameters
    ----------
    surface_mm : ndarray of shape brain.grid.shape
        Signed distance to the surface, negative within the fluid.
    """
    box = _box(brain, centre_mm, reach_mm + look.edge_mm)
    x, y, z = offsets_mm(brain.grid, box, centre_mm)
    along = np.sqrt(x * x + y * y + z * z) - reach_mm
    depth = surface_mm[box]
    uneven = look.roughness * thickness_mm * bumps(brain, rng, box, 5.0)
    outside = np.maximum(np.maximum(depth - thickness_mm, -depth) + uneven, along)
    return _shape(brain, box, outside, look, 2 * reach_mm, whole=False)


def pieces(lesion: SimulatedLesion) -> list[SimulatedLesion]:
    """One lesion for each connected piece of the mask, the largest first."""
    from scipy.ndimage import label

    labels, count = label(lesion.mask, structure=CONNECTIVITY)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    order = np.argsort(-sizes, kind="stable") + 1
    return [
        replace(
            lesion,
            fraction=np.where((labels == 0) | (labels == n), lesion.fraction, np.float32(0)),
        )
        for n in order
    ]


def apart_from(
    brain: Brain, lesion: SimulatedLesion, taken: NDArray[np.bool_], gap_mm: float
) -> SimulatedLesion:
    """The lesion, fading out where it comes within a distance of other lesions.

    The distance is Euclidean, and at least the diagonal of a voxel: closer ones would be one
    component of the mask.

    Parameters
    ----------
    brain : Brain
    lesion : SimulatedLesion
    taken : ndarray of shape brain.grid.shape, bool
        Voxels of the other lesions.
    gap_mm : float
    """
    from scipy.ndimage import distance_transform_edt

    steps = brain.grid.spacing_mm
    gap_mm = max(gap_mm, 1.001 * float(np.linalg.norm(steps)))
    reach = [int(np.ceil((gap_mm + FADE_MM) / step)) for step in steps]
    wide = tuple(
        slice(max(0, side.start - r), side.stop + r)
        for side, r in zip(lesion.box, reach, strict=True)
    )
    if not taken[wide].any():
        return replace(lesion, fraction=largest_component(lesion.fraction))
    inner = tuple(
        slice(side.start - outer.start, side.stop - outer.start)
        for side, outer in zip(lesion.box, wide, strict=True)
    )
    away = distance_transform_edt(~taken[wide], sampling=steps)[inner]
    fading = np.clip((away - gap_mm) / FADE_MM, 0, 1).astype(np.float32)
    return replace(lesion, fraction=largest_component(lesion.fraction * fading))


def shrunken(brain: Brain, lesion: SimulatedLesion, share: float) -> SimulatedLesion:
    """The lesion's inmost part, of about a share of its volume, its edge as soft as before."""
    depth = depth_mm(brain, lesion)
    level = float(np.quantile(depth[lesion.mask], 1 - share))
    edge = np.clip(0.5 + (depth - level) / 3.0, 0, 1).astype(np.float32)
    return replace(lesion, fraction=largest_component(lesion.fraction * edge))


def volume_mm3(brain: Brain, lesion: SimulatedLesion) -> float:
    """Volume of the mask."""
    return float(np.count_nonzero(lesion.mask) * brain.grid.voxel_volume_mm3)


def bumps(brain: Brain, rng: np.random.Generator, box: Box, knot_mm: float) -> FloatArray:
    """Smooth noise of mean 0 and standard deviation 1 on a box."""
    return smooth_noise(rng, Grid(_size(box), brain.grid.affine), knot_mm=knot_mm)


def depth_mm(brain: Brain, lesion: SimulatedLesion) -> NDArray[np.float64]:
    """Distance of each voxel of the mask to the nearest outside it; 0 outside."""
    from scipy.ndimage import distance_transform_edt

    padded = np.pad(lesion.mask, 1)
    depth = distance_transform_edt(padded, sampling=brain.grid.spacing_mm)
    return np.asarray(depth[1:-1, 1:-1, 1:-1])


def _shape(
    brain: Brain,
    box: Box,
    outside_mm: NDArray[np.floating],
    look: Look,
    diameter_mm: float,
    *,
    whole: bool = True,
) -> SimulatedLesion:
    share = np.clip(0.5 - outside_mm / look.edge_mm, 0, 1).astype(np.float32)
    room = np.clip(brain.white[box] + np.float32(look.gray) * brain.gray[box], 0, 1)
    fraction = (share * room * brain.inside[box]).astype(np.float32)
    if whole:
        fraction = largest_component(fraction)
    return SimulatedLesion(
        box,
        fraction,
        np.zeros_like(fraction),
        look.mechanism,
        look.role,
        look.site,
        diameter_mm,
    )


def _box(brain: Brain, centre_mm: NDArray[np.float64], reach_mm: float) -> Box:
    voxel = np.rint(brain.grid.to_voxel(centre_mm)).astype(int)
    return box_around(brain.grid, voxel, reach_mm)


def _size(box: Box) -> tuple[int, int, int]:
    return (
        box[0].stop - box[0].start,
        box[1].stop - box[1].start,
        box[2].stop - box[2].start,
    )


def _to_segment(
    brain: Brain, box: Box, start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance of each voxel of a box to a straight piece of line."""
    x, y, z = offsets_mm(brain.grid, box, start)
    step = end - start
    squared = max(float((step * step).sum()), 1e-9)
    along = np.clip((x * step[0] + y * step[1] + z * step[2]) / squared, 0, 1)
    gap: NDArray[np.float64] = np.sqrt(
        (x - along * step[0]) ** 2 + (y - along * step[1]) ** 2 + (z - along * step[2]) ** 2
    )
    return gap
