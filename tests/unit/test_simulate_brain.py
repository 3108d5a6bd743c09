from __future__ import annotations

import numpy as np
import pytest

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.geometry import Grid
from lesionaid.simulate.brain import (
    Brain,
    BrainSettings,
    _thinned,
    brain_from_anatomy,
    make_brain,
    template_brain,
)
from lesionaid.simulate.fields import signed_distance_mm, smooth_noise
from tests.unit.simulate_phantom import radius_mm


def make(seed: int = 1, **settings):
    return make_brain(np.random.default_rng(seed), BrainSettings(spacing_mm=3.0, **settings))


@pytest.fixture(scope="module")
def brain():
    return make()


def test_tissues_add_up_inside_and_vanish_outside(brain):
    total = brain.white + brain.gray + brain.csf
    assert total.max() <= 1 + 1e-5
    assert np.median(total[brain.inside]) == pytest.approx(1.0, abs=1e-5)
    assert total[0].max() == 0
    assert total[:, :, -1].max() == 0


def test_it_has_the_size_of_a_living_brain(brain):
    ml = brain.grid.voxel_volume_mm3 / 1000
    assert 1000 < (brain.white + brain.gray).sum() * ml < 1400
    assert 8 < np.count_nonzero(brain.ventricle_mm < 0) * ml < 40


def test_scale_acts_as_the_cube_of_length():
    plain = {"warp_mm": 0.0, "rotation_deg": 0.0}
    large, small = make(native_scale=1.0, **plain), make(native_scale=0.8, **plain)
    ratio = small.white.sum() / large.white.sum()
    assert ratio == pytest.approx(0.8**3, rel=0.02)


def test_ventricles_grow_when_told_to(brain):
    wide = make(ventricle_mm=3.0)
    sizes = [np.count_nonzero(b.ventricle_mm < 0) for b in (brain, wide)]
    assert sizes[1] > 1.2 * sizes[0]
    assert (wide.white + wide.gray).sum() < (brain.white + brain.gray).sum()


def test_the_deformation_does_not_fold(brain):
    columns = [np.stack(np.gradient(brain.mni_mm[..., a], 3.0), axis=-1) for a in range(3)]
    jacobian = np.linalg.det(np.stack(columns, axis=-2))
    assert jacobian[brain.inside].min() > 0.3 / 0.9**3


def test_the_seed_decides_everything(brain):
    again, other = make(1), make(2)
    assert again.white.tobytes() == brain.white.tobytes()
    assert again.mni_mm.tobytes() == brain.mni_mm.tobytes()
    assert not np.array_equal(other.white, brain.white)


def test_the_template_itself_keeps_its_coordinates_and_scales_its_lengths():
    grid = Grid(
        (40, 48, 40), np.array([[4.0, 0, 0, -78], [0, 4, 0, -110], [0, 0, 4, -68], [0, 0, 0, 1]])
    )
    one, small = template_brain(grid), template_brain(grid, 0.85)
    voxel = np.array([20, 24, 22])
    assert one.mni_mm[tuple(voxel)] == pytest.approx(grid.to_mm(voxel))
    assert small.mni_mm[tuple(voxel)] == pytest.approx(grid.to_mm(voxel))
    assert small.grid.spacing_mm == pytest.approx((3.4, 3.4, 3.4))
    assert np.array_equal(one.white, small.white)
    assert small.ventricle_mm[tuple(voxel)] == pytest.approx(
        0.85 * one.ventricle_mm[tuple(voxel)], rel=1e-5
    )


def test_left_and_right_stay_put():
    """White matter lies on both sides of the midline; the origin is inside the brain."""
    brain = make(warp_mm=0.0, rotation_deg=0.0)
    x = brain.grid.to_mm(np.argwhere(brain.white > 0.5))[:, 0]
    assert x.mean() == pytest.approx(0.0, abs=1.5)
    assert 50 < x.max() < 70
    assert -70 < x.min() < -50


