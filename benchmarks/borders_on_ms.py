"""Border widths and the signs of mass, halo and atrophy on the open MS scans and the glioma.

    LESIONAID_SHARED=... python benchmarks/borders_on_ms.py

MS lesions with a reader's mask: patient19 (Lesjak et al. 2017) and both dates of P14 of MSLesSeg
(Guarnera et al. 2025). Printed for each scan: the width of the sharpest natural edge; for each side
the share of the border and the quantiles of the width; for each sign how many lesions have it, have
it not, are unknown. No reader has marked borders, halo or mass on these scans, so the counts are of
how quiet the measures are on MS, not of how right. The glioma has no mask: its candidates are
searched, and only the midline and the halo are of interest.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np

from lesionaid.context import ClinicalContext
from lesionaid.features.border_patches import border_patches
from lesionaid.features.border_reference import sharpest_edge_mm
from lesionaid.features.surroundings import surroundings
from lesionaid.features.voxels import lesion_voxels
from lesionaid.pipeline import assess
from lesionaid.quantity import Quantity
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.derive import derive
from lesionaid.study.load import StudyPaths, find_study
from lesionaid.study.scan import Contrast

SIGNS = (
    "sharp_border",
    "ill_defined_border",
    "border_white_matter_ill_defined",
    "border_grey_matter_ill_defined",
    "border_grey_matter_sharp",
    "irregular_border",
    "oedema",
    "mass_effect",
    "atrophy",
    "tumefactive",
    "large_hemispheric_lesion",
    "cerebellar_crescent",
)
NUMBERS = (
    "border_width_white_matter_mm",
    "border_wide_fraction_white_matter",
    "border_width_grey_matter_mm",
    "border_wide_fraction_grey_matter",
    "border_width_ventricle_mm",
    "halo_fraction",
    "csf_beside_excess",
)


def show(name: str, paths: StudyPaths) -> None:
    found = assess(paths)
    anatomy, lesions, table = found.anatomy, found.lesions, found.measurements
    if anatomy is None or lesions is None or table is None:
        raise SystemExit(f"{name}: no anatomy or no lesions")
    signs = derive(table, load_catalogue(), ClinicalContext())
    print(f"\n{name}: {len(signs.lesions)} lesions")
    around = surroundings(lesion_voxels(lesions, anatomy.grid))
    scan = found.study.scans[Contrast.FLAIR]
    wall = sharpest_edge_mm(scan, anatomy, around)
    patches = border_patches(scan, anatomy, around).row.size
    width = "not readable" if wall is None else f"{wall:.2f} mm"
    print(f"  wall of the ventricle {width}; {patches} patches of border")
    print(f"  midline shift {table.study['midline_shift_mm']}")
    for number in NUMBERS:
        values = [row[number] for row in table.lesions.values()]
        known = [value.value for value in values if isinstance(value, Quantity)]
        told = ", ".join(f"{x:.2f}" for x in np.quantile(known, (0.1, 0.5, 0.9))) if known else "-"
        print(f"  {number:36s} {len(known):3d} known; p10, median, p90: {told}")
    for sign in SIGNS:
        counts = Counter(row[sign].truth.name for row in signs.lesions.values())
        print(f"  {sign:36s} {dict(sorted(counts.items()))}")


def main() -> None:
    root = os.environ.get("LESIONAID_SHARED", str(Path(__file__).resolve().parents[2] / "shared"))
    data = Path(root) / "data"
    show("patient19", find_study(data / "open_ms" / "patient19"))
    for date in ("T1", "T2"):
        stem = data / "mslesseg" / "P14"
        scans = {
            Contrast.FLAIR: stem / f"P14_{date}_FLAIR.nii.gz",
            Contrast.T1W: stem / f"P14_{date}_T1.nii.gz",
        }
        show(f"P14, date {date}", StudyPaths(scans, lesions=stem / f"P14_{date}_MASK.nii.gz"))
    show("glioma, searched", find_study(data / "glioma_fg6692"))


if __name__ == "__main__":
    main()
