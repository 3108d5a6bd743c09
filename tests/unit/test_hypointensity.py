from __future__ import annotations

import numpy as np
import pytest

from lesionaid.features.hypointensity import HYPOINTENSITY_SPECS
from lesionaid.quantity import Reason, Unknown
from lesionaid.study.scan import Contrast
from tests.unit.anatomy_phantom import ball_mm, study_of
from tests.unit.signal_phantom import (
    CENTRE,
    GRID,
    number,
    row_of,
    scan_signal,
    signal_of,
    word,
)

BALL = ball_mm(GRID, CENTRE, 8)
NAMES = tuple(spec.name for spec in HYPOINTENSITY_SPECS)


def t1w(signal: float, core: float | None = None) -> np.ndarray:
    image = scan_signal(Contrast.T1W)
    image[BALL] = signal
    if core is not None:
        image[ball_mm(GRID, CENTRE, 5.4)] = core
    return image


@pytest.mark.parametrize(
    ("signal", "grade"),
    # White matter 100, cortex 75, fluid 30: borders at 87.5, 75 and 52.5.
    [(95, "iso"), (89, "iso"), (86, "mild"), (77, "mild"), (73, "gray_matter"), (54, "gray_matter"),
     (50, "csf"), (20, "csf")],
)  # fmt: skip
def test_grade(signal: float, grade: str) -> None:
    assert word(row_of({Contrast.T1W: t1w(signal)}, BALL)["t1w_grade"]) == grade


def test_ratio_to_cortex_and_share_of_the_way_to_fluid() -> None:
    row = row_of({Contrast.T1W: t1w(65)}, BALL)
    assert number(row["t1w_mean_ratio_gm"]) == pytest.approx(65 / 75, abs=0.01)
    assert number(row["t1w_fluid_share"]) == pytest.approx(35 / 70, abs=0.01)


def test_core_and_rim() -> None:
    row = row_of({Contrast.T1W: t1w(90, core=40)}, BALL)
    assert number(row["t1w_core_ratio_nawm"]) == pytest.approx(0.4, abs=0.04)
    assert number(row["t1w_rim_ratio_nawm"]) == pytest.approx(0.9, abs=0.01)
    assert word(row["t1w_core_grade"]) == "csf"


def test_a_small_lesion_has_no_core() -> None:
    row = row_of({Contrast.T1W: t1w(60)}, ball_mm(GRID, CENTRE, 4))
    for name in NAMES[3:]:
        why = row[name]
        assert isinstance(why, Unknown)
        assert why.reason is Reason.TOO_FEW_VOXELS
    assert word(row["t1w_grade"]) == "gray_matter"


@pytest.mark.parametrize(
    ("scale", "known"), [(0.5, False), (0.75, True), (None, False)], ids=["small", "large", "none"]
)
def test_depth_is_the_patients(scale: float | None, known: bool) -> None:
    row = row_of({Contrast.T1W: t1w(60)}, BALL, space="mni", native_scale=scale)
    assert isinstance(row["t1w_core_grade"], Unknown) is not known


def test_without_scan_or_anatomy_or_with_another_contrast() -> None:
    missing = row_of({}, BALL)["t1w_grade"]
    assert isinstance(missing, Unknown)
    assert missing.reason is Reason.IMAGE_MISSING
    images = {Contrast.T1W: t1w(60)}
    lost = signal_of(study_of(GRID, images), BALL, anatomy=None)[1]["t1w_grade"]
    assert isinstance(lost, Unknown)
    assert lost.reason is Reason.ANATOMY_MISSING
    swapped = row_of({Contrast.T1W: scan_signal(Contrast.T2W)}, BALL)["t1w_grade"]
    assert isinstance(swapped, Unknown)
    assert swapped.reason is Reason.LOW_QUALITY


def test_gain_does_not_matter() -> None:
    one = row_of({Contrast.T1W: t1w(60)}, BALL)
    other = row_of({Contrast.T1W: 17.0 * t1w(60)}, BALL)
    for name in NAMES[:2]:
        assert number(one[name]) == pytest.approx(number(other[name]), rel=1e-4)


def test_no_lesions() -> None:
    assert signal_of(study_of(GRID, {Contrast.T1W: t1w(60)}), np.zeros(GRID.shape)) == {}
