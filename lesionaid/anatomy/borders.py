"""Ventricles and cortex moved to where the patient's own tissue shows them, on arrays.

The warped map says which structure; the patient's scan says where it ends. Fluid is divided
between the ventricles and the spaces around the brain by walking through it from what the warped
map is sure of, so that a large ventricle is followed to its wall however small the template's is.
Grey matter near the warped ribbon is cortex. Lesions keep the sites of the warped map: on T1w a
plaque looks like grey matter, on FLAIR a scar like fluid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import PARTS, SITES
from lesionaid.anatomy.tissue import Tissue

__all__ = ["FLUID", "Refined", "fluid_on_flair", "refine_cortex", "refine_ventricles"]

SITE = {name: code for code, name in SITES.items()}
PART = {name: code for code, name in PARTS.items()}
VENTRICLES = ("lateral_ventricle", "third_ventricle", "fourth_ventricle")

GROWTH_MM = 15.0
"""How far a ventricle may reach beyond its warped outline (proposed: the half width of a greatly
enlarged lateral ventricle's body, over the template's 5 mm)."""

RIBBON_REACH_MM = 4.0
"""Grey matter this close to the warped ribbon is cortex: the error of a registered cortex border
is 2 to 3 mm at its 90th percentile."""

FLUID_SHARE = 0.6
"""On FLAIR, fluid is what lies under this share of the way from ventricle to white matter
(proposed: of .5, .6 and .7 the one with the best Dice on simulated ventricles, .951; the three
differ by .005)."""

LEAST_CONTRAST = 1.5
"""Grey and white matter closer than this many standard deviations are not told apart (proposed)."""

FLUID = 0.5
"""Posterior above which a voxel is fluid, grey or white."""

THIN_PARTS = ("ventricle_temporal_horn",)
"""Kept where the warped map has them: thinner than the voxels of many scans."""


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """Sites and parts after one refinement.

    Parameters
    ----------
    sites, parts : ndarray of uint8
    moved_ml : float
        Volume that changed its site.
    """

    sites: NDArray[np.uint8]
    parts: NDArray[np.uint8]
    moved_ml: float


def fluid_on_flair(
    flair: NDArray[np.float32], brain: NDArray[np.bool_], sites: NDArray[np.uint8]
) -> NDArray[np.bool_] | None:
    """Dark fluid: nearer to the ventricles' median signal than :data:`FLUID_SHARE` allows.

    Returns
    -------
    ndarray of bool or None
        None where fluid is not darker than white matter.
    """
    from scipy.ndimage import binary_erosion

    core = binary_erosion(sites == SITE["lateral_ventricle"])
    inside = flair[core]
    white = flair[sites == SITE["white_matter"]]
    if inside.size < 50 or white.size < 50:
        return None
    dark, bright = float(np.median(inside)), float(np.median(white))
    if dark > 0.8 * bright:
        return None
    return np.asarray((flair < dark + FLUID_SHARE * (bright - dark)) & brain)


def refine_ventricles(
    sites: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    fluid: NDArray[np.bool_],
    lesions: NDArray[np.bool_] | None,
    spacing_mm: tuple[float, float, float],
) -> Refined:
    """Divide the patient's fluid between ventricles and cisterns; give back what is tissue.

    Parameters
    ----------
    sites, parts : ndarray of uint8
        The warped map.
    fluid : ndarray of bool
        The patient's own fluid.
    lesions : ndarray of bool or None
        Kept as the warped map has them.
    spacing_mm : tuple of float
    """
    from scipy.ndimage import binary_closing, distance_transform_edt
    from skimage.segmentation import watershed

    fixed = np.zeros(sites.shape, dtype=bool) if lesions is None else lesions
    fluid = fluid & ~fixed
    warped = np.isin(sites, [SITE[name] for name in VENTRICLES])
    outside = sites == SITE["csf"]
    far = distance_transform_edt(~warped, sampling=spacing_mm)
    # Sure of being outside: warped cisterns, and whatever lies too far away.
    markers = np.zeros(sites.shape, dtype=np.int32)
    for name in VENTRICLES:
        markers[fluid & (sites == SITE[name])] = SITE[name]
    markers[fluid & (outside & (far > 2.0)) | fluid & (far > GROWTH_MM)] = SITE["csf"]
    depth = distance_transform_edt(fluid, sampling=spacing_mm)
    flooded = watershed(-depth, markers, mask=fluid)
    thin = np.isin(parts, [PART[name] for name in THIN_PARTS])
    new = sites.copy()
    # Choroid plexus lies in the ventricle: holes and bays of up to 3 mm are closed.
    reach = [max(1, round(1.5 / step)) for step in spacing_mm]
    ball = np.ones([2 * r + 1 for r in reach], dtype=bool)
    lateral = binary_closing(flooded == SITE["lateral_ventricle"], structure=ball)
    dried = warped & ~fluid & ~fixed & ~thin & ~lateral
    new[dried] = _tissue_beside(sites, dried)
    free = ~fixed & (sites > 0)
    new[free & lateral & (warped | fluid)] = SITE["lateral_ventricle"]
    for name in ("third_ventricle", "fourth_ventricle"):
        new[free & (flooded == SITE[name])] = SITE[name]
    new[free & (flooded == SITE["csf"]) & warped] = SITE["csf"]
    return _finished(sites, parts, new, spacing_mm)


def refine_cortex(
    sites: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    tissue: Tissue,
    lesions: NDArray[np.bool_] | None,
    spacing_mm: tuple[float, float, float],
) -> Refined | None:
    """Move the border of the cortical ribbon to the patient's own grey matter.

    Only cerebral cortex, white matter and the fluid between the gyri trade voxels.

    Returns
    -------
    Refined or None
        None where grey and white matter are not told apart.
    """
    from scipy.ndimage import distance_transform_edt

    if tissue.contrast < LEAST_CONTRAST:
        return None
    cortex, white, csf = (sites == SITE[name] for name in ("cortex", "white_matter", "csf"))
    near = distance_transform_edt(~cortex, sampling=spacing_mm) <= RIBBON_REACH_MM
    trading = (cortex | white | csf) & near
    # The false cortex of partial volume between white matter and ventricle stays white matter.
    trading &= distance_transform_edt(sites != SITE["lateral_ventricle"], sampling=spacing_mm) > 3.0
    trading &= ~_hindbrain(sites, spacing_mm)
    if lesions is not None:
        trading &= ~lesions
    new = sites.copy()
    most = np.argmax([tissue.csf, tissue.gray, tissue.white], axis=0)
    codes = np.array([SITE["csf"], SITE["cortex"], SITE["white_matter"]], dtype=np.uint8)
    new[trading] = codes[most[trading]]
    return _finished(sites, parts, new, spacing_mm)


def _hindbrain(
    sites: NDArray[np.uint8], spacing_mm: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Cerebellum and brainstem with 1.5 mm round them: their fluid is not the cerebrum's."""
    from scipy.ndimage import distance_transform_edt

    hind = np.isin(sites, [SITE["cerebellum"], SITE["brainstem"], SITE["fourth_ventricle"]])
    near: NDArray[np.bool_] = distance_transform_edt(~hind, sampling=spacing_mm) <= 1.5
    return near


