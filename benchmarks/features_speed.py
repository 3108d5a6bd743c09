"""Time and memory of the measurements against the load time of the files, in one run.

    OMP_NUM_THREADS=1 python benchmarks/features_speed.py [--lesions 500] [--profile]

A synthetic case: MNI152 anatomy on 256^3 voxels of 1 mm, FLAIR, T2w and T1w before and after
gadolinium as 16-bit gzipped NIfTI, and a mask of ellipsoids scattered over the white matter. All
times are CPU times, medians of ``--repeats`` runs, so that a busy machine does not count.

Printed: seconds that nibabel takes to read the files (the peer) and that lesionaid's gate takes;
seconds of ``measure`` and their ratio (aim: at most 3); its peak of extra memory in bytes a voxel
(aim: at most 8); its seconds at 100, 250 and 500 lesions, and from one to the next the cost of
one more lesion (aim: flat). Where PyRadiomics is installed, its shape and first-order features
on lesions cropped beforehand, one process, no provenance, shape once a lesion (aim: at least 30
times ours), against two things: everything that ``measure`` does, which is far more, and the
functions of ours that answer the same questions (``like_for_like``). The two sets of features are
alike, not the same: PyRadiomics gives more numbers of the histogram, ours compares with normal
white matter, and the number of values of each is printed.

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
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.anatomy.prepare import prepare
from lesionaid.features.catalogue import FEATURES, measure
from lesionaid.features.intensity import intensity_measurements, references
from lesionaid.features.reference_tissue import normal_white_matter
from lesionaid.features.shape import shape_measurements
from lesionaid.features.voxels import lesion_voxels
from lesionaid.geometry import Grid
from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.quantity import Unknown
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
import sys, time, numpy as np, SimpleITK as sitk
from radiomics import featureextractor, setVerbosity
setVerbosity(60)

def extractor(*kinds):
    one = featureextractor.RadiomicsFeatureExtractor(binWidth=25, additionalInfo=False)
    one.disableAllFeatures()
    for kind in kinds:
        one.enableFeatureClassByName(kind)
    return one

both, histogram = extractor("shape", "firstorder"), extractor("firstorder")
cases = np.load(sys.argv[1])
lesions = [
    [sitk.GetImageFromArray(cases[f"{n}_{m}"]) for m in range(5)]
    for n in range(len(cases.files) // 5)
]
times = []
for _ in range(int(sys.argv[2])):
    start, values = time.process_time(), 0
    for *scans, mask in lesions:
        for m, scan in enumerate(scans):
            values += len((histogram if m else both).execute(scan, mask))
    times.append(time.process_time() - start)
print(np.median(times), values / len(lesions))
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


def cpu_seconds(job: Callable[[], object]) -> float:
    start = time.process_time()
    job()
    return time.process_time() - start


def median_seconds(job: Callable[[], object], repeats: int) -> float:
    return float(np.median([cpu_seconds(job) for _ in range(repeats)]))


def read_with_nibabel(paths: StudyPaths) -> None:
    """Read all files as numbers."""
    for path in (*paths.scans.values(), paths.lesions):
        if path is not None:
            np.asanyarray(nib.load(path).dataobj)


def like_for_like(study: Study, anatomy: AnatomyMap, lesions: LesionMap) -> int:
    """Shape of every lesion, and its intensity in every contrast; how many values of each.

    What has to be made for it is in: the sorted voxels, normal white matter and its level.
    """
    voxels = lesion_voxels(lesions, anatomy.grid)
    tissue = normal_white_matter(anatomy, voxels)
    shape = shape_measurements(lesions, space=study.space, native_scale=study.native_scale)
    reference = references(study, anatomy, tissue)
    signal = intensity_measurements(study, lesions, voxels, reference)
    one = lesions.lesions[0].id
    return len(shape[one]) + sum(not isinstance(value, Unknown) for value in signal[one].values())


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
    data = np.where(np.isin(lesions.labels, kept), 1, 0).astype(np.int32)
    return lesion_map(replace(study.lesions, data=data))


def radiomics_seconds(
    python: str, study: Study, lesions: LesionMap, sample: int, repeats: int
) -> tuple[float, float] | None:
    """Seconds of PyRadiomics for all lesions, from a sample cropped beforehand, and values of each.

    None where it is not installed.
    """
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
        call = [python, "-c", RADIOMICS, str(path), str(repeats)]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    seconds, values = (float(word) for word in done.stdout.split()[-2:])
    return seconds * len(lesions.lesions) / len(chosen), values


def print_growth(
    study: Study, anatomy: AnatomyMap, lesions: LesionMap, counts: Sequence[int], repeats: int
) -> None:
    """Seconds by number of lesions; the runs take turns, so that drift hits all counts alike."""
    maps = [first_lesions(lesions, study, count) for count in counts]
    runs = [
        [cpu_seconds(partial(measure, study, anatomy, some)) for some in maps]
        for _ in range(repeats)
    ]
    times = np.array(runs)
    sizes = [len(some.lesions) for some in maps]
    for n, (size, column) in enumerate(zip(sizes, times.T, strict=True)):
        line = f"{size:5d} lesions             {np.median(column):7.2f} s"
        line += f" ({column.min():.2f} to {column.max():.2f})"
        if n:
            more = 1000 * (column - times[:, n - 1]) / (size - sizes[n - 1])
            line += (
                f", {np.median(more):.1f} ms for one more ({more.min():.1f} to {more.max():.1f})"
            )
        print(line)


def print_radiomics(
    study: Study, anatomy: AnatomyMap, lesions: LesionMap, python: str, seconds: float, repeats: int
) -> None:
    """Both comparisons with PyRadiomics."""
    theirs = radiomics_seconds(python, study, lesions, 40, repeats)
    ours = median_seconds(lambda: like_for_like(study, anatomy, lesions), repeats)
    values = like_for_like(study, anatomy, lesions)
    every = sum(spec.level == "lesion" for spec in FEATURES)
    print(f"our shape and intensity   {ours:7.2f} s, {values} values a lesion")
    if theirs is None:
        print("PyRadiomics is not installed: not compared")
        return
    print(
        f"PyRadiomics               {theirs[0]:7.2f} s, {theirs[1]:.0f} values a lesion, shape and "
        "first order on cropped lesions"
    )
    print(f"  over all of measure     {theirs[0] / seconds:7.1f} times, {every} values a lesion")
    print(f"  like for like           {theirs[0] / ours:7.1f} times (aim: 30)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lesions", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--radiomics", default=sys.executable, help="Python with PyRadiomics.")
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    repeats: int = arguments.repeats

    grid = Grid(SHAPE, AFFINE)
    empty = Study({}, grid, space="mni", native_scale=1.0, aligned=True)
    anatomy = prepare(empty).anatomy
    classes = tissue_classes(anatomy)
    mask = scatter(np.asarray(anatomy.sites == 5), arguments.lesions)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_case(Path(folder), classes, mask)
        peer = median_seconds(lambda: read_with_nibabel(paths), repeats)
        gate = cpu_seconds(lambda: load_study(paths, space="mni", native_scale=1.0))
        loaded = load_study(paths, space="mni", native_scale=1.0)
    prepared = prepare(loaded)
    assert prepared.study.lesions is not None
    lesions = lesion_map(prepared.study.lesions)
    case = (prepared.study, prepared.anatomy)

    measure(*case, first_lesions(lesions, prepared.study, 5))  # imports
    seconds = median_seconds(lambda: measure(*case, lesions), repeats)
    print(f"256^3, {len(case[0].scans)} contrasts, {len(lesions.lesions)} lesions")
    print(f"nibabel reads the files   {peer:7.2f} s")
    print(f"lesionaid's gate and load {gate:7.2f} s")
    print(f"measure                   {seconds:7.2f} s")
    print(f"ratio to nibabel          {seconds / peer:7.2f}   (aim: at most 3)")
    print(f"ratio to lesionaid's load {seconds / gate:7.2f}")
    print(f"extra memory              {extra_bytes(*case, lesions):7.2f} bytes a voxel (aim: 8)")
    print_growth(*case, lesions, (100, 250, len(lesions.lesions)), repeats)
    print_radiomics(*case, lesions, arguments.radiomics, seconds, repeats)
    if arguments.profile:
        profile = cProfile.Profile()
        profile.runcall(measure, *case, lesions)
        pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


if __name__ == "__main__":
    main()
