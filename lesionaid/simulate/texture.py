"""What several mechanisms show inside a lesion: shells, patches, marbling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray
from lesionaid.simulate.lesions import Box, SimulatedLesion
from lesionaid.simulate.shapes import bumps, depth_mm

__all__ = ["marbled", "open_ring", "patches", "shell"]


def shell(brain: Brain, lesion: SimulatedLesion, width_mm: float) -> FloatArray:
    """1 at the border of the mask to a depth, then falling to 0 within 1 mm."""
    rim: FloatArray = np.clip(width_mm + 1.0 - depth_mm(brain, lesion), 0, 1).astype(np.float32)
    return rim * lesion.mask


def open_ring(brain: Brain, lesion: SimulatedLesion, width_mm: float) -> FloatArray:
    """A shell without its third nearest to the cortex."""
    ring = shell(brain, lesion, width_mm)
    cortex = brain.cortex_mm[lesion.box]
    border = cortex[ring > 0.5]
    if border.size == 0:
        return ring
    return np.where(cortex <= np.quantile(border, 1 / 3), np.float32(0), ring)


def patches(
    brain: Brain,
    rng: np.random.Generator,
    box: Box,
    *,
    knot_mm: float,
    share: float,
    blur: float = 0.6,
) -> FloatArray:
    """Soft-edged patches that fill about a share of a box.

    `blur` is the width of their edges, in standard deviations of the noise that they are cut
    from: 0.6 shows plain patches, 2 fades from one to the next.
    """
    field = bumps(brain, rng, box, knot_mm)
    level = float(np.quantile(field, 1 - share))
    soft: FloatArray = np.clip(0.5 + (field - level) / blur, 0, 1).astype(np.float32)
    return soft


def marbled(brain: Brain, rng: np.random.Generator, lesion: SimulatedLesion) -> SimulatedLesion:
    """The lesion with a mottled signal: its fraction falls to 0.55 in places, the mask stays."""
    shade = np.clip(0.85 + 0.2 * bumps(brain, rng, lesion.box, 6.0), 0.55, 1.0)
    mottled = np.where(lesion.mask, np.maximum(lesion.fraction * shade, 0.5), lesion.fraction)
    return replace(lesion, fraction=mottled.astype(np.float32))
