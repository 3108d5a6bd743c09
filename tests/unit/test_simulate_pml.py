from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, label

from lesionaid.simulate.lesions import CONNECTIVITY, label_map, occupied_by
from lesionaid.simulate.ms import ms_lesions
from lesionaid.simulate.pml import pml_course
from lesionaid.simulate.pml_dots import GAP_MM, satellites
from lesionaid.simulate.pml_front import RIM_MM, volume_before
from tests.unit.simulate_phantom import CORTEX_MM, ball_brain, radius_mm

VOLUME = 8000.0


@pytest.fixture(scope="module")
def brain():
    return ball_brain()


@pytest.fixture(scope="module")
def plaques(brain):
    return ms_lesions(brain, np.random.default_rng(1), 8)


@pytest.fixture(scope="module")
def occupied(brain, plaques):
    return occupied_by(brain.grid.shape, plaques)


@pytest.fixture(scope="module")
def course(brain, occupied):
    found = pml_course(brain, np.random.default_rng(5), VOLUME, occupied=occupied)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def main(course):
    return course.lesion(VOLUME)


def on_grid(brain, lesion):
    whole = np.zeros(brain.grid.shape, dtype=bool)
    whole[lesion.box] = lesion.mask
    return whole


def test_volume_is_what_was_asked_for(main):
    assert main.mask.sum() == pytest.approx(VOLUME, rel=0.01)


def test_an_earlier_lesion_lies_inside_the_later_one(course, main):
    earlier = course.lesion(volume_before(VOLUME, 3.0))
    assert earlier.mask.sum() == pytest.approx(VOLUME / 1.628**3, rel=0.02)
    assert not np.any(earlier.mask & ~main.mask)


def test_growth_compounds():
    assert volume_before(1628.0, 1.0) == pytest.approx(1000.0)
    assert volume_before(volume_before(5000.0, 1.5), 1.5) == pytest.approx(
        volume_before(5000.0, 3.0)
    )


def test_the_front_keeps_off_ventricle_and_other_lesions(brain, occupied, main):
    mask = on_grid(brain, main)
    assert brain.ventricle_mm[mask].min() >= 10.0
    assert brain.csf[mask].max() <= 0.5
    assert distance_transform_edt(~occupied)[mask].min() > GAP_MM


def test_it_starts_under_the_cortex_and_spares_it(brain, main):
    mask = on_grid(brain, main)
    radius = radius_mm(brain.grid)
    assert radius[mask].max() < CORTEX_MM + 2.0
    assert brain.cortex_mm[mask].min() <= 1.0
    assert brain.gray[mask].mean() < 0.15


def test_an_involved_cortex_is_run_into(brain):
    spared, involved = (
        pml_course(brain, np.random.default_rng(5), VOLUME, cortical=cortical)
        for cortical in (False, True)
    )
    shares = [
        brain.gray[on_grid(brain, course.lesion(VOLUME))].mean() for course in (spared, involved)
    ]
    assert shares[1] > 2 * shares[0]
    assert shares[1] > 0.05


def test_the_border_is_wide_in_white_matter_and_sharp_at_the_cortex(brain, main):
    edge = (main.fraction > 0.05) & (main.fraction < 0.95)
    slope = np.linalg.norm(np.gradient(main.fraction), axis=0)
    at_cortex = brain.cortex_mm[main.box] < 0.6
    deep = brain.cortex_mm[main.box] > 4.0
    assert np.median(slope[edge & at_cortex]) > 1.5 * np.median(slope[edge & deep])


def test_the_rim_is_the_outer_part(brain, main):
    depth = distance_transform_edt(main.mask, sampling=brain.grid.spacing_mm)
    assert np.all(main.rim[main.mask & (depth <= RIM_MM)] == 1)
    assert np.all(main.rim[depth >= RIM_MM + 1] == 0)
    assert np.any(depth >= RIM_MM + 1)


def test_satellites_are_small_near_and_apart(brain, plaques, occupied, main):
    dots = satellites(brain, np.random.default_rng(2), main, 6, occupied=occupied)
    assert len(dots) == 6
    to_main = distance_transform_edt(~on_grid(brain, main), sampling=brain.grid.spacing_mm)
    for dot in dots:
        volume = np.count_nonzero(dot.mask) * brain.grid.voxel_volume_mm3
        assert 3.0 < volume < np.pi / 6 * 125
        assert GAP_MM < to_main[on_grid(brain, dot)].min() < 20.0
    together = label_map(brain, [*plaques, main, *dots]) > 0
    assert label(together, structure=CONNECTIVITY)[1] == len(plaques) + 1 + len(dots)


def test_a_satellite_has_the_volume_of_its_ball(brain, main):
    dots = satellites(
        brain, np.random.default_rng(9), main, 10, occupied=np.zeros(brain.grid.shape, bool)
    )
    sums = sum(float(dot.fraction.sum()) for dot in dots)
    asked = sum(np.pi / 6 * dot.diameter_mm**3 for dot in dots)
    # A linear edge a voxel wide adds r t^2 pi / 3 to a ball: a tenth for these.
    assert sums == pytest.approx(asked, rel=0.15)


def test_no_room_no_lesion(brain):
    full = replace(brain, csf=np.ones_like(brain.csf))
    assert pml_course(full, np.random.default_rng(1), VOLUME) is None
    everywhere = np.ones(brain.grid.shape, dtype=bool)
    assert pml_course(brain, np.random.default_rng(1), VOLUME, occupied=everywhere) is None


def test_same_seed_same_lesion(brain, occupied, main):
    again = pml_course(brain, np.random.default_rng(5), VOLUME, occupied=occupied)
    assert again.lesion(VOLUME).fraction.tobytes() == main.fraction.tobytes()
