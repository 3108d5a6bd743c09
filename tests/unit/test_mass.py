"""Midline, fluid and halo of brains that are pushed, emptied or brightened by known amounts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.halo import halo_measurements
from lesionaid.features.mass import mass_measurements, midline_shift_mm, to_voxel_of_mni
from lesionaid.features.reference_tissue import normal_white_matter
from lesionaid.features.surroundings import surroundings
from lesionaid.features.voxels import lesion_voxels
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Reason, Unknown, Value
from lesionaid.study.scan import Contrast
from tests.signs.kit import FINE, PhantomStudy, ball, brain, image
from tests.signs.kit import study as phantom_study
from tests.unit.anatomy_phantom import SITE, grid_of, positions
from tests.unit.lesion_phantoms import number


def pushed(by_mm: float) -> AnatomyMap:
    """A long head whose midline bulges by `by_mm` to the right at the septum."""
    grid = grid_of((1.0, 2.0, 2.0), (20.0, 80.0, 40.0))
    mm = positions(grid)
    bulge = by_mm * np.exp(-((mm[..., 1] / 25.0) ** 4))
    mni = mm.copy()
    mni[..., 0] -= bulge
    volume = np.full(grid.shape, SITE["white_matter"], dtype=np.uint8)
    base = brain(FINE)
    return replace(base, grid=grid, sites=volume, mni_mm=mni.astype(np.float32))


@pytest.mark.parametrize("by_mm", [-6.0, 0.0, 3.0, 8.0])
def test_a_bulge_of_the_midline_is_measured(by_mm: float) -> None:
    shift = midline_shift_mm(pushed(by_mm))
    assert not isinstance(shift, Unknown)
    assert shift == pytest.approx(by_mm, abs=0.15 * abs(by_mm) + 0.2)


def test_a_tilted_head_has_no_shift() -> None:
    anatomy = pushed(0.0)
    assert anatomy.mni_mm is not None
    mni = anatomy.mni_mm.copy()
    mni[..., 0] += 0.08 * mni[..., 1] - 0.05 * mni[..., 2] + 2.0
    shift = midline_shift_mm(replace(anatomy, mni_mm=mni))
    assert not isinstance(shift, Unknown)
    assert abs(shift) < 0.3


def test_the_map_of_coordinates_is_turned_round() -> None:
    anatomy = pushed(5.0)
    assert anatomy.mni_mm is not None
    voxel = np.argwhere(np.ones(anatomy.grid.shape, dtype=bool))[::977]
    mni = anatomy.mni_mm[tuple(voxel.T)].astype(float)
    inner = np.abs(mni[:, 0]) < 10.0
    back = to_voxel_of_mni(anatomy, mni[inner])
    assert np.abs(back - voxel[inner]).max() <= 1


def lesion_in(sites_changed: np.ndarray | None = None, halo: float = 0.0) -> PhantomStudy:
    """A lesion of 8 mm radius; a ring of 6 mm about it is brighter by `halo`."""
    mask = ball(FINE, (14, 15, 0), 8.0)
    about = ball(FINE, (14, 15, 0), 14.0) & ~mask & (brain(FINE).sites == SITE["white_matter"])
    flair = image(FINE, Contrast.FLAIR, (mask, 190.0), (about, 100.0 + halo), noise_sd=4.0)
    anatomy = brain(FINE)
    if sites_changed is not None:
        anatomy = replace(anatomy, sites=sites_changed)
    return phantom_study(FINE, mask, {Contrast.FLAIR: flair}, anatomy=anatomy)


def measured(phantom: PhantomStudy) -> dict[str, Value]:
    assert phantom.anatomy is not None
    voxels = lesion_voxels(phantom.lesions, phantom.anatomy.grid)
    around = surroundings(voxels)
    tissue = normal_white_matter(phantom.anatomy, voxels)
    rows, whole = mass_measurements(phantom.anatomy, phantom.lesions, around, SizeScale())
    halo = halo_measurements(phantom.study, phantom.anatomy, tissue, around, phantom.lesions)
    return {**rows[1], **halo[1], **whole}


def test_fluid_beside_the_lesion_is_held_against_the_other_side() -> None:
    sites = brain(FINE).sites.copy()
    emptied = ball(FINE, (14, 15, 0), 16.0) & (sites == SITE["white_matter"])
    assert number(measured(lesion_in())["csf_beside_excess"]) == pytest.approx(0.0, abs=0.01)
    here = np.where(emptied, SITE["csf"], sites).astype(np.uint8)
    there = np.where(emptied[::-1], SITE["csf"], sites).astype(np.uint8)
    more = number(measured(lesion_in(here))["csf_beside_excess"])
    less = number(measured(lesion_in(there))["csf_beside_excess"])
    assert more > 0.3
    assert less == pytest.approx(-more, abs=0.02)
    assert measured(lesion_in(there))["mass_effect"] == Category("yes")


@pytest.mark.parametrize(("halo", "low", "high"), [(0.0, 0.0, 0.1), (40.0, 0.9, 1.0)])
def test_a_bright_ring_is_a_halo(halo: float, low: float, high: float) -> None:
    assert low <= number(measured(lesion_in(halo=halo))["halo_fraction"]) <= high


def test_without_registration_nothing_is_said_of_the_midline() -> None:
    phantom = lesion_in()
    assert phantom.anatomy is not None
    unregistered = replace(phantom, anatomy=replace(phantom.anatomy, source="mni"))
    for name in ("midline_shift_mm", "csf_beside_excess", "mass_effect"):
        value = measured(unregistered)[name]
        assert isinstance(value, Unknown)
        assert value.reason is Reason.LOW_QUALITY or name == "midline_shift_mm"
