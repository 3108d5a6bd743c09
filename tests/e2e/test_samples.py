"""The sample scans through the command line: simulated, so this is self-consistency.

What should be said of each stands in its ``truth.json``, written from the disease and not from
a verdict (``scripts/make_sample_scans.py``). Where lesionaid falls short of it, the reason
stands in :data:`SHORTFALLS` and in ``sample_scans/README.md``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from scipy.ndimage import label

from lesionaid.study.load import find_study, load_study
from lesionaid.study.scan import Contrast
from tests.e2e.conftest import SAMPLES, Run, assess
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

NAMES = ("sub-ms01", "sub-pml01", "sub-iris01", "sub-nmosd01", "sub-mogad01", "sub-mixed01")
QUICK = {"sub-ms01": "ms_sample", "sub-pml01": "pml_sample"}
FOLDERS = sorted(str(path.parent.relative_to(SAMPLES)) for path in SAMPLES.rglob("truth.json"))
MB = 1_000_000

SHORTFALLS: Mapping[tuple[str, str], str] = {
    ("sub-nmosd01", "among"): "rules for NMOSD weigh less than the sites that MS shares",
    ("sub-nmosd01", "alert"): "a corticospinal run of over 3 cm is measured to touch the cortex",
    ("sub-mogad01", "among"): "rules for MOGAD weigh less than size and signal",
}
"""Where lesionaid does not say what it should: never a reason to change what it should say."""


@dataclass(frozen=True)
class Assessed:
    """One sample, what is true of it, and what lesionaid made of it."""

    name: str
    truth: Mapping[str, Any]
    run: Run

    def hold(self, check: str, kept: bool) -> None:
        """Fail, unless the shortfall is known."""
        if not kept and (self.name, check) in SHORTFALLS:
            pytest.xfail(SHORTFALLS[self.name, check])
        assert kept, (self.name, check, self.run.verdict["pattern"], self.run.verdict["alerts"])

    def lesion_at(self, truth_label: int) -> int:
        """The id that lesionaid gave to a lesion of the truth, by its centre."""
        wanted = next(one for one in self.truth["lesions"] if one["label"] == truth_label)
        rows = self.run.rows("lesions.tsv")
        centres = np.array([[float(row[f"centroid_{axis}_mm"]) for axis in "xyz"] for row in rows])
        apart = np.linalg.norm(centres - wanted["centroid_mm"], axis=1)
        assert apart.min() < 1.0
        return int(rows[int(np.argmin(apart))]["lesion"])


def truth_of(folder: str) -> dict[str, Any]:
    return json.loads((SAMPLES / folder / "truth.json").read_text())


def mask_of(folder: str) -> Any:
    (path,) = (SAMPLES / folder).glob("*_label-lesion_mask.nii.gz")
    return nib.load(path)


@pytest.fixture(
    scope="session",
    params=[
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NAMES
    ],
)
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Assessed:
    name = request.param
    if name in QUICK:
        run: Run = request.getfixturevalue(QUICK[name])
    else:
        run = assess(tmp_path_factory.mktemp(name), SAMPLES / name)
    assert run.code == 0, run.err
    return Assessed(name, truth_of(name), run)


def test_the_pattern_is_one_that_should_be_said(sample: Assessed) -> None:
    sample.hold("pattern", sample.run.verdict["pattern"] in sample.truth["expected"]["patterns"])


def test_the_disease_is_among_the_patterns_left(sample: Assessed) -> None:
    wanted = sample.truth["expected"].get("among")
    sample.hold("among", wanted is None or wanted in sample.run.verdict["patterns"])


def test_the_alert_is_on_the_pml_lesion_and_nowhere_else(sample: Assessed) -> None:
    wanted = [sample.lesion_at(number) for number in sample.truth["expected"]["alert_lesions"]]
    alerts = sample.run.verdict["alerts"]
    assert {alert["code"] for alert in alerts} <= {"pml_review"}
    flagged = [lesion for alert in alerts for lesion in alert["lesions"]]
    sample.hold("alert", flagged == wanted)


def test_the_signs_that_were_drawn_are_found(sample: Assessed) -> None:
    patient = {
        row["sign"]: row["truth"] for row in sample.run.rows("signs.tsv") if row["lesion"] == "n/a"
    }
    wanted = sample.truth["expected"]["signs"]
    assert {sign: patient[sign] for sign in wanted} == dict.fromkeys(wanted, "true")


def test_criteria_and_rules_say_why(sample: Assessed) -> None:
    verdict, expected = sample.run.verdict, sample.truth["expected"]
    for name in expected.get("criteria", []):
        assert verdict["criteria"][name]["truth"] == "true", name
    counted = {f["rule"] for f in verdict["findings"] if f["counted"] and f["toward"] == "pml"}
    assert set(expected.get("rules", [])) <= counted


def test_lesions_and_volumes_are_those_of_the_truth(sample: Assessed) -> None:
    there = [one for one in sample.truth["lesions"] if one["change"] != "resolved"]
    rows = sample.run.rows("lesions.tsv")
    assert len(rows) == len(there)
    measured = sorted(float(row["volume_mm3"]) for row in rows)
    np.testing.assert_allclose(measured, sorted(one["volume_mm3"] for one in there), rtol=1e-4)


def test_change_since_the_prior_is_that_of_the_truth(sample: Assessed) -> None:
    if not (SAMPLES / sample.name / "prior").is_dir():
        pytest.skip("one date")
    changed = {one["label"] for one in sample.truth["lesions"] if one["change"] in ("new", "grown")}
    rows = sample.run.rows("lesions.tsv")
    found = {int(row["lesion"]) for row in rows if row["new_or_enlarging"] == "true"}
    assert found == {sample.lesion_at(number) for number in changed}


def test_samples_are_small() -> None:
    files = [path for path in SAMPLES.rglob("*") if path.is_file()]
    assert max(path.stat().st_size for path in files) < 4 * MB
    assert sum(path.stat().st_size for path in files) < 18 * MB


def test_every_sample_is_there_with_its_dates() -> None:
    assert {folder.split("/")[0] for folder in FOLDERS} == set(NAMES)
    depth = {name: sum(folder.split("/")[0] == name for folder in FOLDERS) for name in NAMES}
    assert depth == {**dict.fromkeys(NAMES, 1), "sub-pml01": 2, "sub-mixed01": 2, "sub-iris01": 3}


@pytest.mark.parametrize("folder", FOLDERS)
def test_masks_agree_with_their_truth(folder: str) -> None:
    there = [one for one in truth_of(folder)["lesions"] if one["change"] != "resolved"]
    image = mask_of(folder)
    labels, count = label(np.asarray(image.dataobj) > 0, structure=np.ones((3, 3, 3)))
    assert count == len(there)
    sizes = np.bincount(labels.ravel())[1:]
    assert sorted(sizes) == sorted(one["n_voxels"] for one in there)
    voxel = abs(np.linalg.det(image.affine[:3, :3]))
    assert sizes.sum() * voxel == pytest.approx(truth_of(folder)["total_volume_mm3"], rel=1e-5)


@pytest.mark.parametrize("folder", FOLDERS)
def test_samples_say_that_they_are_simulated(folder: str) -> None:
    images = sorted((SAMPLES / folder).glob("*.nii.gz"))
    assert len(images) >= 3
    for path in images:
        sidecar = json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())
        assert sidecar["Simulated"] is True
        header = nib.load(path).header
        assert b"simulated" in header["descrip"].item()
        assert (int(header["qform_code"]), int(header["sform_code"])) == (1, 1)
    assert truth_of(folder)["simulated"] is True
    assert "simulated" in (SAMPLES / folder / "context.yaml").read_text()


@pytest.mark.parametrize("folder", FOLDERS)
def test_samples_pass_the_gate_without_a_note(folder: str) -> None:
    loaded = load_study(find_study(SAMPLES / folder))
    assert loaded.notes == ()
    assert loaded.lesions is not None
    assert set(loaded.scans) >= {Contrast.FLAIR, Contrast.T1W}
    assert (loaded.prior is not None) is (SAMPLES / folder / "prior").is_dir()


@pytest.mark.slow
def test_the_samples_can_be_rebuilt(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "make_sample_scans.py"
    subprocess.run([sys.executable, script, tmp_path], check=True)
    for folder in FOLDERS:
        built = {path.name: path for path in (tmp_path / folder).iterdir() if path.is_file()}
        kept = {path.name: path for path in (SAMPLES / folder).iterdir() if path.is_file()}
        assert sorted(built) == sorted(kept)
        for name, path in kept.items():
            if name.endswith(".nii.gz"):
                old, new = (np.asarray(nib.load(p).dataobj) for p in (path, built[name]))
                # Other processors round the last bit otherwise: a few voxels by one unit.
                assert np.abs(old.astype(float) - new).max() <= (0.02 if "ADC" in name else 1)
                assert np.mean(old != new) < 1e-3
            else:
                assert path.read_bytes() == built[name].read_bytes()


def test_the_pml_sample_is_pml_like_with_its_reasons(pml_sample: Run) -> None:
    assert pml_sample.code == 0, pml_sample.err
    verdict = pml_sample.verdict
    assert verdict["pattern"] == "pml_like"
    counted = {f["rule"] for f in verdict["findings"] if f["counted"] and f["toward"] == "pml"}
    assert {"pml.cortical_grey_matter", "pml.punctate_lesions"} <= counted
    assert [alert["code"] for alert in verdict["alerts"]] == ["pml_review"]
    assert "PML is never excluded" in pml_sample.out
    assert str(pml_sample.folder / "report.html") in pml_sample.out


def test_every_promised_file_is_there(sample: Assessed) -> None:
    assert sorted(path.name for path in sample.run.folder.iterdir()) == sorted(OUTPUTS)


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
