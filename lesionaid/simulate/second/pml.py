"""PML of the second family: invasion percolation from a subcortical seed, and a cluster of dots.

The focus takes the weakest voxel next to it, over and over: noise makes white matter weak
here and strong there, depth and cortex make it stronger, neighbours that are taken weaker.
The order in which voxels fell, smoothed, is the focus at every date. Dots are a Matern
cluster process about places of its border, their sizes from a bounded Pareto law.

References
----------
As the first family's (Wijburg 2016, Scarpazza 2019: ``data/frequencies.yaml`` and
:mod:`lesionaid.simulate.pml`); growth a month is drawn from a gamma law of the published
mean. The strengths and lengths below are proposed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import share
from lesionaid.simulate.landmarks import within_box
from lesionaid.simulate.lesions import Box, SimulatedLesion, box_around
from lesionaid.simulate.second.lesions import Kind, box_at, cut, solid
from lesionaid.simulate.second.noise import octaves
from lesionaid.simulate.second.placing import clusters
from lesionaid.simulate.second.shapes import arrival, invaded, metaballs
from lesionaid.simulate.second.texture import mottled
from lesionaid.simulate.second.truth import points_mm

__all__ = ["Focus", "dots_about", "draw_growth", "grow_focus"]

GROWTH_MEAN, GROWTH_SHAPE = 0.628, 4.0
"""Gamma law of growth a month (mean: Scarpazza et al. 2019; shape proposed)."""

REACH_MM = 34.0
LONGEST_MM = 60.0

DEEPER, RIBBON, RIBBON_INVOLVED = 1.3, 3.0, 1.2
"""How much stronger a voxel is 8 mm deeper, and in grey matter that is spared or involved."""

TENSION = 0.3

VENTRICLE_MM = 6.0
"""Kept from the lateral ventricle."""

FRONT_MM = 4.0
"""Depth of the front that is bright on DWI, on average."""

DOT_MM, DOT_TAIL = (2.4, 4.8), 1.6
"""Smallest and largest diameter of dots, and the exponent of their Pareto law."""

LOBES = {
    "lobe_frontal": ((0.0, -12.0, -20.0), (70.0, 80.0, 80.0)),
    "lobe_parietal": ((0.0, -65.0, 22.0), (70.0, -14.0, 80.0)),
    "lobe_occipital": ((0.0, -110.0, -20.0), (70.0, -66.0, 40.0)),
    "lobe_temporal": ((30.0, -60.0, -45.0), (75.0, 10.0, -2.0)),
}
"""Opposite corners in MNI mm, on either side (read off the template, coarse)."""


@dataclass(frozen=True, slots=True, eq=False)
class Focus:
    """One focus through time.

    Parameters
    ----------
    brain : Brain
    box : tuple of slice
    arrival : ndarray
        The lower, the earlier a voxel fell; infinite where there is no room.
    border_mm, cortex_border_mm : float
    texture : ndarray
        Standard normal, varies the depth of the front.
    """

    brain: Brain
    box: Box
    arrival: NDArray[np.float64]
    border_mm: float
    cortex_border_mm: float
    texture: NDArray[np.float32]

    def at(self, volume_mm3: float) -> SimulatedLesion:
        """The focus when it had a volume; `rim` is 1 at the front and 0 in the core."""
        mask = cut(self.brain, -self.arrival, volume_mm3, np.isfinite(self.arrival))
        kind = Kind(
            "pml",
            "juxtacortical",
            border_mm=self.border_mm,
            cortex_border_mm=self.cortex_border_mm,
            gray=0.8,
            role="main",
        )
        lesion = solid(self.brain, self.box, mask, kind, _ball_mm(volume_mm3))
        return replace(lesion, rim=self._front(lesion))

    def _front(self, lesion: SimulatedLesion) -> NDArray[np.float32]:
        from scipy.ndimage import distance_transform_edt

        depth = distance_transform_edt(np.pad(lesion.mask, 1), sampling=self.brain.grid.spacing_mm)[
            1:-1, 1:-1, 1:-1
        ]
        width = FRONT_MM * np.clip(1 + 0.4 * self.texture, 0.3, 2.0)
        front: NDArray[np.float32] = np.clip(0.5 + (width - depth) / 2.0, 0, 1).astype(np.float32)
        return front


def draw_growth(rng: np.random.Generator) -> float:
    """Share of its volume that a focus gains in a month."""
    return float(np.clip(rng.gamma(GROWTH_SHAPE, GROWTH_MEAN / GROWTH_SHAPE), 0.15, 1.6))


def grow_focus(
    brain: Brain,
    rng: np.random.Generator,
    volume_mm3: float,
    taken: NDArray[np.bool_],
    *,
    cortical: bool,
    border_mm: float,
    cortex_border_mm: float,
    tries: int = 12,
) -> Focus:
    """A focus that can grow to a volume.

    Parameters
    ----------
    brain : Brain
    rng : numpy.random.Generator
    volume_mm3 : float
    taken : ndarray of bool, shape brain.grid.shape
        Voxels of other lesions; the focus keeps 4 mm from them.
    cortical : bool
        Whether grey matter gives way nearly as white matter does.
    border_mm, cortex_border_mm : float
    tries : int
        Seeds that are tried.

    Raises
    ------
    ValueError
        When no seed has room.
    """
    from scipy.ndimage import distance_transform_edt

    below = _draw_below(brain, rng)
    room = brain.inside & (brain.csf < 0.5) & (brain.infratentorial == below)
    room &= brain.ventricle_mm > VENTRICLE_MM
    if taken.any():
        room &= distance_transform_edt(~taken, sampling=brain.grid.spacing_mm) > 4.0
    likely = _seeds(brain, room, below=below)
    places = np.flatnonzero(likely)
    if places.size == 0:
        raise ValueError("no place for a focus to start")
    running = np.cumsum(likely.ravel()[places])
    voxels = round(volume_mm3 / brain.grid.voxel_volume_mm3)
    for _ in range(tries):
        pick = int(np.searchsorted(running, rng.random() * running[-1], side="right"))
        seed = np.array(np.unravel_index(places[min(pick, places.size - 1)], room.shape))
        box = box_around(brain.grid, seed, REACH_MM)
        here = room & _same_side(brain, seed)
        resistance = _resistance(brain, rng, box, here[box], cortical=cortical)
        start = seed - [side.start for side in box]
        order = invaded(resistance, start, round(1.3 * voxels), tension=TENSION)
        reached = int(order.max()) + 1
        if reached < 1.05 * voxels or _extent_mm(brain, order, voxels) > LONGEST_MM:
            continue
        fell = np.where(here[box], arrival(brain, order, voxels), np.inf)
        texture = octaves(rng, order.shape, brain.grid.spacing_mm, 10.0, count=2)
        return Focus(brain, box, fell, border_mm, cortex_border_mm, texture)
    raise ValueError(f"no room for a focus of {volume_mm3:.0f} mm3")


def dots_about(
    brain: Brain, rng: np.random.Generator, focus: SimulatedLesion, parents: int, mean: float
) -> list[SimulatedLesion]:
    """Dots in white matter round a focus, not yet kept apart.

    Parameters
    ----------
    focus : SimulatedLesion
    parents : int
        Places of the border that clusters gather about.
    mean : float
        Dots a cluster.
    """
    from scipy.ndimage import binary_erosion

    edge = focus.mask & ~binary_erosion(focus.mask)
    border = points_mm(brain, replace(focus, fraction=edge.astype(np.float32)))
    at = border[rng.integers(len(border), size=parents)]
    dots = []
    for place in clusters(rng, at, mean, radius_mm=13.0):
        voxel = np.rint(brain.grid.to_voxel(place)).astype(int)
        if np.any(voxel < 0) or np.any(voxel >= brain.grid.shape):
            continue
        if brain.white[tuple(voxel)] < 0.6 or brain.ventricle_mm[tuple(voxel)] < VENTRICLE_MM:
            continue
        low, high = DOT_MM
        ceiling = 1 - (low / high) ** DOT_TAIL
        diameter = low * float(1 - ceiling * rng.random()) ** (-1 / DOT_TAIL)
        box = box_at(brain, place, diameter + 3)
        room = (brain.white[box] > 0.4) & (brain.ventricle_mm[box] > 0)
        level = metaballs(brain, rng, box, place, 0.5 * diameter)
        mask = cut(brain, level, np.pi / 6 * diameter**3, room)
        kind = Kind("pml", "white_matter", border_mm=1.4, gray=0.5, role="satellite")
        dots.append(mottled(brain, rng, solid(brain, box, mask, kind, diameter)))
    return dots


def _draw_below(brain: Brain, rng: np.random.Generator) -> bool:
    lobes = sum(share("pml", lobe) for lobe in LOBES)
    part = share("pml", "cerebellum")
    return brain.mni_mm is not None and bool(rng.random() < part / (part + lobes))


def _seeds(brain: Brain, room: NDArray[np.bool_], *, below: bool) -> NDArray[np.float64]:
    """Weight of each voxel as a seed: under the cortex, by lobe as published."""
    if below:
        return (room & (brain.white > 0.6)).astype(float)
    under = room & (brain.white > 0.5) & (brain.cortex_mm > 0) & (brain.cortex_mm <= 3)
    if brain.mni_mm is None:
        return under.astype(float)
    side = np.abs(brain.mni_mm[..., 0])
    total = np.zeros(brain.grid.shape)
    for lobe, (low, high) in LOBES.items():
        inside = under & (side >= low[0]) & (side <= high[0])
        for axis in (1, 2):
            at = brain.mni_mm[..., axis]
            inside &= (at >= low[axis]) & (at <= high[axis])
        total += inside * (share("pml", lobe) / max(int(np.count_nonzero(inside)), 1))
    return total


def _same_side(brain: Brain, seed: NDArray[np.intp]) -> NDArray[np.bool_]:
    """The seed's hemisphere, and the callosum; the falx lies between the cortices."""
    if brain.mni_mm is None or brain.infratentorial[tuple(seed)]:
        return np.ones(brain.grid.shape, dtype=bool)
    side = brain.mni_mm[..., 0]
    callosum = within_box(brain, "callosum") & (brain.white > 0.5)
    return np.asarray((side * np.sign(side[tuple(seed)]) > 1.0) | callosum)


def _resistance(
    brain: Brain,
    rng: np.random.Generator,
    box: Box,
    room: NDArray[np.bool_],
    *,
    cortical: bool,
) -> NDArray[np.float64]:
    noise = octaves(rng, room.shape, brain.grid.spacing_mm, 18.0, persistence=0.6)
    depth = np.clip((brain.cortex_mm[box] - 3.0) / 8.0, 0, 2.5)
    # Where there is no cerebral cortex, folia are no wall.
    gray = RIBBON if not cortical and np.any(brain.cortex_mm[box][room] < 0) else RIBBON_INVOLVED
    strength = noise + DEEPER * depth + gray * brain.gray[box]
    return np.where(room, strength, np.inf)


def _extent_mm(brain: Brain, order: NDArray[np.int64], voxels: int) -> float:
    held = np.argwhere((order >= 0) & (order < voxels))
    return float(((np.ptp(held, axis=0) + 1) * brain.grid.spacing_mm).max())


def _ball_mm(volume_mm3: float) -> float:
    return float((6 * volume_mm3 / np.pi) ** (1 / 3))
