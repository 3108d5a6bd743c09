"""Time and memory of the measurements against the load time of the files, in one run.

    python benchmarks/features_speed.py [--lesions 500] [--profile]

A synthetic case: MNI152 anatomy on 256^3 voxels of 1 mm, FLAIR, T2w and T1w before and after
gadolinium as 16-bit gzipped NIfTI, and a mask of ellipsoids scattered over the white matter.
Printed: seconds that nibabel takes to read the files (the peer) and that lesionaid's gate takes;
seconds of ``measure`` and their ratio (aim: at most 3); its peak of extra memory in bytes a voxel
(aim: at most 8); its seconds at 100, 250 and 500 lesions (aim: a flat cost a lesion); and, where
PyRadiomics is installed, its seconds on lesions cropped beforehand (aim: at least 30 times ours).
``--radiomics PYTHON`` names an interpreter that has PyRadiomics, ``--profile`` prints where the
time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.anatomy.prepare import prepare
from lesionaid.features.catalogue import measure
from lesionaid.geometry import Grid
from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.study.load import StudyPaths, load_study
from lesionaid.study.scan import Contrast, Study

SHAPE = (256, 256, 256)
AFFINE = np.array([[1, 0, 0, -127.0], [0, 1, 0, -145], [0, 0, 1, -110], [0, 0, 0, 1]], dtype=float)
LEVELS = {
    "FLAIR": (0.0, 90, 300, 250, 480),
    "T2w": (0.0, 700, 330, 250, 520),
    "T1w": (0.0, 80, 260, 380, 250),
    "T1w_ce": (0.0, 80, 260, 380, 260),
}
"""Background, fluid, grey matter, white matter, lesion."""

RADIOMICS = """
import sys, time, numpy as np, SimpleITK as sitk, logging
from radiomics import featureextractor, setVerbosity
setVerbosity(60)
kinds = ["shape", "firstorder"]
extractor = featureextractor.RadiomicsFeatureExtractor(binWidth=25)
extractor.disableAllFeatures()
for kind in kinds:
    extractor.enableFeatureClassByName(kind)
