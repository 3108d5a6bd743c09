"""Signal of simulated scans: sequences, partial volume, bias field, noise.

A voxel's signal is the sum of its tissues' signals by their share (partial volume); the
sequences are the closed formulae of spin echo, inversion recovery and diffusion
weighting. Nothing is fitted to a patient.

References
----------
Gudbjartsson H, Patz S. The Rician distribution of noisy MRI data. Magn Reson Med
1995;34:910.
BrainWeb, Montreal Neurological Institute: noise as per cent of white matter, a field of
"20 %" runs from 0.9 to 1.1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import smooth_noise
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.tissue import (
    CSF,
    ENHANCED_T1_MS,
    GRAY_MATTER,
    WHITE_MATTER,
    Appearance,
    Tissue,
)
from lesionaid.study.scan import Contrast

__all__ = ["HIGHEST_ADC", "PROTOCOL", "Pulse", "coarse_grid", "render", "signal"]

FloatArray = NDArray[np.float32]


HIGHEST_ADC = 4000.0
"""10-6 mm2/s at which noise in CSF is cut off."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """One sequence.

    Parameters
    ----------
    tr_ms, te_ms : float
    ti_ms : float or None
        Inversion time; None for spin echo.
    b : float
        Diffusion weighting in s/mm2.
    gain : float
        Receiver gain: scans of one session do not share a scale.
    """

    tr_ms: float
    te_ms: float
    ti_ms: float | None = None
    b: float = 0.0
    gain: float = 1.0


PROTOCOL: Mapping[Contrast, Pulse] = {
    Contrast.FLAIR: Pulse(8000.0, 90.0, 2050.0),
    Contrast.T1W: Pulse(2300.0, 3.0, 1000.0),
    Contrast.T1W_CE: Pulse(2300.0, 3.0, 1000.0, gain=1.13),
    Contrast.T2W: Pulse(5000.0, 100.0),
    Contrast.DWI: Pulse(7000.0, 80.0, b=1000.0),
}
"""Typical 3 T values; the FLAIR's inversion time falls short of nulling CSF, as on real
scans, where CSF keeps a fifth of the signal of white matter."""


def signal(pulse: Pulse, tissue: Tissue) -> float:
    """Magnitude signal of one tissue, before the receiver.

    Spin echo: ``PD exp(-TE/T2) (1 - exp(-TR/T1))``; with inversion the last factor is
    ``|1 - 2 exp(-TI/T1) + exp(-TR/T1)|``; diffusion weighting multiplies by
    ``exp(-b ADC)``.
    """
    recovery = 1.0 - math.exp(-pulse.tr_ms / tissue.t1_ms)
    if pulse.ti_ms is not None:
        recovery = abs(
            1.0
            - 2.0 * math.exp(-pulse.ti_ms / tissue.t1_ms)
            + math.exp(-pulse.tr_ms / tissue.t1_ms)
        )
    decay = math.exp(-pulse.te_ms / tissue.t2_ms) * math.exp(-pulse.b * tissue.adc * 1e-3)
    return tissue.proton_density * recovery * decay


def render(
    brain: Brain,
    lesions: Sequence[tuple[SimulatedLesion, Appearance]],
    contrast: Contrast,
    rng: np.random.Generator,
    *,
    white_matter_level: float = 100.0,
    noise: float = 0.03,
    bias: float = 0.2,
    coarser: int = 1,
) -> FloatArray:
    """One skull-stripped scan.

    Parameters
    ----------
    brain : Brain
    lesions : sequence of (SimulatedLesion, Appearance)
    contrast : Contrast
        A key of :data:`PROTOCOL`, or ADC.
    rng : numpy.random.Generator
    white_matter_level : float
        Signal of normal white matter, in units of the file.
    noise : float
        Standard deviation of either channel, as a share of white matter (BrainWeb).
    bias : float
        Peak-to-peak range of the receive field (BrainWeb's "20 %" is 0.2).
    coarser : int
        Voxels of the brain's grid, per axis, that one voxel of the scan averages over
        (partial volume); see :func:`coarse_grid`.

    Returns
    -------
    ndarray of shape coarse_grid(brain.grid, coarser).shape, float32
        0 outside the brain. ADC in 10-6 mm2/s.
    """
    inside = _coarsen(brain.inside.astype(np.float32), coarser) >= 0.5
    if contrast is Contrast.ADC:
        adc = _adc_map(brain, lesions, rng, noise=noise, coarser=coarser)
        return np.where(inside, adc, np.float32(0))
    pulse = PROTOCOL[contrast]
    clean = _mix(brain, lesions, pulse, enhanced=contrast is Contrast.T1W_CE)
    clean *= np.float32(white_matter_level * pulse.gain / signal(pulse, WHITE_MATTER))
    clean *= _bias_field(brain, rng, bias)
    noisy = _rician(_coarsen(clean, coarser), rng, noise * white_matter_level * pulse.gain)
    return np.where(inside, noisy, np.float32(0))


def coarse_grid(grid: Grid, factor: int) -> Grid:
    """The grid whose voxels are blocks of `factor` voxels a side; a remainder is cut off."""
    affine = grid.affine.copy()
    affine[:3, :3] *= factor
    affine[:3, 3] = grid.to_mm(np.full(3, (factor - 1) / 2))
    return Grid((grid.shape[0] // factor, grid.shape[1] // factor, grid.shape[2] // factor), affine)


def _mix(
    brain: Brain,
    lesions: Sequence[tuple[SimulatedLesion, Appearance]],
    pulse: Pulse,
    *,
    enhanced: bool = False,
) -> FloatArray:
    """Sum of signals by share; a lesion takes the place of the tissue it lies in."""
    image: FloatArray = (
        brain.white * np.float32(signal(pulse, WHITE_MATTER))
        + brain.gray * np.float32(signal(pulse, GRAY_MATTER))
        + brain.csf * np.float32(signal(pulse, CSF))
    )
    for lesion, appearance in lesions:
        image[lesion.box] += lesion.fraction * (
            _lesion_signal(lesion, appearance, pulse, enhanced=enhanced) - image[lesion.box]
        )
    return image


def _lesion_signal(
    lesion: SimulatedLesion, appearance: Appearance, pulse: Pulse, *, enhanced: bool
) -> FloatArray:
    plain = _core_and_rim(lesion, appearance.core, appearance.rim, pulse)
    if not enhanced or appearance.enhances == 0:
        return plain
    core = replace(appearance.core, t1_ms=ENHANCED_T1_MS)
    rim = replace(appearance.rim, t1_ms=ENHANCED_T1_MS)
    where = lesion.rim if appearance.enhancement == "ring" else np.float32(1)
    if lesion.uptake is not None:
        where = lesion.uptake
    bright = _core_and_rim(lesion, core, rim, pulse)
    return plain + np.float32(appearance.enhances) * where * (bright - plain)


def _core_and_rim(lesion: SimulatedLesion, core: Tissue, rim: Tissue, pulse: Pulse) -> FloatArray:
    inner, outer = signal(pulse, core), signal(pulse, rim)
    return np.float32(inner) + lesion.rim * np.float32(outer - inner)


def _adc_map(
    brain: Brain,
    lesions: Sequence[tuple[SimulatedLesion, Appearance]],
    rng: np.random.Generator,
    *,
    noise: float,
    coarser: int,
) -> FloatArray:
    """ADC as a scanner makes it: from a noisy image without and one with weighting."""
    weighted = PROTOCOL[Contrast.DWI]
    plain = replace(weighted, b=0.0)
    sigma = noise * signal(weighted, WHITE_MATTER)
    low = _rician(_coarsen(_mix(brain, lesions, plain), coarser), rng, sigma)
    high = _rician(_coarsen(_mix(brain, lesions, weighted), coarser), rng, sigma)
    tiny = np.float32(1e-6)
    adc = np.log(np.maximum(low, tiny) / np.maximum(high, tiny)) / np.float32(weighted.b)
    return np.clip(adc * np.float32(1e6), 0, HIGHEST_ADC)


def _coarsen(image: FloatArray, factor: int) -> FloatArray:
    if factor == 1:
        return image
    sizes = [size // factor for size in image.shape]
    cut = image[tuple(slice(0, size * factor) for size in sizes)]
    blocks = cut.reshape(sizes[0], factor, sizes[1], factor, sizes[2], factor)
    return np.asarray(blocks.mean(axis=(1, 3, 5)), dtype=np.float32)


def _bias_field(brain: Brain, rng: np.random.Generator, peak_to_peak: float) -> FloatArray:
    """A slowly varying field round 1 (knots 70 mm apart), its range that over the brain."""
    field = smooth_noise(rng, brain.grid, knot_mm=70.0)
    low, high = float(field[brain.inside].min()), float(field[brain.inside].max())
    scaled: FloatArray = 1 + np.float32(peak_to_peak) * ((field - low) / (high - low) - 0.5)
    return scaled


def _rician(clean: FloatArray, rng: np.random.Generator, sigma: float) -> FloatArray:
    real: NDArray[Any] = clean + sigma * rng.standard_normal(clean.shape, dtype=np.float32)
    imaginary = sigma * rng.standard_normal(clean.shape, dtype=np.float32)
    return np.asarray(np.hypot(real, imaginary), dtype=np.float32)
