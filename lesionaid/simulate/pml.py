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

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fibres import fan_noise
from lesionaid.simulate.fields import smooth_noise
from lesionaid.simulate.landmarks import POINTS, point_mm
from lesionaid.simulate.pml_dots import GAP_MM
from lesionaid.simulate.pml_front import PmlCourse, front_from, has_room
from lesionaid.simulate.pml_sites import cerebellar_white, dentate_mm, hilum

__all__ = ["crescent_course", "deep_course", "pml_course"]

LARGEST_EXTENT_MM = 45.0
"""Longest side that a lesion may have (proposed: the simulator's range is 15 to 45 mm)."""

SPARED = 8.0
"""How much slower still the front is in a cortex that is spared (proposed: next to never)."""

TRACTS = 0.6
"""How unevenly the front runs along the lines of the fan (proposed)."""

CRESCENT_MM = 7.0
"""Thickness at which a crescent stops to thicken (proposed)."""

HILUM = 8.0
"""How much slower a crescent runs into the hilum of the dentate (proposed: so it stays open)."""

CORTEX_SPEED, CORTEX_SPEED_INVOLVED = 0.08, 0.35
"""Speed in grey matter against the subcortical band: spared, and involved (proposed)."""

SLOWEST = 0.02
"""Speed where there is next to no tissue."""


def pml_course(
    brain: Brain,
    rng: np.random.Generator,
    volume_mm3: float,
    *,
    occupied: NDArray[np.bool_] | None = None,
    ventricle_gap_mm: float = 10.0,
    cortical: bool = False,
    seeds: NDArray[np.bool_] | None = None,
    along_tracts: bool = False,
    largest_mm: float = LARGEST_EXTENT_MM,
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
    seeds : ndarray of bool or None
        Voxels of which one, within 2.5 mm of the cortex, is where it starts.
    along_tracts : bool
        Whether it runs further along the fan of the corona radiata than across it, slows down
        towards the ventricles, and all but stops at a cortex that it spares.
    largest_mm : float
        Longest side that the lesion may have.
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
    start = (brain.white > 0.6) & (brain.cortex_mm > 0) & (brain.cortex_mm <= 2.5) & ~barred
    places = np.argwhere(start if seeds is None else start & seeds)
    if len(places) == 0:
        return None
    texture = np.exp(0.45 * smooth_noise(rng, brain.grid, knot_mm=7.0))
    if along_tracts:
        near = np.clip((ventricle_gap_mm + 6.0 - brain.ventricle_mm) / 3.0, 0, 2)
        texture *= np.exp(TRACTS * fan_noise(rng, brain)) * (1 + 2 * near**2)
    slowness = np.asarray(texture / _speed(brain, cortical=cortical), dtype=np.float32)
    if along_tracts and not cortical:
        slowness[(brain.gray > 0.5) & (brain.cortex_mm <= 0)] *= np.float32(SPARED)
    for _ in range(tries):
        seed = places[int(rng.integers(len(places)))]
        course = front_from(brain, slowness, barred, seed, "juxtacortical")
        if has_room(course, volume_mm3, largest_mm):
            return course
    return None


def crescent_course(
    brain: Brain,
    rng: np.random.Generator,
    volume_mm3: float,
    *,
    occupied: NDArray[np.bool_] | None = None,
    tries: int = 20,
) -> PmlCourse | None:
    """A focus in cerebellar white matter and peduncle that runs round the dentate nucleus.

    Neither the dentate nor the cortex is run into, so what grows is a crescent.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    rng : numpy.random.Generator
    volume_mm3 : float
    occupied : ndarray of bool or None
    tries : int

    Returns
    -------
    PmlCourse or None
        None when no seed has room.

    Raises
    ------
    ValueError
        When the brain knows no MNI coordinates.
    """
    dentate = dentate_mm(brain)
    barred = ~cerebellar_white(brain) | (dentate <= 0) | (brain.csf > 0.3)
    if occupied is not None:
        barred |= _widen(brain, occupied, GAP_MM)
    places = np.argwhere(~barred & (dentate <= 3.0) & (hilum(brain) == 0))
    if len(places) == 0:
        return None
    texture = np.exp(0.3 * smooth_noise(rng, brain.grid, knot_mm=7.0))
    hug = 1 + np.clip(dentate / CRESCENT_MM, 0, 3) ** 2 + HILUM * hilum(brain)
    slowness = np.asarray(texture * hug, dtype=np.float32)
    for _ in range(tries):
        seed = places[int(rng.integers(len(places)))]
        course = front_from(brain, slowness, barred, seed, "cerebellar")
        if has_room(course, volume_mm3, LARGEST_EXTENT_MM):
            return course
    return None


def _speed(brain: Brain, *, cortical: bool) -> NDArray[np.float32]:
    """1 in the 4 mm under the cortex, falling to 0.4 some 12 mm deeper; slow in cortex."""
    deep = np.clip((brain.cortex_mm - 4.0) / 12.0, 0, 1)
    gray_speed = CORTEX_SPEED_INVOLVED if cortical else CORTEX_SPEED
    speed = brain.white * (1.0 - 0.6 * deep) + brain.gray * gray_speed
    return np.asarray(np.maximum(speed, SLOWEST), dtype=np.float32)


def deep_course(
    brain: Brain,
    rng: np.random.Generator,
    volume_mm3: float,
    site: str,
    *,
    occupied: NDArray[np.bool_] | None = None,
    tries: int = 6,
) -> PmlCourse | None:
    """A focus in the deep grey matter and the white matter round it.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    rng : numpy.random.Generator
    volume_mm3 : float
    site : {"putamen", "thalamus"}
    occupied : ndarray of bool or None
    tries : int

    Returns
    -------
    PmlCourse or None
        None when no side has room.
    """
    barred = (brain.csf > 0.5) | ~brain.inside | (brain.ventricle_mm < 2) | (brain.cortex_mm < 4)
    barred |= brain.infratentorial
    if occupied is not None:
        barred |= _widen(brain, occupied, GAP_MM)
    texture = np.exp(0.3 * smooth_noise(rng, brain.grid, knot_mm=7.0))
    for _ in range(tries):
        middle = point_mm(brain, POINTS[site], left=bool(rng.random() < 0.5))
        seed = np.rint(brain.grid.to_voxel(middle + rng.uniform(-3, 3, 3))).astype(int)
        if barred[tuple(seed)]:
            continue
        course = front_from(brain, texture, barred, seed, "deep_gray_matter")
        if has_room(course, volume_mm3, LARGEST_EXTENT_MM):
            return course
    return None


def _widen(brain: Brain, mask: NDArray[np.bool_], by_mm: float) -> NDArray[np.bool_]:
    from scipy.ndimage import maximum_filter

    size = [2 * int(np.ceil(by_mm / step)) + 1 for step in brain.grid.spacing_mm]
    wider: NDArray[np.bool_] = maximum_filter(mask, size=size, mode="constant")
    return wider
