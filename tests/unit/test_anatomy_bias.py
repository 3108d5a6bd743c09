"""N4 finds a known field, leaves a flat scan alone, twice the same."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.anatomy.bias import correct_bias
from lesionaid.geometry import Grid
from lesionaid.study.scan import Contrast, Scan, Source

GRID = Grid((60, 72, 30), np.diag([2.5, 2.5, 5.0, 1.0]))


def scan(data: NDArray[np.float64], contrast: Contrast = Contrast.T1W) -> Scan:
    return Scan(data.astype(np.float32), GRID, contrast, Source("scan.nii.gz", "0", "RAS", GRID))


@pytest.fixture(scope="module")
def brain() -> NDArray[np.bool_]:
    """An ellipsoid of two tissues in fine stripes, which no smooth field can make."""
    x, y, z = ((np.arange(size) - (size - 1) / 2) / (0.42 * size) for size in GRID.shape)
    return (x[:, None, None] ** 2 + y[None, :, None] ** 2 + z[None, None, :] ** 2) < 1


@pytest.fixture(scope="module")
def tissue(brain: NDArray[np.bool_]) -> NDArray[np.float64]:
    stripes = (np.indices(GRID.shape).sum(axis=0) // 4) % 2
    noise = np.random.default_rng(4).normal(0, 2, GRID.shape)
    return np.where(brain, np.where(stripes, 100.0, 70.0) + noise, 0.0)


@pytest.fixture(scope="module")
def field() -> NDArray[np.float64]:
    """Brighter towards one side: a factor of 1.5 across the head."""
    ramp = np.linspace(-0.2, 0.2, GRID.shape[1])
    return np.broadcast_to(np.exp(ramp)[None, :, None], GRID.shape)


def test_known_field_is_taken_out(
    brain: NDArray[np.bool_], tissue: NDArray[np.float64], field: NDArray[np.float64]
) -> None:
    mended = correct_bias(scan(tissue * field), brain).data
    before = np.log(field[brain])
    left = np.log(mended[brain] / tissue[brain])
    assert left.std() < 0.25 * before.std()


def test_median_is_kept(
    brain: NDArray[np.bool_], tissue: NDArray[np.float64], field: NDArray[np.float64]
) -> None:
    given = scan(tissue * field)
    mended = correct_bias(given, brain)
    assert np.median(mended.data[brain]) == pytest.approx(np.median(given.data[brain]), rel=0.05)


def test_flat_scan_is_left_nearly_alone(
    brain: NDArray[np.bool_], tissue: NDArray[np.float64]
) -> None:
    ratio = correct_bias(scan(tissue), brain).data[brain] / tissue[brain].astype(np.float32)
    assert np.log(ratio).std() < 0.02


def test_twice_the_same_bytes(
    brain: NDArray[np.bool_], tissue: NDArray[np.float64], field: NDArray[np.float64]
) -> None:
    one, two = (correct_bias(scan(tissue * field), brain).data for _ in range(2))
    assert one.tobytes() == two.tobytes()


def test_quantities_are_not_corrected(
    brain: NDArray[np.bool_], tissue: NDArray[np.float64]
) -> None:
    adc = scan(tissue, Contrast.ADC)
    assert correct_bias(adc, brain) is adc


def test_too_small_a_brain_is_left_alone(tissue: NDArray[np.float64]) -> None:
    speck = np.zeros(GRID.shape, dtype=bool)
    speck[30:33, 30:33, 15] = True
    given = scan(tissue)
    assert correct_bias(given, speck) is given
