"""Where a lesion takes up contrast: soft patches, spots, pieces of border, rings.

Every field runs from 0 to 1 on the box of a lesion; the tissue's appearance says how strongly
it enhances there. Widths and shares are proposed: the papers name the patterns, not their size.

References
----------
Patchy, punctate and at the border in PML-IRIS: PMID 26369555. Ring and open ring, open towards
the cortex, in tumefactive demyelination: PMID 22573639.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray, smooth_noise
from lesionaid.simulate.lesions import SimulatedLesion, offsets_mm

__all__ = [
    "border_pieces",
    "centroid_mm",
    "even_ring",
    "opened",
    "soft_patches",
    "spots",
    "surface_mm",
    "towards_cortex",
]

PATCH_MM, PATCH_SHARE, PATCH_SOFT = 8.0, 0.25, 1.5
"""Distance between knots, share of the lesion, and softness in standard deviations."""

PIECE_MM, PIECE_SHARE = 14.0, 0.5
"""Distance between knots, and share of the border."""

SPOT_MM = (1.8, 3.2)
"""Full widths at half height."""

SMOOTH_MM = 1.5
"""By which a surface is smoothed before a ring follows it."""


def surface_mm(brain: Brain, lesion: SimulatedLesion, *, smooth_mm: float = 0.0) -> FloatArray:
    """Depth under the surface of the mask, negative outside, in mm.

    Parameters
    ----------
    brain : Brain
    lesion : SimulatedLesion
    smooth_mm : float
        Standard deviation of a Gaussian by which the mask's fraction is smoothed first.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    steps = brain.grid.spacing_mm
    field = np.pad(lesion.fraction, 1)
    if smooth_mm:
        field = gaussian_filter(field, [smooth_mm / step for step in steps])
    mask = field >= 0.5
    half = 0.5 * min(steps)
    inner = distance_transform_edt(mask, sampling=steps) - half
    outer = distance_transform_edt(~mask, sampling=steps) - half
    depth = np.where(mask, inner, -outer)[1:-1, 1:-1, 1:-1]
    return np.asarray(depth, dtype=np.float32)


def soft_patches(
    brain: Brain, rng: np.random.Generator, lesion: SimulatedLesion, *, reach_mm: float = 12.0
) -> FloatArray:
    """A few blurred patches, thinning out with the depth under the border."""
    field = _noise(brain, rng, lesion, PATCH_MM)
    inside = field[lesion.mask]
    level = float(np.quantile(inside, 1 - PATCH_SHARE)) if inside.size else 0.0
    soft = 1 / (1 + np.exp(-(field - level) * (4 / PATCH_SOFT)))
    depth = surface_mm(brain, lesion)
    return np.asarray(soft * np.clip(1.3 - depth / reach_mm, 0, 1), dtype=np.float32)


def border_pieces(
    brain: Brain, rng: np.random.Generator, lesion: SimulatedLesion, *, width_mm: float = 3.0
) -> FloatArray:
    """A soft band inside the border, present along about half of it."""
    depth = surface_mm(brain, lesion)
    band = np.exp(-0.5 * ((depth - width_mm / 2) / (width_mm / 2)) ** 2)
    field = _noise(brain, rng, lesion, PIECE_MM)
    edge = field[(depth > 0) & (depth < width_mm)]
    level = float(np.quantile(edge, 1 - PIECE_SHARE)) if edge.size else 0.0
    there = 1 / (1 + np.exp(-(field - level) * 4))
    return np.asarray(band * there, dtype=np.float32)


def spots(
    brain: Brain,
    rng: np.random.Generator,
    lesion: SimulatedLesion,
    count: int,
    *,
    reach_mm: float = 5.0,
) -> FloatArray:
    """Round spots whose middles lie within a depth under the border."""
    depth = surface_mm(brain, lesion)
    places = np.argwhere(lesion.mask & (depth <= reach_mm))
    together = np.zeros(lesion.fraction.shape, dtype=np.float32)
    if len(places) == 0:
        return together
    corner = np.array([side.start for side in lesion.box])
    for _ in range(count):
        voxel = places[int(rng.integers(len(places)))] + corner + rng.uniform(-0.5, 0.5, 3)
        x, y, z = offsets_mm(brain.grid, lesion.box, np.asarray(brain.grid.to_mm(voxel)))
        width = float(rng.uniform(*SPOT_MM)) / 2.355
        spot = np.exp(-0.5 * (x * x + y * y + z * z) / width**2)
        together = np.maximum(together, spot.astype(np.float32))
    return together


def even_ring(brain: Brain, lesion: SimulatedLesion, width_mm: float) -> FloatArray:
    """A band of one width under the smoothed surface.

    Its inner edge is 1 mm soft; outwards it reaches over the lesion's own soft edge, so that no
    seam of core shows there.
    """
    depth = surface_mm(brain, lesion, smooth_mm=SMOOTH_MM)
    ring = np.clip(2.5 + depth, 0, 1) * np.clip(0.5 + width_mm - depth, 0, 1)
    return np.asarray(ring, dtype=np.float32)


def opened(
    brain: Brain,
    lesion: SimulatedLesion,
    ring: FloatArray,
    direction: FloatArray,
    half_angle_deg: float,
) -> FloatArray:
    """The ring without what lies within an angle of a direction, seen from its centroid.

    Parameters
    ----------
    direction : ndarray of shape (3,)
        Unit vector in mm, RAS+.
    half_angle_deg : float
        Half the opening; the ends of the arc are 10 degrees soft.
    """
    x, y, z = offsets_mm(brain.grid, lesion.box, centroid_mm(brain, lesion))
    length = np.maximum(np.sqrt(x * x + y * y + z * z), 1e-6)
    cosine = (x * direction[0] + y * direction[1] + z * direction[2]) / length
    angle = np.rad2deg(np.arccos(np.clip(cosine, -1, 1)))
    kept = np.clip(0.5 + (angle - half_angle_deg) / 10, 0, 1)
    return np.asarray(ring * kept, dtype=np.float32)


def centroid_mm(brain: Brain, lesion: SimulatedLesion) -> NDArray[np.float64]:
    """Middle of the mask, in mm."""
    voxels = np.argwhere(lesion.mask).mean(axis=0) + [side.start for side in lesion.box]
    return np.asarray(brain.grid.to_mm(voxels), dtype=float)


def towards_cortex(brain: Brain, lesion: SimulatedLesion) -> FloatArray:
    """Unit vector from the middle of a lesion to the part of its surface nearest the cortex."""
    depth = surface_mm(brain, lesion)
    shell = lesion.mask & (depth < 2.0)
    cortex = brain.cortex_mm[lesion.box]
    near = shell & (cortex <= np.quantile(cortex[shell], 0.1))
    x, y, z = offsets_mm(brain.grid, lesion.box, centroid_mm(brain, lesion))
    whole = np.broadcast_arrays(x, y, z)
    mean = np.array([float(part[near].mean()) for part in whole])
    length = float(np.linalg.norm(mean))
    unit = mean / length if length > 0 else np.array([0.0, 0.0, 1.0])
    return unit.astype(np.float32)


def _noise(
    brain: Brain, rng: np.random.Generator, lesion: SimulatedLesion, knot_mm: float
) -> FloatArray:
    x, y, z = (side.stop - side.start for side in lesion.box)
    return smooth_noise(rng, Grid((x, y, z), brain.grid.affine), knot_mm=knot_mm)
