"""Real scans beside the checkout: not PML, and their twins."""

from __future__ import annotations

import sys
from itertools import permutations, product
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from lesionaid.geometry import reorient
from lesionaid.study.load import StudyPaths
from lesionaid.study.scan import Contrast
from tests.e2e.conftest import Run, assess
from tests.shared_data import ROOT, shared_data

pytestmark = [pytest.mark.real, pytest.mark.slow]
sys.path.insert(0, str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def patient19(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return assess(tmp_path_factory.mktemp("p19"), shared_data() / "open_ms" / "patient19")


def test_heavy_ms_is_not_pml_like(patient19: Run) -> None:
    assert patient19.code == 0, patient19.err
    assert patient19.verdict["pattern"] != "pml_like"
    assert patient19.verdict["alerts"] == []


def test_every_lesion_is_in_the_table_and_the_total_is_exact(patient19: Run) -> None:
    mask = nib.load(shared_data() / "open_ms" / "patient19" / "lesions.nii.gz")
    data = np.asanyarray(mask.dataobj) > 0
    rows = patient19.rows("lesions.tsv")
    voxel = abs(np.linalg.det(mask.affine[:3, :3]))
    assert sum(int(float(row["voxel_count"])) for row in rows) == np.count_nonzero(data)
    total = sum(float(row["volume_mm3"]) for row in rows)
    assert total == pytest.approx(np.count_nonzero(data) * voxel, rel=1e-4)
    labels = np.asanyarray(nib.load(patient19.folder / "lesions.nii.gz").dataobj)
    assert set(np.unique(labels)) - {0} == {int(row["lesion"]) for row in rows}


def test_heavy_ms_with_its_biggest_lesion_declared_new(tmp_path: Path) -> None:
    form = tmp_path / "reader.yaml"
    form.write_text("lesions:\n  biggest: {new_or_enlarging: true}\n")
    study = shared_data() / "open_ms" / "patient19"
    run = assess(tmp_path / "out", study, "--signs", form)
    assert run.verdict["pattern"] != "pml_like"


def test_a_pml_lesion_pasted_into_heavy_ms_alerts_and_is_named_when_new() -> None:
    from alert_rates import patient19_rows

    rows = {row.name: row for row in patient19_rows(seeds=1) if row.seed is not None}
    assert rows["patient19"].pasted_alerted
    assert rows["patient19"].pattern != "pml_like"
    assert rows["patient19, pasted declared new"].pasted_alerted
    assert rows["patient19, pasted declared new"].pattern == "pml_like"


def test_ms_masks_and_their_twins() -> None:
    """Not PML on any mask, and neither silence nor an alert on everything."""
    from alert_rates import mask_rows

    rows = list(mask_rows(1, []))
    untouched = [row for row in rows if row.seed is None]
    twins = [row for row in rows if row.seed is not None]
    assert len(untouched) == len(twins) == 14
    assert not any(row.pattern == "pml_like" for row in untouched)
    assert sum(row.groups_alerted > 0 for row in untouched) <= 0.15 * len(untouched)
    assert sum(bool(row.pasted_alerted) for row in twins) >= 0.9 * len(twins)


def test_a_whole_head_needs_nothing_else(tmp_path: Path) -> None:
    folder = shared_data() / "open_ms_longitudinal" / "patient01"
    run = assess(tmp_path / "out", "--flair", folder / "study1_FLAIR.nii.gz")
    assert run.code == 0, run.err
    assert run.verdict["pattern"] != "not_analysable"


def test_the_48_orientations_give_one_table(tmp_path: Path) -> None:
    """The files are in MNI152; one mask is turned along with each of them."""
    from lesionaid.pipeline import assess as run_pipeline
    from lesionaid.report.tables import lesions_tsv

    folder = shared_data() / "orientation"
    reference = nib.load(folder / "RAS.nii.gz")
    mask = np.zeros(reference.shape, dtype=np.uint8)
    mask[20:24, 40:43, 40:43] = mask[40:42, 30:32, 45] = mask[30, 50, 40] = 1
    tables = set()
    codes = ["".join(pick) for axes in permutations(("RL", "AP", "SI")) for pick in product(*axes)]
    for code in codes:
        turned, affine = reorient(mask, reference.affine, code)
        nib.save(nib.Nifti1Image(turned, affine), tmp_path / f"{code}.nii.gz")
        paths = StudyPaths(
            scans={Contrast.T1W: folder / f"{code}.nii.gz"},
            lesions=tmp_path / f"{code}.nii.gz",
        )
        result = run_pipeline(paths, space="mni", native_scale=0.9)
        assert result.measurements is not None
        tables.add(lesions_tsv(result.measurements, result.signs, ()))
    assert len(codes) == 48
    assert len(tables) == 1


@pytest.mark.parametrize("code", ["LPS", "SAR"])
def test_registration_does_not_feel_the_orientation(code: str, tmp_path: Path) -> None:
    folder = shared_data() / "orientation"
    reference = nib.load(folder / "RAS.nii.gz")
    mask = np.zeros(reference.shape, dtype=np.uint8)
    mask[20:24, 40:43, 40:43] = 1
    tables = []
    for name in ("RAS", code):
        turned, affine = reorient(mask, reference.affine, name)
        nib.save(nib.Nifti1Image(turned, affine), tmp_path / f"{name}.nii.gz")
        run = assess(
            tmp_path / f"out_{name}", "--t1", folder / f"{name}.nii.gz",
            "--lesions", tmp_path / f"{name}.nii.gz", "--no-html",
        )  # fmt: skip
        assert run.code == 0, run.err
        tables.append((run.folder / "lesions.tsv").read_text())
    assert tables[0] == tables[1]


def test_real_ms_with_a_prior_is_not_pml_and_its_new_lesion_is_found(tmp_path: Path) -> None:
    """Two dates, two masks: a new frontal lesion of 3.5 ml, and much disagreement of raters."""
    folder = shared_data() / "mslesseg" / "P14"
    names = {"FLAIR": "flair", "T1": "t1w", "MASK": "lesions"}
    for date, place in (("T2", tmp_path / "study"), ("T1", tmp_path / "study" / "prior")):
        place.mkdir()
        for theirs, ours in names.items():
            (place / f"{ours}.nii.gz").symlink_to(folder / f"P14_{date}_{theirs}.nii.gz")
    run = assess(tmp_path / "out", tmp_path / "study")
    assert run.code == 0, run.err
    assert run.verdict["pattern"] != "pml_like"
    new = [row for row in run.rows("lesions.tsv") if row["change_class"] == "new"]
    largest = max(new, key=lambda row: float(row["volume_mm3"]))
    assert float(largest["volume_mm3"]) == pytest.approx(3500, rel=0.05)
    assert float(largest["fraction_lobe_frontal_left"]) + float(
        largest["fraction_lobe_frontal_right"]
    ) == pytest.approx(1, abs=0.2)
