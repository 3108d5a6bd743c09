"""Two real dates compared from their images: the right pair is called, the wrong one is not."""

from __future__ import annotations

import numpy as np
import pytest

from lesionaid.anatomy.prepare import prepare
from lesionaid.change.dates import compare_dates
from lesionaid.study.load import StudyPaths, load_study
from lesionaid.study.scan import Contrast
from tests.shared_data import shared_data

pytestmark = [pytest.mark.real, pytest.mark.slow]


def test_another_flair_protocol_is_no_call() -> None:
    folder = shared_data() / "open_ms_longitudinal" / "patient03"
    dates = [
        prepare(load_study(StudyPaths(scans={Contrast.FLAIR: folder / f"study{n}_FLAIR.nii.gz"})))
        for n in (1, 2)
    ]
    assert not compare_dates(*dates).change.comparable


def test_thinner_slices_are_compared_and_the_new_lesion_is_gained() -> None:
    folder = shared_data() / "open_ms_longitudinal" / "patient01"
    dates = [
        prepare(load_study(StudyPaths(scans={Contrast.FLAIR: folder / f"study{n}_FLAIR.nii.gz"})))
        for n in (1, 2)
    ]
    found = compare_dates(*dates)
    assert found.change.comparable
    # The drawn new lesion has 2.47 ml; of the rest nothing is so large.
    assert 1.5 < found.change.gained.sum() * found.halfway.grid.voxel_volume_mm3 / 1000 < 5.0
    assert np.count_nonzero(found.change.lost) * found.halfway.grid.voxel_volume_mm3 < 1000
