from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest

from lesionaid.simulate.diseases import GENERATORS
from lesionaid.study.load import find_study, load_study
from tests.shared_data import ROOT

CONTRASTS = "FLAIR,T1w,T1w_ce,DWI,ADC,SWI,phase"
ALL = (
    "--disease", "all", "--voxel", "3", "--slices", "6", "--gap", "1", "--ghost", "0.05",
    "--sessions", "2", "--scanner-change", "--contrasts", CONTRASTS, "--seed", "3", "--quiet",
)  # fmt: skip
"""One of everybody, coarse and in every way at once."""

NUMBERS_ONLY = {".bval", ".bvec"}
"""Files in which nothing can be said beside the numbers; the sidecar does."""


def simulate(out, *arguments, threads="1"):
    few = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    return subprocess.run(
        [sys.executable, "-m", "lesionaid", "simulate", str(out), *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, **few},
    )  # fmt: skip


def contents(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("simulated") / "one"
    done = simulate(out, *ALL)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.slow
def test_processes_and_threads_change_no_byte(dataset, tmp_path):
    few = ("--disease", "ms", "--disease", "mogad", *ALL[2:])
    assert simulate(tmp_path / "two", *few, "--nprocs", "2", threads="2").returncode == 0
    for subject in ("sub-ms001", "sub-mogad001"):
        again = contents(tmp_path / "two" / subject)
        assert again
        assert again == contents(dataset / subject)


def test_every_file_says_that_it_is_simulated(dataset):
    for path in (path for path in sorted(dataset.rglob("*")) if path.is_file()):
        if path.suffix in NUMBERS_ONLY:
            assert json.loads(path.with_suffix(".json").read_text())["Simulated"] is True
            continue
        if path.name.endswith(".nii.gz"):
            told = bytes(nib.load(path).header["descrip"]).decode("ascii")
        else:
            told = path.read_text()
        assert "simulated" in told.casefold(), path
        if path.suffix == ".tsv":
            head, *rows = told.splitlines()
            assert head.endswith("\tsimulated")
            assert all(row.endswith("\ttrue") for row in rows)
        if path.suffix == ".json" and "sub-" in path.name:
            assert json.loads(told)["Simulated"] is True


def test_every_session_is_a_study_with_its_mask(dataset):
    sessions = sorted(dataset.glob("sub-*/ses-*"))
    assert len(sessions) == 2 * len(GENERATORS)
    for session in sessions:
        study = load_study(find_study(session))
        assert study.lesions is not None
        truth = json.loads((session / "truth.json").read_text())
        (mask,) = session.glob("anat/*_mask.nii.gz")
        image = nib.load(mask)
        assert image.header.get_zooms()[2] == pytest.approx(7.0)
        volume = np.count_nonzero(image.get_fdata()) * abs(np.linalg.det(image.affine[:3, :3]))
        assert volume == pytest.approx(truth["mask_volume_mm3"], rel=1e-4)


def table(path):
    head, *rows = path.read_text().splitlines()
    return [dict(zip(head.split("\t"), row.split("\t"), strict=True)) for row in rows]


def test_tables_hold_what_is_beside_each_session(dataset):
    assert json.loads((dataset / "dataset_description.json").read_text())["Simulated"] is True
    assert [row["disease"] for row in table(dataset / "participants.tsv")] == list(GENERATORS)
    lesions, signs = table(dataset / "truth.tsv"), table(dataset / "truth_signs.tsv")
    found = [json.loads(path.read_text()) for path in dataset.glob("sub-*/ses-*/truth.json")]
    assert len(lesions) == sum(len(truth["lesions"]) for truth in found)
    assert len(signs) == sum(len(truth["signs"]) for truth in found)


def test_growth_is_that_of_the_two_dates(dataset):
    before, now = (
        json.loads((dataset / "sub-mixed001" / session / "truth.json").read_text())
        for session in ("ses-01", "ses-02")
    )
    number = now["signs"]["pml_lesion"] - 1
    main, old = now["lesions"][number], before["lesions"][number]
    assert main["prior_volume_mm3"] == pytest.approx(old["volume_mm3"], abs=0.01)
    assert old["prior_volume_mm3"] is None
    months = round(3 * 30.4) / 30.4
    grown = old["volume_mm3"] * (1 + main["growth_percent_per_month"] / 100) ** months
    assert grown == pytest.approx(main["volume_mm3"], rel=0.01)
    stable = [row for row in now["lesions"] if row["mechanism"] == "ms"]
    assert {row["growth_percent_per_month"] for row in stable} == {0.0}


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
