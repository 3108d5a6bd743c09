from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from lesionaid.simulate.acquisition import SCANNER, render
from lesionaid.simulate.contrast import PROTOCOL, Pulse, signal
from lesionaid.simulate.ms import ovoid
from lesionaid.simulate.tissue import (
    CSF,
    GRAY_MATTER,
    MS_PLAQUE,
    PML_CORE,
    PML_RIM,
    WHITE_MATTER,
    Appearance,
    ms_appearance,
    pml_appearance,
)
from lesionaid.study.scan import Contrast
from tests.unit.simulate_phantom import ball_brain

PLAQUE_MM = np.array([24.0, 0.0, 0.0])
CENTRE = (48 // 2 + 12, 24, 24)
"""Voxel of PLAQUE_MM on the 2 mm phantom."""


@pytest.fixture(scope="module")
def brain():
    return ball_brain(2.0)


@pytest.fixture(scope="module")
def plaque(brain):
    lesion = ovoid(brain, PLAQUE_MM, np.array([1.0, 0, 0]), 20.0, 1.0, site="x")
    rim = np.zeros_like(lesion.fraction)
    rim[lesion.mask] = 1.0
    rim[tuple(c - s.start for c, s in zip(CENTRE, lesion.box, strict=True))] = 0.0
    return replace(lesion, rim=rim)


PLAIN = replace(SCANNER, noise=0.0, bias=0.0, white_matter_level=100.0, diffusion_factor=1.0)


def clean(brain, lesions, contrast, **changes):
    acquisition = replace(PLAIN, **changes)
    return render(brain, lesions, contrast, np.random.default_rng(0), acquisition)


def test_signal_is_the_closed_formula():
    spin = Pulse(2000.0, 50.0)
    assert signal(spin, WHITE_MATTER) == pytest.approx(
        0.70 * math.exp(-50 / 79.6) * (1 - math.exp(-2000 / 832))
    )
    weighted = replace(spin, b=1000.0)
    assert signal(weighted, CSF) / signal(spin, CSF) == pytest.approx(math.exp(-3.0))


def test_inversion_nulls_what_it_should():
    long = Pulse(1e9, 0.0, CSF.t1_ms * math.log(2))
    assert signal(long, CSF) == pytest.approx(0, abs=1e-9)


def order(contrast, *tissues):
    levels = [signal(PROTOCOL[contrast], tissue) for tissue in tissues]
    return levels == sorted(levels, reverse=True)


def test_tissues_rank_as_on_real_scans():
    assert order(Contrast.T1W, WHITE_MATTER, MS_PLAQUE, GRAY_MATTER, CSF)
    assert order(Contrast.T2W, CSF, PML_CORE, MS_PLAQUE, GRAY_MATTER, WHITE_MATTER)
    assert order(Contrast.FLAIR, PML_RIM, MS_PLAQUE, GRAY_MATTER, WHITE_MATTER, CSF)
    assert order(Contrast.DWI, PML_RIM, MS_PLAQUE, PML_CORE, CSF)
    assert signal(PROTOCOL[Contrast.DWI], PML_RIM) > 1.2 * signal(PROTOCOL[Contrast.DWI], PML_CORE)


def test_white_matter_has_the_level_that_was_asked_for(brain):
    image = clean(brain, (), Contrast.FLAIR, white_matter_level=60.0)
    assert image[24 + 10, 24, 24] == pytest.approx(60.0, rel=1e-5)
    assert image[0, 0, 0] == 0


def test_half_and_half_is_the_mean(brain):
    mixed = replace(brain, white=np.full_like(brain.white, 0.5), gray=np.full_like(brain.gray, 0.5))
    mixed = replace(mixed, csf=np.zeros_like(brain.csf))
    pulse = PROTOCOL[Contrast.T2W]
    expected = 50 * (1 + signal(pulse, GRAY_MATTER) / signal(pulse, WHITE_MATTER))
    assert clean(mixed, (), Contrast.T2W)[24, 24, 24] == pytest.approx(expected, rel=1e-5)


def test_a_lesion_takes_the_place_of_its_tissue(brain, plaque):
    lesions = [(plaque, Appearance(MS_PLAQUE, MS_PLAQUE))]
    image = clean(brain, lesions, Contrast.FLAIR)
    pulse = PROTOCOL[Contrast.FLAIR]
    ratio = signal(pulse, MS_PLAQUE) / signal(pulse, WHITE_MATTER)
    assert image[CENTRE] == pytest.approx(100 * ratio, rel=1e-4)
    without = clean(brain, (), Contrast.FLAIR)
    outside = np.ones(image.shape, dtype=bool)
    outside[plaque.box] = plaque.fraction == 0
    assert np.array_equal(image[outside], without[outside])


def test_core_and_rim_differ_on_dwi_and_adc(brain, plaque):
    lesions = [(plaque, pml_appearance())]
    dwi, adc = (clean(brain, lesions, c) for c in (Contrast.DWI, Contrast.ADC))
    beside = (CENTRE[0] + 2, CENTRE[1], CENTRE[2])
    assert dwi[beside] > 1.2 * dwi[CENTRE]
    assert adc[CENTRE] == pytest.approx(1000 * PML_CORE.adc, abs=1)
    assert adc[beside] == pytest.approx(1000 * PML_RIM.adc, abs=1)
    assert adc[10, 24, 24] == pytest.approx(1000 * WHITE_MATTER.adc, abs=1)


@pytest.mark.parametrize("pattern", ["nodular", "ring"])
def test_enhancement_shows_after_contrast_only(brain, plaque, pattern):
    appearance = replace(
        ms_appearance(np.random.default_rng(1), enhancement=pattern), enhancement=pattern
    )
    before = clean(brain, [(plaque, appearance)], Contrast.T1W)
    after = clean(brain, [(plaque, appearance)], Contrast.T1W_CE)
    gain = PROTOCOL[Contrast.T1W_CE].gain
    beside = (CENTRE[0] + 2, CENTRE[1], CENTRE[2])
    assert after[10, 24, 24] == pytest.approx(gain * before[10, 24, 24], rel=1e-5)
    assert after[beside] > 1.3 * gain * before[beside]
    if pattern == "ring":
        assert after[CENTRE] == pytest.approx(gain * before[CENTRE], rel=1e-4)
    else:
        assert after[CENTRE] > 1.3 * gain * before[CENTRE]


def test_noise_is_rician(brain):
    image = render(brain, (), Contrast.FLAIR, np.random.default_rng(3), replace(PLAIN, noise=0.05))
    white = image[(brain.white == 1) & (brain.cortex_mm > 4)]
    assert white.mean() == pytest.approx(100 + 5**2 / 200, abs=0.2)
    assert white.std() == pytest.approx(5.0, rel=0.05)


def test_bias_field_spans_what_was_asked_for(brain):
    flat = clean(brain, (), Contrast.T2W)
    image = render(brain, (), Contrast.T2W, np.random.default_rng(3), replace(PLAIN, bias=0.2))
    field = (image / np.where(flat > 0, flat, 1))[brain.inside]
    assert 0.9 - 1e-5 <= field.min() < 0.97
    assert 1.03 < field.max() <= 1.1 + 1e-5
