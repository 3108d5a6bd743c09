"""A simulated study as a folder of BIDS-named files that lesionaid can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lesionaid.files import write_atomic
from lesionaid.simulate.contrast import PROTOCOL, coarse_grid
from lesionaid.simulate.dataset import DIFFUSION_VOXEL, SimulatedStudy
from lesionaid.simulate.nifti import nifti_bytes
from lesionaid.study.scan import Contrast

__all__ = ["write_study"]

BIDS_SUFFIX: Mapping[Contrast, str] = {
    Contrast.FLAIR: "FLAIR",
    Contrast.T1W: "T1w",
    Contrast.T1W_CE: "ce-gadolinium_T1w",
    Contrast.T2W: "T2w",
    Contrast.DWI: "dwi",
    Contrast.ADC: "ADC",
}

SIMULATED = "Simulated by lesionaid; no patient. MNI152 template, deformed."


def write_study(study: SimulatedStudy, folder: Path, subject: str, *, session: str = "") -> None:
    """Write scans, mask, sidecars, context and truth; a prior goes into ``prior/``.

    Parameters
    ----------
    study : SimulatedStudy
    folder : Path
    subject : str
        BIDS label without ``sub-``.
    session : str
        BIDS label without ``ses-``; empty for none.
    """
    stem = f"sub-{subject}" + (f"_ses-{session}" if session else "")
    for contrast, data in study.scans.items():
        grid, slope = study.grid, 1.0
        if contrast in (Contrast.DWI, Contrast.ADC):
            grid = coarse_grid(grid, DIFFUSION_VOXEL)
        if contrast is Contrast.ADC:
            slope = 1e-3
        name = f"{stem}_{BIDS_SUFFIX[contrast]}"
        packed = nifti_bytes(data, grid, f"{contrast} simulated by lesionaid", slope=slope)
        write_atomic(folder / f"{name}.nii.gz", packed)
        write_atomic(folder / f"{name}.json", _json(_sidecar(contrast)))
    mask = (study.labels > 0).astype(np.uint8)
    packed = nifti_bytes(mask, study.grid, "lesion mask, simulated by lesionaid")
    write_atomic(folder / f"{stem}_label-lesion_mask.nii.gz", packed)
    sidecar = {"Description": f"Known lesion mask. {SIMULATED}", "Simulated": True}
    write_atomic(folder / f"{stem}_label-lesion_mask.json", _json(sidecar))
    write_atomic(folder / "context.yaml", _context_yaml(study.context))
    write_atomic(folder / "truth.json", _json(_truth_record(study)))
    if study.prior is not None:
        write_study(study.prior, folder / "prior", subject, session="01")


def _sidecar(contrast: Contrast) -> dict[str, Any]:
    """BIDS metadata; times in seconds."""
    record: dict[str, Any] = {
        "Description": SIMULATED,
        "Simulated": True,
        "MagneticFieldStrength": 3,
        "SkullStripped": True,
    }
    if contrast is Contrast.ADC:
        return {**record, "Units": "10-3 mm2/s"}
    pulse = PROTOCOL[contrast]
    record["RepetitionTime"] = pulse.tr_ms / 1000
    record["EchoTime"] = pulse.te_ms / 1000
    if pulse.ti_ms is not None:
        record["InversionTime"] = pulse.ti_ms / 1000
    if pulse.b:
        record["DiffusionBValue"] = pulse.b
    return record


def _truth_record(study: SimulatedStudy) -> dict[str, Any]:
    truth = study.truth
    return {
        "schema": "lesionaid-truth/1",
        "simulated": True,
        "description": SIMULATED,
        "expected": dict(study.expected),
        "signs": dict(study.signs),
        "total_volume_mm3": round(sum(lesion.volume_mm3 for lesion in truth), 3),
        "lesions": [asdict(lesion) for lesion in truth],
    }


def _context_yaml(context: Mapping[str, Any]) -> str:
    lines = ["# Made up for a simulated patient."]
    lines += [
        f"{key}: {value:g}" if isinstance(value, float) else f"{key}: {value}"
        for key, value in context.items()
    ]
    return "\n".join(lines) + "\n"


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, indent=2) + "\n"
