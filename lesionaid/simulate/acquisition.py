"""From the signal of the tissue to the scan: voxels, slices, bias field, noise, motion.

A voxel of the scan averages over everything that lies in it, whatever its size: the mean over
a box with fractional overlap at its faces, so that slices of 3 or 5 mm with gaps show true
partial volume.

References
----------
Gudbjartsson H, Patz S. The Rician distribution of noisy MRI data. Magn Reson Med
1995;34:910.
BrainWeb, Montreal Neurological Institute: noise as per cent of white matter, a field of
"20 %" runs from 0.9 to 1.1.
Wood ML, Henkelman RM. MR image artifacts from periodic motion. Med Phys 1985;12:143
(replicas along the phase-encoding direction).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import Brain
from lesionaid.simulate.contrast import PROTOCOL, Pulse, mixture, signal
from lesionaid.simulate.fields import FloatArray, polynomial, smooth_noise
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.susceptibility import phase_of, swi_of
from lesionaid.simulate.tissue import WHITE_MATTER, Appearance
from lesionaid.study.scan import Contrast

__all__ = [
    "HIGHEST_ADC",
    "OTHER_SCANNER",
    "SCANNER",
    "Acquisition",
    "acquired_grid",
    "average",
    "ghosted",
    "render",
    "voxel_mm",
]

HIGHEST_ADC = 4000.0
"""10-6 mm2/s at which noise in CSF is cut off."""

DIFFUSION = (Contrast.DWI, Contrast.ADC)
SUSCEPTIBILITY = (Contrast.SWI, Contrast.PHASE)

Lesions = Sequence[tuple[SimulatedLesion, Appearance]]


@dataclass(frozen=True, slots=True)
class Acquisition:
    """How one examination was scanned.

    Parameters
    ----------
    name : str
        For the sidecars.
    pulses : mapping of Contrast to Pulse
    slice_mm : float or None
        Thickness of axial slices; None for that of the brain's grid.
    gap_mm : float
        Between slices; what lies there is not seen.
    diffusion_factor : float
        Edge of a voxel of DWI and ADC over that of the other scans.
    noise : float
        Standard deviation of either channel, as a share of white matter (BrainWeb).
    bias : float
        Peak-to-peak range of the receive field (BrainWeb's "20 %" is 0.2).
    receive : {"spline", "polynomial"}
        What the receive field is made of.
    ghost : float
        Share of the signal that motion moves into two replicas.
    white_matter_level : float
        Stored signal of normal white matter. 60: noise of 3 % spans two units, and CSF on
        T2w fits a byte.
    """

    name: str = "3 T, protocol A"
    pulses: Mapping[Contrast, Pulse] = field(default_factory=lambda: PROTOCOL)
    slice_mm: float | None = None
    gap_mm: float = 0.0
    diffusion_factor: float = 2.0
    noise: float = 0.03
    bias: float = 0.2
    receive: Literal["spline", "polynomial"] = "spline"
    ghost: float = 0.0
    white_matter_level: float = 60.0


SCANNER = Acquisition()

OTHER_SCANNER = Acquisition(
    name="3 T, protocol B",
    pulses={
        Contrast.FLAIR: Pulse(5000.0, 120.0, 1700.0, gain=1.4),
        Contrast.T1W: Pulse(1900.0, 2.5, 900.0, gain=0.8),
        Contrast.T1W_CE: Pulse(1900.0, 2.5, 900.0, gain=0.85),
        Contrast.T2W: Pulse(3200.0, 85.0, gain=1.2),
        Contrast.DWI: Pulse(5500.0, 70.0, b=1000.0, gain=0.9),
    },
    noise=0.045,
    bias=0.3,
)
"""Another scanner of the same field (proposed: shorter FLAIR and T1w, more noise and bias)."""

GHOST_SHIFT = 1 / 3
"""How far the replicas lie apart, as a share of the field of view (proposed)."""


def voxel_mm(
    grid: Grid, acquisition: Acquisition, contrast: Contrast
) -> tuple[float, float, float]:
    """Edges of a voxel of the scan, without the gap between slices."""
    factor = acquisition.diffusion_factor if contrast in DIFFUSION else 1.0
    x, y, z = (step * factor for step in grid.spacing_mm)
    return (x, y, z if acquisition.slice_mm is None else max(z, acquisition.slice_mm))


def acquired_grid(grid: Grid, size_mm: tuple[float, float, float], gap_mm: float = 0.0) -> Grid:
    """Grid of voxels of a size, from the corner of `grid`; gaps are along the third axis.

    What is left over at the far end is cut off.
    """
    steps = _steps(size_mm, gap_mm)
    spacing = grid.spacing_mm
    shape, first = [], []
    for n, edge, size, step in zip(grid.shape, spacing, size_mm, steps, strict=True):
        shape.append(int((n * edge - size) / step + 1e-6) + 1)
        first.append((size / edge - 1) / 2)
    affine = grid.affine.copy()
    affine[:3, :3] *= [step / edge for step, edge in zip(steps, spacing, strict=True)]
    affine[:3, 3] = grid.to_mm(np.array(first))
    return Grid((shape[0], shape[1], shape[2]), affine)


def average(
    image: FloatArray, grid: Grid, size_mm: tuple[float, float, float], gap_mm: float = 0.0
) -> FloatArray:
    """Mean of an image over each voxel of :func:`acquired_grid`.

    Parameters
    ----------
    image : ndarray of shape grid.shape
        Constant within each voxel.
    grid : Grid
    size_mm : tuple of float
    gap_mm : float
    """
    target = acquired_grid(grid, size_mm, gap_mm)
    steps = _steps(size_mm, gap_mm)
    for axis, (edge, size, step) in enumerate(zip(grid.spacing_mm, size_mm, steps, strict=True)):
        if abs(size - edge) < 1e-9 and abs(step - edge) < 1e-9:
            continue
        starts = np.arange(target.shape[axis]) * (step / edge)
        image = _mean_between(image, axis, starts, size / edge)
    return image


def ghosted(image: FloatArray, share: float) -> FloatArray:
    """The image with replicas before and behind it, as periodic motion makes them.

    The phase-encoding direction is the second axis (anterior to posterior). The sum of the
    image stays the same.
    """
    shift = round(image.shape[1] * GHOST_SHIFT)
    replicas = np.roll(image, shift, axis=1) + np.roll(image, -shift, axis=1)
    mixed: FloatArray = np.float32(1 - share) * image + np.float32(share / 2) * replicas
    return mixed


def render(
    brain: Brain,
    lesions: Lesions,
    contrast: Contrast,
    rng: np.random.Generator,
    acquisition: Acquisition = SCANNER,
) -> FloatArray:
    """One skull-stripped scan.

    Parameters
    ----------
    brain : Brain
    lesions : sequence of (SimulatedLesion, Appearance)
    contrast : Contrast
    rng : numpy.random.Generator
    acquisition : Acquisition

    Returns
    -------
    ndarray, float32
        On :func:`acquired_grid` of the contrast's :func:`voxel_mm`; 0 outside the brain.
        ADC in 10-6 mm2/s, phase in units of 10-3 radian.
    """
    size, gap = voxel_mm(brain.grid, acquisition, contrast), acquisition.gap_mm
    inside = average(brain.inside.astype(np.float32), brain.grid, size, gap) >= 0.5
    if contrast is Contrast.ADC:
        image = _adc_map(brain, lesions, rng, acquisition)
    elif contrast is Contrast.PHASE:
        image = average(phase_of(brain, lesions), brain.grid, size, gap)
        image = image + np.float32(1000 * acquisition.noise) * _normal(rng, image)
    else:
        image = _magnitude(brain, lesions, contrast, rng, acquisition)
    return np.where(inside, image, np.float32(0))


def _magnitude(
    brain: Brain,
    lesions: Lesions,
    contrast: Contrast,
    rng: np.random.Generator,
    acquisition: Acquisition,
) -> FloatArray:
    level = acquisition.white_matter_level
    if contrast is Contrast.SWI:
        clean = swi_of(brain, lesions)
    else:
        pulse = acquisition.pulses[contrast]
        level *= pulse.gain
        clean = mixture(brain, lesions, pulse, enhanced=contrast is Contrast.T1W_CE)
        clean /= np.float32(signal(pulse, WHITE_MATTER))
    clean *= np.float32(level) * _bias_field(brain, rng, acquisition)
    size = voxel_mm(brain.grid, acquisition, contrast)
    image = average(clean, brain.grid, size, acquisition.gap_mm)
    if acquisition.ghost:
        image = ghosted(image, acquisition.ghost)
    return _rician(image, rng, acquisition.noise * level)


def _adc_map(
    brain: Brain, lesions: Lesions, rng: np.random.Generator, acquisition: Acquisition
) -> FloatArray:
    """ADC as a scanner makes it: from a noisy image without and one with weighting."""
    weighted = acquisition.pulses[Contrast.DWI]
    size = voxel_mm(brain.grid, acquisition, Contrast.ADC)
    sigma = acquisition.noise * signal(weighted, WHITE_MATTER)
    low, high = (
        _rician(
            average(mixture(brain, lesions, pulse), brain.grid, size, acquisition.gap_mm),
            rng,
            sigma,
        )
        for pulse in (replace(weighted, b=0.0), weighted)
    )
    tiny = np.float32(1e-6)
    adc = np.log(np.maximum(low, tiny) / np.maximum(high, tiny)) / np.float32(weighted.b)
    return np.clip(adc * np.float32(1e6), 0, HIGHEST_ADC)


def _steps(size_mm: tuple[float, float, float], gap_mm: float) -> tuple[float, float, float]:
    return (size_mm[0], size_mm[1], size_mm[2] + gap_mm)


def _mean_between(
    image: FloatArray, axis: int, starts: NDArray[np.floating[Any]], width: float
) -> FloatArray:
    """Mean along an axis over ``[start, start + width]``, in voxels, from running sums."""
    moved = np.moveaxis(image, axis, 0)
    sums = np.concatenate([np.zeros((1, *moved.shape[1:])), np.cumsum(moved, 0, dtype=float)])
    mean = (_between(sums, starts + width) - _between(sums, starts)) / width
    return np.ascontiguousarray(np.moveaxis(mean, 0, axis), dtype=np.float32)


def _between(sums: NDArray[np.float64], places: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Running sums at places between voxel faces, linear in between."""
    low = np.clip(np.floor(places + 1e-9).astype(int), 0, len(sums) - 2)
    share = (places - low)[:, None, None]
    result: NDArray[np.float64] = sums[low] * (1 - share) + sums[low + 1] * share
    return result


def _bias_field(brain: Brain, rng: np.random.Generator, acquisition: Acquisition) -> FloatArray:
    """A slowly varying field round 1, its range that over the brain."""
    if acquisition.receive == "polynomial":
        field_ = polynomial(rng, brain.grid.shape, degree=3)
    else:
        field_ = smooth_noise(rng, brain.grid, knot_mm=70.0)
    low, high = float(field_[brain.inside].min()), float(field_[brain.inside].max())
    share = (field_ - low) / (high - low) - 0.5
    scaled: FloatArray = 1 + np.float32(acquisition.bias) * share
    return scaled


def _normal(rng: np.random.Generator, like: NDArray[Any]) -> FloatArray:
    return rng.standard_normal(like.shape, dtype=np.float32)


def _rician(clean: FloatArray, rng: np.random.Generator, sigma: float) -> FloatArray:
    real = clean + np.float32(sigma) * _normal(rng, clean)
    imaginary = np.float32(sigma) * _normal(rng, clean)
    return np.asarray(np.hypot(real, imaginary), dtype=np.float32)
