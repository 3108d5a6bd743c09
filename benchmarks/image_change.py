"""Change between two dates from their images alone, against drawn masks.

    python benchmarks/image_change.py [--only P14 patient01 patient03]

Real pairs of the shared data (``$LESIONAID_SHARED`` or ``../shared``): P14 (MSLesSeg, a mask at
each date), patient01 and patient03 (open MS longitudinal, an unsigned change mask in a common
space). The limits of :mod:`lesionaid.change.images` were looked at on these three pairs, so every
figure is self-consistency. patient03 changed its FLAIR protocol: the right answer is no comparison.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.prepare import Prepared, prepare
from lesionaid.change.dates import ComparedDates, compare_dates
from lesionaid.geometry import Grid, to_ras
from lesionaid.lesions.components import connected_components
from lesionaid.study.load import StudyPaths, load_study
from lesionaid.study.scan import Contrast

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("LESIONAID_SHARED", ROOT.parent / "shared")) / "data"

Mask = NDArray[np.bool_]


def main() -> None:
    """Print what was found on each pair."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=["P14", "patient01", "patient03"])
    for name in parser.parse_args().only:
        start = time.process_time()
        prior, current = (_prepared(name, date) for date in (1, 2))
        found = compare_dates(prior, current)
        change = found.change
        print(f"{name}: {time.process_time() - start:.0f} s of processor for both dates")
        print(
            f"  similarity {found.halfway.similarity:.3f}, forth and back "
            f"{found.halfway.disagreement_mm:.2f} mm; noise {change.noise_percent:.1f} %, grey "
            f"over white {change.contrast_percent[0]:.1f} and {change.contrast_percent[1]:.1f} %: "
            f"{change.tissue_change:.1f} SD, {'comparable' if change.comparable else 'NO CALL'}"
        )
        _against_masks(name, found, prior, current)


def _prepared(name: str, date: int) -> Prepared:
    if name == "P14":
        folder = SHARED / "mslesseg" / "P14"
        scans = {
            Contrast.FLAIR: folder / f"P14_T{date}_FLAIR.nii.gz",
            Contrast.T1W: folder / f"P14_T{date}_T1.nii.gz",
        }
    else:
        folder = SHARED / "open_ms_longitudinal" / name
        named = {Contrast.FLAIR: "FLAIR", Contrast.T1W: "T1W", Contrast.T2W: "T2W"}
        paths = {c: folder / f"study{date}_{word}.nii.gz" for c, word in named.items()}
        scans = {contrast: path for contrast, path in paths.items() if path.exists()}
    return prepare(load_study(StudyPaths(scans=scans)))


def _against_masks(name: str, found: ComparedDates, prior: Prepared, current: Prepared) -> None:
    if name == "P14":
        masks = [_mask(SHARED / "mslesseg" / "P14" / f"P14_T{date}_MASK.nii.gz") for date in (1, 2)]
        (then, grid), (now, _) = masks
        to = found.halfway.to_current
        gained = found.halfway.give_back(found.change.gained.astype(np.uint8), grid, to) > 0
        lost = found.halfway.give_back(found.change.lost.astype(np.uint8), grid, to) > 0
        for word, mask, drawn in (
            ("gained", gained, now & ~then),
            ("lost", lost, then & ~now),
        ):
            _print(word, mask, drawn, grid)
        return
    folder = SHARED / "open_ms_longitudinal" / name
    drawn, grid = _mask(folder / "gt.nii.gz")
    both = found.change.gained | found.change.lost
    # The common space is reached from the first date's FLAIR by the given transform.
    there = _matrix(folder / "study1_FLAIR_to_common_space.txt")
    seen = Grid(grid.shape, there @ grid.affine)
    mask = found.halfway.give_back(both.astype(np.uint8), seen, found.halfway.to_prior) > 0
    _print("changed", mask, drawn, grid)


def _mask(path: Path) -> tuple[Mask, Grid]:
    image = nib.load(path)
    data, affine = to_ras(np.asarray(image.dataobj) > 0, image.affine)
    i, j, k = data.shape
    return data, Grid((i, j, k), affine)


def _matrix(path: Path) -> NDArray[np.float64]:
    """An ITK transform of points, in RAS+ mm."""
    import SimpleITK

    transform = SimpleITK.ReadTransform(str(path))
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = [np.array(transform.TransformPoint(tuple(e))) - origin for e in np.eye(3)]
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = np.stack(columns, axis=1), origin
    flip = np.diag([-1.0, -1.0, 1.0, 1.0])  # ITK counts to the left and to the back
    return np.asarray(flip @ matrix @ flip)


def _print(word: str, mask: Mask, drawn: Mask, grid: Grid) -> None:
    ml = grid.voxel_volume_mm3 / 1000.0
    dice = 2 * (mask & drawn).sum() / max(mask.sum() + drawn.sum(), 1)
    parts, wanted = connected_components(mask), connected_components(drawn)
    false = set(range(1, int(parts.max()) + 1)) - set(np.unique(parts[drawn]).tolist())
    sizes = np.bincount(wanted.ravel())
    sizes[0] = 0
    largest = int(np.argmax(sizes))
    print(
        f"  {word}: {mask.sum() * ml:.2f} ml, drawn {drawn.sum() * ml:.2f} ml, Dice {dice:.3f}; "
        f"{len(false)} of {int(parts.max())} parts false; of the largest drawn part "
        f"({sizes[largest] * ml:.2f} ml) {mask[wanted == largest].mean():.0%} found"
    )


if __name__ == "__main__":
    main()
