"""A simulated study as a folder of BIDS-named files that lesionaid can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lesionaid.files import write_atomic
from lesionaid.simulate.acquisition import SCANNER, voxel_mm
from lesionaid.simulate.nifti import nifti_bytes
from lesionaid.simulate.study import SimulatedStudy, dates
from lesionaid.simulate.susceptibility import ECHO_S
from lesionaid.study.scan import Contrast

__all__ = ["SIMULATED", "context_yaml", "lesion_rows", "write_session", "write_study"]

BIDS_SUFFIX: Mapping[Contrast, str] = {
    Contrast.FLAIR: "FLAIR",
    Contrast.T1W: "T1w",
    Contrast.T1W_CE: "ce-gadolinium_T1w",
    Contrast.T2W: "T2w",
    Contrast.DWI: "dwi",
    Contrast.ADC: "ADC",
    Contrast.SWI: "swi",
    Contrast.PHASE: "part-phase_swi",
}

DATA_FOLDER: Mapping[Contrast, str] = {
    Contrast.DWI: "dwi",
    Contrast.ADC: "dwi",
    Contrast.SWI: "swi",
    Contrast.PHASE: "swi",
}
"""BIDS folders of what does not lie in ``anat``."""

SIMULATED = "Simulated by lesionaid; no patient."


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
    write_session(study, folder, subject, session)
    if study.prior is not None:
        number = len(dates(study.prior))
        write_study(study.prior, folder / "prior", subject, session=f"{number:02d}")


def write_session(
    study: SimulatedStudy, folder: Path, subject: str, session: str, *, bids: bool = False
) -> None:
    """Write one examination without its prior.

    Parameters
    ----------
    study : SimulatedStudy
    folder : Path
    subject, session : str
        BIDS labels; `session` may be empty.
    bids : bool
        Sort images into ``anat``, ``dwi`` and ``swi``.
    """
    stem = f"sub-{subject}" + (f"_ses-{session}" if session else "")

    def image(place: str, suffix: str, packed: bytes, sidecar: Mapping[str, Any]) -> None:
        where = folder / place if bids else folder
        write_atomic(where / f"{stem}_{suffix}.nii.gz", packed)
        write_atomic(where / f"{stem}_{suffix}.json", _json(sidecar))

    for contrast, data in study.scans.items():
        slope = 1e-3 if contrast in (Contrast.ADC, Contrast.PHASE) else 1.0
        text = f"{contrast} simulated by lesionaid"
        packed = nifti_bytes(data, study.grid_of(contrast), text, slope=slope)
        place = DATA_FOLDER.get(contrast, "anat")
        image(place, BIDS_SUFFIX[contrast], packed, _sidecar(contrast, study))
    packed = nifti_bytes(
        study.mask.astype(np.uint8),
        study.grid_of(Contrast.FLAIR),
        "lesion mask, simulated by lesionaid",
    )
    sidecar = {"Description": f"Known lesion mask. {_simulated(study)}", "Simulated": True}
    image("anat", "label-lesion_mask", packed, sidecar)
    if bids and Contrast.DWI in study.contrasts:
        # One trace-weighted volume: there is no single direction.
        b = study.acquisition.pulses[Contrast.DWI].b
        write_atomic(folder / "dwi" / f"{stem}_dwi.bval", f"{b:g}\n")
        write_atomic(folder / "dwi" / f"{stem}_dwi.bvec", "0\n0\n0\n")
    write_atomic(folder / "context.yaml", context_yaml(study.context))
    write_atomic(folder / "truth.json", _json(_truth_record(study)))


def _simulated(study: SimulatedStudy) -> str:
    return f"{SIMULATED} {study.brain.origin}"


def _sidecar(contrast: Contrast, study: SimulatedStudy) -> dict[str, Any]:
    """BIDS metadata; times in seconds, lengths in mm."""
    record: dict[str, Any] = {
        "Description": _simulated(study),
        "Simulated": True,
        "MagneticFieldStrength": 3,
        "SkullStripped": True,
    }
    acquisition = study.acquisition
    if acquisition != SCANNER:
        thickness = voxel_mm(study.brain.grid, acquisition, contrast)[2]
        record["ProtocolName"] = acquisition.name
        record["SliceThickness"] = round(thickness, 4)
        record["SpacingBetweenSlices"] = round(thickness + acquisition.gap_mm, 4)
    if contrast is Contrast.ADC:
        return {**record, "Units": "10-3 mm2/s"}
    if contrast is Contrast.PHASE:
        return {**record, "Units": "rad", "EchoTime": ECHO_S}
    if contrast is Contrast.SWI:
        return {**record, "EchoTime": ECHO_S}
    pulse = acquisition.pulses[contrast]
    record["RepetitionTime"] = pulse.tr_ms / 1000
    record["EchoTime"] = pulse.te_ms / 1000
    if pulse.ti_ms is not None:
        record["InversionTime"] = pulse.ti_ms / 1000
    if pulse.b:
        record["DiffusionBValue"] = pulse.b
    return record


def lesion_rows(study: SimulatedStudy) -> list[dict[str, Any]]:
    """What is true of each lesion, those that are gone since the date before at the end."""
    return [asdict(lesion) for lesion in (*study.truth, *study.resolved)]


def _truth_record(study: SimulatedStudy) -> dict[str, Any]:
    lesions = lesion_rows(study)
    mask_mm3 = np.count_nonzero(study.mask) * study.grid_of(Contrast.FLAIR).voxel_volume_mm3
    return {
        "schema": "lesionaid-truth/1",
        "simulated": True,
        "description": _simulated(study),
        "expected": dict(study.expected),
        "signs": dict(study.signs),
        "total_volume_mm3": round(sum(lesion["volume_mm3"] for lesion in lesions), 3),
        "mask_volume_mm3": round(float(mask_mm3), 3),
        "lesions": lesions,
    }


def context_yaml(context: Mapping[str, Any]) -> str:
    """Clinical context as a form that lesionaid reads."""
    lines = ["# Made up for a simulated patient."]
    lines += [f"{key}: {_yaml(value)}" for key, value in context.items()]
    return "\n".join(lines) + "\n"


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, indent=2) + "\n"
