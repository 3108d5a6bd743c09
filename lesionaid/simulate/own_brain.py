"""A user's brain as the base of simulated patients: his segmentation, or a stripped scan.

Only the anatomy is taken: tissues, distances and MNI coordinates. No voxel of the user's scan
is in a simulated one, but the folds are those of a person, and a face-free brain may still be
recognised by its folds: who shares such a set shares that.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.build import build_anatomy
from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.geometry import Grid, resample
from lesionaid.simulate.brain import Brain, brain_from_anatomy
from lesionaid.simulate.scan_tissue import with_scan_tissue
from lesionaid.study.gate import load_labels, load_scan, whole_numbers
from lesionaid.study.scan import Contrast, LabelMap, Scan, Source, Study

__all__ = ["ORIGIN", "read_brain"]

ORIGIN = "Anatomy of a brain that the user gave."

PATCHY = 0.5
"""Share of neighbours with the same number from which an image of whole numbers is taken for
labels: noise makes the neighbours in a scan differ (proposed)."""

MARGIN_MM = 8.0
"""Air kept around the brain: registration tells a stripped brain by its empty rim."""

T1W_LEVELS = {
    "white_matter": 100.0,
    "corpus_callosum": 100.0,
    "brainstem": 95.0,
    "cerebellum": 80.0,
    "deep_gray_matter": 80.0,
    "cortex": 70.0,
}
"""T1w that is drawn from labels to find MNI coordinates (proposed); fluid is 25."""

FLUID_LEVEL = 25.0


def read_brain(path: Path, spacing_mm: float = 1.0) -> Brain:
    """Read a segmentation or a skull-stripped scan and register it to the template.

    Parameters
    ----------
    path : Path
        NIfTI: labels in FreeSurfer's numbering (FreeSurfer, FastSurfer, SynthSeg), or a
        skull-stripped T1w; a FLAIR or T2w where the file's name says so.
    spacing_mm : float
        Isotropic voxel size of the brain that comes out.

    Returns
    -------
    Brain
        Of a T1w, tissues follow the folds of the scan; a lesion that is dark on it is taken
        for grey matter. Of a FLAIR or T2w, they are those of the registered template.

    Raises
    ------
    GateError, MaskError, OutputError
        As the gate of ``lesionaid assess``.
    AnalysisError
        ``A01`` whole head, ``A03`` registration failed, ``A05`` labels not recognised.
    """
    scan, _ = load_scan(path, _contrast_of(path.name))
    numbers = whole_numbers(scan.data)
    if numbers is not None and _patchy(numbers):
        labels, _ = load_labels(path)
        brain = _from_labels(labels, _around(labels.data != 0, labels.grid, spacing_mm))
    else:
        brain = _from_scan(scan, spacing_mm)
    return replace(brain, origin=ORIGIN)


def _contrast_of(name: str) -> Contrast:
    for word, contrast in (("flair", Contrast.FLAIR), ("t2", Contrast.T2W)):
        if word in name.casefold():
            return contrast
    return Contrast.T1W


def _patchy(numbers: NDArray[np.int32]) -> bool:
    pairs = (numbers[1:] != 0) & (numbers[:-1] != 0)
    same = (numbers[1:] == numbers[:-1]) & pairs
    return bool(np.count_nonzero(same) > PATCHY * np.count_nonzero(pairs))


def _from_labels(labels: LabelMap, grid: Grid) -> Brain:
    sites = build_anatomy(Study({}, grid, anatomy=labels))
    drawn = _drawn_t1w(sites, labels.source)
    located = build_anatomy(Study({Contrast.T1W: drawn}, grid, aligned=True))
    return replace(brain_from_anatomy(sites), mni_mm=located.mni_mm)


def _drawn_t1w(sites: AnatomyMap, source: Source) -> Scan:
    levels = np.full(max(SITES) + 1, FLUID_LEVEL, dtype=np.float32)
    levels[0] = 0.0
    for code, name in SITES.items():
        levels[code] = T1W_LEVELS.get(name, FLUID_LEVEL)
    return Scan(levels[sites.sites], sites.grid, Contrast.T1W, source)


def _from_scan(scan: Scan, spacing_mm: float) -> Brain:
    air = scan.data[0, 0, 0]
    seen = scan.data if scan.valid is None else np.where(scan.valid, scan.data, air)
    grid = _around(seen != air, scan.grid, spacing_mm)
    data = resample(seen, scan.grid, grid, order=1, fill=float(air))
    moved = Scan(data, grid, scan.contrast, replace(scan.source, grid=grid))
    brain = brain_from_anatomy(build_anatomy(Study({scan.contrast: moved}, grid, aligned=True)))
    if scan.contrast is not Contrast.T1W:
        return brain
    return with_scan_tissue(brain, data, np.zeros(grid.shape, dtype=bool))


def _around(inside: NDArray[np.bool_], grid: Grid, spacing_mm: float) -> Grid:
    """An isotropic grid along scanner axes that holds the voxels, with a margin."""
    voxels = np.argwhere(inside) if inside.any() else np.array([[0, 0, 0]])
    low, high = voxels.min(axis=0), voxels.max(axis=0)
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1)
    mm = grid.to_mm(corners.reshape(-1, 3))
    first = np.floor(mm.min(axis=0) - MARGIN_MM)
    size = np.ceil((mm.max(axis=0) + MARGIN_MM - first) / spacing_mm).astype(int) + 1
    affine = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    affine[:3, 3] = first
    return Grid((int(size[0]), int(size[1]), int(size[2])), affine)
