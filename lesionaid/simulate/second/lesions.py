"""From a level on a box to a lesion of the second family: size law, border, record.

A shape is any field whose highest voxels are the lesion; it is cut at the volume asked for.
The border follows the distance to that cut: an error function with the heavy tails of a
Cauchy law, where the first family's falls in a straight line.

References
----------
Wang L et al., J Neurol Neurosurg Psychiatry 1997;63:452: 80 % of cross-sections of MS
lesions under 80 mm2 and about 20 % under 10 mm2. The gamma law through these quantiles has
shape 2.92 and scale 2.41 mm (derived; the first family takes the log-normal through them).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray
from lesionaid.simulate.lesions import (
    Box,
    Mechanism,
    Role,
    SimulatedLesion,
    box_around,
    largest_component,
)

__all__ = ["Kind", "border", "box_at", "cut", "draw_diameter", "outside_mm", "shares", "solid"]

SIZE_SHAPE, SIZE_MM = 2.92, 2.41
"""Gamma law of diameters of MS lesions (module references)."""

SMALLEST_MM = 3.0

TAIL = 0.25
"""Share of the border that is the Cauchy law's (proposed)."""

FAINTEST = 0.03
"""Less than this share of a voxel is not drawn: tails end."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a lesion is called and how its border and tissue behave.

    Parameters
    ----------
    mechanism, site, role : str
    border_mm : float
        From 20 to 80 per cent of lesion, in white matter.
    gray : float
        How readily it fills grey matter, 0 to 1.
    cortex_border_mm : float or None
        The border where cortex is near; None for the same.
    """

    mechanism: Mechanism
    site: str
    border_mm: float = 1.5
    gray: float = 0.5
    cortex_border_mm: float | None = None
    role: Role = "lesion"


def draw_diameter(
    rng: np.random.Generator, *, smallest_mm: float = SMALLEST_MM, largest_mm: float = 22.0
) -> float:
    """Diameter of a lesion from the gamma law, drawn again outside the limits."""
    while True:
        diameter = float(rng.gamma(SIZE_SHAPE, SIZE_MM))
        if smallest_mm <= diameter <= largest_mm:
            return diameter


def box_at(brain: Brain, centre_mm: NDArray[np.floating[Any]], reach_mm: float) -> Box:
    """The box of the grid that reaches so far from a point."""
    voxel = np.rint(brain.grid.to_voxel(centre_mm)).astype(int)
    return box_around(brain.grid, voxel, reach_mm)


def cut(
    brain: Brain, level: NDArray[np.floating[Any]], volume_mm3: float, room: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """The highest voxels with room that together make a volume; their largest piece.

    Voxels of equal level share the threshold's side, so that a level that is flat may give
    less than was asked for.
    """
    inside = np.where(room, level, -np.inf)
    wanted = max(1, round(volume_mm3 / brain.grid.voxel_volume_mm3))
    free = int(np.count_nonzero(room))
    if free == 0:
        return np.zeros(room.shape, dtype=bool)
    wanted = min(wanted, free)
    threshold = np.partition(inside.ravel(), -wanted)[-wanted]
    mask = (inside >= threshold) & np.isfinite(inside)
    return largest_component(mask.astype(np.float32)) >= 0.5


def outside_mm(brain: Brain, mask: NDArray[np.bool_]) -> FloatArray:
    """Distance to the surface of a mask on its box, negative inside."""
    from scipy.ndimage import distance_transform_edt

    half = 0.5 * min(brain.grid.spacing_mm)
    padded = np.pad(mask, 1)
    out = distance_transform_edt(~padded, sampling=brain.grid.spacing_mm)
    deep = distance_transform_edt(padded, sampling=brain.grid.spacing_mm)
    signed = np.where(padded, half - deep, out - half)[1:-1, 1:-1, 1:-1]
    return np.asarray(signed, dtype=np.float32)


def border(outside: NDArray[np.floating[Any]], width_mm: Any) -> FloatArray:
    """Share of lesion by distance to its surface: 0.5 there, heavy-tailed on both sides.

    Parameters
    ----------
    outside : ndarray
        In mm, negative inside.
    width_mm : float or ndarray
        From 80 to 20 per cent of the error function alone.
    """
    from scipy.special import erf

    # The error function passes 20 and 80 per cent at -0.595 and 0.595.
    scaled = outside / np.maximum(width_mm, 0.1) * 1.19
    core = 0.5 - 0.5 * erf(scaled)
    heavy = 0.5 - np.arctan(2 * scaled) / np.pi
    share = (1 - TAIL) * core + TAIL * heavy
    return np.where(share < FAINTEST, 0, share).astype(np.float32)


def shares(brain: Brain, box: Box, gray: float) -> FloatArray:
    """What of a voxel the lesion may fill: little fluid, grey matter as said."""
    tissue = brain.white[box] + np.float32(gray) * brain.gray[box]
    room: FloatArray = np.clip(1.4 * tissue, 0, 1).astype(np.float32)
    return room * brain.inside[box] * (brain.csf[box] < 0.5)


def solid(
    brain: Brain, box: Box, mask: NDArray[np.bool_], kind: Kind, diameter_mm: float
) -> SimulatedLesion:
    """The lesion whose surface is that of a mask, with the border of its kind."""
    width: Any = kind.border_mm
    if kind.cortex_border_mm is not None:
        # Sharp at the cortex, as wide as the kind's own from 6 mm below it.
        depth = np.clip(brain.cortex_mm[box] / 6.0, 0, 1)
        width = kind.cortex_border_mm + depth * (kind.border_mm - kind.cortex_border_mm)
    # A voxel on the surface holds both, however sharp the border is.
    width = np.hypot(width, 0.8 * min(brain.grid.spacing_mm))
    share = border(outside_mm(brain, mask), width)
    room = shares(brain, box, kind.gray)
    fraction = np.where(mask, np.maximum(share * room, 0.51 * (room > 0)), share * room)
    fraction = largest_component(np.where(mask, fraction, np.minimum(fraction, 0.49)))
    return SimulatedLesion(
        box,
        fraction.astype(np.float32),
        np.zeros(mask.shape, dtype=np.float32),
        kind.mechanism,
        kind.role,
        kind.site,
        diameter_mm,
    )
