"""The front of a PML focus: when it arrives where, and the lesion that it leaves behind it.

Its pace and where it may not go are given; the growth is published (Scarpazza et al. 2019, J
Neurol Neurosurg Psychiatry 90:261).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import Box, SimulatedLesion, box_around, largest_component

__all__ = [
    "GROWTH_PER_MONTH",
    "ILL_DEFINED_MM",
    "RIM_MM",
    "SHARP_MM",
    "Border",
    "PmlCourse",
    "front_from",
    "has_room",
    "volume_before",
]

GROWTH_PER_MONTH = 0.628
"""Share of its volume that a lesion gains in a month (Scarpazza et al. 2019)."""

REACH_MM = 40.0
"""Half the box in which the front may run."""

ILL_DEFINED_MM, SHARP_MM = 6.0, 1.5
"""Widths of a border, from all lesion to none (proposed: from 10 to 90 % an ill-defined one takes
4.8 mm, above the 4 mm of the evidence file's proposal, a sharp one 1.2 mm)."""

RIM_MM = 3.0
"""Width of the front that is bright on DWI (proposed)."""


@dataclass(frozen=True, slots=True)
class Border:
    """Widths of the border in mm, towards white and towards grey matter.

    Parameters
    ----------
    white_mm, gray_mm : float
    """

    white_mm: float = ILL_DEFINED_MM
    gray_mm: float = SHARP_MM


@dataclass(frozen=True, slots=True, eq=False)
class PmlCourse:
    """One focus through time.

    Parameters
    ----------
    brain : Brain
    box : tuple of slice
    arrival : ndarray of float32
        When the front arrives, in mm of travel through the subcortical band; infinite
        where it never does.
    slowness : ndarray of float32
        What the front pays for a mm, against the subcortical band.
    site : str
        ``"juxtacortical"`` or ``"cerebellar"``.
    """

    brain: Brain
    box: Box
    arrival: NDArray[np.float32]
    slowness: NDArray[np.float32]
    site: str = "juxtacortical"

    def lesion(self, volume_mm3: float, border: Border | None = None) -> SimulatedLesion:
        """The lesion when the front has run over a volume; its border leaves the mask alone."""
        border = border or (Border(SHARP_MM) if self.site == "cerebellar" else Border())
        voxels = round(volume_mm3 / self.brain.grid.voxel_volume_mm3)
        reached = np.sort(self.arrival[np.isfinite(self.arrival)])
        now = reached[min(max(voxels, 1), reached.size) - 1]
        ahead = np.where(np.isfinite(self.arrival), self.arrival - now, np.float32(1e6))
        white = self.brain.white[self.box]
        width = white * np.float32(border.white_mm) + (1 - white) * np.float32(border.gray_mm)
        share = np.clip(0.5 - ahead / (self.slowness * width), 0, 1)
        fraction = largest_component(share.astype(np.float32))
        return SimulatedLesion(
            self.box,
            fraction,
            _rim(self.brain, fraction),
            "pml",
            "main",
            self.site,
            float((6 * volume_mm3 / np.pi) ** (1 / 3)),
        )


def volume_before(volume_mm3: float, months: float) -> float:
    """Volume some months earlier, at compound growth."""
    return float(volume_mm3 / (1 + GROWTH_PER_MONTH) ** months)


def front_from(
    brain: Brain,
    slowness: NDArray[np.float32],
    barred: NDArray[np.bool_],
    seed: NDArray[np.intp],
    site: str,
) -> PmlCourse:
    """The front that starts at a voxel, kept out of what is barred."""
    box = box_around(brain.grid, seed, REACH_MM)
    arrival = _arrival(brain, slowness, barred, box, seed)
    return PmlCourse(brain, box, arrival, slowness[box], site)


def _arrival(
    brain: Brain,
    slowness: NDArray[np.float32],
    barred: NDArray[np.bool_],
    box: Box,
    seed: NDArray[np.intp],
) -> NDArray[np.float32]:
    """Cheapest way from the seed to each voxel (Dijkstra over 26 neighbours)."""
    from skimage.graph import MCP_Geometric

    costs = np.where(barred[box], -1.0, slowness[box]).astype(float)
    start = tuple(int(v) - side.start for v, side in zip(seed, box, strict=True))
    paths = MCP_Geometric(costs, fully_connected=True, sampling=brain.grid.spacing_mm)
    cumulative, _ = paths.find_costs([start])
    return np.asarray(cumulative, dtype=np.float32)


def has_room(course: PmlCourse, volume_mm3: float, largest_mm: float) -> bool:
    """Whether the focus can grow to a volume without becoming longer than allowed."""
    free = np.count_nonzero(np.isfinite(course.arrival)) * course.brain.grid.voxel_volume_mm3
    if free < 1.5 * volume_mm3:
        return False
    mask = course.lesion(volume_mm3).mask
    if np.count_nonzero(mask) * course.brain.grid.voxel_volume_mm3 < 0.8 * volume_mm3:
        return False
    voxels = np.argwhere(mask)
    extent = (np.ptp(voxels, axis=0) + 1) * course.brain.grid.spacing_mm
    return bool(extent.max() <= largest_mm)


def _rim(brain: Brain, fraction: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 at the border, falling to 0 between 3 and 4 mm deep."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(fraction >= 0.5, sampling=brain.grid.spacing_mm)
    rim: NDArray[np.float32] = np.clip(RIM_MM + 1.0 - depth, 0, 1).astype(np.float32)
    return rim
