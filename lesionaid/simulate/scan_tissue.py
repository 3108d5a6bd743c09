"""Tissue of a real scan, voxel by voxel, so that a pasted lesion follows the patient's folds.

A registered map knows where the cortex is to within a millimetre or two; a lesion grown in
it would run across sulci. Here the T1w decides: its level in the sure parts of ventricle,
cortex and white matter anchors a scale on which every voxel is a mixture of the two tissues
next to it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import signed_distance_mm

__all__ = ["with_scan_tissue"]

SURE_MM = 2.0
"""Depth from which the map is trusted to say what a voxel is (proposed: twice its error)."""

CORTEX_SLACK_MM = 4.0
"""Grey matter this near to the map's cortex is cortex, deeper it is deep grey matter."""

BLUR_VOXELS = 0.4
"""Gaussian that keeps noise from speckling the tissues."""


def with_scan_tissue(brain: Brain, t1w: NDArray[np.float32], lesions: NDArray[np.bool_]) -> Brain:
    """The brain with tissue shares, and the distance to cortex, from its T1w.

    Parameters
    ----------
    brain : Brain
        From :func:`~lesionaid.simulate.brain.brain_from_anatomy`.
    t1w : ndarray of shape brain.grid.shape
        Before gadolinium: white matter brightest, fluid darkest.
    lesions : ndarray of bool
        T1-dark tissue that must not set the levels.

    Returns
    -------
    Brain
        The same brain where the three levels are not in order.
    """
    from scipy.ndimage import gaussian_filter

    levels = _levels(brain, t1w, lesions)
    if levels is None:
        return brain
    fluid, gray, white = levels
    smooth = gaussian_filter(t1w.astype(np.float32), BLUR_VOXELS)
    whiteness = np.clip((smooth - gray) / (white - gray), 0, 1)
    wetness = np.clip((gray - smooth) / (gray - fluid), 0, 1)
    inside = brain.inside
    csf = np.where(inside, np.maximum(wetness, brain.ventricle_mm < 0), 0).astype(np.float32)
    is_white = np.where(inside, whiteness * (1 - csf), 0).astype(np.float32)
    is_gray = np.where(inside, 1 - csf - is_white, 0).astype(np.float32)
    cortex = (is_gray > 0.5) & (brain.cortex_mm < CORTEX_SLACK_MM) & ~lesions
    return replace(
        brain,
        white=is_white,
        gray=is_gray,
        csf=csf,
        cortex_mm=signed_distance_mm(cortex, brain.grid),
    )


def _levels(
    brain: Brain, t1w: NDArray[np.float32], lesions: NDArray[np.bool_]
) -> tuple[float, float, float] | None:
    """Signal of fluid, grey and white matter; None where they are not in that order."""
    fluid = brain.ventricle_mm < -SURE_MM
    gray = (brain.cortex_mm < 0) & (brain.gray > 0.5)
    white = (brain.white > 0.5) & (brain.cortex_mm > SURE_MM) & ~brain.infratentorial
    found = []
    for where in (fluid, gray, white):
        values = t1w[where & ~lesions]
        if values.size == 0:
            return None
        found.append(float(np.median(values)))
    ordered = found[0] < found[1] < found[2]
    return (found[0], found[1], found[2]) if ordered else None
