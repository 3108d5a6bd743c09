"""Files of ``lesionaid segment``: a label map to mend, a row a candidate, and pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from lesionaid.anatomy.colours import hex_code
from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.errors import Note
from lesionaid.geometry import resample
from lesionaid.lesions.lesion_map import Lesion, LesionMap
from lesionaid.lesions.search import Found
from lesionaid.report.label_map import label_map_nifti
from lesionaid.report.qc import QC_FILES, QualityPicture, qc_files, quality_pictures
from lesionaid.report.text import MISSING, json_bytes, number, tsv_bytes
from lesionaid.study.scan import Study
from lesionaid.verdict.model import INTENDED_USE

__all__ = ["CANDIDATE_FILES", "candidate_files"]

CANDIDATE_FILES = ("candidates.nii.gz", "candidates.tsv", "candidates.json", *QC_FILES)
"""Files that :func:`candidate_files` may write."""

COLUMNS = {
    "candidate": "Id; the value in candidates.nii.gz.",
    "speck": "Under 3 mm3.",
    "volume_mm3": "Volume on the map's own grid.",
    "equivalent_diameter_mm": "Diameter of the ball of that volume.",
    "x_mm": "Centroid, scanner RAS+.",
    "y_mm": "Centroid, scanner RAS+.",
    "z_mm": "Centroid, scanner RAS+.",
    "flair_z_mean": "Mean FLAIR, in local standard deviations of normal parenchyma.",
    "flair_z_max": "Largest FLAIR, in local standard deviations.",
    "site": "Site that most of its voxels lie in.",
}


def candidate_files(
    study: Study,
    lesions: LesionMap,
    anatomy: AnatomyMap,
    found: Found,
    notes: tuple[Note, ...],
) -> dict[str, bytes]:
    """Contents by file name; the same input gives the same bytes.

    Parameters
    ----------
    study : Study
        Aligned.
    lesions : LesionMap
    anatomy : AnatomyMap
    found : Found
    notes : tuple of Note
        As shown to the user.
    """
    said = tuple((note.code, note.text) for note in notes)
    pictures = quality_pictures(study, anatomy, lesions, said)
    rows = [_row(lesion, lesions, anatomy, found) for lesion in lesions.lesions]
    return {
        "candidates.nii.gz": label_map_nifti(lesions, found.mask.source),
        "candidates.tsv": tsv_bytes(tuple(COLUMNS), rows),
        "candidates.json": json_bytes(_sidecar(found, said, pictures)),
        **qc_files(pictures),
    }


def _row(lesion: Lesion, lesions: LesionMap, anatomy: AnatomyMap, found: Found) -> dict[str, str]:
    inside = lesions.labels[lesion.box] == lesion.id
    x, y, z = (number(value) for value in lesion.centroid_mm)
    row = {
        "candidate": str(lesion.id),
        "speck": "true" if lesion.speck else "false",
        "volume_mm3": number(lesion.volume_mm3),
        "equivalent_diameter_mm": number(lesion.equivalent_diameter_mm),
        "x_mm": x,
        "y_mm": y,
        "z_mm": z,
        "flair_z_mean": MISSING,
        "flair_z_max": MISSING,
    }
    if found.segmentation is not None:
        values = found.segmentation.z[lesion.box][inside]
        row["flair_z_mean"] = number(float(values.mean()))
        row["flair_z_max"] = number(float(values.max()))
    sites = resample(anatomy.sites, anatomy.grid, lesions.grid, order=0)[lesion.box][inside]
    most = int(np.bincount(sites).argmax())
    return row | {"site": SITES.get(most, "outside_brain")}


def _sidecar(
    found: Found, notes: tuple[tuple[str, str], ...], pictures: tuple[QualityPicture, ...]
) -> dict[str, Any]:
    own = found.segmentation
    settings = (
        {"segmenter": found.mask.source.name}
        if own is None
        else {
            "seed": own.settings.seed,
            "extent": own.settings.extent,
        }
    )
    rejected = () if own is None else own.rejected
    return {
        "schema": "lesionaid-candidates/1",
        "intended_use": INTENDED_USE,
        "description": "Candidates found automatically and seen by no reader. What is not here is "
        "not thereby absent.",
        "settings": settings,
        "notes": [f"{code} {text}" for code, text in notes],
        "rejected": [
            {
                "centroid_mm": [round(value, 3) for value in one.centroid_mm],
                "volume_mm3": round(one.volume_mm3, 3),
                "reason": one.reason,
            }
            for one in rejected
        ],
        "columns": COLUMNS,
        "pictures": [
            {
                "file": f"qc_{one.name}.png",
                "title": one.title,
                "shows": one.alt,
                "caption": one.caption,
                "key": {name: hex_code(colour) for name, colour in one.key},
                "figures": dict(one.figures),
                "notes": [code for code, _ in one.notes],
            }
            for one in pictures
        ],
    }
