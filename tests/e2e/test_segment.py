"""From scans without a mask to candidates, to a mended mask, with the ids kept."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np

from tests.e2e.conftest import SAMPLES, assess, lesionaid

FLAIR = SAMPLES / "sub-ms01" / "sub-ms01_FLAIR.nii.gz"


def test_candidates_are_found_mended_and_keep_their_ids(tmp_path: Path) -> None:
    out = tmp_path / "candidates"
    run = lesionaid("segment", "--flair", FLAIR, "--space", "mni", "-o", out, folder=out)
    assert run.code == 0, run.err
    assert "W40" in run.out
    told = json.loads((out / "candidates.json").read_text())
    assert told["settings"] == {"seed": 2.5, "extent": "auto"}
    pictures = {one["file"] for one in told["pictures"]}
    assert pictures == {path.name for path in out.glob("*.png")}
    assert {"qc_brain.png", "qc_registration.png", "qc_lesions.png"} <= pictures
    image = nib.load(out / "candidates.nii.gz")
    labels = np.asarray(image.dataobj)
    ids = [int(i) for i in np.unique(labels) if i]
    rows = (out / "candidates.tsv").read_text().splitlines()
    assert len(rows) == len(ids) + 1
    assert len(ids) >= 2

    mended = np.where(labels == ids[0], 0, labels)
    nib.save(nib.Nifti1Image(mended, image.affine), tmp_path / "mended.nii.gz")
    again = assess(
        tmp_path / "out", "--flair", FLAIR, "--space", "mni", "--no-html",
        "--lesions", tmp_path / "mended.nii.gz", "--labels", "instances",
        "--earlier", out / "candidates.nii.gz",
    )  # fmt: skip
    assert again.code == 0, again.err
    table = again.rows("lesions.tsv")
    assert [int(row["lesion"]) for row in table] == ids[1:]
    assert {row["candidate"] for row in table} == {"no"}


def test_assess_without_a_mask_says_that_lesions_are_candidates(tmp_path: Path) -> None:
    run = assess(tmp_path / "out", "--flair", FLAIR, "--space", "mni", "--no-html")
    assert run.code == 0, run.err
    assert run.verdict["pattern"] != "not_analysable"
    assert "W40" in run.out
    assert {row["candidate"] for row in run.rows("lesions.tsv")} == {"yes"}
    assert "candidate_lesions" in {reason["code"] for reason in run.verdict["reasons"]}