cases = np.load(sys.argv[1])
pairs = []
for n in range(len(cases.files) // 5):
    images = []
    for m in range(5):
        image = sitk.GetImageFromArray(cases[f"{n}_{m}"])
        images.append(image)
    pairs.append(images)
start = time.process_time()
for *scans, mask in pairs:
    for scan in scans:
        extractor.execute(scan, mask)
print(time.process_time() - start)
"""


def tissue_classes(anatomy: AnatomyMap) -> NDArray[np.uint8]:
    """0 outside, 1 fluid, 2 grey matter, 3 white matter and what is like it."""
    classes = np.array([0, 1, 1, 1, 2, 3, 3, 2, 3, 2, 1], dtype=np.uint8)
    return classes[anatomy.sites]


def scatter(white: NDArray[np.bool_], count: int, seed: int = 0) -> NDArray[np.bool_]:
    """A mask of about `count` ellipsoids of 1.5 to 5 mm half-axes that do not touch."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(white.shape, dtype=bool)
    taken = np.zeros(white.shape, dtype=bool)
    places = np.argwhere(white)
    placed = 0
    while placed < count:
        centre = places[rng.integers(len(places))]
        axes = rng.uniform(1.5, 5.0, 3) if rng.random() < 0.3 else rng.uniform(1.2, 2.5, 3)
        reach = np.ceil(axes).astype(int) + 1
        box = tuple(slice(c - r, c + r + 1) for c, r in zip(centre, reach, strict=True))
        if taken[box].any() or not white[tuple(centre)]:
            continue
        offset = np.indices(2 * reach + 1).reshape(3, -1).T - reach
        inside = (np.linalg.norm(offset / axes, axis=1) <= 1).reshape(2 * reach + 1)
        mask[box] |= inside
        taken[box] = True
        placed += 1
    return mask


def write_case(folder: Path, classes: NDArray[np.uint8], mask: NDArray[np.bool_]) -> StudyPaths:
    """Scans with Rician-like noise and the mask, as files."""
    rng = np.random.default_rng(1)
    paths = {}
    tissue = np.where(mask, 4, classes)
    for contrast, levels in LEVELS.items():
        noise = rng.normal(0, 12, SHAPE).astype(np.float32)
        data = np.abs(np.asarray(levels, dtype=np.float32)[tissue] + noise)
        paths[Contrast(contrast)] = save(folder / f"{contrast}.nii.gz", data.astype(np.int16))
    return StudyPaths(scans=paths, lesions=save(folder / "lesions.nii.gz", mask.astype(np.uint8)))


def save(path: Path, data: NDArray[np.generic]) -> Path:
    image = nib.Nifti1Image(data, AFFINE)
    image.set_qform(AFFINE, 1)
    image.set_sform(AFFINE, 1)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    return path


def read_with_nibabel(paths: StudyPaths) -> float:
    """Seconds to read all files as numbers."""
    start = time.process_time()
    for path in (*paths.scans.values(), paths.lesions):
        if path is not None:
            np.asanyarray(nib.load(path).dataobj)
    return time.process_time() - start


def seconds_of(study: Study, anatomy: AnatomyMap, lesions: LesionMap) -> float:
    start = time.process_time()
    measure(study, anatomy, lesions)
    return time.process_time() - start


def extra_bytes(study: Study, anatomy: AnatomyMap, lesions: LesionMap) -> float:
    """Peak of the memory that ``measure`` takes beyond its input, in bytes a voxel."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    measure(study, anatomy, lesions)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (peak - before) / float(np.prod(SHAPE))


def first_lesions(lesions: LesionMap, study: Study, count: int) -> LesionMap:
    """The case with `count` lesions, spread over all sizes."""
    assert study.lesions is not None
    every = max(1, len(lesions.lesions) // count)
    kept = [lesion.id for lesion in lesions.lesions[::every]][:count]
    from dataclasses import replace

    data = np.where(np.isin(lesions.labels, kept), 1, 0).astype(np.int32)
    return lesion_map(replace(study.lesions, data=data))


def radiomics_seconds(python: str, study: Study, lesions: LesionMap, sample: int) -> float | None:
    """Seconds of PyRadiomics for all lesions, from a sample cropped beforehand; None without it."""
    chosen = lesions.lesions[:: max(1, len(lesions.lesions) // sample)][:sample]
    arrays = {}
    for n, lesion in enumerate(chosen):
        box = tuple(slice(max(0, side.start - 5), side.stop + 5) for side in lesion.box)
        for m, scan in enumerate(study.scans.values()):
            arrays[f"{n}_{m}"] = scan.data[box]
        arrays[f"{n}_4"] = (lesions.labels[box] == lesion.id).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cases.npz"
        np.savez(path, **arrays)
        done = subprocess.run(
            [python, "-c", RADIOMICS, str(path)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        return None
    return float(done.stdout.split()[-1]) * len(lesions.lesions) / len(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lesions", type=int, default=500)
    parser.add_argument("--radiomics", default=sys.executable, help="Python with PyRadiomics.")
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()

    grid = Grid(SHAPE, AFFINE)
    empty = Study({}, grid, space="mni", native_scale=1.0, aligned=True)
    anatomy = prepare(empty).anatomy
    classes = tissue_classes(anatomy)
    mask = scatter(np.asarray(anatomy.sites == 5), arguments.lesions)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_case(Path(folder), classes, mask)
        peer = read_with_nibabel(paths)
        start = time.process_time()
        loaded = load_study(paths, space="mni", native_scale=1.0)
        gate = time.process_time() - start
    prepared = prepare(loaded)
    assert prepared.study.lesions is not None
    lesions = lesion_map(prepared.study.lesions)
    case = (prepared.study, prepared.anatomy)

    measure(*case, first_lesions(lesions, prepared.study, 5))  # imports
    seconds = seconds_of(*case, lesions)
    print(f"256^3, {len(case[0].scans)} contrasts, {len(lesions.lesions)} lesions")
    print(f"nibabel reads the files   {peer:7.2f} s")
    print(f"lesionaid's gate and load {gate:7.2f} s")
    print(f"measure                   {seconds:7.2f} s")
    print(f"ratio to nibabel          {seconds / peer:7.2f}   (aim: at most 3)")
    print(f"ratio to lesionaid's load {seconds / gate:7.2f}")
    print(f"extra memory              {extra_bytes(*case, lesions):7.2f} bytes a voxel (aim: 8)")
    last: tuple[int, float] | None = None
    for count in (100, 250, len(lesions.lesions)):
        some = first_lesions(lesions, prepared.study, count)
        taken = seconds_of(*case, some)
        n = len(some.lesions)
        more = (
            "" if last is None else f", {1000 * (taken - last[1]) / (n - last[0]):.1f} ms a lesion"
        )
        print(f"{n:5d} lesions             {taken:7.2f} s{more}")
        last = (n, taken)
    theirs = radiomics_seconds(arguments.radiomics, prepared.study, lesions, sample=40)
    if theirs is None:
        print("PyRadiomics is not installed: not compared")
    else:
        print(
            f"PyRadiomics               {theirs:7.2f} s, shape and first order on cropped lesions, "
            f"{theirs / seconds:.1f} times ours (aim: 30)"
        )
    if arguments.profile:
        profile = cProfile.Profile()
        profile.runcall(measure, *case, lesions)
        pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


if __name__ == "__main__":
    main()
