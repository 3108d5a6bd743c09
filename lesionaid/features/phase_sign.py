"""Which way a phase image counts: whether paramagnetic structures are bright or dark in it.

Vendors differ (left- and right-handed systems), and headers do not say. Veins do: their blood is
paramagnetic. Inside a vein along the field the shift is a third of the susceptibility, and
it is nothing outside it; across the field it turns over (Schenck 1996, doi 10.1118/1.597854;
Haacke et al. 2009, doi 10.3174/ajnr.A1400). So only dark lines of SWI along the field are asked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.reference_tissue import MAD_TO_SD, ReferenceTissue, site_code
from lesionaid.quantity import Reason, Unknown
from lesionaid.study.scan import Scan

__all__ = ["phase_sign"]

DARK_Z, PLAIN_Z = -3.0, -2.0
"""A vein's voxel, and the tissue beside it, in SD of white matter on SWI (proposed)."""

RUN_MM, BESIDE_MM = 2.0, 3.0
"""A vein goes on this far to both sides, and 3 mm away across it there is none (proposed)."""

LEAST_VOXELS, AGREEMENT = 15, 0.8
"""Voxels of veins asked, and the share of them that must agree (proposed)."""


def phase_sign(
    phase: Scan, swi: Scan | None, anatomy: AnatomyMap, white: ReferenceTissue | Unknown
) -> int | Unknown:
    """1 where paramagnetic structures have the higher phase, -1 where the lower.

    The field is taken along the scanner's third axis, as in every horizontal magnet.

    Parameters
    ----------
    phase : Scan
    swi : Scan or None
    anatomy : AnatomyMap
    white : ReferenceTissue or Unknown
        Normal-appearing white matter of the SWI.

    Returns
    -------
    int or Unknown
    """
    if swi is None:
        return Unknown(
            Reason.IMAGE_MISSING, "no SWI with veins to tell the sign of phase", ("SWI",)
        )
    if isinstance(white, Unknown):
        return white
    gain = _gain(phase, swi, anatomy, white)
    if gain.size < LEAST_VOXELS:
        return Unknown(Reason.LOW_QUALITY, "too few veins to tell the sign of phase")
    middle = float(np.median(gain))
    error = 1.25 * MAD_TO_SD * float(np.median(np.abs(gain - middle))) / np.sqrt(gain.size)
    agree = float(np.mean(np.sign(gain) == np.sign(middle)))
    if abs(middle) <= 3 * error or agree < AGREEMENT:
        return Unknown(Reason.LOW_QUALITY, "veins disagree about the sign of phase")
    return 1 if middle > 0 else -1


def _gain(
    phase: Scan, swi: Scan, anatomy: AnatomyMap, white: ReferenceTissue
) -> NDArray[np.float64]:
    """Phase in veins along the field, less that of the tissue beside them, shape (n,)."""
    grid = swi.grid
    spread = max(white.robust_sd, 0.005 * white.median)
    matter = anatomy.sites == site_code("white_matter")
    for scan in (phase, swi):
        if scan.valid is not None:
            matter &= scan.valid
    places = np.argwhere(matter & (swi.data < white.median + DARK_Z * spread))
    along = int(np.argmax(np.abs(grid.affine[2, :3])))
    steps = np.maximum(np.rint(BESIDE_MM / np.asarray(grid.spacing_mm)), 1).astype(int)
    run = max(1, round(RUN_MM / grid.spacing_mm[along]))
    margin = np.where(np.arange(3) == along, run, steps)
    inner = np.all((places >= margin) & (places < np.asarray(grid.shape) - margin), axis=1)
    places = places[inner]
    line = [_moved(places, along, step) for step in range(-run, run + 1)]
    across = [
        _moved(places, axis, side * steps[axis])
        for axis in range(3)
        if axis != along
        for side in (-1, 1)
    ]
    dark = np.all([swi.data[tuple(p.T)] < white.median + DARK_Z * spread for p in line], axis=0)
    plain = np.all([swi.data[tuple(p.T)] > white.median + PLAIN_Z * spread for p in across], axis=0)
    beside = np.mean([phase.data[tuple(p.T)] for p in across], axis=0)
    gain: NDArray[np.float64] = phase.data[tuple(places.T)].astype(float) - beside
    return np.asarray(gain[dark & plain])


def _moved(places: NDArray[np.int64], axis: int, step: int) -> NDArray[np.int64]:
    moved = places.copy()
    moved[:, axis] += step
    return moved
