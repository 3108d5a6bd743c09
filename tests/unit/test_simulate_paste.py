from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, label

from lesionaid.geometry import Grid, to_ras
from lesionaid.simulate.brain import template_brain
from lesionaid.simulate.contrast import PROTOCOL, signal
from lesionaid.simulate.lesions import CONNECTIVITY, occupied_by
from lesionaid.simulate.ms import ms_lesions
from lesionaid.simulate.paste import VOLUME_MM3, paste_lesion
from lesionaid.simulate.scan_tissue import with_scan_tissue
from lesionaid.simulate.tissue import PML_CORE, WHITE_MATTER
from lesionaid.study.scan import Contrast
from tests.shared_data import shared_data
from tests.unit.simulate_phantom import ball_brain

WHITE, LESION = 640.0, 910.0


@pytest.fixture(scope="module")
def brain():
    return ball_brain()


@pytest.fixture(scope="module")
def mask(brain):
    plaques = ms_lesions(brain, np.random.default_rng(6), 8)
    return occupied_by(brain.grid.shape, plaques)


@pytest.fixture(scope="module")
def scan(brain, mask):
    rng = np.random.default_rng(0)
    clean = np.where(mask, LESION, WHITE * brain.white + 720.0 * brain.gray)
    noisy = clean + 12.0 * rng.standard_normal(clean.shape)
    return np.where(brain.inside, noisy, 0).astype(np.float32)


@pytest.fixture(scope="module")
def pasted(brain, mask, scan):
    return paste_lesion({Contrast.FLAIR: scan}, mask, brain, 3)


def test_the_lesion_is_where_it_says(brain, pasted):
    assert len(pasted.truth) >= 4
    for truth in pasted.truth:
        voxels = np.argwhere(pasted.labels == truth.label)
        assert len(voxels) == truth.n_voxels
        assert truth.centroid_mm == pytest.approx(
            tuple(brain.grid.to_mm(voxels.mean(axis=0))), abs=0.01
        )
    assert truth.role == "satellite"
    main = pasted.truth[0]
    assert main.role == "main"
    assert VOLUME_MM3[0] * 0.95 < main.volume_mm3 < VOLUME_MM3[1] * 1.05
    assert main.cortex_mm <= 2.0
    assert main.ventricle_mm >= 10.0


def test_it_does_not_touch_what_is_there(mask, pasted):
    new = pasted.labels > 0
    assert not np.any(new & mask)
    assert distance_transform_edt(~mask)[new].min() > 2.0
    assert np.array_equal(pasted.mask, mask | new)
    before, after = (label(m, structure=CONNECTIVITY)[1] for m in (mask, pasted.mask))
    assert after == before + len(pasted.truth)


def test_its_signal_is_that_of_the_scans_own_lesions(scan, mask, pasted):
    painted = pasted.scans[Contrast.FLAIR]
    core = distance_transform_edt(pasted.labels == 1) > 4
    assert core.sum() > 100
    assert np.median(painted[core]) == pytest.approx(np.median(scan[mask]), rel=0.02)
    assert painted[core].std() == pytest.approx(12.0, rel=0.25)


def test_everything_else_stays_as_it_was(scan, pasted):
    # The ill-defined border reaches a few mm beyond the mask.
    far = distance_transform_edt(pasted.labels == 0) > 10
    assert far.mean() > 0.5
    assert np.array_equal(pasted.scans[Contrast.FLAIR][far], scan[far])


def test_without_lesions_the_published_ratio_is_taken(brain, scan, mask):
    plain = np.where(mask, WHITE, scan).astype(np.float32)
    pasted = paste_lesion({Contrast.FLAIR: plain}, np.zeros_like(mask), brain, 3)
    pulse = PROTOCOL[Contrast.FLAIR]
    expected = WHITE * signal(pulse, PML_CORE) / signal(pulse, WHITE_MATTER)
    core = distance_transform_edt(pasted.labels == 1) > 5
    assert np.median(pasted.scans[Contrast.FLAIR][core]) == pytest.approx(expected, rel=0.03)