def _tissue_beside(sites: NDArray[np.uint8], where: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The nearest site that is tissue, for voxels that turned out not to be fluid."""
    from scipy.ndimage import distance_transform_edt

    fluid = [SITE[name] for name in (*VENTRICLES, "csf")]
    tissue = (sites > 0) & ~np.isin(sites, [*fluid, SITE["cortex"]])
    nearest = distance_transform_edt(~tissue, return_distances=False, return_indices=True)
    found: NDArray[np.uint8] = sites[tuple(nearest[:, where])]
    return found


def _finished(
    sites: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    new: NDArray[np.uint8],
    spacing_mm: tuple[float, float, float],
) -> Refined:
    """Parts follow their sites: what joined a ventricle takes its nearest part, and so on."""
    from scipy.ndimage import distance_transform_edt

    changed = new != sites
    moved = float(np.count_nonzero(changed) * np.prod(spacing_mm) / 1000)
    now = parts.copy()
    now[changed] = 0
    lateral = [code for name, code in PART.items() if name.startswith("ventricle_")]
    joined = changed & (new == SITE["lateral_ventricle"])
    if joined.any():
        horn = np.isin(parts, lateral)
        nearest = distance_transform_edt(
            ~horn, sampling=spacing_mm, return_distances=False, return_indices=True
        )
        now[joined] = parts[tuple(nearest[:, joined])]
    # Temporal parts are lobar: cortex and white matter that trade voxels keep them.
    temporal = np.isin(parts, [PART["inferior_temporal"], PART["anterior_temporal"]])
    kept = changed & temporal & np.isin(new, [SITE["cortex"], SITE["white_matter"]])
    now[kept] = parts[kept]
    return Refined(new, now, moved)
