"""Oedema: white matter beyond a lesion's mask that is brighter than normal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.intensity import NO_ANATOMY
from lesionaid.features.reference_tissue import ReferenceTissue, measure_reference, site_code
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import Rows, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.quantity import Quantity, Reason, Unit, Unknown
from lesionaid.study.scan import Contrast, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["HALO_SPECS", "halo_measurements"]

HALO_MM = (1.5, 5.0)
"""Shell in which a halo is looked for: clear of the mask's own error (proposed)."""

HALO_SD = 2.0
"""A voxel this many robust standard deviations above normal white matter is bright (proposed)."""

WHITE_MIN = 50
"""Voxels of white matter that a halo is judged on (proposed)."""

HALO_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "halo_fraction",
        Unit.NONE,
        "lesion",
        "Share of the white matter 1.5 to 5 mm outside the mask whose FLAIR signal is two robust "
        "standard deviations above normal-appearing white matter or more.",
        ("FLAIR", "anatomy"),
        "proposed",
        validated=False,
    ),
)


def halo_measurements(
    study: Study,
    anatomy: AnatomyMap | None,
    tissue: NDArray[np.bool_] | None,
    around: Surroundings,
    lesions: LesionMap,
) -> Rows:
    """Share of bright white matter about each lesion; other lesions and their rims left out.

    Parameters
    ----------
    study : Study
        Aligned: every scan on ``around.voxels.grid``.
    anatomy : AnatomyMap or None
    tissue : ndarray of bool or None
        Normal-appearing white matter.
    around : Surroundings
    lesions : LesionMap

    Returns
    -------
    dict of int to dict of str to Value
    """
    name = "halo_fraction"
    if anatomy is None:
        return whole_column(lesions, (name,), NO_ANATOMY)
    scan = study.scans.get(Contrast.FLAIR)
    if scan is None or tissue is None:
        return whole_column(lesions, (name,), Unknown(Reason.IMAGE_MISSING, "no FLAIR", ("FLAIR",)))
    white = measure_reference(scan, tissue)
    if not isinstance(white, ReferenceTissue):
        return whole_column(lesions, (name,), white)
    near_other = _close_to_another(around)
    about = (
        around.shell(*HALO_MM)
        & ~near_other
        & (around.voxels.take(anatomy.sites) == site_code("white_matter"))
    )
    limit = white.median + HALO_SD * white.robust_sd
    chosen = around.chosen(about)
    bright = chosen.mean(chosen.take(scan.data) >= limit)
    rows: Rows = {
        int(lesion): {name: Unknown(Reason.TOO_FEW_VOXELS, "little white matter about the lesion")}
        for lesion in around.voxels.ids
    }
    rows |= {lesion: {name: gone} for lesion, gone in around.voxels.missing.items()}
    counts = chosen.counts.tolist()
    for lesion, share, count in zip(chosen.ids.tolist(), bright.tolist(), counts, strict=True):
        if count >= WHITE_MIN:
            rows[lesion] = {name: Quantity(share, Unit.NONE)}
    return rows


def _close_to_another(around: Surroundings) -> NDArray[np.bool_]:
    """Voxels within reach of the halo of a lesion other than the run's own."""
    close = around.signed_mm < HALO_MM[1]
    lesions = np.zeros(int(np.prod(around.voxels.grid.shape)), dtype=np.uint8)
    np.add.at(lesions, around.voxels.index[close], 1)
    return np.asarray(around.voxels.take(lesions) > close.astype(np.uint8))
