"""Change between two images: a ball that came, one that went, and everything that is no change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lesionaid.change.even import even_out, missing_blur_mm
from lesionaid.change.images import Tissues, image_change
from lesionaid.geometry import Grid

SHAPE = (72, 72, 72)
GRID = Grid(SHAPE, np.eye(4))
MM = np.indices(SHAPE).astype(float)


def _ball(centre, radius):
    return sum((MM[a] - centre[a]) ** 2 for a in range(3)) <= radius**2


BRAIN = _ball((36, 36, 36), 32)
GRAY = BRAIN & ~_ball((36, 36, 36), 27)
WHITE = BRAIN & ~GRAY
LESION = _ball((28, 36, 40), 5)
TISSUES = Tissues(BRAIN, WHITE & ~_ball((36, 36, 36), 3), GRAY, BRAIN)


def _scan(seed, lesions=(), gray=1.13, noise=0.02, field=0.0, gain=1.0):
    """Simulated FLAIR: white matter 1, grey matter a little brighter, lesions 1.5."""
    image = np.where(GRAY, gray, np.where(BRAIN, 1.0, 0.1))
    for lesion in lesions:
        image = np.where(lesion, 1.5, image)
    image = gaussian_filter(image, 0.6)
    image *= 1 + field * (MM[0] - 36) / 36
    rng = np.random.default_rng(seed)
    return ((image + noise * rng.standard_normal(SHAPE)) * gain).astype(np.float32)


def test_a_lesion_that_came_is_gained_with_its_volume():
    change = image_change(_scan(1), _scan(2, [LESION]), TISSUES, GRID)
    assert change.comparable
    assert change.lost.sum() == 0
    assert (change.gained & ~_ball((28, 36, 40), 7)).sum() == 0
    assert change.gained.sum() == pytest.approx(LESION.sum(), rel=0.35)


def test_swapped_dates_give_swapped_answers():
    one, two = _scan(1, [_ball((44, 30, 30), 4)]), _scan(2, [LESION], field=0.1, gain=300)
    there, back = image_change(one, two, TISSUES, GRID), image_change(two, one, TISSUES, GRID)
    assert np.array_equal(there.gained, back.lost)
    assert np.array_equal(there.lost, back.gained)
    assert there.gained.any()
    assert there.lost.any()


@pytest.mark.parametrize(
    "second", [{}, {"gain": 2000.0}, {"field": 0.3}, {"noise": 0.04}, {"gain": 0.01, "field": -0.2}]
)
def test_no_change_is_called_without_one(second):
    change = image_change(_scan(1, [LESION]), _scan(2, [LESION], **second), TISSUES, GRID)
    assert change.gained.sum() + change.lost.sum() == 0


def test_a_scan_against_itself():
    change = image_change(_scan(1, [LESION]), _scan(1, [LESION]), TISSUES, GRID)
    assert not change.gained.any()
    assert not change.lost.any()
    assert change.tissue_change == 0


def test_a_faint_change_stays_under_the_noise():
    faint = _scan(2) + np.float32(0.05) * LESION
    assert not image_change(_scan(1), faint, TISSUES, GRID).gained.any()


def test_a_shift_of_a_third_of_a_voxel_is_no_change():
    from scipy.ndimage import shift

    moved = shift(_scan(2, [LESION]), (0.33, 0, 0), order=1, mode="nearest")
    change = image_change(_scan(1, [LESION]), moved, TISSUES, GRID)
    assert change.gained.sum() + change.lost.sum() == 0


def test_another_protocol_is_not_comparable():
    assert not image_change(_scan(1), _scan(2, gray=1.25), TISSUES, GRID).comparable


def test_a_change_under_30_mm3_is_none():
    small = _ball((28, 36, 40), 1.5)  # 19 voxels
    assert not image_change(_scan(1), _scan(2, [small]), TISSUES, GRID).gained.any()


def test_the_sharper_date_is_blurred_and_never_the_other():
    thick = Grid((10, 10, 10), np.diag([1.0, 1.0, 4.0, 1.0]))
    thin = Grid((10, 10, 10), np.diag([1.0, 1.0, 3.0, 1.0]))
    assert np.allclose(missing_blur_mm(thick, thin), 0)
    assert missing_blur_mm(thin, thick)[2] == pytest.approx(np.sqrt(16 - 9) / 2.3548, rel=1e-3)


def test_no_white_matter_no_scale():
    with pytest.raises(ValueError, match="white matter"):
        even_out(_scan(1), _scan(2), BRAIN, np.zeros(SHAPE, bool), GRID)
