"""Signal of simulated scans before they are acquired: sequences and partial volume.

A voxel's signal is the sum of its tissues' signals by their share (partial volume); the
sequences are the closed formulae of spin echo, inversion recovery and diffusion
weighting. Nothing is fitted to a patient. What a scanner adds (thick slices, noise, a bias
field, ghosts) stands in :mod:`lesionaid.simulate.acquisition`; SWI and phase stand in
:mod:`lesionaid.simulate.susceptibility`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.tissue import (
    CSF,
    CYST,
    ENHANCED_T1_MS,
    GRAY_MATTER,
    WHITE_MATTER,
    Appearance,
    Tissue,
)
from lesionaid.study.scan import Contrast

__all__ = ["PROTOCOL", "Pulse", "mixture", "signal"]


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


def mixture(
    brain: Brain,
    lesions: Sequence[tuple[SimulatedLesion, Appearance]],
    pulse: Pulse,
    *,
    enhanced: bool = False,
) -> FloatArray:
    """Sum of signals by share; a lesion takes the place of the tissue it lies in.

    Parameters
    ----------
    brain : Brain
    lesions : sequence of (SimulatedLesion, Appearance)
    pulse : Pulse
    enhanced : bool
        After gadolinium.

    Returns
    -------
    ndarray of shape brain.grid.shape, float32
        In the units of :func:`signal`; 0 outside the brain.
    """
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
    if lesion.cysts is not None:
        plain = plain + lesion.cysts * (np.float32(signal(pulse, CYST)) - plain)
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
