"""Border widths against closed forms: a Gaussian of known width, seen by voxels of any shape."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.features.border import border_measurements
from lesionaid.features.edge_fit import BIN_MM, WIDTH_OF_SD, WINDOW_MM, fit_edges
from lesionaid.features.surroundings import surroundings
from lesionaid.features.voxels import lesion_voxels
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Reason, Unknown, Value
from lesionaid.study.scan import Contrast
from tests.signs.kit import FINE, THICK, PhantomStudy, Spacing, brain, moved, positions, reoriented
from tests.signs.kit import study as phantom_study
from tests.unit.anatomy_phantom import SITE
from tests.unit.lesion_phantoms import number


@cache
def ball(spacing: Spacing, width: float, radius: float = 10.0, grown: float = 0.0) -> PhantomStudy:
    """A ball in endless white matter, averaged over each voxel; the mask may be too large."""
    from scipy.special import ndtr

    inside = [
        np.array([i, j, k]) / 3 * np.asarray(spacing)
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        for k in (-1, 0, 1)
    ]
    share: NDArray[np.float64] = np.mean(
        [
            ndtr((radius - np.linalg.norm(positions(spacing) + at, axis=-1)) * WIDTH_OF_SD / width)
            for at in inside
        ],
        axis=0,
    )
    flair = 100.0 + 80.0 * share + np.random.default_rng(2).normal(0.0, 4.0, share.shape)
    white = replace(brain(spacing), sites=np.full_like(brain(spacing).sites, SITE["white_matter"]))
    mask = np.linalg.norm(positions(spacing), axis=-1) <= radius + grown
    return phantom_study(spacing, mask, {Contrast.FLAIR: flair}, anatomy=white)


def measured(phantom: PhantomStudy) -> dict[str, Value]:
    assert phantom.anatomy is not None
    around = surroundings(lesion_voxels(phantom.lesions, phantom.anatomy.grid))
    rows = border_measurements(phantom.study, phantom.anatomy, phantom.lesions, around, SizeScale())
    return rows[1]


@pytest.mark.parametrize("width", [1.0, 2.5, 4.5, 6.0])
def test_a_step_of_known_width_is_found(width: float) -> None:
    from scipy.special import ndtr

    at = (np.arange(round(2 * WINDOW_MM / BIN_MM)) + 0.5) * BIN_MM - WINDOW_MM
    values = 50.0 + 30.0 * ndtr((0.8 - at) * WIDTH_OF_SD / width)[None]
    edges = fit_edges(np.full_like(values, 4.0), 4.0 * values, 4.0 * values**2)
    assert edges.width_mm[0] == pytest.approx(width, abs=max(0.5, 0.12 * width))
    assert edges.step[0] == pytest.approx(30.0, rel=0.1)
    assert edges.explained[0] > 0.98
    assert edges.noise[0] == pytest.approx(0.0, abs=1e-6)


def test_a_flat_or_rising_profile_is_no_edge() -> None:
    rising = np.linspace(0.0, 1.0, round(2 * WINDOW_MM / BIN_MM))[None]
    edges = fit_edges(np.ones_like(rising), rising, rising**2)
    assert edges.step[0] == 0.0
    assert edges.explained[0] == 0.0


@pytest.mark.parametrize("spacing", [FINE, THICK], ids=str)
@pytest.mark.parametrize("width", [2.0, 4.0, 6.0])
def test_a_blurred_ball_has_the_width_of_its_blur(spacing: Spacing, width: float) -> None:
    found = number(measured(ball(spacing, width))["border_width_white_matter_mm"])
    assert found == pytest.approx(width, abs=max(0.7, 0.15 * width))


def test_a_mask_that_is_a_voxel_too_large_changes_little() -> None:
    exact = number(measured(ball(FINE, 3.0))["border_width_mm"])
    loose = number(measured(ball(FINE, 3.0, grown=1.0))["border_width_mm"])
    assert loose == pytest.approx(exact, abs=0.4)


def test_voxels_alone_do_not_make_a_border_wide() -> None:
    assert number(measured(ball(FINE, 0.01))["border_width_mm"]) < 1.0
    assert number(measured(ball(THICK, 0.01))["border_width_mm"]) < 1.0


def test_storage_and_place_leave_no_trace() -> None:
    phantom = ball(THICK, 4.5)
    told = moved(reoriented(phantom, "PSL"), (3.7, -11.0, 20.3))
    for name, value in measured(phantom).items():
        again = measured(told)[name]
        if isinstance(value, Category | Unknown):
            assert again == value, name
        else:
            assert number(again) == pytest.approx(number(value), abs=1e-3), name


def test_thick_slices_show_no_border() -> None:
    value = measured(ball((1.0, 1.0, 5.0), 3.0))["border_class"]
    assert isinstance(value, Unknown)
    assert value.reason is Reason.LOW_RESOLUTION


def test_a_thin_lesion_has_no_border() -> None:
    value = measured(ball(FINE, 1.0, radius=1.8))["border_width_mm"]
    assert isinstance(value, Unknown)
    assert value.reason is Reason.TOO_FEW_VOXELS
