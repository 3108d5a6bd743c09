"""The brain inside a head: a phantom whose brain is known, and what must be refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.anatomy.skull import brain_in_head
from lesionaid.anatomy.template import load_template
from lesionaid.errors import AnalysisError
from lesionaid.geometry import Grid, resample
from lesionaid.study.gate import load_scan
from lesionaid.study.options import GateOptions
from lesionaid.study.scan import Contrast, Scan, Source
from tests.shared_data import ROOT, shared_data

STEP = 3.0


def scan(data: NDArray[np.generic], grid: Grid, contrast: Contrast = Contrast.T1W) -> Scan:
    return Scan(data.astype(np.float32), grid, contrast, Source("head.nii.gz", "0", "RAS", grid))


@pytest.fixture(scope="module")
def phantom() -> tuple[NDArray[np.float32], NDArray[np.bool_], Grid]:
    """A brain of 1.4 l in dark bone under bright scalp, on a neck, with two eyes."""
    from scipy.ndimage import distance_transform_edt

    template = load_template()
    scale = 0.92
    start = template.grid.affine[:3, 3] * scale - 24
    affine = np.diag([STEP, STEP, STEP, 1.0])
    affine[:3, 3] = start
    grid = Grid((76, 88, 76), affine)
    small = Grid(template.grid.shape, np.diag([scale, scale, scale, 1.0]) @ template.grid.affine)
    data = resample(template.t1w, small, grid, order=1)
    brain = resample(template.brain.astype(np.float32), small, grid, order=1) > 0.5
    away = distance_transform_edt(~brain, sampling=STEP)
    x, y, z = np.moveaxis(grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)
    neck = (np.hypot(x, y + 35) < 40) & (z < -55) & ~brain
    usual = float(np.median(data[brain]))
    head = np.where(brain, data, 0.0)
    head[(away > 9) & (away <= 16)] = 2.2 * usual
    head[neck & (away > 6)] = 0.8 * usual
    for side in (-30, 30):
        head[(np.hypot(np.hypot(x - side, y - 62), z + 38) < 12) & (away > 3)] = 0.9 * usual
    noise = np.random.default_rng(1).gamma(2.0, 0.01 * usual, grid.shape)
    return (head + noise).astype(np.float32), brain, grid


def test_brain_of_the_phantom_head(
    phantom: tuple[NDArray[np.float32], NDArray[np.bool_], Grid],
) -> None:
    data, brain, grid = phantom
    found = brain_in_head(scan(data, grid))
    both = np.count_nonzero(found.mask & brain)
    assert 2 * both / (np.count_nonzero(found.mask) + np.count_nonzero(brain)) > 0.93
    assert 900 < found.quality["brain_volume_ml"] < 1900


@pytest.mark.parametrize("what", ["half", "noise", "ball"])
def test_what_is_no_brain_is_refused(
    what: str, phantom: tuple[NDArray[np.float32], NDArray[np.bool_], Grid]
) -> None:
    data, _, grid = phantom
    if what == "half":
        data = data.copy()
        data[:38] = 0
    else:
        data = np.random.default_rng(2).gamma(2.0, 5.0, grid.shape).astype(np.float32)
    if what == "ball":
        centred = np.moveaxis(np.indices(grid.shape), 0, -1) - (np.asarray(grid.shape) - 1) / 2
        data[np.linalg.norm(centred * STEP, axis=-1) < 70] += 400
    with pytest.raises(AnalysisError, match="A01"):
        brain_in_head(scan(data, grid))


def test_nothing_is_no_brain() -> None:
    grid = Grid((20, 20, 20), np.diag([4.0, 4.0, 4.0, 1.0]))
    with pytest.raises(AnalysisError, match="no signal"):
        brain_in_head(scan(np.zeros(grid.shape), grid))


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("date", [1, 2])
@pytest.mark.parametrize("contrast", [Contrast.FLAIR, Contrast.T1W])
def test_raw_heads_of_two_dates(date: int, contrast: Contrast) -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from brain_masks import given_mask

    folder = shared_data() / "open_ms_longitudinal" / "patient01"
    head, _ = load_scan(folder / f"study{date}_{contrast.upper()}.nii.gz", contrast, GateOptions())
    found, true = brain_in_head(head).mask, given_mask(folder, date, contrast)
    dice = 2 * np.count_nonzero(found & true) / (found.sum() + true.sum())
    assert dice >= 0.95
