"""Oedema: a faint halo in white matter round a lesion. No tissue moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray
from lesionaid.simulate.lesions import Box, SimulatedLesion, box_around
from lesionaid.simulate.uptake import surface_mm

__all__ = ["OEDEMA_MM", "OEDEMA_SHARE", "with_oedema"]

OEDEMA_MM, OEDEMA_SHARE = 8.0, 0.35
"""Width of the halo and its share of lesion signal at the border (proposed: below the half at
which the mask ends)."""


def with_oedema(brain: Brain, lesion: SimulatedLesion) -> SimulatedLesion:
    """The lesion with a faint halo in white matter, outside its mask; nothing is pushed aside."""
    wide = _widened(brain, lesion, OEDEMA_MM + 1)
    away = -surface_mm(brain, wide)
    halo = OEDEMA_SHARE * np.clip(1 - away / OEDEMA_MM, 0, 1) * brain.white[wide.box]
    fraction = np.where(wide.mask, wide.fraction, np.maximum(wide.fraction, halo))
    return replace(wide, fraction=fraction.astype(np.float32))


def _widened(brain: Brain, lesion: SimulatedLesion, by_mm: float) -> SimulatedLesion:
    """The same lesion on a box that reaches further."""
    box = _wider_box(brain, lesion.box, by_mm)
    pad = [
        (inner.start - outer.start, outer.stop - inner.stop)
        for inner, outer in zip(lesion.box, box, strict=True)
    ]

    def wide(field: FloatArray | None) -> FloatArray | None:
        return None if field is None else np.pad(field, pad)

    return replace(
        lesion,
        box=box,
        fraction=np.pad(lesion.fraction, pad),
        rim=np.pad(lesion.rim, pad),
        uptake=wide(lesion.uptake),
        vein=wide(lesion.vein),
        iron=wide(lesion.iron),
        cysts=wide(lesion.cysts),
    )


def _wider_box(brain: Brain, box: Box, by_mm: float) -> Box:
    corners = [np.array([side.start for side in box]), np.array([side.stop - 1 for side in box])]
    low, high = (box_around(brain.grid, corner, by_mm) for corner in corners)
    x, y, z = (slice(a.start, b.stop) for a, b in zip(low, high, strict=True))
    return (x, y, z)