def test_a_mask_alone_is_enough_and_lengths_are_the_patients(brain, mask):
    scale = 0.85
    grid = brain.grid
    affine = grid.affine.copy()
    affine[:3] *= scale
    patient = replace(
        brain,
        grid=Grid(grid.shape, affine),
        ventricle_mm=brain.ventricle_mm * np.float32(scale),
        cortex_mm=brain.cortex_mm * np.float32(scale),
    )
    pasted = paste_lesion({}, mask, patient, 4, native_scale=scale)
    assert pasted.scans == {}
    for truth in pasted.truth:
        assert truth.volume_mm3 == pytest.approx(truth.n_voxels * scale**3, rel=1e-3)
        voxels = np.argwhere(pasted.labels == truth.label)
        # Where it lies is told in the scan's own mm.
        assert truth.centroid_mm == pytest.approx(tuple(grid.to_mm(voxels.mean(axis=0))), abs=0.01)


def test_the_seed_decides(brain, mask, pasted):
    again, other = (paste_lesion({}, mask, brain, seed) for seed in (3, 5))
    assert np.array_equal(again.labels, pasted.labels)
    assert not np.array_equal(other.labels, pasted.labels)


def test_no_room_is_said(brain):
    with pytest.raises(ValueError, match="no room"):
        paste_lesion({}, np.ones(brain.grid.shape, dtype=bool), brain, 1)


@pytest.mark.real
def test_a_real_mask_gets_a_lesion():
    import nibabel as nib

    image = nib.load(shared_data() / "open_ms_masks_mni" / "patient19_lesions.nii.gz")
    mask, affine = to_ras(np.asarray(image.dataobj) > 0, image.affine)
    brain = template_brain(Grid(mask.shape, affine), 0.83)
    pasted = paste_lesion({}, mask, brain, 1, native_scale=0.83)
    assert not np.any(mask & (pasted.labels > 0))
    assert pasted.truth[0].ventricle_mm >= 10
    assert len(pasted.truth) >= 4


def test_a_t1w_tells_the_tissue(brain, mask):
    """A map whose cortex is 1 mm too far out is set right by the scan."""
    levels = 240.0 * brain.white + 145.0 * brain.gray + 10.0 * brain.csf
    t1w = np.where(mask, 150.0, levels).astype(np.float32)
    shifted = replace(brain, cortex_mm=brain.cortex_mm + 1.0)
    tissue = with_scan_tissue(shifted, t1w, mask)
    apart = (np.abs(brain.cortex_mm) > 1) & (brain.ventricle_mm > 1) & brain.inside
    apart &= ~(distance_transform_edt(~mask) < 3)
    apart &= ~(distance_transform_edt(brain.inside) < 3)
    assert np.abs(tissue.white - brain.white)[apart].max() < 0.1
    assert np.abs(tissue.gray - brain.gray)[apart].max() < 0.1
    assert np.abs(tissue.cortex_mm - brain.cortex_mm)[apart & (brain.white == 1)].max() < 0.6
    assert np.all(tissue.csf[brain.ventricle_mm < 0] == 1)


def test_a_t1w_without_order_changes_nothing(brain, mask):
    flat = np.full(brain.grid.shape, 100.0, dtype=np.float32)
    assert with_scan_tissue(brain, flat, mask) is brain


def test_sulci_stay_open(brain, mask):
    sulcus = np.zeros(brain.grid.shape, dtype=bool)
    sulcus[:, 48:50, :] = True
    sulcus &= (brain.cortex_mm < 12) & brain.inside & ~mask
    levels = 240.0 * brain.white + 145.0 * brain.gray + 10.0 * brain.csf
    levels[sulcus] = 10.0
    t1w = np.where(mask, 150.0, levels).astype(np.float32)
    flair = np.where(sulcus, 5.0, np.where(mask, LESION, WHITE)).astype(np.float32)
    for seed in range(30, 36):
        pasted = paste_lesion({Contrast.T1W: t1w, Contrast.FLAIR: flair}, mask, brain, seed)
        assert not np.any(pasted.labels[sulcus])
        assert np.median(pasted.scans[Contrast.FLAIR][sulcus]) == pytest.approx(5.0)
