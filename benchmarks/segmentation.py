"""Lesion candidates against reference masks: real scans, then simulated ones.

    python benchmarks/segmentation.py [--seed 2.5] [--extent auto] [--simulated N]

No setting is chosen per case. Dice over voxels; lesion-wise F1 over 26-connected lesions of at
least 14 mm3, any overlap with any candidate is a hit, and a candidate of at least 14 mm3 without
overlap is a false one. The real scans are those of the shared data (``$LESIONAID_SHARED`` or
``../shared``); the settings were looked at on them, so their figures are not a validation.
Simulated patients are our own, so theirs are self-consistency and never accuracy.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.align import align_study
from lesionaid.anatomy.build import build_anatomy
from lesionaid.anatomy.map import SITES
from lesionaid.lesions.components import connected_components
from lesionaid.lesions.segment import SegmentSettings, segment
from lesionaid.simulate.diseases import FAMILIES
from lesionaid.simulate.generate import Order, make_dataset
from lesionaid.simulate.protocol import Protocol
from lesionaid.study.load import StudyPaths, find_study, load_study
from lesionaid.study.mask import load_mask
from lesionaid.study.scan import Contrast

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("LESIONAID_SHARED", ROOT.parent / "shared")) / "data"
LEAST_MM3 = 14.0
CORTEX = next(code for code, name in SITES.items() if name == "cortex")
HEADER = f"{'case':<34}{'Dice':>7}{'F1':>7}{'found':>9}{'false':>7}{'ml':>7}{'of ml':>7}{'s':>6}"


def real_cases() -> Iterator[tuple[str, StudyPaths, Path]]:
    """Name, scans and reference mask, with and without T1w."""
    heavy, p14 = SHARED / "open_ms/patient19", SHARED / "mslesseg/P14"
    for name, flair, t1w, mask in (
        ("patient19", heavy / "flair.nii.gz", heavy / "t1w.nii.gz", heavy / "lesions.nii.gz"),
        *(
            (f"P14 date {n}", *(p14 / f"P14_T{n}_{x}.nii.gz" for x in ("FLAIR", "T1", "MASK")))
            for n in (1, 2)
        ),
    ):
        yield f"{name}, FLAIR + T1w", StudyPaths({Contrast.FLAIR: flair, Contrast.T1W: t1w}), mask
        yield f"{name}, FLAIR", StudyPaths({Contrast.FLAIR: flair}), mask


def simulated_cases(count: int, folder: Path) -> Iterator[tuple[str, StudyPaths, Path]]:
    """Simulated MS and early PML of each family, at 1 mm and with slices of 3 mm."""
    for family, diseases in FAMILIES.items():
        wanted = tuple(name for name in ("ms", "pml") if name in diseases)
        for slices in (None, 3.0):
            protocol = Protocol((Contrast.FLAIR, Contrast.T1W), None, slices, 0.0, 0.0)
            order = Order(wanted, count, 91, family, 1.0, protocol, False)
            place = folder / f"{family}-{slices or 1:g}mm"
            for _ in make_dataset(order, place, processes=1):
                pass
            for one in sorted(place.glob("sub-*")):
                paths = find_study(one)
                assert paths.lesions is not None
                name = f"simulated {family} {one.name[4:]}, {slices or 1:g} mm"
                yield name, replace(paths, lesions=None, prior=None), paths.lesions


def overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_], voxel: float) -> dict[str, float]:
    """Dice and lesion-wise counts."""
    hits, total = _hit(truth, found, voxel)
    true_candidates, candidates = _hit(found, truth, voxel)
    false = candidates - true_candidates
    both = int(np.count_nonzero(found & truth))
    size = int(np.count_nonzero(found)) + int(np.count_nonzero(truth))
    return {
        "dice": 2 * both / max(size, 1),
        "f1": 2 * hits / max(hits + total + false, 1),
        "hits": hits,
        "total": total,
        "false": false,
    }


def _hit(lesions: NDArray[np.bool_], other: NDArray[np.bool_], voxel: float) -> tuple[int, int]:
    """How many large lesions touch the other mask, and how many there are."""
    labels = connected_components(lesions)
    sizes = np.bincount(labels.ravel()) * voxel
    large = set((np.flatnonzero(sizes[1:] >= LEAST_MM3) + 1).tolist())
    return len(large & set(np.unique(labels[other]).tolist())), len(large)


def run(name: str, paths: StudyPaths, mask: Path, settings: SegmentSettings) -> tuple[float, float]:
    """Segment one case and print its row."""
    study = align_study(load_study(paths))
    anatomy = build_anatomy(study)
    truth = load_mask(mask, study.scans[Contrast.FLAIR])[0].data > 0
    start = time.process_time()
    found = segment(study, anatomy, settings).mask.data > 0
    seconds = time.process_time() - start
    voxel = anatomy.grid.voxel_volume_mm3
    row = overlap(found, truth, voxel)
    print(
        f"{name:<34}{row['dice']:>7.3f}{row['f1']:>7.3f}{row['hits']:>5.0f}/{row['total']:<3.0f}"
        f"{row['false']:>7.0f}{found.sum() * voxel / 1000:>7.1f}{truth.sum() * voxel / 1000:>7.1f}"
        f"{seconds:>6.1f}",
        end="",
    )
    cortex = truth & (anatomy.sites == CORTEX)
    if name.startswith("simulated"):
        small = _small(truth, voxel)
        print(f"  cortex {found[cortex].mean() if cortex.any() else 1:.2f}, under 5 mm ", end="")
        print("{}/{}".format(*_touched(small, found)), end="")
    print(flush=True)
    return row["dice"], row["f1"]


def _small(truth: NDArray[np.bool_], voxel: float) -> NDArray[np.int32]:
    """Lesions under 5 mm equivalent diameter: satellites and other small ones."""
    labels = connected_components(truth)
    sizes = np.bincount(labels.ravel()) * voxel
    return np.where(sizes[labels] < np.pi / 6 * 5**3, labels, 0)


def _touched(labels: NDArray[np.int32], found: NDArray[np.bool_]) -> tuple[int, int]:
    present = set(np.unique(labels).tolist()) - {0}
    return len(present & set(np.unique(labels[found]).tolist())), len(present)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=float, default=2.5)
    parser.add_argument("--extent", default="auto")
    parser.add_argument("--simulated", type=int, default=0, help="patients a disease and protocol")
    arguments = parser.parse_args()
    settings = SegmentSettings(seed=arguments.seed, extent=arguments.extent)
    print(settings.text)
    print(HEADER)
    real = [run(*case, settings) for case in real_cases()]
    print("{:<34}{:>7.3f}{:>7.3f}".format("mean of the real ones", *np.mean(real, axis=0)))
    if arguments.simulated:
        with tempfile.TemporaryDirectory() as folder:
            for case in simulated_cases(arguments.simulated, Path(folder)):
                run(*case, settings)


if __name__ == "__main__":
    main()
