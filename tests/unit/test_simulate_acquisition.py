from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lesionaid.geometry import Grid
from lesionaid.simulate.acquisition import SCANNER, acquired_grid, average, ghosted, render
from lesionaid.simulate.contrast import PROTOCOL, signal
from lesionaid.simulate.ms import ovoid
from lesionaid.simulate.susceptibility import (
    RIM_PPM,
    VEIN_RADIUS_MM,
    phase_of,
    rim_share,
    swi_of,
    vein_share,
)
from lesionaid.simulate.tissue import MS_PLAQUE, WHITE_MATTER, Appearance
from lesionaid.study.scan import Contrast
from tests.unit.simulate_phantom import ball_brain

FINE = Grid((6, 5, 30), np.diag([1.0, 1.0, 1.0, 1.0]))


@pytest.fixture(scope="module")
def brain():
    return ball_brain(2.0)


@pytest.fixture(scope="module")
def plaque(brain):
    return ovoid(brain, np.array([24.0, 0, 0]), np.array([1.0, 0, 0]), 14.0, 1.5, site="x")


@pytest.mark.parametrize(("thick", "gap"), [(1.0, 0.0), (3.0, 0.0), (5.0, 1.0), (2.5, 0.5)])
def test_a_thick_slice_is_the_mean_of_what_lies_in_it(thick, gap):
    ramp = np.broadcast_to(np.arange(30, dtype=np.float32), FINE.shape)
    grid = acquired_grid(FINE, (1.0, 1.0, thick), gap)
    image = average(ramp, FINE, (1.0, 1.0, thick), gap)
    assert image.shape == grid.shape
    assert grid.spacing_mm[2] == pytest.approx(thick + gap)
    for k in range(grid.shape[2]):
        start = k * (thick + gap)  # in mm from the lower face of the first fine slice
        parts = [n * max(0.0, min(n + 1, start + thick) - max(n, start)) / thick for n in range(30)]
        assert image[2, 2, k] == pytest.approx(sum(parts), rel=1e-5)
        assert grid.to_mm(np.array([2, 2, k]))[2] == pytest.approx(start + thick / 2 - 0.5)


def test_coarse_voxels_are_the_means_of_their_blocks():
    image = np.random.default_rng(1).random(FINE.shape, dtype=np.float32)
    coarse = average(image, FINE, (2.0, 2.0, 2.0))
    assert coarse.shape == (3, 2, 15)
    assert coarse[1, 1, 4] == pytest.approx(image[2:4, 2:4, 8:10].mean(), rel=1e-5)


def test_what_lies_in_a_gap_is_not_seen():
    image = np.zeros(FINE.shape, dtype=np.float32)
    image[:, :, 5] = 1.0
    assert not average(image, FINE, (1.0, 1.0, 5.0), 1.0).any()
    assert average(image, FINE, (1.0, 1.0, 5.0)).max() == pytest.approx(0.2)


def test_a_slice_half_in_a_ball_has_half_of_its_contrast(brain):
    acquisition = replace(SCANNER, noise=0.0, bias=0.0, slice_mm=4.0)
    fine, thick = (
        render(brain, (), Contrast.T2W, np.random.default_rng(0), one)
        for one in (replace(acquisition, slice_mm=None), acquisition)
    )
    assert thick[24, 24, 10] == pytest.approx(fine[24, 24, 20:22].mean(), rel=1e-5)


def test_motion_moves_signal_and_makes_none():
    image = np.zeros((4, 12, 4), dtype=np.float32)
    image[:, 5] = 3.0
    moved = ghosted(image, 0.2)
    assert moved.sum() == pytest.approx(image.sum(), rel=1e-6)
    assert moved[0, 5, 0] == pytest.approx(2.4)
    assert moved[0, 9, 0] == pytest.approx(0.3)
    assert moved[0, 1, 0] == pytest.approx(0.3)


def test_a_vein_has_the_cross_section_of_its_cylinder():
    brain = ball_brain(1.0)
    plaque = ovoid(brain, np.array([24.0, 0, 0]), np.array([1.0, 0, 0]), 14.0, 1.5, site="x")
    share = vein_share(plaque, brain.grid)
    middle = share[share.shape[0] // 2]
    area = middle.sum() * brain.grid.spacing_mm[1] * brain.grid.spacing_mm[2]
    assert area == pytest.approx(np.pi * VEIN_RADIUS_MM**2, rel=0.35)
    # It runs along the long axis: every slice across that axis has it, and only its middle.
    assert (share.max(axis=(1, 2)) > 0).all()
    assert np.count_nonzero(middle) <= 9


def test_vein_and_rim_darken_swi_where_they_lie(brain, plaque):
    bare = Appearance(MS_PLAQUE, MS_PLAQUE)
    plain, veined, rimmed = (
        swi_of(brain, [(plaque, replace(bare, **changes))])[plaque.box]
        for changes in ({}, {"vein": True}, {"iron_rim": True})
    )
    vein = vein_share(plaque, brain.grid) == vein_share(plaque, brain.grid).max()
    assert veined[vein].mean() < 0.95 * plain[vein].mean()
    shell = rim_share(plaque, brain.grid) >= 0.5
    assert rimmed[shell].mean() < 0.97 * plain[shell].mean()


def test_the_field_of_a_ball_is_that_of_a_dipole():
    """Outside a ball of radius a along the field: chi/3 (a/r)^3 (3 cos^2 - 1)."""
    brain = ball_brain(2.0, ventricle=False)
    ball = ovoid(brain, np.zeros(3), np.array([1.0, 0, 0]), 16.0, 1.0, site="x")
    radians = 267.522 * 3.0 * 0.020 * 1000
    full = replace(ball, fraction=(ball.fraction >= 0.5).astype(np.float32))
    shell = rim_share(full, brain.grid)
    moment = RIM_PPM * shell.sum() * brain.grid.voxel_volume_mm3 / (4 / 3 * np.pi)
    phase = phase_of(brain, [(full, Appearance(MS_PLAQUE, MS_PLAQUE, iron_rim=True))])
    above, beside = phase[24, 24, 24 + 9], phase[24 + 9, 24, 24]
    expected = radians * moment / 3 / 18.0**3
    assert above == pytest.approx(2 * expected, rel=0.15)
    assert beside == pytest.approx(-expected, rel=0.15)


def test_another_protocol_changes_the_contrast_of_tissue():
    from lesionaid.simulate.acquisition import OTHER_SCANNER

    def ratio(pulse):
        return signal(pulse, MS_PLAQUE) / signal(pulse, WHITE_MATTER)

    here, there = (ratio(pulses[Contrast.FLAIR]) for pulses in (PROTOCOL, OTHER_SCANNER.pulses))
    assert there > 1.1
    assert abs(there / here - 1) > 0.05
