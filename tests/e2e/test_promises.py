"""What the command line promises: bytes, codes, and no half-written result."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from tests.e2e.conftest import SAMPLES, Run, assess, lesionaid

MS = SAMPLES / "sub-ms01"
FLAIR, MASK = MS / "sub-ms01_FLAIR.nii.gz", MS / "sub-ms01_label-lesion_mask.nii.gz"


def test_same_input_same_bytes(ms_sample: Run, tmp_path: Path) -> None:
    again = assess(tmp_path, MS, OMP_NUM_THREADS="2", TZ="Asia/Tokyo", LC_ALL="C")
    for path in ms_sample.folder.iterdir():
        if path.name != "run.json":
            assert path.read_bytes() == (again.folder / path.name).read_bytes(), path.name


def test_a_study_without_a_mask_is_not_analysable(tmp_path: Path) -> None:
    run = assess(tmp_path / "out", "--flair", FLAIR, "--space", "mni", "--no-segment")
    assert run.code == 0
    assert run.verdict["pattern"] == "not_analysable"
    assert [reason["code"] for reason in run.verdict["reasons"]] == ["A20"]
    assert run.rows("lesions.tsv") == []


def test_an_empty_mask_is_no_lesion_and_not_a_failure(tmp_path: Path) -> None:
    mask = nib.load(MASK)
    empty = nib.Nifti1Image(np.zeros(mask.shape, np.uint8), mask.affine)
    nib.save(empty, tmp_path / "lesions.nii.gz")
    run = assess(
        tmp_path / "out", "--flair", FLAIR, "--lesions", tmp_path / "lesions.nii.gz",
        "--space", "mni",
    )  # fmt: skip
    assert run.code == 0, run.err
    assert run.verdict["pattern"] == "no_lesions"


def broken(folder: Path, kind: str) -> Path:
    """A study with one thing wrong."""
    study = folder / "study"
    shutil.copytree(MS, study, ignore=shutil.ignore_patterns("*.json"))
    flair = study / FLAIR.name
    if kind == "truncated":
        flair.write_bytes(flair.read_bytes()[:-2000])
    elif kind == "login page":
        flair.write_text("<!DOCTYPE html><html>Please log in</html>")
    elif kind == "left and right":
        image = nib.load(flair)
        mirrored = image.affine.copy()
        mirrored[0] *= -1
        image.set_qform(mirrored, code=1)
        flair.write_bytes(gzip.compress(image.to_bytes()))
    elif kind == "context":
        (study / "context.yaml").write_text("host: ms\nhots: ms\n")
    elif kind == "mask elsewhere":
        mask = nib.load(study / MASK.name)
        moved = mask.affine.copy()
        moved[:3, 3] += 90
        nib.save(nib.Nifti1Image(np.asanyarray(mask.dataobj), moved), study / MASK.name)
    return study


@pytest.mark.parametrize(
    "kind", ["truncated", "login page", "left and right", "context", "mask elsewhere"]
)
def test_bad_input_ends_with_a_code_and_nothing_written(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = assess(out, broken(tmp_path, kind))
    assert run.code == 65, run.err
    assert not out.exists() or not any(out.iterdir())
    assert "Traceback" not in run.err
    assert "Why it matters:" in run.err
    assert "Fix:" in run.err
    code = next(line for line in run.err.splitlines() if line.startswith("E")).split()[0]
    explained = lesionaid("explain", code, folder=tmp_path)
    assert explained.code == 0
    assert code in explained.out


def test_a_missing_file_is_an_input_output_error(tmp_path: Path) -> None:
    run = assess(tmp_path / "out", "--flair", tmp_path / "nowhere.nii.gz")
    assert run.code == 74
    assert "E01" in run.err


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    run = assess(tmp_path / "file" / "out", "--lesions", MASK, "--space", "mni")
    assert run.code == 74, run.err
    assert "Traceback" not in run.err


def test_wrong_options_are_a_usage_error(tmp_path: Path) -> None:
    assert assess(tmp_path / "out").code == 2
    assert assess(tmp_path / "out", MS, "--space", "moon").code == 2


def test_an_unknown_sign_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "reader.yaml").write_text("lesions:\n  biggest: {new_or_enlargin: true}\n")
    run = assess(
        tmp_path / "out", "--lesions", MASK, "--space", "mni", "--signs", tmp_path / "reader.yaml"
    )
    assert run.code == 65
    assert "new_or_enlarging" in run.err


def test_a_reader_overrules_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "reader.yaml").write_text(
        "lesions:\n  biggest: {new_or_enlarging: true, punctate_satellites: true}\n"
    )
    run = assess(
        tmp_path / "out", "--lesions", MASK, "--space", "mni", "--signs", tmp_path / "reader.yaml"
    )
    assert run.code == 0, run.err
    row = next(
        row
        for row in run.rows("signs.tsv")
        if row["lesion"] == "1" and row["sign"] == "punctate_satellites"
    )
    assert (row["truth"], row["source"]) == ("true", "reader")
    assert run.verdict["alerts"][0]["lesions"] == [1]
