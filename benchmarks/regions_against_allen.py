"""Dice of our region map against the Allen Human Reference Atlas, region by region.

The atlas (Ding et al. 2016, doi 10.1002/cne.24080, CC BY 4.0) is looked for in
``$LESIONAID_SHARED/atlas_check`` or ``../shared/atlas_check``; it is not part of the project, and
``scripts/build_regions.py`` does not read it. ``allen_groups.tsv`` groups its labels into our
regions. Its gyri are cortex only, so lobes are compared inside cortex and archicortex; ``n/a``
labels (claustrum, fornix, peduncles cut elsewhere) count on neither side.

    python benchmarks/regions_against_allen.py
"""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import LOBES, PARTS, SITES, ZONES
from lesionaid.anatomy.regions import load_regions
from lesionaid.geometry import Grid, resample, to_ras

ROOT = Path(__file__).resolve().parents[1]

HIND = frozenset({"middle_cerebellar_peduncle", "aqueduct", "optic_pathway"})
"""Parts that are compared where the sites leave the atlas's labels out."""

ATLAS_CENTROIDS = {"dorsal_medulla": (0, -46, -59), "periaqueductal": (0, -30, -9)}
"""From Allen labels, given with the task of this check."""


def load_allen() -> tuple[NDArray[np.uint8], Grid, dict[str, dict[str, str]], list[str]]:
    shared = Path(os.environ.get("LESIONAID_SHARED", ROOT.parent / "shared"))
    folder = shared / "atlas_check"
    if not folder.is_dir():
        sys.exit(f"the atlas is not in {folder.name} (set LESIONAID_SHARED)")
    image = nib.load(folder / "allen_on_nilearn_1mm.nii.gz")
    data, affine = to_ras(np.asarray(image.dataobj), image.affine)
    names = json.loads((folder / "AllenAtlas.json").read_text())["labels"]
    with (ROOT / "benchmarks" / "allen_groups.tsv").open() as stream:
        groups = {row["label"]: row for row in csv.DictReader(stream, delimiter="\t")}
    return data, Grid(data.shape, affine), groups, names


def report(name: str, ours: NDArray[np.bool_], theirs: NDArray[np.bool_], grid: Grid) -> None:
    both = np.count_nonzero(ours & theirs)
    total = np.count_nonzero(ours) + np.count_nonzero(theirs)
    dice = 2 * both / total if total else float("nan")
    shift = np.linalg.norm(
        grid.to_mm(np.argwhere(ours).mean(axis=0)) - grid.to_mm(np.argwhere(theirs).mean(axis=0))
    )
    millilitres = (np.count_nonzero(ours) / 1000, np.count_nonzero(theirs) / 1000)
    print(f"{name:24s} {dice:6.3f} {millilitres[0]:8.1f} {millilitres[1]:8.1f} {shift:6.1f}")


def main() -> None:
    allen, grid, groups, names = load_allen()

    def theirs(column: str, value: str) -> NDArray[np.bool_]:
        codes = [names.index(label) for label, row in groups.items() if row[column] == value]
        return np.isin(allen, codes)

    regions = load_regions()
    sites = resample(regions.sites, regions.grid, grid, order=0)
    lobes = resample(regions.lobes, regions.grid, grid, order=0)
    counted = ~theirs("site", "n/a") & (allen > 0)
    print(f"region map {regions.version} against the Allen atlas (inside its labels)\n")
    print(f"{'region':24s} {'Dice':>6s} {'ours ml':>8s} {'Allen ml':>8s} {'shift':>6s}")
    for code, name in SITES.items():
        if theirs("site", name).any():
            report(name, (sites == code) & counted, theirs("site", name), grid)
    print()
    cortical = np.isin(sites, [code for code, n in SITES.items() if n == "cortex"])
    hippocampal = theirs("lobe", "temporal") & theirs("site", "deep_gray_matter")
    right = np.arange(grid.shape[0])[:, None, None] > grid.to_voxel(np.zeros(3))[0]
    for code, name in LOBES.items():
        lobe, side = name.rsplit("_", 1)
        half = right if side == "right" else ~right
        ours = (lobes == code) & (cortical | hippocampal) & counted
        report(name, ours, theirs("lobe", lobe) & half, grid)
    print("\nlobe of the voxels that both call cortex (agreement)")
    for lobe in ("frontal", "parietal", "temporal", "occipital", "insula"):
        where = theirs("lobe", lobe) & cortical & (lobes > 0)
        own = np.isin(lobes, [code for code, n in LOBES.items() if n.startswith(lobe)])
        print(f"{lobe:24s} {np.count_nonzero(where & own) / np.count_nonzero(where):6.3f}")
    print("\nparts (the atlas ends the frontal horn at y = -12, not at the foramen of Monro)")
    parts = resample(regions.parts, regions.grid, grid, order=0)
    for code, name in PARTS.items():
        if theirs("part", name).any():
            within = allen > 0 if name in HIND else counted
            report(name, (parts == code) & within, theirs("part", name), grid)
    print("\ncentroids of zones, mm")
    zones = resample(regions.zones, regions.grid, grid, order=0)
    for code, name in ZONES.items():
        x, y, z = grid.to_mm(np.argwhere(zones == code).mean(axis=0))
        told = ""
        if name in ATLAS_CENTROIDS:
            away = np.linalg.norm(np.array([x, y, z]) - ATLAS_CENTROIDS[name])
            told = f"  {away:.1f} mm from the atlas-derived {ATLAS_CENTROIDS[name]}"
        print(f"{name:24s} ({x:.0f}, {y:.0f}, {z:.0f}){told}")


if __name__ == "__main__":
    main()
