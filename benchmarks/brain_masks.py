"""Brain masks of raw whole heads against a given mask, and what is found on thick slices.

    python benchmarks/brain_masks.py

Dice on both dates of ``open_ms_longitudinal/patient01`` from the FLAIR, from the T1w, and from
both (the FLAIR is asked first). The given mask lies in a common space and is carried onto each
scan by the transforms beside it. The glioma has no mask: volume and quality are printed.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.align import align_study
from lesionaid.anatomy.brain import find_brain
from lesionaid.anatomy.skull import brain_in_head
from lesionaid.anatomy.to_template import scan_to_register
from lesionaid.errors import AnalysisError
from lesionaid.geometry import to_ras
from lesionaid.study.gate import load_scan
from lesionaid.study.load import StudyPaths, load_study
from lesionaid.study.options import GateOptions
from lesionaid.study.scan import Contrast

ROOT = Path(__file__).resolve().parents[1]


def given_mask(folder: Path, date: int, contrast: Contrast) -> NDArray[np.bool_]:
    """The given brain mask on a date's scan, RAS+."""
    import SimpleITK

    mask = SimpleITK.Cast(
        SimpleITK.ReadImage(str(folder / "brainmask.nii.gz")) > 0, SimpleITK.sitkFloat32
    )
    image = SimpleITK.ReadImage(str(folder / f"study{date}_{contrast.upper()}.nii.gz"))
    to_common = SimpleITK.CompositeTransform(3)
    flair = SimpleITK.ReadTransform(str(folder / f"study{date}_FLAIR_to_common_space.txt"))
    to_common.AddTransform(flair.GetInverse())
    if contrast is not Contrast.FLAIR:
        name = f"study{date}_{contrast.upper()}_intrastudy_to_FLAIR.txt"
        to_common.AddTransform(SimpleITK.ReadTransform(str(folder / name)).GetInverse())
    moved = SimpleITK.Resample(mask, image, to_common, SimpleITK.sitkLinear)
    lps = SimpleITK.GetArrayFromImage(moved).T > 0.5
    affine = np.eye(4)
    direction = np.asarray(image.GetDirection()).reshape(3, 3)
    affine[:3, :3] = np.diag([-1.0, -1.0, 1.0]) @ direction * np.asarray(image.GetSpacing())
    return np.asarray(to_ras(lps, affine)[0], dtype=np.bool_)


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Overlap of two masks, 0 to 1."""
    return float(2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)))


def both_contrasts(folder: Path, date: int) -> float:
    """Dice on the reference grid of a study with FLAIR and T1w."""
    scans = {c: folder / f"study{date}_{c.upper()}.nii.gz" for c in (Contrast.FLAIR, Contrast.T1W)}
    study = align_study(load_study(StudyPaths(scans=scans)))
    found = find_brain(study, scan_to_register(study.scans))
    return dice(found.mask, given_mask(folder, date, Contrast.FLAIR))


def main() -> None:
    data = Path(os.environ.get("LESIONAID_SHARED", ROOT.parent / "shared")) / "data"
    folder = data / "open_ms_longitudinal" / "patient01"
    for date in (1, 2):
        for contrast in (Contrast.FLAIR, Contrast.T1W):
            path = folder / f"study{date}_{contrast.upper()}.nii.gz"
            head, _ = load_scan(path, contrast, GateOptions())
            start = time.process_time()
            found = brain_in_head(head)
            seconds = time.process_time() - start
            overlap = dice(found.mask, given_mask(folder, date, contrast))
            print(f"patient01 date {date} {contrast}: Dice {overlap:.3f}, {seconds:.1f} CPU s")
        print(f"patient01 date {date} FLAIR and T1w: Dice {both_contrasts(folder, date):.3f}")
    names = {"flair": Contrast.FLAIR, "t1w": Contrast.T1W, "t1w_ce": Contrast.T1W_CE}
    for name, contrast in {**names, "t2w": Contrast.T2W}.items():
        path = data / "glioma_fg6692" / f"{name}.nii.gz"
        head, _ = load_scan(path, contrast, GateOptions())
        try:
            figures = brain_in_head(head).quality
            told = ", ".join(f"{key} {value:.3f}" for key, value in figures.items())
        except AnalysisError as error:
            told = error.sentence
        print(f"glioma {name}: {told}")


if __name__ == "__main__":
    main()
