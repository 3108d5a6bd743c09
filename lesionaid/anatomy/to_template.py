"""The registration of a study to MNI152: which scan, how well, and when it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.register import Warp, warp_onto
from lesionaid.anatomy.skull import template_like
from lesionaid.anatomy.template import load_template
from lesionaid.anatomy.volume import Volume, coarsen
from lesionaid.errors import AnalysisError, Note
from lesionaid.geometry import Grid, resample
from lesionaid.study.scan import Contrast, LesionMask, Scan

__all__ = ["Registered", "register_to_template", "scan_to_register"]

REGISTERED_FROM = (Contrast.T1W, Contrast.FLAIR, Contrast.T1W_CE, Contrast.T2W)
"""Contrasts to register, the best first: T1w is what the template was made from."""
THICK_MM = 3.0
"""A T1w of thicker slices than this yields to a FLAIR of finer ones (proposed)."""

LEAST_OVERLAP, WEAK_OVERLAP = 0.90, 0.95
LEAST_SIMILARITY, WEAK_SIMILARITY = 0.30, 0.50
"""Dice of the two brains, and correlation inside them, under which a registration has failed or
is weak. Proposed: good ones measured 0.97 to 0.99 and 0.70 to 0.83 (a heavily lesioned brain
among them); an affine alone 0.96 and 0.60."""


@dataclass(frozen=True, slots=True, eq=False)
class Registered:
    """A study's registration to the template.

    Parameters
    ----------
    warp : Warp
        From the study's mm to MNI152 mm.
    quality : mapping of str to float
        Correlation, overlap of the brains, range of the Jacobian.
    notes : tuple of Note
        ``W34`` where the registration is weak.
    """

    warp: Warp
    quality: Mapping[str, float]
    notes: tuple[Note, ...] = ()


def scan_to_register(scans: Mapping[Contrast, Scan]) -> Scan:
    """The scan that resembles the template most.

    Raises
    ------
    AnalysisError
        ``A04`` where there is no structural scan.
    """
    present = [scans[contrast] for contrast in REGISTERED_FROM if contrast in scans]
    if not present:
        raise AnalysisError("A04")
    first = present[0]
    if max(first.source.grid.spacing_mm) > THICK_MM:
        return min(present, key=lambda scan: max(scan.source.grid.spacing_mm))
    return first


def register_to_template(
    scan: Scan,
    brain: NDArray[np.bool_],
    lesions: LesionMask | None = None,
    first: Registered | None = None,
) -> Registered:
    """Register a scan to the template, lesions left out of the similarity.

    Parameters
    ----------
    scan : Scan
    brain : ndarray of shape scan.grid.shape, bool
    lesions : LesionMask, optional
    first : Registered, optional
        An earlier pass over the same scan, without the lesions: its affine part is taken over,
        the deformation, which the lesions may have pulled, is sought again.

    Raises
    ------
    AnalysisError
        ``A03`` with the quality figures where the registration failed.
    """
    template = load_template()
    fixed = coarsen(Volume(scan.data, scan.grid, brain))
    moving = coarsen(Volume(template_like(template, scan.contrast), template.grid, template.brain))
    start = None if first is None else first.warp.matrix
    warp = warp_onto(fixed, moving, _lesions_on(lesions, fixed.grid), start)
    if warp is None:
        raise AnalysisError("A03", file=scan.source.name, value="greedy found no alignment")
    quality = _quality(warp, fixed, moving)
    return Registered(warp, quality, _judge(quality, scan))


def _lesions_on(lesions: LesionMask | None, grid: Grid) -> NDArray[np.bool_] | None:
    """Lesions on the working grid, for the similarity to leave out."""
    if lesions is None or not lesions.data.any():
        return None
    here = resample((lesions.data > 0).astype(np.float32), lesions.grid, grid, order=1)
    return np.asarray(here > 0.3, dtype=np.bool_)


def _quality(warp: Warp, fixed: Volume, moving: Volume) -> dict[str, float]:
    """Correlation and overlap of the brains on the working grid, range of the Jacobian."""
    from scipy.ndimage import map_coordinates

    assert fixed.mask is not None
    assert moving.mask is not None
    where = np.moveaxis(moving.grid.to_voxel(warp.moving_mm(fixed.grid)), -1, 0)
    image = map_coordinates(moving.data, where, order=1)
    brain = map_coordinates(moving.mask.astype(np.float32), where, order=1) > 0.5
    both = brain & fixed.mask
    total = np.count_nonzero(brain) + np.count_nonzero(fixed.mask)
    jacobian = warp.jacobian()[fixed.mask]
    correlation = np.corrcoef(image[both], fixed.data[both])[0, 1] if both.sum() > 2 else 0.0
    return {
        "registration_correlation": float(np.nan_to_num(correlation)),
        "brain_overlap_dice": float(2.0 * np.count_nonzero(both) / total),
        "jacobian_min": float(jacobian.min()),
        "jacobian_max": float(jacobian.max()),
    }


def _judge(quality: Mapping[str, float], scan: Scan) -> tuple[Note, ...]:
    """Refuse a failed registration, note a weak one."""
    overlap, similarity = quality["brain_overlap_dice"], quality["registration_correlation"]
    told = (
        f"brain overlap {overlap:.2f}, correlation {similarity:.2f}, "
        f"smallest Jacobian {quality['jacobian_min']:.2f}"
    )
    if overlap < LEAST_OVERLAP or similarity < LEAST_SIMILARITY:
        raise AnalysisError("A03", file=scan.source.name, value=told)
    folded = quality["jacobian_min"] <= 0
    if overlap < WEAK_OVERLAP or similarity < WEAK_SIMILARITY or folded:
        return (Note("W34", scan.source.name, told),)
    return ()
