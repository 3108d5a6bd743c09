"""Raw scans, straight from the scanner, without a mask: from whole heads to a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import assess
from tests.shared_data import shared_data

pytestmark = [pytest.mark.real, pytest.mark.slow]


def test_a_whole_head_goes_all_the_way_and_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = shared_data() / "open_ms_longitudinal" / "patient01"
    scans = ["--flair", folder / "study1_FLAIR.nii.gz", "--t1", folder / "study1_T1W.nii.gz"]
    one = assess(tmp_path / "one", *scans, OMP_NUM_THREADS="1")
    two = assess(tmp_path / "two", *scans, OMP_NUM_THREADS="2", TZ="Asia/Tokyo", LC_ALL="C")
    assert one.code == two.code == 0, one.err + two.err
    assert one.verdict["pattern"] not in {"not_analysable", "pml_like", "no_lesions"}
    for code in ("W37", "W40"):  # the brain was found in a head; lesions are candidates
        assert code in one.out
    names = sorted(path.name for path in one.folder.iterdir())
    assert names == sorted(path.name for path in two.folder.iterdir())
    for name in names:
        if name != "run.json":
            assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes(), name


def test_thick_slices_on_four_grids_are_read(tmp_path: Path) -> None:
    """A glioma: nothing that lesionaid tells apart, but its brain and its mass are found."""
    run = assess(tmp_path / "out", shared_data() / "glioma_fg6692", "--no-html")
    assert run.code == 0, run.err
    assert run.verdict["pattern"] not in {"not_analysable", "pml_like"}
    largest = max(float(row["volume_mm3"]) for row in run.rows("lesions.tsv"))
    assert largest > 10_000
