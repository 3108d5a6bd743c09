"""Volume, surface, sphericity and axes against SimpleITK and PyRadiomics on the same masks.

    python benchmarks/peers_agreement.py [--radiomics PYTHON] [--lesions 15]

Phantoms (balls, ellipsoids, a slab, both in 1 mm and in 1 x 1 x 3 mm voxels) and, where the shared
scans are there (``$LESIONAID_SHARED`` or ``../shared``), the largest lesions of real MS masks.
For every measure: the median of ours over theirs, its 5th and 95th percentile, and the number of
lesions. ``--radiomics`` names an interpreter that has PyRadiomics; without one that column says
so. Where a definition differs (docs/definitions_against_peers.md) the same number is also computed
by the peer's definition from our own voxels, which must agree to the last digits.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from lesionaid.features.shape import MIN_SHAPE_VOXELS, shape_measurements
from lesionaid.geometry import Grid
from lesionaid.lesions.components import lesion_map
from lesionaid.quantity import Quantity
from lesionaid.study.mask import load_mask
from lesionaid.study.scan import LesionMask, Source

ROOT = Path(__file__).resolve().parents[1]
Case = tuple[str, NDArray[np.uint8], Grid]
Row = Mapping[str, float]
MEASURES = (
    *("volume_mm3", "surface_mm2", "sphericity", "diameter_max_mm"),
    *("axis_major_mm", "axis_middle_mm", "axis_minor_mm"),
)

RADIOMICS = """
import json, sys, numpy as np, SimpleITK as sitk
from radiomics import setVerbosity
from radiomics.shape import RadiomicsShape
setVerbosity(60)
rows = []
cases = np.load(sys.argv[1])
for n in range(len(cases.files) // 2):
    mask = sitk.GetImageFromArray(cases[f"mask_{n}"].transpose(2, 1, 0))
    mask.SetSpacing([float(edge) for edge in cases[f"spacing_{n}"]])
    shape = RadiomicsShape(sitk.Cast(mask, sitk.sitkFloat32), mask, label=1)
    try:
        rows.append({
            "volume_mm3": shape.getVoxelVolumeFeatureValue(),
            "mesh_volume_mm3": shape.getMeshVolumeFeatureValue(),
            "surface_mm2": shape.getSurfaceAreaFeatureValue(),
            "sphericity": shape.getSphericityFeatureValue(),
            "diameter_max_mm": shape.getMaximum3DDiameterFeatureValue(),
            "axis_major_mm": shape.getMajorAxisLengthFeatureValue(),
            "axis_middle_mm": shape.getMinorAxisLengthFeatureValue(),
            "axis_minor_mm": shape.getLeastAxisLengthFeatureValue(),
        })
    except Exception:
        rows.append({})
print(json.dumps([{k: float(v) for k, v in row.items()} for row in rows]))
"""


def phantoms() -> Iterator[Case]:
    """Shapes with closed-form answers, in thin and thick slices."""
    for spacing in ((1.0, 1.0, 1.0), (1.0, 1.0, 3.0)):
        for radii in ((3, 3, 3), (5, 5, 5), (10, 10, 10), (12, 6, 4), (4, 12, 9)):
            grid = Grid((40, 40, int(40 / spacing[2])), np.diag([*spacing, 1.0]))
            at = grid.to_mm(np.indices(grid.shape).reshape(3, -1).T)
            middle = grid.to_mm((np.array(grid.shape) - 1) / 2)
            inside = (np.linalg.norm((at - middle) / radii, axis=1) <= 1).reshape(grid.shape)
            yield "phantoms", inside.astype(np.uint8), grid
        slab = np.zeros(grid.shape, dtype=np.uint8)
        slab[8:28, 10:22, 4:8] = 1
        yield "phantoms", slab, grid


def real_lesions(shared: Path, count: int) -> Iterator[Case]:
    """The largest lesions of real masks, one crop each."""
    for path in sorted(shared.rglob("*.nii.gz")):
        if "lesion" not in path.name and "mask" not in path.name.lower():
            continue
        try:
            mask, _ = load_mask(path, None)
        except Exception as error:  # a file that is no mask is not ours to judge here
            print(f"left out {path.name}: {type(error).__name__}", file=sys.stderr)
            continue
        lesions = lesion_map(mask)
        for lesion in lesions.lesions[:count]:
            box = tuple(slice(max(0, side.start - 1), side.stop + 1) for side in lesion.box)
            crop = (lesions.labels[box] == lesion.id).astype(np.uint8)
            affine = np.diag([*mask.grid.spacing_mm, 1.0])
            i, j, k = crop.shape
            if lesion.n_voxels < MIN_SHAPE_VOXELS:
                continue  # no shape worth a number, by our definition
            yield "real masks", np.pad(crop, 1), Grid((i + 2, j + 2, k + 2), affine)


def ours(case: Case) -> Row:
    _, data, grid = case
    source = Source("mask", "", "RAS", grid)
    mask = LesionMask(data.astype(np.int32), grid, source, kind="instances")
    row = shape_measurements(lesion_map(mask), space="native", native_scale=None)[1]
    return {name: value.value for name in MEASURES if isinstance(value := row[name], Quantity)}


def by_simpleitk(case: Case) -> Row:
    _, data, grid = case
    image = sitk.GetImageFromArray(np.ascontiguousarray(data.transpose(2, 1, 0)))
    image.SetSpacing(grid.spacing_mm)
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.ComputeFeretDiameterOn()
    statistics.Execute(image)
    moments = sorted(statistics.GetPrincipalMoments(1))
    names = ("axis_minor_mm", "axis_middle_mm", "axis_major_mm")
    axes = {
        name: 4 * float(np.sqrt(max(moment, 0.0)))
        for name, moment in zip(names, moments, strict=True)
    }
    return {
        "volume_mm3": statistics.GetPhysicalSize(1),
        "surface_mm2": statistics.GetPerimeter(1),
        "sphericity": statistics.GetRoundness(1),
        "diameter_max_mm": statistics.GetFeretDiameter(1),
        **axes,
    }


def by_their_definition(case: Case) -> Row:
    """Axes of voxel centres and their largest distance, from our own voxels."""
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    _, data, grid = case
    points = np.argwhere(data) * np.array(grid.spacing_mm)
    moments = np.linalg.eigvalsh(np.cov(points.T, bias=True))
    minor, middle, major = 4 * np.sqrt(np.clip(moments, 0, None))
    hull = points[ConvexHull(points, qhull_options="QJ").vertices]
    return {
        "volume_mm3": len(points) * grid.voxel_volume_mm3,
        "diameter_max_mm": float(pdist(hull).max()),
        "axis_major_mm": float(major),
        "axis_middle_mm": float(middle),
        "axis_minor_mm": float(minor),
    }


def by_radiomics(python: str, cases: list[Case]) -> list[Row] | None:
    """Of every case, or None where PyRadiomics is not installed."""
    arrays = {}
    for n, (_, data, grid) in enumerate(cases):
        arrays[f"mask_{n}"], arrays[f"spacing_{n}"] = data, np.array(grid.spacing_mm)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cases.npz"
        np.savez(path, **arrays)
        done = subprocess.run(
            [python, "-c", RADIOMICS, str(path)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        return None
    rows: list[Row] = json.loads(done.stdout.splitlines()[-1])
    return rows


def compare(title: str, mine: list[Row], theirs: list[Row]) -> None:
    """Print ours over theirs, measure by measure."""
    print(f"\n{title}")
    print(f"  {'measure':<18}{'median':>8}{'5 %':>8}{'95 %':>8}{'n':>6}")
    for name in MEASURES:
        ratios = [
            a[name] / b[name]
            for a, b in zip(mine, theirs, strict=True)
            if name in a and b.get(name, 0) > 0
        ]
        if ratios:
            low, middle, high = np.percentile(ratios, [5, 50, 95])
            print(f"  {name:<18}{middle:8.3f}{low:8.3f}{high:8.3f}{len(ratios):6d}")


def main() -> None:
    shared = Path(os.environ.get("LESIONAID_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--radiomics", default=sys.executable, help="Python with PyRadiomics.")
    parser.add_argument("--lesions", type=int, default=15, help="Largest lesions of each mask.")
    arguments = parser.parse_args()

    cases = [*phantoms(), *real_lesions(shared / "data", arguments.lesions)]
    mine, itk = [ours(case) for case in cases], [by_simpleitk(case) for case in cases]
    defined = [by_their_definition(case) for case in cases]
    radiomics = by_radiomics(arguments.radiomics, cases)
    for kind in ("phantoms", "real masks"):
        chosen = [n for n, case in enumerate(cases) if case[0] == kind]
        compare(f"{kind}: ours / SimpleITK", *([rows[n] for n in chosen] for rows in (mine, itk)))
        compare(
            f"{kind}: their definition on our voxels / SimpleITK",
            *([rows[n] for n in chosen] for rows in (defined, itk)),
        )
        if radiomics is None:
            print("\nPyRadiomics is not installed: not compared")
            continue
        compare(
            f"{kind}: ours / PyRadiomics",
            *([rows[n] for n in chosen] for rows in (mine, radiomics)),
        )
        compare(
            f"{kind}: their definition on our voxels / PyRadiomics",
            *([rows[n] for n in chosen] for rows in (defined, radiomics)),
        )


if __name__ == "__main__":
    main()
