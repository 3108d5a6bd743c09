"""The sample scans through the command line: simulated, so this is self-consistency."""

from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from tests.e2e.conftest import SAMPLES, Run
from tests.shared_data import ROOT

OUTPUTS = (
    "findings.json",
    "findings.tsv",
    "lesions.json",
    "lesions.nii.gz",
    "lesions.tsv",
    "measurements.json",
    "report.html",
    "run.json",
    "signs.json",
    "signs.tsv",
    "verdict.json",
)


def test_the_pml_sample_is_pml_like_with_its_reasons(pml_sample: Run) -> None:
    assert pml_sample.code == 0, pml_sample.err
    truth = json.loads((SAMPLES / "sub-pml01" / "truth.json").read_text())
    verdict = pml_sample.verdict
    assert verdict["pattern"] == truth["expected"]["pattern"] == "pml_like"
    counted = {f["rule"] for f in verdict["findings"] if f["counted"] and f["toward"] == "pml"}
    assert {"pml.cortical_grey_matter", "pml.punctate_lesions"} <= counted
    assert [alert["code"] for alert in verdict["alerts"]] == ["pml_review"]
    assert "PML is never excluded" in pml_sample.out
    assert str(pml_sample.folder / "report.html") in pml_sample.out


def test_the_alert_is_on_the_simulated_pml_lesion(pml_sample: Run) -> None:
    truth = json.loads((SAMPLES / "sub-pml01" / "truth.json").read_text())
    focus = next(one for one in truth["lesions"] if one["label"] == truth["signs"]["pml_lesion"])
    (lesion,) = pml_sample.verdict["alerts"][0]["lesions"]
    row = next(r for r in pml_sample.rows("lesions.tsv") if r["lesion"] == str(lesion))
    found = [float(row[f"centroid_{axis}_mm"]) for axis in "xyz"]
    np.testing.assert_allclose(found, focus["centroid_mm"], atol=1.0)
    assert float(row["volume_mm3"]) == pytest.approx(focus["volume_mm3"])


def test_the_ms_sample_is_not_pml(ms_sample: Run) -> None:
    assert ms_sample.code == 0, ms_sample.err
    assert ms_sample.verdict["pattern"] == "ms_like"
    assert ms_sample.verdict["alerts"] == []


@pytest.mark.parametrize("sample", ["pml_sample", "ms_sample"])
def test_every_promised_file_is_there(sample: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(sample)
    assert sorted(path.name for path in run.folder.iterdir()) == sorted(OUTPUTS)


def test_json_outputs_keep_their_schemas(pml_sample: Run) -> None:
    schemas = ROOT / "lesionaid" / "report" / "schemas"
    for name, schema in (
        ("verdict.json", "verdict"),
        ("measurements.json", "measurements"),
        ("run.json", "run"),
        ("lesions.json", "sidecar"),
    ):
        rules = json.loads((schemas / f"{schema}.schema.json").read_text())
        Draft202012Validator(rules).validate(json.loads((pml_sample.folder / name).read_text()))


def test_the_label_map_lies_on_the_masks_own_grid(pml_sample: Run) -> None:
    mask = nib.load(next((SAMPLES / "sub-pml01").glob("*label-lesion_mask.nii.gz")))
    labels = nib.load(pml_sample.folder / "lesions.nii.gz")
    np.testing.assert_allclose(labels.affine, mask.affine, atol=1e-4)
    np.testing.assert_array_equal(
        np.asanyarray(labels.dataobj) > 0, np.asanyarray(mask.dataobj) > 0
    )


def test_measured_volume_is_voxels_times_voxel_volume(pml_sample: Run) -> None:
    rows = pml_sample.rows("lesions.tsv")
    mask = nib.load(next((SAMPLES / "sub-pml01").glob("*label-lesion_mask.nii.gz")))
    expected = np.count_nonzero(np.asanyarray(mask.dataobj)) * abs(np.linalg.det(mask.affine))
    assert sum(float(row["volume_mm3"]) for row in rows) == pytest.approx(expected, rel=1e-4)


def test_novelty_agrees_with_what_was_simulated(pml_sample: Run) -> None:
    truth = json.loads((SAMPLES / "sub-pml01" / "truth.json").read_text())
    rows = pml_sample.rows("lesions.tsv")
    new = sum(row["new_or_enlarging"] == "true" for row in rows)
    old = sum(row["new_or_enlarging"] == "false" for row in rows)
    assert new == len(truth["signs"]["new_or_enlarging"])
    assert old == len(truth["signs"]["unchanged"])
