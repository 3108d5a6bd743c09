"""Where PML starts: lobes and posterior fossa, as often as readers named them.

The lobes are cores, kept some 8 mm from one another's borders: what lies between is nobody's,
and the insula is not among them. Read off the template as :mod:`lesionaid.simulate.landmarks`;
good to some 5 mm, and apart from the map that measures.

References
----------
Wijburg et al. 2016, doi 10.1136/jnnp-2016-313772 (ratings of new lesions by lobe).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray
from lesionaid.simulate.frequencies import share

__all__ = ["LOBES", "cerebellar_white", "dentate_mm", "draw_site", "hilum", "lobe_cores"]

LOBES = ("frontal", "parietal", "occipital", "temporal")

CENTRAL_SULCUS = (-4.0, 12.0, -0.43)
"""Line in the side view: y at a z, and its slope (MNI mm; proposed)."""

CORE_MM = 8.0
"""Distance kept from the central sulcus."""

DENTATE_MM, DENTATE_HALF_MM = (15.0, -58.0, -36.0), (6.0, 8.0, 5.5)
"""Middle and half axes of the right dentate nucleus, MNI (proposed)."""

VERMIS_MM = 6.0
"""What lies nearer to the midline is vermis or fourth ventricle (proposed)."""

FOSSA_SHARE_SIGN = "cerebellum"


def lobe_cores(brain: Brain) -> Mapping[str, NDArray[np.bool_]]:
    """Masks of the cores of the lobes, both sides.

    Raises
    ------
    ValueError
        When the brain knows no MNI coordinates.
    """
    x, y, z = _mni(brain)
    aside = np.abs(x)
    at, height, slope = CENTRAL_SULCUS
    sulcus = at + slope * (z - height)
    insula = (aside > 24) & (aside < 46) & (y > -24) & (y < 26) & (z > -18) & (z < 20)
    above = ~brain.infratentorial
    frontal = (y > sulcus + CORE_MM) & ((z > 16) | (y > 26)) & ~insula
    parietal = (y < sulcus - CORE_MM) & (y > -66) & (z > 28)
    occipital = (y < -78) & (z < 30)
    temporal = (aside > 32) & (y > -50) & (y < 10) & (z < -10)
    cores = (frontal, parietal, occipital, temporal)
    return {name: core & above for name, core in zip(LOBES, cores, strict=True)}


def draw_site(rng: np.random.Generator, disease: str = "pml") -> str:
    """A lobe or ``"cerebellum"``, in proportion to the published ratings."""
    names = (*(f"lobe_{lobe}" for lobe in LOBES), FOSSA_SHARE_SIGN)
    weights = np.array([share(disease, name) for name in names])
    # Running sums and one number: the same draw whatever the version of numpy's choice.
    place = int(np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random(), side="right"))
    return names[min(place, len(names) - 1)].removeprefix("lobe_")


def dentate_mm(brain: Brain) -> FloatArray:
    """Distance to the dentate nuclei, taken as ellipsoids; negative inside, MNI mm."""
    x, y, z = _mni(brain)
    offsets = (np.abs(x) - DENTATE_MM[0], y - DENTATE_MM[1], z - DENTATE_MM[2])
    scaled = [offset / half for offset, half in zip(offsets, DENTATE_HALF_MM, strict=True)]
    radius = np.sqrt(sum(part * part for part in scaled))
    mean = float(np.prod(DENTATE_HALF_MM)) ** (1 / 3)
    return np.asarray((radius - 1) * mean, dtype=np.float32)


def hilum(brain: Brain) -> FloatArray:
    """1 medial of the dentate nuclei, where they open, falling to 0 at their middles."""
    x, _, _ = _mni(brain)
    return np.clip((DENTATE_MM[0] - np.abs(x)) / DENTATE_HALF_MM[0], 0, 1).astype(np.float32)


def cerebellar_white(brain: Brain) -> NDArray[np.bool_]:
    """White matter of the cerebellar hemispheres and the middle peduncles."""
    x, y, z = _mni(brain)
    sides = (np.abs(x) > VERMIS_MM) & (y < -38) & (z > -56) & (z < -18)
    white: NDArray[np.bool_] = brain.infratentorial & (brain.white > 0.5) & sides
    return white


def _mni(brain: Brain) -> tuple[FloatArray, FloatArray, FloatArray]:
    if brain.mni_mm is None:
        raise ValueError("this brain knows no MNI coordinates, so it has no named sites")
    return (brain.mni_mm[..., 0], brain.mni_mm[..., 1], brain.mni_mm[..., 2])
