"""What lies inside lesions of the second family: mottled tissue, rings in pieces, dots.

The first family's lesions are of one tissue, or of two in shells.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray
from lesionaid.simulate.lesions import SimulatedLesion, offsets_mm
from lesionaid.simulate.second.lesions import outside_mm
from lesionaid.simulate.second.noise import octaves
from lesionaid.simulate.tissue import Tissue

__all__ = ["cloudy", "dotted", "mottled", "open_side", "segments", "varied", "vein_of"]


def varied(rng: np.random.Generator, tissue: Tissue, spread: float = 0.08) -> Tissue:
    """The tissue with each of its times and its diffusion drawn about it (gamma law)."""
    t1, t2, adc = rng.gamma(1 / spread**2, spread**2, 3)
    return replace(tissue, t1_ms=tissue.t1_ms * t1, t2_ms=tissue.t2_ms * t2, adc=tissue.adc * adc)


def mottled(
    brain: Brain, rng: np.random.Generator, lesion: SimulatedLesion, *, length_mm: float = 8.0
) -> SimulatedLesion:
    """The lesion with its second tissue in patches (`rim` is their share)."""
    noise = octaves(rng, lesion.fraction.shape, brain.grid.spacing_mm, length_mm)
    return replace(lesion, rim=np.clip(0.5 + 0.4 * noise, 0, 1).astype(np.float32))


def segments(
    brain: Brain,
    rng: np.random.Generator,
    lesion: SimulatedLesion,
    width_mm: float,
    *,
    covered: float = 0.85,
    grain_mm: float = 6.0,
) -> FloatArray:
    """A ring along the surface, broken where noise is low (site percolation on the shell).

    Parameters
    ----------
    width_mm : float
        How deep the ring goes, on average; noise makes it thicker here and thinner there.
    covered : float
        Share of the shell that is kept.
    grain_mm : float
        Length of the longest gaps.
    """
    depth = -outside_mm(brain, lesion.mask)
    noise = octaves(rng, depth.shape, brain.grid.spacing_mm, grain_mm, count=2)
    width = width_mm * np.clip(1 + 0.3 * noise, 0.4, 1.8)
    shell = lesion.mask * np.clip(0.5 + (width - depth) / 1.0, 0, 1)
    edge = noise[shell > 0.5]
    if edge.size == 0:
        return np.asarray(shell, dtype=np.float32)
    keep = np.clip(0.5 + (noise - np.quantile(edge, 1 - covered)) / 0.4, 0, 1)
    return np.asarray(shell * keep, dtype=np.float32)


def open_side(
    brain: Brain, ring: FloatArray, lesion: SimulatedLesion, share: float = 0.35
) -> FloatArray:
    """The ring without the share of it that lies nearest to grey matter."""
    from scipy.ndimage import gaussian_filter

    gray = gaussian_filter(brain.gray, [5.0 / step for step in brain.grid.spacing_mm])[lesion.box]
    edge = gray[ring > 0.3]
    if edge.size == 0:
        return ring
    opened: FloatArray = np.where(gray >= np.quantile(edge, 1 - share), 0, ring).astype(np.float32)
    return opened


def cloudy(
    brain: Brain, rng: np.random.Generator, lesion: SimulatedLesion, share: float
) -> FloatArray:
    """Soft patches over about a share of the lesion, in octaves."""
    noise = octaves(rng, lesion.fraction.shape, brain.grid.spacing_mm, 12.0)
    inside = noise[lesion.mask]
    if inside.size == 0:
        return np.zeros_like(lesion.fraction)
    level = float(np.quantile(inside, 1 - share))
    patches: FloatArray = np.clip(0.5 + (noise - level) / 1.2, 0, 1).astype(np.float32)
    return patches


def dotted(
    brain: Brain,
    rng: np.random.Generator,
    lesion: SimulatedLesion,
    where: NDArray[np.bool_],
    mean: float,
) -> FloatArray:
    """Poisson many dots about 2 mm wide at random places of a region of the box."""
    from scipy.ndimage import gaussian_filter

    dots = np.zeros(lesion.fraction.shape, dtype=np.float32)
    places = np.argwhere(where)
    if len(places):
        chosen = places[rng.integers(len(places), size=max(1, int(rng.poisson(mean))))]
        dots[tuple(chosen.T)] = 1.0
    spread = gaussian_filter(dots, [0.9 / step for step in brain.grid.spacing_mm])
    peak = float(spread.max())
    return np.asarray(np.clip(1.3 * spread / max(peak, 1e-6), 0, 1), dtype=np.float32)


def vein_of(
    brain: Brain, lesion: SimulatedLesion, places_mm: NDArray[np.float64], radius_mm: float = 0.5
) -> FloatArray:
    """Share of each voxel of the box that a vein through places in a row fills."""
    away = np.full(lesion.fraction.shape, np.inf)
    dense = np.concatenate([np.linspace(a, b, 6) for a, b in pairwise(places_mm)])
    for place in dense:
        x, y, z = offsets_mm(brain.grid, lesion.box, place)
        away = np.minimum(away, np.sqrt(x * x + y * y + z * z))
    edge = max(brain.grid.spacing_mm)
    reach = radius_mm + edge / 2
    peak = min(1.0, 3 * radius_mm**2 / reach**2)
    return np.asarray(peak * np.clip(1 - away / reach, 0, 1), dtype=np.float32)
