"""``lesionaid robustness`` as a user calls it: a mask in MNI152, no registration."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from tests.e2e.conftest import Run, lesionaid

AFFINE = np.array([[2, 0, 0, -90.0], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])


def mask_of(*balls: tuple[tuple[float, float, float], float]) -> np.ndarray:
    shape = (91, 109, 91)
    mm = np.indices(shape).reshape(3, -1).T * 2.0 + AFFINE[:3, 3]
    data = np.zeros(shape, dtype=np.uint8)
    for centre, radius in balls:
        data |= (np.linalg.norm(mm - centre, axis=1) <= radius).reshape(shape).astype(np.uint8)
    return data


def robustness(folder: Path, data: np.ndarray) -> Run:
    image = nib.Nifti1Image(data, AFFINE)
    image.set_qform(AFFINE, 4)
    image.set_sform(AFFINE, 4)
    image.header.set_xyzt_units("mm")
    nib.save(image, folder / "mask.nii.gz")
    return lesionaid(
        "robustness",
        "--lesions",
        folder / "mask.nii.gz",
        "--space",
        "mni",
        "--native-scale",
        "1",
        "-o",
        folder / "out",
        folder=folder / "out",
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    balls = (((28.0, -20, 26), 9.2), ((-26.0, 10, 24), 6), ((-30.0, -40, 20), 5))
    return robustness(tmp_path_factory.mktemp("robustness"), mask_of(*balls))


def test_rates_are_printed_and_written(run: Run) -> None:
    assert run.code == 0, run.err
    assert "Verdict" in run.out
    assert "disturbances" in run.out
    assert "PML is never excluded" in run.out
    document = json.loads((run.folder / "robustness.json").read_text())
    assert document["schema"] == "lesionaid-robustness/1"
    names = [one["name"] for one in document["perturbations"]]
    assert names[:6] == ["erosion", "dilation", *(f"noise_{n}" for n in range(1, 5))]
    assert set(names[6:]) == {
        *("slices_3mm", "slices_5mm", "shift_right", "shift_left"),
        *("shift_anterior", "shift_posterior", "shift_superior", "shift_inferior"),
    }
    rows = run.rows("robustness.tsv")
    assert {row["kind"] for row in rows} >= {"sign", "criteria"}
    assert {row["level"] for row in rows} == {"patient", "lesion"}


def test_the_verdict_says_what_was_tested(run: Run) -> None:
    document = json.loads((run.folder / "robustness.json").read_text())
    flips = run.verdict["robustness"]
    assert flips["tested"] == len(document["perturbations"]) == 14
    assert flips["changed"] == sum(
        pattern != run.verdict["pattern"] for pattern in flips["patterns"].values()
    )
    assert run.verdict["fragile"] is (flips["rate"] > 0.1)
    assert ("FRAGILE" in run.out) is run.verdict["fragile"]
    page = (run.folder / "report.html").read_text()
    assert ('id="fragile"' in page) is run.verdict["fragile"]
    assert "Robustness: not tested" not in page


def test_a_sign_at_its_threshold_flips_and_one_far_from_it_does_not(run: Run) -> None:
    rows = {(row["id"], row["level"]): row for row in run.rows("robustness.tsv")}
    # A ball of 21.4 mm by its corners; half a voxel of 2 mm less on every side makes it 19.1 mm.
    near = rows["size_over_20mm", "patient"]
    assert near["baseline"] == "true"
    assert int(near["true_to_false"]) >= 1
    assert "erosion" in near["changed_under"]
    far = rows["size_over_30mm", "patient"]
    assert far["baseline"] == "false"
    assert float(far["flip_rate"]) == 0.0


def test_no_lesion_is_not_tested(tmp_path: Path) -> None:
    run = robustness(tmp_path, mask_of())
    assert run.code == 0, run.err
    assert "not tested" in run.out
    assert run.verdict["robustness"] is None
    assert run.verdict["fragile"] is False
    assert not (run.folder / "robustness.tsv").exists()


def test_bad_input_is_a_code_and_no_traceback(tmp_path: Path) -> None:
    run = lesionaid("robustness", tmp_path, "-o", tmp_path / "out", folder=tmp_path / "out")
    assert run.code != 0
    assert "Traceback" not in run.err
    assert not (tmp_path / "out").exists()
