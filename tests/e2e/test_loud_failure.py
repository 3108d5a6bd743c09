"""What cannot be registered ends as not_analysable, with figures, and not as a location."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from tests.e2e.conftest import Run, assess

pytestmark = pytest.mark.slow
SHAPE = (120, 130, 100)
AFFINE = np.diag([1.6, 1.6, 1.6, 1.0])


def noise() -> np.ndarray:
    return np.abs(np.random.default_rng(0).normal(300, 100, SHAPE))


def bottle() -> np.ndarray:
    """A ball of water of 3 l in air with noise."""
    away = (np.indices(SHAPE) - np.array(SHAPE).reshape(3, 1, 1, 1) / 2) * 1.6
    inside = np.sqrt((away**2).sum(axis=0)) < 90
    return np.where(inside, 800.0, 0.0) + np.abs(np.random.default_rng(1).normal(0, 20, SHAPE))


@pytest.fixture(params=[noise, bottle], ids=["noise", "bottle"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    image = nib.Nifti1Image(request.param().astype(np.int16), AFFINE)
    image.header.set_xyzt_units("mm")
    nib.save(image, tmp_path / "flair.nii.gz")
    return assess(tmp_path / "out", "--flair", tmp_path / "flair.nii.gz")


def test_it_is_not_analysable_with_the_figure(run: Run) -> None:
    assert run.code == 0, run.err
    assert "Traceback" not in run.err
    verdict = run.verdict
    assert verdict["pattern"] == "not_analysable"
    (reason,) = verdict["reasons"]
    assert reason["code"] in {"A01", "A03"}
    assert any(character.isdigit() for character in reason["text"])
    assert (
        reason["text"] in (run.folder / "report.html").read_text()
        or reason["code"] in (run.folder / "report.html").read_text()
    )
    assert verdict["alerts"] == []
    assert not (run.folder / "lesions.nii.gz").exists()
