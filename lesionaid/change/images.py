"""Change read from the images of two dates, without any mask.

The difference of two FLAIR scans is held against the noise of white matter and against the
edges of the picture, since where the signal is steep a shift of a fraction of a voxel makes a
difference too (the project's groundwork: without the term for edges most findings were false).
What is left must be brighter than grey matter at the date at which it is a lesion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.change.even import Evened, even_out
from lesionaid.geometry import Grid
from lesionaid.lesions.components import connected_components
from lesionaid.lesions.standard import shortest_half

__all__ = ["ImageChange", "Tissues", "image_change"]

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

SMOOTHING_MM = 0.7
"""Smoothing of both dates before they are compared (proposed)."""

EDGE_SHARE = 0.5
"""Part of the gradient, signal per mm, that counts as noise: half a millimetre of misfit
(project's groundwork on four pairs of dates; 0.35 and 0.5 gave Dice within 0.04)."""

LEAST_Z = 4.0
"""A difference counts from this many standard deviations (proposed; 3 and 4 were looked at)."""

LEAST_MM3 = 30.0
"""Least volume of a change (the issue counts false positives from there)."""


MOST_TISSUE_CHANGE = 1.0
"""Change of grey against white matter, in standard deviations of the difference's noise, from which
two dates cannot be compared: normal tissue then reads as change. Proposed, looked at on three
pairs of dates: 0.4 and 0.6 where changes were found as drawn, 1.8 where the FLAIR protocol had
changed and nothing was."""


@dataclass(frozen=True, slots=True, eq=False)
class Tissues:
    """What both dates' maps agree on, on the half-way grid.

    Parameters
    ----------
    brain : ndarray of bool
        Inside both brains, off their rim.
    white, gray : ndarray of bool
        White matter, and cerebral cortex, of both maps.
    parenchyma : ndarray of bool
        Where a lesion can lie, in either map.
    """

    brain: Mask
    white: Mask
    gray: Mask
    parenchyma: Mask


@dataclass(frozen=True, slots=True, eq=False)
class ImageChange:
    """Signal that came and signal that went.

    Parameters
    ----------
    gained, lost : ndarray of bool
        Brighter now, and brighter then, in components of at least 30 mm3.
    z : ndarray of float32
        Difference, current minus prior, over its noise.
    noise_percent : float
        Robust standard deviation of the difference in white matter, percent of its signal.
    contrast_percent : tuple of float
        Grey over white matter before matching, prior and current, percent of white matter.
    """

    gained: Mask
    lost: Mask
    z: Float
    noise_percent: float
    contrast_percent: tuple[float, float]

    @property
    def tissue_change(self) -> float:
        """How much grey changed against white matter, in standard deviations of the noise."""
        then, now = self.contrast_percent
        return abs(now - then) / max(self.noise_percent, 1e-3)

    @property
    def comparable(self) -> bool:
        """False where the protocol changed too much for a difference to mean change."""
        return self.tissue_change <= MOST_TISSUE_CHANGE


def image_change(prior: Float, current: Float, tissues: Tissues, grid: Grid) -> ImageChange:
    """Compare two dates.

    Parameters
    ----------
    prior, current : ndarray of float32
        FLAIR on the half-way grid, equally sharp, bias fields taken out.
    tissues : Tissues
    grid : Grid

    Returns
    -------
    ImageChange

    Raises
    ------
    ValueError
        When white matter holds no signal.
    """
    from scipy.ndimage import gaussian_filter, gaussian_gradient_magnitude

    sigma = SMOOTHING_MM / np.asarray(grid.spacing_mm)
    smooth = [gaussian_filter(image, sigma) for image in (prior, current)]
    even: Evened = even_out(smooth[0], smooth[1], tissues.brain, tissues.white, grid)
    difference = even.current - even.prior
    middle = (even.current + even.prior) / 2
    noise = shortest_half(difference[tissues.white])[1]
    steep = gaussian_gradient_magnitude(middle, sigma) / np.float32(np.mean(grid.spacing_mm))
    floor = max(noise, 1e-3)  # of two copies of one scan the difference is rounding
    z = (difference / np.sqrt(floor**2 + (EDGE_SHARE * steep) ** 2)).astype(np.float32)
    gray = shortest_half(middle[tissues.gray])[0]
    where = tissues.brain & tissues.parenchyma
    gained = _large(where & (z > LEAST_Z) & (even.current > gray), grid)
    lost = _large(where & (z < -LEAST_Z) & (even.prior > gray), grid)
    before, now = (_contrast_percent(image, tissues) for image in smooth)
    return ImageChange(gained, lost, z, float(noise), (before, now))


def _contrast_percent(image: Float, tissues: Tissues) -> float:
    white, gray = (shortest_half(image[tissue])[0] for tissue in (tissues.white, tissues.gray))
    return 100.0 * (gray / white - 1.0)


def _large(mask: Mask, grid: Grid) -> Mask:
    """Components of at least 30 mm3."""
    parts = connected_components(mask)
    keep = np.bincount(parts.ravel()) * grid.voxel_volume_mm3 >= LEAST_MM3
    keep[0] = False
    return np.asarray(keep[parts])
