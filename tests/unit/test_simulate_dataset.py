from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import BrainSettings
from lesionaid.simulate.dataset import simulate_ms, simulate_pml
from lesionaid.simulate.nifti import nifti_bytes
from lesionaid.simulate.write import write_study
from lesionaid.study.load import find_study, load_study
from lesionaid.study.scan import Contrast


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


def test_a_file_is_a_function_of_its_image(tmp_path):
    affine = np.array([[0.9, 0.1, 0, -3], [-0.1, 0.9, 0, 4], [0, 0, 2, 5], [0, 0, 0, 1]])
    affine[:3, :2] *= 1 / np.hypot(0.9, 0.1)
    grid = Grid((3, 4, 5), affine)
    data = np.arange(60, dtype=np.int16).reshape(grid.shape)
    packed = nifti_bytes(data, grid, "a test", slope=0.5)
    assert packed == nifti_bytes(np.asfortranarray(data), grid, "a test", slope=0.5)
    assert gzip.decompress(packed)[344:348] == b"n+1\0"
    (tmp_path / "x.nii.gz").write_bytes(packed)
    image = nib.load(tmp_path / "x.nii.gz")
    assert np.array_equal(image.get_fdata(), data * 0.5)
    assert image.affine == pytest.approx(affine, abs=1e-6)
    assert image.get_qform() == pytest.approx(affine, abs=1e-5)
    assert (int(image.header["qform_code"]), int(image.header["sform_code"])) == (1, 1)
    assert image.header.get_xyzt_units()[0] == "mm"


@pytest.fixture(scope="module")
def pml():
    return simulate_pml(2, settings=BrainSettings(spacing_mm=2.0), volume_mm3=8000.0)


def test_the_focus_grows_and_the_plaques_do_not(pml):
    now, before = pml.truth, pml.prior.truth
    n_old = len(pml.signs["unchanged"])
    assert [t.n_voxels for t in now[:n_old]] == [t.n_voxels for t in before[:n_old]]
    focus = pml.signs["pml_lesion"]
    ratio = now[focus - 1].volume_mm3 / before[focus - 1].volume_mm3
    assert ratio == pytest.approx(1.628**3, rel=0.05)
    assert len(before) == n_old + 1
    assert len(now) == n_old + 1 + len(pml.signs["satellites"])
    assert len(pml.signs["satellites"]) >= 3


def test_the_head_lay_otherwise_but_rigidly(pml):
    motion = pml.prior.position
    assert motion[:3, :3] @ motion[:3, :3].T == pytest.approx(np.eye(3), abs=1e-5)
    assert np.linalg.norm(motion[:3, 3]) > 0.5
    assert pml.prior.grid.voxel_volume_mm3 == pytest.approx(pml.grid.voxel_volume_mm3)


def test_what_is_written_is_what_is_loaded(pml, tmp_path):
    write_study(pml, tmp_path, "x", session="02")
    loaded = load_study(find_study(tmp_path))
    assert set(loaded.scans) == set(pml.scans)
    flair = loaded.scans[Contrast.FLAIR]
    assert np.array_equal(flair.data, pml.scans[Contrast.FLAIR])
    assert np.array_equal(loaded.lesions.data > 0, pml.labels > 0)
    assert np.median(loaded.scans[Contrast.ADC].data[loaded.scans[Contrast.ADC].data > 0]) < 1.2
    assert loaded.context.values["drug"] == "natalizumab"
    assert loaded.context.values["drug_months"] == 30
    assert loaded.prior is not None
    assert loaded.prior.context.values["drug_months"] == 27
    assert np.array_equal(loaded.prior.lesions.data > 0, pml.prior.labels > 0)
    assert loaded.notes == ()


def test_the_same_seed_gives_the_same_files(tmp_path):
    settings = BrainSettings(spacing_mm=4.0)
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_study(simulate_ms(seed, count=6, settings=settings), tmp_path / name, "x")
    a, b, c = (digest(tmp_path / name) for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.slow
def test_threads_do_not_change_a_byte(tmp_path):
    code = (
        "import sys; from pathlib import Path;"
        "from lesionaid.simulate.brain import BrainSettings;"
        "from lesionaid.simulate.dataset import simulate_pml;"
        "from lesionaid.simulate.write import write_study;"
        "s = simulate_pml(2, settings=BrainSettings(spacing_mm=2.0), volume_mm3=8000.0);"
        "write_study(s, Path(sys.argv[1]), 'x')"
    )
    for threads in ("1", "2"):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        env = {**os.environ, **dict.fromkeys(names, threads)}
        subprocess.run([sys.executable, "-c", code, tmp_path / threads], env=env, check=True)
    assert digest(tmp_path / "1") == digest(tmp_path / "2")
