"""The MNI template made crisp, with the few landmarks that the simulator needs.

The landmarks are drawn independently of the region map that lesionaid measures with, so
that a simulated truth does not repeat the map's own errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.template import load_template
from lesionaid.geometry import Grid
from lesionaid.simulate.fields import FloatArray, signed_distance_mm

__all__ = ["SharpTemplate", "sharp_template"]

SHARPNESS = 3.0
"""Exponent that undoes the blur of averaging (proposed: cortex comes out 2 to 4 mm wide)."""

CSF_WEIGHT = 2.0
"""Weight of CSF in the sharpening, so that narrow sulci stay open (proposed)."""

VENTRICLE_DECAY_MM = 15.0
"""Length over which the push of enlarged ventricles fades (proposed)."""


@dataclass(frozen=True, slots=True, eq=False)
class SharpTemplate:
    """The template as the simulator uses it.

    Parameters
    ----------
    grid : Grid
    tissues : tuple of ndarray, float32
        Shares of white matter, grey matter and CSF.
    ventricle, cortex, infratentorial : ndarray of float32
        1 inside, 0 outside.
    push : tuple of ndarray, float32
        Unit vectors away from the lateral ventricles, fading with distance.
    """

    grid: Grid
    tissues: tuple[FloatArray, FloatArray, FloatArray]
    ventricle: FloatArray
    cortex: FloatArray
    infratentorial: FloatArray
    push: tuple[FloatArray, FloatArray, FloatArray]


@lru_cache(maxsize=1)
def sharp_template() -> SharpTemplate:
    """The template, sharpened, with what the simulator needs to know of its anatomy."""
    source = load_template()
    white = source.white_matter**SHARPNESS
    gray = source.gray_matter**SHARPNESS
    csf = np.float32(CSF_WEIGHT) * source.csf**SHARPNESS
    total = np.where(source.brain, np.maximum(white + gray + csf, 1e-9), np.inf)
    white, gray, csf = ((share / total).astype(np.float32) for share in (white, gray, csf))
    ventricle, cortex, below = _landmarks(source.grid, gray, csf)
    distance = signed_distance_mm(ventricle, source.grid)
    fade = np.exp(-np.abs(distance) / np.float32(VENTRICLE_DECAY_MM))
    push = np.gradient(distance, *source.grid.spacing_mm)
    return SharpTemplate(
        source.grid,
        (white, gray, csf),
        ventricle.astype(np.float32),
        cortex.astype(np.float32),
        below.astype(np.float32),
        (push[0] * fade, push[1] * fade, push[2] * fade),
    )


def _landmarks(
    grid: Grid, gray: FloatArray, csf: FloatArray
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Lateral ventricles, cerebral cortex and posterior fossa by planes in MNI mm.

    Planes read off the template: the ventricles are the largest piece of CSF between
    them, without the third ventricle in the midline; the tentorium falls from the midline
    to the sides; grey matter inside the box of the deep nuclei is not cortex.
    """
    from scipy.ndimage import label

    i, j, k = np.ogrid[tuple(slice(0, size) for size in grid.shape)]
    x = np.abs(grid.affine[0, 0] * i + grid.affine[0, 3])
    y = grid.affine[1, 1] * j + grid.affine[1, 3]
    z = grid.affine[2, 2] * k + grid.affine[2, 3]
    core = (x <= 45) & (y >= -55) & (y <= 40) & (z >= -6) & (z <= 38)
    pieces, _ = label((csf > 0.5) & core)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    ventricle = (pieces == int(np.argmax(sizes))) & ~((x <= 3) & (z < 8))
    stem = (x <= 18) & (y >= -45) & (y <= -12) & (z <= -8)
    below = stem | ((y <= -35) & (z <= -16 - 0.2 * x))
    nuclei = (x <= 33) & (y >= -40) & (y <= 27) & (z >= -14) & (z <= 27)
    cortex = (gray > 0.5) & ~below & ~nuclei
    return ventricle, cortex, np.broadcast_to(below, grid.shape).copy()
