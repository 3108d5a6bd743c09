"""Lesions of the second family: metaballs and random walks, sizes from a gamma law.

No shape, size law or site list is shared with the first family, only the record of a
lesion. All settings are proposed and not to be tuned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import (
    Mechanism,
    SimulatedLesion,
    box_around,
    clear_of,
    largest_component,
    offsets_mm,
)

__all__ = ["metaballs", "scattered", "walked"]

GAP_MM = 2.5
SHAPE, SCALE_MM = 2.2, 3.0
"""Gamma law of diameters: mean 6.6 mm."""

SMALLEST_MM3 = 14.0


def metaballs(
    brain: Brain,
    rng: np.random.Generator,
    centre_mm: NDArray[np.float64],
    diameter_mm: float,
    mechanism: Mechanism,
) -> SimulatedLesion:
    """Two to five merging balls: where their summed inverse squares pass 1."""
    radius = diameter_mm / 2
    voxel = np.rint(brain.grid.to_voxel(centre_mm)).astype(int)
    box = box_around(brain.grid, voxel, 2.5 * radius + 2)
    total = np.zeros(tuple(side.stop - side.start for side in box))
    for _ in range(int(rng.integers(2, 6))):
        at = centre_mm + rng.uniform(-0.6, 0.6, 3) * radius
        x, y, z = offsets_mm(brain.grid, box, at)
        total = total + (rng.uniform(0.4, 0.7) * radius) ** 2 / (x * x + y * y + z * z + 0.1)
    share = np.clip(0.5 + (total - 1) * radius / 4, 0, 1)
    return _record(brain, box, share, mechanism, diameter_mm)


def walked(
    brain: Brain,
    rng: np.random.Generator,
    start: NDArray[np.intp],
    volume_mm3: float,
    mechanism: Mechanism,
) -> SimulatedLesion:
    """What many short random walks through white matter from one voxel have trodden most."""
    from scipy.ndimage import gaussian_filter

    diameter = float((6 * volume_mm3 / np.pi) ** (1 / 3))
    box = box_around(brain.grid, start, 1.6 * diameter + 4)
    white = brain.white[box] > 0.4
    size = np.array(white.shape)
    at = np.tile(start - [side.start for side in box], (600, 1))
    trodden = np.zeros(white.shape)
    step = min(brain.grid.spacing_mm)
    for _ in range(int((0.9 * diameter / step) ** 2)):
        ahead = np.clip(at + rng.integers(-1, 2, at.shape), 0, size - 1)
        free = white[tuple(ahead.T)]
        at[free] = ahead[free]
        np.add.at(trodden, tuple(at.T), 1.0)
    smooth = gaussian_filter(trodden, 0.8) * white
    voxels = max(1, round(volume_mm3 / brain.grid.voxel_volume_mm3))
    ordered = np.sort(smooth.ravel())
    level = max(float(ordered[-min(voxels, ordered.size)]), 1e-9)
    share = np.clip(0.5 * smooth / level, 0, 1)
    return _record(brain, box, share, mechanism, diameter)


def scattered(
    brain: Brain, rng: np.random.Generator, count: int, mechanism: Mechanism
) -> tuple[SimulatedLesion, ...]:
    """Metaballs anywhere in white matter, sizes from the gamma law, each apart.

    Fewer come back where 30 tries a lesion find no room.
    """
    places = np.argwhere(brain.white > 0.6)
    taken = np.zeros(brain.grid.shape, dtype=bool)
    kept: list[SimulatedLesion] = []
    for _ in range(30 * count):
        if len(kept) == count:
            break
        diameter = float(np.clip(rng.gamma(SHAPE, SCALE_MM), 3.0, 25.0))
        centre = brain.grid.to_mm(places[int(rng.integers(len(places)))])
        lesion = metaballs(brain, rng, centre, diameter, mechanism)
        volume = np.count_nonzero(lesion.mask) * brain.grid.voxel_volume_mm3
        if volume >= SMALLEST_MM3 and clear_of(brain, lesion, taken, GAP_MM):
            taken[lesion.box] |= lesion.mask
            kept.append(lesion)
    return tuple(kept)


def _record(
    brain: Brain,
    box: tuple[slice, slice, slice],
    share: NDArray[np.float64],
    mechanism: Mechanism,
    diameter_mm: float,
) -> SimulatedLesion:
    room = brain.inside[box] & (brain.csf[box] < 0.5)
    fraction = largest_component((share * room).astype(np.float32))
    rim = np.zeros_like(fraction)
    return SimulatedLesion(box, fraction, rim, mechanism, "lesion", "white_matter", diameter_mm)
