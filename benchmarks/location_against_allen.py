"""Whether a lesion comes back with the site where another atlas painted it.

Balls are painted by the labels of the Allen Human Reference Atlas (found as in
``regions_against_allen.py``): on the template under random smooth deformation, and on the real
brains of ``../shared/data``, onto which the atlas is carried by another registration than ours
(SimpleITK: affine by mutual information, then symmetric demons). Each study then goes the whole
way, and each ball must be named by its site. On real brains the truth itself is good to the error
of that other registration, some 2 mm.

    python benchmarks/location_against_allen.py [--seeds 3] [--no-real]
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from regions_against_allen import ROOT, load_allen
from scipy import ndimage as ndi

from lesionaid.anatomy.build import build_anatomy
from lesionaid.anatomy.refine import refine_anatomy
from lesionaid.anatomy.template import load_template
from lesionaid.features.catalogue import measure
from lesionaid.geometry import Grid, resample
from lesionaid.lesions.components import lesion_map
from lesionaid.quantity import Category, Quantity
from lesionaid.study.load import find_study, load_study
from lesionaid.study.scan import Contrast, LesionMask, Scan, Source, Study

LARGE = ("frontal", "parietal", "temporal", "occipital", "cerebellum", "brainstem",
         "deep_gray_matter", "corpus_callosum")  # fmt: skip
WHITE = ("periventricular", "juxtacortical", "deep_white_matter")
BALLS = 8
"""Of each kind in each brain."""
DIAMETERS = dict.fromkeys(LARGE, (8.0, 14.0)) | dict.fromkeys(WHITE, (5.0, 7.0))
PERIVENTRICULAR_MM, JUXTACORTICAL_MM = 1.5, 1.0
"""Contact, as in ``touches_periventricular`` and ``touches_juxtacortical`` of ``rules/signs``."""
DEFORMATION_MM, KNOT_MM = 3.0, 35.0


class Atlas:
    """The atlas on one grid: its groups as masks."""

    def __init__(self, labels: NDArray[np.uint8], groups: Mapping, names: list[str]) -> None:
        self.labels, self.groups, self.names = labels, groups, names

    def of(self, column: str, value: str) -> NDArray[np.bool_]:
        """Voxels of a group."""
        codes = [self.names.index(k) for k, row in self.groups.items() if row[column] == value]
        return np.isin(self.labels, codes)


def paint(atlas: Atlas, grid: Grid, rng: np.random.Generator) -> tuple[NDArray[np.int32], dict]:
    """Disjoint balls, each at least nine tenths inside what names it, and their truth."""
    labels = np.zeros(grid.shape, dtype=np.int32)
    truth: dict[int, tuple[str, float]] = {}
    ventricle = _away(atlas.of("site", "lateral_ventricle"), grid)
    cortex = _away(atlas.of("site", "cortex"), grid)
    white = atlas.of("site", "white_matter")
    lobes = {lobe: atlas.of("lobe", lobe) for lobe in (*LARGE[:4], "insula")}
    where = {
        "periventricular": white & (ventricle <= 4) & (cortex > 6),
        "juxtacortical": white & (cortex <= 4) & (ventricle > 8),
        "deep_white_matter": white & (cortex > 7) & (ventricle > 8),
        **{lobe: lobes[lobe] & atlas.of("site", "cortex") for lobe in LARGE[:4]},
        **{site: atlas.of("site", site) for site in LARGE[4:]},
    }
    for kind, allowed in where.items():
        places = rng.permutation(np.argwhere(allowed))[:600]
        for centre in places:
            if sum(name == kind for name, _ in truth.values()) == BALLS:
                break
            diameter = rng.uniform(*DIAMETERS[kind])
            box, ball = _ball(grid, centre, diameter)
            _, halo = _ball(grid, centre, diameter, margin=3.0)
            if (labels[box][halo] > 0).any() or (atlas.labels[box][ball] == 0).any():
                continue
            near, far = ventricle[box][ball].min(), cortex[box][ball].min()
            if kind in WHITE:
                fits = (
                    white[box][ball].mean() >= 0.9
                    and {
                        "periventricular": near <= 1.0 and far > 3,
                        "juxtacortical": far <= 1.0 and near > 6,
                        "deep_white_matter": near > 5 and far > 4,
                    }[kind]
                )
            elif kind in lobes:
                lobar = sum(int(lobe[box][ball].sum()) for lobe in lobes.values())
                fits = lobes[kind][box][ball].sum() >= 0.95 * max(lobar, 1)
            else:
                fits = allowed[box][ball].mean() >= 0.9
            if fits:
                number = len(truth) + 1
                labels[box][ball] = number
                truth[number] = (kind, float(near))
    return labels, truth


def named(kind: str, row: Mapping) -> bool:
    """Whether the measurements of a lesion say its kind."""

    def share(name: str) -> float:
        value = row[name]
        return value.value if isinstance(value, Quantity) else 0.0

    if kind in LARGE[:4]:
        lobes = {lobe: share(f"fraction_lobe_{lobe}_left") + share(f"fraction_lobe_{lobe}_right")
                 for lobe in (*LARGE[:4], "insula")}  # fmt: skip
        return max(lobes, key=lobes.__getitem__) == kind
    sites = {site: share(f"fraction_{site}") for site in
             (*LARGE[4:], "white_matter", "cortex", "lateral_ventricle", "csf")}  # fmt: skip
    return max(sites, key=sites.__getitem__) == kind


def by_signs(row: Mapping) -> str:
    """The three-way answer of the signs that rules read: what the lesion touches."""
    ventricle, cortex = (row[f"distance_{name}_mm"] for name in ("lateral_ventricle", "cortex"))
    touching = {
        "periventricular": ventricle.value - PERIVENTRICULAR_MM,
        "juxtacortical": cortex.value - JUXTACORTICAL_MM,
    }
    nearest = min(touching, key=touching.__getitem__)
    return nearest if touching[nearest] <= 0 else "deep_white_matter"


def run(study: Study, labels: NDArray[np.int32], truth: Mapping, tally: Mapping) -> None:
    source = Source("painted", "", "RAS", study.reference)
    study = replace(study, lesions=LesionMask(labels, study.reference, source, "instances"))
    anatomy = refine_anatomy(build_anatomy(study), study)
    lesions = lesion_map(study.lesions)
    table = measure(study, anatomy, lesions)
    for number, (kind, distance) in truth.items():
        row = table.lesions[int(lesions.labels[labels == number][0])]
        if kind in WHITE:
            location = row["location"]
            display = isinstance(location, Category) and location.value == kind
            tally["right"][kind].append(by_signs(row) == kind)
            tally["display"][kind].append(display)
        else:
            tally["right"][kind].append(named(kind, row))
        found = row["distance_lateral_ventricle_mm"]
        if kind in WHITE and isinstance(found, Quantity):
            tally["error"][kind].append(found.value - (distance - 0.5))


def simulated(atlas: Atlas, grid: Grid, seed: int) -> tuple[Study, Atlas]:
    """The template, deformed, with noise and a bias field; the atlas deformed with it."""
    rng = np.random.default_rng(seed)
    template = load_template()
    knots = [int(np.ceil(size / KNOT_MM)) + 3 for size in grid.shape]
    fields = [
        ndi.zoom(rng.normal(0, DEFORMATION_MM, knots), np.divide(grid.shape, knots), order=3)
        for _ in range(3)
    ]
    at = [index + field for index, field in zip(np.indices(grid.shape), fields, strict=True)]
    moved = Atlas(ndi.map_coordinates(atlas.labels, at, order=0), atlas.groups, atlas.names)
    bias = np.exp(0.2 * ndi.zoom(rng.normal(0, 0.5, (4, 4, 4)), np.divide(grid.shape, 4), order=3))
    scans = {}
    for contrast, image in ((Contrast.T1W, template.t1w), (Contrast.FLAIR, template.flair)):
        there = resample(image, template.grid, grid, order=1)
        warped = ndi.map_coordinates(there, at, order=1)
        noisy = warped * bias + rng.normal(0, 0.02 * warped.max(), grid.shape)
        data = np.where(warped > 1, np.maximum(noisy, 1), 0).astype(np.float32)
        scans[contrast] = Scan(data, grid, contrast, Source(contrast.value, "", "RAS", grid))
    return Study(scans, grid, aligned=True), moved


def carried(atlas: Atlas, grid: Grid, study: Study) -> Atlas:
    """The atlas on a real brain, by SimpleITK."""
    import SimpleITK as sitk  # noqa: N813

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    template = load_template()
    fixed = _sitk(study.scans[Contrast.T1W].data, study.reference)
    moving = _sitk(template.t1w, template.grid)
    start = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.AffineTransform(3), sitk.CenteredTransformInitializerFilter.MOMENTS
    )
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(50)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.05)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsGradientDescent(1.0, 200, 1e-6, 10)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2])
    method.SetSmoothingSigmasPerLevel([2, 1])
    method.SetInitialTransform(start)
    affine = method.Execute(fixed, moving)
    rough = sitk.Resample(moving, fixed, affine, sitk.sitkLinear)
    rough = sitk.HistogramMatching(rough, fixed, 256, 15, True)
    coarse = [sitk.Shrink(image, [2, 2, 2]) for image in (fixed, rough)]
    demons = sitk.FastSymmetricForcesDemonsRegistrationFilter()
    demons.SetNumberOfIterations(120)
    demons.SetStandardDeviations(1.5)
    demons.SetSmoothDisplacementField(True)
    field = sitk.DisplacementFieldTransform(demons.Execute(*coarse))
    both = sitk.CompositeTransform([affine, field])
    labels = sitk.Resample(
        _sitk(atlas.labels.astype(np.float32), grid), fixed, both, sitk.sitkNearestNeighbor
    )
    here = np.rint(sitk.GetArrayFromImage(labels).transpose(2, 1, 0)).astype(np.uint8)
    return Atlas(here, atlas.groups, atlas.names)


def _sitk(data: NDArray[np.float32], grid: Grid):
    import SimpleITK as sitk  # noqa: N813

    image = sitk.GetImageFromArray(np.ascontiguousarray(data.transpose(2, 1, 0)))
    flip = np.diag([-1.0, -1.0, 1.0])  # RAS+ to LPS+
    spacing = np.asarray(grid.spacing_mm)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin((flip @ grid.affine[:3, 3]).tolist())
    image.SetDirection((flip @ grid.affine[:3, :3] / spacing).ravel().tolist())
    return image


def _away(mask: NDArray[np.bool_], grid: Grid) -> NDArray[np.float64]:
    return ndi.distance_transform_edt(~mask, sampling=grid.spacing_mm)


def _ball(
    grid: Grid, centre: NDArray, diameter: float, margin: float = 0.0
) -> tuple[tuple[slice, ...], NDArray[np.bool_]]:
    """A box that holds a ball with 3 mm about it, and the ball (with a margin) in it."""
    spans = [
        slice(max(0, c - r), min(n, c + r + 1))
        for c, n, r in zip(
            centre,
            grid.shape,
            np.ceil((diameter / 2 + 3) / np.array(grid.spacing_mm)).astype(int),
            strict=True,
        )
    ]
    index = np.ogrid[tuple(spans)]
    steps = zip(index, centre, grid.spacing_mm, strict=True)
    away = sum(((i - c) * step) ** 2 for i, c, step in steps)
    return tuple(spans), away <= (diameter / 2 + margin) ** 2


def show(title: str, tally: Mapping) -> None:
    print(f"\n{title}\n{'site':20s} {'right':>9s} {'share':>6s}   95 % interval (Wilson)")
    for kind in (*LARGE, *WHITE):
        hits = tally["right"][kind]
        if hits:
            low, high = wilson(sum(hits), len(hits))
            told = f"{sum(hits):4d}/{len(hits):<4d} {np.mean(hits):6.2f}"
            print(f"{kind:20s} {told}   {low:.2f} to {high:.2f}")
    for group, kinds in (("large regions", LARGE), ("white matter, three-way", WHITE)):
        hits = [hit for kind in kinds for hit in tally["right"][kind]]
        low, high = wilson(sum(hits), len(hits))
        print(
            f"{group:24s} {sum(hits)}/{len(hits)} = {np.mean(hits):.2f} ({low:.2f} to {high:.2f})"
        )
    hits = [hit for kind in WHITE for hit in tally["display"][kind]]
    print(f"the same by `location`, the zone with most voxels: {sum(hits)}/{len(hits)}")
    errors = np.abs([e for kind in WHITE for e in tally["error"][kind]])
    print(
        f"distance to the ventricle: median error {np.median(errors):.1f} mm, "
        f"90th percentile {np.quantile(errors, 0.9):.1f} mm"
    )


def wilson(k: int, n: int, z: float = 1.96) -> tuple[float, float]:
    centre, half = (k / n + z * z / (2 * n)), z * np.sqrt(k * (n - k) / n**3 + z * z / (4 * n * n))
    return (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)


def empty() -> dict:
    return {"right": defaultdict(list), "display": defaultdict(list), "error": defaultdict(list)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--no-real", action="store_true")
    options = parser.parse_args()
    labels, grid, groups, names = load_allen()
    atlas = Atlas(labels, groups, names)
    tally = empty()
    for seed in range(options.seeds):
        study, moved = simulated(atlas, grid, seed)
        painted, truth = paint(moved, grid, np.random.default_rng([seed, 1]))
        run(study, painted, truth, tally)
    show(f"template under {options.seeds} random deformations (self-consistency: simulated)", tally)
    shared = os.environ.get("LESIONAID_SHARED", str(ROOT.parent / "shared"))
    if options.no_real:
        return
    tally = empty()
    from lesionaid.anatomy.align import align_study

    for number, paths in enumerate(real_studies(shared)):
        study = align_study(load_study(paths))
        there = carried(atlas, grid, study)
        painted, truth = paint(there, study.reference, np.random.default_rng([number, 2]))
        run(study, painted, truth, tally)
    show("real brains (the atlas carried there by SimpleITK)", tally)


def real_studies(shared: str) -> list:
    from pathlib import Path

    from lesionaid.study.load import StudyPaths

    data = Path(shared) / "data"
    heavy = find_study(data / "open_ms" / "patient19")
    first = data / "mslesseg" / "P14"
    scans = {
        Contrast.FLAIR: first / "P14_T1_FLAIR.nii.gz",
        Contrast.T1W: first / "P14_T1_T1.nii.gz",
    }
    return [replace(heavy, lesions=None), StudyPaths(scans)]


if __name__ == "__main__":
    main()
