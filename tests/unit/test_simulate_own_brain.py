"""A user's brain as the base: labels of a phantom, and (slow) a real stripped scan."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from lesionaid.anatomy.regions import load_regions
from lesionaid.errors import AnalysisError
from lesionaid.simulate.generate import Order, make_dataset
from lesionaid.simulate.nmosd import nmosd_patient
from lesionaid.simulate.own_brain import ORIGIN, read_brain
from tests.shared_data import shared_data

FREESURFER = {
    "lateral_ventricle": 4, "third_ventricle": 14, "fourth_ventricle": 15, "cortex": 3,
    "white_matter": 2, "corpus_callosum": 251, "deep_gray_matter": 10, "brainstem": 16,
    "cerebellum": 8, "csf": 24,
}  # fmt: skip
SHIFT_MM = (7.0, -3.0, 12.0)

pytestmark = pytest.mark.slow  # a registration


@pytest.fixture(scope="module")
def labels(tmp_path_factory) -> Path:
    """The template's sites under FreeSurfer's numbers, every third mm, moved by SHIFT_MM."""
    from lesionaid.anatomy.map import SITES

    regions = load_regions()
    numbers = np.zeros(max(SITES) + 1, dtype=np.int16)
    for code, name in SITES.items():
        numbers[code] = FREESURFER[name]
    affine = regions.grid.affine.copy()
    affine[:3, 3] += SHIFT_MM
    affine[:3, :3] *= 3
    path = tmp_path_factory.mktemp("labels") / "aseg.nii.gz"
    nib.save(nib.Nifti1Image(numbers[regions.sites[::3, ::3, ::3]], affine), path)
    return path


@pytest.fixture(scope="module")
def brain(labels):
    return read_brain(labels, 3.0)


def test_tissue_is_that_of_the_labels(labels, brain):
    numbers = np.asanyarray(nib.load(labels).dataobj)
    voxel = 27.0
    for share, names in (
        (brain.white, ("white_matter", "corpus_callosum", "brainstem", "cerebellum")),
        (brain.gray, ("cortex", "deep_gray_matter")),
    ):
        asked = np.isin(numbers, [FREESURFER[name] for name in names]).sum() * voxel
        assert share.sum() * brain.grid.voxel_volume_mm3 == pytest.approx(asked, rel=0.02)
    assert (brain.ventricle_mm < 0).sum() > 0


def test_coordinates_are_those_before_the_labels_were_moved(brain):
    mm = brain.grid.to_mm(np.moveaxis(np.indices(brain.grid.shape), 0, -1))
    away = np.linalg.norm(mm - SHIFT_MM - brain.mni_mm, axis=-1)[brain.inside]
    assert np.median(away) < 2.0


def test_named_sites_are_found_in_it(brain):
    patient = nmosd_patient(brain, np.random.default_rng(1))
    assert patient.lesions


def test_files_say_whose_anatomy_it_is(brain, tmp_path):
    order = Order(("ms",), voxel_mm=3.0, base=brain)
    assert len(list(make_dataset(order, tmp_path / "out"))) == 1
    (sidecar,) = (tmp_path / "out").glob("sub-ms001/ses-01/anat/*_FLAIR.json")
    assert json.loads(sidecar.read_text())["Description"].endswith(ORIGIN)
    description = json.loads((tmp_path / "out" / "dataset_description.json").read_text())
    assert description["SimulatedWith"]["brain"] == ORIGIN


def test_noise_is_no_brain(tmp_path):
    noise = np.random.default_rng(0).normal(100, 10, (40, 40, 40)).astype(np.float32)
    path = tmp_path / "t1w.nii.gz"
    nib.save(nib.Nifti1Image(noise, np.diag([4.0, 4, 4, 1])), path)
    with pytest.raises(AnalysisError):
        read_brain(path, 4.0)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("name", ["t1w.nii.gz", "flair.nii.gz"])
def test_a_real_brain_takes_every_kind_of_lesion(name, tmp_path):
    brain = read_brain(shared_data() / "open_ms" / "patient19" / name, 2.0)
    millilitres = np.count_nonzero(brain.inside) * brain.grid.voxel_volume_mm3 / 1000
    assert 900 < millilitres < 1900
    order = Order(("ms", "nmosd", "mixed"), voxel_mm=2.0, base=brain)
    assert len(list(make_dataset(order, tmp_path / "out"))) == 3
