"""How far the two families of simulated lesions lie apart: ``python benchmarks/families_apart.py``.

Sizes, shapes and borders of lesions of both families, and the two-sample distance of each
(Kolmogorov-Smirnov; Wasserstein over the first family's standard deviation). It says that
they differ, and sets nothing. Needs scikit-image.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

import numpy as np
from scipy.stats import ks_2samp, wasserstein_distance
from skimage.measure import marching_cubes, mesh_surface_area

from lesionaid.simulate.generate import Order, Patient, simulate_patient
from lesionaid.simulate.lesions import SimulatedLesion

DISEASES = ("ms", "pml", "nmosd", "mogad", "tumefactive", "vascular")

MEASURES = ("diameter_mm", "sphericity", "border_mm", "ventricle_mm", "load")

SMALLEST_VOXELS = 20
"""Smaller lesions have no measurable shape."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=6)
    parser.add_argument("--voxel", type=float, default=1.5)
    given = parser.parse_args()
    print("disease\tmeasure\tfirst_n\tsecond_n\tfirst_median\tsecond_median\tks\tks_p\twasserstein")
    for disease in DISEASES:
        first, second = (
            _collected(disease, family, given.patients, given.voxel)
            for family in ("first", "second")
        )
        for measure in MEASURES:
            a, b = np.array(first[measure]), np.array(second[measure])
            ks = ks_2samp(a, b, method="asymp")
            apart = wasserstein_distance(a, b) / max(float(a.std()), 1e-9)
            print(
                f"{disease}\t{measure}\t{len(a)}\t{len(b)}\t{np.median(a):.2f}\t"
                f"{np.median(b):.2f}\t{ks.statistic:.2f}\t{ks.pvalue:.2g}\t{apart:.2f}",
                flush=True,
            )


def _collected(disease: str, family: str, count: int, voxel: float) -> Mapping[str, list[float]]:
    found: dict[str, list[float]] = {measure: [] for measure in MEASURES}
    order = Order((disease,), seed=7, family=family, voxel_mm=voxel)
    for number in range(1, count + 1):
        study = simulate_patient(order, Patient("x", disease, number))
        found["load"].append(float(len(study.lesions)))
        for truth, (lesion, _) in zip(study.truth, study.lesions, strict=True):
            # The disease's own lesions: plaques beside a PML focus are counted under MS.
            if truth.mechanism != disease or truth.n_voxels < SMALLEST_VOXELS:
                continue
            found["diameter_mm"].append(truth.equivalent_diameter_mm)
            if truth.ventricle_mm is not None:
                found["ventricle_mm"].append(truth.ventricle_mm)
            for measure, value in _shape(lesion, study.brain.grid.spacing_mm):
                found[measure].append(value)
    return found


def _shape(
    lesion: SimulatedLesion, spacing: tuple[float, float, float]
) -> Iterator[tuple[str, float]]:
    """Sphericity of the half level, and the width of its border.

    The border is the straight edge whose sum of ``f (1 - f)`` over the area is the lesion's: an
    edge that falls from 1 to 0 in a straight line over w mm has w / 6.
    """
    share = np.pad(lesion.fraction, 1)
    points, faces, _, _ = marching_cubes(share, 0.5, spacing=spacing)
    area = float(mesh_surface_area(points, faces))
    voxel = float(np.prod(spacing))
    volume = float(np.count_nonzero(share >= 0.5)) * voxel
    yield "sphericity", min(1.0, np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / area)
    yield "border_mm", 6 * float((share * (1 - share)).sum()) * voxel / area


if __name__ == "__main__":
    main()
