"""The anatomy of one patient, its borders moved to the patient's own tissue.

:mod:`lesionaid.anatomy.borders` moves them; here stands which scan may say where they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.borders import FLUID, fluid_on_flair, refine_cortex, refine_ventricles
from lesionaid.anatomy.build import structure_distances
from lesionaid.anatomy.distances import bounding_box
from lesionaid.anatomy.map import AnatomyMap
from lesionaid.anatomy.template import load_template
from lesionaid.anatomy.tissue import segment_tissue, warped_priors
from lesionaid.geometry import Grid, resample
from lesionaid.quantity import Quantity, Unit
from lesionaid.study.scan import Contrast, LesionMask, Scan, Study

__all__ = ["refine_anatomy"]

MARGIN_MM = 3.0
"""Work is done in a box this much larger than the brain."""

THICKEST_MM = 3.5
"""Slices thicker than this mix ventricle and tissue over more than a lesion's contact (proposed:
clinical FLAIRs have 3 mm; at 4 to 5 mm the warped border is as good)."""


def refine_anatomy(anatomy: AnatomyMap, study: Study) -> AnatomyMap:
    """Move the borders of a warped map to the patient's own tissue.

    A FLAIR decides where fluid is, since old plaques are dark on T1w too; without one the T1w
    does. Cortex needs a T1w. Thick slices blur both borders and are left as they were warped.

    Parameters
    ----------
    anatomy : AnatomyMap
        Only a registered template is refined; labels and MNI152 come back as they are.
    study : Study
        Aligned. Its lesions are left out.

    Returns
    -------
    AnatomyMap
        With the volume that changed its site among the quality figures.
    """
    if anatomy.source != "template" or anatomy.mni_mm is None:
        return anatomy
    flair, t1w = (_fine(study.scans.get(name)) for name in (Contrast.FLAIR, Contrast.T1W))
    box = bounding_box(anatomy.brain, anatomy.grid, MARGIN_MM)
    brain, sites = anatomy.brain[box], anatomy.sites[box]
    parts = np.zeros_like(sites) if anatomy.parts is None else anatomy.parts[box]
    lesions = None if study.lesions is None else _on_grid(study.lesions, anatomy.grid)
    lesions = None if lesions is None else lesions[box]
    spacing = anatomy.grid.spacing_mm
    tissue = None
    if t1w is not None:
        priors = warped_priors(load_template(), anatomy.mni_mm[box], brain, spacing)
        tissue = segment_tissue(t1w.data[box], brain, priors, lesions)
    fluid = None if flair is None else fluid_on_flair(flair.data[box], brain, sites)
    if fluid is None and tissue is not None:
        fluid = tissue.csf > FLUID
    quality = dict(anatomy.quality)
    if fluid is not None:
        moved = refine_ventricles(sites, parts, fluid, lesions, spacing)
        sites, parts = moved.sites, moved.parts
        quality["ventricles_moved_ml"] = Quantity(moved.moved_ml, Unit.ML)
    ribbon = None if tissue is None else refine_cortex(sites, parts, tissue, lesions, spacing)
    if ribbon is not None:
        sites, parts = ribbon.sites, ribbon.parts
        quality["cortex_moved_ml"] = Quantity(ribbon.moved_ml, Unit.ML)
    if fluid is None and ribbon is None:
        return anatomy
    whole = _put_back(anatomy.sites, sites, box)
    return replace(
        anatomy,
        sites=whole,
        parts=None if anatomy.parts is None else _put_back(anatomy.parts, parts, box),
        distances_mm=structure_distances(whole, anatomy.grid),
        quality=quality,
    )


def _put_back(
    volume: NDArray[np.uint8], part: NDArray[np.uint8], box: tuple[slice, slice, slice]
) -> NDArray[np.uint8]:
    new = volume.copy()
    new[box] = part
    return new


def _fine(scan: Scan | None) -> Scan | None:
    """The scan, where its slices are thin enough to draw a border by."""
    if scan is None or max(scan.source.grid.spacing_mm) > THICKEST_MM:
        return None
    return scan


def _on_grid(lesions: LesionMask, grid: Grid) -> NDArray[np.bool_] | None:
    if not lesions.data.any():
        return None
    share = resample((lesions.data > 0).astype(np.float32), lesions.grid, grid, order=1)
    return np.asarray(share > 0.3)
