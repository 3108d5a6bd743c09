"""What tissue the template expects at every voxel of the patient, as wide as its own error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import PARTS, SITES, AnatomyMap
from lesionaid.anatomy.template import load_template
from lesionaid.lesions.standard import ERROR_MM

__all__ = ["Priors", "tissue_priors", "traps"]

Float = NDArray[np.float32]

WHITE = ("white_matter", "corpus_callosum", "brainstem")
SEPTUM_MM = 3.0
"""Half width of the septum with the fornix under it, in MNI152, the error of its registration
with it (proposed)."""

FLUID = ("lateral_ventricle", "third_ventricle", "fourth_ventricle", "csf")


@dataclass(frozen=True, slots=True, eq=False)
class Priors:
    """Fractions, 0 to 1, on the reference grid.

    Parameters
    ----------
    white, gray, fluid : ndarray of float32
        As the template says at the very voxel.
    white_blurred : ndarray of float32
        White matter, blurred by the error of the registration.
    """

    white: Float
    gray: Float
    fluid: Float
    white_blurred: Float


def tissue_priors(anatomy: AnatomyMap) -> Priors:
    """Look tissue fractions up in the template, or in the labels where there is none.

    Parameters
    ----------
    anatomy : AnatomyMap
    """
    from scipy.ndimage import gaussian_filter, map_coordinates

    if anatomy.mni_mm is None:
        white, fluid = (_sites(anatomy, names) for names in (WHITE, FLUID))
        gray = anatomy.brain.astype(np.float32) - fluid - white
    else:
        template = load_template()
        brain = anatomy.brain
        where = template.grid.to_voxel(anatomy.mni_mm[brain]).T
        white, gray, fluid = (np.zeros(brain.shape, dtype=np.float32) for _ in range(3))
        for out, fractions in (
            (white, template.white_matter),
            (gray, template.gray_matter),
            (fluid, template.csf),
        ):
            out[brain] = map_coordinates(fractions, where, order=1)
    blurred = gaussian_filter(white, ERROR_MM / np.asarray(anatomy.grid.spacing_mm))
    return Priors(white, gray, fluid, blurred)


def traps(anatomy: AnatomyMap) -> NDArray[np.bool_]:
    """Where FLAIR is bright without a lesion: the septum, and flow in the narrow fluid ways.

    The septum is what lies between the lateral ventricles within 3 mm of the middle, the callosum
    apart; flow brightens the inside of the fourth ventricle and the aqueduct. Only the inside: the
    lining of the fourth ventricle is a site of NMOSD.
    """
    inside: NDArray[np.bool_] = anatomy.sites == _code("fourth_ventricle")
    if anatomy.parts is not None:
        aqueduct = next(code for code, name in PARTS.items() if name == "aqueduct")
        inside |= anatomy.parts == aqueduct
    if anatomy.mni_mm is None:
        return inside
    x, y, z = np.moveaxis(anatomy.mni_mm, -1, 0)
    middle = (np.abs(x) <= SEPTUM_MM) & (y > -20) & (y < 24) & (z > 0) & (z < 26)
    callosum = anatomy.sites == _code("corpus_callosum")
    return np.asarray(inside | (middle & anatomy.brain & ~callosum))


def _code(site: str) -> int:
    return next(code for code, name in SITES.items() if name == site)


def _sites(anatomy: AnatomyMap, names: tuple[str, ...]) -> Float:
    codes = [code for code, name in SITES.items() if name in names]
    return np.isin(anatomy.sites, codes).astype(np.float32)
