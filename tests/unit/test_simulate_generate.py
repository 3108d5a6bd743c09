from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest

from lesionaid.study.load import find_study, load_study
from tests.shared_data import ROOT

SMALL = ("--voxel", "4", "--contrasts", "FLAIR,T1w", "--n", "2", "--seed", "3", "--quiet")


def simulate(out, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "lesionaid", "simulate", str(out), *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def digest(folder):
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("simulated") / "one"
    done = simulate(out, *SMALL, "--slices", "8", "--sessions", "2")
    assert done.returncode == 0, done.stderr
    return out


def test_two_processes_write_the_same_bytes_as_one(dataset, tmp_path):
    arguments = (*SMALL, "--slices", "8", "--sessions", "2", "--nprocs", "2")
    assert simulate(tmp_path / "two", *arguments).returncode == 0
    assert digest(tmp_path / "two") == digest(dataset)


def test_every_session_is_a_study_with_its_mask(dataset):
    for session in sorted(dataset.glob("sub-*/ses-*")):
        study = load_study(find_study(session))
        assert study.lesions is not None
        truth = json.loads((session / "truth.json").read_text())
        assert truth["simulated"] is True
        (mask,) = session.glob("anat/*_mask.nii.gz")
        image = nib.load(mask)
        assert image.header.get_zooms()[2] == pytest.approx(8.0)
        volume = np.count_nonzero(image.get_fdata()) * abs(np.linalg.det(image.affine[:3, :3]))
        assert volume == pytest.approx(truth["mask_volume_mm3"], rel=1e-4)


def test_tables_name_everybody(dataset):
    description = json.loads((dataset / "dataset_description.json").read_text())
    assert description["Simulated"] is True
    people = (dataset / "participants.tsv").read_text().splitlines()[1:]
    assert [row.split("\t")[0] for row in people] == ["sub-ms001", "sub-ms002"]
    rows = (dataset / "truth.tsv").read_text().splitlines()[1:]
    lesions = [
        lesion
        for path in sorted(dataset.glob("sub-*/ses-*/truth.json"))
        for lesion in json.loads(path.read_text())["lesions"]
    ]
    assert len(rows) == len(lesions)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--disease", "gout"), "U20"), (("--contrasts", "CT"), "U23")],
)
def test_what_cannot_be_made_is_refused(tmp_path, arguments, code):
    done = simulate(tmp_path / "out", *arguments)
    assert done.returncode == 2
    assert code in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    done = simulate(tmp_path)
    assert done.returncode == 2
    assert "U22" in done.stderr
