"""Parts of the simulated brain that MS lesions are put into, in MNI mm.

Drawn apart from the map that measures, like :mod:`lesionaid.simulate.landmarks`, and read off
the same template.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.landmarks import POINTS, within_box

__all__ = [
    "FOSSA_BOXES",
    "between_nuclei",
    "callosum",
    "fossa",
    "from_midline_mm",
    "inferior_temporal",
]

CALLOSAL_MM = 5.0
"""How far from the ventricle the callosum reaches."""

PEDUNCLE_MM = 8.0
"""Radius of the middle peduncle."""

FOSSA_BOXES: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "pons": ((-16.0, -38.0, -42.0), (16.0, -14.0, -20.0)),
    "midbrain": ((-14.0, -36.0, -19.0), (14.0, -12.0, -8.0)),
    "medulla": ((-12.0, -50.0, -64.0), (12.0, -28.0, -44.0)),
}
"""Opposite corners in MNI mm, read off the template like those of the landmarks."""

NUCLEI_BOX = ((0.0, -40.0, -14.0), (33.0, 24.0, 20.0))
"""Thalamus, striatum and what lies between, on the right (MNI mm)."""

INFERIOR_TEMPORAL_BOX = ((26.0, -52.0, -34.0), (60.0, 2.0, -8.0))
"""White matter under the superior temporal sulcus, on the right (MNI mm)."""


def callosum(brain: Brain) -> NDArray[np.bool_]:
    """White matter over the lateral ventricles near the midline: a proxy of the callosum."""
    rise = np.gradient(brain.ventricle_mm, brain.grid.spacing_mm[2], axis=2)
    area: NDArray[np.bool_] = (
        (brain.white > 0.5)
        & (brain.ventricle_mm <= CALLOSAL_MM)
        & (rise > -0.3)  # not the fornix and the thalamus, which lie under the ventricle
        & within_box(brain, "callosum")
        & ~brain.infratentorial
    )
    return area


def between_nuclei(brain: Brain) -> NDArray[np.bool_]:
    """White matter among the deep nuclei, chiefly the internal capsule, by a box in MNI mm."""
    area: NDArray[np.bool_] = (brain.white > 0.5) & _within(brain, *NUCLEI_BOX, both_sides=True)
    return area


def inferior_temporal(brain: Brain) -> NDArray[np.bool_]:
    """White matter of the inferior temporal lobe on both sides, by a box in MNI mm."""
    area: NDArray[np.bool_] = (
        (brain.white > 0.5)
        & _within(brain, *INFERIOR_TEMPORAL_BOX, both_sides=True)
        & ~brain.infratentorial
    )
    return area


def fossa(brain: Brain, site: str) -> NDArray[np.bool_]:
    """A site of the posterior fossa: the peduncle's and the brainstem's are drawn by hand."""
    mni = _mni(brain)
    x, y, z = np.abs(mni[..., 0]), mni[..., 1], mni[..., 2]
    centre = POINTS["middle_peduncle"]
    away = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2
    if site == "cerebellar_peduncle":
        area = away <= PEDUNCLE_MM**2
    elif site == "cerebellum":
        area = (y < -48.0) & (x > 4.0) & (away > (1.5 * PEDUNCLE_MM) ** 2)
    else:
        area = _within(brain, *FOSSA_BOXES[site])
    return np.asarray(area & brain.infratentorial)


def from_midline_mm(brain: Brain) -> NDArray[np.float32]:
    """Distance of every voxel to the midline."""
    return np.abs(_mni(brain)[..., 0])


def _within(
    brain: Brain,
    low: tuple[float, float, float],
    high: tuple[float, float, float],
    *,
    both_sides: bool = False,
) -> NDArray[np.bool_]:
    mni = _mni(brain)
    inside = np.ones(brain.grid.shape, dtype=bool)
    for axis in range(3):
        at = np.abs(mni[..., 0]) if axis == 0 and both_sides else mni[..., axis]
        inside &= (at >= low[axis]) & (at <= high[axis])
    return inside


def _mni(brain: Brain) -> NDArray[np.float32]:
    if brain.mni_mm is None:
        raise ValueError("this brain knows no MNI coordinates, so it has no named sites")
    return brain.mni_mm
