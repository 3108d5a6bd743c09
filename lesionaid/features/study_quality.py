"""What the study was seen on: voxels, noise, and how well the region map fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.reference_tissue import MAD_TO_SD, measure_reference
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Scan, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["QUALITY_SPECS", "REGISTRATION", "quality_measurements"]

MAGNITUDE = (
    Contrast.FLAIR,
    Contrast.T2W,
    Contrast.T1W,
    Contrast.T1W_CE,
    Contrast.DWI,
    Contrast.SWI,
)
"""Contrasts with a signal; ADC and phase have none to hold noise against."""

LEAST_PAIRS = 200
"""As many pairs of neighbours as voxels of reference tissue are asked for (proposed)."""

REGISTRATION: dict[str, str] = {
    "registration_correlation": "Correlation of the scan with the template after registration.",
    "brain_overlap_dice": "Dice overlap of the brain with the template's after registration.",
    "jacobian_min": "Smallest Jacobian of the registration; 0 or less is a fold.",
    "jacobian_max": "Largest Jacobian of the registration.",
}


def _spec(
    name: str, unit: Unit | None, description: str, needs: tuple[str, ...] = (), source: str = ""
) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "study", description, needs, source)


QUALITY_SPECS: tuple[MeasurementSpec, ...] = (
    *(
        _spec(
            f"voxel_{contrast.value.lower()}",
            None,
            f"Voxel edges of {contrast.value} as stored, ascending, in mm.",
            (contrast.value,),
        )
        for contrast in Contrast
    ),
    *(
        _spec(
            f"snr_{contrast.value.lower()}",
            Unit.NONE,
            f"Signal of normal-appearing white matter in {contrast.value} / noise, from "
            "differences of neighbouring voxels there (robust SD over root 2). Unknown where the "
            "scan was resampled, which smooths noise.",
            (contrast.value, "anatomy"),
            "proposed; first differences after Immerkaer 1996, doi 10.1006/cviu.1996.0060",
        )
        for contrast in MAGNITUDE
    ),
    _spec("map_source", None, "Where the region map comes from: template, labels or mni."),
    _spec("map_error_mm", Unit.MM, "Median error of a distance in the region map.", ("anatomy",)),
    *(_spec(name, Unit.NONE, words, ("anatomy",)) for name, words in REGISTRATION.items()),
)


def quality_measurements(
    study: Study, anatomy: AnatomyMap | None, tissue: NDArray[np.bool_] | None
) -> dict[str, Value]:
    """Take stock of the scans and of the region map.

    Parameters
    ----------
    study : Study
    anatomy : AnatomyMap or None
    tissue : ndarray of bool, or None
        Normal-appearing white matter on ``anatomy.grid``.

    Returns
    -------
    dict of str to Value
        Every name of :data:`QUALITY_SPECS`.
    """
    pairs = [] if tissue is None else _pairs(tissue)
    values: dict[str, Value] = {
        f"voxel_{contrast.value.lower()}": _voxel(study, contrast) for contrast in Contrast
    }
    for contrast in MAGNITUDE:
        scan = study.scans.get(contrast)
        snr: Value = _missing(contrast)
        if scan is not None:
            snr = _snr(scan, tissue, pairs)
        values[f"snr_{contrast.value.lower()}"] = snr
    return values | _map(anatomy)


def _missing(contrast: Contrast) -> Unknown:
    return Unknown(Reason.IMAGE_MISSING, f"no {contrast.value}", (contrast.value,))


def _voxel(study: Study, contrast: Contrast) -> Value:
    if contrast not in study.scans:
        return _missing(contrast)
    edges = sorted(study.scans[contrast].source.grid.spacing_mm)
    return Category(" x ".join(f"{edge:.3g}" for edge in edges) + " mm")


def _map(anatomy: AnatomyMap | None) -> dict[str, Value]:
    why = Unknown(Reason.ANATOMY_MISSING, "not registered")
    names = ("map_error_mm", *REGISTRATION)
    if anatomy is None:
        return {"map_source": why, **dict.fromkeys(names, why)}
    unsaid = Unknown(Reason.ANATOMY_MISSING, f"no registration was run: {anatomy.source}")
    error = anatomy.error_mm
    return {
        "map_source": Category(anatomy.source),
        "map_error_mm": unsaid if error is None else Quantity(error, Unit.MM),
        **{name: anatomy.quality.get(name, unsaid) for name in REGISTRATION},
    }


def _pairs(tissue: NDArray[np.bool_]) -> list[tuple[NDArray[np.intp], int]]:
    """Flat indices of voxels whose next neighbour along an axis is tissue too, and the step."""
    found = []
    flat = tissue.reshape(-1)
    first = np.flatnonzero(flat)
    shape = np.asarray(tissue.shape)
    for axis in range(3):
        step = int(np.prod(shape[axis + 1 :]))
        last = first // step % shape[axis] == shape[axis] - 1
        inner = first[~last]
        found.append((inner[flat[inner + step]], step))
    return found


def _snr(
    scan: Scan, tissue: NDArray[np.bool_] | None, pairs: list[tuple[NDArray[np.intp], int]]
) -> Value:
    if tissue is None:
        return Unknown(Reason.ANATOMY_MISSING, "not registered")
    stored = scan.source.grid
    same = sorted(stored.shape) == sorted(scan.grid.shape)
    if not same or not np.allclose(sorted(stored.spacing_mm), sorted(scan.grid.spacing_mm), 1e-3):
        return Unknown(Reason.LOW_QUALITY, "resampled: its noise is smoothed")
    level = measure_reference(scan, tissue)
    if isinstance(level, Unknown):
        return level
    data = scan.data.reshape(-1)
    steps = [data[index + step].astype(float) - data[index] for index, step in pairs]
    change = np.concatenate(steps)
    change = change[np.isfinite(change)]
    if change.size < LEAST_PAIRS:
        return Unknown(Reason.LOW_QUALITY, f"{change.size} pairs of white-matter voxels")
    noise = MAD_TO_SD * float(np.median(np.abs(change))) / np.sqrt(2.0)
    if noise <= 0:
        return Unknown(Reason.LOW_QUALITY, "no noise at all: integers or a smoothed image")
    return Quantity(level.median / float(noise), Unit.NONE)