def test_an_anatomy_map_becomes_a_brain():
    grid = Grid((4, 4, 4), np.eye(4))
    sites = np.zeros(grid.shape, dtype=np.uint8)
    sites[1, 1, 1], sites[1, 1, 2], sites[1, 2, 1], sites[2, 1, 1] = 5, 4, 1, 9
    distances = {
        "lateral_ventricle": np.full(grid.shape, 10.0, dtype=np.float32),
        "cortex": np.full(grid.shape, 2.0, dtype=np.float32),
    }
    anatomy = AnatomyMap(grid, sites, np.zeros_like(sites), distances, None, "template", None, {})
    brain = brain_from_anatomy(anatomy, 0.5)
    assert brain.white[1, 1, 1] == 1
    assert brain.gray[1, 1, 2] == 1
    assert brain.csf[1, 2, 1] == 1
    assert brain.infratentorial[2, 1, 1]
    assert brain.inside.sum() == 4
    assert brain.ventricle_mm[0, 0, 0] == 5
    assert brain.cortex_mm[0, 0, 0] == 1
    assert brain.grid.voxel_volume_mm3 == pytest.approx(0.125)


def test_distance_to_a_ball_is_radius_less_radius():
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[:3, 3] = [-20, -20, -20]
    grid = Grid((41, 41, 21), affine)
    radius = radius_mm(grid)
    distance = signed_distance_mm(radius < 9, grid)
    away = np.abs(radius - 9) > 2
    assert np.abs(distance - (radius - 9))[away].max() < 1.6
    assert np.all(distance[radius < 9] < 0)
    assert np.isinf(signed_distance_mm(np.zeros(grid.shape, bool), grid)).all()


def test_noise_is_smooth_and_of_unit_variance():
    grid = Grid((60, 50, 40), np.eye(4))
    noise = smooth_noise(np.random.default_rng(1), grid, knot_mm=10.0)
    assert noise.shape == grid.shape
    assert noise.mean() == pytest.approx(0, abs=1e-5)
    assert noise.std() == pytest.approx(1, abs=1e-5)
    assert np.abs(np.diff(noise, axis=0)).mean() < 0.15


def test_atrophy_thins_the_cortex_from_outside():
    whole, thinned = (
        make_brain(np.random.default_rng(4), BrainSettings(spacing_mm=2.0, atrophy_mm=loss))
        for loss in (0.0, 0.8)
    )
    np.testing.assert_array_equal(whole.white, thinned.white)
    assert np.allclose(
        thinned.white + thinned.gray + thinned.csf, whole.white + whole.gray + whole.csf, atol=1e-5
    )
    cortex = (whole.cortex_mm <= 0) & ~whole.infratentorial
    lost = (whole.gray - thinned.gray)[cortex].sum() / whole.gray[cortex].sum()
    # Less than 0.8 mm of a ribbon of 2 to 3 mm: narrow sulci hold no voxel of fluid.
    assert 0.05 < lost < 0.45
    assert (whole.gray - thinned.gray >= -1e-6).all()
    deep = whole.cortex_mm > 1.0
    np.testing.assert_array_equal(whole.gray[deep], thinned.gray[deep])


def test_atrophy_of_a_flat_cortex_is_its_thickness():
    """A slab of 4 voxels of cortex under fluid loses just what was asked for."""
    shape = (12, 12, 12)
    grid = Grid(shape, np.eye(4))
    k = np.broadcast_to(np.arange(12), shape)
    white, gray, csf = ((k < 5), (k >= 5) & (k < 9), (k >= 9))
    inside = [part.astype(np.float32) for part in (white, gray, csf)]
    far = np.full(shape, np.inf, np.float32)
    cortex_mm = signed_distance_mm(gray, grid)
    brain = Brain(grid, *inside, far, cortex_mm, np.zeros(shape, bool))
    for loss in (0.3, 1.0, 1.6):
        thinned = _thinned(brain, loss)
        column = thinned.gray[6, 6].sum()
        assert column == pytest.approx(4 - loss, abs=1e-5)
