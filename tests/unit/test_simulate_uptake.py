from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lesionaid.simulate.halo import OEDEMA_MM, OEDEMA_SHARE, with_oedema
from lesionaid.simulate.pml_look import CYST_MM, pml_look, with_band, with_cysts
from lesionaid.simulate.shapes import Look, cloud, volume_mm3
from lesionaid.simulate.uptake import (
    border_pieces,
    centroid_mm,
    even_ring,
    opened,
    soft_patches,
    spots,
    surface_mm,
    towards_cortex,
)
from tests.unit.simulate_phantom import ball_brain

RADIUS = 11.0
CENTRE = np.array([24.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def brain():
    return ball_brain()


@pytest.fixture(scope="module")
def ball(brain):
    look = Look("tumefactive", "x", edge_mm=1.5, roughness=0.0)
    return cloud(brain, np.random.default_rng(0), CENTRE, 2 * RADIUS, look)


def offset(brain, lesion):
    index = np.moveaxis(np.indices(lesion.fraction.shape), 0, -1)
    corner = [side.start for side in lesion.box]
    return brain.grid.to_mm(index + corner) - CENTRE


def test_depth_is_radius_less_distance(brain, ball):
    distance = np.linalg.norm(offset(brain, ball), axis=-1)
    depth = surface_mm(brain, ball)
    assert np.abs(depth - (RADIUS - distance))[ball.mask].max() < 1.0


def test_an_even_ring_has_one_width_all_round(brain, ball):
    ring = even_ring(brain, ball, 3.0) * ball.mask
    expected = 4 / 3 * np.pi * (RADIUS**3 - (RADIUS - 3.0) ** 3)
    # Distances between voxel centres run up to half a voxel short of the surface, a tenth here.
    assert ring.sum() == pytest.approx(expected, rel=0.15)
    directions = offset(brain, ball)
    for axis in range(3):
        for side in (-1, 1):
            cone = side * directions[..., axis] > 0.8 * np.linalg.norm(directions, axis=-1)
            assert ring[cone].sum() == pytest.approx(0.1 * ring.sum(), rel=0.1)


def test_a_bumpy_surface_breaks_no_ring(brain):
    look = Look("tumefactive", "x", edge_mm=1.5, roughness=0.09)
    lesion = cloud(brain, np.random.default_rng(4), CENTRE, 2 * RADIUS, look)
    ring = even_ring(brain, lesion, 2.5)
    depth = surface_mm(brain, lesion)
    assert ring[(depth > 0.6) & (depth < 1.4)].min() > 0.3


@pytest.mark.parametrize("half_angle", [45.0, 65.0])
def test_a_ring_is_open_by_the_angle_that_was_asked_for(brain, ball, half_angle):
    ring = even_ring(brain, ball, 3.0)
    direction = towards_cortex(brain, ball)
    assert direction[0] > 0.95  # the nearest cortex lies further along the first axis
    arc = opened(brain, ball, ring, direction, half_angle)
    gone = 1 - (arc * ball.mask).sum() / (ring * ball.mask).sum()
    assert gone == pytest.approx((1 - np.cos(np.deg2rad(half_angle))) / 2, abs=0.03)
    angle = np.rad2deg(
        np.arccos(
            np.clip(
                (offset(brain, ball) @ direction)
                / np.maximum(np.linalg.norm(offset(brain, ball), axis=-1), 1e-6),
                -1,
                1,
            )
        )
    )
    there = ball.mask & (ring > 0.5)
    assert arc[there & (angle < half_angle - 6)].max() == 0
    assert np.array_equal(
        arc[there & (angle > half_angle + 6)], ring[there & (angle > half_angle + 6)]
    )


def test_the_middle_is_the_middle(brain, ball):
    assert centroid_mm(brain, ball) == pytest.approx(CENTRE, abs=0.1)


def test_border_pieces_keep_to_about_half_of_the_border(brain, ball):
    band = border_pieces(brain, np.random.default_rng(1), ball)
    depth = surface_mm(brain, ball)
    edge = (depth > 0.5) & (depth < 2.5)
    assert 0.3 < (band[edge] > 0.4).mean() < 0.7
    assert band[depth > 7].max() < 0.01


def test_patches_are_soft_and_fade_inwards(brain, ball):
    field = soft_patches(brain, np.random.default_rng(1), ball, reach_mm=8.0)
    assert field.min() >= 0
    assert field.max() <= 1
    steps = np.abs(np.diff(field, axis=0))[ball.mask[1:] & ball.mask[:-1]]
    assert steps.max() < 0.5
    depth = surface_mm(brain, ball)
    assert field[(depth > 0) & (depth < 4)].mean() > field[depth > 8].mean()


def test_spots_are_small_and_at_the_border(brain, ball):
    field = spots(brain, np.random.default_rng(3), ball, 6, reach_mm=4.0)
    from scipy.ndimage import label

    blobs, count = label(field > 0.5)
    assert 3 <= count <= 6
    assert np.bincount(blobs.ravel())[1:].max() * brain.grid.voxel_volume_mm3 < 65
    assert surface_mm(brain, ball)[field > 0.9].max() < 6


def test_no_place_no_spot(brain, ball):
    empty = replace(ball, fraction=np.zeros_like(ball.fraction))
    assert not spots(brain, np.random.default_rng(0), empty, 4).any()


def test_oedema_stays_outside_the_mask_and_in_white_matter(brain, ball):
    halo = with_oedema(brain, ball)
    assert volume_mm3(brain, halo) == volume_mm3(brain, ball)
    outside = halo.fraction[~halo.mask & (halo.fraction > 0)]
    assert outside.max() < 0.5
    depth = surface_mm(brain, halo)
    white = brain.white[halo.box] > 0.99
    middle = white & (depth < -OEDEMA_MM / 2 + 0.6) & (depth > -OEDEMA_MM / 2 - 0.6)
    assert halo.fraction[middle].mean() == pytest.approx(OEDEMA_SHARE / 2, abs=0.04)
    assert halo.fraction[depth < -OEDEMA_MM - 0.5].max() == 0


def test_cysts_are_tiny_and_deep(brain, ball):
    holes = with_cysts(brain, np.random.default_rng(2), ball).cysts
    from scipy.ndimage import label

    blobs, count = label(holes >= 0.5, structure=np.ones((3, 3, 3)))
    assert 1 <= count <= 14
    assert np.median(np.bincount(blobs.ravel())[1:]) <= np.pi / 6 * (CYST_MM[1] + 1) ** 3
    assert surface_mm(brain, ball)[holes >= 0.5].min() > 0.5


def test_a_thin_lesion_has_no_cysts(brain):
    look = Look("pml", "x", roughness=0.0)
    thin = cloud(brain, np.random.default_rng(0), CENTRE, 6.0, look)
    assert with_cysts(brain, np.random.default_rng(0), thin).cysts is None


def test_the_band_follows_the_cortex_and_no_ring(brain):
    look = Look("pml", "x", edge_mm=1.5, roughness=0.0)
    lesion = cloud(brain, np.random.default_rng(0), np.array([32.0, 0, 0]), 20.0, look)
    iron = with_band(brain, lesion).iron
    cortex = brain.cortex_mm[lesion.box]
    assert iron[(cortex > 3) | (cortex < -2)].max() == 0
    assert iron[lesion.mask & (np.abs(cortex - 0.5) < 0.6)].min() > 0.5


def test_a_lesion_that_is_not_bright_on_diffusion_has_water_that_moves():
    bright, dull = (pml_look(dwi_bright=flag, t1_dark=True) for flag in (True, False))
    assert dull.rim.adc > bright.rim.adc
    assert pml_look(dwi_bright=True, t1_dark=True, burnt_out=True).rim.adc > dull.rim.adc
    assert pml_look(dwi_bright=True, t1_dark=False).core.t1_ms < bright.core.t1_ms
