"""Brightness on T1w after gadolinium, without a scan before."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.features.bright_after import BRIGHT_SPECS, bright_measurements
from lesionaid.features.reference_tissue import normal_white_matter
from lesionaid.features.voxels import Rows, lesion_voxels
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unknown
from lesionaid.study.scan import Contrast
from tests.unit.anatomy_phantom import (
    ball_mm,
    grid_of,
    lesions_of,
    phantom_anatomy,
    study_of,
    tissue_image,
)

GRID = grid_of()
ANATOMY = phantom_anatomy(GRID)
LESION = ball_mm(GRID, (14, 14, 0), 5)
CORE = ball_mm(GRID, (14, 14, 0), 3)


def measured(
    core_signal: float, *, mask: NDArray[np.bool_] = LESION, noise: float = 2.0, anatomy=ANATOMY
) -> Rows:
    after = tissue_image(ANATOMY, Contrast.T1W)
    after[LESION] = 85
    after[CORE] = core_signal
    after += np.random.default_rng(0).normal(0, noise, GRID.shape)
    lesions = lesions_of(GRID, mask)
    voxels = lesion_voxels(lesions, GRID)
    tissue = normal_white_matter(anatomy, voxels) if anatomy else None
    study = study_of(GRID, {Contrast.T1W_CE: after})
    return bright_measurements(study, anatomy, tissue, lesions, voxels, SizeScale())


def test_a_bright_core_is_possible_and_never_more() -> None:
    row = measured(150)[1]
    share = row["t1w_ce_bright_fraction"]
    volume = row["t1w_ce_bright_volume_mm3"]
    assert isinstance(share, Quantity)
    assert isinstance(volume, Quantity)
    assert share.value == pytest.approx(CORE.sum() / LESION.sum())
    assert volume.value == pytest.approx(CORE.sum())
    assert row["t1w_ce_bright_class"] == Category("possible")


@pytest.mark.parametrize(("signal", "word"), [(110, "none"), (125, "possible")])
def test_brighter_than_white_matter_by_15_percent(signal: float, word: str) -> None:
    assert measured(signal)[1]["t1w_ce_bright_class"] == Category(word)


def test_in_noise_3_sd_count() -> None:
    """At 125 a core is over 15 % brighter than white matter, but within 3 SD of 15."""
    share = measured(125, noise=15.0)[1]["t1w_ce_bright_fraction"]
    assert isinstance(share, Quantity)
    assert share.value < 0.15 * CORE.sum() / LESION.sum()


def test_small_lesions_have_no_class() -> None:
    row = measured(150, mask=ball_mm(GRID, (14.5, 14.5, 0.5), 1.1))[1]
    value = row["t1w_ce_bright_class"]
    assert isinstance(value, Unknown)
    assert value.reason is Reason.TOO_FEW_VOXELS


def test_without_anatomy_or_scan_it_is_unknown() -> None:
    for value in measured(150, anatomy=None)[1].values():
        assert isinstance(value, Unknown)
        assert value.reason is Reason.ANATOMY_MISSING
    lesions = lesions_of(GRID, LESION)
    voxels = lesion_voxels(lesions, GRID)
    rows = bright_measurements(study_of(GRID, {}), ANATOMY, LESION, lesions, voxels, SizeScale())
    assert len(rows[1]) == len(BRIGHT_SPECS)
    for value in rows[1].values():
        assert isinstance(value, Unknown)
        assert value.needs == ("T1w_ce",)
