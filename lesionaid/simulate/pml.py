"""PML lesions: born in the U-fibres, spreading through white matter, dotted about.

The front travels from a subcortical seed: fast along the band under the cortex, slower
into deep white matter, hardly into cortex, never into CSF. The lesion at one date is
everything that the front has reached, so an earlier date is a smaller lesion inside the
later one. Where the front runs through white matter it is spread out (an ill-defined
border); at the cortex it stands still (a sharp one).

References
----------
Spread along tracts with new dots that fuse: one autopsy, PMC6852116. Subcortical start,
U-fibres, border ill-defined to white matter and sharp to cortex: McGuigan et al. 2016,
PMC4752634. Punctate lesions under 5 mm: Wijburg et al. 2016, doi
10.1136/jnnp-2016-313772. Growth 62.8 % a month: Scarpazza et al. 2019, J Neurol Neurosurg
Psychiatry 90:261.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import smooth_noise
from lesionaid.simulate.lesions import (
    Box,
    SimulatedLesion,
    box_around,
    clear_of,
    largest_component,
    offsets_mm,
)

__all__ = [
    "GROWTH_PER_MONTH",
    "PmlCourse",
    "pml_course",
    "satellites",
    "volume_before",
]

GROWTH_PER_MONTH = 0.628
"""Share of its volume that a lesion gains in a month (Scarpazza et al. 2019)."""

REACH_MM = 40.0
"""Half the box in which the front may run."""

LARGEST_EXTENT_MM = 45.0
"""Longest side that a lesion may have (proposed: the simulator's range is 15 to 45 mm)."""

EDGE_MM = 5.0
"""Width of the border in white matter (proposed; readers call it ill-defined, and 4 mm is
where lesionaid's catalogue would draw that line)."""

RIM_MM = 3.0
"""Width of the front that is bright on DWI (proposed)."""

CORTEX_SPEED, CORTEX_SPEED_INVOLVED = 0.08, 0.35
"""Speed in grey matter against the subcortical band: spared, and involved (proposed)."""

SLOWEST = 0.02
"""Speed where there is next to no tissue."""

GAP_MM = 2.5
"""Distance kept from other lesions, and of satellites from the main lesion."""

SATELLITE_MM = (2.4, 4.7)
"""Diameters of satellites (proposed within "under 5 mm": never a speck under 3 mm3)."""

SATELLITE_REACH_MM = 16.0
"""How far from the main lesion satellites lie (proposed, inside the 20 mm of a group)."""

SPECK_MM3, SMALL_MM3 = 3.0, np.pi / 6 * 5.0**3
"""A satellite's mask lies between these volumes."""


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
    """

    brain: Brain
    box: Box
    arrival: NDArray[np.float32]

    def lesion(self, volume_mm3: float) -> SimulatedLesion:
        """The lesion when the front has run over a volume."""
        voxels = round(volume_mm3 / self.brain.grid.voxel_volume_mm3)
        reached = np.sort(self.arrival[np.isfinite(self.arrival)])
        now = reached[min(max(voxels, 1), reached.size) - 1]
        ahead = np.where(np.isfinite(self.arrival), self.arrival - now, np.float32(1e6))
        share = np.clip(0.5 - ahead / np.float32(EDGE_MM), 0, 1)
        fraction = largest_component(share.astype(np.float32))
        return SimulatedLesion(
            self.box,
            fraction,
            _rim(self.brain, fraction),
            "pml",
            "main",
            "juxtacortical",
            float((6 * volume_mm3 / np.pi) ** (1 / 3)),
        )


def volume_before(volume_mm3: float, months: float) -> float:
    """Volume some months earlier, at compound growth."""
    return float(volume_mm3 / (1 + GROWTH_PER_MONTH) ** months)


def pml_course(
    brain: Brain,
    rng: np.random.Generator,
    volume_mm3: float,
    *,
    occupied: NDArray[np.bool_] | None = None,
    ventricle_gap_mm: float = 10.0,
    cortical: bool = False,
    tries: int = 60,
) -> PmlCourse | None:
    """A supratentorial focus with room to grow to a volume.

    Parameters
    ----------
    brain : Brain
    rng : numpy.random.Generator
    volume_mm3 : float
        The largest volume that will be asked for.
    occupied : ndarray of bool or None
        Voxels of other lesions; the front keeps 2.5 mm from them.
    ventricle_gap_mm : float
        Distance kept from the lateral ventricles.
    cortical : bool
        Whether the front runs into the cortex too.
    tries : int
        Seeds that are tried.

    Returns
    -------
    PmlCourse or None
        None when no seed has room.
    """
    barred = (brain.csf > 0.5) | ~brain.inside | (brain.ventricle_mm < ventricle_gap_mm)
    barred |= brain.infratentorial  # the tentorium lies between
    if occupied is not None:
        barred |= _widen(brain, occupied, GAP_MM)
    seeds = np.argwhere(
        (brain.white > 0.6) & (brain.cortex_mm > 0) & (brain.cortex_mm <= 2.5) & ~barred
    )
    if len(seeds) == 0:
        return None
    texture = np.exp(0.45 * smooth_noise(rng, brain.grid, knot_mm=7.0))
    slowness = texture / _speed(brain, cortical=cortical)
    for _ in range(tries):
        seed = seeds[int(rng.integers(len(seeds)))]
        box = box_around(brain.grid, seed, REACH_MM)
        course = PmlCourse(brain, box, _arrival(brain, slowness, barred, box, seed))
        if _has_room(course, volume_mm3):
            return course
    return None


def satellites(
    brain: Brain,
    rng: np.random.Generator,
    main: SimulatedLesion,
    count: int,
    *,
    occupied: NDArray[np.bool_],
    ventricle_gap_mm: float = 10.0,
    tries: int = 400,
) -> tuple[SimulatedLesion, ...]:
    """Dots in white matter round the main lesion, each apart from everything else.

    Parameters
    ----------
    brain : Brain
    rng : numpy.random.Generator
    main : SimulatedLesion
    count : int
        Dots asked for; fewer come back where there is no room.
    occupied : ndarray of bool, shape brain.grid.shape
        Voxels of other lesions; the main lesion need not be among them.
    ventricle_gap_mm : float
    tries : int
        Places that are tried in all.
    """
    taken = occupied.copy()
    taken[main.box] |= main.mask
    places = _places_near(brain, main, ventricle_gap_mm)
    dots: list[SimulatedLesion] = []
    for _ in range(tries):
        if len(dots) == count or len(places) == 0:
            break
        centre = brain.grid.to_mm(
            places[int(rng.integers(len(places)))] + rng.uniform(-0.5, 0.5, 3)
        )
        dot = _dot(brain, centre, float(rng.uniform(*SATELLITE_MM)))
        volume = np.count_nonzero(dot.mask) * brain.grid.voxel_volume_mm3
        if SPECK_MM3 < volume < SMALL_MM3 and clear_of(brain, dot, taken, GAP_MM):
            dots.append(dot)
            taken[dot.box] |= dot.mask
    return tuple(dots)


def _speed(brain: Brain, *, cortical: bool) -> NDArray[np.float32]:
    """1 in the 4 mm under the cortex, falling to 0.4 some 12 mm deeper; slow in cortex."""
    deep = np.clip((brain.cortex_mm - 4.0) / 12.0, 0, 1)
    gray_speed = CORTEX_SPEED_INVOLVED if cortical else CORTEX_SPEED
    speed = brain.white * (1.0 - 0.6 * deep) + brain.gray * gray_speed
    return np.asarray(np.maximum(speed, SLOWEST), dtype=np.float32)


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


def _has_room(course: PmlCourse, volume_mm3: float) -> bool:
    free = np.count_nonzero(np.isfinite(course.arrival)) * course.brain.grid.voxel_volume_mm3
    if free < 1.5 * volume_mm3:
        return False
    mask = course.lesion(volume_mm3).mask
    if np.count_nonzero(mask) * course.brain.grid.voxel_volume_mm3 < 0.8 * volume_mm3:
        return False
    voxels = np.argwhere(mask)
    extent = (np.ptp(voxels, axis=0) + 1) * course.brain.grid.spacing_mm
    return bool(extent.max() <= LARGEST_EXTENT_MM)


def _rim(brain: Brain, fraction: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 at the border, falling to 0 between 3 and 4 mm deep."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(fraction >= 0.5, sampling=brain.grid.spacing_mm)
    rim: NDArray[np.float32] = np.clip(RIM_MM + 1.0 - depth, 0, 1).astype(np.float32)
    return rim


def _places_near(brain: Brain, main: SimulatedLesion, ventricle_gap_mm: float) -> NDArray[np.intp]:
    from scipy.ndimage import distance_transform_edt

    apart = np.ones(brain.grid.shape, dtype=bool)
    apart[main.box] &= ~main.mask
    reach = [int(np.ceil(SATELLITE_REACH_MM / step)) for step in brain.grid.spacing_mm]
    wide = tuple(
        slice(max(0, side.start - r), min(size, side.stop + r))
        for side, r, size in zip(main.box, reach, brain.grid.shape, strict=True)
    )
    away = distance_transform_edt(apart[wide], sampling=brain.grid.spacing_mm)
    good = (
        (away > GAP_MM + SATELLITE_MM[1] / 2)
        & (away <= SATELLITE_REACH_MM)
        & (brain.white[wide] > 0.8)
        & (brain.ventricle_mm[wide] > ventricle_gap_mm)
        & ~brain.infratentorial[wide]
    )
    places: NDArray[np.intp] = np.argwhere(good) + np.array([side.start for side in wide])
    return places


def _dot(brain: Brain, centre_mm: NDArray[np.float64], diameter_mm: float) -> SimulatedLesion:
    centre_voxel = np.rint(brain.grid.to_voxel(centre_mm)).astype(int)
    box = box_around(brain.grid, centre_voxel, diameter_mm / 2 + 2 * max(brain.grid.spacing_mm))
    x, y, z = offsets_mm(brain.grid, box, centre_mm)
    depth = diameter_mm / 2 - np.sqrt(x * x + y * y + z * z)
    edge = max(brain.grid.spacing_mm)
    fraction = np.clip(0.5 + depth / edge, 0, 1).astype(np.float32)
    return SimulatedLesion(
        box,
        fraction,
        np.zeros_like(fraction),
        "pml",
        "satellite",
        "white_matter",
        diameter_mm,
    )


def _widen(brain: Brain, mask: NDArray[np.bool_], by_mm: float) -> NDArray[np.bool_]:
    from scipy.ndimage import maximum_filter

    size = [2 * int(np.ceil(by_mm / step)) + 1 for step in brain.grid.spacing_mm]
    wider: NDArray[np.bool_] = maximum_filter(mask, size=size, mode="constant")
    return wider
